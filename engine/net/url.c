/* Percent-encoding and query parameters. */
#include <stdio.h>
#include <string.h>

#include "pavane/buf.h"
#include "pavane/http.h"
#include "pavane/text.h"

bool
pav_url_decode(char *s)
{
    char *w = s;

    for (; *s != '\0'; s++) {
        int high, low;

        if (*s != '%') {
            *w++ = *s;
            continue;
        }
        high = pav_hex_digit(s[1]);
        low = high < 0 ? -1 : pav_hex_digit(s[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *w++ = (char)(high * 16 + low);
        s += 2;
    }
    *w = '\0';
    return true;
}

void
pav_url_encode(struct pav_buf *b, const char *s, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
            (c >= 'a' && c <= 'z') || (c != 0 && strchr("-._~", c) != NULL)) {
            pav_buf_putc(b, (char)c);
        } else {
            pav_buf_putc(b, '%');
            pav_buf_putc(b, digits[c >> 4]);
            pav_buf_putc(b, digits[c & 15]);
        }
    }
}

const char *
pav_query_nth(const char *query, const char *name, unsigned nth, char *out,
              size_t room)
{
    size_t len = strlen(name), n, i;
    const char *p = query, *end;

    for (; *p != '\0'; p = *end == '\0' ? end : end + 1) {
        end = strchrnul(p, '&');
        if (strncmp(p, name, len) != 0 || p[len] != '=' || nth-- > 0)
            continue;
        p += len + 1;
        n = (size_t)(end - p);
        if (n >= room)
            return NULL;
        for (i = 0; i < n; i++)
            out[i] = p[i] == '+' ? ' ' : p[i];
        out[n] = '\0';
        return pav_url_decode(out) ? out : NULL;
    }
    return NULL;
}

const char *
pav_query_get(const char *query, const char *name, char *out, size_t room)
{
    return pav_query_nth(query, name, 0, out, room);
}

bool
pav_query_known(const char *query, const char *const *names, char *bad,
                size_t room)
{
    char value[PAV_QUERY_VALUE_MAX];
    const char *p = query, *end;

    for (; *p != '\0'; p = *end == '\0' ? end : end + 1) {
        const char *const *name = names;

        end = strchrnul(p, '&');
        if (end == p)
            continue;
        snprintf(bad, room, "%.*s", (int)strcspn(p, "=&"), p);
        while (*name != NULL && strcmp(*name, bad) != 0)
            name++;
        if (*name == NULL ||
            pav_query_get(p, bad, value, sizeof(value)) == NULL)
            return false;
    }
    return true;
}
