/* hiredis as a threaded C program has to use it: a connection for each thread. */
#include "bench_threads.h"

#include <hiredis/hiredis.h>

typedef struct {
    const bench_args *args;
    const bench_field *fields;
    redisContext **conns;
    size_t threads;
    bool hset;
} client;

static int arguments(const client *c, size_t i, const char **argv, size_t *lens)
{
    argv[0] = c->hset ? "HSET" : "HGET", lens[0] = 4;
    argv[1] = "words", lens[1] = 5;
    argv[2] = c->fields[i].text, lens[2] = c->fields[i].len;
    argv[3] = "1", lens[3] = 1;
    return c->hset ? 4 : 3;
}

static void *calls(void *share_)
{
    const bench_share *share = share_;
    const client *c = share->client;
    redisContext *conn = c->conns[share->thread];
    const char *argv[4];
    size_t lens[4];
    for (size_t i = share->first; i < share->end; i++) {
        int argc = arguments(c, i, argv, lens);
        redisReply *reply = redisCommandArgv(conn, argc, argv, lens);
        if (!reply)
            bench_fail("hiredis", conn->errstr);
        bool good = c->hset
            ? reply->type == REDIS_REPLY_INTEGER
            : reply->type == REDIS_REPLY_STRING && reply->len == 1 && reply->str[0] == '1';
        if (!good)
            bench_fail("wrong reply", reply->str);
        freeReplyObject(reply);
    }
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
    freeReplyObject(redisCommand(c->conns[0], "DEL words"));
}

int main(int argc, char **argv)
{
    size_t threads = bench_thread_count(&argc, argv);
    bench_args args = bench_parse(argc, argv);
    char versions[64];
    snprintf(versions, sizeof versions, "{\"hiredis (C)\": \"%d.%d.%d\"}", HIREDIS_MAJOR,
        HIREDIS_MINOR, HIREDIS_PATCH);
    client c = {&args, bench_fields(&args), calloc(threads, sizeof *c.conns), threads,
        !strcmp(args.op, "hset")};
    for (size_t i = 0; i < threads && strcmp(args.task, "versions"); i++) {
        c.conns[i] = redisConnect(args.host, args.port);
        if (!c.conns[i] || c.conns[i]->err)
            bench_fail("connect", c.conns[i] ? c.conns[i]->errstr : "out of memory");
    }
    bench_measure(&args, run, clear, &c, versions);
    for (size_t i = 0; i < threads; i++)
        if (c.conns[i])
            redisFree(c.conns[i]);
    free(c.conns);
    return 0;
}
