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

static const struct pav_path *
path_member(struct compiler *c, const struct pav_doc *d, const char *pointer,
            const char *key, const char *beside)
{
    const struct pav_doc *v = pav_doc_get(d, key);

    if (v == NULL)
        return NULL;
    if (pav_doc_get(d, beside) != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, v->at,
                      "Only one of '%s' and '%s' can be given", beside, key);
    if (v->kind == PAV_STRING && v->len > 7 &&
        memcmp(v->text, "States.", 7) == 0) {
        compile_fault(c, PAV_ERROR, "UNSUPPORTED", pointer_to(c, pointer, key),
                      v->at, "Intrinsic functions are not built yet");
        return NULL;
    }
    return member_path(c, d, pointer, key, false);
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
        const struct pav_path *path, const char *field, const char **out)
{
    const struct pav_doc *v = literal;
    struct pav_buf text;

    *out = NULL;
    if (path == NULL) {
        *out = pav_doc_str(st->arena, literal);
        return true;
    }
    if (io_path(st, f, path, f->input, &v, NULL) == PAV_PATH_FOUND &&
        v->kind == PAV_STRING) {
        *out = pav_doc_str(st->arena, v);
        return true;
    }
    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(f->input, &text);
    fail_runtime(st, f,
                 "The JSONPath '%s' specified for the field '%s' could not be "
                 "found in the input '%s'",
                 pav_path_text(path), field, text.p);
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
    memset(&st->failure, 0, sizeof(st->failure));
    st->failure.error = error;
    st->failure.cause = cause;
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
