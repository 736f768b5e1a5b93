/*
 * The calls of one event loop that still wait for their replies: from the token that the library
 * returns with a reply to the future that wants it.
 */
#ifndef OXIPIPE_FAST_CALLS_H
#define OXIPIPE_FAST_CALLS_H

#include "state.h"

typedef struct {
    PyObject *future;   /* own */
    PyObject *callback; /* own: shapes the reply, or what a pipeline does with a failed one; NULL */
    PyObject *sent;     /* own: the PipelineCore that was sent; NULL for a single command */
    bool subscribes;    /* a single command that is answered by confirmations */
} PendingCall;

typedef struct CallEntry CallEntry;

/* Places are used again; a count in the upper half of the token tells their users apart. */
typedef struct {
    CallEntry *entries;
    uint32_t capacity;
    uint32_t first_free; /* place + 1, 0 for none */
    uint32_t serial;
    size_t count;
    /* Tokens of the calls that may not have left yet, in order: the only ones whose cancellation
     * is worth looking for. */
    uint64_t *fresh;
    size_t fresh_count;
    size_t fresh_capacity;
    size_t looked_at; /* how many of them have been looked at once */
} CallTable;

/* Enters a call, of which the table gets references of its own, as a fresh one. -1 with an
 * exception set if there is no memory. */
int calls_add(CallTable *table, const PendingCall *call, uint64_t *token);
/* Takes back the call that was added last: the library did not want it. */
void calls_undo(CallTable *table, uint64_t token);
/* The call's future, borrowed; NULL if the token is of no call that waits. */
PyObject *calls_future(const CallTable *table, uint64_t token);
/* Hands over the call and its references; false if the token is of no call that waits. */
bool calls_take(CallTable *table, uint64_t token, PendingCall *call);
/* The same for any one that waits at `*place` or behind it. */
bool calls_take_next(CallTable *table, uint32_t *place, PendingCall *call);
void call_clear(PendingCall *call);
/* Drops all of them. */
void calls_clear(CallTable *table);
int calls_visit(CallTable *table, visitproc visit, void *arg);

#endif
