#include "batch.h"

#include "args.h"
#include "call.h"
#include "named.h"
#include "shape.h"

typedef struct {
    Core core;
    PyObject *client; /* own: whom it belongs to */
    const BatchOwner *owner;
    const FastState *state;
    const TextCodec *codec; /* the client's */
    oxp_pipeline *handle;   /* NULL until _open() */
    bool is_atomic;
    bool in_call; /* a call runs without the GIL; meanwhile nobody else may touch this object */
    size_t commands;
    CallbackLog callbacks;
    ErrorSlot errors;
} PipelineCore;

static PyObject *add(PipelineCore *self, PyObject *callback, const oxp_slice *name,
                     PyObject *const *args, Py_ssize_t count);
static int send_what_is_due(PipelineCore *self);
static int check_idle(const PipelineCore *self);
static void raise_with_replies(PipelineCore *self, oxp_status status, const oxp_error *error,
                               ReplyBuilder *builder, const CallbackLog *callbacks);
static PyObject *finish(const PipelineCore *self, ReplyBuilder *builder,
                        const CallbackLog *callbacks);
static void raise_with_replies_of(PyObject *exception, ReplyBuilder *builder,
                                  const CallbackLog *callbacks);
static PyObject *replies_of(const PipelineCore *self, ReplyBuilder *builder,
                            const CallbackLog *callbacks, Py_ssize_t *first_error);
static int open_handle(PipelineCore *self);
static PipelineCore *take_out(PipelineCore *self);
static void drop_commands(PipelineCore *self);

static PyObject *pipeline_open(PipelineCore *self, PyTypeObject *defining_class,
                               PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    const FastState *state = PyType_GetModuleState(defining_class);
    const BatchOwner *owner = NULL;
    if (count == 2 && !keywords)
        for (size_t i = 0; i < OWNERS; i++)
            if (PyObject_TypeCheck(args[0], (PyTypeObject *)state->owners[i].type))
                owner = state->owners[i].owner;
    if (!owner) {
        PyErr_SetString(PyExc_TypeError,
                        "_open() takes a ClientCore, AsyncCore or PoolCore, and a bool");
        return NULL;
    }
    int is_atomic = PyObject_IsTrue(args[1]);
    if (is_atomic < 0)
        return NULL;
    if (self->handle) {
        PyErr_SetString(PyExc_RuntimeError, "the pipeline is open already");
        return NULL;
    }
    if (owner->check(args[0]) < 0)
        return NULL;
    self->state = state;
    self->is_atomic = is_atomic;
    self->owner = owner;
    self->codec = owner->codec(args[0]);
    PyObject *before = self->client; /* of an attempt that failed */
    self->client = Py_NewRef(args[0]);
    Py_XDECREF(before);
    if (open_handle(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *pipeline_command(PipelineCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (check_idle(self) < 0)
        return NULL;
    PyObject *callback = callback_find(self->state, args, count);
    if (!callback)
        return NULL;
    PyObject *result = add(self, callback, NULL, args, count);
    Py_DECREF(callback);
    return result;
}

static PyObject *pipeline_command_as(PipelineCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (check_idle(self) < 0)
        return NULL;
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "command_as() needs a callback or None");
        return NULL;
    }
    return add(self, args[0], NULL, args + 1, count - 1);
}

PyObject *pipeline_send(PyObject *pipeline, PyObject *callback, const oxp_slice *name,
                        PyObject *const *args, Py_ssize_t count)
{
    PipelineCore *self = (PipelineCore *)pipeline;
    return check_idle(self) < 0 ? NULL : add(self, callback, name, args, count);
}

static PyObject *pipeline_execute(PipelineCore *self, PyObject *unused)
{
    (void)unused;
    if (check_idle(self) < 0)
        return NULL;
    ReplyBuilder builder;
    if (builder_init(&builder, self->state, self->codec, self->commands) < 0)
        return NULL;
    builder_expect(&builder, &self->callbacks);
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    self->in_call = true;
    call_release(&call, &builder);
    oxp_status status = oxp_pipeline_execute_stream(self->handle, call_take_part, &call, error);
    call_reacquire(&call);
    self->in_call = false;

    /* From here on Python code runs that may use this very pipeline again: it is empty and idle. */
    CallbackLog callbacks = self->callbacks;
    self->callbacks = (CallbackLog){0};
    self->commands = 0;
    PyObject *result = NULL;
    if (PyErr_Occurred())
        ;
    else if (status < 0)
        raise_with_replies(self, status, error, &builder, &callbacks);
    else
        result = finish(self, &builder, &callbacks);
    error_slot_return(&self->errors, error);
    callback_log_clear(&callbacks);
    builder_clear(&builder);
    return result;
}

/* Moves the commands into a pipeline of their own, to be submitted. */
static PyObject *pipeline_take(PipelineCore *self, PyObject *unused)
{
    (void)unused;
    if (check_idle(self) < 0)
        return NULL;
    return (PyObject *)take_out(self);
}

/* As pipeline_outcome(), from replies that are built: (list, failure or None, finish). */
static PyObject *pipeline_finished(PipelineCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3 || !PyList_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "_finished() takes a list, a failure and a callable");
        return NULL;
    }
    PyObject *replies = args[0];
    Py_ssize_t first_error = -1, length = PyList_Size(replies);
    for (Py_ssize_t i = 0; i < length && first_error < 0; i++)
        if (PyExceptionInstance_Check(PyList_GetItem(replies, i)))
            first_error = i;
    if (callback_log_apply(&self->callbacks, self->state, replies, &first_error) < 0)
        return NULL;
    if (args[1] != Py_None) {
        if (PyObject_SetAttrString(args[1], "replies", replies) == 0)
            PyErr_SetObject((PyObject *)Py_TYPE(args[1]), args[1]);
        return NULL;
    }
    if (self->is_atomic && length == 0)
        return PyObject_CallFunction(args[2], "OOn", self, Py_None, first_error);
    if (first_error >= 0)
        return PyObject_CallFunction(args[2], "OOn", self, replies, first_error);
    return Py_NewRef(replies);
}

static PyObject *pipeline_command_name(PipelineCore *self, PyObject *position)
{
    if (check_idle(self) < 0)
        return NULL;
    size_t index = PyLong_AsSize_t(position);
    if (index == (size_t)-1 && PyErr_Occurred())
        return NULL;
    const uint8_t *name = NULL;
    size_t len = 0;
    if (oxp_pipeline_command_name(self->handle, index, &name, &len) < 0) {
        PyErr_SetString(PyExc_IndexError, "the pipeline has no such command");
        return NULL;
    }
    return PyUnicode_DecodeUTF8((const char *)name, (Py_ssize_t)len, "replace");
}

static PyObject *pipeline_reset(PipelineCore *self, PyObject *unused)
{
    (void)unused;
    if (check_idle(self) < 0)
        return NULL;
    drop_commands(self);
    Py_RETURN_NONE;
}

static Py_ssize_t pipeline_len(PipelineCore *self)
{
    return (Py_ssize_t)self->commands;
}

/* As redis-py has it: an empty pipeline is still a pipeline. */
static int pipeline_bool(PipelineCore *self)
{
    (void)self;
    return 1;
}

static PyObject *add(PipelineCore *self, PyObject *callback, const oxp_slice *name,
                     PyObject *const *args, Py_ssize_t count)
{
    Arguments arguments;
    if (arguments_collect(&arguments, self->state, self->codec, name, args, count) < 0)
        return NULL;
    /* Collecting may have run a codec written in Python, and with it other threads. */
    if (check_idle(self) < 0 || callback_log_reserve(&self->callbacks) < 0) {
        arguments_release(&arguments);
        return NULL;
    }
    oxp_error *error = error_slot_borrow(&self->errors);
    /* This only copies into the library's buffer, and letting go of the GIL would cost more. */
    oxp_status status =
        oxp_pipeline_add_command(self->handle, arguments.slices, arguments.count, error);
    arguments_release(&arguments);
    if (status < 0) {
        call_raise(self->state, status, error);
    } else {
        if (callback != Py_None)
            callback_log_push(&self->callbacks, self->state, self->commands, callback);
        self->commands++;
    }
    error_slot_return(&self->errors, error);
    if (status < 0 || (status == OXP_DUE && send_what_is_due(self) < 0))
        return NULL;
    return Py_NewRef((PyObject *)self);
}

/* May have to connect. The command that made it due has been added, whatever a signal handler raises
 * meanwhile. */
static int send_what_is_due(PipelineCore *self)
{
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    self->in_call = true;
    call_release(&call, NULL);
    oxp_status status = oxp_pipeline_send(self->handle, error);
    call_reacquire(&call);
    self->in_call = false;
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    return PyErr_Occurred() ? -1 : 0;
}

static int check_idle(const PipelineCore *self)
{
    if (self->handle && !self->in_call)
        return 0;
    if (self->handle)
        call_raise_local(self->state, OXP_ERR_BUSY, OXP_OUTCOME_NOT_APPLIED,
                         "the pipeline is in use by another thread");
    else
        PyErr_SetString(PyExc_RuntimeError, "the pipeline has not been opened");
    return -1;
}

static int open_handle(PipelineCore *self)
{
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = self->owner->open(self->client, self->is_atomic, &self->handle, error);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    return status < 0 ? -1 : 0;
}

/* The commands as a pipeline of their own, because this one may have others before they are
 * answered. */
static PipelineCore *take_out(PipelineCore *self)
{
    PipelineCore *sent = (PipelineCore *)PyObject_CallNoArgs(self->state->pipeline_type);
    if (!sent)
        return NULL;
    sent->client = Py_NewRef(self->client);
    sent->owner = self->owner;
    sent->state = self->state;
    sent->codec = self->codec;
    sent->is_atomic = self->is_atomic;
    sent->handle = self->handle;
    if (open_handle(self) < 0) {
        self->handle = sent->handle;
        sent->handle = NULL;
        Py_DECREF((PyObject *)sent);
        return NULL;
    }
    sent->commands = self->commands;
    sent->callbacks = self->callbacks;
    self->callbacks = (CallbackLog){0};
    self->commands = 0;
    return sent;
}

oxp_pipeline *pipeline_handle(const FastState *state, PyObject *sent, size_t *commands)
{
    PipelineCore *self = (PipelineCore *)sent;
    if (!PyObject_TypeCheck(sent, (PyTypeObject *)state->pipeline_type)) {
        PyErr_SetString(PyExc_TypeError, "only a PipelineCore can be submitted");
        return NULL;
    }
    if (check_idle(self) < 0)
        return NULL;
    *commands = self->commands;
    return self->handle;
}

const CallbackLog *pipeline_callbacks(PyObject *sent)
{
    return &((PipelineCore *)sent)->callbacks;
}

PyObject *pipeline_outcome(PyObject *sent, const oxp_completion *completion, PyObject *failure,
                           PyObject *finish_it)
{
    PipelineCore *self = (PipelineCore *)sent;
    ReplyBuilder builder;
    if (builder_init(&builder, self->state, self->codec, self->commands) < 0)
        return NULL;
    builder_expect(&builder, &self->callbacks);
    int collecting = PyGC_Disable();
    int status =
        builder_feed(&builder, completion->nodes, completion->node_count, completion->bytes);
    if (collecting)
        PyGC_Enable();
    PyObject *result = NULL;
    if (status == 0 && failure) {
        raise_with_replies_of(failure, &builder, &self->callbacks);
    } else if (status == 0) {
        Py_ssize_t first_error;
        PyObject *replies = replies_of(self, &builder, &self->callbacks, &first_error);
        if (replies && replies != Py_None && first_error < 0)
            result = Py_NewRef(replies);
        else if (replies)
            result = PyObject_CallFunction(finish_it, "OOn", sent, replies, first_error);
        Py_XDECREF(replies);
    }
    builder_clear(&builder);
    return result;
}

/* What arrived before the failure goes with the exception, so that nothing is lost silently. */
static void raise_with_replies(PipelineCore *self, oxp_status status, const oxp_error *error,
                               ReplyBuilder *builder, const CallbackLog *callbacks)
{
    PyObject *exception = call_exception(self->state, status, error);
    if (exception)
        raise_with_replies_of(exception, builder, callbacks);
    Py_XDECREF(exception);
}

static void raise_with_replies_of(PyObject *exception, ReplyBuilder *builder,
                                  const CallbackLog *callbacks)
{
    Py_ssize_t first_error = builder->first_error;
    PyObject *replies = builder_take(builder);
    if (replies && callback_log_apply(callbacks, builder->state, replies, &first_error) == 0 &&
        PyObject_SetAttrString(exception, "replies", replies) == 0)
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_XDECREF(replies);
}

static PyObject *finish(const PipelineCore *self, ReplyBuilder *builder,
                        const CallbackLog *callbacks)
{
    Py_ssize_t first_error;
    PyObject *replies = replies_of(self, builder, callbacks, &first_error);
    PyObject *result = replies ? Py_BuildValue("On", replies, first_error) : NULL;
    Py_XDECREF(replies);
    return result;
}

/* A list; None if the transaction was not executed. */
static PyObject *replies_of(const PipelineCore *self, ReplyBuilder *builder,
                            const CallbackLog *callbacks, Py_ssize_t *first_error)
{
    PyObject *replies = NULL;
    *first_error = builder->first_error;
    if (builder_is_complete(builder)) {
        replies = builder_take(builder);
        if (replies && callback_log_apply(callbacks, self->state, replies, first_error) < 0)
            Py_CLEAR(replies);
    } else if (self->is_atomic && builder_is_untouched(builder)) {
        replies = Py_NewRef(Py_None); /* a watched key changed */
    } else {
        PyErr_SetString(PyExc_SystemError, "fewer replies arrived than commands were sent");
    }
    return replies;
}

static void drop_commands(PipelineCore *self)
{
    if (self->commands > 0) {
        FastCall call;
        self->in_call = true;
        call_release(&call, NULL);
        oxp_status status = oxp_pipeline_reset(self->handle);
        call_reacquire(&call);
        (void)status; /* one that a panic has poisoned keeps nothing either */
        self->in_call = false;
        self->commands = 0;
    }
    callback_log_clear(&self->callbacks);
}

static int pipeline_traverse(PipelineCore *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->client);
    return callback_log_visit(&self->callbacks, visit, arg);
}

/* The client stays: methods rely on it, and it cannot refer back to this object by itself. A cycle
 * through a subclass' attributes is broken at those attributes. */
static int pipeline_clear(PipelineCore *self)
{
    callback_log_clear(&self->callbacks);
    return 0;
}

static void pipeline_dealloc(PipelineCore *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    callback_log_clear(&self->callbacks);
    if (self->handle) {
        FastCall call;
        call_release(&call, NULL);
        oxp_pipeline_free(self->handle);
        call_reacquire(&call);
    }
    oxp_error_free(self->errors.error);
    Py_CLEAR(self->client);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef PIPELINE_METHODS[] = {
    {"_open", (PyCFunction)(void (*)(void))pipeline_open,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_open($self, client, atomic, /)", "Makes the pipeline on a client; atomic or not.")},
    {"command", (PyCFunction)(void (*)(void))pipeline_command, METH_FASTCALL,
     SIGNED("command($self, /, *args)", "Adds one command and returns the pipeline.")},
    {"command_as", (PyCFunction)(void (*)(void))pipeline_command_as, METH_FASTCALL,
     SIGNED("command_as($self, callback, /, *args)",
            "Adds one command; the first argument shapes its reply, None leaves it raw.")},
    {"_execute", (PyCFunction)pipeline_execute, METH_NOARGS,
     SIGNED("_execute($self, /)", "Runs the commands: (replies, index of the first error or -1).")},
    {"_take", (PyCFunction)pipeline_take, METH_NOARGS,
     SIGNED("_take($self, /)", "Moves the commands into a new pipeline and returns that.")},
    {"_finished", (PyCFunction)(void (*)(void))pipeline_finished, METH_FASTCALL,
     SIGNED("_finished($self, replies, failure, finish, /)",
            "What is to be returned or raised for replies that came to its owner.")},
    {"_command_name", (PyCFunction)pipeline_command_name, METH_O,
     SIGNED("_command_name($self, index, /)",
            "The name of the command at an index, also right after _execute().")},
    {"reset", (PyCFunction)pipeline_reset, METH_NOARGS,
     SIGNED("reset($self, /)",
            "Forgets the commands. What was sent early is applied nevertheless.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot PIPELINE_SLOTS[] = {
    {Py_tp_doc, PyDoc_STR("A batch of commands for whoever executes it.")},
    {Py_tp_dealloc, pipeline_dealloc},
    {Py_tp_traverse, pipeline_traverse},
    {Py_tp_clear, pipeline_clear},
    {Py_tp_setattro, core_set_attribute},
    {Py_tp_methods, PIPELINE_METHODS},
    {Py_mp_length, pipeline_len},
    {Py_nb_bool, pipeline_bool},
    {0, NULL},
};

PyType_Spec PIPELINE_SPEC = {
    .name = "oxipipe._core._fast.PipelineCore",
    .basicsize = sizeof(PipelineCore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = PIPELINE_SLOTS,
};
