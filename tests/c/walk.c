/*
 * A random walk over all functions of the header: several threads call them with what is right, wrong, closed, NULL or in use by
 * another thread, and check what the header promises for any arguments. Built with sanitizers, so that a borrowed pointer that
 * dangles, a leak or a second free ends it.
 *
 *     walk SEED STEPS [THREADS]      SEED may be "random"
 *
 * The calls are generated from the header's description by tools/gen_walk.py; here are the things that they draw from and the
 * checks. What is undefined is not done: a handle is freed only when no call uses it, and never used again, and what was lent
 * is not read after the call that ends the loan. No client connects to anything but the private server and to places where none
 * is: ports 0 and 1, and a socket that does not exist. The default port might be somebody's.
 *
 * With one thread, a seed repeats a walk but for what depends on time; with several, the seed decides what each of them does.
 */

#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/random.h>

#define SLOTS 6
#define TAKEN 4
#define GARBAGE 16
/* Ends a list of statuses; no status. */
#define NO_STATUS INT32_MAX

#define NUMBER(...) \
    ((const uint64_t[]){__VA_ARGS__}[below(w, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))])

struct walker;

struct slot {
    void *handle;
    int users;
    bool alone;
};

struct pool {
    struct slot slots[SLOTS];
};

/* An argument list in packed form. What is NULL or off by one is so on purpose. */
struct packed {
    uint8_t *bytes;
    size_t len;
    uint32_t *lens;
    size_t lens_count;
    uint32_t *argcs;
    size_t commands;
    uint64_t *tokens;
    bool broken;
};

/* The numbers of kinds come first in the generated file, its functions after what they call. */
#include "walk_calls.h"

struct function {
    const char *name;
    void (*walk)(struct walker *);
    unsigned weight;
    /* What its out parameter receives, or KINDS. */
    enum kind makes;
    oxp_status statuses[40];
};

struct walker {
    uint64_t random;
    uint64_t steps;
    /* Nobody checks that an error object is used by one thread at a time, so each thread has its own. */
    struct pool errors;
    const struct function *function;

    /* Of the present call. */
    struct slot *taken[TAKEN];
    size_t taken_count;
    void *garbage[GARBAGE];
    size_t garbage_count;
    oxp_slice slices[MAX_ARGS];
    struct packed packed;
    oxp_error *err;
    /* What a callback must not use, and uses. */
    oxp_client *client;
    oxp_pipeline *pipeline;
    /* Something is NULL that must not be. */
    bool refused;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pool pools[KINDS];
static char socket_path[256];
static char urls[8][400];
static atomic_ulong hooks_made, hooks_dropped;
static _Thread_local volatile uint8_t sink;
static struct walker walkers[16];
static pthread_t threads[16];
static pthread_barrier_t start_line;
static unsigned walker_count;

/* --- Drawing ----------------------------------------------------------------------------------------------------------- */

static uint64_t next_random(struct walker *w) {
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return w->random * UINT64_C(2685821657736338717);
}

static size_t below(struct walker *w, size_t bound) {
    return (size_t)(next_random(w) >> 33) % bound;
}

static bool chance(struct walker *w, size_t one_in) {
    return below(w, one_in) == 0;
}

static uint64_t edge(struct walker *w) {
    return NUMBER(0, 1, 2, 3, 107, 255, 65535, INT32_MAX, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX, UINT64_MAX);
}

/* Notes whether what must not be NULL is not, and says so. */
static bool required(struct walker *w, bool is_given) {
    w->refused |= !is_given;
    return is_given;
}

/* Memory for the duration of the call, of exactly this size, so that a byte read beyond it or after the call is noticed. */
static void *scratch(struct walker *w, size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    CHECK(memory != NULL && w->garbage_count < GARBAGE);
    return w->garbage[w->garbage_count++] = memory;
}

static struct pool *pool_of(struct walker *w, enum kind kind) {
    return kind == KIND_oxp_error ? &w->errors : &pools[kind];
}

enum use { SHARED, ALONE, TO_FREE };

static void *take(struct walker *w, enum kind kind, enum use use) {
    struct pool *pool = pool_of(w, kind);
    void *handle = NULL;
    if (chance(w, 32))
        return NULL;
    size_t first = below(w, SLOTS);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SLOTS && handle == NULL; i++) {
        struct slot *slot = &pool->slots[(first + i) % SLOTS];
        if (slot->handle == NULL || slot->alone || (use != SHARED && slot->users > 0))
            continue;
        handle = slot->handle;
        if (use == TO_FREE) {
            slot->handle = NULL;
        } else {
            slot->users++;
            slot->alone = use == ALONE;
            CHECK(w->taken_count < TAKEN);
            w->taken[w->taken_count++] = slot;
        }
    }
    pthread_mutex_unlock(&lock);
    w->client = kind == KIND_oxp_client ? handle : w->client;
    w->pipeline = kind == KIND_oxp_pipeline ? handle : w->pipeline;
    return handle;
}

static void *draw(struct walker *w, enum kind kind) {
    return take(w, kind, SHARED);
}

static void *draw_alone(struct walker *w, enum kind kind) {
    return take(w, kind, ALONE);
}

static void *draw_to_free(struct walker *w, enum kind kind) {
    return take(w, kind, TO_FREE);
}

/* Every other one goes to those that no client is made from; the others connect nowhere else, and do not wait for long. */
static enum kind tame(struct walker *w, oxp_options *options) {
    if (chance(w, 2))
        return KIND_wild;
    CHECK_STATUS(OXP_OK, oxp_options_set_unix_path(options, socket_path, strlen(socket_path)));
    CHECK_STATUS(OXP_OK, oxp_options_set_port(options, 1));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(options, 200));
    return KIND_oxp_options;
}

/* Keeps what a call gave, in the place of an old one if there is no other. */
static void adopt(struct walker *w, enum kind kind, void *handle, oxp_status status) {
    if ((status == OXP_OK) != (handle != NULL))
        fail(__FILE__, __LINE__, "%s returned %s and %p", w->function->name, oxp_status_name(status), handle);
    if (handle == NULL)
        return;
    if (kind == KIND_oxp_options)
        kind = tame(w, handle);
    struct pool *pool = pool_of(w, kind);
    struct slot *place = NULL;
    size_t first = below(w, SLOTS);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SLOTS && (place == NULL || place->handle != NULL); i++) {
        struct slot *slot = &pool->slots[(first + i) % SLOTS];
        if (slot->users == 0 && (place == NULL || slot->handle == NULL))
            place = slot;
    }
    void *old = handle;
    if (place != NULL) {
        old = place->handle;
        place->handle = handle;
    }
    pthread_mutex_unlock(&lock);
    free_handle(kind, old);
}

static oxp_error *draw_err(struct walker *w) {
    if (!chance(w, 4)) {
        w->err = draw(w, KIND_oxp_error);
        oxp_error_clear(w->err);
    }
    return w->err;
}

static const char *a_url(struct walker *w) {
    return urls[below(w, COUNT(urls))];
}

static const char *pick(struct walker *w, const char *const *texts, size_t count) {
    return texts[below(w, count)];
}

#define PICK(...) \
    pick(w, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static const char *a_host(struct walker *w, bool wild) {
    return wild && chance(w, 2) ? PICK("", "a.b", "\xff", "x y", "::1", "[") : PICK("127.0.0.1", "localhost", NULL);
}

static const char *a_path(struct walker *w, bool wild) {
    return wild && chance(w, 2) ? PICK("", "\xff", "x", "/") : PICK(socket_path, socket_path, socket_path, NULL, "/none");
}

static const char *a_name(struct walker *w) {
    return PICK(NULL, NULL, "", "walk", "w-1.2", "two words", "\xc3\xa9", "\xff");
}

static const char *a_key(struct walker *w) {
    return PICK("f", "g", "server", "", "no", NULL);
}

static const char *a_command_name(struct walker *w) {
    return PICK("get", "BLPOP", "Subscribe", "client", "nonesuch", "\xff", "", NULL);
}

/* Those whose values could lead to another server are set by their own functions, where values are chosen. */
static const char *an_option(struct walker *w, bool wild) {
    if (wild && chance(w, 2))
        return PICK("host", "port", "unix_path", "timeout", "password", "username");
    return PICK("db", "retry", "protocol", "client_name", "spin", "keepalive", "fail_fast", "nonesuch", NULL);
}

static const char *a_value(struct walker *w, bool wild) {
    if (wild)
        return PICK("", "0", "1", "-1", "1.5", "true", "x", "18446744073709551616", "1e308", "nan", NULL);
    return PICK("0", "1", "2", "3", "true", "false", "reads", "walk");
}

static void draw_text(struct walker *w, const char *source, const char **text, size_t *len) {
    *text = NULL;
    *len = 0;
    if (source == NULL)
        return;
    *len = strlen(source);
    char *copy = scratch(w, *len);
    memcpy(copy, source, *len);
    *text = copy;
    if (chance(w, 32)) {
        required(w, false);
        if (chance(w, 2))
            *len = SIZE_MAX;
        else
            *text = NULL, *len = 5;
    }
}

static const char *a_command(struct walker *w) {
    switch (below(w, 8)) {
    case 0:
    case 1:
        return PICK("PING", "SET k1 v1", "SET k2 v2", "GET k1", "GET none", "INCR n", "INCR k1", "LPUSH l x", "DEL l",
                    "LRANGE l 0 -1", "HSET h f 1 g 2", "HGETALL h", "PUBLISH c m", "SADD s a b", "SMEMBERS s");
    case 2:
        /* Not DEBUG PROTOCOL push: inside a transaction its push comes in the middle of the reply to EXEC, where RESP3 allows
         * none, and so one reply too many comes behind it. Leases that track keys get pushes. */
        return PICK("DEBUG PROTOCOL string", "DEBUG PROTOCOL double", "DEBUG PROTOCOL bignum", "DEBUG PROTOCOL null",
                    "DEBUG PROTOCOL map", "DEBUG PROTOCOL set", "DEBUG PROTOCOL attrib", "DEBUG PROTOCOL verbatim",
                    "DEBUG PROTOCOL true", "SETRANGE big 20000 x", "GET big");
    case 3:
        return PICK("SUBSCRIBE c", "SUBSCRIBE c d", "UNSUBSCRIBE", "PSUBSCRIBE c*", "MONITOR", "CLIENT TRACKING ON",
                    "CLIENT REPLY OFF", "CLIENT REPLY ON", "CLIENT REPLY SKIP", "SELECT 1", "RESET", "QUIT", "HELLO 2");
    case 4:
        return PICK("MULTI", "EXEC", "DISCARD", "WATCH k1", "UNWATCH", "BLPOP none 0.01", "XADD x * f v", "XLEN x", "DEL x");
    case 5:
        return PICK("NOSUCH", "nosuch 1 2 3", "SET", "GET k1 k2 k3", "EVAL bad", "CLIENT", "CONFIG", " ", "SYNC");
    case 6:
        return chance(w, 8) ? PICK("CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub", "FLUSHALL") : "PING";
    default:
        return "GET k2";
    }
}

static void draw_command(struct walker *w, const oxp_slice **args, size_t *argc) {
    const char *line = a_command(w);
    char *copy = scratch(w, strlen(line));
    memcpy(copy, line, strlen(line));
    *argc = split(line, w->slices);
    for (size_t i = 0; i < *argc; i++)
        w->slices[i].data = (const uint8_t *)copy + ((const char *)w->slices[i].data - line);
    *args = w->slices;
    if (!chance(w, 16))
        return;
    switch (below(w, 6)) {
    case 0: *argc = 0; return;
    case 1: *args = NULL; break;
    case 2: *argc = SIZE_MAX; break;
    case 3: *args = (const oxp_slice *)((uintptr_t)w->slices + 1); break;
    case 4: w->slices[*argc - 1] = (oxp_slice){NULL, 5}; break;
    default: w->slices[*argc - 1].len = SIZE_MAX; break;
    }
    required(w, *argc == 0);
}

static void draw_packed(struct walker *w, size_t commands) {
    struct packed *packed = &w->packed;
    *packed = (struct packed){.commands = commands};
    packed->bytes = scratch(w, 1024);
    packed->lens = scratch(w, 64 * sizeof(uint32_t));
    packed->argcs = scratch(w, 5 * sizeof(uint32_t));
    packed->tokens = scratch(w, 5 * sizeof(uint64_t));
    for (size_t i = 0; i < commands; i++) {
        oxp_slice args[MAX_ARGS];
        size_t argc = split(a_command(w), args);
        packed->argcs[i] = (uint32_t)argc;
        packed->tokens[i] = below(w, 8);
        for (size_t j = 0; j < argc; j++) {
            CHECK(packed->len + args[j].len <= 1024 && packed->lens_count < 64);
            memcpy(packed->bytes + packed->len, args[j].data, args[j].len);
            packed->len += args[j].len;
            packed->lens[packed->lens_count++] = (uint32_t)args[j].len;
        }
    }
    /* Of their exact sizes, for a read too far to be noticed. */
    w->garbage_count -= 4;
    uint8_t *bytes = w->garbage[w->garbage_count] = realloc(packed->bytes, packed->len + (packed->len == 0));
    uint32_t *lens = w->garbage[w->garbage_count + 1] =
        realloc(packed->lens, (packed->lens_count + (packed->lens_count == 0)) * sizeof(uint32_t));
    CHECK(bytes != NULL && lens != NULL);
    w->garbage_count += 4;
    packed->bytes = bytes;
    packed->lens = lens;
    if (commands == 0 || !chance(w, 8))
        return;
    packed->broken = true;
    switch (below(w, 9)) {
    case 0: packed->bytes = NULL; break;
    case 1: packed->lens = NULL; break;
    case 2: packed->len--; break;
    case 3: packed->lens[0]++; break;
    case 4: packed->lens[packed->lens_count - 1] = UINT32_MAX; break;
    case 5: packed->len = SIZE_MAX; break;
    case 6: packed->lens_count = SIZE_MAX; break;
    case 7: packed->lens = (uint32_t *)((uintptr_t)packed->lens + 2); break;
    default: packed->lens_count--; break;
    }
}

/* --- Reading, and callbacks -------------------------------------------------------------------------------------------- */

static bool is_among(const oxp_status *statuses, oxp_status status) {
    while (*statuses != NO_STATUS && *statuses != status)
        statuses++;
    return *statuses == status;
}

static void check_known(oxp_status status) {
    CHECK(is_among(all_statuses, status) && status != OXP_ERR_PANIC && status != OXP_ERR_POISONED);
}

static void read_bytes(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        sink ^= bytes[i];
}

static void read_text(const char *text) {
    CHECK(text != NULL);
    read_bytes((const uint8_t *)text, strlen(text));
}

static void read_nodes_alone(const oxp_node *nodes, size_t count) {
    for (size_t i = 0; i < count; i++)
        CHECK(nodes[i].type <= OXP_TYPE_ATTRIBUTE && nodes[i].reserved == 0);
}

static void read_nodes(const oxp_node *nodes, size_t count, const uint8_t *bytes) {
    read_nodes_alone(nodes, count);
    for (size_t i = 0; i < count; i++) {
        switch (nodes[i].type) {
        case OXP_TYPE_STATUS:
        case OXP_TYPE_ERROR:
        case OXP_TYPE_STRING:
        case OXP_TYPE_BIG_NUMBER:
            read_bytes(bytes + nodes[i].value, nodes[i].len);
            break;
        case OXP_TYPE_VERBATIM:
            CHECK(bytes[nodes[i].value - 1] == ':');
            read_bytes(bytes + nodes[i].value - 4, nodes[i].len + 4);
            break;
        }
    }
}

static void read_oxp_completions(const oxp_completion *list, size_t count) {
    CHECK((list == NULL) == (count == 0));
    for (size_t i = 0; i < count; i++) {
        check_known(list[i].status);
        CHECK(list[i].outcome >= OXP_OUTCOME_NONE && list[i].outcome <= OXP_OUTCOME_REJECTED);
        CHECK(list[i].status < 0 || list[i].outcome == OXP_OUTCOME_NONE);
        CHECK((list[i].nodes == NULL) == (list[i].node_count == 0));
        read_nodes(list[i].nodes, list[i].node_count, list[i].bytes);
    }
}

static void read_oxp_events(const oxp_event *list, size_t count) {
    CHECK((list == NULL) == (count == 0));
    for (size_t i = 0; i < count; i++) {
        check_known(list[i].status);
        CHECK(list[i].kind >= OXP_EVENT_PUSH && list[i].kind <= OXP_EVENT_DOWN);
        CHECK((list[i].nodes == NULL) == (list[i].kind >= OXP_EVENT_UP));
        CHECK((list[i].status < 0) == (list[i].kind == OXP_EVENT_DOWN));
        read_nodes(list[i].nodes, list[i].node_count, list[i].bytes);
    }
}

static int32_t on_part(void *user_data, const oxp_node *nodes, size_t count, const uint8_t *bytes) {
    struct walker *w = user_data;
    CHECK(count > 0);
    read_nodes(nodes, count, bytes);
    if (w->pipeline != NULL && chance(w, 8)) {
        CHECK_STATUS(OXP_ERR_BUSY, oxp_pipeline_reset(w->pipeline));
        CHECK(oxp_pipeline_len(w->pipeline) == 0);
    }
    if (w->client != NULL && chance(w, 8)) {
        const oxp_slice ping = OXP_LITERAL("PING");
        oxp_reply *reply;
        /* It ends, one way or the other, and the parts are still there. */
        check_known(oxp_client_command(w->client, &ping, 1, &reply, NULL));
        oxp_reply_free(reply);
        read_nodes(nodes, count, bytes);
    }
    return chance(w, 8);
}

struct hook {
    atomic_ulong calls;
};

static void *new_hook(void) {
    struct hook *hook = calloc(1, sizeof *hook);
    CHECK(hook != NULL);
    hooks_made++;
    return hook;
}

static int32_t on_interrupt(void *user_data) {
    struct hook *hook = user_data;
    return hook != NULL && ++hook->calls % 4 == 0;
}

/* Not called, it is a leak; called twice, a second free. */
static void on_drop(void *user_data) {
    hooks_dropped++;
    free(user_data);
}

/* --- Checks ------------------------------------------------------------------------------------------------------------ */

static void check_empty(struct walker *w, const void *output, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)output)[i] != 0)
            fail(__FILE__, __LINE__, "%s failed and left something in an output", w->function->name);
}

static void check_packed(struct walker *w, oxp_status status) {
    if (w->packed.broken && status == OXP_OK)
        fail(__FILE__, __LINE__, "%s took numbers that do not add up", w->function->name);
}

static void check_status(struct walker *w, oxp_status status);

#define WALK_BODIES
#include "walk_calls.h"

static atomic_ulong seen[COUNT(functions)][COUNT(all_statuses)];
static atomic_ulong called[COUNT(functions)];

static void check_status(struct walker *w, oxp_status status) {
    const struct function *function = w->function;
    bool ok = is_among(function->statuses, status);
    /* oxp_error_status repeats what another function returned. */
    ok &= status != OXP_ERR_PANIC && status != OXP_ERR_POISONED;
    ok &= !w->refused || status == OXP_ERR_ARG || status == OXP_ERR_BUSY;
    ok &= w->err == NULL || oxp_error_status(w->err) == (status < 0 ? status : OXP_OK);
    if (!ok)
        fail(__FILE__, __LINE__, "%s returned %s%s: %s", function->name, oxp_status_name(status),
             w->refused ? " for what must not be NULL" : "", oxp_error_text(w->err));
    for (size_t i = 0; i < COUNT(all_statuses); i++)
        seen[function - functions][i] += all_statuses[i] == status;
    if (w->err != NULL && status < 0) {
        int32_t outcome = oxp_error_outcome(w->err);
        CHECK(outcome >= OXP_OUTCOME_NONE && outcome <= OXP_OUTCOME_REJECTED);
        CHECK(*oxp_error_text(w->err) != '\0');
    }
}

/* --- Walking ----------------------------------------------------------------------------------------------------------- */

/* Any function, but rather one that makes something of which there is none. */
static const struct function *choose(struct walker *w) {
    unsigned sum = 0;
    for (size_t i = 0; i < COUNT(functions); i++)
        sum += functions[i].weight;
    enum kind wanted = KINDS;
    if (chance(w, 2)) {
        enum kind kind = (enum kind)below(w, KINDS);
        bool is_there = false;
        pthread_mutex_lock(&lock);
        for (size_t i = 0; i < SLOTS; i++)
            is_there |= pool_of(w, kind)->slots[i].handle != NULL;
        pthread_mutex_unlock(&lock);
        if (!is_there)
            wanted = kind == KIND_wild ? KIND_oxp_options : kind;
    }
    for (;;) {
        size_t left = below(w, sum);
        const struct function *function = functions;
        while (left >= function->weight)
            left -= function++->weight;
        if (wanted == KINDS || function->makes == wanted)
            return function;
    }
}

static void step(struct walker *w) {
    w->function = choose(w);
    w->err = NULL;
    w->client = NULL;
    w->pipeline = NULL;
    w->refused = false;
    called[w->function - functions]++;
    w->function->walk(w);
    pthread_mutex_lock(&lock);
    while (w->taken_count > 0) {
        struct slot *slot = w->taken[--w->taken_count];
        slot->users--;
        slot->alone = false;
    }
    pthread_mutex_unlock(&lock);
    while (w->garbage_count > 0)
        free(w->garbage[--w->garbage_count]);
}

static void *walk(void *user_data) {
    struct walker *w = user_data;
    pthread_barrier_wait(&start_line);
    for (uint64_t i = 0; i < w->steps; i++) {
        /* No wait may end for a signal, but the interrupt function is asked. */
        if (chance(w, 64))
            pthread_kill(threads[below(w, walker_count)], SIGUSR1);
        /* Put off by whoever goes on; only if nobody does it is a hang. */
        alarm(120);
        step(w);
    }
    w->function = NULL;
    return NULL;
}

static void on_signal(int signal) {
    (void)signal;
}

static void on_hang(int signal) {
    (void)signal;
    for (unsigned i = 0; i < walker_count; i++)
        fprintf(stderr, "hangs: thread %u in %s\n", i, walkers[i].function == NULL ? "nothing" : walkers[i].function->name);
    abort();
}

static void prepare_server(void) {
    const char *url = server_url();
    CHECK(strncmp(url, "unix://", 7) == 0 && strcspn(url + 7, "?") < sizeof socket_path);
    memcpy(socket_path, url + 7, strcspn(url + 7, "?"));
    const char *const forms[] = {"unix://%s?timeout=0.2", "unix://%s?timeout=0.2&db=1&protocol=2", "unix://%s?timeout=0.3",
                                 "unix://%s.none?timeout=0.1", "redis://127.0.0.1:1?timeout=0.1", "redis://[::1]:1/2?timeout=0.1",
                                 "http://x", "unix://%s?nonesuch=1"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        size_t at = strcspn(forms[i], "%");
        bool has_path = forms[i][at] == '%';
        snprintf(urls[i], sizeof urls[i], "%.*s%s%s", (int)at, forms[i], has_path ? socket_path : "",
                 has_path ? forms[i] + at + 2 : "");
    }
    /* Who never reads what MONITOR sends must not cost the server all of its memory. */
    oxp_client *client = connect_client();
    const char *const limit[] = {"CONFIG", "SET", "client-output-buffer-limit", "normal 8mb 0 0"};
    oxp_slice args[4];
    for (size_t i = 0; i < COUNT(limit); i++)
        args[i] = oxp_str(limit[i]);
    oxp_reply *reply;
    CHECK_STATUS(OXP_OK, oxp_client_command(client, args, 4, &reply, NULL));
    CHECK(text_is(reply, 0, "OK"));
    oxp_reply_free(reply);
    oxp_client_free(client);
}

static void report(uint64_t steps) {
    size_t functions_called = 0, pairs = 0;
    for (size_t i = 0; i < COUNT(functions); i++) {
        functions_called += called[i] > 0;
        if (called[i] == 0 && steps >= 20000)
            fail(__FILE__, __LINE__, "%s was never called", functions[i].name);
        if (functions[i].statuses[0] != NO_STATUS && seen[i][0] == 0)
            printf("never OK: %s\n", functions[i].name);
    }
    for (size_t j = 0; j < COUNT(all_statuses); j++) {
        unsigned long count = 0, by = 0;
        for (size_t i = 0; i < COUNT(functions); i++) {
            count += seen[i][j];
            by += seen[i][j] > 0;
        }
        pairs += by;
        if (count > 0)
            printf("%9lu %s from %lu functions\n", count, oxp_status_name(all_statuses[j]), by);
    }
    printf("%zu of %zu functions, %zu pairs of function and status\n", functions_called, COUNT(functions), pairs);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: walk SEED|random STEPS [THREADS]\n");
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 10);
    if (strcmp(argv[1], "random") == 0) {
        uint32_t drawn;
        CHECK(getrandom(&drawn, sizeof drawn, 0) == sizeof drawn);
        seed = drawn;
    }
    uint64_t steps = strtoull(argv[2], NULL, 10);
    walker_count = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 4;
    CHECK(walker_count >= 1 && walker_count <= COUNT(walkers));
    printf("walk %llu %llu %u\n", (unsigned long long)seed, (unsigned long long)steps, walker_count);
    fflush(stdout);
    signal(SIGALRM, on_hang);
    struct sigaction interrupting = {.sa_handler = on_signal};
    CHECK(sigaction(SIGUSR1, &interrupting, NULL) == 0);
    alarm(120);
    prepare_server();

    CHECK(pthread_barrier_init(&start_line, NULL, walker_count) == 0);
    for (unsigned i = 0; i < walker_count; i++) {
        uint64_t random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + i;
        walkers[i] = (struct walker){.random = random != 0 ? random : 1, .steps = steps / walker_count};
        for (int j = 0; j < 8; j++)
            next_random(&walkers[i]);
        CHECK(pthread_create(&threads[i], NULL, walk, &walkers[i]) == 0);
    }
    for (unsigned i = 0; i < walker_count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < SLOTS; i++)
            free_handle((enum kind)kind, pools[kind].slots[i].handle);
    for (unsigned i = 0; i < walker_count; i++)
        for (size_t j = 0; j < SLOTS; j++)
            oxp_error_free(walkers[i].errors.slots[j].handle);
    CHECK(hooks_made == hooks_dropped);
    report(steps);
    return 0;
}
