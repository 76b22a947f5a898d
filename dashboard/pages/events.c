/* Events and what became of them. */
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
#include "pages.h"
#include "parameters.h"
#include "view_rows.h"

/* ?from=, ?until=: RFC 3339. */
static void
add_time(struct pav_query *q, struct pav_members *m, const char *name,
         int64_t *at)
{
    const char *text = page_parameter(q, name);

    if (text == NULL)
        return;
    if (!pav_time_parse(text, strlen(text), at)) {
        view_not_read(q, m, name);
        return;
    }
    view_time(m, name, *at);
    view_text(m, pav_arena_printf(q->arena, "%s_asked", name), text);
}

static void
show(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {"disposition", "key",  "source", "type",
                                       "machine",     "from", "until",  "why",
                                       "says",        NULL};
    struct pav_disposition_filter f = {.key = page_parameter(q, "key"),
                                       .source = page_parameter(q, "source"),
                                       .detail_type = page_parameter(q, "type"),
                                       .machine = page_parameter(q, "machine"),
                                       .why = page_parameter(q, "why"),
                                       .says = page_parameter(q, "says"),
                                       .kind = -1,
                                       .before = page_before(q),
                                       .limit = ROWS};
    const char *kind = page_parameter(q, "disposition");
    const char *from = page_parameter(q, "from"),
               *until = page_parameter(q, "until");
    enum pav_disposition wanted;
    struct pav_items kinds;
    struct pav_members m;
    int64_t next;
    int k;

    (void)rest;
    pav_members_init(&m, q->arena);
    view_text(&m, "machine_asked", f.machine);
    if (f.machine != NULL && strcmp(f.machine, OF_NO_MACHINE) == 0) {
        f.machine = NULL;
        f.of_no_machine = true;
    }
    view_text(&m, "why_asked", f.why);
    view_text(&m, "says_asked", f.says);
    if (kind != NULL && pav_disposition_find(kind, &wanted))
        f.kind = wanted;
    else
        view_text(&m, "no_such", kind);
    pav_items_init(&kinds, q->arena);
    for (k = 0; k < PAV_DISPOSITIONS; k++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "name", pav_disposition_name((enum pav_disposition)k));
        view_bool(&o, "selected", f.kind == k);
        pav_items_add(&kinds, pav_members_object(&o));
    }
    add_time(q, &m, "from", &f.from_at);
    add_time(q, &m, "until", &f.until_at);
    view_bool(&m, "limited", f.from_at != 0 || f.until_at != 0);
    view_bool(&m, "filtered",
              from != NULL || until != NULL || kind != NULL || f.key != NULL ||
                  f.source != NULL || f.detail_type != NULL ||
                  f.machine != NULL || f.of_no_machine || f.why != NULL ||
                  f.says != NULL);
    view_text(&m, "source_asked", f.source);
    view_text(&m, "type_asked", f.detail_type);
    pav_members_puts(&m, "kinds", pav_items_array(&kinds));
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    view_text(&m, "key", f.key);
    view_text(&m, "next", view_next(q, "events?", kept, next));
    page_show(q, &(struct page){.name = "events",
                                .title = "Events",
                                .place = "at_events",
                                .topics = f.before == 0 ? "events" : NULL,
                                .view = &m});
}

const struct page_route events_page = {"/events", "pavane:ReadEvents",
                                       PAGE_ITSELF, show};
