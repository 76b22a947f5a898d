/* Documents: reading, comparing and making them.  See pavane/doc.h. */
#include "pavane/doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"
#include "doc_int.h"

const struct pav_doc pav_doc_null = {.kind = PAV_NULL};
const struct pav_doc pav_doc_true = {.kind = PAV_TRUE};
const struct pav_doc pav_doc_false = {.kind = PAV_FALSE};
const struct pav_doc pav_doc_empty_object = {.kind = PAV_OBJECT};
const struct pav_doc pav_doc_empty_array = {.kind = PAV_ARRAY};

/* ---- lookups ---- */

static int
key_cmp(const char *x, uint32_t xlen, const char *y, uint32_t ylen)
{
    int c = memcmp(x, y, xlen < ylen ? xlen : ylen);

    if (c != 0)
        return c;
    return xlen < ylen ? -1 : xlen > ylen;
}

static int
by_key(const void *x, const void *y)
{
    const struct pav_member *const *a = x, *const *b = y;
    int c = key_cmp((*a)->key, (*a)->len, (*b)->key, (*b)->len);

    /* Equal keys keep their order, so that the last one can be found. */
    return c != 0 ? c : (*a < *b ? -1 : 1);
}

/* The sorted index of an object with `index` set lies behind its members. */
static const struct pav_member *const *
object_index(const struct pav_doc *d)
{
    return (const struct pav_member *const *)(const void *)(d->members +
                                                            d->len);
}

void
doc_index_build(struct pav_member *members, uint32_t count)
{
    const struct pav_member **index =
        (const struct pav_member **)(void *)(members + count);
    uint32_t i;

    for (i = 0; i < count; i++)
        index[i] = &members[i];
    qsort(index, count, sizeof(*index), by_key);
}

const struct pav_doc *
pav_doc_getn(const struct pav_doc *d, const char *key, size_t len)
{
    uint32_t i;

    if (d == NULL || d->kind != PAV_OBJECT)
        return NULL;
    if (d->index) {
        const struct pav_member *const *index = object_index(d);
        uint32_t low = 0, high = d->len;

        while (low < high) { /* the first entry behind the key */
            uint32_t mid = low + (high - low) / 2;

            if (key_cmp(index[mid]->key, index[mid]->len, key, (uint32_t)len) <=
                0)
                low = mid + 1;
            else
                high = mid;
        }
        if (low > 0 && index[low - 1]->len == len &&
            memcmp(index[low - 1]->key, key, len) == 0)
            return &index[low - 1]->value;
        return NULL;
    }
    for (i = d->len; i-- > 0;)
        if (d->members[i].len == len &&
            memcmp(d->members[i].key, key, len) == 0)
            return &d->members[i].value;
    return NULL;
}

const struct pav_doc *
pav_doc_get(const struct pav_doc *d, const char *key)
{
    return pav_doc_getn(d, key, strlen(key));
}

const struct pav_doc *
pav_doc_at(const struct pav_doc *d, uint32_t i)
{
    if (d == NULL || d->kind != PAV_ARRAY || i >= d->len)
        return NULL;
    return &d->items[i];
}

bool
pav_member_is(const struct pav_member *m, const char *key)
{
    return strlen(key) == m->len && memcmp(key, m->key, m->len) == 0;
}

bool
pav_member_in(const struct pav_member *m, const char *const *keys)
{
    for (; keys != NULL && *keys != NULL; keys++)
        if (pav_member_is(m, *keys))
            return true;
    return false;
}

bool
pav_doc_is_str(const struct pav_doc *d, const char *s)
{
    return d != NULL && d->kind == PAV_STRING && d->len == strlen(s) &&
           memcmp(d->text, s, d->len) == 0;
}

int64_t
pav_doc_member_int(const struct pav_doc *o, const char *key)
{
    const struct pav_doc *d = pav_doc_get(o, key);
    int64_t n = 0;

    if (d != NULL)
        (void)pav_doc_int(d, &n);
    return n;
}

const char *
pav_doc_member_str(struct pav_arena *a, const struct pav_doc *o,
                   const char *key)
{
    const struct pav_doc *d = pav_doc_get(o, key);

    return d == NULL || d->kind != PAV_STRING ? NULL : pav_doc_str(a, d);
}

const char *
pav_doc_str(struct pav_arena *a, const struct pav_doc *d)
{
    char *text, *p;

    if (d == NULL || d->kind != PAV_STRING)
        return NULL;
    text = pav_arena_strndup(a, d->text, d->len);
    for (p = text; (p = memchr(p, 0xED, d->len - (size_t)(p - text))); p++)
        if ((unsigned char)p[1] >= 0xA0)
            memcpy(p, "\xEF\xBF\xBD", 3);
    return text;
}

/* ---- numbers ---- */

double
pav_doc_double(const struct pav_doc *d)
{
    char text[64];
    char *copy = text;
    double value;

    if (d == NULL || d->kind != PAV_NUMBER)
        return 0;
    if (d->len >= sizeof(text))
        copy = pav_xmalloc(d->len + 1);
    memcpy(copy, d->text, d->len);
    copy[d->len] = '\0';
    value = strtod(copy, NULL);
    if (copy != text)
        free(copy);
    return value;
}

static bool
plain_int(const struct pav_doc *d, int64_t *out)
{
    uint32_t i = 0;
    bool minus = d->text[0] == '-';
    uint64_t value = 0;

    if (minus)
        i++;
    if (d->len - i > 19)
        return false;
    for (; i < d->len; i++) {
        if (d->text[i] < '0' || d->text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(d->text[i] - '0');
    }
    if (value > (uint64_t)INT64_MAX + (minus ? 1 : 0))
        return false;
    *out = minus ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

bool
pav_doc_int(const struct pav_doc *d, int64_t *out)
{
    double value;

    if (d == NULL || d->kind != PAV_NUMBER)
        return false;
    if (plain_int(d, out))
        return true;
    value = pav_doc_double(d);
    if (!(fabs(value) <= 9007199254740992.0) || value != floor(value))
        return false;
    *out = (int64_t)value;
    return true;
}

int
pav_doc_number_cmp(const struct pav_doc *x, const struct pav_doc *y)
{
    int64_t i, j;
    double a, b;

    if (plain_int(x, &i) && plain_int(y, &j))
        return i < j ? -1 : i > j;
    a = pav_doc_double(x);
    b = pav_doc_double(y);
    return a < b ? -1 : a > b;
}

/* ---- equality ---- */

static bool
objects_equal(const struct pav_doc *x, const struct pav_doc *y)
{
    uint32_t i;

    for (i = 0; i < x->len; i++) {
        const struct pav_member *m = &x->members[i];
        const struct pav_doc *other = pav_doc_getn(y, m->key, m->len);

        if (other == NULL || !pav_doc_equal(&m->value, other))
            return false;
    }
    return true;
}

bool
pav_doc_equal(const struct pav_doc *x, const struct pav_doc *y)
{
    uint32_t i;

    if (x == y)
        return true;
    if (x->kind != y->kind)
        return false;
    switch ((enum pav_kind)x->kind) {
    case PAV_NULL:
    case PAV_TRUE:
    case PAV_FALSE:
        return true;
    case PAV_NUMBER:
        return pav_doc_number_cmp(x, y) == 0;
    case PAV_STRING:
        return x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
    case PAV_ARRAY:
        if (x->len != y->len)
            return false;
        for (i = 0; i < x->len; i++)
            if (!pav_doc_equal(&x->items[i], &y->items[i]))
                return false;
        return true;
    case PAV_OBJECT:
        return x->len == y->len && objects_equal(x, y);
    }
    return false;
}

uint64_t
pav_doc_hash(const struct pav_doc *d)
{
    uint64_t h = d->kind;
    double n;
    uint32_t i;

    switch ((enum pav_kind)d->kind) {
    case PAV_NULL:
    case PAV_TRUE:
    case PAV_FALSE:
        break;
    case PAV_NUMBER:
        n = pav_doc_double(d) + 0.0; /* -0 is 0 */
        return pav_hash64(&n, sizeof(n), h);
    case PAV_STRING:
        return pav_hash64(d->text, d->len, h);
    case PAV_ARRAY:
        for (i = 0; i < d->len; i++)
            h = h * 0x9E3779B97F4A7C15u + pav_doc_hash(&d->items[i]);
        break;
    case PAV_OBJECT: /* in any order */
        for (i = 0; i < d->len; i++)
            h += pav_hash64(d->members[i].key, d->members[i].len,
                            pav_doc_hash(&d->members[i].value));
        break;
    }
    return h;
}

/* ---- making ---- */

static struct pav_doc *
doc_new(struct pav_arena *a, enum pav_kind kind, const char *text, size_t len)
{
    struct pav_doc *d = pav_arena_zalloc(a, sizeof(*d));

    d->kind = (uint8_t)kind;
    d->len = (uint32_t)len;
    d->text = text;
    return d;
}

const struct pav_doc *
pav_doc_new_str(struct pav_arena *a, const char *s, size_t len)
{
    return doc_new(a, PAV_STRING, s, len);
}

const struct pav_doc *
pav_doc_new_cstr(struct pav_arena *a, const char *s)
{
    return doc_new(a, PAV_STRING, s, strlen(s));
}

const struct pav_doc *
pav_doc_new_int(struct pav_arena *a, int64_t n)
{
    char digits[PAV_INT_LEN];
    const char *p = pav_int_text(n, digits);
    size_t len = (size_t)(digits + PAV_INT_LEN - p);

    return doc_new(a, PAV_NUMBER, pav_arena_strndup(a, p, len), len);
}

const struct pav_doc *
pav_doc_new_double(struct pav_arena *a, double n)
{
    char text[PAV_DOUBLE_LEN];
    size_t len = pav_double_text(n, text);

    return doc_new(a, PAV_NUMBER, pav_arena_strndup(a, text, len), len);
}

const struct pav_doc *
pav_doc_new_bool(bool b)
{
    return b ? &pav_doc_true : &pav_doc_false;
}

void
pav_members_init(struct pav_members *m, struct pav_arena *a)
{
    memset(m, 0, sizeof(*m));
    m->arena = a;
}

void
pav_members_reserve(struct pav_members *m, uint32_t more)
{
    uint32_t cap = m->count + more;
    struct pav_member *v;

    if (cap <= m->cap)
        return;
    v = pav_arena_alloc(m->arena, cap * sizeof(*v));
    if (m->count > 0)
        memcpy(v, m->v, m->count * sizeof(*v));
    m->v = v;
    m->cap = cap;
}

void
pav_members_add(struct pav_members *m, const char *key, size_t len,
                const struct pav_doc *value)
{
    if (m->count == m->cap)
        pav_members_reserve(m, m->cap == 0 ? 8 : m->cap);
    m->v[m->count].key = key;
    m->v[m->count].len = (uint32_t)len;
    m->v[m->count].at = 0;
    m->v[m->count].value = *value;
    m->count++;
}

void
pav_members_put(struct pav_members *m, const char *key, size_t len,
                const struct pav_doc *value)
{
    uint32_t i;

    for (i = 0; i < m->count; i++) {
        if (m->v[i].len == len && memcmp(m->v[i].key, key, len) == 0) {
            m->v[i].value = *value;
            return;
        }
    }
    pav_members_add(m, key, len, value);
}

void
pav_members_puts(struct pav_members *m, const char *key,
                 const struct pav_doc *value)
{
    pav_members_put(m, key, strlen(key), value);
}

void
pav_members_str(struct pav_members *m, const char *key, const char *text)
{
    if (text != NULL)
        pav_members_puts(m, key, pav_doc_new_cstr(m->arena, text));
}

void
pav_members_int(struct pav_members *m, const char *key, int64_t n)
{
    pav_members_puts(m, key, pav_doc_new_int(m->arena, n));
}

void
pav_members_time(struct pav_members *m, const char *key, int64_t ms)
{
    char when[PAV_TIME_LEN];

    pav_members_str(m, key,
                    pav_arena_strdup(m->arena, pav_time_format(ms, when)));
}

void
pav_members_date(struct pav_members *m, const char *key, int64_t ms)
{
    const char *text = pav_arena_printf(
        m->arena, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));

    pav_members_puts(m, key, doc_new(m->arena, PAV_NUMBER, text, strlen(text)));
}

const struct pav_doc *
pav_members_object(struct pav_members *m)
{
    struct pav_doc *d = doc_new(m->arena, PAV_OBJECT, NULL, m->count);

    d->members = m->v;
    if (m->count > DOC_INDEX_FROM) {
        size_t bytes = m->count * (sizeof(struct pav_member) + sizeof(void *));
        struct pav_member *v = pav_arena_alloc(m->arena, bytes);

        memcpy(v, m->v, m->count * sizeof(*v));
        doc_index_build(v, m->count);
        d->members = v;
        d->index = 1;
    }
    return d;
}

void
pav_items_init(struct pav_items *it, struct pav_arena *a)
{
    memset(it, 0, sizeof(*it));
    it->arena = a;
}

void
pav_items_reserve(struct pav_items *it, uint32_t more)
{
    uint32_t cap = it->count + more;
    struct pav_doc *v;

    if (cap <= it->cap)
        return;
    v = pav_arena_alloc(it->arena, cap * sizeof(*v));
    if (it->count > 0)
        memcpy(v, it->v, it->count * sizeof(*v));
    it->v = v;
    it->cap = cap;
}

void
pav_items_add(struct pav_items *it, const struct pav_doc *value)
{
    if (it->count == it->cap)
        pav_items_reserve(it, it->cap == 0 ? 8 : it->cap);
    it->v[it->count++] = *value;
}

const struct pav_doc *
pav_items_array(struct pav_items *it)
{
    struct pav_doc *d = doc_new(it->arena, PAV_ARRAY, NULL, it->count);

    d->items = it->v;
    return d;
}

const struct pav_doc *
pav_doc_merge(struct pav_arena *a, const struct pav_doc *x,
              const struct pav_doc *y)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, a);
    for (i = 0; i < x->len; i++) {
        const struct pav_member *member = &x->members[i];
        const struct pav_doc *over = pav_doc_getn(y, member->key, member->len);

        pav_members_add(&m, member->key, member->len,
                        over == NULL ? &member->value : over);
    }
    for (i = 0; i < y->len; i++)
        if (pav_doc_getn(x, y->members[i].key, y->members[i].len) == NULL)
            pav_members_add(&m, y->members[i].key, y->members[i].len,
                            &y->members[i].value);
    return pav_members_object(&m);
}

/* ---- packed ---- */

/* Bytes of the children's nodes, which stand first, and of the texts. */
static void
pack_measure(const struct pav_doc *d, size_t *nodes, size_t *texts)
{
    uint32_t i;

    if (d->kind == PAV_STRING || d->kind == PAV_NUMBER) {
        *texts += d->len;
    } else if (d->kind == PAV_ARRAY) {
        *nodes += d->len * sizeof(*d->items);
        for (i = 0; i < d->len; i++)
            pack_measure(&d->items[i], nodes, texts);
    } else if (d->kind == PAV_OBJECT) {
        *nodes += d->len * sizeof(*d->members);
        for (i = 0; i < d->len; i++) {
            *texts += d->members[i].len;
            pack_measure(&d->members[i].value, nodes, texts);
        }
    }
}

struct packing {
    char *nodes, *texts; /* what is free of each */
};

static const char *
pack_text(struct packing *to, const char *text, uint32_t len)
{
    char *copy = to->texts;

    if (len > 0)
        memcpy(copy, text, len);
    to->texts += len;
    return copy;
}

static void
pack(struct packing *to, const struct pav_doc *d, struct pav_doc *out)
{
    struct pav_member *members;
    struct pav_doc *items;
    uint32_t i;

    *out = (struct pav_doc){.kind = d->kind, .len = d->len};
    if (d->kind == PAV_STRING || d->kind == PAV_NUMBER) {
        out->text = pack_text(to, d->text, d->len);
    } else if (d->kind == PAV_ARRAY) {
        out->items = items = (struct pav_doc *)(void *)to->nodes;
        to->nodes += d->len * sizeof(*items);
        for (i = 0; i < d->len; i++)
            pack(to, &d->items[i], &items[i]);
    } else if (d->kind == PAV_OBJECT) {
        out->members = members = (struct pav_member *)(void *)to->nodes;
        to->nodes += d->len * sizeof(*members);
        for (i = 0; i < d->len; i++) {
            members[i] = (struct pav_member){.len = d->members[i].len};
            members[i].key =
                pack_text(to, d->members[i].key, d->members[i].len);
            pack(to, &d->members[i].value, &members[i].value);
        }
    }
}

const struct pav_doc *
pav_doc_pack(const struct pav_doc *d, size_t max, size_t *len)
{
    size_t nodes = sizeof(*d), texts = 0;
    struct packing to;
    struct pav_doc *root;

    pack_measure(d, &nodes, &texts);
    *len = nodes + texts;
    if (*len > max)
        return NULL;
    root = pav_xmalloc(*len);
    to.nodes = (char *)(root + 1);
    to.texts = (char *)root + nodes;
    pack(&to, d, root);
    return root;
}

bool
pav_doc_holds_nul(const struct pav_doc *d)
{
    uint32_t i;
    bool found = false;

    if (d->kind == PAV_STRING)
        return memchr(d->text, 0, d->len) != NULL;
    if (d->kind == PAV_ARRAY)
        for (i = 0; i < d->len && !found; i++)
            found = pav_doc_holds_nul(&d->items[i]);
    if (d->kind == PAV_OBJECT)
        for (i = 0; i < d->len && !found; i++)
            found = memchr(d->members[i].key, 0, d->members[i].len) != NULL ||
                    pav_doc_holds_nul(&d->members[i].value);
    return found;
}
