/* hiredis as a C program would use it: append the commands, then fetch the replies. */
#include "bench.h"

#include <hiredis/hiredis.h>

typedef struct {
    const bench_args *args;
    const bench_field *fields;
    redisContext *conn;
    bool hset;
} client;

static void check(client *c, redisReply *reply)
{
    if (!reply)
        bench_fail("hiredis", c->conn->errstr);
    bool good = c->hset ? reply->type == REDIS_REPLY_INTEGER
                        : reply->type == REDIS_REPLY_STRING && reply->len == 1 && reply->str[0] == '1';
    if (!good)
        bench_fail("wrong reply", reply->str);
    freeReplyObject(reply);
}

static int arguments(const client *c, size_t i, const char **argv, size_t *lens)
{
    argv[0] = c->hset ? "HSET" : "HGET", lens[0] = 4;
    argv[1] = "words", lens[1] = 5;
    argv[2] = c->fields[i].text, lens[2] = c->fields[i].len;
    argv[3] = "1", lens[3] = 1;
    return c->hset ? 4 : 3;
}

static void pipelines(void *client_)
{
    client *c = client_;
    const char *argv[4];
    size_t lens[4], count = c->args->count, size = c->args->size;
    for (size_t start = 0; start < count; start += size) {
        size_t end = start + size < count ? start + size : count;
        for (size_t i = start; i < end; i++) {
            int argc = arguments(c, i, argv, lens);
            if (redisAppendCommandArgv(c->conn, argc, argv, lens) != REDIS_OK)
                bench_fail("append", c->conn->errstr);
        }
        for (size_t i = start; i < end; i++) {
            void *reply = NULL;
            redisGetReply(c->conn, &reply);
            check(c, reply);
        }
    }
}

static void calls(void *client_)
{
    client *c = client_;
    const char *argv[4];
    size_t lens[4];
    for (size_t i = 0; i < c->args->count; i++) {
        int argc = arguments(c, i, argv, lens);
        check(c, redisCommandArgv(c->conn, argc, argv, lens));
    }
}

static void clear(void *client_)
{
    client *c = client_;
    freeReplyObject(redisCommand(c->conn, "DEL words"));
}

int main(int argc, char **argv)
{
    bench_args args = bench_parse(argc, argv);
    char versions[64];
    snprintf(versions, sizeof versions, "{\"hiredis (C)\": \"%d.%d.%d\"}", HIREDIS_MAJOR,
        HIREDIS_MINOR, HIREDIS_PATCH);
    client c = {&args, bench_fields(&args), NULL, !strcmp(args.op, "hset")};
    if (strcmp(args.task, "versions")) {
        c.conn = redisConnect(args.host, args.port);
        if (!c.conn || c.conn->err)
            bench_fail("connect", c.conn ? c.conn->errstr : "out of memory");
    }
    bench_measure(&args, strcmp(args.task, "calls") ? pipelines : calls, clear, &c, versions);
    if (c.conn)
        redisFree(c.conn);
    return 0;
}
