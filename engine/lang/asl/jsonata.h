/* JSONata, the query language of states: what its files share. */
#ifndef PAVANE_ASL_JSONATA_H
#define PAVANE_ASL_JSONATA_H

#include "pavane/jsonata.h"
#include "query.h"
#include "value.h"

/* Which members of $states an expression asks for. */
enum states_member {
    STATES_INPUT = 1,
    STATES_CONTEXT = 2,
    STATES_RESULT = 4,
    STATES_ERROR = 8, /* errorOutput */
};

/* What stands between {% and %}. */
struct computed {
    const struct pav_jsonata *expression;
    const char *text; /* trimmed: `len` bytes */
    const struct place *place;
    uint32_t len;
    unsigned needs; /* enum states_member */
};

/* Any JSON with computed parts; literal parts are the definition's. */
enum shaped_kind {
    SHAPED_LITERAL,
    SHAPED_COMPUTED,
    SHAPED_OBJECT,
    SHAPED_ARRAY
};

struct shaped {
    enum shaped_kind kind;
    uint32_t count;
    union {
        const struct pav_doc *literal;
        const struct computed *computed;
        const struct shaped_member *members;
    };
};

struct shaped_member {
    const char *key; /* NULL in an array */
    uint32_t len;
    struct shaped value;
};

struct query {
    const struct shaped *arguments, *output, *assign, *items;
    /* beside input and context: what $states has in output and assign */
    enum states_member more;
};

struct test {
    const struct shaped *condition;
    const struct place *place;
};

/* A struct value of this language. */
struct jsonata_value {
    struct value value;
    enum value_form form;
    const struct shaped *shaped;
};

/* ---- jsonata_compile.c ---- */

bool jsonata_has_field(const struct state_kind *k, const struct pav_member *m);
const struct query *
jsonata_state(struct compiler *c, const struct state *s,
              const struct pav_doc *d, const struct place *place);
const struct query *
jsonata_rule(struct compiler *c, const struct state *s, const struct pav_doc *d,
             const struct place *place);
const struct query *
jsonata_catcher(struct compiler *c, const struct state *s,
                const struct pav_doc *d, const struct place *place);
const struct test *jsonata_test(struct compiler *c, const struct pav_doc *d,
                                const struct place *place);
const struct value *jsonata_member(struct compiler *c, const struct pav_doc *o,
                                   const struct place *place, const char *key,
                                   enum value_form form);
bool jsonata_is_computed(const struct pav_doc *o, const char *key);

#endif
