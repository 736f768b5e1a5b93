/* The small loop of our own. */

#include <oxipipe/adapters/poll.h>

typedef oxp_poll Loop;
typedef oxp_poll_client Watch;

#include "loops.h"

static Loop *loop_new(void) {
    Loop *loop;
    CHECK_STATUS(OXP_ERR_ARG, oxp_poll_new(NULL));
    CHECK_STATUS(OXP_OK, oxp_poll_new(&loop));
    /* Nobody there: nothing to wait for. */
    CHECK_STATUS(OXP_OK, oxp_poll_run(loop));
    CHECK_STATUS(OXP_OK, oxp_poll_once(loop, 0));
    CHECK_STATUS(OXP_ERR_ARG, oxp_poll_run(NULL));
    CHECK_STATUS(OXP_ERR_ARG, oxp_poll_once(NULL, 0));
    return loop;
}

static oxp_status loop_attach(Loop *loop, oxp_async *client, oxp_completion_fn on_completion, oxp_failure_fn on_failure,
                              void *user_data, Watch **out) {
    return oxp_poll_attach(loop, client, on_completion, on_failure, user_data, out);
}

static void loop_detach(Watch *watch) {
    /* From inside a callback it cannot be run. */
    if (watch != NULL && watch->dispatch.busy)
        CHECK_STATUS(OXP_ERR_BUSY, oxp_poll_once(watch->loop, 0));
    oxp_poll_detach(watch);
}

static void loop_once(Loop *loop) {
    CHECK_STATUS(OXP_OK, oxp_poll_once(loop, UINT64_MAX));
}

static void loop_wake(Loop *loop) {
    (void)loop;
}

static bool timer_is_armed(const Watch *watch) {
    return oxp_poll_timeout_(watch->loop, UINT64_MAX) != -1;
}

static void loop_free(Loop *loop) {
    /* Stopped before it runs, it returns at once, once; and it frees what is still attached. */
    Member members[20];
    for (size_t i = 0; i < COUNT(members); i++) {
        Member member = {.client = server_async()};
        members[i] = member;
        attach(loop, &members[i], on_end);
    }
    oxp_poll_stop(loop);
    CHECK_STATUS(OXP_OK, oxp_poll_run(loop));
    oxp_poll_free(loop);
    for (size_t i = 0; i < COUNT(members); i++)
        oxp_async_free(members[i].client);
    oxp_poll_free(NULL);
}
