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
 * Errors: PAV_INVALID, err->at the field.
 */
PAV_MUSTUSE enum pav_rc
pav_transform_compile(struct pav_arena *a, const struct pav_doc *rule,
                      struct pav_transform **out, struct pav_err *err);

/* NULL when the filled template is no JSON; `err` says why. */
const struct pav_doc *
pav_transform_apply(const struct pav_transform *t, const struct pav_doc *event,
                    const char *rule_name, int64_t now_ms, struct pav_arena *a,
                    struct pav_err *err);

#endif
