/*
 * Variables: Assign gives values to names, later states read them as $name.
 *
 * All values of an Assign are evaluated from what the variables were when the
 * state was entered, and take effect when it is left.  A branch or iteration
 * reads the scopes around it but assigns in its own alone, and no name of an
 * outer scope may be assigned there.
 */
#include <string.h>

#include "pavane/text.h"
#include "step_int.h"

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

const struct tmpl *
member_assign(struct compiler *c, const struct pav_doc *o, const char *pointer)
{
    const struct pav_doc *d = pav_doc_get(o, "Assign");
    uint32_t i;

    if (d == NULL)
        return NULL;
    pointer = pointer_to(c, pointer, "Assign");
    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "The field 'Assign' must be an object");
        return NULL;
    }
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        uint32_t len = m->len;

        if (len > 2 && memcmp(m->key + len - 2, ".$", 2) == 0)
            len -= 2;
        if (!is_name(m->key, len) || (len == 6 && !memcmp(m->key, "states", 6)))
            compile_fault(c, PAV_ERROR, SCHEMA, pointer, m->at,
                          "'%.*s' is no name for a variable: a letter, then "
                          "letters, digits and '_', at most %d characters",
                          (int)len, m->key, PAV_NAME_MAX);
    }
    return template_compile(c, d, pointer);
}

/* ---- scopes ---- */

struct assigned {
    const struct assigned *up;
    const char **names;
    uint32_t count, cap;
};

static void
collect(struct compiler *c, struct assigned *a, const struct tmpl *t)
{
    uint32_t i, n;

    n = t == NULL ? 0 : t->kind == TMPL_OBJECT ? t->count : t->literal->len;
    for (i = 0; i < n; i++) {
        const char *key = t->kind == TMPL_OBJECT ? t->members[i].key
                                                 : t->literal->members[i].key;
        uint32_t len = t->kind == TMPL_OBJECT ? t->members[i].len
                                              : t->literal->members[i].len;

        if (a->count == a->cap) {
            uint32_t cap = a->cap == 0 ? 8 : a->cap * 2;
            const char **v = pav_arena_alloc(c->arena, cap * sizeof(*v));

            if (a->count > 0)
                memcpy(v, a->names, a->count * sizeof(*v));
            a->names = v;
            a->cap = cap;
        }
        a->names[a->count++] = pav_arena_strndup(c->arena, key, len);
    }
}

static bool
is_outer(const struct assigned *a, const char *name)
{
    uint32_t i;

    for (a = a->up; a != NULL; a = a->up)
        for (i = 0; i < a->count; i++)
            if (strcmp(a->names[i], name) == 0)
                return true;
    return false;
}

static void
check_scope(struct compiler *c, const struct scope *scope,
            const struct assigned *up)
{
    struct assigned a = {.up = up};
    uint32_t i, j;

    for (i = 0; i < scope->count; i++) {
        const struct state *s = scope->states[i];
        uint32_t from = a.count;

        collect(c, &a, s->assign);
        for (j = 0; j < s->catcher_count; j++)
            collect(c, &a, s->catchers[j].assign);
        for (j = 0; s->kind == &choice_kind && j < s->choice.count; j++)
            collect(c, &a, s->choice.rules[j].assign);
        for (j = from; j < a.count; j++)
            if (is_outer(&a, a.names[j]))
                compile_fault(c, PAV_ERROR, SCHEMA,
                              pointer_to(c, s->pointer, "Assign"),
                              s->source->at,
                              "The variable '%s' belongs to an outer scope and "
                              "cannot be assigned here",
                              a.names[j]);
    }
    for (i = 0; i < scope->count; i++) {
        const struct state *s = scope->states[i];

        for (j = 0; s->kind == &parallel_kind && j < s->parallel.count; j++)
            check_scope(c, s->parallel.branches[j], &a);
        if (s->kind == &map_kind && s->map.processor != NULL)
            check_scope(c, s->map.processor, s->map.distributed ? NULL : &a);
    }
}

void
check_assigned(struct compiler *c, const struct scope *top)
{
    check_scope(c, top, NULL);
}

/* ---- at run time ---- */

bool
io_assign(struct stepper *st, struct frame *f, const struct tmpl *t,
          const struct pav_doc *from)
{
    f->assigned = NULL;
    if (t == NULL)
        return true;
    if (!io_template(st, f, t, from, &f->assigned))
        return false;
    if (pav_doc_text_len(f->assigned, VARIABLES_MAX) <= PAV_PAYLOAD_MAX)
        return true;
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
    if (pav_doc_text_len(all, VARIABLES_MAX) <= VARIABLES_MAX) {
        f->variables = all;
        return true;
    }
    f->assigned = NULL;
    return fail_with(st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
                     "The variables of the execution exceed the maximum of %d "
                     "bytes.",
                     VARIABLES_MAX);
}
