/* Faults of a definition, each with its place, and JSON pointers to places. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

void
pav_faults_init(struct pav_faults *f, struct pav_arena *a)
{
    memset(f, 0, sizeof(*f));
    f->arena = a;
}

/* Enough for people; what is counted goes on. */
#define KEPT_FAULTS 200 /* errors, and warnings */
#define POINTER_MAX 1024

static bool
is_room(const struct pav_faults *f, enum pav_severity severity)
{
    return severity == PAV_ERROR ? f->errors < KEPT_FAULTS
                                 : f->count - f->errors < KEPT_FAULTS;
}

__attribute__((format(printf, 6, 0))) static void
faults_vadd(struct pav_faults *f, enum pav_severity severity, const char *code,
            const char *pointer, uint32_t at, const char *fmt, va_list ap)
{
    struct pav_fault *fault;
    char message[1024];

    if (!is_room(f, severity)) {
        f->left_out++;
        return;
    }
    f->v = pav_arena_append(f->arena, f->v, f->count, sizeof(*f->v));
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

static void pointer_print(const struct place *p, struct pav_buf *out);

void
compile_fault(struct compiler *c, enum pav_severity severity, const char *code,
              const struct place *pointer, uint32_t at, const char *fmt, ...)
{
    struct pav_buf text;
    va_list ap;

    pav_buf_init(&text, 2 * POINTER_MAX);
    if (is_room(c->faults, severity))
        pointer_print(pointer, &text);
    pav_buf_putc(&text, '\0');
    va_start(ap, fmt);
    faults_vadd(c->faults, severity, code, text.p, at, fmt, ap);
    va_end(ap);
    pav_buf_fini(&text);
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
    if (f->left_out > 0)
        pav_buf_printf(out, "%s: and %u faults more like these\n", file,
                       f->left_out);
}

const struct place *
place_of_member(struct compiler *c, const struct place *up,
                const struct pav_member *m)
{
    struct place *p = pav_arena_zalloc(c->arena, sizeof(*p));

    p->up = up;
    p->key = m->key;
    p->n = m->len;
    return p;
}

const struct place *
place_of(struct compiler *c, const struct place *up, const char *key)
{
    struct pav_member m = {.key = key, .len = (uint32_t)strlen(key)};

    return place_of_member(c, up, &m);
}

const struct place *
place_at(struct compiler *c, const struct place *up, uint32_t i)
{
    struct place *p = pav_arena_zalloc(c->arena, sizeof(*p));

    p->up = up;
    p->n = i;
    return p;
}

/* RFC 6901; what is longer is cut. */
static void
pointer_print(const struct place *p, struct pav_buf *out)
{
    uint32_t i;

    if (p == NULL)
        return;
    pointer_print(p->up, out);
    if (out->len >= POINTER_MAX)
        return;
    pav_buf_putc(out, '/');
    if (p->key == NULL)
        pav_buf_int(out, p->n);
    for (i = 0; p->key != NULL && i < p->n; i++) {
        if (out->len >= POINTER_MAX) {
            pav_buf_puts(out, "...");
            return;
        }
        if (p->key[i] == '~' || p->key[i] == '/')
            pav_buf_puts(out, p->key[i] == '~' ? "~0" : "~1");
        else
            pav_buf_putc(out, p->key[i]);
    }
}

void
place_in_state(const struct place *p, const struct place *state,
               struct pav_buf *out)
{
    if (p == NULL || p == state)
        return;
    place_in_state(p->up, state, out);
    if (p->key == NULL) {
        pav_buf_printf(out, "[%u]", p->n);
        return;
    }
    if (out->len > 0)
        pav_buf_putc(out, '/');
    pav_buf_put(out, p->key, p->n);
}
