/*
 * An evaluation: what its parts share.
 *
 * What is thrown is sticky: the first failure counts, every evaluation after it
 * gives nothing at once, and whoever loops stops at e->failed.
 */
#ifndef PAVANE_JSONATA_EVAL_H
#define PAVANE_JSONATA_EVAL_H

#include "node.h"
#include "value.h"

/* Bindings, inside of others. */
struct scope {
    struct scope *up;
    struct binding *v;
    uint32_t count, cap;
};

/* What a message is made of; see messages.c. */
struct thrown {
    const char *code;  /* "": `raw` is the message */
    const char *token; /* NULL: none */
    size_t token_len;
    const char *raw; /* a text of the message, as it is */
    size_t raw_len;
    struct value value, value2;
    uint32_t index;
    const char *type;
    uint32_t at, end; /* end 0: unknown */
};

struct eval {
    struct pav_arena *arena;
    const struct pav_jsonata_in *in;
    enum pav_jsonata_level level;
    struct symbols symbols; /* of the expression, and of $eval's */
    struct value *globals;  /* by symbol - 1: functions and variables */
    uint32_t global_count;
    struct value root; /* `$$` */
    uint32_t depth, max_depth;
    uint64_t steps, max_steps;
    size_t bytes, max_bytes;
    size_t arena_before; /* total of the arena when it began */
    bool failed;
    struct thrown thrown;
    uint32_t nesting; /* of values that are walked through */
};

enum function_kind {
    F_BUILTIN,
    F_LAMBDA,
    F_REGEX,
    F_NEXT, /* of a match */
    F_TRANSFORM,
    F_CHAIN,   /* f ~> g */
    F_PARTIAL, /* a builtin with some of its arguments */
    F_WRAPPED, /* given as an argument: called without a context */
};

struct function {
    uint8_t kind; /* enum function_kind */
    bool thunk;
    uint32_t arity;
    const char *token; /* the name that last called it */
    size_t token_len;
    uint32_t at, end; /* the same; end 0: not yet */
    union {
        int builtin;
        struct {
            const struct node *node; /* lambda, regex, transform */
            struct value input;
            struct scope *scope;
            struct node *const *params;
            uint32_t param_count;
        };
        struct {
            struct function *first, *second; /* chain; wrapped: first */
        };
        struct {
            struct function *inner; /* partial */
            struct value *given;    /* V_TUPLE: still open */
            uint32_t given_count;
        };
        struct { /* next */
            const struct node *regex;
            struct value text;
            uint32_t offset;
        };
    };
};

#define CALL_ROOM 8
struct call {
    const struct value *args;
    uint32_t count;
    struct value context; /* V_NULL when called by a function */
    struct scope *scope;
    struct value room[CALL_ROOM];
};

static inline struct value
arg(const struct call *c, uint32_t i)
{
    return i < c->count ? c->args[i] : nothing;
}

/* ---- eval.c ---- */

struct value evaluate(struct eval *e, const struct node *n, struct value input,
                      struct scope *scope);
/* Whether it is true; D1001 for infinite numbers. */
bool truth(struct eval *e, struct value v);
/* A sequence of one is the one, of none nothing. */
struct value collapse(struct value v);
struct value append(struct eval *e, struct value x, struct value y);
/* The member of an object, of all objects in an array. */
struct value
lookup(struct eval *e, struct value v, const char *key, uint32_t len);
/* -1, 0, 1. */
int compare_texts(struct eval *e, struct value x, struct value y);
/* JavaScript's: a number that is finite; D1001 for infinite ones. */
bool is_numeric(struct eval *e, struct value v);

/* Symbols that $eval has added get their values. */
void globals_grow(struct eval *e);

/* ---- scope.c ---- */

struct scope *scope_new(struct eval *e, struct scope *up);
void
scope_bind(struct eval *e, struct scope *s, uint32_t symbol, struct value v);
/* What a symbol, or `$name`, is bound to there; nothing: nothing. */
struct value scope_find(struct eval *e, const struct scope *s, uint32_t symbol);
struct value
binding_of_name(struct eval *e, const struct scope *s, const char *name);
struct scope *
scope_of_tuple(struct eval *e, struct scope *up, const struct tuple *t);
/* What is evaluated on an item of a list, and in which scope. */
struct value item_of(struct eval *e, struct value item, struct scope **scope);
struct function *function_new(struct eval *e, enum function_kind kind);
struct value value_function(struct function *f);

/* ---- bounds.c ---- */

/* Failures; always nothing.  The place is filled in further out. */
struct value throw_error(struct eval *e, const char *code);
struct value throw_value(struct eval *e, const char *code, struct value v);
/* With a message of its own. */
struct value
throw_text(struct eval *e, const char *code, const char *text, size_t len);
/* Without a code: a bound was met. */
struct value throw_bound(struct eval *e, const char *message);
void thrown_at(struct eval *e, const struct node *n);

/* False, with a bound's failure, when so many bytes are too many. */
bool may_make(struct eval *e, size_t bytes);
/* The same for the items of an array that are pushed to a list. */
bool may_push(struct eval *e, struct value v);
/* So many steps more. */
bool take_steps(struct eval *e, uint64_t steps);
uint64_t steps_left(const struct eval *e);
/* Into a value and out again: false, with a bound's failure, when it is too
 * deep to be walked through. */
bool nest(struct eval *e);
void unnest(struct eval *e);

/* ---- path.c ---- */

struct value eval_path(struct eval *e, const struct node *n, struct value input,
                       struct scope *scope);
struct value eval_filter(struct eval *e, const struct node *filter,
                         struct value input, struct scope *scope);
struct value eval_group(struct eval *e, const struct node *object,
                        struct value input, struct scope *scope);

/* ---- apply.c ---- */

/* `first`: the value in front of `~>`; NULL: none. */
struct value
eval_function(struct eval *e, const struct node *n, struct value input,
              struct scope *scope, const struct value *first);
struct value eval_partial(struct eval *e, const struct node *n,
                          struct value input, struct scope *scope);
struct value eval_lambda(struct eval *e, const struct node *n,
                         struct value input, struct scope *scope);
struct value eval_apply(struct eval *e, const struct node *n,
                        struct value input, struct scope *scope);
struct value eval_transform(struct eval *e, const struct node *n,
                            struct value input, struct scope *scope);
struct value
call_function(struct eval *e, struct function *f, const struct value *args,
              uint32_t count, struct value context, struct scope *scope);
/* As functions call those that they are given: with as many of the arguments
 * as it takes. */
struct value call_given(struct eval *e, struct value f, struct value x,
                        struct value y, struct value z);
/* A copy that shares nothing which can change. */
struct value value_clone(struct eval *e, struct value v);

/* ---- sort.c ---- */

/* `goes_after`(x, y) says that they stand the wrong way round. */
typedef bool (*goes_after_fn)(struct eval *e, void *ctx, struct value x,
                              struct value y);
struct value sort_stable(struct eval *e, struct value array,
                         goes_after_fn goes_after, void *ctx);
struct value eval_sort(struct eval *e, const struct node *n, struct value input,
                       struct scope *scope);

/* ---- text_json.c ---- */

/* JSON.stringify(): `rounded` as $string has it, `pretty` with two blanks. */
void print_json(struct eval *e, struct value v, bool rounded, bool pretty,
                struct pav_buf *out);
/* What $string keeps of a number that is not whole. */
double fifteen_digits(double n);
/* What $string gives; nothing when it is thrown. */
struct value to_text(struct eval *e, struct value v, bool pretty);
struct value text_of_buf(struct eval *e, struct pav_buf *b);
struct value concat(struct eval *e, struct value x, struct value y);
/* Its units, at most `limit`: a character of two is two strings. */
struct value split_units(struct eval *e, struct value text, double limit);

/* ---- regex.c ---- */

struct match {
    uint32_t start, end; /* bytes */
    struct value groups; /* a list of texts, or of nothing */
};
enum match_end { MATCH_NONE, MATCH_FOUND, MATCH_FAILED };
/* What is matched for a text: halves of characters are none in UTF-8. */
struct value regex_subject(struct eval *e, struct value text);
enum match_end
regex_match(struct eval *e, const struct node *n, struct value text,
            struct value subject, uint32_t from, struct match *m);
/* {match, start, end, groups} */
struct map *match_map(struct eval *e, struct value text, const struct match *m);
/* The object that a regular expression gives when it is called. */
struct value regex_call(struct eval *e, const struct node *n, struct value text,
                        uint32_t from);
struct value regex_next(struct eval *e, const struct function *next);
/* The expression behind the function, when it is one. */
const struct node *regex_of(struct value f);

/* ---- units: UTF-16 in texts that are UTF-8 ---- */

uint32_t units_in(const char *p, size_t len);
/* The byte at which so many units end. */
uint32_t bytes_of_units(struct value text, uint32_t units);

#endif
