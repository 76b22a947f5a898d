/*
 * Time zones, out of the system's database (tzdata's TZif files, RFC 8536).
 *
 * Local times are seconds since 1970-01-01T00:00:00 as the clocks on the wall
 * say it.
 */
#ifndef PAVANE_ZONE_H
#define PAVANE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "pavane/err.h"

struct pav_zone;

/* Errors: PAV_INVALID, there is no zone of that name; PAV_IO. */
PAV_MUSTUSE enum pav_rc
pav_zone_load(const char *name, struct pav_zone **out, struct pav_err *err);
void pav_zone_free(struct pav_zone *z);

/* NULL is UTC. */
int64_t pav_zone_local(const struct pav_zone *z, int64_t utc);
/*
 * A local time that comes twice is meant the first time; false: it never comes,
 * since the clocks go over it.
 */
bool pav_zone_utc(const struct pav_zone *z, int64_t local, int64_t *utc);

#endif
