/* The compiled model: what is found in it and what others may know of it. */
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "kind.h"
#include "model.h"
#include "origin.h"

#define VARIABLES_MAX 4096 /* that one state refers to */
#define AWAITS_MAX    200  /* characters of a sentence for people */

const struct state *
machine_find(const struct pav_machine *m, const char *name, size_t len)
{
    uint32_t low = 0, high = m->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int cmp = strncmp(m->by_name[mid]->name, name, len);

        if (cmp == 0 && m->by_name[mid]->name[len] != '\0')
            cmp = 1;
        if (cmp == 0)
            return m->by_name[mid];
        if (cmp < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct state *
machine_state_at(const struct pav_machine *m, uint32_t at)
{
    uint32_t low = 0, high = m->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (m->by_place[mid]->name_at == at)
            return m->by_place[mid];
        if (m->by_place[mid]->name_at < at)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

void
machine_origin_add(struct pav_machine *m, const struct pav_doc *doc,
                   enum payload_tag tag, uint32_t at)
{
    m->origins = pav_arena_append(&m->arena, m->origins, m->origin_count,
                                  sizeof(*m->origins));
    m->origins[m->origin_count++] =
        (struct origin){.doc = doc, .tag = tag, .at = at};
}

const struct origin *
machine_origin(const struct pav_machine *m, const struct pav_doc *doc)
{
    uint32_t low = 0, high = m->origin_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (m->origins[mid].doc == doc)
            return &m->origins[mid];
        if ((uintptr_t)m->origins[mid].doc < (uintptr_t)doc)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* Of a state that is known by its name alone: nobody enters it. */
static const struct state_kind elsewhere = {.name = "elsewhere"};

const struct state *
target_find(struct compiler *c, const struct scope *scope, const char *name,
            const struct place *place, uint32_t at)
{
    uint32_t i;

    if (name == NULL)
        return NULL;
    for (i = 0; i < scope->count; i++)
        if (strcmp(scope->states[i]->name, name) == 0)
            return scope->states[i];
    if (c->single && scope->up == NULL) {
        struct state *there = pav_arena_zalloc(c->arena, sizeof(*there));

        there->name = name;
        there->kind = &elsewhere;
        there->scope = scope;
        return there;
    }
    compile_fault(c, PAV_ERROR, "MISSING_TRANSITION_TARGET", place, at,
                  "There is no state '%s' among the states here", name);
    return NULL;
}

void
pav_machine_free(struct pav_machine *m)
{
    if (m == NULL)
        return;
    pav_arena_fini(&m->arena);
    free(m);
}

static const char *const type_names[] = {
    [PAV_STANDARD] = "STANDARD", [PAV_EXPRESS] = "EXPRESS"};

const char *
pav_machine_type_name(enum pav_machine_type t)
{
    return type_names[t];
}

bool
pav_machine_type_find(const char *name, enum pav_machine_type *out)
{
    int i;

    for (i = PAV_STANDARD; i <= PAV_EXPRESS; i++) {
        if (strcmp(type_names[i], name) == 0) {
            *out = (enum pav_machine_type)i;
            return true;
        }
    }
    return false;
}

uint32_t
pav_machine_state_count(const struct pav_machine *m)
{
    return m->count;
}

bool
pav_machine_needs_input(const struct pav_machine *m)
{
    return m->needs_input;
}

const char *
pav_machine_token_table(const struct pav_machine *m)
{
    return m->token_table;
}

struct pav_state_view
pav_machine_state(const struct pav_machine *m, uint32_t i)
{
    const struct state *s = m->states[i];
    struct pav_state_view v = {.name = s->name,
                               .type = s->kind->name,
                               .comment = s->comment,
                               .depth = s->depth,
                               .awaits = s->awaits,
                               .source = s->source};

    return v;
}

/* {"STATE":["name",...],...}: the variables that states refer to. */
void
pav_machine_variables(const struct pav_machine *m, struct pav_buf *out)
{
    bool first = true;
    uint32_t i, j;

    pav_buf_putc(out, '{');
    for (i = 0; i < m->count; i++) {
        const struct state *s = m->states[i];

        if (s->variable_count == 0)
            continue;
        if (!first)
            pav_buf_putc(out, ',');
        first = false;
        pav_buf_jsons(out, s->name);
        pav_buf_puts(out, ":[");
        for (j = 0; j < s->variable_count; j++) {
            if (j > 0)
                pav_buf_putc(out, ',');
            pav_buf_jsons(out, s->variables[j]);
        }
        pav_buf_putc(out, ']');
    }
    pav_buf_putc(out, '}');
}

/* It ends when it is long enough. */
const char *
awaits_add(struct compiler *c, const char *so_far, const char *name)
{
    if (so_far == NULL)
        return name;
    if (strlen(so_far) > AWAITS_MAX)
        return so_far;
    if (strlen(so_far) + strlen(name) > AWAITS_MAX)
        return pav_arena_printf(c->arena, "%.*s or others", AWAITS_MAX, so_far);
    return pav_arena_printf(c->arena, "%s or %s", so_far, name);
}

void
refer_to_variable(struct compiler *c, const char *name)
{
    struct state *s = c->state;
    const char **v;
    uint32_t i;

    if (s == NULL)
        return;
    for (i = 0; i < s->variable_count; i++)
        if (strcmp(s->variables[i], name) == 0)
            return;
    if (s->variable_count == VARIABLES_MAX) {
        if (!c->too_many_variables)
            compile_fault(c, PAV_ERROR, SCHEMA, s->place, s->source->at,
                          "A state refers to at most %d variables",
                          VARIABLES_MAX);
        c->too_many_variables = true;
        return;
    }
    if ((s->variable_count & (s->variable_count - 1)) == 0) { /* full */
        v = pav_arena_alloc(c->arena, (2 * s->variable_count + 1) * sizeof(*v));
        if (s->variable_count > 0)
            memcpy(v, s->variables, s->variable_count * sizeof(*v));
        s->variables = v;
    }
    s->variables[s->variable_count++] = name;
}
