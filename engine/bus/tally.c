/* Numbers of rules and targets, since the start: see bus.h. */
#include "pavane/arn.h"
#include "bus.h"

void
tally_rule(struct pav_engine *e, struct bus_rule *r)
{
    if (r->tally == NULL)
        r->tally = pav_tally_row(e->tally, pav_arn_rule(r->arn), "");
    pav_tally_add(r->tally, 0, 1);
}

void
tally_target(struct pav_engine *e, const char *rule_arn, const char *target_id,
             enum pav_target_count what, uint64_t n)
{
    pav_tally_add(pav_tally_row(e->tally, pav_arn_rule(rule_arn),
                                *target_id == '\0' ? "target" : target_id),
                  (int)what, n);
}
