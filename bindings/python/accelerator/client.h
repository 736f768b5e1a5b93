/*
 * ClientCore, the type under oxipipe.Redis: one oxp_client and the rules for its text.
 */
#ifndef OXIPIPE_FAST_CLIENT_H
#define OXIPIPE_FAST_CLIENT_H

#include "batch.h"
#include "call.h"
#include "named.h"

typedef struct {
    Core core;
    PyObject *module; /* own; keeps `state` alive */
    const FastState *state;
    oxp_client *handle; /* NULL until _open() */
    TextCodec codec;
    ErrorSlot errors;
    bool is_lease;
} ClientCore;

/* -1 with an exception set unless the client was opened. */
int client_check_open(const ClientCore *client);

/* A SendNamed. */
PyObject *client_send(PyObject *client, PyObject *callback, const oxp_slice *name,
                      PyObject *const *args, Py_ssize_t count);

extern PyType_Spec CLIENT_SPEC;
extern const BatchOwner CLIENT_OWNER;

#endif
