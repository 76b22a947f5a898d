/* What the two files of intrinsic functions share. */
#ifndef PAVANE_INTRINSIC_INT_H
#define PAVANE_INTRINSIC_INT_H

#include "pavane/doc.h"

/* An argument: a literal, an expression to be evaluated, or a nested call. */
struct arg {
    const struct pav_doc *literal; /* NULL: `expr` */
    const struct expr *expr;
    const char *raw; /* a text as it was written, with its escapes; or NULL */
    uint32_t raw_len;
};

struct call {
    const struct intrinsic *function;
    const char *text;
    uint32_t text_len, count;
    const struct arg *args;
};

/* Arguments at run time. */
struct args {
    struct stepper *st;
    const struct call *call;
    const struct pav_doc *const *v;
    uint32_t count;
    char why[256]; /* of a failure */
};

struct intrinsic {
    const char *name; /* behind "States." */
    uint32_t min, max;
    /* NULL after call_fail(). */
    const struct pav_doc *(*run)(struct args *a);
};

const struct pav_doc *
call_fail(struct args *a, const char *fmt, ...) PAV_PRINTF(2, 3);
const struct intrinsic *intrinsic_find(const char *name, size_t len);

#endif
