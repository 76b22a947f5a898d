/* JSONPath, the query language: what its files share. */
#ifndef PAVANE_ASL_JSONPATH_H
#define PAVANE_ASL_JSONPATH_H

#include <string.h>

#include "expr.h"
#include "query.h"
#include "value.h"

/* A payload template: literal parts are shared with the definition. */
enum tmpl_kind { TMPL_LITERAL, TMPL_EXPR, TMPL_OBJECT, TMPL_ARRAY };

struct tmpl {
    enum tmpl_kind kind;
    const struct pav_doc *literal;
    const struct expr *expr;
    const char *field; /* "key.$", for messages */
    uint32_t count;
    const struct tmpl_member *members;
    uint32_t at; /* of a field's template: its place; 0: of no use to records */
};

/* Is the member computed: "key.$"? */
static inline bool
tmpl_is_dynamic(const struct pav_member *m)
{
    return m->len > 2 && memcmp(m->key + m->len - 2, ".$", 2) == 0;
}

struct tmpl_member {
    const char *key;
    uint32_t len;
    const struct tmpl *value;
};

/* A path field: absent (the default, `$`), null, or a path. */
struct path_field {
    bool given, null;
    const struct expr *expr;
};

struct query {
    struct path_field input_path, items_path, result_path, output_path;
    const struct tmpl *parameters, *result_selector, *assign;
};

/* A struct value of this language: a template, or a path. */
struct jsonpath_value {
    struct value value;
    enum value_form form;
    const struct tmpl *tmpl; /* NULL: `expr` */
    const struct expr *expr;
};

/* ---- compiling ---- */

const struct query *
jsonpath_state(struct compiler *c, const struct state *s,
               const struct pav_doc *d, const struct place *place);
const struct query *
jsonpath_rule(struct compiler *c, const struct state *s,
              const struct pav_doc *d, const struct place *place);
const struct query *
jsonpath_catcher(struct compiler *c, const struct state *s,
                 const struct pav_doc *d, const struct place *place);
const struct value *jsonpath_member(struct compiler *c, const struct pav_doc *o,
                                    const struct place *place, const char *key,
                                    enum value_form form);
bool jsonpath_is_computed(const struct pav_doc *o, const char *key);
bool jsonpath_has_field(const struct state_kind *k, const struct pav_member *m);

#endif
