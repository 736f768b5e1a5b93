/*
 * What the C tests are written with: checks that say where they failed, and commands in one line.
 *
 * Every test is a program with one main; it ends with status 1 at the first check that fails. The server's URL comes in
 * OXIPIPE_URL (see with_server.sh). A test that hangs is ended by SIGALRM before ctest has to end it.
 *
 * No test depends on how fast the machine is: a deadline that is to pass lets the server hold its reply back for ever, and a
 * deadline that is not to pass is LONG_MS.
 */

#ifndef OXIPIPE_TESTS_CHECK_H
#define OXIPIPE_TESTS_CHECK_H

#include <oxipipe/oxipipe.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            fail(__FILE__, __LINE__, "%s", #condition); \
    } while (0)

/* For a call that must return this status; on failure prints both names. */
#define CHECK_STATUS(expected, call) \
    do { \
        oxp_status got_ = (call); \
        if (got_ != (expected)) \
            fail(__FILE__, __LINE__, "%s is %s, not %s", #call, oxp_status_name(got_), \
                 oxp_status_name(expected)); \
    } while (0)

/* For the same, where the detail is in an oxp_error. */
#define CHECK_OK(call, err) \
    do { \
        if ((call) != OXP_OK) \
            fail(__FILE__, __LINE__, "%s: %s: %s", #call, oxp_status_name(oxp_error_status(err)), \
                 oxp_error_text(err)); \
    } while (0)

/* A deadline that only a hang reaches, on a machine however busy. */
#define LONG_MS 120000
/* One that is to pass, long enough for whatever has to come before. */
#define SOON_MS 5000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_ARGS 16

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), noreturn, unused))
#endif
static void fail(const char *file, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static inline oxp_error *new_error(void) {
    oxp_error *err;
    CHECK_STATUS(OXP_OK, oxp_error_new(&err));
    return err;
}

static inline const char *server_url(void) {
    const char *url = getenv("OXIPIPE_URL");
    CHECK(url != NULL);
    return url;
}

static inline oxp_options *server_options(void) {
    oxp_options *options;
    CHECK_STATUS(OXP_OK, oxp_options_from_url(server_url(), strlen(server_url()), &options, NULL));
    return options;
}

/* A connected client of an empty database. */
static inline oxp_client *connect_client(void) {
    oxp_error *err = new_error();
    oxp_client *client;
    CHECK_OK(oxp_connect(server_url(), strlen(server_url()), &client, err), err);
    oxp_slice flush = {(const uint8_t *)"FLUSHALL", 8};
    oxp_reply *reply;
    CHECK_OK(oxp_client_command(client, &flush, 1, &reply, err), err);
    oxp_reply_free(reply);
    oxp_error_free(err);
    return client;
}

/* Splits "SET key value" at the spaces; the slices point into the line. */
static inline size_t split(const char *line, oxp_slice args[MAX_ARGS]) {
    size_t argc = 0;
    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        CHECK(argc < MAX_ARGS);
        args[argc].data = (const uint8_t *)line;
        args[argc++].len = len;
        line += len + (line[len] == ' ');
    }
    return argc;
}

/* Sends a command written as one line; the reply is the caller's. */
static inline oxp_reply *command(oxp_client *client, const char *line) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split(line, args);
    oxp_error *err = new_error();
    oxp_reply *reply;
    CHECK_OK(oxp_client_command(client, args, argc, &reply, err), err);
    oxp_error_free(err);
    CHECK(reply != NULL);
    return reply;
}

static inline oxp_status add(oxp_pipeline *pipeline, const char *line) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split(line, args);
    return oxp_pipeline_add_command(pipeline, args, argc, NULL);
}

static inline bool text_is(const oxp_reply *reply, size_t index, const char *text) {
    const uint8_t *bytes;
    size_t len;
    return oxp_reply_string(reply, index, &bytes, &len) == OXP_OK && len == strlen(text)
        && memcmp(bytes, text, len) == 0;
}

static inline bool text_starts(const oxp_reply *reply, size_t index, const char *text) {
    const uint8_t *bytes;
    size_t len;
    return oxp_reply_string(reply, index, &bytes, &len) == OXP_OK && len >= strlen(text)
        && memcmp(bytes, text, strlen(text)) == 0;
}

static inline int64_t integer(const oxp_reply *reply, size_t index) {
    int64_t value;
    CHECK_STATUS(OXP_OK, oxp_reply_integer(reply, index, &value));
    return value;
}

/* Checks a command's whole reply in one line, for replies that are text or an integer. */
static inline void expect_text(oxp_client *client, const char *line, const char *text) {
    oxp_reply *reply = command(client, line);
    if (!text_is(reply, 0, text))
        fail(__FILE__, __LINE__, "%s does not answer %s", line, text);
    oxp_reply_free(reply);
}

static inline void expect_integer(oxp_client *client, const char *line, int64_t value) {
    oxp_reply *reply = command(client, line);
    CHECK(integer(reply, 0) == value);
    oxp_reply_free(reply);
}

/*
 * Called first in every main, and by children, which do not inherit it: nothing here takes long, so something that does is
 * stuck. Valgrind is slow, and so is a busy machine.
 */
static inline void start(void) {
    alarm(300);
}

#endif
