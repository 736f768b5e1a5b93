/*
 * The arguments of one command as oxp_slice values that point straight into the Python objects.
 *
 * The objects themselves are kept alive by the caller of the method (that is the calling
 * convention); whatever had to be made on the way is owned by this value. The slices therefore stay
 * valid until arguments_release(), also while the GIL is released.
 */
#ifndef OXIPIPE_FAST_ARGS_H
#define OXIPIPE_FAST_ARGS_H

#include "state.h"

/* Commands up to this many arguments need no allocation at all. */
enum { ARGUMENTS_INLINE = 32 };

/* Room for any 64-bit integer and for the shortest repr of any double. */
typedef char NumberText[32];

typedef struct HeldBuffer HeldBuffer;

typedef struct {
    oxp_slice *slices;
    size_t count;
    NumberText *numbers;
    HeldBuffer *held;
    void *heap;
    oxp_slice inline_slices[ARGUMENTS_INLINE];
    NumberText inline_numbers[ARGUMENTS_INLINE];
} Arguments;

/* Fills `out`. `name` is NULL if the first of the objects is the command's. On failure an exception is
 * set and nothing needs to be released. */
int arguments_collect(Arguments *out, const FastState *state, const TextCodec *codec,
                      const oxp_slice *name, PyObject *const *objects, Py_ssize_t count);
void arguments_release(Arguments *arguments);
/* A sum of OXP_COMMAND_* numbers. */
static inline uint32_t arguments_traits(const Arguments *arguments)
{
    return oxp_command_traits(arguments->slices[0].data, arguments->slices[0].len);
}

#endif
