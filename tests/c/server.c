/* What a server says of itself, and what it says without being asked. */

#include "results.h"

typedef void (*text_getter)(const oxp_server *, const uint8_t **, size_t *);

static const char *text_of(const oxp_server *server, text_getter get) {
    static char text[4][64];
    static size_t next;
    const uint8_t *bytes;
    size_t len = 7;
    get(server, &bytes, &len);
    if (bytes == NULL) {
        CHECK(len == 0);
        return NULL;
    }
    CHECK(len < sizeof text[0]);
    char *copy = text[next++ % COUNT(text)];
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

static oxp_client *new_client(uint32_t protocol) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_client *client;
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(options, protocol));
    CHECK_OK(oxp_client_open(options, &client, err), err);
    oxp_options_free(options);
    oxp_error_free(err);
    return client;
}

static void check_server(const oxp_server *server) {
    CHECK(oxp_server_protocol(server) == 3);
    const char *name = text_of(server, oxp_server_name);
    CHECK(strcmp(name, "redis") == 0 || strcmp(name, "valkey") == 0);
    CHECK(strchr(text_of(server, oxp_server_version), '.') != NULL);
    CHECK(strcmp(text_of(server, oxp_server_role), "master") == 0);
    CHECK(strcmp(text_of(server, oxp_server_mode), "standalone") == 0);
    oxp_server_name(server, NULL, NULL);
}

static void of_a_client(void) {
    oxp_error *err = new_error();
    oxp_server *server = (oxp_server *)err;
    oxp_client *client = new_client(3);
    CHECK_STATUS(OXP_AGAIN, oxp_client_server(client, &server, err));
    CHECK(server == NULL);
    CHECK_OK(oxp_client_connect(client, err), err);
    CHECK_OK(oxp_client_server(client, &server, err), err);
    oxp_reply *id = command(client, "CLIENT ID");
    CHECK((uint64_t)integer(id, 0) == oxp_server_connection_id(server));
    oxp_reply_free(id);
    /* A lease has a connection of its own. */
    oxp_client *lease;
    oxp_server *other;
    CHECK_OK(oxp_client_lease(client, &lease, err), err);
    CHECK_OK(oxp_client_server(lease, &other, err), err);
    CHECK(oxp_server_connection_id(other) != oxp_server_connection_id(server));
    oxp_client_free(lease);
    oxp_client_free(client);
    check_server(server); /* it stands on its own */
    check_server(other);
    oxp_server_free(server);
    oxp_server_free(other);

    client = new_client(2);
    expect_text(client, "ECHO up", "up");
    CHECK_OK(oxp_client_server(client, &server, err), err);
    CHECK(oxp_server_protocol(server) == 2);
    oxp_server_free(server);
    oxp_client_free(client);
    oxp_error_free(err);
}

static void of_an_event_loop_client(void) {
    oxp_error *err = new_error();
    oxp_server *server;
    oxp_async *client = server_async();
    Result results[1];
    CHECK_STATUS(OXP_AGAIN, oxp_async_server(client, &server, err));
    CHECK_STATUS(OXP_OK, submit(client, "CLIENT ID", 1));
    collect(client, results, 1);
    CHECK_OK(oxp_async_server(client, &server, err), err);
    check_server(server);
    CHECK((uint64_t)integer(results[0].reply, 0) == oxp_server_connection_id(server));
    forget(results, 1);
    oxp_server_free(server);
    oxp_async_free(client);
    oxp_error_free(err);
}

static void of_a_pool(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_server *server;
    oxp_pool *pool = open_pool(options, 2);
    CHECK_STATUS(OXP_AGAIN, oxp_pool_server(pool, &server, err));
    CHECK_OK(oxp_pool_connect(pool, err), err);
    CHECK_OK(oxp_pool_server(pool, &server, err), err);
    check_server(server);
    oxp_server_free(server);
    oxp_pool_free(pool);
    oxp_options_free(options);
    oxp_error_free(err);
}

static void wrong_use(void) {
    oxp_error *err = new_error();
    oxp_client *client = connect_client();
    oxp_async *loop = server_async();
    oxp_server *server = (oxp_server *)err;
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_server(NULL, &server, err));
    CHECK(server == NULL && oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_ARG, oxp_client_server(client, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_server(NULL, &server, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_async_server(loop, NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_server(NULL, &server, err));
    CHECK(oxp_server_protocol(NULL) == 0 && oxp_server_connection_id(NULL) == 0);
    CHECK(text_of(NULL, oxp_server_name) == NULL && text_of(NULL, oxp_server_version) == NULL);
    CHECK(text_of(NULL, oxp_server_role) == NULL && text_of(NULL, oxp_server_mode) == NULL);
    oxp_server_free(NULL);
    oxp_async_free(loop);
    oxp_client_free(client);
    oxp_error_free(err);
}

int main(void) {
    start();
    of_a_client();
    of_an_event_loop_client();
    of_a_pool();
    wrong_use();
    return 0;
}
