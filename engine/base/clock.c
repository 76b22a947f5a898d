/* The injected clock: see pavane/clock.h. */
#include "pavane/clock.h"

#include <string.h>
#include <time.h>

void
pav_clock_real(struct pav_clock *c, int64_t offset_ms)
{
    memset(c, 0, sizeof(*c));
    c->offset_ms = offset_ms;
}

void
pav_clock_virtual(struct pav_clock *c, int64_t start_ms)
{
    memset(c, 0, sizeof(*c));
    c->is_virtual = true;
    c->now_ms = start_ms;
}

void
pav_clock_advance(struct pav_clock *c, int64_t ms)
{
    c->now_ms += ms;
}

void
pav_clock_forget(struct pav_clock *c)
{
    c->frozen = false;
}

int64_t
pav_clock_ms(struct pav_clock *c)
{
    struct timespec ts;

    if (!c->is_virtual && !c->frozen) {
        clock_gettime(CLOCK_REALTIME, &ts);
        c->now_ms =
            (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + c->offset_ms;
        c->frozen = true;
    }
    return c->now_ms;
}

int64_t
pav_clock_mono_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
pav_clock_thread_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
