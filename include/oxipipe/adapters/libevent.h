/*
 * oxipipe on a libevent base (libevent 2).
 *
 *     oxp_libevent *watch;
 *     oxp_libevent_attach(base, client, on_completion, on_failure, my_data, &watch);
 *     oxp_async_submit(client, args, argc, token, NULL);
 *     event_base_dispatch(base);          (on_completion is called from in here)
 *
 * Ownership   The client stays its owner's, and has to stay alive until it is detached; so has the base. An attached client
 *             keeps event_base_dispatch from returning, as every pending event does.
 * Threads     Those of the base; see dispatch.h, also for what callbacks may do.
 */

#ifndef OXIPIPE_ADAPTERS_LIBEVENT_H
#define OXIPIPE_ADAPTERS_LIBEVENT_H

#include "dispatch.h"

#include <event2/event.h>

/* A client on a base, from oxp_libevent_attach to oxp_libevent_detach. */
typedef struct oxp_libevent {
    oxp_dispatch dispatch;
    struct event_base *base;
    struct event *readable;
    struct event *timer;
} oxp_libevent;

static inline void oxp_libevent_free_(oxp_libevent *watch) {
    if (watch->readable != NULL)
        event_free(watch->readable);
    if (watch->timer != NULL)
        event_free(watch->timer);
    oxp_dispatch_release(&watch->dispatch);
    free(watch);
}

/* The timer is moved only when something is due earlier than it fires, and stopped when nothing is: deadlines that move
 * ahead with every command cost nothing, and an idle client is never woken. */
static inline void oxp_libevent_arm_(oxp_libevent *watch) {
    uint64_t wait_ms = oxp_dispatch_timeout_ms(&watch->dispatch);
    struct timeval wait, due, now;
    if (wait_ms == UINT64_MAX) {
        event_del(watch->timer);
        return;
    }
    if (wait_ms > 86400000) /* fits every struct timeval; waking once a day is no cost */
        wait_ms = 86400000;
    wait.tv_sec = (int)(wait_ms / 1000);
    wait.tv_usec = (int)(wait_ms % 1000 * 1000);
    if (event_pending(watch->timer, EV_TIMEOUT, &due) && event_base_gettimeofday_cached(watch->base, &now) == 0) {
        int64_t left_us = ((int64_t)due.tv_sec - now.tv_sec) * 1000000 + due.tv_usec - now.tv_usec;
        if (left_us <= (int64_t)wait_ms * 1000)
            return;
    }
    event_add(watch->timer, &wait);
}

/* Called for the descriptor and for the timer. */
static inline void oxp_libevent_ready_(evutil_socket_t fd, short events, void *data) {
    oxp_libevent *watch = (oxp_libevent *)data;
    (void)fd;
    (void)events;
    if (oxp_dispatch_turn(&watch->dispatch)) {
        oxp_libevent_arm_(watch);
    } else if (watch->dispatch.detached) {
        oxp_libevent_free_(watch);
    } else {
        event_del(watch->readable);
        event_del(watch->timer);
    }
}

/* Takes a client off its base: no callback comes any more, and the client may be freed at once, also from inside a callback.
 * What is outstanding stays so; the client may be attached again. watch may be NULL. */
static inline void oxp_libevent_detach(oxp_libevent *watch) {
    if (watch == NULL || watch->dispatch.detached)
        return;
    watch->dispatch.detached = true;
    event_del(watch->readable);
    event_del(watch->timer);
    if (!watch->dispatch.busy)
        oxp_libevent_free_(watch);
}

/* Puts a client on a base; on one only, and once.
 *
 * base, client    borrowed until detached.
 * on_completion   called for each completion; see dispatch.h.
 * on_failure      called when the client cannot go on; may be NULL.
 * user_data       passed to both; may be NULL.
 * out             own: for oxp_libevent_detach; NULL if the call fails.
 *
 * Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_IO if libevent or the system has no room for it. */
static inline oxp_status oxp_libevent_attach(struct event_base *base, oxp_async *client, oxp_completion_fn on_completion,
                                             oxp_failure_fn on_failure, void *user_data, oxp_libevent **out) {
    oxp_libevent *watch;
    oxp_status status;
    if (out == NULL)
        return OXP_ERR_ARG;
    *out = NULL;
    if (base == NULL)
        return OXP_ERR_ARG;
    watch = (oxp_libevent *)calloc(1, sizeof *watch);
    if (watch == NULL)
        return OXP_ERR_IO;
    watch->base = base;
    status = oxp_dispatch_init(&watch->dispatch, client, on_completion, on_failure, user_data);
    if (status == OXP_OK) {
        watch->readable = event_new(base, oxp_async_fd(client), EV_READ | EV_PERSIST, oxp_libevent_ready_, watch);
        watch->timer = event_new(base, -1, 0, oxp_libevent_ready_, watch);
        if (watch->readable == NULL || watch->timer == NULL || event_add(watch->readable, NULL) != 0)
            status = OXP_ERR_IO;
    }
    if (status != OXP_OK) {
        oxp_libevent_free_(watch);
        return status;
    }
    /* What was submitted before may be due already. */
    oxp_libevent_arm_(watch);
    *out = watch;
    return OXP_OK;
}

#endif /* OXIPIPE_ADAPTERS_LIBEVENT_H */
