#include "loop/calls.h"

struct CallEntry {
    PendingCall call; /* future is NULL while the place is free */
    uint32_t serial;
    uint32_t next_free;
};

/* What a burst has made larger than this is given back when the table is empty. */
enum { KEPT_CAPACITY = 16 * 1024, FIRST_CAPACITY = 64 };

static int grow(CallTable *table);
static CallEntry *find(const CallTable *table, uint64_t token);
static void release(CallTable *table, CallEntry *entry);

int calls_add(CallTable *table, const PendingCall *call, uint64_t *token)
{
    if (!table->first_free && grow(table) < 0)
        return -1;
    if (table->fresh_count == table->fresh_capacity) {
        size_t capacity = table->fresh_capacity ? table->fresh_capacity * 2 : FIRST_CAPACITY;
        uint64_t *fresh = PyMem_Realloc(table->fresh, capacity * sizeof *fresh);
        if (!fresh) {
            PyErr_NoMemory();
            return -1;
        }
        table->fresh = fresh;
        table->fresh_capacity = capacity;
    }
    uint32_t place = table->first_free - 1;
    CallEntry *entry = &table->entries[place];
    table->first_free = entry->next_free;
    table->count++;
    entry->serial = table->serial++;
    entry->call = (PendingCall){Py_NewRef(call->future), Py_XNewRef(call->callback),
                                Py_XNewRef(call->sent), call->subscribes};
    *token = (uint64_t)entry->serial << 32 | place;
    table->fresh[table->fresh_count++] = *token;
    return 0;
}

void calls_undo(CallTable *table, uint64_t token)
{
    PendingCall call;
    table->fresh_count--;
    if (calls_take(table, token, &call))
        call_clear(&call);
}

PyObject *calls_future(const CallTable *table, uint64_t token)
{
    CallEntry *entry = find(table, token);
    return entry ? entry->call.future : NULL;
}

bool calls_take(CallTable *table, uint64_t token, PendingCall *call)
{
    CallEntry *entry = find(table, token);
    if (!entry)
        return false;
    *call = entry->call;
    release(table, entry);
    return true;
}

bool calls_take_next(CallTable *table, uint32_t *place, PendingCall *call)
{
    for (; *place < table->capacity; (*place)++) {
        CallEntry *entry = &table->entries[*place];
        if (entry->call.future) {
            *call = entry->call;
            release(table, entry);
            return true;
        }
    }
    return false;
}

void call_clear(PendingCall *call)
{
    Py_CLEAR(call->future);
    Py_CLEAR(call->callback);
    Py_CLEAR(call->sent);
}

void calls_clear(CallTable *table)
{
    /* Emptied first: dropping a future can run code that comes back here. */
    CallTable old = *table;
    *table = (CallTable){.serial = old.serial};
    for (uint32_t place = 0; place < old.capacity; place++)
        if (old.entries[place].call.future)
            call_clear(&old.entries[place].call);
    PyMem_Free(old.entries);
    PyMem_Free(old.fresh);
}

int calls_visit(CallTable *table, visitproc visit, void *arg)
{
    for (uint32_t place = 0; place < table->capacity; place++) {
        PendingCall *call = &table->entries[place].call;
        Py_VISIT(call->future);
        Py_VISIT(call->callback);
        Py_VISIT(call->sent);
    }
    return 0;
}

static int grow(CallTable *table)
{
    uint32_t capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY;
    CallEntry *entries = capacity > table->capacity
                             ? PyMem_Realloc(table->entries, capacity * sizeof *entries)
                             : NULL;
    if (!entries) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t place = capacity; place-- > table->capacity;) {
        entries[place] = (CallEntry){.next_free = table->first_free};
        table->first_free = place + 1;
    }
    table->entries = entries;
    table->capacity = capacity;
    return 0;
}

static CallEntry *find(const CallTable *table, uint64_t token)
{
    uint32_t place = (uint32_t)token;
    if (place >= table->capacity)
        return NULL;
    CallEntry *entry = &table->entries[place];
    return entry->call.future && entry->serial == token >> 32 ? entry : NULL;
}

static void release(CallTable *table, CallEntry *entry)
{
    entry->call = (PendingCall){0};
    entry->next_free = table->first_free;
    table->first_free = (uint32_t)(entry - table->entries) + 1;
    if (--table->count > 0 || table->capacity <= KEPT_CAPACITY)
        return;
    PyMem_Free(table->entries);
    PyMem_Free(table->fresh);
    *table = (CallTable){.serial = table->serial};
}
