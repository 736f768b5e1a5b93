#include "events.h"

static int append_all(const FastState *state, const TextCodec *codec, oxp_events *batch,
                      PyObject *sink);
static PyObject *fields(const FastState *state, const TextCodec *codec, oxp_events *batch,
                        const oxp_event *event, size_t index);
static PyObject *reason(const FastState *state, oxp_events *batch, const oxp_event *event,
                        size_t index);

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
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    /* Nobody asked for just this event, so nobody could do without it: it comes as far as it is text. */
    TextCodec lenient = *codec;
    lenient.keeps_bytes = true;
    int appended = append_all(state, &lenient, batch, sink);
    oxp_events_free(batch);
    if (type) {
        PyErr_Restore(type, value, traceback);
        return NULL;
    }
    if (appended < 0)
        return NULL;
    if (status < 0) {
        call_raise(state, status, error);
        return NULL;
    }
    Py_RETURN_NONE;
}

/* None is lost because another one cannot be read. */
static int append_all(const FastState *state, const TextCodec *codec, oxp_events *batch,
                      PyObject *sink)
{
    const oxp_event *list;
    size_t count = oxp_events_list(batch, &list);
    for (size_t i = 0; i < count; i++) {
        PyObject *item = fields(state, codec, batch, &list[i], i);
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

static PyObject *fields(const FastState *state, const TextCodec *codec, oxp_events *batch,
                        const oxp_event *event, size_t index)
{
    bool is_error;
    PyObject *data = event->nodes ? reply_build(state, codec, event->nodes, event->node_count,
                                                event->bytes, &is_error)
                                  : Py_NewRef(Py_None);
    if (!data)
        return NULL;
    PyObject *connection = event->connection ? PyLong_FromUnsignedLongLong(event->connection)
                                             : Py_NewRef(Py_None);
    /* A NULL among them, with its exception, is the result of the whole. */
    return Py_BuildValue("iNNKN", (int)event->kind, data, connection,
                         (unsigned long long)event->dropped, reason(state, batch, event, index));
}

static PyObject *reason(const FastState *state, oxp_events *batch, const oxp_event *event,
                        size_t index)
{
    oxp_error *error = NULL;
    if (event->status >= 0)
        return Py_NewRef(Py_None);
    if (oxp_error_new(&error) < 0)
        error = NULL; /* then the status alone has to do */
    oxp_status status = oxp_events_error(batch, index, error);
    PyObject *exception = call_exception(state, status, error);
    oxp_error_free(error);
    return exception;
}
