/* Numbers of rules and targets, since the start: see bus.h. */
#include "pavane/arn.h"
#include "bus.h"

void
tally_rule(struct pav_engine *e, struct bus_rule *r, int64_t now_ms)
{
    uint64_t minute = (uint64_t)(now_ms / 60000);

    if (r->tally == NULL)
        r->tally = pav_tally_row(e->tally, pav_arn_rule(r->arn), "");
    pav_tally_add(r->tally, PAV_RULE_MATCHED, 1);
    pav_tally_set(r->tally, PAV_RULE_LAST_MS, (uint64_t)now_ms);
    if (pav_tally_get(r->tally, PAV_RULE_MINUTE) != minute) {
        pav_tally_set(r->tally, PAV_RULE_IN_LAST_ONE,
                      pav_tally_get(r->tally, PAV_RULE_MINUTE) + 1 == minute
                          ? pav_tally_get(r->tally, PAV_RULE_IN_MINUTE)
                          : 0);
        pav_tally_set(r->tally, PAV_RULE_IN_MINUTE, 0);
        pav_tally_set(r->tally, PAV_RULE_MINUTE, minute);
    }
    pav_tally_add(r->tally, PAV_RULE_IN_MINUTE, 1);
}

void
tally_target(struct pav_engine *e, const char *rule_arn, const char *target_id,
             enum pav_target_count what, uint64_t n)
{
    pav_tally_add(pav_tally_row(e->tally, pav_arn_rule(rule_arn),
                                *target_id == '\0' ? "target" : target_id),
                  (int)what, n);
}
