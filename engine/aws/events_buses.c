/*
 * Event buses.
 */
#include <string.h>

#include "bus/bus.h"
#include "buses.h"
#include "events_fields.h"
#include "rows.h"

static const char *const row_fields[] = {"Description", "KmsKeyIdentifier",
                                         "DeadLetterConfig", "LogConfig", NULL};

const char *
bus_name(struct control *c)
{
    const char *name = control_text(c, "EventBusName");

    return name == NULL ? DEFAULT_BUS : events_name_of(c, name, "event-bus");
}

/* NULL after the job has failed. */
struct bus *
bus_asked(struct control *c)
{
    const char *name = bus_name(c);
    struct bus *b = bus_by_name(c->e, name);

    if (b == NULL)
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "EventBusName", "Event bus %s does not exist.", name);
    return b;
}

const struct pav_doc *
bus_body(struct control *c, const char *name)
{
    struct pav_name_row row;
    const struct pav_doc *body = &pav_doc_empty_object;

    (void)events_row(c, PAV_NAME_BUS, 0, name, &row, &body);
    return body;
}

static void
create_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_members body;
    struct machine *m;

    if (bus_by_name(c->e, name) != NULL) {
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "Name", "Event bus %s already exists.", name);
        return;
    }
    pav_members_init(&body, c->a);
    events_copy(&body, c->j->request, row_fields);
    pav_members_int(&body, "CreationTime", pav_clock_ms(c->e->clock));
    pav_members_int(&body, "LastModifiedTime", pav_clock_ms(c->e->clock));
    events_put(c, PAV_NAME_BUS, 0, name,
               events_fresh_number(c, PAV_NAME_BUS, "bus"), &body);
    pav_members_str(&c->out, "EventBusArn", events_arn(c, "event-bus", name));
    events_copy(&c->out, c->j->request, row_fields);
    events_tags_of_new(c, events_arn(c, "event-bus", name));
    for (m = c->e->machines; m != NULL; m = m->next)
        if (m->by_folder && m->rules != NULL &&
            strcmp(m->rules->bus, name) == 0)
            pav_store_fault_put(c->e->store, m->name, NULL, 0);
    events_touch(c, PAV_TOUCHED_BUS, NULL, name);
}

static const struct pav_doc *
bus_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const struct pav_doc *policy = pav_doc_get(body, "Policy");
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    pav_members_str(&m, "Arn", events_arn(c, "event-bus", row->name));
    events_copy(&m, body, row_fields);
    if (policy != NULL)
        pav_members_str(&m, "Policy", pav_doc_text(c->a, policy));
    events_date(&m, body, "CreationTime");
    events_date(&m, body, "LastModifiedTime");
    return pav_members_object(&m);
}

static void
describe_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_name_row row = {.body = {"{}", 2}};

    name = name == NULL ? DEFAULT_BUS : events_name_of(c, name, "event-bus");
    if (bus_by_name(c->e, name) == NULL) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
                 "Event bus %s does not exist.", name);
        return;
    }
    (void)pav_store_name(c->e->store, PAV_NAME_BUS, 0, name, c->a, &row);
    row.name = name;
    events_answer(c, bus_entry(c, &row));
}

static void
update_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_members body;
    struct bus *b;

    name = name == NULL ? DEFAULT_BUS : name;
    b = bus_by_name(c->e, name);
    if (b == NULL) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
                 "Event bus %s does not exist.", name);
        return;
    }
    pav_members_init(&body, c->a);
    events_copy(&body, bus_body(c, name),
                (const char *const[]){"Policy", "CreationTime", NULL});
    events_copy(&body, c->j->request, row_fields);
    pav_members_int(&body, "LastModifiedTime", pav_clock_ms(c->e->clock));
    events_put(c, PAV_NAME_BUS, 0, name, b->id, &body);
    pav_members_str(&c->out, "Arn", b->arn);
    pav_members_str(&c->out, "Name", name);
    events_copy(&c->out, c->j->request, row_fields);
}

static void
delete_bus(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct bus *b = bus_by_name(c->e, name);
    struct pav_name_row row;

    if (strcmp(name, DEFAULT_BUS) == 0) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Name",
                 "Cannot delete event bus default.");
        return;
    }
    if (b == NULL) /* gone already: fine */
        return;
    if (pav_store_names(c->e->store, PAV_NAME_RULE, b->id, "", 1, c->a, &row) >
        0) {
        job_fail(&c->j->job, PAV_CONFLICT, "ValidationException", "Name",
                 "Event bus %s can't be deleted since it has rules.", name);
        return;
    }
    pav_store_name_delete(c->e->store, PAV_NAME_BUS, 0, name);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, b->arn);
    events_touch(c, PAV_TOUCHED_BUS, NULL, name);
}

/* The default bus has a row only once something of it was changed. */
static void
list_buses(struct control *c)
{
    struct pav_name_row row = {.name = DEFAULT_BUS, .body = {"{}", 2}};
    const char *prefix = control_text(c, "NamePrefix");
    const struct pav_doc *list;
    struct pav_items all;
    uint32_t i;

    events_list(c, PAV_NAME_BUS, 0, "EventBuses", bus_entry);
    if (c->j->job.rc != PAV_OK || control_text(c, "NextToken") != NULL ||
        pav_store_name(c->e->store, PAV_NAME_BUS, 0, DEFAULT_BUS, c->a, &row) ||
        (prefix != NULL && strncmp(DEFAULT_BUS, prefix, strlen(prefix)) != 0))
        return;
    list = pav_doc_get(pav_members_object(&c->out), "EventBuses");
    pav_items_init(&all, c->a);
    pav_items_add(&all, bus_entry(c, &row));
    for (i = 0; i < list->len; i++)
        pav_items_add(&all, &list->items[i]);
    pav_members_puts(&c->out, "EventBuses", pav_items_array(&all));
}

FIELDS(create_bus, {"Name", FIELD_PATH, true, 1, 256, NULL},
       TEXT("EventSourceName", false, 256), ANY("Description", FIELD_TEXT),
       ANY("KmsKeyIdentifier", FIELD_TEXT),
       ANY("DeadLetterConfig", FIELD_OBJECT), ANY("LogConfig", FIELD_OBJECT),
       TAGS(false, 0));
FIELDS(update_bus, TEXT("Name", false, 256), ANY("Description", FIELD_TEXT),
       ANY("KmsKeyIdentifier", FIELD_TEXT),
       ANY("DeadLetterConfig", FIELD_OBJECT), ANY("LogConfig", FIELD_OBJECT));
FIELDS(one, TEXT("Name", false, 1600));
FIELDS(delete_bus, NAME("Name", 256));
FIELDS(list_prefix, TEXT("NamePrefix", false, 256), PAGE);

/* ---- the table ---- */

const struct aws_action events_buses_actions[] = {
    ALONE_ON_ENGINE("events:CreateEventBus", "events:CreateEventBus",
                    create_bus, create_bus),
    ON_ENGINE("events:DescribeEventBus", "events:DescribeEventBus", one,
              describe_bus),
    ON_ENGINE("events:UpdateEventBus", "events:UpdateEventBus", update_bus,
              update_bus),
    ALONE_ON_ENGINE("events:DeleteEventBus", "events:DeleteEventBus",
                    delete_bus, delete_bus),
    ON_ENGINE("events:ListEventBuses", "events:ListEventBuses", list_prefix,
              list_buses),
    END_OF_ACTIONS};
