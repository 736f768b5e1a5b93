/* Connections of one's own have a bound, for leases and for commands that wait on the server together. */

#include "results.h"

#include <sys/resource.h>

#define MOST 1024

/* The limit of the system is raised as far as it goes: some of ours may not be closed yet when more are made. */
static bool room_for_all(void) {
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 4 * MOST;
}

static void expect_full(oxp_status status, const oxp_error *err) {
    CHECK_STATUS(OXP_ERR_QUEUE_FULL, status);
    CHECK_STATUS(OXP_ERR_QUEUE_FULL, oxp_error_status(err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
}

static void of_a_client(void) {
    static oxp_client *leases[MOST + 1];
    oxp_error *err = new_error();
    oxp_client *client = connect_client();
    oxp_slice args[MAX_ARGS];
    oxp_reply *reply;
    for (size_t i = 0; i < MOST; i++)
        CHECK_OK(oxp_client_lease(client, &leases[i], err), err);
    expect_full(oxp_client_lease(client, &leases[MOST], err), err);
    CHECK(leases[MOST] == NULL);
    size_t argc = split("BLPOP nothing 0.01", args);
    expect_full(oxp_client_command(client, args, argc, &reply, err), err);
    CHECK(reply == NULL);
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_OK, oxp_pipeline_new(client, &pipeline, err));
    CHECK_STATUS(OXP_OK, oxp_pipeline_add_command(pipeline, args, argc, err));
    expect_full(oxp_pipeline_execute(pipeline, &reply, err), err);
    oxp_pipeline_free(pipeline);
    /* The shared connection is as it was, and one that comes back is lent again. */
    expect_text(client, "ECHO shared", "shared");
    oxp_client_free(leases[0]);
    CHECK_OK(oxp_client_command(client, args, argc, &reply, err), err);
    oxp_reply_free(reply);
    CHECK_OK(oxp_client_lease(client, &leases[0], err), err);
    for (size_t i = 0; i < MOST; i++)
        oxp_client_free(leases[i]);
    oxp_client_free(client);
    oxp_error_free(err);
}

static void of_a_pool(void) {
    static oxp_client *leases[MOST + 1];
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_pool *pool = open_pool(options, 1);
    for (size_t i = 0; i < MOST; i++)
        CHECK_OK(oxp_pool_lease(pool, &leases[i], err), err);
    expect_full(oxp_pool_lease(pool, &leases[MOST], err), err);
    CHECK(leases[MOST] == NULL);
    for (size_t i = 0; i < MOST; i++)
        oxp_client_free(leases[i]);
    oxp_pool_free(pool);
    oxp_options_free(options);
    oxp_error_free(err);
}

static void of_an_event_loop(void) {
    static oxp_async *leases[MOST + 1];
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_async *client;
    CHECK_OK(oxp_async_open(options, &client, err), err);
    /* Each has a descriptor or more before it is connected. */
    oxp_status status = OXP_OK;
    size_t count = 0;
    while (count <= MOST && (status = oxp_async_lease(client, &leases[count], err)) == OXP_OK)
        count++;
    CHECK(leases[count] == NULL);
    if (status != OXP_ERR_IO) { /* the limit of the system came first */
        expect_full(status, err);
        CHECK(count == MOST);
    }
    while (count > 0)
        oxp_async_free(leases[--count]);
    oxp_async_free(client);
    oxp_options_free(options);
    oxp_error_free(err);
}

int main(void) {
    start();
    if (!room_for_all()) {
        fprintf(stderr, "the system allows too few descriptors: nothing was tested\n");
        return 0;
    }
    of_a_client();
    of_a_pool();
    of_an_event_loop();
    return 0;
}
