/* The overview: machines, what is overdue, the newest executions. */
#include <string.h>

#include "pavane/insight.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "view_rows.h"

#define OVERDUE_SHOWN 50

static bool
is_alike(const struct pav_listed_wait *x, const struct pav_listed_wait *y)
{
    return strcmp(x->machine, y->machine) == 0 &&
           strcmp(x->execution, y->execution) == 0 &&
           strcmp(x->row.state, y->row.state) == 0;
}

/* How many there are of an execution and state, at the first of them: items of
 * a Map wait alike; 0 at the others. */
static uint32_t
waits_alike(const struct pav_listed_wait *v, uint32_t count, uint32_t at)
{
    uint32_t i, n = 0;

    for (i = 0; i < at; i++)
        if (is_alike(&v[i], &v[at]))
            return 0;
    for (; i < count; i++)
        n += is_alike(&v[i], &v[at]);
    return n;
}

/* What nobody should have to look for. */
static void
add_overdue(struct pav_query *q, struct pav_members *out,
            const struct pav_debt *debts, uint32_t owed)
{
    struct pav_wait_filter f = {.limit = OVERDUE_SHOWN, .overdue = true};
    const struct pav_debt *debt;
    struct pav_listed_wait *v;
    struct pav_items rows;
    uint32_t i, count;
    bool more;

    count = pav_reader_waits(q->reader, &f, q->arena, &v, &more);
    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++) {
        struct pav_members m;
        uint32_t same = waits_alike(v, count, i);

        if (same == 0)
            continue;
        pav_members_init(&m, q->arena);
        if (same > 1)
            view_number(&m, "same", same);
        view_text(&m, "key", v[i].key == NULL ? v[i].execution : v[i].key);
        view_text(&m, "link",
                  view_execution_link(q, v[i].machine, v[i].execution));
        view_text(&m, "machine", v[i].machine);
        view_text(&m, "state", v[i].row.state);
        view_text(&m, "awaits", v[i].row.awaits);
        debt = pav_debt_find(debts, owed, v[i].machine, v[i].row.state);
        view_text(&m, "from", debt == NULL ? NULL : debt->from);
        view_time(&m, "since", v[i].row.since_at);
        view_time(&m, "due", v[i].overdue_since);
        view_span(&m, "age", q->now_ms - v[i].row.since_at);
        pav_items_add(&rows, pav_members_object(&m));
    }
    view_bool(out, "overdue_any", count > 0);
    view_bool(out, "overdue_more", more);
    pav_members_puts(out, "overdue", pav_items_array(&rows));
}

static bool
is_late(const struct pav_debt *debts, uint32_t n, const char *machine)
{
    uint32_t i;

    for (i = 0; i < n; i++)
        if (debts[i].overdue > 0 && strcmp(debts[i].machine, machine) == 0)
            return true;
    return false;
}

/* How many of a machine's are overdue: executions, as their list has them. */
static int64_t
late_of(struct pav_query *q, const struct pav_debt *debts, uint32_t n,
        const char *machine)
{
    struct pav_execution_filter f = {
        .status = -1, .machine = machine, .overdue = true};

    return is_late(debts, n, machine)
               ? pav_reader_total(q->reader, &f, q->arena)
               : 0;
}

static void
add_loss(struct pav_query *q, struct pav_members *m)
{
    const struct pav_loss *l = q->loss;

    view_bool(m, "missing", pav_loss_any(l));
    view_text(m, "missing_events", view_count(q->arena, l->events));
    view_text(m, "missing_executions", view_count(q->arena, l->executions));
    view_text(m, "missing_commits", view_count(q->arena, l->commits));
    view_bool(m, "missing_known", l->events > 0);
    view_text(m, "missing_first",
              view_count(q->arena, l->last_event - l->events + 1));
    view_text(m, "missing_last", view_count(q->arena, l->last_event));
}

static void
show(struct pav_query *q, const char *rest)
{
    /* by enum pav_status */
    static const char *const counts[] = {"running", "succeeded", "failed",
                                         "timedout", "aborted"};
    struct pav_execution_filter f = {
        .status = -1, .exclude_map_children = true, .limit = 10};
    struct pav_machine_view *v;
    uint32_t count = pav_reader_machines(q->reader, true, q->arena, &v), i, k;
    struct pav_debt *debts;
    uint32_t owed = pav_debts_when_late(q->reader, q->now_ms, q->arena, &debts);
    struct pav_items machines;
    int64_t late;
    struct pav_members m;
    int64_t next;

    (void)rest;
    pav_items_init(&machines, q->arena);
    for (i = 0; i < count; i++) {
        pav_members_init(&m, q->arena);
        view_text(&m, "name", v[i].row.name);
        view_bool(&m, "loaded", v[i].row.id != 0);
        view_text(&m, "link", view_link(q, "machines/", v[i].row.name));
        view_text(&m, "list",
                  view_link(q, "executions?machine=", v[i].row.name));
        for (k = 0; k < 5; k++) {
            view_text(&m, counts[k], view_count(q->arena, v[i].counts[k]));
            view_bool(&m, pav_arena_printf(q->arena, "%s_any", counts[k]),
                      v[i].counts[k] > 0);
        }
        late = late_of(q, debts, owed, v[i].row.name);
        if (late > 0)
            view_amount(&m, "late", late);
        view_bool(&m, "inactive", v[i].row.id != 0 && !v[i].row.active);
        view_report(&m, v[i].fault);
        pav_items_add(&machines, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "machines", pav_items_array(&machines));
    add_loss(q, &m);
    add_overdue(q, &m, debts, owed);
    pav_members_puts(&m, "executions", view_executions(q, &f, &next));
    page_show(q, &(struct page){.name = "overview",
                                .title = owed > 0 ? "⏰ Overview" : "Overview",
                                .topics = "executions machines",
                                .view = &m});
}

const struct page_route overview_page = {"/", "pavane:ReadOverview",
                                         PAGE_ITSELF, show};
