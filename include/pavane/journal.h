/* Records of the journal for who has a reader. */
#ifndef PAVANE_JOURNAL_H
#define PAVANE_JOURNAL_H

#include "pavane/history.h"
#include "pavane/reader.h"

/* In the arena, as long as the step's bytes live; what it refers to is read
 * when it is asked for. */
static inline struct pav_record *
pav_reader_record(struct pav_reader *r, const struct pav_step_row *step,
                  struct pav_arena *a)
{
    struct pav_stored stored = pav_step_stored(step);

    return pav_record_open(&stored, pav_reader_sources(r), a);
}

#endif
