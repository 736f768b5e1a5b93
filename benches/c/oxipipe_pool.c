/* oxipipe's C pool, as a C program would use it that wants many commands done and no reply for
 * itself (HSET), or the replies as they come (HGET). Beside the options of bench.h it takes
 * --connections N and --window N, the number of commands outstanding at most. */
#include "bench.h"

#include <oxipipe/oxipipe.h>

typedef struct {
    const bench_args *args;
    const bench_field *fields;
    oxp_pool *pool;
    oxp_completions *batch;
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

/* Queues everything and waits at the barrier, which fails if one of them did. */
static void writes(void *client_)
{
    client *c = client_;
    oxp_slice args[4];
    uint64_t failed = 0;
    for (size_t i = 0; i < c->args->count; i++) {
        size_t argc = arguments(c, i, args);
        must(c, oxp_pool_submit(c->pool, args, argc, OXP_TOKEN_NONE, c->error), "submit");
    }
    must(c, oxp_pool_flush(c->pool, UINT64_MAX, &failed, c->error), "flush");
    if (failed)
        bench_fail("flush", "some commands failed");
}

/* Looks at every reply of the batch. Returns how many there were. */
static size_t check(client *c)
{
    const oxp_completion *list = NULL;
    size_t count = oxp_completions_list(c->batch, &list);
    for (size_t i = 0; i < count; i++) {
        const oxp_node *n = list[i].nodes;
        if (list[i].status < 0)
            must(c, oxp_completions_error(c->batch, i, c->error), "command");
        if (list[i].node_count != 1 || n->type != OXP_TYPE_STRING || n->len != 1
            || list[i].bytes[n->value] != '1')
            bench_fail("wrong reply", "unexpected type or value");
    }
    return count;
}

/* Takes replies whenever the pool is full of them, and the rest at the end. */
static void reads(void *client_)
{
    client *c = client_;
    oxp_slice args[4];
    size_t seen = 0, taken = 0;
    for (size_t i = 0; i < c->args->count; i++) {
        size_t argc = arguments(c, i, args);
        for (;;) {
            oxp_status status = oxp_pool_try_submit(c->pool, args, argc, i, c->error);
            must(c, status, "submit");
            if (status != OXP_FULL)
                break;
            must(c, oxp_pool_next(c->pool, c->batch, UINT64_MAX, &taken, c->error), "next");
            seen += check(c);
        }
    }
    while (seen < c->args->count) {
        oxp_status status = oxp_pool_drain(c->pool, c->batch, UINT64_MAX, &taken, c->error);
        must(c, status, "drain");
        if (taken == 0)
            bench_fail("pool", "fewer completions than commands");
        seen += check(c);
    }
}

/* A pool has no use for --fresh: the harness empties the server between measurements. */
static void clear(void *client_)
{
    (void)client_;
    bench_fail("--fresh", "not for a pool");
}

/* Takes the option's number out of the arguments, which bench_parse does not know. */
static uint32_t number(int *argc, char **argv, const char *option, uint32_t otherwise)
{
    for (int i = 1; i + 1 < *argc; i++) {
        if (strcmp(argv[i], option))
            continue;
        uint32_t found = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        memmove(argv + i, argv + i + 2, (size_t)(*argc - i - 2) * sizeof *argv);
        *argc -= 2;
        return found;
    }
    return otherwise;
}

static void open_pool(client *c, uint32_t connections, uint32_t window)
{
    oxp_options *options = NULL;
    if (oxp_error_new(&c->error) < 0)
        bench_fail("oxipipe", "no error object");
    if (oxp_options_new(&options) < 0)
        bench_fail("oxipipe", "no options");
    if (oxp_options_set_host(options, c->args->host, strlen(c->args->host)) < 0
        || oxp_options_set_port(options, (uint16_t)c->args->port) < 0)
        bench_fail("oxipipe", "host or port");
    if (window && oxp_options_set_queue_limits(options, window, UINT64_C(64) << 20) < 0)
        bench_fail("oxipipe", "window");
    must(c, oxp_pool_open(options, connections, &c->pool, c->error), "pool");
    must(c, oxp_pool_connect(c->pool, c->error), "connect");
    if (oxp_completions_new(&c->batch) < 0)
        bench_fail("oxipipe", "no completions");
    oxp_options_free(options);
}

int main(int argc, char **argv)
{
    uint32_t connections = number(&argc, argv, "--connections", 10);
    uint32_t window = number(&argc, argv, "--window", 0);
    bench_args args = bench_parse(argc, argv);
    char versions[64];
    snprintf(versions, sizeof versions, "{\"oxipipe (C)\": \"%s\"}", oxp_version());
    client c = {&args, bench_fields(&args), NULL, NULL, NULL, !strcmp(args.op, "hset")};
    if (strcmp(args.task, "versions"))
        open_pool(&c, connections, window);
    bench_measure(&args, c.hset ? writes : reads, clear, &c, versions);
    oxp_completions_free(c.batch);
    oxp_pool_free(c.pool);
    oxp_error_free(c.error);
    return 0;
}
