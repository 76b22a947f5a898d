/*
 * Many items of a local table.  A scan reads them by the text of their keys, so
 * many a call; a query looks through the whole table for its partition, which
 * is sorted by its second key.  Both are for tables that are small, and say so
 * when one is not.
 */
#include "table_scan.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/store_work.h"
#include "table_expr.h"

#define PAGE        1000      /* items that a scan looks at */
#define PAGE_MAX    1048576   /* bytes of an answer, as the service */
#define QUERY_MAX   10000     /* items that a query looks through, */
#define QUERY_BYTES (4 << 20) /* and their bytes */

struct looking {
    struct pav_engine *e;
    const struct pav_doc *with;
    struct pav_items found;
    int64_t looked, limit;
    size_t bytes;
    const struct pav_doc *last; /* that was looked at */
    bool more;
    const char *why; /* NULL: fine */
};

static const char *
text_of(const struct looking *l, const char *key)
{
    return pav_doc_member_str(&l->e->arena, l->with, key);
}

/* `field` names the expression; without one everything fits. */
static bool
fits(struct looking *l, const char *field, const struct pav_doc *item)
{
    const char *text = text_of(l, field);
    struct table_expr x = {
        .arena = &l->e->arena,
        .item = item,
        .names = pav_doc_get(l->with, "ExpressionAttributeNames"),
        .values = pav_doc_get(l->with, "ExpressionAttributeValues")};
    bool holds = false;

    if (text == NULL)
        return true;
    if (!table_condition(&x, text, &holds)) {
        l->why = x.why;
        return false;
    }
    return holds;
}

/* False: no more are wanted. */
static bool
look_at(struct looking *l, const struct pav_doc *item, size_t len)
{
    if (l->looked == l->limit || (l->looked > 0 && l->bytes + len > PAGE_MAX)) {
        l->more = true;
        return false;
    }
    l->looked++;
    l->bytes += len;
    l->last = item;
    if (fits(l, "FilterExpression", item))
        pav_items_add(&l->found, item);
    return l->why == NULL;
}

/* The attributes of the key, as the next page wants them. */
static const struct pav_doc *
key_of(struct looking *l, const struct pav_doc *keys,
       const struct pav_doc *item)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, &l->e->arena);
    for (i = 0; i < keys->len; i++) {
        const char *name = pav_doc_str(&l->e->arena, &keys->items[i]);

        if (pav_doc_get(item, name) != NULL)
            pav_members_puts(&m, name, pav_doc_get(item, name));
    }
    return pav_members_object(&m);
}

static const struct pav_doc *
answer(struct looking *l, const struct pav_doc *keys)
{
    const char *select = text_of(l, "Select");
    struct pav_members m;

    if (l->why != NULL)
        return NULL;
    pav_members_init(&m, &l->e->arena);
    pav_members_int(&m, "Count", l->found.count);
    if (select == NULL || strcmp(select, "COUNT") != 0)
        pav_members_puts(&m, "Items", pav_items_array(&l->found));
    if (l->more && l->last != NULL)
        pav_members_puts(&m, "LastEvaluatedKey", key_of(l, keys, l->last));
    pav_members_int(&m, "ScannedCount", l->looked);
    return pav_members_object(&m);
}

static void
begin(struct looking *l, struct pav_engine *e, const struct pav_doc *with)
{
    memset(l, 0, sizeof(*l));
    l->e = e;
    l->with = with;
    l->limit = pav_doc_member_int(with, "Limit");
    if (l->limit <= 0 || l->limit > PAGE)
        l->limit = PAGE;
    pav_items_init(&l->found, &e->arena);
}

/* ---- what is over ---- */

/* The attribute that says when, seconds since 1970; NULL: none does. */
static const char *
ttl_of(struct pav_engine *e, const char *table)
{
    return e->config.tables == NULL
               ? NULL
               : pav_doc_member_str(
                     &e->arena, pav_doc_get(e->config.tables, table), "ttl");
}

static bool
is_past(const struct pav_engine *e, const struct pav_doc *item,
        const char *attribute)
{
    const struct pav_doc *n = pav_doc_get(pav_doc_get(item, attribute), "N");
    char text[64];

    if (n == NULL || n->kind != PAV_STRING || n->len >= sizeof(text))
        return false;
    memcpy(text, n->text, n->len);
    text[n->len] = '\0';
    return strtod(text, NULL) * 1000 <= (double)pav_clock_ms(e->clock);
}

bool
table_is_over(struct pav_engine *e, const char *table,
              const struct pav_doc *item)
{
    const char *attribute = ttl_of(e, table);

    return attribute != NULL && is_past(e, item, attribute);
}

bool
table_forget(struct pav_engine *e, uint32_t *at, char **after, uint32_t max)
{
    const struct pav_doc *tables = e->config.tables;
    struct pav_table_row row;
    const char *table, *ttl;

    if (tables == NULL || *at >= tables->len)
        return false;
    table = pav_arena_strndup(&e->arena, tables->members[*at].key,
                              tables->members[*at].len);
    ttl = ttl_of(e, table);
    for (; ttl != NULL && max > 0; max--) {
        if (!pav_store_table_next(e->store, table, *after == NULL ? "" : *after,
                                  &e->arena, &row))
            break;
        if (is_past(e, pav_doc_own(&e->arena, row.body.p, row.body.len), ttl))
            pav_store_table_delete(e->store, table, row.key);
        free(*after);
        *after = pav_xstrdup(row.key);
    }
    if (ttl == NULL || max > 0) {
        free(*after);
        *after = NULL;
        ++*at;
    }
    return true;
}

const char *
table_key_text(struct pav_engine *e, const struct pav_doc *keys,
               const struct pav_doc *of)
{
    struct pav_items parts;
    uint32_t i;

    pav_items_init(&parts, &e->arena);
    for (i = 0; i < keys->len; i++) {
        const struct pav_doc *name = &keys->items[i];
        const struct pav_doc *v = name->kind != PAV_STRING
                                      ? NULL
                                      : pav_doc_getn(of, name->text, name->len);

        if (v == NULL)
            return NULL;
        pav_items_add(&parts, v);
    }
    return pav_doc_text(&e->arena, pav_items_array(&parts));
}

const struct pav_doc *
table_scan(struct pav_engine *e, const char *table, const struct pav_doc *keys,
           const struct pav_doc *with, const char **why)
{
    const struct pav_doc *start = pav_doc_get(with, "ExclusiveStartKey");
    const char *after = start == NULL ? "" : table_key_text(e, keys, start);
    struct pav_table_row row;
    struct looking l;

    begin(&l, e, with);
    if (after == NULL)
        l.why = "The provided starting key is invalid";
    while (l.why == NULL &&
           pav_store_table_next(e->store, table, after, &e->arena, &row)) {
        const struct pav_doc *item =
            pav_doc_own(&e->arena, row.body.p, row.body.len);

        if (!table_is_over(e, table, item) && !look_at(&l, item, row.body.len))
            break;
        after = row.key;
    }
    *why = l.why;
    return answer(&l, keys);
}

/* ---- query ---- */

struct sorted {
    const struct pav_doc *item, *by; /* by: the second key's value, or NULL */
};

static int
by_second_key(const void *x, const void *y)
{
    const struct pav_doc *a = ((const struct sorted *)x)->by,
                         *b = ((const struct sorted *)y)->by, *m, *n;
    uint32_t len;
    int order;

    if (a == NULL || b == NULL || a->len != 1 || b->len != 1)
        return 0;
    m = &a->members[0].value;
    n = &b->members[0].value;
    if (pav_doc_get(a, "N") != NULL && pav_doc_get(b, "N") != NULL) {
        struct pav_doc p = *m, q = *n;

        p.kind = q.kind = PAV_NUMBER; /* a number's text in a string */
        return pav_doc_number_cmp(&p, &q);
    }
    if (m->kind != PAV_STRING || n->kind != PAV_STRING)
        return 0;
    len = m->len < n->len ? m->len : n->len;
    order = memcmp(m->text, n->text, len);
    return order != 0 ? order : m->len < n->len ? -1 : m->len > n->len;
}

/* The partition, in order; NULL after `why`. */
static struct sorted *
partition(struct looking *l, const char *table, const struct pav_doc *keys,
          uint32_t *count)
{
    const char *second =
        keys->len < 2 ? NULL : pav_doc_str(&l->e->arena, &keys->items[1]);
    struct sorted *v = NULL;
    const char *after = "";
    struct pav_table_row row;
    uint32_t looked = 0, n = 0;
    size_t bytes = 0;

    while (
        pav_store_table_next(l->e->store, table, after, &l->e->arena, &row)) {
        const struct pav_doc *item;

        bytes += row.body.len;
        if (++looked > QUERY_MAX || bytes > QUERY_BYTES) {
            l->why = "A local table that is queried has at most 10000 items "
                     "and 4 MiB";
            return NULL;
        }
        item = pav_doc_own(&l->e->arena, row.body.p, row.body.len);
        if (!table_is_over(l->e, table, item) &&
            fits(l, "KeyConditionExpression", item)) {
            v = pav_arena_append(&l->e->arena, v, n, sizeof(*v));
            v[n++] = (struct sorted){
                item, second == NULL ? NULL : pav_doc_get(item, second)};
        }
        if (l->why != NULL)
            return NULL;
        after = row.key;
    }
    if (n > 1)
        qsort(v, n, sizeof(*v), by_second_key);
    *count = n;
    return v;
}

const struct pav_doc *
table_query(struct pav_engine *e, const char *table, const struct pav_doc *keys,
            const struct pav_doc *with, const char **why)
{
    const struct pav_doc *start = pav_doc_get(with, "ExclusiveStartKey");
    const struct pav_doc *forward = pav_doc_get(with, "ScanIndexForward");
    bool back = forward != NULL && forward->kind == PAV_FALSE;
    bool passed = start == NULL;
    struct sorted *v = NULL;
    struct looking l;
    uint32_t n = 0, i;

    begin(&l, e, with);
    if (text_of(&l, "KeyConditionExpression") == NULL)
        l.why = "Either the KeyConditions or KeyConditionExpression parameter "
                "must be specified in the request.";
    else
        v = partition(&l, table, keys, &n);
    for (i = 0; v != NULL && i < n; i++) {
        const struct pav_doc *item = v[back ? n - 1 - i : i].item;

        if (!passed)
            passed = pav_doc_equal(key_of(&l, keys, item), start);
        else if (!look_at(&l, item, pav_doc_text_len(item, PAGE_MAX)))
            break;
    }
    *why = l.why;
    return answer(&l, keys);
}
