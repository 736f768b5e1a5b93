/* Cancelling at random, very often: no reply is shifted, no command is lost or counted twice, no connection breaks. */

#include "results.h"

/* Under valgrind, which is fifty times slower, fewer have to do. It announces itself in the environment. */
static int rounds(void) {
    const char *preload = getenv("LD_PRELOAD");
    return preload != NULL && strstr(preload, "vgpreload") != NULL ? 3000 : 100000;
}

/* The same sequence every time (xorshift). */
static uint32_t random_below(uint32_t limit) {
    static uint32_t state = 20240229;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

/* The last submission, or one of the fifty before it. */
static uint64_t recent(uint32_t last) {
    return random_below(2) == 0 ? last : last - random_below(last < 50 ? last + 1 : 50);
}

/* What became of each command, and how often the server must have counted. */
typedef struct {
    enum { OUTSTANDING, COMPLETE, CANCELLED } *state;
    uint64_t complete, unknown, not_applied;
} Ledger;

/* Every completion is of a command that was not cancelled and has not completed before, and has that command's reply. */
static void enter(Ledger *ledger, const oxp_completions *batch) {
    const oxp_completion *list;
    char text[32];
    size_t count = oxp_completions_list(batch, &list);
    for (size_t i = 0; i < count; i++) {
        CHECK_STATUS(OXP_OK, list[i].status);
        CHECK(ledger->state[list[i].token] == OUTSTANDING);
        ledger->state[list[i].token] = COMPLETE;
        ledger->complete++;
        snprintf(text, sizeof text, "value-%d", (int)list[i].token);
        const oxp_node *echoed = list[i].nodes + (list[i].replies == 1 ? 0 : 1);
        CHECK(echoed->type == OXP_TYPE_STRING && echoed->len == strlen(text));
        CHECK(memcmp(list[i].bytes + echoed->value, text, strlen(text)) == 0);
    }
}

static void strike_out(Ledger *ledger, uint64_t token, oxp_status status, int32_t outcome) {
    if (status == OXP_DONE) {
        /* It may be complete without our having taken it. */
        return;
    }
    CHECK_STATUS(OXP_OK, status);
    CHECK(ledger->state[token] == OUTSTANDING);
    CHECK(outcome == OXP_OUTCOME_NOT_APPLIED || outcome == OXP_OUTCOME_UNKNOWN);
    ledger->state[token] = CANCELLED;
    ledger->unknown += outcome == OXP_OUTCOME_UNKNOWN;
    ledger->not_applied += outcome == OXP_OUTCOME_NOT_APPLIED;
}

/* Counts, and says which it was. */
static void fill(oxp_pipeline *pipeline, uint64_t token) {
    char line[64];
    snprintf(line, sizeof line, "ECHO value-%d", (int)token);
    CHECK_STATUS(OXP_OK, add(pipeline, "INCR counter"));
    CHECK_STATUS(OXP_OK, add(pipeline, line));
}

static int64_t connections_so_far(oxp_client *admin) {
    oxp_reply *reply = command(admin, "INFO stats");
    const uint8_t *text;
    size_t len;
    char info[4096];
    CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, &len));
    snprintf(info, sizeof info, "%.*s", (int)len, (const char *)text);
    const char *line = strstr(info, "total_connections_received:");
    CHECK(line != NULL);
    oxp_reply_free(reply);
    return strtoll(strchr(line, ':') + 1, NULL, 10);
}

/* Whatever was cancelled after it had left is applied as well, sooner or later: asking is the wait. */
static void check(const Ledger *ledger, int total, oxp_client *admin) {
    int64_t wanted = (int64_t)(ledger->complete + ledger->unknown), counted = -1;
    CHECK(ledger->complete + ledger->unknown + ledger->not_applied == (uint64_t)total);
    while (counted < wanted) {
        oxp_reply *reply = command(admin, "INCRBY counter 0");
        counted = integer(reply, 0);
        oxp_reply_free(reply);
    }
    CHECK(counted == wanted);
    expect_text(admin, "SET counter 0", "OK");
    free(ledger->state);
}

static void on_a_loop(oxp_client *admin) {
    oxp_async *client = server_async();
    oxp_completions *batch;
    oxp_pipeline *pipeline;
    int total = rounds();
    Ledger ledger = {calloc((size_t)total, sizeof *ledger.state), 0, 0, 0};
    size_t count;
    int32_t outcome;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_OK, oxp_pipeline_new_detached(false, &pipeline, NULL));
    oxp_reply_free(round_trip(client, "SET counter 0"));
    int64_t connections = connections_so_far(admin);
    for (int i = 0; i < total; i++) {
        fill(pipeline, (uint64_t)i);
        CHECK_STATUS(OXP_OK, oxp_async_submit_pipeline(client, pipeline, (uint64_t)i, NULL));
        if (random_below(2) == 0) {
            uint64_t token = recent((uint32_t)i);
            oxp_status status = oxp_async_cancel(client, token, &outcome, NULL);
            strike_out(&ledger, token, status, outcome);
        }
        if (random_below(8) == 0) {
            CHECK_STATUS(OXP_OK, oxp_async_process(client, NULL));
            CHECK_STATUS(OXP_OK, oxp_async_next(client, batch, &count, NULL));
            enter(&ledger, batch);
        }
    }
    while (ledger.complete + ledger.unknown + ledger.not_applied < (uint64_t)total) {
        wait_for(client);
        CHECK_STATUS(OXP_OK, oxp_async_process(client, NULL));
        CHECK_STATUS(OXP_OK, oxp_async_next(client, batch, &count, NULL));
        enter(&ledger, batch);
    }
    /* Nothing leaves before the next turn, so what was submitted last can always be taken back. */
    CHECK(ledger.not_applied > (uint64_t)total / 10);
    check(&ledger, total, admin);
    CHECK(connections_so_far(admin) == connections);
    oxp_pipeline_free(pipeline);
    oxp_completions_free(batch);
    oxp_async_free(client);
}

static void on_a_pool(oxp_client *admin) {
    oxp_pool *pool = server_pool(4);
    oxp_completions *batch;
    oxp_pipeline *pipeline;
    int total = rounds();
    Ledger ledger = {calloc((size_t)total, sizeof *ledger.state), 0, 0, 0};
    size_t count;
    int32_t outcome;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_OK, oxp_pipeline_new_detached(false, &pipeline, NULL));
    CHECK_STATUS(OXP_OK, oxp_pool_connect(pool, NULL));
    int64_t connections = connections_so_far(admin);
    for (int i = 0; i < total; i++) {
        fill(pipeline, (uint64_t)i);
        CHECK_STATUS(OXP_OK, oxp_pool_submit_pipeline(pool, pipeline, (uint64_t)i, NULL));
        if (random_below(2) == 0) {
            uint64_t token = recent((uint32_t)i);
            oxp_status status = oxp_pool_cancel(pool, token, &outcome, NULL);
            strike_out(&ledger, token, status, outcome);
        }
        if (random_below(8) == 0 && oxp_pool_next(pool, batch, 0, &count, NULL) == OXP_OK)
            enter(&ledger, batch);
    }
    CHECK_STATUS(OXP_OK, oxp_pool_drain(pool, batch, UINT64_MAX, &count, NULL));
    enter(&ledger, batch);
    check(&ledger, total, admin);
    CHECK(connections_so_far(admin) == connections);
    oxp_pipeline_free(pipeline);
    oxp_completions_free(batch);
    oxp_pool_free(pool);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    on_a_loop(admin);
    on_a_pool(admin);
    oxp_client_free(admin);
    return 0;
}
