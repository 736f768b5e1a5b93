/*
 * subscribe: messages of a channel, over a leased connection, in a program that waits for its descriptors with poll.
 *
 *     subscribe [URL]      default: redis://localhost:6379. Ends when somebody has published "bye" to "news", as it does itself.
 */

#include <oxipipe/oxipipe.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* What is subscribed to changes a connection for everybody on it, so it takes a lease. */
static oxp_status subscribe(oxp_client *lease, oxp_error *err) {
    const oxp_slice args[] = {OXP_LITERAL("SUBSCRIBE"), OXP_LITERAL("news")};
    oxp_reply *reply;
    oxp_status status = oxp_client_command(lease, args, 2, &reply, err);
    if (status == OXP_OK)
        printf("%d confirmation\n", (int)oxp_reply_len(reply, 0));
    oxp_reply_free(reply);
    return status;
}

static oxp_status publish(oxp_client *client, const char *text, oxp_error *err) {
    const oxp_slice args[] = {OXP_LITERAL("PUBLISH"), OXP_LITERAL("news"), oxp_str(text)};
    oxp_reply *reply;
    oxp_status status = oxp_client_command(client, args, 3, &reply, err);
    oxp_reply_free(reply);
    return status;
}

/* Whether it is the last message. */
static int see(const oxp_event *event) {
    if (event->kind == OXP_EVENT_UP)
        printf("connected\n");
    if (event->kind != OXP_EVENT_MESSAGE)
        return 0;
    /* The message itself, then the word "message", the channel, and what was published. */
    const oxp_node *node = &event->nodes[3];
    const char *text = (const char *)event->bytes + node->value;
    printf("news: %.*s\n", (int)node->len, text);
    return node->len == 3 && memcmp(text, "bye", 3) == 0;
}

/* Takes what there is until there is no more, and only then waits: what was read already makes no descriptor readable. */
static oxp_status listen_to(oxp_client *lease, oxp_error *err) {
    oxp_events *events;
    oxp_status status = oxp_events_new(&events);
    int is_over = 0;
    while (status >= 0 && !is_over) {
        const oxp_event *list;
        status = oxp_client_next_events(lease, events, 0, NULL, err);
        size_t count = oxp_events_list(events, &list);
        for (size_t i = 0; i < count; i++)
            is_over |= see(&list[i]);
        if (status == OXP_AGAIN) {
            /* Other descriptors of the program go here, too. */
            struct pollfd fd = {oxp_client_fd(lease), POLLIN, 0};
            poll(&fd, 1, -1);
        }
    }
    oxp_events_free(events);
    return status < 0 ? status : OXP_OK;
}

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "redis://localhost:6379";
    oxp_error *err = NULL;
    oxp_client *client = NULL, *lease = NULL;

    oxp_status status = oxp_error_new(&err);
    if (status == OXP_OK)
        status = oxp_connect(url, strlen(url), &client, err);
    if (status == OXP_OK)
        status = oxp_client_lease(client, &lease, err);
    if (status == OXP_OK)
        status = subscribe(lease, err);
    /* The client itself goes on as if nothing were. */
    if (status == OXP_OK)
        status = publish(client, "hello", err);
    if (status == OXP_OK)
        status = publish(client, "bye", err);
    if (status == OXP_OK)
        status = listen_to(lease, err);

    if (status != OXP_OK)
        fprintf(stderr, "%s: %s\n", url, oxp_error_text(err));
    oxp_client_free(lease);
    oxp_client_free(client);
    oxp_error_free(err);
    return status != OXP_OK;
}
