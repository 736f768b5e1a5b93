/*
 * hello: one command, one reply.
 *
 *     hello [URL]      default: redis://localhost:6379
 */

#include <oxipipe/oxipipe.h>

#include <stdio.h>
#include <string.h>

/* The text of a reply, for printf's "%.*s". */
static int print_text(const char *label, const oxp_reply *reply) {
    const uint8_t *text;
    size_t len;
    if (oxp_reply_string(reply, 0, &text, &len) != OXP_OK)
        return -1;
    return printf("%s: %.*s\n", label, (int)len, (const char *)text);
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";

    /* Connects now, so that a wrong address shows here. No error object: the status is enough for us. */
    oxp_client *client;
    oxp_status status = oxp_connect(url, strlen(url), &client, NULL);
    if (status != OXP_OK) {
        fprintf(stderr, "%s: %s\n", url, oxp_status_name(status));
        return 1;
    }

    /* A command is a list of slices: any bytes, no NUL at the end, nothing to escape. */
    const oxp_slice set[] = {
        OXP_LITERAL("SET"), OXP_LITERAL("greeting"), OXP_LITERAL("hello, world"),
    };
    const oxp_slice get[] = {OXP_LITERAL("GET"), OXP_LITERAL("greeting")};

    /* Each reply is ours and has to be freed. */
    oxp_reply *reply;
    if (oxp_client_command(client, set, 3, &reply, NULL) == OXP_OK) {
        print_text("SET", reply);
        oxp_reply_free(reply);
    }
    if (oxp_client_command(client, get, 2, &reply, NULL) == OXP_OK) {
        print_text("GET", reply);
        oxp_reply_free(reply);
    }

    oxp_client_free(client);
    return 0;
}
