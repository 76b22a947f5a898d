/* Expressions of JSONPath: paths, intrinsic calls, and a Choice's tests. */
#ifndef PAVANE_ASL_EXPR_H
#define PAVANE_ASL_EXPR_H

#include "pavane/path.h"

struct compiler;
struct place;
struct frame;
struct stepper;

/*
 * What a field or a template's `.$` value names: a path into the data, into
 * the context object ($$) or into a variable ($name), or an intrinsic call.
 */
enum expr_kind { EXPR_PATH, EXPR_CONTEXT, EXPR_VARIABLE, EXPR_CALL };

struct expr {
    enum expr_kind kind;
    const char *text;            /* as it was written */
    const struct pav_path *path; /* EXPR_VARIABLE: behind the name, or NULL */
    const char *name;            /* EXPR_VARIABLE, without its `$` */
    const struct call *call;     /* EXPR_CALL */
};

enum expr_rule {
    EXPR_ANY_PATH,  /* a path, also into the context or a variable */
    EXPR_REFERENCE, /* the same: names and single indexes only */
    EXPR_OR_CALL,   /* any path or an intrinsic call */
};

/* ---- compiling ---- */

/* jsonpath_compile.c: a member that is a path or a call; NULL: absent. */
const struct expr *
member_expr(struct compiler *c, const struct pav_doc *o,
            const struct place *place, const char *key, enum expr_rule rule);
/* expr.c: NULL and a reason when the text is none. */
const struct expr *expr_compile(struct compiler *c, const char *text,
                                size_t len, struct pav_err *err);
bool expr_is_reference(const struct expr *e);
/* intrinsic.c: "States.Format('{}', $.a)" */
bool is_call(const char *text, size_t len);
const struct call *call_compile(struct compiler *c, const char *text,
                                size_t len, struct pav_err *err);
/* choice_test.c */
const struct test *test_compile(struct compiler *c, const struct pav_doc *d,
                                const struct place *place);
const char *
test_event_names(struct compiler *c, const struct test *t, const char *so_far);

/* ---- running ---- */

enum expr_end {
    EXPR_FOUND,
    EXPR_NOTHING,
    EXPR_FAILED /* the failure is set */
};
enum expr_end expr_eval(struct stepper *st, struct frame *f,
                        const struct expr *e, const struct pav_doc *from,
                        const struct pav_doc **out, struct pav_err *why);
enum expr_end
call_eval(struct stepper *st, struct frame *f, const struct expr *e,
          const struct pav_doc *from, const struct pav_doc **out);
/* False, with the failure set, when a variable's path finds nothing. */
bool test_holds(struct stepper *st, struct frame *f, const struct test *t,
                const struct pav_doc *from, bool *holds);

#endif
