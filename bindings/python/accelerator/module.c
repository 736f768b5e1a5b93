/*
 * oxipipe._core._fast: the package's backend for CPython.
 *
 * The pieces, in the order one command meets them: client.c (methods; named.c: some of those for
 * named commands), args.c (Python arguments to
 * bytes), call.c (into the library and back, GIL and signals), reply.c (nodes to Python objects),
 * shape.c (the shape of the reply). Many commands: batch.c. What comes besides replies: events.c.
 * For asyncio, loop/: client.c (methods), binding.c (into the library, and replies to futures),
 * calls.c (the futures that wait), settle.c (results to futures and tasks). For pools, pool/: pool.c (methods), collect.c (who pulls
 * replies), future.c (what Python sees of where they go), core.c (what they are). This file only ties them to a module.
 */
#include <string.h>

#include "loop/client.h"
#include "call.h"
#include "client.h"
#include "named.h"
#include "pool/future.h"
#include "batch.h"
#include "pool/pool.h"

static FastState *state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

static PyObject *configure(PyObject *module, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"reply_error", "call_error", "data_error", "unsendable",
                            "encoding_error", "decode_error", "resolve_callback", "by_words", "undecoded",
                            "load_futures", NULL};
    PyObject *reply_error, *call_error, *data_error, *unsendable, *encoding_error, *decode_error;
    PyObject *resolve_callback, *by_words, *undecoded, *load_futures;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "$OOOOOOOOOO:configure", names, &reply_error,
                                     &call_error, &data_error, &unsendable, &encoding_error,
                                     &decode_error, &resolve_callback, &by_words, &undecoded,
                                     &load_futures))
        return NULL;
    FastState *state = state_of(module);
    FastState old = *state;
    state->reply_error = Py_NewRef(reply_error);
    state->call_error = Py_NewRef(call_error);
    state->data_error = Py_NewRef(data_error);
    state->unsendable = Py_NewRef(unsendable);
    state->encoding_error = Py_NewRef(encoding_error);
    state->decode_error = Py_NewRef(decode_error);
    state->resolve_callback = Py_NewRef(resolve_callback);
    state->by_words = Py_NewRef(by_words);
    state->undecoded = Py_NewRef(undecoded);
    state->load_futures = Py_NewRef(load_futures);
    PyDict_Clear(state->callbacks);
    Py_XDECREF(old.reply_error);
    Py_XDECREF(old.call_error);
    Py_XDECREF(old.data_error);
    Py_XDECREF(old.unsendable);
    Py_XDECREF(old.encoding_error);
    Py_XDECREF(old.decode_error);
    Py_XDECREF(old.resolve_callback);
    Py_XDECREF(old.by_words);
    Py_XDECREF(old.undecoded);
    Py_XDECREF(old.load_futures);
    Py_RETURN_NONE;
}

/* Apart from configure(), because importing asyncio costs more than all of this package. */
static PyObject *configure_asyncio(PyObject *module, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"get_running_loop", "future", "invalid_state_error", NULL};
    PyObject *get_running_loop, *future, *invalid_state_error;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "$OOO:configure_asyncio", names,
                                     &get_running_loop, &future, &invalid_state_error))
        return NULL;
    FastState *state = state_of(module);
    PyObject *done = PyObject_GetAttrString(future, "done");
    PyObject *set_result = PyObject_GetAttrString(future, "set_result");
    PyObject *set_exception = PyObject_GetAttrString(future, "set_exception");
    PyObject *remove_callback = PyObject_GetAttrString(future, "remove_done_callback");
    PyObject *callbacks_name = PyUnicode_InternFromString("_callbacks");
    PyObject *run_name = PyUnicode_InternFromString("run");
    PyObject *no_arguments = PyTuple_New(0);
    if (!done || !set_result || !set_exception || !remove_callback || !callbacks_name ||
        !run_name || !no_arguments || state->get_running_loop) {
        Py_XDECREF(done);
        Py_XDECREF(set_result);
        Py_XDECREF(set_exception);
        Py_XDECREF(remove_callback);
        Py_XDECREF(callbacks_name);
        Py_XDECREF(run_name);
        Py_XDECREF(no_arguments);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_RuntimeError, "configure_asyncio() has been called");
        return NULL;
    }
    state->get_running_loop = Py_NewRef(get_running_loop);
    state->future_type = Py_NewRef(future);
    state->future_done = done;
    state->future_set_result = set_result;
    state->future_set_exception = set_exception;
    state->future_remove_callback = remove_callback;
    state->callbacks_name = callbacks_name;
    state->run_name = run_name;
    state->invalid_state_error = Py_NewRef(invalid_state_error);
    state->no_arguments = no_arguments;
    Py_RETURN_NONE;
}

static int execute(PyObject *module)
{
    FastState *state = state_of(module);
    state->callbacks = PyDict_New();
    state->queued_bytes = PyBytes_FromString("QUEUED");
    state->queued_text = PyUnicode_FromString("QUEUED");
    state->command_name = PyUnicode_InternFromString("command");
    state->client_type = PyType_FromModuleAndSpec(module, &CLIENT_SPEC, NULL);
    state->pipeline_type = PyType_FromModuleAndSpec(module, &PIPELINE_SPEC, NULL);
    state->async_type = PyType_FromModuleAndSpec(module, &ASYNC_SPEC, NULL);
    state->binding_type = PyType_FromModuleAndSpec(module, &BINDING_SPEC, NULL);
    state->pool_type = PyType_FromModuleAndSpec(module, &POOL_SPEC, NULL);
    state->pool_future_type = PyType_FromModuleAndSpec(module, &FUTURE_SPEC, NULL);
    state->named_type = PyType_FromModuleAndSpec(module, &NAMED_SPEC, NULL);
    const OwnerType owners[OWNERS] = {{state->client_type, &CLIENT_OWNER},
                                      {state->async_type, &ASYNC_OWNER},
                                      {state->pool_type, &POOL_OWNER}};
    memcpy(state->owners, owners, sizeof owners);
    if (!state->callbacks || !state->queued_bytes || !state->queued_text || !state->client_type || !state->pipeline_type || !state->async_type ||
        !state->binding_type || !state->pool_type || !state->pool_future_type ||
        !state->named_type || !state->command_name)
        return -1;
    if (sender_init(&state->senders[0], state->pipeline_type, pipeline_send) < 0 ||
        sender_init(&state->senders[1], state->client_type, client_send) < 0 ||
        sender_init(&state->senders[2], state->async_type, async_send) < 0 ||
        sender_init(&state->senders[3], state->pool_type, pool_send) < 0)
        return -1;
    if (PyModule_AddType(module, (PyTypeObject *)state->client_type) < 0 ||
        PyModule_AddType(module, (PyTypeObject *)state->pipeline_type) < 0 ||
        PyModule_AddType(module, (PyTypeObject *)state->async_type) < 0 ||
        PyModule_AddType(module, (PyTypeObject *)state->binding_type) < 0 ||
        PyModule_AddType(module, (PyTypeObject *)state->pool_type) < 0 ||
        PyModule_AddType(module, (PyTypeObject *)state->pool_future_type) < 0)
        return -1;
    return call_prepare_exit(module);
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    FastState *state = state_of(module);
    Py_VISIT(state->client_type);
    Py_VISIT(state->pipeline_type);
    Py_VISIT(state->async_type);
    Py_VISIT(state->binding_type);
    Py_VISIT(state->pool_type);
    Py_VISIT(state->pool_future_type);
    Py_VISIT(state->named_type);
    Py_VISIT(state->method_type);
    for (size_t i = 0; i < SENDERS; i++)
        Py_VISIT(state->senders[i].command);
    Py_VISIT(state->future_class);
    Py_VISIT(state->cancelled_error);
    Py_VISIT(state->timeout_error);
    Py_VISIT(state->reply_error);
    Py_VISIT(state->call_error);
    Py_VISIT(state->data_error);
    Py_VISIT(state->unsendable);
    Py_VISIT(state->encoding_error);
    Py_VISIT(state->decode_error);
    Py_VISIT(state->resolve_callback);
    Py_VISIT(state->by_words);
    Py_VISIT(state->undecoded);
    Py_VISIT(state->load_futures);
    Py_VISIT(state->callbacks);
    Py_VISIT(state->get_running_loop);
    Py_VISIT(state->future_type);
    Py_VISIT(state->future_done);
    Py_VISIT(state->future_set_result);
    Py_VISIT(state->future_set_exception);
    Py_VISIT(state->future_remove_callback);
    Py_VISIT(state->invalid_state_error);
    return 0;
}

/* Clients may outlive this by a moment while the interpreter ends, so the cache is only emptied, and
 * QUEUED stays: they use both without asking whether they are there. */
static int clear(PyObject *module)
{
    FastState *state = state_of(module);
    Py_CLEAR(state->client_type);
    Py_CLEAR(state->pipeline_type);
    Py_CLEAR(state->async_type);
    Py_CLEAR(state->binding_type);
    Py_CLEAR(state->pool_type);
    Py_CLEAR(state->pool_future_type);
    Py_CLEAR(state->named_type);
    Py_CLEAR(state->method_type);
    Py_CLEAR(state->command_name);
    for (size_t i = 0; i < SENDERS; i++)
        Py_CLEAR(state->senders[i].command);
    state->new_future = NULL; /* it goes with the class */
    Py_CLEAR(state->future_class);
    Py_CLEAR(state->cancelled_error);
    Py_CLEAR(state->timeout_error);
    Py_CLEAR(state->reply_error);
    Py_CLEAR(state->call_error);
    Py_CLEAR(state->data_error);
    Py_CLEAR(state->unsendable);
    Py_CLEAR(state->encoding_error);
    Py_CLEAR(state->decode_error);
    Py_CLEAR(state->resolve_callback);
    Py_CLEAR(state->by_words);
    Py_CLEAR(state->undecoded);
    Py_CLEAR(state->load_futures);
    Py_CLEAR(state->get_running_loop);
    Py_CLEAR(state->future_type);
    Py_CLEAR(state->future_done);
    Py_CLEAR(state->future_set_result);
    Py_CLEAR(state->future_set_exception);
    Py_CLEAR(state->future_remove_callback);
    Py_CLEAR(state->callbacks_name);
    Py_CLEAR(state->run_name);
    Py_CLEAR(state->invalid_state_error);
    Py_CLEAR(state->no_arguments);
    if (state->callbacks)
        PyDict_Clear(state->callbacks);
    return 0;
}

static void release(void *module)
{
    clear(module);
    Py_CLEAR(state_of(module)->callbacks);
    Py_CLEAR(state_of(module)->queued_bytes);
    Py_CLEAR(state_of(module)->queued_text);
}

static PyMethodDef METHODS[] = {
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS,
     SIGNED("configure($module, /, *, reply_error, call_error, data_error, unsendable, "
            "encoding_error, decode_error, resolve_callback, by_words, undecoded, load_futures)",
            "Sets what the package supplies: exceptions and reply callbacks.")},
    {"configure_asyncio", (PyCFunction)(void (*)(void))configure_asyncio,
     METH_VARARGS | METH_KEYWORDS,
     SIGNED("configure_asyncio($module, /, *, get_running_loop, future, invalid_state_error)",
            "Sets what asyncio supplies, once.")},
    {"named_method", (PyCFunction)(void (*)(void))named_method, METH_FASTCALL,
     SIGNED("named_method($module, function, command, words, has_more, last, whole, /)",
            "What does for a class as the function does that sends this command.")},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, execute},
    {0, NULL},
};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "oxipipe._core._fast",
    .m_doc = PyDoc_STR("The backend for CPython: C on the limited API and on oxipipe.h."),
    .m_size = sizeof(FastState),
    .m_methods = METHODS,
    .m_slots = SLOTS,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC PyInit__fast(void)
{
    return PyModuleDef_Init(&MODULE);
}
