#include "options.h"

#include <string.h>

#include "call.h"

static int take_codec(TextCodec *codec, PyObject *dict);
static oxp_options *start(const FastState *state, PyObject *dict);
static int set_all(const FastState *state, oxp_options *options, PyObject *dict);
static int set(const FastState *state, oxp_options *options, PyObject *name, PyObject *value);
static PyObject *take(PyObject *dict, const char *key);
static PyObject *encode(PyObject *text);

oxp_options *options_from_dict(const FastState *state, PyObject *dict, TextCodec *codec)
{
    PyObject *rest = PyDict_Copy(dict);
    TextCodec taken = {0};
    oxp_options *options =
        rest && take_codec(&taken, rest) == 0 ? start(state, rest) : NULL;
    if (options && set_all(state, options, rest) < 0) {
        oxp_options_free(options);
        options = NULL;
    }
    Py_XDECREF(rest);
    if (options)
        *codec = taken;
    else
        codec_clear(&taken);
    return options;
}

void codec_copy(TextCodec *copy, const TextCodec *codec)
{
    *copy = *codec;
    Py_XINCREF(copy->encoding);
    Py_XINCREF(copy->errors);
}

void codec_clear(TextCodec *codec)
{
    Py_CLEAR(codec->encoding);
    Py_CLEAR(codec->errors);
}

static int take_codec(TextCodec *codec, PyObject *dict)
{
    codec->encoding = take(dict, "encoding");
    codec->errors = take(dict, "errors");
    PyObject *decode = take(dict, "decode");
    int decodes = decode ? PyObject_IsTrue(decode) : 0;
    Py_XDECREF(decode);
    if (PyErr_Occurred())
        return -1;
    const char *encoding =
        codec->encoding ? PyUnicode_AsUTF8AndSize(codec->encoding, NULL) : "utf-8";
    const char *errors =
        encoding && codec->errors ? PyUnicode_AsUTF8AndSize(codec->errors, NULL) : "strict";
    if (!encoding || !errors)
        return -1;
    codec->encoding_name = encoding;
    codec->errors_name = errors;
    codec->is_utf8 = !PyOS_stricmp(encoding, "utf-8") || !PyOS_stricmp(encoding, "utf8");
    codec->is_strict = !strcmp(errors, "strict");
    codec->decodes = codec->queues_text = decodes;
    return 0;
}

/* Those of the URL, or the defaults. */
static oxp_options *start(const FastState *state, PyObject *dict)
{
    PyObject *url = take(dict, "url");
    PyObject *text = url ? encode(url) : NULL;
    Py_XDECREF(url);
    if (PyErr_Occurred())
        return NULL;
    oxp_options *options = NULL;
    ErrorSlot slot = {0};
    oxp_error *error = error_slot_borrow(&slot);
    oxp_status status = oxp_options_from_url(text ? PyBytes_AsString(text) : NULL,
                                             text ? (size_t)PyBytes_Size(text) : 0, &options, error);
    if (status >= 0)
        status = oxp_options_set_interrupt(options, call_check_signals, NULL, NULL);
    if (status < 0) {
        oxp_options_free(options);
        options = NULL;
        call_raise(state, status, error);
    }
    oxp_error_free(slot.error);
    Py_XDECREF(text);
    return options;
}

static int set_all(const FastState *state, oxp_options *options, PyObject *dict)
{
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (PyDict_Next(dict, &position, &name, &value))
        if (set(state, options, name, value) < 0)
            return -1;
    return 0;
}

static int set(const FastState *state, oxp_options *options, PyObject *name, PyObject *value)
{
    Py_ssize_t name_len;
    const char *name_data = PyUnicode_AsUTF8AndSize(name, &name_len);
    PyObject *text = name_data ? encode(value) : NULL;
    if (!text)
        return -1;
    oxp_status status = oxp_options_set(options, name_data, (size_t)name_len,
                                        PyBytes_AsString(text), (size_t)PyBytes_Size(text), NULL);
    Py_DECREF(text);
    if (status == OXP_ERR_ARG)
        /* Only its name: who asked calls it by another one, and says better what it takes. */
        PyErr_SetObject(state->data_error, name);
    else if (status < 0)
        call_raise(state, status, NULL);
    return status < 0 ? -1 : 0;
}

/* Moves a value out of a dict; NULL if it is not there. */
static PyObject *take(PyObject *dict, const char *key)
{
    PyObject *value = PyDict_GetItemString(dict, key);
    Py_XINCREF(value);
    if (value && PyDict_DelItemString(dict, key) < 0)
        Py_CLEAR(value);
    return value;
}

/* Paths come from the operating system with surrogates where they are not UTF-8. */
static PyObject *encode(PyObject *text)
{
    return PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape");
}
