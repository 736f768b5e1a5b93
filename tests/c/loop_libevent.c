/* A libevent base. */

#include <oxipipe/adapters/libevent.h>

typedef struct event_base Loop;
typedef oxp_libevent Watch;

#include "loops.h"

static Loop *loop_new(void) {
    Loop *loop = event_base_new();
    Watch *watch;
    CHECK(loop != NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_libevent_attach(NULL, (oxp_async *)loop, on_end, NULL, NULL, &watch));
    return loop;
}

static oxp_status loop_attach(Loop *loop, oxp_async *client, oxp_completion_fn on_completion, oxp_failure_fn on_failure,
                              void *user_data, Watch **out) {
    return oxp_libevent_attach(loop, client, on_completion, on_failure, user_data, out);
}

static void loop_detach(Watch *watch) {
    oxp_libevent_detach(watch);
}

static void loop_once(Loop *loop) {
    CHECK(event_base_loop(loop, EVLOOP_ONCE) == 0);
}

static void loop_wake(Loop *loop) {
    (void)loop;
}

static bool timer_is_armed(const Watch *watch) {
    return event_pending(watch->timer, EV_TIMEOUT, NULL);
}

static void loop_free(Loop *loop) {
    /* No event is left in it. */
    CHECK(event_base_dispatch(loop) == 1);
    event_base_free(loop);
    libevent_global_shutdown();
}
