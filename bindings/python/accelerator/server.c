#include "server.h"

typedef void (*TextGetter)(const oxp_server *, const uint8_t **, size_t *);

static PyObject *text_or_none(const oxp_server *server, TextGetter get);

PyObject *server_fields(const FastState *state, oxp_status status, oxp_server *server,
                        const oxp_error *error)
{
    if (status < 0)
        call_raise(state, status, error);
    if (PyErr_Occurred()) {
        oxp_server_free(server);
        return NULL;
    }
    if (!server)
        Py_RETURN_NONE;
    unsigned long long id = oxp_server_connection_id(server);
    /* A NULL among them, with its exception, is the result of the whole. */
    PyObject *fields = Py_BuildValue(
        "INNNNN", (unsigned int)oxp_server_protocol(server), text_or_none(server, oxp_server_name),
        text_or_none(server, oxp_server_version), text_or_none(server, oxp_server_role),
        text_or_none(server, oxp_server_mode),
        id ? PyLong_FromUnsignedLongLong(id) : Py_NewRef(Py_None));
    oxp_server_free(server);
    return fields;
}

static PyObject *text_or_none(const oxp_server *server, TextGetter get)
{
    const uint8_t *text;
    size_t len;
    get(server, &text, &len);
    return text ? PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)len, "replace")
                : Py_NewRef(Py_None);
}
