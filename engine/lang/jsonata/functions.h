/* Signatures, the table of functions, and messages. */
#ifndef PAVANE_JSONATA_FUNCTIONS_H
#define PAVANE_JSONATA_FUNCTIONS_H

#include "eval.h"

#define STACK_OVERFLOW                                                         \
    "Stack overflow error: Check for non-terminating recursive function. "     \
    "Consider rewriting as tail-recursive."
#define OUT_OF_TIME "Expression evaluation timeout: Check for infinite loop"
/* of a string that is made: the service has 2^22, and not 2^23 */
#define STRING_MAX ((8u << 20) - 1)

#define OUT_OF_MEMORY                                                          \
    "Expression evaluation memory limit exceeded: Check for excessive memory " \
    "usage"

/* ---- signatures: "<s-nn?:s>" (signature.c) ---- */

/* Kinds of values as bits; `m` is a missing one. */
enum {
    S_STRING = 1,
    S_NUMBER = 2,
    S_BOOL = 4,
    S_NULL = 8,
    S_ARRAY = 16,
    S_OBJECT = 32,
    S_FUNCTION = 64,
    S_MISSING = 128,
};

struct param {
    uint8_t mask;
    bool optional;       /* ? */
    bool many;           /* + */
    bool lazy;           /* optional twice: as few as possible */
    bool context;        /* -: then it is the context */
    bool array;          /* a: what is none becomes one */
    const char *subtype; /* of the array's items; NULL: any */
    uint32_t subtype_len;
};

struct signature {
    uint32_t count;
    const struct param *params;
};

/* The arguments as the function wants them; false: thrown. */
bool signature_check(struct eval *e, const struct signature *s,
                     const struct value *args, uint32_t count,
                     struct value context, struct call *out);

/* ---- the table (functions.c) ---- */

struct builtin {
    const char *name;
    const char *signature; /* NULL: the function checks its arguments itself */
    uint8_t arity;
    uint8_t levels; /* BUILTIN_* */
    struct value (*fn)(struct eval *e, struct call *c);
};
#define BUILTIN_AWS       1
#define BUILTIN_REFERENCE 2

extern const struct builtin builtins[];
int builtin_find(const char *name, size_t len); /* -1: there is none */
bool builtin_is_of(int i, enum pav_jsonata_level level);
const struct signature *builtin_signature(int i);

#define FUNCTION(name) struct value name(struct eval *e, struct call *c)

/* fn_string.c */
FUNCTION(fn_string);
FUNCTION(fn_substring);
FUNCTION(fn_substring_before);
FUNCTION(fn_substring_after);
FUNCTION(fn_lowercase);
FUNCTION(fn_uppercase);
FUNCTION(fn_length);
FUNCTION(fn_trim);
FUNCTION(fn_pad);
FUNCTION(fn_join);
/* fn_encode.c */
FUNCTION(fn_base64encode);
FUNCTION(fn_base64decode);
FUNCTION(fn_encode_url);
FUNCTION(fn_encode_url_component);
FUNCTION(fn_decode_url);
FUNCTION(fn_decode_url_component);
/* fn_match.c */
FUNCTION(fn_contains);
FUNCTION(fn_match);
FUNCTION(fn_replace);
FUNCTION(fn_split);
/* fn_number.c */
FUNCTION(fn_number);
FUNCTION(fn_abs);
FUNCTION(fn_floor);
FUNCTION(fn_ceil);
FUNCTION(fn_round);
FUNCTION(fn_power);
FUNCTION(fn_sqrt);
FUNCTION(fn_format_base);
FUNCTION(fn_sum);
FUNCTION(fn_max);
FUNCTION(fn_min);
FUNCTION(fn_average);
/* JavaScript's decimal rounding, halves to the even neighbour. */
double round_half_even(double n, int precision);
/* fn_value.c */
FUNCTION(fn_boolean);
FUNCTION(fn_not);
FUNCTION(fn_exists);
FUNCTION(fn_type);
FUNCTION(fn_error);
FUNCTION(fn_assert);
FUNCTION(fn_eval);
FUNCTION(fn_clone);
/* fn_array.c */
FUNCTION(fn_count);
FUNCTION(fn_append);
FUNCTION(fn_sort);
FUNCTION(fn_reverse);
FUNCTION(fn_shuffle);
FUNCTION(fn_distinct);
FUNCTION(fn_zip);
FUNCTION(fn_map);
FUNCTION(fn_filter);
FUNCTION(fn_single);
FUNCTION(fn_reduce);
/* From 0 up to 1, out of the caller's seed. */
double draw_number(struct eval *e);
/* fn_object.c */
FUNCTION(fn_keys);
FUNCTION(fn_lookup);
FUNCTION(fn_spread);
FUNCTION(fn_merge);
FUNCTION(fn_sift);
FUNCTION(fn_each);
/* picture_number.c, picture_integer.c, picture_date.c */
FUNCTION(fn_format_number);
FUNCTION(fn_format_integer);
FUNCTION(fn_parse_integer);
FUNCTION(fn_from_millis);
FUNCTION(fn_to_millis);
FUNCTION(fn_now);
FUNCTION(fn_millis);
/* fn_aws.c */
FUNCTION(fn_partition);
FUNCTION(fn_range);
FUNCTION(fn_hash);
FUNCTION(fn_random);
FUNCTION(fn_uuid);
FUNCTION(fn_parse);

/* ---- messages.c ---- */

/* The text of what was thrown, out of the catalogue. */
void message_fill(struct eval *e, struct pav_jsonata_error *out);

#endif
