/*
 * Compiling a definition: the frame around the kinds of states.
 *
 * Two passes over each scope: states first, then the transitions between them
 * (link), so that all missing targets are found.  Faults never stop the work.
 */
#include "pavane/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "kind.h"
#include "query.h"
#include "retry.h"
#include "model.h"
#include "origin.h"

#define MAX_NESTING 16
#define MAX_STATES  10000

/* ---- states ---- */

static void
check_fields(struct compiler *c, const struct state *s, const struct pav_doc *d,
             const struct place *place)
{
    uint32_t i;

    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        const char *key = pav_arena_strndup(c->arena, m->key, m->len);

        if (field_allowed(s->kind, s->language, m) ||
            language_elsewhere(c, m) != NULL)
            continue;
        if (field_of_some_kind(s->language, m))
            compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, key), m->at,
                          "A %s state cannot have the field '%s'",
                          s->kind->name, key);
        else
            compile_fault(c, PAV_WARNING, "UNKNOWN_FIELD",
                          place_of(c, place, key), m->at,
                          "A %s state has no field '%s'; it is ignored",
                          s->kind->name, key);
    }
}

/* "JSONPath, JSONata" */
static const char *
language_names(struct compiler *c)
{
    const char *names = c->languages[0]->name;
    uint32_t i;

    for (i = 1; c->languages[i] != NULL; i++)
        names =
            pav_arena_printf(c->arena, "%s, %s", names, c->languages[i]->name);
    return names;
}

/*
 * That of a machine or a state; without the field, the machine's, whatever the
 * state around it has.  A state may leave JSONPath, not come back to it.
 */
static const struct query_language *
language_of(struct compiler *c, const struct pav_doc *d,
            const struct place *place)
{
    const struct pav_doc *v = pav_doc_get(d, "QueryLanguage");
    uint32_t i = 0;

    if (v == NULL)
        return c->machine_language;
    while (c->languages[i] != NULL && !pav_doc_is_str(v, c->languages[i]->name))
        i++;
    if (c->languages[i] == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "QueryLanguage"),
                      v->at,
                      "The field 'QueryLanguage' should have one of these "
                      "values: [%s]",
                      language_names(c));
    else if (i > 0 || c->machine_language == c->languages[0])
        return c->languages[i];
    else
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "'QueryLanguage' can not be '%s' if set to '%s' for "
                      "whole state machine",
                      c->languages[i]->name, c->machine_language->name);
    return c->machine_language;
}

static void
compile_next(struct compiler *c, struct state *s, const struct pav_doc *d,
             const struct place *place)
{
    const struct pav_doc *next = pav_doc_get(d, "Next");
    const struct pav_doc *end = pav_doc_get(d, "End");

    if (end != NULL && !pav_doc_is_bool(end))
        wrong_type(c, end, place, "End", "true or false");
    s->end = end != NULL && end->kind == PAV_TRUE;
    if (next != NULL && s->end)
        compile_fault(c, PAV_ERROR, SCHEMA, place, next->at,
                      "Only one of 'Next' and 'End' can be given");
    if (next == NULL && !s->end)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "One of the fields 'Next' and 'End' is required");
    s->next_name = member_str(c, d, place, "Next", false);
    s->next_at = next == NULL ? 0 : next->at;
}

static void
compile_fields(struct compiler *c, struct state *s, const struct pav_doc *d,
               const struct place *place)
{
    s->comment = member_str(c, d, place, "Comment", false);
    check_fields(c, s, d, place);
    check_language(c, d, place);
    if (s->kind->has & HAS_NEXT)
        compile_next(c, s, d, place);
    s->query = s->language->state(c, s, d, place);
    if (s->kind->has & HAS_ERRORS) {
        retry_compile(c, s, place);
        catch_compile(c, s, place);
    }
    if (s->kind->compile != NULL)
        s->kind->compile(c, s, d, place);
}

static void
machine_add(struct pav_machine *m, struct state *s)
{
    if (m->count == m->cap) {
        uint32_t cap = m->cap == 0 ? 16 : m->cap * 2;
        struct state **v = pav_arena_alloc(&m->arena, cap * sizeof(*v));

        if (m->count > 0)
            memcpy(v, m->states, m->count * sizeof(*v));
        m->states = v;
        m->cap = cap;
    }
    s->index = m->count;
    m->states[m->count++] = s;
}

static int
by_text(const void *x, const void *y)
{
    const char *const *a = x, *const *b = y;

    return strcmp(*a, *b);
}

static struct state *
state_compile(struct compiler *c, const struct pav_member *m,
              const struct place *place, const struct scope *scope)
{
    struct state *s = pav_arena_zalloc(c->arena, sizeof(*s));
    struct state *around = c->state;
    const struct query_language *language = c->language;
    const struct pav_doc *d = &m->value, *type;

    s->name = pav_arena_strndup(c->arena, m->key, m->len);
    s->name_at = m->at;
    s->scope = scope;
    s->depth = c->depth;
    s->source = d;
    place = place_of(c, place, s->name);
    s->place = place;
    if (pav_utf8_count(m->key, m->len) > PAV_NAME_MAX || m->len == 0)
        compile_fault(c, PAV_ERROR, SCHEMA, place, m->at,
                      "A state's name has 1 to %d characters", PAV_NAME_MAX);
    if (memchr(m->key, 0, m->len) != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, m->at,
                      "A state's name holds no U+0000");
    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "A state must be an object");
        return NULL;
    }
    type = pav_doc_get(d, "Type");
    s->kind = kind_find(type);
    if (s->kind == NULL) {
        if (type == NULL)
            compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                          "The field 'Type' is required but was missing");
        else
            compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Type"),
                          type->at,
                          "The field 'Type' should have one of these values: "
                          "[Task, Wait, Pass, Succeed, Fail, Choice, "
                          "Parallel, Map]");
        return NULL;
    }
    machine_add(c->machine, s);
    c->state = s;
    c->language = s->language = language_of(c, d, place);
    compile_fields(c, s, d, place);
    c->language = language;
    c->state = around;
    if (s->variable_count > 1)
        qsort(s->variables, s->variable_count, sizeof(*s->variables), by_text);
    return s;
}

/* ---- scopes ---- */

static void
mark(const struct state *s, bool *seen)
{
    const struct state *next;
    uint32_t i;

    if (s == NULL || seen[s->index])
        return;
    seen[s->index] = true;
    mark(s->next, seen);
    for (i = 0; i < s->catcher_count; i++)
        mark(s->catchers[i].next, seen);
    for (i = 0; s->kind->target != NULL && s->kind->target(s, i, &next); i++)
        mark(next, seen);
}

static void
check_reach(struct compiler *c, const struct scope *scope,
            const struct place *place, uint32_t at)
{
    bool *seen = pav_arena_zalloc(c->arena, c->machine->count);
    bool ends = false;
    uint32_t i;

    mark(scope->start, seen);
    for (i = 0; i < scope->count; i++) {
        const struct state *s = scope->states[i];

        ends |= s->end || (s->kind->has & ENDS);
        if (!seen[s->index])
            compile_fault(c, PAV_ERROR, "MISSING_TRANSITION_TARGET", s->place,
                          s->source->at,
                          "No transition leads to the state '%s'", s->name);
    }
    if (!ends && scope->count > 0)
        compile_fault(c, PAV_ERROR, SCHEMA, place, at,
                      "No state here ends: one needs 'End': true, or the "
                      "Type Succeed or Fail");
}

static void
link_states(struct compiler *c, struct scope *scope)
{
    uint32_t i, j;

    for (i = 0; i < scope->count; i++) {
        struct state *s = scope->states[i];

        s->next = target_find(c, scope, s->next_name,
                              place_of(c, s->place, "Next"), s->next_at);
        for (j = 0; j < s->catcher_count; j++)
            s->catchers[j].next =
                target_find(c, scope, s->catchers[j].next_name,
                            s->catchers[j].place, s->catchers[j].at);
        if (s->kind->link != NULL)
            s->kind->link(c, s);
    }
}

static struct scope *
scope_compile(struct compiler *c, const struct pav_doc *d,
              const struct place *place, const struct state *owner,
              const struct scope *up)
{
    struct scope *scope = pav_arena_zalloc(c->arena, sizeof(*scope));
    const struct pav_doc *states = pav_doc_get(d, "States");
    const struct pav_doc *start = pav_doc_get(d, "StartAt");
    uint32_t i, errors = c->faults->errors;
    const struct place *inner = place_of(c, place, "States");
    const char *name;

    scope->up = up;
    scope->owner = owner;
    if (d->kind != PAV_OBJECT || states == NULL || start == NULL) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "These fields are required: [%s%s%s]",
                      start == NULL ? "StartAt" : "",
                      start == NULL && states == NULL ? ", " : "",
                      states == NULL ? "States" : "");
    }
    if (states == NULL)
        return scope;
    if (states->kind != PAV_OBJECT || states->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, inner, states->at,
                      "The field 'States' must be an object with a state in "
                      "it");
        return scope;
    }
    if (c->depth >= MAX_NESTING ||
        c->machine->count + states->len > MAX_STATES) {
        compile_fault(c, PAV_ERROR, SCHEMA, inner, states->at,
                      "At most %d levels and %d states", MAX_NESTING,
                      MAX_STATES);
        return scope;
    }
    scope->states = pav_arena_alloc(c->arena, states->len * sizeof(void *));
    for (i = 0; i < states->len; i++) {
        struct state *s = state_compile(c, &states->members[i], inner, scope);

        if (s != NULL)
            scope->states[scope->count++] = s;
    }
    name = start == NULL ? NULL : member_str(c, d, place, "StartAt", true);
    if (scope->count < states->len) /* targets may be among the faulty ones */
        return scope;
    link_states(c, scope);
    scope->start = target_find(c, scope, name, place_of(c, place, "StartAt"),
                               start == NULL ? 0 : start->at);
    if (c->faults->errors == errors && !(c->single && up == NULL))
        check_reach(c, scope, inner, states->at);
    return scope;
}

static int
by_place(const void *x, const void *y)
{
    const struct state *const *a = x, *const *b = y;

    return (*a)->name_at < (*b)->name_at ? -1 : (*a)->name_at > (*b)->name_at;
}

static int
by_address(const void *x, const void *y)
{
    uintptr_t a = (uintptr_t)((const struct origin *)x)->doc;
    uintptr_t b = (uintptr_t)((const struct origin *)y)->doc;

    return a < b ? -1 : a > b;
}

static int
by_name(const void *x, const void *y)
{
    const struct state *const *a = x, *const *b = y;

    return strcmp((*a)->name, (*b)->name);
}

static void
index_names(struct compiler *c)
{
    struct pav_machine *m = c->machine;
    uint32_t i;

    m->by_name = pav_arena_alloc(c->arena, (m->count + 1) * sizeof(void *));
    if (m->count == 0)
        return;
    memcpy(m->by_name, m->states, m->count * sizeof(void *));
    qsort(m->by_name, m->count, sizeof(void *), by_name);
    m->by_place = pav_arena_alloc(c->arena, (m->count + 1) * sizeof(void *));
    memcpy(m->by_place, m->states, m->count * sizeof(void *));
    qsort(m->by_place, m->count, sizeof(void *), by_place);
    if (m->origin_count > 0)
        qsort(m->origins, m->origin_count, sizeof(*m->origins), by_address);
    for (i = 1; i < m->count; i++)
        if (strcmp(m->by_name[i]->name, m->by_name[i - 1]->name) == 0)
            compile_fault(c, PAV_ERROR, SCHEMA, m->by_name[i]->place,
                          m->by_name[i]->source->at,
                          "The state name '%s' appears twice in this machine",
                          m->by_name[i]->name);
}

static void
compile_machine(struct compiler *c, const struct pav_doc *d)
{
    static const char *const known[] = {
        "StartAt",        "States",        "Comment", "Version",
        "TimeoutSeconds", "QueryLanguage", NULL};
    struct pav_machine *m = c->machine;
    uint32_t i;

    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, NULL, d->at,
                      "A definition must be an object");
        return;
    }
    for (i = 0; i < d->len; i++)
        if (!pav_member_in(&d->members[i], known))
            compile_fault(c, PAV_WARNING, "UNKNOWN_FIELD", NULL,
                          d->members[i].at,
                          "A machine has no field '%.*s'; it is ignored",
                          (int)d->members[i].len, d->members[i].key);
    (void)member_str(c, d, NULL, "Comment", false); /* a text, if it is there */
    member_str(c, d, NULL, "Version", false);
    member_int(c, d, NULL, "TimeoutSeconds", 1, 99999999, &m->timeout_s);
    c->language = c->machine_language = language_of(c, d, NULL);
    m->top = scope_compile(c, d, NULL, NULL, NULL);
    m->needs_input = c->needs_input;
    index_names(c);
    check_assigned(c, m->top);
}

const struct query_language *const query_languages[] = {
    &jsonpath_language, &jsonata_language, NULL};

struct pav_machine *
pav_machine_compile(const char *text, size_t len, enum pav_machine_type type,
                    struct pav_faults *faults)
{
    return machine_compile(text, len, type, query_languages, false, faults);
}

/* Of a text that is no JSON: what it probably is. */
static const char *
what_it_is(const char *text, size_t len)
{
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return "; the file begins with a byte order mark: save it as UTF-8 "
               "without one";
    if (len > 0 && *text != '{' && *text != '[' && *text != '"' &&
        memchr(text, ':', len) != NULL)
        return "; a definition is JSON: convert YAML to it "
               "first";
    return "";
}

/* Of all that a machine holds, at most 30 bytes for each of its text. */
#define TREES_MIN    8192
#define TREES_A_BYTE 8

struct pav_machine *
machine_compile(const char *text, size_t len, enum pav_machine_type type,
                const struct query_language *const *languages, bool single,
                struct pav_faults *faults)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 200, 0};
    struct pav_machine *m = pav_xcalloc(1, sizeof(*m));
    struct compiler c = {.machine = m,
                         .arena = &m->arena,
                         .faults = faults,
                         .languages = languages,
                         .language = languages[0],
                         .machine_language = languages[0],
                         .single = single,
                         .trees_room = TREES_MIN + TREES_A_BYTE * len,
                         .scope = scope_compile};
    const struct pav_doc *d;
    struct pav_err err;
    uint32_t errors = faults->errors;

    m->express = type == PAV_EXPRESS;
    pav_arena_init(&m->arena, 16 * 1024);
    if (len > PAV_DEFINITION_MAX) {
        pav_faults_add(faults, PAV_ERROR, SCHEMA, "", 1,
                       "A definition has at most %d bytes, this one %zu",
                       PAV_DEFINITION_MAX, len);
        goto out;
    }
    m->text = pav_arena_strndup(&m->arena, text, len);
    m->text_len = len;
    if (pav_doc_parse(&m->arena, m->text, len, &opts, &d, &err) != PAV_OK) {
        unsigned line, column;

        pav_doc_fault_place(&err, &line, &column);
        pav_faults_add(faults, PAV_ERROR, "INVALID_JSON_DESCRIPTION", "", line,
                       "%s%s", err.message, what_it_is(text, len));
        faults->v[faults->count - 1].column = column;
        goto out;
    }
    compile_machine(&c, d);
    pav_faults_place(faults, text, len);
out:
    if (faults->errors > errors) {
        pav_machine_free(m);
        return NULL;
    }
    return m;
}
