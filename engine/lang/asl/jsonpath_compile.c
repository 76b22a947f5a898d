/*
 * Fields of JSONPath: paths, payload templates, and what a state, a rule or a
 * catcher says of its data.
 */
#include <stdio.h>
#include <string.h>

#include "compile.h"
#include "jsonpath.h"
#include "kind.h"
#include "model.h"
#include "origin.h"

static const struct expr *
expr_at(struct compiler *c, const struct pav_doc *v, const struct place *place,
        const char *key, enum expr_rule rule)
{
    const struct expr *e;
    struct pav_err err;

    if (v->kind != PAV_STRING) {
        wrong_type(c, v, place, key, "a path");
        return NULL;
    }
    e = expr_compile(c, v->text, v->len, &err);
    if (e != NULL && e->kind == EXPR_CALL && rule != EXPR_OR_CALL) {
        (void)pav_fail(&err, PAV_INVALID, "",
                       "an intrinsic function is not allowed here");
        e = NULL;
    }
    if (e == NULL) {
        compile_fault(
            c, PAV_ERROR, SCHEMA, place_of(c, place, key), v->at,
            "The value for the field '%s' must be a valid JSONPath%s"
            ": %s",
            key,
            rule == EXPR_OR_CALL ? " or a valid intrinsic function call" : "",
            err.message);
        return NULL;
    }
    if (rule == EXPR_REFERENCE && !expr_is_reference(e)) {
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, key), v->at,
                      "The value for the field '%s' must be a valid reference "
                      "path: names and single indexes only",
                      key);
        return NULL;
    }
    return e;
}

const struct expr *
member_expr(struct compiler *c, const struct pav_doc *o,
            const struct place *place, const char *key, enum expr_rule rule)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    return v == NULL ? NULL : expr_at(c, v, place, key, rule);
}

static void
member_path_field(struct compiler *c, const struct pav_doc *o,
                  const struct place *place, const char *key,
                  enum expr_rule rule, struct path_field *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL)
        return;
    out->given = true;
    if (v->kind == PAV_NULL)
        out->null = true;
    else
        out->expr = expr_at(c, v, place, key, rule);
}

static const struct tmpl *
template_dynamic(struct compiler *c, const struct pav_member *m,
                 const struct place *place)
{
    struct tmpl *t = pav_arena_zalloc(c->arena, sizeof(*t));
    const struct pav_doc *v = &m->value;
    struct pav_err err;

    t->kind = TMPL_EXPR;
    t->field = pav_arena_strndup(c->arena, m->key, m->len);
    if (v->kind == PAV_STRING)
        t->expr = expr_compile(c, v->text, v->len, &err);
    if (t->expr == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "The value for the field '%s' must be a valid JSONPath "
                      "or a valid intrinsic function call",
                      t->field);
    return t;
}

static bool
has_dynamics(const struct pav_doc *d)
{
    uint32_t i;

    if (d->kind == PAV_OBJECT) {
        for (i = 0; i < d->len; i++)
            if (tmpl_is_dynamic(&d->members[i]) ||
                has_dynamics(&d->members[i].value))
                return true;
    } else if (d->kind == PAV_ARRAY) {
        for (i = 0; i < d->len; i++)
            if (has_dynamics(&d->items[i]))
                return true;
    }
    return false;
}

static struct tmpl *
template_compile(struct compiler *c, const struct pav_doc *d,
                 const struct place *place)
{
    struct tmpl *t = pav_arena_zalloc(c->arena, sizeof(*t));
    struct tmpl_member *members;
    uint32_t i;

    if (!has_dynamics(d)) {
        t->kind = TMPL_LITERAL;
        t->literal = d;
        return t;
    }
    t->kind = d->kind == PAV_OBJECT ? TMPL_OBJECT : TMPL_ARRAY;
    t->count = d->len;
    t->members = members =
        pav_arena_zalloc(c->arena, d->len * sizeof(*members));
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m;

        if (d->kind == PAV_ARRAY) {
            members[i].value =
                template_compile(c, &d->items[i], place_at(c, place, i));
            continue;
        }
        m = &d->members[i];
        members[i].key = m->key;
        members[i].len = m->len - (tmpl_is_dynamic(m) ? 2 : 0);
        members[i].value =
            tmpl_is_dynamic(m)
                ? template_dynamic(c, m, place)
                : template_compile(
                      c, &m->value,
                      place_of(c, place,
                               pav_arena_strndup(c->arena, m->key, m->len)));
        if (tmpl_is_dynamic(m) &&
            pav_doc_getn(d, members[i].key, members[i].len) != NULL)
            compile_fault(c, PAV_ERROR, SCHEMA, place, m->at,
                          "The field '%.*s' is given twice, once with .$",
                          (int)members[i].len, members[i].key);
    }
    return t;
}

#define LITERAL_MIN 24 /* bytes that make a reference worth while */

/* About how much of a template's text is not computed. */
static size_t
literal_bytes(const struct pav_doc *d)
{
    size_t n = 2;
    uint32_t i;

    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++)
        n += d->members[i].len + 3u +
             (tmpl_is_dynamic(&d->members[i])
                  ? 0
                  : literal_bytes(&d->members[i].value));
    for (i = 0; d->kind == PAV_ARRAY && i < d->len; i++)
        n += literal_bytes(&d->items[i]);
    return d->kind == PAV_STRING || d->kind == PAV_NUMBER ? d->len : n;
}

static const struct tmpl *
member_template(struct compiler *c, const struct pav_doc *o,
                const struct place *place, const char *key)
{
    const struct pav_doc *v = pav_doc_get(o, key);
    struct tmpl *t;

    if (v == NULL)
        return NULL;
    t = template_compile(c, v, place_of(c, place, key));
    if (t->kind == TMPL_LITERAL)
        machine_origin_add(c->machine, v, PAYLOAD_DEFINITION, v->at);
    else if (literal_bytes(v) >= LITERAL_MIN)
        t->at = v->at;
    return t;
}

/* ---- fields ---- */

/* Beside what capabilities give: the fields of one kind, each. */
static const struct {
    const char *kind;
    const char *fields[8];
} kind_fields[] = {
    {"Pass", {"Result"}},
    {"Wait", {"SecondsPath", "TimestampPath"}},
    {"Fail", {"ErrorPath", "CausePath"}},
    {"Task", {"TimeoutSecondsPath", "HeartbeatSecondsPath"}},
    {"Map",
     {"Parameters", "MaxConcurrencyPath", "ToleratedFailureCountPath",
      "ToleratedFailurePercentagePath"}},
};

bool
jsonpath_has_field(const struct state_kind *k, const struct pav_member *m)
{
    static const struct {
        enum has has;
        const char *fields[3];
    } capabilities[] = {
        {HAS_DATA, {"InputPath", "OutputPath"}},
        {HAS_ARGUMENTS, {"Parameters"}},
        {HAS_RESULT, {"ResultPath"}},
        {HAS_WORK, {"ResultSelector"}},
        {HAS_ITEMS, {"ItemsPath"}},
    };
    size_t i;

    for (i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
        if ((k->has & capabilities[i].has) &&
            pav_member_in(m, capabilities[i].fields))
            return true;
    for (i = 0; i < sizeof(kind_fields) / sizeof(kind_fields[0]); i++)
        if (strcmp(kind_fields[i].kind, k->name) == 0 &&
            pav_member_in(m, kind_fields[i].fields))
            return true;
    return false;
}

/* ---- what a state says of its data ---- */

static const struct tmpl *
assign_compile(struct compiler *c, const struct pav_doc *d,
               const struct place *place)
{
    const struct pav_doc *v = member_assign(c, d, place);

    return v == NULL ? NULL
                     : template_compile(c, v, place_of(c, place, "Assign"));
}

/* Where a result goes: neither into the context nor into a variable. */
static void
result_path_compile(struct compiler *c, const struct pav_doc *d,
                    const struct place *place, struct path_field *out)
{
    const struct pav_doc *v = pav_doc_get(d, "ResultPath");

    member_path_field(c, d, place, "ResultPath", EXPR_REFERENCE, out);
    if (out->expr == NULL || out->expr->kind == EXPR_PATH)
        return;
    compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "ResultPath"), v->at,
                  "The field 'ResultPath' cannot write to the context object "
                  "or to a variable");
}

const struct query *
jsonpath_state(struct compiler *c, const struct state *s,
               const struct pav_doc *d, const struct place *place)
{
    struct query *q = pav_arena_zalloc(c->arena, sizeof(*q));
    unsigned has = s->kind->has;

    if (has & HAS_DATA) {
        member_path_field(c, d, place, "InputPath", EXPR_ANY_PATH,
                          &q->input_path);
        member_path_field(c, d, place, "OutputPath", EXPR_ANY_PATH,
                          &q->output_path);
    }
    if (has & HAS_ARGUMENTS)
        q->parameters = member_template(c, d, place, "Parameters");
    if (has & HAS_RESULT)
        result_path_compile(c, d, place, &q->result_path);
    if (has & HAS_WORK)
        q->result_selector = member_template(c, d, place, "ResultSelector");
    if (has & HAS_ASSIGN)
        q->assign = assign_compile(c, d, place);
    if (has & HAS_ITEMS)
        member_path_field(c, d, place, "ItemsPath", EXPR_REFERENCE,
                          &q->items_path);
    return q;
}

const struct query *
jsonpath_rule(struct compiler *c, const struct state *s,
              const struct pav_doc *d, const struct place *place)
{
    struct query *q = pav_arena_zalloc(c->arena, sizeof(*q));

    q->output_path = s->query->output_path;
    q->assign = assign_compile(c, d, place);
    return q;
}

/* What is caught goes past the state's own OutputPath. */
const struct query *
jsonpath_catcher(struct compiler *c, const struct state *s,
                 const struct pav_doc *d, const struct place *place)
{
    struct query *q = pav_arena_zalloc(c->arena, sizeof(*q));

    (void)s;
    result_path_compile(c, d, place, &q->result_path);
    q->assign = assign_compile(c, d, place);
    return q;
}

bool
jsonpath_is_computed(const struct pav_doc *o, const char *key)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.$", key);
    return pav_doc_get(o, name) != NULL;
}

const struct value *
jsonpath_member(struct compiler *c, const struct pav_doc *o,
                const struct place *place, const char *key,
                enum value_form form)
{
    struct jsonpath_value own = {.form = form}, *v;

    if (form == VALUE_TEMPLATE) {
        own.value.field = key;
        own.tmpl = member_template(c, o, place, key);
        if (own.tmpl == NULL)
            return NULL;
        own.value.literal = own.tmpl->literal;
    } else {
        own.value.field = pav_arena_printf(c->arena, "%sPath", key);
        check_not_both(c, o, place, key, own.value.field);
        own.expr =
            member_expr(c, o, place, own.value.field,
                        form == VALUE_TEXT ? EXPR_OR_CALL : EXPR_REFERENCE);
        if (own.expr == NULL)
            return NULL;
        own.value.text = own.expr->text;
    }
    v = pav_arena_alloc(c->arena, sizeof(*v));
    *v = own;
    return &v->value;
}
