/* Leases under every driver, and what they have to tell besides replies. */

#include "results.h"

#include <poll.h>
#include <pthread.h>

/* One event, copied out of its batch. */
typedef struct {
    oxp_event event;
    oxp_reply *message; /* NULL for a connection that was made or lost */
} Told;

/* Without HELLO a server does not say by which number it knows the connection. */
static int protocol = 3;

static oxp_client *new_client(void) {
    oxp_options *options = server_options();
    oxp_client *client;
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(options, protocol));
    CHECK_STATUS(OXP_OK, oxp_client_open(options, &client, NULL));
    oxp_options_free(options);
    return client;
}

/* The first of the batch, which is to be the only one. */
static Told only(const oxp_events *events, size_t count) {
    const oxp_event *list;
    Told told;
    CHECK(count == 1 && oxp_events_list(events, &list) == 1);
    told.event = list[0];
    told.message = NULL;
    CHECK((list[0].nodes == NULL) == (list[0].kind >= OXP_EVENT_UP));
    if (list[0].nodes != NULL) {
        CHECK_STATUS(OXP_OK, oxp_events_reply(events, 0, &told.message, NULL));
        CHECK(list[0].node_count > 0 && list[0].nodes[0].type == oxp_reply_type(told.message));
    }
    CHECK_STATUS(list[0].status, oxp_events_error(events, 0, NULL));
    return told;
}

/* Waits for one event, and checks that there is no more. */
static Told next_of_client(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_events *events;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_events_new(&events));
    CHECK_OK(oxp_client_next_events(client, events, LONG_MS, &count, err), err);
    Told told = only(events, count);
    oxp_status end = told.event.kind == OXP_EVENT_DOWN ? OXP_ERR_DISCONNECTED : OXP_AGAIN;
    CHECK_STATUS(end, oxp_client_next_events(client, events, 0, &count, err));
    CHECK(count == 0 && oxp_events_list(events, &(const oxp_event *){NULL}) == 0);
    oxp_events_free(events);
    oxp_error_free(err);
    return told;
}

static Told next_of_async(oxp_async *client) {
    oxp_error *err = new_error();
    oxp_events *events;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_events_new(&events));
    for (;;) {
        CHECK_OK(oxp_async_process(client, err), err);
        oxp_status status = oxp_async_next_events(client, events, &count, err);
        if (status == OXP_OK)
            break;
        CHECK_STATUS(OXP_AGAIN, status);
        wait_for(client);
    }
    Told told = only(events, count);
    oxp_events_free(events);
    oxp_error_free(err);
    return told;
}

static void expect_kind(Told told, int32_t kind) {
    CHECK(told.event.kind == kind && told.event.dropped == 0 && (told.event.connection > 0) == (protocol == 3));
    CHECK((told.event.status == OXP_OK) == (kind != OXP_EVENT_DOWN));
    CHECK(told.message == NULL);
}

/* message, channel, payload. */
static void expect_message(Told told, const char *channel, const char *payload) {
    CHECK(told.event.kind == OXP_EVENT_MESSAGE && told.event.dropped == 0 && told.message != NULL);
    CHECK(oxp_reply_len(told.message, 0) == 3 && text_is(told.message, 1, "message"));
    CHECK(text_is(told.message, 2, channel) && text_is(told.message, 3, payload));
    oxp_reply_free(told.message);
}

/* An array of one confirmation. */
static void expect_confirmation(const oxp_reply *reply, const char *what, const char *channel, int64_t left) {
    int64_t number;
    CHECK(oxp_reply_type(reply) == OXP_TYPE_ARRAY && oxp_reply_len(reply, 0) == 1);
    CHECK(text_is(reply, 2, what) && text_is(reply, 3, channel));
    CHECK_STATUS(OXP_OK, oxp_reply_integer(reply, 4, &number));
    CHECK(number == left);
}

static void subscribe(oxp_client *lease, const char *channel) {
    char line[64];
    snprintf(line, sizeof line, "SUBSCRIBE %s", channel);
    oxp_reply *reply = command(lease, line);
    expect_confirmation(reply, "subscribe", channel, 1);
    oxp_reply_free(reply);
}

static void of_a_client(void) {
    oxp_error *err = new_error();
    oxp_client *client = new_client(), *lease;
    oxp_reply *reply;
    oxp_slice args[] = {OXP_LITERAL("SUBSCRIBE"), oxp_str("a")};
    CHECK_STATUS(OXP_ERR_REFUSED, oxp_client_command(client, args, 2, &reply, err));
    CHECK(strstr(oxp_error_text(err), "lease") != NULL);
    CHECK(oxp_client_fd(client) >= -1);
    CHECK_OK(oxp_client_lease(client, &lease, err), err);
    expect_kind(next_of_client(lease), OXP_EVENT_UP);
    subscribe(lease, "a");
    struct pollfd fd = {oxp_client_fd(lease), POLLIN, 0};
    CHECK(fd.fd >= 0 && poll(&fd, 1, 0) == 0);
    expect_integer(client, "PUBLISH a hello", 1);
    CHECK(poll(&fd, 1, LONG_MS) == 1);
    expect_message(next_of_client(lease), "a", "hello");
    expect_integer(client, "CLIENT KILL TYPE pubsub", 1);
    expect_kind(next_of_client(lease), OXP_EVENT_DOWN);
    oxp_client_free(lease);
    oxp_client_free(client);
    oxp_error_free(err);
}

static void of_a_pool(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(options, protocol));
    oxp_pool *pool = open_pool(options, 1);
    oxp_client *publisher = new_client(), *lease;
    oxp_events *events;
    size_t count = 7;
    CHECK_STATUS(OXP_OK, oxp_events_new(&events));
    CHECK_STATUS(OXP_AGAIN, oxp_pool_next_events(pool, events, 0, &count, err));
    CHECK(count == 0);
    CHECK_OK(oxp_pool_connect(pool, err), err);
    CHECK_OK(oxp_pool_next_events(pool, events, LONG_MS, &count, err), err);
    expect_kind(only(events, count), OXP_EVENT_UP);
    CHECK_OK(oxp_pool_lease(pool, &lease, err), err);
    expect_kind(next_of_client(lease), OXP_EVENT_UP);
    subscribe(lease, "b");
    expect_integer(publisher, "PUBLISH b hello", 1);
    expect_message(next_of_client(lease), "b", "hello");
    CHECK_STATUS(OXP_OK, oxp_pool_close(pool, 0, NULL, NULL, err));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_next_events(pool, events, LONG_MS, &count, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    /* A lease of a closed pool. */
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_client_next_events(lease, events, LONG_MS, &count, err));
    oxp_reply *reply;
    oxp_slice ping = OXP_LITERAL("PING");
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_client_command(lease, &ping, 1, &reply, err));
    oxp_client_free(lease);
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_lease(pool, &lease, err));
    CHECK(lease == NULL);
    oxp_events_free(events);
    oxp_pool_free(pool);
    oxp_client_free(publisher);
    oxp_options_free(options);
    oxp_error_free(err);
}

static void of_an_event_loop(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(options, protocol));
    oxp_async *client, *lease;
    oxp_client *publisher = new_client();
    Result results[1];
    CHECK_OK(oxp_async_open(options, &client, err), err);
    CHECK_OK(oxp_async_lease(client, &lease, err), err);
    CHECK(oxp_async_fd(lease) >= 0 && oxp_async_fd(lease) != oxp_async_fd(client));
    expect_kind(next_of_async(lease), OXP_EVENT_UP);
    CHECK_STATUS(OXP_OK, submit(lease, "SUBSCRIBE c", 1));
    collect(lease, results, 1);
    expect_confirmation(results[0].reply, "subscribe", "c", 1);
    forget(results, 1);
    expect_integer(publisher, "PUBLISH c hello", 1);
    expect_message(next_of_async(lease), "c", "hello");
    /* Without a reply. */
    CHECK_STATUS(OXP_OK, submit(lease, "UNSUBSCRIBE", 2));
    collect(lease, results, 1);
    forget(results, 1);
    CHECK_STATUS(OXP_OK, submit(lease, "CLIENT REPLY SKIP", 3));
    collect(lease, results, 1);
    CHECK(results[0].status == OXP_OK && oxp_reply_type(results[0].reply) == OXP_TYPE_NULL);
    forget(results, 1);
    /* Closing the client it came from closes it. */
    oxp_async_close(client);
    CHECK_STATUS(OXP_ERR_CLOSED, submit(lease, "PING", 4));
    CHECK_OK(oxp_async_process(lease, err), err);
    oxp_events *events;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_events_new(&events));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_async_next_events(lease, events, &count, err));
    oxp_events_free(events);
    oxp_async_free(lease);
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_async_lease(client, &lease, err));
    CHECK(lease == NULL);
    oxp_async_free(client);
    oxp_client_free(publisher);
    oxp_options_free(options);
    oxp_error_free(err);
}

/* Has one command done over a lease, and gives its completion as it is in the batch, with a copy of its reply. */
static oxp_completion completion_of(oxp_async *lease, oxp_completions *batch, const char *line, oxp_reply **copy) {
    oxp_error *err = new_error();
    const oxp_completion *list;
    size_t count = 0;
    CHECK_STATUS(OXP_OK, submit(lease, line, 1));
    while (count == 0) {
        CHECK_OK(oxp_async_process(lease, err), err);
        CHECK_OK(oxp_async_next(lease, batch, &count, err), err);
        if (count == 0)
            wait_for(lease);
    }
    CHECK(count == 1 && oxp_completions_list(batch, &list) == 1 && list->status == OXP_OK);
    CHECK_OK(oxp_completions_reply(batch, 0, copy, err), err);
    oxp_error_free(err);
    return *list;
}

/* What has more or fewer replies than one has them one after the other, and nothing at all where there is none. */
static void shapes_of_completions(void) {
    oxp_options *options = server_options();
    oxp_async *client, *lease;
    oxp_completions *batch;
    oxp_reply *copy;
    CHECK_STATUS(OXP_OK, oxp_async_open(options, &client, NULL));
    CHECK_STATUS(OXP_OK, oxp_async_lease(client, &lease, NULL));
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));

    oxp_completion done = completion_of(lease, batch, "SUBSCRIBE a b", &copy);
    CHECK(done.replies == 2 && done.node_count == 8 && done.nodes[0].type != OXP_TYPE_ARRAY);
    CHECK(oxp_reply_type(copy) == OXP_TYPE_ARRAY && oxp_reply_len(copy, 0) == 2);
    oxp_reply_free(copy);
    done = completion_of(lease, batch, "UNSUBSCRIBE a", &copy);
    CHECK(done.replies == 1 && done.node_count == 4 && done.nodes[0].type != OXP_TYPE_ARRAY);
    CHECK(oxp_reply_type(copy) == OXP_TYPE_ARRAY && oxp_reply_len(copy, 0) == 1);
    oxp_reply_free(copy);
    done = completion_of(lease, batch, "SUBSCRIBE", &copy);
    CHECK(done.replies == 1 && done.node_count == 1 && done.nodes[0].type == OXP_TYPE_ERROR);
    CHECK(oxp_reply_type(copy) == OXP_TYPE_ERROR);
    oxp_reply_free(copy);
    done = completion_of(lease, batch, "UNSUBSCRIBE", &copy);
    oxp_reply_free(copy);

    static const char *const silent[] = {"CLIENT REPLY SKIP", "PING", "CLIENT REPLY OFF", "PING"};
    for (size_t i = 0; i < COUNT(silent); i++) {
        done = completion_of(lease, batch, silent[i], &copy);
        CHECK(done.replies == 0 && done.node_count == 0 && done.nodes == NULL && done.bytes == NULL);
        CHECK(oxp_reply_type(copy) == OXP_TYPE_NULL);
        oxp_reply_free(copy);
    }
    done = completion_of(lease, batch, "CLIENT REPLY ON", &copy);
    CHECK(done.replies == 1 && done.node_count == 1);
    oxp_reply_free(copy);
    oxp_completions_free(batch);
    oxp_async_free(lease);
    oxp_async_free(client);
    oxp_options_free(options);
}

/* The key of an invalidation: ["invalidate", [key]]. */
static void pushes(void) {
    oxp_client *client = connect_client(), *lease;
    CHECK_STATUS(OXP_OK, oxp_client_lease(client, &lease, NULL));
    expect_kind(next_of_client(lease), OXP_EVENT_UP);
    expect_text(lease, "CLIENT TRACKING ON", "OK");
    expect_text(client, "SET key 1", "OK");
    expect_text(lease, "GET key", "1");
    expect_text(client, "SET key 2", "OK");
    Told told = next_of_client(lease);
    CHECK(told.event.kind == OXP_EVENT_PUSH && oxp_reply_type(told.message) == OXP_TYPE_PUSH);
    CHECK(text_is(told.message, 1, "invalidate") && text_is(told.message, 3, "key"));
    oxp_reply_free(told.message);
    oxp_client_free(lease);
    oxp_client_free(client);
}

typedef struct {
    oxp_client *lease;
    pthread_barrier_t barrier;
} Shared;

static void *listen_to(void *user_data) {
    Shared *shared = user_data;
    for (int i = 0; i < 100; i++) {
        Told told = next_of_client(shared->lease);
        char payload[16];
        snprintf(payload, sizeof payload, "%d", i);
        expect_message(told, "d", payload);
        pthread_barrier_wait(&shared->barrier);
    }
    return NULL;
}

/* One thread waits for events, another calls. */
static void threads(void) {
    oxp_client *client = connect_client();
    Shared shared;
    pthread_t listener;
    CHECK_STATUS(OXP_OK, oxp_client_lease(client, &shared.lease, NULL));
    expect_kind(next_of_client(shared.lease), OXP_EVENT_UP);
    subscribe(shared.lease, "d");
    CHECK(pthread_barrier_init(&shared.barrier, NULL, 2) == 0);
    CHECK(pthread_create(&listener, NULL, listen_to, &shared) == 0);
    for (int i = 0; i < 100; i++) {
        char line[32];
        snprintf(line, sizeof line, "PUBLISH d %d", i);
        expect_text(shared.lease, "ECHO here", "here");
        expect_integer(client, line, 1);
        pthread_barrier_wait(&shared.barrier);
    }
    CHECK(pthread_join(listener, NULL) == 0);
    pthread_barrier_destroy(&shared.barrier);
    oxp_client_free(shared.lease);
    oxp_client_free(client);
}

static void wrong_use(void) {
    oxp_error *err = new_error();
    oxp_client *client = connect_client(), *lease = client;
    oxp_options *options = server_options();
    oxp_pool *pool = open_pool(options, 1);
    oxp_async *loop, *leased = NULL;
    oxp_events *events;
    const oxp_event *list = (const oxp_event *)err;
    size_t count = 7;
    CHECK_OK(oxp_async_open(options, &loop, err), err);
    CHECK_STATUS(OXP_OK, oxp_events_new(&events));
    CHECK_STATUS(OXP_ERR_ARG, oxp_events_new(NULL));
    CHECK(oxp_events_list(NULL, &list) == 0 && list == NULL);
    CHECK(oxp_events_list(events, NULL) == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_events_error(NULL, 0, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_events_error(events, 0, err));
    oxp_reply *reply = (oxp_reply *)err;
    CHECK_STATUS(OXP_ERR_ARG, oxp_events_reply(NULL, 0, &reply, err));
    CHECK(reply == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_events_reply(events, 0, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_events_reply(events, 0, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_next_events(NULL, events, 0, &count, err));
    CHECK(count == 0 && oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_next_events(client, NULL, 0, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_next_events(NULL, events, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_next_events(loop, NULL, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_next_events(NULL, events, 0, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_next_events(pool, NULL, 0, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_lease(NULL, &leased, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_lease(loop, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_lease(NULL, &lease, err));
    CHECK(lease == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_lease(pool, NULL, err));
    CHECK(oxp_client_fd(NULL) == -1);
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_event_limits(options, 0, 2));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_event_limits(NULL, 0, 0));
    oxp_client_close(client);
    /* What happened before the end can still be pulled. */
    CHECK_STATUS(OXP_OK, oxp_client_next_events(client, events, LONG_MS, &count, err));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_client_next_events(client, events, LONG_MS, &count, err));
    CHECK(oxp_client_fd(client) == -1);
    oxp_events_free(NULL);
    oxp_events_free(events);
    oxp_async_free(loop);
    oxp_pool_free(pool);
    oxp_options_free(options);
    oxp_client_free(client);
    oxp_error_free(err);
}

int main(void) {
    alarm(300);
    for (protocol = 2; protocol <= 3; protocol++) {
        of_a_client();
        of_a_pool();
        of_an_event_loop();
    }
    protocol = 3;
    shapes_of_completions();
    pushes();
    threads();
    wrong_use();
    return 0;
}
