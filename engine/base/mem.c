/* Memory: see pavane/mem.h. */
#include "pavane/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/err.h"
#include "pavane/text.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

struct pav_chunk {
    struct pav_chunk *older;
    size_t len;
    char bytes[];
};

void *
pav_xmalloc(size_t len)
{
    void *p = malloc(len == 0 ? 1 : len);

    if (p == NULL)
        PAV_BUG("out of memory");
    return p;
}

void *
pav_xcalloc(size_t count, size_t len)
{
    void *p = calloc(count == 0 ? 1 : count, len == 0 ? 1 : len);

    if (p == NULL)
        PAV_BUG("out of memory");
    return p;
}

void *
pav_xrealloc(void *old, size_t len)
{
    void *p = realloc(old, len == 0 ? 1 : len);

    if (p == NULL)
        PAV_BUG("out of memory");
    return p;
}

char *
pav_xstrdup(const char *s)
{
    size_t len = strlen(s) + 1;

    return memcpy(pav_xmalloc(len), s, len);
}

void
pav_arena_init(struct pav_arena *a, size_t chunk_len)
{
    memset(a, 0, sizeof(*a));
    a->chunk_len = chunk_len;
#ifdef PAV_HARD
    a->chunk_len = 0; /* each block is its own: what writes past it is caught */
#endif
}

void
pav_arena_fini(struct pav_arena *a)
{
    struct pav_chunk *c = a->chunks;

    while (c != NULL) {
        struct pav_chunk *older = c->older;

        free(c);
        c = older;
    }
    memset(a, 0, sizeof(*a));
}

/* Fetching pages anew costs as much again as a large step's own work. */
void
pav_mem_keep(void)
{
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

void
pav_arena_reset(struct pav_arena *a)
{
    struct pav_chunk *c = a->chunks;

#if defined(__SANITIZE_ADDRESS__)
    /* Freed memory is watched: who still points here is caught. */
    size_t chunk_len = a->chunk_len;

    pav_arena_fini(a);
    a->chunk_len = chunk_len;
    c = NULL;
#endif
    if (c == NULL)
        return;
    while (c->older != NULL) {
        struct pav_chunk *older = c->older;

        free(c);
        c = older;
    }
    a->chunks = c;
    a->next = c->bytes;
    a->end = c->bytes + c->len;
    a->total = 0;
}

void *
pav_arena_grow(struct pav_arena *a, size_t len)
{
    struct pav_chunk *c;
    size_t want = a->chunk_len;

    if (want < len)
        want = len;
    c = pav_xmalloc(sizeof(*c) + want);
    c->older = a->chunks;
    c->len = want;
    a->chunks = c;
    a->total += want;
    a->next = c->bytes + len;
    a->end = c->bytes + want;
    return c->bytes;
}

void *
pav_arena_append(struct pav_arena *a, const void *array, size_t count,
                 size_t size)
{
    void *more;

    if (count > 0 && (count & (count - 1)) != 0)
        return (void *)(uintptr_t)array;
    more = pav_arena_alloc(a, (count == 0 ? 1 : 2 * count) * size);
    if (count > 0)
        memcpy(more, array, count * size);
    return more;
}

void *
pav_arena_zalloc(struct pav_arena *a, size_t len)
{
    return memset(pav_arena_alloc(a, len), 0, len);
}

char *
pav_arena_strndup(struct pav_arena *a, const char *s, size_t len)
{
    char *p = pav_arena_alloc(a, len + 1);

    memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *
pav_arena_utf8(struct pav_arena *a, const char *s, size_t len)
{
    static const char unknown[] = "\xEF\xBF\xBD";
    const char *p, *end = s + len;
    char *out = pav_arena_alloc(a, len * 3 + 1), *to = out;
    size_t n;

    for (p = s; p < end; p += n == 0 ? 1 : n) {
        n = *p == '\0' ? 0 : pav_utf8_len(p, end);
        memcpy(to, n == 0 ? unknown : p, n == 0 ? 3 : n);
        to += n == 0 ? 3 : n;
    }
    *to = '\0';
    return out;
}

char *
pav_arena_strdup(struct pav_arena *a, const char *s)
{
    return pav_arena_strndup(a, s, strlen(s));
}

char *
pav_arena_printf(struct pav_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *p;
    int len;

    va_start(ap, fmt);
    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    PAV_ASSERT(len >= 0);
    p = pav_arena_alloc(a, (size_t)len + 1);
    vsnprintf(p, (size_t)len + 1, fmt, again);
    va_end(again);
    return p;
}
