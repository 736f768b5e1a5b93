/*
 * packed: a hundred commands handed to an event-loop client in one call. For bindings of languages from which each call is dear,
 * and for whoever has commands in this form anyway.
 *
 *     packed [URL]      default: redis://localhost:6379. The key "total" must not exist.
 */

#include <oxipipe/oxipipe.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define COMMANDS 100

/* All arguments end to end, and three lists: the length of each, how many each command has, and the commands' tokens. */
typedef struct {
    uint8_t bytes[COMMANDS * 32];
    uint32_t lens[COMMANDS * 3];
    uint32_t argcs[COMMANDS];
    uint64_t tokens[COMMANDS];
    size_t size, args, commands;
} Packed;

static void add_argument(Packed *packed, const char *text) {
    size_t len = strlen(text);
    memcpy(packed->bytes + packed->size, text, len);
    packed->size += len;
    packed->lens[packed->args++] = (uint32_t)len;
}

static void add_incrby(Packed *packed, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    add_argument(packed, "INCRBY");
    add_argument(packed, "total");
    add_argument(packed, text);
    packed->argcs[packed->commands] = 3;
    packed->tokens[packed->commands++] = number;
}

static oxp_status submit(oxp_async *client, const Packed *packed, oxp_error *err) {
    size_t queued;
    oxp_status status = oxp_async_submit_packed(client, packed->bytes, packed->size, packed->lens, packed->args,
        packed->argcs, packed->commands, packed->tokens, &queued, err);
    /* If one is refused, or the queue is full, those before it are queued, and those behind it are not. */
    printf("%d of %d queued\n", (int)queued, (int)packed->commands);
    return status;
}

/* Lets the client work until so many commands are complete; returns what the last of them made of the key. */
static oxp_status collect(oxp_async *client, size_t commands, uint64_t *total, oxp_error *err) {
    oxp_completions *batch;
    oxp_status status = oxp_completions_new(&batch);
    while (status == OXP_OK && commands > 0) {
        struct pollfd fd = {oxp_async_fd(client), POLLIN, 0};
        uint64_t ns = oxp_async_timeout_ns(client);
        poll(&fd, 1, ns == UINT64_MAX ? -1 : (int)(ns / 1000000 + 1));
        status = oxp_async_process(client, err);
        if (status == OXP_OK)
            status = oxp_async_next(client, batch, NULL, err);
        const oxp_completion *list;
        size_t count = oxp_completions_list(batch, &list);
        for (size_t i = 0; i < count && status == OXP_OK; i++) {
            status = oxp_completions_error(batch, i, err);
            if (status == OXP_OK && list[i].nodes->type == OXP_TYPE_INTEGER)
                *total = list[i].nodes->value;
        }
        commands -= count;
    }
    oxp_completions_free(batch);
    return status;
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";
    static Packed packed;
    oxp_error *err = NULL;
    oxp_options *options = NULL;
    oxp_async *client = NULL;
    uint64_t total = 0;

    oxp_status status = oxp_error_new(&err);
    if (status == OXP_OK)
        status = oxp_options_from_url(url, strlen(url), &options, err);
    if (status == OXP_OK)
        status = oxp_async_open(options, &client, err);
    oxp_options_free(options);
    for (uint64_t number = 1; number <= COMMANDS; number++)
        add_incrby(&packed, number);
    if (status == OXP_OK)
        status = submit(client, &packed, err);
    if (status == OXP_OK)
        status = collect(client, packed.commands, &total, err);

    if (status == OXP_OK)
        printf("the total is %" PRIu64 "\n", total);
    else
        fprintf(stderr, "%s: %s\n", url, oxp_error_text(err));
    oxp_async_free(client);
    oxp_error_free(err);
    return status != OXP_OK;
}
