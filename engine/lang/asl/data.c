/*
 * Data through a state, in any query language, and variables: Assign gives
 * values to names, later states read them.
 *
 * All values of an Assign are evaluated from what the variables were when the
 * state was entered, and take effect when it is left.  A branch or iteration
 * reads the scopes around it but assigns in its own alone, and no name of an
 * outer scope may be assigned there.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "stepper.h"
#include "model.h"

#define VARIABLES_MAX (10 * 1024 * 1024) /* bytes of all, in one execution */

/* A letter or `_`, then letters, digits and `_`; beyond ASCII anything. */
static bool
is_name(const char *key, uint32_t len)
{
    uint32_t i;

    if (len == 0 || pav_utf8_count(key, len) > PAV_NAME_MAX ||
        (key[0] >= '0' && key[0] <= '9'))
        return false;
    for (i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)key[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');

        if (!letter && !(ch >= '0' && ch <= '9') && ch != '_' && ch < 0x80)
            return false;
    }
    return true;
}

/* Without the `.$` of a computed member. */
static uint32_t
name_len(const struct pav_member *m)
{
    return m->len > 2 && memcmp(m->key + m->len - 2, ".$", 2) == 0 ? m->len - 2
                                                                   : m->len;
}

const struct pav_doc *
member_assign(struct compiler *c, const struct pav_doc *o,
              const struct place *place)
{
    const struct pav_doc *d = pav_doc_get(o, "Assign");
    uint32_t i;

    if (d == NULL)
        return NULL;
    place = place_of(c, place, "Assign");
    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "The field 'Assign' must be an object");
        return NULL;
    }
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        uint32_t len = name_len(m);

        if (!is_name(m->key, len) || (len == 6 && !memcmp(m->key, "states", 6)))
            compile_fault(c, PAV_ERROR, SCHEMA, place, m->at,
                          "'%.*s' is no name for a variable: a letter, then "
                          "letters, digits and '_', at most %d characters",
                          (int)len, m->key, PAV_NAME_MAX);
    }
    return d;
}

const struct query_language *
language_elsewhere(const struct compiler *c, const struct pav_member *m)
{
    const struct query_language *const *other = c->languages;

    if (pav_member_in(m, c->language->own_fields))
        return NULL;
    while (*other != NULL && !pav_member_in(m, (*other)->own_fields))
        other++;
    return *other;
}

void
check_language(struct compiler *c, const struct pav_doc *d,
               const struct place *place)
{
    const struct query_language *other;
    uint32_t i;

    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++) {
        other = language_elsewhere(c, &d->members[i]);
        if (other != NULL)
            compile_fault(c, PAV_ERROR, SCHEMA, place, d->members[i].at,
                          "The QueryLanguage is set to '%s', but field "
                          "'%.*s' is only supported for the '%s' "
                          "QueryLanguage",
                          c->language->name, (int)d->members[i].len,
                          d->members[i].key, other->name);
    }
}

/* ---- scopes ---- */

struct assigned {
    const struct assigned *up;
    const struct state *owner; /* the state that this scope is inside of */
    const char **names;
    const struct state **by; /* who assigns each */
    uint32_t count, cap;
};

static void
add_name(struct compiler *c, struct assigned *a, const struct state *by,
         const struct pav_member *m)
{
    a->names =
        pav_arena_append(c->arena, a->names, a->count, sizeof(*a->names));
    a->by = pav_arena_append(c->arena, a->by, a->count, sizeof(*a->by));
    a->names[a->count] = pav_arena_strndup(c->arena, m->key, name_len(m));
    a->by[a->count++] = by;
}

/* What a state, a rule or a catcher assigns. */
static void
collect(struct compiler *c, struct assigned *a, const struct state *by,
        const struct pav_doc *d)
{
    const struct pav_doc *assign = pav_doc_get(d, "Assign");
    uint32_t i;

    if (assign == NULL || assign->kind != PAV_OBJECT)
        return;
    for (i = 0; i < assign->len; i++)
        add_name(c, a, by, &assign->members[i]);
}

static void
collect_list(struct compiler *c, struct assigned *a, const struct state *by,
             const struct pav_doc *list)
{
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        collect(c, a, by, &list->items[i]);
}

/* By a state of a scope around; what the state around assigns itself comes to
 * be when this scope has ended. */
static bool
is_outer(const struct assigned *a, const char *name)
{
    uint32_t i;

    for (; a->up != NULL; a = a->up)
        for (i = 0; i < a->up->count; i++)
            if (a->up->by[i] != a->owner && strcmp(a->up->names[i], name) == 0)
                return true;
    return false;
}

static void
check_scope(struct compiler *c, const struct scope *scope,
            const struct assigned *up)
{
    struct assigned a = {.up = up, .owner = scope->owner};
    const struct scope *inner;
    uint32_t i, j;

    for (i = 0; i < scope->count; i++) {
        const struct state *s = scope->states[i];
        uint32_t from = a.count;

        collect(c, &a, s, s->source);
        collect_list(c, &a, s, pav_doc_get(s->source, "Catch"));
        collect_list(c, &a, s, pav_doc_get(s->source, "Choices"));
        for (j = from; j < a.count; j++)
            if (is_outer(&a, a.names[j]))
                compile_fault(c, PAV_ERROR, SCHEMA,
                              place_of(c, s->place, "Assign"), s->source->at,
                              "The variable '%s' belongs to an outer scope and "
                              "cannot be assigned here",
                              a.names[j]);
    }
    for (i = 0; i < scope->count; i++) {
        const struct state *s = scope->states[i];

        if (s->kind->inner == NULL)
            continue;
        for (j = 0; (inner = s->kind->inner(s, j)) != NULL; j++)
            check_scope(c, inner, s->apart ? NULL : &a);
    }
}

void
check_assigned(struct compiler *c, const struct scope *top)
{
    check_scope(c, top, NULL);
}

/* ---- numbers ---- */

void
member_number(struct compiler *c, const struct pav_doc *o,
              const struct place *place, const char *key, enum number_use use,
              double min, double max, struct number *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    out->use = use;
    out->field = key;
    out->value = c->language->member(c, o, place, key, VALUE_NUMBER);
    out->given = v != NULL || out->value != NULL;
    if (v == NULL || out->value != NULL)
        return;
    if (v->kind != PAV_NUMBER || !(pav_doc_double(v) >= min) ||
        !(pav_doc_double(v) <= max)) {
        wrong_type(
            c, v, place, key,
            pav_arena_printf(c->arena, "a number from %.0f to %.0f", min, max));
        return;
    }
    out->literal = pav_doc_double(v);
}

/* ---- at run time ---- */

bool
number_of(struct stepper *st, struct frame *f, const struct number *n,
          const struct pav_doc *from, double *out)
{
    PAV_ASSERT(n->value == NULL || n->field != NULL);
    *out = n->literal;
    return n->value == NULL || f->state->language->number(st, f, n, from, out);
}

bool
value_of(struct stepper *st, struct frame *f, const struct value *v,
         const struct pav_doc *from, const struct pav_doc **out)
{
    *out = NULL;
    return v == NULL || f->state->language->value(st, f, v, from, out);
}

bool
state_output(struct stepper *st, struct frame *f, const struct query *q,
             const struct pav_doc *result, const struct pav_doc **out)
{
    const struct state *s = f->state;

    if (q == s->query && (s->kind->has & HAS_WORK) &&
        (!(s->kind->has & HAS_ITEMS) || s->language->shown_items != NULL))
        inspect(st, "result", result);
    f->assigned = NULL;
    if (!s->language->assign(st, f, q, result, &f->assigned))
        return false;
    if (f->assigned == NULL || pav_doc_fits(f->assigned, PAV_PAYLOAD_MAX))
        return s->language->output(st, f, q, result, out);
    f->assigned = NULL;
    return fail_with(st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
                     "The variables that Assign sets exceed the maximum of %d "
                     "bytes.",
                     PAV_PAYLOAD_MAX);
}

bool
assign_apply(struct stepper *st, struct frame *f)
{
    const struct pav_doc *all;

    if (f->assigned == NULL || f->assigned->len == 0)
        return true;
    all = f->variables == NULL
              ? f->assigned
              : pav_doc_merge(st->arena, f->variables, f->assigned);
    if (pav_doc_fits(all, VARIABLES_MAX)) {
        f->variables = all;
        return true;
    }
    f->assigned = NULL;
    return fail_with(st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
                     "The variables of the execution exceed the maximum of %d "
                     "bytes.",
                     VARIABLES_MAX);
}
