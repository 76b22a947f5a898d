/* What one turn may use before others get theirs. */
#include "turn.h"

#define TRIM_LEN (4u << 20)
#define TURN_US  15000 /* then what can wait goes into the next turn */

void
turn_trim_arena(struct pav_engine *e)
{
    if (e->arena.total > TRIM_LEN)
        pav_arena_reset(&e->arena);
}

bool
turn_is_long(const struct pav_engine *e)
{
    return !e->config.manual && pav_clock_mono_us() - e->began_us > TURN_US;
}
