/* Hashes and randomness: see pavane/digest.h. */
#include "pavane/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "pavane/err.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static EVP_MD *sha256; /* looked up once: each time would cost more than it */

static void
find_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    PAV_ASSERT(sha256 != NULL);
}

void
pav_sha256(const void *p, size_t len, uint8_t out[PAV_SHA256_LEN])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    pthread_once(&once, find_sha256);
    if (ctx == NULL || EVP_DigestInit_ex2(ctx, sha256, NULL) != 1 ||
        EVP_DigestUpdate(ctx, p, len) != 1 ||
        EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        PAV_BUG("SHA-256 fails");
    EVP_MD_CTX_free(ctx);
}

/* Drawn in advance: a call of the generator costs more than its bytes.  What
 * was given is forgotten at once. */
void
pav_random(void *out, size_t len)
{
    static _Thread_local unsigned char drawn[1024];
    static _Thread_local size_t left;

    if (len > sizeof(drawn)) {
        if (RAND_bytes(out, (int)len) != 1)
            PAV_BUG("no randomness");
        return;
    }
    if (left < len) {
        if (RAND_bytes(drawn, sizeof(drawn)) != 1)
            PAV_BUG("no randomness");
        left = sizeof(drawn);
    }
    left -= len;
    memcpy(out, drawn + left, len);
    memset(drawn + left, 0, len);
}

uint64_t
pav_hash64(const void *p, size_t len, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = seed ^ (len * 0x9E3779B97F4A7C15u);

    while (len >= 8) {
        uint64_t w;

        memcpy(&w, s, 8);
        h = (h ^ w) * 0xD6E8FEB86659FD93u;
        h ^= h >> 32;
        s += 8;
        len -= 8;
    }
    while (len-- > 0)
        h = (h ^ *s++) * 0x100000001B3u;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return h ^ (h >> 32);
}

size_t
pav_base64url(const void *p, size_t len, char *out)
{
    const unsigned char *s = p;
    char *w = out;

    while (len > 0) {
        size_t n = len < 3 ? len : 3;
        uint32_t v = (uint32_t)s[0] << 16 | (n > 1 ? (uint32_t)s[1] << 8 : 0) |
                     (n > 2 ? s[2] : 0);

        *w++ = alphabet[v >> 18];
        *w++ = alphabet[(v >> 12) & 63];
        if (n > 1)
            *w++ = alphabet[(v >> 6) & 63];
        if (n > 2)
            *w++ = alphabet[v & 63];
        s += n;
        len -= n;
    }
    *w = '\0';
    return (size_t)(w - out);
}

size_t
pav_base64url_decode(const char *s, size_t len, void *out, size_t max)
{
    unsigned char *w = out;
    uint32_t v = 0;
    int bits = 0;
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        const char *hit = s[i] == '\0' ? NULL : strchr(alphabet, s[i]);

        if (hit == NULL)
            return 0;
        v = (v << 6 | (uint32_t)(hit - alphabet)) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (n == max)
                return 0;
            w[n++] = (unsigned char)(v >> bits);
        }
    }
    return n;
}

size_t
pav_base64(const void *p, size_t len, char *out)
{
    PAV_ASSERT(len < INT32_MAX / 2);
    return (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)len);
}

bool
pav_base64_decode(const char *s, size_t len, void *out, size_t *out_len)
{
    unsigned char *w = out;
    uint32_t v = 0;
    int bits = 0, count = 0;
    size_t i;

    for (i = 0; i < len && s[i] != '='; i++) {
        /* The first 62 characters of both alphabets agree. */
        const char *hit = s[i] == '\0'  ? NULL
                          : s[i] == '+' ? alphabet + 62
                          : s[i] == '/' ? alphabet + 63
                                        : strchr(alphabet, s[i]);

        if (hit == NULL || s[i] == '-' || s[i] == '_')
            continue;
        v = (v << 6 | (uint32_t)(hit - alphabet)) & 0xFFFFFF;
        bits += 6;
        count++;
        if (bits >= 8) {
            bits -= 8;
            *w++ = (unsigned char)(v >> bits);
        }
    }
    *out_len = (size_t)(w - (unsigned char *)out);
    return count % 4 != 1;
}

bool
pav_digest_hex(const char *name, const void *p, size_t len,
               char out[PAV_DIGEST_HEX])
{
    static const char *const names[][2] = {{"MD5", "MD5"},
                                           {"SHA-1", "SHA1"},
                                           {"SHA-256", "SHA256"},
                                           {"SHA-384", "SHA384"},
                                           {"SHA-512", "SHA512"}};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0, j;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i][0]) == 0)
            break;
    if (i == sizeof(names) / sizeof(names[0]))
        return false;
    if (EVP_Digest(p, len, digest, &n, EVP_get_digestbyname(names[i][1]),
                   NULL) != 1)
        PAV_BUG("a digest fails");
    for (j = 0; j < n; j++)
        snprintf(out + 2 * j, 3, "%02x", digest[j]);
    return true;
}

void
pav_uuid4_of(const uint8_t bytes[16], char out[37])
{
    uint8_t b[16];

    memcpy(b, bytes, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, 37,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
}

void
pav_uuid4(char out[37])
{
    uint8_t b[16];

    pav_random(b, sizeof(b));
    pav_uuid4_of(b, out);
}
