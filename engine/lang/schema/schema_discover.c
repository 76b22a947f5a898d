/*
 * Discovery: the schema that describes what was seen.  See pavane/schema.h.
 *
 * Per place it is kept which kinds came, which members and how often, the items
 * of arrays together, and the first few texts, as long as they are few.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/schema.h"

#define MAX_MEMBERS 500 /* of one place; more are not told apart */
#define MAX_DEPTH   32
#define MAX_VALUES  8
#define VALUE_LEN   64
#define ENUM_FROM   20 /* texts, before few of them mean something */

struct seen {
    char *key;
    uint32_t key_len;
    uint64_t count; /* how often it came */
    uint64_t kinds[PAV_OBJECT + 1];
    uint64_t integers;
    struct seen **members;
    uint32_t member_count, member_cap;
    struct seen *items;
    char *values[MAX_VALUES];
    uint32_t value_count;
    bool many_values;
};

struct pav_discovery {
    struct seen root;
};

struct pav_discovery *
pav_discovery_new(void)
{
    return pav_xcalloc(1, sizeof(struct pav_discovery));
}

static struct seen *
member_of(struct seen *s, const char *key, uint32_t len)
{
    struct seen *m;
    uint32_t i;

    for (i = 0; i < s->member_count; i++)
        if (s->members[i]->key_len == len &&
            memcmp(s->members[i]->key, key, len) == 0)
            return s->members[i];
    if (s->member_count == MAX_MEMBERS)
        return NULL;
    if (s->member_count == s->member_cap) {
        s->member_cap = s->member_cap == 0 ? 8 : s->member_cap * 2;
        s->members =
            pav_xrealloc(s->members, s->member_cap * sizeof(*s->members));
    }
    m = pav_xcalloc(1, sizeof(*m));
    m->key = pav_xmalloc(len + 1);
    memcpy(m->key, key, len);
    m->key[len] = '\0';
    m->key_len = len;
    s->members[s->member_count++] = m;
    return m;
}

static void
see_text(struct seen *s, const struct pav_doc *v)
{
    uint32_t i;

    if (s->many_values)
        return;
    for (i = 0; i < s->value_count; i++)
        if (strlen(s->values[i]) == v->len &&
            memcmp(s->values[i], v->text, v->len) == 0)
            return;
    if (s->value_count == MAX_VALUES || v->len > VALUE_LEN ||
        memchr(v->text, 0, v->len) != NULL) {
        s->many_values = true;
        return;
    }
    s->values[s->value_count] = pav_xmalloc(v->len + 1);
    memcpy(s->values[s->value_count], v->text, v->len);
    s->values[s->value_count++][v->len] = '\0';
}

static void
see(struct seen *s, const struct pav_doc *v, unsigned depth)
{
    int64_t ignored;
    uint32_t i;

    s->count++;
    s->kinds[v->kind]++;
    if (v->kind == PAV_NUMBER)
        s->integers += pav_doc_int(v, &ignored);
    if (v->kind == PAV_STRING)
        see_text(s, v);
    if (depth == MAX_DEPTH)
        return;
    for (i = 0; v->kind == PAV_OBJECT && i < v->len; i++) {
        struct seen *m = member_of(s, v->members[i].key, v->members[i].len);

        if (m != NULL)
            see(m, &v->members[i].value, depth + 1);
    }
    if (v->kind == PAV_ARRAY && s->items == NULL)
        s->items = pav_xcalloc(1, sizeof(*s->items));
    for (i = 0; v->kind == PAV_ARRAY && i < v->len; i++)
        see(s->items, &v->items[i], depth + 1);
}

void
pav_discovery_add(struct pav_discovery *d, const struct pav_doc *v)
{
    see(&d->root, v, 0);
}

/* ---- the schema ---- */

static const struct pav_doc *
type_of(const struct seen *s, struct pav_arena *a)
{
    struct pav_items list;

    pav_items_init(&list, a);
    if (s->kinds[PAV_NULL] > 0)
        pav_items_add(&list, pav_doc_new_cstr(a, "null"));
    if (s->kinds[PAV_FALSE] + s->kinds[PAV_TRUE] > 0)
        pav_items_add(&list, pav_doc_new_cstr(a, "boolean"));
    if (s->kinds[PAV_NUMBER] > 0)
        pav_items_add(&list,
                      pav_doc_new_cstr(a, s->integers == s->kinds[PAV_NUMBER]
                                              ? "integer"
                                              : "number"));
    if (s->kinds[PAV_STRING] > 0)
        pav_items_add(&list, pav_doc_new_cstr(a, "string"));
    if (s->kinds[PAV_ARRAY] > 0)
        pav_items_add(&list, pav_doc_new_cstr(a, "array"));
    if (s->kinds[PAV_OBJECT] > 0)
        pav_items_add(&list, pav_doc_new_cstr(a, "object"));
    return list.count == 1 ? &list.v[0] : pav_items_array(&list);
}

/* Each came more than once: they are words, not names. */
static bool
has_words(const struct seen *s)
{
    return !s->many_values && s->kinds[PAV_STRING] == s->count &&
           s->count >= ENUM_FROM && s->value_count * 4 <= s->count;
}

static const struct pav_doc *
schema_of(const struct seen *s, struct pav_arena *a)
{
    struct pav_members m, properties;
    struct pav_items required, values;
    uint32_t i;

    pav_members_init(&m, a);
    if (s->count == 0)
        return pav_members_object(&m);
    pav_members_puts(&m, "type", type_of(s, a));
    if (s->kinds[PAV_OBJECT] > 0) {
        pav_members_init(&properties, a);
        pav_items_init(&required, a);
        for (i = 0; i < s->member_count; i++) {
            const struct seen *x = s->members[i];

            pav_members_add(&properties,
                            pav_arena_strndup(a, x->key, x->key_len),
                            x->key_len, schema_of(x, a));
            if (x->count == s->kinds[PAV_OBJECT])
                pav_items_add(
                    &required,
                    pav_doc_new_str(a, pav_arena_strndup(a, x->key, x->key_len),
                                    x->key_len));
        }
        pav_members_puts(&m, "properties", pav_members_object(&properties));
        if (required.count > 0)
            pav_members_puts(&m, "required", pav_items_array(&required));
    }
    if (s->items != NULL && s->items->count > 0)
        pav_members_puts(&m, "items", schema_of(s->items, a));
    if (has_words(s)) {
        pav_items_init(&values, a);
        for (i = 0; i < s->value_count; i++)
            pav_items_add(&values, pav_doc_new_cstr(
                                       a, pav_arena_strdup(a, s->values[i])));
        pav_members_puts(&m, "enum", pav_items_array(&values));
    }
    return pav_members_object(&m);
}

const struct pav_doc *
pav_discovery_schema(const struct pav_discovery *d, struct pav_arena *a)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_str(&m, "$schema",
                    "https://json-schema.org/draft/2020-12/schema");
    return pav_doc_merge(a, pav_members_object(&m), schema_of(&d->root, a));
}

static void
seen_fini(struct seen *s)
{
    uint32_t i;

    for (i = 0; i < s->member_count; i++) {
        seen_fini(s->members[i]);
        free(s->members[i]->key);
        free(s->members[i]);
    }
    free(s->members);
    if (s->items != NULL)
        seen_fini(s->items);
    free(s->items);
    for (i = 0; i < s->value_count; i++)
        free(s->values[i]);
}

void
pav_discovery_free(struct pav_discovery *d)
{
    if (d == NULL)
        return;
    seen_fini(&d->root);
    free(d);
}
