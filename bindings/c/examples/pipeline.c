/*
 * pipeline: counts words with a thousand commands and one wait, then reads the result back, a map in a map's own type.
 *
 *     pipeline [URL]      default: redis://localhost:6379
 */

#include <oxipipe/oxipipe.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what, oxp_status status) {
    fprintf(stderr, "%s: %s\n", what, oxp_status_name(status));
    return 1;
}

/* Adds the commands; the library begins to send while we are still adding. The arguments are copied. */
static oxp_status count_words(oxp_pipeline *pipeline) {
    static const char *const words[] = {"pipe", "oxide", "rust"};
    oxp_slice del[] = {OXP_LITERAL("DEL"), OXP_LITERAL("words")};
    oxp_status status = oxp_pipeline_add_command(pipeline, del, 2, NULL);
    for (int i = 0; i < 1000 && status == OXP_OK; i++) {
        oxp_slice count[] = {OXP_LITERAL("HINCRBY"), OXP_LITERAL("words"), oxp_str(words[i % 3]), OXP_LITERAL("1")};
        status = oxp_pipeline_add_command(pipeline, count, 4, NULL);
    }
    return status;
}

/* One reply per command, in order. Walking from sibling to sibling visits each once. */
static void print_summary(const oxp_reply *replies) {
    size_t errors = 0;
    size_t count = oxp_reply_len(replies, 0);
    size_t index = oxp_reply_child(replies, 0, 0);
    for (size_t i = 0; i < count; i++) {
        errors += oxp_reply_type_at(replies, index) == OXP_TYPE_ERROR;
        index = oxp_reply_next(replies, index);
    }
    printf("%zu replies, %zu errors\n", count, errors);
}

/* Prints the last reply, a map: its children are keys and values in turn, and every value here is a short text. */
static void print_words(const oxp_reply *map) {
    const uint8_t *bytes;
    const oxp_node *nodes;
    size_t count;
    /* All of a reply lies in two arrays; who reads all of it takes them and needs no calls. */
    oxp_reply_nodes(map, &nodes, &count);
    oxp_reply_bytes(map, &bytes, NULL);
    for (size_t i = 1; i + 1 < count; i += 2)
        printf("%.*s: %.*s\n", (int)nodes[i].len, (const char *)bytes + nodes[i].value,
               (int)nodes[i + 1].len, (const char *)bytes + nodes[i + 1].value);
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";
    oxp_client *client = NULL;
    oxp_pipeline *pipeline = NULL;
    oxp_reply *replies = NULL;
    oxp_reply *words = NULL;
    int failed = 0;

    oxp_status status = oxp_connect(url, strlen(url), &client, NULL);
    if (status == OXP_OK)
        status = oxp_pipeline_new(client, &pipeline, NULL);
    if (status == OXP_OK)
        status = count_words(pipeline);
    if (status == OXP_OK)
        status = oxp_pipeline_execute(pipeline, &replies, NULL);
    if (status == OXP_OK) {
        print_summary(replies);
        oxp_slice read[] = {OXP_LITERAL("HGETALL"), OXP_LITERAL("words")};
        status = oxp_client_command(client, read, 2, &words, NULL);
    }
    if (status == OXP_OK)
        print_words(words);
    else
        failed = fail(url, status);

    /* What was never made is NULL, and freeing NULL is fine. */
    oxp_reply_free(words);
    oxp_reply_free(replies);
    oxp_pipeline_free(pipeline);
    oxp_client_free(client);
    return failed;
}
