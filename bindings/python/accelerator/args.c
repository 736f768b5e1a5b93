#include "args.h"

#include <string.h>

/* Bytes that outlive the conversion: an exported bytearray or memoryview, or bytes made from text.
 * One kind of owner for both, because a buffer keeps its exporter alive. */
struct HeldBuffer {
    HeldBuffer *next;
    Py_buffer view;
};

/* Command names are ASCII whatever the encoding of the data is. */
static const TextCodec COMMAND_NAME = {
    .encoding_name = "utf-8", .errors_name = "strict", .is_utf8 = true, .is_strict = true};

static int add_argument(Arguments *out, const FastState *state, const TextCodec *codec,
                        PyObject *object);
static int add_text(Arguments *out, const TextCodec *codec, PyObject *text);
static int add_integer(Arguments *out, PyObject *integer);
static int add_float(Arguments *out, PyObject *number);
static int add_buffer(Arguments *out, PyObject *exporter);
static int hold(Arguments *out, PyObject *exporter);
static int refuse(const FastState *state, PyObject *object);
static void rename_encoding_error(const FastState *state);

static void put(Arguments *out, const char *data, size_t len)
{
    out->slices[out->count++] = (oxp_slice){(const uint8_t *)data, len};
}

int arguments_collect(Arguments *out, const FastState *state, const TextCodec *codec,
                      const oxp_slice *name, PyObject *const *objects, Py_ssize_t count)
{
    if (count == 0 && !name) {
        PyErr_SetString(state->data_error, "a command needs at least its name");
        return -1;
    }
    out->slices = out->inline_slices;
    out->numbers = out->inline_numbers;
    out->heap = NULL;
    out->held = NULL;
    out->count = 0;
    size_t words = (size_t)count + (name != NULL);
    if (words > ARGUMENTS_INLINE) {
        /* The numbers behind the slices are touched only where an argument is a number. */
        size_t each = sizeof(oxp_slice) + sizeof(NumberText);
        if (words > PY_SSIZE_T_MAX / each || !(out->heap = PyMem_Malloc(words * each))) {
            PyErr_NoMemory();
            return -1;
        }
        out->slices = out->heap;
        out->numbers = (NumberText *)(out->slices + words);
    }
    if (name)
        out->slices[out->count++] = *name;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (add_argument(out, state, out->count == 0 ? &COMMAND_NAME : codec, objects[i]) < 0) {
            arguments_release(out);
            if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
                rename_encoding_error(state);
            return -1;
        }
    }
    return 0;
}

void arguments_release(Arguments *arguments)
{
    while (arguments->held) {
        HeldBuffer *held = arguments->held;
        arguments->held = held->next;
        PyBuffer_Release(&held->view);
        PyMem_Free(held);
    }
    if (arguments->heap)
        PyMem_Free(arguments->heap);
    arguments->heap = NULL;
}

/* The exact types first: comparing a pointer is all the common arguments pay. */
static int add_argument(Arguments *out, const FastState *state, const TextCodec *codec,
                        PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyUnicode_Type)
        return add_text(out, codec, object);
    if (type == &PyLong_Type)
        return add_integer(out, object);
    if (type == &PyBytes_Type || PyBytes_Check(object)) {
        put(out, PyBytes_AsString(object), (size_t)PyBytes_Size(object));
        return 0;
    }
    if (type == &PyFloat_Type || PyFloat_Check(object))
        return add_float(out, object);
    if (PyUnicode_Check(object))
        return add_text(out, codec, object);
    if (type == &PyBool_Type)
        return refuse(state, object);
    if (PyLong_Check(object))
        return add_integer(out, object);
    if (PyByteArray_Check(object) || PyMemoryView_Check(object))
        return add_buffer(out, object);
    return refuse(state, object);
}

static int add_text(Arguments *out, const TextCodec *codec, PyObject *text)
{
    if (codec->is_utf8) {
        Py_ssize_t len;
        const char *data = PyUnicode_AsUTF8AndSize(text, &len);
        if (data) {
            put(out, data, (size_t)len);
            return 0;
        }
        /* Lone surrogates: an error handler other than strict may still have an answer. */
        if (codec->is_strict || !PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return -1;
        PyErr_Clear();
    }
    PyObject *bytes = PyUnicode_AsEncodedString(text, codec->encoding_name, codec->errors_name);
    if (!bytes)
        return -1;
    int status = hold(out, bytes);
    Py_DECREF(bytes);
    return status;
}

static int add_integer(Arguments *out, PyObject *integer)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
    if (value == -1 && PyErr_Occurred())
        return -1;
    if (overflow) {
        PyObject *digits = PyNumber_ToBase(integer, 10);
        if (!digits)
            return -1;
        int status = add_text(out, &(TextCodec){.encoding_name = "ascii", .errors_name = "strict"},
                              digits);
        Py_DECREF(digits);
        return status;
    }
    char *end = out->numbers[out->count] + sizeof(NumberText), *digit = end;
    unsigned long long rest = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
    do {
        *--digit = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--digit = '-';
    put(out, digit, (size_t)(end - digit));
    return 0;
}

static int add_float(Arguments *out, PyObject *number)
{
    double value = PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred())
        return -1;
    char *repr = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (!repr)
        return -1;
    size_t len = strlen(repr);
    char *text = out->numbers[out->count];
    if (len <= sizeof(NumberText))
        memcpy(text, repr, len);
    PyMem_Free(repr);
    if (len > sizeof(NumberText)) {
        PyErr_SetString(PyExc_SystemError, "repr of a float is longer than any double needs");
        return -1;
    }
    put(out, text, len);
    return 0;
}

static int add_buffer(Arguments *out, PyObject *exporter)
{
    if (hold(out, exporter) == 0)
        return 0;
    /* A strided memoryview has no flat buffer to point at; its bytes have to be gathered. */
    if (!PyErr_ExceptionMatches(PyExc_BufferError))
        return -1;
    PyErr_Clear();
    PyObject *bytes = PyBytes_FromObject(exporter);
    if (!bytes)
        return -1;
    int status = hold(out, bytes);
    Py_DECREF(bytes);
    return status;
}

static int hold(Arguments *out, PyObject *exporter)
{
    HeldBuffer *held = PyMem_Malloc(sizeof *held);
    if (!held) {
        PyErr_NoMemory();
        return -1;
    }
    if (PyObject_GetBuffer(exporter, &held->view, PyBUF_SIMPLE) < 0) {
        PyMem_Free(held);
        return -1;
    }
    held->next = out->held;
    out->held = held;
    put(out, held->view.buf, (size_t)held->view.len);
    return 0;
}

static int refuse(const FastState *state, PyObject *object)
{
    PyObject *error = PyObject_CallFunctionObjArgs(state->unsendable, object, NULL);
    if (error) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return -1;
}

/* The UnicodeEncodeError that is set becomes the package's, which is a DataError too. */
static void rename_encoding_error(const FastState *state)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *args = PyObject_GetAttrString(value, "args");
    PyObject *renamed = args ? PyObject_Call(state->encoding_error, args, NULL) : NULL;
    if (renamed)
        PyErr_SetObject((PyObject *)Py_TYPE(renamed), renamed);
    Py_XDECREF(renamed);
    Py_XDECREF(args);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}
