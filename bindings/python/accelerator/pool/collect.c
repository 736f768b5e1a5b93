#include "pool/collect.h"

#include <time.h>

#include "batch.h"
#include "shape.h"

/* A thread that waits for another one to pull. Lives on that thread's stack. */
struct Waiter {
    Waiter *next;
    const Goal *goal;
    PyThread_type_lock lock; /* released to wake the thread */
    bool is_woken;
};

/* What a command came to that has no reply. A status that is no failure: the library has lost it. */
typedef struct {
    const FastState *state;
    oxp_status status;
    const oxp_error *error;
} Failing;

static bool is_reached(const PoolCore *self, const Goal *goal);
static bool can_pull(const PoolCore *self, const Goal *goal);
static const FutureCore *pulled_for(const PoolCore *self, const Goal *goal);
static FutureCore *next_untold(const PoolCore *self);
static int pull(PoolCore *self, const Goal *goal, Deadline deadline);
static int pull_batch(PoolCore *self, uint64_t wait_ms, bool *is_empty);
static void resolve(PoolCore *self, const oxp_completion *completion, size_t index,
                    Interruption *interruption);
static void resolve_pipeline(PoolCore *self, FutureCore *future, const oxp_completion *completion,
                             size_t index, Interruption *interruption);
static void resolve_lost(PoolCore *self, uint64_t before, oxp_status status,
                         const oxp_error *error, Interruption *interruption);
static PyObject *failure_of(PoolCore *self, size_t index, Interruption *interruption);
static PyObject *failure(Failing *failing, Interruption *interruption);
static void publish_unlink(PoolCore *self, FutureCore *future);
static void count_failures(PoolCore *self, uint64_t commands, PyObject *exception);
static int park(PoolCore *self, const Goal *goal, Deadline deadline);
static void wake(Waiter *waiter);
static void hand_over(PoolCore *self);
static uint64_t milliseconds_until(Deadline deadline);

int collect_until(PoolCore *self, const Goal *goal, Deadline deadline)
{
    int outcome;
    for (;;) {
        if ((outcome = collect_publish(self)) < 0)
            break;
        if ((outcome = is_reached(self, goal)))
            break;
        if (deadline != INT64_MAX && deadline_in(0) >= deadline)
            break;
        unsigned long me = PyThread_get_thread_ident();
        const FutureCore *pulled = pulled_for(self, goal);
        if (self->collector == me || (pulled && pulled->teller == me)) {
            /* Only a submission, which waits for room, says something about its command. */
            call_raise_local(self->state, OXP_ERR_BUSY,
                             goal->kind == GOAL_PROGRESS ? OXP_OUTCOME_NOT_APPLIED
                                                         : OXP_OUTCOME_NONE,
                             "waiting for a pool from within its own work would never end");
            outcome = -1;
            break;
        }
        if (!self->collector && can_pull(self, goal)) {
            outcome = pull(self, goal, deadline);
        } else {
            if (!self->collector)
                hand_over(self);
            outcome = park(self, goal, deadline);
        }
        if (outcome < 0)
            break;
    }
    /* Whoever leaves may be the one who was woken to pull. */
    if (!self->collector)
        hand_over(self);
    return outcome;
}

int collect_now(PoolCore *self)
{
    self->unpulled = 0;
    if (self->collector)
        return 0;
    bool is_empty;
    self->collector = PyThread_get_thread_ident();
    int status = pull_batch(self, 0, &is_empty);
    self->collector = 0;
    collect_wake(self);
    hand_over(self);
    return status < 0 ? -1 : collect_publish(self);
}

int collect_observe(PoolCore *self)
{
    if (self->has_thread) {
        /* It may be asleep, because there was nothing to be pulled for. */
        if (!self->collector)
            hand_over(self);
        return 0;
    }
    self->has_thread = true;
    PyObject *done = PyObject_CallMethod((PyObject *)self, "_start_collector", NULL);
    if (!done)
        self->has_thread = false;
    Py_XDECREF(done);
    return done ? 0 : -1;
}

void collect_wake(PoolCore *self)
{
    for (Waiter *waiter = self->waiters; waiter; waiter = waiter->next) {
        const Goal *goal = waiter->goal;
        /* Its future may be behind one whose callbacks take their time: it can tell the watchers itself. */
        if (!waiter->is_woken &&
            (is_reached(self, goal) || (next_untold(self) && pulled_for(self, goal))))
            wake(waiter);
    }
}

void collect_unlink(PoolCore *self, FutureCore *future)
{
    if (future->previous)
        future->previous->next = future->next;
    else
        self->first = future->next;
    if (future->next)
        future->next->previous = future->previous;
    else
        self->last = future->previous;
    future->previous = future->next = NULL;
    self->outstanding--;
}

void collect_decide(PoolCore *self, FutureCore *future, FutureState state, PyObject *value)
{
    if (!future->watch) {
        future_decide(future, state, value);
        Py_DECREF((PyObject *)future);
        return;
    }
    self->observed--;
    future->value = value;
    future->becomes = (uint8_t)state;
    future->state = FUTURE_PULLED;
    if (self->publish_last)
        self->publish_last->next = future;
    else
        self->publish_first = future;
    self->publish_last = future;
}

int collect_publish(PoolCore *self)
{
    FutureCore *future;
    while ((future = next_untold(self))) {
        Py_INCREF((PyObject *)future);
        future->teller = PyThread_get_thread_ident();
        PyObject *told = PyObject_CallMethod((PyObject *)future, "_publish", NULL);
        future->teller = 0;
        if (told) {
            publish_unlink(self, future);
            if (!self->publish_first)
                collect_wake(self);
        } else {
            /* What a signal handler, or a callback, has raised must not be the end of it: whoever comes next goes on. */
            for (Waiter *waiter = self->waiters; waiter; waiter = waiter->next)
                wake(waiter);
        }
        Py_DECREF((PyObject *)future);
        if (!told)
            return -1;
        Py_DECREF(told);
    }
    return 0;
}

void collect_forget_threads(PoolCore *self)
{
    self->collector = 0;
    self->waiters = NULL;
    self->has_thread = false;
}

int deadline_from_args(Deadline *deadline, PyObject *const *args, Py_ssize_t count,
                       PyObject *names)
{
    Py_ssize_t named = names ? PyTuple_Size(names) : 0;
    *deadline = INT64_MAX;
    if (count + named > 1 ||
        (named == 1 &&
         PyUnicode_CompareWithASCIIString(PyTuple_GetItem(names, 0), "timeout") != 0)) {
        PyErr_SetString(PyExc_TypeError, "the only argument is timeout");
        return -1;
    }
    if (count + named == 0 || args[0] == Py_None)
        return 0;
    double seconds = PyFloat_AsDouble(args[0]);
    if (seconds == -1.0 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            PyObject *kind = PyType_GetName(Py_TYPE(args[0]));
            if (kind)
                PyErr_Format(PyExc_TypeError,
                             "timeout is a %U; it must be a number of seconds, or None", kind);
            Py_XDECREF(kind);
        }
        return -1;
    }
    if (seconds < 9e9)
        *deadline = deadline_in(seconds > 0 ? (int64_t)(seconds * 1e9) : 0);
    return 0;
}

Deadline deadline_in(int64_t nanoseconds)
{
    struct timespec now;
    if (nanoseconds == INT64_MAX)
        return INT64_MAX;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec + nanoseconds;
}

static bool is_reached(const PoolCore *self, const Goal *goal)
{
    switch (goal->kind) {
    case GOAL_FUTURE:
        return future_is_done(goal->future);
    case GOAL_BARRIER:
        return !self->first || self->first->number >= goal->number;
    case GOAL_PROGRESS:
        return self->pulls != goal->number;
    case GOAL_SINK:
        /* With nothing outstanding nothing will come: somebody else was given it. But for what was pulled and is just being told. */
        return PyList_Size(goal->sink) > 0 || (!self->first && !pulled_for(self, goal));
    case GOAL_OBSERVED:
        return self->observed == 0 && !self->publish_first;
    }
    return true;
}

/* Not if all that is missing is that another thread tells watchers. */
static bool can_pull(const PoolCore *self, const Goal *goal)
{
    if (goal->kind == GOAL_OBSERVED)
        return self->observed > 0;
    return !pulled_for(self, goal);
}

/* What the goal waits for and is missing nothing but that its watchers are told; NULL for none. */
static const FutureCore *pulled_for(const PoolCore *self, const Goal *goal)
{
    if (goal->kind == GOAL_FUTURE)
        return goal->future->state == FUTURE_PULLED ? goal->future : NULL;
    if (goal->kind != GOAL_SINK)
        return NULL;
    const FutureCore *future = self->publish_first;
    while (future && !(future->state == FUTURE_PULLED && future->sink == goal->sink))
        future = future->next;
    return future;
}

/* The first whose watchers nobody is telling. */
static FutureCore *next_untold(const PoolCore *self)
{
    FutureCore *future = self->publish_first;
    while (future && future->teller)
        future = future->next;
    return future;
}

/* Pulls until the goal is reached or there are watchers to be told, which may run any code and so must not happen while
 * this thread is the collector. */
static int pull(PoolCore *self, const Goal *goal, Deadline deadline)
{
    self->collector = PyThread_get_thread_ident();
    int status;
    bool is_empty;
    do {
        status = pull_batch(self, milliseconds_until(deadline), &is_empty);
        collect_wake(self);
    } while (status >= 0 && !is_empty && !is_reached(self, goal) && !next_untold(self));
    self->collector = 0;
    if (next_untold(self))
        hand_over(self); /* telling may take long */
    return status;
}

static int pull_batch(PoolCore *self, uint64_t wait_ms, bool *is_empty)
{
    uint64_t before = self->submissions;
    size_t count = 0;
    oxp_error *error = error_slot_borrow(&self->errors);
    oxp_status status;
    if (wait_ms == 0) {
        status = oxp_pool_next(self->handle, self->batch, 0, &count, error);
    } else {
        FastCall call;
        call_release(&call, NULL);
        status = oxp_pool_next(self->handle, self->batch, wait_ms, &count, error);
        call_reacquire(&call);
    }
    *is_empty = status != OXP_OK;
    self->unpulled = 0;
    if (status == OXP_ERR_INTERRUPTED)
        call_raise(self->state, status, error);

    Interruption interruption = {0};
    interruption_keep(&interruption);
    if (status == OXP_OK) {
        const oxp_completion *completions;
        count = oxp_completions_list(self->batch, &completions);
        /* A collection could run finalizers, and those could wait for this very pool. */
        int collecting = PyGC_Disable();
        for (size_t i = 0; i < count; i++)
            resolve(self, &completions[i], i, &interruption);
        if (collecting)
            PyGC_Enable();
    } else if (status == OXP_DONE || (status < 0 && status != OXP_ERR_INTERRUPTED)) {
        resolve_lost(self, before, status, error, &interruption);
        status = OXP_DONE;
    }
    error_slot_return(&self->errors, error);
    if (status >= 0 && status != OXP_AGAIN)
        self->pulls++;
    interruption_raise(&interruption);
    return PyErr_Occurred() ? -1 : 0;
}

static void resolve(PoolCore *self, const oxp_completion *completion, size_t index,
                    Interruption *interruption)
{
    FutureCore *future = (FutureCore *)(uintptr_t)completion->token;
    collect_unlink(self, future);
    if (future->is_pipeline) {
        resolve_pipeline(self, future, completion, index, interruption);
        return;
    }
    ReplyKind kind = REPLY_ERROR;
    PyObject *value = NULL;
    if (completion->status < 0) {
        value = failure_of(self, index, interruption);
    } else if (Py_REFCNT((PyObject *)future) > 1 || future->watch || future->sink ||
               completion->nodes[0].type == OXP_TYPE_ERROR ||
               completion->nodes[0].type == OXP_TYPE_ATTRIBUTE) {
        value = reply_build(self->state, codec_for(self->state, &self->codec, future->callback),
                            completion->nodes, completion->node_count, completion->bytes, &kind,
                            interruption);
        if (!value) {
            value = call_caught();
            kind = REPLY_UNREADABLE;
        }
    } else {
        /* Nobody has the future any more, and nobody will, so nobody can ask for the reply. */
        self->succeeded++;
        Py_DECREF((PyObject *)future);
        return;
    }
    if (kind == REPLY_ERROR)
        count_failures(self, 1, value);
    else
        self->succeeded++; /* the server did what it was told, whatever becomes of its reply */
    collect_decide(self, future, kind == REPLY_VALUE ? FUTURE_RAW : FUTURE_EXCEPTION, value);
}

/* What the future's callback gets is the list of replies, with errors in place, or the exception that has it. */
static void resolve_pipeline(PoolCore *self, FutureCore *future, const oxp_completion *completion,
                             size_t index, Interruption *interruption)
{
    PyObject *replies = NULL;
    uint64_t failed = 0;
    PyObject *first = NULL;
    ReplyBuilder builder;
    if (builder_init(&builder, self->state, &self->codec, completion->replies) == 0) {
        builder.interruption = interruption;
        if (future->sent)
            builder_expect(&builder, pipeline_callbacks(future->sent));
        if (builder_feed(&builder, completion->nodes, completion->node_count,
                         completion->bytes) == 0)
            replies = builder_take(&builder);
        failed = builder.refusals;
        if (replies && failed > 0)
            first = PyList_GetItem(replies, builder.first_refusal);
        builder_clear(&builder);
    }
    PyObject *value = replies;
    Py_ssize_t count = replies ? PyList_Size(replies) : 0;
    if (!replies) {
        value = call_caught();
        failed = future->commands;
    } else if (completion->status < 0) {
        value = failure_of(self, index, interruption);
        if (PyObject_SetAttrString(value, "replies", replies) < 0)
            interruption_keep(interruption);
        Py_DECREF(replies);
        failed += future->commands - (size_t)count;
    }
    first = first ? first : value;
    if (failed > 0)
        count_failures(self, failed, first);
    self->succeeded += future->commands - failed;
    collect_decide(self, future, FUTURE_RAW, value);
}

/* The library says that nothing is outstanding, which would be its mistake, or that it has failed. Nobody shall wait for
 * ever. */
static void resolve_lost(PoolCore *self, uint64_t before, oxp_status status,
                         const oxp_error *error, Interruption *interruption)
{
    Failing failing = {self->state, status, error};
    while (self->first && self->first->number < before) {
        FutureCore *future = self->first;
        collect_unlink(self, future);
        PyObject *exception = failure(&failing, interruption);
        count_failures(self, future->commands, exception);
        collect_decide(self, future, FUTURE_EXCEPTION, exception);
    }
}

/* Never NULL. */
static PyObject *failure_of(PoolCore *self, size_t index, Interruption *interruption)
{
    oxp_error *error = error_slot_borrow(&self->errors);
    Failing failing = {self->state, oxp_completions_error(self->batch, index, error), error};
    PyObject *exception = failure(&failing, interruption);
    error_slot_return(&self->errors, error);
    return exception;
}

static PyObject *make_failure(void *ud)
{
    const Failing *failing = ud;
    if (failing->status < 0)
        return call_exception(failing->state, failing->status, failing->error);
    call_raise_local(failing->state, OXP_ERR_PANIC, OXP_OUTCOME_UNKNOWN,
                     "the library has lost a command");
    return call_caught();
}

/* Never NULL. */
static PyObject *failure(Failing *failing, Interruption *interruption)
{
    bool is_own;
    PyObject *exception = attempt(make_failure, failing, interruption, &is_own);
    return exception ? exception : call_caught();
}

/* All is told. In a child that a callback has forked, the list is empty. */
static void publish_unlink(PoolCore *self, FutureCore *future)
{
    FutureCore *before = NULL;
    for (FutureCore *each = self->publish_first; each; before = each, each = each->next) {
        if (each != future)
            continue;
        *(before ? &before->next : &self->publish_first) = future->next;
        if (self->publish_last == future)
            self->publish_last = before;
        future->next = NULL;
        Py_DECREF((PyObject *)future);
        return;
    }
}

static void count_failures(PoolCore *self, uint64_t commands, PyObject *exception)
{
    self->failed += commands;
    if (!self->first_failure)
        self->first_failure = Py_NewRef(exception);
}

static int park(PoolCore *self, const Goal *goal, Deadline deadline)
{
    Waiter waiter = {.goal = goal, .lock = PyThread_allocate_lock()};
    if (!waiter.lock) {
        PyErr_NoMemory();
        return -1;
    }
    PyThread_acquire_lock(waiter.lock, NOWAIT_LOCK);
    Waiter **place = &self->waiters;
    while (*place)
        place = &(*place)->next;
    *place = &waiter;

    int64_t left = -1;
    if (deadline != INT64_MAX) {
        left = (deadline - deadline_in(0)) / 1000 + 1;
        if (left < 0)
            left = 0;
    }
    PyLockStatus locked;
    Py_BEGIN_ALLOW_THREADS
    locked = PyThread_acquire_lock_timed(waiter.lock, left, 1);
    Py_END_ALLOW_THREADS

    for (place = &self->waiters; *place != &waiter; place = &(*place)->next)
        ;
    *place = waiter.next;
    if (locked == PY_LOCK_ACQUIRED || !waiter.is_woken)
        PyThread_release_lock(waiter.lock);
    PyThread_free_lock(waiter.lock);
    return locked == PY_LOCK_INTR ? PyErr_CheckSignals() : 0;
}

static void wake(Waiter *waiter)
{
    if (waiter->is_woken)
        return;
    waiter->is_woken = true;
    PyThread_release_lock(waiter->lock);
}

/* The first that was not woken for its own sake becomes the collector. */
static void hand_over(PoolCore *self)
{
    for (Waiter *waiter = self->waiters; waiter; waiter = waiter->next) {
        if (!waiter->is_woken && can_pull(self, waiter->goal)) {
            wake(waiter);
            return;
        }
    }
}

static uint64_t milliseconds_until(Deadline deadline)
{
    if (deadline == INT64_MAX)
        return UINT64_MAX;
    int64_t left = deadline - deadline_in(0);
    return left > 0 ? (uint64_t)left / 1000000 + 1 : 1;
}
