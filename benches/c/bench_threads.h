/* What the two threads workers share: calls from several threads at once. Beside the options of
 * bench.h they take --threads N; --count is the number of calls of all threads together. */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include "bench.h"

#include <pthread.h>

typedef struct {
    void *client;
    size_t thread;
    size_t first, end; /* which of the calls are this thread's */
} bench_share;

/* Takes --threads out of the arguments, which bench_parse does not know. */
static inline size_t bench_thread_count(int *argc, char **argv)
{
    for (int i = 1; i + 1 < *argc; i++) {
        if (strcmp(argv[i], "--threads"))
            continue;
        size_t count = strtoul(argv[i + 1], NULL, 10);
        memmove(argv + i, argv + i + 2, (size_t)(*argc - i - 2) * sizeof *argv);
        *argc -= 2;
        if (count == 0)
            bench_fail("--threads", "at least 1");
        return count;
    }
    return 1;
}

/* Runs `work` with its share of the calls on each thread and waits for all of them. */
static inline void bench_share_out(size_t threads, size_t calls, void *client, void *(*work)(void *))
{
    pthread_t *ids = calloc(threads, sizeof *ids);
    bench_share *shares = calloc(threads, sizeof *shares);
    for (size_t i = 0; i < threads; i++) {
        shares[i] = (bench_share){client, i, calls * i / threads, calls * (i + 1) / threads};
        if (pthread_create(&ids[i], NULL, work, &shares[i]))
            bench_fail("thread", "cannot be started");
    }
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    free(shares);
    free(ids);
}

#endif
