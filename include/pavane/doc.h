/*
 * Documents: exact, frozen JSON values.
 *
 * A document is an immutable tree in an arena; who owns the arena owns it, and
 * trees may share subtrees of the same arena.  Nothing edits one: a change is
 * a new node that refers to old children.
 *
 * Exactness: a number *is* its text, so what was read is printed again digit
 * by digit; its value is computed when somebody asks.  Strings are counted
 * (U+0000 is a character) and hold UTF-8; a lone surrogate of an escape is
 * held as its three-byte form and printed as an escape again.  Keys keep their
 * order.  Source: RFC 8259; duplicates and depth as the caller chooses.
 */
#ifndef PAVANE_DOC_H
#define PAVANE_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pavane/buf.h"
#include "pavane/err.h"
#include "pavane/mem.h"

#define PAV_DEPTH_MAX 1000 /* arrays and objects around a value */
#define PAV_DEPTH_OWN 5

enum pav_kind {
    PAV_NULL,
    PAV_FALSE,
    PAV_TRUE,
    PAV_NUMBER,
    PAV_STRING,
    PAV_ARRAY,
    PAV_OBJECT,
};

struct pav_doc {
    uint8_t kind;  /* enum pav_kind */
    uint8_t index; /* objects: a search index follows the members */
    uint32_t len;  /* bytes of a string or number; items; members */
    uint32_t at;   /* source offset + 1 when parsed; 0 when made */
    union {
        const char *text; /* string, number: not NUL-terminated */
        const struct pav_doc *items;
        const struct pav_member *members;
    };
};

struct pav_member {
    const char *key;
    uint32_t len;
    uint32_t at; /* source offset + 1 of the key */
    struct pav_doc value;
};

enum pav_dup {
    PAV_DUP_LAST,   /* the last value holds (events) */
    PAV_DUP_REFUSE, /* an error (everything that configures Pavane) */
    PAV_DUP_KEEP,   /* all stay; lookups find the last (patterns) */
};

struct pav_doc_opts {
    enum pav_dup dup;
    uint32_t max_depth; /* arrays and objects around a value; at most 1,000 */
    uint32_t max_keys;  /* members of one object; 0: 100,000 */
};

/*
 * Parse `text`, which must live as long as the arena: strings without escapes
 * point into it.  err->at is "line L, column C".
 * Errors: PAV_INVALID, PAV_LIMIT (depth, keys).  Cost: linear.
 */
PAV_MUSTUSE enum pav_rc
pav_doc_parse(struct pav_arena *a, const char *text, size_t len,
              const struct pav_doc_opts *opts, const struct pav_doc **out,
              struct pav_err *err);
/* Same, with a copy of the text in the arena. */
PAV_MUSTUSE enum pav_rc
pav_doc_parse_copy(struct pav_arena *a, const char *text, size_t len,
                   const struct pav_doc_opts *opts, const struct pav_doc **out,
                   struct pav_err *err);

/* ---- without a tree ---- */

#define PAV_OUTLINE_MAX 32

struct pav_span {
    const char *key; /* between its quotes, without escapes */
    uint32_t key_len, len;
    const char *p; /* the value, as it was written */
};

/* What a check saw. */
struct pav_outline {
    bool simple; /* no key appears twice, is empty, or holds a dot or an escape
                  */
    bool whole;  /* `members` has all, and no key of them twice or escaped */
    bool plain;  /* simple, and written as pav_doc_print() would write it */
    uint32_t count;
    struct pav_span members[PAV_OUTLINE_MAX]; /* of the outermost object */
};

/*
 * Would pav_doc_parse() take `text` (as PAV_DUP_KEEP, any number of keys)?
 * `used` NULL: only blanks may follow the value; else where it
 * ends.  Cost: linear, without memory.
 */
bool pav_doc_check(const char *text, size_t len, uint32_t max_depth,
                   struct pav_outline *out, size_t *used);
/* The bytes of a string whose raw text was checked; at most `len`. */
uint32_t pav_doc_unescape(const char *raw, size_t len, char *out);

/*
 * For text that Pavane wrote itself, such as records around payloads: a few
 * levels deeper than anybody else's.  Bad text is a bug, unless it was stored
 * in between: behind pav_doc_expect_damage() it is null, and this thread's
 * next pav_doc_was_damaged() is true, once.
 */
const struct pav_doc *
pav_doc_own(struct pav_arena *a, const char *text, size_t len);
#define PAV_DOC_DAMAGED "a text that Pavane wrote is no JSON any more"
void pav_doc_expect_damage(void);
bool pav_doc_was_damaged(void);

/* Line and column that err->at of a parse has; 1 and 1 of another. */
void pav_doc_fault_place(const struct pav_err *err, unsigned *line,
                         unsigned *column);
/* Line and column, from 1, of offset `at` - 1 in `text`; columns in bytes. */
void pav_doc_place(const char *text, size_t len, uint32_t at, unsigned *line,
                   unsigned *column);
/* Refuses what a file has at `at`: err->at is "PATH:LINE:COLUMN".  PAV_INVALID.
 */
enum pav_rc
pav_doc_fail_at(struct pav_err *err, const char *path, const char *text,
                size_t len, const struct pav_doc *at, const char *why);

/*
 * The same for what only we read again, which has a level or two of ours around
 * it: up to PAV_DEPTH_OWN levels more.
 */
void pav_doc_print_own(const struct pav_doc *d, struct pav_buf *out);
/* Bytes of the text; SIZE_MAX when it has more than `max`, or is too deep. */
size_t pav_doc_text_len(const struct pav_doc *d, size_t max);
/* It has at most `max`, and is not too deep; most are known without printing.
 */
bool pav_doc_fits(const struct pav_doc *d, size_t max);
/* Compact text, appended; deeper than PAV_DEPTH_MAX sets out->over. */
void pav_doc_print(const struct pav_doc *d, struct pav_buf *out);
/* Compact text in the arena, NUL-terminated. */
const char *pav_doc_text(struct pav_arena *a, const struct pav_doc *d);
/* With two blanks a level and line breaks, for people. */
void pav_doc_print_pretty(const struct pav_doc *d, struct pav_buf *out);

/* ---- reading ---- */

/* The member's value, NULL when absent or when `d` is no object. */
const struct pav_doc *pav_doc_get(const struct pav_doc *d, const char *key);
const struct pav_doc *
pav_doc_getn(const struct pav_doc *d, const char *key, size_t len);
const struct pav_doc *pav_doc_at(const struct pav_doc *d, uint32_t i);

/* Has the member this key; one of a list, which ends with NULL or is NULL? */
bool pav_member_is(const struct pav_member *m, const char *key);
bool pav_member_in(const struct pav_member *m, const char *const *keys);

bool pav_doc_is_str(const struct pav_doc *d, const char *s);
/* A member's whole number, 0 without one; its text, NULL without one. */
int64_t pav_doc_member_int(const struct pav_doc *o, const char *key);
const char *pav_doc_member_str(struct pav_arena *a, const struct pav_doc *o,
                               const char *key);
/*
 * A string as UTF-8, a C string in the arena: a lone surrogate, which JSON can
 * say and UTF-8 cannot, becomes U+FFFD.  NULL for other kinds.
 */
const char *pav_doc_str(struct pav_arena *a, const struct pav_doc *d);
/* True and the value, when the number is an integer that fits ("1.0" is). */
bool pav_doc_int(const struct pav_doc *d, int64_t *out);
/* binary64; infinite for 1e400.  0 for other kinds. */
double pav_doc_double(const struct pav_doc *d);
/* -1, 0, 1 by value; exact for integers of 64 bits. */
int pav_doc_number_cmp(const struct pav_doc *x, const struct pav_doc *y);
/* Deep, by value; the order of keys does not count. */
bool pav_doc_equal(const struct pav_doc *x, const struct pav_doc *y);
/* Equal documents have equal hashes. */
uint64_t pav_doc_hash(const struct pav_doc *d);
/* A text or a key in it holds U+0000, where C's own texts end. */
bool pav_doc_holds_nul(const struct pav_doc *d);

static inline bool
pav_doc_is_bool(const struct pav_doc *d)
{
    return d->kind == PAV_TRUE || d->kind == PAV_FALSE;
}

/* ---- making; strings and children are borrowed from the same arena ---- */

extern const struct pav_doc pav_doc_null, pav_doc_true, pav_doc_false;
extern const struct pav_doc pav_doc_empty_object, pav_doc_empty_array;

const struct pav_doc *
pav_doc_new_str(struct pav_arena *a, const char *s, size_t len);
const struct pav_doc *pav_doc_new_cstr(struct pav_arena *a, const char *s);
const struct pav_doc *pav_doc_new_int(struct pav_arena *a, int64_t n);
const struct pav_doc *pav_doc_new_double(struct pav_arena *a, double n);
const struct pav_doc *pav_doc_new_bool(bool b);

/* Members and items in the making; a put copies the node, not its children. */
struct pav_members {
    struct pav_arena *arena;
    struct pav_member *v;
    uint32_t count, cap;
};

struct pav_items {
    struct pav_arena *arena;
    struct pav_doc *v;
    uint32_t count, cap;
};

void pav_members_init(struct pav_members *m, struct pav_arena *a);
/* Room for so many more, exactly. */
void pav_members_reserve(struct pav_members *m, uint32_t more);
/* Replaces the value of a key that is there. */
void pav_members_put(struct pav_members *m, const char *key, size_t len,
                     const struct pav_doc *value);
void pav_members_puts(struct pav_members *m, const char *key,
                      const struct pav_doc *value);
/* Appends; the caller knows that the key is new. */
void pav_members_add(struct pav_members *m, const char *key, size_t len,
                     const struct pav_doc *value);
/* A text (NULL: nothing is put), a whole number. */
void pav_members_str(struct pav_members *m, const char *key, const char *text);
void pav_members_int(struct pav_members *m, const char *key, int64_t n);
/* Milliseconds as seconds with a fraction, which is how AWS dates things. */
void pav_members_date(struct pav_members *m, const char *key, int64_t ms);
/* The same as a text, "2026-11-24T10:00:00.000Z". */
void pav_members_time(struct pav_members *m, const char *key, int64_t ms);
const struct pav_doc *pav_members_object(struct pav_members *m);

/* The members of both objects, those of `y` where both have one. */
const struct pav_doc *
pav_doc_merge(struct pav_arena *a, const struct pav_doc *x,
              const struct pav_doc *y);

/* A copy in one block, for free(); `*len` are its bytes.  NULL: they would be
 * more than `max`. */
const struct pav_doc *
pav_doc_pack(const struct pav_doc *d, size_t max, size_t *len);

void pav_items_init(struct pav_items *it, struct pav_arena *a);
/* As pav_members_reserve. */
void pav_items_reserve(struct pav_items *it, uint32_t more);
void pav_items_add(struct pav_items *it, const struct pav_doc *value);
const struct pav_doc *pav_items_array(struct pav_items *it);

#endif
