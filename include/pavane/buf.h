/*
 * Growing text with a ceiling and a sticky error: write freely, check once at
 * the end.  The bytes are always followed by a NUL that `len` does not count.
 */
#ifndef PAVANE_BUF_H
#define PAVANE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that are borrowed, or live in the arena that the caller gave. */
struct pav_bytes {
    const char *p;
    size_t len;
};

struct pav_buf {
    char *p;
    size_t len;
    size_t cap;
    size_t max;
    bool over; /* sticky: the ceiling was met, the rest was dropped */
};

void pav_buf_init(struct pav_buf *b, size_t max);
void pav_buf_fini(struct pav_buf *b);
void pav_buf_reserve(struct pav_buf *b, size_t more);
/* The bytes, now the caller's (free()); the buffer is empty again. */
char *pav_buf_take(struct pav_buf *b, size_t *len);

static inline void
pav_buf_put(struct pav_buf *b, const void *p, size_t len)
{
    if (b->cap - b->len <= len)
        pav_buf_reserve(b, len);
    if (b->over)
        return;
    memcpy(b->p + b->len, p, len);
    b->len += len;
    b->p[b->len] = '\0';
}

static inline void
pav_buf_putc(struct pav_buf *b, char c)
{
    pav_buf_put(b, &c, 1);
}

static inline void
pav_buf_puts(struct pav_buf *b, const char *s)
{
    pav_buf_put(b, s, strlen(s));
}

void pav_buf_int(struct pav_buf *b, int64_t n);
/* A code point, as UTF-8. */
void pav_buf_utf8(struct pav_buf *b, uint32_t code);
void pav_buf_printf(struct pav_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes, and the inside of one. */
void pav_buf_json(struct pav_buf *b, const char *s, size_t len);
void pav_buf_jsons(struct pav_buf *b, const char *s);
void pav_buf_json_inner(struct pav_buf *b, const char *s, size_t len);
/* Text for HTML element content and quoted attributes. */
void pav_buf_html(struct pav_buf *b, const char *s, size_t len);
void pav_buf_htmls(struct pav_buf *b, const char *s);

#endif
