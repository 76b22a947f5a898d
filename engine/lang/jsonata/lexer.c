/* JSONata's tokens. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "node.h"

#define OPERATOR_CHARS ".[]{}(),@#;:?+-*/%|=<>^&!~"

static int
char_at(const struct lexer *l, uint32_t pos)
{
    return pos < l->p->len ? (unsigned char)l->p->text[pos] : 0;
}

static bool
is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v';
}

static bool
is_operator(int c)
{
    return c != 0 && strchr(OPERATOR_CHARS, c) != NULL;
}

static bool
skip_blanks(struct lexer *l)
{
    for (;;) {
        uint32_t start;

        while (is_blank(char_at(l, l->pos)))
            l->pos++;
        if (char_at(l, l->pos) != '/' || char_at(l, l->pos + 1) != '*')
            return true;
        start = l->pos;
        l->pos += 2;
        while (char_at(l, l->pos) != '*' || char_at(l, l->pos + 1) != '/')
            if (++l->pos >= l->p->len) {
                parse_fail(l->p, "S0106", start, start + 2, NULL, NULL);
                return false;
            }
        l->pos += 2;
    }
}

/* The slash that ends a pattern stands outside of all brackets. */
static void
read_regex(struct lexer *l, struct token *t)
{
    uint32_t start = ++l->pos;
    int depth = 0;

    for (; l->pos < l->p->len; l->pos++) {
        int c = char_at(l, l->pos);
        bool escaped = l->pos > 0 && char_at(l, l->pos - 1) == '\\';

        if (c == '/' && depth == 0) {
            uint32_t slashes = 0;

            while (slashes < l->pos && char_at(l, l->pos - 1 - slashes) == '\\')
                slashes++;
            if (slashes % 2 == 0)
                break;
        }
        if ((c == '(' || c == '[' || c == '{') && !escaped)
            depth++;
        if ((c == ')' || c == ']' || c == '}') && !escaped)
            depth--;
    }
    if (l->pos >= l->p->len) {
        parse_fail(l->p, "S0302", start - 1, l->pos, NULL, NULL);
        return;
    }
    if (l->pos == start) {
        parse_fail(l->p, "S0301", start - 1, l->pos + 1, NULL, NULL);
        return;
    }
    t->type = T_REGEX;
    t->text = l->p->text + start;
    t->len = l->pos++ - start;
    for (; char_at(l, l->pos) == 'i' || char_at(l, l->pos) == 'm'; l->pos++)
        t->flags |= char_at(l, l->pos) == 'i' ? 1u : 2u;
}

static int
hex4(const struct lexer *l, uint32_t pos)
{
    const char *end = l->p->text + l->p->len;

    return pos < l->p->len ? pav_hex(l->p->text + pos, end, 4) : -1;
}

/* Behind `\u`: one character, or both halves of one. */
static bool
read_unicode(struct lexer *l, char **w)
{
    int code = hex4(l, l->pos + 1), low;

    if (code < 0) {
        parse_fail(l->p, "S0104", l->pos - 1, l->pos + 1, NULL, NULL);
        return false;
    }
    l->pos += 4;
    if (code >= 0xD800 && code < 0xDC00 && char_at(l, l->pos + 1) == '\\' &&
        char_at(l, l->pos + 2) == 'u') {
        low = hex4(l, l->pos + 3);
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            l->pos += 6;
        }
    }
    *w += pav_utf8_put(*w, (uint32_t)code);
    return true;
}

static bool
read_escape(struct lexer *l, char **w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c = char_at(l, ++l->pos);
    const char *known = c == 0 ? NULL : strchr(from, c);
    size_t len;

    if (known != NULL) {
        *(*w)++ = to[known - from];
        return true;
    }
    if (c == 'u')
        return read_unicode(l, w);
    if (l->pos >= l->p->len) {
        parse_fail(l->p, "S0103", l->pos - 1, l->pos, "\"\"", NULL);
        return false;
    }
    len = pav_utf8_len(l->p->text + l->pos, l->p->text + l->p->len);
    parse_fail(l->p, "S0103", l->pos - 1, l->pos + 1,
               pav_arena_printf(l->p->arena, "\"%.*s\"",
                                (int)(len == 0 ? 1 : len), l->p->text + l->pos),
               NULL);
    return false;
}

static void
read_string(struct lexer *l, struct token *t)
{
    int quote = char_at(l, l->pos), c;
    uint32_t start = ++l->pos, end = start;
    char *text, *w;

    t->type = T_STRING;
    while (end < l->p->len && char_at(l, end) != quote)
        end += char_at(l, end) == '\\' ? 2 : 1;
    if (end < l->p->len &&
        memchr(l->p->text + start, '\\', end - start) == NULL) {
        t->text = l->p->text + start;
        t->len = end - start;
        l->pos = end + 1;
        return;
    }
    if (end > l->p->len)
        end = l->p->len;
    w = text = pav_arena_alloc(l->p->arena, end - start + 1);
    for (; l->pos < l->p->len; l->pos++) {
        c = char_at(l, l->pos);
        if (c == quote) {
            l->pos++;
            t->text = text;
            t->len = (uint32_t)(w - text);
            return;
        }
        if (c == '\\') {
            if (!read_escape(l, &w))
                return;
        } else {
            *w++ = (char)c;
        }
    }
    parse_fail(l->p, "S0101", start - 1, l->p->len, NULL, NULL);
}

static uint32_t
digits(const struct lexer *l, uint32_t pos)
{
    uint32_t n = 0;

    while (char_at(l, pos + n) >= '0' && char_at(l, pos + n) <= '9')
        n++;
    return n;
}

static void
read_number(struct lexer *l, struct token *t)
{
    uint32_t start = l->pos, n;
    char buf[64], *text = buf;

    l->pos += char_at(l, l->pos) == '0' ? 1 : digits(l, l->pos);
    if (char_at(l, l->pos) == '.' && (n = digits(l, l->pos + 1)) > 0)
        l->pos += 1 + n;
    if ((char_at(l, l->pos) | 0x20) == 'e') {
        uint32_t sign =
            char_at(l, l->pos + 1) == '-' || char_at(l, l->pos + 1) == '+';

        if ((n = digits(l, l->pos + 1 + sign)) > 0)
            l->pos += 1 + sign + n;
    }
    t->type = T_NUMBER;
    t->text = l->p->text + start;
    t->len = l->pos - start;
    if (t->len >= sizeof(buf))
        text = pav_arena_strndup(l->p->arena, t->text, t->len);
    else
        memcpy(text, t->text, t->len), text[t->len] = '\0';
    t->number = strtod(text, NULL);
    if (!isfinite(t->number))
        parse_fail(l->p, "S0102", start, l->pos,
                   pav_arena_printf(l->p->arena, "\"%s\"", text), NULL);
}

static void
read_quoted_name(struct lexer *l, struct token *t)
{
    const char *start = l->p->text + ++l->pos;
    const char *end = memchr(start, '`', l->p->len - l->pos);

    if (end == NULL) {
        parse_fail(l->p, "S0105", l->pos - 1, l->p->len, NULL, NULL);
        return;
    }
    t->type = T_NAME;
    t->text = start;
    t->len = (uint32_t)(end - start);
    l->pos += t->len + 1;
}

static bool
token_is(const struct token *t, const char *word)
{
    return t->len == strlen(word) && memcmp(t->text, word, t->len) == 0;
}

static void
read_name(struct lexer *l, struct token *t)
{
    uint32_t start = l->pos;

    while (l->pos < l->p->len && !is_blank(char_at(l, l->pos)) &&
           !is_operator(char_at(l, l->pos)))
        l->pos++;
    t->text = l->p->text + start;
    t->len = l->pos - start;
    if (t->len > 0 && t->text[0] == '$') {
        t->type = T_VARIABLE;
        t->text++;
        t->len--;
    } else if (token_is(t, "or") || token_is(t, "in") || token_is(t, "and")) {
        t->type = T_OPERATOR;
        memcpy(t->op, t->text, t->len);
    } else if (token_is(t, "true") || token_is(t, "false") ||
               token_is(t, "null")) {
        t->type = T_VALUE;
    } else {
        t->type = T_NAME;
    }
}

static bool
read_operator(struct lexer *l, struct token *t)
{
    static const char *const twos[] = {
        "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"};
    int c = char_at(l, l->pos);
    size_t i, n = sizeof(twos) / sizeof(twos[0]);

    if (!is_operator(c))
        return false;
    if (l->p->level == PAV_JSONATA_AWS)
        n -= 2;
    t->type = T_OPERATOR;
    t->text = l->p->text + l->pos;
    t->len = 1;
    for (i = 0; i < n; i++)
        if (c == twos[i][0] && char_at(l, l->pos + 1) == twos[i][1])
            t->len = 2;
    memcpy(t->op, t->text, t->len);
    l->pos += t->len;
    return true;
}

void
lexer_next(struct lexer *l, bool after_value, struct token *t)
{
    int c;

    memset(t, 0, sizeof(*t));
    t->text = "(end)";
    t->len = 5;
    t->at = t->end = l->p->len;
    if (l->p->failed || !skip_blanks(l) || l->pos >= l->p->len)
        return;
    t->at = l->pos;
    c = char_at(l, l->pos);
    if (!after_value && c == '/')
        read_regex(l, t);
    else if (read_operator(l, t))
        ;
    else if (c == '"' || c == '\'')
        read_string(l, t);
    else if (c >= '0' && c <= '9')
        read_number(l, t);
    else if (c == '`')
        read_quoted_name(l, t);
    else
        read_name(l, t);
    t->end = l->pos;
    if (l->p->failed) {
        t->type = T_END;
        t->at = t->end = l->p->len;
    }
}
