/* Several threads: on one client all at once, on one pipeline one at a time, and closing under a waiting call. */

#include "check.h"

#include <pthread.h>

#define THREADS 8
#define CALLS 500

typedef struct {
    int number;
    oxp_client *client;
    oxp_pipeline *pipeline;
    int added;
} Worker;

/* Every thread gets its own replies, on a handle of its own half of the time. */
static void *call(void *user_data) {
    Worker *worker = user_data;
    oxp_client *client;
    CHECK_STATUS(OXP_OK, oxp_client_clone(worker->client, &client));
    for (int i = 0; i < CALLS; i++) {
        char line[64], text[32];
        snprintf(text, sizeof text, "%d-%d", worker->number, i);
        snprintf(line, sizeof line, "ECHO %s", text);
        expect_text(i % 2 ? client : worker->client, line, text);
    }
    oxp_client_free(client);
    return NULL;
}

/* All threads on one pipeline: whoever comes while another is inside is told so, and nothing else happens. */
static void *add_some(void *user_data) {
    Worker *worker = user_data;
    for (int i = 0; i < 20 * CALLS; i++) {
        oxp_status status = add(worker->pipeline, "INCR counter");
        CHECK(status == OXP_OK || status == OXP_ERR_BUSY);
        worker->added += status == OXP_OK;
    }
    return NULL;
}

static void run(Worker workers[THREADS], void *(*work)(void *)) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void *wait_for_item(void *user_data) {
    oxp_slice args[MAX_ARGS];
    size_t argc = split("BLPOP nothing 0", args);
    oxp_reply *reply;
    CHECK_STATUS(OXP_ERR_CLOSED, oxp_client_command(user_data, args, argc, &reply, NULL));
    CHECK(reply == NULL);
    return NULL;
}

static void closing_wakes(oxp_client *client) {
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 0));
    oxp_client *waiting;
    CHECK_STATUS(OXP_OK, oxp_client_open(options, &waiting, NULL));
    oxp_options_free(options);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_for_item, waiting) == 0);
    for (bool blocked = false; !blocked;) {
        oxp_reply *reply = command(client, "INFO clients");
        const uint8_t *text;
        size_t len;
        char info[2048];
        CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, &len));
        snprintf(info, sizeof info, "%.*s", (int)len, (const char *)text);
        blocked = strstr(info, "blocked_clients:1") != NULL;
        oxp_reply_free(reply);
    }
    oxp_client_close(waiting);
    CHECK(pthread_join(thread, NULL) == 0);
    oxp_client_free(waiting);
}

int main(void) {
    start();
    oxp_client *client = connect_client();
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_OK, oxp_pipeline_new(client, &pipeline, NULL));
    Worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].client = client;
        workers[i].pipeline = pipeline;
        workers[i].added = 0;
    }
    run(workers, call);

    run(workers, add_some);
    size_t added = 0;
    for (int i = 0; i < THREADS; i++)
        added += (size_t)workers[i].added;
    CHECK(oxp_pipeline_len(pipeline) == added);
    oxp_reply *replies;
    CHECK_STATUS(OXP_OK, oxp_pipeline_execute(pipeline, &replies, NULL));
    CHECK(oxp_reply_len(replies, 0) == added);
    CHECK((size_t)integer(replies, added) == added);
    oxp_reply_free(replies);
    oxp_pipeline_free(pipeline);

    closing_wakes(client);
    oxp_client_free(client);
    return 0;
}
