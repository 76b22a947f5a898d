/*
 * What the files of the index share.
 *
 * A trie of names leads to the paths that some rule names.  A test is a
 * condition: a path and a list of matchers; rules that say the same share it.
 * A sub-rule hangs on one of its tests, the access: that which the fewest
 * events fulfil.  Only tests with something hanging on them are found by value;
 * others are asked when a candidate comes up, once an event.
 */
#ifndef PAVANE_INDEX_INT_H
#define PAVANE_INDEX_INT_H

#include "pavane/index.h"
#include "pattern_int.h"

/* How a test is found by a value. */
enum key_kind {
    KEY_EXACT,
    KEY_NUMBER_TEXT,
    KEY_NUMBER,
    KEY_WORD,
    KEY_ADDRESS,
    KEY_PREFIX,
    KEY_SUFFIX,
    KEY_LOWER,
    KEY_LOWER_PREFIX,
    KEY_LOWER_SUFFIX,
    KEY_GRAM, /* one to four bytes anywhere */
    KEY_CIDR,
    KEY_KINDS
};

#define GRAM_MAX 4

/* The lengths of keys, in order, with how many have each. */
struct lengths {
    struct length {
        uint32_t len, uses;
    } * v;
    uint32_t count, cap;
};

/* Ranges of numbers: a treap by the lower end, with the highest upper end. */
struct range {
    double low, high, highest;
    uint32_t priority;
    struct range *left, *right;
    struct test *test;
    const struct matcher *matcher;
};

/* What a path's values are looked up in. */
struct values {
    uint32_t counts[KEY_KINDS];
    struct lengths lengths[KEY_KINDS]; /* of the kinds that have some */
    struct range *ranges;
    struct always { /* asked of every value */
        struct test *test;
        const struct matcher *matcher;
    } * always;
    uint32_t always_count, always_cap;
};

struct field {
    struct field *next;
    struct pav_doc value;
    const struct place *places;
    uint32_t place_count;
};

struct node {
    struct node *parent;
    char *name;
    uint32_t len;
    uint64_t hash; /* of the name */
    uint64_t seed; /* of its keys in the table */
    uint32_t uses; /* tests, wants and children */
    uint32_t child_count, child_cap;
    struct node **children; /* sorted by nothing; hashed when they are many */
    struct node **child_table;
    uint32_t tests;          /* at this path */
    uint32_t keep;           /* how many ask for the fields themselves */
    struct values *values;   /* NULL: nothing to look up */
    uint32_t watch, watches; /* slot + 1, and how often */
    /* of the event */
    uint64_t seen; /* its number, when it has a field here */
    bool in_arrays;
    struct field *first, **last;
};

/* Which of an event's names a test is about. */
enum names { NAMES_SOURCE, NAMES_TYPE, NAMES_NEITHER };

struct test {
    struct test *next; /* in the registry */
    struct node *node;
    uint64_t hash;
    char *text; /* the list, printed: its identity beside the node */
    uint32_t text_len;
    uint32_t uses;
    struct pav_arena arena;
    const struct matcher *matchers;
    uint32_t count;
    uint8_t rank; /* how many values fulfil it: fewer is lower */
    bool absent;  /* exists: false is in the list */
    bool is_absent_listed;
    uint8_t names; /* enum names */
    struct subrule_entry **hanging;
    uint32_t hanging_count, hanging_cap;
    char *path;
    /* of the event */
    uint64_t known;
    bool holds;
};

struct subrule_entry {
    struct pav_index_rule *rule;
    uint32_t access; /* which of its tests */
    uint32_t hangs_at;
    uint32_t count;
    struct test *tests[]; /* in order of their paths */
};

struct pav_index_rule {
    struct pav_index_rule *previous, *next;
    void *owner;
    uint64_t matched; /* the event that it matched last */
    uint32_t count;
    struct subrule_entry *entries[];
};

/* A key leads to tests; equal hashes hang together. */
struct slot {
    struct slot *next;
    struct test *test;
    const struct matcher *matcher;
    uint8_t kind;
};

struct bucket {
    uint64_t hash;
    struct slot *slots; /* NULL: free */
};

struct watch {
    struct node *node; /* NULL: free */
    uint64_t seen;
    struct pav_bytes value;
};

struct pav_index {
    struct node root;
    uint64_t next_seed;
    struct bucket *buckets;
    uint64_t bucket_count, buckets_used;
    uint64_t *filter;      /* a bit for each hash that is, or was, in use */
    uint64_t filter_stale; /* hashes that went since it was made */
    struct test **registry;
    uint64_t registry_len, test_count;
    struct test **absent; /* that something hangs on */
    uint32_t absent_count, absent_cap;
    struct pav_index_rule *rules;
    uint64_t rule_count, node_count, bytes;
    struct watch *watches;
    uint32_t watch_count;
    uint32_t random;
    struct near_memory *near; /* NULL: nobody asked yet */
    /* of the event */
    uint64_t event;
    struct pav_arena *arena;
    struct test **holding; /* with something hanging on them */
    uint32_t holding_count, holding_cap;
    void **owners;
    uint32_t owner_count, owner_cap;
};

/* index_near.c: the rules change. */
void near_forget(struct pav_index *ix);

/* index_base.c */
uint64_t node_name_hash(const char *name, uint32_t len);
struct node *node_child(const struct node *n, const char *name, uint32_t len);
bool list_accepts(const struct test *t, const struct pav_doc *v);
/* Does some field of its path fulfil it? */
bool test_fulfilled(struct pav_index *ix, struct test *t);
/* Of the event at hand: what hangs on the test is looked at. */
void test_holds_now(struct pav_index *ix, struct test *t);
/* Room for one more in a list, counted among the index's bytes. */
void *index_grow(struct pav_index *ix, void *v, uint32_t count, uint32_t *cap,
                 size_t size);

/* index_values.c */
void values_add(struct pav_index *ix, struct test *t);
void values_remove(struct pav_index *ix, struct test *t);
/* Marks the tests at the node that the value fulfils. */
void values_find(struct pav_index *ix, struct node *n, const struct pav_doc *v);
void values_free(struct values *v);

/* index_walk.c: the event's text, into fields and values_find(). */
void
index_walk(struct pav_index *ix, const char *text, size_t len, bool simple);

#endif
