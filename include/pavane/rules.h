/*
 * A machine's rules.json: which events start it, which resume it, where the
 * correlation id stands, and what to do with events that do not fit.
 *
 *   { "correlationId": "$.detail.order_id",
 *     "start":  [ RULE, ... ],
 *     "resume": [ RULE, ... ],
 *     "policies": { "unexpected": "fail|record|park", "earlySeconds": 86400,
 *                   "earlyMax": 100, "duplicateWindowSeconds": 86400,
 *                   "generations": false, "unmapped": "fail|wait" },
 *     "overdue": { "STATE": SECONDS } }
 *   RULE = { "name", "pattern", "correlationId"?, "input"? | "inputPath"? |
 *            "inputTransformer"?, "scope"?: "machine|tokenTable" }
 *
 * A rule of scope tokenTable may hand its event to the one other machine that
 * shares the token table and has an execution open for the key.
 */
#ifndef PAVANE_RULES_H
#define PAVANE_RULES_H

#include "pavane/machine.h"
#include "pavane/path.h"
#include "pavane/pattern.h"
#include "pavane/step.h"
#include "pavane/transform.h"

enum pav_unexpected { PAV_POLICY_FAIL, PAV_POLICY_RECORD, PAV_POLICY_PARK };

struct pav_rule {
    const char *name;
    bool starts;
    bool token_table; /* scope */
    const struct pav_pattern *pattern;
    const struct pav_path *correlation;
    const struct pav_transform *transform;
};

struct pav_rules {
    struct pav_arena arena;
    struct pav_rule *rules; /* start rules first */
    uint32_t count;
    enum pav_unexpected unexpected;
    int64_t early_ms, early_max, duplicate_ms;
    bool generations;
    enum pav_unmapped unmapped; /* tasks that nobody serves */
};

/* NULL when a fault is an error; empty text: no rules. */
struct pav_rules *
pav_rules_compile(const char *text, size_t len,
                  const struct pav_machine *machine, struct pav_faults *faults);
void pav_rules_free(struct pav_rules *r);

#endif
