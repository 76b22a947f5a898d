/* Published versions of machines: see published.c. */
#ifndef PAVANE_RUN_PUBLISHED_H
#define PAVANE_RUN_PUBLISHED_H

#include "pavane/store_work.h"
#include "turn/turn.h"

/* The published number of a version, new unless it is the last one already
 * and `again` is false. */
int64_t
version_publish(struct pav_engine *e, struct machine *m, int64_t version_id,
                int64_t revision, const char *description, int64_t *created_at,
                bool again);
bool published_find(struct pav_engine *e, struct machine *m, int64_t number,
                    struct pav_name_row *row);
/* The newest one that is there (0: none), and how many there are. */
int64_t published_last(struct pav_engine *e, struct machine *m,
                       struct pav_name_row *row, uint32_t *count);

#endif
