#include "loop/settle.h"

#include "call.h"

/* What a task waits with, taken away from its future. */
typedef struct {
    PyObject *wakeup;  /* own; NULL if there is no such task */
    PyObject *context; /* own */
} Waiter;

/* After so many, this turn's futures are those of a gather or the like, and not worth a look each. */
enum { MISSES = 16 };

typedef struct {
    const FastState *state;
    PyObject *future;
    PyObject *result;
    bool failed;
} Setting;

static Waiter take_waiter(const FastState *state, Resumption *resumption, PyObject *future);
static bool is_wakeup(Resumption *resumption, PyObject *callback);
static PyObject *set(void *setting);
static void resume(const FastState *state, Resumption *resumption, Waiter *waiter,
                   PyObject *future);
static bool is_plain(const FastState *state, PyObject *future);

bool resumption_is_here(const Resumption *resumption)
{
    return resumption->thread && resumption->thread == PyThread_get_thread_ident() &&
           resumption->generation == call_fork_generation();
}

bool future_is_settled(const FastState *state, PyObject *future)
{
    PyObject *done = is_plain(state, future)
                         ? PyObject_CallFunctionObjArgs(state->future_done, future, NULL)
                         : PyObject_CallMethod(future, "done", NULL);
    if (!done)
        PyErr_Clear();
    Py_XDECREF(done);
    return done == Py_True;
}

void future_settle(const FastState *state, Resumption *resumption, PyObject *future,
                   PyObject *result, bool failed, Interruption *interruption)
{
    Setting setting = {state, future, result, failed};
    Waiter waiter = {0};
    bool is_own;
    if (resumption->is_allowed && resumption->misses < MISSES && is_plain(state, future))
        waiter = take_waiter(state, resumption, future);
    PyObject *done = attempt(set, &setting, interruption, &is_own);
    if (!done) {
        /* There are exceptions that no future takes, such as StopIteration. */
        setting.result = call_caught();
        setting.failed = true;
        done = set(&setting);
        interruption_keep(interruption);
        Py_DECREF(setting.result);
    }
    Py_XDECREF(done);
    if (waiter.wakeup) {
        resume(state, resumption, &waiter, future);
        interruption_keep(interruption);
    }
}

/* Only if it is the only callback: several are called in their order, by the loop. */
static Waiter take_waiter(const FastState *state, Resumption *resumption, PyObject *future)
{
    Waiter waiter = {0};
    PyObject *removed = NULL;
    PyObject *callbacks = PyObject_GetAttr(future, state->callbacks_name);
    if (callbacks && PyList_Check(callbacks) && PyList_Size(callbacks) == 1) {
        PyObject *entry = PyList_GetItem(callbacks, 0);
        if (PyTuple_Check(entry) && PyTuple_Size(entry) == 2 &&
            is_wakeup(resumption, PyTuple_GetItem(entry, 0))) {
            waiter.wakeup = Py_NewRef(PyTuple_GetItem(entry, 0));
            waiter.context = Py_NewRef(PyTuple_GetItem(entry, 1));
            removed = PyObject_CallFunctionObjArgs(state->future_remove_callback, future,
                                                   waiter.wakeup, NULL);
        }
    }
    Py_XDECREF(callbacks);
    if (!removed) {
        PyErr_Clear();
        Py_CLEAR(waiter.wakeup);
        Py_CLEAR(waiter.context);
    }
    Py_XDECREF(removed);
    resumption->misses = waiter.wakeup ? 0 : resumption->misses + 1;
    return waiter;
}

/* The tasks of C wait with a function that is bound to them and has no other use. Python's own, which some programs put in
 * their place, do not, and are left to the loop. */
static bool is_wakeup(Resumption *resumption, PyObject *callback)
{
    if (Py_TYPE(callback) != &PyCFunction_Type)
        return false;
    PyCFunction function = PyCFunction_GetFunction(callback);
    if (!resumption->task_wakeup) {
        PyObject *name = PyObject_GetAttrString(callback, "__name__");
        if (name && PyUnicode_Check(name) &&
            PyUnicode_CompareWithASCIIString(name, "task_wakeup") == 0)
            resumption->task_wakeup = function;
        Py_XDECREF(name);
        PyErr_Clear();
    }
    return function == resumption->task_wakeup;
}

static PyObject *set(void *ud)
{
    const Setting *setting = ud;
    const FastState *state = setting->state;
    PyObject *done;
    if (is_plain(state, setting->future))
        done = PyObject_CallFunctionObjArgs(setting->failed ? state->future_set_exception
                                                            : state->future_set_result,
                                            setting->future, setting->result, NULL);
    else
        done = PyObject_CallMethod(setting->future,
                                   setting->failed ? "set_exception" : "set_result", "O",
                                   setting->result);
    /* Whoever cancelled it does not want to know; or it has its result, and a signal handler raised behind that. */
    if (!done && PyErr_ExceptionMatches(state->invalid_state_error)) {
        PyErr_Clear();
        return Py_NewRef(Py_None);
    }
    return done;
}

static void resume(const FastState *state, Resumption *resumption, Waiter *waiter,
                   PyObject *future)
{
    resumption->thread = PyThread_get_thread_ident();
    resumption->generation = call_fork_generation();
    Py_XDECREF(PyObject_CallMethodObjArgs(waiter->context, state->run_name, waiter->wakeup, future,
                                          NULL));
    resumption->thread = 0;
    Py_CLEAR(waiter->wakeup);
    Py_CLEAR(waiter->context);
}

/* Nothing but a future of asyncio. */
static bool is_plain(const FastState *state, PyObject *future)
{
    return (PyObject *)Py_TYPE(future) == state->future_type;
}
