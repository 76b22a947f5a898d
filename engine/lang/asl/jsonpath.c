/*
 * The query language JSONPath.  Data goes through a state in this order:
 *
 *   InputPath -> Parameters -> work -> ResultSelector -> ResultPath (onto the
 *   raw input) -> OutputPath
 *
 * A path that finds nothing is States.Runtime, with the service's texts.
 */

#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
#include "jsonpath.h"
#include "kind.h"
#include "map.h"
#include "stepper.h"
#include "model.h"

#define TIMEOUT_MAX 99999999
#define DELAY_MAX   (99999999 * 100.0) /* s: longer ones last as long */

/* ---- paths and templates ---- */

static bool
path_field(struct stepper *st, struct frame *f, const struct path_field *field,
           const struct pav_doc *from, const struct pav_doc **out)
{
    struct pav_err why;

    if (!field->given) {
        *out = from;
        return true;
    }
    if (field->null) {
        *out = &pav_doc_empty_object;
        return true;
    }
    if (from->kind == PAV_NULL && field->expr->kind == EXPR_PATH &&
        strcmp(field->expr->text, "$") != 0)
        return fail_runtime(st, f,
                            "Unable to apply Path transformation to null or "
                            "empty input.");
    if (expr_eval(st, f, field->expr, from, out, &why) == EXPR_FOUND)
        return true;
    return fail_runtime(st, f, "Invalid path '%s' : %s", field->expr->text,
                        why.message);
}

static bool
not_found(struct stepper *st, struct frame *f, const char *path,
          const char *field, const struct pav_doc *from)
{
    struct pav_buf text;

    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(from, &text);
    fail_runtime(st, f,
                 "The JSONPath '%s' specified for the field '%s' could not be "
                 "found in the input '%s'",
                 path, field, text.p == NULL ? "" : text.p);
    pav_buf_fini(&text);
    return false;
}

static void
filled_with(struct stepper *st, const struct pav_doc *value)
{
    struct templated *t = st->filling;

    t->values =
        pav_arena_append(st->arena, t->values, t->count, sizeof(*t->values));
    t->values[t->count++] = value;
}

static bool
template_eval(struct stepper *st, struct frame *f, const struct tmpl *t,
              const struct pav_doc *from, const struct pav_doc **out)
{
    struct pav_members members;
    struct pav_items items;
    const struct pav_doc *v;
    uint32_t i;

    switch (t->kind) {
    case TMPL_LITERAL:
        *out = t->literal;
        return true;
    case TMPL_EXPR:
        switch (expr_eval(st, f, t->expr, from, out, NULL)) {
        case EXPR_FOUND:
            if (st->filling != NULL)
                filled_with(st, *out);
            return true;
        case EXPR_NOTHING:
            return not_found(st, f, t->expr->text, t->field, from);
        case EXPR_FAILED:
            break;
        }
        return false;
    case TMPL_OBJECT:
        pav_members_init(&members, st->arena);
        for (i = 0; i < t->count; i++) {
            const struct tmpl_member *m = &t->members[i];

            if (!template_eval(st, f, m->value, from, &v))
                return false;
            pav_members_add(&members, m->key, m->len, v);
        }
        *out = pav_members_object(&members);
        return true;
    case TMPL_ARRAY:
        pav_items_init(&items, st->arena);
        for (i = 0; i < t->count; i++) {
            if (!template_eval(st, f, t->members[i].value, from, &v))
                return false;
            pav_items_add(&items, v);
        }
        *out = pav_items_array(&items);
        return true;
    }
    return false;
}

/* A field's template: the record can refer to it. */
static bool
field_eval(struct stepper *st, struct frame *f, const struct tmpl *t,
           const struct pav_doc *from, const struct pav_doc **out)
{
    struct templated *filled;
    bool fine;

    if (t->at == 0)
        return template_eval(st, f, t, from, out);
    filled = pav_arena_zalloc(st->arena, sizeof(*filled));
    st->filling = filled;
    fine = template_eval(st, f, t, from, out);
    st->filling = NULL;
    if (fine) {
        filled->doc = *out;
        filled->at = t->at;
        filled->before = st->templated;
        st->templated = filled;
    }
    return fine;
}

/* ---- through a state ---- */

static bool
arguments(struct stepper *st, struct frame *f, const struct pav_doc **out)
{
    const struct query *q = f->state->query;
    const struct pav_doc *d;

    if (!path_field(st, f, &q->input_path, payload_doc(&f->input), &d))
        return false;
    inspect(st, "afterInputPath", d);
    *out = d;
    if (q->parameters != NULL && !field_eval(st, f, q->parameters, d, out))
        return false;
    if (f->state->kind->has & HAS_ARGUMENTS)
        inspect(st, "afterParameters", *out);
    return true;
}

static bool
result_path(struct stepper *st, struct frame *f, const struct path_field *field,
            const struct pav_doc *result, const struct pav_doc **out)
{
    struct pav_buf text;

    if (!field->given) {
        *out = result;
        return true;
    }
    if (field->null) {
        *out = payload_doc(&f->input);
        return true;
    }
    *out = pav_path_put(field->expr->path, payload_doc(&f->input), result,
                        st->arena);
    if (*out != NULL)
        return true;
    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(payload_doc(&f->input), &text);
    fail_with(st, f, PAV_STATES_RESULT_PATH_MATCH_FAILURE,
              "Unable to apply ResultPath '%s' to the input '%s'",
              field->expr->text, text.p);
    pav_buf_fini(&text);
    return false;
}

static bool
output(struct stepper *st, struct frame *f, const struct query *q,
       const struct pav_doc *result, const struct pav_doc **out)
{
    bool shows = q == f->state->query && (f->state->kind->has & HAS_RESULT);
    const struct pav_doc *d = result;

    if (q->result_selector != NULL &&
        !field_eval(st, f, q->result_selector, result, &d))
        return false;
    if (shows)
        inspect(st, "afterResultSelector", d);
    if (!result_path(st, f, &q->result_path, d, &d))
        return false;
    if (shows)
        inspect(st, "afterResultPath", d);
    return path_field(st, f, &q->output_path, d, out);
}

static bool
assign(struct stepper *st, struct frame *f, const struct query *q,
       const struct pav_doc *result, const struct pav_doc **out)
{
    *out = NULL;
    return q->assign == NULL || template_eval(st, f, q->assign, result, out);
}

/* ---- values ---- */

static bool
no_input_value(struct stepper *st, struct frame *f, const struct value *v)
{
    return fail_runtime(
        st, f, "The %s parameter does not reference an input value: %s",
        v->field, v->text);
}

static bool
value(struct stepper *st, struct frame *f, const struct value *v,
      const struct pav_doc *from, const struct pav_doc **out)
{
    const struct jsonpath_value *own = (const struct jsonpath_value *)v;

    if (own->tmpl != NULL)
        return field_eval(st, f, own->tmpl, from, out);
    switch (expr_eval(st, f, own->expr, from, out, NULL)) {
    case EXPR_FOUND:
        if (own->form == VALUE_NUMBER || (*out)->kind == PAV_STRING)
            return true;
        break;
    case EXPR_NOTHING:
        break;
    case EXPR_FAILED:
        if (own->form == VALUE_TEXT)
            return false;
        break;
    }
    return own->form == VALUE_TEXT ? not_found(st, f, v->text, v->field, from)
                                   : no_input_value(st, f, v);
}

static bool
not_a_number(struct stepper *st, struct frame *f, const struct number *n,
             const struct pav_doc *v)
{
    const char *what =
        n->use == NUMBER_PERCENTAGE ? "a valid float" : "a valid integer";
    struct pav_buf b;

    if (n->use == NUMBER_TIMEOUT)
        return fail_runtime(
            st, f, "The %s parameter cannot be parsed as a long value: %s",
            n->value->field, n->value->text);
    if (n->use == NUMBER_DELAY)
        return fail_value(st, f, n->value, "cannot be parsed as a long value",
                          v);
    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    pav_java_text(v, &b);
    fail_runtime(st, f,
                 "The %s field refers to value \"%s\" which is not %s: %s",
                 n->value->field, b.p == NULL ? "" : b.p, what, n->value->text);
    pav_buf_fini(&b);
    return false;
}

/* A text of digits is a number too, but of a timeout: the published sample
 * waits for "5". */
static bool
fits(const struct number *n, const struct pav_doc *v, double *out)
{
    int64_t whole;

    if (n->use == NUMBER_TIMEOUT) {
        *out = pav_doc_double(v);
        return pav_doc_int(v, &whole) && whole >= 1 && whole <= TIMEOUT_MAX;
    }
    if (v->kind == PAV_STRING && pav_parse_int(v->text, v->len, &whole)) {
        *out = (double)whole;
    } else if (n->use == NUMBER_DELAY) {
        if (!pav_doc_int(v, &whole) || whole < 0)
            return false;
        *out = (double)whole;
    } else {
        *out = pav_doc_double(v);
        return v->kind == PAV_NUMBER &&
               (n->use == NUMBER_PERCENTAGE || floor(*out) == *out);
    }
    if (n->use == NUMBER_DELAY && *out > DELAY_MAX)
        *out = DELAY_MAX;
    return true;
}

static bool
number(struct stepper *st, struct frame *f, const struct number *n,
       const struct pav_doc *from, double *out)
{
    const struct expr *e = ((const struct jsonpath_value *)n->value)->expr;
    const struct pav_doc *v;
    struct pav_err why;

    if (expr_eval(st, f, e, from, &v, &why) == EXPR_FOUND)
        return fits(n, v, out) || not_a_number(st, f, n, v);
    if (n->use == NUMBER_DELAY)
        return no_input_value(st, f, n->value);
    return fail_runtime(st, f, "Invalid path '%s' : %s", e->text, why.message);
}

static bool
instant(struct stepper *st, struct frame *f, const struct value *v,
        const struct pav_doc *from, int64_t *ms)
{
    const struct pav_doc *d;

    if (!value(st, f, v, from, &d))
        return false;
    return (d->kind == PAV_STRING && pav_time_parse(d->text, d->len, ms)) ||
           fail_value(st, f, v,
                      "does not reference a valid ISO-8601 extended offset "
                      "date-time format string",
                      d);
}

static bool
items(struct stepper *st, struct frame *f, const struct pav_doc *from,
      const struct pav_doc **out)
{
    const struct path_field *path = &f->state->query->items_path;
    const char *text = path->expr == NULL ? "$" : path->expr->text;

    if (!path_field(st, f, path, from, out))
        return false;
    if (can_be_items(f->state, *out))
        return true;
    if (strncmp(text, "$$", 2) == 0)
        text++; /* the service names paths into the context so */
    return fail_runtime(st, f, "Reference path \"%s\" must point to array.",
                        text);
}

static const char *const own_fields[] = {"InputPath",
                                         "OutputPath",
                                         "Parameters",
                                         "ResultPath",
                                         "ResultSelector",
                                         "Result",
                                         "ItemsPath",
                                         "SecondsPath",
                                         "TimestampPath",
                                         "ErrorPath",
                                         "CausePath",
                                         "TimeoutSecondsPath",
                                         "HeartbeatSecondsPath",
                                         "MaxConcurrencyPath",
                                         "ToleratedFailureCountPath",
                                         "ToleratedFailurePercentagePath",
                                         "Variable",
                                         "And",
                                         "Or",
                                         "Not",
                                         NULL};

const struct query_language jsonpath_language = {
    .name = "JSONPath",
    .parameters = "Parameters",
    .own_fields = own_fields,
    .shown_items = "afterItemsPath",
    .has_field = jsonpath_has_field,
    .state = jsonpath_state,
    .rule = jsonpath_rule,
    .catcher = jsonpath_catcher,
    .test = test_compile,
    .member = jsonpath_member,
    .is_computed = jsonpath_is_computed,
    .event_names = test_event_names,
    .arguments = arguments,
    .output = output,
    .assign = assign,
    .holds = test_holds,
    .value = value,
    .number = number,
    .instant = instant,
    .items = items,
};
