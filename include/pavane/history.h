/*
 * Records read again as Step Functions history events.
 * Names, ids and details: Step Functions API, HistoryEvent.
 */
#ifndef PAVANE_HISTORY_H
#define PAVANE_HISTORY_H

#include "pavane/doc.h"

struct pav_history_event {
    int64_t id, previous_id;
    const char *type;          /* "TaskStateEntered" */
    const char *details_field; /* "stateEnteredEventDetails", or NULL */
    const char *state; /* entered, exited or iterated over; NULL otherwise */
    /* Payloads are documents of the record; NULL when the type has none. */
    const struct pav_doc *payload;
    /* "input", "output", "parameters"; of a number or text: its field */
    const char *payload_field;
    const struct pav_doc *resource, *resource_type;
    const struct pav_doc *error, *cause;          /* NULL when absent */
    int64_t timeout_s, heartbeat_s;               /* 0: none */
    const struct pav_doc *assigned, *credentials; /* objects, or NULL */
    const struct pav_doc *text; /* a map run's ARN, a worker's name; or NULL */
    int64_t number;             /* an index, a length, a count */
};

uint32_t pav_history_count(const struct pav_doc *record);
/* The i-th event; the record's first one has the id `first_id`. */
void
pav_history_event(const struct pav_doc *record, uint32_t i, int64_t first_id,
                  struct pav_arena *a, struct pav_history_event *out);
/*
 * The event as JSON text.  `at` is the time text, printed as it is (a number
 * for AWS, a quoted string for /api/v1).  `with_data` false leaves payloads
 * out.
 */
void pav_history_print(const struct pav_history_event *e, const char *at,
                       const char *role_arn, const char *region, bool with_data,
                       struct pav_buf *out);
/* The execution's input, out of its first record. */
const struct pav_doc *pav_history_input(const struct pav_doc *first_record);

#endif
