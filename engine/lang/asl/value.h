/* Values that a query language computes when a state runs. */
#ifndef PAVANE_ASL_VALUE_H
#define PAVANE_ASL_VALUE_H

#include "pavane/doc.h"

struct compiler;
struct place;

/* A value that is computed when the state runs; a language's own follow. */
struct value {
    const char *field; /* that says it: "SecondsPath", "Credentials" */
    const char *text;  /* as it was written; NULL: a template */
    const struct pav_doc *literal; /* of a template without computed parts */
};

/* What a number is for: languages word their failures by it. */
enum number_use {
    NUMBER_DELAY,      /* of a Wait, in seconds: also a text of digits */
    NUMBER_TIMEOUT,    /* of a Task, in whole seconds from 1 */
    NUMBER_COUNT,      /* a whole one */
    NUMBER_PERCENTAGE, /* any */
};

struct number {
    enum number_use use;
    const char *field; /* without the Path that a language may add */
    double literal;
    const struct value *value; /* NULL: the literal */
    bool given;
};

/* data.c: KEY from min to max, or computed. */
void
member_number(struct compiler *c, const struct pav_doc *o,
              const struct place *place, const char *key, enum number_use use,
              double min, double max, struct number *out);

#endif
