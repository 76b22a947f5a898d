/*
 * Values while an expression is evaluated.  What comes from documents stays
 * where it is; what is made lives in the evaluation's arena.
 */
#ifndef PAVANE_JSONATA_VALUE_H
#define PAVANE_JSONATA_VALUE_H

#include <math.h>

#include "pavane/doc.h"

#define NOT_A_NUMBER ((double)NAN)

enum value_kind {
    V_NOTHING, /* undefined */
    V_NULL,
    V_FALSE,
    V_TRUE,
    V_NUMBER,
    V_DOC_NUMBER, /* with its text */
    V_STRING,
    V_DOC_ARRAY,
    V_LIST,
    V_DOC_OBJECT,
    V_MAP,
    V_FUNCTION,
    V_TUPLE, /* of a stream of bindings; never seen by functions */
};

struct value {
    uint8_t kind; /* enum value_kind */
    uint32_t len; /* bytes of a string */
    union {
        double number;
        const char *text;
        const struct pav_doc *doc;
        struct list *list;
        struct map *map;
        struct function *function;
        struct tuple *tuple;
    };
};

/* An array that was made.  A sequence of one item is that item, an empty one
 * nothing. */
struct list {
    struct value *items;
    uint32_t count, cap;
    bool sequence;
    bool keep_singleton;
    bool cons;         /* by a constructor in a path: it is not flattened */
    bool outer;        /* around an input that is an array */
    bool tuple_stream; /* its items are tuples */
    bool open;         /* $append made it, and none was appended to it yet */
};

struct entry {
    const char *key;
    uint32_t len, hash;
    struct value value;
};

struct map {
    struct entry *v;
    uint32_t count, cap;
    uint32_t *index; /* by hash: place + 1; NULL while it is small */
    uint32_t index_len;
};

struct binding {
    uint32_t symbol;
    struct value value;
};

/* `item` is the value, the bindings are those made by `@`, `#` and for `%`. */
struct tuple {
    struct value item;
    uint32_t count;
    struct binding *v;
};

extern const struct value nothing;

static inline struct value
value_bool(bool b)
{
    return (struct value){.kind = b ? V_TRUE : V_FALSE};
}

static inline struct value
value_number(double n)
{
    return (struct value){.kind = V_NUMBER, .number = n};
}

static inline struct value
value_string(const char *text, size_t len)
{
    return (struct value){.kind = V_STRING, .len = (uint32_t)len, .text = text};
}

static inline struct value
value_list(struct list *l)
{
    return (struct value){.kind = V_LIST, .list = l};
}

static inline struct value
value_map(struct map *m)
{
    return (struct value){.kind = V_MAP, .map = m};
}

static inline bool
is_number(struct value v)
{
    return v.kind == V_NUMBER || v.kind == V_DOC_NUMBER;
}

static inline bool
is_array(struct value v)
{
    return v.kind == V_LIST || v.kind == V_DOC_ARRAY;
}

static inline bool
is_object(struct value v)
{
    return v.kind == V_MAP || v.kind == V_DOC_OBJECT;
}

static inline bool
is_sequence(struct value v)
{
    return v.kind == V_LIST && v.list->sequence;
}

struct value value_of_doc(const struct pav_doc *d);
double double_of(struct value v);

/* ---- arrays ---- */

uint32_t array_len(struct value v);
struct value array_at(struct value v, uint32_t i);
struct list *list_new(struct pav_arena *a, uint32_t cap);
struct list *sequence_new(struct pav_arena *a);
void list_push(struct pav_arena *a, struct list *l, struct value v);
/* All items of an array; of anything else, itself. */
void list_push_all(struct pav_arena *a, struct list *l, struct value v);
void list_reserve(struct pav_arena *a, struct list *l, uint32_t more);

/* ---- objects ---- */

struct map *map_new(struct pav_arena *a);
/* NULL: absent */
struct entry *map_find(const struct map *m, const char *key, uint32_t len);
void map_put(struct pav_arena *a, struct map *m, const char *key, uint32_t len,
             struct value v);
void map_remove(struct map *m, const char *key, uint32_t len);
uint32_t object_len(struct value v);
struct entry object_at(struct value v, uint32_t i);
struct value object_get(struct value v, const char *key, uint32_t len);

/* ---- any ---- */

/* Each takes from *left one for a value and for 64 bytes; at 0 it has ended
 * early. */
bool value_equal(struct value x, struct value y, uint64_t *left);
/* Equal values have equal hashes. */
uint64_t value_hash(struct value v, uint64_t *left);
/* As JavaScript's strings compare: by UTF-16 units.  -1, 0, 1 */
int text_compare(struct value x, struct value y);
/* The code point that ends at *at, which moves to its start. */
uint32_t text_point_before(struct value text, uint32_t *at);
/* NaN and infinite numbers as the service prints them.  What it holds is taken
 * from *room, bytes.  NULL: that was not enough (0 is left), a function is in
 * it, or it is too deep. */
const struct pav_doc *
doc_of_value(struct pav_arena *a, struct value v, size_t *room);

#endif
