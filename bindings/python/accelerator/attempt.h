/*
 * Telling what a signal handler raised from what the work itself raised.
 *
 * Handlers run in the middle of any Python code: an exception that comes out of a codec may be the codec's, or it may be a
 * Ctrl-C that has nothing to do with the reply in hand. What belongs to the work is raised again when the work is done
 * again; what a handler raised is not.
 */
#ifndef OXIPIPE_FAST_ATTEMPT_H
#define OXIPIPE_FAST_ATTEMPT_H

#include "state.h"

/* The first exception that is meant for the thread that works, not for the result. */
typedef struct {
    PyObject *type, *value, *traceback;
} Interruption;

/* Takes the exception that is set, if any; only the first is kept. */
void interruption_keep(Interruption *interruption);
/* Sets what was kept, if anything was, in the place of any other exception. */
void interruption_raise(Interruption *interruption);

/* Takes the exception that is set, with its traceback; a new reference. */
PyObject *call_caught(void);

typedef PyObject *(*Attempt)(void *ud);

/* After `make(ud)` has failed, tries again until it succeeds or raises the same kind of exception twice: that one is then set,
 * and `is_own`. What else was raised goes to `interruption`; without one the work ends with it (NULL, not `is_own`). */
PyObject *attempt_again(Attempt make, void *ud, Interruption *interruption, bool *is_own);
/* The first time, too. */
PyObject *attempt(Attempt make, void *ud, Interruption *interruption, bool *is_own);

#endif
