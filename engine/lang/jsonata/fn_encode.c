/* base64 of bytes that characters stand for, and URLs. */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"
#include "eval.h"
#include "functions.h"

/* A character is one byte, the lowest of its unit. */
FUNCTION(fn_base64encode)
{
    struct value text = arg(c, 0);
    uint32_t i = 0, count = 0;
    unsigned char *bytes;
    size_t len;
    char *out;

    if (text.kind != V_STRING || !may_make(e, 2 * (size_t)text.len) ||
        !take_steps(e, text.len / 64))
        return nothing;
    bytes = pav_arena_alloc(e->arena, text.len + 1);
    for (; i < text.len; i += (uint32_t)len) {
        uint32_t code = pav_utf8_get(text.text + i, &len);

        if (code >= 0x10000) {
            code -= 0x10000;
            bytes[count++] = (unsigned char)((0xD800 + (code >> 10)) & 0xFF);
        }
        bytes[count++] = (unsigned char)(code & 0xFF);
    }
    out = pav_arena_alloc(e->arena, (size_t)count * 4 / 3 + 8);
    return value_string(out, pav_base64(bytes, count, out));
}

static int
base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Up to the first `=`; what is no digit is passed over. */
FUNCTION(fn_base64decode)
{
    struct value text = arg(c, 0);
    uint32_t i, bits = 0, held = 0;
    size_t len = 0;
    char *out;

    if (text.kind != V_STRING || !may_make(e, 2 * (size_t)text.len) ||
        !take_steps(e, text.len / 64))
        return nothing;
    out = pav_arena_alloc(e->arena, 2 * (size_t)text.len + 8);
    for (i = 0; i < text.len && text.text[i] != '='; i++) {
        int digit = base64_digit(text.text[i]);

        if (digit < 0)
            continue;
        held = (held << 6 | (uint32_t)digit) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            len += pav_utf8_put(out + len, (held >> bits) & 0xFF);
        }
    }
    return value_string(out, len);
}

/* ---- URLs ---- */

#define UNRESERVED                                                             \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
#define RESERVED ";/?:@&=+$,#"

static struct value
malformed(struct eval *e, struct value text, const char *function)
{
    throw_value(e, "D3140", text);
    e->thrown.raw = function;
    e->thrown.raw_len = strlen(function);
    return nothing;
}

static struct value
encode(struct eval *e, struct value text, const char *plain,
       const char *function)
{
    struct pav_buf b;
    uint32_t i;

    if (text.kind != V_STRING || !take_steps(e, text.len / 16))
        return nothing;
    pav_buf_init(&b, STRING_MAX);
    for (i = 0; i < text.len; i++) {
        unsigned char ch = (unsigned char)text.text[i];

        if (ch == 0xED && (unsigned char)text.text[i + 1] >= 0xA0) {
            pav_buf_fini(&b); /* half a character */
            return malformed(e, text, function);
        }
        if (ch != 0 && strchr(plain, ch) != NULL)
            pav_buf_putc(&b, (char)ch);
        else
            pav_buf_printf(&b, "%%%02X", ch);
    }
    return text_of_buf(e, &b);
}

FUNCTION(fn_encode_url)
{
    return encode(e, arg(c, 0), UNRESERVED RESERVED, "encodeUrl");
}

FUNCTION(fn_encode_url_component)
{
    return encode(e, arg(c, 0), UNRESERVED, "encodeUrlComponent");
}

static int
hex_byte(struct value text, uint32_t at)
{
    return at < text.len && text.text[at] == '%'
               ? pav_hex(text.text + at + 1, text.text + text.len, 2)
               : -1;
}

/* The bytes of one character from `%` on; 0: they are none. */
static uint32_t
encoded_bytes(struct value text, uint32_t at, char bytes[4])
{
    int first = hex_byte(text, at);
    uint32_t len, i;

    if (first < 0)
        return 0;
    len = first < 0x80 ? 1 : (first < 0xE0 ? 2 : (first < 0xF0 ? 3 : 4));
    bytes[0] = (char)first;
    for (i = 1; i < len; i++) {
        int next = hex_byte(text, at + 3 * i);

        if (next < 0)
            return 0;
        bytes[i] = (char)next;
    }
    return pav_utf8_len(bytes, bytes + len) == len ? len : 0;
}

static struct value
decode(struct eval *e, struct value text, const char *kept,
       const char *function)
{
    struct pav_buf b;
    uint32_t i = 0, len;
    char bytes[4];

    if (text.kind != V_STRING || !take_steps(e, text.len / 16))
        return nothing;
    pav_buf_init(&b, STRING_MAX);
    while (i < text.len) {
        if (text.text[i] != '%') {
            pav_buf_putc(&b, text.text[i++]);
            continue;
        }
        len = encoded_bytes(text, i, bytes);
        if (len == 0) {
            pav_buf_fini(&b);
            return malformed(e, text, function);
        }
        if (len == 1 && bytes[0] != '\0' && strchr(kept, bytes[0]) != NULL)
            pav_buf_put(&b, text.text + i, 3);
        else
            pav_buf_put(&b, bytes, len);
        i += 3 * len;
    }
    return text_of_buf(e, &b);
}

FUNCTION(fn_decode_url)
{
    return decode(e, arg(c, 0), RESERVED, "decodeUrl");
}

FUNCTION(fn_decode_url_component)
{
    return decode(e, arg(c, 0), "", "decodeUrlComponent");
}
