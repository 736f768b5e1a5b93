/* oxipipe's event-loop client: a call for each command, or with --packed one for the whole batch. */
#include "bench_submit.h"

#include <oxipipe/oxipipe.h>
#include <poll.h>

typedef struct {
    oxp_async *async;
    oxp_completions *completions;
    oxp_error *error;
    const bench_field *fields;
    /* A batch as oxp_async_submit_packed wants it. */
    uint8_t *bytes;
    size_t len;
    uint32_t *lens, *argcs;
    uint64_t *tokens;
} client;

enum { ARGS = 3 };

static void must(client *c, oxp_status status, const char *what)
{
    if (status < 0)
        bench_fail(what, oxp_error_text(c->error));
}

static void pack(void *client_, size_t first, size_t end)
{
    client *c = client_;
    c->len = 0;
    for (size_t i = first, n = 0; i < end; i++, n++) {
        const oxp_slice args[ARGS] = {OXP_LITERAL("HGET"), OXP_LITERAL("words"), oxp_str(c->fields[i].text)};
        for (size_t k = 0; k < ARGS; k++) {
            memcpy(c->bytes + c->len, args[k].data, args[k].len);
            c->lens[n * ARGS + k] = (uint32_t)args[k].len;
            c->len += args[k].len;
        }
        c->argcs[n] = ARGS;
        c->tokens[n] = i;
    }
}

static void one_by_one(void *client_, size_t first, size_t end)
{
    client *c = client_;
    for (size_t i = first; i < end; i++) {
        oxp_slice args[ARGS] = {OXP_LITERAL("HGET"), OXP_LITERAL("words"),
            {(const uint8_t *)c->fields[i].text, c->fields[i].len}};
        must(c, oxp_async_submit(c->async, args, ARGS, i, c->error), "submit");
    }
}

static void packed(void *client_, size_t first, size_t end)
{
    client *c = client_;
    size_t count = end - first;
    must(c, oxp_async_submit_packed(c->async, c->bytes, c->len, c->lens, count * ARGS, c->argcs, count,
                c->tokens, NULL, c->error),
        "submit");
}

static void collect(void *client_, size_t first, size_t end)
{
    client *c = client_;
    for (size_t taken = 0, count = 0; taken < end - first; taken += count) {
        struct pollfd watched = {oxp_async_fd(c->async), POLLIN, 0};
        poll(&watched, 1, -1);
        must(c, oxp_async_process(c->async, c->error), "process");
        must(c, oxp_async_next(c->async, c->completions, &count, c->error), "next");
        const oxp_completion *list = NULL;
        oxp_completions_list(c->completions, &list);
        for (size_t i = 0; i < count; i++)
            if (list[i].status < 0 || list[i].node_count != 1 || list[i].nodes->type != OXP_TYPE_STRING)
                bench_fail("wrong reply", "unexpected type");
    }
}

int main(int argc, char **argv)
{
    bool is_packed = argc > 1 && !strcmp(argv[1], "--packed");
    bench_args args = bench_parse(argc - is_packed, argv + is_packed);
    char versions[64];
    snprintf(versions, sizeof versions, "{\"oxipipe (C)\": \"%s\"}", oxp_version());
    client c = {.fields = bench_fields(&args)};
    if (strcmp(args.task, "versions")) {
        oxp_options *options = NULL;
        if (oxp_error_new(&c.error) < 0 || oxp_options_new(&options) < 0)
            bench_fail("oxipipe", "no memory");
        must(&c, oxp_options_set_host(options, args.host, strlen(args.host)), "host");
        must(&c, oxp_options_set_port(options, (uint16_t)args.port), "port");
        must(&c, oxp_async_open(options, &c.async, c.error), "open");
        must(&c, oxp_completions_new(&c.completions), "completions");
        oxp_options_free(options);
        c.bytes = malloc(args.size * 64);
        c.lens = calloc(args.size, ARGS * sizeof *c.lens);
        c.argcs = calloc(args.size, sizeof *c.argcs);
        c.tokens = calloc(args.size, sizeof *c.tokens);
    }
    bench_submission submission = {
        &args, is_packed ? pack : NULL, is_packed ? packed : one_by_one, collect, &c};
    bench_measure(&args, bench_submissions, bench_clear_nothing, &submission, versions);
    oxp_completions_free(c.completions);
    oxp_async_free(c.async);
    oxp_error_free(c.error);
    return 0;
}
