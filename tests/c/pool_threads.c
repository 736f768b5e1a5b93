/* Several threads on one pool: submitting, consuming, and closing or cancelling under those that wait. */

#include "results.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define PRODUCERS 8
#define EACH 1000
#define TOTAL (PRODUCERS * EACH)

/* Set when the producers are done. */
static atomic_bool finished;

typedef struct {
    oxp_pool *pool;
    int number;
    bool *seen;      /* one per token, of all consumers */
    size_t received; /* by this consumer */
} Worker;

/* Tokens tell whose and which it was; so does the text that comes back. */
static void *produce(void *user_data) {
    Worker *worker = user_data;
    char line[64];
    for (int i = 0; i < EACH; i++) {
        int token = worker->number * EACH + i;
        snprintf(line, sizeof line, "ECHO value-%d", token);
        CHECK_STATUS(OXP_OK, pool_submit(worker->pool, line, (uint64_t)token));
    }
    return NULL;
}

/* Takes completions until there is nothing left to come. */
static void *consume(void *user_data) {
    Worker *worker = user_data;
    oxp_completions *batch;
    const oxp_completion *list;
    size_t count;
    char text[32];
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    for (;;) {
        bool over = atomic_load(&finished);
        oxp_status status = oxp_pool_next(worker->pool, batch, UINT64_MAX, &count, NULL);
        if (status == OXP_DONE) {
            if (over)
                break;
            /* Nothing outstanding at this moment: the producers are slower than we are. */
            sched_yield();
            continue;
        }
        CHECK_STATUS(OXP_OK, status);
        CHECK(count > 0 && oxp_completions_list(batch, &list) == count);
        for (size_t i = 0; i < count; i++) {
            CHECK_STATUS(OXP_OK, list[i].status);
            CHECK(list[i].token < TOTAL);
            snprintf(text, sizeof text, "value-%d", (int)list[i].token);
            CHECK(list[i].nodes->len == strlen(text));
            CHECK(memcmp(list[i].bytes + list[i].nodes->value, text, strlen(text)) == 0);
            CHECK(!worker->seen[list[i].token]);
            worker->seen[list[i].token] = true;
            worker->received++;
        }
    }
    oxp_completions_free(batch);
    return NULL;
}

/* Each completion reaches exactly one consumer. The queue is shorter than what is submitted, so producers wait for it. */
static void many(size_t consumers) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 500, 1 << 20));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 0));
    oxp_pool *pool = open_pool(options, 4);
    oxp_options_free(options);
    bool *seen = calloc(TOTAL, sizeof *seen);
    atomic_store(&finished, false);
    Worker producers[PRODUCERS], takers[2];
    pthread_t threads[PRODUCERS], taking[2];
    for (size_t i = 0; i < consumers; i++) {
        Worker taker = {pool, (int)i, seen, 0};
        takers[i] = taker;
        CHECK(pthread_create(&taking[i], NULL, consume, &takers[i]) == 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        Worker producer = {pool, i, NULL, 0};
        producers[i] = producer;
        CHECK(pthread_create(&threads[i], NULL, produce, &producers[i]) == 0);
    }
    for (int i = 0; i < PRODUCERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    /* Who waits for a completion while another one takes the last is told that nothing will come. */
    atomic_store(&finished, true);
    size_t received = 0;
    for (size_t i = 0; i < consumers; i++) {
        CHECK(pthread_join(taking[i], NULL) == 0);
        received += takers[i].received;
    }
    CHECK(received == TOTAL);
    free(seen);
    oxp_pool_free(pool);
}

static void *wait_for_completion(void *user_data) {
    oxp_completions *batch;
    const oxp_completion *list;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_OK, oxp_pool_next(user_data, batch, UINT64_MAX, &count, NULL));
    CHECK(count == 1 && oxp_completions_list(batch, &list) == 1);
    CHECK_STATUS(OXP_ERR_CLOSED, list->status);
    CHECK(list->token == 1 && list->outcome == OXP_OUTCOME_UNKNOWN);
    oxp_completions_free(batch);
    return NULL;
}

static void *wait_for_room(void *user_data) {
    oxp_error *err = new_error();
    oxp_slice ping = oxp_str("PING");
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_submit(user_data, &ping, 1, 2, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    oxp_error_free(err);
    return NULL;
}

static void *wait_for_all(void *user_data) {
    uint64_t failed;
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_flush(user_data, UINT64_MAX, &failed, NULL));
    CHECK(failed == 1);
    return NULL;
}

static void *wait_to_drain(void *user_data) {
    oxp_completions *batch;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_OK, oxp_pool_drain(user_data, batch, UINT64_MAX, &count, NULL));
    CHECK(count == 1);
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_completions_error(batch, 0, NULL));
    oxp_completions_free(batch);
    return NULL;
}

/* A pool whose whole queue is taken by one command, with token 1, that the server has and does not answer. */
static oxp_pool *stuck_pool(oxp_client *admin) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 1, 1 << 20));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 0));
    oxp_pool *pool = open_pool(options, 1);
    oxp_options_free(options);
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", 1));
    await_held(admin, 1);
    return pool;
}

/* Whatever a thread waits for, closing ends it. */
static void closing_wakes(void *(*wait)(void *), oxp_client *admin) {
    oxp_pool *pool = stuck_pool(admin);
    pthread_t thread;
    uint64_t unknown, not_applied;
    CHECK(pthread_create(&thread, NULL, wait, pool) == 0);
    CHECK_STATUS(OXP_OK, oxp_pool_close(pool, 0, &unknown, &not_applied, NULL));
    CHECK(unknown == 1 && not_applied == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    oxp_pool_free(pool);
    release_writers(admin);
    await_held(admin, 0);
}

static void *nothing_will_come(void *user_data) {
    oxp_completions *batch;
    size_t count;
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_DONE, oxp_pool_next(user_data, batch, UINT64_MAX, &count, NULL));
    CHECK_STATUS(OXP_OK, oxp_pool_drain(user_data, batch, UINT64_MAX, &count, NULL));
    CHECK(count == 0);
    oxp_completions_free(batch);
    return NULL;
}

static void *there_is_room(void *user_data) {
    CHECK_STATUS(OXP_OK, pool_submit(user_data, "ECHO text", OXP_TOKEN_NONE));
    return NULL;
}

static void *all_is_over(void *user_data) {
    CHECK_STATUS(OXP_OK, oxp_pool_flush(user_data, UINT64_MAX, NULL, NULL));
    return NULL;
}

/* What is cancelled is nothing to wait for any more. */
static void cancelling_wakes(void *(*wait)(void *), oxp_client *admin) {
    oxp_pool *pool = stuck_pool(admin);
    pthread_t thread;
    int32_t outcome;
    CHECK(pthread_create(&thread, NULL, wait, pool) == 0);
    CHECK_STATUS(OXP_OK, oxp_pool_cancel(pool, 1, &outcome, NULL));
    CHECK(outcome == OXP_OUTCOME_UNKNOWN);
    CHECK(pthread_join(thread, NULL) == 0);
    release_writers(admin);
    oxp_pool_free(pool);
    await_held(admin, 0);
}

typedef struct {
    oxp_pool *pool;
    atomic_size_t *accepted;
} Submitter;

static void *submit_until_closed(void *user_data) {
    Submitter *submitter = user_data;
    for (;;) {
        oxp_status status = pool_submit(submitter->pool, "INCR raced", 7);
        if (status != OXP_OK) {
            CHECK_STATUS(OXP_ERR_CLOSED, status);
            return NULL;
        }
        atomic_fetch_add(submitter->accepted, 1);
    }
}

/* Closed under threads that submit: whatever was accepted completes, and what the completions say is what the server did. */
static void closing_races(oxp_client *admin) {
    atomic_size_t accepted = 0;
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_client_name(options, "racing", 6));
    oxp_pool *pool = open_pool(options, 4);
    oxp_options_free(options);
    Submitter submitter = {pool, &accepted};
    pthread_t threads[4];
    oxp_completions *batch;
    const oxp_completion *list;
    size_t count, answered = 0;
    uint64_t unknown, not_applied, ended[2] = {0, 0};
    expect_text(admin, "SET raced 0", "OK");
    for (size_t i = 0; i < COUNT(threads); i++)
        CHECK(pthread_create(&threads[i], NULL, submit_until_closed, &submitter) == 0);
    while (atomic_load(&accepted) < 300)
        sched_yield();
    CHECK_STATUS(OXP_OK, oxp_pool_close(pool, 0, &unknown, &not_applied, NULL));
    for (size_t i = 0; i < COUNT(threads); i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    while (oxp_pool_next(pool, batch, UINT64_MAX, &count, NULL) == OXP_OK)
        for (size_t i = 0; i < oxp_completions_list(batch, &list); i++) {
            CHECK(list[i].token == 7);
            if (list[i].status == OXP_OK) {
                answered++;
            } else {
                CHECK_STATUS(OXP_ERR_CLOSED, list[i].status);
                ended[list[i].outcome == OXP_OUTCOME_UNKNOWN]++;
            }
        }
    CHECK(answered + ended[0] + ended[1] == atomic_load(&accepted));
    CHECK(ended[0] == not_applied && ended[1] == unknown);
    oxp_completions_free(batch);
    oxp_pool_free(pool);

    /* Once the server has noticed that the connections are gone, nothing changes any more. */
    for (bool gone = false; !gone;) {
        oxp_reply *reply = command(admin, "CLIENT LIST");
        const uint8_t *text;
        size_t len;
        char clients[8192];
        CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, &len));
        CHECK(snprintf(clients, sizeof clients, "%.*s", (int)len, (const char *)text) < (int)sizeof clients);
        gone = strstr(clients, " name=racing ") == NULL;
        oxp_reply_free(reply);
    }
    oxp_reply *reply = command(admin, "INCRBY raced 0");
    CHECK(integer(reply, 0) >= (int64_t)answered && integer(reply, 0) <= (int64_t)(answered + unknown));
    oxp_reply_free(reply);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    many(1);
    many(2);
    for (int round = 0; round < 10; round++) {
        closing_wakes(wait_for_completion, admin);
        closing_wakes(wait_for_room, admin);
        closing_wakes(wait_for_all, admin);
        closing_wakes(wait_to_drain, admin);
        cancelling_wakes(nothing_will_come, admin);
        cancelling_wakes(there_is_room, admin);
        cancelling_wakes(all_is_over, admin);
        closing_races(admin);
    }
    oxp_client_free(admin);
    return 0;
}
