/*
 * The way from the library into Python, which closes when the interpreter ends. Of each of the two modules that call back.
 *
 * Once it finalizes, CPython ends every other thread that asks for the GIL with pthread_exit(). A thread that asks from a callback of
 * the library has Rust frames below it, and unwinding those aborts the process: a daemon thread that waits for a reply would
 * turn a clean exit into a core dump. So, from Python's exit handlers on, such threads park instead of asking, and the exit
 * handler, without the GIL, waits for those that are already past the check: Python still serves them then.
 */
#ifndef OXIPIPE_EXIT_GATE_H
#define OXIPIPE_EXIT_GATE_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static atomic_size_t threads_in_python;
static _Thread_local size_t times_in_python; /* of this thread */
static _Thread_local bool is_finalizer;
static atomic_bool is_ending;

static void leave_python(void)
{
    times_in_python--;
    atomic_fetch_sub(&threads_in_python, 1);
}

static void enter_python(void)
{
    atomic_fetch_add(&threads_in_python, 1);
    times_in_python++;
    if (atomic_load(&is_ending) && !is_finalizer) {
        leave_python();
        for (;;)
            pause();
    }
}

/* For the exit handler, without the GIL. */
static void close_gate(void)
{
    is_finalizer = true;
    atomic_store(&is_ending, true);
    while (atomic_load(&threads_in_python) > times_in_python)
        sched_yield();
}

/* In a forked child, which has only the forking thread. That may be inside a callback: a Python signal handler that runs while
 * a call waits may well fork. */
static void forget_other_threads(void)
{
    atomic_store(&threads_in_python, times_in_python);
}

#endif
