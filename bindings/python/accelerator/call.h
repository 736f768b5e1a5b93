/*
 * One blocking call into the library: releasing the GIL, taking it back where replies are built or
 * signals are looked at, and turning a failed status into an exception.
 *
 * Lock order: inside a call the library holds its own lock while it waits for the GIL, so nobody
 * who holds the GIL may wait for the library. Whatever can wait runs between call_release() and
 * call_reacquire().
 */
#ifndef OXIPIPE_FAST_CALL_H
#define OXIPIPE_FAST_CALL_H

#include "reply.h"

typedef struct {
    PyThreadState *released; /* NULL while this thread holds the GIL */
    ReplyBuilder *builder;   /* NULL for calls without replies */
    bool discards;           /* an exception is set: what still arrives is thrown away */
} FastCall;

void call_release(FastCall *call, ReplyBuilder *builder);
void call_reacquire(FastCall *call);

/* An oxp_part_fn; `ud` is the FastCall. Entered without the GIL. Never stops the stream: replies
 * left unread would have to be thrown away by the library, together with the connection. */
int32_t call_take_part(void *ud, const oxp_node *nodes, size_t count, const uint8_t *bytes);

/* An oxp_interrupt_fn: runs Python's signal handlers; stops the call if one of them raised, and the
 * exception stays set for the thread that made the call. */
int32_t call_check_signals(void *ud);

/* The error object of one owner, lent to one call at a time. Calls that overlap on one client get
 * their own. */
typedef struct {
    oxp_error *error;
    bool lent;
} ErrorSlot;

oxp_error *error_slot_borrow(ErrorSlot *slot);
void error_slot_return(ErrorSlot *slot, oxp_error *error);

/* The exception for a failed call, made by configure()'s call_error; NULL with an exception set if
 * it cannot be made. */
PyObject *call_exception(const FastState *state, oxp_status status, const oxp_error *error);
/* Raises it, unless an exception is already set: that one, from a signal handler or from building
 * a reply, is what the caller must see. */
void call_raise(const FastState *state, oxp_status status, const oxp_error *error);
/* For misuse found before the library is asked; `outcome` is OXP_OUTCOME_NONE where no command is concerned. */
void call_raise_local(const FastState *state, oxp_status status, int32_t outcome,
                      const char *message);

/* How many forks lie between this process and the one that loaded the module. */
unsigned long call_fork_generation(void);

/* Prepares for interpreter exit, once per process; see the comment in the source. */
int call_prepare_exit(PyObject *module);

#endif
