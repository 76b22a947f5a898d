/*
 * EventBridge event patterns over one event: exact values, prefix, suffix,
 * equals-ignore-case, anything-but (with its lists and inner operators),
 * numeric, cidr, wildcard, exists, $or.  Semantics and refusal texts:
 * EventBridge and its library event-ruler.  A pattern is frozen and lives in
 * the arena it was compiled in.  Many rules at once: pavane/index.h.
 */
#ifndef PAVANE_PATTERN_H
#define PAVANE_PATTERN_H

#include "pavane/doc.h"

struct pav_pattern;

/* An event with its fields: paths joined by dots, scalars only. */
struct pav_event {
    const struct pav_doc *doc; /* the envelope */
    struct pav_field *fields;  /* NULL until a pattern asks */
    uint32_t count;
    struct pav_arena *arena;
    const struct pav_doc *source, *detail_type; /* strings, or NULL */
};

/* `doc` is the envelope as an object; the fields are made when first asked. */
void pav_event_init(struct pav_event *e, const struct pav_doc *doc,
                    struct pav_arena *a);

/*
 * Errors: PAV_INVALID; err->message is EventBridge's reason, err->at the key.
 * `doc` should be parsed with PAV_DUP_KEEP.
 */
PAV_MUSTUSE enum pav_rc
pav_pattern_compile(struct pav_arena *a, const struct pav_doc *doc,
                    struct pav_pattern **out, struct pav_err *err);
/* Could it match an event of this source and type (NULL: of any)?  What it
 * asks of other fields is taken to hold. */
bool pav_pattern_may_match(const struct pav_doc *pattern, const char *source,
                           const char *detail_type, struct pav_arena *a);
bool pav_pattern_matches(const struct pav_pattern *p, struct pav_event *e);

#endif
