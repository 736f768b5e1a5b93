/*
 * What a server said of itself when it was greeted, as Python sees it.
 */
#ifndef OXIPIPE_FAST_SERVER_H
#define OXIPIPE_FAST_SERVER_H

#include "call.h"

/* What oxp_client_server() and its like came to: the arguments of ServerInfo, None if there was no connection yet, NULL with
 * an exception set. Takes `server` over. */
PyObject *server_fields(const FastState *state, oxp_status status, oxp_server *server,
                        const oxp_error *error);

#endif
