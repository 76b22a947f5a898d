/* Fail: ends its scope with an error; both Error and Cause may be absent. */
#include <string.h>

#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "stepper.h"
#include "model.h"

static const struct pav_doc *
text_member(struct compiler *c, const struct pav_doc *d,
            const struct place *place, const char *key)
{
    return member_str(c, d, place, key, false) == NULL ? NULL
                                                       : pav_doc_get(d, key);
}

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    s->fail.error = text_member(c, d, place, "Error");
    s->fail.cause = text_member(c, d, place, "Cause");
    s->fail.error_value = c->language->member(c, d, place, "Error", VALUE_TEXT);
    s->fail.cause_value = c->language->member(c, d, place, "Cause", VALUE_TEXT);
}

static bool
text_of(struct stepper *st, struct frame *f, const struct pav_doc *literal,
        const struct value *value, const char **out)
{
    const struct pav_doc *v = literal;

    *out = NULL;
    if (value != NULL && !value_of(st, f, value, payload_doc(&f->input), &v))
        return false;
    *out = pav_doc_str(st->arena, v);
    return true;
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const char *error, *cause;

    if (!text_of(st, f, s->fail.error, s->fail.error_value, &error) ||
        !text_of(st, f, s->fail.cause, s->fail.cause_value, &cause))
        return GO_FAILED;
    fail_as(st, error, cause);
    if (f->via_default)
        st->out->unexpected = true;
    return GO_FAILED;
}

static const char *const own_fields[] = {"Error", "Cause", NULL};

const struct state_kind fail_kind = {
    .name = "Fail",
    .entered = EV_FAIL_ENTERED,
    .has = ENDS,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter_state,
};
