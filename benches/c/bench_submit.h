/* What submitting costs: batches of commands are handed over, which is timed, and answered, which is
 * not. Beside the options of bench.h, --size is the number of commands in a batch. */
#ifndef BENCH_SUBMIT_H
#define BENCH_SUBMIT_H

#include "bench.h"

/* Does its part for the commands from `first` to `end`. */
typedef void bench_batch(void *client, size_t first, size_t end);

typedef struct {
    const bench_args *args;
    /* Makes ready what `submit` hands over, as the caller of a library has just done; NULL for nothing. */
    bench_batch *prepare;
    bench_batch *submit;
    bench_batch *collect; /* waits for the replies */
    void *client;
} bench_submission;

static inline void bench_submissions(void *submission_)
{
    const bench_submission *s = submission_;
    for (size_t first = 0; first < s->args->count; first += s->args->size) {
        size_t end = first + s->args->size < s->args->count ? first + s->args->size : s->args->count;
        bench_pause();
        if (s->prepare)
            s->prepare(s->client, first, end);
        bench_go_on();
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
