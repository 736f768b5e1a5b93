/*
 * BindingCore: what a client of oxipipe.asyncio has in one event loop. One oxp_async, and the
 * futures that its replies go to.
 *
 * All of it runs in the thread of its loop, but for the end: a loop that is closed, or collected,
 * takes its bindings with it from whichever thread that happens in.
 */
#ifndef OXIPIPE_FAST_BINDING_H
#define OXIPIPE_FAST_BINDING_H

#include "call.h"
#include "named.h"
#include "loop/calls.h"
#include "loop/settle.h"

/* The client: see loop/client.h, which has the functions. */
typedef struct {
    Core core;
    PyObject *module; /* own; keeps `state` alive */
    const FastState *state;
    oxp_options *options; /* NULL until _open() */
    struct BindingCore *binding; /* own: of the loop that used the client last; NULL */
    TextCodec codec;
    size_t closings; /* how often */
    bool is_lease;
    bool closed; /* and not used since */
} AsyncCore;

typedef struct BindingCore {
    PyObject_HEAD
    PyObject *module; /* own; keeps `state` alive */
    const FastState *state;
    PyObject *loop;           /* own; NULL before _open() and after _release() */
    PyObject *create_future;  /* own: the loop's method, or ... */
    PyObject *future_options; /* own: {"loop": loop} if that method only makes an asyncio.Future */
    oxp_async *handle;        /* NULL when loop is */
    oxp_completions *batch;
    const oxp_completion *completions; /* those of the batch ... */
    size_t count;
    size_t resolved; /* ... of which so many have been seen to */
    TextCodec codec; /* the client's; it may be gone before its last reply is here */
    CallTable calls;
    ErrorSlot errors;
    uint64_t timer_due; /* when the loop's timer will run, on this file's clock; 0: there is none */
    bool is_up;         /* the last reply was one: what is submitted now leaves at once */
    bool resolving;     /* futures get their results from `batch`, further up */
    bool reading;       /* ... and it is just being read */
    bool listens;       /* somebody waits for events: _hear() is called after each turn */
    Resumption resumption;
    bool orphaned;      /* the client is gone: ends with its last call */
} BindingCore;

/* Queues a command; the future of its reply. `name` is NULL if it is the first of `args`. */
PyObject *binding_submit(BindingCore *self, PyObject *callback, const oxp_slice *name,
                         PyObject *const *args, Py_ssize_t count);

extern PyType_Spec BINDING_SPEC;

#endif
