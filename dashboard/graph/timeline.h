/* The stays of an execution against time. */
#ifndef PAVANE_TIMELINE_H
#define PAVANE_TIMELINE_H

#include "trace.h"
#include "when.h"

/* `link` is in front of a state's percent-encoded name. */
void
timeline_svg(const struct trace *trace, int64_t from, int64_t until,
             const struct when *when, const char *link, struct pav_buf *out);

#endif
