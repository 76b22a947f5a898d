/* The stays of an execution against time. */
#ifndef PAVANE_TIMELINE_H
#define PAVANE_TIMELINE_H

#include "trace.h"
#include "when.h"

struct timeline_look {
    int64_t from, until; /* what is shown of it */
    int64_t ended;       /* the execution; or now */
    const struct when *when;
    const char *link; /* in front of a state's percent-encoded name */
    /* Of each visit, how long half of such stays take at most, ms; 0: nobody
     * knows.  NULL: of none. */
    const int64_t *usual;
    /* With its idle time folded, or whole; and the link to it the other way. */
    bool whole;
    const char *other;
    bool each;          /* a row for each stay, also in states entered often */
    const char *window; /* the link to which "&from=&to=" may be added */
};

struct timeline_drawn {
    int gaps;          /* of idle time that are folded, or could be */
    uint32_t groups;   /* rows of many stays in a state */
    uint32_t left_out; /* rows before the first that is there */
};
void timeline_svg(const struct trace *trace, const struct timeline_look *look,
                  struct pav_buf *out, struct timeline_drawn *drawn);
/* Was it there in that time? */
bool timeline_shows(const struct visit *v, int64_t from, int64_t until);

#endif
