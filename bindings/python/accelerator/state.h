/*
 * What the accelerator keeps per module, and the text rules a client hands to everybody who turns
 * Python objects into bytes or back.
 *
 * The accelerator is CPython's limited API (3.11) on one side and oxipipe.h on the other, nothing
 * else. Every file here runs with the GIL held unless it says otherwise.
 */
#ifndef OXIPIPE_FAST_STATE_H
#define OXIPIPE_FAST_STATE_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <oxipipe/oxipipe.h>

/* A docstring that tells the parameters, too, as inspect and stubtest want it. */
#define SIGNED(call, text) PyDoc_STR(call "\n--\n\n" text)

typedef struct BatchOwner BatchOwner;

/* Who executes pipelines: see batch.h. */
typedef struct {
    PyObject *type;
    const BatchOwner *owner;
} OwnerType;

enum { OWNERS = 3 };

/* What `command` of one type does with a command whose name and shape are known. */
typedef PyObject *(*SendNamed)(PyObject *self, PyObject *callback, const oxp_slice *name,
                               PyObject *const *args, Py_ssize_t count);

/* Who sends commands: see named.h. */
typedef struct {
    PyObject *type;
    PyObject *command; /* own: its method of that name */
    SendNamed send;
} Sender;

enum { SENDERS = 4 };

/* What calls an object, as PyObject_Vectorcall() does. */
typedef PyObject *(*Vectorcall)(PyObject *callable, PyObject *const *args, size_t count,
                                PyObject *keywords);

/* Per module. What is no type of this module comes from configure() and is NULL before it. */
typedef struct {
    PyObject *client_type;
    PyObject *pipeline_type;
    PyObject *async_type;
    PyObject *binding_type;
    PyObject *pool_type;
    PyObject *pool_future_type;
    PyObject *named_type;
    OwnerType owners[OWNERS]; /* the types are borrowed from above ... */
    Sender senders[SENDERS];  /* ... and here */
    PyObject *command_name;   /* "command" */
    PyObject *method_type;    /* of methods of Python functions; NULL before the first named_method() ... */
    Vectorcall vectorcall;    /* ... as this is, and after it where there is none */
    PyObject *reply_error;
    PyObject *call_error;
    PyObject *data_error;
    PyObject *unsendable;     /* callable: an argument -> the exception for it */
    PyObject *encoding_error; /* a subclass of UnicodeEncodeError */
    PyObject *decode_error;   /* callable: exception -> the exception for a reply */
    PyObject *resolve_callback;
    PyObject *by_words;  /* type: in the place of a callback, calls it with the command's words to learn that */
    PyObject *undecoded; /* type of callbacks for replies that are bytes, whatever the codec says */
    PyObject *load_futures;
    PyObject *callbacks; /* dict: command name as it was given -> callback or None */
    /* The status QUEUED. Replies are these very objects, which no string that a program stored can be. */
    PyObject *queued_bytes;
    PyObject *queued_text;

    /* Of asyncio; NULL before configure_asyncio(). */
    PyObject *get_running_loop;
    PyObject *future_type; /* and its methods: */
    PyObject *future_done;
    PyObject *future_set_result;
    PyObject *future_set_exception;
    PyObject *future_remove_callback;
    PyObject *callbacks_name; /* "_callbacks" */
    PyObject *run_name;       /* "run" */
    PyObject *invalid_state_error;
    PyObject *no_arguments; /* () */
    /* From load_futures, which is called for the first future; NULL before. */
    PyObject *future_class;    /* the Python class on top of pool_future_type */
    PyObject *cancelled_error; /* callable: outcome -> exception */
    PyObject *timeout_error;   /* callable: () -> exception */
    allocfunc new_future;
} FastState;

/* How str becomes bytes and back. The names point into the two str objects beside them. */
typedef struct {
    PyObject *encoding;
    PyObject *errors;
    const char *encoding_name;
    const char *errors_name;
    bool is_utf8;
    bool is_strict;
    bool decodes; /* replies become str instead of bytes */
    bool queues_text; /* QUEUED does, which may come in the place of any reply */
    bool keeps_bytes; /* what cannot be decoded stays bytes, instead of being an error */
} TextCodec;

#endif
