/* Failures: closed clients, no server, wrong servers, a server that dies; each with its status and its outcome. */

#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

static oxp_status try_command(oxp_client *client, const char *line, oxp_error *err) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split(line, args);
    oxp_reply *reply = (oxp_reply *)args;
    oxp_status status = oxp_client_command(client, args, argc, &reply, err);
    CHECK((status == OXP_OK) == (reply != NULL));
    oxp_reply_free(reply);
    return status;
}

static bool mentions(const oxp_error *err, const char *text) {
    const uint8_t *address;
    size_t len;
    oxp_error_address(err, &address, &len);
    return len == strlen(text) && memcmp(address, text, len) == 0 && strstr(oxp_error_text(err), text) != NULL;
}

static void error_objects(void) {
    const uint8_t *text = NULL;
    size_t len = 7;
    uint64_t replied = 7, unknown = 7, not_applied = 7;
    oxp_error *err = new_error();
    const oxp_error *const empty[] = {err, NULL};
    for (size_t i = 0; i < COUNT(empty); i++) {
        CHECK_STATUS(OXP_OK, oxp_error_status(empty[i]));
        CHECK(oxp_error_outcome(empty[i]) == OXP_OUTCOME_NONE);
        CHECK(oxp_error_os_code(empty[i]) == 0);
        oxp_error_message(empty[i], &text, &len);
        CHECK(text != NULL && len == 0);
        oxp_error_address(empty[i], &text, &len);
        CHECK(text == NULL && len == 0);
        oxp_error_progress(empty[i], &replied, &unknown, &not_applied);
        CHECK(replied + unknown + not_applied == 0);
        oxp_error_message(empty[i], NULL, NULL);
        oxp_error_address(empty[i], NULL, NULL);
        oxp_error_progress(empty[i], NULL, NULL, NULL);
    }
    CHECK_STATUS(OXP_ERR_ARG, oxp_error_new(NULL));
    oxp_error_clear(NULL);
    oxp_error_free(NULL);

    CHECK_STATUS(OXP_ERR_ARG, oxp_client_connect(NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_error_status(err));
    oxp_error_clear(err);
    CHECK_STATUS(OXP_OK, oxp_error_status(err));
    oxp_error_free(err);
}

static void closed(void) {
    oxp_error *err = new_error();
    oxp_client *client = connect_client(), *clone;
    oxp_pipeline *pipeline;
    oxp_reply *replies;
    CHECK_STATUS(OXP_OK, oxp_client_clone(client, &clone));
    CHECK_OK(oxp_pipeline_new(client, &pipeline, err), err);
    CHECK_STATUS(OXP_OK, add(pipeline, "SET closed 1"));
    CHECK(!oxp_client_is_closed(client));
    oxp_client_close(client);
    oxp_client_close(client);
    CHECK(oxp_client_is_closed(client) && oxp_client_is_closed(clone));

    CHECK_STATUS(OXP_ERR_CLOSED, try_command(client, "PING", err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_ERR_CLOSED, try_command(clone, "PING", err));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_client_connect(client, err));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pipeline_execute(pipeline, &replies, err));
    CHECK(replies == NULL);
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    oxp_pipeline_free(pipeline);
    oxp_client_free(clone);
    oxp_client_free(client);

    oxp_client_close(NULL);
    oxp_client_free(NULL);
    CHECK(oxp_client_is_closed(NULL));
    oxp_error_free(err);
}

static void socket_path(char path[64], const char *name) {
    snprintf(path, 64, "%s/%s", getenv("TMPDIR"), name);
}

static oxp_client *client_of(const char *path, uint64_t timeout_ms) {
    oxp_options *options;
    oxp_client *client;
    CHECK_STATUS(OXP_OK, oxp_options_new(&options));
    CHECK_STATUS(OXP_OK, oxp_options_set_unix_path(options, path, strlen(path)));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, timeout_ms));
    CHECK_STATUS(OXP_OK, oxp_client_open(options, &client, NULL));
    oxp_options_free(options);
    return client;
}

static void nobody_there(void) {
    oxp_error *err = new_error();
    char path[64];
    socket_path(path, "nobody");
    oxp_client *client = client_of(path, LONG_MS);
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_client_connect(client, err));
    CHECK(oxp_error_os_code(err) == ENOENT);
    CHECK(mentions(err, path));
    CHECK_STATUS(OXP_ERR_CONNECT, try_command(client, "PING", err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);

    oxp_pipeline *pipeline;
    oxp_reply *replies;
    uint64_t replied, unknown, not_applied;
    CHECK_OK(oxp_pipeline_new(client, &pipeline, err), err);
    for (int i = 0; i < 5000; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, "SET key value"));
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_pipeline_execute(pipeline, &replies, err));
    oxp_error_progress(err, &replied, &unknown, &not_applied);
    CHECK(replied == 0 && unknown == 0 && not_applied == 5000);
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK(oxp_pipeline_len(pipeline) == 0);
    oxp_pipeline_free(pipeline);
    oxp_client_free(client);

    /* A name that cannot exist (RFC 2606). */
    const char *url = "redis://oxipipe.invalid";
    CHECK_STATUS(OXP_ERR_RESOLVE, oxp_connect(url, strlen(url), &client, err));
    CHECK(client == NULL);
    CHECK(mentions(err, "oxipipe.invalid:6379"));
    oxp_error_free(err);
}

/* What a peer does once it has said what it has to say. */
typedef enum { WAIT_FOR_CLIENT, SAY_NO_MORE, HANG_UP } Then;

/* A peer that accepts one connection, and another one if it hung up: a server may do that for want of HELLO. */
typedef struct {
    int listener;
    const char *says;
    Then then;
} Peer;

static void converse(const Peer *peer) {
    int connection = accept(peer->listener, NULL, NULL);
    CHECK(connection >= 0);
    CHECK(write(connection, peer->says, strlen(peer->says)) == (ssize_t)strlen(peer->says));
    if (peer->then == SAY_NO_MORE)
        CHECK(shutdown(connection, SHUT_WR) == 0);
    char ignored[512];
    while (peer->then != HANG_UP && read(connection, ignored, sizeof ignored) > 0) {
    }
    close(connection);
}

static void *be_peer(void *user_data) {
    Peer *peer = user_data;
    converse(peer);
    if (peer->then == HANG_UP)
        converse(peer);
    return NULL;
}

static void meets(const char *says, Then then, uint64_t timeout_ms, oxp_status expected) {
    oxp_error *err = new_error();
    char path[64];
    socket_path(path, "peer");
    struct sockaddr_un address = {0};
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path);
    Peer peer = {socket(AF_UNIX, SOCK_STREAM, 0), says, then};
    CHECK(bind(peer.listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(peer.listener, 8) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, be_peer, &peer) == 0);

    oxp_client *client = client_of(path, timeout_ms);
    CHECK_STATUS(expected, oxp_client_connect(client, err));
    CHECK(mentions(err, path));
    oxp_client_free(client);

    CHECK(pthread_join(thread, NULL) == 0);
    close(peer.listener);
    CHECK(unlink(path) == 0);
    oxp_error_free(err);
}

static void wrong_servers(void) {
    meets("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", WAIT_FOR_CLIENT, LONG_MS, OXP_ERR_PROTOCOL);
    meets("", WAIT_FOR_CLIENT, 300, OXP_ERR_TIMEOUT);
    meets("", HANG_UP, LONG_MS, OXP_ERR_DISCONNECTED);
    meets("-DENIED Redis is running in protected mode\r\n", SAY_NO_MORE, LONG_MS, OXP_ERR_HANDSHAKE);
}

/* The server leaves in the middle of a pipeline: everything before is answered, everything after is not. */
static void server_dies(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    /* A server takes its time to crash on a busy machine, and nobody has to wait for its return. */
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 30000));
    CHECK_STATUS(OXP_OK, oxp_options_set_fail_fast(options, true));
    oxp_client *client;
    CHECK_OK(oxp_client_open(options, &client, err), err);
    oxp_options_free(options);

    oxp_pipeline *pipeline;
    oxp_reply *replies;
    uint64_t replied, unknown, not_applied;
    CHECK_OK(oxp_pipeline_new(client, &pipeline, err), err);
    for (int i = 0; i < 2000; i++)
        CHECK_STATUS(OXP_OK, add(pipeline, i == 1000 ? "DEBUG SEGFAULT" : "INCR counter"));
    oxp_status status = oxp_pipeline_execute(pipeline, &replies, err);
    CHECK(replies == NULL);
    CHECK(status == OXP_ERR_DISCONNECTED || status == OXP_ERR_IO);
    oxp_error_progress(err, &replied, &unknown, &not_applied);
    CHECK(replied <= 1000 && replied + unknown + not_applied == 2000);
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_UNKNOWN);

    /* Nobody comes back; that nothing was sent is certain. */
    CHECK_STATUS(OXP_ERR_CONNECT, try_command(client, "INCR counter", err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    oxp_pipeline_free(pipeline);
    oxp_client_free(client);
    oxp_error_free(err);
}

int main(void) {
    start();
    error_objects();
    closed();
    nobody_there();
    wrong_servers();
    server_dies();
    return 0;
}
