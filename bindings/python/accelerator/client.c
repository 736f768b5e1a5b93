#include "client.h"

#include "args.h"
#include "shape.h"
#include "events.h"
#include "options.h"
#include "pool/pool.h"
#include "server.h"

static PyObject *run(ClientCore *self, PyObject *callback, const oxp_slice *name,
                     PyObject *const *args, Py_ssize_t count);
static PyObject *run_whole(ClientCore *self, const Arguments *arguments);
static PyObject *first_reply(ReplyBuilder *builder);

/* It takes the class so that it finds the module from a subclass too. */
static PyObject *client_open(ClientCore *self, PyTypeObject *defining_class, PyObject *const *args,
                             Py_ssize_t count, PyObject *keywords)
{
    const FastState *state = PyType_GetModuleState(defining_class);
    if (count != 1 || keywords || !PyDict_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "_open() takes one dict of options");
        return NULL;
    }
    if (!state->call_error || self->handle) {
        PyErr_SetString(PyExc_RuntimeError, self->handle ? "the client is open already"
                                                         : "configure() has not been called");
        return NULL;
    }
    TextCodec codec;
    oxp_options *options = options_from_dict(state, args[0], &codec);
    if (!options)
        return NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = oxp_client_open(options, &self->handle, error);
    oxp_options_free(options);
    if (status < 0) {
        codec_clear(&codec);
        call_raise(state, status, error);
    } else {
        self->module = Py_NewRef(PyType_GetModule(defining_class));
        self->state = state;
        self->codec = codec;
    }
    error_slot_return(&self->errors, error);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

/* Of a client or a pool. */
static PyObject *client_open_lease(ClientCore *self, PyTypeObject *defining_class,
                                   PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    const FastState *state = PyType_GetModuleState(defining_class);
    ClientCore *client = NULL;
    PoolCore *pool = NULL;
    if (count == 1 && !keywords && PyObject_TypeCheck(args[0], defining_class))
        client = (ClientCore *)args[0];
    else if (count == 1 && !keywords &&
             PyObject_TypeCheck(args[0], (PyTypeObject *)state->pool_type))
        pool = (PoolCore *)args[0];
    if (!client && !pool) {
        PyErr_SetString(PyExc_TypeError, "_open_lease() takes one client or pool");
        return NULL;
    }
    if ((client ? client_check_open(client) : pool_enter(pool)) < 0)
        return NULL;
    if (self->handle) {
        PyErr_SetString(PyExc_RuntimeError, "the client is open already");
        return NULL;
    }
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = client ? oxp_client_lease(client->handle, &self->handle, error)
                               : oxp_pool_lease(pool->handle, &self->handle, error);
    call_reacquire(&call);
    if (status < 0) {
        call_raise(state, status, error);
    } else {
        self->module = Py_NewRef(PyType_GetModule(defining_class));
        self->state = state;
        self->is_lease = true;
        codec_copy(&self->codec, client ? &client->codec : &pool->codec);
    }
    error_slot_return(&self->errors, error);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *client_connect(ClientCore *self, PyObject *unused)
{
    (void)unused;
    if (client_check_open(self) < 0)
        return NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = oxp_client_connect(self->handle, error);
    call_reacquire(&call);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *client_command(ClientCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (client_check_open(self) < 0)
        return NULL;
    PyObject *callback = callback_find(self->state, args, count);
    if (!callback)
        return NULL;
    PyObject *reply = run(self, callback, NULL, args, count);
    Py_DECREF(callback);
    return reply;
}

static PyObject *client_command_as(ClientCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (client_check_open(self) < 0)
        return NULL;
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "command_as() needs a callback or None");
        return NULL;
    }
    return run(self, args[0], NULL, args + 1, count - 1);
}

PyObject *client_send(PyObject *client, PyObject *callback, const oxp_slice *name,
                      PyObject *const *args, Py_ssize_t count)
{
    ClientCore *self = (ClientCore *)client;
    return client_check_open(self) < 0 ? NULL : run(self, callback, name, args, count);
}

static PyObject *client_server(ClientCore *self, PyObject *unused)
{
    (void)unused;
    if (client_check_open(self) < 0)
        return NULL;
    oxp_server *server = NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = oxp_client_server(self->handle, &server, error);
    call_reacquire(&call);
    PyObject *fields = server_fields(self->state, status, server, error);
    error_slot_return(&self->errors, error);
    return fields;
}

/* Appends what has come to a deque, after waiting for it: see events_finish(). */
static PyObject *client_next_events(ClientCore *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t timeout_ms;
    if (client_check_open(self) < 0 || events_arguments(&timeout_ms, args, count) < 0)
        return NULL;
    oxp_events *batch;
    if (oxp_events_new(&batch) < 0)
        return PyErr_NoMemory();
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = oxp_client_next_events(self->handle, batch, timeout_ms, NULL, error);
    call_reacquire(&call);
    PyObject *done = events_finish(self->state, &self->codec, status, batch, error, args[0]);
    error_slot_return(&self->errors, error);
    return done;
}

static PyObject *client_descriptor(ClientCore *self, PyObject *unused)
{
    (void)unused;
    if (client_check_open(self) < 0)
        return NULL;
    FastCall call;
    call_release(&call, NULL);
    int32_t descriptor = oxp_client_fd(self->handle);
    call_reacquire(&call);
    return PyLong_FromLong(descriptor);
}

static PyObject *client_close(ClientCore *self, PyObject *unused)
{
    (void)unused;
    if (self->handle) {
        FastCall call;
        call_release(&call, NULL);
        oxp_client_close(self->handle);
        call_reacquire(&call);
    }
    Py_RETURN_NONE;
}

static PyObject *client_closed(ClientCore *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(oxp_client_is_closed(self->handle));
}

int client_check_open(const ClientCore *client)
{
    if (client->handle)
        return 0;
    PyErr_SetString(PyExc_RuntimeError, "the client has not been opened");
    return -1;
}

static PyObject *run(ClientCore *self, PyObject *callback, const oxp_slice *name,
                     PyObject *const *args, Py_ssize_t count)
{
    Arguments arguments;
    if (arguments_collect(&arguments, self->state, &self->codec, name, args, count) < 0)
        return NULL;
    /* Elsewhere it is refused. */
    if (self->is_lease && (arguments_traits(&arguments) & OXP_COMMAND_CONFIRMED)) {
        PyObject *confirmations = run_whole(self, &arguments);
        arguments_release(&arguments);
        return confirmations;
    }
    ReplyBuilder builder;
    const TextCodec *codec = codec_for(self->state, &self->codec, callback);
    if (builder_init(&builder, self->state, codec, 1) < 0) {
        arguments_release(&arguments);
        return NULL;
    }
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, &builder);
    oxp_status status = oxp_client_command_stream(self->handle, arguments.slices, arguments.count,
                                                  call_take_part, &call, error);
    call_reacquire(&call);
    arguments_release(&arguments);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);

    PyObject *reply = PyErr_Occurred() ? NULL : first_reply(&builder);
    builder_clear(&builder);
    if (!reply || callback == Py_None)
        return reply;
    PyObject *shaped = callback_shape(self->state, callback, reply);
    Py_DECREF(reply);
    return shaped;
}

/* For a reply that a stream would hand over without the array around it. */
static PyObject *run_whole(ClientCore *self, const Arguments *arguments)
{
    oxp_reply *reply = NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status =
        oxp_client_command(self->handle, arguments->slices, arguments->count, &reply, error);
    call_reacquire(&call);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    PyObject *value = NULL;
    if (!PyErr_Occurred()) {
        const oxp_node *nodes;
        const uint8_t *bytes;
        size_t count, len;
        ReplyKind kind;
        oxp_reply_nodes(reply, &nodes, &count);
        oxp_reply_bytes(reply, &bytes, &len);
        value = reply_build(self->state, &self->codec, nodes, count, bytes, &kind, NULL);
        if (value && kind != REPLY_VALUE) {
            PyErr_SetObject((PyObject *)Py_TYPE(value), value);
            Py_CLEAR(value);
        }
    }
    oxp_reply_free(reply);
    return value;
}

/* None for what CLIENT REPLY silences. */
static PyObject *first_reply(ReplyBuilder *builder)
{
    if (builder_is_untouched(builder))
        Py_RETURN_NONE;
    if (!builder_is_complete(builder)) {
        PyErr_SetString(PyExc_SystemError, "the call succeeded without a whole reply");
        return NULL;
    }
    PyObject *reply = PyList_GetItem(builder->frames[0].container, 0);
    if (builder->first_error < 0)
        return Py_NewRef(reply);
    PyErr_SetObject((PyObject *)Py_TYPE(reply), reply);
    return NULL;
}

static int client_traverse(ClientCore *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->module);
    return 0;
}

/* Nothing here can be part of a cycle that only this object could break: the module is reachable
 * through the type anyway, and methods need it for as long as they can be called. */
static void client_dealloc(ClientCore *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    if (self->handle) {
        FastCall call;
        call_release(&call, NULL);
        oxp_client_free(self->handle);
        call_reacquire(&call);
    }
    oxp_error_free(self->errors.error);
    codec_clear(&self->codec);
    Py_CLEAR(self->module);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef CLIENT_METHODS[] = {
    {"_open", (PyCFunction)(void (*)(void))client_open,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_open($self, options, /)",
            "Makes the client from a dict of options, without connecting.")},
    {"_open_lease", (PyCFunction)(void (*)(void))client_open_lease,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_open_lease($self, lender, /)",
            "Makes the client a lease of another one's server, with a connection of its own.")},
    {"_connect", (PyCFunction)client_connect, METH_NOARGS,
     SIGNED("_connect($self, /)", "Connects now, unless connected.")},
    {"command", (PyCFunction)(void (*)(void))client_command, METH_FASTCALL,
     SIGNED("command($self, /, *args)",
            "Runs one command and returns its reply in the shape of that command.")},
    {"command_as", (PyCFunction)(void (*)(void))client_command_as, METH_FASTCALL,
     SIGNED("command_as($self, callback, /, *args)",
            "Runs one command; the first argument shapes the reply, None leaves it raw.")},
    {"_server", (PyCFunction)client_server, METH_NOARGS,
     SIGNED("_server($self, /)",
            "What the server said of itself: the arguments of ServerInfo, or None.")},
    {"_next_events", (PyCFunction)(void (*)(void))client_next_events, METH_FASTCALL,
     SIGNED("_next_events($self, sink, milliseconds, /)",
            "Waits for events, at most so many milliseconds, and appends them to a deque.")},
    {"_descriptor", (PyCFunction)client_descriptor, METH_NOARGS,
     SIGNED("_descriptor($self, /)", "That of the socket; -1 without a connection.")},
    {"close", (PyCFunction)client_close, METH_NOARGS,
     SIGNED("close($self, /)",
            "Closes the connection for good. Calls waiting in other threads end.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef CLIENT_PROPERTIES[] = {
    {"closed", (getter)client_closed, NULL, PyDoc_STR("Whether close() was called."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot CLIENT_SLOTS[] = {
    {Py_tp_doc, PyDoc_STR("One client of one server.")},
    {Py_tp_dealloc, client_dealloc},
    {Py_tp_traverse, client_traverse},
    {Py_tp_setattro, core_set_attribute},
    {Py_tp_methods, CLIENT_METHODS},
    {Py_tp_getset, CLIENT_PROPERTIES},
    {0, NULL},
};

static int client_check(PyObject *client)
{
    return client_check_open((ClientCore *)client);
}

static const TextCodec *client_codec(PyObject *client)
{
    return &((ClientCore *)client)->codec;
}

static oxp_status client_open_pipeline(PyObject *self, bool is_atomic, oxp_pipeline **out,
                                       oxp_error *error)
{
    oxp_client *client = ((ClientCore *)self)->handle;
    oxp_status status = is_atomic ? oxp_pipeline_new_atomic(client, out, error)
                                  : oxp_pipeline_new(client, out, error);
    return status < 0 ? status : oxp_pipeline_set_manual(*out, true, error);
}

const BatchOwner CLIENT_OWNER = {client_check, client_codec, client_open_pipeline};

PyType_Spec CLIENT_SPEC = {
    .name = "oxipipe._core._fast.ClientCore",
    .basicsize = sizeof(ClientCore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = CLIENT_SLOTS,
};
