/* What the pages of the bus share: the parts they are in, targets by name. */
#ifndef PAVANE_DASHBOARD_BUS_H
#define PAVANE_DASHBOARD_BUS_H

#include "frame.h"
#include "pages/pages.h"
#include "view_rows.h"

/* A page of the bus: `part` is "in_rules". */
void bus_show(struct pav_query *q, const char *name, const char *title,
              const char *part, struct pav_members *m);
/* {"kind": "machine", "name", "link"} of what an ARN names. */
const struct pav_doc *bus_target(struct pav_query *q, const char *arn);
/* The body of a row. */
const struct pav_doc *bus_row_body(struct pav_query *q, struct pav_bytes body);
/* A thing that has a name: it, its description, its schedule, and whether it is
 * disabled. */
void bus_describe(struct pav_query *q, struct pav_members *m, const char *name,
                  const struct pav_doc *body);
/* Where a page begins that is counted: the number of ?from=; 0: at the front.
 */
int64_t bus_from(struct pav_query *q);
/* KEY: a member of the body that is JSON in a text, readable. */
void bus_json(struct pav_query *q, struct pav_members *m, const char *key,
              const struct pav_doc *body, const char *member);
/* What every list of the bus ends with: the address of its next page. */
void bus_next(struct pav_query *q, struct pav_members *m, const char *path,
              const char *from);

/* What came of a rule ("NAME", "BUS/NAME") since the daemon began, as /metrics
 * has it. */
struct bus_numbers {
    uint64_t matched, delivered, failed, dead;
    uint64_t last_ms, a_minute; /* 0: it never did */
};
struct bus_numbers bus_numbers(const struct pav_query *q, const char *rule);

#endif
