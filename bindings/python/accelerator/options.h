/*
 * The options dict of _open() as oxp_options and a TextCodec.
 */
#ifndef OXIPIPE_FAST_OPTIONS_H
#define OXIPIPE_FAST_OPTIONS_H

#include "state.h"

/* "encoding", "errors" and "decode" are the codec's; "url" is where to begin; all others are the
 * library's by name and as text. The caller frees the result and clears the codec; NULL with an
 * exception set on failure, and the codec is as it was. */
oxp_options *options_from_dict(const FastState *state, PyObject *dict, TextCodec *codec);

void codec_copy(TextCodec *copy, const TextCodec *codec);
void codec_clear(TextCodec *codec);

#endif
