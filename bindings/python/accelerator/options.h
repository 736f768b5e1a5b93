/*
 * The options dict of ClientCore._open() as oxp_options and a TextCodec.
 */
#ifndef OXIPIPE_FAST_OPTIONS_H
#define OXIPIPE_FAST_OPTIONS_H

#include "state.h"

/* Keys are the names of the oxp_options setters without "set_", plus "url"; None leaves the
 * default. The caller frees the result; NULL with an exception set on failure. */
oxp_options *options_from_dict(const FastState *state, PyObject *dict);

/* Reads "encoding", "errors" and "decode". */
int codec_from_dict(TextCodec *codec, PyObject *dict);
void codec_copy(TextCodec *copy, const TextCodec *codec);
void codec_clear(TextCodec *codec);

#endif
