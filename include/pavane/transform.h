/*
 * What a rule hands on: the whole event, a constant (Input), a part
 * (InputPath), or a template filled in (InputTransformer), as EventBridge
 * does.  Source: EventBridge User Guide, input transformation.
 */
#ifndef PAVANE_TRANSFORM_H
#define PAVANE_TRANSFORM_H

#include "pavane/doc.h"

struct pav_transform;

/*
 * `rule` is the object that may hold `input`, `inputPath` or
 * `inputTransformer` {InputPathsMap, InputTemplate}; at most one of them.
 * `expressions`: its paths may be expressions of JSONata (pavane/pick.h),
 * which EventBridge does not have.
 * Errors: PAV_INVALID, err->at the field.
 */
PAV_MUSTUSE enum pav_rc
pav_transform_compile(struct pav_arena *a, const struct pav_doc *rule,
                      bool expressions, struct pav_transform **out,
                      struct pav_err *err);

/* What a template may ask for beside the event. */
struct pav_transform_context {
    const char *rule_name, *rule_arn;
    int64_t now_ms; /* ingestion */
    /* What the event was parsed from (p NULL: not known), and the part of it
     * that is written as pav_doc_print() would write it. */
    struct pav_bytes text;
    size_t plain_at, plain_len;
};

/* The largest value that a filled template has as it is in the event's text. */
struct pav_transform_part {
    struct pav_bytes before, behind; /* the rest of the filled template */
    size_t at, len;                  /* in the event's text; len 0: none */
};

/*
 * Its `at` is 1 when a template was filled.  NULL when the filled template is
 * no JSON; `err` says why.  A template of several quoted lines gives several
 * texts: then only pav_transform_text() has something.  `part` may be NULL.
 */
const struct pav_doc *
pav_transform_apply(const struct pav_transform *t, const struct pav_doc *event,
                    const struct pav_transform_context *context,
                    struct pav_arena *a, struct pav_transform_part *part,
                    struct pav_err *err);
/* What a target is sent, in the arena; p NULL: nothing, `err` says why. */
struct pav_bytes
pav_transform_text(const struct pav_transform *t, const struct pav_doc *event,
                   const struct pav_transform_context *context,
                   struct pav_arena *a, struct pav_err *err);
/* Does it hand on the event as it came? */
bool pav_transform_is_all(const struct pav_transform *t);
/* Is what pav_transform_apply() gives the event, or a value in it? */
bool pav_transform_is_part(const struct pav_transform *t);

#endif
