/*
 * Wait: until a number of seconds has passed or an instant has come.
 * Zero seconds and instants of the past leave at once.
 */
#include <string.h>

#include "pavane/text.h"
#include "step_int.h"

#define SECONDS_MAX 99999999

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    static const char *const names[] = {"Seconds", "SecondsPath", "Timestamp",
                                        "TimestampPath"};
    const struct pav_doc *v;
    uint32_t i, given = 0;

    s->wait.seconds = -1;
    for (i = 0; i < 4; i++)
        given += pav_doc_get(d, names[i]) != NULL;
    if (given != 1) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "Exactly one of 'Seconds', 'SecondsPath', 'Timestamp' "
                      "and 'TimestampPath' is needed, %u are given",
                      given);
        return;
    }
    member_int(c, d, pointer, "Seconds", 0, SECONDS_MAX, &s->wait.seconds);
    s->wait.seconds_path =
        member_expr(c, d, pointer, "SecondsPath", EXPR_REFERENCE);
    s->wait.timestamp_path =
        member_expr(c, d, pointer, "TimestampPath", EXPR_REFERENCE);
    v = pav_doc_get(d, "Timestamp");
    if (v != NULL && (v->kind != PAV_STRING ||
                      !pav_time_parse(v->text, v->len, &s->wait.until_ms)))
        compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, "Timestamp"),
                      v->at, "String does not match RFC3339 timestamp");
}

static bool
printed_failure(struct stepper *st, const struct frame *f, const char *text,
                const struct expr *p, const struct pav_doc *v)
{
    struct pav_buf b;

    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    if (v->kind == PAV_STRING)
        pav_buf_put(&b, v->text, v->len);
    else
        pav_doc_print(v, &b);
    fail_runtime(st, f, "%s: %s == %s", text, p->text, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return false;
}

static bool
seconds_from(struct stepper *st, struct frame *f, const struct pav_doc *from,
             int64_t *seconds)
{
    const struct expr *p = f->state->wait.seconds_path;
    const struct pav_doc *v;
    int64_t n;

    if (expr_eval(st, f, p, from, &v, NULL) != EXPR_FOUND)
        return fail_runtime(
            st, f,
            "The SecondsPath parameter does not reference an input value: %s",
            p->text);
    /* A text of digits is read too: the published sample sends "5". */
    if ((v->kind == PAV_STRING && pav_parse_int(v->text, v->len, &n)) ||
        (pav_doc_int(v, &n) && n >= 0)) {
        *seconds = n > SECONDS_MAX * 100LL ? SECONDS_MAX * 100LL : n;
        return true;
    }
    return printed_failure(st, f,
                           "The SecondsPath parameter cannot be parsed as a "
                           "long value",
                           p, v);
}

static bool
instant_from(struct stepper *st, struct frame *f, const struct pav_doc *from,
             int64_t *ms)
{
    const struct expr *p = f->state->wait.timestamp_path;
    const struct pav_doc *v;

    if (expr_eval(st, f, p, from, &v, NULL) != EXPR_FOUND)
        return fail_runtime(
            st, f,
            "The TimestampPath parameter does not reference an input value: "
            "%s",
            p->text);
    if (v->kind == PAV_STRING && pav_time_parse(v->text, v->len, ms))
        return true;
    return printed_failure(st, f,
                           "The TimestampPath parameter does not reference a "
                           "valid ISO-8601 extended offset date-time format "
                           "string",
                           p, v);
}

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct pav_doc *from;
    int64_t until = s->wait.until_ms, seconds = s->wait.seconds;

    if (!io_path_field(st, f, &s->input_path, f->input, &from))
        return GO_FAILED;
    inspect(st, "afterInputPath", from);
    if (s->wait.seconds_path != NULL && !seconds_from(st, f, from, &seconds))
        return GO_FAILED;
    if (s->wait.timestamp_path != NULL && !instant_from(st, f, from, &until))
        return GO_FAILED;
    if (seconds >= 0)
        until = st->in->now_ms + seconds * 1000;
    if (until > st->in->now_ms) {
        f->no = st->next_no++;
        f->due_at = until;
        f->phase = PHASE_WAIT;
        return GO_WAIT;
    }
    return io_assign(st, f, s->assign, from) &&
                   io_path_field(st, f, &s->output_path, from, &f->result)
               ? GO_NEXT
               : GO_FAILED;
}

static const char *const own_fields[] = {"Seconds", "SecondsPath", "Timestamp",
                                         "TimestampPath", NULL};

const struct state_kind wait_kind = {
    .name = "Wait",
    .entered = EV_WAIT_ENTERED,
    .exited = EV_WAIT_EXITED,
    .fields = FIELD_NEXT | FIELD_IO | FIELD_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter,
};
