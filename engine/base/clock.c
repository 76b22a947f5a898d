/* The injected clock: see pavane/clock.h. */
#include "pavane/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define JUMP_MS 1000 /* less is the clock being steered */

/* How far the system's time is before the monotonic one, in ms, as it was taken
 * last; and what it jumped by since somebody asked. */
static atomic_int_fast64_t ahead, jumped;

/*
 * The system's time, but that it does not go back: behind a jump back it goes
 * on as it went until the system's has caught up, or the process ends.  So what
 * is due in an hour is due in an hour.
 */
static int64_t
wall_ms(void)
{
    int64_t mono = pav_clock_mono_us() / 1000, now, before;
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - mono;
    before = atomic_load(&ahead);
    if (before == 0) {
        atomic_store(&ahead, now);
        return now + mono;
    }
    if (now < before - JUMP_MS) {
        atomic_store(&jumped, now - before);
        return before + mono;
    }
    if (now > before + JUMP_MS)
        atomic_store(&jumped, now - before);
    if (now != before)
        atomic_store(&ahead, now);
    return now + mono;
}

int64_t
pav_clock_jumped_ms(void)
{
    return atomic_exchange(&jumped, 0);
}

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
    if (!c->is_virtual && !c->frozen) {
        c->now_ms = wall_ms() + c->offset_ms;
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
