#include "reply.h"

#include <string.h>

/* A length from the wire is a claim, not a fact: no more than this is reserved on its word, the
 * rest grows with what really arrives. Deeper aggregates reserve only what the part in hand can
 * hold, so nesting cannot multiply the claim. */
enum { TRUSTED_LENGTH = 262144 };

/* A map with a key no dict can hold continues as a list of pairs under this type. */
enum { TYPE_PAIRS = 255 };

/* Of replies that nobody decodes, in a client that decodes others. */
static const TextCodec UNDECODED = {.queues_text = true};

static void choose_codec(ReplyBuilder *builder);
static Py_ssize_t feed_plain(ReplyBuilder *builder, const oxp_node *nodes, size_t count,
                             const uint8_t *bytes);
static int open_frame(ReplyBuilder *builder, const oxp_node *node, size_t nodes_in_hand);
static int grow(ReplyBuilder *builder);
static PyObject *new_list(size_t length, bool *hidden);
static PyObject *close_frame(OpenFrame *frame);
static void give_up_reply(ReplyBuilder *builder, PyObject *failure);
static PyObject *decode_error(const FastState *state, Interruption *interruption);
static int place_again(ReplyBuilder *builder, const oxp_node *node, const uint8_t *bytes);
static PyObject *scalar_again(const FastState *state, const TextCodec *codec,
                              Interruption *interruption, const oxp_node *node,
                              const uint8_t *bytes, bool *is_unreadable);
static int place(ReplyBuilder *builder, PyObject *value);
static int place_in_list(OpenFrame *frame, PyObject *value);
static int place_in_set(OpenFrame *frame, PyObject *value);
static int place_in_map(OpenFrame *frame, PyObject *value);
static int take_key(OpenFrame *frame, PyObject *key);
static PyObject *scalar(const FastState *state, const TextCodec *codec, const oxp_node *node,
                        const uint8_t *bytes);
static PyObject *text_or_bytes(const TextCodec *codec, const char *data, Py_ssize_t len);
static PyObject *big_number(const char *digits, size_t len);

int builder_init(ReplyBuilder *builder, const FastState *state, const TextCodec *codec,
                 size_t expected)
{
    builder->state = state;
    builder->codec = codec;
    builder->frames = builder->inline_frames;
    builder->capacity = BUILDER_INLINE;
    builder->depth = 0;
    builder->interruption = NULL;
    builder->failure = NULL;
    builder->first_error = builder->first_refusal = -1;
    builder->refusals = 0;
    builder->callbacks = NULL;
    bool hidden;
    PyObject *replies = new_list(expected, &hidden);
    if (!replies)
        return -1;
    builder->frames[builder->depth++] = (OpenFrame){.container = replies,
                                                    .left = expected,
                                                    .reserved = expected,
                                                    .type = OXP_TYPE_ARRAY,
                                                    .hidden = hidden};
    return 0;
}

const TextCodec *codec_for(const FastState *state, const TextCodec *codec, PyObject *callback)
{
    return codec->decodes && callback_wants_bytes(state, callback) ? &UNDECODED : codec;
}

void builder_expect(ReplyBuilder *builder, const CallbackLog *callbacks)
{
    if (!builder->codec->decodes || callbacks->undecoded == 0)
        return;
    builder->callbacks = callbacks;
    builder->usual_codec = builder->codec;
    builder->in_callbacks = 0;
}

int builder_feed(ReplyBuilder *builder, const oxp_node *nodes, size_t count, const uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (builder->callbacks && builder->depth == 1)
            choose_codec(builder);
        Py_ssize_t plain = feed_plain(builder, &nodes[i], count - i, bytes);
        if (plain < 0)
            return -1;
        i += (size_t)plain;
        if (i == count)
            return 0;
        if (builder->callbacks && plain > 0 && builder->depth == 1)
            choose_codec(builder);
        const oxp_node *node = &nodes[i];
        if (builder_is_complete(builder)) {
            PyErr_SetString(PyExc_SystemError, "more replies arrived than commands were sent");
            return -1;
        }
        int status;
        switch (node->type) {
        case OXP_TYPE_ARRAY:
        case OXP_TYPE_MAP:
        case OXP_TYPE_SET:
        case OXP_TYPE_PUSH:
        case OXP_TYPE_ATTRIBUTE:
            status = open_frame(builder, node, count - i - 1);
            break;
        default: {
            PyObject *value = NULL;
            if (node->type == OXP_TYPE_ERROR && builder->depth == 1) {
                Py_ssize_t place = (Py_ssize_t)builder->frames[0].filled;
                if (builder->first_error < 0)
                    builder->first_error = place;
                if (builder->refusals++ == 0)
                    builder->first_refusal = place;
            }
            if (builder->frames[builder->depth - 1].container &&
                !(value = scalar(builder->state, builder->codec, node, bytes)))
                status = place_again(builder, node, bytes);
            else
                status = place(builder, value);
        }
        }
        if (status < 0)
            return -1;
    }
    return 0;
}

/* That of the top-level reply whose turn it is. */
static void choose_codec(ReplyBuilder *builder)
{
    const CallbackLog *callbacks = builder->callbacks;
    size_t place = builder->frames[0].filled, next = builder->in_callbacks;
    while (next < callbacks->count &&
           (callbacks->entries[next].index < place ||
            !callback_wants_bytes(builder->state, callbacks->entries[next].callback)))
        next++;
    builder->in_callbacks = next;
    builder->next_undecoded = next < callbacks->count ? callbacks->entries[next].index : SIZE_MAX;
    builder->codec = builder->next_undecoded == place ? &UNDECODED : builder->usual_codec;
}

/* Strings and integers for places that a list has ready, or for a set, are nearly all of a large reply. Takes as many of them as
 * follow each other, up to the last place, which may complete more than the list or set, and returns their number. */
static Py_ssize_t feed_plain(ReplyBuilder *builder, const oxp_node *nodes, size_t count,
                             const uint8_t *bytes)
{
    OpenFrame *frame = &builder->frames[builder->depth - 1];
    if (!frame->container || frame->type == OXP_TYPE_MAP || frame->type == TYPE_PAIRS)
        return 0;
    bool is_set = frame->type == OXP_TYPE_SET;
    size_t room = is_set ? frame->left : frame->reserved - frame->filled;
    if (room >= frame->left)
        room = frame->left > 0 ? frame->left - 1 : 0;
    if (builder->callbacks && builder->depth == 1 &&
        room > builder->next_undecoded - frame->filled)
        room = builder->next_undecoded - frame->filled;
    if (count > room)
        count = room;
    const TextCodec *codec = builder->codec;
    size_t taken = 0;
    bool has_failed = false;
    for (; taken < count; taken++) {
        const oxp_node *node = &nodes[taken];
        PyObject *value;
        if (node->type == OXP_TYPE_STRING)
            value = text_or_bytes(codec, (const char *)bytes + node->value, node->len);
        else if (node->type == OXP_TYPE_INTEGER)
            value = PyLong_FromLongLong((int64_t)node->value);
        else
            break;
        if (!value)
            has_failed = true;
        else if (!is_set)
            PyList_SetItem(frame->container, (Py_ssize_t)(frame->filled + taken), value);
        else
            has_failed = place_in_set(frame, value) < 0;
        if (has_failed)
            break;
    }
    frame->filled += is_set ? 0 : taken;
    frame->left -= taken;
    if (!has_failed)
        return (Py_ssize_t)taken;
    return place_again(builder, &nodes[taken], bytes) < 0 ? -1 : (Py_ssize_t)taken + 1;
}

bool builder_is_complete(const ReplyBuilder *builder)
{
    return builder->depth == 1 && builder->frames[0].left == 0;
}

bool builder_is_untouched(const ReplyBuilder *builder)
{
    return builder->depth == 1 && builder->frames[0].filled == 0;
}

PyObject *builder_take(ReplyBuilder *builder)
{
    OpenFrame *root = &builder->frames[0];
    if (root->filled < root->reserved)
        return PyList_GetSlice(root->container, 0, (Py_ssize_t)root->filled);
    PyObject *replies = close_frame(root);
    root->container = NULL;
    return replies;
}

void builder_clear(ReplyBuilder *builder)
{
    while (builder->depth > 0) {
        OpenFrame *frame = &builder->frames[--builder->depth];
        Py_CLEAR(frame->container);
        Py_CLEAR(frame->key);
    }
    Py_CLEAR(builder->failure);
    if (builder->frames != builder->inline_frames)
        PyMem_Free(builder->frames);
    builder->frames = builder->inline_frames;
}

PyObject *reply_build(const FastState *state, const TextCodec *codec, const oxp_node *nodes,
                      size_t count, const uint8_t *bytes, ReplyKind *kind,
                      Interruption *interruption)
{
    *kind = count == 1 && nodes->type == OXP_TYPE_ERROR ? REPLY_ERROR : REPLY_VALUE;
    switch (count == 1 ? nodes->type : OXP_TYPE_ARRAY) {
    case OXP_TYPE_ARRAY:
    case OXP_TYPE_MAP:
    case OXP_TYPE_SET:
    case OXP_TYPE_PUSH:
        break;
    default: {
        bool is_unreadable = false;
        PyObject *value = scalar(state, codec, nodes, bytes);
        if (!value)
            value = scalar_again(state, codec, interruption, nodes, bytes, &is_unreadable);
        if (is_unreadable)
            *kind = REPLY_UNREADABLE;
        return value;
    }
    }
    ReplyBuilder builder;
    if (builder_init(&builder, state, codec, 1) < 0)
        return NULL;
    builder.interruption = interruption;
    /* A collection could run finalizers, and those could use what the reply is for. */
    int collecting = PyGC_Disable();
    int status = builder_feed(&builder, nodes, count, bytes);
    if (collecting)
        PyGC_Enable();
    PyObject *reply = NULL;
    if (status == 0 && builder_is_complete(&builder)) {
        reply = Py_NewRef(PyList_GetItem(builder.frames[0].container, 0));
        if (builder.first_error >= 0) /* one of the server may be behind an attribute */
            *kind = builder.refusals > 0 ? REPLY_ERROR : REPLY_UNREADABLE;
    } else if (status == 0) {
        PyErr_SetString(PyExc_SystemError, "the library gave a reply that is not whole");
    }
    builder_clear(&builder);
    return reply;
}

PyObject *reply_server_error(const FastState *state, const oxp_node *node, const uint8_t *bytes)
{
    PyObject *message = PyUnicode_DecodeUTF8((const char *)bytes + node->value,
                                             (Py_ssize_t)node->len, "replace");
    if (!message)
        return NULL;
    PyObject *error = PyObject_CallFunctionObjArgs(state->reply_error, message, NULL);
    Py_DECREF(message);
    if (error && !PyExceptionInstance_Check(error)) {
        PyErr_SetString(PyExc_TypeError, "reply_error() must return an exception");
        Py_CLEAR(error);
    }
    return error;
}

static int open_frame(ReplyBuilder *builder, const oxp_node *node, size_t nodes_in_hand)
{
    if (builder->depth == builder->capacity && grow(builder) < 0)
        return -1;
    OpenFrame frame = {.left = node->len, .type = node->type};
    bool skipped = !builder->frames[builder->depth - 1].container;
    if (!skipped && node->type == OXP_TYPE_MAP) {
        frame.container = PyDict_New();
    } else if (!skipped && node->type == OXP_TYPE_SET) {
        frame.container = PySet_New(NULL);
    } else if (!skipped && node->type != OXP_TYPE_ATTRIBUTE) {
        size_t trusted = builder->depth == 1 ? TRUSTED_LENGTH : nodes_in_hand;
        frame.reserved = node->len < trusted ? node->len : trusted;
        frame.container = new_list(frame.reserved, &frame.hidden);
    } else {
        skipped = true;
    }
    if (!skipped && !frame.container) {
        PyObject *failure = decode_error(builder->state, builder->interruption); /* no memory */
        if (!failure)
            return -1;
        give_up_reply(builder, failure);
    }
    builder->frames[builder->depth++] = frame;
    if (frame.left > 0)
        return 0;
    /* Empty, so it is finished already. An attribute is not a value of its parent. */
    PyObject *value = close_frame(&builder->frames[--builder->depth]);
    return node->type == OXP_TYPE_ATTRIBUTE ? 0 : place(builder, value);
}

/* A list created with its final length has empty slots until they are filled, which no other Python code may see: what the
 * collector does not track, gc.get_objects() cannot hand out. Codecs and errors run Python code at any time. */
static PyObject *new_list(size_t length, bool *hidden)
{
    PyObject *list = PyList_New((Py_ssize_t)length);
    *hidden = list && length > 0;
    if (*hidden)
        PyObject_GC_UnTrack(list);
    return list;
}

static int grow(ReplyBuilder *builder)
{
    bool is_inline = builder->frames == builder->inline_frames;
    size_t capacity = builder->capacity * 2;
    OpenFrame *frames =
        PyMem_Realloc(is_inline ? NULL : builder->frames, capacity * sizeof *frames);
    if (!frames) {
        PyErr_NoMemory();
        return -1;
    }
    if (is_inline)
        memcpy(frames, builder->inline_frames, sizeof builder->inline_frames);
    builder->frames = frames;
    builder->capacity = capacity;
    return 0;
}

/* Gives away the container; NULL without an exception for a skipped frame. */
static PyObject *close_frame(OpenFrame *frame)
{
    PyObject *value = frame->container;
    if (value && frame->hidden)
        PyObject_GC_Track(value);
    frame->hidden = false;
    return value;
}

/* The rest of the top-level reply in hand is skipped, and `failure` (taken over) comes in its place. */
static void give_up_reply(ReplyBuilder *builder, PyObject *failure)
{
    for (size_t i = 1; i < builder->depth; i++) {
        Py_CLEAR(builder->frames[i].container);
        Py_CLEAR(builder->frames[i].key);
    }
    Py_XDECREF(builder->failure);
    builder->failure = failure;
}

/* What tells of a reply that cannot be told in Python, because of the exception that is set. */
typedef struct {
    const FastState *state;
    PyObject *cause;
} DecodeError;

static PyObject *make_decode_error(void *ud)
{
    const DecodeError *made = ud;
    PyObject *error = PyObject_CallFunctionObjArgs(made->state->decode_error, made->cause, NULL);
    if (error && !PyExceptionInstance_Check(error)) {
        PyErr_SetString(PyExc_TypeError, "decode_error() must return an exception");
        Py_CLEAR(error);
    }
    return error;
}

static PyObject *decode_error(const FastState *state, Interruption *interruption)
{
    bool is_own;
    DecodeError made = {state, call_caught()};
    if (!made.cause)
        return NULL;
    PyObject *error = attempt(make_decode_error, &made, interruption, &is_own);
    if (!error && is_own) { /* the interpreter is ending */
        PyErr_Clear();
        return made.cause;
    }
    Py_DECREF(made.cause);
    return error;
}

/* Puts what a node comes to after all, or skips the reply that it is part of; an exception is set. */
static int place_again(ReplyBuilder *builder, const oxp_node *node, const uint8_t *bytes)
{
    bool is_unreadable;
    PyObject *value = scalar_again(builder->state, builder->codec, builder->interruption, node,
                                   bytes, &is_unreadable);
    if (!value)
        return -1;
    if (!is_unreadable)
        return place(builder, value);
    give_up_reply(builder, value);
    return place(builder, NULL);
}

/* Puts a finished value (own; NULL where it is skipped) where it belongs and finishes every aggregate
 * that becomes whole with it. */
static int place(ReplyBuilder *builder, PyObject *value)
{
    for (;;) {
        OpenFrame *frame = &builder->frames[builder->depth - 1];
        int status = 0;
        if (builder->depth == 1 && !value) {
            value = builder->failure;
            builder->failure = NULL;
            if (!value) {
                PyErr_SetString(PyExc_SystemError, "a reply was skipped without a reason");
                return -1;
            }
            if (builder->first_error < 0)
                builder->first_error = (Py_ssize_t)frame->filled;
        }
        if (!frame->container)
            ;
        else if (frame->type == OXP_TYPE_MAP || frame->type == TYPE_PAIRS)
            status = place_in_map(frame, value);
        else if (frame->type == OXP_TYPE_SET)
            status = place_in_set(frame, value);
        else
            status = place_in_list(frame, value);
        if (status < 0) {
            PyObject *failure =
                builder->depth > 1 ? decode_error(builder->state, builder->interruption) : NULL;
            if (!failure)
                return -1;
            give_up_reply(builder, failure);
        }
        if (--frame->left > 0 || builder->depth == 1)
            return 0;
        builder->depth--;
        value = close_frame(frame);
        if (frame->type == OXP_TYPE_ATTRIBUTE)
            return 0;
    }
}

static int place_in_list(OpenFrame *frame, PyObject *value)
{
    if (frame->filled < frame->reserved)
        return PyList_SetItem(frame->container, (Py_ssize_t)frame->filled++, value);
    int status = PyList_Append(frame->container, value);
    Py_DECREF(value);
    return status;
}

/* With a first value that no set can hold, an aggregate, it goes on as a list. */
static int place_in_set(OpenFrame *frame, PyObject *value)
{
    int status = PySet_Add(frame->container, value);
    if (status < 0 && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        PyObject *list = PySequence_List(frame->container);
        if (!list) {
            Py_DECREF(value);
            return -1;
        }
        Py_DECREF(frame->container);
        frame->container = list;
        frame->type = OXP_TYPE_ARRAY;
        return place_in_list(frame, value);
    }
    Py_DECREF(value);
    return status;
}

static int place_in_map(OpenFrame *frame, PyObject *value)
{
    if (!frame->key)
        return take_key(frame, value);
    int status;
    if (frame->type == OXP_TYPE_MAP) {
        status = PyDict_SetItem(frame->container, frame->key, value);
    } else {
        PyObject *pair = PyTuple_Pack(2, frame->key, value);
        status = pair ? PyList_Append(frame->container, pair) : -1;
        Py_XDECREF(pair);
    }
    Py_CLEAR(frame->key);
    Py_DECREF(value);
    return status;
}

static int take_key(OpenFrame *frame, PyObject *key)
{
    frame->key = key;
    if (frame->type == TYPE_PAIRS || !(PyList_Check(key) || PyDict_Check(key) || PySet_Check(key)))
        return 0;
    if (PyList_Check(key)) {
        PyObject *tuple = PyList_AsTuple(key);
        if (!tuple)
            return -1;
        if (PyObject_Hash(tuple) != -1) {
            frame->key = tuple;
            Py_DECREF(key);
            return 0;
        }
        Py_DECREF(tuple);
        if (!PyErr_ExceptionMatches(PyExc_TypeError))
            return -1;
        PyErr_Clear();
    }
    PyObject *pairs = PyDict_Items(frame->container);
    if (!pairs)
        return -1;
    Py_DECREF(frame->container);
    frame->container = pairs;
    frame->type = TYPE_PAIRS;
    return 0;
}

typedef struct {
    const FastState *state;
    const TextCodec *codec;
    const oxp_node *node;
    const uint8_t *bytes;
} Scalar;

static PyObject *make_scalar(void *ud)
{
    const Scalar *made = ud;
    return scalar(made->state, made->codec, made->node, made->bytes);
}

/* After scalar() has failed: the value, or what tells why there is none. NULL as builder_feed() fails. */
static PyObject *scalar_again(const FastState *state, const TextCodec *codec,
                              Interruption *interruption, const oxp_node *node,
                              const uint8_t *bytes, bool *is_unreadable)
{
    Scalar made = {state, codec, node, bytes};
    bool is_own;
    *is_unreadable = false;
    PyObject *value = attempt_again(make_scalar, &made, interruption, &is_own);
    if (value || !is_own)
        return value;
    bool is_text = node->type == OXP_TYPE_STATUS || node->type == OXP_TYPE_STRING ||
                   node->type == OXP_TYPE_VERBATIM || node->type == OXP_TYPE_BIG_NUMBER;
    if (codec->keeps_bytes && is_text) {
        PyErr_Clear();
        return PyBytes_FromStringAndSize((const char *)bytes + node->value, node->len);
    }
    value = decode_error(state, interruption);
    *is_unreadable = value != NULL;
    return value;
}

static PyObject *scalar(const FastState *state, const TextCodec *codec, const oxp_node *node,
                        const uint8_t *bytes)
{
    switch (node->type) {
    case OXP_TYPE_STATUS:
        if (node->len == 6 && !memcmp(bytes + node->value, "QUEUED", 6))
            return Py_NewRef(codec->queues_text ? state->queued_text : state->queued_bytes);
        return text_or_bytes(codec, (const char *)bytes + node->value, node->len);
    case OXP_TYPE_STRING:
    case OXP_TYPE_VERBATIM:
        return text_or_bytes(codec, (const char *)bytes + node->value, node->len);
    case OXP_TYPE_INTEGER:
        return PyLong_FromLongLong((int64_t)node->value);
    case OXP_TYPE_NULL:
        return Py_NewRef(Py_None);
    case OXP_TYPE_DOUBLE: {
        double value;
        memcpy(&value, &node->value, sizeof value);
        return PyFloat_FromDouble(value);
    }
    case OXP_TYPE_BOOLEAN:
        return PyBool_FromLong(node->value != 0);
    case OXP_TYPE_BIG_NUMBER:
        return big_number((const char *)bytes + node->value, node->len);
    case OXP_TYPE_ERROR:
        return reply_server_error(state, node, bytes);
    default:
        return PyErr_Format(PyExc_SystemError, "the library sent reply type %d, unknown here",
                            (int)node->type);
    }
}

static PyObject *text_or_bytes(const TextCodec *codec, const char *data, Py_ssize_t len)
{
    if (!codec->decodes)
        return PyBytes_FromStringAndSize(data, len);
    PyObject *text;
    if (codec->is_utf8)
        text = PyUnicode_DecodeUTF8(data, len, codec->is_strict ? NULL : codec->errors_name);
    else
        text = PyUnicode_Decode(data, len, codec->encoding_name, codec->errors_name);
    if (text || !codec->keeps_bytes || !PyErr_ExceptionMatches(PyExc_UnicodeError))
        return text;
    PyErr_Clear();
    return PyBytes_FromStringAndSize(data, len);
}

static PyObject *big_number(const char *digits, size_t len)
{
    char *text = PyMem_Malloc(len + 1); /* PyLong_FromString wants a terminator */
    if (!text)
        return PyErr_NoMemory();
    memcpy(text, digits, len);
    text[len] = '\0';
    PyObject *number = PyLong_FromString(text, NULL, 10);
    PyMem_Free(text);
    return number;
}
