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
#include "machine_int.h"

#define MAX_NESTING 16
#define MAX_STATES  10000

static const char *const common_fields[] = {"Type", "Comment", "QueryLanguage",
                                            NULL};
static const char *const next_fields[] = {"Next", "End", NULL};
static const char *const io_fields[] = {"InputPath", "OutputPath", NULL};
static const char *const parameters_fields[] = {"Parameters", NULL};
static const char *const result_path_fields[] = {"ResultPath", NULL};
static const char *const result_selector_fields[] = {"ResultSelector", NULL};
static const char *const errors_fields[] = {"Retry", "Catch", NULL};
static const char *const assign_fields[] = {"Assign", NULL};

/* Fields of JSONata, which comes later: named as such, and refused. */
static const char *const jsonata_fields[] = {"Arguments", "Output", "Items",
                                             "Condition", NULL};

const struct state_kind *const state_kinds[] = {
    &task_kind,   &wait_kind,     &pass_kind, &succeed_kind, &fail_kind,
    &choice_kind, &parallel_kind, &map_kind,  NULL};

/* ---- faults ---- */

void
pav_faults_init(struct pav_faults *f, struct pav_arena *a)
{
    memset(f, 0, sizeof(*f));
    f->arena = a;
}

__attribute__((format(printf, 6, 0))) static void
faults_vadd(struct pav_faults *f, enum pav_severity severity, const char *code,
            const char *pointer, uint32_t at, const char *fmt, va_list ap)
{
    struct pav_fault *fault;
    char message[1024];

    if (f->count == f->cap) {
        uint32_t cap = f->cap == 0 ? 8 : f->cap * 2;
        struct pav_fault *v = pav_arena_alloc(f->arena, cap * sizeof(*v));

        if (f->count > 0)
            memcpy(v, f->v, f->count * sizeof(*v));
        f->v = v;
        f->cap = cap;
    }
    vsnprintf(message, sizeof(message), fmt, ap);
    fault = &f->v[f->count++];
    fault->severity = severity;
    fault->code = code;
    fault->message = pav_arena_strdup(f->arena, message);
    fault->pointer = pav_arena_strdup(f->arena, pointer);
    fault->line = at;
    fault->column = 0;
    f->errors += severity == PAV_ERROR;
}

void
pav_faults_add(struct pav_faults *f, enum pav_severity severity,
               const char *code, const char *pointer, uint32_t at,
               const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    faults_vadd(f, severity, code, pointer, at, fmt, ap);
    va_end(ap);
}

void
compile_fault(struct compiler *c, enum pav_severity severity, const char *code,
              const char *pointer, uint32_t at, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    faults_vadd(c->faults, severity, code, pointer, at, fmt, ap);
    va_end(ap);
}

static int
by_place(const void *x, const void *y)
{
    const struct pav_fault *a = x, *b = y;

    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

void
pav_faults_place(struct pav_faults *f, const char *text, size_t len)
{
    uint32_t i;

    for (i = 0; i < f->count; i++)
        if (f->v[i].column == 0)
            pav_doc_place(text, len, f->v[i].line, &f->v[i].line,
                          &f->v[i].column);
    if (f->count > 1)
        qsort(f->v, f->count, sizeof(*f->v), by_place);
}

void
pav_faults_print(const struct pav_faults *f, const char *file,
                 struct pav_buf *out)
{
    uint32_t i;

    for (i = 0; i < f->count; i++)
        pav_buf_printf(out, "%s:%u:%u: %s: %s: %s (%s)\n", file, f->v[i].line,
                       f->v[i].column,
                       f->v[i].severity == PAV_ERROR ? "error" : "warning",
                       f->v[i].code, f->v[i].message,
                       f->v[i].pointer[0] == '\0' ? "/" : f->v[i].pointer);
}

const char *
pointer_to(struct compiler *c, const char *pointer, const char *key)
{
    size_t room = strlen(pointer) + 2 * strlen(key) + 2;
    char *p = pav_arena_alloc(c->arena, room), *w = p + strlen(pointer);

    strcpy(p, pointer);
    *w++ = '/';
    for (; *key != '\0'; key++) { /* RFC 6901 */
        if (*key == '~' || *key == '/') {
            *w++ = '~';
            *w++ = *key == '~' ? '0' : '1';
        } else {
            *w++ = *key;
        }
    }
    *w = '\0';
    return p;
}

const char *
pointer_at(struct compiler *c, const char *pointer, uint32_t i)
{
    return pav_arena_printf(c->arena, "%s/%u", pointer, i);
}

/* ---- members by type ---- */

static void
wrong_type(struct compiler *c, const struct pav_doc *v, const char *pointer,
           const char *key, const char *wanted)
{
    compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, key), v->at,
                  "The field '%s' must be %s", key, wanted);
}

const char *
member_str(struct compiler *c, const struct pav_doc *o, const char *pointer,
           const char *key, bool required)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL) {
        if (required)
            compile_fault(c, PAV_ERROR, SCHEMA, pointer, o->at,
                          "The field '%s' is required but was missing", key);
        return NULL;
    }
    if (v->kind != PAV_STRING) {
        wrong_type(c, v, pointer, key, "a string");
        return NULL;
    }
    return pav_doc_str(c->arena, v);
}

bool
member_int(struct compiler *c, const struct pav_doc *o, const char *pointer,
           const char *key, int64_t least, int64_t most, int64_t *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);
    int64_t n;

    if (v == NULL)
        return false;
    if (!pav_doc_int(v, &n) || n < least || n > most) {
        wrong_type(c, v, pointer, key,
                   pav_arena_printf(c->arena,
                                    "a whole number from %lld to %lld",
                                    (long long)least, (long long)most));
        return false;
    }
    *out = n;
    return true;
}

bool
member_double(struct compiler *c, const struct pav_doc *o, const char *pointer,
              const char *key, double least, double *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL)
        return false;
    if (v->kind != PAV_NUMBER || !(pav_doc_double(v) >= least)) {
        wrong_type(c, v, pointer, key,
                   pav_arena_printf(c->arena, "a number of %g or more", least));
        return false;
    }
    *out = pav_doc_double(v);
    return true;
}

bool
member_bool(struct compiler *c, const struct pav_doc *o, const char *pointer,
            const char *key, bool otherwise)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL)
        return otherwise;
    if (!pav_doc_is_bool(v))
        wrong_type(c, v, pointer, key, "true or false");
    return v->kind == PAV_TRUE;
}

static const struct expr *
expr_at(struct compiler *c, const struct pav_doc *v, const char *pointer,
        const char *key, enum expr_rule rule)
{
    const struct expr *e;
    struct pav_err err;

    if (v->kind != PAV_STRING) {
        wrong_type(c, v, pointer, key, "a path");
        return NULL;
    }
    e = expr_compile(c, v->text, v->len, &err);
    if (e != NULL && e->kind == EXPR_CALL && rule != EXPR_OR_CALL) {
        (void)pav_fail(&err, PAV_INVALID, "",
                       "an intrinsic function cannot stand here");
        e = NULL;
    }
    if (e == NULL) {
        compile_fault(
            c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, key), v->at,
            "The value for the field '%s' must be a valid JSONPath%s"
            ": %s",
            key,
            rule == EXPR_OR_CALL ? " or a valid intrinsic function call" : "",
            err.message);
        return NULL;
    }
    if (rule == EXPR_REFERENCE && !expr_is_reference(e)) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, key), v->at,
                      "The value for the field '%s' must be a valid reference "
                      "path: names and single indexes only",
                      key);
        return NULL;
    }
    return e;
}

const struct expr *
member_expr(struct compiler *c, const struct pav_doc *o, const char *pointer,
            const char *key, enum expr_rule rule)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    return v == NULL ? NULL : expr_at(c, v, pointer, key, rule);
}

void
member_path_field(struct compiler *c, const struct pav_doc *o,
                  const char *pointer, const char *key, enum expr_rule rule,
                  struct path_field *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL)
        return;
    out->given = true;
    if (v->kind == PAV_NULL)
        out->null = true;
    else
        out->expr = expr_at(c, v, pointer, key, rule);
}

void
check_not_both(struct compiler *c, const struct pav_doc *o, const char *pointer,
               const char *x, const char *y)
{
    const struct pav_doc *v = pav_doc_get(o, y);

    if (v != NULL && pav_doc_get(o, x) != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, v->at,
                      "Only one of '%s' and '%s' can be given", x, y);
}

void
member_number(struct compiler *c, const struct pav_doc *o, const char *pointer,
              const char *key, double least, double most,
              struct number_field *out)
{
    const char *path = pav_arena_printf(c->arena, "%sPath", key);
    const struct pav_doc *v = pav_doc_get(o, key);

    check_not_both(c, o, pointer, key, path);
    out->path = member_expr(c, o, pointer, path, EXPR_REFERENCE);
    out->given = v != NULL || out->path != NULL;
    if (v == NULL)
        return;
    if (v->kind != PAV_NUMBER || !(pav_doc_double(v) >= least) ||
        !(pav_doc_double(v) <= most)) {
        wrong_type(c, v, pointer, key,
                   pav_arena_printf(c->arena, "a number from %.0f to %.0f",
                                    least, most));
        return;
    }
    out->literal = pav_doc_double(v);
}

/* ---- payload templates ---- */

static const struct tmpl *
template_dynamic(struct compiler *c, const struct pav_member *m,
                 const char *pointer)
{
    struct tmpl *t = pav_arena_zalloc(c->arena, sizeof(*t));
    const struct pav_doc *v = &m->value;
    struct pav_err err;

    t->kind = TMPL_EXPR;
    t->field = pav_arena_strndup(c->arena, m->key, m->len);
    if (v->kind == PAV_STRING)
        t->expr = expr_compile(c, v->text, v->len, &err);
    if (t->expr == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, v->at,
                      "The value for the field '%s' must be a valid JSONPath "
                      "or a valid intrinsic function call",
                      t->field);
    return t;
}

static bool
is_dynamic_key(const struct pav_member *m)
{
    return m->len > 2 && memcmp(m->key + m->len - 2, ".$", 2) == 0;
}

static bool
has_dynamics(const struct pav_doc *d)
{
    uint32_t i;

    if (d->kind == PAV_OBJECT) {
        for (i = 0; i < d->len; i++)
            if (is_dynamic_key(&d->members[i]) ||
                has_dynamics(&d->members[i].value))
                return true;
    } else if (d->kind == PAV_ARRAY) {
        for (i = 0; i < d->len; i++)
            if (has_dynamics(&d->items[i]))
                return true;
    }
    return false;
}

const struct tmpl *
template_compile(struct compiler *c, const struct pav_doc *d,
                 const char *pointer)
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
                template_compile(c, &d->items[i], pointer_at(c, pointer, i));
            continue;
        }
        m = &d->members[i];
        members[i].key = m->key;
        members[i].len = m->len - (is_dynamic_key(m) ? 2 : 0);
        members[i].value =
            is_dynamic_key(m)
                ? template_dynamic(c, m, pointer)
                : template_compile(
                      c, &m->value,
                      pointer_to(c, pointer,
                                 pav_arena_strndup(c->arena, m->key, m->len)));
        if (is_dynamic_key(m) &&
            pav_doc_getn(d, members[i].key, members[i].len) != NULL)
            compile_fault(c, PAV_ERROR, SCHEMA, pointer, m->at,
                          "The field '%.*s' is given twice, once with .$",
                          (int)members[i].len, members[i].key);
    }
    return t;
}

const struct tmpl *
member_template(struct compiler *c, const struct pav_doc *o,
                const char *pointer, const char *key)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    return v == NULL ? NULL
                     : template_compile(c, v, pointer_to(c, pointer, key));
}

/* ---- states ---- */

static bool
in_list(const char *const *list, const struct pav_member *m)
{
    for (; list != NULL && *list != NULL; list++)
        if (strlen(*list) == m->len && memcmp(*list, m->key, m->len) == 0)
            return true;
    return false;
}

static bool
field_allowed(const struct state_kind *k, const struct pav_member *m)
{
    return in_list(common_fields, m) || in_list(k->own_fields, m) ||
           ((k->fields & FIELD_NEXT) && in_list(next_fields, m)) ||
           ((k->fields & FIELD_IO) && in_list(io_fields, m)) ||
           ((k->fields & FIELD_PARAMETERS) && in_list(parameters_fields, m)) ||
           ((k->fields & FIELD_RESULT_PATH) &&
            in_list(result_path_fields, m)) ||
           ((k->fields & FIELD_RESULT_SELECTOR) &&
            in_list(result_selector_fields, m)) ||
           ((k->fields & FIELD_ASSIGN) && in_list(assign_fields, m)) ||
           ((k->fields & FIELD_ERRORS) && in_list(errors_fields, m));
}

void
check_jsonata_fields(struct compiler *c, const struct pav_doc *d,
                     const char *pointer)
{
    uint32_t i;

    for (i = 0; i < d->len; i++) {
        const char *key =
            pav_arena_strndup(c->arena, d->members[i].key, d->members[i].len);

        if (in_list(jsonata_fields, &d->members[i]))
            compile_fault(c, PAV_ERROR, "UNSUPPORTED",
                          pointer_to(c, pointer, key), d->members[i].at,
                          "The field '%s' belongs to the query language "
                          "JSONata, which is not built yet",
                          key);
    }
}

/* It means something, in a state of another type. */
static bool
field_of_another(const struct pav_member *m)
{
    const struct state_kind *const *kind;

    for (kind = state_kinds; *kind != NULL; kind++)
        if (field_allowed(*kind, m))
            return true;
    return false;
}

static void
check_fields(struct compiler *c, const struct state *s, const struct pav_doc *d,
             const char *pointer)
{
    uint32_t i;

    check_jsonata_fields(c, d, pointer);
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        const char *key = pav_arena_strndup(c->arena, m->key, m->len);

        if (field_allowed(s->kind, m))
            continue;
        if (in_list(jsonata_fields, m))
            continue;
        if (field_of_another(m))
            compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, key),
                          m->at, "A %s state cannot have the field '%s'",
                          s->kind->name, key);
        else
            compile_fault(c, PAV_WARNING, "UNKNOWN_FIELD",
                          pointer_to(c, pointer, key), m->at,
                          "A %s state has no field '%s'; it is ignored",
                          s->kind->name, key);
    }
}

static void
check_query_language(struct compiler *c, const struct pav_doc *d,
                     const char *pointer)
{
    const struct pav_doc *v = pav_doc_get(d, "QueryLanguage");

    if (v != NULL && !pav_doc_is_str(v, "JSONPath"))
        compile_fault(c, PAV_ERROR, "UNSUPPORTED",
                      pointer_to(c, pointer, "QueryLanguage"), v->at,
                      "Only the query language JSONPath is built yet");
}

static void
compile_next(struct compiler *c, struct state *s, const struct pav_doc *d,
             const char *pointer)
{
    const struct pav_doc *next = pav_doc_get(d, "Next");
    const struct pav_doc *end = pav_doc_get(d, "End");

    if (end != NULL && !pav_doc_is_bool(end))
        wrong_type(c, end, pointer, "End", "true or false");
    s->end = end != NULL && end->kind == PAV_TRUE;
    if (next != NULL && s->end)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, next->at,
                      "Only one of 'Next' and 'End' can be given");
    if (next == NULL && !s->end)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "One of the fields 'Next' and 'End' is required");
    s->next_name = member_str(c, d, pointer, "Next", false);
    s->next_at = next == NULL ? 0 : next->at;
}

/* Where a result goes: neither into the context nor into a variable. */
void
result_path_compile(struct compiler *c, const struct pav_doc *d,
                    const char *pointer, struct path_field *out)
{
    const struct pav_doc *v = pav_doc_get(d, "ResultPath");

    member_path_field(c, d, pointer, "ResultPath", EXPR_REFERENCE, out);
    if (out->expr == NULL || out->expr->kind == EXPR_PATH)
        return;
    compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, "ResultPath"),
                  v->at,
                  "The field 'ResultPath' cannot write to the context object "
                  "or to a variable");
}

static void
compile_common(struct compiler *c, struct state *s, const struct pav_doc *d,
               const char *pointer)
{
    unsigned fields = s->kind->fields;

    s->comment = member_str(c, d, pointer, "Comment", false);
    check_query_language(c, d, pointer);
    check_fields(c, s, d, pointer);
    if (fields & FIELD_NEXT)
        compile_next(c, s, d, pointer);
    if (fields & FIELD_IO) {
        member_path_field(c, d, pointer, "InputPath", EXPR_ANY_PATH,
                          &s->input_path);
        member_path_field(c, d, pointer, "OutputPath", EXPR_ANY_PATH,
                          &s->output_path);
    }
    if (fields & FIELD_PARAMETERS)
        s->parameters = member_template(c, d, pointer, "Parameters");
    if (fields & FIELD_RESULT_PATH)
        result_path_compile(c, d, pointer, &s->result_path);
    if (fields & FIELD_RESULT_SELECTOR)
        s->result_selector = member_template(c, d, pointer, "ResultSelector");
    if (fields & FIELD_ASSIGN)
        s->assign = member_assign(c, d, pointer);
    if (fields & FIELD_ERRORS) {
        retry_compile(c, s, pointer);
        catch_compile(c, s, pointer);
    }
}

const struct state_kind *
kind_find(const struct pav_doc *type)
{
    uint32_t i;

    for (i = 0; state_kinds[i] != NULL; i++)
        if (pav_doc_is_str(type, state_kinds[i]->name))
            return state_kinds[i];
    return NULL;
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
              const char *pointer, const struct scope *scope)
{
    struct state *s = pav_arena_zalloc(c->arena, sizeof(*s));
    struct state *around = c->state;
    const struct pav_doc *d = &m->value, *type;

    s->name = pav_arena_strndup(c->arena, m->key, m->len);
    s->name_doc = pav_doc_new_str(c->arena, m->key, m->len);
    s->scope = scope;
    s->depth = c->depth;
    s->source = d;
    pointer = pointer_to(c, pointer, s->name);
    s->pointer = pointer;
    if (pav_utf8_count(m->key, m->len) > PAV_NAME_MAX || m->len == 0)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, m->at,
                      "A state's name has 1 to %d characters", PAV_NAME_MAX);
    if (memchr(m->key, 0, m->len) != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, m->at,
                      "A state's name holds no U+0000");
    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "A state must be an object");
        return NULL;
    }
    type = pav_doc_get(d, "Type");
    s->kind = kind_find(type);
    if (s->kind == NULL) {
        if (type == NULL)
            compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                          "The field 'Type' is required but was missing");
        else
            compile_fault(c, PAV_ERROR, SCHEMA, pointer_to(c, pointer, "Type"),
                          type->at,
                          "The field 'Type' should have one of these values: "
                          "[Task, Wait, Pass, Succeed, Fail, Choice, "
                          "Parallel, Map]");
        return NULL;
    }
    machine_add(c->machine, s);
    c->state = s;
    compile_common(c, s, d, pointer);
    if (s->kind->compile != NULL)
        s->kind->compile(c, s, d, pointer);
    c->state = around;
    if (s->variable_count > 1)
        qsort(s->variables, s->variable_count, sizeof(*s->variables), by_text);
    return s;
}

const struct state *
target_find(struct compiler *c, const struct scope *scope, const char *name,
            const char *pointer, uint32_t at)
{
    uint32_t i;

    if (name == NULL)
        return NULL;
    for (i = 0; i < scope->count; i++)
        if (strcmp(scope->states[i]->name, name) == 0)
            return scope->states[i];
    if (c->lone && scope->up == NULL) {
        struct state *elsewhere =
            pav_arena_zalloc(c->arena, sizeof(*elsewhere));

        elsewhere->name = name;
        elsewhere->kind = &succeed_kind;
        elsewhere->scope = scope;
        return elsewhere;
    }
    compile_fault(c, PAV_ERROR, "MISSING_TRANSITION_TARGET", pointer, at,
                  "There is no state '%s' among the states here", name);
    return NULL;
}

/* ---- scopes ---- */

static void
mark(const struct state *s, bool *seen)
{
    uint32_t i;

    if (s == NULL || seen[s->index])
        return;
    seen[s->index] = true;
    mark(s->next, seen);
    for (i = 0; i < s->catcher_count; i++)
        mark(s->catchers[i].next, seen);
    if (s->kind == &choice_kind) {
        for (i = 0; i < s->choice.count; i++)
            mark(s->choice.rules[i].next, seen);
        mark(s->choice.otherwise, seen);
    }
}

static void
check_reach(struct compiler *c, const struct scope *scope, const char *pointer,
            uint32_t at)
{
    bool *seen = pav_arena_zalloc(c->arena, c->machine->count);
    bool ends = false;
    uint32_t i;

    mark(scope->start, seen);
    for (i = 0; i < scope->count; i++) {
        const struct state *s = scope->states[i];

        ends |= s->end || s->kind == &succeed_kind || s->kind == &fail_kind;
        if (!seen[s->index])
            compile_fault(c, PAV_ERROR, "MISSING_TRANSITION_TARGET", s->pointer,
                          s->source->at,
                          "No transition leads to the state '%s'", s->name);
    }
    if (!ends && scope->count > 0)
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, at,
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
                              pointer_to(c, s->pointer, "Next"), s->next_at);
        for (j = 0; j < s->catcher_count; j++)
            s->catchers[j].next =
                target_find(c, scope, s->catchers[j].next_name,
                            s->catchers[j].pointer, s->catchers[j].at);
        if (s->kind->link != NULL)
            s->kind->link(c, s);
    }
}

struct scope *
scope_compile(struct compiler *c, const struct pav_doc *d, const char *pointer,
              const struct state *owner, const struct scope *up)
{
    struct scope *scope = pav_arena_zalloc(c->arena, sizeof(*scope));
    const struct pav_doc *states = pav_doc_get(d, "States");
    const struct pav_doc *start = pav_doc_get(d, "StartAt");
    uint32_t i, errors = c->faults->errors;
    const char *inner = pointer_to(c, pointer, "States"), *name;

    scope->up = up;
    scope->owner = owner;
    if (d->kind != PAV_OBJECT || states == NULL || start == NULL) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "These fields are required: [%s%s%s]",
                      start == NULL ? "StartAt" : "",
                      start == NULL && states == NULL ? ", " : "",
                      states == NULL ? "States" : "");
        if (states == NULL)
            return scope;
    }
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
    name = start == NULL ? NULL : member_str(c, d, pointer, "StartAt", true);
    if (scope->count < states->len) /* targets may be among the faulty ones */
        return scope;
    link_states(c, scope);
    scope->start =
        target_find(c, scope, name, pointer_to(c, pointer, "StartAt"),
                    start == NULL ? 0 : start->at);
    if (c->faults->errors == errors && !(c->lone && up == NULL))
        check_reach(c, scope, inner, states->at);
    return scope;
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
    for (i = 1; i < m->count; i++)
        if (strcmp(m->by_name[i]->name, m->by_name[i - 1]->name) == 0)
            compile_fault(c, PAV_ERROR, SCHEMA, m->by_name[i]->pointer,
                          m->by_name[i]->source->at,
                          "The state name '%s' stands twice in this machine",
                          m->by_name[i]->name);
}

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

static void
compile_machine(struct compiler *c, const struct pav_doc *d)
{
    static const char *const known[] = {
        "StartAt",        "States",        "Comment", "Version",
        "TimeoutSeconds", "QueryLanguage", NULL};
    struct pav_machine *m = c->machine;
    uint32_t i;

    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, "", d->at,
                      "A definition must be an object");
        return;
    }
    for (i = 0; i < d->len; i++)
        if (!in_list(known, &d->members[i]))
            compile_fault(c, PAV_WARNING, "UNKNOWN_FIELD", "", d->members[i].at,
                          "A machine has no field '%.*s'; it is ignored",
                          (int)d->members[i].len, d->members[i].key);
    (void)member_str(c, d, "", "Comment", false); /* a text, if it is there */
    member_str(c, d, "", "Version", false);
    member_int(c, d, "", "TimeoutSeconds", 1, 99999999, &m->timeout_s);
    check_query_language(c, d, "");
    m->top = scope_compile(c, d, "", NULL, NULL);
    index_names(c);
    check_assigned(c, m->top);
}

struct pav_machine *
pav_machine_compile(const char *text, size_t len, enum pav_machine_type type,
                    struct pav_faults *faults)
{
    return machine_compile(text, len, type, false, faults);
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
        return "; a definition is JSON: what is YAML is to be turned into it "
               "first";
    return "";
}

struct pav_machine *
machine_compile(const char *text, size_t len, enum pav_machine_type type,
                bool lone, struct pav_faults *faults)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 200, 0};
    struct pav_machine *m = pav_xcalloc(1, sizeof(*m));
    struct compiler c = {
        .machine = m, .arena = &m->arena, .faults = faults, .lone = lone};
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
    if (pav_doc_parse(&m->arena, m->text, len, &opts, &d, &err) != PAV_OK) {
        unsigned line = 1, column = 1;

        sscanf(err.at, "line %u, column %u", &line, &column);
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

void
pav_machine_free(struct pav_machine *m)
{
    if (m == NULL)
        return;
    pav_arena_fini(&m->arena);
    free(m);
}

/* ---- types ---- */

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

/* ---- views ---- */

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
                               .source = s->source};

    if (s->kind == &task_kind)
        v.awaits = s->task.awaits;
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
