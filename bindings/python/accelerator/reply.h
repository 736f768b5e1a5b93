/*
 * Builds Python objects from reply nodes as they arrive.
 *
 * The nodes come in parts, in preorder, and a part may end anywhere inside a reply. The builder
 * keeps the aggregates that are still open on a stack of its own, so depth costs memory, never C
 * stack. Finished top-level replies collect in one list; a top-level server error takes its place
 * there as an exception instance, and so does what tells of a top-level reply that cannot be told
 * in Python.
 */
#ifndef OXIPIPE_FAST_REPLY_H
#define OXIPIPE_FAST_REPLY_H

#include "attempt.h"
#include "shape.h"

/* One aggregate that still waits for children. `container` is NULL where the values are thrown
 * away: inside attributes. */
typedef struct {
    PyObject *container; /* own: list, or dict for a map */
    PyObject *key;       /* own: the key that waits for its value */
    size_t left;         /* children still to come */
    size_t filled;       /* children placed in a list */
    size_t reserved;     /* slots the list was created with */
    uint8_t type;        /* OXP_TYPE_* of the node */
    bool hidden;         /* list taken off the garbage collector's books while it has empty slots */
} OpenFrame;

enum { BUILDER_INLINE = 8 };

typedef struct {
    const FastState *state;
    const TextCodec *codec; /* of the top-level reply in hand */
    OpenFrame *frames; /* frames[0] is the list of top-level replies */
    size_t depth;
    size_t capacity;
    /* Gets what signal handlers raise, and building goes on; NULL: building ends with that. */
    Interruption *interruption;
    PyObject *failure; /* own; takes the place of the top-level reply whose rest is skipped */
    Py_ssize_t first_error; /* index of the first top-level exception, -1 for none */
    Py_ssize_t first_refusal; /* of the first that is a server error */
    size_t refusals;
    const CallbackLog *callbacks; /* some are for replies that nobody decodes; NULL if none is */
    const TextCodec *usual_codec; /* of the others */
    size_t in_callbacks; /* how many of them have been looked at */
    size_t next_undecoded; /* index of the next such top-level reply */
    OpenFrame inline_frames[BUILDER_INLINE];
} ReplyBuilder;

/* That of the reply to a single command: the client's, unless its callback is for replies that nobody decodes. */
const TextCodec *codec_for(const FastState *state, const TextCodec *codec, PyObject *callback);

int builder_init(ReplyBuilder *builder, const FastState *state, const TextCodec *codec,
                 size_t expected);
/* What the top-level replies are for; before the first of them. */
void builder_expect(ReplyBuilder *builder, const CallbackLog *callbacks);
/* Takes whole nodes. On failure an exception is set and the builder takes no more. It fails for what signal handlers raise and for
 * want of memory; what a codec raises concerns the reply in hand alone. */
int builder_feed(ReplyBuilder *builder, const oxp_node *nodes, size_t count, const uint8_t *bytes);
/* Every expected reply is there. */
bool builder_is_complete(const ReplyBuilder *builder);
/* No node has arrived. */
bool builder_is_untouched(const ReplyBuilder *builder);
/* Hands over the list of the replies that are whole. */
PyObject *builder_take(ReplyBuilder *builder);
void builder_clear(ReplyBuilder *builder);

typedef enum {
    REPLY_VALUE,
    REPLY_ERROR,      /* the exception for a server error */
    REPLY_UNREADABLE, /* the exception that tells of a reply which cannot be told in Python */
} ReplyKind;

/* Builds one reply whose nodes are all here. NULL with an exception set on failure: see builder_feed() and
 * `interruption` of ReplyBuilder. */
PyObject *reply_build(const FastState *state, const TextCodec *codec, const oxp_node *nodes,
                      size_t count, const uint8_t *bytes, ReplyKind *kind,
                      Interruption *interruption);

/* The exception for one node of type OXP_TYPE_ERROR. */
PyObject *reply_server_error(const FastState *state, const oxp_node *node, const uint8_t *bytes);

#endif
