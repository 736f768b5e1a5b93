/*
 * FutureCore, the type under oxipipe.Future: the reply to one submission of a pool.
 */
#ifndef OXIPIPE_FAST_FUTURE_H
#define OXIPIPE_FAST_FUTURE_H

#include "pool/core.h"

extern PyType_Spec FUTURE_SPEC;

#endif
