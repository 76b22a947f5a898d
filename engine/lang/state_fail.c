/* Fail: ends its scope with an error; both Error and Cause may be absent. */
#include <string.h>

#include "step_int.h"

static const struct pav_doc *
text_member(struct compiler *c, const struct pav_doc *d, const char *pointer,
            const char *key)
{
    return member_str(c, d, pointer, key, false) == NULL ? NULL
                                                         : pav_doc_get(d, key);
}

static const struct expr *
path_member(struct compiler *c, const struct pav_doc *d, const char *pointer,
            const char *key, const char *beside)
{
    check_not_both(c, d, pointer, beside, key);
    return member_expr(c, d, pointer, key, EXPR_OR_CALL);
}

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    s->fail.error = text_member(c, d, pointer, "Error");
    s->fail.cause = text_member(c, d, pointer, "Cause");
    s->fail.error_path = path_member(c, d, pointer, "ErrorPath", "Error");
    s->fail.cause_path = path_member(c, d, pointer, "CausePath", "Cause");
}

static bool
text_of(struct stepper *st, struct frame *f, const struct pav_doc *literal,
        const struct expr *path, const char *field, const char **out)
{
    const struct pav_doc *v = literal;
    struct pav_buf text;

    *out = NULL;
    if (path == NULL) {
        *out = pav_doc_str(st->arena, literal);
        return true;
    }
    switch (expr_eval(st, f, path, f->input, &v, NULL)) {
    case EXPR_FOUND:
        if (v->kind != PAV_STRING)
            break;
        *out = pav_doc_str(st->arena, v);
        return true;
    case EXPR_FAILED:
        return false;
    case EXPR_NOTHING:
        break;
    }
    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(f->input, &text);
    fail_runtime(st, f,
                 "The JSONPath '%s' specified for the field '%s' could not be "
                 "found in the input '%s'",
                 path->text, field, text.p == NULL ? "" : text.p);
    pav_buf_fini(&text);
    return false;
}

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const char *error, *cause;

    if (!text_of(st, f, s->fail.error, s->fail.error_path, "ErrorPath",
                 &error) ||
        !text_of(st, f, s->fail.cause, s->fail.cause_path, "CausePath", &cause))
        return GO_FAILED;
    fail_as(st, error, cause);
    if (f->via_default)
        st->out->unexpected = true;
    return GO_FAILED;
}

static const char *const own_fields[] = {"Error", "Cause", "ErrorPath",
                                         "CausePath", NULL};

const struct state_kind fail_kind = {
    .name = "Fail",
    .entered = EV_FAIL_ENTERED,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter,
};
