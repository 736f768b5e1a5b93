#include "named.h"

#include <dlfcn.h>
#include <string.h>

#include <structmember.h>

/* Of vectorcall (PEP 590), which the limited API has from 3.12 on. 3.11 knows the same flag, member,
 * signature and function; its headers only do not show them here. The function is looked for by its
 * name, and done without where it is not found: calls with keywords cost more then. */
#ifndef Py_TPFLAGS_HAVE_VECTORCALL
#define Py_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
#endif
static const size_t ARGUMENTS_OFFSET = (size_t)1 << (8 * sizeof(size_t) - 1);

typedef struct {
    PyObject_HEAD
    Vectorcall vectorcall;
    const FastState *state;
    PyObject *function;
    PyObject *command; /* the command's name, a str ... */
    oxp_slice name;    /* ... and its bytes */
    PyObject *callback; /* own: what shapes the reply; NULL before the first call */
    PyObject *last;     /* own: the last word where it is not given; NULL if it has to be */
    Py_ssize_t least;
    Py_ssize_t most;
    unsigned long whole; /* a bit for each word that is a number without a fraction */
} NamedMethod;

/* A method with more words does not get its last one from here. */
enum { WORDS_WITH_LAST = 4 };

static PyObject *call(NamedMethod *self, PyObject *const *args, size_t flagged_count,
                      PyObject *keywords);
static bool is_plain(const NamedMethod *self, PyObject *const *args, Py_ssize_t count);
static const Sender *find_sender(const FastState *state, PyObject *object);
static bool find_callback(NamedMethod *self);
static PyObject *call_function(const NamedMethod *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords);

int core_set_attribute(PyObject *self, PyObject *name, PyObject *value)
{
    if (value && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "command") == 0)
        ((Core *)self)->hides_command = true;
    return PyObject_GenericSetAttr(self, name, value);
}

int sender_init(Sender *sender, PyObject *type, SendNamed send)
{
    *sender = (Sender){type, PyObject_GetAttrString(type, "command"), send};
    return sender->command ? 0 : -1;
}

PyObject *named_method(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    FastState *state = PyModule_GetState(module);
    if (count != 6 || !PyUnicode_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "named_method() takes a function, a name, a number, a "
                                         "bool, a word and a number");
        return NULL;
    }
    Py_ssize_t least = PyLong_AsSsize_t(args[2]), len;
    unsigned long whole = PyErr_Occurred() ? 0 : PyLong_AsUnsignedLong(args[5]);
    if (PyErr_Occurred())
        return NULL;
    int has_more = PyObject_IsTrue(args[3]);
    const char *name = PyUnicode_AsUTF8AndSize(args[1], &len);
    if (has_more < 0 || !name)
        return NULL;
    if (!state->method_type) {
        PyObject *method = PyObject_CallMethod(args[0], "__get__", "O", args[0]);
        if (!method)
            return NULL;
        state->method_type = Py_NewRef((PyObject *)Py_TYPE(method));
        Py_DECREF(method);
        *(void **)&state->vectorcall = dlsym(RTLD_DEFAULT, "PyObject_Vectorcall");
    }
    NamedMethod *self =
        (NamedMethod *)PyType_GenericAlloc((PyTypeObject *)state->named_type, 0);
    if (!self)
        return NULL;
    self->vectorcall = (Vectorcall)(void (*)(void))call;
    self->state = state;
    self->function = Py_NewRef(args[0]);
    self->command = Py_NewRef(args[1]);
    self->name = (oxp_slice){(const uint8_t *)name, (size_t)len};
    self->last = args[4] == Py_None ? NULL : Py_NewRef(args[4]);
    self->least = least;
    self->most = has_more ? PY_SSIZE_T_MAX : least;
    self->whole = whole;
    return (PyObject *)self;
}

static PyObject *call(NamedMethod *self, PyObject *const *args, size_t flagged_count,
                      PyObject *keywords)
{
    Py_ssize_t count = (Py_ssize_t)(flagged_count & ~ARGUMENTS_OFFSET), given = count - 1;
    if (count == 0 || keywords)
        return call_function(self, args, count, keywords);
    PyObject *const *words = args + 1, *completed[WORDS_WITH_LAST];
    if (self->last && given == self->least - 1 && given < WORDS_WITH_LAST) {
        memcpy(completed, words, (size_t)given * sizeof *words);
        completed[given++] = self->last;
        words = completed;
    }
    if (is_plain(self, words, given)) {
        const Sender *sender = find_sender(self->state, args[0]);
        if (sender && (self->callback || find_callback(self)))
            return sender->send(args[0], self->callback, &self->name, words, given);
        if (PyErr_Occurred())
            return NULL;
    }
    return call_function(self, args, count, NULL);
}

/* What cannot be sent, or needs more thought, is left to the function: errors tell which of its
 * arguments it was. */
static bool is_plain(const NamedMethod *self, PyObject *const *args, Py_ssize_t count)
{
    if (count < self->least || count > self->most)
        return false;
    unsigned long whole = self->whole;
    for (Py_ssize_t i = 0; i < count; i++, whole >>= 1) {
        const PyTypeObject *type = Py_TYPE(args[i]);
        if (type != &PyLong_Type && (whole & 1 || (type != &PyUnicode_Type &&
                                                   type != &PyBytes_Type && type != &PyFloat_Type)))
            return false;
    }
    return true;
}

/* NULL if `command` of the object is not that of the back end, or cannot be told from it; maybe with an
 * exception set. It is looked for in the class each time, because programs replace methods of classes,
 * too. What they write into `__dict__` of an object, past its attributes, is not noticed: looking into
 * it costs more than the function, and on 3.12 slows down all methods of that object. */
static const Sender *find_sender(const FastState *state, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (!state->command_name)
        return NULL;
    PyObject *command = PyObject_GetAttr((PyObject *)type, state->command_name);
    if (!command) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Clear();
        return NULL;
    }
    const Sender *found = NULL;
    for (size_t i = 0; i < SENDERS && !found; i++)
        if (state->senders[i].command == command)
            found = &state->senders[i];
    Py_DECREF(command);
    /* A class can have borrowed the method of another one, and `__getattribute__` can find what it likes. */
    if (found && PyType_IsSubtype(type, (PyTypeObject *)found->type) &&
        PyType_GetSlot(type, Py_tp_getattro) == (void *)PyObject_GenericGetAttr &&
        !((const Core *)object)->hides_command)
        return found;
    return NULL;
}

/* False if the function has to be asked; maybe with an exception set. */
static bool find_callback(NamedMethod *self)
{
    PyObject *resolve = self->state->resolve_callback;
    PyObject *callback = resolve ? PyObject_CallFunctionObjArgs(resolve, self->command, NULL) : NULL;
    if (!callback)
        return false;
    bool is_known = (PyObject *)Py_TYPE(callback) != self->state->by_words;
    if (!is_known)
        self->most = -1; /* its options tell, and so it has no plain form */
    else if (!self->callback)
        self->callback = Py_NewRef(callback);
    Py_DECREF(callback);
    return is_known;
}

static PyObject *call_function(const NamedMethod *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords)
{
    if (self->state->vectorcall)
        return self->state->vectorcall(self->function, args, (size_t)count, keywords);
    Py_ssize_t named = keywords ? PyTuple_Size(keywords) : 0;
    PyObject *given = PyTuple_New(count), *by_name = named ? PyDict_New() : NULL;
    PyObject *result = NULL;
    if (given && (by_name || !named)) {
        int status = 0;
        for (Py_ssize_t i = 0; i < count; i++)
            PyTuple_SetItem(given, i, Py_NewRef(args[i]));
        for (Py_ssize_t i = 0; i < named && status == 0; i++)
            status = PyDict_SetItem(by_name, PyTuple_GetItem(keywords, i), args[count + i]);
        if (status == 0)
            result = PyObject_Call(self->function, given, by_name);
    }
    Py_XDECREF(given);
    Py_XDECREF(by_name);
    return result;
}

/* What does not come by vectorcall, such as a call with **kwargs. */
static PyObject *named_call(NamedMethod *self, PyObject *args, PyObject *keywords)
{
    return PyObject_Call(self->function, args, keywords);
}

/* As a function has it: of an object, a method; of a class, itself. */
static PyObject *named_get(PyObject *self, PyObject *object, PyObject *type)
{
    (void)type;
    PyObject *method_type = ((NamedMethod *)self)->state->method_type;
    if (!object || !method_type)
        return Py_NewRef(self);
    return PyObject_CallFunctionObjArgs(method_type, self, object, NULL);
}

/* What the type does not say itself, the function does: its name, annotations, code. */
static PyObject *named_attribute(NamedMethod *self, PyObject *name)
{
    bool is_functions = PyUnicode_CompareWithASCIIString(name, "__module__") == 0;
    PyObject *own = is_functions ? NULL : PyObject_GenericGetAttr((PyObject *)self, name);
    if (own || (!is_functions && !PyErr_ExceptionMatches(PyExc_AttributeError)))
        return own;
    PyErr_Clear();
    return PyObject_GetAttr(self->function, name);
}

static PyObject *named_repr(NamedMethod *self)
{
    PyObject *name = PyObject_GetAttrString(self->function, "__qualname__");
    PyObject *text = name ? PyUnicode_FromFormat("<named method %S>", name) : NULL;
    Py_XDECREF(name);
    return text;
}

/* Copies and pickles are made by name, as those of functions. */
static PyObject *named_reduce(NamedMethod *self, PyObject *unused)
{
    (void)unused;
    return PyObject_GetAttrString(self->function, "__qualname__");
}

/* An attribute of the type, because `help` asks that. */
static PyObject *named_doc(NamedMethod *self, void *unused)
{
    (void)unused;
    return PyObject_GetAttrString(self->function, "__doc__");
}

static int named_traverse(NamedMethod *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->function);
    Py_VISIT(self->callback);
    Py_VISIT(self->last);
    return 0;
}

/* The callback stays while it may be called: only the function can be part of a cycle. */
static int named_clear(NamedMethod *self)
{
    (void)self;
    return 0;
}

static void named_dealloc(NamedMethod *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->function);
    Py_CLEAR(self->callback);
    Py_CLEAR(self->last);
    Py_CLEAR(self->command);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef NAMED_METHODS[] = {
    {"__reduce__", (PyCFunction)named_reduce, METH_NOARGS,
     SIGNED("__reduce__($self, /)", "The name by which it is found again.")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef NAMED_MEMBERS[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(NamedMethod, vectorcall), READONLY, NULL},
    {"__wrapped__", T_OBJECT, offsetof(NamedMethod, function), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef NAMED_PROPERTIES[] = {
    {"__doc__", (getter)named_doc, NULL, "What the function says of itself.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot NAMED_SLOTS[] = {
    {Py_tp_dealloc, named_dealloc},
    {Py_tp_traverse, named_traverse},
    {Py_tp_clear, named_clear},
    {Py_tp_call, named_call},
    {Py_tp_descr_get, named_get},
    {Py_tp_getattro, named_attribute},
    {Py_tp_repr, named_repr},
    {Py_tp_methods, NAMED_METHODS},
    {Py_tp_members, NAMED_MEMBERS},
    {Py_tp_getset, NAMED_PROPERTIES},
    {0, NULL},
};

PyType_Spec NAMED_SPEC = {
    .name = "oxipipe._core._fast.NamedMethod",
    .basicsize = sizeof(NamedMethod),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_METHOD_DESCRIPTOR |
             Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = NAMED_SLOTS,
};
