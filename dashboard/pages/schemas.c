/* Schemas of events: what a producer's events must look like. */
#include "pavane/ledger.h"

#include <string.h>

#include "bus.h"
#include "links.h"

#define DAYS_MS INT64_C(604800000) /* of what was rejected */
#define GROUPS  1000

/* Of its events, how many were rejected within a week. */
static int64_t
rejected(const struct pav_deviation *v, uint32_t n, const char *source,
         const char *type)
{
    int64_t sum = 0;
    uint32_t i;

    for (i = 0; i < n; i++)
        if (strcmp(v[i].source, source) == 0 && strcmp(v[i].type, type) == 0)
            sum += v[i].count;
    return sum;
}

/* What is sent without a schema: what it looks like can be asked. */
static void
add_found(struct pav_query *q, struct pav_members *m)
{
    struct pav_sent *v;
    uint32_t n = pav_reader_without_schema(q->reader, q->now_ms - DAYS_MS, ROWS,
                                           q->arena, &v),
             i;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "found_source", v[i].source);
        view_text(&o, "found_type", v[i].type);
        view_amount(&o, "found_events", v[i].events);
        view_time(&o, "found_last", v[i].last_at);
        view_text(
            &o, "found_link",
            pav_arena_printf(
                q->arena, "%s&detailType=%s",
                view_link(q, "api/v1/schemas/discover?source=", v[i].source),
                view_encoded(q, v[i].type)));
        pav_items_add(&list, pav_members_object(&o));
    }
    view_bool(m, "found_any", list.count > 0);
    pav_members_puts(m, "found", pav_items_array(&list));
}

static void
show(struct pav_query *q, const char *rest)
{
    const struct pav_deviation_filter wrong = {.kind = PAV_REJECTED,
                                               .from_ms = q->now_ms - DAYS_MS,
                                               .now_ms = q->now_ms,
                                               .limit = GROUPS};
    struct pav_deviation *v;
    struct pav_name_row *rows;
    uint32_t odd = pav_reader_deviations(q->reader, &wrong, q->arena, &v),
             n = pav_reader_names(q->reader, PAV_NAME_SCHEMA, 0, "", ROWS,
                                  q->arena, &rows),
             i;
    struct pav_items list;
    struct pav_members m;

    (void)rest;
    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_doc *d = bus_row_body(q, rows[i].body);
        const char *source = pav_doc_member_str(q->arena, d, "Source");
        const char *type = pav_doc_member_str(q->arena, d, "DetailType");
        const char *text = pav_doc_text(q->arena, pav_doc_get(d, "Schema"));

        if (source == NULL || type == NULL)
            continue;
        pav_members_init(&m, q->arena);
        view_text(&m, "source", source);
        view_text(&m, "type", type);
        view_text(&m, "policy", pav_doc_member_str(q->arena, d, "Policy"));
        view_text(&m, "schema", view_pretty(q->arena, text, strlen(text)));
        view_amount(&m, "rejected", rejected(v, odd, source, type));
        view_text(&m, "link", view_link(q, "producers/", source));
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "schemas", pav_items_array(&list));
    view_bool(&m, "more", n == ROWS);
    add_found(q, &m);
    bus_show(q, "schemas", "Schemas", "in_schemas", &m);
}

const struct page_route schemas_page = {"/bus/schemas", "pavane:ReadEvents",
                                        PAGE_ITSELF, show};
