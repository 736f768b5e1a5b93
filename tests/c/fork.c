/* A forked child goes on using the parent's client: on a connection of its own, without a word on the parent's. */

#include "check.h"

#include <sys/wait.h>

static int64_t connection_id(oxp_client *client) {
    oxp_reply *reply = command(client, "CLIENT ID");
    int64_t id = integer(reply, 0);
    oxp_reply_free(reply);
    return id;
}

int main(void) {
    start();
    oxp_client *client = connect_client();
    int64_t parents = connection_id(client);

    /* Inherited with commands in it that nobody has sent yet. */
    oxp_pipeline *pipeline;
    CHECK_STATUS(OXP_OK, oxp_pipeline_new(client, &pipeline, NULL));
    CHECK_STATUS(OXP_OK, add(pipeline, "INCR counter"));

    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        start();
        CHECK(connection_id(client) != parents);
        oxp_reply *replies;
        CHECK_STATUS(OXP_OK, oxp_pipeline_execute(pipeline, &replies, NULL));
        oxp_reply_free(replies);
        oxp_pipeline_free(pipeline);
        oxp_client_free(client);
        /* The copies of the parent's state are left alone, not freed; nobody is to count that here. */
        execlp("true", "true", (char *)NULL);
        exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    /* What the child did to its copies is nothing to ours. */
    CHECK(connection_id(client) == parents);
    oxp_reply *replies;
    CHECK_STATUS(OXP_OK, oxp_pipeline_execute(pipeline, &replies, NULL));
    CHECK(integer(replies, oxp_reply_child(replies, 0, 0)) == 2);
    oxp_reply_free(replies);
    oxp_pipeline_free(pipeline);
    oxp_client_free(client);
    return 0;
}
