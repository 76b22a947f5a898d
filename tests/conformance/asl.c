/*
 * ASL: each case is a definition, an input, scripted ends of its tasks, and
 * the outcome that was recorded.
 * A case passes when status, output, error and cause are equal, and the
 * history too; the runner counts the former alone beside it.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "asl_run.h"
#include "normal.h"

#define ACTIVITY_ARN "arn:aws:states:us-east-1:111111111111:activity:activity"

/* A text that may be absent on both sides. */
static bool
text_agrees(const struct normal *n, const struct pav_doc *want, const char *got)
{
    if (want == NULL || got == NULL)
        return want == NULL && got == NULL;
    return normal_equal(n, want, pav_doc_new_cstr(n->arena, got));
}

static const char *
compare(struct run *r)
{
    const struct pav_doc *expect = pav_doc_get(r->c, "expect");
    const struct pav_doc *output = pav_doc_get(expect, "output");
    struct normal n = {r->arena, pav_doc_get(r->c, "masks")};

    if (!pav_doc_is_str(pav_doc_get(expect, "status"),
                        pav_status_name(r->out.status)))
        return pav_arena_printf(r->arena, "status %s (%s: %s)",
                                pav_status_name(r->out.status),
                                r->out.error == NULL ? "-" : r->out.error,
                                r->out.cause == NULL ? "-" : r->out.cause);
    if (r->out.status == PAV_FAILED &&
        (!text_agrees(&n, pav_doc_get(expect, "error"), r->out.error) ||
         !text_agrees(&n, pav_doc_get(expect, "cause"), r->out.cause)))
        return pav_arena_printf(r->arena, "error %s: %s",
                                r->out.error == NULL ? "-" : r->out.error,
                                r->out.cause == NULL ? "-" : r->out.cause);
    if (r->out.status == PAV_SUCCEEDED && output != NULL &&
        pav_doc_get(r->c, "input_masked") == NULL &&
        !normal_equal(&n, output, r->out.output)) {
        struct pav_buf b;
        const char *why;

        pav_buf_init(&b, 2000);
        pav_doc_print(r->out.output, &b);
        why = pav_arena_printf(r->arena, "output %s", b.p);
        pav_buf_fini(&b);
        return why;
    }
    return r->why != NULL ? r->why : NULL;
}

/* ---- one case ---- */

/* {"repeat": ["x", 5]} stands for a text that is too long to be written. */
static const struct pav_doc *
repeated(struct pav_arena *a, const struct pav_doc *list)
{
    const struct pav_doc *text = pav_doc_at(list, 0);
    int64_t count = 0;
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    for (pav_doc_int(pav_doc_at(list, 1), &count); count > 0; count--)
        pav_buf_put(&b, text->text, text->len);
    text = pav_doc_new_str(a, pav_arena_strndup(a, b.p, b.len), b.len);
    pav_buf_fini(&b);
    return text;
}

/* Recordings hold placeholders where resources had ARNs of their own. */
static const struct pav_doc *
filled(struct pav_arena *a, const struct pav_doc *d, bool arns)
{
    struct pav_members m;
    struct pav_items items;
    uint32_t i;

    if (d->kind == PAV_STRING)
        return arns && pav_doc_is_str(d, "activity_arn")
                   ? pav_doc_new_cstr(a, ACTIVITY_ARN)
                   : d;
    if (d->kind == PAV_ARRAY) {
        pav_items_init(&items, a);
        for (i = 0; i < d->len; i++)
            pav_items_add(&items, filled(a, &d->items[i], arns));
        return pav_items_array(&items);
    }
    if (d->kind != PAV_OBJECT)
        return d;
    if (d->len == 1 && pav_doc_get(d, "repeat") != NULL)
        return repeated(a, pav_doc_get(d, "repeat"));
    pav_members_init(&m, a);
    for (i = 0; i < d->len; i++)
        pav_members_add(&m, d->members[i].key, d->members[i].len,
                        filled(a, &d->members[i].value, arns));
    return pav_members_object(&m);
}

static const struct pav_doc *
masks_of(struct pav_arena *a, const struct pav_doc *c)
{
    const struct pav_doc *masks = pav_doc_get(c, "masks");
    struct pav_items all, pair;
    uint32_t i;

    pav_items_init(&all, a);
    pav_items_init(&pair, a);
    pav_items_add(&pair, pav_doc_new_cstr(a, ACTIVITY_ARN));
    pav_items_add(&pair, pav_doc_new_cstr(a, "activity_arn"));
    for (i = 0; masks != NULL && i < masks->len; i++)
        pav_items_add(&all, &masks->items[i]);
    pav_items_add(&all, pav_items_array(&pair));
    return pav_items_array(&all);
}

static struct pav_machine *
compile(struct pav_arena *a, const struct pav_doc *c, struct pav_faults *faults)
{
    const struct pav_doc *d = pav_doc_get(c, "definition");
    const struct pav_doc *text = pav_doc_get(c, "definition_text");
    enum pav_machine_type type =
        pav_doc_is_str(pav_doc_get(c, "type"), "EXPRESS") ? PAV_EXPRESS
                                                          : PAV_STANDARD;
    struct pav_machine *m;
    struct pav_buf b;

    pav_faults_init(faults, a);
    pav_buf_init(&b, 1 << 24);
    if (text != NULL && text->kind == PAV_STRING)
        pav_buf_put(&b, text->text, text->len);
    else
        pav_doc_print(filled(a, d, true), &b);
    m = pav_machine_compile(b.p == NULL ? "" : b.p, b.len, type, faults);
    pav_buf_fini(&b);
    return m;
}

static void
run_execution(struct tally *t, const struct pav_doc *c, struct pav_arena *a,
              struct pav_machine *m)
{
    const struct pav_doc *id = pav_doc_get(c, "id");
    const struct pav_doc *clock = pav_doc_get(c, "clock");
    const struct pav_doc *history =
        pav_doc_get(pav_doc_get(c, "expect"), "history");
    struct run r = {.arena = a,
                    .c = c,
                    .machine = m,
                    .input = pav_doc_get(c, "input"),
                    .now_ms = 1767225600000};
    const char *why, *differs = NULL;

    if (clock != NULL && clock->kind == PAV_STRING)
        (void)pav_time_parse(clock->text, clock->len, &r.now_ms);
    if (r.input == NULL)
        r.input = &pav_doc_empty_object;
    r.identity.execution_arn =
        pav_doc_is_str(pav_doc_get(c, "type"), "EXPRESS")
            ? "arn:aws:states:us-east-1:111111111111:express:machine:run:id"
            : "arn:aws:states:us-east-1:111111111111:execution:machine:run";
    r.identity.execution_name = "run";
    r.identity.machine_arn =
        "arn:aws:states:us-east-1:111111111111:stateMachine:machine";
    r.identity.machine_name = "machine";
    r.identity.role_arn = "snf_role_arn";
    r.identity.region = "us-east-1";
    r.identity.account = "111111111111";
    r.identity.started_at = r.now_ms;
    asl_execute(&r);
    why = compare(&r);
    if (history != NULL) {
        differs = asl_compare_history(&r, masks_of(a, c), history);
        t->histories++;
        t->histories_equal += differs == NULL;
    }
    t->outcomes_equal += why == NULL;
    t->outcomes++;
    if (why == NULL)
        why = differs;
    tally_case(t, why == NULL, id, why == NULL ? "" : why);
}

/* "SCHEMA_VALIDATION_FAILED: MESSAGE at /POINTER", of the first error. */
static const char *
first_error(struct pav_arena *a, const struct pav_faults *faults)
{
    uint32_t i;

    for (i = 0; i < faults->count; i++)
        if (faults->v[i].severity == PAV_ERROR)
            return pav_arena_printf(
                a, "%s: %s at %s", faults->v[i].code, faults->v[i].message,
                *faults->v[i].pointer == '\0' ? "/" : faults->v[i].pointer);
    return "accepted";
}

static bool
diagnostics_equal(const struct pav_doc *want, const struct pav_faults *faults)
{
    uint32_t i, n = 0;

    for (i = 0; i < faults->count; i++) {
        const struct pav_fault *f = &faults->v[i];
        const struct pav_doc *w = pav_doc_at(want, n++);

        if (!pav_doc_is_str(pav_doc_get(w, "code"), f->code) ||
            !pav_doc_is_str(pav_doc_get(w, "message"), f->message) ||
            !pav_doc_is_str(pav_doc_get(w, "location"),
                            *f->pointer == '\0' ? "/" : f->pointer))
            return false;
    }
    return n == want->len;
}

static void
run_validation(struct tally *t, const struct pav_doc *c, struct pav_arena *a,
               const struct pav_machine *m, const struct pav_faults *faults)
{
    const struct pav_doc *expect = pav_doc_get(c, "expect");
    const struct pav_doc *cause = pav_doc_get(expect, "cause");
    bool valid = pav_doc_is_str(pav_doc_get(expect, "status"), "VALID");
    const char *got = first_error(a, faults);
    bool fine = valid == (m != NULL);

    if (fine && pav_doc_get(expect, "diagnostics") != NULL)
        fine = diagnostics_equal(pav_doc_get(expect, "diagnostics"), faults);
    else if (fine && cause != NULL && cause->kind == PAV_STRING)
        fine = pav_doc_is_str(
            cause,
            pav_arena_printf(a, "Invalid State Machine Definition: '%s'", got));
    t->outcomes++;
    t->outcomes_equal += fine;
    tally_case(t, fine, pav_doc_get(c, "id"), got);
}

static void
run_describe(struct tally *t, const struct pav_doc *c, struct pav_arena *a,
             const struct pav_machine *m)
{
    const struct pav_doc *want =
        pav_doc_get(pav_doc_get(c, "expect"), "variableReferences");
    struct pav_buf b;
    bool fine;

    pav_buf_init(&b, 1 << 20);
    pav_machine_variables(m, &b);
    fine = pav_doc_equal(want == NULL ? &pav_doc_empty_object : want,
                         pav_doc_own(a, b.p, b.len));
    t->outcomes++;
    t->outcomes_equal += fine;
    tally_case(t, fine, pav_doc_get(c, "id"), pav_arena_strdup(a, b.p));
    pav_buf_fini(&b);
}

static void
run_case(struct tally *t, const struct pav_doc *c, struct pav_arena *a)
{
    const struct pav_doc *kind = pav_doc_get(c, "kind");
    bool validation = pav_doc_is_str(kind, "validation");
    struct pav_faults faults;
    struct pav_machine *m;

    if (pav_doc_is_str(kind, "api")) {
        tally_skip(t); /* the API's own cases need a daemon */
        return;
    }
    if (pav_doc_is_str(kind, "test_state")) {
        asl_test_state(t, c, a);
        return;
    }
    c = filled(a, c, false);
    m = compile(a, c, &faults);
    if (validation)
        run_validation(t, c, a, m, &faults);
    else if (m == NULL)
        tally_case(t, false, pav_doc_get(c, "id"), first_error(a, &faults));
    else if (pav_doc_is_str(kind, "describe"))
        run_describe(t, c, a, m);
    else
        run_execution(t, c, a, m);
    pav_machine_free(m);
}

void
run_asl(struct tally *t, const struct pav_doc *file)
{
    const struct pav_doc *cases = pav_doc_get(file, "cases");
    uint32_t i;

    for (i = 0; cases != NULL && i < cases->len; i++) {
        struct pav_arena a;

        pav_arena_init(&a, 1 << 16);
        run_case(t, pav_doc_at(cases, i), &a);
        pav_arena_fini(&a);
    }
}
