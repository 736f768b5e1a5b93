/* Pools, as they are meant to be used: fire and collect, fire and flush, in order, by key, cancelling. */

#include "results.h"

#include <signal.h>
#include <sys/types.h>

#define CONNECTIONS 4
#define MANY 10000

/* Every token comes back exactly once, with its own reply. */
static void tokens(oxp_pool *pool) {
    Result *results = calloc(MANY, sizeof *results);
    bool *seen = calloc(MANY, sizeof *seen);
    char line[64], text[32];
    size_t have = 0, count;
    oxp_completions *batch;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    /* The queue holds less than all of this at once, so whoever submits has to pull as well. */
    for (uint64_t i = 0; i < MANY; i++) {
        snprintf(line, sizeof line, "ECHO value-%d", (int)i);
        oxp_status status = pool_try_submit(pool, line, i);
        while (status == OXP_FULL) {
            CHECK_STATUS(OXP_OK, oxp_pool_next(pool, batch, UINT64_MAX, &count, NULL));
            have = gather(batch, results, have, MANY);
            status = pool_try_submit(pool, line, i);
        }
        CHECK_STATUS(OXP_OK, status);
    }
    CHECK_STATUS(OXP_OK, oxp_pool_drain(pool, batch, UINT64_MAX, &count, NULL));
    CHECK(gather(batch, results, have, MANY) == MANY && count == MANY - have);
    for (size_t i = 0; i < MANY; i++) {
        CHECK(results[i].token < MANY && !seen[results[i].token]);
        seen[results[i].token] = true;
        snprintf(text, sizeof text, "value-%d", (int)results[i].token);
        CHECK(text_is(results[i].reply, 0, text));
    }
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, UINT64_MAX, &count, NULL));
    CHECK(count == 0);
    oxp_completions_free(batch);
    forget(results, MANY);
    free(results);
    free(seen);
}

static void forms(oxp_pool *pool) {
    oxp_error *err = new_error();
    oxp_pipeline *pipeline;
    Result results[5];
    const uint8_t *bytes = (const uint8_t *)"ECHOb\0d";
    uint32_t lens[] = {4, 3};
    const uint32_t argcs[] = {2};
    const uint64_t first[] = {1}, fifth[] = {5};
    size_t submitted = 7;
    CHECK_OK(oxp_pool_submit_packed(pool, bytes, 7, lens, 2, argcs, 1, first, &submitted, err), err);
    CHECK(submitted == 1);
    CHECK_STATUS(OXP_OK, pool_try_submit(pool, "LPUSH", 2));
    CHECK_OK(oxp_pool_try_submit_packed(pool, bytes, 7, lens, 2, argcs, 1, fifth, &submitted, err), err);
    CHECK(submitted == 1);
    for (uint64_t token = 3; token < 5; token++) {
        CHECK_OK(oxp_pipeline_new_detached(token == 4, &pipeline, err), err);
        CHECK_STATUS(OXP_OK, add(pipeline, token == 4 ? "SET t 1" : "SET p 1"));
        CHECK_STATUS(OXP_OK, add(pipeline, "nonsense argument"));
        CHECK_STATUS(OXP_OK, add(pipeline, token == 4 ? "INCR t" : "INCR p"));
        if (token == 4)
            CHECK_OK(oxp_pool_submit_pipeline(pool, pipeline, token, err), err);
        else
            CHECK_OK(oxp_pool_try_submit_pipeline(pool, pipeline, token, err), err);
        const uint8_t *name;
        size_t len;
        CHECK(oxp_pipeline_len(pipeline) == 0);
        CHECK_STATUS(OXP_OK, oxp_pipeline_command_name(pipeline, 1, &name, &len));
        CHECK(len == 8 && memcmp(name, "nonsense", 8) == 0);
        oxp_pipeline_free(pipeline);
    }
    pool_collect(pool, results, 5);
    const uint8_t *text;
    size_t len;
    for (uint64_t token = 1; token <= 5; token += 4) {
        CHECK_STATUS(OXP_OK, oxp_reply_string(of_token(results, 5, token)->reply, 0, &text, &len));
        CHECK(len == 3 && memcmp(text, "b\0d", 3) == 0);
    }
    CHECK(text_starts(of_token(results, 5, 2)->reply, 0, "ERR wrong number"));
    oxp_reply *plain = of_token(results, 5, 3)->reply, *atomic = of_token(results, 5, 4)->reply;
    CHECK(oxp_reply_len(plain, 0) == 3 && oxp_reply_len(atomic, 0) == 3);
    CHECK(text_starts(plain, oxp_reply_child(plain, 0, 1), "ERR unknown command"));
    CHECK(integer(plain, oxp_reply_child(plain, 0, 2)) == 2);
    CHECK(text_starts(atomic, oxp_reply_child(atomic, 0, 0), "EXECABORT"));
    forget(results, 5);
    oxp_error_free(err);
}

/* A barrier that says what failed, for programs that want to know no more. */
static void flushing(oxp_pool *pool, oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    uint64_t failed = 7;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    /* Of what came before: a command, a pipeline with an error in it, a transaction that was discarded. */
    CHECK_STATUS(OXP_ERR_REPLY, oxp_pool_flush(pool, UINT64_MAX, &failed, err));
    CHECK(failed == 3 && strstr(oxp_error_text(err), "ERR wrong number") != NULL);
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, &failed, err), err);
    CHECK(failed == 0);

    expect_text(admin, "SET text value", "OK");
    for (int i = 0; i < 1000; i++)
        CHECK_STATUS(OXP_OK, pool_submit(pool, i % 100 == 50 ? "LPUSH text x" : "HINCRBY hash field 1", OXP_TOKEN_NONE));
    CHECK_STATUS(OXP_ERR_REPLY, oxp_pool_flush(pool, UINT64_MAX, &failed, err));
    CHECK(failed == 10);
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_REJECTED);
    CHECK(strstr(oxp_error_text(err), "WRONGTYPE") != NULL);
    expect_text(admin, "HGET hash field", "990");
    /* Nobody asked for completions, so there are none; and what was reported once is over. */
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, 0, &count, err));
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, &failed, err), err);
    CHECK(failed == 0);

    /* Completions that were asked for are still there after a flush. The failures count once. */
    CHECK_STATUS(OXP_OK, pool_submit(pool, "LPUSH text x", 1));
    CHECK_STATUS(OXP_ERR_REPLY, oxp_pool_flush(pool, UINT64_MAX, NULL, NULL));
    Result result;
    pool_collect(pool, &result, 1);
    CHECK(result.token == 1 && text_starts(result.reply, 0, "WRONGTYPE"));
    forget(&result, 1);
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, &failed, err), err);

    /* It waits no longer than it was told. */
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", OXP_TOKEN_NONE));
    await_held(admin, 1);
    CHECK_STATUS(OXP_ERR_TIMEOUT, oxp_pool_flush(pool, 1, &failed, err));
    CHECK(failed == 0);
    release_writers(admin);
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, &failed, err), err);
    oxp_completions_free(batch);
    oxp_error_free(err);
}

/* What next and drain say when there is nothing. */
static void waiting(oxp_pool *pool, oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    size_t count = 7;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, UINT64_MAX, &count, err));
    CHECK(count == 0);
    CHECK_OK(oxp_pool_drain(pool, batch, UINT64_MAX, &count, err), err);
    CHECK(count == 0);
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", 1));
    CHECK_STATUS(OXP_AGAIN, oxp_pool_next(pool, batch, 0, &count, err));
    CHECK_STATUS(OXP_AGAIN, oxp_pool_next(pool, batch, 10, &count, err));
    CHECK_STATUS(OXP_ERR_TIMEOUT, oxp_pool_drain(pool, batch, 10, &count, err));
    CHECK(count == 0);
    release_writers(admin);
    CHECK_OK(oxp_pool_drain(pool, batch, UINT64_MAX, &count, err), err);
    CHECK(count == 1);
    oxp_completions_free(batch);
    oxp_error_free(err);
}

/* One command is held up on its connection; the others are not. */
static void order(bool ordered, oxp_client *admin) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_ordered_results(options, ordered));
    oxp_pool *pool = open_pool(options, CONNECTIONS);
    oxp_options_free(options);
    CHECK_STATUS(OXP_OK, oxp_pool_connect(pool, NULL));
    oxp_completions *batch;
    Result results[1001];
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", 0));
    await_held(admin, 1);
    if (ordered) {
        for (uint64_t i = 1; i <= 100; i++)
            CHECK_STATUS(OXP_OK, pool_submit(pool, "ECHO text", i));
        CHECK_STATUS(OXP_AGAIN, oxp_pool_next(pool, batch, 10, &count, NULL));
        release_writers(admin);
        pool_collect(pool, results, 101);
        for (uint64_t i = 0; i <= 100; i++)
            CHECK(results[i].token == i);
        forget(results, 101);
    } else {
        /* Sooner or later one of them goes by another connection. */
        size_t have = 0, sent = 0;
        while (have == 0) {
            CHECK(sent < 1000);
            CHECK_STATUS(OXP_OK, pool_submit(pool, "ECHO text", ++sent));
            if (oxp_pool_next(pool, batch, 10, &count, NULL) == OXP_OK)
                have = gather(batch, results, have, 1001);
        }
        CHECK(results[0].token > 0);
        release_writers(admin);
        pool_collect(pool, results + have, sent + 1 - have);
        CHECK(integer(of_token(results, sent + 1, 0)->reply, 0) > 0);
        forget(results, sent + 1);
    }
    oxp_completions_free(batch);
    oxp_pool_free(pool);
}

/* Commands for one key are applied in the order in which they were submitted; those for different keys need not be. */
static void key_affinity(oxp_client *admin) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_key_affinity(options, true));
    oxp_pool *pool = open_pool(options, CONNECTIONS);
    oxp_options_free(options);
    CHECK_STATUS(OXP_OK, oxp_pool_connect(pool, NULL));
    char line[64];
    for (int i = 0; i < 5000; i++) {
        snprintf(line, sizeof line, "RPUSH ordered:%d %d", i % 10, i);
        CHECK_STATUS(OXP_OK, pool_submit(pool, line, OXP_TOKEN_NONE));
    }
    CHECK_STATUS(OXP_OK, oxp_pool_flush(pool, UINT64_MAX, NULL, NULL));
    for (int key = 0; key < 10; key++) {
        snprintf(line, sizeof line, "LRANGE ordered:%d 0 -1", key);
        oxp_reply *reply = command(admin, line);
        CHECK(oxp_reply_len(reply, 0) == 500);
        size_t index = oxp_reply_child(reply, 0, 0);
        for (int i = key; i < 5000; i += 10) {
            char number[16];
            snprintf(number, sizeof number, "%d", i);
            CHECK(text_is(reply, index, number));
            index = oxp_reply_next(reply, index);
        }
        oxp_reply_free(reply);
    }
    oxp_pool_free(pool);
}

static void cancelling(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_pool *pool = server_pool(1);
    Result results[2];
    int32_t outcome = 7;
    CHECK_OK(oxp_pool_connect(pool, err), err);
    expect_integer(admin, "EXISTS n", 0);
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR n", 1));
    CHECK_STATUS(OXP_OK, pool_submit(pool, "ECHO stays", 2));
    await_held(admin, 1);
    CHECK_OK(oxp_pool_cancel(pool, 1, &outcome, err), err);
    CHECK(outcome == OXP_OUTCOME_UNKNOWN);
    CHECK_STATUS(OXP_DONE, oxp_pool_cancel(pool, 1, &outcome, err));
    release_writers(admin);
    pool_collect(pool, results, 1);
    CHECK(results[0].token == 2 && text_is(results[0].reply, 0, "stays"));
    forget(results, 1);
    expect_text(admin, "GET n", "1");
    CHECK_STATUS(OXP_DONE, oxp_pool_cancel(pool, 2, &outcome, err));
    CHECK_STATUS(OXP_DONE, oxp_pool_cancel(pool, 12345, &outcome, err));
    oxp_completions *batch;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, UINT64_MAX, &count, err));
    oxp_completions_free(batch);
    oxp_pool_free(pool);
    oxp_error_free(err);
}

static pid_t server_process(oxp_client *admin) {
    oxp_reply *reply = command(admin, "INFO server");
    const uint8_t *text;
    size_t len;
    char info[4096];
    CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, &len));
    snprintf(info, sizeof info, "%.*s", (int)len, (const char *)text);
    oxp_reply_free(reply);
    const char *line = strstr(info, "process_id:");
    CHECK(line != NULL);
    return (pid_t)strtol(line + strlen("process_id:"), NULL, 10);
}

/* Only what nothing has left of is taken back; behind a full socket, that is certain. */
static void retracting(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_pool *pool = server_pool(1);
    Result result;
    CHECK_OK(oxp_pool_connect(pool, err), err);
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR retracted", 1));
    await_held(admin, 1);
    CHECK_STATUS(OXP_AGAIN, oxp_pool_retract(pool, 1, err));
    /* The server reads nothing now, and the kernel's buffers are smaller than this. */
    pid_t server = server_process(admin);
    CHECK(kill(server, SIGSTOP) == 0);
    size_t len = 8 << 20;
    uint8_t *value = calloc(1, len);
    oxp_slice large[] = {oxp_str("SET"), oxp_str("large"), {value, len}};
    CHECK_OK(oxp_pool_submit(pool, large, 3, OXP_TOKEN_NONE, err), err);
    free(value);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR retracted", 2));
    CHECK_STATUS(OXP_OK, oxp_pool_retract(pool, 2, err));
    CHECK_STATUS(OXP_DONE, oxp_pool_retract(pool, 2, err));
    CHECK(kill(server, SIGCONT) == 0);
    release_writers(admin);
    pool_collect(pool, &result, 1);
    CHECK(result.token == 1);
    forget(&result, 1);
    CHECK_STATUS(OXP_DONE, oxp_pool_retract(pool, 1, err));
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, NULL, err), err);
    expect_text(admin, "GET retracted", "1");
    oxp_pool_free(pool);
    oxp_error_free(err);
}

/* More commands that wait on the server than there are connections, and still everybody else goes on. */
static void blocking(oxp_pool *pool, oxp_client *admin) {
    Result results[2 * CONNECTIONS];
    char line[64];
    for (uint64_t i = 0; i < 2 * CONNECTIONS; i++) {
        snprintf(line, sizeof line, "BLPOP queue:%d 0", (int)i);
        CHECK_STATUS(OXP_OK, pool_submit(pool, line, i));
    }
    CHECK_STATUS(OXP_OK, pool_submit(pool, "ECHO meanwhile", 99));
    pool_collect(pool, results, 1);
    CHECK(results[0].token == 99 && text_is(results[0].reply, 0, "meanwhile"));
    forget(results, 1);
    for (int i = 0; i < 2 * CONNECTIONS; i++) {
        snprintf(line, sizeof line, "RPUSH queue:%d item", i);
        expect_integer(admin, line, 1);
    }
    pool_collect(pool, results, 2 * CONNECTIONS);
    for (uint64_t i = 0; i < 2 * CONNECTIONS; i++)
        CHECK(text_is(of_token(results, 2 * CONNECTIONS, i)->reply, 2, "item"));
    forget(results, 2 * CONNECTIONS);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    oxp_pool *pool = server_pool(CONNECTIONS);
    CHECK_STATUS(OXP_OK, oxp_pool_connect(pool, NULL));
    tokens(pool);
    forms(pool);
    flushing(pool, admin);
    waiting(pool, admin);
    order(false, admin);
    order(true, admin);
    key_affinity(admin);
    cancelling(admin);
    retracting(admin);
    blocking(pool, admin);
    uint64_t unknown = 7, not_applied = 7;
    CHECK_STATUS(OXP_OK, oxp_pool_close(pool, 10000, &unknown, &not_applied, NULL));
    CHECK(unknown == 0 && not_applied == 0);
    oxp_pool_free(pool);
    oxp_client_free(admin);
    return 0;
}
