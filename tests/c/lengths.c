/* Lengths that nothing can have are wrong arguments for every function that takes one: nothing is read, nothing is queued. */

#include "results.h"

static const size_t lengths[] = {
    SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 2, SIZE_MAX / 2, SIZE_MAX / 2 - 60, SIZE_MAX / 4, SIZE_MAX / 8, SIZE_MAX / 64,
};
static const uint8_t bytes[] = "HGETALLh";
static const uint32_t lens[] = {7, 1};
static const uint32_t argcs[] = {2};
static const uint64_t tokens[] = {1};

static int32_t part(void *user_data, const oxp_node *nodes, size_t count, const uint8_t *data) {
    (void)user_data, (void)nodes, (void)count, (void)data;
    fail(__FILE__, __LINE__, "nothing was sent");
    return 1;
}

#define REFUSED(call) CHECK_STATUS(OXP_ERR_ARG, call)

/* One argument, or two together, or a list of so many. */
static void of_clients(oxp_client *client, size_t length) {
    oxp_reply *reply;
    oxp_pipeline *pipeline;
    oxp_slice one[] = {OXP_LITERAL("GET"), {bytes, length}};
    oxp_slice two[] = {OXP_LITERAL("GET"), {bytes, length / 2}, {bytes, length / 2 + 1}};
    REFUSED(oxp_client_command(client, one, 2, &reply, NULL));
    REFUSED(oxp_client_command(client, two, 3, &reply, NULL));
    REFUSED(oxp_client_command(client, one, length, &reply, NULL));
    REFUSED(oxp_client_command_stream(client, one, 2, part, NULL, NULL));
    REFUSED(oxp_client_command_packed(client, bytes, 8, lens, length, &reply, NULL));
    REFUSED(oxp_client_command_packed(client, bytes, length, lens, 2, &reply, NULL));
    REFUSED(oxp_client_command_stream_packed(client, bytes, 8, lens, length, part, NULL, NULL));
    REFUSED(oxp_client_command_stream_packed(client, bytes, length, lens, 2, part, NULL, NULL));

    CHECK_STATUS(OXP_OK, oxp_pipeline_new(client, &pipeline, NULL));
    CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    REFUSED(oxp_pipeline_add_command(pipeline, one, 2, NULL));
    REFUSED(oxp_pipeline_add_command(pipeline, two, 3, NULL));
    REFUSED(oxp_pipeline_add_command(pipeline, one, length, NULL));
    REFUSED(oxp_pipeline_add_packed(pipeline, bytes, length, lens, 2, argcs, 1, NULL));
    REFUSED(oxp_pipeline_add_packed(pipeline, bytes, 8, lens, length, argcs, 1, NULL));
    REFUSED(oxp_pipeline_add_packed(pipeline, bytes, 8, lens, 2, argcs, length, NULL));
    CHECK(oxp_pipeline_len(pipeline) == 1);
    oxp_pipeline_free(pipeline);
}

static void of_event_loops(oxp_async *client, size_t length) {
    size_t queued = 7;
    oxp_slice one[] = {OXP_LITERAL("GET"), {bytes, length}};
    REFUSED(oxp_async_submit(client, one, 2, 1, NULL));
    REFUSED(oxp_async_submit(client, one, length, 1, NULL));
    REFUSED(oxp_async_submit_packed(client, bytes, length, lens, 2, argcs, 1, tokens, &queued, NULL));
    REFUSED(oxp_async_submit_packed(client, bytes, 8, lens, length, argcs, 1, tokens, &queued, NULL));
    REFUSED(oxp_async_submit_packed(client, bytes, 8, lens, 2, argcs, length, tokens, &queued, NULL));
    CHECK(queued == 0);
}

static void of_pools(oxp_pool *pool, size_t length) {
    size_t submitted = 7;
    oxp_slice one[] = {OXP_LITERAL("GET"), {bytes, length}};
    REFUSED(oxp_pool_submit(pool, one, 2, 1, NULL));
    REFUSED(oxp_pool_try_submit(pool, one, length, 1, NULL));
    REFUSED(oxp_pool_submit_packed(pool, bytes, length, lens, 2, argcs, 1, tokens, &submitted, NULL));
    REFUSED(oxp_pool_submit_packed(pool, bytes, 8, lens, length, argcs, 1, tokens, &submitted, NULL));
    REFUSED(oxp_pool_try_submit_packed(pool, bytes, 8, lens, length, argcs, 1, tokens, &submitted, NULL));
    REFUSED(oxp_pool_try_submit_packed(pool, bytes, 8, lens, 2, argcs, length, tokens, &submitted, NULL));
    CHECK(submitted == 0);
}

static void of_texts(oxp_options *options, size_t length) {
    oxp_options *made;
    const char *text = (const char *)bytes;
    REFUSED(oxp_options_from_url(text, length, &made, NULL));
    REFUSED(oxp_options_set_host(options, text, length));
    REFUSED(oxp_options_set_unix_path(options, text, length));
    REFUSED(oxp_options_set(options, text, length, text, 1, NULL));
    REFUSED(oxp_options_set(options, "host", 4, text, length, NULL));
    REFUSED(oxp_options_get(options, text, length, NULL, 0, NULL, NULL));
}

int main(void) {
    start();
    oxp_client *client = connect_client();
    oxp_options *options = server_options();
    oxp_async *loop;
    oxp_pool *pool;
    CHECK_STATUS(OXP_OK, oxp_async_open(options, &loop, NULL));
    CHECK_STATUS(OXP_OK, oxp_pool_open(options, 1, &pool, NULL));
    for (size_t i = 0; i < COUNT(lengths); i++) {
        of_clients(client, lengths[i]);
        of_event_loops(loop, lengths[i]);
        of_pools(pool, lengths[i]);
        of_texts(options, lengths[i]);
    }
    /* Nothing is broken. */
    expect_text(client, "ECHO still", "still");
    oxp_pool_free(pool);
    oxp_async_free(loop);
    oxp_options_free(options);
    oxp_client_free(client);
    return 0;
}
