#include "call.h"

#include <pthread.h>

#include "exit_gate.h"

static unsigned long fork_generation;

void call_release(FastCall *call, ReplyBuilder *builder)
{
    call->builder = builder;
    call->discards = false;
    call->released = PyEval_SaveThread();
}

void call_reacquire(FastCall *call)
{
    if (call->released) {
        PyEval_RestoreThread(call->released); /* only C frames below: the thread may end here */
        call->released = NULL;
    } else {
        leave_python(); /* the last part kept the GIL */
    }
}

int32_t call_take_part(void *ud, const oxp_node *nodes, size_t count, const uint8_t *bytes)
{
    FastCall *call = ud;
    if (call->discards)
        return 0;
    if (call->released) {
        enter_python();
        PyEval_RestoreThread(call->released);
        call->released = NULL;
    }
    if (PyErr_Occurred()) {
        call->discards = true; /* a signal handler raised while the call was waiting */
    } else {
        /* A collection could run finalizers, and those could call this very client. */
        int collecting = PyGC_Disable();
        call->discards = builder_feed(call->builder, nodes, count, bytes) < 0;
        if (collecting)
            PyGC_Enable();
    }
    /* After the last reply the library only has to return: the GIL would be taken right back. */
    if (call->discards || !builder_is_complete(call->builder)) {
        call->released = PyEval_SaveThread();
        leave_python();
    }
    return 0;
}

int32_t call_check_signals(void *ud)
{
    (void)ud;
    enter_python();
    PyGILState_STATE gil = PyGILState_Ensure();
    /* A reply that could not be built may have left its exception behind while the rest drains. */
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    int32_t raised = PyErr_CheckSignals() < 0;
    if (raised) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    } else {
        PyErr_Restore(type, value, traceback);
    }
    PyGILState_Release(gil);
    leave_python();
    return raised;
}

oxp_error *error_slot_borrow(ErrorSlot *slot)
{
    oxp_error *error = slot->error;
    if (error && !slot->lent) {
        slot->lent = true;
        return error;
    }
    if (oxp_error_new(&error) < 0)
        return NULL; /* the call then fails with its status alone */
    if (!slot->error) {
        slot->error = error;
        slot->lent = true;
    }
    return error;
}

void error_slot_return(ErrorSlot *slot, oxp_error *error)
{
    if (error == slot->error)
        slot->lent = false;
    else
        oxp_error_free(error);
}

PyObject *call_exception(const FastState *state, oxp_status status, const oxp_error *error)
{
    const uint8_t *text = NULL;
    size_t len = 0;
    uint64_t replied = 0, unknown = 0, not_applied = 0;
    int32_t outcome = OXP_OUTCOME_NONE, os_code = 0;
    if (error) {
        oxp_error_message(error, &text, &len);
        oxp_error_progress(error, &replied, &unknown, &not_applied);
        outcome = oxp_error_outcome(error);
        os_code = oxp_error_os_code(error);
    }
    PyObject *message = text ? PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)len, "replace")
                             : PyUnicode_FromString(oxp_status_name(status));
    if (!message)
        return NULL;
    PyObject *exception = PyObject_CallFunction(
        state->call_error, "iiOiKKK", (int)status, (int)outcome, message, (int)os_code,
        (unsigned long long)replied, (unsigned long long)unknown, (unsigned long long)not_applied);
    Py_DECREF(message);
    if (exception && !PyExceptionInstance_Check(exception)) {
        PyErr_SetString(PyExc_TypeError, "call_error() must return an exception");
        Py_CLEAR(exception);
    }
    return exception;
}

void call_raise(const FastState *state, oxp_status status, const oxp_error *error)
{
    if (PyErr_Occurred())
        return;
    PyObject *exception = call_exception(state, status, error);
    if (exception)
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_XDECREF(exception);
}

void call_raise_local(const FastState *state, oxp_status status, int32_t outcome,
                      const char *message)
{
    PyObject *exception = PyObject_CallFunction(state->call_error, "iisiiii", (int)status,
                                                (int)outcome, message, 0, 0, 0, 0);
    if (exception)
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_XDECREF(exception);
}

static PyObject *stand_down(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    Py_BEGIN_ALLOW_THREADS
    close_gate();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static void begin_in_child(void)
{
    forget_other_threads();
    fork_generation++;
}

unsigned long call_fork_generation(void)
{
    return fork_generation;
}

int call_prepare_exit(PyObject *module)
{
    static PyMethodDef STAND_DOWN = {"_stand_down", stand_down, METH_NOARGS, NULL};
    static bool watches_fork;

    /* The end of a subinterpreter is not the end: its threads have to be done by then. */
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0)
        return 0;
    atomic_store(&is_ending, false);
    if (!watches_fork && pthread_atfork(NULL, NULL, begin_in_child) == 0)
        watches_fork = true;
    PyObject *atexit = PyImport_ImportModule("atexit");
    PyObject *function = atexit ? PyCFunction_New(&STAND_DOWN, module) : NULL;
    PyObject *done = function ? PyObject_CallMethod(atexit, "register", "O", function) : NULL;
    Py_XDECREF(atexit);
    Py_XDECREF(function);
    Py_XDECREF(done);
    return done ? 0 : -1;
}
