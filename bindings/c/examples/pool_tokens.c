/*
 * pool_tokens: many commands at once over a few connections, and each reply back where it belongs. The token that goes in
 * with a command comes out with its completion; here, the place in a table.
 *
 *     pool_tokens [URL]      default: redis://localhost:6379. Writes the keys "square:0" to "square:999".
 */

#include <oxipipe/oxipipe.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT 1000

/* The pool is told to keep what has the same key in order, so GET finds what SET wrote. */
static oxp_status submit(oxp_pool *pool, uint64_t number, oxp_error *err) {
    char key[32], value[32];
    snprintf(key, sizeof key, "square:%" PRIu64, number);
    snprintf(value, sizeof value, "%" PRIu64, number * number);
    const oxp_slice set[] = {OXP_LITERAL("SET"), oxp_str(key), oxp_str(value)};
    const oxp_slice get[] = {OXP_LITERAL("GET"), oxp_str(key)};
    /* Of SET we want to know nothing but a failure, and that flush tells. */
    oxp_status status = oxp_pool_submit(pool, set, 3, OXP_TOKEN_NONE, err);
    return status == OXP_OK ? oxp_pool_submit(pool, get, 2, number, err) : status;
}

/* Reads the reply where it lies: a string, whose bytes the node refers to. */
static uint64_t number_in(const oxp_completion *completion) {
    const oxp_node *node = completion->nodes;
    uint64_t number = 0;
    if (completion->status == OXP_OK && node->type == OXP_TYPE_STRING)
        for (uint32_t i = 0; i < node->len; i++)
            number = 10 * number + (uint64_t)(completion->bytes[node->value + i] - '0');
    return number;
}

/* Pulls completions until there is nothing outstanding; they come as the connections deliver them. */
static oxp_status collect(oxp_pool *pool, uint64_t squares[COUNT], oxp_error *err) {
    oxp_completions *batch;
    oxp_status status = oxp_completions_new(&batch);
    while (status == OXP_OK) {
        const oxp_completion *list;
        size_t count;
        status = oxp_pool_next(pool, batch, UINT64_MAX, &count, err);
        count = oxp_completions_list(batch, &list);
        for (size_t i = 0; status == OXP_OK && i < count; i++)
            squares[list[i].token] = number_in(&list[i]);
    }
    oxp_completions_free(batch);
    return status == OXP_DONE ? OXP_OK : status;
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";
    static uint64_t squares[COUNT];
    oxp_error *err = NULL;
    oxp_options *options = NULL;
    oxp_pool *pool = NULL;

    oxp_status status = oxp_error_new(&err);
    if (status == OXP_OK)
        status = oxp_options_from_url(url, strlen(url), &options, err);
    if (status == OXP_OK)
        status = oxp_options_set_key_affinity(options, true);
    if (status == OXP_OK)
        status = oxp_pool_open(options, 4, &pool, err);
    oxp_options_free(options);
    for (uint64_t i = 0; i < COUNT && status == OXP_OK; i++)
        status = submit(pool, i, err);
    if (status == OXP_OK)
        status = collect(pool, squares, err);
    if (status == OXP_OK)
        status = oxp_pool_flush(pool, UINT64_MAX, NULL, err);

    if (status == OXP_OK) {
        uint64_t sum = 0;
        for (size_t i = 0; i < COUNT; i++)
            sum += squares[i];
        printf("the sum of %d squares is %" PRIu64 "\n", COUNT, sum);
    } else {
        const uint8_t *text;
        size_t len;
        oxp_error_message(err, &text, &len);
        fprintf(stderr, "%s: %s: %.*s\n", url, oxp_status_name(status), (int)len, (const char *)text);
    }
    oxp_pool_free(pool);
    oxp_error_free(err);
    return status != OXP_OK;
}
