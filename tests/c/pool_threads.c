/* Several threads on one pool: submitting, consuming, and closing under those that wait. */

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
    oxp_slice ping = slice("PING");
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

/* Whatever a thread waits for, closing ends it, with the whole queue taken by one command that is never answered. */
static void closing_wakes(void *(*wait)(void *), oxp_client *admin) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 1, 1 << 20));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 0));
    oxp_pool *pool = open_pool(options, 1);
    oxp_options_free(options);
    pthread_t thread;
    uint64_t unknown, not_applied;
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", 1));
    await_held(admin, 1);
    CHECK(pthread_create(&thread, NULL, wait, pool) == 0);
    CHECK_STATUS(OXP_OK, oxp_pool_close(pool, 0, &unknown, &not_applied, NULL));
    CHECK(unknown == 1 && not_applied == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    oxp_pool_free(pool);
    release_writers(admin);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    many(1);
    many(2);
    closing_wakes(wait_for_completion, admin);
    closing_wakes(wait_for_room, admin);
    closing_wakes(wait_for_all, admin);
    oxp_client_free(admin);
    return 0;
}
