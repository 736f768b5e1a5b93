/*
 * One set of tests for all adapters. loop_poll.c, loop_libuv.c, loop_libevent.c and loop_glib.c include this after defining
 * what is different: the types Loop and Watch and the functions below.
 */

#ifndef OXIPIPE_TESTS_LOOPS_H
#define OXIPIPE_TESTS_LOOPS_H

#include "results.h"

#include <sys/wait.h>

static Loop *loop_new(void);
static oxp_status loop_attach(Loop *loop, oxp_async *client, oxp_completion_fn on_completion, oxp_failure_fn on_failure,
                              void *user_data, Watch **out);
static void loop_detach(Watch *watch);
/* Lets the loop wait for something and handle it. */
static void loop_once(Loop *loop);
/* Called from callbacks: loop_once must not wait any more before it returns. */
static void loop_wake(Loop *loop);
/* Whether the loop would wake up for this client without being told by the descriptor. */
static bool timer_is_armed(const Watch *watch);
static void loop_free(Loop *loop);

/* A client on a loop, and what its callbacks saw. */
typedef struct {
    oxp_async *client;
    Loop *loop;
    Watch *watch;
    uint64_t sent, received, total;
    size_t last_index;
    oxp_status status; /* of the last completion, or of the failure */
    int32_t outcome;
    bool failed, done;
} Member;

/* A failure that a test does not expect. */
static void unexpected(void *user_data, oxp_status status, const oxp_error *err) {
    (void)user_data;
    fail(__FILE__, __LINE__, "%s: %s", oxp_status_name(status), oxp_error_text(err));
}

static void attach(Loop *loop, Member *member, oxp_completion_fn on_completion) {
    member->loop = loop;
    CHECK_STATUS(OXP_OK, loop_attach(loop, member->client, on_completion, unexpected, member, &member->watch));
    CHECK(member->watch != NULL);
}

static void run_until(Loop *loop, const bool *done) {
    while (!*done)
        loop_once(loop);
}

static void finish(Member *member) {
    member->done = true;
    loop_wake(member->loop);
}

static void echo(Member *member) {
    char line[64];
    snprintf(line, sizeof line, "ECHO value-%d", (int)member->sent);
    CHECK_STATUS(OXP_OK, submit(member->client, line, member->sent++));
}

/* Checks the reply where it lies, and submits the next command from inside the callback. */
static void on_echo(void *user_data, const oxp_completion *completion, const oxp_completions *batch, size_t index) {
    Member *member = user_data;
    const oxp_completion *list;
    char text[32];
    CHECK(index < oxp_completions_list(batch, &list) && completion == &list[index]);
    CHECK_STATUS(OXP_OK, completion->status);
    CHECK(completion->token == member->received++);
    snprintf(text, sizeof text, "value-%d", (int)completion->token);
    CHECK(completion->nodes->len == strlen(text));
    CHECK(memcmp(completion->bytes + completion->nodes->value, text, strlen(text)) == 0);
    if (member->sent < member->total)
        echo(member);
    if (member->received == member->total)
        finish(member);
}

/* Two clients on one loop, each with a full pipe; afterwards nothing wakes the loop any more. */
static void traffic(Loop *loop) {
    Member members[2] = {{.client = server_async(), .total = 2000}, {.client = server_async(), .total = 500}};
    for (size_t i = 0; i < 2; i++) {
        /* Before and after attaching. */
        for (int j = 0; j < 25; j++)
            echo(&members[i]);
        attach(loop, &members[i], on_echo);
        for (int j = 0; j < 25; j++)
            echo(&members[i]);
    }
    run_until(loop, &members[0].done);
    run_until(loop, &members[1].done);
    for (size_t i = 0; i < 2; i++) {
        CHECK(!timer_is_armed(members[i].watch));
        /* Idle, and at once there when it is needed. */
        members[i].total += 10;
        members[i].done = false;
        echo(&members[i]);
        run_until(loop, &members[i].done);
        loop_detach(members[i].watch);
        oxp_async_free(members[i].client);
    }
}

/* Detaches, and frees if told so, inside its own callback. */
static void on_first(void *user_data, const oxp_completion *completion, const oxp_completions *batch, size_t index) {
    Member *member = user_data;
    const oxp_completion *list;
    CHECK(!member->done);
    CHECK_STATUS(OXP_OK, completion->status);
    loop_detach(member->watch);
    if (member->total == 0) {
        oxp_async_free(member->client);
        member->client = NULL;
    }
    /* The batch is still there: nothing of what came along is lost. */
    member->received = oxp_completions_list(batch, &list) - index;
    for (size_t i = index; i < index + member->received; i++)
        CHECK(list[i].token == i && list[i].nodes->type == OXP_TYPE_STRING);
    finish(member);
}

static void detaching(Loop *loop) {
    Member member = {.client = server_async(), .total = 100};
    while (member.sent < 100)
        echo(&member);
    attach(loop, &member, on_first);
    run_until(loop, &member.done);
    /* Another watch takes over. */
    member.done = member.received == 100;
    attach(loop, &member, on_echo);
    run_until(loop, &member.done);
    loop_detach(member.watch);
    oxp_async_free(member.client);

    Member freed = {.client = server_async()};
    while (freed.sent < 100)
        echo(&freed);
    attach(loop, &freed, on_first);
    run_until(loop, &freed.done);
    CHECK(freed.client == NULL);

    /* With everything outstanding, from outside. */
    Member outside = {.client = server_async()};
    echo(&outside);
    attach(loop, &outside, on_echo);
    loop_detach(outside.watch);
    oxp_async_free(outside.client);
}

static void on_end(void *user_data, const oxp_completion *completion, const oxp_completions *batch, size_t index) {
    Member *member = user_data;
    (void)batch;
    (void)index;
    member->status = completion->status;
    member->outcome = completion->outcome;
    if (++member->received == member->sent)
        finish(member);
}

/* The peer is silent, and so is the descriptor: it is the timer that ends this. */
static void deadline(Loop *loop) {
    char path[64];
    oxp_options *options = options_of("silent", path);
    int listener = listen_silently(path);
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 200));
    Member member = {.client = open_async(options)};
    oxp_options_free(options);
    attach(loop, &member, on_end);
    echo(&member);
    run_until(loop, &member.done);
    CHECK_STATUS(OXP_ERR_TIMEOUT, member.status);
    CHECK(member.outcome == OXP_OUTCOME_NOT_APPLIED);
    loop_detach(member.watch);
    oxp_async_free(member.client);
    close(listener);
    CHECK(unlink(path) == 0);
}

static void on_close(void *user_data, const oxp_completion *completion, const oxp_completions *batch, size_t index) {
    Member *member = user_data;
    if (completion->token == 0) {
        CHECK_STATUS(OXP_OK, completion->status);
        while (member->sent < 10)
            echo(member);
        oxp_async_close(member->client);
        member->received = 1;
    } else {
        on_end(user_data, completion, batch, index);
    }
}

/* Closed from inside a callback: the rest is told. */
static void closing(Loop *loop) {
    Member member = {.client = server_async()};
    attach(loop, &member, on_close);
    echo(&member);
    run_until(loop, &member.done);
    CHECK(member.received == 10);
    CHECK_STATUS(OXP_ERR_CLOSED, member.status);
    CHECK(member.outcome == OXP_OUTCOME_NOT_APPLIED);
    CHECK(!timer_is_armed(member.watch));
    loop_detach(member.watch);
    oxp_async_free(member.client);
}

static void note_failure(void *user_data, oxp_status status, const oxp_error *err) {
    Member *member = user_data;
    CHECK(!member->failed);
    CHECK_STATUS(status, oxp_error_status(err));
    member->status = status;
    member->failed = true;
    loop_wake(member->loop);
}

/* In a child the client can only fail: it says so once, and is not watched any more. The parent does not notice. */
static void forked(Loop *loop) {
    Member member = {.client = server_async(), .total = 1};
    echo(&member);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        start();
        /* The parent's loop shares its descriptors with the parent; so this is another one. */
        Loop *own = loop_new();
        member.loop = own;
        CHECK_STATUS(OXP_OK, loop_attach(own, member.client, on_echo, note_failure, &member, &member.watch));
        run_until(own, &member.failed);
        CHECK_STATUS(OXP_ERR_FORKED, member.status);
        CHECK(member.received == 0 && !timer_is_armed(member.watch));
        loop_detach(member.watch);
        oxp_async_free(member.client);
        /* The parent's loop is not ours to free, nor anybody's to count. */
        execlp("true", "true", (char *)NULL);
        exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    attach(loop, &member, on_echo);
    run_until(loop, &member.done);
    loop_detach(member.watch);
    oxp_async_free(member.client);
}

/* Counts messages; the last one ends the test. */
static void on_event(void *user_data, const oxp_event *event, const oxp_events *batch, size_t index) {
    Member *member = user_data;
    oxp_reply *message;
    if (event->kind != OXP_EVENT_MESSAGE)
        return;
    CHECK_STATUS(OXP_OK, oxp_events_reply(batch, index, &message, NULL));
    CHECK(text_is(message, 1, "message") && text_is(message, 2, "news"));
    oxp_reply_free(message);
    if (++member->received == member->total)
        finish(member);
}

/* Subscribed: now there is somebody to tell. */
static void on_subscribed(void *user_data, const oxp_completion *completion, const oxp_completions *batch, size_t index) {
    Member *member = user_data;
    (void)batch;
    (void)index;
    CHECK_STATUS(OXP_OK, completion->status);
    oxp_client *publisher = connect_client();
    for (uint64_t i = 0; i < member->total; i++)
        expect_integer(publisher, "PUBLISH news hello", 1);
    oxp_client_free(publisher);
}

static void leases(Loop *loop) {
    oxp_async *owner = server_async();
    Member member = {.total = 100};
    CHECK_STATUS(OXP_OK, oxp_async_lease(owner, &member.client, NULL));
    attach(loop, &member, on_subscribed);
    CHECK_STATUS(OXP_ERR_ARG, oxp_dispatch_on_event(NULL, on_event));
    CHECK_STATUS(OXP_OK, oxp_dispatch_on_event(&member.watch->dispatch, on_event));
    CHECK_STATUS(OXP_OK, submit(member.client, "SUBSCRIBE news", 1));
    run_until(loop, &member.done);
    CHECK_STATUS(OXP_OK, oxp_dispatch_on_event(&member.watch->dispatch, NULL));
    loop_detach(member.watch);
    oxp_async_free(member.client);
    oxp_async_free(owner);
}

static void wrong_use(Loop *loop) {
    Member member = {.client = server_async()};
    Watch *watch = (Watch *)&member;
    CHECK_STATUS(OXP_ERR_ARG, loop_attach(loop, NULL, on_end, NULL, NULL, &watch));
    CHECK(watch == NULL);
    CHECK_STATUS(OXP_ERR_ARG, loop_attach(loop, member.client, NULL, NULL, NULL, &watch));
    CHECK_STATUS(OXP_ERR_ARG, loop_attach(loop, member.client, on_end, NULL, NULL, NULL));
    loop_detach(NULL);
    oxp_async_free(member.client);
}

int main(void) {
    start();
    Loop *loop = loop_new();
    traffic(loop);
    detaching(loop);
    deadline(loop);
    closing(loop);
    forked(loop);
    leases(loop);
    wrong_use(loop);
    loop_free(loop);
    return 0;
}

#endif
