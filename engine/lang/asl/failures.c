/* How a state fails, and what an evaluation may cost before it does. */
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "model.h"
#include "stepper.h"

void
fail_as(struct stepper *st, const char *error, const char *cause)
{
    struct failure *e = &st->failure;

    memset(e, 0, sizeof(*e));
    e->error = error;
    e->cause = cause;
    e->kind = pav_states_error_find(error);
    e->fixed = e->kind == PAV_STATES_RUNTIME;
}

__attribute__((format(printf, 4, 0))) static bool
vfail(struct stepper *st, const struct frame *f, enum pav_states_error error,
      const char *fmt, va_list ap)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    PAV_ASSERT(len >= 0);
    text = pav_arena_alloc(st->arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    fail_as(st, pav_states_error(error), text);
    if (st->inspection == NULL) /* TestState says the error alone */
        st->failure.cause = pav_arena_printf(
            st->arena,
            "An error occurred while executing the state '%s' (entered at the "
            "event id #%lld). %s",
            f->state->name, (long long)f->entered_id, text);
    return false;
}

bool
fail_runtime(struct stepper *st, const struct frame *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(st, f, PAV_STATES_RUNTIME, fmt, ap);
    va_end(ap);
    return false;
}

bool
fail_with(struct stepper *st, const struct frame *f,
          enum pav_states_error error, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(st, f, error, fmt, ap);
    va_end(ap);
    return false;
}

bool
fail_value(struct stepper *st, const struct frame *f, const struct value *v,
           const char *what, const struct pav_doc *found)
{
    struct pav_buf b;

    PAV_ASSERT(v->text != NULL);
    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    if (found->kind == PAV_STRING)
        pav_buf_put(&b, found->text, found->len);
    else
        pav_doc_print(found, &b);
    fail_runtime(st, f, "The %s parameter %s: %s == %s", v->field, what,
                 v->text, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return false;
}

void
spend_unasked(struct stepper *st, uint64_t bytes)
{
    st->work += bytes;
    st->state_work += bytes;
}

bool
spend(struct stepper *st, const struct frame *f, uint64_t bytes)
{
    spend_unasked(st, bytes);
    if (st->state_work <= STATE_WORK_MAX)
        return true;
    return fail_runtime(st, f,
                        "The evaluation of this state goes through more than "
                        "%u bytes: split it over several states, or make its "
                        "input smaller",
                        STATE_WORK_MAX);
}

uint64_t
doc_work(const struct pav_doc *d)
{
    uint64_t sum = 8;
    uint32_t i;

    if (d->kind == PAV_STRING || d->kind == PAV_NUMBER)
        return d->len;
    for (i = 0; d->kind == PAV_ARRAY && i < d->len; i++)
        sum += 64 + doc_work(&d->items[i]);
    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++)
        sum += 96 + d->members[i].len + doc_work(&d->members[i].value);
    return sum;
}
