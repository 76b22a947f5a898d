/*
 * Several items of local tables in one call: DynamoDB's batchGetItem,
 * batchWriteItem, transactGetItems and transactWriteItems.  All of a call
 * happens within one turn; each part is looked at before the first is done, so
 * that one that is refused leaves everything as it was.
 */
#include <string.h>

#include "table_scan.h"
#include "tables.h"

#define WRITES_MAX   25 /* of a batch */
#define GETS_MAX     100
#define TRANSACT_MAX 100

struct batch {
    struct pav_engine *e;
    enum table_caller caller;
    const char **error, **cause;
    struct pav_items touched; /* [table, key]: each item once */
};

static const struct pav_doc *
refuse(struct batch *b, const char *code, const char *text)
{
    return table_refuse(b->e, b->caller, code, text, b->error, b->cause);
}

static const struct pav_doc *
invalid(struct batch *b, const char *text)
{
    return refuse(b, "ValidationException", text);
}

/* The parameters of an item's own action. */
static const struct pav_doc *
with_table(struct batch *b, const struct pav_doc *table,
           const struct pav_doc *of)
{
    struct pav_members m;

    pav_members_init(&m, &b->e->arena);
    pav_members_puts(&m, "TableName", table);
    return pav_doc_merge(&b->e->arena, of, pav_members_object(&m));
}

static const struct pav_doc *
call(struct batch *b, const char *method, const struct pav_doc *with, bool look)
{
    return table_item(b->e, method, with, look, b->caller, b->error, b->cause);
}

/* False: the same item was named before. */
static bool
is_first(struct batch *b, const struct pav_doc *with)
{
    const char *table = pav_doc_member_str(&b->e->arena, with, "TableName");
    const struct pav_doc *keys =
        pav_doc_get(pav_doc_get(b->e->config.tables, table), "key");
    const struct pav_doc *of = pav_doc_get(with, "Key");
    const char *key =
        table_key_text(b->e, keys, of == NULL ? pav_doc_get(with, "Item") : of);
    const struct pav_doc *name = pav_doc_new_cstr(
        &b->e->arena, pav_arena_printf(&b->e->arena, "%s %s", table, key));
    uint32_t i;

    for (i = 0; i < b->touched.count; i++)
        if (pav_doc_equal(&b->touched.v[i], name))
            return false;
    pav_items_add(&b->touched, name);
    return true;
}

/* What nobody reads is refused by its name. */
static bool
has_only(struct batch *b, const struct pav_doc *o, const char *const *served)
{
    uint32_t i;

    for (i = 0; o->kind == PAV_OBJECT && i < o->len; i++) {
        if (pav_member_in(&o->members[i], served))
            continue;
        invalid(b, pav_arena_printf(
                       &b->e->arena,
                       "The parameter %.*s is not served by local tables",
                       (int)o->members[i].len, o->members[i].key));
        return false;
    }
    return true;
}

/* ---- batches ---- */

static const struct pav_doc *
batch_get(struct batch *b, const struct pav_doc *with)
{
    const struct pav_doc *tables = pav_doc_get(with, "RequestItems");
    struct pav_members out, responses;
    uint32_t i, k, n = 0;

    if (tables == NULL || tables->kind != PAV_OBJECT || tables->len == 0)
        return invalid(b, "The batch get request list cannot be empty");
    pav_members_init(&responses, &b->e->arena);
    for (i = 0; i < tables->len; i++) {
        const struct pav_member *t = &tables->members[i];
        const struct pav_doc *keys = pav_doc_get(&t->value, "Keys");
        static const char *const served[] = {"Keys", "ConsistentRead", NULL};
        struct pav_items found;

        if (!has_only(b, &t->value, served))
            return NULL;
        if (keys == NULL || keys->kind != PAV_ARRAY)
            return invalid(b, "The list of keys in RequestItems for BatchGet "
                              "is required");
        pav_items_init(&found, &b->e->arena);
        for (k = 0; k < keys->len; k++) {
            const struct pav_doc *table =
                pav_doc_new_str(&b->e->arena, t->key, t->len);
            struct pav_members m;
            const struct pav_doc *got;

            if (++n > GETS_MAX)
                return invalid(b, "Too many items requested for the "
                                  "BatchGetItem call");
            pav_members_init(&m, &b->e->arena);
            pav_members_puts(&m, "Key", &keys->items[k]);
            got = call(b, "getItem",
                       with_table(b, table, pav_members_object(&m)), false);
            if (got == NULL)
                return NULL;
            if (pav_doc_get(got, "Item") != NULL)
                pav_items_add(&found, pav_doc_get(got, "Item"));
        }
        pav_members_add(&responses, t->key, t->len, pav_items_array(&found));
    }
    pav_members_init(&out, &b->e->arena);
    pav_members_puts(&out, "Responses", pav_members_object(&responses));
    pav_members_puts(&out, "UnprocessedKeys", &pav_doc_empty_object);
    return pav_members_object(&out);
}

/* One of {PutRequest, DeleteRequest}: its action; NULL: neither. */
static const char *
write_of(const struct pav_doc *request, const struct pav_doc **with)
{
    *with = pav_doc_get(request, "PutRequest");
    if (request->kind != PAV_OBJECT || request->len != 1)
        return NULL;
    if (*with != NULL)
        return (*with)->kind == PAV_OBJECT ? "putItem" : NULL;
    *with = pav_doc_get(request, "DeleteRequest");
    return *with != NULL && (*with)->kind == PAV_OBJECT ? "deleteItem" : NULL;
}

/* `look`: whether it can be done, and no more.  False: it was refused. */
static bool
write_all(struct batch *b, const struct pav_doc *tables, bool look)
{
    uint32_t i, k, n = 0;

    for (i = 0; i < tables->len; i++) {
        const struct pav_member *t = &tables->members[i];
        const struct pav_doc *table =
            pav_doc_new_str(&b->e->arena, t->key, t->len);

        if (t->value.kind != PAV_ARRAY || t->value.len == 0) {
            invalid(b, "The batch write request list for a table cannot be "
                       "empty");
            return false;
        }
        for (k = 0; k < t->value.len; k++) {
            const struct pav_doc *with;
            const char *method = write_of(&t->value.items[k], &with);

            if (method == NULL) {
                invalid(b, "Supplied WriteRequest must have exactly one of "
                           "PutRequest and DeleteRequest");
                return false;
            }
            if (++n > WRITES_MAX) {
                invalid(b, "Too many items requested for the BatchWriteItem "
                           "call");
                return false;
            }
            with = with_table(b, table, with);
            if (call(b, method, with, look) == NULL)
                return false;
            if (look && !is_first(b, with)) {
                invalid(b, "Provided list of item keys contains duplicates");
                return false;
            }
        }
    }
    return true;
}

static const struct pav_doc *
batch_write(struct batch *b, const struct pav_doc *with)
{
    const struct pav_doc *tables = pav_doc_get(with, "RequestItems");
    struct pav_members out;

    if (tables == NULL || tables->kind != PAV_OBJECT || tables->len == 0)
        return invalid(b, "The batch write request list cannot be empty");
    if (!write_all(b, tables, true) || !write_all(b, tables, false))
        return NULL;
    pav_members_init(&out, &b->e->arena);
    pav_members_puts(&out, "UnprocessedItems", &pav_doc_empty_object);
    return pav_members_object(&out);
}

/* ---- transactions ---- */

static const struct pav_doc *
transact_items(struct batch *b, const struct pav_doc *with)
{
    const struct pav_doc *list = pav_doc_get(with, "TransactItems");

    if (list != NULL && list->kind == PAV_ARRAY && list->len > 0 &&
        list->len <= TRANSACT_MAX)
        return list;
    invalid(b, "1 validation error detected: 'transactItems' must have from 1 "
               "to 100 members");
    return NULL;
}

static const struct pav_doc *
transact_get(struct batch *b, const struct pav_doc *with)
{
    const struct pav_doc *list = transact_items(b, with);
    struct pav_items responses;
    struct pav_members out;
    uint32_t i;

    pav_items_init(&responses, &b->e->arena);
    for (i = 0; list != NULL && i < list->len; i++) {
        const struct pav_doc *get = pav_doc_get(&list->items[i], "Get"), *got;

        if (get == NULL || get->kind != PAV_OBJECT)
            return invalid(b, "TransactItems can only contain one of Get");
        got = call(b, "getItem", get, false);
        if (got == NULL)
            return NULL;
        pav_items_add(&responses, got);
    }
    if (list == NULL)
        return NULL;
    pav_members_init(&out, &b->e->arena);
    pav_members_puts(&out, "Responses", pav_items_array(&responses));
    return pav_members_object(&out);
}

static const char *
part_of(const struct pav_doc *item, const struct pav_doc **with)
{
    static const struct {
        const char *name, *method;
    } parts[] = {{"Put", "putItem"},
                 {"Update", "updateItem"},
                 {"Delete", "deleteItem"},
                 {"ConditionCheck", "conditionCheck"}};
    const char *method = NULL;
    size_t i;

    if (item->kind != PAV_OBJECT || item->len != 1)
        return NULL;
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct pav_doc *d = pav_doc_get(item, parts[i].name);

        if (d == NULL)
            continue;
        if (d->kind != PAV_OBJECT ||
            (i == 3 && pav_doc_get(d, "ConditionExpression") == NULL))
            return NULL;
        *with = d;
        method = parts[i].method;
    }
    return method;
}

/* "[None, ConditionalCheckFailed]": why each part was not done. */
static const struct pav_doc *
cancelled(struct batch *b, const struct pav_items *reasons)
{
    struct pav_buf text;
    const char *kept;
    uint32_t i;

    pav_buf_init(&text, 1 << 16);
    pav_buf_puts(&text, "Transaction cancelled, please refer cancellation "
                        "reasons for specific reasons [");
    for (i = 0; i < reasons->count; i++)
        pav_buf_printf(&text, "%s%s", i == 0 ? "" : ", ",
                       pav_doc_str(&b->e->arena, &reasons->v[i]));
    pav_buf_putc(&text, ']');
    kept = pav_arena_strndup(&b->e->arena, text.p, text.len);
    pav_buf_fini(&text);
    return refuse(b, "TransactionCanceledException", kept);
}

static bool
is_condition(const char *error)
{
    return strstr(error, "ConditionalCheckFailed") != NULL;
}

/* Could each part be done?  What it was refused for, else. */
static bool
look_at_parts(struct batch *b, const struct pav_doc *list)
{
    struct pav_items reasons;
    bool fine = true;
    uint32_t i;

    pav_items_init(&reasons, &b->e->arena);
    for (i = 0; i < list->len; i++) {
        const struct pav_doc *with = NULL;
        const char *method = part_of(&list->items[i], &with);

        if (method == NULL) {
            invalid(b, "TransactItems can only contain one of Check, Put, "
                       "Update or Delete");
            return false;
        }
        if (call(b, method, with, true) == NULL) {
            if (!is_condition(*b->error))
                return false;
            fine = false;
            pav_items_add(&reasons, pav_doc_new_cstr(&b->e->arena,
                                                     "ConditionalCheckFailed"));
        } else {
            pav_items_add(&reasons, pav_doc_new_cstr(&b->e->arena, "None"));
        }
        if (!is_first(b, with)) {
            invalid(b, "Transaction request cannot include multiple "
                       "operations on one item");
            return false;
        }
    }
    if (!fine)
        cancelled(b, &reasons);
    return fine;
}

static const struct pav_doc *
transact_write(struct batch *b, const struct pav_doc *with)
{
    const struct pav_doc *list = transact_items(b, with), *of = NULL;
    uint32_t i;

    if (list == NULL || !look_at_parts(b, list))
        return NULL;
    for (i = 0; i < list->len; i++) {
        const char *method = part_of(&list->items[i], &of);

        if (call(b, method, of, false) == NULL)
            return NULL; /* looked at: it does not come to this */
    }
    return &pav_doc_empty_object;
}

const struct pav_doc *
table_call(struct pav_engine *e, const char *method, const struct pav_doc *with,
           enum table_caller caller, const char **error, const char **cause)
{
    static const struct {
        const char *method;
        const struct pav_doc *(*run)(struct batch *b,
                                     const struct pav_doc *with);
    } rows[] = {{"batchGetItem", batch_get},
                {"batchWriteItem", batch_write},
                {"transactGetItems", transact_get},
                {"transactWriteItems", transact_write}};
    static const char *const served[] = {"RequestItems", "TransactItems",
                                         "ReturnItemCollectionMetrics",
                                         "ReturnConsumedCapacity", NULL};
    struct batch b = {.e = e, .caller = caller, .error = error, .cause = cause};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].method, method) != 0)
            continue;
        pav_items_init(&b.touched, &e->arena);
        return has_only(&b, with, served) ? rows[i].run(&b, with) : NULL;
    }
    return table_item(e, method, with, false, caller, error, cause);
}
