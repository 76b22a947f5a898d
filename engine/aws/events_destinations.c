/*
 * API destinations.
 */

#include "turn/turn.h"
#include "connections.h"
#include "events_fields.h"
#include "rows.h"

static const char *const destination_fields[] = {"Description",
                                                 "ConnectionArn",
                                                 "InvocationEndpoint",
                                                 "HttpMethod",
                                                 "InvocationRateLimitPerSecond",
                                                 NULL};

static void
put_destination(struct control *c, const char *arn, int64_t created,
                const struct pav_doc *old)
{
    const char *name = control_text(c, "Name"), *connection;
    int64_t now = pav_clock_ms(c->e->clock);
    struct pav_name_row row;
    const struct pav_doc *body, *all;
    struct pav_members m;

    pav_members_init(&m, c->a);
    if (old != NULL)
        events_copy(&m, old, destination_fields);
    events_copy(&m, c->j->request, destination_fields);
    all = pav_doc_get(pav_members_object(&m), "ConnectionArn");
    connection = events_name_of(c, pav_doc_str(c->a, all), "connection");
    if (!events_row(c, PAV_NAME_CONNECTION, 0, connection, &row, &body)) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "ConnectionArn", "Connection '%s' does not exist.",
                 connection);
        return;
    }
    pav_members_str(&m, "ApiDestinationArn", arn);
    pav_members_str(&m, "ApiDestinationState", "ACTIVE");
    pav_members_int(&m, "CreationTime", created == 0 ? now : created);
    pav_members_int(&m, "LastModifiedTime", now);
    events_put(c, PAV_NAME_DESTINATION, 0, name, 0, &m);
    events_copy(&c->out, pav_members_object(&m),
                (const char *const[]){"ApiDestinationArn",
                                      "ApiDestinationState", NULL});
    events_date(&c->out, pav_members_object(&m), "CreationTime");
    events_date(&c->out, pav_members_object(&m), "LastModifiedTime");
}

static void
create_destination(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_name_row row;
    const struct pav_doc *body;

    if (events_row(c, PAV_NAME_DESTINATION, 0, name, &row, &body))
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "Name", "An api-destination '%s' already exists.", name);
    else
        put_destination(c, fresh_arn(c, "api-destination", name), 0, NULL);
}

static void
update_destination(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (connection_asked(c, PAV_NAME_DESTINATION, "api-destination", &row,
                         &body))
        put_destination(
            c, pav_doc_str(c->a, pav_doc_get(body, "ApiDestinationArn")),
            pav_doc_member_int(body, "CreationTime"), body);
}

static const struct pav_doc *
destination_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const char *connection = control_text(c, "ConnectionArn");
    struct pav_members m;

    if (connection != NULL &&
        !pav_doc_is_str(pav_doc_get(body, "ConnectionArn"), connection))
        return NULL;
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    events_copy(&m, body,
                (const char *const[]){"ApiDestinationArn",
                                      "ApiDestinationState", NULL});
    events_copy(&m, body, destination_fields + 1);
    events_date(&m, body, "CreationTime");
    events_date(&m, body, "LastModifiedTime");
    return pav_members_object(&m);
}

static void
describe_destination(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body, *entry;
    uint32_t i;

    if (!connection_asked(c, PAV_NAME_DESTINATION, "api-destination", &row,
                          &body))
        return;
    entry = destination_entry(c, &row);
    for (i = 0; entry != NULL && i < entry->len; i++)
        pav_members_add(&c->out, entry->members[i].key, entry->members[i].len,
                        &entry->members[i].value);
    events_copy(&c->out, body, (const char *const[]){"Description", NULL});
}

static void
delete_destination(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (connection_asked(c, PAV_NAME_DESTINATION, "api-destination", &row,
                         &body))
        pav_store_name_delete(c->e->store, PAV_NAME_DESTINATION, 0, row.name);
}

static void
list_destinations(struct control *c)
{
    events_list(c, PAV_NAME_DESTINATION, 0, "ApiDestinations",
                destination_entry);
}

FIELDS(create_destination, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       NAME("ConnectionArn", 1600), NAME("InvocationEndpoint", 2048),
       {"HttpMethod", FIELD_TEXT, true, 0, 0,
        "POST, GET, HEAD, OPTIONS, PUT, PATCH, DELETE"},
       {"InvocationRateLimitPerSecond", FIELD_WHOLE, false, 1, 0, NULL});
FIELDS(update_destination, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       TEXT("ConnectionArn", false, 1600),
       TEXT("InvocationEndpoint", false, 2048),
       {"HttpMethod", FIELD_TEXT, false, 0, 0,
        "POST, GET, HEAD, OPTIONS, PUT, PATCH, DELETE"},
       {"InvocationRateLimitPerSecond", FIELD_WHOLE, false, 1, 0, NULL});
FIELDS(list_destinations, TEXT("NamePrefix", false, 64),
       TEXT("ConnectionArn", false, 1600), PAGE);

FIELDS(named, PLAIN("Name", 64));

/* ---- the table ---- */

const struct aws_action events_destinations_actions[] = {
    ON_ENGINE("events:CreateApiDestination", "events:CreateApiDestination",
              create_destination, create_destination),
    ON_ENGINE("events:UpdateApiDestination", "events:UpdateApiDestination",
              update_destination, update_destination),
    ON_ENGINE("events:DescribeApiDestination", "events:DescribeApiDestination",
              named, describe_destination),
    ON_ENGINE("events:DeleteApiDestination", "events:DeleteApiDestination",
              named, delete_destination),
    ON_ENGINE("events:ListApiDestinations", "events:ListApiDestinations",
              list_destinations, list_destinations),
    END_OF_ACTIONS};
