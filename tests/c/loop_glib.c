/* A GLib main context. */

#include <oxipipe/adapters/glib.h>

typedef GMainContext Loop;
typedef oxp_glib Watch;

#include "loops.h"

static Loop *loop_new(void) {
    return g_main_context_new();
}

static oxp_status loop_attach(Loop *loop, oxp_async *client, oxp_completion_fn on_completion, oxp_failure_fn on_failure,
                              void *user_data, Watch **out) {
    return oxp_glib_attach(loop, client, on_completion, on_failure, user_data, out);
}

static void loop_detach(Watch *watch) {
    oxp_glib_detach(watch);
}

static void loop_once(Loop *loop) {
    g_main_context_iteration(loop, TRUE);
}

static void loop_wake(Loop *loop) {
    (void)loop;
}

static bool timer_is_armed(const Watch *watch) {
    gint timeout;
    return oxp_glib_prepare_((GSource *)&watch->source, &timeout) || timeout != -1;
}

static void loop_free(Loop *loop) {
    g_main_context_unref(loop);
}
