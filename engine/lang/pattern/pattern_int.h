/* What the two files of event patterns share: values and matchers. */
#ifndef PAVANE_PATTERN_INT_H
#define PAVANE_PATTERN_INT_H

#include "pavane/pattern.h"

enum match_kind {
    MATCH_EXACT,   /* a string, number or literal */
    MATCH_ADDRESS, /* a string that is an IP address, in any spelling */
    MATCH_PREFIX,
    MATCH_SUFFIX,
    MATCH_IGNORE_CASE,
    MATCH_PREFIX_IGNORE_CASE,
    MATCH_SUFFIX_IGNORE_CASE,
    MATCH_NUMERIC,
    MATCH_WILDCARD,
    MATCH_CIDR,
    MATCH_EXISTS,
    MATCH_ABSENT,
    MATCH_NOT, /* anything-but: none of `parts` */
};

/* Literal pieces; a star is between each and the next. */
struct wildcard {
    uint32_t count;
    struct pav_bytes *pieces;
};

struct matcher {
    enum match_kind kind;
    const struct pav_doc *value;
    bool has_low, has_high, low_open, high_open; /* numeric */
    double low, high;
    uint8_t address[16]; /* cidr: masked */
    uint8_t bits;        /* cidr: of the 128 */
    const struct wildcard *wildcard;
    uint32_t count;
    const struct matcher *parts;
};

/*
 * A number that EventBridge compares: finite as binary64, and equal to the
 * shortest text that reads back as that binary64.
 */
bool number_comparable(const struct pav_doc *d, double *out);
/* The same in two steps, since the second is seldom needed: false, it is not
 * comparable; else its value, and whether number_comparable() is still to be
 * asked (`*sure` false). */
bool number_value(const struct pav_doc *v, double *out, bool *sure);
bool number_in_range(const struct matcher *m, double x);
/* exists:false is not asked here. */
bool matcher_accepts(const struct matcher *m, const struct pav_doc *v);

/* One entry of a pattern's list; err->message is the reason. */
enum pav_rc matcher_compile(struct pav_arena *a, const struct pav_doc *d,
                            struct matcher *out, struct pav_err *err);

/* wildcard.c; positions in refusals as EventBridge counts them. */
enum pav_rc wildcard_compile(struct pav_arena *a, const struct pav_doc *text,
                             struct matcher *out, struct pav_err *err);
bool wildcard_accepts(const struct wildcard *w, const struct pav_doc *v);
/* Would one value keep too many beginnings of these wildcards alive? */
bool wildcards_too_complex(const struct matcher *m, uint32_t count);

/* address.c: in IPv6's 16 bytes, IPv4 mapped; false: not an address. */
bool address_of(const struct pav_doc *v, uint8_t out[16]);
bool address_is_v4(const uint8_t address[16]);
void address_mask(uint8_t address[16], unsigned bits);
enum pav_rc cidr_compile(const struct pav_doc *text, struct matcher *out,
                         struct pav_err *err);
bool cidr_accepts(const struct matcher *m, const struct pav_doc *v);

/* ---- a pattern, compiled: one sub-rule for each way through its $or ---- */

#define PATTERN_MAX_PATHS 256

struct rule_path {
    const char *path;
    uint32_t len;
    uint32_t count;
    const struct matcher *matchers;
    const struct pav_doc *list; /* as it was written */
};

struct subrule {
    uint32_t count;
    struct rule_path *paths; /* in order */
};

struct pav_pattern {
    uint32_t count;
    struct subrule *rules;
};

/* Where in which array a field is. */
struct place {
    uint32_t array, index;
};

#endif
