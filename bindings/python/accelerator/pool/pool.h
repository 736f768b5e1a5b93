/*
 * PoolCore, the type under oxipipe.Pool: one oxp_pool, and the futures of what it has outstanding.
 *
 * The futures hold the pool and the pool's list holds them, so a pool lives until everything is
 * answered or the garbage collector finds that nobody can ask any more. All fields are guarded by
 * the GIL; the library is entered with it only where it does not wait.
 */
#ifndef OXIPIPE_FAST_POOL_H
#define OXIPIPE_FAST_POOL_H

#include "batch.h"
#include "pool/core.h"

/* -1 with an exception set unless the pool was opened. In a forked child, forgets what the parent did. */
int pool_enter(PoolCore *pool);
/* 1: taken back, 0: too late, -1 with an exception set. */
int pool_cancel(PoolCore *pool, FutureCore *future);

/* A SendNamed. */
PyObject *pool_send(PyObject *pool, PyObject *callback, const oxp_slice *name,
                    PyObject *const *args, Py_ssize_t count);

extern PyType_Spec POOL_SPEC;
extern const BatchOwner POOL_OWNER;

#endif
