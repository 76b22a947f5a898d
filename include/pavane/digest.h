/* Hashes and randomness, out of OpenSSL's libcrypto. */
#ifndef PAVANE_DIGEST_H
#define PAVANE_DIGEST_H

#include <stdbool.h>
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
/* MIME's base64 with padding, in one line; writes a NUL, returns the length. */
size_t pav_base64(const void *p, size_t len, char *out);
/* The same read: characters outside of the alphabet are passed over; `out` has
 * room for len + 3 bytes.  False when a group is left incomplete. */
bool pav_base64_decode(const char *s, size_t len, void *out, size_t *out_len);
/* Lower-case hex by MD5, SHA-1, SHA-256, SHA-384 or SHA-512; false: another
 * name. */
#define PAV_DIGEST_HEX 129
bool pav_digest_hex(const char *name, const void *p, size_t len,
                    char out[PAV_DIGEST_HEX]);
/* A random UUID, version 4, and its NUL. */
void pav_uuid4(char out[37]);
/* The same out of 16 given bytes. */
void pav_uuid4_of(const uint8_t bytes[16], char out[37]);

#endif
