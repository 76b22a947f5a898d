/* DynamoDB's expressions over one item; see table_expr.c. */
#ifndef PAVANE_TABLE_EXPR_H
#define PAVANE_TABLE_EXPR_H

#include "pavane/doc.h"

struct table_expr {
    struct pav_arena *arena;
    const struct pav_doc *item;           /* NULL: there is none */
    const struct pav_doc *names, *values; /* ExpressionAttribute*; or NULL */
    const char *why;                      /* of a failure */
};

/* False with `why` when the text is no condition. */
bool table_condition(struct table_expr *x, const char *text, bool *holds);
/* {"N"} of two; NULL with `why`. */
const struct pav_doc *table_sum(struct table_expr *x, const struct pav_doc *a,
                                const struct pav_doc *b);
/* The item after the update; NULL with `why`. */
const struct pav_doc *table_update(struct table_expr *x, const char *text);

#endif
