/*
 * PipelineCore, the type under oxipipe.Pipeline and oxipipe.asyncio.Pipeline: one oxp_pipeline and
 * its commands' callbacks.
 */
#ifndef OXIPIPE_FAST_PIPELINE_H
#define OXIPIPE_FAST_PIPELINE_H

#include "state.h"

extern PyType_Spec PIPELINE_SPEC;

/* What a PipelineCore has gathered; borrowed. NULL if it was not opened. */
oxp_pipeline *pipeline_handle(PyObject *sent, size_t *commands);

/* The replies of the commands of `sent`, a PipelineCore whose commands were sent by an event loop:
 * a list. If one of them is an error, or if there are none because the transaction was not
 * executed, what `finish` makes of (sent, replies, index of the first error). `failure` is the
 * exception of a failed one, or NULL: it gets the replies that are there, and is raised. */
PyObject *pipeline_outcome(PyObject *sent, const oxp_completion *completion, PyObject *failure,
                           PyObject *finish);

#endif
