/*
 * The injected clock.  Milliseconds since the epoch.  A turn reads it once:
 * the first reader freezes the value until pav_clock_forget().  A clock belongs
 * to one thread.
 */
#ifndef PAVANE_CLOCK_H
#define PAVANE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct pav_clock {
    bool is_virtual;
    bool frozen;
    int64_t now_ms;    /* virtual: the time; real: the frozen reading */
    int64_t offset_ms; /* real: added to the system's time */
};

void pav_clock_real(struct pav_clock *c, int64_t offset_ms);
void pav_clock_virtual(struct pav_clock *c, int64_t start_ms);
void pav_clock_advance(struct pav_clock *c, int64_t ms);
void pav_clock_forget(struct pav_clock *c);
int64_t pav_clock_ms(struct pav_clock *c);

/*
 * By how much the system's time jumped, by a second or more, since this was
 * asked; 0: it did not.  A real clock follows a jump forward; it does not go
 * back, and says so as long as the system's time is behind.
 */
int64_t pav_clock_jumped_ms(void);
/* Monotonic microseconds, for measuring. */
int64_t pav_clock_mono_us(void);
/* What this thread has used of a processor. */
int64_t pav_clock_thread_us(void);

#endif
