/*
 * What the tests of event-loop clients and pools are written with: completions, copied out of their batches and gathered;
 * commands in one line; a server that keeps writers waiting for as long as a test wants.
 */

#ifndef OXIPIPE_TESTS_RESULTS_H
#define OXIPIPE_TESTS_RESULTS_H

#include "check.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

/* One completion, as it was handed out. */
typedef struct {
    uint64_t token;
    oxp_status status;
    int32_t outcome;
    oxp_reply *reply; /* NULL after a failure */
} Result;

/* Copies a batch, behind the results that are there already; returns how many there are now. */
static inline size_t gather(const oxp_completions *batch, Result *results, size_t have, size_t room) {
    const oxp_completion *list;
    size_t count = oxp_completions_list(batch, &list);
    for (size_t i = 0; i < count; i++) {
        CHECK(have < room);
        Result *result = &results[have++];
        result->token = list[i].token;
        result->status = list[i].status;
        result->outcome = list[i].outcome;
        result->reply = NULL;
        CHECK((list[i].status == OXP_OK) == (list[i].outcome == OXP_OUTCOME_NONE));
        CHECK_STATUS(list[i].status, oxp_completions_error(batch, i, NULL));
        if (list[i].status == OXP_OK)
            CHECK_STATUS(OXP_OK, oxp_completions_reply(batch, i, &result->reply, NULL));
    }
    return have;
}

static inline void forget(Result *results, size_t count) {
    for (size_t i = 0; i < count; i++) {
        oxp_reply_free(results[i].reply);
        results[i].reply = NULL;
    }
}

/* The result of a token; there must be exactly one. */
static inline Result *of_token(Result *results, size_t count, uint64_t token) {
    Result *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (results[i].token == token) {
            CHECK(found == NULL);
            found = &results[i];
        }
    CHECK(found != NULL);
    return found;
}

/* Waits as a loop does, until the client says that it has something to do. */
static inline void wait_for(const oxp_async *client) {
    uint64_t ns = oxp_async_timeout_ns(client);
    struct pollfd fd = {oxp_async_fd(client), POLLIN, 0};
    CHECK(poll(&fd, 1, ns == UINT64_MAX ? -1 : (int)(ns / 1000000 + (ns % 1000000 != 0))) >= 0);
}

/* Lets the client work and takes what there is. */
static inline size_t turn(oxp_async *client, Result *results, size_t have, size_t room) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_OK(oxp_async_process(client, err), err);
    CHECK_OK(oxp_async_next(client, batch, &count, err), err);
    size_t now = gather(batch, results, have, room);
    CHECK(now == have + count);
    oxp_completions_free(batch);
    oxp_error_free(err);
    return now;
}

/* Drives the client until exactly `count` results are there. */
static inline void collect(oxp_async *client, Result *results, size_t count) {
    size_t have = turn(client, results, 0, count);
    while (have < count) {
        wait_for(client);
        have = turn(client, results, have, count);
    }
}

static inline oxp_status submit(oxp_async *client, const char *line, uint64_t token) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split(line, args);
    return oxp_async_submit(client, args, argc, token, NULL);
}

/* Submits one command and waits for its reply, which is the caller's. Nothing else may be outstanding. */
static inline oxp_reply *round_trip(oxp_async *client, const char *line) {
    Result result;
    CHECK_STATUS(OXP_OK, submit(client, line, 4711));
    collect(client, &result, 1);
    CHECK(result.token == 4711);
    CHECK_STATUS(OXP_OK, result.status);
    return result.reply;
}

static inline oxp_async *open_async(const oxp_options *options) {
    oxp_error *err = new_error();
    oxp_async *client;
    CHECK_OK(oxp_async_open(options, &client, err), err);
    oxp_error_free(err);
    return client;
}

static inline oxp_async *server_async(void) {
    oxp_options *options = server_options();
    oxp_async *client = open_async(options);
    oxp_options_free(options);
    return client;
}

static inline oxp_status pool_submit(oxp_pool *pool, const char *line, uint64_t token) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split(line, args);
    return oxp_pool_submit(pool, args, argc, token, NULL);
}

static inline oxp_status pool_try_submit(oxp_pool *pool, const char *line, uint64_t token) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split(line, args);
    return oxp_pool_try_submit(pool, args, argc, token, NULL);
}

/* Pulls until exactly `count` results are there. */
static inline void pool_collect(oxp_pool *pool, Result *results, size_t count) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    for (size_t have = 0; have < count;) {
        size_t more;
        CHECK_OK(oxp_pool_next(pool, batch, UINT64_MAX, &more, err), err);
        size_t now = gather(batch, results, have, count);
        CHECK(more > 0 && now == have + more);
        have = now;
    }
    oxp_completions_free(batch);
    oxp_error_free(err);
}

static inline oxp_pool *open_pool(const oxp_options *options, uint32_t connections) {
    oxp_error *err = new_error();
    oxp_pool *pool;
    CHECK_OK(oxp_pool_open(options, connections, &pool, err), err);
    oxp_error_free(err);
    return pool;
}

static inline oxp_pool *server_pool(uint32_t connections) {
    oxp_options *options = server_options();
    oxp_pool *pool = open_pool(options, connections);
    oxp_options_free(options);
    return pool;
}

/* From here on, the server answers no command that writes. */
static inline void hold_writers(oxp_client *admin) {
    expect_text(admin, "CLIENT PAUSE 100000 WRITE", "OK");
}

static inline void release_writers(oxp_client *admin) {
    expect_text(admin, "CLIENT UNPAUSE", "OK");
}

/* Waits until the server has this many commands of writers in its hands. */
static inline void await_held(oxp_client *admin, int count) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "blocked_clients:%d\r", count);
    for (bool held = false; !held;) {
        oxp_reply *reply = command(admin, "INFO clients");
        const uint8_t *text;
        size_t len;
        char info[2048];
        CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, &len));
        snprintf(info, sizeof info, "%.*s", (int)len, (const char *)text);
        held = strstr(info, wanted) != NULL;
        oxp_reply_free(reply);
    }
}

/* Options for a Unix socket in the test's directory, where a test may have put anything or nothing. */
static inline oxp_options *options_of(const char *name, char path[64]) {
    oxp_options *options;
    CHECK_STATUS(OXP_OK, oxp_options_new(&options));
    snprintf(path, 64, "%s/%s", getenv("TMPDIR"), name);
    CHECK_STATUS(OXP_OK, oxp_options_set_unix_path(options, path, strlen(path)));
    return options;
}

/* A listener that the kernel connects to, and that never says a word. */
static inline int listen_silently(const char *path) {
    struct sockaddr_un address = {0};
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 8) == 0);
    return listener;
}

#endif
