/*
 * Memory: allocations that die on failure, and arenas.
 *
 * An arena hands out memory that is freed all at once.  Whoever owns the arena
 * owns everything in it; nothing in an arena is freed singly.  An arena
 * belongs to one thread at a time and travels between threads only as a whole.
 * Small allocations never fail: therefore every input has a ceiling before it
 * is read.
 */
#ifndef PAVANE_MEM_H
#define PAVANE_MEM_H

#include <stddef.h>
#include <stdint.h>

void *pav_xmalloc(size_t len);
void *pav_xcalloc(size_t count, size_t len);
/* For a process that lives long: memory up to 64 MB that was given back stays
 * at hand.  Once, at its start. */
void pav_mem_keep(void);
void *pav_xrealloc(void *p, size_t len);
char *pav_xstrdup(const char *s);

struct pav_arena {
    char *next;
    char *end;
    struct pav_chunk *chunks; /* newest first; the last is kept by a reset */
    size_t chunk_len;
    size_t total; /* bytes handed out since the last reset */
};

void pav_arena_init(struct pav_arena *a, size_t chunk_len);
void pav_arena_fini(struct pav_arena *a);
/* Forget everything; keeps one chunk and poisons it under ASan. */
void pav_arena_reset(struct pav_arena *a);
void *pav_arena_grow(struct pav_arena *a, size_t len);

/* Uninitialised, aligned to 8. Never NULL. */
static inline void *
pav_arena_alloc(struct pav_arena *a, size_t len)
{
    char *p = a->next;

    len = (len + 7u) & ~(size_t)7u;
    if (__builtin_expect((size_t)(a->end - p) < len, 0))
        return pav_arena_grow(a, len);
    a->next = p + len;
    return p;
}

/*
 * Room for one more behind `count` elements of `size` bytes: the array, moved
 * when count is 0 or a power of two.  Linear in all, and what is left behind is
 * less than what is there.
 */
void *pav_arena_append(struct pav_arena *a, const void *array, size_t count,
                       size_t size);
void *pav_arena_zalloc(struct pav_arena *a, size_t len);
char *pav_arena_strndup(struct pav_arena *a, const char *s, size_t len);
/* The same; what is not UTF-8, and NUL, becomes U+FFFD. */
char *pav_arena_utf8(struct pav_arena *a, const char *s, size_t len);
char *pav_arena_strdup(struct pav_arena *a, const char *s);
char *pav_arena_printf(struct pav_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
