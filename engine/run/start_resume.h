/* An event meets one machine: see start_resume.c. */
#ifndef PAVANE_RUN_START_RESUME_H
#define PAVANE_RUN_START_RESUME_H

#include "correlate.h"

/* The rules of one machine that match, the first of each kind; their keys are
 * read at once, as long as the index holds what it found. */
struct match {
    struct machine *machine;
    struct matched_rule {
        const struct machine_rule *rule;
        const char *key, *why;
        const char **keys; /* where the rule gives several */
        uint32_t key_count;
    } start, resume;
};

/* The event goes to the machine, which has one disposition of it then, or one
 * for each id that its rule gives. */
void dispatch_to_machine(struct event_context *ec, const struct match *match);

#endif
