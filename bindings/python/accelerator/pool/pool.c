#include "pool/pool.h"

#include "args.h"
#include "shape.h"
#include "pool/collect.h"
#include "events.h"
#include "options.h"
#include "batch.h"
#include "server.h"

/* How many submissions go by before one looks for completions. Often enough that dropped futures do not fill the queue,
 * seldom enough to cost nothing. */
enum { LOOK_EVERY = 256 };

static PyObject *submit(PoolCore *self, PyObject *callback, const oxp_slice *name,
                        PyObject *const *args, Py_ssize_t count, bool waits);
static oxp_status try_until(PoolCore *self, FutureCore *future, const Arguments *arguments,
                            oxp_pipeline *pipeline, bool waits, oxp_error *error);
static PyObject *accepted(PoolCore *self, FutureCore *future);
static void drop_outstanding(PoolCore *self);
static void free_handle(PoolCore *self);

static PyObject *pool_open(PoolCore *self, PyTypeObject *defining_class, PyObject *const *args,
                           Py_ssize_t count, PyObject *keywords)
{
    const FastState *state = PyType_GetModuleState(defining_class);
    if (count != 3 || keywords || !PyDict_Check(args[0]) || !PyLong_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError,
                        "_open() takes a dict of options, a number of connections and a timeout");
        return NULL;
    }
    if (!state->call_error || self->handle) {
        PyErr_SetString(PyExc_RuntimeError, self->handle ? "the pool is open already"
                                                         : "configure() has not been called");
        return NULL;
    }
    unsigned long connections = PyLong_AsUnsignedLong(args[1]);
    if (PyErr_Occurred())
        return NULL;
    double timeout = args[2] == Py_None ? 0 : PyFloat_AsDouble(args[2]);
    if (PyErr_Occurred())
        return NULL;
    if (oxp_completions_new(&self->batch) < 0)
        return PyErr_NoMemory();
    oxp_options *options = options_from_dict(state, args[0], &self->codec);
    if (!options)
        return NULL;
    self->submit_ns = timeout > 0 && timeout < 9e9 ? (int64_t)(timeout * 1e9) : INT64_MAX;
    self->generation = call_fork_generation();
    self->module = Py_NewRef(PyType_GetModule(defining_class));
    self->state = state;
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status =
        oxp_pool_open(options, connections > UINT32_MAX ? UINT32_MAX : (uint32_t)connections,
                      &self->handle, error);
    oxp_options_free(options);
    if (status < 0)
        call_raise(state, status, error);
    error_slot_return(&self->errors, error);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *pool_connect(PoolCore *self, PyObject *unused)
{
    (void)unused;
    if (pool_enter(self) < 0)
        return NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = oxp_pool_connect(self->handle, error);
    call_reacquire(&call);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *submit_by_name(PoolCore *self, PyObject *const *args, Py_ssize_t count,
                                bool waits)
{
    if (pool_enter(self) < 0)
        return NULL;
    PyObject *callback = callback_find(self->state, args, count);
    if (!callback)
        return NULL;
    PyObject *future = submit(self, callback, NULL, args, count, waits);
    Py_DECREF(callback);
    return future;
}

static PyObject *pool_command(PoolCore *self, PyObject *const *args, Py_ssize_t count)
{
    return submit_by_name(self, args, count, true);
}

static PyObject *pool_try_submit(PoolCore *self, PyObject *const *args, Py_ssize_t count)
{
    return submit_by_name(self, args, count, false);
}

static PyObject *pool_command_as(PoolCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (pool_enter(self) < 0)
        return NULL;
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "command_as() needs a callback or None");
        return NULL;
    }
    return submit(self, args[0], NULL, args + 1, count - 1, true);
}

PyObject *pool_send(PyObject *pool, PyObject *callback, const oxp_slice *name,
                    PyObject *const *args, Py_ssize_t count)
{
    PoolCore *self = (PoolCore *)pool;
    return pool_enter(self) < 0 ? NULL : submit(self, callback, name, args, count, true);
}

/* (a pipeline that nobody else has, what shapes its replies) */
static PyObject *pool_submit_pipeline(PoolCore *self, PyObject *const *args, Py_ssize_t count)
{
    if (pool_enter(self) < 0)
        return NULL;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_submit_pipeline() takes a PipelineCore and a callable");
        return NULL;
    }
    size_t commands;
    oxp_pipeline *pipeline = pipeline_handle(self->state, args[0], &commands);
    FutureCore *future = pipeline ? future_new(self, args[1]) : NULL;
    if (!future)
        return NULL;
    future->is_pipeline = true;
    future->commands = commands;
    if (pipeline_callbacks(args[0])->undecoded > 0)
        future->sent = Py_NewRef(args[0]);
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = try_until(self, future, NULL, pipeline, true, error);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    if (status == OXP_OK)
        return accepted(self, future);
    Py_DECREF((PyObject *)future);
    return NULL;
}

/* A future that is done. */
static PyObject *pool_answered(PoolCore *self, PyObject *value)
{
    FutureCore *future = pool_enter(self) < 0 ? NULL : future_new(self, Py_None);
    if (future)
        future_decide(future, FUTURE_VALUE, Py_NewRef(value));
    return (PyObject *)future;
}

/* Barrier: (succeeded, failed, first failure or None) since the last one; None if the time ran out. */
static PyObject *pool_flush(PoolCore *self, PyObject *const *args, Py_ssize_t count,
                            PyObject *names)
{
    Deadline deadline;
    if (deadline_from_args(&deadline, args, count, names) < 0 || pool_enter(self) < 0)
        return NULL;
    Goal goal = {.kind = GOAL_BARRIER, .number = self->submissions};
    int reached = collect_until(self, &goal, deadline);
    if (reached < 0)
        return NULL;
    if (reached == 0)
        Py_RETURN_NONE;
    PyObject *first = self->first_failure ? self->first_failure : Py_NewRef(Py_None);
    uint64_t succeeded = self->succeeded, failed = self->failed;
    self->first_failure = NULL;
    self->succeeded = self->failed = 0;
    return Py_BuildValue("KKN", (unsigned long long)succeeded, (unsigned long long)failed, first);
}

/* Closes: (submissions of unknown fate, submissions not applied) of what did not end within the milliseconds given. */
static PyObject *pool_close(PoolCore *self, PyObject *milliseconds)
{
    unsigned long long grace = PyLong_AsUnsignedLongLong(milliseconds);
    if (PyErr_Occurred() || pool_enter(self) < 0)
        return NULL;
    uint64_t unknown = 0, not_applied = 0;
    if (!self->is_closed) {
        oxp_error *error = error_slot_borrow(&self->errors);
        FastCall call;
        call_release(&call, NULL);
        oxp_status status =
            oxp_pool_close(self->handle, grace, &unknown, &not_applied, error);
        call_reacquire(&call);
        if (status < 0)
            call_raise(self->state, status, error);
        error_slot_return(&self->errors, error);
        if (PyErr_Occurred())
            return NULL;
        self->is_closed = true;
        Goal everything = {.kind = GOAL_BARRIER, .number = self->submissions};
        if (collect_until(self, &everything, INT64_MAX) < 0)
            return NULL;
    }
    return Py_BuildValue("KK", (unsigned long long)unknown, (unsigned long long)not_applied);
}

/* Body of the thread for futures that are watched. */
static PyObject *pool_collect_observed(PoolCore *self, PyObject *unused)
{
    (void)unused;
    int reached = collect_until(self, &(Goal){.kind = GOAL_OBSERVED}, INT64_MAX);
    self->has_thread = false;
    return reached < 0 ? NULL : Py_NewRef(Py_None);
}

/* Has all outstanding futures put into a list as they are done; returns their number. */
static PyObject *pool_deliver_to(PoolCore *self, PyObject *sink)
{
    if (pool_enter(self) < 0)
        return NULL;
    size_t count = 0;
    for (FutureCore *future = self->first; future; future = future->next) {
        PyObject *old = future->sink;
        future->sink = Py_NewRef(sink);
        Py_XDECREF(old);
        count++;
    }
    return PyLong_FromSize_t(count);
}

/* Waits until a list that futures are put into has one; whether that was in time. */
static PyObject *pool_wait_for(PoolCore *self, PyObject *const *args, Py_ssize_t count)
{
    Deadline deadline;
    if (count != 2 || !PyList_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "_wait_for() takes a list and a timeout");
        return NULL;
    }
    if (deadline_from_args(&deadline, args + 1, 1, NULL) < 0 || pool_enter(self) < 0)
        return NULL;
    Goal goal = {.kind = GOAL_SINK, .sink = args[0]};
    int reached = collect_until(self, &goal, deadline);
    return reached < 0 ? NULL : PyBool_FromLong(reached);
}

static PyObject *pool_server(PoolCore *self, PyObject *unused)
{
    (void)unused;
    if (pool_enter(self) < 0)
        return NULL;
    oxp_server *server = NULL;
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = oxp_pool_server(self->handle, &server, error);
    call_reacquire(&call);
    PyObject *fields = server_fields(self->state, status, server, error);
    error_slot_return(&self->errors, error);
    return fields;
}

/* Appends what has come to a deque, after waiting for it: see events_finish(). */
static PyObject *pool_next_events(PoolCore *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t timeout_ms;
    if (pool_enter(self) < 0 || events_arguments(&timeout_ms, args, count) < 0)
        return NULL;
    oxp_events *batch;
    if (oxp_events_new(&batch) < 0)
        return PyErr_NoMemory();
    oxp_error *error = error_slot_borrow(&self->errors);
    FastCall call;
    call_release(&call, NULL);
    oxp_status status = oxp_pool_next_events(self->handle, batch, timeout_ms, NULL, error);
    call_reacquire(&call);
    PyObject *done = events_finish(self->state, &self->codec, status, batch, error, args[0]);
    error_slot_return(&self->errors, error);
    return done;
}

static PyObject *pool_is_closed(PoolCore *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->is_closed);
}

static PyObject *pool_outstanding(PoolCore *self, void *unused)
{
    (void)unused;
    return PyLong_FromSize_t(self->outstanding);
}

int pool_enter(PoolCore *self)
{
    if (!self->handle) {
        PyErr_SetString(PyExc_RuntimeError, "the pool has not been opened");
        return -1;
    }
    if (self->generation == call_fork_generation())
        return 0;
    /* This is a forked child. The library starts anew by itself; what was outstanding is the parent's to hear of; here nobody ever will. */
    collect_forget_threads(self);
    drop_outstanding(self); /* whoever calls has a reference of its own: those of the futures go */
    self->errors.lent = false;
    self->succeeded = self->failed = 0;
    Py_CLEAR(self->first_failure);
    self->batch = NULL; /* another thread may have been filling it */
    if (oxp_completions_new(&self->batch) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    self->generation = call_fork_generation();
    return 0;
}

int pool_cancel(PoolCore *self, FutureCore *future)
{
    if (pool_enter(self) < 0)
        return -1;
    if (future->state != FUTURE_OUTSTANDING)
        return future->state == FUTURE_CANCELLED;
    PyObject *exception = PyObject_CallFunctionObjArgs(self->state->cancelled_error, NULL);
    if (!exception || future->state != FUTURE_OUTSTANDING) {
        Py_XDECREF(exception);
        return exception ? future->state == FUTURE_CANCELLED : -1;
    }
    if (oxp_pool_retract(self->handle, (uint64_t)(uintptr_t)future, NULL) != OXP_OK) {
        Py_DECREF(exception);
        return 0;
    }
    collect_unlink(self, future);
    collect_decide(self, future, FUTURE_CANCELLED, exception);
    collect_wake(self);
    return collect_publish(self) < 0 ? -1 : 1;
}

static PyObject *submit(PoolCore *self, PyObject *callback, const oxp_slice *name,
                        PyObject *const *args, Py_ssize_t count, bool waits)
{
    FutureCore *future = future_new(self, callback);
    if (!future)
        return NULL;
    Arguments arguments;
    if (arguments_collect(&arguments, self->state, &self->codec, name, args, count) < 0) {
        Py_DECREF((PyObject *)future);
        return NULL;
    }
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status = try_until(self, future, &arguments, NULL, waits, error);
    arguments_release(&arguments);
    if (status < 0)
        call_raise(self->state, status, error);
    error_slot_return(&self->errors, error);
    if (status == OXP_OK)
        return accepted(self, future);
    Py_DECREF((PyObject *)future);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

/* While the queue is full, pulls what is done, so that even a single thread makes room for itself. OXP_FULL if there is
 * none and it shall not wait. */
static oxp_status try_until(PoolCore *self, FutureCore *future, const Arguments *arguments,
                            oxp_pipeline *pipeline, bool waits, oxp_error *error)
{
    Deadline deadline = 0;
    for (;;) {
        uint64_t token = (uint64_t)(uintptr_t)future;
        oxp_status status =
            pipeline ? oxp_pool_try_submit_pipeline(self->handle, pipeline, token, error)
                     : oxp_pool_try_submit(self->handle, arguments->slices, arguments->count,
                                           token, error);
        if (status == OXP_OK) {
            /* Before the GIL can be let go of: from now on the future may be pulled. */
            future->state = FUTURE_OUTSTANDING;
            future->number = self->submissions++;
            future->previous = self->last;
            if (self->last)
                self->last->next = future;
            else
                self->first = future;
            self->last = future;
            self->outstanding++;
            Py_INCREF((PyObject *)future);
        }
        if (status != OXP_FULL)
            return status;
        if (!deadline) {
            if (collect_now(self) < 0)
                return OXP_ERR_INTERRUPTED;
            deadline = waits ? deadline_in(self->submit_ns) : 1;
            continue;
        }
        if (!waits)
            return OXP_FULL;
        if (deadline_in(0) >= deadline) {
            call_raise_local(self->state, OXP_ERR_TIMEOUT, OXP_OUTCOME_NOT_APPLIED,
                             "the pool's queue stayed full for all of socket_timeout");
            return OXP_ERR_TIMEOUT;
        }
        Goal goal = {.kind = GOAL_PROGRESS, .number = self->pulls};
        if (collect_until(self, &goal, deadline) < 0)
            return OXP_ERR_INTERRUPTED;
    }
}

static PyObject *accepted(PoolCore *self, FutureCore *future)
{
    if (++self->unpulled >= LOOK_EVERY && collect_now(self) < 0) {
        Py_DECREF((PyObject *)future);
        return NULL;
    }
    return (PyObject *)future;
}

static void free_handle(PoolCore *self)
{
    oxp_pool *handle = self->handle;
    self->handle = NULL;
    if (handle) {
        FastCall call;
        call_release(&call, NULL);
        oxp_pool_free(handle);
        call_reacquire(&call);
    }
}

/* Nobody is told: callbacks were made for the process that submitted. */
static void drop_outstanding(PoolCore *self)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *exception = NULL;
    while (self->first) {
        FutureCore *future = self->first;
        collect_unlink(self, future);
        if (!exception) {
            exception = PyObject_CallFunction(
                self->state->call_error, "iisiiii", OXP_ERR_FORKED, (int)OXP_OUTCOME_UNKNOWN,
                "the command was submitted before the fork: only the parent hears of it", 0, 0, 0, 0);
            if (!exception)
                exception = call_caught();
        }
        future_decide(future, FUTURE_EXCEPTION, Py_NewRef(exception));
        Py_DECREF((PyObject *)future);
    }
    while (self->publish_first) {
        FutureCore *future = self->publish_first;
        self->publish_first = future->next;
        future->next = NULL;
        if (future->state == FUTURE_PULLED) {
            PyObject *decided = future->value;
            future->value = NULL;
            future_decide(future, future->becomes, decided);
        }
        Py_DECREF((PyObject *)future);
    }
    self->publish_last = NULL;
    self->observed = 0;
    Py_XDECREF(exception);
    PyErr_Restore(type, value, traceback);
}

static int pool_traverse(PoolCore *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->module);
    Py_VISIT(self->first_failure);
    for (FutureCore *future = self->first; future; future = future->next)
        Py_VISIT((PyObject *)future);
    for (FutureCore *future = self->publish_first; future; future = future->next)
        Py_VISIT((PyObject *)future);
    return 0;
}

/* Only the collector gets here with commands outstanding: nobody has the pool or one of the futures any more. */
static int pool_clear(PoolCore *self)
{
    Py_CLEAR(self->first_failure);
    if (self->first || self->publish_first) {
        free_handle(self);
        drop_outstanding(self);
    }
    return 0;
}

static void pool_dealloc(PoolCore *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    free_handle(self);
    Py_CLEAR(self->first_failure);
    oxp_completions_free(self->batch);
    oxp_error_free(self->errors.error);
    codec_clear(&self->codec);
    Py_CLEAR(self->module);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef POOL_METHODS[] = {
    {"_open", (PyCFunction)(void (*)(void))pool_open, METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_open($self, options, connections, timeout, /)",
            "Makes the pool from a dict of options, without connecting.")},
    {"_connect", (PyCFunction)pool_connect, METH_NOARGS,
     SIGNED("_connect($self, /)", "Connects all connections now.")},
    {"command", (PyCFunction)(void (*)(void))pool_command, METH_FASTCALL,
     SIGNED("command($self, /, *args)",
            "Submits one command and returns the future of its reply, in the shape of that command.")},
    {"submit", (PyCFunction)(void (*)(void))pool_command, METH_FASTCALL,
     SIGNED("submit($self, /, *args)",
            "Submits one command and returns the future of its reply. Waits while the queue is full.")},
    {"try_submit", (PyCFunction)(void (*)(void))pool_try_submit, METH_FASTCALL,
     SIGNED("try_submit($self, /, *args)", "As `submit`, but None if the queue is full.")},
    {"command_as", (PyCFunction)(void (*)(void))pool_command_as, METH_FASTCALL,
     SIGNED("command_as($self, callback, /, *args)",
            "Submits one command; the first argument shapes the reply, None leaves it raw.")},
    {"_submit_pipeline", (PyCFunction)(void (*)(void))pool_submit_pipeline, METH_FASTCALL,
     SIGNED("_submit_pipeline($self, sent, callback, /)",
            "Submits a pipeline; the callback gets its replies.")},
    {"_answered", (PyCFunction)pool_answered, METH_O,
     SIGNED("_answered($self, value, /)", "A future that is done.")},
    {"_flush", (PyCFunction)(void (*)(void))pool_flush, METH_FASTCALL | METH_KEYWORDS,
     SIGNED("_flush($self, /, timeout=None)", "Waits for all that was submitted.")},
    {"_close", (PyCFunction)pool_close, METH_O,
     SIGNED("_close($self, milliseconds, /)", "Closes the pool after at most so long.")},
    {"_collect_observed", (PyCFunction)pool_collect_observed, METH_NOARGS,
     SIGNED("_collect_observed($self, /)", "Body of the thread for futures that are watched.")},
    {"_deliver_to", (PyCFunction)pool_deliver_to, METH_O,
     SIGNED("_deliver_to($self, sink, /)",
            "Appends each outstanding future to a list when it is done.")},
    {"_server", (PyCFunction)pool_server, METH_NOARGS,
     SIGNED("_server($self, /)",
            "What the server said of itself: the arguments of ServerInfo, or None.")},
    {"_next_events", (PyCFunction)(void (*)(void))pool_next_events, METH_FASTCALL,
     SIGNED("_next_events($self, sink, milliseconds, /)",
            "Waits for events, at most so many milliseconds, and appends them to a deque.")},
    {"_wait_for", (PyCFunction)(void (*)(void))pool_wait_for, METH_FASTCALL,
     SIGNED("_wait_for($self, sink, timeout, /)", "Waits until there is something in the list.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef POOL_PROPERTIES[] = {
    {"closed", (getter)pool_is_closed, NULL, PyDoc_STR("Whether close() was called."), NULL},
    {"outstanding", (getter)pool_outstanding, NULL,
     PyDoc_STR("How many submissions have not been answered, or nobody has looked."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot POOL_SLOTS[] = {
    {Py_tp_doc, PyDoc_STR("Connections to one server that work while their user does something else.")},
    {Py_tp_dealloc, pool_dealloc},
    {Py_tp_traverse, pool_traverse},
    {Py_tp_clear, pool_clear},
    {Py_tp_setattro, core_set_attribute},
    {Py_tp_methods, POOL_METHODS},
    {Py_tp_getset, POOL_PROPERTIES},
    {0, NULL},
};

static int pool_check(PyObject *pool)
{
    return pool_enter((PoolCore *)pool);
}

static const TextCodec *pool_codec(PyObject *pool)
{
    return &((PoolCore *)pool)->codec;
}

static oxp_status pool_open_pipeline(PyObject *pool, bool is_atomic, oxp_pipeline **out,
                                     oxp_error *error)
{
    (void)pool;
    return oxp_pipeline_new_detached(is_atomic, out, error);
}

const BatchOwner POOL_OWNER = {pool_check, pool_codec, pool_open_pipeline};

PyType_Spec POOL_SPEC = {
    .name = "oxipipe._core._fast.PoolCore",
    .basicsize = sizeof(PoolCore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = POOL_SLOTS,
};
