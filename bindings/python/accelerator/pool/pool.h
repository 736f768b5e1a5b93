/*
 * PoolCore, the type under oxipipe.Pool: one oxp_pool, and the futures of what it has outstanding.
 *
 * The futures hold the pool and the pool's list holds them, so a pool lives until everything is
 * answered or the garbage collector finds that nobody can ask any more. All fields are guarded by
 * the GIL; the library is entered with it only where it does not wait.
 */
#ifndef OXIPIPE_FAST_POOL_H
#define OXIPIPE_FAST_POOL_H

#include "batch.h"
#include "call.h"
#include "pool/future.h"

typedef struct Waiter Waiter;

struct PoolCore {
    PyObject_HEAD
    PyObject *module; /* own; keeps `state` alive */
    const FastState *state;
    oxp_pool *handle;     /* NULL until _open() */
    unsigned long generation; /* call_fork_generation() of the process that submitted what is outstanding */
    int64_t submit_ns;        /* how long a submission waits for room; INT64_MAX: as long as it takes */
    TextCodec codec;
    ErrorSlot errors;
    bool is_closed;

    FutureCore *first, *last; /* outstanding, in the order of submission */
    size_t outstanding;
    uint64_t submissions; /* ever made; the next one's number */

    /* Since the last flush. */
    uint64_t succeeded;
    uint64_t failed;
    PyObject *first_failure; /* own; an exception */

    /* Of _fast_collect.c. */
    oxp_completions *batch;
    unsigned long collector; /* ident of the thread that pulls; 0 for none */
    Waiter *waiters;         /* threads that wait for others to pull, in the order of arrival */
    uint64_t pulls;          /* ever made */
    uint32_t unpulled;       /* submissions since the last look for completions */
    size_t observed;         /* outstanding futures that somebody watches without asking us */
    size_t untold;           /* pulled futures whose watchers have not all been told */
    bool has_thread;         /* a thread of our own waits for those */
    FutureCore *publish_first, *publish_last; /* pulled futures, whose watchers are to be told */
};

/* -1 with an exception set unless the pool was opened. In a forked child, forgets what the parent did. */
int pool_enter(PoolCore *pool);
/* 1: taken back, 0: too late, -1 with an exception set. */
int pool_cancel(PoolCore *pool, FutureCore *future);

extern PyType_Spec POOL_SPEC;
extern const BatchOwner POOL_OWNER;

#endif
