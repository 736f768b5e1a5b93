/* oxipipe's C library, as a C program would use it. */
#include "bench.h"

#include <oxipipe/oxipipe.h>

typedef struct {
    const bench_args *args;
    const bench_field *fields;
    oxp_client *conn;
    oxp_pipeline *pipeline;
    oxp_error *error;
    bool hset;
} client;

static void must(client *c, oxp_status status, const char *what)
{
    if (status < 0) {
        const uint8_t *text = NULL;
        size_t len = 0;
        oxp_error_message(c->error, &text, &len);
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

/* Looks at every reply, as the hiredis program does. Returns how many there were. */
static size_t check(client *c, oxp_reply *reply, size_t first)
{
    const oxp_node *nodes;
    const uint8_t *bytes;
    size_t count, len;
    oxp_reply_nodes(reply, &nodes, &count);
    oxp_reply_bytes(reply, &bytes, &len);
    for (size_t i = first; i < count; i++) {
        const oxp_node *n = &nodes[i];
        bool good = c->hset ? n->type == OXP_TYPE_INTEGER
                            : n->type == OXP_TYPE_STRING && n->len == 1 && bytes[n->value] == '1';
        if (!good)
            bench_fail("wrong reply", "unexpected type or value");
    }
    oxp_reply_free(reply);
    return count - first;
}

static void pipelines(void *client_)
{
    client *c = client_;
    oxp_slice args[4];
    size_t count = c->args->count, size = c->args->size;
    for (size_t start = 0; start < count; start += size) {
        size_t end = start + size < count ? start + size : count;
        oxp_reply *reply = NULL;
        for (size_t i = start; i < end; i++) {
            size_t argc = arguments(c, i, args);
            must(c, oxp_pipeline_add_command(c->pipeline, args, argc, c->error), "add");
        }
        must(c, oxp_pipeline_execute(c->pipeline, &reply, c->error), "execute");
        if (check(c, reply, 1) != end - start)
            bench_fail("pipeline", "wrong number of replies");
    }
}

static void calls(void *client_)
{
    client *c = client_;
    oxp_slice args[4];
    for (size_t i = 0; i < c->args->count; i++) {
        size_t argc = arguments(c, i, args);
        oxp_reply *reply = NULL;
        must(c, oxp_client_command(c->conn, args, argc, &reply, c->error), "command");
        check(c, reply, 0);
    }
}

static void clear(void *client_)
{
    client *c = client_;
    const oxp_slice args[2] = {{(const uint8_t *)"DEL", 3}, {(const uint8_t *)"words", 5}};
    oxp_reply *reply = NULL;
    must(c, oxp_client_command(c->conn, args, 2, &reply, c->error), "DEL");
    oxp_reply_free(reply);
}

int main(int argc, char **argv)
{
    bench_args args = bench_parse(argc, argv);
    char versions[64], url[128];
    snprintf(versions, sizeof versions, "{\"oxipipe (C)\": \"%s\"}", oxp_version());
    client c = {&args, bench_fields(&args), NULL, NULL, NULL, !strcmp(args.op, "hset")};
    if (strcmp(args.task, "versions")) {
        snprintf(url, sizeof url, "redis://%s:%d", args.host, args.port);
        if (args.spin_us >= 0)
            snprintf(url + strlen(url), sizeof url - strlen(url), "?spin_us=%ld", args.spin_us);
        if (oxp_error_new(&c.error) < 0)
            bench_fail("oxipipe", "no error object");
        must(&c, oxp_connect(url, strlen(url), &c.conn, c.error), "connect");
        must(&c, oxp_pipeline_new(c.conn, &c.pipeline, c.error), "pipeline");
    }
    bench_measure(&args, strcmp(args.task, "calls") ? pipelines : calls, clear, &c, versions);
    oxp_pipeline_free(c.pipeline);
    oxp_client_free(c.conn);
    oxp_error_free(c.error);
    return 0;
}
