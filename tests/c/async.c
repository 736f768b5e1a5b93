/* Event-loop clients, as they are meant to be used: commands in every form, their replies, order, cancelling, sleeping. */

#include "results.h"

#define MANY 10000

static void commands(oxp_async *client) {
    Result results[5];
    CHECK_STATUS(OXP_OK, submit(client, "SET key value", 0));
    CHECK_STATUS(OXP_OK, submit(client, "LPUSH key x", 1));
    const uint8_t *bytes = (const uint8_t *)"HSEThab\0d";
    uint32_t lens[] = {4, 1, 1, 3};
    const uint32_t argcs[] = {4};
    const uint64_t tokens[] = {2};
    size_t queued;
    CHECK_STATUS(OXP_OK, oxp_async_submit_packed(client, bytes, 9, lens, 4, argcs, 1, tokens, &queued, NULL));
    CHECK(queued == 1);
    CHECK_STATUS(OXP_OK, submit(client, "HGETALL h", UINT64_MAX - 1));
    CHECK_STATUS(OXP_OK, submit(client, "GET missing", 4));
    collect(client, results, 5);

    for (size_t i = 0; i < 5; i++)
        CHECK_STATUS(OXP_OK, results[i].status);
    CHECK(results[0].token == 0 && text_is(results[0].reply, 0, "OK"));
    /* What the server refuses is a reply. */
    CHECK(results[1].token == 1 && oxp_reply_type(results[1].reply) == OXP_TYPE_ERROR);
    CHECK(text_starts(results[1].reply, 0, "WRONGTYPE"));
    CHECK(results[2].token == 2 && integer(results[2].reply, 0) == 1);
    const uint8_t *field;
    size_t len;
    CHECK(results[3].token == UINT64_MAX - 1 && oxp_reply_type(results[3].reply) == OXP_TYPE_MAP);
    CHECK(text_is(results[3].reply, 1, "a") && oxp_reply_string(results[3].reply, 2, &field, &len) == OXP_OK);
    CHECK(len == 3 && memcmp(field, "b\0d", 3) == 0);
    CHECK(results[4].token == 4 && oxp_reply_type(results[4].reply) == OXP_TYPE_NULL);
    forget(results, 5);
}

/* One connection: replies come in the order of the commands, however many there are. */
static void many_in_order(oxp_async *client) {
    Result *results = calloc(MANY, sizeof *results);
    char text[32], line[64];
    for (int i = 0; i < MANY; i++) {
        snprintf(line, sizeof line, "ECHO value-%d", i);
        CHECK_STATUS(OXP_OK, submit(client, line, (uint64_t)i));
    }
    collect(client, results, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "value-%d", i);
        CHECK(results[i].token == (uint64_t)i && text_is(results[i].reply, 0, text));
    }
    forget(results, MANY);
    free(results);
}

static void large(oxp_async *client) {
    size_t len = 8 << 20;
    uint8_t *value = malloc(len);
    for (size_t i = 0; i < len; i++)
        value[i] = (uint8_t)(i * 7);
    oxp_slice set[] = {oxp_str("SET"), oxp_str("large"), {value, len}};
    Result results[3];
    CHECK_STATUS(OXP_OK, oxp_async_submit(client, set, 3, 0, NULL));
    CHECK_STATUS(OXP_OK, submit(client, "GET large", 1));
    CHECK_STATUS(OXP_OK, submit(client, "ECHO behind", 2));
    collect(client, results, 3);
    const uint8_t *bytes;
    size_t got;
    CHECK_STATUS(OXP_OK, oxp_reply_string(results[1].reply, 0, &bytes, &got));
    CHECK(got == len && memcmp(bytes, value, len) == 0);
    CHECK(text_is(results[2].reply, 0, "behind"));
    forget(results, 3);
    free(value);
}

/* What a batch lends, read where it lies. */
static void batches(oxp_async *client) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    const oxp_completion *list;
    oxp_reply *reply;
    size_t count = 7;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK(oxp_completions_list(batch, &list) == 0);
    CHECK_OK(oxp_async_next(client, batch, &count, err), err);
    CHECK(count == 0 && oxp_completions_list(batch, &list) == 0);

    CHECK_STATUS(OXP_OK, submit(client, "RPUSH list a bc", 1));
    CHECK_STATUS(OXP_OK, submit(client, "LRANGE list 0 -1", 2));
    for (bool both = false; !both;) {
        /* Completions stay until they are taken, and the descriptor says so. */
        wait_for(client);
        CHECK_OK(oxp_async_process(client, err), err);
        CHECK_OK(oxp_async_next(client, batch, &count, err), err);
        both = count > 0 && oxp_completions_list(batch, &list) == count && list[count - 1].token == 2;
    }
    const oxp_completion *last = &list[count - 1];
    CHECK(last->status == OXP_OK && last->outcome == OXP_OUTCOME_NONE && last->replies == 1 && last->node_count == 3);
    CHECK(last->nodes[0].type == OXP_TYPE_ARRAY && last->nodes[0].len == 2);
    CHECK(last->nodes[2].type == OXP_TYPE_STRING && last->nodes[2].len == 2);
    CHECK(memcmp(last->bytes + last->nodes[2].value, "bc", 2) == 0);

    /* A copy of its own, whose nodes say how large their subtrees are; it may be made twice, and outlives the batch. */
    oxp_reply *copies[2];
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(oxp_completions_reply(batch, count - 1, &copies[i], err), err);
    CHECK_STATUS(OXP_OK, oxp_completions_error(batch, count - 1, err));
    reply = copies[0];
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_reply(batch, count, &reply, err));
    CHECK(reply == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_completions_error(batch, count, err));
    oxp_completions_free(batch);
    for (size_t i = 0; i < 2; i++) {
        CHECK(oxp_reply_len(copies[i], 0) == 2 && text_is(copies[i], oxp_reply_child(copies[i], 0, 1), "bc"));
        oxp_reply_free(copies[i]);
    }
    oxp_error_free(err);
}

static bool name_is(oxp_pipeline *pipeline, size_t index, const char *name) {
    const uint8_t *text;
    size_t len;
    return oxp_pipeline_command_name(pipeline, index, &text, &len) == OXP_OK && len == strlen(name)
        && memcmp(text, name, len) == 0;
}

/* All commands of a pipeline are one completion with all their replies. */
static void pipelines(oxp_async *client) {
    oxp_error *err = new_error();
    oxp_pipeline *pipeline;
    Result results[3];
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    for (int round = 0; round < 2; round++) {
        CHECK_STATUS(OXP_OK, submit(client, "ECHO before", 0));
        for (int i = 0; i < 1000; i++) {
            char line[64];
            snprintf(line, sizeof line, i == 500 ? "nonsense" : "ECHO value-%d", i);
            CHECK_STATUS(OXP_OK, add(pipeline, line));
        }
        CHECK_OK(oxp_async_submit_pipeline(client, pipeline, 1, err), err);
        CHECK(oxp_pipeline_len(pipeline) == 0);
        CHECK(name_is(pipeline, 499, "ECHO") && name_is(pipeline, 500, "nonsense"));
        CHECK_STATUS(OXP_OK, submit(client, "ECHO after", 2));
        collect(client, results, 3);
        CHECK(text_is(results[0].reply, 0, "before") && text_is(results[2].reply, 0, "after"));
        oxp_reply *replies = results[1].reply;
        CHECK(results[1].token == 1 && oxp_reply_type(replies) == OXP_TYPE_ARRAY && oxp_reply_len(replies, 0) == 1000);
        size_t index = oxp_reply_child(replies, 0, 0);
        for (int i = 0; i < 1000; i++) {
            char text[32];
            snprintf(text, sizeof text, i == 500 ? "ERR unknown command" : "value-%d", i);
            CHECK(text_starts(replies, index, text));
            index = oxp_reply_next(replies, index);
        }
        forget(results, 3);
    }

    /* It belongs to no client, so nobody can execute it. */
    oxp_reply *replies = (oxp_reply *)results;
    CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_execute(pipeline, &replies, err));
    CHECK(replies == NULL);
    CHECK_STATUS(OXP_OK, oxp_pipeline_reset(pipeline));
    oxp_pipeline_free(pipeline);
    oxp_error_free(err);
}

static void atomic(oxp_async *client) {
    oxp_error *err = new_error();
    oxp_pipeline *pipeline;
    Result result;
    CHECK_OK(oxp_pipeline_new_detached(true, &pipeline, err), err);
    CHECK_STATUS(OXP_OK, add(pipeline, "SET t 1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "LPUSH t 2"));
    CHECK_STATUS(OXP_OK, add(pipeline, "INCR t"));
    CHECK_OK(oxp_async_submit_pipeline(client, pipeline, 1, err), err);
    collect(client, &result, 1);
    CHECK_STATUS(OXP_OK, result.status);
    CHECK(oxp_reply_len(result.reply, 0) == 3 && text_is(result.reply, oxp_reply_child(result.reply, 0, 0), "OK"));
    CHECK(text_starts(result.reply, oxp_reply_child(result.reply, 0, 1), "WRONGTYPE"));
    CHECK(integer(result.reply, oxp_reply_child(result.reply, 0, 2)) == 2);
    forget(&result, 1);

    /* One invalid command, and none of them is applied. */
    CHECK_STATUS(OXP_OK, add(pipeline, "SET u 1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "SET u"));
    CHECK_OK(oxp_async_submit_pipeline(client, pipeline, 2, err), err);
    collect(client, &result, 1);
    CHECK(oxp_reply_len(result.reply, 0) == 2);
    CHECK(text_starts(result.reply, oxp_reply_child(result.reply, 0, 0), "EXECABORT"));
    CHECK(text_starts(result.reply, oxp_reply_child(result.reply, 0, 1), "ERR wrong number"));
    forget(&result, 1);
    oxp_reply *reply = round_trip(client, "EXISTS u");
    CHECK(integer(reply, 0) == 0);
    oxp_reply_free(reply);
    oxp_pipeline_free(pipeline);
    oxp_error_free(err);
}

/* Taken back before it left, or swallowed when its reply comes; nobody else's reply is shifted by either. */
static void cancelling(oxp_async *client, oxp_client *admin) {
    oxp_error *err = new_error();
    Result results[2];
    int32_t outcome = 7;
    oxp_reply_free(round_trip(client, "DEL n"));

    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 1));
    CHECK_STATUS(OXP_OK, submit(client, "ECHO stays", 2));
    CHECK_OK(oxp_async_cancel(client, 1, &outcome, err), err);
    CHECK(outcome == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_DONE, oxp_async_cancel(client, 1, &outcome, err));
    collect(client, results, 1);
    CHECK(results[0].token == 2 && text_is(results[0].reply, 0, "stays"));
    forget(results, 1);
    expect_integer(admin, "EXISTS n", 0);

    hold_writers(admin);
    CHECK_STATUS(OXP_OK, submit(client, "INCR n", 3));
    CHECK(turn(client, results, 0, 2) == 0); /* connected, so it left */
    await_held(admin, 1);
    CHECK_OK(oxp_async_cancel(client, 3, &outcome, err), err);
    CHECK(outcome == OXP_OUTCOME_UNKNOWN);
    CHECK_STATUS(OXP_DONE, oxp_async_cancel(client, 3, &outcome, err));
    CHECK_STATUS(OXP_OK, submit(client, "ECHO next", 4));
    release_writers(admin);
    collect(client, results, 1);
    CHECK(results[0].token == 4 && text_is(results[0].reply, 0, "next"));
    forget(results, 1);
    expect_text(admin, "GET n", "1");

    /* A pipeline goes as a whole. */
    oxp_pipeline *pipeline;
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    for (int i = 0; i < 100; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, "INCR n"));
    CHECK_OK(oxp_async_submit_pipeline(client, pipeline, 5, err), err);
    CHECK_OK(oxp_async_cancel(client, 5, &outcome, err), err);
    CHECK(outcome == OXP_OUTCOME_NOT_APPLIED);
    oxp_reply *reply = round_trip(client, "GET n");
    CHECK(text_is(reply, 0, "1"));
    oxp_reply_free(reply);
    oxp_pipeline_free(pipeline);

    /* Too late, and never heard of. */
    CHECK_STATUS(OXP_DONE, oxp_async_cancel(client, 4, &outcome, err));
    CHECK_STATUS(OXP_DONE, oxp_async_cancel(client, 12345, &outcome, err));
    oxp_error_free(err);
}

/* Commands that wait on the server hold up nobody. */
static void blocking(oxp_async *client, oxp_client *admin) {
    Result result;
    CHECK_STATUS(OXP_OK, submit(client, "BLPOP queue 0", 1));
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(OXP_OK, submit(client, "ECHO meanwhile", 2));
        collect(client, &result, 1);
        CHECK(result.token == 2 && text_is(result.reply, 0, "meanwhile"));
        forget(&result, 1);
    }
    expect_integer(admin, "RPUSH queue item", 1);
    collect(client, &result, 1);
    CHECK(result.token == 1 && text_is(result.reply, 2, "item"));
    forget(&result, 1);
}

/* A loop needs one descriptor, which stays the same, and one timer, which an idle client does not need. */
static void sleeping(void) {
    oxp_async *client = server_async();
    struct pollfd fd = {oxp_async_fd(client), POLLIN, 0};
    CHECK(fd.fd >= 0);
    CHECK(oxp_async_want(client) == OXP_WANT_READ);
    CHECK_STATUS(OXP_OK, submit(client, "PING", 1));
    CHECK(poll(&fd, 1, -1) == 1); /* there is something to do */
    Result result;
    collect(client, &result, 1);
    forget(&result, 1);
    CHECK(turn(client, NULL, 0, 0) == 0);
    CHECK(poll(&fd, 1, 0) == 0);
    CHECK(oxp_async_timeout_ns(client) == UINT64_MAX);
    CHECK(oxp_async_fd(client) == fd.fd && oxp_async_want(client) == OXP_WANT_READ);
    oxp_async_free(client);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    oxp_async *client = server_async();
    commands(client);
    many_in_order(client);
    large(client);
    batches(client);
    pipelines(client);
    atomic(client);
    cancelling(client, admin);
    blocking(client, admin);
    sleeping();
    oxp_async_free(client);
    oxp_client_free(admin);
    return 0;
}
