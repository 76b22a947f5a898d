/* The stays of an execution against time. */
#ifndef PAVANE_TIMELINE_H
#define PAVANE_TIMELINE_H

#include "trace.h"
#include "when.h"

struct timeline_look {
    int64_t from, until;
    const struct when *when;
    const char *link; /* in front of a state's percent-encoded name */
    /* Of each visit, how long half of such stays take at most, ms; 0: nobody
     * knows.  NULL: of none. */
    const int64_t *usual;
    /* Where it is shown with its idle time folded, or whole: the other way. */
    bool whole;
    const char *other;
};
void timeline_svg(const struct trace *trace, const struct timeline_look *look,
                  struct pav_buf *out);

#endif
