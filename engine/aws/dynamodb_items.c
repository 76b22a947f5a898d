/*
 * Items of local tables, by DynamoDB's own API: what machines put there can be
 * looked at, and put, by any of its clients.
 */
#include <string.h>

#include "run/tables.h"
#include "events_fields.h"

/* "dynamodb:PutItem" is putItem. */
static void
item_action(struct control *c)
{
    char *method = pav_arena_strdup(c->a, strchr(c->j->action, ':') + 1);
    const char *error = NULL, *cause = NULL;
    const struct pav_doc *out;
    uint32_t i;

    *method = (char)(*method + 32);
    out = table_call(c->e, method, c->j->request, TABLE_API, &error, &cause);
    if (out == NULL)
        job_fail(&c->j->job, PAV_INVALID, error, "", "%s", cause);
    for (i = 0; out != NULL && i < out->len; i++)
        pav_members_add(&c->out, out->members[i].key, out->members[i].len,
                        &out->members[i].value);
}

static void
list_tables(struct control *c)
{
    const struct pav_doc *tables = c->e->config.tables;
    struct pav_items names;
    uint32_t i;

    pav_items_init(&names, c->a);
    for (i = 0; tables != NULL && i < tables->len; i++)
        pav_items_add(&names, pav_doc_new_str(c->a, tables->members[i].key,
                                              tables->members[i].len));
    pav_members_puts(&c->out, "TableNames", pav_items_array(&names));
}

/* The table that is asked for; NULL: refused. */
static const struct pav_doc *
table_named(struct control *c, const char *name)
{
    const struct pav_doc *table = pav_doc_get(c->e->config.tables, name);

    if (table == NULL)
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "TableName",
                 "Requested resource not found: Table: %s not found", name);
    return table;
}

static void
describe_table(struct control *c)
{
    const char *name = control_text(c, "TableName");
    const struct pav_doc *table = table_named(c, name), *keys;
    struct pav_members m, key;
    struct pav_items schema;
    uint32_t i;

    if (table == NULL)
        return;
    keys = pav_doc_get(table, "key");
    pav_items_init(&schema, c->a);
    for (i = 0; i < keys->len; i++) {
        pav_members_init(&key, c->a);
        pav_members_puts(&key, "AttributeName", &keys->items[i]);
        pav_members_str(&key, "KeyType", i == 0 ? "HASH" : "RANGE");
        pav_items_add(&schema, pav_members_object(&key));
    }
    pav_members_init(&m, c->a);
    pav_members_puts(&m, "KeySchema", pav_items_array(&schema));
    pav_members_str(&m, "TableArn",
                    pav_arn_put(c->a, "dynamodb", c->e->config.region,
                                c->e->config.account, "table/%s", name));
    pav_members_str(&m, "TableName", name);
    pav_members_str(&m, "TableStatus", "ACTIVE");
    pav_members_puts(&c->out, "Table", pav_members_object(&m));
}

static void
describe_time_to_live(struct control *c)
{
    const struct pav_doc *table = table_named(c, control_text(c, "TableName"));
    const struct pav_doc *ttl = pav_doc_get(table, "ttl");
    struct pav_members m;

    if (table == NULL)
        return;
    pav_members_init(&m, c->a);
    if (ttl != NULL)
        pav_members_puts(&m, "AttributeName", ttl);
    pav_members_str(&m, "TimeToLiveStatus",
                    ttl == NULL ? "DISABLED" : "ENABLED");
    pav_members_puts(&c->out, "TimeToLiveDescription", pav_members_object(&m));
}

FIELDS(table, NAME("TableName", 255));
FIELDS(tables, TEXT("ExclusiveStartTableName", false, 255),
       {"Limit", FIELD_WHOLE, false, 1, 100, NULL});

/* ---- the table ---- */

FIELDS(batch, {"RequestItems", FIELD_OBJECT, true, 0, 0, NULL});
FIELDS(transaction, {"TransactItems", FIELD_LIST, true, 0, 0, NULL});

#define ITEM_ACTION(name)                                                      \
    ON_ENGINE("dynamodb:" name, "dynamodb:" name, table, item_action)

const struct aws_action dynamodb_items_actions[] = {
    ITEM_ACTION("GetItem"),
    ITEM_ACTION("PutItem"),
    ITEM_ACTION("UpdateItem"),
    ITEM_ACTION("DeleteItem"),
    ITEM_ACTION("Scan"),
    ITEM_ACTION("Query"),
    ON_ENGINE("dynamodb:BatchGetItem", "dynamodb:BatchGetItem", batch,
              item_action),
    ON_ENGINE("dynamodb:BatchWriteItem", "dynamodb:BatchWriteItem", batch,
              item_action),
    ON_ENGINE("dynamodb:TransactGetItems", "dynamodb:TransactGetItems",
              transaction, item_action),
    ON_ENGINE("dynamodb:TransactWriteItems", "dynamodb:TransactWriteItems",
              transaction, item_action),
    ON_ENGINE("dynamodb:ListTables", "dynamodb:ListTables", tables,
              list_tables),
    ON_ENGINE("dynamodb:DescribeTable", "dynamodb:DescribeTable", table,
              describe_table),
    ON_ENGINE("dynamodb:DescribeTimeToLive", "dynamodb:DescribeTimeToLive",
              table, describe_time_to_live),
    END_OF_ACTIONS};
