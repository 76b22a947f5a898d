/* Alert rules: what each watches, what it has raised, who is told. */
#include "pavane/alerts.h"

#include <string.h>

#include "pavane/insight.h"
#include "pavane/text.h"
#include "bus.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "view.h"

#define MUTES 1000
#define RULES 20

/* "from 3 on", "after 60 minutes": what the threshold means. */
static const char *
when_text(struct pav_arena *a, const struct pav_alert_rule *r)
{
    long long n = (long long)r->threshold;

    if (strcmp(r->watches, "silence") == 0)
        return pav_arena_printf(a, "after %lld minutes", n);
    if (strcmp(r->watches, "timers") == 0)
        return pav_arena_printf(a, "from %lld seconds on", n);
    if (strcmp(r->watches, "disk") == 0)
        return pav_arena_printf(a, "when fewer than %lld MB are free", n);
    return pav_arena_printf(a, "from %lld on", n);
}

/* What the rule has raised, as its events had it. */
static const struct pav_doc *
raised_view(struct pav_query *q, const struct pav_alert_rule *r,
            const struct pav_name_row *rows, uint32_t n)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_doc *d =
            pav_doc_own(q->arena, rows[i].body.p, rows[i].body.len);
        const char *machine = pav_doc_member_str(q->arena, d, "machine");
        const char *what = pav_doc_member_str(q->arena, d, "what");
        const char *at = pav_doc_member_str(q->arena, d, "raised");
        struct pav_members m;
        int64_t raised = q->now_ms;

        if (!pav_doc_is_str(pav_doc_get(d, "alert"), r->name) || at == NULL)
            continue;
        (void)pav_time_parse(at, strlen(at), &raised);
        pav_members_init(&m, q->arena);
        pav_members_puts(&m, "says", pav_doc_get(d, "says"));
        view_text(&m, "where",
                  machine == NULL || what == NULL
                      ? (machine == NULL ? what : machine)
                      : pav_arena_printf(q->arena, "%s › %s", machine, what));
        view_text(&m, "link",
                  pav_arena_printf(q->arena, "%s%s", page_root(q),
                                   pav_doc_member_str(q->arena, d, "path")));
        view_span(&m, "age", q->now_ms - raised);
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

static void
add_rules(struct pav_query *q, struct pav_members *m)
{
    struct pav_alert_rule *rules;
    struct pav_name_row *raised;
    uint32_t n = pav_alert_rules(q->reader, q->arena, &rules), i,
             told = pav_reader_names(q->reader, PAV_NAME_RAISED, 0, "",
                                     PAV_RAISED_MAX, q->arena, &raised);
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "name", rules[i].name);
        view_text(&o, "watches", rules[i].watches);
        view_text(&o, "machine", rules[i].machine);
        view_text(&o, "source", rules[i].source);
        view_text(&o, "comment", rules[i].comment);
        view_text(&o, "when", when_text(q->arena, &rules[i]));
        pav_members_puts(&o, "raised", raised_view(q, &rules[i], raised, told));
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "rules", pav_items_array(&list));
    view_bool(m, "rules_any", n > 0);
}

/* What its targets got since the daemon began: of all that the rule takes. */
static void
add_numbers(struct pav_query *q, struct pav_members *m, const char *rule)
{
    struct bus_numbers n = bus_numbers(q, rule);

    view_bool(m, "of_bus", true);
    view_amount(m, "delivered", (int64_t)n.delivered);
    view_amount(m, "failed", (int64_t)n.failed);
    view_amount(m, "dead", (int64_t)n.dead);
    view_time(m, "last", (int64_t)n.last_ms);
}

/* The rules of buses that take such an event. */
static void
add_hearers(struct pav_query *q, struct pav_members *m)
{
    struct pav_tried hearing;
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, q->arena);
    pav_rules_hearing(q->reader, "pavane", "Alert Raised", RULES, q->arena,
                      &hearing);
    for (i = 0; i < hearing.count; i++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "rule", hearing.rules[i].rule);
        view_text(&o, "of", hearing.rules[i].machine);
        if (hearing.rules[i].machine == NULL)
            add_numbers(q, &o, hearing.rules[i].rule);
        pav_items_add(&list, pav_members_object(&o));
    }
    view_bool(m, "heard", list.count > 0);
    pav_members_puts(m, "hearers", pav_items_array(&list));
}

#define LOOK_BACK  20000 /* events: of their own those that tell are few */
#define OWN_EVENTS 200
#define TOLD       10

/* What was raised and resolved lately, and what came of it. */
static void
add_told(struct pav_query *q, struct pav_members *m)
{
    static const char alert[] = "Alert ";
    struct pav_disposition_filter f = {.kind = -1,
                                       .source = "pavane",
                                       .limit = OWN_EVENTS,
                                       .newest = LOOK_BACK};
    struct pav_disposition_view *v;
    struct pav_items list;
    int64_t next;
    uint32_t n = pav_reader_dispositions(q->reader, &f, q->arena, &v, &next), i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n && list.count < TOLD; i++) {
        struct pav_members o;

        if (v[i].detail_type.len < strlen(alert) ||
            memcmp(v[i].detail_type.p, alert, strlen(alert)) != 0)
            continue;
        pav_members_init(&o, q->arena);
        view_bytes(&o, "told", v[i].detail_type);
        view_time(&o, "told_at", v[i].received_at);
        view_text(&o, "told_link",
                  view_link(q, "events/",
                            pav_arena_printf(q->arena, "%lld",
                                             (long long)v[i].row.event_id)));
        view_text(&o, "told_outcome", pav_disposition_name(v[i].row.kind));
        view_text(&o, "told_detail", v[i].row.detail);
        pav_items_add(&list, pav_members_object(&o));
    }
    view_bool(m, "told_any", list.count > 0);
    pav_members_puts(m, "tolds", pav_items_array(&list));
}

static void
add_mutes(struct pav_query *q, struct pav_members *m)
{
    struct pav_name_row *rows;
    uint32_t n = pav_reader_names(q->reader, PAV_NAME_MUTE, 0, "", MUTES,
                                  q->arena, &rows),
             i;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_doc *d =
            pav_doc_own(q->arena, rows[i].body.p, rows[i].body.len);
        int64_t until = pav_doc_member_int(d, "Until");
        struct pav_members o;

        if (until <= q->now_ms)
            continue;
        pav_members_init(&o, q->arena);
        view_text(&o, "group", rows[i].name);
        view_text(&o, "reason", pav_doc_member_str(q->arena, d, "Reason"));
        view_time(&o, "until", until);
        pav_items_add(&list, pav_members_object(&o));
    }
    view_bool(m, "mutes_any", list.count > 0);
    pav_members_puts(m, "mutes", pav_items_array(&list));
}

static const char *
words(struct pav_arena *a)
{
    const char *text = pav_alert_word(0);
    int i;

    for (i = 1; pav_alert_word(i) != NULL; i++)
        text = pav_arena_printf(a, "%s, %s", text, pav_alert_word(i));
    return text;
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_members m;

    (void)rest;
    pav_members_init(&m, q->arena);
    add_rules(q, &m);
    add_hearers(q, &m);
    add_told(q, &m);
    add_mutes(q, &m);
    view_text(&m, "words", words(q->arena));
    page_show(q, &(struct page){.name = "alerts",
                                .title = "Alerts",
                                .place = "at_attention",
                                .topics = "executions events machines",
                                .view = &m});
}

const struct page_route alerts_page = {"/alerts", "pavane:ReadExecutions",
                                       PAGE_ITSELF, show};
