/*
 * What the adapters of this directory have in common: one turn of a client, and the callbacks it makes. Programs include
 * poll.h, libuv.h, libevent.h or glib.h; who writes an adapter for another loop starts here.
 *
 * Every adapter needs the same three things of its loop: to be told when oxp_async_fd is readable, to be told when
 * oxp_async_timeout_ns has passed, and nothing else. Each time, it calls oxp_dispatch_turn.
 *
 * Threads     A client and everything attached to it belong to the thread that runs the loop. Other threads hand their work
 *             to that thread by the loop's own means (uv_async_send, event_active, g_main_context_invoke), or use an
 *             oxp_pool.
 * Callbacks   Run on that thread, one at a time, with nothing locked. They may submit and cancel commands, close the
 *             client, and detach it; after detaching they may free it. They must not call oxp_async_process, oxp_async_next
 *             or oxp_async_next_events, nor leave by longjmp or a C++ exception.
 */

#ifndef OXIPIPE_ADAPTERS_DISPATCH_H
#define OXIPIPE_ADAPTERS_DISPATCH_H

#include "../oxipipe.h"

#include <stdlib.h>

/* Receives one completion.
 *
 * user_data    what was attached.
 * completion   the token that was submitted, and what came of it; borrowed until the callback returns.
 * batch        where it came from, for oxp_completions_reply and oxp_completions_error; borrowed likewise.
 * index        its place in the batch. Those behind it follow at completion + 1; who detaches now will not be called for
 *              them, but may look at them here. */
typedef void (*oxp_completion_fn)(void *user_data, const oxp_completion *completion, const oxp_completions *batch,
                                  size_t index);

/* Told that oxp_async_process or oxp_async_next failed. A server that is not there is no such failure: that is told to each
 * command, in its completion. This is the end of the client: it is not watched any more, and all that is left to do is to
 * detach and free it, here or later.
 *
 * user_data   what was attached.
 * status      OXP_ERR_*.
 * err         the detail; borrowed until the callback returns. */
typedef void (*oxp_failure_fn)(void *user_data, oxp_status status, const oxp_error *err);

/* Receives one event: a message of a subscription on a lease, a connection made or lost, and so on.
 *
 * user_data   what was attached.
 * event       what happened; borrowed until the callback returns.
 * batch       where it came from, for oxp_events_reply and oxp_events_error; borrowed likewise.
 * index       its place in the batch. */
typedef void (*oxp_event_fn)(void *user_data, const oxp_event *event, const oxp_events *batch, size_t index);

/* A client on a loop; part of every adapter's own type. */
typedef struct oxp_dispatch {
    oxp_async *client; /* borrowed until detached */
    oxp_completions *batch;
    oxp_error *error;
    oxp_completion_fn on_completion;
    oxp_failure_fn on_failure;
    oxp_event_fn on_event; /* NULL: events stay where they are */
    oxp_events *events;
    void *user_data;
    bool busy;     /* a callback is running, so the batch is in use */
    bool detached; /* no more callbacks, and the client may be gone */
} oxp_dispatch;

/* Prepares a zeroed one. on_failure may be NULL. Returns OXP_OK or OXP_ERR_ARG; oxp_dispatch_release in either case. */
static inline oxp_status oxp_dispatch_init(oxp_dispatch *dispatch, oxp_async *client, oxp_completion_fn on_completion,
                                           oxp_failure_fn on_failure, void *user_data) {
    oxp_status status;
    if (client == NULL || on_completion == NULL)
        return OXP_ERR_ARG;
    dispatch->client = client;
    dispatch->on_completion = on_completion;
    dispatch->on_failure = on_failure;
    dispatch->user_data = user_data;
    status = oxp_completions_new(&dispatch->batch);
    return status == OXP_OK ? oxp_error_new(&dispatch->error) : status;
}

/* Has a function called for each event from now on, after the completions of the same turn; NULL: none any more. The dispatch of
 * a client that is attached is a member of its watch: oxp_dispatch_on_event(&watch->dispatch, on_event). Returns OXP_OK;
 * OXP_ERR_ARG for a NULL dispatch. */
static inline oxp_status oxp_dispatch_on_event(oxp_dispatch *dispatch, oxp_event_fn on_event) {
    if (dispatch == NULL)
        return OXP_ERR_ARG;
    dispatch->on_event = on_event;
    return dispatch->events != NULL ? OXP_OK : oxp_events_new(&dispatch->events);
}

/* Frees what it holds; not the client. */
static inline void oxp_dispatch_release(oxp_dispatch *dispatch) {
    oxp_completions_free(dispatch->batch);
    oxp_events_free(dispatch->events);
    oxp_error_free(dispatch->error);
}

/* Hands out the events that have come. */
static inline void oxp_dispatch_events_(oxp_dispatch *dispatch) {
    const oxp_event *list;
    size_t count = 0, i;
    /* Where the client cannot go on, the completions and the failure say so. */
    if (dispatch->detached || dispatch->on_event == NULL
        || oxp_async_next_events(dispatch->client, dispatch->events, &count, NULL) != OXP_OK)
        return;
    count = oxp_events_list(dispatch->events, &list);
    for (i = 0; i < count && !dispatch->detached && dispatch->on_event != NULL; i++)
        dispatch->on_event(dispatch->user_data, &list[i], dispatch->events, i);
}

/* One turn: lets the client read, write and look at the clock, then hands out what has completed. Returns whether to go on
 * watching; if not, the client was detached or has failed. */
static inline bool oxp_dispatch_turn(oxp_dispatch *dispatch) {
    const oxp_completion *list;
    size_t count = 0, i;
    oxp_status status = oxp_async_process(dispatch->client, dispatch->error);
    /* What completed before a failure is there all the same. */
    oxp_status taken = oxp_async_next(dispatch->client, dispatch->batch, &count, status < 0 ? NULL : dispatch->error);
    if (status >= 0)
        status = taken;
    if (taken >= 0)
        count = oxp_completions_list(dispatch->batch, &list);

    dispatch->busy = true;
    for (i = 0; i < count && !dispatch->detached; i++)
        dispatch->on_completion(dispatch->user_data, &list[i], dispatch->batch, i);
    oxp_dispatch_events_(dispatch);
    /* Another thread was inside, where none should be: the descriptor still has something to say, so a turn comes again. */
    if (status == OXP_ERR_BUSY)
        status = OXP_OK;
    if (status < 0 && !dispatch->detached && dispatch->on_failure != NULL)
        dispatch->on_failure(dispatch->user_data, status, dispatch->error);
    dispatch->busy = false;
    return status >= 0 && !dispatch->detached;
}

/* Milliseconds until a turn is due even if the descriptor is silent, rounded up: a turn that comes too early has nothing to
 * do and would be followed by another one. UINT64_MAX: never, which is what an idle client says. */
static inline uint64_t oxp_dispatch_timeout_ms(const oxp_dispatch *dispatch) {
    uint64_t ns = oxp_async_timeout_ns(dispatch->client);
    return ns == UINT64_MAX ? UINT64_MAX : ns / 1000000 + (ns % 1000000 != 0);
}

#endif /* OXIPIPE_ADAPTERS_DISPATCH_H */
