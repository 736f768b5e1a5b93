/*
 * error_handling: the two kinds of "no", and what can be known after each.
 *
 * A server's error is a reply: the call worked, the command did not. A failed call has a status, a text and an outcome:
 * whether the server may have applied the command.
 *
 *     error_handling [URL]      default: redis://localhost:6379
 */

#include <oxipipe/oxipipe.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What to do next depends on the outcome, not on the status. */
static const char *advice(int32_t outcome) {
    switch (outcome) {
    case OXP_OUTCOME_NOT_APPLIED:
        return "send it again if you like";
    case OXP_OUTCOME_UNKNOWN:
        return "look before you send it again";
    case OXP_OUTCOME_REJECTED:
        return "change it before you send it again";
    default:
        return "no command was involved";
    }
}

static void report(const char *what, const oxp_error *err) {
    printf("%s: %s, %s: %s\n", what, oxp_status_name(oxp_error_status(err)),
           oxp_outcome_name(oxp_error_outcome(err)), advice(oxp_error_outcome(err)));

    /* The text is for people and may change; it goes to a log. */
    const uint8_t *text;
    size_t len;
    oxp_error_message(err, &text, &len);
    fprintf(stderr, "%.*s\n", (int)len, (const char *)text);
}

/* Sends a command and says how it went. */
static void try_command(oxp_client *client, const char *what, const oxp_slice *args, size_t argc, oxp_error *err) {
    oxp_reply *reply;
    if (oxp_client_command(client, args, argc, &reply, err) != OXP_OK) {
        report(what, err);
        return;
    }
    if (oxp_reply_type(reply) == OXP_TYPE_ERROR) {
        const uint8_t *text;
        size_t len;
        if (oxp_reply_string(reply, 0, &text, &len) == OXP_OK)
            printf("%s: the server says: %.*s\n", what, (int)len, (const char *)text);
    } else {
        printf("%s: fine\n", what);
    }
    oxp_reply_free(reply);
}

/* In a pipeline each command has its own fate: errors stand among the replies, in their places. */
static void try_pipeline(oxp_client *client, oxp_error *err) {
    oxp_pipeline *pipeline;
    oxp_reply *replies;
    const oxp_slice commands[][3] = {
        {OXP_LITERAL("SET"), OXP_LITERAL("text"), OXP_LITERAL("not a number")},
        {OXP_LITERAL("INCRBY"), OXP_LITERAL("text"), OXP_LITERAL("1")},
        {OXP_LITERAL("APPEND"), OXP_LITERAL("text"), OXP_LITERAL("!")},
    };
    if (oxp_pipeline_new(client, &pipeline, err) != OXP_OK) {
        report("pipeline", err);
        return;
    }
    for (size_t i = 0; i < 3; i++)
        if (oxp_pipeline_add_command(pipeline, commands[i], 3, err) != OXP_OK)
            report("pipeline", err);

    if (oxp_pipeline_execute(pipeline, &replies, err) != OXP_OK) {
        uint64_t replied, unknown, not_applied;
        oxp_error_progress(err, &replied, &unknown, &not_applied);
        printf("%" PRIu64 " answered, %" PRIu64 " unknown, %" PRIu64 " not applied\n", replied, unknown, not_applied);
        report("pipeline", err);
    } else {
        size_t index = oxp_reply_child(replies, 0, 0);
        for (size_t i = 0; i < oxp_reply_len(replies, 0); i++) {
            const uint8_t *text, *name;
            size_t text_len, name_len;
            if (oxp_reply_type_at(replies, index) == OXP_TYPE_ERROR
                && oxp_reply_string(replies, index, &text, &text_len) == OXP_OK
                && oxp_pipeline_command_name(pipeline, i, &name, &name_len) == OXP_OK)
                printf("command %zu (%.*s): the server says: %.*s\n", i, (int)name_len, (const char *)name,
                       (int)text_len, (const char *)text);
            index = oxp_reply_next(replies, index);
        }
    }
    oxp_reply_free(replies);
    oxp_pipeline_free(pipeline);
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";

    /* One error object serves all calls; each failure overwrites the one before. */
    oxp_error *err;
    if (oxp_error_new(&err) != OXP_OK)
        return 1;

    /* Nobody listens on port 1. */
    oxp_client *client;
    const char *nobody = "redis://127.0.0.1:1";
    if (oxp_connect(nobody, strlen(nobody), &client, err) != OXP_OK)
        report("connecting to nobody", err);

    if (oxp_connect(url, strlen(url), &client, err) != OXP_OK) {
        report("connecting", err);
        oxp_error_free(err);
        return 1;
    }
    const oxp_slice set[] = {OXP_LITERAL("SET"), OXP_LITERAL("number"), OXP_LITERAL("1")};
    const oxp_slice wrong[] = {OXP_LITERAL("LPUSH"), OXP_LITERAL("number"), OXP_LITERAL("x")};
    const oxp_slice missing[] = {OXP_LITERAL("GET"), {NULL, 3}};
    const oxp_slice select[] = {OXP_LITERAL("SELECT"), OXP_LITERAL("1")};
    try_command(client, "a good command", set, 3, err);
    try_command(client, "a command for another type", wrong, 3, err);
    try_command(client, "a NULL argument", missing, 2, err);
    try_command(client, "a command for a connection of its own", select, 2, err);
    try_pipeline(client, err);

    oxp_client_close(client);
    try_command(client, "a closed client", set, 3, err);

    oxp_client_free(client);
    oxp_error_free(err);
    return 0;
}
