/* What the two files of JSONPath share: tokens and filters. */
#ifndef PAVANE_PATH_INT_H
#define PAVANE_PATH_INT_H

#include "pavane/path.h"

enum token_kind {
    TOKEN_NAMES,
    TOKEN_INDEXES,
    TOKEN_SLICE,
    TOKEN_WILDCARD,
    TOKEN_SCAN,
    TOKEN_FILTER,
};

struct name {
    const char *text;
    uint32_t len;
};

/* Small: a path of n characters may have n / 2 of them. */
struct token {
    struct token *next;
    union {
        const struct name *names; /* `count` of them; one: &one */
        const int64_t *indexes;   /* the same; one: &from */
        const struct filter *filter;
    };
    union {
        struct name one;
        struct {
            int64_t from, to; /* slices */
        };
    };
    uint32_t count; /* names or indexes */
    uint8_t kind;   /* enum token_kind */
    bool after_one; /* behind one name or one index */
    bool has_from, has_to;
    bool from_end; /* one index, counted from the end: [(@.length-1)] */
};

struct pav_path {
    const char *text;
    uint32_t len;
    struct token *first;
    bool context, definite;
};

/* A reader over the path's text, shared by tokens and filters. */
struct reader {
    struct pav_arena *arena;
    const char *start, *p, *end;
    struct pav_err *err;
    bool definite, in_filter;
    unsigned depth;
};

void reader_blanks(struct reader *r);
enum pav_rc reader_fail(struct reader *r, const char *what);
/* The tokens behind a root; stops at the first character that is none. */
enum pav_rc path_tokens(struct reader *r, struct token **first);

/* `r` follows "?("; reads up to and with the closing ")". */
enum pav_rc filter_compile(struct reader *r, const struct filter **out);
/* PAV_PATH_FOUND, or PAV_PATH_WRONG_TYPE out of a path of the filter. */
enum pav_path_end
filter_ask(const struct filter *f, const struct pav_doc *item,
           const struct pav_doc *root, struct pav_arena *a, struct pav_err *why,
           uint32_t *budget, bool *accepted);

enum pav_path_end
tokens_eval(const struct token *first, bool definite,
            const struct pav_doc *from, const struct pav_doc *root,
            struct pav_arena *a, const struct pav_doc **out,
            struct pav_err *why, uint32_t *budget);

#endif
