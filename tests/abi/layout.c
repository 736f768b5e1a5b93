/*
 * The parts of the ABI that are numbers: sizes, offsets and constants, as bindings compile them in. A change here breaks
 * programs that were built before. src/ffi asserts the same on the Rust side.
 */

#include <oxipipe/oxipipe.h>

#define SAME(a, b) _Static_assert((a) == (b), #a " is not " #b)

SAME(sizeof(oxp_status), 4);

SAME(sizeof(oxp_slice), 2 * sizeof(void *));
SAME(offsetof(oxp_slice, data), 0);
SAME(offsetof(oxp_slice, len), sizeof(void *));

SAME(sizeof(oxp_node), 16);
SAME(_Alignof(oxp_node), 8);
SAME(offsetof(oxp_node, type), 0);
SAME(offsetof(oxp_node, flags), 1);
SAME(offsetof(oxp_node, reserved), 2);
SAME(offsetof(oxp_node, len), 4);
SAME(offsetof(oxp_node, value), 8);

SAME(sizeof(oxp_completion), 24 + 3 * sizeof(void *));
SAME(_Alignof(oxp_completion), 8);
SAME(offsetof(oxp_completion, token), 0);
SAME(offsetof(oxp_completion, replies), 8);
SAME(offsetof(oxp_completion, nodes), 16);
SAME(offsetof(oxp_completion, node_count), 16 + sizeof(void *));
SAME(offsetof(oxp_completion, bytes), 16 + 2 * sizeof(void *));
SAME(offsetof(oxp_completion, status), 16 + 3 * sizeof(void *));
SAME(offsetof(oxp_completion, outcome), 20 + 3 * sizeof(void *));
SAME(sizeof(oxp_event), 24 + 3 * sizeof(void *));
SAME(_Alignof(oxp_event), 8);
SAME(offsetof(oxp_event, connection), 0);
SAME(offsetof(oxp_event, dropped), 8);
SAME(offsetof(oxp_event, nodes), 16);
SAME(offsetof(oxp_event, node_count), 16 + sizeof(void *));
SAME(offsetof(oxp_event, bytes), 16 + 2 * sizeof(void *));
SAME(offsetof(oxp_event, kind), 16 + 3 * sizeof(void *));
SAME(offsetof(oxp_event, status), 20 + 3 * sizeof(void *));

SAME(OXP_OK, 0);
SAME(OXP_AGAIN, 1);
SAME(OXP_DONE, 2);
SAME(OXP_FULL, 3);
SAME(OXP_DUE, 4);
SAME(OXP_ERR_ARG, -1);
SAME(OXP_ERR_BUSY, -2);
SAME(OXP_ERR_CLOSED, -3);
SAME(OXP_ERR_POISONED, -4);
SAME(OXP_ERR_REFUSED, -5);
SAME(OXP_ERR_SHORT, -6);
SAME(OXP_ERR_FORKED, -7);
SAME(OXP_ERR_IO, -100);
SAME(OXP_ERR_CONNECT, -101);
SAME(OXP_ERR_RESOLVE, -102);
SAME(OXP_ERR_DISCONNECTED, -103);
SAME(OXP_ERR_NO_MEMORY, -104);
SAME(OXP_ERR_PROTOCOL, -200);
SAME(OXP_ERR_LIMIT, -201);
SAME(OXP_ERR_AUTH, -300);
SAME(OXP_ERR_HANDSHAKE, -301);
SAME(OXP_ERR_REPLY, -302);
SAME(OXP_ERR_TIMEOUT, -500);
SAME(OXP_ERR_CANCELLED, -501);
SAME(OXP_ERR_INTERRUPTED, -502);
SAME(OXP_ERR_QUEUE_FULL, -503);
SAME(OXP_ERR_PANIC, -900);

SAME(OXP_OUTCOME_NONE, 0);
SAME(OXP_OUTCOME_NOT_APPLIED, 1);
SAME(OXP_OUTCOME_UNKNOWN, 2);
SAME(OXP_OUTCOME_REJECTED, 3);

SAME(OXP_RETRY_NONE, 0);
SAME(OXP_RETRY_READS, 1);
SAME(OXP_EVENTS_DROP_OLDEST, 0);
SAME(OXP_EVENTS_STOP_READING, 1);
SAME(OXP_EVENT_PUSH, 1);
SAME(OXP_EVENT_MESSAGE, 2);
SAME(OXP_EVENT_SUBSCRIPTION, 3);
SAME(OXP_EVENT_MONITOR, 4);
SAME(OXP_EVENT_UP, 5);
SAME(OXP_EVENT_DOWN, 6);

SAME(OXP_WANT_READ, 1);
SAME(OXP_WANT_WRITE, 2);
SAME(OXP_TOKEN_NONE, UINT64_MAX);

SAME(OXP_TYPE_NULL, 0);
SAME(OXP_TYPE_STATUS, 1);
SAME(OXP_TYPE_ERROR, 2);
SAME(OXP_TYPE_INTEGER, 3);
SAME(OXP_TYPE_STRING, 4);
SAME(OXP_TYPE_DOUBLE, 5);
SAME(OXP_TYPE_BOOLEAN, 6);
SAME(OXP_TYPE_BIG_NUMBER, 7);
SAME(OXP_TYPE_VERBATIM, 8);
SAME(OXP_TYPE_ARRAY, 9);
SAME(OXP_TYPE_MAP, 10);
SAME(OXP_TYPE_SET, 11);
SAME(OXP_TYPE_PUSH, 12);
SAME(OXP_TYPE_ATTRIBUTE, 13);
