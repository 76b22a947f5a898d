/*
 * The query language JSONata.  A state's data goes through it in this order:
 *
 *   Arguments -> work -> Output, and Assign beside it
 *
 * What each sees are $states (input, context, and result or errorOutput) and
 * the variables as they were when the state was entered.  What fails is
 * States.QueryEvaluationError, with an event of its own.
 */
#include "jsonata.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
#include "kind.h"
#include "map.h"
#include "model.h"
#include "place.h"
#include "stepper.h"

#define SECONDS_MAX  99999999.0
#define WORK_OF_STEP 24 /* bytes: see spend() */

/* ---- failures ---- */

/* "Output/a/b[0]": the place in the state, as the service names it. */
static const char *
location_of(struct stepper *st, const struct frame *f,
            const struct place *place)
{
    struct pav_buf text;
    const char *kept;

    if (place == NULL)
        return NULL;
    pav_buf_init(&text, 2 * PAV_DEFINITION_MAX);
    place_in_state(place, f->state->place, &text);
    kept = pav_arena_strndup(st->arena, text.p, text.len);
    pav_buf_fini(&text);
    return kept;
}

/* EvaluationFailed, and the failure; `place` NULL: of no field. */
static bool
fail_query(struct stepper *st, struct frame *f, const struct place *place,
           const char *fmt, ...) PAV_PRINTF(4, 5);

static bool
fail_query(struct stepper *st, struct frame *f, const struct place *place,
           const char *fmt, ...)
{
    struct event_data data = {.state = f->state};
    va_list ap;
    char *text;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = pav_arena_alloc(st->arena, (size_t)len + 1);
    va_start(ap, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, ap);
    va_end(ap);
    fail_with(st, f, PAV_STATES_QUERY_EVALUATION_ERROR, "%s", text);
    data.error = cut(st, st->failure.error, PAV_ERROR_MAX);
    data.cause = cut(st, st->failure.cause, PAV_CAUSE_MAX);
    data.text = cut(st, location_of(st, f, place), PAV_LOCATION_MAX);
    emit_next(st, f, EV_EVALUATION_FAILED, &data);
    return false;
}

static bool
fail_expression(struct stepper *st, struct frame *f, const struct computed *x,
                const char *what)
{
    return fail_query(st, f, x->place,
                      "The JSONata expression '%.*s' specified for the field "
                      "'%s' %s",
                      (int)x->len, x->text, location_of(st, f, x->place), what);
}

static const char *
type_of(const struct pav_doc *d)
{
    static const char *const names[] = {
        [PAV_NULL] = "null",     [PAV_FALSE] = "boolean",
        [PAV_TRUE] = "boolean",  [PAV_NUMBER] = "number",
        [PAV_STRING] = "string", [PAV_ARRAY] = "array",
        [PAV_OBJECT] = "object"};

    return names[d->kind];
}

static bool
fail_type(struct stepper *st, struct frame *f, const struct computed *x,
          const char *wanted, const struct pav_doc *found)
{
    return fail_expression(
        st, f, x,
        pav_arena_printf(st->arena,
                         "returned an unexpected result type. Expected '%s', "
                         "but was '%s' for value: %s",
                         wanted, type_of(found),
                         pav_doc_text(st->arena, found)));
}

/* ---- evaluating ---- */

/* What an expression can ask for. */
struct scene {
    struct stepper *st;
    struct frame *f;
    unsigned needs;
    enum states_member more;
    const struct pav_doc *result; /* of `more` */
    const struct pav_doc *states; /* made when it is asked for */
};

static const struct pav_doc *
states_of(struct scene *s)
{
    struct pav_members m;

    if (s->states != NULL)
        return s->states;
    pav_members_init(&m, s->st->arena);
    if (s->needs & STATES_INPUT)
        pav_members_add(&m, "input", 5, payload_doc(&s->f->input));
    if (s->needs & STATES_CONTEXT)
        pav_members_add(&m, "context", 7, context_of(s->st, s->f));
    if (s->needs & s->more & STATES_RESULT)
        pav_members_add(&m, "result", 6, s->result);
    if (s->needs & s->more & STATES_ERROR)
        pav_members_add(&m, "errorOutput", 11, s->result);
    s->states = pav_members_object(&m);
    return s->states;
}

static const struct pav_doc *
variable(void *ctx, const char *name, size_t len)
{
    struct scene *s = ctx;
    char text[4 * PAV_NAME_MAX + 1];

    if (len == 6 && memcmp(name, "states", 6) == 0)
        return states_of(s);
    if (len >= sizeof(text))
        return NULL;
    memcpy(text, name, len);
    text[len] = '\0';
    return variable_find(s->f, text);
}

static uint64_t
draw(void *ctx)
{
    struct scene *s = ctx;

    return step_random(s->st);
}

static bool
evaluate(struct scene *s, const struct computed *x, const struct pav_doc **out)
{
    struct stepper *st = s->st;
    uint64_t steps = 0;
    struct pav_jsonata_in in = {.variable = variable,
                                .draw = draw,
                                .ctx = s,
                                .now_ms = st->in->now_ms,
                                .steps = &steps};
    struct pav_jsonata_error error;
    enum pav_jsonata_end end;

    if ((s->needs | x->needs) != s->needs) {
        s->needs |= x->needs;
        s->states = NULL;
    }
    end = pav_jsonata_eval(x->expression, st->arena, &in, out, &error);
    if (end == PAV_JSONATA_FAILED) /* it fails by itself */
        spend_unasked(st, WORK_OF_STEP * steps);
    else if (!spend(st, s->f, WORK_OF_STEP * steps))
        return false;
    switch (end) {
    case PAV_JSONATA_VALUE:
        return true;
    case PAV_JSONATA_NOTHING:
        return fail_expression(st, s->f, x, "returned nothing (undefined).");
    case PAV_JSONATA_FUNCTION:
        return fail_expression(st, s->f, x,
                               "returned an unsupported result type.");
    case PAV_JSONATA_FAILED:
        break;
    }
    return fail_expression(
        st, s->f, x,
        pav_arena_printf(st->arena, "threw an error during evaluation%s%s: %s",
                         *error.code == '\0' ? "" : ". ", error.code,
                         error.message));
}

static bool
fill(struct scene *s, const struct shaped *x, const struct pav_doc **out)
{
    struct pav_members members;
    struct pav_items items;
    const struct pav_doc *v;
    uint32_t i;

    switch (x->kind) {
    case SHAPED_LITERAL:
        *out = x->literal;
        return true;
    case SHAPED_COMPUTED:
        return evaluate(s, x->computed, out);
    case SHAPED_OBJECT:
        pav_members_init(&members, s->st->arena);
        for (i = 0; i < x->count; i++) {
            if (!fill(s, &x->members[i].value, &v))
                return false;
            pav_members_add(&members, x->members[i].key, x->members[i].len, v);
        }
        *out = pav_members_object(&members);
        return true;
    case SHAPED_ARRAY:
        pav_items_init(&items, s->st->arena);
        for (i = 0; i < x->count; i++) {
            if (!fill(s, &x->members[i].value, &v))
                return false;
            pav_items_add(&items, v);
        }
        *out = pav_items_array(&items);
        return true;
    }
    return false;
}

/* ---- through a state ---- */

static bool
arguments(struct stepper *st, struct frame *f, const struct pav_doc **out)
{
    const struct query *q = f->state->query;
    struct scene s = {.st = st, .f = f};

    *out = payload_doc(&f->input);
    if (q->arguments == NULL)
        return true;
    if (!fill(&s, q->arguments, out))
        return false;
    inspect(st, "afterArguments", *out);
    return true;
}

static bool
output(struct stepper *st, struct frame *f, const struct query *q,
       const struct pav_doc *result, const struct pav_doc **out)
{
    struct scene s = {.st = st, .f = f, .more = q->more, .result = result};

    *out = result;
    return q->output == NULL || fill(&s, q->output, out);
}

static bool
assign(struct stepper *st, struct frame *f, const struct query *q,
       const struct pav_doc *result, const struct pav_doc **out)
{
    struct scene s = {.st = st, .f = f, .more = q->more, .result = result};

    *out = NULL;
    return q->assign == NULL || fill(&s, q->assign, out);
}

static bool
holds(struct stepper *st, struct frame *f, const struct test *t,
      const struct pav_doc *from, bool *holds)
{
    struct scene s = {.st = st, .f = f};
    const struct pav_doc *v;

    (void)from;
    if (!fill(&s, t->condition, &v))
        return false;
    *holds = v->kind == PAV_TRUE;
    return pav_doc_is_bool(v) ||
           fail_type(st, f, t->condition->computed, "boolean", v);
}

/* ---- values ---- */

static bool
value(struct stepper *st, struct frame *f, const struct value *v,
      const struct pav_doc *from, const struct pav_doc **out)
{
    const struct jsonata_value *own = (const struct jsonata_value *)v;
    struct scene s = {.st = st, .f = f};

    (void)from;
    if (!fill(&s, own->shaped, out))
        return false;
    return own->form != VALUE_TEXT || (*out)->kind == PAV_STRING ||
           fail_type(st, f, own->shaped->computed, "string", *out);
}

/* Is it a number of this use?  Else which kind of one it should be. */
static const char *
misfit(const struct number *n, double x)
{
    if (n->use == NUMBER_PERCENTAGE)
        return NULL;
    if (x != floor(x))
        return "must be a whole number";
    if (n->use == NUMBER_COUNT)
        return NULL;
    if (x < (n->use == NUMBER_TIMEOUT ? 1 : 0) || x > SECONDS_MAX)
        return n->use == NUMBER_TIMEOUT ? "must be from 1 to 99999999"
                                        : "must be from 0 to 99999999";
    return NULL;
}

static bool
number(struct stepper *st, struct frame *f, const struct number *n,
       const struct pav_doc *from, double *out)
{
    const struct jsonata_value *own = (const struct jsonata_value *)n->value;
    const struct computed *x = own->shaped->computed;
    const struct pav_doc *v;
    const char *wrong;

    if (!value(st, f, n->value, from, &v))
        return false;
    if (v->kind != PAV_NUMBER)
        return fail_type(st, f, x, "number", v);
    *out = pav_doc_double(v);
    wrong = misfit(n, *out);
    return wrong == NULL ||
           fail_query(st, f, x->place, "The %s field %s: %s", n->field, wrong,
                      pav_doc_text(st->arena, v));
}

static bool
instant(struct stepper *st, struct frame *f, const struct value *v,
        const struct pav_doc *from, int64_t *ms)
{
    const struct jsonata_value *own = (const struct jsonata_value *)v;
    const struct computed *x = own->shaped->computed;
    const struct pav_doc *d;

    if (!value(st, f, v, from, &d))
        return false;
    if (d->kind != PAV_STRING)
        return fail_type(st, f, x, "string", d);
    return pav_time_parse(d->text, d->len, ms) ||
           fail_query(st, f, x->place,
                      "The %s field cannot be parsed as an ISO-8601 extended "
                      "offset date-time format string: %s",
                      v->field, pav_doc_str(st->arena, d));
}

static bool
items(struct stepper *st, struct frame *f, const struct pav_doc *from,
      const struct pav_doc **out)
{
    const struct shaped *x = f->state->query->items;
    struct scene s = {.st = st, .f = f};

    *out = from;
    if (x != NULL && !fill(&s, x, out))
        return false;
    if (can_be_items(f->state, *out))
        return true;
    if (x != NULL)
        return fail_type(st, f, x->computed, "array", *out);
    return fail_query(st, f, NULL,
                      "Map state input must be an array but was: %s",
                      pav_doc_text(st->arena, *out));
}

static const char *const own_fields[] = {"Arguments", "Output", "Items",
                                         "Condition", NULL};

const struct query_language jsonata_language = {
    .name = "JSONata",
    .parameters = "Arguments",
    .own_fields = own_fields,
    .has_field = jsonata_has_field,
    .state = jsonata_state,
    .rule = jsonata_rule,
    .catcher = jsonata_catcher,
    .test = jsonata_test,
    .member = jsonata_member,
    .is_computed = jsonata_is_computed,
    .arguments = arguments,
    .output = output,
    .assign = assign,
    .holds = holds,
    .value = value,
    .number = number,
    .instant = instant,
    .items = items,
};
