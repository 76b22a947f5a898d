/*
 * Schemas of events.  Our own actions.
 */

#include "pavane/schema.h"
#include "turn/turn.h"
#include "events_fields.h"
#include "rows.h"

static const char *
schema_name(struct control *c)
{
    return pav_arena_printf(c->a, "%s\x01%s", control_text(c, "Source"),
                            control_text(c, "DetailType"));
}

static void
put_schema(struct control *c)
{
    const struct pav_doc *content = pav_doc_get(c->j->request, "Schema");
    const char *policy = control_text(c, "Policy");
    struct pav_schema *compiled;
    struct pav_members m;
    struct pav_err err;

    if (pav_schema_compile(content, &compiled, &err) != PAV_OK) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Schema",
                 "Parameter Schema is not valid. Reason: %s at %s", err.message,
                 err.at[0] == '\0' ? "/" : err.at);
        return;
    }
    pav_schema_free(compiled);
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Source", control_text(c, "Source"));
    pav_members_str(&m, "DetailType", control_text(c, "DetailType"));
    pav_members_str(&m, "Policy", policy == NULL ? "reject" : policy);
    pav_members_puts(&m, "Schema", content);
    events_put(c, PAV_NAME_SCHEMA, 0, schema_name(c), 0, &m);
    events_touch(c, PAV_TOUCHED_SCHEMAS, NULL, "");
}

static void
delete_schema(struct control *c)
{
    pav_store_name_delete(c->e->store, PAV_NAME_SCHEMA, 0, schema_name(c));
    events_touch(c, PAV_TOUCHED_SCHEMAS, NULL, "");
}

static const struct pav_doc *
schema_entry(struct control *c, const struct pav_name_row *row)
{
    return control_body(c, row);
}

static void
list_schemas(struct control *c)
{
    events_list(c, PAV_NAME_SCHEMA, 0, "Schemas", schema_entry);
}

FIELDS(put_schema, NAME("Source", 256), NAME("DetailType", 128),
       {"Policy", FIELD_TEXT, false, 0, 0, "reject, record"},
       {"Schema", FIELD_OBJECT, true, 0, 0, NULL});
FIELDS(schema, NAME("Source", 256), NAME("DetailType", 128));

FIELDS(list, TEXT("NamePrefix", false, 256), PAGE);

/* ---- the table ---- */

const struct aws_action pavane_schemas_actions[] = {
    ALONE_ON_ENGINE("pavane:PutSchema", "pavane:PutSchema", put_schema,
                    put_schema),
    ALONE_ON_ENGINE("pavane:DeleteSchema", "pavane:DeleteSchema", schema,
                    delete_schema),
    ON_ENGINE("pavane:ListSchemas", "pavane:ListSchemas", list, list_schemas),
    END_OF_ACTIONS};
