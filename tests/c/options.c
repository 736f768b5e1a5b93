/* Options: what is accepted and refused, and that the accepted arrives at the server. */

#include "check.h"

static void urls(void) {
    oxp_error *err = new_error();
    static const char *const good[] = {
        "redis://", "redis://localhost", "valkey://user:p%40ss@[::1]:7000/3?timeout=1.5&spin_us=0",
        "unix:///run/redis.sock?db=2",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        oxp_options *options;
        CHECK_OK(oxp_options_from_url(good[i], strlen(good[i]), &options, err), err);
        oxp_options_free(options);
    }
    static const char *const bad[] = {
        "", "localhost", "http://localhost", "redis://host:99999", "redis://:s3cret@host/x", "redis://h?nope=1",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        oxp_options *options = (oxp_options *)&options;
        CHECK_STATUS(OXP_ERR_ARG, oxp_options_from_url(bad[i], strlen(bad[i]), &options, err));
        CHECK(options == NULL);
        CHECK(oxp_error_status(err) == OXP_ERR_ARG);
        CHECK(oxp_error_outcome(err) == OXP_OUTCOME_NOT_APPLIED);
        CHECK(strlen(oxp_error_text(err)) > 0);
        CHECK(strstr(oxp_error_text(err), "s3cret") == NULL);
    }
    oxp_options *options;
    CHECK_OK(oxp_options_from_url(NULL, 0, &options, err), err);
    oxp_options_free(options);
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_from_url(NULL, 5, &options, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_from_url("redis://\xff", 9, &options, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_from_url("redis://", 8, NULL, err));
    oxp_error_free(err);
}

/* What would fail later is refused at once, and leaves the option as it was. */
static void refused_by_the_system(void) {
    oxp_options *o = server_options();
    char path[200];
    memset(path, '/', sizeof path);
    CHECK_STATUS(OXP_OK, oxp_options_set_client_name(o, "!me~", 4));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_client_name(o, "two words", 9));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_client_name(o, "a\0b", 3));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_lib_name(o, "two words", 9));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_lib_version(o, "1\n", 2));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_host(o, "a\0b", 3));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_username(o, "a\0b", 3));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_unix_path(o, path, 108));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_user_timeout_ms(o, 2147483648u));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_user_timeout_ms(o, UINT64_MAX));
    CHECK_STATUS(OXP_OK, oxp_options_set_user_timeout_ms(o, 2147483647));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_socket_buffers(o, 2147483648u, 0));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_socket_buffers(o, 0, SIZE_MAX));

    oxp_error *err = new_error();
    oxp_client *client;
    CHECK_OK(oxp_client_open(o, &client, err), err);
    expect_text(client, "CLIENT GETNAME", "!me~");
    oxp_client_free(client);
    CHECK_STATUS(OXP_OK, oxp_options_set_unix_path(o, path, 107));
    CHECK_STATUS(OXP_OK, oxp_options_set_password(o, "a\0b", 3));
    oxp_options_free(o);
    oxp_error_free(err);
}

static void values(void) {
    oxp_options *o;
    CHECK_STATUS(OXP_OK, oxp_options_new(&o));
    CHECK_STATUS(OXP_OK, oxp_options_set_host(o, "localhost", 9));
    CHECK_STATUS(OXP_OK, oxp_options_set_host(o, NULL, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_port(o, 7000));
    CHECK_STATUS(OXP_OK, oxp_options_set_db(o, 1));
    CHECK_STATUS(OXP_OK, oxp_options_set_username(o, "me", 2));
    CHECK_STATUS(OXP_OK, oxp_options_set_password(o, "secret", 6));
    CHECK_STATUS(OXP_OK, oxp_options_set_password(o, NULL, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_client_name(o, "tests", 5));
    CHECK_STATUS(OXP_OK, oxp_options_set_client_no_evict(o, true));
    CHECK_STATUS(OXP_OK, oxp_options_set_client_no_touch(o, true));
    CHECK_STATUS(OXP_OK, oxp_options_set_client_info(o, false));
    CHECK_STATUS(OXP_OK, oxp_options_set_fail_fast(o, true));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_fail_fast(NULL, true));
    CHECK_STATUS(OXP_OK, oxp_options_set_lib_name(o, "tests", 5));
    CHECK_STATUS(OXP_OK, oxp_options_set_lib_version(o, "1", 1));
    CHECK_STATUS(OXP_OK, oxp_options_set_protocol(o, 2));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(o, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(o, UINT64_MAX));
    CHECK_STATUS(OXP_OK, oxp_options_set_connect_timeout_ms(o, 1));
    CHECK_STATUS(OXP_OK, oxp_options_set_spin_us(o, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_keepalive(o, false));
    CHECK_STATUS(OXP_OK, oxp_options_set_user_timeout_ms(o, 1));
    CHECK_STATUS(OXP_OK, oxp_options_set_eager_bytes(o, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_retry(o, OXP_RETRY_NONE));
    CHECK_STATUS(OXP_OK, oxp_options_set_max_depth(o, 10));
    CHECK_STATUS(OXP_OK, oxp_options_set_max_bulk_bytes(o, 10));
    CHECK_STATUS(OXP_OK, oxp_options_set_max_line_bytes(o, 10));
    CHECK_STATUS(OXP_OK, oxp_options_set_max_reply_bytes(o, SIZE_MAX));
    CHECK_STATUS(OXP_OK, oxp_options_set_socket_buffers(o, 4096, 0));

    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_protocol(o, 4));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_retry(o, 99));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_host(o, "\xc3\x28", 2));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_host(o, NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_unix_path(o, "/a\0b", 4));
    oxp_options_free(o);
    refused_by_the_system();

    CHECK_STATUS(OXP_ERR_ARG, oxp_options_new(NULL));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_host(NULL, "localhost", 9));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_port(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_unix_path(NULL, "/", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_db(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_username(NULL, "a", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_password(NULL, "a", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_client_name(NULL, "a", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_client_no_evict(NULL, true));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_client_no_touch(NULL, true));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_client_info(NULL, false));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_lib_name(NULL, "a", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_lib_version(NULL, "a", 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_protocol(NULL, 3));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_timeout_ms(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_connect_timeout_ms(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_spin_us(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_keepalive(NULL, true));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_user_timeout_ms(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_eager_bytes(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_retry(NULL, 0));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_max_depth(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_max_bulk_bytes(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_max_line_bytes(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_max_reply_bytes(NULL, 1));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_socket_buffers(NULL, 1, 1));
    oxp_options_free(NULL);
}

/* Connects with changed options and shows that the server sees them. */
static void effects(void) {
    oxp_error *err = new_error();
    oxp_client *client;
    oxp_options *options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_db(options, 5));
    CHECK_STATUS(OXP_OK, oxp_options_set_client_name(options, "me", 2));
    CHECK_OK(oxp_client_open(options, &client, err), err);
    oxp_options_free(options);
    expect_text(client, "CLIENT GETNAME", "me");
    oxp_reply *reply = command(client, "CLIENT LIST");
    const uint8_t *text;
    size_t len;
    CHECK_STATUS(OXP_OK, oxp_reply_string(reply, 0, &text, &len));
    char list[1024];
    snprintf(list, sizeof list, "%.*s", (int)len, (const char *)text);
    CHECK(strstr(list, " db=5 ") != NULL);
    CHECK(strstr(list, " resp=3") != NULL);
    oxp_reply_free(reply);
    oxp_client_free(client);

    options = server_options();
    CHECK_STATUS(OXP_OK, oxp_options_set_db(options, 100000));
    CHECK_OK(oxp_client_open(options, &client, err), err);
    CHECK_STATUS(OXP_ERR_HANDSHAKE, oxp_client_connect(client, err));
    oxp_client_free(client);

    CHECK_STATUS(OXP_OK, oxp_options_set_db(options, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_username(options, "nobody", 6));
    CHECK_STATUS(OXP_OK, oxp_options_set_password(options, "s3cret", 6));
    CHECK_OK(oxp_client_open(options, &client, err), err);
    CHECK_STATUS(OXP_ERR_AUTH, oxp_client_connect(client, err));
    CHECK(strstr(oxp_error_text(err), "s3cret") == NULL);
    oxp_client_free(client);

    /* Nobody in particular, by name. */
    CHECK_OK(oxp_options_set(options, "username", 8, "", 0, err), err);
    CHECK_OK(oxp_options_set(options, "password", 8, "", 0, err), err);
    CHECK_STATUS(OXP_OK, oxp_options_set_max_bulk_bytes(options, 100));
    CHECK_OK(oxp_client_open(options, &client, err), err);
    oxp_slice args[MAX_ARGS];
    size_t argc = split("SETRANGE long 200 x", args);
    CHECK_OK(oxp_client_command(client, args, argc, &reply, err), err);
    oxp_reply_free(reply);
    argc = split("GET long", args);
    CHECK_STATUS(OXP_ERR_LIMIT, oxp_client_command(client, args, argc, &reply, err));
    CHECK(reply == NULL);
    oxp_client_free(client);
    oxp_options_free(options);
    oxp_error_free(err);
}

typedef struct {
    int asked;
    int dropped;
    int stop;
} Hook;

static int32_t ask(void *user_data) {
    Hook *hook = user_data;
    hook->asked++;
    return hook->stop;
}

static void drop(void *user_data) {
    Hook *hook = user_data;
    hook->dropped++;
}

static void interrupts(void) {
    oxp_error *err = new_error();
    oxp_options *options = server_options();
    Hook replaced = {0, 0, 0}, hook = {0, 0, 0}, refused = {0, 0, 0};
    CHECK_STATUS(OXP_OK, oxp_options_set_interrupt(options, ask, &replaced, drop));
    CHECK(replaced.dropped == 0);
    CHECK_STATUS(OXP_OK, oxp_options_set_interrupt(options, ask, &hook, drop));
    CHECK(replaced.dropped == 1);
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set_interrupt(NULL, ask, &refused, drop));
    CHECK(refused.dropped == 1);

    oxp_client *client;
    CHECK_OK(oxp_client_open(options, &client, err), err);
    oxp_options_free(options);
    CHECK(hook.dropped == 0);
    CHECK_OK(oxp_client_connect(client, err), err);

    /* The server sleeps longer than the hook is patient. */
    hook.stop = 1;
    oxp_slice args[MAX_ARGS];
    size_t argc = split("DEBUG SLEEP 3", args);
    oxp_reply *reply;
    CHECK_STATUS(OXP_ERR_INTERRUPTED, oxp_client_command(client, args, argc, &reply, err));
    CHECK(reply == NULL);
    CHECK(hook.asked > 0);
    CHECK(oxp_error_outcome(err) == OXP_OUTCOME_UNKNOWN);

    /* The client is as good as new, and nobody gets the reply that still came. */
    hook.stop = 0;
    expect_text(client, "ECHO next", "next");
    oxp_client_free(client);
    CHECK(hook.dropped == 1);
    CHECK(replaced.asked + refused.asked == 0);
    CHECK(replaced.dropped == 1 && refused.dropped == 1);

    /* Without a function there is nothing to ask, but still something to release. */
    Hook idle = {0, 0, 0};
    CHECK_STATUS(OXP_OK, oxp_options_new(&options));
    CHECK_STATUS(OXP_OK, oxp_options_set_interrupt(options, NULL, &idle, drop));
    CHECK(idle.dropped == 1);
    CHECK_STATUS(OXP_OK, oxp_options_set_interrupt(options, ask, &idle, NULL));
    oxp_options_free(options);
    CHECK(idle.dropped == 1);
    oxp_error_free(err);
}

/* Sets an option by name. */
static oxp_status set(oxp_options *options, const char *name, const char *value, oxp_error *err) {
    return oxp_options_set(options, name, strlen(name), value, strlen(value), err);
}

static bool value_is(const oxp_options *options, const char *name, const char *value) {
    char text[64];
    size_t len;
    return oxp_options_get(options, name, strlen(name), text, sizeof text, &len, NULL) == OXP_OK
        && len == strlen(value) && memcmp(text, value, len) == 0;
}

/* The next name in a list of them, as the message about an unknown one has it. */
static bool next_name(const char **list, char name[32]) {
    size_t len = strspn(*list, "abcdefghijklmnopqrstuvwxyz_");
    CHECK(len < 32);
    memcpy(name, *list, len);
    name[len] = '\0';
    *list += len;
    *list += strncmp(*list, ", ", 2) == 0 ? 2 : 0;
    return len > 0;
}

/* What is got can be set again and is the same then; no value is empty. */
static void round_trip(const oxp_options *from) {
    oxp_error *err = new_error();
    oxp_options *to;
    CHECK_STATUS(OXP_OK, oxp_options_new(&to));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_get(from, "nope", 4, NULL, 0, NULL, err));
    const char *list = strstr(oxp_error_text(err), "there are ");
    CHECK(list != NULL);
    list += strlen("there are ");
    char name[32], value[128], again[128];
    size_t len, len_again, names = 0;
    for (; next_name(&list, name); names++) {
        oxp_status status = oxp_options_get(from, name, strlen(name), value, sizeof value, &len, NULL);
        CHECK((status == OXP_OK && len > 0) || (status == OXP_DONE && len == 0));
        if (status == OXP_OK)
            CHECK_STATUS(OXP_OK, oxp_options_set(to, name, strlen(name), value, len, NULL));
        CHECK_STATUS(status, oxp_options_get(to, name, strlen(name), again, sizeof again, &len_again, NULL));
        CHECK(len_again == len && memcmp(again, value, len) == 0);
    }
    CHECK(names > 30);
    oxp_options_free(to);
    oxp_error_free(err);
}

/* An option has the same value in both. */
static void expect_same(const oxp_options *a, const oxp_options *b, const char *name) {
    char value[128], other[128];
    size_t len, other_len;
    oxp_status status = oxp_options_get(a, name, strlen(name), value, sizeof value, &len, NULL);
    CHECK_STATUS(status, oxp_options_get(b, name, strlen(name), other, sizeof other, &other_len, NULL));
    CHECK(len == other_len && memcmp(value, other, len) == 0);
}

/* By its name an option is set as by its own function, also to nothing. */
static void named_as_typed(void) {
    static const struct {
        const char *name;
        oxp_status (*set)(oxp_options *, const char *, size_t);
    } texts[] = {
        {"host", oxp_options_set_host}, {"unix_path", oxp_options_set_unix_path},
        {"username", oxp_options_set_username}, {"password", oxp_options_set_password},
        {"client_name", oxp_options_set_client_name}, {"lib_name", oxp_options_set_lib_name},
        {"lib_version", oxp_options_set_lib_version},
    };
    static const struct {
        const char *name;
        oxp_status (*set)(oxp_options *, uint64_t);
    } times[] = {
        {"timeout", oxp_options_set_timeout_ms}, {"connect_timeout", oxp_options_set_connect_timeout_ms},
        {"user_timeout", oxp_options_set_user_timeout_ms},
    };
    static const char *const zeros[] = {"send_buffer", "receive_buffer", "queue_commands", "queue_bytes"};
    oxp_options *typed, *named;
    CHECK_STATUS(OXP_OK, oxp_options_new(&typed));
    CHECK_STATUS(OXP_OK, oxp_options_new(&named));
    round_trip(typed);
    for (size_t i = 0; i < COUNT(texts); i++) {
        CHECK_STATUS(OXP_OK, texts[i].set(typed, "/text", 5));
        CHECK_STATUS(OXP_OK, set(named, texts[i].name, "/text", NULL));
        expect_same(typed, named, texts[i].name);
    }
    round_trip(typed);
    for (size_t i = 0; i < COUNT(texts); i++) {
        CHECK_STATUS(OXP_OK, texts[i].set(typed, NULL, 0));
        CHECK_STATUS(OXP_OK, set(named, texts[i].name, "", NULL));
        expect_same(typed, named, texts[i].name);
    }
    round_trip(typed);
    for (size_t i = 0; i < COUNT(times); i++) {
        CHECK_STATUS(OXP_OK, times[i].set(typed, 1500));
        CHECK_STATUS(OXP_OK, set(named, times[i].name, "1.5", NULL));
        expect_same(typed, named, times[i].name);
        CHECK_STATUS(OXP_OK, times[i].set(typed, 0));
        CHECK_STATUS(OXP_OK, set(named, times[i].name, "0", NULL));
        expect_same(typed, named, times[i].name);
        CHECK_STATUS(OXP_OK, set(named, times[i].name, "1e-10", NULL));
        CHECK(value_is(named, times[i].name, "0.000000001"));
    }
    CHECK_STATUS(OXP_OK, oxp_options_set_timeout_ms(typed, UINT64_MAX));
    round_trip(typed);
    CHECK_STATUS(OXP_OK, oxp_options_set_socket_buffers(typed, 1, 1));
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(typed, 1, 1));
    round_trip(typed);
    CHECK_STATUS(OXP_OK, oxp_options_set_socket_buffers(typed, 0, 0));
    CHECK_STATUS(OXP_OK, oxp_options_set_queue_limits(typed, 0, 0));
    for (size_t i = 0; i < COUNT(zeros); i++) {
        CHECK_STATUS(OXP_OK, set(named, zeros[i], "1", NULL));
        CHECK(value_is(named, zeros[i], "1"));
        CHECK_STATUS(OXP_OK, set(named, zeros[i], "0", NULL));
        expect_same(typed, named, zeros[i]);
    }
    oxp_options_free(typed);
    oxp_options_free(named);
}

static void names(void) {
    oxp_error *err = new_error();
    oxp_options *options;
    size_t len = 7;
    char text[4];
    CHECK_STATUS(OXP_OK, oxp_options_new(&options));
    CHECK(value_is(options, "host", "localhost") && value_is(options, "timeout", "5"));
    CHECK_OK(set(options, "timeout", "1.5", err), err);
    CHECK_OK(set(options, "event_overflow", "stop_reading", err), err);
    CHECK(value_is(options, "timeout", "1.5") && value_is(options, "event_overflow", "stop_reading"));
    CHECK_STATUS(OXP_OK, oxp_options_set_port(options, 7000));
    CHECK(value_is(options, "port", "7000"));

    /* What is wrong is named, with what would be right. */
    CHECK_STATUS(OXP_ERR_ARG, set(options, "tiemout", "1", err));
    CHECK(strstr(oxp_error_text(err), "no option \"tiemout\"; there are host, port") != NULL);
    CHECK_STATUS(OXP_ERR_ARG, set(options, "timeout", "soon", err));
    CHECK(strstr(oxp_error_text(err), "timeout takes seconds") != NULL);
    CHECK_STATUS(OXP_ERR_ARG, set(options, "client_name", "two words", err));
    CHECK(value_is(options, "timeout", "1.5"));

    /* A path is no text, all else is. */
    CHECK_OK(set(options, "unix_path", "/run/\xff", err), err);
    CHECK_STATUS(OXP_DONE, oxp_options_get(options, "unix_path", 9, text, sizeof text, &len, err));
    CHECK_STATUS(OXP_OK, oxp_options_set_unix_path(options, "/run/\xff", 6));
    CHECK_OK(set(options, "unix_path", "", err), err);
    CHECK_OK(oxp_options_set(options, "password", 8, "a\0b", 3, err), err);
    CHECK_STATUS(OXP_ERR_ARG, set(options, "password", "s3cret\xff", err));
    CHECK(strstr(oxp_error_text(err), "password takes text in UTF-8") != NULL);

    /* Not given out, not there, and too long for the buffer. */
    CHECK_OK(set(options, "password", "secret", err), err);
    CHECK_STATUS(OXP_DONE, oxp_options_get(options, "password", 8, text, sizeof text, &len, err));
    CHECK(len == 0);
    CHECK_STATUS(OXP_DONE, oxp_options_get(options, "client_name", 11, NULL, 0, NULL, err));
    CHECK_STATUS(OXP_ERR_SHORT, oxp_options_get(options, "host", 4, text, sizeof text, &len, err));
    CHECK(len == 9);
    CHECK_STATUS(OXP_ERR_SHORT, oxp_options_get(options, "host", 4, NULL, 0, &len, err));
    CHECK(len == 9);
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_get(options, "tiemout", 7, text, sizeof text, &len, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_get(options, "host", 4, NULL, 4, &len, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_get(NULL, "host", 4, text, sizeof text, &len, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_get(options, NULL, 4, text, sizeof text, &len, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set(NULL, "host", 4, "a", 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set(options, NULL, 4, "a", 1, err));
    CHECK_STATUS(OXP_ERR_ARG, oxp_options_set(options, "host", 4, NULL, 1, err));
    oxp_options_free(options);
    oxp_error_free(err);
}

int main(void) {
    start();
    urls();
    values();
    names();
    named_as_typed();
    effects();
    interrupts();
    return 0;
}
