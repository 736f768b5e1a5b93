/*
 * async_poll: increments a counter 300 times, a hundred commands in flight, from the small loop that comes with oxipipe. One command is taken
 * back before it leaves.
 *
 *     async_poll [URL]      default: redis://localhost:6379. The key "counter" must not exist.
 */

#include <oxipipe/adapters/poll.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TOTAL 300
#define IN_FLIGHT 100

typedef struct {
    oxp_async *client;
    oxp_poll_client *watch;
    uint64_t sent;
    uint64_t received;
    int failed;
} Counter;

/* Queues the next command. The token comes back with its completion: here, the reply that we expect. */
static void submit_next(Counter *counter) {
    const oxp_slice incr[] = {OXP_LITERAL("INCR"), OXP_LITERAL("counter")};
    oxp_status status = oxp_async_submit(counter->client, incr, 2, ++counter->sent, NULL);
    if (status < 0) {
        fprintf(stderr, "submit: %s\n", oxp_status_name(status));
        counter->failed = 1;
    }
}

/* Called from the loop, once for each command that is complete. */
static void on_completion(void *user_data, const oxp_completion *completion, const oxp_completions *batch, size_t index) {
    Counter *counter = (Counter *)user_data;
    (void)batch;
    (void)index;
    /* The reply lies in the batch; a number needs no more than its node. */
    if (completion->status != OXP_OK || completion->nodes[0].type != OXP_TYPE_INTEGER
        || completion->nodes[0].value != completion->token) {
        fprintf(stderr, "command %" PRIu64 ": %s\n", completion->token, oxp_status_name(completion->status));
        counter->failed = 1;
    }
    counter->received++;
    if (counter->sent < TOTAL)
        submit_next(counter);
    if (counter->received == TOTAL || counter->failed) {
        printf("%" PRIu64 " replies\n", counter->received);
        oxp_poll_detach(counter->watch); /* nothing is left on the loop, so it ends */
    }
}

static void on_failure(void *user_data, oxp_status status, const oxp_error *err) {
    Counter *counter = (Counter *)user_data;
    const uint8_t *text;
    size_t len;
    oxp_error_message(err, &text, &len);
    fprintf(stderr, "%s: %.*s\n", oxp_status_name(status), (int)len, (const char *)text);
    counter->failed = 1;
    oxp_poll_detach(counter->watch); /* nothing is left on the loop, so it ends */
}

/* Fills the pipe, and takes one command back before it has left: it never happened, and no completion comes. */
static void start(Counter *counter) {
    const oxp_slice set[] = {OXP_LITERAL("SET"), OXP_LITERAL("counter"), OXP_LITERAL("spoilt")};
    int32_t outcome = OXP_OUTCOME_NONE;
    while (counter->sent < IN_FLIGHT)
        submit_next(counter);
    if (oxp_async_submit(counter->client, set, 3, TOTAL + 1, NULL) < 0
        || oxp_async_cancel(counter->client, TOTAL + 1, &outcome, NULL) != OXP_OK)
        counter->failed = 1;
    printf("cancelled: %s\n", oxp_outcome_name(outcome));
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";
    Counter counter = {0};
    oxp_options *options;
    oxp_status status = oxp_options_from_url(url, strlen(url), &options, NULL);
    if (status == OXP_OK)
        status = oxp_async_open(options, &counter.client, NULL);
    oxp_options_free(options);

    oxp_poll *loop = NULL;
    if (status == OXP_OK)
        status = oxp_poll_new(&loop);
    if (status == OXP_OK)
        status = oxp_poll_attach(loop, counter.client, on_completion, on_failure, &counter, &counter.watch);
    if (status == OXP_OK) {
        start(&counter);
        status = oxp_poll_run(loop);
    }
    if (status != OXP_OK) {
        fprintf(stderr, "%s: %s\n", url, oxp_status_name(status));
        counter.failed = 1;
    }
    oxp_poll_free(loop);
    oxp_async_free(counter.client);
    return counter.failed;
}
