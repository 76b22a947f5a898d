/* The conformance runner: one file a kind of data, one tally for all. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "pavane/doc.h"

struct tally {
    struct pav_arena arena; /* of the file being read */
    const char *category;
    unsigned passed, failed, skipped; /* of the category */
    unsigned all_passed, all_failed, all_skipped;
    /* asl: what was compared, beside cases as a whole */
    unsigned outcomes, outcomes_equal, histories, histories_equal;
    bool show_failures;
    const struct pav_doc *known;    /* {"id": "reason"} or NULL */
    const struct pav_doc *datasets; /* jsonata: {name: document} or NULL */
};

void tally_case(struct tally *t, bool passed, const struct pav_doc *id,
                const char *why);
void tally_skip(struct tally *t);

/* Each gets one file of the folder, whole. */
void run_asl(struct tally *t, const struct pav_doc *file);
void run_event_patterns(struct tally *t, const struct pav_doc *file);
void run_jsonata(struct tally *t, const struct pav_doc *file);
void run_jsonpath(struct tally *t, const struct pav_doc *file);

#endif
