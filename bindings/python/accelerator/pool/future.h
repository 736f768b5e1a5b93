/*
 * FutureCore, the type under oxipipe.Future: the reply to one submission of a pool.
 *
 * While a submission is with the library its token is the future's address, and the reference that
 * keeps it alive belongs to the pool's list of outstanding futures. Everything here is guarded by
 * the GIL.
 */
#ifndef OXIPIPE_FAST_FUTURE_H
#define OXIPIPE_FAST_FUTURE_H

#include "state.h"

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
    FutureCore *previous, *next; /* outstanding: in the order of submission; pulled: only next, to be published */
    PyObject *callback;          /* own; shapes the reply when somebody asks for it; NULL for none */
    PyObject *value;             /* own */
    PyObject *watch;             /* own; (condition, waiters, done callbacks) of concurrent.futures once somebody looks */
    PyObject *sink;              /* own; list that gets the future when it is done */
    uint64_t number;             /* counts the pool's submissions */
    size_t commands;             /* 1, or the length of a pipeline */
    uint8_t state;               /* FutureState */
    uint8_t becomes;             /* PULLED: the state to come */
    bool is_pipeline;            /* the reply is a list, with errors in place */
};

/* A future of `pool` that waits for submission, NULL with an exception set on failure. */
FutureCore *future_new(PoolCore *pool, PyObject *callback);
/* Decides the future: `value` (taken over, NULL for a cancelled one) and a state from RAW on. The future must not be
 * linked any more. Tells the sink; whoever waits has to be woken by the caller. */
void future_decide(FutureCore *future, FutureState state, PyObject *value);
static inline bool future_is_done(const FutureCore *future)
{
    return future->state > FUTURE_PULLED;
}

extern PyType_Spec FUTURE_SPEC;

#endif
