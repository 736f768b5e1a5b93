/*
 * oxipipe on a libuv loop.
 *
 *     oxp_libuv *watch;
 *     oxp_libuv_attach(loop, client, on_completion, on_failure, my_data, &watch);
 *     oxp_async_submit(client, args, argc, token, NULL);
 *     uv_run(loop, UV_RUN_DEFAULT);       (on_completion is called from in here)
 *
 * Ownership   The client stays its owner's, and has to stay alive until it is detached. An attached client keeps uv_run from
 *             returning, as every open handle does; detach it, or uv_unref its poll handle.
 * Compiling   uv.h wants POSIX: with -std=c99, add -D_POSIX_C_SOURCE=200809L.
 * Threads     Those of the loop; see dispatch.h, also for what callbacks may do.
 */

#ifndef OXIPIPE_ADAPTERS_LIBUV_H
#define OXIPIPE_ADAPTERS_LIBUV_H

#include "dispatch.h"

#include <uv.h>

/* A client on a loop, from oxp_libuv_attach to oxp_libuv_detach. */
typedef struct oxp_libuv {
    oxp_dispatch dispatch;
    uv_poll_t poll;
    uv_timer_t timer;
    uint64_t due; /* when the timer fires, by uv_now, if it is active */
    int open;     /* handles that libuv still knows */
} oxp_libuv;

static inline void oxp_libuv_closed_(uv_handle_t *handle) {
    oxp_libuv *watch = (oxp_libuv *)handle->data;
    if (--watch->open > 0)
        return;
    oxp_dispatch_release(&watch->dispatch);
    free(watch);
}

static inline void oxp_libuv_fired_(uv_timer_t *timer);

/* The timer is moved only when something is due earlier than it fires, and stopped when nothing is: deadlines that move
 * ahead with every command cost nothing, and an idle client is never woken. */
static inline void oxp_libuv_arm_(oxp_libuv *watch) {
    uint64_t wait = oxp_dispatch_timeout_ms(&watch->dispatch);
    uint64_t now = uv_now(watch->timer.loop);
    if (wait > UINT64_MAX - now) {
        uv_timer_stop(&watch->timer);
    } else if (!uv_is_active((uv_handle_t *)&watch->timer) || now + wait < watch->due) {
        watch->due = now + wait;
        uv_timer_start(&watch->timer, oxp_libuv_fired_, wait, 0);
    }
}

static inline void oxp_libuv_turn_(oxp_libuv *watch) {
    if (oxp_dispatch_turn(&watch->dispatch)) {
        oxp_libuv_arm_(watch);
    } else if (!watch->dispatch.detached) {
        uv_poll_stop(&watch->poll);
        uv_timer_stop(&watch->timer);
    }
}

static inline void oxp_libuv_fired_(uv_timer_t *timer) {
    oxp_libuv_turn_((oxp_libuv *)timer->data);
}

/* A descriptor that libuv finds in an error is the client's to look at, as one that is readable. */
static inline void oxp_libuv_readable_(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    oxp_libuv_turn_((oxp_libuv *)poll->data);
}

/* Takes a client off its loop: no callback comes any more, and the client may be freed at once, also from inside a callback.
 * What is outstanding stays so; the client may be attached again. The memory of `watch` is freed by the loop when it runs
 * next, as that of every closed handle. watch may be NULL. */
static inline void oxp_libuv_detach(oxp_libuv *watch) {
    if (watch == NULL || watch->dispatch.detached)
        return;
    watch->dispatch.detached = true;
    uv_close((uv_handle_t *)&watch->poll, oxp_libuv_closed_);
    uv_close((uv_handle_t *)&watch->timer, oxp_libuv_closed_);
}

/* Puts a client on a loop; on one only, and once.
 *
 * loop, client    borrowed until detached.
 * on_completion   called for each completion; see dispatch.h.
 * on_failure      called when the client cannot go on; may be NULL.
 * user_data       passed to both; may be NULL.
 * out             own: for oxp_libuv_detach; NULL if the call fails.
 *
 * Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_IO if libuv or the system has no room for it. */
static inline oxp_status oxp_libuv_attach(uv_loop_t *loop, oxp_async *client, oxp_completion_fn on_completion,
                                          oxp_failure_fn on_failure, void *user_data, oxp_libuv **out) {
    oxp_libuv *watch;
    oxp_status status;
    if (out == NULL)
        return OXP_ERR_ARG;
    *out = NULL;
    if (loop == NULL)
        return OXP_ERR_ARG;
    watch = (oxp_libuv *)calloc(1, sizeof *watch);
    if (watch == NULL)
        return OXP_ERR_IO;
    status = oxp_dispatch_init(&watch->dispatch, client, on_completion, on_failure, user_data);
    if (status == OXP_OK && uv_poll_init(loop, &watch->poll, oxp_async_fd(client)) != 0)
        status = OXP_ERR_IO;
    if (status != OXP_OK) {
        oxp_dispatch_release(&watch->dispatch);
        free(watch);
        return status;
    }
    uv_timer_init(loop, &watch->timer); /* cannot fail */
    watch->open = 2;
    watch->poll.data = watch;
    watch->timer.data = watch;
    if (uv_poll_start(&watch->poll, UV_READABLE, oxp_libuv_readable_) != 0) {
        oxp_libuv_detach(watch);
        return OXP_ERR_IO;
    }
    /* What was submitted before may be due already. */
    oxp_libuv_arm_(watch);
    *out = watch;
    return OXP_OK;
}

#endif /* OXIPIPE_ADAPTERS_LIBUV_H */
