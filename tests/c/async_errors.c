/* Event-loop clients when something goes wrong: bad arguments, full queues, deadlines, closing, servers that go or never
 * were; each with its status and its outcome. */

#include "results.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

static void wrong_use(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_async *client = (oxp_async *)options;
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_open(NULL, &client, err));
    CHECK(client == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_open(options, NULL, err));
    CHECK(oxp_async_fd(NULL) == -1);
    CHECK(oxp_async_want(NULL) == 0);
    CHECK(oxp_async_timeout_ns(NULL) == UINT64_MAX);
    oxp_async_close(NULL);
    oxp_async_free(NULL);

    client = open_async(options);
    oxp_slice args[] = {oxp_str("GET"), {NULL, 3}, {NULL, 0}};
    const uint32_t lens[] = {3, 3}, huge[] = {UINT32_MAX, UINT32_MAX}, argcs[] = {2, 1};
    const uint64_t tokens[] = {1, 2, 3};
    size_t queued = 7;
    const uint8_t *bytes = (const uint8_t *)"GETkey";
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(NULL, args, 1, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(client, NULL, 1, 1, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(client, args, 0, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(client, NULL, 0, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(client, args, 2, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(client, args + 2, 1, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit(client, args, SIZE_MAX, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(NULL, bytes, 6, lens, 2, argcs, 1, tokens, &queued, err));
    CHECK(queued == 0 && oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, NULL, 6, lens, 2, argcs, 1, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 6, NULL, 2, argcs, 1, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 6, lens, 2, NULL, 1, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 6, lens, 2, argcs, 1, NULL, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 5, lens, 2, argcs, 1, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 7, lens, 2, argcs, 1, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 6, huge, 2, argcs, 1, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 6, lens, 2, argcs, 2, tokens, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_packed(client, bytes, 6, lens, 1, argcs, 1, tokens, NULL, err));
    /* The first is fine, the second is not, the third is not looked at; it is not taken back. */
    const uint32_t some_lens[] = {4, 5, 4}, ones[] = {1, 1, 1};
    CHECK_STATUS(OXP_ERR_REFUSED,
                 oxp_async_submit_packed(client, (const uint8_t *)"PINGMULTIPING", 13, some_lens, 3, ones, 3, tokens, &queued, err));
    CHECK(queued == 1 && oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    int32_t outcome = 7;
    CHECK_STATUS(OXP_OK, oxp_async_cancel(client, 1, &outcome, err));
    CHECK(outcome == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_OK, oxp_async_submit_packed(client, NULL, 0, NULL, 0, NULL, 0, NULL, &queued, err));
    CHECK(queued == 0);
    CHECK_STATUS(OXP_ERR_REFUSED, submit(client, "SUBSCRIBE channel", 1));
    CHECK_STATUS(OXP_ERR_REFUSED, submit(client, "MULTI", 1));
    CHECK_STATUS(OXP_ERR_REFUSED, submit(client, "SELECT 1", 1));

    oxp_pipeline *pipeline = (oxp_pipeline *)options;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_new_detached(false, NULL, err));
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_pipeline(client, NULL, 1, err));
    oxp_pipeline *leased = (oxp_pipeline *)options;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_new_for_lease(false, NULL, err));
    CHECK_OK(oxp_pipeline_new_for_lease(false, &leased, err), err);
    CHECK_OK(add(leased, "SELECT 1"), err);
    CHECK_STATUS(OXP_ERR_REFUSED, oxp_async_submit_pipeline(client, leased, 1, err));
    CHECK(strstr(oxp_error_text(err), "lease") != NULL && oxp_pipeline_len(leased) == 1);
    oxp_pipeline_free(leased);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_pipeline(NULL, pipeline, 1, err));
    CHECK_STATUS(OXP_ERR_REFUSED, add(pipeline, "SUBSCRIBE channel"));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_submit_pipeline(client, pipeline, 1, err)); /* empty */
    oxp_pipeline_free(pipeline);

    /* Taken back while nothing of it has left. */
    CHECK_STATUS(OXP_DONE, oxp_async_retract(client, 9, err));
    CHECK_STATUS(OXP_OK, submit(client, "PING", 9));
    CHECK_STATUS(OXP_OK, oxp_async_retract(client, 9, err));
    CHECK_STATUS(OXP_DONE, oxp_async_retract(client, 9, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_retract(NULL, 9, err));
    outcome = 7;
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_cancel(NULL, 1, &outcome, err));
    CHECK(outcome == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_DONE, oxp_async_cancel(client, 1, &outcome, err));

    oxp_completions *batch = (oxp_completions *)options;
    const oxp_completion *list = (const oxp_completion *)options;
    oxp_reply *reply = (oxp_reply *)options;
    size_t count = 7;
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_new(NULL));
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK(oxp_completions_list(NULL, &list) == 0 && list == NULL);
    CHECK(oxp_completions_list(batch, NULL) == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_error(NULL, 0, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_error(batch, 0, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_reply(NULL, 0, &reply, err));
    CHECK(reply == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_reply(batch, 0, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_reply(batch, 0, NULL, err));
    oxp_completions_free(NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_next(NULL, batch, &count, err));
    CHECK(count == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_next(client, NULL, &count, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_process(NULL, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);

    /* Nothing of all that was queued. */
    CHECK_OK(oxp_async_process(client, err), err);
    CHECK_OK(oxp_async_next(client, batch, &count, err), err);
    CHECK(count == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_queue_limits(NULL, 1, 1));
    oxp_completions_free(batch);
    oxp_async_free(client);
    oxp_options_free(options);
    oxp_error_free(err);
}

/* A bound that is reached says so at once; what was queued is not touched. */
static void queue_limits(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    Result results[10];
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 10, 1 << 20));
    oxp_async *client = open_async(options);
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 10; i++)
            CHECK_STATUS(OXP_OK, submit(client, "ECHO text", i));
        oxp_slice ping = oxp_str("PING");
        CHECK_STATUS(OXP_ERR_QUEUE_FULL, oxp_async_submit(client, &ping, 1, 10, err));
        CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
        collect(client, results, 10);
        forget(results, 10);
    }
    oxp_async_free(client);

    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 1000, 1000));
    client = open_async(options);
    uint64_t queued = 0;
    while (submit(client, "ECHO a-text-of-some-length-that-fills-the-queue-with-bytes-before-commands", queued) == OXP_OK)
        queued++;
    CHECK(queued > 0 && queued < 20);
    CHECK_STATUS(OXP_ERR_QUEUE_FULL, submit(client, "ECHO a-text-of-some-length-that-fills-the-queue", 99));
    Result *many = calloc(queued, sizeof *many);
    collect(client, many, queued);
    forget(many, queued);
    free(many);
    CHECK_STATUS(OXP_OK, submit(client, "PING", 1));
    collect(client, results, 1);
    forget(results, 1);
    oxp_async_free(client);
    oxp_options_free(options);
    oxp_error_free(err);
}

/* The descriptor is silent; it is the timer that ends these. */
static void deadlines(oxp_client *admin) {
    oxp_options *options = server_options();
    Result results[2];
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, SOON_MS));
    oxp_async *client = open_async(options);
    oxp_options_free(options);
    oxp_reply_free(round_trip(client, "DEL late"));
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, submit(client, "INCR late", 1));
    CHECK_STATUS(OXP_OK, submit(client, "ECHO behind", 2));
    collect(client, results, 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK(results[i].token == i + 1 && results[i].outcome == OXP_OUTCOME_UNKNOWN);
        CHECK_STATUS(OXP_ERR_TIMEOUT, results[i].status);
    }
    release_writers(admin);
    /* The replies that come now belong to nobody. */
    oxp_reply *reply = round_trip(client, "ECHO mine");
    CHECK(text_is(reply, 0, "mine"));
    oxp_reply_free(reply);
    expect_text(admin, "GET late", "1");
    oxp_async_free(client);

    /* Nothing leaves before the greeting, so nothing was applied. */
    char path[64];
    options = options_of("silent", path);
    int listener = listen_silently(path);
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 200));
    client = open_async(options);
    oxp_options_free(options);
    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 1));
    collect(client, results, 1);
    CHECK_STATUS(OXP_ERR_TIMEOUT, results[0].status);
    CHECK(results[0].outcome == OXP_OUTCOME_NOT_APPLIED);
    oxp_async_free(client);
    close(listener);
    CHECK(unlink(path) == 0);
}

static void nobody_there(void) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    const oxp_completion *list;
    size_t count = 0;
    char path[64];
    oxp_options *options = options_of("nobody", path);
    oxp_async *client = open_async(options);
    oxp_options_free(options);
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_OK, submit(client, "PING", 3));
    while (count == 0) {
        wait_for(client);
        CHECK_OK(oxp_async_process(client, err), err);
        CHECK_OK(oxp_async_next(client, batch, &count, err), err);
    }
    CHECK(count == 1 && oxp_completions_list(batch, &list) == 1);
    CHECK(list->token == 3 && list->outcome == OXP_OUTCOME_NOT_APPLIED);
    CHECK(list->replies == 0 && list->node_count == 0 && list->nodes == NULL && list->bytes == NULL);

    /* The detail is that of every failed call. */
    const uint8_t *address;
    size_t len;
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_completions_error(batch, 0, err));
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_error_status(err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED && oxp_error_os_code(err) == ENOENT);
    oxp_error_address(err, &address, &len);
    CHECK(len == strlen(path) && memcmp(address, path, len) == 0);
    CHECK(strstr(oxp_error_text(err), path) != NULL);
    oxp_reply *reply = (oxp_reply *)path;
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_completions_reply(batch, 0, &reply, err));
    CHECK(reply == NULL);
    oxp_completions_free(batch);
    oxp_async_free(client);
    oxp_error_free(err);
}

/* Everything that was outstanding ends now, and says how. */
static void closing(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_async *client = server_async();
    Result results[4];
    int32_t outcome;
    oxp_reply_free(round_trip(client, "DEL n"));
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, submit(client, "ECHO answered", 0));
    collect(client, results, 1);
    forget(results, 1);
    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 1));
    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 2));
    CHECK_OK(oxp_async_process(client, err), err);
    await_held(admin, 1);
    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 3));
    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 4));
    oxp_async_close(client);
    oxp_async_close(client);

    oxp_slice ping = oxp_str("PING");
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_async_submit(client, &ping, 1, 5, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_DONE, oxp_async_cancel(client, 1, &outcome, err));
    oxp_pipeline *pipeline;
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_async_submit_pipeline(client, pipeline, 5, err));
    oxp_pipeline_free(pipeline);

    wait_for(client); /* the loop is told */
    collect(client, results, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_STATUS(OXP_ERR_CLOSED, results[i].status);
        CHECK(of_token(results, 4, i + 1)->outcome == (i < 2 ? OXP_OUTCOME_UNKNOWN : OXP_OUTCOME_NOT_APPLIED));
    }
    release_writers(admin);
    CHECK(turn(client, results, 0, 4) == 0);
    CHECK(oxp_async_timeout_ns(client) == UINT64_MAX);
    struct pollfd fd = {oxp_async_fd(client), POLLIN, 0};
    CHECK(poll(&fd, 1, 0) == 0);
    oxp_async_free(client);

    /* Freed in the middle of everything: queued, sent, complete but not taken. */
    client = server_async();
    CHECK_STATUS(OXP_OK, submit(client, "PING", 1));
    oxp_async_free(client);
    client = server_async();
    oxp_reply_free(round_trip(client, "PING"));
    CHECK_STATUS(OXP_OK, submit(client, "ECHO never-taken", 1));
    CHECK_OK(oxp_async_process(client, err), err);
    wait_for(client);
    CHECK_OK(oxp_async_process(client, err), err);
    CHECK_STATUS(OXP_OK, submit(client, "PING", 2));
    oxp_async_free(client);
    oxp_error_free(err);
}

/* One thread at a time; a second one is told so, and nothing else happens. */
typedef struct {
    oxp_async *client;
    uint64_t queued;
} Worker;

static void *submit_some(void *user_data) {
    Worker *worker = user_data;
    for (int i = 0; i < 5000; i++) {
        oxp_status status = submit(worker->client, "INCR shared", 1);
        CHECK(status == OXP_OK || status == OXP_ERR_BUSY);
        worker->queued += status == OXP_OK;
    }
    return NULL;
}

static void two_threads(void) {
    oxp_async *client = server_async();
    Worker workers[2] = {{client, 0}, {client, 0}};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, submit_some, &workers[0]) == 0);
    submit_some(&workers[1]);
    CHECK(pthread_join(thread, NULL) == 0);
    uint64_t queued = workers[0].queued + workers[1].queued;
    Result *results = calloc(queued, sizeof *results);
    collect(client, results, queued);
    CHECK(integer(results[queued - 1].reply, 0) == (int64_t)queued);
    forget(results, queued);
    free(results);
    oxp_async_free(client);
}

/* A child cannot share the parent's loop: it is told so, and what it does to its copy is nothing to the parent. */
static void forked(void) {
    oxp_async *client = server_async();
    oxp_completions *batch;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    oxp_reply_free(round_trip(client, "DEL forked"));
    CHECK_STATUS(OXP_OK, submit(client, "INCR forked", 1));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        start();
        int32_t outcome;
        oxp_error *err = new_error();
        oxp_slice ping = oxp_str("PING");
        CHECK_STATUS(OXP_ERR_FORKED, oxp_async_process(client, err));
        CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
        CHECK_STATUS(OXP_ERR_FORKED, oxp_async_submit(client, &ping, 1, 2, err));
        CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
        oxp_error_free(err);
        CHECK_STATUS(OXP_OK, oxp_async_next(client, batch, &count, NULL));
        CHECK(count == 0);
        CHECK_STATUS(OXP_ERR_FORKED, oxp_async_cancel(client, 1, &outcome, NULL));
        oxp_async_close(client);
        oxp_async_free(client);
        oxp_completions_free(batch);
        exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    Result result;
    collect(client, &result, 1);
    CHECK(integer(result.reply, 0) == 1);
    forget(&result, 1);
    oxp_completions_free(batch);
    oxp_async_free(client);
}

/* The server leaves in the middle: what was answered was applied, the rest ends with its outcome, and nobody comes back. */
static void server_dies(void) {
    oxp_options *options = server_options();
    /* A server takes its time to crash on a busy machine, and nobody has to wait for its return. */
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 30000));
    CHECK_STATUS(OXP_OK, oxp_options_set_fail_fast(options, true));
    oxp_async *client = open_async(options);
    oxp_options_free(options);
    Result results[201];
    oxp_reply_free(round_trip(client, "PING"));
    for (uint64_t i = 0; i < 201; i++)
        CHECK_STATUS(OXP_OK, submit(client, i == 100 ? "DEBUG SEGFAULT" : "INCR counter", i));
    collect(client, results, 201);
    size_t answered = 0;
    for (uint64_t i = 0; i < 201; i++) {
        Result *result = of_token(results, 201, i);
        if (result->status == OXP_OK) {
            CHECK(i == answered && i < 100);
            answered++;
        } else {
            CHECK(result->status == OXP_ERR_DISCONNECTED || result->status == OXP_ERR_IO);
            CHECK(result->outcome == OXP_OUTCOME_UNKNOWN);
        }
    }
    forget(results, 201);

    CHECK_STATUS(OXP_OK, submit(client, "INCR counter", 1));
    collect(client, results, 1);
    CHECK_STATUS(OXP_ERR_CONNECT, results[0].status);
    CHECK(results[0].outcome == OXP_OUTCOME_NOT_APPLIED);
    oxp_async_free(client);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    wrong_use();
    queue_limits();
    deadlines(admin);
    nobody_there();
    closing(admin);
    two_threads();
    forked();
    oxp_client_free(admin);
    server_dies();
    return 0;
}
