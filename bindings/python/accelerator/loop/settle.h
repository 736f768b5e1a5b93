/*
 * Giving a future its result, and the task that waits for it its turn.
 *
 * A future of asyncio has its callbacks called by the loop's next turn, each through a handle of its own, and in a busy loop
 * that is the larger part of what a call costs. A task that waits for one future is resumed at once instead, in its own
 * context, where nobody can tell the difference: in a turn of its loop, with no task running. docs/adr/0021 has the figures.
 */
#ifndef OXIPIPE_FAST_SETTLE_H
#define OXIPIPE_FAST_SETTLE_H

#include "attempt.h"

/* Of one loop: whether tasks may be resumed, and where one is running that was. */
typedef struct {
    bool is_allowed;
    unsigned misses; /* how many futures in a row, in this turn, that no task waits for */
    PyCFunction task_wakeup; /* what a task waits with, once one was seen; NULL before */
    unsigned long thread;    /* that of the loop, while such a task runs; else 0 */
    unsigned long generation; /* call_fork_generation() of it */
} Resumption;

/* Whether this code is run by a task that was resumed: the loop is the running one of this thread. */
bool resumption_is_here(const Resumption *resumption);

/* Whether the future has its result, or is cancelled. */
bool future_is_settled(const FastState *state, PyObject *future);

/* Sets the result, or the exception if `failed`; of a cancelled future nothing. Runs any Python code. Nothing is raised: what
 * was goes to `interruption`. */
void future_settle(const FastState *state, Resumption *resumption, PyObject *future,
                   PyObject *result, bool failed, Interruption *interruption);

#endif
