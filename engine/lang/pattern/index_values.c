/*
 * The index: from a value to the tests that it fulfils.
 *
 * One hash table has the keys of all paths: a whole value, its beginnings and
 * ends of the lengths that keys have, those in lower case, an address, or a few
 * bytes inside it.  What is found by a key is asked again in full, so a key
 * need only be necessary.  Numbers in ranges are found in a treap.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "index_int.h"

/* ---- hashes ---- */

#define MULTIPLIER 0x9E3779B97F4A7C15u

static uint64_t
roll(uint64_t h, unsigned char c)
{
    return (h ^ c) * 0x100000001B3u;
}

static uint64_t
mixed(uint64_t h, enum key_kind kind, const struct node *n)
{
    h = (h ^ n->seed ^ ((uint64_t)kind << 56)) * MULTIPLIER;
    return h ^ (h >> 29);
}

/* Of a value as a whole: eight bytes at a time. */
static uint64_t
hash_whole(const char *p, size_t len)
{
    uint64_t h = len, x;

    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&x, p, 8);
        h = (h ^ x) * MULTIPLIER;
        h ^= h >> 32;
    }
    x = 0;
    memcpy(&x, p, len);
    h = (h ^ x) * MULTIPLIER;
    return h ^ (h >> 32);
}

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* From the beginning, or from the end backwards. */
static uint64_t
hash_rolled(const char *p, size_t len, bool backwards, bool lowered)
{
    uint64_t h = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        char c = backwards ? p[len - 1 - i] : p[i];

        h = roll(h, lowered ? lower(c) : (unsigned char)c);
    }
    return h;
}

/* ---- the table ---- */

static struct bucket *
bucket_of(const struct pav_index *ix, uint64_t hash)
{
    uint64_t i = hash & (ix->bucket_count - 1);

    while (ix->buckets[i].slots != NULL && ix->buckets[i].hash != hash)
        i = (i + 1) & (ix->bucket_count - 1);
    return &ix->buckets[i];
}

/* Four bits a bucket. */
static uint64_t
filter_bit(const struct pav_index *ix, uint64_t hash)
{
    return (hash >> 20) & (ix->bucket_count * 4 - 1);
}

static void
filter_set(struct pav_index *ix, uint64_t hash)
{
    uint64_t bit = filter_bit(ix, hash);

    ix->filter[bit / 64] |= (uint64_t)1 << bit % 64;
}

static void
filter_make(struct pav_index *ix)
{
    uint64_t i;

    free(ix->filter);
    ix->filter = pav_xcalloc(ix->bucket_count * 4 / 64, sizeof(*ix->filter));
    ix->filter_stale = 0;
    for (i = 0; i < ix->bucket_count; i++)
        if (ix->buckets[i].slots != NULL)
            filter_set(ix, ix->buckets[i].hash);
}

static void
table_grow(struct pav_index *ix)
{
    struct bucket *old = ix->buckets;
    uint64_t i, count = ix->bucket_count;

    ix->bucket_count = count == 0 ? 64 : count * 2;
    ix->buckets = pav_xcalloc(ix->bucket_count, sizeof(*ix->buckets));
    ix->bytes += (ix->bucket_count - count) * sizeof(*ix->buckets);
    ix->bytes += (ix->bucket_count - count) / 2; /* the filter */
    for (i = 0; i < count; i++)
        if (old[i].slots != NULL)
            *bucket_of(ix, old[i].hash) = old[i];
    free(old);
    filter_make(ix);
}

static void
table_add(struct pav_index *ix, uint64_t hash, enum key_kind kind,
          struct test *t, const struct matcher *m)
{
    struct slot *s = pav_xcalloc(1, sizeof(*s));
    struct bucket *b;

    if (ix->buckets_used * 2 >= ix->bucket_count)
        table_grow(ix);
    b = bucket_of(ix, hash);
    filter_set(ix, hash);
    ix->buckets_used += b->slots == NULL;
    s->next = b->slots;
    s->test = t;
    s->matcher = m;
    s->kind = (uint8_t)kind;
    b->hash = hash;
    b->slots = s;
    ix->bytes += sizeof(*s);
}

/* The free bucket is filled with what had to stand behind it. */
static void
bucket_free(struct pav_index *ix, struct bucket *b)
{
    uint64_t mask = ix->bucket_count - 1;
    uint64_t hole = (uint64_t)(b - ix->buckets), i = hole;

    ix->buckets_used--;
    for (;;) {
        uint64_t home;

        i = (i + 1) & mask;
        if (ix->buckets[i].slots == NULL)
            break;
        home = ix->buckets[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            ix->buckets[hole] = ix->buckets[i];
            hole = i;
        }
    }
    ix->buckets[hole].slots = NULL;
}

static void
table_remove(struct pav_index *ix, uint64_t hash, const struct matcher *m)
{
    struct bucket *b = bucket_of(ix, hash);
    struct slot **p, *s;

    for (p = &b->slots; (s = *p) != NULL; p = &s->next)
        if (s->matcher == m) {
            *p = s->next;
            free(s);
            ix->bytes -= sizeof(*s);
            break;
        }
    if (b->slots != NULL)
        return;
    bucket_free(ix, b);
    if (++ix->filter_stale > ix->bucket_count / 4)
        filter_make(ix);
}

static const struct slot *
slots_of(const struct pav_index *ix, uint64_t hash)
{
    uint64_t bit = filter_bit(ix, hash);

    if ((ix->filter[bit / 64] >> bit % 64 & 1) == 0)
        return NULL;
    return bucket_of(ix, hash)->slots;
}

static void
probe(struct pav_index *ix, uint64_t hash, const struct pav_doc *v)
{
    const struct slot *s;

    for (s = slots_of(ix, hash); s != NULL; s = s->next)
        if (s->test->known != ix->event && matcher_accepts(s->matcher, v))
            test_holds_now(ix, s->test);
}

/* ---- lengths ---- */

static void
length_add(struct lengths *l, uint32_t len)
{
    uint32_t i, j;

    for (i = 0; i < l->count && l->v[i].len < len; i++)
        ;
    if (i < l->count && l->v[i].len == len) {
        l->v[i].uses++;
        return;
    }
    if (l->count == l->cap) {
        l->cap = l->cap == 0 ? 2 : l->cap * 2;
        l->v = pav_xrealloc(l->v, l->cap * sizeof(*l->v));
    }
    for (j = l->count++; j > i; j--)
        l->v[j] = l->v[j - 1];
    l->v[i].len = len;
    l->v[i].uses = 1;
}

static void
length_remove(struct lengths *l, uint32_t len)
{
    uint32_t i;

    for (i = 0; i < l->count && l->v[i].len != len; i++)
        ;
    if (i == l->count || --l->v[i].uses > 0)
        return;
    for (l->count--; i < l->count; i++)
        l->v[i] = l->v[i + 1];
}

/* ---- ranges ---- */

static void
range_update(struct range *r)
{
    r->highest = r->high;
    if (r->left != NULL && r->left->highest > r->highest)
        r->highest = r->left->highest;
    if (r->right != NULL && r->right->highest > r->highest)
        r->highest = r->right->highest;
}

/* Those whose lower end is below `low` go left; equal ones go right. */
static void
range_split(struct range *r, double low, struct range **left,
            struct range **right)
{
    if (r == NULL) {
        *left = *right = NULL;
    } else if (r->low < low) {
        range_split(r->right, low, &r->right, right);
        range_update(r);
        *left = r;
    } else {
        range_split(r->left, low, left, &r->left);
        range_update(r);
        *right = r;
    }
}

static struct range *
range_join(struct range *left, struct range *right)
{
    if (left == NULL || right == NULL)
        return left == NULL ? right : left;
    if (left->priority > right->priority) {
        left->right = range_join(left->right, right);
        range_update(left);
        return left;
    }
    right->left = range_join(left, right->left);
    range_update(right);
    return right;
}

static void
range_add(struct pav_index *ix, struct values *values, struct test *t,
          const struct matcher *m)
{
    struct range *r = pav_xcalloc(1, sizeof(*r)), *left, *right;

    r->low = m->has_low ? m->low : -HUGE_VAL;
    r->high = m->has_high ? m->high : HUGE_VAL;
    r->highest = r->high;
    ix->random = ix->random * 1664525u + 1013904223u;
    r->priority = ix->random;
    r->test = t;
    r->matcher = m;
    range_split(values->ranges, r->low, &left, &right);
    values->ranges = range_join(range_join(left, r), right);
    ix->bytes += sizeof(*r);
}

static bool
range_remove(struct range **p, double low, const struct matcher *m)
{
    struct range *r = *p;
    bool removed;

    if (r == NULL)
        return false;
    if (r->matcher == m) {
        *p = range_join(r->left, r->right);
        free(r);
        return true;
    }
    /* Equal lower ends may be on both sides. */
    removed = (low <= r->low && range_remove(&r->left, low, m)) ||
              (low >= r->low && range_remove(&r->right, low, m));
    range_update(r);
    return removed;
}

/* A number in hand: whether it compares at all is asked when it counts. */
struct number {
    const struct pav_doc *v;
    double value;
    bool sure, comparable;
};

static bool
is_comparable(struct number *n)
{
    double ignored;

    if (!n->sure) {
        n->sure = true;
        n->comparable = number_comparable(n->v, &ignored);
    }
    return n->comparable;
}

static void
range_find(struct pav_index *ix, const struct range *r, struct number *n)
{
    while (r != NULL && r->highest >= n->value) {
        range_find(ix, r->left, n);
        if (r->low > n->value)
            return;
        if (r->test->known != ix->event &&
            number_in_range(r->matcher, n->value) && is_comparable(n))
            test_holds_now(ix, r->test);
        r = r->right;
    }
}

static void
range_free(struct range *r)
{
    if (r == NULL)
        return;
    range_free(r->left);
    range_free(r->right);
    free(r);
}

/* ---- keys of a test ---- */

struct key {
    enum key_kind kind;
    uint64_t hash;
    uint32_t len;
};

static uint32_t
ascii_head(const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; i < d->len && (unsigned char)d->text[i] < 0x80; i++)
        ;
    return i;
}

static uint32_t
ascii_tail(const struct pav_doc *d)
{
    uint32_t i;

    for (i = d->len; i > 0 && (unsigned char)d->text[i - 1] < 0x80; i--)
        ;
    return d->len - i;
}

static struct key
key_rolled(enum key_kind kind, const char *p, size_t len)
{
    bool backwards = kind == KEY_SUFFIX || kind == KEY_LOWER_SUFFIX;
    bool lowered = kind == KEY_LOWER || kind == KEY_LOWER_PREFIX ||
                   kind == KEY_LOWER_SUFFIX;
    struct key k = {kind, hash_rolled(p, len, backwards, lowered),
                    (uint32_t)len};

    return k;
}

static uint64_t
gram_of(const char *p, uint32_t len)
{
    uint64_t x = 0;

    memcpy(&x, p, len);
    return x * MULTIPLIER ^ len;
}

/*
 * The longest piece tells most.  Inside, its bytes that fewest tests have are
 * not known: the middle of a word is as good as any.
 */
static struct key
key_of_wildcard(const struct wildcard *w)
{
    const struct pav_bytes *first = &w->pieces[0];
    const struct pav_bytes *last = &w->pieces[w->count - 1], *inner = NULL;
    struct key k = {KEY_GRAM, 0, 0};
    uint32_t i;

    if (w->count == 1) {
        k.kind = KEY_EXACT;
        k.hash = hash_whole(first->p, first->len);
        return k;
    }
    for (i = 1; i + 1 < w->count; i++)
        if (inner == NULL || w->pieces[i].len > inner->len)
            inner = &w->pieces[i];
    if (inner != NULL && inner->len > GRAM_MAX && inner->len > first->len &&
        inner->len > last->len) {
        k.len = GRAM_MAX;
        k.hash = gram_of(inner->p + (inner->len - GRAM_MAX) / 2, k.len);
        return k;
    }
    if (first->len >= last->len && first->len > 0)
        return key_rolled(KEY_PREFIX, first->p, first->len);
    if (last->len > 0)
        return key_rolled(KEY_SUFFIX, last->p, last->len);
    if (inner == NULL) /* "*": every text begins with nothing */
        return key_rolled(KEY_PREFIX, "", 0);
    k.len = inner->len > GRAM_MAX ? GRAM_MAX : (uint32_t)inner->len;
    k.hash = gram_of(inner->p, k.len);
    return k;
}

static uint64_t
hash_number(double x)
{
    uint64_t bits;

    if (x == 0)
        x = 0; /* -0 is 0 */
    memcpy(&bits, &x, sizeof(bits));
    return bits * MULTIPLIER;
}

/* How a matcher is found; 0: not by keys.  At most two. */
static unsigned
keys_of(const struct matcher *m, struct key out[2])
{
    const struct pav_doc *v = m->value;
    double x;

    memset(out, 0, 2 * sizeof(*out));
    switch (m->kind) {
    case MATCH_EXACT:
        if (v->kind == PAV_NUMBER) {
            out[0].kind = KEY_NUMBER_TEXT;
            out[0].hash = hash_whole(v->text, v->len);
            if (!number_comparable(v, &x))
                return 1;
            out[1].kind = KEY_NUMBER;
            out[1].hash = hash_number(x);
            return 2;
        }
        out[0].kind = v->kind == PAV_STRING ? KEY_EXACT : KEY_WORD;
        out[0].hash =
            v->kind == PAV_STRING ? hash_whole(v->text, v->len) : v->kind;
        return 1;
    case MATCH_ADDRESS:
        out[0].kind = KEY_ADDRESS;
        out[0].hash = hash_whole((const char *)m->address, 16);
        return 1;
    case MATCH_PREFIX:
        out[0] = key_rolled(KEY_PREFIX, v->text, v->len);
        return 1;
    case MATCH_SUFFIX:
        out[0] = key_rolled(KEY_SUFFIX, v->text, v->len);
        return 1;
    case MATCH_IGNORE_CASE:
        out[0] = ascii_head(v) == v->len
                     ? key_rolled(KEY_LOWER, v->text, v->len)
                     : key_rolled(KEY_LOWER_PREFIX, v->text, ascii_head(v));
        return 1;
    case MATCH_PREFIX_IGNORE_CASE:
        out[0] = key_rolled(KEY_LOWER_PREFIX, v->text, ascii_head(v));
        return 1;
    case MATCH_SUFFIX_IGNORE_CASE:
        out[0] = key_rolled(KEY_LOWER_SUFFIX, v->text + v->len - ascii_tail(v),
                            ascii_tail(v));
        return 1;
    case MATCH_WILDCARD:
        out[0] = key_of_wildcard(m->wildcard);
        return 1;
    case MATCH_NUMERIC:
        if (!m->has_low || !m->has_high || m->low != m->high)
            return 0;
        out[0].kind = KEY_NUMBER;
        out[0].hash = hash_number(m->low);
        return 1;
    case MATCH_CIDR:
        out[0].kind = KEY_CIDR;
        out[0].hash = hash_whole((const char *)m->address, 16);
        out[0].len = m->bits;
        return 1;
    case MATCH_EXISTS:
    case MATCH_ABSENT:
    case MATCH_NOT:
        return 0;
    }
    return 0;
}

/* ---- adding and removing ---- */

static bool
has_lengths(enum key_kind kind)
{
    return kind == KEY_PREFIX || kind == KEY_SUFFIX ||
           kind == KEY_LOWER_PREFIX || kind == KEY_LOWER_SUFFIX ||
           kind == KEY_GRAM || kind == KEY_CIDR;
}

static void
always_add(struct pav_index *ix, struct values *values, struct test *t,
           const struct matcher *m)
{
    values->always = index_grow(ix, values->always, values->always_count,
                                &values->always_cap, sizeof(*values->always));
    values->always[values->always_count].test = t;
    values->always[values->always_count++].matcher = m;
}

static void
always_remove(struct values *values, const struct matcher *m)
{
    uint32_t i;

    for (i = 0; i < values->always_count; i++)
        if (values->always[i].matcher == m) {
            values->always[i] = values->always[--values->always_count];
            return;
        }
}

void
values_add(struct pav_index *ix, struct test *t)
{
    struct node *n = t->node;
    uint32_t i, j;

    if (n->values == NULL) {
        n->values = pav_xcalloc(1, sizeof(*n->values));
        ix->bytes += sizeof(*n->values);
    }
    for (i = 0; i < t->count; i++) {
        const struct matcher *m = &t->matchers[i];
        struct key keys[2];
        unsigned count = keys_of(m, keys);

        for (j = 0; j < count; j++) {
            table_add(ix, mixed(keys[j].hash, keys[j].kind, n), keys[j].kind, t,
                      m);
            n->values->counts[keys[j].kind]++;
            if (has_lengths(keys[j].kind))
                length_add(&n->values->lengths[keys[j].kind], keys[j].len);
        }
        if (count == 0 && m->kind == MATCH_NUMERIC)
            range_add(ix, n->values, t, m);
        else if (count == 0 && m->kind != MATCH_ABSENT)
            always_add(ix, n->values, t, m);
    }
}

void
values_remove(struct pav_index *ix, struct test *t)
{
    struct node *n = t->node;
    uint32_t i, j;

    for (i = 0; i < t->count; i++) {
        const struct matcher *m = &t->matchers[i];
        struct key keys[2];
        unsigned count = keys_of(m, keys);

        for (j = 0; j < count; j++) {
            table_remove(ix, mixed(keys[j].hash, keys[j].kind, n), m);
            n->values->counts[keys[j].kind]--;
            if (has_lengths(keys[j].kind))
                length_remove(&n->values->lengths[keys[j].kind], keys[j].len);
        }
        if (count == 0 && m->kind == MATCH_NUMERIC) {
            if (range_remove(&n->values->ranges,
                             m->has_low ? m->low : -HUGE_VAL, m))
                ix->bytes -= sizeof(struct range);
        } else if (count == 0 && m->kind != MATCH_ABSENT) {
            always_remove(n->values, m);
        }
    }
}

void
values_free(struct values *v)
{
    int i;

    if (v == NULL)
        return;
    for (i = 0; i < KEY_KINDS; i++)
        free(v->lengths[i].v);
    range_free(v->ranges);
    free(v->always);
    free(v);
}

/* ---- finding ---- */

/* Beginnings or ends of the value, of each length that keys have. */
static void
find_rolled(struct pav_index *ix, const struct node *n, const struct pav_doc *v,
            enum key_kind kind)
{
    const struct lengths *l = &n->values->lengths[kind];
    bool backwards = kind == KEY_SUFFIX || kind == KEY_LOWER_SUFFIX;
    bool lowered = kind == KEY_LOWER_PREFIX || kind == KEY_LOWER_SUFFIX;
    uint32_t i, at = 0;
    uint64_t h = 0;

    for (i = 0; i < l->count && l->v[i].len <= v->len; i++) {
        for (; at < l->v[i].len; at++) {
            char c = backwards ? v->text[v->len - 1 - at] : v->text[at];

            h = roll(h, lowered ? lower(c) : (unsigned char)c);
        }
        probe(ix, mixed(h, kind, n), v);
    }
}

static void
find_grams(struct pav_index *ix, const struct node *n, const struct pav_doc *v)
{
    const struct lengths *l = &n->values->lengths[KEY_GRAM];
    uint32_t i, at;

    for (i = 0; i < l->count; i++)
        for (at = 0; at + l->v[i].len <= v->len; at++)
            probe(ix, mixed(gram_of(v->text + at, l->v[i].len), KEY_GRAM, n),
                  v);
}

static void
find_address(struct pav_index *ix, const struct node *n,
             const struct pav_doc *v)
{
    const struct lengths *l = &n->values->lengths[KEY_CIDR];
    uint8_t address[16], masked[16];
    uint32_t i;

    if (!address_of(v, address))
        return;
    if (n->values->counts[KEY_ADDRESS] > 0)
        probe(ix, mixed(hash_whole((const char *)address, 16), KEY_ADDRESS, n),
              v);
    for (i = 0; i < l->count; i++) {
        memcpy(masked, address, sizeof(masked));
        address_mask(masked, l->v[i].len);
        probe(ix, mixed(hash_whole((const char *)masked, 16), KEY_CIDR, n), v);
    }
}

static void
find_text(struct pav_index *ix, const struct node *n, const struct pav_doc *v)
{
    const uint32_t *counts = n->values->counts;

    if (counts[KEY_EXACT] > 0)
        probe(ix, mixed(hash_whole(v->text, v->len), KEY_EXACT, n), v);
    if (counts[KEY_PREFIX] > 0)
        find_rolled(ix, n, v, KEY_PREFIX);
    if (counts[KEY_SUFFIX] > 0)
        find_rolled(ix, n, v, KEY_SUFFIX);
    if (counts[KEY_LOWER] > 0)
        probe(ix,
              mixed(hash_rolled(v->text, v->len, false, true), KEY_LOWER, n),
              v);
    if (counts[KEY_LOWER_PREFIX] > 0)
        find_rolled(ix, n, v, KEY_LOWER_PREFIX);
    if (counts[KEY_LOWER_SUFFIX] > 0)
        find_rolled(ix, n, v, KEY_LOWER_SUFFIX);
    if (counts[KEY_GRAM] > 0)
        find_grams(ix, n, v);
    if (counts[KEY_ADDRESS] + counts[KEY_CIDR] > 0)
        find_address(ix, n, v);
}

static void
find_number(struct pav_index *ix, const struct node *n, const struct pav_doc *v)
{
    const struct values *values = n->values;
    struct number x = {.v = v, .comparable = true};
    const struct slot *s;

    if (values->counts[KEY_NUMBER_TEXT] > 0)
        probe(ix, mixed(hash_whole(v->text, v->len), KEY_NUMBER_TEXT, n), v);
    if ((values->counts[KEY_NUMBER] == 0 && values->ranges == NULL) ||
        !number_value(v, &x.value, &x.sure))
        return;
    if (values->counts[KEY_NUMBER] > 0) {
        s = slots_of(ix, mixed(hash_number(x.value), KEY_NUMBER, n));
        for (; s != NULL && is_comparable(&x); s = s->next)
            if (s->test->known != ix->event && matcher_accepts(s->matcher, v))
                test_holds_now(ix, s->test);
    }
    range_find(ix, values->ranges, &x);
}

void
values_find(struct pav_index *ix, struct node *n, const struct pav_doc *v)
{
    const struct values *values = n->values;
    uint32_t i;

    if (v->kind == PAV_STRING)
        find_text(ix, n, v);
    else if (v->kind == PAV_NUMBER)
        find_number(ix, n, v);
    else if (values->counts[KEY_WORD] > 0)
        probe(ix, mixed(v->kind, KEY_WORD, n), v);
    for (i = 0; i < values->always_count; i++)
        if (values->always[i].test->known != ix->event &&
            matcher_accepts(values->always[i].matcher, v))
            test_holds_now(ix, values->always[i].test);
}
