/* Hashes and randomness, out of OpenSSL's libcrypto. */
#ifndef PAVANE_DIGEST_H
#define PAVANE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define PAV_SHA256_LEN 32

void pav_sha256(const void *p, size_t len, uint8_t out[PAV_SHA256_LEN]);
void pav_random(void *out, size_t len);
/* A fast hash of 64 bits for tables; not for secrets. */
uint64_t pav_hash64(const void *p, size_t len, uint64_t seed);
/* URL-safe base64 without padding; writes a NUL; returns the length. */
size_t pav_base64url(const void *p, size_t len, char *out);
/* The bytes decoded, or 0 when the text is not such base64 or too long. */
size_t pav_base64url_decode(const char *s, size_t len, void *out, size_t max);
/* A random UUID, version 4, and its NUL. */
void pav_uuid4(char out[37]);

#endif
