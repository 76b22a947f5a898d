/*
 * JSONata, the query language of JSON (docs.jsonata.org), at the level 2.0.6
 * that Step Functions has.
 *
 * An expression is compiled once into an arena and frozen; evaluating it reads
 * documents where they are and makes what is new in the arena that it is
 * given.  What it gives depends on its arguments alone: time, randomness and
 * variables come in, and what it may cost is counted in steps and bytes, not in
 * seconds.  Messages are the reference implementation's, word for word.
 */
#ifndef PAVANE_JSONATA_H
#define PAVANE_JSONATA_H

#include <string.h>

#include "pavane/doc.h"

struct pav_jsonata;

enum pav_jsonata_level {
    /* Step Functions: its six functions ($partition, $range, $hash, $random
     * with a seed, $uuid, $parse), no $eval. */
    PAV_JSONATA_AWS,
    /* The reference implementation: $eval, `??` and `?:`. */
    PAV_JSONATA_REFERENCE,
};

/* Why an expression was refused, or ended. */
struct pav_jsonata_error {
    const char *code;    /* "T2001"; "" when it has none */
    const char *message; /* without the code; in the arena */
    const char *token;   /* that it is about; NULL: none */
    uint32_t at, end;    /* its place in the text, bytes; end 0: unknown */
};

/*
 * Compile `text` (borrowed; outlives the expression).  Its tree is kept when it
 * has at most 24 bytes a character, 256 more, and `*room` bytes, which become
 * fewer by it (NULL: no such bound); else it is parsed again each time.
 * Errors: PAV_INVALID with `error` filled in.
 */
PAV_MUSTUSE enum pav_rc
pav_jsonata_compile(struct pav_arena *a, const char *text, size_t len,
                    enum pav_jsonata_level level, size_t *room,
                    const struct pav_jsonata **out,
                    struct pav_jsonata_error *error);

/* "{% ... %}": an expression where a text could be. */
static inline bool
pav_jsonata_is_marked(const char *text, size_t len)
{
    return len >= 4 && memcmp(text, "{%", 2) == 0 &&
           memcmp(text + len - 2, "%}", 2) == 0;
}

/* What it refers to, for those who decide whether it may. */
struct pav_jsonata_reference {
    enum pav_jsonata_place {
        /* without its `$`: "$" of `$$`, "" of a `$` that is the input */
        PAV_JSONATA_VARIABLE,
        PAV_JSONATA_TOP_NAME, /* a name that is looked up in the input */
    } place;
    const char *name;
    uint32_t len;
    /* the names behind a variable: "input" and "id" of $states.input.id */
    struct pav_bytes members[3]; /* p NULL: none, or no name */
};
typedef void (*pav_jsonata_reference_fn)(void *ctx,
                                         const struct pav_jsonata_reference *r);
void pav_jsonata_references(const struct pav_jsonata *x,
                            pav_jsonata_reference_fn fn, void *ctx);

struct pav_jsonata_in {
    const struct pav_doc *input; /* NULL: undefined */
    /* The value of $name; NULL: undefined.  NULL: there are none. */
    const struct pav_doc *(*variable)(void *ctx, const char *name, size_t len);
    /* Of the seed of the caller, another at each call. */
    uint64_t (*draw)(void *ctx);
    void *ctx;
    int64_t now_ms;     /* of $now and $millis */
    uint64_t max_steps; /* evaluations of a node; 0: PAV_JSONATA_STEPS */
    uint32_t max_depth; /* of them within each other; 0: PAV_JSONATA_DEPTH */
    size_t max_bytes;   /* made; 0: PAV_JSONATA_BYTES */
    uint64_t *steps;    /* spent, added to, with 64 bytes as one; or NULL */
};

/*
 * Some 20 ms of a processor of 2025, at most about twice as much; Step
 * Functions gives a second.  Behind the bytes that are counted piece by piece,
 * twice as many in the arena are the end.
 */
#define PAV_JSONATA_STEPS 300000
#define PAV_JSONATA_DEPTH 100
#define PAV_JSONATA_BYTES 8000000

enum pav_jsonata_end {
    PAV_JSONATA_VALUE,
    PAV_JSONATA_NOTHING,  /* undefined */
    PAV_JSONATA_FUNCTION, /* no JSON: a function, or something with one in it */
    PAV_JSONATA_FAILED,
};

/*
 * Evaluate.  With PAV_JSONATA_VALUE `*out` is in the arena and shares with the
 * input, the variables and the expression's text, which outlive it; with
 * PAV_JSONATA_FAILED `error` is filled in.  Infinity and NaN come out as the
 * strings that Step Functions makes of them.
 */
enum pav_jsonata_end
pav_jsonata_eval(const struct pav_jsonata *x, struct pav_arena *a,
                 const struct pav_jsonata_in *in, const struct pav_doc **out,
                 struct pav_jsonata_error *error);

#endif
