/*
 * IP addresses in patterns and events.  An address is kept in IPv6's 16 bytes,
 * IPv4 in its mapped form; so every spelling of one address is the same.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_int.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Has it the look of an address?  No dots inside IPv6: EventBridge takes that
 * spelling for a mere text. */
static bool
looks_like_v4(const char *text)
{
    unsigned dots = 0, digits = 0;

    for (; *text != '\0'; text++) {
        if (*text == '.') {
            if (digits == 0)
                return false;
            digits = 0;
            dots++;
        } else if (*text >= '0' && *text <= '9') {
            digits++;
        } else {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

static bool
looks_like_v6(const char *text)
{
    return strchr(text, ':') != NULL &&
           strspn(text, "0123456789abcdefABCDEF:") == strlen(text);
}

static bool
read_v4(const char *text, uint8_t out[16])
{
    int i;

    memcpy(out, mapped, sizeof(mapped));
    for (i = 0; i < 4; i++) {
        char *end;
        unsigned long part = strtoul(text, &end, 10);

        if (part > 255 || end - text > 16)
            return false;
        out[12 + i] = (uint8_t)part;
        text = end + 1;
    }
    return true;
}

bool
address_of(const struct pav_doc *v, uint8_t out[16])
{
    char text[64];

    /* Most texts are none: the first character tells. */
    if (v->kind != PAV_STRING || v->len < 2 || v->len >= sizeof(text) ||
        memchr("0123456789abcdefABCDEF:", v->text[0], 23) == NULL)
        return false;
    memcpy(text, v->text, v->len);
    text[v->len] = '\0';
    if (strlen(text) != v->len)
        return false;
    if (looks_like_v6(text))
        return inet_pton(AF_INET6, text, out) == 1;
    return looks_like_v4(text) && read_v4(text, out);
}

bool
address_is_v4(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

void
address_mask(uint8_t address[16], unsigned bits)
{
    unsigned i;

    for (i = 0; i < 16; i++, bits -= bits < 8 ? bits : 8)
        if (bits < 8)
            address[i] &= (uint8_t)(0xFF00u >> bits);
}

enum pav_rc
cidr_compile(const struct pav_doc *text, struct matcher *out,
             struct pav_err *err)
{
    const char *slash = memchr(text->text, '/', text->len);
    size_t before = slash == NULL ? 0 : (size_t)(slash - text->text);
    size_t behind = slash == NULL ? 0 : text->len - before - 1;
    char address[64], bits[16], *end;
    bool v4;
    long n;

    out->kind = MATCH_CIDR;
    out->value = text;
    if (behind == 0 || memchr(slash + 1, '/', behind) != NULL)
        return pav_fail(err, PAV_INVALID, "",
                        "Malformed CIDR, one '/' required");
    snprintf(bits, sizeof(bits), "%.*s", (int)behind, slash + 1);
    n = strtol(bits, &end, 10);
    if (behind >= sizeof(bits) || *end != '\0' || end == bits ||
        strchr("+-0123456789", bits[0]) == NULL || n > INT32_MAX ||
        n < INT32_MIN)
        return pav_fail(err, PAV_INVALID, "",
                        "Malformed CIDR, mask bits must be an integer");
    if (n < 0)
        return pav_fail(err, PAV_INVALID, "",
                        "Malformed CIDR, mask bits must not be negative");
    snprintf(address, sizeof(address), "%.*s", (int)before, text->text);
    v4 = looks_like_v4(address);
    if (before >= sizeof(address) || (!v4 && !looks_like_v6(address)))
        return pav_fail(err, PAV_INVALID, "", "Nonstandard IP address: %.*s",
                        (int)before, text->text);
    if (v4 ? !read_v4(address, out->address)
           : inet_pton(AF_INET6, address, out->address) != 1)
        return pav_fail(err, PAV_INVALID, "", "Invalid IP address: %.*s",
                        (int)before, text->text);
    v4 = address_is_v4(out->address);
    if (v4 && n >= 32)
        return pav_fail(err, PAV_INVALID, "", "IPv4 mask bits must be < 32");
    if (n >= 128)
        return pav_fail(err, PAV_INVALID, "", "IPv6 mask bits must be < 128");
    out->bits = (uint8_t)(v4 ? 96 + n : n);
    address_mask(out->address, out->bits);
    return PAV_OK;
}

/* The range of one family only: ::/0 holds no IPv4 address. */
bool
cidr_accepts(const struct matcher *m, const struct pav_doc *v)
{
    uint8_t address[16];

    if (!address_of(v, address) ||
        address_is_v4(address) != (m->bits >= 96 && address_is_v4(m->address)))
        return false;
    address_mask(address, m->bits);
    return memcmp(address, m->address, sizeof(address)) == 0;
}
