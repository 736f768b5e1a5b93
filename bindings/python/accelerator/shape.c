#include "shape.h"

#include "attempt.h"

/* Names are given as literals, so a program has a handful. A program that makes them up must not
 * make the cache grow for ever. */
enum { CACHED_NAMES = 4096 };

static PyObject *find_by_name(const FastState *state, PyObject *name);

PyObject *callback_find(const FastState *state, PyObject *const *args, Py_ssize_t count)
{
    if (count == 0)
        return Py_NewRef(Py_None);
    PyObject *found = find_by_name(state, args[0]);
    if (!found || (PyObject *)Py_TYPE(found) != state->by_words)
        return found;
    /* Its subcommand or its options tell. */
    PyObject *callback = NULL, *words = PyTuple_New(count);
    if (words) {
        for (Py_ssize_t i = 0; i < count; i++)
            PyTuple_SetItem(words, i, Py_NewRef(args[i]));
        callback = PyObject_Call(found, words, NULL);
        Py_DECREF(words);
    }
    Py_DECREF(found);
    return callback;
}

static PyObject *find_by_name(const FastState *state, PyObject *name)
{
    /* Other objects may be mutable, such as a bytearray, or no name at all. */
    if (!PyUnicode_Check(name) && !PyBytes_Check(name))
        return PyObject_CallFunctionObjArgs(state->resolve_callback, name, NULL);
    PyObject *callback = PyDict_GetItemWithError(state->callbacks, name);
    if (callback)
        return Py_NewRef(callback);
    if (PyErr_Occurred())
        return NULL;
    callback = PyObject_CallFunctionObjArgs(state->resolve_callback, name, NULL);
    if (!callback)
        return NULL;
    if (PyDict_Size(state->callbacks) >= CACHED_NAMES)
        PyDict_Clear(state->callbacks);
    if (PyDict_SetItem(state->callbacks, name, callback) < 0)
        Py_CLEAR(callback);
    return callback;
}

PyObject *callback_shape(const FastState *state, PyObject *callback, PyObject *reply)
{
    if (reply == state->queued_bytes || reply == state->queued_text)
        return Py_NewRef(reply);
    return PyObject_CallFunctionObjArgs(callback, reply, NULL);
}

int callback_log_reserve(CallbackLog *log)
{
    if (log->count < log->capacity)
        return 0;
    size_t capacity = log->capacity ? log->capacity * 2 : 16;
    PendingCallback *entries = PyMem_Realloc(log->entries, capacity * sizeof *entries);
    if (!entries) {
        PyErr_NoMemory();
        return -1;
    }
    log->entries = entries;
    log->capacity = capacity;
    return 0;
}

void callback_log_push(CallbackLog *log, const FastState *state, size_t index, PyObject *callback)
{
    log->undecoded += callback_wants_bytes(state, callback);
    log->entries[log->count++] = (PendingCallback){index, Py_NewRef(callback)};
}

void callback_log_clear(CallbackLog *log)
{
    /* Emptied first: dropping a callback can run code that uses the owner of the log. */
    CallbackLog old = *log;
    *log = (CallbackLog){0};
    while (old.count > 0)
        Py_DECREF(old.entries[--old.count].callback);
    PyMem_Free(old.entries);
}

int callback_log_visit(CallbackLog *log, visitproc visit, void *arg)
{
    for (size_t i = 0; i < log->count; i++)
        Py_VISIT(log->entries[i].callback);
    return 0;
}

int callback_log_apply(const CallbackLog *log, const FastState *state, PyObject *replies,
                       Py_ssize_t *first_error)
{
    size_t arrived = (size_t)PyList_Size(replies);
    for (size_t i = 0; i < log->count && log->entries[i].index < arrived; i++) {
        Py_ssize_t index = (Py_ssize_t)log->entries[i].index;
        PyObject *reply = PyList_GetItem(replies, index);
        if (PyExceptionInstance_Check(reply))
            continue;
        Py_INCREF(reply);
        PyObject *shaped = callback_shape(state, log->entries[i].callback, reply);
        Py_DECREF(reply);
        if (!shaped) {
            if (!PyErr_ExceptionMatches(PyExc_Exception))
                return -1;
            shaped = call_caught();
            if (*first_error < 0 || index < *first_error)
                *first_error = index;
        }
        PyList_SetItem(replies, index, shaped);
    }
    return 0;
}
