/*
 * What a pool and its futures are, for the files that make them work: collect.c decides futures,
 * pool.c submits, future.c is what Python sees of a future.
 *
 * While a submission is with the library its token is the future's address, and the reference that
 * keeps it alive belongs to the pool's list of outstanding futures. Everything here is guarded by
 * the GIL.
 */
#ifndef OXIPIPE_FAST_POOL_CORE_H
#define OXIPIPE_FAST_POOL_CORE_H

#include "call.h"
#include "named.h"

typedef struct PoolCore PoolCore;
typedef struct FutureCore FutureCore;

typedef enum {
    FUTURE_NEW,         /* not (yet) accepted by the library */
    FUTURE_OUTSTANDING, /* with the library */
    FUTURE_PULLED,      /* decided, but those who watch it have to be told before anybody else */
    FUTURE_RAW,         /* done; `value` is a reply that `callback` has yet to shape */
    FUTURE_VALUE,       /* done; `value` is the result */
    FUTURE_EXCEPTION,   /* done; `value` is the exception */
    FUTURE_CANCELLED,   /* done */
} FutureState;

struct FutureCore {
    PyObject_HEAD
    PoolCore *pool; /* own; NULL once done */
    FutureCore *previous, *next; /* outstanding: in the order of submission; pulled: only next, until all is told */
    PyObject *callback;          /* own; shapes the reply when somebody asks for it; NULL for none */
    PyObject *sent;              /* own; the PipelineCore, if some of its replies are not to be decoded; NULL once done */
    PyObject *value;             /* own */
    PyObject *watch;             /* own; (condition, waiters, done callbacks) of concurrent.futures once somebody looks */
    PyObject *sink;              /* own; list that gets the future when it is done */
    uint64_t number;             /* counts the pool's submissions */
    size_t commands;             /* 1, or the length of a pipeline */
    unsigned long teller;        /* PULLED: ident of the thread that tells its watchers; 0 for none */
    uint8_t state;               /* FutureState */
    uint8_t becomes;             /* PULLED: the state to come */
    bool is_pipeline;            /* the reply is a list, with errors in place */
};

/* A future of `pool` that waits for submission, NULL with an exception set on failure. */
FutureCore *future_new(PoolCore *pool, PyObject *callback);
/* Decides the future: `value` (taken over, NULL for a cancelled one) and a state from RAW on. The future must not be
 * linked any more. Tells the sink; whoever waits has to be woken by the caller. */
void future_decide(FutureCore *future, FutureState state, PyObject *value);
/* Lets go of what was there. */
void reference_replace(PyObject **place, PyObject *value);

static inline bool future_is_done(const FutureCore *future)
{
    return future->state > FUTURE_PULLED;
}

typedef struct Waiter Waiter;

struct PoolCore {
    Core core;
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
    bool has_thread;         /* a thread of our own waits for those */
    FutureCore *publish_first, *publish_last; /* pulled futures whose watchers have not all been told */
};

#endif
