/* The time that a page of counts is about: see range.h. */
#include "parameters.h"
#include "range.h"

#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "links.h"
#include "view.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

static const struct {
    const char *name, *words;
    int64_t hours;
} ranges[] = {{"1h", "the last hour", 1},
              {"24h", "the last 24 hours", 24},
              {"7d", "the last 7 days", 168},
              {"30d", "the last 30 days", 720},
              {"90d", "the last 90 days", 2160}};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

struct range
range_read(struct pav_query *q, const char *usual)
{
    const char *asked = page_parameter(q, "range");
    size_t i, at = 0;

    for (i = 0; i < RANGES; i++)
        if (strcmp(ranges[i].name, usual) == 0)
            at = i;
    for (i = 0; asked != NULL && i < RANGES; i++)
        if (strcmp(ranges[i].name, asked) == 0)
            at = i;
    return (struct range){.from_ms = q->now_ms - ranges[at].hours * HOUR_MS,
                          .until_ms = q->now_ms,
                          .name = ranges[at].name,
                          .words = ranges[at].words};
}

/* "2026-11-20": when it begins. */
static bool
day_of(struct pav_query *q, const char *name, int64_t *ms)
{
    const char *text = page_parameter(q, name), *midnight;

    if (text == NULL || strlen(text) != 10)
        return false;
    midnight = pav_arena_printf(q->arena, "%sT00:00:00Z", text);
    return pav_time_parse(midnight, strlen(midnight), ms);
}

struct range
range_read_days(struct pav_query *q, const char *usual)
{
    struct range r = range_read(q, usual);
    int64_t from, to;

    if (!day_of(q, "from", &from))
        return r;
    if (!day_of(q, "to", &to) || to < from)
        to = from;
    r.from_ms = from;
    r.until_ms = to + DAY_MS - 1;
    r.name = "";
    r.words = to == from ? page_parameter(q, "from")
                         : pav_arena_printf(q->arena, "%s to %s",
                                            page_parameter(q, "from"),
                                            page_parameter(q, "to"));
    return r;
}

void
range_add(struct pav_query *q, const struct range *r, const char *path,
          const char *const *kept, struct pav_members *m)
{
    struct pav_items list;
    size_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < RANGES; i++) {
        const char *const *name;
        struct pav_members o;
        struct pav_buf link;

        pav_buf_init(&link, 1 << 16);
        pav_buf_printf(&link, "%s%s?range=%s", page_root(q), path,
                       ranges[i].name);
        for (name = kept; *name != NULL; name++) {
            const char *value = page_parameter(q, *name);

            if (value == NULL)
                continue;
            pav_buf_printf(&link, "&%s=", *name);
            pav_url_encode(&link, value, strlen(value));
        }
        pav_members_init(&o, q->arena);
        view_text(&o, "name", ranges[i].name);
        view_text(&o, "words", ranges[i].words);
        view_text(&o, "link", pav_arena_strndup(q->arena, link.p, link.len));
        view_bool(&o, "current", strcmp(r->name, ranges[i].name) == 0);
        pav_items_add(&list, pav_members_object(&o));
        pav_buf_fini(&link);
    }
    pav_members_puts(m, "ranges", pav_items_array(&list));
    view_text(m, "range", r->words);
}
