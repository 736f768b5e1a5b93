/* What submitting costs: batches of commands are handed over, which is timed, and answered, which is
 * not. Beside the options of bench.h, --size is the number of commands in a batch. */
#ifndef BENCH_SUBMIT_H
#define BENCH_SUBMIT_H

#include "bench.h"

/* Hands over the commands from `first` to `end`, and waits for their replies. */
typedef void bench_batch(void *client, size_t first, size_t end);

typedef struct {
    const bench_args *args;
    bench_batch *submit, *collect;
    void *client;
} bench_submission;

static inline void bench_submissions(void *submission_)
{
    const bench_submission *s = submission_;
    for (size_t first = 0; first < s->args->count; first += s->args->size) {
        size_t end = first + s->args->size < s->args->count ? first + s->args->size : s->args->count;
        s->submit(s->client, first, end);
        bench_pause();
        s->collect(s->client, first, end);
        bench_go_on();
    }
}

static inline void bench_clear_nothing(void *client)
{
    (void)client;
    bench_fail("--fresh", "not for submissions");
}

#endif
