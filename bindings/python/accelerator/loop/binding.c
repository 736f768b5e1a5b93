#include "loop/binding.h"

#include <string.h>
#include <time.h>

#include "args.h"
#include "shape.h"
#include "events.h"
#include "options.h"
#include "batch.h"
#include "server.h"

/* How many calls may be looked through again, in case the server's silence means that they have
 * not left. */
enum { FEW_CALLS = 256 };

enum { NS_PER_MS = 1000000 };

static PyObject *new_future(const BindingCore *self);
static int check_open(const BindingCore *self);
static oxp_status turn(BindingCore *self, Interruption *first);
static bool lets_resume(BindingCore *self, Interruption *first);
static void remove_cancelled(BindingCore *self);
static bool cancel(BindingCore *self, uint64_t token);
static void resolve(BindingCore *self);
static bool take_batch(BindingCore *self);
static void resolve_one(BindingCore *self, size_t index, Interruption *first);
static PyObject *outcome(BindingCore *self, const PendingCall *call,
                         const oxp_completion *completion, size_t index, bool *failed,
                         Interruption *first);
static PyObject *confirmations(BindingCore *self, const oxp_completion *completion, bool *failed,
                               Interruption *first);
static PyObject *one_reply(BindingCore *self, PyObject *callback, const oxp_completion *completion,
                           bool *failed, Interruption *first);
static PyObject *failure_of(const BindingCore *self, oxp_status status, const oxp_error *error,
                            Interruption *first);
static void fail_all(BindingCore *self, oxp_status status, const oxp_error *error);
static int arm_timer(BindingCore *self);
static uint64_t now_ns(void);

static PyObject *binding_open(BindingCore *self, PyTypeObject *defining_class,
                              PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    const FastState *state = PyType_GetModuleState(defining_class);
    if (count != 4 || keywords || self->handle ||
        !PyObject_TypeCheck(args[0], (PyTypeObject *)state->async_type) ||
        !(args[3] == Py_None || PyObject_TypeCheck(args[3], (PyTypeObject *)state->binding_type))) {
        PyErr_SetString(PyExc_TypeError, "_open() takes an AsyncCore, a loop, a bool and a "
                                         "BindingCore or None, once");
        return NULL;
    }
    AsyncCore *client = (AsyncCore *)args[0];
    BindingCore *lender = args[3] == Py_None ? NULL : (BindingCore *)args[3];
    int makes_plain_futures = PyObject_IsTrue(args[2]);
    if (makes_plain_futures < 0)
        return NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = lender ? oxp_async_lease(lender->handle, &self->handle, error)
                               : oxp_async_open(client->options, &self->handle, error);
    if (status >= 0 && (status = oxp_completions_new(&self->batch)) < 0) {
        oxp_async_free(self->handle);
        self->handle = NULL;
    }
    if (status < 0)
        call_raise(state, status, error);
    error_slot_return(&self->errors, error);
    if (status < 0)
        return NULL;
    self->module = Py_NewRef(PyType_GetModule(defining_class));
    self->state = state;
    codec_copy(&self->codec, &client->codec);
    self->loop = Py_NewRef(args[1]);
    self->create_future = PyObject_GetAttrString(self->loop, "create_future");
    if (makes_plain_futures)
        self->future_options = Py_BuildValue("{sO}", "loop", self->loop);
    if (!self->create_future || (makes_plain_futures && !self->future_options))
        return NULL;
    return PyLong_FromLong(oxp_async_fd(self->handle));
}

PyObject *binding_submit(BindingCore *self, PyObject *callback, const oxp_slice *name,
                         PyObject *const *args, Py_ssize_t count)
{
    Arguments arguments;
    if (arguments_collect(&arguments, self->state, &self->codec, name, args, count) < 0)
        return NULL;
    PyObject *future = check_open(self) < 0 ? NULL : new_future(self);
    uint32_t traits = arguments_traits(&arguments);
    PendingCall call = {future, callback == Py_None ? NULL : callback, NULL,
                        traits & OXP_COMMAND_CONFIRMED};
    uint64_t token;
    if (!future || calls_add(&self->calls, &call, &token) < 0) {
        arguments_release(&arguments);
        Py_XDECREF(future);
        return NULL;
    }
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status =
        oxp_async_submit(self->handle, arguments.slices, arguments.count, token, error);
    /* It costs a callback of the future to learn of its cancellation at once. */
    bool watched = status >= 0 && (traits & OXP_COMMAND_MAY_BLOCK);
    arguments_release(&arguments);
    if (status < 0) {
        calls_undo(&self->calls, token); /* raising runs Python code, which may call again */
        call_raise(self->state, status, error);
        Py_CLEAR(future);
    }
    error_slot_return(&self->errors, error);
    if (watched) {
        PyObject *done = PyObject_CallMethod((PyObject *)self, "_watch", "OK", future,
                                             (unsigned long long)token);
        if (!done)
            Py_CLEAR(future); /* it was sent, but nobody would hear of its cancellation */
        Py_XDECREF(done);
    }
    return future;
}

/* (a pipeline that nobody else has, which stays with the call; what pipeline_outcome() calls finish) */
static PyObject *binding_submit_pipeline(BindingCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_submit_pipeline() takes a PipelineCore and a callable");
        return NULL;
    }
    PyObject *sent = args[0], *finish = args[1];
    size_t commands;
    if (check_open(self) < 0)
        return NULL;
    oxp_pipeline *pipeline = pipeline_handle(self->state, sent, &commands);
    PyObject *future = pipeline ? new_future(self) : NULL;
    if (!future)
        return NULL;
    PendingCall call = {future, finish, sent, false};
    uint64_t token;
    if (calls_add(&self->calls, &call, &token) < 0) {
        Py_DECREF(future);
        return NULL;
    }
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = oxp_async_submit_pipeline(self->handle, pipeline, token, error);
    if (status < 0) {
        calls_undo(&self->calls, token); /* raising runs Python code, which may call again */
        call_raise(self->state, status, error);
        Py_CLEAR(future);
    }
    error_slot_return(&self->errors, error);
    return future;
}

/* What the loop calls when the descriptor is readable, or when the timer says so. The GIL stays
 * here: nothing in it waits, and a loop's turn has let go of it just before. */
static PyObject *binding_process(BindingCore *self, PyObject *unused)
{
    (void)unused;
    if (!self->handle || self->reading)
        Py_RETURN_NONE;
    /* What a callback raised is for the loop, whose next turn has to find everything in order. */
    Interruption first = {0};
    bool outer = self->resumption.is_allowed;
    self->resumption.is_allowed = lets_resume(self, &first);
    self->resumption.misses = 0;
    uint32_t serial = self->calls.serial;
    oxp_status status = turn(self, &first);
    /* What the resumed tasks submitted leaves at once, and not only after the loop has looked around. */
    if (status >= 0 && self->handle && self->calls.serial != serial)
        status = turn(self, &first);
    self->resumption.is_allowed = outer;
    if (self->listens && self->handle) {
        Py_XDECREF(PyObject_CallMethod((PyObject *)self, "_hear", NULL));
        interruption_keep(&first);
    }
    if (status < 0 || (self->orphaned && self->calls.count == 0))
        Py_XDECREF(PyObject_CallMethod((PyObject *)self, "_detach", NULL));
    else if (self->handle)
        arm_timer(self);
    interruption_keep(&first);
    interruption_raise(&first);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* Sends, receives and resolves. A failure, which is the end, has been told to all calls. */
static oxp_status turn(BindingCore *self, Interruption *first)
{
    remove_cancelled(self);
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = oxp_async_process(self->handle, error);
    if (status < 0) {
        resolve(self);
        interruption_keep(first);
        fail_all(self, status, error);
    }
    error_slot_return(&self->errors, error);
    /* With the slot free again for what is submitted meanwhile. */
    if (status >= 0) {
        resolve(self);
        interruption_keep(first);
    }
    return status;
}

/* Whether a task may be resumed here and now. */
static bool lets_resume(BindingCore *self, Interruption *first)
{
    PyObject *lets = PyObject_CallMethod((PyObject *)self, "_lets_resume", NULL);
    interruption_keep(first);
    Py_XDECREF(lets);
    return lets == Py_True;
}

static PyObject *binding_on_timer(BindingCore *self, PyObject *unused)
{
    self->timer_due = 0;
    return binding_process(self, unused);
}

/* Of a call that may block at the server: nobody else would notice before it ends. */
static PyObject *binding_abandon(BindingCore *self, PyObject *number)
{
    uint64_t token = PyLong_AsUnsignedLongLong(number);
    if (token == (uint64_t)-1 && PyErr_Occurred())
        return NULL;
    PyObject *future = calls_future(&self->calls, token);
    if (self->handle && future && future_is_settled(self->state, future))
        cancel(self, token);
    Py_RETURN_NONE;
}

static PyObject *binding_close(BindingCore *self, PyObject *unused)
{
    (void)unused;
    if (self->handle) {
        oxp_async_close(self->handle);
        bool outer = self->resumption.is_allowed;
        self->resumption.is_allowed = false;
        /* The batch is not to be had while one of its replies is being read. */
        if (!self->reading)
            resolve(self);
        self->resumption.is_allowed = outer;
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* Whatever still waits is dropped: it belongs to a loop that will not run again. */
static PyObject *binding_release(BindingCore *self, PyObject *unused)
{
    (void)unused;
    oxp_async *handle = self->handle;
    oxp_completions *batch = self->batch;
    self->handle = NULL;
    self->batch = NULL;
    oxp_async_free(handle);
    oxp_completions_free(batch);
    Py_CLEAR(self->create_future);
    Py_CLEAR(self->future_options);
    Py_CLEAR(self->loop);
    calls_clear(&self->calls);
    Py_RETURN_NONE;
}

static PyObject *binding_orphan(BindingCore *self, PyObject *unused)
{
    (void)unused;
    self->orphaned = true;
    Py_RETURN_NONE;
}

static PyObject *binding_resolving(BindingCore *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->resolving);
}

static Py_ssize_t binding_len(BindingCore *self)
{
    return (Py_ssize_t)self->calls.count;
}

static int binding_bool(BindingCore *self)
{
    (void)self;
    return 1;
}

static PyObject *new_future(const BindingCore *self)
{
    if (!self->future_options)
        return PyObject_CallNoArgs(self->create_future);
    if (!self->state->future_type) {
        PyErr_SetString(PyExc_RuntimeError, "the interpreter is ending");
        return NULL;
    }
    /* What the loop's own method would do, without its Python frame. */
    return PyObject_Call(self->state->future_type, self->state->no_arguments,
                         self->future_options);
}

static int check_open(const BindingCore *self)
{
    if (self->handle)
        return 0;
    call_raise_local(self->state, OXP_ERR_CLOSED, OXP_OUTCOME_NOT_APPLIED,
                     "the client is closed");
    return -1;
}

/* A cancelled command that has not left need not leave. Nobody tells us of a cancellation, because
 * a callback per future would cost more than this look at each. One that has left is found when
 * its reply comes. */
static void remove_cancelled(BindingCore *self)
{
    CallTable *calls = &self->calls;
    bool again = !self->is_up || calls->fresh_count <= FEW_CALLS ||
                 calls->fresh_count > 2 * calls->count; /* most of them are over */
    size_t kept = again ? 0 : calls->looked_at;
    for (size_t i = kept; i < calls->fresh_count; i++) {
        uint64_t token = calls->fresh[i];
        PyObject *future = calls_future(calls, token);
        if (future && !(future_is_settled(self->state, future) && cancel(self, token)))
            calls->fresh[kept++] = token;
    }
    if (kept > calls->fresh_count)
        kept = 0; /* with its last call the table gave back its memory */
    calls->fresh_count = calls->looked_at = kept;
}

static bool cancel(BindingCore *self, uint64_t token)
{
    int32_t outcome;
    PendingCall call;
    if (oxp_async_cancel(self->handle, token, &outcome, NULL) != OXP_OK)
        return false;
    if (calls_take(&self->calls, token, &call))
        call_clear(&call);
    return true;
}

/* Takes what the library has and resolves the futures. Of several exceptions, the caller gets the first; every future gets its
 * result. Python code that runs here, in callbacks, in the loop and in tasks, may call anything: where it closes the client, the rest
 * is resolved within that, and nothing is left for whoever was here before. */
static void resolve(BindingCore *self)
{
    Interruption first = {0};
    interruption_keep(&first);
    bool is_nested = self->resolving;
    self->resolving = true;
    while (self->handle && take_batch(self)) {
        resolve_one(self, self->resolved++, &first);
        if (PyErr_Occurred())
            interruption_keep(&first);
    }
    self->resolving = is_nested;
    interruption_raise(&first);
}

/* Whether there is a completion to be seen to in the batch, or in the next one. */
static bool take_batch(BindingCore *self)
{
    if (self->resolved < self->count)
        return true;
    self->resolved = self->count = 0;
    size_t count;
    if (oxp_async_next(self->handle, self->batch, &count, NULL) < 0 || count == 0)
        return false;
    self->count = oxp_completions_list(self->batch, &self->completions);
    self->is_up = self->completions[self->count - 1].status >= 0;
    /* Replies come in order, so what was there before them has left long ago. */
    if (self->is_up)
        self->calls.fresh_count = self->calls.looked_at = 0;
    return true;
}

typedef struct {
    BindingCore *self;
    const PendingCall *call;
    const oxp_completion *completion;
    size_t index;
    bool *failed;
    Interruption *first;
} Outcome;

static PyObject *make_outcome(void *ud)
{
    const Outcome *asked = ud;
    *asked->failed = false;
    return outcome(asked->self, asked->call, asked->completion, asked->index, asked->failed,
                   asked->first);
}

static void resolve_one(BindingCore *self, size_t index, Interruption *first)
{
    const oxp_completion *completion = &self->completions[index];
    PendingCall call;
    if (!calls_take(&self->calls, completion->token, &call))
        return; /* cancelled */
    bool failed = false, is_own;
    Outcome asked = {self, &call, completion, index, &failed, first};
    bool is_reading = self->reading;
    self->reading = true;
    PyObject *result = make_outcome(&asked);
    /* A signal handler may have raised while the reply got its shape. */
    if (!result && !PyErr_ExceptionMatches(PyExc_Exception))
        result = attempt_again(make_outcome, &asked, first, &is_own);
    if (!result) {
        failed = true;
        result = call_caught();
    }
    self->reading = is_reading;
    future_settle(self->state, &self->resumption, call.future, result, failed, first);
    /* An interruption is for the whole program, not only for whoever waits. */
    if (failed && !PyErr_GivenExceptionMatches(result, PyExc_Exception) && !PyErr_Occurred())
        PyErr_SetObject((PyObject *)Py_TYPE(result), result);
    Py_DECREF(result);
    call_clear(&call);
}

/* What the call comes to: its reply in its shape, or the exception of an error. NULL with an
 * exception set where that was raised on the way. */
static PyObject *outcome(BindingCore *self, const PendingCall *call,
                         const oxp_completion *completion, size_t index, bool *failed,
                         Interruption *first)
{
    PyObject *failure = NULL;
    if (completion->status < 0) {
        oxp_error *error = error_slot_borrow(&self->errors);
        oxp_status status = oxp_completions_error(self->batch, index, error);
        failure = failure_of(self, status, error, first);
        error_slot_return(&self->errors, error);
        *failed = true;
        if (!call->sent)
            return failure;
    }
    if (call->sent) {
        PyObject *replies = pipeline_outcome(call->sent, completion, failure, call->callback);
        Py_XDECREF(failure);
        return replies;
    }
    PyObject *reply;
    if (completion->node_count == 0)
        reply = Py_NewRef(Py_None); /* what CLIENT REPLY silences */
    else if (call->subscribes)
        reply = confirmations(self, completion, failed, first);
    else
        reply = one_reply(self, call->callback, completion, failed, first);
    if (!reply || *failed || !call->callback)
        return reply;
    PyObject *shaped = callback_shape(self->state, call->callback, reply);
    Py_DECREF(reply);
    return shaped;
}

/* A list of them; or what is one reply all the same, an error or null. */
static PyObject *confirmations(BindingCore *self, const oxp_completion *completion, bool *failed,
                               Interruption *first)
{
    const oxp_node *nodes = completion->nodes;
    if (completion->node_count == 1)
        return one_reply(self, NULL, completion, failed, first);
    ReplyBuilder builder;
    if (builder_init(&builder, self->state, &self->codec, (size_t)completion->replies) < 0)
        return NULL;
    PyObject *list = NULL;
    builder.interruption = first;
    if (builder_feed(&builder, nodes, completion->node_count, completion->bytes) == 0)
        list = builder_take(&builder);
    builder_clear(&builder);
    return list;
}

static PyObject *one_reply(BindingCore *self, PyObject *callback, const oxp_completion *completion,
                           bool *failed, Interruption *first)
{
    ReplyKind kind;
    const TextCodec *codec = codec_for(self->state, &self->codec, callback);
    PyObject *reply = reply_build(self->state, codec, completion->nodes, completion->node_count,
                                  completion->bytes, &kind, first);
    *failed = kind != REPLY_VALUE;
    return reply;
}

typedef struct {
    const FastState *state;
    oxp_status status;
    const oxp_error *error;
} Failing;

static PyObject *make_failure(void *ud)
{
    const Failing *failing = ud;
    return call_exception(failing->state, failing->status, failing->error);
}

/* Never NULL. */
static PyObject *failure_of(const BindingCore *self, oxp_status status, const oxp_error *error,
                            Interruption *first)
{
    Failing failing = {self->state, status, error};
    bool is_own;
    PyObject *failure = attempt(make_failure, &failing, first, &is_own);
    return failure ? failure : call_caught();
}

/* The library will answer nothing any more. */
static void fail_all(BindingCore *self, oxp_status status, const oxp_error *error)
{
    PendingCall call;
    uint32_t place = 0;
    Interruption first = {0};
    interruption_keep(&first);
    while (calls_take_next(&self->calls, &place, &call)) {
        PyObject *failure = failure_of(self, status, error, &first);
        if (failure)
            future_settle(self->state, &self->resumption, call.future, failure, true, &first);
        Py_XDECREF(failure);
        call_clear(&call);
    }
    interruption_raise(&first);
}

/* Only while somebody waits, and only if no timer is there that runs in time: nearly all calls are
 * answered long before the first one's deadline, and that one timer looks after them all. */
static int arm_timer(BindingCore *self)
{
    if (self->calls.count == 0 && !self->listens)
        return 0;
    uint64_t timeout = oxp_async_timeout_ns(self->handle);
    if (timeout == UINT64_MAX)
        return 0;
    uint64_t due = now_ns() + timeout;
    if (self->timer_due && self->timer_due <= due + NS_PER_MS)
        return 0;
    /* Loops count milliseconds: rounded down, the timer would run before there is anything to do. */
    double delay = (double)(timeout / NS_PER_MS + 1) / 1000;
    PyObject *done = PyObject_CallMethod((PyObject *)self, "_arm", "d", delay);
    Py_XDECREF(done);
    self->timer_due = done ? due : 0;
    return done ? 0 : -1;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static PyObject *binding_server(BindingCore *self, PyObject *unused)
{
    (void)unused;
    if (!self->handle)
        Py_RETURN_NONE;
    oxp_server *server = NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = oxp_async_server(self->handle, &server, error);
    PyObject *fields = server_fields(self->state, status, server, error);
    error_slot_return(&self->errors, error);
    return fields;
}

/* Appends what has come to a deque; does not wait. See events_finish(). */
static PyObject *binding_next_events(BindingCore *self, PyObject *sink)
{
    if (check_open(self) < 0)
        return NULL;
    oxp_events *batch;
    if (oxp_events_new(&batch) < 0)
        return PyErr_NoMemory();
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = oxp_async_next_events(self->handle, batch, NULL, error);
    PyObject *done = events_finish(self->state, &self->codec, status, batch, error, sink);
    error_slot_return(&self->errors, error);
    return done;
}

/* Nobody else sees to it that a connection which is being made is given up in time. */
static PyObject *binding_listen(BindingCore *self, PyObject *whether)
{
    int listens = PyObject_IsTrue(whether);
    if (listens < 0)
        return NULL;
    self->listens = listens;
    if (self->handle && arm_timer(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int binding_traverse(BindingCore *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->module);
    Py_VISIT(self->loop);
    Py_VISIT(self->create_future);
    Py_VISIT(self->future_options);
    return calls_visit(&self->calls, visit, arg);
}

static int binding_clear(BindingCore *self)
{
    Py_XDECREF(binding_release(self, NULL));
    return 0;
}

static void binding_dealloc(BindingCore *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    binding_clear(self);
    oxp_error_free(self->errors.error);
    codec_clear(&self->codec);
    Py_CLEAR(self->module);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef BINDING_METHODS[] = {
    {"_open", (PyCFunction)(void (*)(void))binding_open,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_open($self, client, loop, plain, lender, /)", "Binds a client to a loop, whose create_future() makes an asyncio.Future and nothing "
               "else, or not. The descriptor to watch.")},
    {"_process", (PyCFunction)binding_process, METH_NOARGS,
     SIGNED("_process($self, /)", "Sends, receives, and resolves futures.")},
    {"_on_timer", (PyCFunction)binding_on_timer, METH_NOARGS,
     SIGNED("_on_timer($self, /)", "The same, for the timer that _arm() started.")},
    {"_abandon", (PyCFunction)binding_abandon, METH_O,
     SIGNED("_abandon($self, token, /)", "Cancels the call with that number at the library if its future is cancelled.")},
    {"_close", (PyCFunction)binding_close, METH_NOARGS,
     SIGNED("_close($self, /)", "Fails all calls that wait.")},
    {"_release", (PyCFunction)binding_release, METH_NOARGS,
     SIGNED("_release($self, /)", "Drops the connection, the loop, and the calls that wait.")},
    {"_server", (PyCFunction)binding_server, METH_NOARGS,
     SIGNED("_server($self, /)", "What the server said of itself: the arguments of ServerInfo, or None.")},
    {"_submit_pipeline", (PyCFunction)(void (*)(void))binding_submit_pipeline, METH_FASTCALL,
     SIGNED("_submit_pipeline($self, sent, finish, /)", "Queues what a pipeline has gathered and returns the future of the replies; the second "
               "argument is called with those that are not as they should be.")},
    {"_next_events", (PyCFunction)binding_next_events, METH_O,
     SIGNED("_next_events($self, sink, /)", "Appends the events that have come to a deque.")},
    {"_listen", (PyCFunction)binding_listen, METH_O,
     SIGNED("_listen($self, whether, /)", "Whether to call _hear() whenever there may be events.")},
    {"_orphan", (PyCFunction)binding_orphan, METH_NOARGS,
     SIGNED("_orphan($self, /)", "Calls _detach() when no call waits any more.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef BINDING_PROPERTIES[] = {
    {"_resolving", (getter)binding_resolving, NULL,
     PyDoc_STR("Whether futures are being resolved, further up."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot BINDING_SLOTS[] = {
    {Py_tp_doc, PyDoc_STR("What a client has in one event loop.")},
    {Py_tp_dealloc, binding_dealloc},
    {Py_tp_traverse, binding_traverse},
    {Py_tp_clear, binding_clear},
    {Py_tp_methods, BINDING_METHODS},
    {Py_tp_getset, BINDING_PROPERTIES},
    {Py_mp_length, binding_len},
    {Py_nb_bool, binding_bool},
    {0, NULL},
};

PyType_Spec BINDING_SPEC = {
    .name = "oxipipe._core._fast.BindingCore",
    .basicsize = sizeof(BindingCore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = BINDING_SLOTS,
};
