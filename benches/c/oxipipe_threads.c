/* oxipipe's C library in a threaded C program: one client for all threads. */
#include "bench_threads.h"

#include <oxipipe/oxipipe.h>

typedef struct {
    const bench_args *args;
    const bench_field *fields;
    oxp_client *conn;
    size_t threads;
    bool hset;
} client;

static void must(oxp_error *error, oxp_status status, const char *what)
{
    if (status < 0) {
        const uint8_t *text = NULL;
        size_t len = 0;
        oxp_error_message(error, &text, &len);
        fprintf(stderr, "%s: %.*s\n", what, (int)len, (const char *)text);
        exit(1);
    }
}

static size_t arguments(const client *c, size_t i, oxp_slice *args)
{
    args[0] = (oxp_slice){(const uint8_t *)(c->hset ? "HSET" : "HGET"), 4};
    args[1] = (oxp_slice){(const uint8_t *)"words", 5};
    args[2] = (oxp_slice){(const uint8_t *)c->fields[i].text, c->fields[i].len};
    args[3] = (oxp_slice){(const uint8_t *)"1", 1};
    return c->hset ? 4 : 3;
}

static void *calls(void *share_)
{
    const bench_share *share = share_;
    const client *c = share->client;
    oxp_error *error = NULL;
    oxp_slice args[4];
    if (oxp_error_new(&error) < 0)
        bench_fail("oxipipe", "no error object");
    for (size_t i = share->first; i < share->end; i++) {
        size_t argc = arguments(c, i, args);
        oxp_reply *reply = NULL;
        const oxp_node *nodes;
        const uint8_t *bytes;
        size_t count, len;
        must(error, oxp_client_command(c->conn, args, argc, &reply, error), "command");
        oxp_reply_nodes(reply, &nodes, &count);
        oxp_reply_bytes(reply, &bytes, &len);
        bool good = c->hset ? nodes->type == OXP_TYPE_INTEGER
                            : nodes->type == OXP_TYPE_STRING && nodes->len == 1
                && bytes[nodes->value] == '1';
        if (count != 1 || !good)
            bench_fail("wrong reply", "unexpected type or value");
        oxp_reply_free(reply);
    }
    oxp_error_free(error);
    return NULL;
}

static void run(void *client_)
{
    const client *c = client_;
    bench_share_out(c->threads, c->args->count, client_, calls);
}

static void clear(void *client_)
{
    const client *c = client_;
    const oxp_slice args[2] = {{(const uint8_t *)"DEL", 3}, {(const uint8_t *)"words", 5}};
    oxp_reply *reply = NULL;
    if (oxp_client_command(c->conn, args, 2, &reply, NULL) < 0)
        bench_fail("DEL", "failed");
    oxp_reply_free(reply);
}

int main(int argc, char **argv)
{
    size_t threads = bench_thread_count(&argc, argv);
    bench_args args = bench_parse(argc, argv);
    char versions[64], url[128];
    snprintf(versions, sizeof versions, "{\"oxipipe (C)\": \"%s\"}", oxp_version());
    client c = {&args, bench_fields(&args), NULL, threads, !strcmp(args.op, "hset")};
    if (strcmp(args.task, "versions")) {
        oxp_error *error = NULL;
        snprintf(url, sizeof url, "redis://%s:%d", args.host, args.port);
        if (args.spin_us >= 0)
            snprintf(url + strlen(url), sizeof url - strlen(url), "?spin_us=%ld", args.spin_us);
        if (oxp_error_new(&error) < 0)
            bench_fail("oxipipe", "no error object");
        must(error, oxp_connect(url, strlen(url), &c.conn, error), "connect");
        oxp_error_free(error);
    }
    bench_measure(&args, run, clear, &c, versions);
    oxp_client_free(c.conn);
    return 0;
}
