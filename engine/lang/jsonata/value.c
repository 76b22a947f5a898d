/* Values: arrays, objects, equality, from and to documents. */
#include "value.h"

#include <math.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"

const struct value nothing = {.kind = V_NOTHING};

struct value
value_of_doc(const struct pav_doc *d)
{
    static const uint8_t kinds[] = {
        [PAV_NULL] = V_NULL,         [PAV_FALSE] = V_FALSE,
        [PAV_TRUE] = V_TRUE,         [PAV_NUMBER] = V_DOC_NUMBER,
        [PAV_STRING] = V_STRING,     [PAV_ARRAY] = V_DOC_ARRAY,
        [PAV_OBJECT] = V_DOC_OBJECT,
    };
    struct value v = {.kind = kinds[d->kind]};

    if (v.kind == V_STRING)
        return value_string(d->text, d->len);
    v.doc = d;
    return v;
}

double
double_of(struct value v)
{
    return v.kind == V_NUMBER ? v.number : pav_doc_double(v.doc);
}

/* ---- arrays ---- */

uint32_t
array_len(struct value v)
{
    return v.kind == V_LIST ? v.list->count : v.doc->len;
}

struct value
array_at(struct value v, uint32_t i)
{
    return v.kind == V_LIST ? v.list->items[i] : value_of_doc(&v.doc->items[i]);
}

struct list *
list_new(struct pav_arena *a, uint32_t cap)
{
    struct list *l = pav_arena_zalloc(a, sizeof(*l));

    list_reserve(a, l, cap);
    return l;
}

struct list *
sequence_new(struct pav_arena *a)
{
    struct list *l = pav_arena_zalloc(a, sizeof(*l));

    l->sequence = true;
    return l;
}

void
list_reserve(struct pav_arena *a, struct list *l, uint32_t more)
{
    struct value *items;
    uint32_t cap = l->cap == 0 ? 4 : l->cap * 2;

    if (l->cap - l->count >= more)
        return;
    if (cap < l->count + more)
        cap = l->count + more;
    items = pav_arena_alloc(a, cap * sizeof(*items));
    if (l->count > 0)
        memcpy(items, l->items, l->count * sizeof(*items));
    l->items = items;
    l->cap = cap;
}

void
list_push(struct pav_arena *a, struct list *l, struct value v)
{
    if (l->count == l->cap)
        list_reserve(a, l, 1);
    l->items[l->count++] = v;
}

void
list_push_all(struct pav_arena *a, struct list *l, struct value v)
{
    uint32_t i, n;

    if (!is_array(v)) {
        list_push(a, l, v);
        return;
    }
    n = array_len(v);
    list_reserve(a, l, n);
    if (v.kind == V_LIST && n > 0) {
        memcpy(l->items + l->count, v.list->items, n * sizeof(v));
        l->count += n;
        return;
    }
    for (i = 0; i < n; i++)
        l->items[l->count++] = array_at(v, i);
}

/* ---- objects ---- */

#define SMALL 8 /* members that are searched one by one */

struct map *
map_new(struct pav_arena *a)
{
    return pav_arena_zalloc(a, sizeof(struct map));
}

static uint32_t
key_hash(const char *key, uint32_t len)
{
    return (uint32_t)pav_hash64(key, len, 0);
}

static void
index_add(struct map *m, uint32_t place)
{
    uint32_t i = m->v[place].hash & (m->index_len - 1);

    while (m->index[i] != 0)
        i = (i + 1) & (m->index_len - 1);
    m->index[i] = place + 1;
}

static void
index_build(struct pav_arena *a, struct map *m, uint32_t len)
{
    uint32_t i;

    m->index = pav_arena_zalloc(a, len * sizeof(*m->index));
    m->index_len = len;
    for (i = 0; i < m->count; i++)
        index_add(m, i);
}

static bool
entry_is(const struct entry *e, const char *key, uint32_t len)
{
    return e->len == len && memcmp(e->key, key, len) == 0;
}

static struct entry *
find_hashed(const struct map *m, const char *key, uint32_t len, uint32_t hash)
{
    uint32_t i;

    for (i = 0; m->index == NULL && i < m->count; i++)
        if (entry_is(&m->v[i], key, len))
            return &m->v[i];
    if (m->index == NULL)
        return NULL;
    for (i = hash & (m->index_len - 1); m->index[i] != 0;
         i = (i + 1) & (m->index_len - 1)) {
        struct entry *e = &m->v[m->index[i] - 1];

        if (e->hash == hash && entry_is(e, key, len))
            return e;
    }
    return NULL;
}

struct entry *
map_find(const struct map *m, const char *key, uint32_t len)
{
    return find_hashed(m, key, len, m->index == NULL ? 0 : key_hash(key, len));
}

void
map_put(struct pav_arena *a, struct map *m, const char *key, uint32_t len,
        struct value v)
{
    uint32_t hash = key_hash(key, len);
    struct entry *e = find_hashed(m, key, len, hash);

    if (e != NULL) {
        e->value = v;
        return;
    }
    if (m->count == m->cap) {
        uint32_t cap = m->cap == 0 ? 4 : m->cap * 2;
        struct entry *grown = pav_arena_alloc(a, cap * sizeof(*grown));

        if (m->count > 0)
            memcpy(grown, m->v, m->count * sizeof(*grown));
        m->v = grown;
        m->cap = cap;
    }
    m->v[m->count].key = key;
    m->v[m->count].len = len;
    m->v[m->count].hash = hash;
    m->v[m->count++].value = v;
    if (m->count > SMALL && m->count * 2 > m->index_len)
        index_build(a, m, m->cap * 4);
    else if (m->index != NULL)
        index_add(m, m->count - 1);
}

void
map_remove(struct map *m, const char *key, uint32_t len)
{
    struct entry *e = map_find(m, key, len);
    uint32_t place, i;

    if (e == NULL)
        return;
    place = (uint32_t)(e - m->v);
    memmove(e, e + 1, (m->count - place - 1) * sizeof(*e));
    m->count--;
    if (m->index == NULL)
        return;
    memset(m->index, 0, m->index_len * sizeof(*m->index));
    for (i = 0; i < m->count; i++)
        index_add(m, i);
}

uint32_t
object_len(struct value v)
{
    return v.kind == V_MAP ? v.map->count : v.doc->len;
}

struct entry
object_at(struct value v, uint32_t i)
{
    const struct pav_member *m;

    if (v.kind == V_MAP)
        return v.map->v[i];
    m = &v.doc->members[i];
    return (struct entry){
        .key = m->key, .len = m->len, .value = value_of_doc(&m->value)};
}

struct value
object_get(struct value v, const char *key, uint32_t len)
{
    const struct pav_doc *d;
    const struct entry *e;

    if (v.kind == V_DOC_OBJECT) {
        d = pav_doc_getn(v.doc, key, len);
        return d == NULL ? nothing : value_of_doc(d);
    }
    e = map_find(v.map, key, len);
    return e == NULL ? nothing : e->value;
}

/* ---- equality ---- */

/* One of those that are left, for a value, or for 64 bytes. */
static bool
take(uint64_t *left, uint64_t bytes)
{
    uint64_t n = 1 + bytes / 64;

    *left = *left < n ? 0 : *left - n;
    return *left > 0;
}

static bool
equal_at(struct value x, struct value y, unsigned depth, uint64_t *left);

static bool
arrays_equal(struct value x, struct value y, unsigned depth, uint64_t *left)
{
    uint32_t i, n = array_len(x);

    if (n != array_len(y))
        return false;
    for (i = 0; i < n; i++)
        if (!equal_at(array_at(x, i), array_at(y, i), depth, left))
            return false;
    return true;
}

static bool
objects_equal(struct value x, struct value y, unsigned depth, uint64_t *left)
{
    uint32_t i, n = object_len(x);

    if (n != object_len(y))
        return false;
    for (i = 0; i < n; i++) {
        struct entry e = object_at(x, i);
        struct value other = object_get(y, e.key, e.len);

        if (other.kind == V_NOTHING || !equal_at(e.value, other, depth, left))
            return false;
    }
    return true;
}

static bool
equal_at(struct value x, struct value y, unsigned depth, uint64_t *left)
{
    if (depth > PAV_DEPTH_MAX)
        return false;
    if (is_number(x) && is_number(y)) {
        if (x.kind == V_DOC_NUMBER && y.kind == V_DOC_NUMBER)
            return pav_doc_number_cmp(x.doc, y.doc) == 0;
        return double_of(x) == double_of(y);
    }
    if (is_array(x) && is_array(y))
        return take(left, 8 * (uint64_t)array_len(x)) &&
               arrays_equal(x, y, depth + 1, left);
    if (is_object(x) && is_object(y))
        return take(left, 16 * (uint64_t)object_len(x)) &&
               objects_equal(x, y, depth + 1, left);
    if (x.kind != y.kind)
        return false;
    if (x.kind == V_STRING)
        return x.len == y.len && take(left, x.len) &&
               memcmp(x.text, y.text, x.len) == 0;
    return x.kind != V_FUNCTION || x.function == y.function;
}

bool
value_equal(struct value x, struct value y, uint64_t *left)
{
    return equal_at(x, y, 0, left);
}

static uint64_t
mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

static uint64_t
hash_at(struct value v, unsigned depth, uint64_t *left)
{
    uint64_t h = v.kind, sum = 0;
    double n;
    uint32_t i;

    if (depth > PAV_DEPTH_MAX || !take(left, v.kind == V_STRING ? v.len : 0))
        return 0;
    if (is_number(v)) {
        n = double_of(v);
        n = n == 0 ? 0 : n;
        memcpy(&h, &n, sizeof(h));
        return mix(1, h);
    }
    if (v.kind == V_STRING)
        return mix(2, key_hash(v.text, v.len));
    if (is_array(v)) {
        for (h = 3, i = 0; i < array_len(v); i++)
            h = mix(h, hash_at(array_at(v, i), depth + 1, left));
        return h;
    }
    if (is_object(v)) { /* the order does not count */
        for (i = 0; i < object_len(v); i++) {
            struct entry e = object_at(v, i);

            sum +=
                mix(key_hash(e.key, e.len), hash_at(e.value, depth + 1, left));
        }
        return mix(4, sum);
    }
    return mix(5, h);
}

uint64_t
value_hash(struct value v, uint64_t *left)
{
    return hash_at(v, 0, left);
}

#define STRIDE 256 /* bytes that are compared at once */

int
text_compare(struct value x, struct value y)
{
    uint32_t n = x.len < y.len ? x.len : y.len, i = 0;
    unsigned char a, b;

    while (i + STRIDE <= n && memcmp(x.text + i, y.text + i, STRIDE) == 0)
        i += STRIDE;
    while (i < n && x.text[i] == y.text[i])
        i++;
    if (i == n)
        return x.len < y.len ? -1 : x.len > y.len;
    a = (unsigned char)x.text[i];
    b = (unsigned char)y.text[i];
    /* characters of two units sort before U+E000 to U+FFFF */
    if ((a >= 0xF0) != (b >= 0xF0) && a >= 0xEE && b >= 0xEE)
        return a >= 0xF0 ? -1 : 1;
    return a < b ? -1 : 1;
}

uint32_t
text_point_before(struct value text, uint32_t *at)
{
    size_t len;

    while (*at > 0 && ((unsigned char)text.text[--*at] & 0xC0) == 0x80)
        ;
    return pav_utf8_get(text.text + *at, &len);
}

/* ---- to documents ---- */

/* Does it look as it would when it was printed?  Most do. */
static bool
is_shortest(const struct pav_doc *d)
{
    const char *p = d->text, *end = p + d->len, *point;

    if (p < end && *p == '-')
        p++;
    if (end - p > 15 || memchr(p, 'e', (size_t)(end - p)) != NULL ||
        memchr(p, 'E', (size_t)(end - p)) != NULL)
        return false;
    point = memchr(p, '.', (size_t)(end - p));
    if (point == NULL)
        return *p != '0' || p == d->text; /* not -0 */
    return end[-1] != '0' &&
           (*p != '0' || end - point < 5 || memcmp(point, ".0000", 5) != 0);
}

/* The number as Step Functions prints it: whole ones of 64 bits exactly, others
 * in the shortest form.  NULL: it is so already. */
static const struct pav_doc *
number_rewritten(struct pav_arena *a, const struct pav_doc *d)
{
    int64_t whole;
    double n;

    if (is_shortest(d))
        return NULL;
    if (pav_doc_int(d, &whole))
        return pav_doc_new_int(a, whole);
    n = pav_doc_double(d);
    if (isinf(n))
        return pav_doc_new_cstr(a, n > 0 ? "Infinity" : "-Infinity");
    return pav_doc_new_double(a, n);
}

/* The document with its numbers rewritten; NULL: none had to be. */
static const struct pav_doc *
doc_rewritten(struct pav_arena *a, const struct pav_doc *d)
{
    const struct pav_doc *changed = NULL, *part;
    struct pav_members members;
    struct pav_items items;
    uint32_t i, j;

    if (d->kind == PAV_NUMBER)
        return number_rewritten(a, d);
    if (d->kind != PAV_ARRAY && d->kind != PAV_OBJECT)
        return NULL;
    for (i = 0; i < d->len && changed == NULL; i++)
        changed = doc_rewritten(a, d->kind == PAV_ARRAY ? &d->items[i]
                                                        : &d->members[i].value);
    if (changed == NULL)
        return NULL;
    pav_items_init(&items, a);
    pav_members_init(&members, a);
    for (j = 0; j < d->len; j++) {
        const struct pav_doc *old =
            d->kind == PAV_ARRAY ? &d->items[j] : &d->members[j].value;

        part =
            j < i - 1 ? NULL : (j == i - 1 ? changed : doc_rewritten(a, old));
        if (part == NULL)
            part = old;
        if (d->kind == PAV_ARRAY)
            pav_items_add(&items, part);
        else
            pav_members_add(&members, d->members[j].key, d->members[j].len,
                            part);
    }
    return d->kind == PAV_ARRAY ? pav_items_array(&items)
                                : pav_members_object(&members);
}

/* Of the bytes that are left. */
static bool
take_room(size_t *room, size_t bytes)
{
    *room = *room < bytes ? 0 : *room - bytes;
    return *room > 0;
}

static bool
has_room(size_t *room, struct value v)
{
    return take_room(room,
                     sizeof(struct pav_doc) + (v.kind == V_STRING ? v.len : 0));
}

static bool
doc_fits(const struct pav_doc *d, size_t *room)
{
    bool plain = d->kind != PAV_ARRAY && d->kind != PAV_OBJECT;
    uint32_t i;

    if (!take_room(room, sizeof(*d) + (plain ? d->len : 0)))
        return false;
    for (i = 0; !plain && i < d->len; i++)
        if (!doc_fits(d->kind == PAV_ARRAY ? &d->items[i]
                                           : &d->members[i].value,
                      room))
            return false;
    return true;
}

static const struct pav_doc *
doc_at_depth(struct pav_arena *a, struct value v, unsigned depth, size_t *room);

static const struct pav_doc *
list_doc(struct pav_arena *a, const struct list *l, unsigned depth,
         size_t *room)
{
    struct pav_items items;
    uint32_t i;

    if (!take_room(room, l->count * sizeof(struct pav_doc)))
        return NULL;
    pav_items_init(&items, a);
    pav_items_reserve(&items, l->count);
    for (i = 0; i < l->count; i++) {
        const struct pav_doc *d = doc_at_depth(a, l->items[i], depth + 1, room);

        if (d == NULL)
            return NULL;
        pav_items_add(&items, d);
    }
    return pav_items_array(&items);
}

static const struct pav_doc *
map_doc(struct pav_arena *a, const struct map *m, unsigned depth, size_t *room)
{
    struct pav_members members;
    uint32_t i;

    if (!take_room(room, m->count * sizeof(struct pav_member)))
        return NULL;
    pav_members_init(&members, a);
    pav_members_reserve(&members, m->count);
    for (i = 0; i < m->count; i++) {
        const struct pav_doc *d;

        if (m->v[i].value.kind == V_NOTHING)
            continue;
        d = doc_at_depth(a, m->v[i].value, depth + 1, room);
        if (d == NULL)
            return NULL;
        pav_members_add(&members, m->v[i].key, m->v[i].len, d);
    }
    return pav_members_object(&members);
}

static const struct pav_doc *
doc_at_depth(struct pav_arena *a, struct value v, unsigned depth, size_t *room)
{
    const struct pav_doc *d;

    if (depth > PAV_DEPTH_MAX || !has_room(room, v))
        return NULL;
    switch ((enum value_kind)v.kind) {
    case V_NULL:
    case V_NOTHING: /* in an array */
        return &pav_doc_null;
    case V_FALSE:
    case V_TRUE:
        return pav_doc_new_bool(v.kind == V_TRUE);
    case V_NUMBER:
        if (isnan(v.number))
            return pav_doc_new_cstr(a, "NaN");
        if (isinf(v.number))
            return pav_doc_new_cstr(a, v.number > 0 ? "Infinity" : "-Infinity");
        return pav_doc_new_double(a, v.number);
    case V_DOC_NUMBER:
    case V_DOC_ARRAY:
    case V_DOC_OBJECT:
        if (!doc_fits(v.doc, room))
            return NULL;
        d = doc_rewritten(a, v.doc);
        return d == NULL ? v.doc : d;
    case V_STRING:
        return pav_doc_new_str(a, v.text, v.len);
    case V_LIST:
        return list_doc(a, v.list, depth, room);
    case V_MAP:
        return map_doc(a, v.map, depth, room);
    case V_FUNCTION:
    case V_TUPLE:
        break;
    }
    return NULL;
}

const struct pav_doc *
doc_of_value(struct pav_arena *a, struct value v, size_t *room)
{
    return doc_at_depth(a, v, 0, room);
}
