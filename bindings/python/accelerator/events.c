#include "events.h"

/* An event, and what it takes to tell of it. */
typedef struct {
    const FastState *state;
    const TextCodec *codec;
    oxp_events *batch;
    const oxp_event *event;
    size_t index;
} Telling;

static int append_all(const FastState *state, const TextCodec *codec, oxp_events *batch,
                      PyObject *sink, Interruption *interruption);
static PyObject *fields(void *ud);
static PyObject *reason(const Telling *telling);

int events_arguments(uint64_t *timeout_ms, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_next_events() takes a deque and milliseconds or None");
        return -1;
    }
    *timeout_ms = args[1] == Py_None ? UINT64_MAX : PyLong_AsUnsignedLongLong(args[1]);
    return *timeout_ms == UINT64_MAX && PyErr_Occurred() ? -1 : 0;
}

PyObject *events_finish(const FastState *state, const TextCodec *codec, oxp_status status,
                        oxp_events *batch, const oxp_error *error, PyObject *sink)
{
    Interruption interruption = {0};
    interruption_keep(&interruption);
    /* Nobody asked for just this event, so nobody could do without it: it comes as far as it is text. */
    TextCodec lenient = *codec;
    lenient.keeps_bytes = true;
    int appended = append_all(state, &lenient, batch, sink, &interruption);
    oxp_events_free(batch);
    interruption_raise(&interruption);
    if (appended < 0 || PyErr_Occurred())
        return NULL;
    if (status < 0) {
        call_raise(state, status, error);
        return NULL;
    }
    Py_RETURN_NONE;
}

/* None is lost because another one cannot be read, or because of a signal. */
static int append_all(const FastState *state, const TextCodec *codec, oxp_events *batch,
                      PyObject *sink, Interruption *interruption)
{
    const oxp_event *list;
    size_t count = oxp_events_list(batch, &list);
    for (size_t i = 0; i < count; i++) {
        Telling telling = {state, codec, batch, &list[i], i};
        bool is_own;
        PyObject *item = attempt(fields, &telling, interruption, &is_own);
        if (!item && !(item = call_caught()))
            return -1;
        PyObject *done = PyObject_CallMethod(sink, "append", "(O)", item);
        Py_DECREF(item);
        Py_XDECREF(done);
        if (!done)
            return -1;
    }
    return 0;
}

static PyObject *fields(void *ud)
{
    const Telling *telling = ud;
    const oxp_event *event = telling->event;
    ReplyKind kind;
    PyObject *data = event->nodes
                         ? reply_build(telling->state, telling->codec, event->nodes,
                                       event->node_count, event->bytes, &kind, NULL)
                         : Py_NewRef(Py_None);
    if (!data)
        return NULL;
    PyObject *connection = event->connection ? PyLong_FromUnsignedLongLong(event->connection)
                                             : Py_NewRef(Py_None);
    /* A NULL among them, with its exception, is the result of the whole. */
    return Py_BuildValue("iNNKN", (int)event->kind, data, connection,
                         (unsigned long long)event->dropped, reason(telling));
}

static PyObject *reason(const Telling *telling)
{
    oxp_error *error = NULL;
    if (telling->event->status >= 0)
        return Py_NewRef(Py_None);
    if (oxp_error_new(&error) < 0)
        error = NULL; /* then the status alone has to do */
    oxp_status status = oxp_events_error(telling->batch, telling->index, error);
    PyObject *exception = call_exception(telling->state, status, error);
    oxp_error_free(error);
    return exception;
}
