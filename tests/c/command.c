/* Single commands: arguments in both forms, the server's errors, clones. */

#include "check.h"

static void any_bytes(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_reply *reply;
    oxp_slice set[] = {oxp_str("SET"), {(const uint8_t *)"a\0b\r\n", 5}, {(const uint8_t *)"\0\xff\r\n", 4}};
    CHECK_OK(oxp_client_command(client, set, 3, &reply, err), err);
    CHECK(oxp_reply_type(reply) == OXP_TYPE_STATUS);
    CHECK(text_is(reply, 0, "OK"));
    oxp_reply_free(reply);

    oxp_slice get[] = {oxp_str("GET"), {(const uint8_t *)"a\0b\r\n", 5}};
    CHECK_OK(oxp_client_command(client, get, 2, &reply, err), err);
    const uint8_t *bytes;
    size_t len;
    CHECK(oxp_reply_type(reply) == OXP_TYPE_STRING);
    CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &bytes, &len));
    CHECK(len == 4 && memcmp(bytes, "\0\xff\r\n", 4) == 0);
    oxp_reply_free(reply);

    /* NULL with 0 is an empty argument. */
    oxp_slice empty[] = {oxp_str("ECHO"), {NULL, 0}};
    CHECK_OK(oxp_client_command(client, empty, 2, &reply, err), err);
    CHECK(oxp_reply_type(reply) == OXP_TYPE_STRING && oxp_reply_len(reply, 0) == 0);
    CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &bytes, &len));
    CHECK(len == 0);
    oxp_reply_free(reply);
    oxp_error_free(err);
}

static void packed(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_reply *reply;
    const uint8_t *bytes = (const uint8_t *)"APPENDlogline";
    uint32_t lens[] = {6, 3, 4, 0};
    CHECK_OK(oxp_client_command_packed(client, bytes, 13, lens, 3, &reply, err), err);
    CHECK(integer(reply, 0) == 4);
    oxp_reply_free(reply);

    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_packed(client, bytes, 13, lens, 2, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_packed(client, bytes, 12, lens, 3, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_packed(client, NULL, 13, lens, 3, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_packed(client, bytes, 13, NULL, 3, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command_packed(client, NULL, 0, NULL, 0, &reply, err));
    expect_text(client, "GET log", "line");
    oxp_error_free(err);
}

static void servers_errors_are_replies(oxp_client *client) {
    static const char *const lines[] = {"NOSUCHCOMMAND a", "GET", "GET a b", "INCR list"};
    static const char *const texts[] = {"ERR unknown command", "ERR wrong number", "ERR wrong number", "WRONGTYPE "};
    expect_integer(client, "RPUSH list a", 1);
    for (size_t i = 0; i < COUNT(lines); i++) {
        oxp_reply *reply = command(client, lines[i]);
        CHECK(oxp_reply_type(reply) == OXP_TYPE_ERROR);
        CHECK(text_starts(reply, 0, texts[i]));
        oxp_reply_free(reply);
    }
}

static void refused_before_sending(oxp_client *client) {
    oxp_error *err = new_error();
    static const char *const lines[] = {"MULTI", "SUBSCRIBE channel", "monitor", "CLIENT REPLY OFF", "SELECT 1"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        oxp_slice args[MAX_ARGS];
        size_t argc = split(lines[i], args);
        oxp_reply *reply;
        CHECK_STATUS(OXP_ERR_REFUSED, oxp_client_command(client, args, argc, &reply, err));
        CHECK(reply == NULL);
        CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    }
    oxp_error_free(err);
    expect_text(client, "ECHO still", "still");
}

static void bad_arguments(oxp_client *client) {
    oxp_error *err = new_error();
    oxp_slice args[] = {oxp_str("GET"), {NULL, 3}};
    oxp_reply *reply = (oxp_reply *)args;
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, args, 2, &reply, err));
    CHECK(reply == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, args, 0, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, NULL, 0, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, NULL, 2, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, args, 1, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(NULL, args, 1, &reply, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    /* A name without letters, and a length that cannot be. */
    oxp_slice unnamed[] = {{NULL, 0}, oxp_str("key")};
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, unnamed, 2, &reply, err));
    oxp_slice endless[] = {oxp_str("GET"), {(const uint8_t *)"k", SIZE_MAX}};
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, endless, 2, &reply, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, args, SIZE_MAX, &reply, err));
    /* Without an error object the status alone. */
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_command(client, args, 2, &reply, NULL));
    oxp_error_free(err);
}

static void clones(oxp_client *client) {
    oxp_client *clone;
    CHECK_STATUS(OXP_OK, oxp_client_clone(client, &clone));
    /* Same connection: the server gives both the same number. */
    oxp_reply *first = command(client, "CLIENT ID");
    oxp_reply *second = command(clone, "CLIENT ID");
    CHECK(integer(first, 0) == integer(second, 0));
    oxp_reply_free(first);
    oxp_reply_free(second);
    oxp_client_free(clone);
    expect_text(client, "ECHO alone", "alone");
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_clone(NULL, &clone));
    CHECK(clone == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_clone(client, NULL));
}

static void lazy(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_client *client;
    CHECK_OK(oxp_client_open(options, &client, err), err);
    oxp_options_free(options);
    expect_text(client, "ECHO first", "first");
    CHECK_OK(oxp_client_connect(client, err), err);
    oxp_client_free(client);
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_open(NULL, &client, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_connect(NULL, err));
    oxp_error_free(err);
}

/* The server's own connection count says whether freeing closes. */
static void freeing_disconnects(oxp_client *client) {
    oxp_client *other = connect_client();
    oxp_reply *before = command(client, "CLIENT LIST TYPE normal");
    oxp_client_free(other);
    /* The server may notice a little later; it answers our commands in between. */
    for (;;) {
        oxp_reply *after = command(client, "CLIENT LIST TYPE normal");
        bool fewer = oxp_reply_len(after, 0) < oxp_reply_len(before, 0);
        oxp_reply_free(after);
        if (fewer)
            break;
    }
    oxp_reply_free(before);
}

int main(void) {
    start();
    CHECK(strcmp(oxp_version(), OXP_VERSION) == 0);
    CHECK(oxp_version_number() == OXP_VERSION_NUMBER);
    CHECK(strcmp(oxp_status_name(OXP_ERR_TIMEOUT), "OXP_ERR_TIMEOUT") == 0);
    CHECK(strcmp(oxp_status_name(12345), "unknown") == 0);
    CHECK(strcmp(oxp_outcome_name(OXP_OUTCOME_NOT_APPLIED), "NOT_APPLIED") == 0);
    CHECK(strcmp(oxp_outcome_name(-1), "unknown") == 0);

    oxp_client *client = connect_client();
    any_bytes(client);
    packed(client);
    servers_errors_are_replies(client);
    refused_before_sending(client);
    bad_arguments(client);
    clones(client);
    lazy();
    freeing_disconnects(client);
    oxp_client_free(client);
    return 0;
}
