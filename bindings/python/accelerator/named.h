/*
 * NamedMethod: a named command of the Python package, such as `hset`, whose plain form goes past the Python function.
 *
 * The function stays the description of the method. It is called for everything but the one form that
 * it sends as it is given: so many words, all by their places, each a str, bytes, int or float. It is
 * also called for who has a `command` of their own, because that is what the function calls.
 */
#ifndef OXIPIPE_FAST_NAMED_H
#define OXIPIPE_FAST_NAMED_H

#include "state.h"

/* What the objects of all types that have a `command` begin with. */
typedef struct {
    PyObject_HEAD
    bool hides_command; /* an attribute of that name was set, which hides the method */
} Core;

/* The tp_setattro of those types. */
int core_set_attribute(PyObject *self, PyObject *name, PyObject *value);

/* Tells who `sender` is: 0, or -1 with an exception set. */
int sender_init(Sender *sender, PyObject *type, SendNamed send);

/* (function, name of the command, number of words behind it, whether there may be more, the last
 * one if it may be left out, or None, a bit for each word that is plain only if it is an int) */
PyObject *named_method(PyObject *module, PyObject *const *args, Py_ssize_t count);

extern PyType_Spec NAMED_SPEC;

#endif
