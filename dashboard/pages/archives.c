/* Archives of the buses, and replays of them. */
#include <string.h>

#include "bus.h"
#include "links.h"

#define MOST 1000

static const struct pav_doc *
archive_view(struct pav_query *q, const struct pav_name_row *row)
{
    const struct pav_doc *body = bus_row_body(q, row->body);
    int64_t days = pav_doc_member_int(body, "RetentionDays");
    struct pav_members m;

    pav_members_init(&m, q->arena);
    bus_describe(q, &m, row->name, body);
    bus_json(q, &m, "pattern", body, "EventPattern");
    view_text(&m, "count",
              view_capped(q->arena,
                          pav_reader_archive_count(q->reader, row->number)));
    view_text(&m, "events_link",
              pav_arena_printf(q->arena, "%s/events",
                               view_link(q, "api/v1/archives/", row->name)));
    if (days > 0)
        view_number(&m, "days", days);
    view_text(&m, "state", pav_doc_member_str(q->arena, body, "State"));
    view_time(&m, "created", pav_doc_member_int(body, "CreationTime"));
    return pav_members_object(&m);
}

static const struct pav_doc *
replay_view(struct pav_query *q, const struct pav_name_row *row)
{
    const struct pav_doc *body = bus_row_body(q, row->body);
    const char *archive = pav_doc_member_str(q->arena, body, "EventSourceArn");
    const struct pav_doc *speed = pav_doc_get(body, "Speed");
    int64_t last = pav_doc_member_int(body, "LastAt");
    int64_t from = pav_doc_member_int(body, "EventStartTime"),
            until = pav_doc_member_int(body, "EventEndTime");
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_text(&m, "name", row->name);
    view_text(&m, "archive",
              archive == NULL || strrchr(archive, '/') == NULL
                  ? archive
                  : strrchr(archive, '/') + 1);
    view_text(&m, "state", pav_doc_member_str(q->arena, body, "State"));
    view_text(&m, "reason", pav_doc_member_str(q->arena, body, "StateReason"));
    view_amount(&m, "replayed", pav_doc_member_int(body, "Replayed"));
    if (speed != NULL && pav_doc_double(speed) > 0)
        view_text(&m, "speed",
                  pav_arena_printf(q->arena, "%g×", pav_doc_double(speed)));
    view_time(&m, "began", pav_doc_member_int(body, "ReplayStartTime"));
    view_time(&m, "from", from);
    view_time(&m, "until", until);
    if (last > 0)
        view_time(&m, "last", last);
    if (last > from && until > from)
        view_text(
            &m, "progress",
            pav_arena_printf(q->arena, "%lld %%",
                             (long long)((last < until ? last : until) - from) *
                                 100 / (until - from)));
    return pav_members_object(&m);
}

/* A change that was played on an archive, and what it came to. */
static const struct pav_doc *
what_if_view(struct pav_query *q, const struct pav_name_row *row)
{
    static const struct {
        const char *key, *field;
    } amounts[] = {{"ids", "Ids"},
                   {"differ", "Differ"},
                   {"stranded", "Stranded"},
                   {"elsewhere", "Elsewhere"},
                   {"events", "Events"}};
    const struct pav_doc *body = bus_row_body(q, row->body);
    struct pav_members m;
    size_t i;

    pav_members_init(&m, q->arena);
    view_text(&m, "archive", pav_doc_member_str(q->arena, body, "Archive"));
    view_text(&m, "machine", pav_doc_member_str(q->arena, body, "Machine"));
    for (i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
        view_amount(&m, amounts[i].key,
                    pav_doc_member_int(body, amounts[i].field));
    view_time(&m, "told", row->number);
    return pav_members_object(&m);
}

static void
add_all(struct pav_query *q, struct pav_members *m, const char *key, int kind,
        const struct pav_doc *(*view)(struct pav_query *q,
                                      const struct pav_name_row *row))
{
    struct pav_name_row *rows;
    uint32_t count =
        pav_reader_names(q->reader, kind, 0, "", MOST, q->arena, &rows);
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < count; i++)
        pav_items_add(&list, view(q, &rows[i]));
    pav_members_puts(m, key, pav_items_array(&list));
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_members m;

    (void)rest;
    pav_members_init(&m, q->arena);
    add_all(q, &m, "archives", PAV_NAME_ARCHIVE, archive_view);
    add_all(q, &m, "replays", PAV_NAME_REPLAY, replay_view);
    add_all(q, &m, "what_ifs", PAV_NAME_WHAT_IF, what_if_view);
    bus_show(q, "archives", "Archives", "in_archives", &m);
}

static void
show_replays(struct pav_query *q, const char *rest)
{
    (void)rest;
    page_redirect(q, "bus/archives#replays");
}

const struct page_route replays_page = {"/bus/replays", "pavane:ReadEvents",
                                        PAGE_ITSELF, show_replays};
const struct page_route archives_page = {"/bus/archives", "pavane:ReadEvents",
                                         PAGE_ITSELF, show};
