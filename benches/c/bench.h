/* What the C workers share: the command line, the meter, the JSON line. The same contract as
 * workers/common.py, so that run.py does not know in which language a client is measured.
 *
 * A repetition is timed from the first queued command to the last reply in hand. Connecting,
 * preparing the field names and checking replies are outside it. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct {
    const char *host;
    int port;
    const char *task; /* "pipeline", "calls" or "versions" */
    const char *op;   /* "hset" or "hget" */
    size_t count;     /* commands in a repetition */
    size_t size;      /* commands in a pipeline */
    size_t distinct;  /* different fields: word|0 .. word|distinct-1, repeated */
    int reps, warm;
    bool fresh;   /* delete the hash before each repetition, untimed */
    long spin_us; /* -1: the client's own default */
    int server_pid;
} bench_args;

typedef struct {
    char *text;
    size_t len;
} bench_field;

typedef struct {
    double wall, cpu, server;
} bench_clock;

static inline void bench_fail(const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s\n", what, detail ? detail : "");
    exit(1);
}

static inline bench_args bench_parse(int argc, char **argv)
{
    bench_args a = {"127.0.0.1", 6379, "pipeline", "hset", 10000, 10000, 10000, 1, 0, false, -1, 0};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (!strcmp(name, "--fresh")) {
            a.fresh = true;
            continue;
        }
        if (i + 1 == argc)
            bench_fail("missing value", name);
        const char *value = argv[++i];
        if (!strcmp(name, "--host")) a.host = value;
        else if (!strcmp(name, "--port")) a.port = atoi(value);
        else if (!strcmp(name, "--task")) a.task = value;
        else if (!strcmp(name, "--op")) a.op = value;
        else if (!strcmp(name, "--count")) a.count = strtoul(value, NULL, 10);
        else if (!strcmp(name, "--size")) a.size = strtoul(value, NULL, 10);
        else if (!strcmp(name, "--distinct")) a.distinct = strtoul(value, NULL, 10);
        else if (!strcmp(name, "--reps")) a.reps = atoi(value);
        else if (!strcmp(name, "--warm")) a.warm = atoi(value);
        else if (!strcmp(name, "--spin-us")) a.spin_us = atol(value);
        else if (!strcmp(name, "--server-pid")) a.server_pid = atoi(value);
        else bench_fail("unknown option", name);
    }
    return a;
}

/* All `count` field names, so that a repetition formats nothing. */
static inline bench_field *bench_fields(const bench_args *a)
{
    bench_field *fields = calloc(a->count, sizeof *fields);
    for (size_t i = 0; i < a->count; i++) {
        if (i >= a->distinct) {
            fields[i] = fields[i - a->distinct];
            continue;
        }
        char text[32];
        fields[i].len = (size_t)snprintf(text, sizeof text, "word|%zu", i);
        fields[i].text = strdup(text);
    }
    return fields;
}

/* Nanoseconds the server's main thread has run, as the kernel counts them; 0 if not told. */
static inline double bench_server_cpu(int pid)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    FILE *f = pid ? fopen(path, "r") : NULL;
    if (f) {
        if (fscanf(f, "%llu", &ns) != 1)
            ns = 0;
        fclose(f);
    }
    return (double)ns * 1e-9;
}

static inline double bench_wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline bench_clock bench_now(const bench_args *a)
{
    struct rusage u;
    bench_clock c;
    c.server = bench_server_cpu(a->server_pid);
    getrusage(RUSAGE_SELF, &u);
    c.cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
        + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
    c.wall = bench_wall();
    return c;
}

/* A line of /proc/self/status in KiB. Not ru_maxrss, which a child inherits from the process that
 * started it. */
static inline long bench_memory(const char *line)
{
    char text[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(text, sizeof text, f))
        if (!strncmp(text, line, strlen(line)))
            kb = atol(text + strlen(line) + 1);
    if (f)
        fclose(f);
    return kb;
}

static inline void bench_reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
}

/* What lies between these two is not timed: what a worker does besides its task. Its processor time is
 * counted all the same: to ask for it would cost more than what is timed. */
static double bench_paused_at, bench_untimed;

static inline void bench_pause(void)
{
    bench_paused_at = bench_wall();
}

static inline void bench_go_on(void)
{
    bench_untimed += bench_wall() - bench_paused_at;
}

/* Runs warm-ups and repetitions of `run` and prints the JSON line. `run` performs the `count`
 * commands and ends the program if a reply is wrong; `clear` deletes the hash. */
static inline void bench_measure(const bench_args *a, void (*run)(void *), void (*clear)(void *),
    void *client, const char *versions)
{
    if (!strcmp(a->task, "versions")) {
        printf("{\"versions\": %s}\n", versions);
        return;
    }
    for (int i = 0; i < a->warm; i++)
        run(client);
    double *wall = calloc((size_t)a->reps, sizeof *wall);
    double *cpu = calloc((size_t)a->reps, sizeof *cpu);
    double *server = calloc((size_t)a->reps, sizeof *server);
    bench_reset_peak();
    long before = bench_memory("VmRSS");
    for (int i = 0; i < a->reps; i++) {
        if (a->fresh)
            clear(client);
        bench_untimed = 0;
        bench_clock from = bench_now(a);
        run(client);
        bench_clock to = bench_now(a);
        wall[i] = to.wall - from.wall - bench_untimed;
        cpu[i] = to.cpu - from.cpu;
        server[i] = to.server - from.server;
    }
    printf("{\"count\": %zu, \"rss_before_kb\": %ld, \"rss_peak_kb\": %ld", a->count, before,
        bench_memory("VmHWM"));
    const char *names[] = {"seconds", "cpu", "server_cpu"};
    double *values[] = {wall, cpu, server};
    for (int k = 0; k < 3; k++) {
        printf(", \"%s\": [", names[k]);
        for (int i = 0; i < a->reps; i++)
            printf("%s%.9f", i ? ", " : "", values[k][i]);
        printf("]");
    }
    printf(", \"versions\": %s}\n", versions);
}

#endif
