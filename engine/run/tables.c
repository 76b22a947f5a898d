/*
 * Local tables: DynamoDB's getItem, putItem, updateItem and deleteItem on rows
 * in the store; scan and query are in table_scan.c, many at once in
 * table_batch.c.  Which attributes are a table's key is in the services file:
 * {"tables": {"NAME": {"key": ["id"], "ttl": "expires"}}}; a table that is not
 * there does not exist.  Shapes, errors and texts are
 * DynamoDB's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/store_work.h"
#include "table_expr.h"
#include "table_scan.h"
#include "tables.h"

struct request {
    struct pav_engine *e;
    const struct pav_doc *with;
    enum table_caller caller;
    bool look; /* whether it can be done; nothing is */
    const char *table, *key;
    const struct pav_doc *old; /* the item that is there, or NULL */
    const char **error, **cause;
};

const struct pav_doc *
table_refuse(struct pav_engine *e, enum table_caller caller, const char *code,
             const char *text, const char **error, const char **cause)
{
    struct pav_arena *a = &e->arena;
    bool validation = strcmp(code, "ValidationException") == 0;
    char id[37];

    if (caller == TABLE_API) {
        *error = code;
        *cause = text;
        return NULL;
    }
    pav_uuid4(id);
    if (caller == TABLE_SDK) {
        *error = validation ? "DynamoDb.DynamoDbException"
                            : pav_arena_printf(a, "DynamoDb.%s", code);
        *cause = pav_arena_printf(
            a, "%s (Service: DynamoDb, Status Code: 400, Request ID: %s)", text,
            id);
    } else {
        *error = validation ? "DynamoDB.AmazonDynamoDBException"
                            : pav_arena_printf(a, "DynamoDB.%s", code);
        *cause = pav_arena_printf(
            a,
            "%s (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: %s; "
            "Request ID: %s; Proxy: null)",
            text, code, id);
    }
    return NULL;
}

static const struct pav_doc *
refuse(struct request *r, const char *code, const char *text)
{
    return table_refuse(r->e, r->caller, code, text, r->error, r->cause);
}

static const char *
text_of(struct request *r, const char *name)
{
    const struct pav_doc *d = pav_doc_get(r->with, name);

    return d == NULL ? NULL : pav_doc_str(&r->e->arena, d);
}

static const struct pav_doc *
null_at(struct request *r, const char *field)
{
    return refuse(r, "ValidationException",
                  pav_arena_printf(&r->e->arena,
                                   "1 validation error detected: Value null at "
                                   "'%s' failed to satisfy constraint: Member "
                                   "must not be null",
                                   field));
}

/* The names of the table's key; NULL: it was refused. */
static const struct pav_doc *
table_keys(struct request *r)
{
    const struct pav_doc *keys =
        r->e->config.tables == NULL
            ? NULL
            : pav_doc_get(pav_doc_get(r->e->config.tables, r->table), "key");

    if (keys == NULL || keys->kind != PAV_ARRAY)
        return refuse(r, "ResourceNotFoundException",
                      "Requested resource not found");
    return keys;
}

/* The key's attributes, as the text that the row is found by. */
static bool
find_key(struct request *r, const struct pav_doc *from)
{
    const struct pav_doc *keys = table_keys(r);

    if (keys == NULL)
        return false;
    r->key = table_key_text(r->e, keys, from);
    if (r->key != NULL)
        return true;
    refuse(r, "ValidationException",
           "The provided key element does not match the schema");
    return false;
}

/* ---- attribute values: {"S": "x"}, {"N": "1"}, {"L": [...]}, ... ---- */

static bool is_value(const struct pav_doc *v);

static bool
are_values(const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; i < d->len; i++)
        if (!is_value(d->kind == PAV_ARRAY ? &d->items[i]
                                           : &d->members[i].value))
            return false;
    return true;
}

static bool
is_number(const struct pav_doc *v)
{
    char text[64], *end;

    if (v->kind != PAV_STRING || v->len == 0 || v->len >= sizeof(text) ||
        strspn(v->text, "0123456789+-.eE") < v->len)
        return false;
    memcpy(text, v->text, v->len);
    text[v->len] = '\0';
    return isfinite(strtod(text, &end)) && *end == '\0';
}

static bool
is_set(const struct pav_doc *v, bool numbers)
{
    uint32_t i;

    if (v->kind != PAV_ARRAY || v->len == 0)
        return false;
    for (i = 0; i < v->len; i++)
        if (numbers ? !is_number(&v->items[i]) : v->items[i].kind != PAV_STRING)
            return false;
    return true;
}

static bool
is_value(const struct pav_doc *v)
{
    const struct pav_doc *d;

    if (v->kind != PAV_OBJECT || v->len != 1)
        return false;
    d = &v->members[0].value;
    if (pav_doc_get(v, "S") != NULL || pav_doc_get(v, "B") != NULL)
        return d->kind == PAV_STRING;
    if (pav_doc_get(v, "N") != NULL)
        return is_number(d);
    if (pav_doc_get(v, "BOOL") != NULL)
        return pav_doc_is_bool(d);
    if (pav_doc_get(v, "NULL") != NULL)
        return d->kind == PAV_TRUE;
    if (pav_doc_get(v, "L") != NULL)
        return d->kind == PAV_ARRAY && are_values(d);
    if (pav_doc_get(v, "M") != NULL)
        return d->kind == PAV_OBJECT && are_values(d);
    return (pav_doc_get(v, "NS") != NULL && is_set(d, true)) ||
           ((pav_doc_get(v, "SS") != NULL || pav_doc_get(v, "BS") != NULL) &&
            is_set(d, false));
}

static bool
has_values(struct request *r)
{
    static const char *const fields[] = {"Item", "Key",
                                         "ExpressionAttributeValues"};
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct pav_doc *d = pav_doc_get(r->with, fields[i]);

        if (d == NULL || (d->kind == PAV_OBJECT && are_values(d)))
            continue;
        refuse(r, "ValidationException",
               "Supplied AttributeValue has more than one datatypes set, must "
               "contain exactly one of the supported datatypes");
        return false;
    }
    return true;
}

static bool
condition_holds(struct request *r)
{
    const char *text = text_of(r, "ConditionExpression");
    struct table_expr x = {
        .arena = &r->e->arena,
        .item = r->old,
        .names = pav_doc_get(r->with, "ExpressionAttributeNames"),
        .values = pav_doc_get(r->with, "ExpressionAttributeValues")};
    bool holds = false;

    if (text == NULL)
        return true;
    if (!table_condition(&x, text, &holds)) {
        refuse(r, "ValidationException", x.why);
        return false;
    }
    if (!holds)
        refuse(r, "ConditionalCheckFailedException",
               "The conditional request failed");
    return holds;
}

static void
store(struct request *r, const struct pav_doc *item)
{
    struct pav_bytes body;
    struct pav_buf b;

    if (r->look)
        return;
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(item, &b);
    body.p = b.p;
    body.len = b.len;
    pav_store_table_put(r->e->store, r->table, r->key, body);
    pav_buf_fini(&b);
}

/* Attributes that one has otherwise than the other; NULL: none. */
static const struct pav_doc *
differing(struct request *r, const struct pav_doc *of,
          const struct pav_doc *beside)
{
    struct pav_members m;
    uint32_t i, n = 0;

    pav_members_init(&m, &r->e->arena);
    for (i = 0; of != NULL && i < of->len; i++) {
        const struct pav_member *a = &of->members[i];
        const struct pav_doc *other =
            beside == NULL ? NULL : pav_doc_getn(beside, a->key, a->len);

        if (other != NULL && pav_doc_equal(other, &a->value))
            continue;
        if (pav_doc_getn(pav_doc_get(r->with, "Key"), a->key, a->len) != NULL)
            continue;
        pav_members_add(&m, a->key, a->len, &a->value);
        n++;
    }
    return n == 0 ? NULL : pav_members_object(&m);
}

/* {} or {Attributes}: what ReturnValues asks for. */
static const struct pav_doc *
answer(struct request *r, const struct pav_doc *now)
{
    const char *what = text_of(r, "ReturnValues");
    const struct pav_doc *shown = NULL;
    struct pav_members m;

    if (what == NULL)
        return &pav_doc_empty_object;
    if (strcmp(what, "ALL_OLD") == 0)
        shown = r->old;
    else if (strcmp(what, "ALL_NEW") == 0)
        shown = now;
    else if (strcmp(what, "UPDATED_OLD") == 0)
        shown = differing(r, r->old, now);
    else if (strcmp(what, "UPDATED_NEW") == 0)
        shown = differing(r, now, r->old);
    if (shown == NULL)
        return &pav_doc_empty_object;
    pav_members_init(&m, &r->e->arena);
    pav_members_puts(&m, "Attributes", shown);
    return pav_members_object(&m);
}

static const struct pav_doc *
get_item(struct request *r)
{
    struct pav_members m;

    if (r->old == NULL)
        return &pav_doc_empty_object;
    pav_members_init(&m, &r->e->arena);
    pav_members_puts(&m, "Item", r->old);
    return pav_members_object(&m);
}

static const struct pav_doc *
put_item(struct request *r)
{
    const struct pav_doc *item = pav_doc_get(r->with, "Item");

    if (!condition_holds(r))
        return NULL;
    store(r, item);
    return answer(r, item);
}

static const struct pav_doc *
delete_item(struct request *r)
{
    if (!condition_holds(r))
        return NULL;
    if (!r->look)
        pav_store_table_delete(r->e->store, r->table, r->key);
    return answer(r, NULL);
}

/* A part of a transaction that changes nothing. */
static const struct pav_doc *
check_condition(struct request *r)
{
    return condition_holds(r) ? &pav_doc_empty_object : NULL;
}

/* ---- many items ---- */

static const struct pav_doc *
scan(struct request *r)
{
    const struct pav_doc *keys = table_keys(r), *out;
    const char *why = NULL;

    if (keys == NULL || !has_values(r))
        return NULL;
    out = table_scan(r->e, r->table, keys, r->with, &why);
    return out == NULL ? refuse(r, "ValidationException", why) : out;
}

static const struct pav_doc *
query(struct request *r)
{
    const struct pav_doc *keys = table_keys(r), *out;
    const char *why = NULL;

    if (keys == NULL || !has_values(r))
        return NULL;
    out = table_query(r->e, r->table, keys, r->with, &why);
    return out == NULL ? refuse(r, "ValidationException", why) : out;
}

/* ---- AttributeUpdates: the older form of an update ---- */

/* The elements of two sets of one type; `without`: those of x that y lacks. */
static const struct pav_doc *
set_of(struct request *r, const char *type, const struct pav_doc *x,
       const struct pav_doc *y, bool without)
{
    struct pav_items items;
    struct pav_members m;
    uint32_t i, k;

    pav_items_init(&items, &r->e->arena);
    for (i = 0; x != NULL && i < x->len; i++) {
        for (k = 0; without && k < y->len; k++)
            if (pav_doc_equal(&x->items[i], &y->items[k]))
                break;
        if (!without || k == y->len)
            pav_items_add(&items, &x->items[i]);
    }
    for (i = 0; !without && i < y->len; i++) {
        for (k = 0; x != NULL && k < x->len; k++)
            if (pav_doc_equal(&y->items[i], &x->items[k]))
                break;
        if (x == NULL || k == x->len)
            pav_items_add(&items, &y->items[i]);
    }
    if (items.count == 0)
        return NULL;
    pav_members_init(&m, &r->e->arena);
    pav_members_puts(&m, type, pav_items_array(&items));
    return pav_members_object(&m);
}

/* ADD and DELETE; `*out` NULL: the attribute goes.  False: it cannot be. */
static bool
combined(struct request *r, const struct pav_doc *old,
         const struct pav_doc *value, bool add, const struct pav_doc **out)
{
    static const char *const sets[] = {"SS", "NS", "BS"};
    struct table_expr x = {.arena = &r->e->arena};
    size_t i;

    if (add && pav_doc_get(value, "N") != NULL) {
        *out = old == NULL ? value : table_sum(&x, old, value);
        return *out != NULL;
    }
    for (i = 0; i < 3; i++) {
        const struct pav_doc *these = pav_doc_get(value, sets[i]);
        const struct pav_doc *those = pav_doc_get(old, sets[i]);

        if (these == NULL || (old != NULL && those == NULL))
            continue;
        *out = set_of(r, sets[i], those, these, !add);
        return true;
    }
    return false;
}

/* One attribute of AttributeUpdates; false: it cannot be. */
static bool
update_attribute(struct request *r, const struct pav_doc *old,
                 const struct pav_doc *update, const struct pav_doc **out)
{
    const struct pav_doc *value = pav_doc_get(update, "Value");
    const struct pav_doc *action = pav_doc_get(update, "Action");

    if (value != NULL && !is_value(value))
        return false;
    if (action == NULL || pav_doc_is_str(action, "PUT")) {
        *out = value;
        return value != NULL;
    }
    if (pav_doc_is_str(action, "DELETE") && value == NULL) {
        *out = NULL;
        return true;
    }
    if (value == NULL)
        return false;
    if (pav_doc_is_str(action, "DELETE") && old == NULL) {
        *out = NULL;
        return true;
    }
    return (pav_doc_is_str(action, "ADD") ||
            pav_doc_is_str(action, "DELETE")) &&
           combined(r, old, value, pav_doc_is_str(action, "ADD"), out);
}

/* The item behind AttributeUpdates; NULL: one of them cannot be. */
static const struct pav_doc *
update_attributes(struct request *r, const struct pav_doc *item,
                  const struct pav_doc *updates)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, &r->e->arena);
    for (i = 0; i < item->len; i++) {
        const struct pav_member *a = &item->members[i];

        if (pav_doc_getn(updates, a->key, a->len) == NULL)
            pav_members_add(&m, a->key, a->len, &a->value);
    }
    for (i = 0; i < updates->len; i++) {
        const struct pav_member *u = &updates->members[i];
        const struct pav_doc *now;

        if (!update_attribute(r, pav_doc_getn(item, u->key, u->len), &u->value,
                              &now))
            return NULL;
        if (now != NULL)
            pav_members_add(&m, u->key, u->len, now);
    }
    return pav_members_object(&m);
}

static const struct pav_doc *
update_item(struct request *r)
{
    const char *text = text_of(r, "UpdateExpression");
    struct table_expr x = {
        .arena = &r->e->arena,
        .item = r->old == NULL ? pav_doc_get(r->with, "Key") : r->old,
        .names = pav_doc_get(r->with, "ExpressionAttributeNames"),
        .values = pav_doc_get(r->with, "ExpressionAttributeValues")};
    const struct pav_doc *item = x.item, *key = pav_doc_get(r->with, "Key");
    const struct pav_doc *updates = pav_doc_get(r->with, "AttributeUpdates");
    uint32_t i;

    if (!condition_holds(r))
        return NULL;
    if (text != NULL && updates != NULL)
        return refuse(r, "ValidationException",
                      "Can not use both expression and non-expression "
                      "parameters in the same request: Non-expression "
                      "parameters: {AttributeUpdates} Expression parameters: "
                      "{UpdateExpression}");
    if (text != NULL && (item = table_update(&x, text)) == NULL)
        return refuse(r, "ValidationException", x.why);
    if (updates != NULL &&
        (updates->kind != PAV_OBJECT ||
         (item = update_attributes(r, item, updates)) == NULL))
        return refuse(r, "ValidationException",
                      "One or more parameter values were invalid: an Action "
                      "of AttributeUpdates does not fit its Value");
    for (i = 0; i < key->len; i++)
        if (pav_doc_getn(item, key->members[i].key, key->members[i].len) ==
                NULL ||
            !pav_doc_equal(
                pav_doc_getn(item, key->members[i].key, key->members[i].len),
                &key->members[i].value))
            return refuse(
                r, "ValidationException",
                "One or more parameter values were invalid: Cannot "
                "update attribute. This attribute is part of the key");
    store(r, item);
    return answer(r, item);
}

/* What nobody reads is refused by its name. */
static bool
is_served(struct request *r, const char *method)
{
    static const struct {
        const char *field, *methods;
    } fields[] = {
        {"TableName",
         "getItem putItem updateItem deleteItem scan query conditionCheck"},
        {"Key", "getItem updateItem deleteItem conditionCheck"},
        {"Item", "putItem"},
        {"ConditionExpression", "putItem updateItem deleteItem conditionCheck"},
        {"UpdateExpression", "updateItem"},
        {"AttributeUpdates", "updateItem"},
        {"ReturnValues", "putItem updateItem deleteItem"},
        {"ExpressionAttributeNames",
         "putItem updateItem deleteItem scan query conditionCheck"},
        {"ExpressionAttributeValues",
         "putItem updateItem deleteItem scan query conditionCheck"},
        {"FilterExpression", "scan query"},
        {"KeyConditionExpression", "query"},
        {"ExclusiveStartKey", "scan query"},
        {"Limit", "scan query"},
        {"Select", "scan query"},
        {"ScanIndexForward", "query"},
        /* Nothing here depends on them. */
        {"ConsistentRead", "getItem scan query"},
        {"ReturnConsumedCapacity",
         "getItem putItem updateItem deleteItem scan query"},
        {"ReturnItemCollectionMetrics", "putItem updateItem deleteItem"}};
    const char *values = text_of(r, "ReturnValues");
    uint32_t i;
    size_t k;

    for (i = 0; i < r->with->len; i++) {
        const struct pav_member *m = &r->with->members[i];

        for (k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
            if (pav_member_is(m, fields[k].field) &&
                strstr(fields[k].methods, method) != NULL)
                break;
        if (k < sizeof(fields) / sizeof(fields[0]))
            continue;
        refuse(r, "ValidationException",
               pav_arena_printf(&r->e->arena,
                                "The parameter %.*s is not served by local "
                                "tables",
                                (int)m->len, m->key));
        return false;
    }
    if (values == NULL || strcmp(values, "NONE") == 0 ||
        strcmp(values, "ALL_OLD") == 0 ||
        (strcmp(method, "updateItem") == 0 &&
         (strcmp(values, "ALL_NEW") == 0 ||
          strcmp(values, "UPDATED_OLD") == 0 ||
          strcmp(values, "UPDATED_NEW") == 0)))
        return true;
    refuse(r, "ValidationException", "Return values set to invalid value");
    return false;
}

const struct pav_doc *
table_item(struct pav_engine *e, const char *method, const struct pav_doc *with,
           bool look, enum table_caller caller, const char **error,
           const char **cause)
{
    static const struct {
        const char *method, *key;
        const struct pav_doc *(*run)(struct request *r);
    } rows[] = {{"getItem", "Key", get_item},
                {"putItem", "Item", put_item},
                {"updateItem", "Key", update_item},
                {"deleteItem", "Key", delete_item},
                {"conditionCheck", "Key", check_condition},
                {"scan", NULL, scan},
                {"query", NULL, query}};
    struct request r = {.e = e,
                        .with = with,
                        .caller = caller,
                        .look = look,
                        .error = error,
                        .cause = cause};
    const struct pav_doc *from;
    struct pav_bytes item;
    size_t i = 0;

    while (i < sizeof(rows) / sizeof(rows[0]) &&
           strcmp(rows[i].method, method) != 0)
        i++;
    if (i == sizeof(rows) / sizeof(rows[0]))
        return refuse(&r, "ValidationException",
                      "local tables do not serve this action");
    r.table = text_of(&r, "TableName");
    if (r.table == NULL)
        return null_at(&r, "tableName");
    if (strspn(r.table, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_.-") != strlen(r.table))
        return refuse(
            &r, "ValidationException",
            pav_arena_printf(&e->arena,
                             "1 validation error detected: Value '%s' at "
                             "'tableName' failed to satisfy constraint: Member "
                             "must satisfy regular expression pattern: "
                             "[a-zA-Z0-9_.-]+",
                             r.table));
    if (!is_served(&r, method))
        return NULL;
    if (rows[i].key == NULL)
        return rows[i].run(&r);
    from = pav_doc_get(with, rows[i].key);
    if (from == NULL || from->kind != PAV_OBJECT)
        return null_at(&r, *rows[i].key == 'I' ? "item" : "key");
    if (!has_values(&r) || !find_key(&r, from))
        return NULL;
    if (pav_store_table_get(e->store, r.table, r.key, &e->arena, &item))
        r.old = pav_doc_own(&e->arena, item.p, item.len);
    if (r.old != NULL && table_is_over(e, r.table, r.old))
        r.old = NULL;
    return rows[i].run(&r);
}
