/* A libuv loop. */

#include <oxipipe/adapters/libuv.h>

typedef uv_loop_t Loop;
typedef oxp_libuv Watch;

#include "loops.h"

static Loop *loop_new(void) {
    Loop *loop = malloc(sizeof *loop);
    Watch *watch;
    CHECK(uv_loop_init(loop) == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_libuv_attach(NULL, (oxp_async *)loop, on_end, NULL, NULL, &watch));
    return loop;
}

static oxp_status loop_attach(Loop *loop, oxp_async *client, oxp_completion_fn on_completion, oxp_failure_fn on_failure,
                              void *user_data, Watch **out) {
    return oxp_libuv_attach(loop, client, on_completion, on_failure, user_data, out);
}

static void loop_detach(Watch *watch) {
    oxp_libuv_detach(watch);
}

static void loop_once(Loop *loop) {
    uv_run(loop, UV_RUN_ONCE);
}

/* UV_RUN_ONCE waits for the descriptors even if a timer has fired before. */
static void loop_wake(Loop *loop) {
    uv_stop(loop);
}

static bool timer_is_armed(const Watch *watch) {
    return uv_is_active((const uv_handle_t *)&watch->timer);
}

static void loop_free(Loop *loop) {
    /* Closed handles are freed by the loop; then nothing is left in it. */
    CHECK(uv_run(loop, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(loop) == 0);
    free(loop);
}
