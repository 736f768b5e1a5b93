/* Pipelines: order, errors in their places, both forms of adding, atomic ones, reuse. */

#include "check.h"

#define MANY 10000

static oxp_pipeline *new_pipeline(oxp_client *client) {
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_OK, oxp_pipeline_new(client, &pipeline, NULL));
    return pipeline;
}

static oxp_reply *execute(oxp_pipeline *pipeline) {
    oxp_error *err = new_error();
    oxp_reply *replies;
    CHECK_OK(oxp_pipeline_execute(pipeline, &replies, err), err);
    oxp_error_free(err);
    CHECK(oxp_pipeline_len(pipeline) == 0);
    return replies;
}

static bool name_is(oxp_pipeline *pipeline, size_t index, const char *name) {
    const uint8_t *text;
    size_t len;
    return oxp_pipeline_command_name(pipeline, index, &text, &len) == OXP_OK && len == strlen(name)
        && memcmp(text, name, len) == 0;
}

/* Far more than is gathered before sending starts, so replies arrive while commands are added. */
static void many_in_order(oxp_client *client) {
    oxp_pipeline *pipeline = new_pipeline(client);
    for (int round = 0; round < 2; round++) {
        char line[64];
        for (int i = 0; i < MANY; i++) {
            snprintf(line, sizeof line, "ECHO value-%d", i);
            CHECK_STATUS(OXP_OK, add(pipeline, line));
        }
        CHECK(oxp_pipeline_len(pipeline) == MANY);
        oxp_reply *replies = execute(pipeline);
        CHECK(oxp_reply_type(replies) == OXP_TYPE_ARRAY && oxp_reply_len(replies, 0) == MANY);
        size_t index = oxp_reply_child(replies, 0, 0);
        for (int i = 0; i < MANY; i++) {
            snprintf(line, sizeof line, "value-%d", i);
            CHECK(text_is(replies, index, line));
            index = oxp_reply_next(replies, index);
        }
        oxp_reply_free(replies);
    }
    oxp_pipeline_free(pipeline);
}

static void errors_in_place(oxp_client *client) {
    oxp_pipeline *pipeline = new_pipeline(client);
    CHECK_STATUS(OXP_OK, add(pipeline, "SET a 1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "LPUSH a 2"));
    CHECK_STATUS(OXP_OK, add(pipeline, "nonsense"));
    CHECK_STATUS(OXP_OK, add(pipeline, "INCR a"));
    oxp_reply *replies = execute(pipeline);
    CHECK(text_is(replies, oxp_reply_child(replies, 0, 0), "OK"));
    CHECK(oxp_reply_type_at(replies, oxp_reply_child(replies, 0, 1)) == OXP_TYPE_ERROR);
    CHECK(text_starts(replies, oxp_reply_child(replies, 0, 1), "WRONGTYPE"));
    CHECK(text_starts(replies, oxp_reply_child(replies, 0, 2), "ERR unknown command"));
    CHECK(integer(replies, oxp_reply_child(replies, 0, 3)) == 2);
    oxp_reply_free(replies);

    /* The names tell which commands those were, until the next ones come. */
    CHECK(name_is(pipeline, 1, "LPUSH") && name_is(pipeline, 2, "nonsense"));
    const uint8_t *name = (const uint8_t *)"";
    size_t len = 7;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_command_name(pipeline, 4, &name, &len));
    CHECK(name == NULL && len == 0);
    CHECK_STATUS(OXP_OK, add(pipeline, "GET a"));
    CHECK(name_is(pipeline, 0, "GET"));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_command_name(pipeline, 1, &name, &len));
    oxp_pipeline_free(pipeline);
}

static void packed(oxp_client *client) {
    oxp_pipeline *pipeline = new_pipeline(client);
    const uint8_t *bytes = (const uint8_t *)"SETkvINCRn";
    uint32_t lens[] = {3, 1, 1, 4, 1};
    uint32_t argcs[] = {3, 2};
    CHECK_STATUS(OXP_OK, add(pipeline, "ECHO before"));
    CHECK_STATUS(OXP_OK, oxp_pipeline_add_packed(pipeline, bytes, 10, lens, 5, argcs, 2, NULL));
    CHECK_STATUS(OXP_OK, add(pipeline, "ECHO after"));
    CHECK(oxp_pipeline_len(pipeline) == 4);
    oxp_reply *replies = execute(pipeline);
    CHECK(oxp_reply_len(replies, 0) == 4);
    CHECK(text_is(replies, oxp_reply_child(replies, 0, 0), "before"));
    CHECK(text_is(replies, oxp_reply_child(replies, 0, 1), "OK"));
    CHECK(integer(replies, oxp_reply_child(replies, 0, 2)) == 1);
    CHECK(text_is(replies, oxp_reply_child(replies, 0, 3), "after"));
    CHECK(name_is(pipeline, 2, "INCR"));
    oxp_reply_free(replies);

    /* Numbers that do not add up, an empty command, a refused one: nothing is added. */
    oxp_error *err = new_error();
    uint32_t wrong_argcs[] = {3, 1}, none[] = {0, 5}, huge[] = {UINT32_MAX, UINT32_MAX};
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 9, lens, 5, argcs, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, lens, 4, argcs, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, lens, 5, wrong_argcs, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, lens, 5, none, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, lens, 5, huge, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, huge, 2, argcs, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, NULL, 10, lens, 5, argcs, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, NULL, 5, argcs, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(pipeline, bytes, 10, lens, 5, NULL, 2, err));
    uint32_t multi[] = {4, 5}, ones[] = {1, 1};
    CHECK_STATUS(OXP_ERR_REFUSED,
                 oxp_pipeline_add_packed(pipeline, (const uint8_t *)"PINGMULTI", 9, multi, 2, ones, 2, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK(oxp_pipeline_len(pipeline) == 0);
    CHECK_STATUS(OXP_OK, oxp_pipeline_add_packed(pipeline, NULL, 0, NULL, 0, NULL, 0, err));
    CHECK(oxp_pipeline_len(pipeline) == 0);
    oxp_error_free(err);
    oxp_pipeline_free(pipeline);
}

static void empty_and_reset(oxp_client *client) {
    oxp_pipeline *pipeline = new_pipeline(client);
    oxp_reply *replies = execute(pipeline);
    CHECK(oxp_reply_type(replies) == OXP_TYPE_ARRAY && oxp_reply_len(replies, 0) == 0);
    oxp_reply_free(replies);

    /* What has not been sent is forgotten ... */
    CHECK_STATUS(OXP_OK, add(pipeline, "SET forgotten 1"));
    CHECK_STATUS(OXP_OK, oxp_pipeline_reset(pipeline));
    CHECK(oxp_pipeline_len(pipeline) == 0);
    expect_integer(client, "EXISTS forgotten", 0);

    /* ... and what was sent early gets its replies, which nobody else sees. */
    for (int i = 0; i < MANY; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, "ECHO nobody"));
    CHECK_STATUS(OXP_OK, oxp_pipeline_reset(pipeline));
    expect_text(client, "ECHO mine", "mine");
    CHECK_STATUS(OXP_OK, add(pipeline, "ECHO again"));
    replies = execute(pipeline);
    CHECK(oxp_reply_len(replies, 0) == 1 && text_is(replies, 1, "again"));
    oxp_reply_free(replies);

    /* Freed in the middle. */
    for (int i = 0; i < MANY; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, "ECHO nobody"));
    oxp_pipeline_free(pipeline);
    expect_text(client, "ECHO mine", "mine");
}

static void atomic(oxp_client *client) {
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_OK, oxp_pipeline_new_atomic(client, &pipeline, NULL));
    CHECK_STATUS(OXP_OK, add(pipeline, "SET t 1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "LPUSH t 2"));
    CHECK_STATUS(OXP_OK, add(pipeline, "INCR t"));
    expect_integer(client, "EXISTS t", 0);
    oxp_reply *replies = execute(pipeline);
    CHECK(oxp_reply_type(replies) == OXP_TYPE_ARRAY && oxp_reply_len(replies, 0) == 3);
    CHECK(text_is(replies, oxp_reply_child(replies, 0, 0), "OK"));
    CHECK(text_starts(replies, oxp_reply_child(replies, 0, 1), "WRONGTYPE"));
    CHECK(integer(replies, oxp_reply_child(replies, 0, 2)) == 2);
    oxp_reply_free(replies);

    /* One invalid command, and none of them is applied. */
    CHECK_STATUS(OXP_OK, add(pipeline, "SET u 1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "SET u"));
    replies = execute(pipeline);
    CHECK(oxp_reply_type(replies) == OXP_TYPE_ARRAY && oxp_reply_len(replies, 0) == 2);
    CHECK(text_starts(replies, oxp_reply_child(replies, 0, 0), "EXECABORT"));
    CHECK(text_starts(replies, oxp_reply_child(replies, 0, 1), "ERR wrong number"));
    oxp_reply_free(replies);
    expect_integer(client, "EXISTS u", 0);

    replies = execute(pipeline);
    CHECK(oxp_reply_len(replies, 0) == 0);
    oxp_reply_free(replies);
    CHECK_STATUS(OXP_ERR_REFUSED, add(pipeline, "EXEC"));
    oxp_pipeline_free(pipeline);
}

static void wrong_use(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_new(NULL, &pipeline, err));
    CHECK(pipeline == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_new(client, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_new_atomic(NULL, &pipeline, err));

    oxp_slice args[] = {oxp_str("GET"), {NULL, 3}};
    oxp_reply *replies = (oxp_reply *)args;
    const uint8_t *name;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_command(NULL, args, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_packed(NULL, NULL, 0, NULL, 0, NULL, 0, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_execute(NULL, &replies, err));
    CHECK(replies == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_execute_stream(NULL, NULL, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_command_name(NULL, 0, &name, NULL));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_reset(NULL));
    CHECK(oxp_pipeline_len(NULL) == 0);
    oxp_pipeline_free(NULL);

    pipeline = new_pipeline(client);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_command(pipeline, args, 2, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_command(pipeline, args, 0, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_add_command(pipeline, NULL, 1, err));
    CHECK_STATUS(OXP_ERR_REFUSED, add(pipeline, "SUBSCRIBE c"));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_execute(pipeline, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_execute_stream(pipeline, NULL, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_command_name(pipeline, 0, NULL, NULL));
    CHECK(oxp_pipeline_len(pipeline) == 0);
    oxp_pipeline_free(pipeline);
    oxp_error_free(err);
}

/* Nothing is sent while commands are added, and whoever adds them hears when it would have been. */
static void manual(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_pipeline *pipeline = new_pipeline(client);
    int due = 0;
    expect_text(client, "SET manual 0", "OK");
    CHECK_OK(oxp_pipeline_set_manual(pipeline, true, err), err);
    for (int i = 0; i < 2 * OXP_EAGER_COMMANDS; i++) {
        oxp_status status = add(pipeline, "INCR manual");
        CHECK(status == OXP_OK || status == OXP_DUE);
        CHECK((status == OXP_DUE) == (i + 1 >= OXP_EAGER_COMMANDS));
        due += status == OXP_DUE;
    }
    CHECK(due == OXP_EAGER_COMMANDS + 1);
    expect_text(client, "GET manual", "0");
    const uint32_t lens[] = {4, 6}, argcs[] = {2};
    CHECK_STATUS(OXP_DUE, oxp_pipeline_add_packed(pipeline, (const uint8_t *)"INCRmanual", 10, lens, 2, argcs, 1, err));
    CHECK_OK(oxp_pipeline_send(pipeline, err), err);
    CHECK(oxp_pipeline_len(pipeline) == 2 * OXP_EAGER_COMMANDS + 1);
    /* What was sent is before what comes now on the same connection. */
    expect_text(client, "GET manual", "129");
    CHECK_STATUS(OXP_OK, add(pipeline, "INCR manual"));
    oxp_reply *replies = execute(pipeline);
    CHECK(oxp_reply_len(replies, 0) == 2 * OXP_EAGER_COMMANDS + 2);
    oxp_reply_free(replies);
    CHECK_OK(oxp_pipeline_send(pipeline, err), err);
    CHECK_OK(oxp_pipeline_set_manual(pipeline, false, err), err);
    for (int i = 0; i < 2 * OXP_EAGER_COMMANDS; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    oxp_reply_free(execute(pipeline));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_set_manual(NULL, true, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pipeline_send(NULL, err));
    oxp_pipeline_free(pipeline);

    /* An atomic one sends nothing before it is executed, so nothing is due. */
    CHECK_OK(oxp_pipeline_new_atomic(client, &pipeline, err), err);
    CHECK_OK(oxp_pipeline_set_manual(pipeline, true, err), err);
    for (int i = 0; i < 2 * OXP_EAGER_COMMANDS; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    CHECK_OK(oxp_pipeline_send(pipeline, err), err);
    oxp_reply_free(execute(pipeline));
    oxp_pipeline_free(pipeline);
    oxp_error_free(err);
}

/* A pipeline keeps what it needs of its client. */
static void outlives_the_handle(void) {
    oxp_client *client = connect_client();
    oxp_pipeline *pipeline = new_pipeline(client);
    CHECK_STATUS(OXP_OK, add(pipeline, "ECHO later"));
    oxp_client_free(client);
    oxp_reply *replies = execute(pipeline);
    CHECK(text_is(replies, 1, "later"));
    oxp_reply_free(replies);
    oxp_pipeline_free(pipeline);
}

int main(void) {
    start();
    oxp_client *client = connect_client();
    many_in_order(client);
    errors_in_place(client);
    packed(client);
    empty_and_reset(client);
    atomic(client);
    manual(client);
    wrong_use(client);
    oxp_client_free(client);
    outlives_the_handle();
    return 0;
}
