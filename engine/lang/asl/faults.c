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
