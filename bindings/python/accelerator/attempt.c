#include "attempt.h"

/* Of so many different exceptions in a row one has to be the work's own. */
enum { ATTEMPTS = 4 };

static void drop(Interruption *interruption);

void interruption_keep(Interruption *interruption)
{
    if (!PyErr_Occurred())
        return;
    if (interruption->type)
        PyErr_Clear();
    else
        PyErr_Fetch(&interruption->type, &interruption->value, &interruption->traceback);
}

void interruption_raise(Interruption *interruption)
{
    if (interruption->type)
        PyErr_Restore(interruption->type, interruption->value, interruption->traceback);
    *interruption = (Interruption){0};
}

PyObject *call_caught(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback && value)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

PyObject *attempt(Attempt make, void *ud, Interruption *interruption, bool *is_own)
{
    PyObject *result = make(ud);
    *is_own = false;
    return result ? result : attempt_again(make, ud, interruption, is_own);
}

PyObject *attempt_again(Attempt make, void *ud, Interruption *interruption, bool *is_own)
{
    Interruption seen[ATTEMPTS] = {0}, own = {0};
    size_t count = 0;
    PyObject *result = NULL;
    while (!result && !own.type) {
        Interruption now;
        PyErr_Fetch(&now.type, &now.value, &now.traceback);
        bool repeated = count == ATTEMPTS;
        for (size_t i = 0; i < count; i++)
            repeated = repeated || seen[i].type == now.type;
        if (repeated) {
            own = now;
        } else {
            seen[count++] = now;
            result = make(ud);
        }
    }
    /* Whatever is not the work's own came from somewhere else. */
    Interruption foreign = {0};
    for (size_t i = 0; i < count; i++) {
        if (seen[i].type != own.type && !foreign.type)
            foreign = seen[i];
        else
            drop(&seen[i]);
    }
    *is_own = own.type != NULL;
    if (foreign.type && interruption && interruption->type) {
        drop(&foreign);
    } else if (foreign.type && interruption) {
        *interruption = foreign;
    } else if (foreign.type) {
        Py_CLEAR(result);
        drop(&own);
        *is_own = false;
        PyErr_Restore(foreign.type, foreign.value, foreign.traceback);
        return NULL;
    }
    if (own.type)
        PyErr_Restore(own.type, own.value, own.traceback);
    return result;
}

static void drop(Interruption *interruption)
{
    Py_CLEAR(interruption->type);
    Py_CLEAR(interruption->value);
    Py_CLEAR(interruption->traceback);
}
