/*
 * pool: 50,000 commands over ten connections, and one question at the end: what failed?
 *
 *     pool [URL]      default: redis://localhost:6379. Writes the keys "page:0" to "page:99" and "text".
 */

#include <oxipipe/oxipipe.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COMMANDS 50000

/* Nobody waits for a reply here: submit waits only while the pool's queue is full. */
static oxp_status submit_all(oxp_pool *pool, oxp_error *err) {
    char page[32], field[32];
    oxp_status status = OXP_OK;
    for (int i = 0; i < COMMANDS && status == OXP_OK; i++) {
        snprintf(page, sizeof page, "page:%d", i % 100);
        snprintf(field, sizeof field, "visitor:%d", i);
        const oxp_slice hset[] = {OXP_LITERAL("HSET"), oxp_str(page), oxp_str(field), OXP_LITERAL("1")};
        status = oxp_pool_submit(pool, hset, 4, OXP_TOKEN_NONE, err);
    }
    return status;
}

static int report(const char *what, oxp_status status, const oxp_error *err) {
    const uint8_t *text;
    size_t len;
    oxp_error_message(err, &text, &len);
    fprintf(stderr, "%s: %s: %.*s\n", what, oxp_status_name(status), (int)len, (const char *)text);
    return 1;
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";
    oxp_error *err = NULL;
    oxp_options *options = NULL;
    oxp_pool *pool = NULL;
    uint64_t failures = 0;
    int failed = 0;

    oxp_status status = oxp_error_new(&err);
    if (status == OXP_OK)
        status = oxp_options_from_url(url, strlen(url), &options, err);
    if (status == OXP_OK)
        status = oxp_pool_open(options, 10, &pool, err);
    oxp_options_free(options);
    /* Without this, the first submit connects, and a wrong address shows in the flush. */
    if (status == OXP_OK)
        status = oxp_pool_connect(pool, err);
    if (status == OXP_OK)
        status = submit_all(pool, err);

    /* The barrier: everything submitted so far has its answer, and the first failure is here. */
    if (status == OXP_OK)
        status = oxp_pool_flush(pool, UINT64_MAX, &failures, err);
    if (status == OXP_OK)
        printf("%d commands, %" PRIu64 " failed\n", COMMANDS, failures);
    else
        failed = report(url, status, err);

    /* Two that cannot both work. What the server refuses counts as a failure as well. */
    if (!failed) {
        const oxp_slice set[] = {OXP_LITERAL("SET"), OXP_LITERAL("text"), OXP_LITERAL("value")};
        const oxp_slice hset[] = {OXP_LITERAL("HSET"), OXP_LITERAL("text"), OXP_LITERAL("field"), OXP_LITERAL("1")};
        status = oxp_pool_submit(pool, set, 3, OXP_TOKEN_NONE, err);
        if (status == OXP_OK)
            status = oxp_pool_flush(pool, UINT64_MAX, &failures, err);
        if (status == OXP_OK)
            status = oxp_pool_submit(pool, hset, 4, OXP_TOKEN_NONE, err);
        if (status == OXP_OK)
            status = oxp_pool_flush(pool, UINT64_MAX, &failures, err);
        printf("%" PRIu64 " failed, the first with %s\n", failures, oxp_status_name(status));
        failed = status != OXP_ERR_REPLY;
    }
    oxp_pool_free(pool);
    oxp_error_free(err);
    return failed;
}
