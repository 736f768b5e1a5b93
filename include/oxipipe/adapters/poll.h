/*
 * oxipipe for programs without an event loop: a small one, with poll(2), for any number of clients.
 *
 *     oxp_poll *loop;
 *     oxp_poll_client *watch;
 *     oxp_poll_new(&loop);
 *     oxp_poll_attach(loop, client, on_completion, on_failure, my_data, &watch);
 *     oxp_async_submit(client, args, argc, token, NULL);
 *     oxp_poll_run(loop);                 (on_completion is called from in here)
 *
 * A program that polls other descriptors as well has a loop of its own, and needs little of this: docs/async-c.md shows it.
 *
 * Ownership   Clients stay their owners', and have to stay alive until they are detached or the loop is freed.
 * Threads     A loop and what is attached to it: any thread, one at a time; see dispatch.h, also for what callbacks may do.
 */

#ifndef OXIPIPE_ADAPTERS_POLL_H
#define OXIPIPE_ADAPTERS_POLL_H

#include "dispatch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

/* A client on a loop, from oxp_poll_attach to oxp_poll_detach. */
typedef struct oxp_poll_client {
    oxp_dispatch dispatch;
    struct oxp_poll *loop;
    bool failed; /* not watched any more */
} oxp_poll_client;

/* The loop: fds[i] is what poll is told of clients[i]. */
typedef struct oxp_poll {
    oxp_poll_client **clients;
    struct pollfd *fds;
    size_t count;
    size_t capacity;
    bool running; /* clients that are detached meanwhile are removed at its end */
    bool stopped;
} oxp_poll;

/* Makes an empty loop. out: own, for oxp_poll_free; NULL if the call fails. Returns OXP_OK, OXP_ERR_ARG for a NULL, OXP_ERR_IO
 * without memory. */
static inline oxp_status oxp_poll_new(oxp_poll **out) {
    if (out == NULL)
        return OXP_ERR_ARG;
    *out = (oxp_poll *)calloc(1, sizeof **out);
    return *out == NULL ? OXP_ERR_IO : OXP_OK;
}

static inline void oxp_poll_free_client_(oxp_poll_client *watch) {
    oxp_dispatch_release(&watch->dispatch);
    free(watch);
}

/* Frees a loop and detaches the clients that are still there; not from inside a callback. loop may be NULL. */
static inline void oxp_poll_free(oxp_poll *loop) {
    size_t i;
    if (loop == NULL)
        return;
    for (i = 0; i < loop->count; i++)
        oxp_poll_free_client_(loop->clients[i]);
    free(loop->clients);
    free(loop->fds);
    free(loop);
}

/* Removes those that were detached. */
static inline void oxp_poll_sweep_(oxp_poll *loop) {
    size_t kept = 0, i;
    for (i = 0; i < loop->count; i++) {
        if (loop->clients[i]->dispatch.detached) {
            oxp_poll_free_client_(loop->clients[i]);
        } else {
            loop->fds[kept] = loop->fds[i];
            loop->clients[kept++] = loop->clients[i];
        }
    }
    loop->count = kept;
}

/* Takes a client off its loop: no callback comes any more, and the client may be freed at once, also from inside a callback.
 * What is outstanding stays so; the client may be attached again. watch may be NULL. */
static inline void oxp_poll_detach(oxp_poll_client *watch) {
    if (watch == NULL)
        return;
    watch->dispatch.detached = true;
    if (!watch->loop->running)
        oxp_poll_sweep_(watch->loop);
}

static inline bool oxp_poll_grow_(oxp_poll *loop) {
    size_t capacity = loop->capacity == 0 ? 8 : 2 * loop->capacity;
    struct pollfd *fds;
    oxp_poll_client **clients;
    if (loop->count < loop->capacity)
        return true;
    fds = (struct pollfd *)realloc(loop->fds, capacity * sizeof *fds);
    if (fds == NULL)
        return false;
    loop->fds = fds;
    clients = (oxp_poll_client **)realloc(loop->clients, capacity * sizeof *clients);
    if (clients == NULL)
        return false;
    loop->clients = clients;
    loop->capacity = capacity;
    return true;
}

/* Puts a client on a loop; on one only, and once. May be called from inside a callback.
 *
 * loop, client    borrowed until detached.
 * on_completion   called for each completion; see dispatch.h.
 * on_failure      called when the client cannot go on; may be NULL.
 * user_data       passed to both; may be NULL.
 * out             own: for oxp_poll_detach, but oxp_poll_free frees it as well; NULL if the call fails.
 *
 * Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_IO without memory. */
static inline oxp_status oxp_poll_attach(oxp_poll *loop, oxp_async *client, oxp_completion_fn on_completion,
                                         oxp_failure_fn on_failure, void *user_data, oxp_poll_client **out) {
    oxp_poll_client *watch;
    oxp_status status;
    if (out == NULL)
        return OXP_ERR_ARG;
    *out = NULL;
    if (loop == NULL)
        return OXP_ERR_ARG;
    watch = (oxp_poll_client *)calloc(1, sizeof *watch);
    if (watch == NULL)
        return OXP_ERR_IO;
    watch->loop = loop;
    status = oxp_dispatch_init(&watch->dispatch, client, on_completion, on_failure, user_data);
    if (status == OXP_OK && !oxp_poll_grow_(loop))
        status = OXP_ERR_IO;
    if (status != OXP_OK) {
        oxp_poll_free_client_(watch);
        return status;
    }
    loop->fds[loop->count].fd = oxp_async_fd(client);
    loop->fds[loop->count].events = POLLIN;
    loop->fds[loop->count].revents = 0;
    loop->clients[loop->count++] = watch;
    *out = watch;
    return OXP_OK;
}

/* Milliseconds until the first client is due, at most `limit`; for poll, whose -1 is UINT64_MAX here. */
static inline int oxp_poll_timeout_(const oxp_poll *loop, uint64_t limit) {
    size_t i;
    for (i = 0; i < loop->count; i++) {
        uint64_t wait = loop->clients[i]->failed ? UINT64_MAX : oxp_dispatch_timeout_ms(&loop->clients[i]->dispatch);
        if (wait < limit)
            limit = wait;
    }
    return limit == UINT64_MAX ? -1 : limit > INT_MAX ? INT_MAX : (int)limit;
}

/* Waits until something happens on a client, then makes its callbacks.
 *
 * timeout_ms   how long to wait at most; 0: not at all, UINT64_MAX: without a limit.
 *
 * Returns OXP_OK, also after the timeout or a signal; OXP_ERR_IO if poll fails (see errno); OXP_ERR_ARG for a NULL;
 * OXP_ERR_BUSY from inside a callback. */
static inline oxp_status oxp_poll_once(oxp_poll *loop, uint64_t timeout_ms) {
    size_t count, i;
    if (loop == NULL)
        return OXP_ERR_ARG;
    if (loop->running)
        return OXP_ERR_BUSY;
    if (poll(loop->fds, (nfds_t)loop->count, oxp_poll_timeout_(loop, timeout_ms)) < 0)
        return errno == EINTR ? OXP_OK : OXP_ERR_IO;
    loop->running = true;
    /* Callbacks may attach clients, and so move the arrays; those have their turn next time. */
    count = loop->count;
    for (i = 0; i < count; i++) {
        oxp_poll_client *watch = loop->clients[i];
        if (watch->dispatch.detached || watch->failed)
            continue;
        if (loop->fds[i].revents == 0 && oxp_async_timeout_ns(watch->dispatch.client) > 0)
            continue;
        if (!oxp_dispatch_turn(&watch->dispatch)) {
            watch->failed = true;
            loop->fds[i].fd = -1; /* poll passes over it */
        }
    }
    loop->running = false;
    oxp_poll_sweep_(loop);
    return OXP_OK;
}

/* Makes oxp_poll_run return, once all callbacks of this turn were made; or at once when it is called next. */
static inline void oxp_poll_stop(oxp_poll *loop) {
    loop->stopped = true;
}

/* Runs until oxp_poll_stop is called or no client is attached that could still do anything. Returns as oxp_poll_once. */
static inline oxp_status oxp_poll_run(oxp_poll *loop) {
    oxp_status status = loop == NULL ? OXP_ERR_ARG : OXP_OK;
    while (status == OXP_OK && !loop->stopped) {
        size_t i = 0;
        while (i < loop->count && loop->clients[i]->failed)
            i++;
        if (i == loop->count)
            break;
        status = oxp_poll_once(loop, UINT64_MAX);
    }
    if (loop != NULL)
        loop->stopped = false;
    return status;
}

#endif /* OXIPIPE_ADAPTERS_POLL_H */
