#include "loop/client.h"

#include "shape.h"
#include "options.h"

static PyObject *running_loop(const FastState *state);

static PyObject *async_open(AsyncCore *self, PyTypeObject *defining_class, PyObject *const *args,
                            Py_ssize_t count, PyObject *keywords)
{
    const FastState *state = PyType_GetModuleState(defining_class);
    if (count != 2 || keywords || !PyDict_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "_open() takes a dict of options and a bool");
        return NULL;
    }
    if (!state->get_running_loop || self->options) {
        PyErr_SetString(PyExc_RuntimeError, self->options
                                                ? "the client is open already"
                                                : "configure_asyncio() has not been called");
        return NULL;
    }
    if (!(self->options = options_from_dict(state, args[0], &self->codec)))
        return NULL;
    self->module = Py_NewRef(PyType_GetModule(defining_class));
    self->state = state;
    self->is_lease = args[1] == Py_True;
    Py_RETURN_NONE;
}

static PyObject *async_command(AsyncCore *self, PyObject *const *args, Py_ssize_t count)
{
    BindingCore *binding = async_binding(self);
    if (!binding)
        return NULL;
    PyObject *future = NULL;
    PyObject *callback = callback_find(self->state, args, count);
    if (callback)
        future = binding_submit(binding, callback, NULL, args, count);
    Py_XDECREF(callback);
    Py_DECREF((PyObject *)binding);
    return future;
}

static PyObject *async_command_as(AsyncCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "command_as() needs a callback or None");
        return NULL;
    }
    BindingCore *binding = async_binding(self);
    if (!binding)
        return NULL;
    PyObject *future = binding_submit(binding, args[0], NULL, args + 1, count - 1);
    Py_DECREF((PyObject *)binding);
    return future;
}

PyObject *async_send(PyObject *client, PyObject *callback, const oxp_slice *name,
                     PyObject *const *args, Py_ssize_t count)
{
    BindingCore *binding = async_binding((AsyncCore *)client);
    if (!binding)
        return NULL;
    PyObject *future = binding_submit(binding, callback, name, args, count);
    Py_DECREF((PyObject *)binding);
    return future;
}

static PyObject *async_get_binding(AsyncCore *self, PyObject *unused)
{
    (void)unused;
    return (PyObject *)async_binding(self);
}

/* The bindings are the business of the subclass: each has to be closed in its own loop. */
static PyObject *async_close(AsyncCore *self, PyObject *unused)
{
    (void)unused;
    self->closings++;
    self->closed = true;
    Py_CLEAR(self->binding);
    Py_RETURN_NONE;
}

static PyObject *async_closed(AsyncCore *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->closed);
}

int async_check_open(const AsyncCore *self)
{
    if (!self->options) {
        PyErr_SetString(PyExc_RuntimeError, "the client has not been opened");
        return -1;
    }
    if (!self->closed || !self->is_lease)
        return 0;
    call_raise_local(self->state, OXP_ERR_CLOSED, OXP_OUTCOME_NOT_APPLIED, "the lease is closed");
    return -1;
}

BindingCore *async_binding(AsyncCore *self)
{
    if (async_check_open(self) < 0)
        return NULL;
    if (self->binding && resumption_is_here(&self->binding->resumption))
        return (BindingCore *)Py_NewRef((PyObject *)self->binding);
    PyObject *loop = running_loop(self->state);
    if (!loop)
        return NULL;
    PyObject *binding = NULL;
    /* The binding holds its loop, so that no other one can have the same address. */
    if (self->binding && self->binding->loop == loop) {
        binding = Py_NewRef((PyObject *)self->binding);
    } else {
        size_t closings = self->closings;
        binding = PyObject_CallMethod((PyObject *)self, "_bind", "O", loop);
        if (binding && !PyObject_TypeCheck(binding, (PyTypeObject *)self->state->binding_type)) {
            PyErr_SetString(PyExc_TypeError, "_bind() must return a BindingCore");
            Py_CLEAR(binding);
        }
        /* Another thread may have closed the client meanwhile. */
        if (binding && closings == self->closings) {
            self->closed = false;
            BindingCore *old = self->binding;
            self->binding = (BindingCore *)Py_NewRef(binding);
            Py_XDECREF((PyObject *)old);
        }
    }
    Py_DECREF(loop);
    return (BindingCore *)binding;
}

static PyObject *running_loop(const FastState *state)
{
    PyObject *loop = NULL;
    if (state->get_running_loop)
        loop = PyObject_CallNoArgs(state->get_running_loop);
    else
        PyErr_SetString(PyExc_RuntimeError, "the interpreter is ending");
    if (loop || !PyErr_ExceptionMatches(PyExc_RuntimeError))
        return loop;
    PyErr_SetString(PyExc_RuntimeError, "no event loop is running in this thread: a client of "
                                        "oxipipe.asyncio is used from within coroutines");
    return NULL;
}

static int async_traverse(AsyncCore *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->module);
    Py_VISIT(self->binding);
    return 0;
}

static int async_clear(AsyncCore *self)
{
    Py_CLEAR(self->binding);
    return 0;
}

static void async_dealloc(AsyncCore *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->binding);
    oxp_options_free(self->options);
    codec_clear(&self->codec);
    Py_CLEAR(self->module);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef ASYNC_METHODS[] = {
    {"_open", (PyCFunction)(void (*)(void))async_open,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_open($self, options, is_lease, /)", "Makes the client from a dict of options, without connecting.")},
    {"command", (PyCFunction)(void (*)(void))async_command, METH_FASTCALL,
     SIGNED("command($self, /, *args)", "Queues one command and returns the future of its reply, in the shape of that "
               "command.")},
    {"command_as", (PyCFunction)(void (*)(void))async_command_as, METH_FASTCALL,
     SIGNED("command_as($self, callback, /, *args)", "Queues one command and returns the future of its reply; the first argument shapes "
               "the reply, None leaves it raw.")},
    {"_binding", (PyCFunction)async_get_binding, METH_NOARGS,
     SIGNED("_binding($self, /)", "What the client has in the running loop.")},
    {"_close", (PyCFunction)async_close, METH_NOARGS,
     SIGNED("_close($self, /)", "Forgets the binding of the loop that used the client last.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef ASYNC_PROPERTIES[] = {
    {"closed", (getter)async_closed, NULL,
     PyDoc_STR("Whether the client was closed and not used since."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot ASYNC_SLOTS[] = {
    {Py_tp_doc, PyDoc_STR("One client of one server, for event loops.")},
    {Py_tp_dealloc, async_dealloc},
    {Py_tp_traverse, async_traverse},
    {Py_tp_clear, async_clear},
    {Py_tp_setattro, core_set_attribute},
    {Py_tp_methods, ASYNC_METHODS},
    {Py_tp_getset, ASYNC_PROPERTIES},
    {0, NULL},
};

static int async_check(PyObject *client)
{
    return async_check_open((AsyncCore *)client);
}

static const TextCodec *async_codec(PyObject *client)
{
    return &((AsyncCore *)client)->codec;
}

static oxp_status async_open_pipeline(PyObject *client, bool is_atomic, oxp_pipeline **out,
                                      oxp_error *error)
{
    return ((AsyncCore *)client)->is_lease ? oxp_pipeline_new_for_lease(is_atomic, out, error)
                                           : oxp_pipeline_new_detached(is_atomic, out, error);
}

const BatchOwner ASYNC_OWNER = {async_check, async_codec, async_open_pipeline};

PyType_Spec ASYNC_SPEC = {
    .name = "oxipipe._core._fast.AsyncCore",
    .basicsize = sizeof(AsyncCore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ASYNC_SLOTS,
};
