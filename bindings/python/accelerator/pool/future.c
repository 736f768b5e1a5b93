#include "pool/future.h"

#include "call.h"
#include "shape.h"
#include "pool/collect.h"
#include "pool/pool.h"

static int wait_until_done(FutureCore *self, PyObject *const *args, Py_ssize_t count,
                           PyObject *names);
static int shape(FutureCore *self);

static PyObject *future_result(FutureCore *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *names)
{
    if (wait_until_done(self, args, count, names) < 0 || shape(self) < 0)
        return NULL;
    if (self->state == FUTURE_VALUE)
        return Py_NewRef(self->value);
    PyErr_SetObject((PyObject *)Py_TYPE(self->value), self->value);
    return NULL;
}

static PyObject *future_exception(FutureCore *self, PyObject *const *args, Py_ssize_t count,
                                  PyObject *names)
{
    if (wait_until_done(self, args, count, names) < 0 || shape(self) < 0)
        return NULL;
    if (self->state == FUTURE_CANCELLED) {
        PyErr_SetObject((PyObject *)Py_TYPE(self->value), self->value);
        return NULL;
    }
    return Py_NewRef(self->state == FUTURE_EXCEPTION ? self->value : Py_None);
}

static PyObject *future_done(FutureCore *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(future_is_done(self));
}

static PyObject *future_cancelled(FutureCore *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(self->state == FUTURE_CANCELLED);
}

static PyObject *future_cancel(FutureCore *self, PyObject *unused)
{
    (void)unused;
    if (self->state != FUTURE_OUTSTANDING)
        return PyBool_FromLong(self->state == FUTURE_CANCELLED);
    PoolCore *pool = (PoolCore *)Py_NewRef((PyObject *)self->pool);
    int cancelled = pool_cancel(pool, self);
    Py_DECREF((PyObject *)pool);
    return cancelled < 0 ? NULL : PyBool_FromLong(cancelled);
}

/* What concurrent.futures reaches for, to wait for futures without asking them. */
static PyObject *future_watch(FutureCore *self, PyObject *unused)
{
    (void)unused;
    /* Of its own: in a forked child the pool lets go of the future, and the future of the pool. */
    PoolCore *pool = (PoolCore *)Py_XNewRef((PyObject *)self->pool);
    int status = pool ? pool_enter(pool) : 0;
    if (status == 0 && !self->watch) {
        PyObject *watch = PyObject_CallMethod((PyObject *)self, "_new_watch", NULL);
        if (!watch) {
            status = -1;
        } else if (self->watch) {
            Py_DECREF(watch); /* another thread was faster */
        } else {
            self->watch = watch;
            if (self->state == FUTURE_OUTSTANDING)
                pool->observed++;
        }
    }
    /* Each time, in case that a signal handler raised while the thread was started. */
    if (status == 0 && self->state == FUTURE_OUTSTANDING)
        status = collect_observe(pool);
    Py_XDECREF((PyObject *)pool);
    return status < 0 ? NULL : Py_NewRef(self->watch);
}

/* From PULLED to what it becomes; called with the condition held, so that concurrent.futures sees this and the
 * notifications as one. */
static PyObject *future_settle(FutureCore *self, PyObject *unused)
{
    (void)unused;
    if (self->state == FUTURE_PULLED) {
        PoolCore *pool = (PoolCore *)Py_NewRef((PyObject *)self->pool);
        PyObject *value = self->value;
        self->value = NULL;
        future_decide(self, self->becomes, value);
        collect_wake(pool);
        Py_DECREF((PyObject *)pool);
    }
    if (shape(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* Has the future put into `sink`, a list, when it is done; at once if it is. */
static PyObject *future_deliver_to(FutureCore *self, PyObject *sink)
{
    if (!PyList_Check(sink)) {
        PyErr_SetString(PyExc_TypeError, "_deliver_to() takes a list");
        return NULL;
    }
    if (future_is_done(self))
        return PyList_Append(sink, (PyObject *)self) < 0 ? NULL : Py_NewRef(Py_None);
    reference_replace(&self->sink, Py_NewRef(sink));
    Py_RETURN_NONE;
}

static PyObject *future_pool(FutureCore *self, void *unused)
{
    (void)unused;
    return Py_NewRef(self->pool ? (PyObject *)self->pool : Py_None);
}

static int wait_until_done(FutureCore *self, PyObject *const *args, Py_ssize_t count,
                           PyObject *names)
{
    Deadline deadline;
    if (deadline_from_args(&deadline, args, count, names) < 0)
        return -1;
    if (future_is_done(self))
        return 0;
    if (!self->pool) {
        PyErr_SetString(PyExc_RuntimeError, "the future was not submitted");
        return -1;
    }
    PoolCore *pool = (PoolCore *)Py_NewRef((PyObject *)self->pool);
    int reached = pool_enter(pool);
    if (reached == 0)
        reached = collect_until(pool, &(Goal){.kind = GOAL_FUTURE, .future = self}, deadline);
    if (reached == 0) {
        PyObject *error = PyObject_CallFunctionObjArgs(pool->state->timeout_error, NULL);
        if (error)
            PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_XDECREF(error);
    }
    Py_DECREF((PyObject *)pool);
    return reached > 0 ? 0 : -1;
}

/* The callback runs when somebody asks, and only once: a reply that nobody looks at costs nothing more. */
static int shape(FutureCore *self)
{
    if (self->state != FUTURE_RAW)
        return 0;
    PyObject *callback = Py_NewRef(self->callback), *raw = Py_NewRef(self->value);
    PyObject *shaped = PyObject_CallFunctionObjArgs(callback, raw, NULL);
    FutureState state = FUTURE_VALUE;
    if (!shaped && PyErr_ExceptionMatches(PyExc_Exception)) {
        shaped = call_caught();
        state = FUTURE_EXCEPTION;
    }
    Py_DECREF(callback);
    Py_DECREF(raw);
    if (!shaped)
        return -1;
    if (self->state == FUTURE_RAW) {
        raw = self->value;
        callback = self->callback;
        self->value = shaped;
        self->callback = NULL;
        self->state = (uint8_t)state;
        Py_DECREF(raw);
        Py_DECREF(callback);
    } else {
        Py_DECREF(shaped); /* another thread was faster */
    }
    return 0;
}

static int future_traverse(FutureCore *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT((PyObject *)self->pool);
    Py_VISIT(self->callback);
    Py_VISIT(self->sent);
    Py_VISIT(self->value);
    Py_VISIT(self->watch);
    Py_VISIT(self->sink);
    return 0;
}

/* The pool stays: it is the pool that lets go of an outstanding future, and of itself in it. */
static int future_clear(FutureCore *self)
{
    Py_CLEAR(self->callback);
    Py_CLEAR(self->sent);
    Py_CLEAR(self->watch);
    Py_CLEAR(self->sink);
    return 0;
}

static void future_dealloc(FutureCore *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    future_clear(self);
    Py_CLEAR(self->value);
    Py_CLEAR(self->pool);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef FUTURE_METHODS[] = {
    {"result", (PyCFunction)(void (*)(void))future_result, METH_FASTCALL | METH_KEYWORDS,
     SIGNED("result($self, /, timeout=None)",
            "Waits for the reply, at most `timeout` seconds, and returns it or raises what came instead.")},
    {"exception", (PyCFunction)(void (*)(void))future_exception, METH_FASTCALL | METH_KEYWORDS,
     SIGNED("exception($self, /, timeout=None)",
            "Waits for the reply, at most `timeout` seconds, and returns the exception that came instead, or None.")},
    {"done", (PyCFunction)future_done, METH_NOARGS,
     SIGNED("done($self, /)", "Whether there is a reply, an exception, or a cancellation.")},
    {"cancelled", (PyCFunction)future_cancelled, METH_NOARGS,
     SIGNED("cancelled($self, /)", "Whether `cancel` took the command back.")},
    {"cancel", (PyCFunction)future_cancel, METH_NOARGS,
     SIGNED("cancel($self, /)",
            "Takes the command back if nothing of it was sent; whether that worked.")},
    {"_watch", (PyCFunction)future_watch, METH_NOARGS,
     SIGNED("_watch($self, /)", "Its condition, waiters and callbacks.")},
    {"_settle", (PyCFunction)future_settle, METH_NOARGS,
     SIGNED("_settle($self, /)", "Decides it, once; called with its condition held.")},
    {"_deliver_to", (PyCFunction)future_deliver_to, METH_O,
     SIGNED("_deliver_to($self, sink, /)", "Appends the future to a list when it is done.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef FUTURE_PROPERTIES[] = {
    {"_pool", (getter)future_pool, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot FUTURE_SLOTS[] = {
    {Py_tp_doc, PyDoc_STR("The reply to one submission.")},
    {Py_tp_dealloc, future_dealloc},
    {Py_tp_traverse, future_traverse},
    {Py_tp_clear, future_clear},
    {Py_tp_methods, FUTURE_METHODS},
    {Py_tp_getset, FUTURE_PROPERTIES},
    {0, NULL},
};

PyType_Spec FUTURE_SPEC = {
    .name = "oxipipe._core._fast.FutureCore",
    .basicsize = sizeof(FutureCore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = FUTURE_SLOTS,
};
