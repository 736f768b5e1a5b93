/*
 * PipelineCore, the type under oxipipe.Pipeline: one oxp_pipeline and the callbacks of its commands.
 */
#ifndef OXIPIPE_FAST_PIPELINE_H
#define OXIPIPE_FAST_PIPELINE_H

#include "_fast_state.h"

extern PyType_Spec PIPELINE_SPEC;

#endif
