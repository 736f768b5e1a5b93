/* Replies of every type, through the accessors and on the tape. */

#include "check.h"

static void scalars(oxp_client *client) {
    oxp_reply *reply = command(client, "GET missing");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_NULL);
    oxp_reply_free(reply);

    reply = command(client, "DEBUG PROTOCOL integer");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_INTEGER);
    CHECK(integer(reply, 0) == 12345);
    oxp_reply_free(reply);

    reply = command(client, "DECRBY low 9223372036854775807");
    CHECK(integer(reply, 0) == -INT64_MAX);
    oxp_reply_free(reply);

    reply = command(client, "DEBUG PROTOCOL double");
    double number;
    CHECK(oxp_reply_type(reply) == OXP_TYPE_DOUBLE);
    CHECK_STATUS(OXP_OK, oxp_reply_double(reply, 0, &number));
    CHECK(number > 3.14 && number < 3.15);
    oxp_reply_free(reply);

    bool truth;
    reply = command(client, "DEBUG PROTOCOL true");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_BOOLEAN);
    CHECK_STATUS(OXP_OK, oxp_reply_boolean(reply, 0, &truth));
    CHECK(truth);
    oxp_reply_free(reply);
    reply = command(client, "DEBUG PROTOCOL false");
    CHECK_STATUS(OXP_OK, oxp_reply_boolean(reply, 0, &truth));
    CHECK(!truth);
    oxp_reply_free(reply);

    reply = command(client, "DEBUG PROTOCOL bignum");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_BIG_NUMBER);
    CHECK(text_is(reply, 0, "1234567999999999999999999999999999999"));
    oxp_reply_free(reply);

    reply = command(client, "DEBUG PROTOCOL verbatim");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_VERBATIM);
    CHECK(text_is(reply, 0, "This is a verbatim\nstring"));
    const uint8_t *text;
    CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, NULL));
    CHECK(memcmp(text - 4, "txt:", 4) == 0);
    oxp_reply_free(reply);
}

static void aggregates(oxp_client *client) {
    oxp_reply *reply = command(client, "DEBUG PROTOCOL array");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_ARRAY);
    CHECK(oxp_reply_len(reply, 0) == 3);
    for (size_t i = 0; i < 3; i++)
        CHECK(integer(reply, oxp_reply_child(reply, 0, i)) == (int64_t)i);
    CHECK(oxp_reply_child(reply, 0, 3) == SIZE_MAX);
    oxp_reply_free(reply);

    reply = command(client, "DEBUG PROTOCOL set");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_SET);
    CHECK(oxp_reply_len(reply, 0) == 3);
    oxp_reply_free(reply);

    /* Keys 0, 1, 2; values whether the key is 1. */
    reply = command(client, "DEBUG PROTOCOL map");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_MAP);
    CHECK(oxp_reply_len(reply, 0) == 6);
    size_t index = oxp_reply_child(reply, 0, 0);
    for (int64_t key = 0; key < 3; key++) {
        bool truth;
        CHECK(integer(reply, index) == key);
        index = oxp_reply_next(reply, index);
        CHECK_STATUS(OXP_OK, oxp_reply_boolean(reply, index, &truth));
        CHECK(truth == (key == 1));
        index = oxp_reply_next(reply, index);
    }
    CHECK(index == SIZE_MAX);
    oxp_reply_free(reply);

    reply = command(client, "LRANGE missing 0 -1");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_ARRAY && oxp_reply_len(reply, 0) == 0);
    CHECK(oxp_reply_child(reply, 0, 0) == SIZE_MAX);
    oxp_reply_free(reply);
}

/* The attribute stays out of the way, and is still there for who looks for it. */
static void attributes(oxp_client *client) {
    oxp_reply *reply = command(client, "DEBUG PROTOCOL attrib");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_STRING);
    CHECK(text_is(reply, 0, "Some real reply following the attribute"));
    const oxp_node *nodes;
    size_t count;
    oxp_reply_nodes(reply, &nodes, &count);
    CHECK(nodes[0].type == OXP_TYPE_ATTRIBUTE);
    CHECK(nodes[0].len == 2);
    CHECK(nodes[count - 1].type == OXP_TYPE_STRING);
    CHECK(1 + nodes[0].value == count - 1);
    oxp_reply_free(reply);
}

/* EVAL answers anything: an array in an array, with an error inside. */
static void nested(oxp_client *client) {
    oxp_slice args[] = {
        oxp_str("EVAL"), oxp_str("return {1, {'a', {2, 3}, redis.error_reply('BAD luck')}, 'end'}"), oxp_str("0"),
    };
    oxp_reply *reply;
    CHECK_STATUS(OXP_OK, oxp_client_command(client, args, 3, &reply, NULL));
    CHECK(oxp_reply_type(reply) == OXP_TYPE_ARRAY && oxp_reply_len(reply, 0) == 3);
    size_t middle = oxp_reply_child(reply, 0, 1);
    CHECK(oxp_reply_type_at(reply, middle) == OXP_TYPE_ARRAY && oxp_reply_len(reply, middle) == 3);
    CHECK(text_is(reply, oxp_reply_child(reply, middle, 0), "a"));
    size_t pair = oxp_reply_child(reply, middle, 1);
    CHECK(integer(reply, oxp_reply_child(reply, pair, 1)) == 3);
    size_t error = oxp_reply_next(reply, pair);
    CHECK(oxp_reply_type_at(reply, error) == OXP_TYPE_ERROR);
    CHECK(text_is(reply, error, "BAD luck"));
    /* The sibling of the array in the middle lies behind all that is in it. */
    CHECK(text_is(reply, oxp_reply_next(reply, middle), "end"));

    /* The same on the tape: preorder, and the sizes of the subtrees. */
    const oxp_node *nodes;
    const uint8_t *bytes;
    size_t count, len;
    oxp_reply_nodes(reply, &nodes, &count);
    oxp_reply_bytes(reply, &bytes, &len);
    static const uint8_t types[] = {
        OXP_TYPE_ARRAY, OXP_TYPE_INTEGER, OXP_TYPE_ARRAY, OXP_TYPE_STRING, OXP_TYPE_ARRAY,
        OXP_TYPE_INTEGER, OXP_TYPE_INTEGER, OXP_TYPE_ERROR, OXP_TYPE_STRING,
    };
    CHECK(count == COUNT(types));
    for (size_t i = 0; i < count; i++)
        CHECK(nodes[i].type == types[i] && nodes[i].reserved == 0);
    CHECK(nodes[0].value == 8 && nodes[2].value == 5 && nodes[4].value == 2);
    CHECK((int64_t)nodes[1].value == 1);
    CHECK(nodes[8].len == 3 && nodes[8].value + 3 <= len);
    CHECK(memcmp(bytes + nodes[8].value, "end", 3) == 0);
    oxp_reply_free(reply);
}

/* Maps by key, as both versions of RESP have them. */
static void keys(int protocol) {
    oxp_options *options = server_options();
    oxp_client *client;
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(options, protocol));
    CHECK_STATUS(OXP_OK, oxp_client_open(options, &client, NULL));
    oxp_options_free(options);
    oxp_reply_free(command(client, "DEL h"));
    oxp_reply_free(command(client, "HSET h city Lisbon n 7"));
    oxp_reply *reply = command(client, "HGETALL h");
    oxp_slice city = oxp_str("city"), none = oxp_str(NULL), value = OXP_LITERAL("Lisbon");
    CHECK(city.len == 4 && none.data == NULL && none.len == 0 && value.len == 6);
    CHECK(text_is(reply, oxp_reply_get(reply, 0, city.data, city.len), "Lisbon"));
    CHECK(text_is(reply, oxp_reply_get(reply, 0, (const uint8_t *)"n", 1), "7"));
    CHECK(oxp_reply_get(reply, 0, value.data, value.len) == SIZE_MAX); /* a value is no key */
    CHECK(oxp_reply_get(reply, 0, NULL, 0) == SIZE_MAX);
    CHECK(oxp_reply_get(reply, 0, NULL, 4) == SIZE_MAX);
    CHECK(oxp_reply_get(reply, 1, city.data, city.len) == SIZE_MAX);
    CHECK(oxp_reply_get(reply, 99, city.data, city.len) == SIZE_MAX);
    CHECK(oxp_reply_get(NULL, 0, city.data, city.len) == SIZE_MAX);
    oxp_reply_free(reply);
    oxp_client_free(client);
}

static void wrong_use(oxp_client *client) {
    oxp_reply *reply = command(client, "DEBUG PROTOCOL integer");
    const uint8_t *bytes = (const uint8_t *)"";
    size_t len = 7;
    int64_t number = 7;
    double real = 7;
    bool truth = true;
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_string(reply, 0, &bytes, &len));
    CHECK(bytes == NULL && len == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_double(reply, 0, &real));
    CHECK(real == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_boolean(reply, 0, &truth));
    CHECK(!truth);
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_integer(reply, 1, &number));
    CHECK(number == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_integer(reply, SIZE_MAX, &number));
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_integer(reply, 0, NULL));
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_string(reply, 0, NULL, NULL));
    CHECK(oxp_reply_child(reply, 0, 0) == SIZE_MAX);
    CHECK(oxp_reply_child(reply, 9, 0) == SIZE_MAX);
    CHECK(oxp_reply_next(reply, 0) == SIZE_MAX);
    CHECK(oxp_reply_next(reply, SIZE_MAX) == SIZE_MAX);
    CHECK(oxp_reply_len(reply, 0) == 0 && oxp_reply_len(reply, 1) == 0);
    CHECK(oxp_reply_type_at(reply, 1) == OXP_TYPE_NULL);
    oxp_reply_nodes(reply, NULL, NULL);
    oxp_reply_bytes(reply, NULL, NULL);
    oxp_reply_free(reply);

    const oxp_node *nodes = (const oxp_node *)&len;
    CHECK(oxp_reply_type(NULL) == OXP_TYPE_NULL);
    CHECK(oxp_reply_len(NULL, 0) == 0);
    CHECK(oxp_reply_child(NULL, 0, 0) == SIZE_MAX);
    CHECK(oxp_reply_next(NULL, 0) == SIZE_MAX);
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_integer(NULL, 0, &number));
    CHECK_STATUS(OXP_ERR_ARG, oxp_reply_string(NULL, 0, &bytes, &len));
    oxp_reply_nodes(NULL, &nodes, &len);
    CHECK(nodes == NULL && len == 0);
    oxp_reply_bytes(NULL, &bytes, &len);
    CHECK(bytes == NULL && len == 0);
    oxp_reply_free(NULL);
}

/* RESP2 has fewer types: what is lost is lost at the server. */
static void resp2(void) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(options, 2));
    oxp_client *client;
    CHECK_STATUS(OXP_OK, oxp_client_open(options, &client, NULL));
    oxp_options_free(options);
    oxp_reply *reply = command(client, "DEBUG PROTOCOL map");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_ARRAY && oxp_reply_len(reply, 0) == 6);
    oxp_reply_free(reply);
    reply = command(client, "DEBUG PROTOCOL null");
    CHECK(oxp_reply_type(reply) == OXP_TYPE_NULL);
    oxp_reply_free(reply);
    oxp_client_free(client);
}

/* A reply belongs to its owner alone: it outlives the client. */
static void outlives_the_client(void) {
    oxp_client *client = connect_client();
    oxp_reply *reply = command(client, "ECHO later");
    oxp_client_free(client);
    CHECK(text_is(reply, 0, "later"));
    oxp_reply_free(reply);
}

int main(void) {
    start();
    oxp_client *client = connect_client();
    scalars(client);
    aggregates(client);
    attributes(client);
    nested(client);
    wrong_use(client);
    keys(2);
    keys(3);
    oxp_client_free(client);
    resp2();
    outlives_the_client();
    return 0;
}
