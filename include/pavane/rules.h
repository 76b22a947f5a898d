/*
 * A machine's rules.json: which events start it, which resume it, where the
 * correlation id is, and what to do with events that do not fit.
 *
 *   { "correlationId": "$.detail.order_id" | ["$.a", "$.b", ...],
 *     "correlationIdOfInput": "$.order_id" | [...],
 *     "bus": "default",
 *     "start":  [ RULE, ... ],
 *     "resume": [ RULE, ... ],
 *     "policies": { "unexpected": "fail|record|park", "earlySeconds": 86400,
 *                   "earlyMax": 100, "duplicateWindowSeconds": 86400,
 *                   "duplicateContent": false, "generations": false,
 *                   "maxOpen": 10, "aboveMaxOpen": "wait",
 *                   "retentionDays": 30,
 *                   "unmapped": "fail|wait" },
 *     "overdue": { "STATE": SECONDS | "p95" | "p99" },
 *     "index": { "NAME": "$.detail.customer" } }
 *   RULE = { "name", "pattern", "correlationId"?, "input"? | "inputPath"? |
 *            "inputTransformer"?, "scope"?: "machine|tokenTable",
 *            "batch"?: {"count": N, "seconds": T} }
 *
 * correlationIdOfInput is for executions that no start rule starts: the API, a
 * task, a target or a schedule does.
 * An id of several paths is their values, joined by "|"; a "|" or backslash in
 * one follows a backslash.  A rule of scope tokenTable may hand its event
 * to the one other machine that shares the token table and has an execution
 * open for the key.  A start rule with a batch gathers events of an id, and
 * starts once with the list of their inputs.
 */
#ifndef PAVANE_RULES_H
#define PAVANE_RULES_H

#include "pavane/machine.h"
#include "pavane/path.h"
#include "pavane/pick.h"
#include "pavane/pattern.h"
#include "pavane/step.h"
#include "pavane/transform.h"

enum pav_unexpected { PAV_POLICY_FAIL, PAV_POLICY_RECORD, PAV_POLICY_PARK };

#define PAV_KEY_PARTS 8

/* The events that tell of an execution's status. */
#define PAV_STATUS_SOURCE "aws.states"
#define PAV_STATUS_TYPE   "Step Functions Execution Status Change"

struct pav_rule {
    const char *name;
    bool starts;
    bool token_table; /* scope */
    const struct pav_pattern *pattern;
    const struct pav_doc *pattern_doc; /* the same, as it was written */
    bool asks_status; /* it names, and could match, changes of status */
    const struct pav_pick *key[PAV_KEY_PARTS]; /* of the correlation id */
    uint32_t key_count;
    int64_t batch_count, batch_ms; /* 0: starts at once */
    const struct pav_transform *transform;
};

/* How long a wait of a state may take. */
struct pav_deadline {
    const char *state;
    int64_t ms;   /* 0: as learned */
    int quantile; /* 95, 99 */
};

struct pav_indexed {
    const char *name;
    const struct pav_path *path;
};

struct pav_rules {
    struct pav_arena arena;
    const char *bus;
    struct pav_rule *rules; /* start rules first */
    uint32_t count;
    enum pav_unexpected unexpected;
    int64_t early_ms, early_max, duplicate_ms;
    int64_t retention_days; /* 0: as the daemon says */
    bool generations, duplicate_content;
    int64_t max_open;   /* executions that are open at once; 0: any number */
    bool refuses_above; /* a start beyond them is refused, else it waits */
    const struct pav_pick *input_key[PAV_KEY_PARTS];
    uint32_t input_key_count; /* 0: of inputs no id is asked */
    struct pav_deadline *deadlines;
    uint32_t deadline_count;
    struct pav_indexed *indexed; /* of events that start or resume */
    uint32_t indexed_count;
    enum pav_unmapped unmapped; /* tasks that nobody serves */
    const char *log; /* the group that histories go to; NULL: none of ours */
    bool log_failures, log_ends, log_data; /* ERROR, FATAL; payloads too */
};

/* NULL when a fault is an error; empty text: no rules. */
struct pav_rules *
pav_rules_compile(const char *text, size_t len,
                  const struct pav_machine *machine, struct pav_faults *faults);
void pav_rules_free(struct pav_rules *r);

#endif
