/* hiredis: each command is appended to the output buffer. */
#include "bench_submit.h"

#include <hiredis/hiredis.h>

typedef struct {
    redisContext *conn;
    const bench_field *fields;
} client;

static void append(void *client_, size_t first, size_t end)
{
    client *c = client_;
    const char *argv[] = {"HGET", "words", NULL};
    size_t lens[] = {4, 5, 0};
    for (size_t i = first; i < end; i++) {
        argv[2] = c->fields[i].text, lens[2] = c->fields[i].len;
        if (redisAppendCommandArgv(c->conn, 3, argv, lens) != REDIS_OK)
            bench_fail("append", c->conn->errstr);
    }
}

static void collect(void *client_, size_t first, size_t end)
{
    client *c = client_;
    for (size_t i = first; i < end; i++) {
        void *reply = NULL;
        if (redisGetReply(c->conn, &reply) != REDIS_OK || ((redisReply *)reply)->type != REDIS_REPLY_STRING)
            bench_fail("wrong reply", c->conn->errstr);
        freeReplyObject(reply);
    }
}

int main(int argc, char **argv)
{
    bench_args args = bench_parse(argc, argv);
    char versions[64];
    snprintf(versions, sizeof versions, "{\"hiredis (C)\": \"%d.%d.%d\"}", HIREDIS_MAJOR,
        HIREDIS_MINOR, HIREDIS_PATCH);
    client c = {NULL, bench_fields(&args)};
    if (strcmp(args.task, "versions")) {
        c.conn = redisConnect(args.host, args.port);
        if (!c.conn || c.conn->err)
            bench_fail("connect", c.conn ? c.conn->errstr : "out of memory");
    }
    bench_submission submission = {&args, NULL, append, collect, &c};
    bench_measure(&args, bench_submissions, bench_clear_nothing, &submission, versions);
    if (c.conn)
        redisFree(c.conn);
    return 0;
}
