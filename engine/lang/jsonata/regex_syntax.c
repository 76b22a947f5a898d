/*
 * JavaScript's regular expressions (without its flag u) as PCRE2's.  What both
 * write alike goes through; the rest is written out: what `.`, \s and \v are,
 * escapes of letters that mean nothing, `[` in a class.  What only PCRE2 knows
 * is refused.
 */
#include <string.h>

#include "pavane/text.h"
#include "regex_syntax.h"

#define LINE_ENDS "\\n\\r\\x{2028}\\x{2029}"
#define BLANKS                                                                 \
    "\\t\\n\\x{b}\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
    "\\x{202f}\\x{205f}\\x{3000}\\x{feff}"

struct rewriter {
    const char *p, *end;
    struct pav_buf *out;
    bool in_class;
    bool repeatable; /* what stands before may be repeated */
};

/* \uD83D\uDE00 is one character. */
static void
unicode_escape(struct rewriter *w)
{
    int code = pav_hex(w->p + 2, w->end, 4), low;

    if (code < 0) {
        pav_buf_putc(w->out, 'u');
        w->p += 2;
        return;
    }
    w->p += 6;
    if (code >= 0xD800 && code < 0xDC00 && w->end - w->p >= 6 &&
        w->p[0] == '\\' && w->p[1] == 'u') {
        low = pav_hex(w->p + 2, w->end, 4);
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            w->p += 6;
        }
    }
    if (code >= 0xD800 && code < 0xE000) /* a half alone: never matched */
        pav_buf_puts(w->out, w->in_class ? "" : "(?!)");
    else
        pav_buf_printf(w->out, "\\x{%x}", (unsigned)code);
}

static void
blank_escape(struct rewriter *w, char c)
{
    if (w->in_class)
        pav_buf_puts(w->out, c == 's' ? BLANKS : "\\S");
    else
        pav_buf_puts(w->out, c == 's' ? "[" BLANKS "]" : "[^" BLANKS "]");
    w->p += 2;
}

static const char *
escape(struct rewriter *w)
{
    char c;
    int code;

    if (w->p + 1 >= w->end)
        return "\\ at end of pattern";
    c = w->p[1];
    w->repeatable = true;
    if (c == 'u') {
        unicode_escape(w);
    } else if (c == 'x') {
        code = pav_hex(w->p + 2, w->end, 2);
        if (code < 0)
            pav_buf_putc(w->out, 'x');
        else
            pav_buf_printf(w->out, "\\x{%x}", (unsigned)code);
        w->p += code < 0 ? 2 : 4;
    } else if (c == 's' || c == 'S') {
        blank_escape(w, c);
    } else if (c == 'v') {
        pav_buf_puts(w->out, "\\x{b}");
        w->p += 2;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        if (strchr(w->in_class ? "bdDwWfnrtc" : "bBdDwWfnrtck", c) != NULL)
            pav_buf_putc(w->out, '\\');
        pav_buf_putc(w->out, c);
        w->p += 2;
    } else {
        size_t len = 1;

        while ((unsigned char)c >= 0x80 && w->p + 1 + len < w->end &&
               ((unsigned char)w->p[1 + len] & 0xC0) == 0x80)
            len++;
        pav_buf_put(w->out, w->p, 1 + len);
        w->p += 1 + len;
    }
    return NULL;
}

static const char *
char_class(struct rewriter *w)
{
    const char *wrong = NULL;

    pav_buf_putc(w->out, *w->p++);
    if (w->p < w->end && *w->p == '^')
        pav_buf_putc(w->out, *w->p++);
    w->in_class = true;
    while (wrong == NULL && w->p < w->end && *w->p != ']') {
        if (*w->p == '\\') {
            wrong = escape(w);
            continue;
        }
        if (*w->p == '[')
            pav_buf_putc(w->out, '\\');
        pav_buf_putc(w->out, *w->p++);
    }
    w->in_class = false;
    w->repeatable = true;
    if (wrong != NULL)
        return wrong;
    if (w->p >= w->end)
        return "Unterminated character class";
    pav_buf_putc(w->out, *w->p++);
    return NULL;
}

static const char *
group(struct rewriter *w)
{
    size_t left = (size_t)(w->end - w->p);

    w->repeatable = false;
    if (left > 1 && w->p[1] == '*')
        return "Nothing to repeat";
    if (left > 1 && w->p[1] == '?') {
        char c = left > 2 ? w->p[2] : '\0';
        char d = left > 3 ? w->p[3] : '\0';

        if (c != ':' && c != '=' && c != '!' && c != '<')
            return "Invalid group";
        if (c == '<' && d != '=' && d != '!' && d != '_' && d != '$' &&
            !((d | 0x20) >= 'a' && (d | 0x20) <= 'z'))
            return "Invalid capture group name";
        pav_buf_put(w->out, w->p, 3);
        w->p += 3;
        return NULL;
    }
    pav_buf_putc(w->out, *w->p++);
    return NULL;
}

/* Behind `{`: the length of a repetition with its brace; 0: it is a letter. */
static size_t
braces(const struct rewriter *w)
{
    const char *p = w->p + 1;
    size_t digits = 0;

    while (p < w->end && *p >= '0' && *p <= '9')
        p++, digits++;
    if (digits > 0 && p < w->end && *p == ',')
        for (p++; p < w->end && *p >= '0' && *p <= '9';)
            p++;
    return digits > 0 && p < w->end && *p == '}' ? (size_t)(p + 1 - w->p) : 0;
}

static const char *
repetition(struct rewriter *w, size_t len)
{
    if (!w->repeatable)
        return "Nothing to repeat";
    pav_buf_put(w->out, w->p, len);
    w->p += len;
    if (w->p < w->end && *w->p == '?')
        pav_buf_putc(w->out, *w->p++);
    w->repeatable = false;
    return NULL;
}

const char *
regex_rewrite(const char *text, size_t len, struct pav_buf *out)
{
    struct rewriter w = {.p = text, .end = text + len, .out = out};
    const char *wrong = NULL;

    while (wrong == NULL && w.p < w.end) {
        size_t repeats =
            strchr("*+?", *w.p) != NULL ? 1 : (*w.p == '{' ? braces(&w) : 0);

        if (*w.p == '\0')
            repeats = 0;
        if (repeats > 0) {
            wrong = repetition(&w, repeats);
        } else if (*w.p == '\\') {
            wrong = escape(&w);
        } else if (*w.p == '[') {
            wrong = char_class(&w);
        } else if (*w.p == '(') {
            wrong = group(&w);
        } else if (*w.p == '.') {
            pav_buf_puts(out, "[^" LINE_ENDS "]");
            w.repeatable = true;
            w.p++;
        } else if (*w.p == '{') { /* a letter */
            pav_buf_puts(out, "\\{");
            w.repeatable = true;
            w.p++;
        } else {
            w.repeatable = *w.p != '|' && *w.p != '^' && *w.p != '$';
            pav_buf_putc(out, *w.p++);
        }
    }
    return wrong;
}
