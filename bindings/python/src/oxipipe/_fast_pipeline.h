/*
 * PipelineCore, the type under oxipipe.Pipeline: one oxp_pipeline and its commands' callbacks.
 */
#ifndef OXIPIPE_FAST_PIPELINE_H
#define OXIPIPE_FAST_PIPELINE_H

#include "_fast_state.h"

extern PyType_Spec PIPELINE_SPEC;

#endif
