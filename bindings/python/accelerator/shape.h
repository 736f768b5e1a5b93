/*
 * Reply callbacks: the functions that give a command's reply its Python shape.
 *
 * They are ordinary Python code, so they run only when the network part of a call is over.
 */
#ifndef OXIPIPE_FAST_CALLBACK_H
#define OXIPIPE_FAST_CALLBACK_H

#include "state.h"

/* The callback for a command; None for most. A new reference, NULL on failure. */
PyObject *callback_find(const FastState *state, PyObject *const *args, Py_ssize_t count);

/* Whether it is one for replies that nobody decodes. */
static inline bool callback_wants_bytes(const FastState *state, PyObject *callback)
{
    return callback && (PyObject *)Py_TYPE(callback) == state->undecoded;
}

/* What `callback` makes of a reply. QUEUED, which a lease gets between MULTI and EXEC in the place of a
 * reply, is no such reply and stays as it is. */
PyObject *callback_shape(const FastState *state, PyObject *callback, PyObject *reply);

/* The callbacks of a pipeline: only commands that have one take room. */
typedef struct {
    size_t index;
    PyObject *callback; /* own */
} PendingCallback;

typedef struct {
    PendingCallback *entries;
    size_t count;
    size_t capacity;
    size_t undecoded; /* how many are for replies that nobody decodes */
} CallbackLog;

/* Makes room for one more, so that the push after a successful add cannot fail. */
int callback_log_reserve(CallbackLog *log);
void callback_log_push(CallbackLog *log, const FastState *state, size_t index,
                       PyObject *callback);
void callback_log_clear(CallbackLog *log);
int callback_log_visit(CallbackLog *log, visitproc visit, void *arg);

/* Replaces the replies that have a callback. One that raises leaves its exception in that place.
 * `first_error` is moved to the front if such an error comes earlier. -1 if a callback raised
 * something that is not an Exception, such as KeyboardInterrupt. */
int callback_log_apply(const CallbackLog *log, const FastState *state, PyObject *replies,
                       Py_ssize_t *first_error);

#endif
