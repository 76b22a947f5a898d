/* Growing text: see pavane/buf.h. */
#include "pavane/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "pavane/mem.h"
#include "pavane/text.h"

void
pav_buf_init(struct pav_buf *b, size_t max)
{
    memset(b, 0, sizeof(*b));
    b->max = max;
}

void
pav_buf_fini(struct pav_buf *b)
{
    free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
}

void
pav_buf_reserve(struct pav_buf *b, size_t more)
{
    size_t want = b->len + more + 1;

    if (b->len + more > b->max) {
        b->over = true;
        return;
    }
    if (want <= b->cap)
        return;
    if (want < b->cap * 2)
        want = b->cap * 2;
    if (want < 256)
        want = 256;
    if (want > b->max + 1) /* so that the ceiling is met at its byte */
        want = b->max + 1;
    b->p = pav_xrealloc(b->p, want);
    b->cap = want;
    b->p[b->len] = '\0';
}

char *
pav_buf_take(struct pav_buf *b, size_t *len)
{
    char *p = b->p;

    if (p == NULL)
        p = pav_xstrdup("");
    if (len != NULL)
        *len = b->len;
    b->p = NULL;
    b->len = b->cap = 0;
    return p;
}

void
pav_buf_utf8(struct pav_buf *b, uint32_t code)
{
    char text[4];
    size_t len = pav_utf8_put(text, code);

    pav_buf_put(b, text, len);
}

void
pav_buf_int(struct pav_buf *b, int64_t n)
{
    char digits[PAV_INT_LEN];
    const char *p = pav_int_text(n, digits);

    pav_buf_put(b, p, (size_t)(digits + PAV_INT_LEN - p));
}

void
pav_buf_printf(struct pav_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int len;

    va_start(ap, fmt);
    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len >= 0) {
        pav_buf_reserve(b, (size_t)len);
        if (!b->over) {
            vsnprintf(b->p + b->len, (size_t)len + 1, fmt, again);
            b->len += (size_t)len;
        }
    }
    va_end(again);
}

/* A lone surrogate is held as the three bytes ED A0..BF xx (see doc.h). */
static bool
is_lone_surrogate(const unsigned char *p, size_t left)
{
    return left >= 3 && p[0] == 0xED && p[1] >= 0xA0;
}

static bool
needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0xED;
}

void
pav_buf_json_inner(struct pav_buf *b, const char *s, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)s;
    size_t i = 0, start = 0;
    char esc[6] = {'\\', 0, 0, 0, 0, 0};

    while (i < len) {
        size_t n = 2;
        unsigned char c;

        i += pav_plain_bytes(s + i, len - i);
        if (i == len)
            break;
        c = p[i];

        if (!needs_escape(c) ||
            (c == 0xED && !is_lone_surrogate(p + i, len - i))) {
            i++;
            continue;
        }
        pav_buf_put(b, s + start, i - start);
        switch (c) {
        case '"':
        case '\\':
            esc[1] = (char)c;
            break;
        case '\n':
            esc[1] = 'n';
            break;
        case '\r':
            esc[1] = 'r';
            break;
        case '\t':
            esc[1] = 't';
            break;
        case '\b':
            esc[1] = 'b';
            break;
        case '\f':
            esc[1] = 'f';
            break;
        default: {
            unsigned u = c;

            if (c == 0xED) {
                u = 0xD000u | ((p[i + 1] & 0x3Fu) << 6) | (p[i + 2] & 0x3Fu);
                i += 2;
            }
            esc[1] = 'u';
            esc[2] = hex[u >> 12];
            esc[3] = hex[(u >> 8) & 15];
            esc[4] = hex[(u >> 4) & 15];
            esc[5] = hex[u & 15];
            n = 6;
        }
        }
        pav_buf_put(b, esc, n);
        start = ++i;
    }
    pav_buf_put(b, s + start, len - start);
}

void
pav_buf_json(struct pav_buf *b, const char *s, size_t len)
{
    pav_buf_putc(b, '"');
    pav_buf_json_inner(b, s, len);
    pav_buf_putc(b, '"');
}

void
pav_buf_jsons(struct pav_buf *b, const char *s)
{
    pav_buf_json(b, s, strlen(s));
}

/* Bytes of what neither HTML nor XML may hold: controls, U+FFFE, U+FFFF. */
static size_t
no_character(const unsigned char *p, size_t len)
{
    if (*p < 0x20)
        return *p != '\t' && *p != '\n' && *p != '\r';
    return len >= 3 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE ? 3 : 0;
}

void
pav_buf_html(struct pav_buf *b, const char *s, size_t len)
{
    size_t i, start = 0;

    for (i = 0; i < len; i++) {
        const char *as;
        size_t n = 1;

        switch (s[i]) {
        case '&':
            as = "&amp;";
            break;
        case '<':
            as = "&lt;";
            break;
        case '>':
            as = "&gt;";
            break;
        case '"':
            as = "&quot;";
            break;
        case '\'':
            as = "&#39;";
            break;
        default:
            n = no_character((const unsigned char *)s + i, len - i);
            if (n == 0)
                continue;
            as = "\xEF\xBF\xBD";
        }
        pav_buf_put(b, s + start, i - start);
        pav_buf_puts(b, as);
        i += n - 1;
        start = i + 1;
    }
    pav_buf_put(b, s + start, len - start);
}

void
pav_buf_htmls(struct pav_buf *b, const char *s)
{
    pav_buf_html(b, s, strlen(s));
}
