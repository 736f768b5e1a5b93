#include "options.h"

#include <string.h>

#include "call.h"

typedef oxp_status (*SetText)(oxp_options *, const char *, size_t);
typedef oxp_status (*SetU16)(oxp_options *, uint16_t);
typedef oxp_status (*SetU32)(oxp_options *, uint32_t);
typedef oxp_status (*SetU64)(oxp_options *, uint64_t);
typedef oxp_status (*SetSize)(oxp_options *, size_t);
typedef oxp_status (*SetBool)(oxp_options *, bool);
typedef oxp_status (*SetSizes)(oxp_options *, size_t, size_t);

typedef struct {
    const char *name;
    SetText text;
    SetU16 u16;
    SetU32 u32;
    SetU64 u64;
    SetSize size;
    SetBool boolean;
    SetSizes sizes; /* a tuple of two */
} Option;

static const Option OPTIONS[] = {
    {.name = "host", .text = oxp_options_set_host},
    {.name = "port", .u16 = oxp_options_set_port},
    {.name = "unix_path", .text = oxp_options_set_unix_path},
    {.name = "db", .u32 = oxp_options_set_db},
    {.name = "username", .text = oxp_options_set_username},
    {.name = "password", .text = oxp_options_set_password},
    {.name = "client_name", .text = oxp_options_set_client_name},
    {.name = "client_no_evict", .boolean = oxp_options_set_client_no_evict},
    {.name = "client_no_touch", .boolean = oxp_options_set_client_no_touch},
    {.name = "client_info", .boolean = oxp_options_set_client_info},
    {.name = "lib_name", .text = oxp_options_set_lib_name},
    {.name = "lib_version", .text = oxp_options_set_lib_version},
    {.name = "protocol", .u32 = oxp_options_set_protocol},
    {.name = "timeout_ms", .u64 = oxp_options_set_timeout_ms},
    {.name = "connect_timeout_ms", .u64 = oxp_options_set_connect_timeout_ms},
    {.name = "spin_us", .u32 = oxp_options_set_spin_us},
    {.name = "keepalive", .boolean = oxp_options_set_keepalive},
    {.name = "user_timeout_ms", .u64 = oxp_options_set_user_timeout_ms},
    {.name = "eager_bytes", .size = oxp_options_set_eager_bytes},
    {.name = "retry", .u32 = oxp_options_set_retry},
    {.name = "fail_fast", .boolean = oxp_options_set_fail_fast},
    {.name = "max_depth", .size = oxp_options_set_max_depth},
    {.name = "max_bulk_bytes", .size = oxp_options_set_max_bulk_bytes},
    {.name = "max_line_bytes", .size = oxp_options_set_max_line_bytes},
    {.name = "max_reply_bytes", .size = oxp_options_set_max_reply_bytes},
    {.name = "socket_buffers", .sizes = oxp_options_set_socket_buffers},
    {.name = "ordered_results", .boolean = oxp_options_set_ordered_results},
    {.name = "key_affinity", .boolean = oxp_options_set_key_affinity},
};


/* The options whose values the library has names for. */
static const char *const BY_NAME[] = {"event_bytes", "event_overflow", "queue_bytes",
                                      "queue_commands"};

/* Not options of the library: handled elsewhere in this file. */
static const char *const OWN_KEYS[] = {"url", "encoding", "errors", "decode", "is_lease"};

static oxp_options *start(const FastState *state, PyObject *dict);
static int apply(const FastState *state, oxp_options *options, PyObject *key, PyObject *value);
/* These leave `status` as it is, a refusal, if the value is of the right type but out of range. */
static int apply_text(const Option *option, oxp_options *options, PyObject *value,
                      oxp_status *status);
static int apply_number(const Option *option, oxp_options *options, PyObject *value,
                        oxp_status *status);
static int apply_by_name(const FastState *state, oxp_options *options, const char *name,
                         PyObject *value);
static bool is_among(const char *const *names, size_t count, const char *name);

oxp_options *options_from_dict(const FastState *state, PyObject *dict)
{
    oxp_options *options = start(state, dict);
    if (!options)
        return NULL;
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (value != Py_None && apply(state, options, key, value) < 0) {
            oxp_options_free(options);
            return NULL;
        }
    }
    oxp_status status = oxp_options_set_interrupt(options, call_check_signals, NULL, NULL);
    if (status < 0) {
        oxp_options_free(options);
        call_raise(state, status, NULL);
        return NULL;
    }
    return options;
}

int codec_from_dict(TextCodec *codec, PyObject *dict)
{
    TextCodec read = {.encoding_name = "utf-8", .errors_name = "strict"};
    PyObject *encoding = PyDict_GetItemString(dict, "encoding");
    PyObject *errors = PyDict_GetItemString(dict, "errors");
    PyObject *decode = PyDict_GetItemString(dict, "decode");
    if (encoding && encoding != Py_None) {
        read.encoding = encoding;
        if (!(read.encoding_name = PyUnicode_AsUTF8AndSize(encoding, NULL)))
            return -1;
    }
    if (errors && errors != Py_None) {
        read.errors = errors;
        if (!(read.errors_name = PyUnicode_AsUTF8AndSize(errors, NULL)))
            return -1;
    }
    int decodes = decode ? PyObject_IsTrue(decode) : 0;
    if (decodes < 0)
        return -1;
    Py_XINCREF(read.encoding);
    Py_XINCREF(read.errors);
    const char *name = read.encoding_name;
    read.is_utf8 = !PyOS_stricmp(name, "utf-8") || !PyOS_stricmp(name, "utf8");
    read.is_strict = !strcmp(read.errors_name, "strict");
    read.decodes = read.queues_text = decodes;
    *codec = read;
    return 0;
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

static oxp_options *start(const FastState *state, PyObject *dict)
{
    oxp_options *options = NULL;
    PyObject *url = PyDict_GetItemString(dict, "url");
    if (!url || url == Py_None) {
        oxp_status status = oxp_options_new(&options);
        if (status < 0)
            call_raise(state, status, NULL);
        return options;
    }
    Py_ssize_t len;
    const char *text = PyUnicode_AsUTF8AndSize(url, &len);
    if (!text)
        return NULL;
    ErrorSlot slot = {0};
    oxp_error *error = error_slot_borrow(&slot);
    oxp_status status = oxp_options_from_url(text, (size_t)len, &options, error);
    if (status < 0)
        call_raise(state, status, error);
    oxp_error_free(slot.error);
    return options;
}

static int apply(const FastState *state, oxp_options *options, PyObject *key, PyObject *value)
{
    const char *name = PyUnicode_AsUTF8AndSize(key, NULL);
    if (!name)
        return -1;
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        const Option *option = &OPTIONS[i];
        if (strcmp(option->name, name) != 0)
            continue;
        oxp_status status = OXP_ERR_ARG;
        if ((option->text ? apply_text : apply_number)(option, options, value, &status) == 0 &&
            status >= 0)
            return 0;
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError) &&
            !PyErr_ExceptionMatches(PyExc_OverflowError))
            return -1;
        PyErr_Clear();
        /* Only its name: who asked calls it by another one, and the value may be a password. */
        PyErr_SetObject(state->data_error, key);
        return -1;
    }
    if (is_among(BY_NAME, sizeof BY_NAME / sizeof *BY_NAME, name))
        return apply_by_name(state, options, name, value);
    if (is_among(OWN_KEYS, sizeof OWN_KEYS / sizeof *OWN_KEYS, name))
        return 0;
    PyErr_Format(PyExc_TypeError, "unknown option %R", key);
    return -1;
}

static int apply_text(const Option *option, oxp_options *options, PyObject *value,
                      oxp_status *status)
{
    /* Paths come from the operating system with surrogates where they are not UTF-8. */
    PyObject *bytes = PyBytes_Check(value)
                          ? Py_NewRef(value)
                          : PyUnicode_AsEncodedString(value, "utf-8", "surrogateescape");
    if (!bytes)
        return -1;
    *status = option->text(options, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes));
    Py_DECREF(bytes);
    return 0;
}

static int apply_number(const Option *option, oxp_options *options, PyObject *value,
                        oxp_status *status)
{
    if (option->sizes) {
        Py_ssize_t send, receive;
        if (!PyTuple_Check(value) || !PyArg_ParseTuple(value, "nn", &send, &receive))
            return -1;
        if (send >= 0 && receive >= 0)
            *status = option->sizes(options, (size_t)send, (size_t)receive);
        return 0;
    }
    if (option->boolean) {
        int truth = PyObject_IsTrue(value);
        if (truth >= 0)
            *status = option->boolean(options, truth);
        return truth < 0 ? -1 : 0;
    }
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (number == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    unsigned long long limit = option->u16   ? UINT16_MAX
                               : option->u32 ? UINT32_MAX
                               : option->u64 ? UINT64_MAX
                                             : SIZE_MAX;
    if (number > limit)
        return 0;
    if (option->u16)
        *status = option->u16(options, (uint16_t)number);
    else if (option->u32)
        *status = option->u32(options, (uint32_t)number);
    else if (option->u64)
        *status = option->u64(options, (uint64_t)number);
    else
        *status = option->size(options, (size_t)number);
    return 0;
}

static int apply_by_name(const FastState *state, oxp_options *options, const char *name,
                         PyObject *value)
{
    if (!PyLong_Check(value) && !PyUnicode_Check(value)) {
        PyErr_Format(state->data_error, "option %s cannot be %R", name, value);
        return -1;
    }
    PyObject *text = PyObject_Str(value);
    Py_ssize_t len;
    const char *data = text ? PyUnicode_AsUTF8AndSize(text, &len) : NULL;
    if (!data) {
        Py_XDECREF(text);
        return -1;
    }
    ErrorSlot slot = {0};
    oxp_error *error = error_slot_borrow(&slot);
    oxp_status status =
        oxp_options_set(options, name, strlen(name), data, (size_t)len, error);
    if (status < 0)
        call_raise(state, status, error);
    oxp_error_free(slot.error);
    Py_DECREF(text);
    return status < 0 ? -1 : 0;
}

static bool is_among(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}
