/*
 * JSON Schema, draft 2020-12, for the detail of events: type, enum, const, the
 * numeric, text, array and object assertions, allOf, anyOf, oneOf, not, if,
 * then, else, dependentRequired, dependentSchemas, $ref within the schema
 * ("#", "#/$defs/x").  `format` and annotations assert nothing; regular
 * expressions are PCRE2's, with limits.
 */
#ifndef PAVANE_SCHEMA_H
#define PAVANE_SCHEMA_H

#include "pavane/doc.h"

struct pav_schema;

/*
 * `doc` is borrowed and outlives the schema.  Errors: PAV_INVALID, err->at the
 * pointer into the schema.
 */
PAV_MUSTUSE enum pav_rc
pav_schema_compile(const struct pav_doc *doc, struct pav_schema **out,
                   struct pav_err *err);
void pav_schema_free(struct pav_schema *s);
/* False: err->at is the pointer into `v`, err->message what was wanted. */
bool pav_schema_accepts(const struct pav_schema *s, const struct pav_doc *v,
                        struct pav_arena *a, struct pav_err *err);

/*
 * The schema of what was seen: types, members, which of them always came, and
 * the few values of members that have only few.  Samples are added one by one.
 */
struct pav_discovery *pav_discovery_new(void);
void pav_discovery_add(struct pav_discovery *d, const struct pav_doc *v);
const struct pav_doc *
pav_discovery_schema(const struct pav_discovery *d, struct pav_arena *a);
void pav_discovery_free(struct pav_discovery *d);

#endif
