/* The history of an execution as rows: see history.h. */
#include "history.h"

#include <string.h>

#include "pavane/journal.h"
#include "pavane/text.h"
#include "frame.h"
#include "parameters.h"
#include "stays.h"
#include "template.h"
#include "view_rows.h"
#include "when.h"

#define BLOCK 100 /* events at a time */
#define FEW   50  /* with fewer of them the next block is there too */
#define FOUND 200 /* of those that fit */

static const struct pav_doc *
event_row(const struct asked *k, const struct pav_history_event *e, int64_t at)
{
    struct pav_arena *a = k->q->arena;
    struct pav_members m;

    pav_members_init(&m, a);
    view_number(&m, "id", e->id);
    view_number(&m, "previous", e->previous_id);
    view_text(&m, "type", e->type);
    view_time(&m, "at", at);
    view_text(&m, "state", e->state);
    if (e->payload != NULL && e->payload_field != NULL) {
        view_text(&m, "payload_name", e->payload_field);
        view_text(&m, "payload", view_payload(a, e->payload));
    }
    view_text(&m, "error", pav_doc_str(a, e->error));
    view_text(&m, "cause", pav_doc_str(a, e->cause));
    view_text(&m, "resource", pav_doc_str(a, e->resource));
    view_text(&m, "resource_type", pav_doc_str(a, e->resource_type));
    return pav_members_object(&m);
}

/* ---- by blocks ---- */

static bool
newest_first(const struct asked *k)
{
    const char *sort = page_parameter(k->q, "sort");

    return sort == NULL || strcmp(sort, "oldest") != 0;
}

static void
turn_round(struct pav_items *rows)
{
    uint32_t i;

    for (i = 0; i < rows->count / 2; i++) {
        struct pav_doc d = rows->v[i];

        rows->v[i] = rows->v[rows->count - 1 - i];
        rows->v[rows->count - 1 - i] = d;
    }
}

static const struct pav_doc *
block_rows(const struct asked *k, int64_t from)
{
    struct pav_step_row *steps;
    uint32_t count = pav_reader_steps(k->q->reader, k->x->row.last_step, from,
                                      BLOCK, k->q->arena, &steps),
             i, j;
    struct pav_items rows;

    pav_items_init(&rows, k->q->arena);
    for (i = 0; i < count; i++) {
        struct pav_record *record =
            pav_reader_record(k->q->reader, &steps[i], k->q->arena);

        for (j = 0; j < steps[i].event_count; j++) {
            struct pav_history_event e;
            int64_t id = steps[i].first_event + j;

            if (id < from || id >= from + BLOCK || id >= k->x->row.next_event)
                continue;
            pav_history_event(record, j, steps[i].first_event, k->q->arena, &e);
            pav_items_add(&rows, event_row(k, &e, steps[i].at));
        }
    }
    if (newest_first(k))
        turn_round(&rows);
    return pav_items_array(&rows);
}

/* Where the block begins that is asked for, or else the first that is read. */
static int64_t
block_parameter(const struct asked *k)
{
    const char *from = page_parameter(k->q, "from");
    int64_t n;

    if (from == NULL || !pav_parse_int(from, strlen(from), &n) || n <= 0 ||
        n > PAV_HISTORY_MAX * 2)
        n = newest_first(k) ? k->x->row.next_event - 1 : 1;
    return n < 1 ? 1 : (n - 1) / BLOCK * BLOCK + 1;
}

static const struct pav_doc *
block_view(const struct asked *k, int64_t from)
{
    struct pav_members m;

    pav_members_init(&m, k->q->arena);
    view_number(&m, "from", from);
    pav_members_puts(&m, "history", block_rows(k, from));
    return pav_members_object(&m);
}

/* The history's page; of the past when this one is. */
static const char *
history_link(const struct asked *k, const char *more)
{
    return k->past ? pav_arena_printf(k->q->arena, "%s?tab=history&at=%lld%s",
                                      k->link,
                                      (long long)k->x->row.next_event - 1, more)
                   : pav_arena_printf(k->q->arena, "%s?tab=history%s", k->link,
                                      more);
}

/* A link to the block, with a word for it. */
static void
add_page(const struct asked *k, struct pav_members *m, const char *key,
         const char *word, int64_t from)
{
    struct pav_members o;

    pav_members_init(&o, k->q->arena);
    view_text(&o, "word", word);
    view_text(
        &o, "link",
        pav_arena_printf(k->q->arena, "%s&from=%lld",
                         history_link(k, newest_first(k) ? "" : "&sort=oldest"),
                         (long long)from));
    pav_members_puts(m, key, pav_members_object(&o));
}

static void
add_blocks(const struct asked *k, struct pav_members *m)
{
    int64_t from = block_parameter(k), events = k->x->row.next_event - 1,
            earlier = from - BLOCK;
    bool newest = newest_first(k);
    struct pav_items blocks;

    pav_items_init(&blocks, k->q->arena);
    pav_items_add(&blocks, block_view(k, from));
    if (newest && earlier > 0 && events - from + 1 < FEW) {
        pav_items_add(&blocks, block_view(k, earlier));
        earlier -= BLOCK;
    }
    pav_members_puts(m, "blocks", pav_items_array(&blocks));
    view_bool(m, "whole", true);
    view_bool(m, "newest", newest);
    view_number(m, "block", BLOCK);
    view_text(m, "block_link",
              pav_arena_printf(k->q->arena, "%s&part=block&from=",
                               history_link(k, newest ? "" : "&sort=oldest")));
    view_text(m, "other_order", history_link(k, newest ? "&sort=oldest" : ""));
    if (earlier > 0)
        add_page(k, m, newest ? "page_below" : "page_above", "Earlier events",
                 earlier);
    if (from + BLOCK <= events)
        add_page(k, m, newest ? "page_above" : "page_below", "Later events",
                 from + BLOCK);
}

void
history_block(const struct asked *k)
{
    struct pav_members m;
    struct when when;

    when_begin(&when, k->q);
    pav_members_init(&m, k->q->arena);
    pav_members_puts(&m, "history", block_rows(k, block_parameter(k)));
    k->q->type = "text/html; charset=utf-8";
    k->q->headers = page_security;
    template_render("historyrows", pav_members_object(&m), NULL, 0, &when,
                    &k->q->out);
    when_end(&when);
}

/* ---- those that fit ---- */

enum facet {
    FACET_ALL,
    FACET_VISITS,
    FACET_FAILURES,
    FACET_STATES,
    FACET_EVENTS,
    FACET_TIMERS
};

static const struct {
    const char *name, *word;
} facets[] = {[FACET_ALL] = {"", "all events"},
              [FACET_VISITS] = {"visits", "a row a visit"},
              [FACET_FAILURES] = {"failures", "failures"},
              [FACET_STATES] = {"states", "states"},
              [FACET_EVENTS] = {"events", "events that came"},
              [FACET_TIMERS] = {"timers", "timers"}};
#define FACETS (sizeof(facets) / sizeof(facets[0]))

struct finding {
    const struct asked *k;
    enum facet facet;
    const char *text; /* NULL: any */
    int64_t *ids;     /* of those that fit; the newest FOUND, in turn */
    int64_t count;
};

static bool
doc_holds(const struct pav_doc *d, const char *text)
{
    struct pav_buf b;
    bool found;

    if (d == NULL)
        return false;
    pav_buf_init(&b, 16u << 20);
    pav_doc_print(d, &b);
    pav_buf_putc(&b, '\0');
    found = strcasestr(b.p, text) != NULL; /* linear, whatever the text */
    pav_buf_fini(&b);
    return found;
}

static bool
has_text(const struct pav_history_event *e, const char *text)
{
    return strcasestr(e->type, text) != NULL ||
           (e->state != NULL && strcasestr(e->state, text) != NULL) ||
           doc_holds(e->payload, text) || doc_holds(e->error, text) ||
           doc_holds(e->cause, text) || doc_holds(e->resource, text);
}

static bool
fits(const struct finding *f, const struct pav_history_event *e,
     const struct pav_step_row *step)
{
    bool first = e->id == step->first_event;

    switch (f->facet) {
    case FACET_FAILURES:
        if (e->error == NULL && !(e->flags & PAV_EVENT_FAILS))
            return false;
        break;
    case FACET_STATES:
        if (!(e->flags & (PAV_EVENT_ENTERS | PAV_EVENT_EXITS)))
            return false;
        break;
    case FACET_EVENTS:
        if (!first || step->event_id == 0)
            return false;
        break;
    case FACET_TIMERS:
        if (!first || step->wake != PAV_WAKE_TIMER)
            return false;
        break;
    case FACET_ALL:
    case FACET_VISITS:
        break;
    }
    return f->text == NULL || has_text(e, f->text);
}

static void
look_at(void *arg, const struct pav_step_row *step)
{
    struct finding *f = arg;
    struct pav_record *record;
    struct pav_arena scratch;
    uint32_t i;

    if ((f->facet == FACET_EVENTS && step->event_id == 0) ||
        (f->facet == FACET_TIMERS && step->wake != PAV_WAKE_TIMER))
        return;
    pav_arena_init(&scratch, 1 << 14);
    record = pav_reader_record(f->k->q->reader, step, &scratch);
    for (i = 0; i < step->event_count; i++) {
        struct pav_history_event e;

        pav_history_event(record, i, step->first_event, &scratch, &e);
        if (e.id < f->k->x->row.next_event && fits(f, &e, step))
            f->ids[f->count++ % FOUND] = e.id;
    }
    pav_arena_fini(&scratch);
}

/* The time of an event is its step's. */
static int64_t
time_of(const struct asked *k, int64_t id)
{
    struct pav_step_row *steps;

    return pav_reader_steps(k->q->reader, k->x->row.last_step, id, 1,
                            k->q->arena, &steps) == 0
               ? 0
               : steps->at;
}

static void
add_found(struct finding *f, struct pav_members *m)
{
    struct pav_items rows;
    int64_t i, least;

    f->ids = pav_arena_alloc(f->k->q->arena, FOUND * sizeof(*f->ids));
    pav_reader_walk(f->k->q->reader, f->k->x->row.last_step, look_at, f);
    least = f->count > FOUND ? f->count - FOUND : 0;
    pav_items_init(&rows, f->k->q->arena);
    for (i = f->count; i-- > least;) {
        struct pav_history_event e;
        int64_t id = f->ids[i % FOUND];

        if (trace_event(f->k->q, f->k->x, id, &e))
            pav_items_add(&rows, event_row(f->k, &e, time_of(f->k, id)));
    }
    pav_members_puts(m, "history", pav_items_array(&rows));
    view_bool(m, "found", true);
    view_amount(m, "found_count", f->count);
    if (f->count > FOUND)
        view_number(m, "found_shown", FOUND);
}

void
history_add(const struct asked *k, struct pav_members *m)
{
    struct finding f = {.k = k, .text = page_parameter(k->q, "find")};
    const char *only = page_parameter(k->q, "only");
    struct pav_items list;
    size_t i;

    for (i = 1; only != NULL && i < FACETS; i++)
        if (strcmp(only, facets[i].name) == 0)
            f.facet = (enum facet)i;
    if (only != NULL && f.facet == FACET_ALL)
        view_not_read(k->q, m, "only");
    pav_items_init(&list, k->q->arena);
    for (i = 0; i < FACETS; i++) {
        struct pav_members o;

        pav_members_init(&o, k->q->arena);
        view_text(&o, "name", facets[i].name);
        view_text(&o, "word", facets[i].word);
        view_bool(&o, "selected", f.facet == (enum facet)i);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "facets", pav_items_array(&list));
    view_text(m, "find", f.text);
    view_text(m, "history_link", k->link);
    if (k->past)
        view_number(m, "history_at", k->x->row.next_event - 1);
    if (f.facet == FACET_VISITS)
        stays_add_rows(k, f.text, m);
    else if (f.facet != FACET_ALL || f.text != NULL)
        add_found(&f, m);
    else
        add_blocks(k, m);
}
