/* Who watches changes, and what they are told. */
#ifndef PAVANE_API_STREAMS_H
#define PAVANE_API_STREAMS_H

#include "pavane/api.h"

#define STREAMS_MAX 512 /* at once */

/* stream.c: who watches, and what they are told. */
struct streams *streams_new(void);
void streams_free(struct streams *s);
/* Where a page is made: its stream goes on behind it.  "": not known. */
const char *streams_place(struct pav_api *api, struct pav_arena *a);
void streams_take(struct pav_api *api, struct pav_feed *feed);
void streams_tick(struct pav_api *api);
/* Are changes gathered? */
bool streams_watching(const struct streams *s);
uint64_t streams_resyncs(const struct streams *s);
/* Who is told of changes; one who left is noticed within a second. */
uint32_t streams_count(const struct streams *s);

#endif
