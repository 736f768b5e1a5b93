#include "pool/core.h"

static int load_python_class(FastState *state);

FutureCore *future_new(PoolCore *pool, PyObject *callback)
{
    FastState *state = (FastState *)pool->state;
    if (!state->new_future && load_python_class(state) < 0)
        return NULL;
    FutureCore *self = (FutureCore *)state->new_future((PyTypeObject *)state->future_class, 0);
    if (!self)
        return NULL;
    self->pool = (PoolCore *)Py_NewRef((PyObject *)pool);
    self->callback = callback == Py_None ? NULL : Py_NewRef(callback);
    self->commands = 1;
    return self;
}

void future_decide(FutureCore *self, FutureState state, PyObject *value)
{
    self->value = value;
    if (state == FUTURE_RAW && !self->callback)
        state = FUTURE_VALUE;
    self->state = (uint8_t)state;
    Py_CLEAR(self->pool);
    Py_CLEAR(self->sent);
    if (self->sink) {
        PyObject *sink = self->sink;
        self->sink = NULL;
        if (PyList_Append(sink, (PyObject *)self) < 0)
            PyErr_WriteUnraisable((PyObject *)self);
        Py_DECREF(sink);
    }
}

/* concurrent.futures costs more to import than all of this package, so that waits for the first future. */
static int load_python_class(FastState *state)
{
    PyObject *loaded = PyObject_CallFunctionObjArgs(state->load_futures, NULL);
    PyObject *class, *cancelled, *timed_out;
    if (!loaded || !PyArg_ParseTuple(loaded, "OOO", &class, &cancelled, &timed_out)) {
        Py_XDECREF(loaded);
        return -1;
    }
    reference_replace(&state->future_class, Py_NewRef(class));
    reference_replace(&state->cancelled_error, Py_NewRef(cancelled));
    reference_replace(&state->timeout_error, Py_NewRef(timed_out));
    Py_DECREF(loaded);
    state->new_future = (allocfunc)PyType_GetSlot((PyTypeObject *)class, Py_tp_alloc);
    return 0;
}

void reference_replace(PyObject **place, PyObject *value)
{
    PyObject *old = *place;
    *place = value;
    Py_XDECREF(old);
}
