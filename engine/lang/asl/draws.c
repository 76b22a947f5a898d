/* Randomness of a step: out of its seed, the same when it is made again. */
#include <string.h>

#include "pavane/digest.h"
#include "stepper.h"

uint64_t
step_random(struct stepper *st)
{
    uint64_t x = 0;

    memcpy(&x, st->in->seed, sizeof(x));
    x += (uint64_t)++st->draws * 0x9E3779B97F4A7C15u +
         (uint64_t)st->in->first_event_id;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

void
step_uuid(struct stepper *st, char out[37])
{
    uint8_t seeded[PAV_SEED_LEN + 8], digest[PAV_SHA256_LEN];
    uint64_t draw = step_random(st);

    memcpy(seeded, st->in->seed, PAV_SEED_LEN);
    memcpy(seeded + PAV_SEED_LEN, &draw, 8);
    pav_sha256(seeded, sizeof(seeded), digest);
    pav_uuid4_of(digest, out);
}
