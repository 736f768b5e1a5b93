/*
 * oxipipe on a GLib main context (GLib 2.36 or later), and so on what GTK and GStreamer run.
 *
 *     oxp_glib *watch;
 *     oxp_glib_attach(NULL, client, on_completion, on_failure, my_data, &watch);
 *     oxp_async_submit(client, args, argc, token, NULL);
 *     g_main_loop_run(loop);              (on_completion is called from in here)
 *
 * Ownership   The client stays its owner's, and has to stay alive until it is detached; the context keeps itself alive.
 * Threads     Those of the context; see dispatch.h, also for what callbacks may do. A callback may run the context itself, as
 *             modal dialogs do; this client's completions wait meanwhile.
 */

#ifndef OXIPIPE_ADAPTERS_GLIB_H
#define OXIPIPE_ADAPTERS_GLIB_H

#include "dispatch.h"

#include <glib.h>

/* A client on a context, from oxp_glib_attach to oxp_glib_detach. GLib counts the references; its own lasts for the length of
 * a turn even if that detaches. */
typedef struct oxp_glib {
    GSource source;
    oxp_dispatch dispatch;
    gpointer readable;
} oxp_glib;

/* There is no timer to keep: the context asks every source how long it may sleep. */
static inline gboolean oxp_glib_prepare_(GSource *source, gint *timeout) {
    oxp_glib *watch = (oxp_glib *)source;
    uint64_t wait = oxp_dispatch_timeout_ms(&watch->dispatch);
    *timeout = wait == UINT64_MAX ? -1 : wait > G_MAXINT ? G_MAXINT : (gint)wait;
    return wait == 0;
}

static inline gboolean oxp_glib_check_(GSource *source) {
    oxp_glib *watch = (oxp_glib *)source;
    return g_source_query_unix_fd(source, watch->readable) != 0 || oxp_async_timeout_ns(watch->dispatch.client) == 0;
}

static inline gboolean oxp_glib_dispatch_(GSource *source, GSourceFunc ignored, gpointer ignored_data) {
    oxp_glib *watch = (oxp_glib *)source;
    (void)ignored;
    (void)ignored_data;
    return oxp_dispatch_turn(&watch->dispatch);
}

static inline void oxp_glib_finalize_(GSource *source) {
    oxp_glib *watch = (oxp_glib *)source;
    oxp_dispatch_release(&watch->dispatch);
}

/* Takes a client off its context: no callback comes any more, and the client may be freed at once, also from inside a
 * callback. What is outstanding stays so; the client may be attached again. watch may be NULL. */
static inline void oxp_glib_detach(oxp_glib *watch) {
    if (watch == NULL || watch->dispatch.detached)
        return;
    watch->dispatch.detached = true;
    g_source_destroy(&watch->source);
    g_source_unref(&watch->source);
}

/* Puts a client on a context; on one only, and once. Its priority is G_PRIORITY_DEFAULT; g_source_set_priority of
 * &watch->source gives it another.
 *
 * context         NULL: the default one.
 * client          borrowed until detached.
 * on_completion   called for each completion; see dispatch.h.
 * on_failure      called when the client cannot go on; may be NULL.
 * user_data       passed to both; may be NULL.
 * out             own: for oxp_glib_detach; NULL if the call fails.
 *
 * Returns OXP_OK, or OXP_ERR_ARG for a NULL. */
static inline oxp_status oxp_glib_attach(GMainContext *context, oxp_async *client, oxp_completion_fn on_completion,
                                         oxp_failure_fn on_failure, void *user_data, oxp_glib **out) {
    static GSourceFuncs functions = {
        oxp_glib_prepare_, oxp_glib_check_, oxp_glib_dispatch_, oxp_glib_finalize_, NULL, NULL,
    };
    GSource *source;
    oxp_glib *watch;
    oxp_status status;
    if (out == NULL)
        return OXP_ERR_ARG;
    *out = NULL;
    source = g_source_new(&functions, sizeof *watch);
    watch = (oxp_glib *)source;
    status = oxp_dispatch_init(&watch->dispatch, client, on_completion, on_failure, user_data);
    if (status == OXP_OK) {
        g_source_set_name(source, "oxipipe");
        watch->readable = g_source_add_unix_fd(source, oxp_async_fd(client), G_IO_IN);
        g_source_attach(source, context);
        *out = watch;
    } else {
        g_source_unref(source);
    }
    return status;
}

#endif /* OXIPIPE_ADAPTERS_GLIB_H */
