/*
 * What connections have to tell besides replies, as Python objects.
 */
#ifndef OXIPIPE_FAST_EVENTS_H
#define OXIPIPE_FAST_EVENTS_H

#include "call.h"

/* The arguments of _next_events(): a deque and, where the call waits, milliseconds or None for ever. -1 with an exception
 * set. */
int events_arguments(uint64_t *timeout_ms, PyObject *const *args, Py_ssize_t count);

/* Ends a call that filled `batch`: appends a tuple per event (kind, data, connection, dropped, error) to `sink`, a deque, or
 * the exception that took the place of an event that could not be read. None, or NULL with the exception of the call, which
 * a signal handler may have raised although events came. Frees the batch. */
PyObject *events_finish(const FastState *state, const TextCodec *codec, oxp_status status,
                        oxp_events *batch, const oxp_error *error, PyObject *sink);

#endif
