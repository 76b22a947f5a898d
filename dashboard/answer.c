/* The answer to "where does it stand?": see answer.h. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/flow.h"
#include "pavane/insight.h"
#include "pavane/journal.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "definition.h"
#include "links.h"
#include "template.h"
#include "view_rows.h"
#include "when.h"

#define WAITS_SHOW  100
#define WAITS_FIRST 5   /* in sight; the rest is folded */
#define FOLLOW_MAX  100 /* events behind a state's entry that are looked at */

struct answering {
    const struct asked *k;
    struct pav_arena *a;
    const struct pav_doc *definition, *rules; /* NULL: none can be read */
    struct pav_step_out out;                  /* how its last step left it */
    struct pav_wait_time *times;
    uint32_t time_count;
};

/* ---- what is waited for ---- */

/*
 * What a task that is in progress was scheduled with, and what its submission
 * was answered; false: it is no task, or its events are far behind its entry.
 */
static bool
scheduled(const struct asked *k, const char *state,
          struct pav_history_event *task, const struct pav_doc **answer)
{
    const struct visit *v = trace_visit(k->trace, state, 0);
    struct pav_history_event e;
    int64_t id, last, behind[2] = {0, 0};

    *answer = NULL;
    if (v == NULL || v->exited_id != 0)
        return false;
    behind[0] = v->entered_id;
    last = v->entered_id + FOLLOW_MAX;
    for (id = v->entered_id + 1; id <= last && id < k->x->row.next_event;
         id++) {
        if (!trace_event(k->q, k->x, id, &e) ||
            (e.previous_id != behind[0] && e.previous_id != behind[1]))
            continue; /* of another branch */
        behind[0] = behind[1];
        behind[1] = e.id;
        if (e.kind == EV_TASK_SCHEDULED)
            *task = e;
        else if (e.kind == EV_TASK_SUBMITTED)
            *answer = e.payload;
    }
    return behind[1] != 0 && task->resource != NULL;
}

/* Where the child stands itself, in a clause: "waiting in Hold". */
static void
add_child(const struct asked *k, struct pav_members *m,
          const struct pav_states_arn *arn)
{
    struct pav_arena *a = k->q->arena;
    struct pav_execution_view child;

    view_text(m, "child",
              pav_arena_printf(a, "%s:%s", arn->machine, arn->name));
    view_text(m, "child_link",
              view_execution_link(k->q, arn->machine, arn->name));
    if (!pav_reader_execution(k->q->reader, arn->machine, arn->name, a, &child))
        return;
    view_states(m, "child_states", child.row.states);
    view_bool(m, "child_runs", child.row.status == PAV_RUNNING);
}

/* A wait for another execution names it, one for a callback says whose; false:
 * it is for neither. */
static bool
add_what_for(const struct asked *k, struct pav_members *m, const char *state)
{
    struct pav_arena *a = k->q->arena;
    struct pav_history_event task = {.resource = NULL};
    const struct pav_doc *answer;
    struct pav_states_arn child;
    const char *resource, *type, *arn;

    if (!scheduled(k, state, &task, &answer))
        return false;
    resource = pav_doc_str(a, task.resource);
    type = pav_doc_str(a, task.resource_type);
    if (resource == NULL || type == NULL || strcmp(type, "pavane") == 0 ||
        strncmp(type, "aws-sdk:dynamodb", 16) == 0)
        return false;
    arn = answer == NULL ? NULL : pav_doc_member_str(a, answer, "ExecutionArn");
    if (strncmp(resource, "startExecution.sync", 19) == 0 &&
        pav_arn_execution(a, arn, &child)) {
        add_child(k, m, &child);
    } else if (strstr(resource, ".waitForTaskToken") != NULL) {
        view_text(m, "callback",
                  pav_arena_printf(a, "%s:%.*s", type,
                                   (int)strcspn(resource, "."), resource));
    } else {
        view_text(m, "work", pav_arena_printf(a, "%s:%s", type, resource));
    }
    return true;
}

static const struct pav_doc *
parsed(struct pav_arena *a, const char *text, size_t len)
{
    const struct pav_doc *d;

    return text != NULL &&
                   pav_doc_parse_copy(a, text, len, NULL, &d, NULL) == PAV_OK
               ? d
               : NULL;
}

static void
add_event(const struct answering *w, struct pav_members *m,
          const struct pav_wait_row *row)
{
    const struct pav_doc *pattern =
        row->pattern == NULL ? NULL
                             : parsed(w->a, row->pattern, strlen(row->pattern));

    view_text(m, "awaits", row->awaits);
    if (row->awaits == NULL)
        view_text(m, "pattern", row->pattern);
    view_text(m, "from",
              pav_awaited_from(w->k->q->reader, w->rules, row->awaits, pattern,
                               w->k->q->now_ms, w->a));
}

/* ---- how long, and what then ---- */

static void
add_usual(const struct answering *w, struct pav_members *m, const char *state,
          int64_t since_at)
{
    struct pav_wait_stats times;

    if (!pav_usual(w->times, w->time_count, state, &times))
        return;
    view_bool(m, "beyond",
              w->k->q->now_ms - since_at >
                  pav_wait_stats_quantile(&times, 0.95));
    view_span(m, "usual", pav_wait_stats_quantile(&times, 0.5));
    view_span(m, "mostly", pav_wait_stats_quantile(&times, 0.95));
}

/* A state's name at the end of a sentence, which may bring a mark of its own.
 */
static void
add_last_word(struct pav_members *m, const char *key, const char *marked,
              const char *state)
{
    size_t len = state == NULL ? 0 : strlen(state);

    view_text(m, key, state);
    view_bool(m, marked, len > 0 && strchr(".?!", state[len - 1]) != NULL);
}

static void
add_then(const struct answering *w, struct pav_members *m, const char *state,
         int64_t due_at)
{
    const struct pav_doc *d =
        w->definition == NULL ? NULL : definition_of(w->definition, state);

    add_last_word(m, "next", "next_marked", definition_next(w->a, d));
    if (due_at == 0)
        return;
    view_time(m, "due", due_at);
    view_bool(m, "late", due_at < w->k->q->now_ms);
    if (due_at > w->k->q->now_ms)
        view_span(m, "left", due_at - w->k->q->now_ms);
    add_last_word(m, "then", "then_marked", definition_on_timeout(w->a, d));
}

static bool
same_text(const char *x, const char *y)
{
    return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* Waits that read the same, as those of a Map's iterations, are one line; of
 * those that have a pattern of their own each, the first one's is said. */
static bool
same_wait(const struct pav_wait_row *x, const struct pav_wait_row *y)
{
    return strcmp(x->state, y->state) == 0 && x->due_at == y->due_at &&
           same_text(x->awaits, y->awaits) &&
           (x->pattern == NULL) == (y->pattern == NULL);
}

#define ITEMS_NAMED 5

/* How many items the Map has that the state is in, and which of them wait there
 * when they are few. */
static void
add_items(const struct answering *w, struct pav_members *m, const char *state,
          uint32_t same)
{
    const struct trace *t = w->k->trace;
    uint32_t at = pav_graph_find(w->k->graph, state),
             map =
                 at == PAV_GRAPH_NONE ? at : pav_graph_holder(w->k->graph, at),
             i, n = 0;
    const char *which = "";

    if (map == PAV_GRAPH_NONE || t->maps[map].total <= 1)
        return;
    view_amount(m, "items", t->maps[map].total);
    for (i = 0; i < t->count && n <= ITEMS_NAMED; i++) {
        const struct visit *v = &t->visits[i];

        if (v->state == at && v->exited_id == 0 && v->item > 0)
            which = pav_arena_printf(w->a, "%s%s%lld", which,
                                     n++ == 0 ? "" : ", ", (long long)v->item);
    }
    /* Items of a Map in a Map have their numbers several times. */
    if (n == same && n <= ITEMS_NAMED && n < t->maps[map].total &&
        pav_graph_holder(w->k->graph, map) == PAV_GRAPH_NONE)
        view_text(m, "which_items", which);
}

static const struct pav_doc *
wait_view(const struct answering *w, const struct pav_listed_wait *v,
          uint32_t same, bool alike, bool alone)
{
    const struct pav_wait_row *row = &v->row;
    struct pav_members m;

    pav_members_init(&m, w->a);
    view_text(&m, "state", row->state);
    if (same > 1)
        view_number(&m, "same", same);
    add_items(w, &m, row->state, same);
    view_bool(&m, "alike", alike);
    if (row->awaits != NULL || row->pattern != NULL ||
        !add_what_for(w->k, &m, row->state))
        add_event(w, &m, row);
    view_time(&m, "overdue", v->overdue_since);
    view_bool(&m, "endless",
              v->overdue_since != 0 && row->due_at == 0 && alone);
    view_time(&m, "since", row->since_at);
    if (!w->k->past)
        view_number(&m, "since_ms", row->since_at);
    view_span(&m, "span", w->k->q->now_ms - row->since_at);
    add_usual(w, &m, row->state, row->since_at);
    add_then(w, &m, row->state, row->due_at);
    return pav_members_object(&m);
}

/* The machine that texts of a step are of is freed before they are shown. */
static const char *
kept(struct pav_arena *a, const char *text)
{
    return text == NULL ? NULL : pav_arena_strdup(a, text);
}

/* What it waited for, as its last step left it. */
static uint32_t
waits_then(const struct answering *w, struct pav_listed_wait **out)
{
    uint32_t i, n = w->out.wait_count;

    n = n > WAITS_SHOW ? WAITS_SHOW : n;
    *out = pav_arena_zalloc(w->a, ((size_t)n + 1) * sizeof(**out));
    for (i = 0; i < n; i++) {
        const struct pav_wait_view *v = &w->out.waits[i];

        (*out)[i].row =
            (struct pav_wait_row){.no = v->no,
                                  .state = kept(w->a, v->state),
                                  .event_name = kept(w->a, v->event_name),
                                  .pattern = kept(w->a, v->pattern_text),
                                  .awaits = kept(w->a, v->awaits),
                                  .since_at = v->since_at,
                                  .due_at = v->due_at};
    }
    return n;
}

/* The waits, those in sight and the rest; true: one of them is overdue. */
static bool
add_waits(const struct answering *w, struct pav_members *m, uint32_t *count)
{
    struct pav_wait_filter f = {.execution_id = w->k->x->row.id,
                                .limit = WAITS_SHOW};
    struct pav_listed_wait *v;
    struct pav_items first, rest;
    uint32_t i, n = 0;
    bool more = false, overdue = false, alone;

    *count = w->k->past
                 ? waits_then(w, &v)
                 : pav_reader_waits(w->k->q->reader, &f, w->a, &v, &more);
    /* Otherwise another branch, as a Wait beside it, may end it. */
    alone = w->out.state_count <= 1;
    pav_items_init(&first, w->a);
    pav_items_init(&rest, w->a);
    for (i = 0; i < *count; i++) {
        const struct pav_listed_wait *one = &v[i];
        bool alike = false;
        uint32_t same = 1;

        overdue |= one->overdue_since != 0;
        while (i + 1 < *count &&
               (v[i].overdue_since != 0) == (v[i + 1].overdue_since != 0) &&
               same_wait(&one->row, &v[i + 1].row)) {
            same++;
            i++;
            alike |= !same_text(one->row.pattern, v[i].row.pattern);
        }
        pav_items_add(n < WAITS_FIRST ? &first : &rest,
                      wait_view(w, one, same, alike, alone));
        n++;
    }
    pav_members_puts(m, "waits", pav_items_array(&first));
    if (rest.count > 0) {
        pav_members_puts(m, "more_waits", pav_items_array(&rest));
        view_text(m, "more_count",
                  pav_arena_printf(w->a, "%u%s", rest.count, more ? "+" : ""));
    }
    return overdue;
}

/* Waits and retries that go on by themselves, and where to: how many. */
static uint32_t
add_sleeps(const struct answering *w, struct pav_members *m)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, w->a);
    for (i = 0; i < w->out.timer_count; i++) {
        const struct pav_timer *t = &w->out.timers[i];
        const struct pav_doc *d;
        struct pav_members o;

        if (t->kind != PAV_WAKES && t->kind != PAV_RETRIES)
            continue;
        d = w->definition == NULL ? NULL
                                  : definition_of(w->definition, t->state);
        pav_members_init(&o, w->a);
        view_text(&o, "state", pav_arena_strdup(w->a, t->state));
        view_time(&o, "until", t->due_at);
        if (t->due_at > w->k->q->now_ms)
            view_span(&o, "left", t->due_at - w->k->q->now_ms);
        if (t->kind == PAV_RETRIES) {
            view_number(&o, "attempt", t->attempt + 1);
            if (definition_attempts(d) > t->attempt)
                view_number(&o, "attempts", definition_attempts(d));
        } else
            add_last_word(&o, "then", "then_marked", definition_next(w->a, d));
        view_bool(&o, "beside", w->out.wait_count > 0);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "sleeps", pav_items_array(&list));
    return list.count;
}

/* ---- what came before, and beside ---- */

/* The last event that moved it. */
static void
add_before(const struct answering *w, struct pav_members *m)
{
    const struct trace *t = w->k->trace;
    struct pav_event_row row;
    struct pav_members o;
    int64_t last = 0;
    uint32_t i;

    for (i = 0; i < t->count; i++) {
        if (t->visits[i].entered_by > last)
            last = t->visits[i].entered_by;
        if (t->visits[i].exited_by > last)
            last = t->visits[i].exited_by;
    }
    if (last == 0 || !pav_reader_event(w->k->q->reader, last, w->a, &row))
        return;
    pav_members_init(&o, w->a);
    view_bytes(&o, "type", row.detail_type);
    view_bytes(&o, "source", row.source);
    view_time(&o, "received", row.received_at);
    view_text(&o, "link",
              view_link(w->k->q, "events/",
                        pav_arena_printf(w->a, "%lld", (long long)last)));
    pav_members_puts(m, "before", pav_members_object(&o));
}

/* "Answer ×3, Paid" */
struct types {
    struct pav_bytes type[4];
    int64_t count[4];
    uint32_t kinds;
    bool others;
};

static void
types_add(struct types *t, struct pav_bytes type)
{
    uint32_t i;

    for (i = 0; i < t->kinds; i++)
        if (t->type[i].len == type.len &&
            memcmp(t->type[i].p, type.p, type.len) == 0) {
            t->count[i]++;
            return;
        }
    if (t->kinds == 4) {
        t->others = true;
        return;
    }
    t->type[t->kinds] = type;
    t->count[t->kinds++] = 1;
}

static const char *
types_text(const struct types *t, struct pav_arena *a)
{
    const char *text = "";
    uint32_t i;

    for (i = 0; i < t->kinds; i++) {
        text = pav_arena_printf(a, "%s%s%.*s", text, i == 0 ? "" : ", ",
                                (int)t->type[i].len, t->type[i].p);
        if (t->count[i] > 1)
            text =
                pav_arena_printf(a, "%s ×%lld", text, (long long)t->count[i]);
    }
    return t->others ? pav_arena_printf(a, "%s and others", text) : text;
}

#define ASIDE_MAX 200

/*
 * Events of this key that moved nothing, so that nobody says that they never
 * came: kept early, unexpected, late.  Of the newest 200 of each.
 */
static void
add_aside(const struct answering *w, struct pav_members *m)
{
    static const struct {
        enum pav_disposition kind;
        const char *said;
    } kinds[] = {{PAV_PARKED, "came early, kept for their turn"},
                 {PAV_UNEXPECTED, "did not fit where it stood"},
                 {PAV_LATE, "came after the end"},
                 {PAV_DUPLICATE, "came again, and moved nothing"},
                 {PAV_EXPIRED, "came early, and expired"}};
    struct pav_disposition_filter f = {.limit = ASIDE_MAX,
                                       .machine = w->k->x->machine,
                                       .key = w->k->x->row.key};
    struct pav_disposition_view *v;
    struct pav_items rows;
    uint32_t count, i;
    int64_t next;
    size_t k;

    if (f.key == NULL)
        return;
    pav_items_init(&rows, w->a);
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct types types = {.kinds = 0};
        struct pav_members o;

        f.kind = (int)kinds[k].kind;
        count = pav_reader_dispositions(w->k->q->reader, &f, w->a, &v, &next);
        if (count == 0)
            continue;
        for (i = 0; i < count; i++)
            types_add(&types, v[i].detail_type);
        pav_members_init(&o, w->a);
        view_text(&o, "count",
                  pav_arena_printf(w->a, "%u%s", count, next != 0 ? "+" : ""));
        view_text(&o, "disposition", pav_disposition_name(kinds[k].kind));
        view_text(
            &o, "said",
            kinds[k].kind == PAV_PARKED && w->k->x->row.status != PAV_RUNNING
                ? "came early and is kept: the execution ended before taking it"
                : kinds[k].said);
        view_text(&o, "types", types_text(&types, w->a));
        view_text(&o, "link",
                  pav_arena_printf(w->a, "%s?tab=data#events", w->k->link));
        pav_items_add(&rows, pav_members_object(&o));
    }
    pav_members_puts(m, "aside", pav_items_array(&rows));
}

/* ---- kin ---- */

#define KIN_SHOW 20

static const struct pav_doc *
link_to(const struct answering *w, const struct pav_execution_view *x)
{
    struct pav_members m;

    pav_members_init(&m, w->a);
    view_text(&m, "id",
              pav_arena_printf(w->a, "%s:%s", x->machine, x->row.name));
    view_text(&m, "link",
              view_execution_link(w->k->q, x->machine, x->row.name));
    view_states(&m, "states", x->row.states);
    view_status(&m, (enum pav_status)x->row.status);
    return pav_members_object(&m);
}

/* "5 items: 2 done, 3 waiting, 0 failed", of each distributed Map. */
static const struct pav_doc *
runs_view(const struct answering *w)
{
    struct pav_run_counts *v;
    uint32_t n = pav_reader_runs(w->k->q->reader, w->k->x->row.id, KIN_SHOW,
                                 w->a, &v),
             i;
    struct pav_items rows;

    pav_items_init(&rows, w->a);
    for (i = 0; i < n; i++) {
        struct pav_members m;

        pav_members_init(&m, w->a);
        view_text(&m, "state", v[i].state);
        view_amount(&m, "total", v[i].total);
        view_amount(&m, "done", v[i].succeeded);
        view_amount(&m, "open", v[i].pending + v[i].running);
        view_amount(&m, "bad", v[i].failed + v[i].timed_out + v[i].aborted);
        view_text(&m, "link",
                  pav_arena_printf(w->a, "%sexecutions?run=%lld",
                                   page_root(w->k->q), (long long)v[i].id));
        if (v[i].failed > 0)
            view_text(&m, "failed_link",
                      pav_arena_printf(w->a,
                                       "%sexecutions?run=%lld&status=FAILED",
                                       page_root(w->k->q), (long long)v[i].id));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* Who started it, and what it started. */
static void
add_kin(const struct answering *w, struct pav_members *m)
{
    struct pav_execution_view parent, *v;
    struct pav_items rows;
    uint32_t n, i;

    if (pav_reader_parent(w->k->q->reader, w->k->x->row.id, w->a, &parent))
        pav_members_puts(m, "parent", link_to(w, &parent));
    if (w->k->past) /* what it has started by now, it may not have then */
        return;
    n = pav_reader_children(w->k->q->reader, w->k->x->row.id, KIN_SHOW, w->a,
                            &v);
    pav_items_init(&rows, w->a);
    for (i = 0; i < n; i++)
        pav_items_add(&rows, link_to(w, &v[i]));
    pav_members_puts(m, "children", pav_items_array(&rows));
    view_bool(m, "children_any", n > 0);
    pav_members_puts(m, "runs", runs_view(w));
}

/* ---- the end ---- */

#define END_DAYS 30
#define DAY_MS   INT64_C(86400000)

/* How long those take that end so. */
static void
add_usual_end(const struct answering *w, struct pav_members *m)
{
    const char *end = pav_status_name((enum pav_status)w->k->x->row.status);
    int64_t today = w->k->q->now_ms / DAY_MS, count = 0,
            took = w->k->x->row.stopped_at - w->k->x->row.started_at;
    struct pav_wait_stats times = {0}, one;
    struct pav_flow_row *v;
    uint32_t n = pav_reader_flow_ends(w->k->q->reader, w->k->x->machine,
                                      today - END_DAYS, today + 1, w->a, &v),
             i;

    for (i = 0; i < n; i++) {
        if (strcmp(v[i].b, end) != 0)
            continue;
        pav_wait_stats_read(&one, v[i].histogram);
        pav_wait_stats_merge(&times, &one);
        count += v[i].count;
    }
    if (count < PAV_USUAL_FROM)
        return;
    view_span(m, "end_usual", pav_wait_stats_quantile(&times, 0.5));
    view_span(m, "end_mostly", pav_wait_stats_quantile(&times, 0.95));
    view_bool(m, "end_beyond", took > pav_wait_stats_quantile(&times, 0.95));
}

/* The one stay that was open when the execution's time was over; NULL: there
 * were several. */
static const struct visit *
open_stay(const struct trace *t)
{
    const struct visit *found = NULL;
    uint32_t i;

    for (i = 0; i < t->count; i++) {
        if (t->visits[i].exited_id != 0 && !t->visits[i].cut)
            continue;
        if (found != NULL)
            return NULL;
        found = &t->visits[i];
    }
    return found;
}

static bool
came_aside(const struct answering *w)
{
    struct pav_disposition_filter f = {.kind = PAV_UNEXPECTED,
                                       .machine = w->k->x->machine,
                                       .key = w->k->x->row.key,
                                       .limit = 1};
    struct pav_disposition_view *v;
    int64_t next;

    return f.key != NULL &&
           pav_reader_dispositions(w->k->q->reader, &f, w->a, &v, &next) > 0;
}

/* What it waited for until its time was over; nothing when something came that
 * did not fit, which may have been that. */
static void
add_what_never_came(const struct answering *w, struct pav_members *m,
                    const struct visit *stay)
{
    const char *error = w->k->trace->error;

    if (error == NULL || strcmp(error, "States.Timeout") != 0 || stay == NULL ||
        w->definition == NULL || came_aside(w))
        return;
    view_text(
        m, "never_came",
        definition_awaits(w->a, definition_of(w->definition, stay->name)));
}

static void
add_end(const struct answering *w, struct pav_members *m)
{
    const struct trace *t = w->k->trace;
    uint32_t i;

    add_usual_end(w, m);
    view_text(m, "end_error", t->error);
    view_text(m, "end_cause", t->cause);
    for (i = t->count; i-- > 0;) {
        const struct visit *v = &t->visits[i];

        if (v->status != PAV_MARK_FAILED || v->error == NULL)
            continue;
        add_what_never_came(w, m, v);
        view_text(m, "failed_in", v->name);
        view_text(m, "failure",
                  pav_arena_printf(
                      w->a, "%s&visit=%u",
                      view_link(w->k->q,
                                pav_arena_printf(
                                    w->a, "%s?tab=graph&state=",
                                    w->k->link + strlen(page_root(w->k->q))),
                                v->name),
                      v->number));
        return;
    }
    add_what_never_came(w, m, open_stay(t));
}

/* ---- the whole ---- */

/* How its last step left it; the machine is to be freed behind. */
static struct pav_machine *
look_at_last_step(struct answering *w)
{
    const struct asked *k = w->k;
    struct pav_step_row last;
    struct pav_faults faults;
    struct pav_machine *machine;

    pav_faults_init(&faults, w->a);
    machine = pav_machine_compile(
        k->version->definition.p, k->version->definition.len,
        (enum pav_machine_type)k->version->type, &faults);
    if (machine != NULL &&
        pav_reader_step(k->q->reader, k->x->row.last_step, w->a, &last))
        pav_step_view(machine, pav_reader_record(k->q->reader, &last, w->a),
                      k->x->row.started_at, w->a, &w->out);
    return machine;
}

/* Where it stood, as a row has it: a list in JSON. */
static const char *
states_then(const struct answering *w)
{
    struct pav_items names;
    uint32_t i;

    pav_items_init(&names, w->a);
    for (i = 0; i < w->out.state_count; i++)
        pav_items_add(&names, pav_doc_new_cstr(w->a, w->out.states[i]));
    return pav_doc_text(w->a, pav_items_array(&names));
}

/* Where it runs; true: a wait is overdue. */
static bool
add_standing(struct answering *w, struct pav_members *m)
{
    struct pav_machine *machine = look_at_last_step(w);
    uint32_t waits, sleeps;
    bool overdue;

    w->time_count = pav_reader_wait_times(w->k->q->reader, w->k->x->machine,
                                          w->a, &w->times);
    overdue = add_waits(w, m, &waits);
    sleeps = add_sleeps(w, m);
    view_bool(m, "busy", waits + sleeps == 0);
    if (w->k->past)
        view_states(m, "states", states_then(w));
    pav_machine_free(machine);
    return overdue;
}

bool
answer_add(const struct asked *k, struct pav_members *m)
{
    struct answering w = {.k = k, .a = k->q->arena};
    bool runs = k->x->row.status == PAV_RUNNING, overdue = false;

    w.definition =
        parsed(w.a, k->version->definition.p, k->version->definition.len);
    w.rules = parsed(w.a, k->version->rules.p, k->version->rules.len);
    pav_members_puts(m, "execution", view_execution(k->q, k->x));
    view_bool(m, "running", runs);
    view_bool(m, "ended", !runs);
    if (!k->past)
        view_states(m, "states", k->x->row.states);
    if (runs)
        overdue = add_standing(&w, m);
    else
        add_end(&w, m);
    view_bool(m, "overdue_any", overdue);
    add_before(&w, m);
    add_kin(&w, m);
    if (!k->past)
        add_aside(&w, m);
    return overdue;
}

/* The tag's place behind its end, and all that is in it when it is a link to
 * more, or a time: that is given as RFC 3339. */
static const char *
put_tag(const char *p, const char *end, struct pav_buf *out)
{
    static const char time[] = "<time datetime=\"",
                      more[] = "<a class=\"more\"";
    const char *inside;

    if (strncmp(p, "</p>", 4) == 0 || strncmp(p, "</pre>", 6) == 0 ||
        strncmp(p, "</summary>", 10) == 0) {
        while (out->len > 0 && out->p[out->len - 1] == ' ')
            out->len--;
        pav_buf_putc(out, '\n');
    }
    if (strncmp(p, time, strlen(time)) == 0) {
        p += strlen(time);
        pav_buf_put(out, p, strcspn(p, "\""));
        inside = strstr(p, "</time>");
    } else if (strncmp(p, more, strlen(more)) == 0) {
        inside = strstr(p, "</a>");
    } else {
        inside = p;
    }
    p = inside == NULL ? NULL : memchr(inside, '>', (size_t)(end - inside));
    return p == NULL ? end : p + 1; /* what was cut ends here */
}

/* Markup that the templates made, without its tags: a line for each block. */
static void
put_plain(const char *p, const char *end, struct pav_buf *out)
{
    static const struct {
        const char *name, *text;
    } entities[] = {{"&amp;", "&"},
                    {"&lt;", "<"},
                    {"&gt;", ">"},
                    {"&quot;", "\""},
                    {"&#39;", "'"}};
    size_t i;

    while (p < end) {
        if (*p == '<') {
            p = put_tag(p, end, out);
            continue;
        }
        for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
            if (strncmp(p, entities[i].name, strlen(entities[i].name)) == 0)
                break;
        if (i < sizeof(entities) / sizeof(entities[0])) {
            pav_buf_puts(out, entities[i].text);
            p += strlen(entities[i].name);
        } else if (*p == '\n') {
            p++;
        } else {
            pav_buf_putc(out, *p++);
        }
    }
}

void
answer_plain(const struct asked *k, struct pav_buf *out)
{
    struct pav_members m;
    struct pav_buf html;
    struct when when;

    when_begin(&when, k->q);
    pav_members_init(&m, k->q->arena);
    answer_add(k, &m);
    pav_buf_init(&html, 1 << 20);
    template_render("answer", pav_members_object(&m), NULL, 0, &when, &html);
    put_plain(html.p, html.p + html.len, out);
    if (html.over)
        pav_buf_puts(out, "\n... cut here: the page has the whole\n");
    pav_buf_fini(&html);
    when_end(&when);
}
