/*
 * oxipipe: a Redis/Valkey client. C interface.
 *
 *     #include <oxipipe/oxipipe.h>
 *     #include <stdio.h>
 *     #include <string.h>
 *
 *     int main(void) {
 *         const char *url = "redis://localhost";
 *         oxp_client *client;
 *         if (oxp_connect(url, strlen(url), &client, NULL) < 0)
 *             return 1;
 *
 *         oxp_slice ping[] = {OXP_LITERAL("PING")};
 *         oxp_reply *reply;
 *         if (oxp_client_command(client, ping, 1, &reply, NULL) == OXP_OK) {
 *             const uint8_t *text;
 *             size_t len;
 *             if (oxp_reply_string(reply, 0, &text, &len) == OXP_OK)
 *                 printf("%.*s\n", (int)len, (const char *)text);
 *             oxp_reply_free(reply);
 *         }
 *         oxp_client_free(client);
 *     }
 *
 * Objects     oxp_client (a server), oxp_pipeline (a batch of commands for it), oxp_reply (an
 *             answer), oxp_options (how a client connects and behaves), oxp_error (the detail of a
 *             failure); oxp_async (a server, from an event loop) and oxp_pool (a server, over many
 *             connections), both with oxp_completions (answers, many at a time); oxp_events (what
 *             any of the three has to tell besides answers); oxp_server (what a server said of
 *             itself). All are opaque; docs/abi.md has the contract as a whole, docs/async-c.md and
 *             docs/pool-c.md explain event loops and pools, bindings/c/examples has complete
 *             programs.
 * Leases      Commands that would change a connection for everybody on it (MULTI, SUBSCRIBE) need
 *             one of their own: oxp_client_lease, oxp_async_lease and oxp_pool_lease give it, as a
 *             client like any other.
 * Calls       Handle first, then inputs, then outputs, then an oxp_error, which may be NULL
 *             everywhere.
 * Status      OXP_OK is 0, failures are negative, states such as OXP_AGAIN positive. A server's
 *             error is a reply of type OXP_TYPE_ERROR: the call itself succeeded. After a failure,
 *             oxp_error_outcome says whether the server may have applied the command. Every
 *             function names its statuses, but for two that any can return: OXP_ERR_PANIC, a bug in
 *             the library, and from then on OXP_ERR_POISONED, for the handle that it left half
 *             changed. Functions whose result must be looked at give a warning where it is not,
 *             unless OXP_NODISCARD is defined as nothing before this header is included.
 * Ownership   "own" marks what the receiver must give to the _free function of its type. Everything
 *             else is borrowed: for the duration of the call if it goes in, until the stated point
 *             if it comes out. Never use free() on it.
 * Pointers    Not NULL unless the text says "may be NULL"; where it does not, NULL is answered with
 *             OXP_ERR_ARG, not with a crash. For bytes and lists, NULL with a length of 0 is an
 *             empty one. Outputs are set to NULL or 0 on entry, so after a failure they are safe to
 *             free and to print. Every _free function accepts NULL.
 * Threads     "Any, concurrently": clients, pools, replies and servers. "Any, one at a time":
 *             event-loop clients, completions, events, options, pipelines, errors. Functions that
 *             only read options, replies and errors (const pointers) may run at the same time as
 *             each other. A function that says nothing about threads follows its handle.
 * Text        UTF-8 with a length, not NUL-terminated. What functions return as const char * is
 *             NUL-terminated: static strings, and oxp_error_text, which is borrowed from its object.
 * Signals     SIGPIPE is never raised; a wait that a signal interrupts goes on (but see
 *             oxp_options_set_interrupt).
 * Versions    Later versions may add numbers (statuses, types, outcomes): treat unknown ones as
 *             "other". While the version is 0.x, a new minor version may change the rest, and the
 *             library's file name changes with it.
 */

#ifndef OXIPIPE_H
#define OXIPIPE_H

/* Generated from src/ffi by tools/gen_header.py: change the comments and signatures there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of the library that is actually loaded
 */

/// The version of the loaded library as text, such as "0.1.0"; static. OXP_VERSION is the version
/// of the header.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API const char *oxp_version(void);

/// The version of the loaded library as a number that can be compared: major << 16 | minor << 8 |
/// patch, composed like OXP_VERSION_NUMBER.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API uint32_t oxp_version_number(void);

/*
 * The numbers that every language shares, and their names
 */

/// The call did what it says.
#define OXP_OK 0

/// There is nothing yet: time ran out, or nobody waited.
#define OXP_AGAIN 1

/// There is nothing, and nothing will come.
#define OXP_DONE 2

/// The queue is full; nothing was queued.
#define OXP_FULL 3

/// The command was added, and sending what has been gathered is due: see oxp_pipeline_set_manual.
#define OXP_DUE 4

/// An argument is wrong: NULL, a number out of range, a length that does not fit. Nothing was sent.
#define OXP_ERR_ARG (-1)

/// The handle is in use by another thread, or the call came from inside a callback of the same
/// client. Nothing was sent.
#define OXP_ERR_BUSY (-2)

/// The client was closed.
#define OXP_ERR_CLOSED (-3)

/// An earlier OXP_ERR_PANIC left this handle in an unknown state; all it is good for is being
/// freed.
#define OXP_ERR_POISONED (-4)

/// The command would change the state of a connection that others share (such as SUBSCRIBE or
/// MULTI). Nothing was sent.
#define OXP_ERR_REFUSED (-5)

/// The caller's buffer is too small.
#define OXP_ERR_SHORT (-6)

/// The handle belongs to the parent process, from which this one was forked, and cannot go on here.
#define OXP_ERR_FORKED (-7)

/// The operating system reported an error on an established connection.
#define OXP_ERR_IO (-100)

/// No connection could be made.
#define OXP_ERR_CONNECT (-101)

/// The host name could not be resolved.
#define OXP_ERR_RESOLVE (-102)

/// The server closed the connection.
#define OXP_ERR_DISCONNECTED (-103)

/// The system has no memory for what the server sent. The connection is given up.
#define OXP_ERR_NO_MEMORY (-104)

/// The peer sent something that is not RESP, or a reply that nothing asked for.
#define OXP_ERR_PROTOCOL (-200)

/// A reply exceeds one of the limits set in the options.
#define OXP_ERR_LIMIT (-201)

/// The server did not accept the user or password, or wants some.
#define OXP_ERR_AUTH (-300)

/// The server refused the connection otherwise: too many clients, protected mode, unknown database.
#define OXP_ERR_HANDSHAKE (-301)

/// The server answered a command of a pool with an error: reported by oxp_pool_flush.
#define OXP_ERR_REPLY (-302)

/// The call's deadline passed.
#define OXP_ERR_TIMEOUT (-500)

/// The caller's oxp_part_fn said stop.
#define OXP_ERR_CANCELLED (-501)

/// The caller's oxp_interrupt_fn said stop.
#define OXP_ERR_INTERRUPTED (-502)

/// A bound was reached: that on commands that wait, or that on connections of one's own, which is 1,024
/// for each client or pool. Nothing was queued or sent.
#define OXP_ERR_QUEUE_FULL (-503)

/// A bug in this library, contained: it panicked. The handle that the call worked on is poisoned.
#define OXP_ERR_PANIC (-900)

/// No command was involved, or every command has its reply.
#define OXP_OUTCOME_NONE 0

/// Proved not applied: the server cannot have seen the whole command. Safe to send again.
#define OXP_OUTCOME_NOT_APPLIED 1

/// The command left and its reply did not arrive: it may or may not have been applied.
#define OXP_OUTCOME_UNKNOWN 2

/// The server said no.
#define OXP_OUTCOME_REJECTED 3

/// What a call came to: OXP_OK, a positive number for another state that is no failure (only where
/// a function says so), or a negative OXP_ERR_* number.
///
/// The numbers come in blocks: -1 use of the library, -100 operating system, -200 protocol, -300
/// server's refusal, -500 time and cancellation, -900 bugs. Later versions may add numbers; treat
/// an unknown negative one as a failure.
typedef int32_t oxp_status;

/// The name of a status, such as "OXP_ERR_TIMEOUT", for logs; static, never NULL, "unknown" for an
/// unknown number.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API const char *oxp_status_name(oxp_status status);

/// The name of an outcome: "NONE", "NOT_APPLIED", "UNKNOWN" or "REJECTED"; static, never NULL,
/// "unknown" for an unknown number.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API const char *oxp_outcome_name(int32_t outcome);

/*
 * Argument lists from C, without a copy and without an allocation
 */

/// Bytes that somebody else owns. `data` may be NULL if `len` is 0.
typedef struct oxp_slice {
    /// The first byte.
    const uint8_t *data;
    /// Number of bytes.
    size_t len;
} oxp_slice;

/// The bytes of a NUL-terminated text, without the NUL: an argument that nobody has to count. Of a
/// literal, OXP_LITERAL("text") is the same as an initializer.
///
/// text   borrowed for as long as the slice is used; NULL is an empty one.
///
/// Returns the slice. Threads: any, concurrently. Since 0.1.
OXP_API oxp_slice oxp_str(const char *text);

/*
 * What went wrong, in an object that the caller makes once and passes to every call
 */

/// The detail of a failure: status, outcome, text, address, numbers. Make one with oxp_error_new,
/// pass it to any number of calls, free it at the end.
///
/// A call that fails fills it in; a call that succeeds leaves it as it was, so look at it only
/// after a failure. What its functions point to is valid until the object is passed to another
/// call, cleared or freed.
///
/// Lifetime: independent of all other handles. Threads: any, one at a time (concurrent reading is
/// fine).
typedef struct oxp_error oxp_error;

/// Makes an empty error object.
///
/// out   own: the object, for oxp_error_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_error_new(oxp_error **out);

/// Frees an error object. error may be NULL. Since 0.1.
OXP_API void oxp_error_free(oxp_error *error);

/// Empties an error object, as if new. error may be NULL. Since 0.1.
OXP_API void oxp_error_clear(oxp_error *error);

/// The status that the failed call returned.
///
/// error   may be NULL.
///
/// Returns it, any of OXP_ERR_*; OXP_OK if the object is empty or NULL. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_error_status(const oxp_error *error);

/// What became of the commands that have no reply: an OXP_OUTCOME_* number. OXP_OUTCOME_UNKNOWN as
/// soon as one command may have been applied; OXP_OUTCOME_NONE if the object is empty or NULL.
/// Since 0.1.
OXP_API int32_t oxp_error_outcome(const oxp_error *error);

/// What happened, in words for people: one line of UTF-8 with the server's address and the fate of
/// the commands, without passwords, keys or values. Not NUL-terminated; empty if the object is
/// empty or NULL.
///
/// text, len   receive the borrowed text; either may be NULL.
///
/// Since 0.1.
OXP_API void oxp_error_message(const oxp_error *error, const uint8_t **text, size_t *len);

/// The same text as oxp_error_message gives, NUL-terminated: for printf.
///
/// Returns the borrowed text; empty if the object is empty or NULL, never NULL. Since 0.1.
OXP_API const char *oxp_error_text(const oxp_error *error);

/// The operating system's error number (errno), or 0 if none was involved. Since 0.1.
OXP_API int32_t oxp_error_os_code(const oxp_error *error);

/// The server's address, host:port or the path of a Unix socket, in UTF-8. Not NUL-terminated; NULL
/// and 0 if no server was involved.
///
/// text, len   receive the borrowed text; either may be NULL.
///
/// Since 0.1.
OXP_API void oxp_error_address(const oxp_error *error, const uint8_t **text, size_t *len);

/// How far a failed pipeline came, in commands. The three numbers add up to its length; all are 0
/// after other failures.
///
/// replied       receives the number of commands whose reply arrived.
/// unknown       receives the number that left without a reply: they may or may not have been
///               applied.
/// not_applied   receives the number that the server cannot have applied.
///
/// Each may be NULL. Since 0.1.
OXP_API
void oxp_error_progress(const oxp_error *error,
                        uint64_t *replied,
                        uint64_t *unknown,
                        uint64_t *not_applied);

/*
 * How a client connects and behaves: an opaque object with one setter per option
 */

/// A pipeline that has gathered this many commands sends them, however few bytes they have. A later
/// version may have another number.
#define OXP_EAGER_COMMANDS 64

/// Commands whose outcome is unknown are not sent again.
#define OXP_RETRY_NONE 0

/// Commands that only read are sent again, within the deadline, when a lost connection left their
/// outcome unknown.
#define OXP_RETRY_READS 1

/// When more waits to be taken than this of what a connection has to tell besides replies, the oldest
/// is dropped and counted.
#define OXP_EVENTS_DROP_OLDEST 0

/// When more waits than this, the connection is read no further, replies included, until some is
/// taken. The server keeps what it has to say for a while, and hangs up if that becomes too much.
#define OXP_EVENTS_STOP_READING 1

/// How a client connects and behaves. Make one with oxp_options_new or oxp_options_from_url, set
/// what should differ from the defaults, pass it to oxp_client_open any number of times, free it.
/// Clients keep a copy.
///
/// Setters copy what they are given. They answer OXP_ERR_ARG for NULL options and for a value that
/// does not fit, which includes what the system would refuse later; the option then stays as it
/// was. Texts are UTF-8 with a length; only a password may hold a NUL. A path may be any other bytes,
/// too.
///
/// Lifetime: independent of the clients made from it. Threads: any, one at a time (concurrent
/// oxp_client_open is fine); a setter that meets another call answers OXP_ERR_BUSY.
typedef struct oxp_options oxp_options;

/// Asked during a wait whether to go on waiting; nonzero stops the call, which then returns
/// OXP_ERR_INTERRUPTED.
///
/// Called on the waiting thread with no lock held, after each signal (EINTR) and at least ten times
/// a second. It must not call into the same client (see docs/abi.md, Callbacks), nor leave by
/// longjmp or a C++ exception.
/// user_data is what was registered with it.
typedef int32_t (*oxp_interrupt_fn)(void *user_data);

/// Releases user data that was registered with a callback. Called exactly once, on any thread, when
/// no client, pipeline or options object can call the callback any more.
typedef void (*oxp_drop_fn)(void *user_data);

/// Makes options with the defaults: localhost:6379, database 0, RESP3, 5 s per call, 3 s for
/// connecting.
///
/// out   own: the options, for oxp_options_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_options_new(oxp_options **out);

/// Makes options from a URL; "valkey" may be written for "redis", and docs/urls.md has the options.
///
/// ```text
/// redis://[user[:password]@][host][:port][/db][?option=value&...]
/// unix://[user[:password]@]/path[?option=value&...]
/// ```
///
/// url, len   the URL, UTF-8; NULL with 0 stands for the defaults.
/// out        own: the options, for oxp_options_free; NULL if the call fails.
/// err        may be NULL; says which part of the URL is wrong, without repeating it.
///
/// Returns OXP_OK, or OXP_ERR_ARG for anything that is not such a URL. Threads: any, concurrently.
/// Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_from_url(const char *url,
                                size_t len,
                                oxp_options **out,
                                oxp_error *err);

/// Frees options. options may be NULL. Since 0.1.
OXP_API void oxp_options_free(oxp_options *options);

/// Sets the host name or IP address. Empty: localhost.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_host(oxp_options *options,
                                const char *host,
                                size_t len);

/// Sets the TCP port. Default 6379.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_options_set_port(oxp_options *options, uint16_t port);

/// Sets the path of a Unix socket, which takes the place of host and port: at most 107 bytes, any
/// but NUL. Empty: TCP again.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_unix_path(oxp_options *options,
                                     const char *path,
                                     size_t len);

/// Sets the number of the database that every new connection selects. Default 0.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_options_set_db(oxp_options *options, uint32_t db);

/// Sets the ACL user. Empty: the server's default user.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_username(oxp_options *options,
                                    const char *name,
                                    size_t len);

/// Sets the password, which may hold any UTF-8. Empty: none. The library erases its copies when they
/// are freed.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_password(oxp_options *options,
                                    const char *password,
                                    size_t len);

/// Sets the name of the connections, as in CLIENT SETNAME: printable ASCII without spaces, as
/// servers want it. Empty: none.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_client_name(oxp_options *options,
                                       const char *name,
                                       size_t len);

/// Sets whether the server should rather evict other clients than these connections when clients use
/// too much memory, as CLIENT NO-EVICT. Default false.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_client_no_evict(oxp_options *options,
                                           bool no_evict);

/// Sets whether commands leave alone when and how often a key was used last, as CLIENT NO-TOUCH
/// (servers since 7.2). Default false.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_client_no_touch(oxp_options *options,
                                           bool no_touch);

/// Sets whether the server is told the library's name and version, as CLIENT SETINFO (servers since
/// 7.2). Default true.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_client_info(oxp_options *options,
                                       bool info);

/// Sets the library name told to the server, as in CLIENT SETINFO LIB-NAME; for language bindings.
/// Printable ASCII without spaces. Empty: "oxipipe".
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_lib_name(oxp_options *options,
                                    const char *name,
                                    size_t len);

/// Sets the library version told to the server, as in CLIENT SETINFO LIB-VER; for language bindings.
/// Printable ASCII without spaces. Empty: the version of this library.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_lib_version(oxp_options *options,
                                       const char *version,
                                       size_t len);

/// Sets the RESP version to ask for: 3 (falls back to 2 on servers that do not know it) or 2.
/// Default 3.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_protocol(oxp_options *options,
                                    uint32_t version);

/// Sets the time for one whole call in milliseconds, from resolving the name to the last reply. 0:
/// no limit. Default 5000.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_timeout_ms(oxp_options *options,
                                      uint64_t timeout);

/// Sets the time for resolving, connecting and the handshake in milliseconds, inside that of the
/// whole call. 0: only the latter counts. Default 3000.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_connect_timeout_ms(oxp_options *options,
                                              uint64_t timeout);

/// Sets how long a wait polls the socket before it sleeps, in microseconds: less latency for some
/// processor time. Waits for a pipeline poll up to twice as long. 0: sleep at once. Default 50.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_spin_us(oxp_options *options,
                                   uint32_t spin);

/// Sets whether TCP keepalive probes are sent. Default true.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_keepalive(oxp_options *options,
                                     bool keepalive);

/// Sets how long sent data may stay unacknowledged before a TCP connection counts as dead, in
/// milliseconds, less than 2^31. 0: the system's choice. Default 10000.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_user_timeout_ms(oxp_options *options,
                                           uint64_t timeout);

/// Sets how many bytes of commands a pipeline gathers before it starts to send while more are being
/// added; OXP_EAGER_COMMANDS commands are enough, too. 0: it sends at execute only. Default 16384.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_eager_bytes(oxp_options *options,
                                       size_t bytes);

/// Bounds what waits in an oxp_async or an oxp_pool made with these options.
///
/// commands   how many submissions may wait: in an oxp_async for replies (default 1,000,000), in an
///            oxp_pool from being submitted until the result is pulled (default 10,000); 0 for the
///            default.
/// bytes      how many bytes they may have together, in a pool results included; 0 for the default,
///            64 MiB. One submission may go beyond it.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_queue_limits(oxp_options *options,
                                        uint64_t commands,
                                        uint64_t bytes);

/// Sets whether an oxp_pool hands out completions in the order of submission. Default false: as they
/// come.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_ordered_results(oxp_options *options,
                                           bool ordered);

/// Sets whether an oxp_pool sends commands with the same first key over the same connection, so that
/// the server gets them in the order of submission. Default false.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_key_affinity(oxp_options *options,
                                        bool affinity);

/// Sets which commands are sent again although the server may have applied them: an OXP_RETRY_*
/// number. What is proved not applied is sent again in any case, within the deadline. Default
/// OXP_RETRY_READS.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_options_set_retry(oxp_options *options, uint32_t retry);

/// Sets whether commands fail at once while a server that was there before cannot be reached.
/// Default false: they wait for its return until their deadline. Where there was no connection yet,
/// they fail at once in any case.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_fail_fast(oxp_options *options,
                                     bool fail_fast);

/// Sets how deep a reply may be nested. Default 1024.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_max_depth(oxp_options *options,
                                     size_t depth);

/// Sets how long one string of a reply may be, in bytes. Default 512 MiB.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_max_bulk_bytes(oxp_options *options,
                                          size_t bytes);

/// Sets how long one line of the protocol may be, such as a status or an error, in bytes. Default 64
/// KiB.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_max_line_bytes(oxp_options *options,
                                          size_t bytes);

/// Sets how long one whole reply may be on the wire, in bytes. Default SIZE_MAX: no limit.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_max_reply_bytes(oxp_options *options,
                                           size_t bytes);

/// Sets the sizes of the kernel's socket buffers in bytes, each less than 2^31. 0: the system's
/// choice, which is the default and nearly always right.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_socket_buffers(oxp_options *options,
                                          size_t send_bytes,
                                          size_t receive_bytes);

/// Sets any option by its name, with its value as text: all those that a URL may have behind its ?
/// (docs/urls.md lists them), and host, port and unix_path. An empty text and 0 mean what they mean to
/// the option's own function; a time above 0 is at least a nanosecond.
///
/// name, name_len     the option, such as connect_timeout.
/// value, value_len   its value, such as 1.5 for a time in seconds; a switch is true or false.
/// err                may be NULL; for an unknown name the message lists all names, for a value that
///                    does not fit it says what the option takes, without repeating the value.
///
/// Returns OXP_OK; OXP_ERR_ARG, and nothing was set; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set(oxp_options *options,
                           const char *name,
                           size_t name_len,
                           const char *value,
                           size_t value_len,
                           oxp_error *err);

/// The value of an option as text, as oxp_options_set takes it, which then makes it the same.
///
/// Without a value are username, client_name and unix_path unless they are set, and send_buffer,
/// receive_buffer and queue_commands while the choice is the system's or the library's. Not given out
/// are a password, and a path that is not UTF-8. All others have a value, and no value is empty.
///
/// name, name_len   the option.
/// buffer           receives the text, without a NUL; may be NULL if size is 0.
/// size             bytes that buffer has room for.
/// len              receives the length of the text; 0 if there is none. May be NULL.
/// err              may be NULL; for an unknown name the message lists all names.
///
/// Returns OXP_OK; OXP_DONE if the option has no value, or one that is not given out; OXP_ERR_SHORT if
/// the buffer is too small, and *len says what is needed; OXP_ERR_ARG for an unknown name;
/// OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_get(const oxp_options *options,
                           const char *name,
                           size_t name_len,
                           char *buffer,
                           size_t size,
                           size_t *len,
                           oxp_error *err);

/// Bounds what waits to be taken by oxp_client_next_events and its kin.
///
/// bytes      for each connection, about; default 1 MiB. What one read brings may go beyond it where
///            reading stops, and so may the newest event, which always stays.
/// overflow   an OXP_EVENTS_* number: what happens to more; default OXP_EVENTS_DROP_OLDEST.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_event_limits(oxp_options *options,
                                        size_t bytes,
                                        uint32_t overflow);

/// Sets a function that can stop a waiting call, for example because a signal handler asked for it.
///
/// interrupt   see oxp_interrupt_fn; NULL: none, which is the default.
/// user_data   passed to it; may be NULL. It must be usable from every thread that uses the
///             clients.
/// drop        releases user_data, exactly once, also if this call fails; may be NULL.
///
/// Returns OXP_OK, OXP_ERR_ARG or OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_options_set_interrupt(oxp_options *options,
                                     oxp_interrupt_fn interrupt,
                                     void *user_data,
                                     oxp_drop_fn drop);

/*
 * Replies for C: the tape as it is, and accessors that walk it
 */

/// No value, such as the GET of a missing key.
#define OXP_TYPE_NULL 0

/// A short text such as OK.
#define OXP_TYPE_STATUS 1

/// The server's error text, such as "ERR unknown command". The call itself succeeded.
#define OXP_TYPE_ERROR 2

/// A 64 bit integer.
#define OXP_TYPE_INTEGER 3

/// Any bytes.
#define OXP_TYPE_STRING 4

/// A double.
#define OXP_TYPE_DOUBLE 5

/// True or false.
#define OXP_TYPE_BOOLEAN 6

/// An integer of any length, as decimal text.
#define OXP_TYPE_BIG_NUMBER 7

/// A text with a format.
#define OXP_TYPE_VERBATIM 8

/// A list of values.
#define OXP_TYPE_ARRAY 9

/// Keys and values, alternating.
#define OXP_TYPE_MAP 10

/// Values without an order.
#define OXP_TYPE_SET 11

/// A message from the server that answers no command.
#define OXP_TYPE_PUSH 12

/// Keys and values about the value that follows.
#define OXP_TYPE_ATTRIBUTE 13

/// What the server answered, whole: a tree of values, stored as one array of nodes in preorder and
/// one array of bytes. It never changes. Free it with oxp_reply_free; everything that its functions
/// point to is valid until then.
///
/// A value is named by its index in the node array; 0 is the whole reply. The accessors check every
/// index, and treat the index of an attribute (OXP_TYPE_ATTRIBUTE) as that of the value behind it,
/// so that attributes never get in the way; who wants them finds them among the nodes.
///
/// Lifetime: independent of the client. Threads: any, concurrently.
typedef struct oxp_reply oxp_reply;

/// One value in a reply, 16 bytes. The nodes of a reply are in preorder: an aggregate stands before
/// its children.
///
/// ```text
/// type                     value                         len
/// STATUS ERROR STRING      offset of the first byte      number of bytes
/// BIG_NUMBER VERBATIM      (in oxp_reply_bytes)
/// INTEGER                  int64_t, same bits            0
/// DOUBLE                   double, same bits             0
/// BOOLEAN                  0 or 1                        0
/// NULL                     0                             0
/// ARRAY SET PUSH           nodes in the subtree below    number of children
/// MAP ATTRIBUTE            nodes in the subtree below    number of children: 2 for each pair
/// ```
///
/// The sibling after node i is at i + 1 + value for aggregates, at i + 1 for all others. An
/// attribute stands before the value it annotates; it is not counted in its parent's len. In the
/// parts of a stream, value says nothing in aggregates. The text of a VERBATIM is preceded, in the
/// bytes, by the three letters of its format and a colon.
typedef struct oxp_node {
    /// An OXP_TYPE_* number.
    uint8_t type;
    /// Bit 0 of an ERROR: it arrived in the length-prefixed form. All other bits are 0 for now.
    uint8_t flags;
    /// 0 for now.
    uint16_t reserved;
    /// Number of bytes or of children.
    uint32_t len;
    /// The number, the offset or the size of the subtree.
    uint64_t value;
} oxp_node;

/// Frees a reply. reply may be NULL. Since 0.1.
OXP_API void oxp_reply_free(oxp_reply *reply);

/// The type of the whole reply: an OXP_TYPE_* number; OXP_TYPE_NULL for a NULL reply. Since 0.1.
OXP_API uint32_t oxp_reply_type(const oxp_reply *reply);

/// The type of the value at an index: an OXP_TYPE_* number; OXP_TYPE_NULL if there is no such
/// value. Since 0.1.
OXP_API uint32_t oxp_reply_type_at(const oxp_reply *reply, size_t index);

/// The nodes of a reply, for reading it in one go.
///
/// nodes, count   receive the borrowed array; either may be NULL. NULL and 0 for a NULL reply.
///
/// Since 0.1.
OXP_API
void oxp_reply_nodes(const oxp_reply *reply,
                     const oxp_node **nodes,
                     size_t *count);

/// The bytes of all strings of a reply, for the offsets in its nodes.
///
/// bytes, len   receive the borrowed array; either may be NULL. NULL and 0 for a NULL reply.
///
/// Since 0.1.
OXP_API void oxp_reply_bytes(const oxp_reply *reply, const uint8_t **bytes, size_t *len);

/// The index of child number i of the aggregate at index, counted from 0; SIZE_MAX if there is
/// none. In a MAP, even children are keys and odd ones their values. The time grows with i: to
/// visit all children, take the first one and go on with oxp_reply_next. Since 0.1.
OXP_API size_t oxp_reply_child(const oxp_reply *reply, size_t index, size_t i);

/// The index of the value that belongs to a key of the MAP at index, or of an ARRAY of keys and
/// values, alternating, which is how servers that speak RESP2 write a map. The time grows with the
/// number of keys.
///
/// key, key_len   the bytes of the key, which is a text in the reply.
///
/// Returns the index; SIZE_MAX if there is no such key, or no map. Since 0.1.
OXP_API
size_t oxp_reply_get(const oxp_reply *reply,
                     size_t index,
                     const uint8_t *key,
                     size_t key_len);

/// The index of the value that follows the one at index and everything below it: its next sibling,
/// if it has one (count them with oxp_reply_len of the parent). SIZE_MAX at the end of the reply.
/// Since 0.1.
OXP_API size_t oxp_reply_next(const oxp_reply *reply, size_t index);

/// Number of children of an aggregate (twice that of the pairs for a MAP), number of bytes of a
/// string; 0 for every other value and where there is none. Since 0.1.
OXP_API size_t oxp_reply_len(const oxp_reply *reply, size_t index);

/// The number in an INTEGER.
///
/// value   receives it; 0 if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not an INTEGER or value is NULL. Since
/// 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_reply_integer(const oxp_reply *reply,
                             size_t index,
                             int64_t *value);

/// The number in a DOUBLE.
///
/// value   receives it; 0 if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not a DOUBLE or value is NULL. Since
/// 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_reply_double(const oxp_reply *reply,
                            size_t index,
                            double *value);

/// What a BOOLEAN says.
///
/// value   receives it; false if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is not a BOOLEAN or value is NULL. Since
/// 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_reply_boolean(const oxp_reply *reply,
                             size_t index,
                             bool *value);

/// The bytes of a STATUS, ERROR, STRING, BIG_NUMBER or VERBATIM. Not NUL-terminated.
///
/// bytes, len   receive the borrowed bytes; NULL and 0 if the call fails. len may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG if the value at index is of another type or bytes is NULL. Since
/// 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_reply_string(const oxp_reply *reply,
                            size_t index,
                            const uint8_t **bytes,
                            size_t *len);

/*
 * What the name of a command tells
 */

/// The server may hold back the reply for as long as the arguments say.
#define OXP_COMMAND_MAY_BLOCK 1

/// The command has no place on some connections: OXP_ERR_REFUSED is to be reckoned with.
#define OXP_COMMAND_MAY_BE_REFUSED 2

/// The command is answered by confirmations, one for each name that follows: see oxp_client_lease.
#define OXP_COMMAND_CONFIRMED 4

/// What there is to be known of a command before it is queued, from its name alone: a sum of
/// OXP_COMMAND_* numbers, 0 for an ordinary command and for one that the library does not know. For
/// bindings that have something to prepare; the library itself does not need to be asked.
///
/// name, len   the first word of the command in any case; borrowed for the call.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API uint32_t oxp_command_traits(const uint8_t *name, size_t len);

/*
 * Clients and single commands
 */

/// A client of one server. It connects when it is first used, or when told to, and connects again
/// after a failure.
///
/// Calls block until the reply is there or the deadline passes. Several threads may call at once on
/// one connection; each gets its own reply. A command that waits on the server, such as BLPOP, gets
/// a connection of its own meanwhile, so that it holds up no other. A child made by fork() may go
/// on using the client: it gets a connection of its own.
///
/// Lifetime: until freed; handles made by oxp_client_clone, and pipelines, keep what they need of
/// it, so the order of freeing does not matter. Threads: any, concurrently; but freeing a handle
/// that another thread is using is undefined: close first, which ends the other calls, or give each
/// thread a clone.
typedef struct oxp_client oxp_client;

/// Receives a part of a streamed answer: some whole nodes in preorder, continuing where the part
/// before ended. A part may end inside an aggregate.
///
/// user_data   what was passed with the callback.
/// nodes       borrowed until the callback returns; value says nothing in aggregates.
/// count       number of nodes, at least 1.
/// bytes       borrowed until the callback returns; what the offsets in these nodes refer to.
///
/// Returns 0 to go on; anything else stops the call, which then returns OXP_ERR_CANCELLED.
///
/// Called on the calling thread, inside the call. It must not use the same client or pipeline (see
/// docs/abi.md, Callbacks), nor leave by longjmp or a C++ exception.
typedef int32_t (*oxp_part_fn)(void *user_data,
                               const oxp_node *nodes,
                               size_t count,
                               const uint8_t *bytes);

/// Connects to the server that a URL names: oxp_options_from_url, oxp_client_open and
/// oxp_client_connect in one.
///
/// url, url_len   the URL; NULL with 0 stands for localhost:6379.
/// out            own: the client, for oxp_client_free; NULL if the call fails.
/// err            may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a bad URL; OXP_ERR_RESOLVE, OXP_ERR_CONNECT, OXP_ERR_AUTH,
/// OXP_ERR_HANDSHAKE, OXP_ERR_IO, OXP_ERR_DISCONNECTED, OXP_ERR_NO_MEMORY, OXP_ERR_PROTOCOL,
/// OXP_ERR_LIMIT, OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED if no connection was made. A system without
/// descriptors or threads left is OXP_ERR_CONNECT or OXP_ERR_RESOLVE, with its errno. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_connect(const char *url,
                       size_t url_len,
                       oxp_client **out,
                       oxp_error *err);

/// Makes a client without connecting; that happens when it is first used.
///
/// options   borrowed for the call; the client keeps a copy.
/// out       own: the client, for oxp_client_free; NULL if the call fails.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY while a setter uses the options. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_open(const oxp_options *options,
                           oxp_client **out,
                           oxp_error *err);

/// Connects now, unless connected.
///
/// err   may be NULL.
///
/// Returns as oxp_connect, OXP_ERR_CLOSED after oxp_client_close, and OXP_ERR_BUSY from inside a
/// callback of this client. Threads: any, concurrently. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_client_connect(oxp_client *client, oxp_error *err);

/// Makes a second handle of the same client: same connection, same state; to be freed on its own.
///
/// out   own: the new handle, for oxp_client_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_clone(oxp_client *client,
                            oxp_client **out);

/// Leases a connection of one's own, as a client: for commands that a shared connection refuses
/// because they would change it for everybody (WATCH, MULTI, SELECT, CLIENT TRACKING, ...), or because
/// they have more or fewer replies than one (SUBSCRIBE and its kin, MONITOR, CLIENT REPLY). Messages
/// come with oxp_client_next_events.
///
/// The connection is made before this returns. If it is lost later, it is not made again, because
/// what was set on it would be lost silently: calls return OXP_ERR_DISCONNECTED. Freed, it is kept
/// for the next lease if nothing was changed on it, else closed; the next lease, for which nothing is
/// made, may get no OXP_EVENT_UP. Closing the client it came from closes it as well; closing it closes
/// nothing else.
///
/// client   borrowed for the call.
/// out      own: the lease, for oxp_client_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns as oxp_connect; OXP_ERR_CLOSED after oxp_client_close; OXP_ERR_QUEUE_FULL if 1,024
/// connections are lent, to leases and to commands that wait on the server, such as BLPOP. Threads:
/// any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_lease(oxp_client *client,
                            oxp_client **out,
                            oxp_error *err);

/// The descriptor of the socket, for an event loop that wants to know when a lease may have events:
/// call oxp_client_next_events with a timeout of 0 until it says OXP_AGAIN, then wait for the
/// descriptor to be readable. It is not to be read, written or closed. The connection of a lease does
/// not change; that of another client may at any time.
///
/// Returns it; -1 without a connection, and for NULL. Threads: any, concurrently. Since 0.1.
OXP_API
int32_t oxp_client_fd(const oxp_client *client);

/// Closes the connection for good, for all handles of this client: calls that wait in other threads
/// end, and these and all later ones return OXP_ERR_CLOSED. Closing again does nothing. The handle
/// must still be freed. client may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API void oxp_client_close(oxp_client *client);

/// Whether oxp_client_close was called; true for NULL. Threads: any, concurrently. Since 0.1.
OXP_API bool oxp_client_is_closed(const oxp_client *client);

/// Frees a handle; the last one of a client closes the connection. client may be NULL.
///
/// Threads: any, but no other call may be using this handle. Since 0.1.
OXP_API void oxp_client_free(oxp_client *client);

/// Sends one command and waits for its reply.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// out          own: the reply, for oxp_reply_free; NULL if the call fails.
/// err          may be NULL.
///
/// Returns OXP_OK also if the server answers with an error: that is a reply of type OXP_TYPE_ERROR.
/// Otherwise OXP_ERR_ARG, OXP_ERR_BUSY, OXP_ERR_CLOSED and OXP_ERR_REFUSED before anything is sent, and
/// OXP_ERR_QUEUE_FULL for a command that needs a connection of its own, such as BLPOP, if 1,024 are
/// lent; any status of oxp_connect if a connection had to be made; OXP_ERR_IO, OXP_ERR_DISCONNECTED,
/// OXP_ERR_NO_MEMORY, OXP_ERR_PROTOCOL, OXP_ERR_LIMIT, OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED, and
/// then oxp_error_outcome says what became of the command. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_command(oxp_client *client,
                              const oxp_slice *args,
                              size_t argc,
                              oxp_reply **out,
                              oxp_error *err);

/// Sends one command whose arguments lie one after the other, and waits for its reply; for language
/// bindings.
///
/// bytes, len   all arguments without anything in between; borrowed for the call.
/// lens, argc   the length of each; their sum is len.
/// out          own: the reply, for oxp_reply_free; NULL if the call fails.
/// err          may be NULL.
///
/// Returns as oxp_client_command. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_command_packed(oxp_client *client,
                                     const uint8_t *bytes,
                                     size_t len,
                                     const uint32_t *lens,
                                     size_t argc,
                                     oxp_reply **out,
                                     oxp_error *err);

/// Sends one command and hands over its reply in parts, as they arrive: for replies too large to
/// hold as a whole. Confirmations of a subscription come one after the other, without an
/// OXP_TYPE_ARRAY around them.
///
/// args, argc   the command's name and arguments; borrowed for the call.
/// part         called for each part, in order.
/// user_data    passed to it; may be NULL.
/// err          may be NULL.
///
/// Returns as oxp_client_command, and OXP_ERR_CANCELLED if part said stop. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_command_stream(oxp_client *client,
                                     const oxp_slice *args,
                                     size_t argc,
                                     oxp_part_fn part,
                                     void *user_data,
                                     oxp_error *err);

/// The same for a command whose arguments lie one after the other; for language bindings.
///
/// bytes, len   all arguments without anything in between; borrowed for the call.
/// lens, argc   the length of each; their sum is len.
/// part         called for each part, in order.
/// user_data    passed to it; may be NULL.
/// err          may be NULL.
///
/// Returns as oxp_client_command_stream. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_command_stream_packed(oxp_client *client,
                                            const uint8_t *bytes,
                                            size_t len,
                                            const uint32_t *lens,
                                            size_t argc,
                                            oxp_part_fn part,
                                            void *user_data,
                                            oxp_error *err);

/*
 * Pipelines: many commands, one wait
 */

/// A batch of commands. Add commands, execute, add more, execute again; free it at the end. Adding
/// may already send (see oxp_options_set_eager_bytes); an atomic pipeline sends nothing before it
/// is executed.
///
/// Lifetime: keeps what it needs of its client; the order of freeing does not matter. Threads: any,
/// one at a time. A call that meets another one on the same pipeline does nothing and answers
/// OXP_ERR_BUSY.
typedef struct oxp_pipeline oxp_pipeline;

/// Makes an empty pipeline.
///
/// client   borrowed for the call.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_new(oxp_client *client,
                            oxp_pipeline **out,
                            oxp_error *err);

/// Makes an empty pipeline whose commands the server executes as one transaction (MULTI, EXEC): all
/// of them or, if one of them is not a valid command, none; and no command of anybody else in
/// between.
///
/// client   borrowed for the call.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_new_atomic(oxp_client *client,
                                   oxp_pipeline **out,
                                   oxp_error *err);

/// Makes an empty pipeline of no client, which only gathers commands: for
/// oxp_async_submit_pipeline and oxp_pool_submit_pipeline. Executing it is OXP_ERR_ARG.
///
/// atomic   whether the server executes the commands as one transaction.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_new_detached(bool atomic,
                                     oxp_pipeline **out,
                                     oxp_error *err);

/// Makes an empty pipeline for oxp_async_submit_pipeline to a lease (oxp_async_lease): as
/// oxp_pipeline_new_detached, but it takes what only a lease takes (SELECT, WATCH, ...). To
/// others, a pipeline with such a command is OXP_ERR_REFUSED.
///
/// atomic   whether the server executes the commands as one transaction.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_new_for_lease(bool atomic,
                                      oxp_pipeline **out,
                                      oxp_error *err);

/// Adds one command. The arguments are copied.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// err          may be NULL.
///
/// Returns OXP_OK, or OXP_DUE (see oxp_pipeline_set_manual): it was added. OXP_ERR_ARG for an empty or
/// impossible command, OXP_ERR_REFUSED for one that does not belong in a pipeline, OXP_ERR_BUSY: then
/// nothing was added. A connection that fails while commands are sent early is reported by execute,
/// not here. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_add_command(oxp_pipeline *pipeline,
                                    const oxp_slice *args,
                                    size_t argc,
                                    oxp_error *err);

/// Adds many commands in one call; for language bindings, and for whoever has the commands in this
/// form already.
///
/// bytes, len          all arguments of all commands without anything in between; borrowed for the
///                     call.
/// lens, lens_count    the length of each argument; their sum is len.
/// argcs, commands     the number of arguments of each command, name included; their sum is
///                     lens_count.
/// err                 may be NULL.
///
/// Returns as oxp_pipeline_add_command; after OXP_ERR_ARG and OXP_ERR_REFUSED none of the commands
/// was added. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_add_packed(oxp_pipeline *pipeline,
                                   const uint8_t *bytes,
                                   size_t len,
                                   const uint32_t *lens,
                                   size_t lens_count,
                                   const uint32_t *argcs,
                                   size_t commands,
                                   oxp_error *err);

/// Lets adding a command never send by itself. Where it would have, oxp_pipeline_add_command and
/// oxp_pipeline_add_packed return OXP_DUE instead: the command was added, and oxp_pipeline_send is to
/// be called when that is convenient. For bindings that hold a lock of their language while they add.
///
/// is_manual   false is the default.
/// err         may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_set_manual(oxp_pipeline *pipeline,
                                   bool is_manual,
                                   oxp_error *err);

/// Sends what has been added, if that may leave before oxp_pipeline_execute: nothing of an atomic
/// pipeline may, and nothing from a command on that makes the server wait. It waits for nothing but a
/// connection; one that fails is reported by oxp_pipeline_execute.
///
/// err   may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_send(oxp_pipeline *pipeline,
                             oxp_error *err);

/// The number of commands added since the last execute or reset; 0 for NULL and while another call
/// is running. Since 0.1.
OXP_API size_t oxp_pipeline_len(const oxp_pipeline *pipeline);

/// Sends what has not been sent and waits for all replies. The pipeline is empty afterwards,
/// whatever happened, and can be used again.
///
/// out   own: an ARRAY with one reply per command, in order, for oxp_reply_free; NULL if the call
///       fails. A command that the server refuses has an ERROR in its place. If the server discards
///       the transaction of an atomic pipeline, every place has an ERROR and nothing was applied.
/// err   may be NULL.
///
/// Returns OXP_OK, also for no commands at all (an empty ARRAY, and nothing is sent); otherwise as
/// oxp_client_command, and then oxp_error_progress says how many commands were answered, may have
/// been applied, and were not applied. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_execute(oxp_pipeline *pipeline,
                                oxp_reply **out,
                                oxp_error *err);

/// As oxp_pipeline_execute, but hands over the replies in parts, as they arrive, one reply after
/// the other without the ARRAY around them. After a failure, the replies handed over are those that
/// arrived.
///
/// part        called for each part, in order.
/// user_data   passed to it; may be NULL.
/// err         may be NULL.
///
/// Returns as oxp_pipeline_execute, and OXP_ERR_CANCELLED if part said stop. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_execute_stream(oxp_pipeline *pipeline,
                                       oxp_part_fn part,
                                       void *user_data,
                                       oxp_error *err);

/// The name of a command that was added, or of one that the last execute sent, to say which reply
/// is an error.
///
/// index       which one, counted from 0.
/// name, len   receive the borrowed name as it was given, valid until the next call that adds,
///             executes or resets; NULL and 0 if the call fails. len may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG if there is no such command; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pipeline_command_name(oxp_pipeline *pipeline,
                                     size_t index,
                                     const uint8_t **name,
                                     size_t *len);

/// Forgets all commands that were added. What was already sent early cannot be called back: the
/// server applies it, its replies are thrown away.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_pipeline_reset(oxp_pipeline *pipeline);

/// Frees a pipeline and what was added but not executed, as oxp_pipeline_reset. pipeline may be
/// NULL.
///
/// Must not be called while another call uses the pipeline, such as from inside its own callback;
/// where that is noticed, the pipeline is left alone and its memory is lost. Since 0.1.
OXP_API void oxp_pipeline_free(oxp_pipeline *pipeline);

/*
 * Results of event-loop clients and pools, many at a time
 */

/// Completions in the order in which they came. Make one, have it filled by oxp_async_next or
/// oxp_pool_next again and again, free it at the end: it keeps its memory, so that results cost no
/// allocation of their own.
///
/// Lifetime: independent of all other handles. Threads: any, one at a time.
typedef struct oxp_completions oxp_completions;

/// What became of one submission.
typedef struct oxp_completion {
    /// As it was given with the submission.
    uint64_t token;
    /// Number of top-level replies in nodes: 1 for a command, one per command for a pipeline; fewer
    /// after a failure. Where it succeeded, only over a lease are there others: as many as there are
    /// confirmations of SUBSCRIBE and its kin; 0 for CLIENT REPLY OFF and SKIP, for what these
    /// silence, and for a transaction that a watched key stopped.
    uint64_t replies;
    /// The replies one after the other, in preorder, with no ARRAY around several; what value says of
    /// an aggregate means nothing. NULL, as is bytes, if there is none, whatever status says. Borrowed,
    /// as is bytes, until the completions are filled again or freed.
    const oxp_node *nodes;
    /// Number of nodes.
    size_t node_count;
    /// What the offsets in nodes refer to.
    const uint8_t *bytes;
    /// OXP_OK (also if the server answered with an error, which is a reply), or why it failed.
    int32_t status;
    /// If it failed, an OXP_OUTCOME_* number; otherwise OXP_OUTCOME_NONE.
    int32_t outcome;
} oxp_completion;

/// Makes an empty batch.
///
/// out   own: the batch, for oxp_completions_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_completions_new(oxp_completions **out);

/// All completions in the batch.
///
/// out   receives the borrowed first one, valid until the batch is filled again or freed; NULL if
///       there is none.
///
/// Returns their number; 0 for a NULL and while another call uses the batch. Since 0.1.
OXP_API
size_t oxp_completions_list(const oxp_completions *completions,
                            const oxp_completion **out);

/// The detail of a failed completion.
///
/// index   which one, counted from 0.
/// err     receives the detail; cleared if that one did not fail. May be NULL.
///
/// Returns the completion's status, OXP_OK or a failure as oxp_client_command; OXP_ERR_ARG if there is
/// no such completion; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_completions_error(const oxp_completions *completions,
                                 size_t index,
                                 oxp_error *err);

/// A copy of a completion's reply that stands on its own. A pipeline's is an ARRAY of its replies, that
/// of SUBSCRIBE and its kin an ARRAY of their confirmations; where there is no reply, the copy has the
/// type OXP_TYPE_NULL.
///
/// index   which one, counted from 0.
/// out     own: the reply, for oxp_reply_free; NULL if the call fails.
/// err     may be NULL.
///
/// Returns OXP_OK; the completion's status if that failed, which is as oxp_completions_error;
/// OXP_ERR_ARG if there is no such completion; OXP_ERR_NO_MEMORY; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_completions_reply(const oxp_completions *completions,
                                 size_t index,
                                 oxp_reply **out,
                                 oxp_error *err);

/// Frees a batch and everything borrowed from it. completions may be NULL. Since 0.1.
OXP_API void oxp_completions_free(oxp_completions *completions);

/*
 * Clients for somebody else's event loop
 */

/// The descriptor is to be watched for reading.
#define OXP_WANT_READ 1

/// The descriptor is to be watched for writing.
#define OXP_WANT_WRITE 2

/// A client of one server that never waits. An event loop watches its one descriptor and calls
/// oxp_async_process when that is readable, or when oxp_async_timeout_ns has run out;
/// oxipipe/adapters has this for common loops.
///
/// Commands are submitted with a token, leave together at the next process, and come back as
/// completions, pulled many at a time with oxp_async_next: nothing is ever called back. It connects
/// when something is submitted, and again after a failure. Commands that make the server wait, such
/// as BLPOP, get a connection of their own.
///
/// In a child made by fork() its calls return OXP_ERR_FORKED, and free leaves the parent's
/// connection alone.
///
/// Lifetime: until freed. Threads: any, one at a time. A call that meets another one does nothing
/// and answers OXP_ERR_BUSY.
typedef struct oxp_async oxp_async;

/// Makes a client; it connects when something is submitted.
///
/// options   borrowed for the call. The interrupt function and the polling time are not used.
/// out       own: the client, for oxp_async_free; NULL if the call fails.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_IO if the system has no descriptor left, or
/// OXP_ERR_NO_MEMORY; OXP_ERR_BUSY while a setter uses the options. Threads: any, concurrently. Since
/// 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_open(const oxp_options *options,
                          oxp_async **out,
                          oxp_error *err);

/// A client of a connection of its own, with the same options and a descriptor of its own, for
/// commands that a shared connection refuses because they would change it for everybody, or because
/// more or fewer replies come than one: WATCH, MULTI, SELECT, SUBSCRIBE, MONITOR, CLIENT REPLY and the
/// like. It is an event-loop client like any other: watch its descriptor, too.
///
/// It connects at once. SUBSCRIBE and its kin complete with their confirmations, one after the other in
/// the completion's nodes (the copy that oxp_completions_reply makes has an ARRAY around them);
/// messages come with oxp_async_next_events. What has no reply, as CLIENT REPLY OFF and what follows
/// it, completes without one when it has left: OXP_OK, and nodes is NULL.
///
/// If the connection is lost, it is not made again, because what was set on it would be lost
/// silently: what is submitted then is answered with OXP_ERR_DISCONNECTED. Freeing it closes the
/// connection. Closing the client it came from closes it as well; closing it closes nothing else.
///
/// client   borrowed for the call.
/// out      own: the lease, for oxp_async_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG; OXP_ERR_CLOSED; OXP_ERR_QUEUE_FULL if there are 1,024 of them;
/// OXP_ERR_IO if the system has no descriptor left, or OXP_ERR_NO_MEMORY; OXP_ERR_FORKED;
/// OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_lease(oxp_async *client,
                           oxp_async **out,
                           oxp_error *err);

/// The descriptor to watch, however many connections are behind it. It is readable when
/// oxp_async_process has something to do, also after a submission; it never changes and is not to
/// be read, written or closed. -1 for NULL. Threads: any, concurrently. Since 0.1.
OXP_API int32_t oxp_async_fd(const oxp_async *client);

/// What to watch the descriptor for: a mask of OXP_WANT_READ and OXP_WANT_WRITE. On systems with
/// epoll or kqueue it is always OXP_WANT_READ. Threads: any, concurrently. Since 0.1.
OXP_API uint32_t oxp_async_want(const oxp_async *client);

/// Nanoseconds until oxp_async_process must be called even if the descriptor is silent, from now on;
/// UINT64_MAX for never, also for NULL and while another call runs. May change with every other
/// call. Since 0.1.
OXP_API
uint64_t oxp_async_timeout_ns(const oxp_async *client);

/// Does everything that can be done without waiting: connects, writes what was submitted, reads
/// replies, ends what is overdue. What completed is then there for oxp_async_next.
///
/// err   may be NULL.
///
/// Returns OXP_OK, also when a connection failed: the submissions that it cost complete with the
/// reason. OXP_ERR_IO if polling itself failed; OXP_ERR_ARG for a NULL; OXP_ERR_FORKED; OXP_ERR_BUSY.
/// Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_process(oxp_async *client,
                             oxp_error *err);

/// Queues a command. It leaves at the next oxp_async_process, with all others queued by then.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// token        comes back with the completion; any number.
/// err          may be NULL.
///
/// Returns OXP_OK: there will be exactly one completion. Otherwise nothing was queued: OXP_ERR_ARG,
/// OXP_ERR_REFUSED, OXP_ERR_QUEUE_FULL (see oxp_options_set_queue_limits; also for a command that needs
/// a connection of its own, such as BLPOP, if 1,024 have one), OXP_ERR_CLOSED, OXP_ERR_DISCONNECTED
/// for a lease that is lost, OXP_ERR_FORKED, OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_submit(oxp_async *client,
                            const oxp_slice *args,
                            size_t argc,
                            uint64_t token,
                            oxp_error *err);

/// Queues many commands in one call, one after the other; for language bindings.
///
/// bytes, len         all arguments of all commands without anything in between; borrowed for the call.
/// lens, lens_count   the length of each argument; their sum is len.
/// argcs, commands    the number of arguments of each command, name included; their sum is lens_count.
/// tokens             the token of each command: as many.
/// queued             receives how many were queued: all of them, or those before the first that was
///                    not. May be NULL.
/// err                may be NULL.
///
/// Returns as oxp_async_submit, of the first command that was not queued; the later ones were not
/// looked at. OXP_ERR_ARG also if the numbers do not add up, and then none was. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_submit_packed(oxp_async *client,
                                   const uint8_t *bytes,
                                   size_t len,
                                   const uint32_t *lens,
                                   size_t lens_count,
                                   const uint32_t *argcs,
                                   size_t commands,
                                   const uint64_t *tokens,
                                   size_t *queued,
                                   oxp_error *err);

/// Queues all commands of a pipeline, which complete together, and leaves the pipeline empty, its
/// command names still readable.
///
/// pipeline   one that has not begun to send: best from oxp_pipeline_new_detached.
/// token      comes back with the completion; any number.
/// err        may be NULL.
///
/// Returns as oxp_async_submit; OXP_ERR_ARG also for an empty pipeline or one that has begun to send.
/// The pipeline is unchanged if the call fails. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_submit_pipeline(oxp_async *client,
                                     oxp_pipeline *pipeline,
                                     uint64_t token,
                                     oxp_error *err);

/// Gives up on a submission: there will be no completion. If several have this token, on one of
/// them.
///
/// outcome   receives OXP_OUTCOME_NOT_APPLIED if nothing of it has left, so that it was removed;
///           OXP_OUTCOME_UNKNOWN if it may have been applied (its reply will be swallowed, nobody
///           else's is affected); OXP_OUTCOME_NONE otherwise. May be NULL.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_DONE if there is no such submission or it has completed; OXP_ERR_ARG for a
/// NULL; OXP_ERR_FORKED; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_cancel(oxp_async *client,
                            uint64_t token,
                            int32_t *outcome,
                            oxp_error *err);

/// Takes back a submission of which nothing has left: there will be no completion, and it is not
/// applied. What is under way is left alone. If several have this token, one of them.
///
/// err   may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if it is under way and will complete; OXP_DONE if there is no such
/// submission or it has completed; OXP_ERR_ARG for a NULL; OXP_ERR_FORKED; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_retract(oxp_async *client,
                             uint64_t token,
                             oxp_error *err);

/// Takes all completions there are.
///
/// completions   filled anew; what it held is forgotten.
/// count         receives their number; may be NULL.
/// err           may be NULL.
///
/// Returns OXP_OK, also if there are none; OXP_ERR_ARG; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_next(oxp_async *client,
                          oxp_completions *completions,
                          size_t *count,
                          oxp_error *err);

/// Closes the connections for good. Everything outstanding completes with OXP_ERR_CLOSED and its
/// outcome, to be pulled with oxp_async_next; later submissions are refused. Closing again does
/// nothing. client may be NULL. Since 0.1.
OXP_API void oxp_async_close(oxp_async *client);

/// Frees a client. What was outstanding ends without a completion. Stop watching the descriptor
/// first. client may be NULL. Since 0.1.
OXP_API void oxp_async_free(oxp_async *client);

/*
 * Pools: many connections and a thread that keeps them busy
 */

/// The token of a submission of which nobody wants to hear: no completion comes of it. That it
/// failed is still counted by oxp_pool_flush.
#define OXP_TOKEN_NONE 18446744073709551615ull

/// Several connections to one server, fed from a bounded queue by a thread of the pool's own, which
/// starts with the first submission.
///
/// Submit and go on; pull results many at a time with oxp_pool_next, or wait for all of them with
/// oxp_pool_flush. Completions come as they come, and commands spread over the connections, so
/// nothing is promised about their order, unless oxp_options_set_ordered_results or
/// oxp_options_set_key_affinity say otherwise. Commands that make the server wait, such as BLPOP,
/// get connections of their own.
///
/// The queue holds what was submitted until its completion is pulled. A program that submits and
/// pulls in one thread therefore pulls when oxp_pool_try_submit says OXP_FULL, or uses
/// OXP_TOKEN_NONE.
///
/// A child made by fork() may go on using the pool: it gets a thread and connections of its own, and
/// nothing of what the parent submitted.
///
/// Lifetime: until freed. Threads: any, concurrently; but freeing a pool that another thread is
/// using is undefined: close first, which ends the other calls.
typedef struct oxp_pool oxp_pool;

/// Makes a pool without connecting; that happens when it is first used.
///
/// options       borrowed for the call; the pool keeps a copy.
/// connections   number of shared connections, 1 to 10,000.
/// out           own: the pool, for oxp_pool_free; NULL if the call fails.
/// err           may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG; OXP_ERR_BUSY while a setter uses the options. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_open(const oxp_options *options,
                         uint32_t connections,
                         oxp_pool **out,
                         oxp_error *err);

/// Waits until every connection has been up, at most for the options' timeout.
///
/// err   may be NULL.
///
/// Returns as oxp_connect, and OXP_ERR_CLOSED after oxp_pool_close; OXP_ERR_IO or OXP_ERR_NO_MEMORY if
/// the system has nothing left for the pool's thread or its descriptors. Threads: any, concurrently.
/// Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_connect(oxp_pool *pool,
                            oxp_error *err);

/// Submits a command; its sending starts at once. Waits while the queue is full, at most for the
/// options' timeout.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// token        comes back with the completion; any number but OXP_TOKEN_NONE, which means that
///              there is none.
/// err          may be NULL.
///
/// Returns OXP_OK: there will be exactly one completion. Otherwise nothing was submitted:
/// OXP_ERR_ARG, OXP_ERR_REFUSED, OXP_ERR_CLOSED, OXP_ERR_TIMEOUT if the queue stayed full,
/// OXP_ERR_INTERRUPTED, OXP_ERR_IO or OXP_ERR_NO_MEMORY if the system has nothing left for the pool's
/// thread or its descriptors. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_submit(oxp_pool *pool,
                           const oxp_slice *args,
                           size_t argc,
                           uint64_t token,
                           oxp_error *err);

/// Submits many commands in one call, one after the other; for language bindings. Waits as
/// oxp_pool_submit.
///
/// bytes, len         all arguments of all commands without anything in between; borrowed for the call.
/// lens, lens_count   the length of each argument; their sum is len.
/// argcs, commands    the number of arguments of each command, name included; their sum is lens_count.
/// tokens             the token of each command, as for oxp_pool_submit: as many.
/// submitted          receives how many were submitted: all of them, or those before the first that was
///                    not. May be NULL.
/// err                may be NULL.
///
/// Returns as oxp_pool_submit, of the first command that was not submitted; the later ones were not
/// looked at. OXP_ERR_ARG also if the numbers do not add up, and then none was.
/// Threads: any, concurrently; what several submit at once may alternate. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_submit_packed(oxp_pool *pool,
                                  const uint8_t *bytes,
                                  size_t len,
                                  const uint32_t *lens,
                                  size_t lens_count,
                                  const uint32_t *argcs,
                                  size_t commands,
                                  const uint64_t *tokens,
                                  size_t *submitted,
                                  oxp_error *err);

/// Submits a command unless the queue is full; never waits.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// token        as for oxp_pool_submit.
/// err          may be NULL.
///
/// Returns OXP_FULL if the queue is full, and nothing was submitted; otherwise as oxp_pool_submit.
/// Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_try_submit(oxp_pool *pool,
                               const oxp_slice *args,
                               size_t argc,
                               uint64_t token,
                               oxp_error *err);

/// Submits many commands in one call, one after the other, as far as there is room for them in the
/// queue; never waits.
///
/// bytes, len         all arguments of all commands without anything in between; borrowed for the call.
/// lens, lens_count   the length of each argument; their sum is len.
/// argcs, commands    the number of arguments of each command, name included; their sum is lens_count.
/// tokens             the token of each command, as for oxp_pool_submit: as many.
/// submitted          receives how many were submitted: all of them, or those before the first that was
///                    not. May be NULL.
/// err                may be NULL.
///
/// Returns OXP_FULL if there was no room for all of them; otherwise as oxp_pool_submit_packed.
/// Threads: any, concurrently; what several submit at once may alternate. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_try_submit_packed(oxp_pool *pool,
                                      const uint8_t *bytes,
                                      size_t len,
                                      const uint32_t *lens,
                                      size_t lens_count,
                                      const uint32_t *argcs,
                                      size_t commands,
                                      const uint64_t *tokens,
                                      size_t *submitted,
                                      oxp_error *err);

/// Submits all commands of a pipeline, which go over one connection and complete together, and
/// leaves the pipeline empty, its command names still readable. Waits as oxp_pool_submit. It counts
/// as one in the queue.
///
/// pipeline   one that has not begun to send: best from oxp_pipeline_new_detached.
/// token      as for oxp_pool_submit.
/// err        may be NULL.
///
/// Returns as oxp_pool_submit; OXP_ERR_ARG also for an empty pipeline or one that has begun to send,
/// OXP_ERR_BUSY if the pipeline is in use. The pipeline is unchanged if the call fails. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_submit_pipeline(oxp_pool *pool,
                                    oxp_pipeline *pipeline,
                                    uint64_t token,
                                    oxp_error *err);

/// Submits all commands of a pipeline unless the queue is full; never waits.
///
/// pipeline   as for oxp_pool_submit_pipeline.
/// token      as for oxp_pool_submit.
/// err        may be NULL.
///
/// Returns OXP_FULL if the queue is full, and nothing was submitted; otherwise as
/// oxp_pool_submit_pipeline. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_try_submit_pipeline(oxp_pool *pool,
                                        oxp_pipeline *pipeline,
                                        uint64_t token,
                                        oxp_error *err);

/// Gives up on a submission: there will be no completion. If several have this token, on one of
/// them.
///
/// outcome   receives OXP_OUTCOME_NOT_APPLIED if nothing of it has left, so that it was removed;
///           OXP_OUTCOME_UNKNOWN if it may have been applied (its reply will be swallowed, nobody
///           else's is affected); OXP_OUTCOME_NONE otherwise. May be NULL.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_DONE if there is no such submission or it has completed; OXP_ERR_ARG for
/// OXP_TOKEN_NONE. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_cancel(oxp_pool *pool,
                           uint64_t token,
                           int32_t *outcome,
                           oxp_error *err);

/// Takes back a submission of which nothing has left: there will be no completion, and it is not
/// applied. What is under way is left alone. If several have this token, one of them.
///
/// err   may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if it is under way and will complete; OXP_DONE if there is no such
/// submission or it has completed; OXP_ERR_ARG for OXP_TOKEN_NONE. Threads: any, concurrently.
/// Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_retract(oxp_pool *pool,
                            uint64_t token,
                            oxp_error *err);

/// Waits until something has completed, and takes all of it. Several threads may pull; each
/// completion goes to one of them.
///
/// completions   filled anew; what it held is forgotten.
/// timeout_ms    how long to wait, in milliseconds; 0 not at all, UINT64_MAX for ever.
/// count         receives the number of completions; may be NULL.
/// err           may be NULL.
///
/// Returns OXP_OK with at least one completion; OXP_AGAIN if time ran out; OXP_DONE if nothing is
/// outstanding for which a completion could come; OXP_ERR_ARG for a NULL; OXP_ERR_INTERRUPTED;
/// OXP_ERR_BUSY if completions is in use. Threads: any, concurrently, each with its own completions.
/// Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_next(oxp_pool *pool,
                         oxp_completions *completions,
                         uint64_t timeout_ms,
                         size_t *count,
                         oxp_error *err);

/// Waits until everything submitted so far has completed, and takes all completions.
///
/// completions   filled anew; what it held is forgotten.
/// timeout_ms    how long to wait, in milliseconds; UINT64_MAX for ever.
/// count         receives the number of completions; may be NULL.
/// err           may be NULL.
///
/// Returns OXP_OK; OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED, and then nothing was taken; OXP_ERR_ARG
/// for a NULL; OXP_ERR_BUSY if completions is in use. Threads: any, concurrently, each with its own
/// completions. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_drain(oxp_pool *pool,
                          oxp_completions *completions,
                          uint64_t timeout_ms,
                          size_t *count,
                          oxp_error *err);

/// A client of a connection of its own, for commands that the pool's connections refuse: see
/// oxp_client_lease.
///
/// pool   borrowed for the call.
/// out    own: the lease, for oxp_client_free; NULL if the call fails.
/// err    may be NULL.
///
/// Returns as oxp_connect; OXP_ERR_CLOSED after oxp_pool_close, which closes its leases, too;
/// OXP_ERR_QUEUE_FULL if the pool has 1,024 of them. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_lease(oxp_pool *pool,
                          oxp_client **out,
                          oxp_error *err);

/// A barrier: waits until everything submitted so far has completed, and says whether it worked.
/// Completions stay for oxp_pool_next.
///
/// timeout_ms   how long to wait, in milliseconds; UINT64_MAX for ever.
/// failed       receives how many submissions have failed since the last flush, server errors
///              included; may be NULL.
/// err          may be NULL; the failure of the one submitted first.
///
/// Returns OXP_OK if none failed; otherwise the status of the first failure, which is as
/// oxp_client_command, or OXP_ERR_REPLY if the server answered with an error, whose text is the
/// message. OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED with *failed 0 if the wait itself ended; the
/// failures are then reported by the next flush. OXP_ERR_ARG for a NULL. Threads: any, concurrently.
/// Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_flush(oxp_pool *pool,
                          uint64_t timeout_ms,
                          uint64_t *failed,
                          oxp_error *err);

/// Closes the pool for good. Submissions are refused from now on; what is outstanding may complete
/// within the grace; what is left then completes with OXP_ERR_CLOSED and its outcome. Whoever waits
/// wakes up. Completions can still be pulled. Closing again with less grace ends a close that still
/// waits; otherwise it does nothing.
///
/// grace_ms               in milliseconds; 0 ends everything at once, UINT64_MAX waits for ever.
/// unknown, not_applied   receive how many submissions were cut short: which may have been applied,
///                        and which were not. May be NULL.
/// err                    may be NULL.
///
/// Returns OXP_OK; OXP_ERR_INTERRUPTED if the interrupt function ended the grace: closed all the
/// same; OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_close(oxp_pool *pool,
                          uint64_t grace_ms,
                          uint64_t *unknown,
                          uint64_t *not_applied,
                          oxp_error *err);

/// Frees a pool, closing it at once if it is open. pool may be NULL.
///
/// Threads: any, but no other call may be using this handle. Since 0.1.
OXP_API void oxp_pool_free(oxp_pool *pool);

/*
 * What a server said of itself, and what it says without being asked
 */

/// What a server said of itself when a connection was made: a snapshot that never changes. All but
/// the protocol is unknown where the connection was not greeted with HELLO, as with
/// oxp_options_set_protocol 2 or behind some proxies.
///
/// Lifetime: independent of the client. Threads: any, concurrently.
typedef struct oxp_server oxp_server;

/// Who the client's connection was greeted by last; it may be lost since.
///
/// client   borrowed for the call.
/// out      own: what the server said, for oxp_server_free; NULL if there is nothing.
/// err      may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if there was no connection yet; OXP_ERR_ARG. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_server(const oxp_client *client,
                             oxp_server **out,
                             oxp_error *err);

/// Who the event-loop client's connection was greeted by last; it may be lost since.
///
/// client   borrowed for the call.
/// out      own: what the server said, for oxp_server_free; NULL if there is nothing.
/// err      may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if there was no connection yet; OXP_ERR_ARG; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_server(const oxp_async *client,
                            oxp_server **out,
                            oxp_error *err);

/// Who the first of the pool's connections that was made was greeted by last; it may be lost since.
///
/// pool   borrowed for the call.
/// out    own: what the server said, for oxp_server_free; NULL if there is nothing.
/// err    may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if there was no connection yet; OXP_ERR_ARG. Threads: any,
/// concurrently. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_server(const oxp_pool *pool,
                           oxp_server **out,
                           oxp_error *err);

/// The version of RESP that the connection speaks: 2 or 3; 0 for NULL. Threads: any, concurrently.
/// Since 0.1.
OXP_API uint32_t oxp_server_protocol(const oxp_server *server);

/// What the server calls itself, such as redis or valkey, in UTF-8. Not NUL-terminated; NULL and 0
/// if unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API void oxp_server_name(const oxp_server *server, const uint8_t **text, size_t *len);

/// The server's version, such as 7.0.15, in UTF-8. Not NUL-terminated; NULL and 0 if unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API void oxp_server_version(const oxp_server *server, const uint8_t **text, size_t *len);

/// The server's role when the connection was made, such as master or replica, in UTF-8. Not
/// NUL-terminated; NULL and 0 if unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API void oxp_server_role(const oxp_server *server, const uint8_t **text, size_t *len);

/// How the server runs: standalone, cluster or sentinel, in UTF-8. Not NUL-terminated; NULL and 0 if
/// unknown.
///
/// text, len   receive the borrowed text, valid until oxp_server_free; either may be NULL.
///
/// Threads: any, concurrently. Since 0.1.
OXP_API
void oxp_server_mode(const oxp_server *server,
                     const uint8_t **text,
                     size_t *len);

/// The number by which the server knows the connection, as CLIENT ID gives it; 0 if unknown, and for
/// NULL. Threads: any, concurrently. Since 0.1.
OXP_API
uint64_t oxp_server_connection_id(const oxp_server *server);

/// Frees what a server said and everything borrowed from it. server may be NULL. Since 0.1.
OXP_API void oxp_server_free(oxp_server *server);

/*
 * What connections have to tell besides replies, many events at a time
 */

/// A push message of RESP3 that is none of the following, such as an invalidation.
#define OXP_EVENT_PUSH 1

/// A message of a subscription: an array or push of message, channel, payload; of pmessage, pattern,
/// channel, payload; or of smessage, channel, payload.
#define OXP_EVENT_MESSAGE 2

/// The server has ended a subscription by itself: sunsubscribe, channel, number of those left.
#define OXP_EVENT_SUBSCRIPTION 3

/// A line of MONITOR.
#define OXP_EVENT_MONITOR 4

/// The connection was made. A lease whose connection was kept from an earlier one may get none.
#define OXP_EVENT_UP 5

/// The connection was lost, or that of an event-loop client's lease could not be made;
/// oxp_events_error says why.
#define OXP_EVENT_DOWN 6

/// Events in the order in which they came; of a pool, those of one connection are in order. Make one,
/// have it filled by oxp_client_next_events, oxp_async_next_events or oxp_pool_next_events again and
/// again, free it at the end.
///
/// Lifetime: independent of all other handles. Threads: any, one at a time.
typedef struct oxp_events oxp_events;

/// Something that a connection has to tell besides replies.
typedef struct oxp_event {
    /// The number by which the server knows the connection, as CLIENT ID gives it; 0 where it did not
    /// say.
    uint64_t connection;
    /// How many events of this connection were dropped between the one before and this one, because
    /// more waited than oxp_options_set_event_limits allows.
    uint64_t dropped;
    /// What the server said, as oxp_reply_nodes gives it; NULL for a connection that was made or
    /// lost. Borrowed, as is bytes, until the events are filled again or freed.
    const oxp_node *nodes;
    /// Number of nodes.
    size_t node_count;
    /// What the offsets in nodes refer to.
    const uint8_t *bytes;
    /// An OXP_EVENT_* number.
    int32_t kind;
    /// Of OXP_EVENT_DOWN the reason; otherwise OXP_OK.
    int32_t status;
} oxp_event;

/// Makes an empty batch.
///
/// out   own: the batch, for oxp_events_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
OXP_API OXP_NODISCARD oxp_status oxp_events_new(oxp_events **out);

/// All events in the batch.
///
/// out   receives the borrowed first one, valid until the batch is filled again or freed; NULL if
///       there is none.
///
/// Returns their number; 0 for a NULL and while another call uses the batch. Since 0.1.
OXP_API size_t oxp_events_list(const oxp_events *events, const oxp_event **out);

/// Why a connection was lost.
///
/// index   which event, counted from 0.
/// err     receives the detail; cleared if that event is another one. May be NULL.
///
/// Returns the event's status, OXP_OK or a failure as oxp_client_command; OXP_ERR_ARG if there is no
/// such event; OXP_ERR_BUSY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_events_error(const oxp_events *events,
                            size_t index,
                            oxp_error *err);

/// A copy of what the server said in an event that stands on its own.
///
/// index   which event, counted from 0.
/// out     own: what it said, for oxp_reply_free; NULL if the call fails.
/// err     may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG if there is no such event or the server said nothing in it;
/// OXP_ERR_BUSY; OXP_ERR_NO_MEMORY. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_events_reply(const oxp_events *events,
                            size_t index,
                            oxp_reply **out,
                            oxp_error *err);

/// Frees a batch and everything borrowed from it. events may be NULL. Since 0.1.
OXP_API void oxp_events_free(oxp_events *events);

/// Waits until a client's connection has something to tell besides replies, and takes all of it: that
/// it was made or lost; of a lease also messages of subscriptions and lines of MONITOR; pushes of
/// RESP3. Nothing is connected for it. Calls of other threads go on meanwhile; of several threads
/// that wait here, one gets the events.
///
/// events       filled anew; what it held is forgotten.
/// timeout_ms   how long to wait, in milliseconds; 0 not at all, UINT64_MAX for ever.
/// count        receives the number of events; may be NULL.
/// err          may be NULL.
///
/// Returns OXP_OK with at least one event; OXP_AGAIN if time ran out; OXP_ERR_CLOSED, or
/// OXP_ERR_DISCONNECTED for a lease that is lost, when no event is left; OXP_ERR_INTERRUPTED;
/// OXP_ERR_ARG for a NULL; OXP_ERR_BUSY if events is in use, or from inside a callback of this client.
/// Threads: any, concurrently, each with its own events. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_client_next_events(oxp_client *client,
                                  oxp_events *events,
                                  uint64_t timeout_ms,
                                  size_t *count,
                                  oxp_error *err);

/// Takes everything that the connection of an event-loop client has told besides replies since this
/// was last asked, as far as oxp_async_process has read it. See oxp_client_next_events.
///
/// events   filled anew; what it held is forgotten.
/// count    receives the number of events; may be NULL.
/// err      may be NULL.
///
/// Returns OXP_OK with at least one event; OXP_AGAIN if there is none; OXP_ERR_CLOSED, or
/// OXP_ERR_DISCONNECTED for a lease that is lost, when no event is left; OXP_ERR_ARG for a NULL;
/// OXP_ERR_FORKED; OXP_ERR_BUSY if either is in use. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_async_next_events(oxp_async *client,
                                 oxp_events *events,
                                 size_t *count,
                                 oxp_error *err);

/// Waits until one of the pool's shared connections has something to tell besides replies, and takes
/// everything that there is. See oxp_client_next_events.
///
/// events       filled anew; what it held is forgotten.
/// timeout_ms   how long to wait, in milliseconds; 0 not at all, UINT64_MAX for ever.
/// count        receives the number of events; may be NULL.
/// err          may be NULL.
///
/// Returns OXP_OK with at least one event; OXP_AGAIN if time ran out; OXP_ERR_CLOSED if there is none
/// and the pool is closed; OXP_ERR_INTERRUPTED; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY if events is in
/// use. Threads: any, concurrently, each with its own events. Since 0.1.
OXP_API
OXP_NODISCARD
oxp_status oxp_pool_next_events(oxp_pool *pool,
                                oxp_events *events,
                                uint64_t timeout_ms,
                                size_t *count,
                                oxp_error *err);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* OXIPIPE_H */
