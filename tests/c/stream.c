/* Replies in parts: whole nodes in order, stopping, and what a callback must not do. */

#include "check.h"

#define ELEMENTS 50000

typedef struct {
    size_t parts;
    size_t nodes;
    size_t strings;
    size_t wrong;
    size_t stop_after;   /* parts; 0 for never */
    oxp_client *client;  /* used from inside, if there is one */
    oxp_pipeline *pipeline;
} Seen;

/* Element n of the list is the text of n. */
static int32_t see(void *user_data, const oxp_node *nodes, size_t count, const uint8_t *bytes) {
    Seen *seen = user_data;
    seen->parts++;
    for (size_t i = 0; i < count; i++) {
        seen->nodes++;
        if (nodes[i].type != OXP_TYPE_STRING)
            continue;
        char expected[16];
        int len = snprintf(expected, sizeof expected, "%zu", seen->strings++ % ELEMENTS);
        if ((size_t)len != nodes[i].len || memcmp(bytes + nodes[i].value, expected, (size_t)len) != 0)
            seen->wrong++;
    }
    if (seen->client != NULL) {
        oxp_slice ping = oxp_str("PING");
        oxp_reply *reply;
        CHECK_STATUS(OXP_ERR_BUSY, oxp_client_command(seen->client, &ping, 1, &reply, NULL));
        CHECK(reply == NULL);
    }
    if (seen->pipeline != NULL) {
        CHECK_STATUS(OXP_ERR_BUSY, add(seen->pipeline, "PING"));
        CHECK_STATUS(OXP_ERR_BUSY, oxp_pipeline_reset(seen->pipeline));
        CHECK(oxp_pipeline_len(seen->pipeline) == 0);
        /* Noticed, and ignored. */
        oxp_pipeline_free(seen->pipeline);
    }
    return seen->parts == seen->stop_after;
}

static void fill(oxp_client *client) {
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_OK, oxp_pipeline_new(client, &pipeline, NULL));
    for (int i = 0; i < ELEMENTS; i++) {
        char line[32];
        snprintf(line, sizeof line, "RPUSH list %d", i);
        CHECK_STATUS(OXP_OK, add(pipeline, line));
    }
    oxp_reply *replies;
    CHECK_STATUS(OXP_OK, oxp_pipeline_execute(pipeline, &replies, NULL));
    oxp_reply_free(replies);
    oxp_pipeline_free(pipeline);
}

static void commands(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_slice args[MAX_ARGS];
    size_t argc = split("LRANGE list 0 -1", args);

    Seen all = {0};
    all.client = client;
    CHECK_OK(oxp_client_command_stream(client, args, argc, see, &all, err), err);
    CHECK(all.nodes == 1 + ELEMENTS && all.strings == ELEMENTS && all.wrong == 0);
    CHECK(all.parts > 1);

    /* Stopping swallows the rest; the next reply is the next command's. */
    Seen some = {0};
    some.stop_after = 1;
    CHECK_STATUS(OXP_ERR_CANCELLED, oxp_client_command_stream(client, args, argc, see, &some, err));
    CHECK(some.parts == 1 && some.strings < ELEMENTS);
    CHECK(oxp_error_status(err) == OXP_ERR_CANCELLED);
    expect_text(client, "ECHO next", "next");

    /* The same, packed. */
    Seen packed = {0};
    packed.client = client;
    const uint8_t *bytes = (const uint8_t *)"LRANGElist0-1";
    const uint32_t lens[] = {6, 4, 1, 2};
    CHECK_OK(oxp_client_command_stream_packed(client, bytes, 13, lens, 4, see, &packed, err), err);
    CHECK(packed.nodes == all.nodes && packed.strings == all.strings && packed.wrong == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_stream_packed(client, bytes, 12, lens, 4, see, &packed, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_stream_packed(client, bytes, 13, lens, 4, NULL, &packed, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_stream_packed(NULL, bytes, 13, lens, 4, see, &packed, err));

    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_stream(client, args, argc, NULL, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_stream(NULL, args, argc, see, &some, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_stream(client, NULL, 1, see, &some, err));
    oxp_error_free(err);
}

static void pipelines(oxp_client *client, bool atomic) {
    oxp_error *err = new_error();
    oxp_pipeline *pipeline;
    if (atomic)
        CHECK_OK(oxp_pipeline_new_atomic(client, &pipeline, err), err);
    else
        CHECK_OK(oxp_pipeline_new(client, &pipeline, err), err);

    Seen all = {0};
    all.pipeline = pipeline;
    all.client = atomic ? NULL : client;
    CHECK_STATUS(OXP_OK, add(pipeline, "LRANGE list 0 -1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "LRANGE list 0 -1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "LLEN list"));
    CHECK_OK(oxp_pipeline_execute_stream(pipeline, see, &all, err), err);
    CHECK(all.nodes == 2 * (1 + ELEMENTS) + 1 && all.strings == 2 * ELEMENTS && all.wrong == 0);

    Seen some = {0};
    some.stop_after = 1;
    CHECK_STATUS(OXP_OK, add(pipeline, "LRANGE list 0 -1"));
    CHECK_STATUS(OXP_OK, add(pipeline, "LRANGE list 0 -1"));
    CHECK_STATUS(OXP_ERR_CANCELLED, oxp_pipeline_execute_stream(pipeline, see, &some, err));
    CHECK(some.parts == 1);
    CHECK(oxp_pipeline_len(pipeline) == 0);

    Seen none = {0};
    CHECK_OK(oxp_pipeline_execute_stream(pipeline, see, &none, err), err);
    CHECK(none.parts == 0);

    expect_text(client, "ECHO next", "next");
    oxp_pipeline_free(pipeline);
    oxp_error_free(err);
}

int main(void) {
    start();
    oxp_client *client = connect_client();
    fill(client);
    commands(client);
    pipelines(client, false);
    pipelines(client, true);
    oxp_client_free(client);
    return 0;
}
