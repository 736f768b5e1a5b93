/* Pools when something goes wrong: bad arguments, full queues, deadlines, closing, servers that go or never were. */

#include "results.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void wrong_use(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_pool *pool = (oxp_pool *)options;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_open(NULL, 1, &pool, err));
    CHECK(pool == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_open(options, 1, NULL, err));
    pool = (oxp_pool *)options;
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_open(options, 0, &pool, err));
    CHECK(pool == NULL);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_open(options, UINT32_MAX, &pool, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_ordered_results(NULL, true));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_key_affinity(NULL, true));
    oxp_pool_free(NULL);

    pool = open_pool(options, 2);
    oxp_completions *batch;
    oxp_pipeline *pipeline;
    oxp_slice args[] = {oxp_str("GET"), {NULL, 3}};
    uint32_t lens[] = {3, 3};
    const uint8_t *bytes = (const uint8_t *)"GETkey";
    uint64_t unknown = 7, not_applied = 7, failed = 7;
    int32_t outcome = 7;
    size_t count = 7, submitted = 7;
    const uint32_t argcs[] = {2};
    const uint64_t tokens[] = {1};
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_connect(NULL, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit(NULL, args, 1, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit(pool, NULL, 1, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit(pool, args, 0, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit(pool, args, 2, 1, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit(NULL, args, 1, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit(pool, args, 2, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_packed(NULL, bytes, 6, lens, 2, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_packed(pool, NULL, 6, lens, 2, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_packed(pool, bytes, 6, NULL, 2, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_packed(pool, bytes, 5, lens, 2, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_packed(pool, bytes, 0, lens, 0, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit_packed(NULL, bytes, 6, lens, 2, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit_packed(pool, bytes, 5, lens, 2, argcs, 1, tokens, &submitted, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit_pipeline(NULL, pipeline, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit_pipeline(pool, NULL, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_try_submit_pipeline(pool, pipeline, 1, err)); /* empty */
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_retract(NULL, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_retract(pool, OXP_TOKEN_NONE, err));
    CHECK_STATUS(OXP_DONE, oxp_pool_retract(pool, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_pipeline(NULL, pipeline, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_pipeline(pool, NULL, 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_submit_pipeline(pool, pipeline, 1, err)); /* empty */
    CHECK_STATUS(OXP_ERR_REFUSED, pool_submit(pool, "SUBSCRIBE channel", 1));
    CHECK_STATUS(OXP_ERR_REFUSED, pool_try_submit(pool, "MULTI", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_cancel(NULL, 1, &outcome, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_cancel(pool, OXP_TOKEN_NONE, NULL, err));
    CHECK(outcome == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_next(NULL, batch, 0, &count, err));
    CHECK(count == 0);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_next(pool, NULL, 0, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_drain(NULL, batch, 0, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_drain(pool, NULL, 0, &count, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_flush(NULL, 0, &failed, err));
    CHECK(failed == 0 && oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_ARG, oxp_pool_close(NULL, 0, &unknown, &not_applied, err));
    CHECK(unknown == 0 && not_applied == 0);
    /* Nothing of all that was queued. */
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, UINT64_MAX, &count, err));
    oxp_completions_free(batch);
    oxp_pipeline_free(pipeline);
    oxp_pool_free(pool);
    oxp_options_free(options);
    oxp_error_free(err);
}

/* The bound counts what nobody has pulled yet; a full queue waits for room, but not for ever. */
static void full_queue(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    Result results[5];
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 5, 1 << 20));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, LONG_MS));
    oxp_pool *pool = open_pool(options, 2);
    /* One that does not wait long for room. Its commands may be late, too, which makes no room either. */
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 300));
    oxp_pool *impatient = open_pool(options, 1);
    oxp_options_free(options);
    oxp_slice ping = oxp_str("PING");
    CHECK_OK(oxp_pool_connect(pool, err), err);
    for (uint64_t i = 0; i < 5; i++)
        CHECK_STATUS(OXP_OK, pool_try_submit(pool, "ECHO text", i));
    CHECK_STATUS(OXP_FULL, oxp_pool_try_submit(pool, &ping, 1, 5, err));
    const uint32_t lens[] = {4}, argcs[] = {1};
    const uint64_t tokens[] = {5};
    size_t submitted = 7;
    CHECK_STATUS(OXP_FULL, oxp_pool_try_submit_packed(pool, ping.data, 4, lens, 1, argcs, 1, tokens, &submitted, err));
    CHECK(submitted == 0);
    oxp_pipeline *pipeline;
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    CHECK_STATUS(OXP_FULL, oxp_pool_try_submit_pipeline(pool, pipeline, 5, err));
    CHECK(oxp_pipeline_len(pipeline) == 1);
    oxp_pipeline_free(pipeline);
    /* All of them complete, and take their room all the same. */
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, NULL, err), err);
    CHECK_STATUS(OXP_FULL, oxp_pool_try_submit(pool, &ping, 1, 5, err));
    for (uint64_t i = 0; i < 5; i++)
        CHECK_STATUS(OXP_OK, pool_try_submit(impatient, "PING", i));
    CHECK_STATUS(OXP_ERR_TIMEOUT, oxp_pool_submit(impatient, &ping, 1, 5, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    oxp_pool_free(impatient);
    pool_collect(pool, results, 5);
    forget(results, 5);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "PING", 5));
    pool_collect(pool, results, 1);
    forget(results, 1);

    /* What wants no completion takes no room once it is done, and makes room for who waits. */
    for (uint64_t i = 0; i < 1000; i++)
        CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR counted", OXP_TOKEN_NONE));
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, NULL, err), err);
    expect_text(admin, "GET counted", "1000");
    oxp_pool_free(pool);
    oxp_error_free(err);
}

static int32_t always(void *user_data) {
    (void)user_data;
    return 1;
}

/* Asked by every thread that waits for the pool, from inside its wait. */
static int32_t note_wait(void *user_data) {
    atomic_store((atomic_bool *)user_data, true);
    return 0;
}

typedef struct {
    oxp_pool *pool;
    oxp_completions *batch;
    size_t count;
} Taker;

static void *take(void *user_data) {
    Taker *taker = user_data;
    CHECK_STATUS(OXP_OK, oxp_pool_next(taker->pool, taker->batch, UINT64_MAX, &taker->count, NULL));
    return NULL;
}

/* That a wait ends says nothing about the commands that it waited for: they go on. */
static void waits_have_no_outcome(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    oxp_completions *batch;
    size_t count;
    uint64_t failed;
    Result result;
    atomic_bool waiting = false;
    oxp_reply_free(command(admin, "DEL waited"));
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(options, 1, 1 << 20));
    CHECK_STATUS(OXP_OK, oxp_options_set_interrupt(options, note_wait, &waiting, NULL));
    oxp_pool *pool = open_pool(options, 1);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR waited", 1));
    CHECK_STATUS(OXP_ERR_TIMEOUT, oxp_pool_drain(pool, batch, 1, &count, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_TIMEOUT, oxp_pool_flush(pool, 1, &failed, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);

    /* Two threads and one batch, which the other has once it waits. */
    atomic_store(&waiting, false);
    Taker taker = {.pool = pool, .batch = batch};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, take, &taker) == 0);
    while (!atomic_load(&waiting))
        sched_yield();
    CHECK_STATUS(OXP_ERR_BUSY, oxp_pool_next(pool, batch, 0, &count, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_BUSY, oxp_pool_drain(pool, batch, 0, &count, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    release_writers(admin);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(taker.count == 1);
    oxp_pool_free(pool);
    expect_text(admin, "GET waited", "1");

    /* Somebody wants the thread back. */
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, oxp_options_set_interrupt(options, always, NULL, NULL));
    pool = open_pool(options, 1);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR waited", 1));
    CHECK_STATUS(OXP_ERR_INTERRUPTED, oxp_pool_next(pool, batch, UINT64_MAX, &count, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    CHECK_STATUS(OXP_ERR_INTERRUPTED, oxp_pool_flush(pool, UINT64_MAX, &failed, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NONE);
    oxp_slice ping = oxp_str("PING");
    CHECK_STATUS(OXP_ERR_INTERRUPTED, oxp_pool_submit(pool, &ping, 1, 2, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    release_writers(admin);
    while (oxp_pool_next(pool, batch, UINT64_MAX, &count, err) == OXP_ERR_INTERRUPTED)
        ;
    CHECK(gather(batch, &result, 0, 1) == 1);
    CHECK(integer(result.reply, 0) == 2);
    forget(&result, 1);
    oxp_completions_free(batch);
    oxp_pool_free(pool);
    oxp_options_free(options);
    oxp_error_free(err);
}

static void deadlines(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    Result results[2];
    uint64_t failed;
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, SOON_MS));
    oxp_pool *pool = open_pool(options, 1);
    oxp_options_free(options);
    CHECK_OK(oxp_pool_connect(pool, err), err);
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR late", 1));
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR late", 2));
    pool_collect(pool, results, 2);
    for (size_t i = 0; i < 2; i++)
        CHECK_STATUS(OXP_ERR_TIMEOUT, results[i].status);
    CHECK(of_token(results, 2, 1)->outcome == OXP_OUTCOME_UNKNOWN);
    /* The second may have waited for the reply to the first. Then it is certain that it did nothing. */
    bool left = of_token(results, 2, 2)->outcome == OXP_OUTCOME_UNKNOWN;
    CHECK(left || of_token(results, 2, 2)->outcome == OXP_OUTCOME_NOT_APPLIED);
    release_writers(admin);
    CHECK_STATUS(OXP_ERR_TIMEOUT, oxp_pool_flush(pool, UINT64_MAX, &failed, err));
    CHECK(failed == 2 && oxp_error_outcome(err) == OXP_OUTCOME_UNKNOWN);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "ECHO mine", 3));
    pool_collect(pool, results, 1);
    CHECK(results[0].token == 3 && text_is(results[0].reply, 0, "mine"));
    forget(results, 1);
    expect_text(admin, "GET late", left ? "2" : "1");
    oxp_pool_free(pool);
    oxp_error_free(err);
}

static void nobody_there(void) {
    oxp_error *err = new_error();
    char path[64];
    Result results[10];
    uint64_t failed;
    oxp_options *options = options_of("nobody", path);
    oxp_pool *pool = open_pool(options, 3);
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_pool_connect(pool, err));
    CHECK(strstr(oxp_error_text(err), path) != NULL);
    for (uint64_t i = 0; i < 10; i++)
        CHECK_STATUS(OXP_OK, pool_submit(pool, "PING", i));
    pool_collect(pool, results, 10);
    for (uint64_t i = 0; i < 10; i++) {
        Result *result = of_token(results, 10, i);
        CHECK_STATUS(OXP_ERR_CONNECT, result->status);
        CHECK(result->outcome == OXP_OUTCOME_NOT_APPLIED);
    }
    CHECK_STATUS(OXP_ERR_CONNECT, oxp_pool_flush(pool, UINT64_MAX, &failed, err));
    CHECK(failed == 10 && oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    oxp_pool_free(pool);

    /* Opened and never used: no thread, no connection, nothing to wait for. */
    pool = open_pool(options, 100);
    oxp_pool_free(pool);
    oxp_options_free(options);
    oxp_error_free(err);
}

static void closing(oxp_client *admin) {
    oxp_error *err = new_error();
    oxp_completions *batch;
    oxp_options *options = server_options();
    oxp_pool *pool = open_pool(options, 1);
    uint64_t unknown, not_applied, failed;
    int32_t outcome;
    size_t count;
    Result results[3];
    CHECK_STATUS(OXP_OK, oxp_completions_new(&batch));

    /* With time, what is outstanding is finished. */
    CHECK_OK(oxp_pool_connect(pool, err), err);
    for (uint64_t i = 0; i < 1000; i++)
        CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR finished", OXP_TOKEN_NONE));
    CHECK_OK(oxp_pool_close(pool, 100000, &unknown, &not_applied, err), err);
    CHECK(unknown == 0 && not_applied == 0);
    expect_text(admin, "GET finished", "1000");
    oxp_slice ping = oxp_str("PING");
    oxp_pipeline *pipeline;
    CHECK_OK(oxp_pipeline_new_detached(false, &pipeline, err), err);
    CHECK_STATUS(OXP_OK, add(pipeline, "PING"));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_submit(pool, &ping, 1, 1, err));
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_try_submit(pool, &ping, 1, 1, err));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_submit_pipeline(pool, pipeline, 1, err));
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_pool_connect(pool, err));
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, UINT64_MAX, &count, err));
    CHECK_STATUS(OXP_DONE, oxp_pool_cancel(pool, 1, &outcome, err));
    CHECK_OK(oxp_pool_flush(pool, UINT64_MAX, &failed, err), err);
    CHECK_OK(oxp_pool_close(pool, 0, &unknown, &not_applied, err), err);
    CHECK(unknown == 0 && not_applied == 0);
    oxp_pipeline_free(pipeline);
    oxp_pool_free(pool);

    /* Without, it ends with its outcome, for who asked and for who only counts. */
    pool = open_pool(options, 1);
    CHECK_OK(oxp_pool_connect(pool, err), err);
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", 1));
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR held", OXP_TOKEN_NONE));
    await_held(admin, 1);
    CHECK_OK(oxp_pool_close(pool, 0, &unknown, &not_applied, err), err);
    CHECK(unknown + not_applied == 2 && unknown >= 1);
    pool_collect(pool, results, 1);
    CHECK(results[0].token == 1 && results[0].outcome == OXP_OUTCOME_UNKNOWN);
    CHECK_STATUS(OXP_ERR_CLOSED, results[0].status);
    CHECK_STATUS(OXP_DONE, oxp_pool_next(pool, batch, UINT64_MAX, &count, err));
    oxp_pool_free(pool);
    release_writers(admin);

    /* Freed without closing, with everything outstanding. */
    pool = open_pool(options, 2);
    for (uint64_t i = 0; i < 100; i++)
        CHECK_STATUS(OXP_OK, pool_submit(pool, "PING", i));
    oxp_pool_free(pool);
    oxp_completions_free(batch);
    oxp_options_free(options);
    oxp_error_free(err);
}

/* Transparent: the child's pool is a pool with connections of its own; what the parent has outstanding is the parent's. */
static void forked(oxp_client *admin) {
    oxp_pool *pool = server_pool(2);
    Result result;
    CHECK_STATUS(OXP_OK, oxp_pool_connect(pool, NULL));
    hold_writers(admin);
    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR forked", 1));
    await_held(admin, 1);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        start();
        CHECK_STATUS(OXP_OK, pool_submit(pool, "ECHO child", 2));
        pool_collect(pool, &result, 1);
        CHECK(result.token == 2 && text_is(result.reply, 0, "child"));
        forget(&result, 1);
        oxp_pool_free(pool);
        oxp_client_free(admin);
        /* What the parent's thread was in the middle of cannot be freed without it; nobody is to count that here. */
        execlp("true", "true", (char *)NULL);
        exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    release_writers(admin);
    pool_collect(pool, &result, 1);
    CHECK(result.token == 1 && integer(result.reply, 0) == 1);
    forget(&result, 1);
    oxp_pool_free(pool);
}

/* Every outstanding command is told at once, each with its outcome. */
static void server_dies(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    Result results[201];
    uint64_t failed;
    size_t wrong = 0;
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, SOON_MS));
    oxp_pool *pool = open_pool(options, 4);
    oxp_options_free(options);
    CHECK_OK(oxp_pool_connect(pool, err), err);
    for (uint64_t i = 0; i < 201; i++)
        CHECK_STATUS(OXP_OK, pool_submit(pool, i == 100 ? "SHUTDOWN NOSAVE" : "INCR counter", i));
    pool_collect(pool, results, 201);
    for (uint64_t i = 0; i < 201; i++) {
        Result *result = of_token(results, 201, i);
        CHECK(result->status == OXP_OK || result->outcome != OXP_OUTCOME_NONE);
        wrong += result->status != OXP_OK;
    }
    CHECK(of_token(results, 201, 100)->outcome == OXP_OUTCOME_UNKNOWN);
    forget(results, 201);
    CHECK(oxp_pool_flush(pool, UINT64_MAX, &failed, err) < 0);
    CHECK(failed == wrong);

    CHECK_STATUS(OXP_OK, pool_submit(pool, "INCR counter", 1));
    pool_collect(pool, results, 1);
    CHECK(results[0].status == OXP_ERR_CONNECT || results[0].status == OXP_ERR_TIMEOUT);
    CHECK(results[0].outcome == OXP_OUTCOME_NOT_APPLIED);
    oxp_pool_free(pool);
    oxp_error_free(err);
}

int main(void) {
    start();
    oxp_client *admin = connect_client();
    wrong_use();
    full_queue(admin);
    waits_have_no_outcome(admin);
    deadlines(admin);
    nobody_there();
    closing(admin);
    forked(admin);
    oxp_client_free(admin);
    server_dies();
    return 0;
}
