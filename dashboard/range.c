/* The time that a page of counts is about: see range.h. */
#include "parameters.h"
#include "range.h"

#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "links.h"
#include "view_rows.h"

#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)
#define DAYS_MOST 400 /* of a page */

struct choice {
    const char *name, *words;
    int64_t hours;
};

static const struct choice hours[] = {
    {"1h", "the last hour", 1},        {"24h", "the last 24 hours", 24},
    {"7d", "the last 7 days", 168},    {"30d", "the last 30 days", 720},
    {"90d", "the last 90 days", 2160}, {NULL, NULL, 0}};
static const struct choice days[] = {{"today", "today", 24},
                                     {"7d", "the last 7 days", 168},
                                     {"30d", "the last 30 days", 720},
                                     {"90d", "the last 90 days", 2160},
                                     {NULL, NULL, 0}};

/* The one of that name, or else the usual one. */
static const struct choice *
choice_of(const struct choice *v, const char *name, const char *usual)
{
    const struct choice *c, *found = v;

    for (c = v; c->name != NULL; c++)
        if (strcmp(c->name, usual) == 0)
            found = c;
    for (c = v; name != NULL && c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            found = c;
    return found;
}

static struct range
read_choice(struct pav_query *q, const struct choice *v, const char *usual)
{
    const struct choice *c = choice_of(v, page_parameter(q, "range"), usual);

    return (struct range){.from_ms = q->now_ms - c->hours * HOUR_MS,
                          .until_ms = q->now_ms,
                          .name = c->name,
                          .words = c->words,
                          .asked =
                              pav_arena_printf(q->arena, "range=%s", c->name)};
}

struct range
range_read(struct pav_query *q, const char *usual)
{
    return read_choice(q, hours, usual);
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

/* ?from=2026-11-20&to=2026-11-22, both of them in it. */
static void
read_named(struct pav_query *q, struct range *r)
{
    int64_t from, to;

    r->named = true;
    if (!day_of(q, "from", &from))
        return;
    if (!day_of(q, "to", &to) || to < from) {
        r->odd_end = page_parameter(q, "to") != NULL;
        to = from;
    }
    if (from < to - DAYS_MOST * DAY_MS)
        from = to - DAYS_MOST * DAY_MS;
    r->from_ms = from;
    r->until_ms = to + DAY_MS - 1;
    r->name = "";
    r->words = to == from ? page_parameter(q, "from")
                          : pav_arena_printf(q->arena, "%s to %s",
                                             page_parameter(q, "from"),
                                             page_parameter(q, "to"));
    r->asked = pav_arena_printf(
        q->arena, "from=%s&to=%s", page_parameter(q, "from"),
        to == from ? page_parameter(q, "from") : page_parameter(q, "to"));
}

struct range
range_read_either(struct pav_query *q, const char *usual)
{
    struct range r = read_choice(q, hours, usual);

    read_named(q, &r);
    return r;
}

struct range
range_read_days(struct pav_query *q, const char *usual)
{
    struct range r = read_choice(q, days, usual);

    r.days = true;
    r.from_ms = (q->now_ms / DAY_MS + 1) * DAY_MS - (q->now_ms - r.from_ms);
    read_named(q, &r);
    return r;
}

/* "from" and "to" of a form, and what goes on beside them. */
static void
add_days(struct pav_query *q, const struct range *r, const char *path,
         const char *const *kept, struct pav_members *m)
{
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (; *kept != NULL; kept++) {
        struct pav_members o;

        if (page_parameter(q, *kept) == NULL)
            continue;
        pav_members_init(&o, q->arena);
        view_text(&o, "name", *kept);
        view_text(&o, "value", page_parameter(q, *kept));
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "range_kept", pav_items_array(&list));
    view_text(m, "range_path",
              pav_arena_printf(q->arena, "%s%s", page_root(q), path));
    view_text(m, "range_from", view_day(q->arena, r->from_ms));
    view_text(m, "range_to", view_day(q->arena, r->until_ms));
}

void
range_add(struct pav_query *q, const struct range *r, const char *path,
          const char *const *kept, struct pav_members *m)
{
    const struct choice *c = r->days ? days : hours;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (; c->name != NULL; c++) {
        const char *const *name;
        struct pav_members o;
        struct pav_buf link;

        pav_buf_init(&link, 1 << 16);
        pav_buf_printf(&link, "%s%s?range=%s", page_root(q), path, c->name);
        for (name = kept; *name != NULL; name++) {
            const char *value = page_parameter(q, *name);

            if (value == NULL)
                continue;
            pav_buf_printf(&link, "&%s=", *name);
            pav_url_encode(&link, value, strlen(value));
        }
        pav_members_init(&o, q->arena);
        view_text(&o, "name", c->name);
        view_text(&o, "words", c->words);
        view_text(&o, "link", pav_arena_strndup(q->arena, link.p, link.len));
        view_bool(&o, "current", strcmp(r->name, c->name) == 0);
        pav_items_add(&list, pav_members_object(&o));
        pav_buf_fini(&link);
    }
    if (*r->name != '\0' && page_parameter(q, "range") != NULL &&
        strcmp(page_parameter(q, "range"), r->name) != 0)
        view_not_read(q, m, "range");
    if (*r->name != '\0' && r->named && page_parameter(q, "from") != NULL)
        view_not_read(q, m, "from");
    if (r->odd_end)
        view_not_read(q, m, "to");
    pav_members_puts(m, "ranges", pav_items_array(&list));
    view_text(m, "range", r->words);
    view_text(
        m, "in_range",
        strcmp(r->name, "today") == 0 ? r->words
        : *r->name != '\0'
            ? pav_arena_printf(q->arena, "in %s", r->words)
            : pav_arena_printf(q->arena, "%s %s",
                               strstr(r->words, " to ") == NULL ? "on" : "from",
                               r->words));
    if (r->days)
        add_days(q, r, path, kept, m);
}
