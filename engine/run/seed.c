/* The first items of a table: what a system's folder puts when it is not there.
 */
#include <string.h>

#include "pavane/log.h"
#include "tables.h"

static const struct pav_doc *
put_request(struct pav_engine *e, const char *table, const struct pav_doc *item)
{
    const struct pav_doc *t =
        e->config.tables == NULL ? NULL : pav_doc_get(e->config.tables, table);
    const struct pav_doc *key = pav_doc_at(pav_doc_get(t, "key"), 0);
    struct pav_members m, names;

    pav_members_init(&m, &e->arena);
    pav_members_str(&m, "TableName", table);
    pav_members_puts(&m, "Item", item);
    if (key != NULL) {
        pav_members_init(&names, &e->arena);
        pav_members_puts(&names, "#k", key);
        pav_members_str(&m, "ConditionExpression", "attribute_not_exists(#k)");
        pav_members_puts(&m, "ExpressionAttributeNames",
                         pav_members_object(&names));
    }
    return pav_members_object(&m);
}

static const char *
fault_at(struct pav_engine *e, const struct pav_seed_job *j,
         const struct pav_doc *item, const char *error, const char *cause)
{
    unsigned line, column;

    pav_doc_place(j->text.p, j->text.len, item->at, &line, &column);
    return pav_arena_printf(&e->arena, "%s:%u:%u: error: %s: %s (/)", j->file,
                            line, column, error, cause);
}

static void
seed(struct pav_engine *e, struct pav_job *job)
{
    struct pav_seed_job *j = (struct pav_seed_job *)job;
    const char *error = NULL, *cause = NULL, *report = NULL;
    uint32_t i;

    for (i = 0; report == NULL && i < j->items->len; i++) {
        const struct pav_doc *item = &j->items->items[i];

        if (table_call(e, "putItem", put_request(e, j->table, item), TABLE_API,
                       &error, &cause) == NULL &&
            strstr(error, "ConditionalCheckFailed") == NULL)
            report = fault_at(e, j, item, error, cause);
    }
    if (report != NULL)
        pav_log(PAV_LOG_ERROR, NULL, "items not put: %s", report);
    pav_store_fault_put(e->store, j->name, report, pav_clock_ms(e->clock));
}

const struct pav_job_kind pav_seed_kind = {.size = sizeof(struct pav_seed_job),
                                           .advance = seed};
