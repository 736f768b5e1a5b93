/*
 * AsyncCore, the type under oxipipe.asyncio.Redis: the options of a client and the rules for its
 * text. What it says to the server goes through one BindingCore per event loop.
 */
#ifndef OXIPIPE_FAST_ASYNC_H
#define OXIPIPE_FAST_ASYNC_H

#include "batch.h"
#include "loop/binding.h"

/* -1 with an exception set if the client was not opened, or is a lease that was closed; any other
 * connects again. */
int async_check_open(const AsyncCore *self);

/* The binding of the running loop, a new reference; NULL with an exception set if no loop runs, or
 * as async_check_open() has it. */
BindingCore *async_binding(AsyncCore *self);

/* A SendNamed. */
PyObject *async_send(PyObject *client, PyObject *callback, const oxp_slice *name,
                     PyObject *const *args, Py_ssize_t count);

extern PyType_Spec ASYNC_SPEC;
extern const BatchOwner ASYNC_OWNER;

#endif
