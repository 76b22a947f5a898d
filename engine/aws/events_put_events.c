/*
 * PutEvents: its entries become events.
 */
#include <string.h>

#include "pavane/envelope.h"
#include "change.h"
#include "events_fields.h"

static void
refuse_entry(struct pav_arena *a, struct pav_event_item *item, const char *code,
             const char *message)
{
    item->code = code;
    item->message = pav_arena_strdup(a, message);
    item->error = item->message;
}

static size_t
text_bytes(const struct pav_doc *entry, const char *key)
{
    const struct pav_doc *v = pav_doc_get(entry, key);

    return v == NULL || v->kind != PAV_STRING ? 0 : v->len;
}

static size_t
entry_bytes(const struct pav_doc *entry)
{
    const struct pav_doc *resources = pav_doc_get(entry, "Resources");
    size_t n = pav_doc_get(entry, "Time") != NULL ? 14 : 0;
    uint32_t i;

    n += text_bytes(entry, "Source") + text_bytes(entry, "DetailType") +
         text_bytes(entry, "Detail");
    for (i = 0; resources != NULL && resources->kind == PAV_ARRAY &&
                i < resources->len;
         i++)
        n += resources->items[i].len;
    return n;
}

static void
read_entry(struct aws_change *c, const struct pav_doc *entry,
           struct pav_event_item *item)
{
    struct pav_arena *a = &c->job->arena;
    struct pav_envelope_defaults defaults = {
        .region = c->region,
        .account = c->external != NULL ? c->external : c->account,
        .stamps = c->external != NULL,
        .now_ms = c->now_ms};
    const char *code,
        *fault = pav_entry_fault(a, entry, &defaults, &item->event, &code);

    if (fault != NULL) {
        refuse_entry(a, item, code, fault);
        return;
    }
    if (item->event.bus.p != NULL)
        item->bus =
            pav_arena_strndup(a, item->event.bus.p, item->event.bus.len);
    item->body.p = pav_doc_text(a, entry);
    item->body.len = strlen(item->body.p);
    item->event.known_id = false; /* the service's clients have none to give */
}

static bool
put_events_fill(struct aws_change *c)
{
    struct pav_events_job *j = (struct pav_events_job *)c->job;
    const struct pav_doc *entries = pav_doc_get(c->request, "Entries");
    size_t bytes = 0;
    uint32_t i;

    for (i = 0; i < entries->len; i++)
        bytes += entry_bytes(&entries->items[i]);
    if (bytes > PAV_EVENTS_MAX)
        return change_fail(c, "ValidationException",
                           "Total size of the entries in the request is over "
                           "the limit.");
    if (c->external != NULL) {
        j->account = c->external;
        j->speaks_for = c->speaks_for;
    }
    j->item_count = entries->len;
    j->items =
        pav_arena_zalloc(&j->job.arena, entries->len * sizeof(*j->items));
    for (i = 0; i < entries->len; i++)
        read_entry(c, &entries->items[i], &j->items[i]);
    return true;
}

static void
put_events_answer(const struct aws_place *p, struct pav_job *job,
                  struct pav_members *m)
{
    struct pav_events_job *j = (struct pav_events_job *)job;
    struct pav_arena *a = &job->arena;
    struct pav_items list;
    int64_t failed = 0;
    uint32_t i;

    (void)p;
    pav_items_init(&list, a);
    for (i = 0; i < j->item_count; i++) {
        const struct pav_event_item *item = &j->items[i];
        struct pav_members entry;

        pav_members_init(&entry, a);
        if (item->code == NULL) {
            pav_members_puts(
                &entry, "EventId",
                pav_doc_new_str(a, item->event.id.p, item->event.id.len));
        } else {
            pav_members_str(&entry, "ErrorCode", item->code);
            pav_members_str(&entry, "ErrorMessage", item->message);
            failed++;
        }
        pav_items_add(&list, pav_members_object(&entry));
    }
    pav_members_int(m, "FailedEntryCount", failed);
    pav_members_puts(m, "Entries", pav_items_array(&list));
}

FIELDS(put_events, {"Entries", FIELD_LIST, true, 1, 10, NULL},
       TEXT("Entries[].EventBusName", false, 1600),
       {"Entries[].Resources[]", FIELD_TEXT, false, 0, 2048, NULL},
       TEXT("Entries[].TraceHeader", false, 500),
       TEXT("EndpointId", false, 50));

/* ---- the table ---- */

const struct aws_action events_put_events_actions[] = {
    AS_JOB("events:PutEvents", "events:PutEvents", put_events, pav_events_kind,
           put_events_fill, put_events_answer),
    END_OF_ACTIONS};
