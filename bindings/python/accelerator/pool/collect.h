/*
 * Pulling completions: replies stay in the library until a thread wants one.
 *
 * A thread that waits becomes the collector if there is none: it pulls batches without the GIL,
 * decides every future in them, wakes the threads whose futures are done, and when its own is, the
 * next waiting thread takes over. There is no thread of our own and no hand-over of the GIL per
 * reply. Only futures that are watched through concurrent.futures' means (callbacks, wait(),
 * as_completed()) need a thread, and have one while they are outstanding.
 */
#ifndef OXIPIPE_FAST_COLLECT_H
#define OXIPIPE_FAST_COLLECT_H

#include "pool/core.h"

/* Nanoseconds of CLOCK_MONOTONIC; INT64_MAX for never. */
typedef int64_t Deadline;

typedef enum {
    GOAL_FUTURE,   /* `future` is done */
    GOAL_BARRIER,  /* submissions before `number` are answered */
    GOAL_PROGRESS, /* something was pulled since `number` pulls */
    GOAL_SINK,     /* `sink` has something */
    GOAL_OBSERVED, /* no future is watched */
} GoalKind;

typedef struct {
    GoalKind kind;
    FutureCore *future;
    uint64_t number;
    PyObject *sink;
} Goal;

/* 1: reached, 0: the time ran out, -1 with an exception set. Releases the GIL. */
int collect_until(PoolCore *pool, const Goal *goal, Deadline deadline);
/* Takes what is there, unless somebody else is about to; does not wait. */
int collect_now(PoolCore *pool);
/* A future of the pool is being watched, and counted in `observed`: sees to it that somebody pulls. */
int collect_observe(PoolCore *pool);
/* Wakes the waiting threads that have something to do. */
void collect_wake(PoolCore *pool);
/* A future is about to be decided: takes it off the list of outstanding ones, whose reference goes to the caller. */
void collect_unlink(PoolCore *pool, FutureCore *future);
/* Decides an unlinked future and lets go of the list's reference; its watchers are told first, by collect_publish(). */
void collect_decide(PoolCore *pool, FutureCore *future, FutureState state, PyObject *value);
/* Tells the watchers of decided futures. Runs their callbacks. What they raise, beyond Exception, ends it for now; the rest is told
 * by whoever comes next. */
int collect_publish(PoolCore *pool);
/* In a forked child: whoever waited is gone. */
void collect_forget_threads(PoolCore *pool);

/* Reads the only argument, `timeout` in seconds or None. */
int deadline_from_args(Deadline *deadline, PyObject *const *args, Py_ssize_t count,
                       PyObject *names);
Deadline deadline_in(int64_t nanoseconds);

#endif
