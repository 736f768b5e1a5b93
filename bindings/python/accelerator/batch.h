/*
 * PipelineCore, the type under all pipelines: one oxp_pipeline and its commands' callbacks. It
 * gathers commands and shapes their replies; whose connection they go over, it does not know.
 */
#ifndef OXIPIPE_FAST_PIPELINE_H
#define OXIPIPE_FAST_PIPELINE_H

#include "shape.h"

extern PyType_Spec PIPELINE_SPEC;

/* What a pipeline asks of the client, event loop's client or pool that it belongs to; each says
 * so of itself in FastState.owners. */
struct BatchOwner {
    /* -1 with an exception set unless it can have pipelines. */
    int (*check)(PyObject *owner);
    /* Lives as long as the owner. */
    const TextCodec *(*codec)(PyObject *owner);
    /* A pipeline of the library, which never sends while commands are added. */
    oxp_status (*open)(PyObject *owner, bool is_atomic, oxp_pipeline **out, oxp_error *error);
};

/* A SendNamed. */
PyObject *pipeline_send(PyObject *pipeline, PyObject *callback, const oxp_slice *name,
                        PyObject *const *args, Py_ssize_t count);

/* What a PipelineCore has gathered; borrowed. NULL with an exception set if it is none, or was not
 * opened. */
oxp_pipeline *pipeline_handle(const FastState *state, PyObject *sent, size_t *commands);

/* What shapes its replies; lives as long as `sent`. */
const CallbackLog *pipeline_callbacks(PyObject *sent);

/* The replies of the commands of `sent`, a PipelineCore whose commands were sent by an event loop:
 * a list. If one of them is an error, or if there are none because the transaction was not
 * executed, what `finish` makes of (sent, replies, index of the first error). `failure` is the
 * exception of a failed one, or NULL: it gets the replies that are there, and is raised. */
PyObject *pipeline_outcome(PyObject *sent, const oxp_completion *completion, PyObject *failure,
                           PyObject *finish);

#endif
