/*
 * The ledger: how many events of a source and type became what, for which
 * machine and why, by the hour.  /deviations and /producers read it, so that
 * they cost the same whatever has been.
 *
 * An event costs a look-up in memory.  What was counted is added to the rows
 * every few seconds, in a turn's own commit; progress 'ledger' says up to which
 * event, and what a crash left between is counted at the next start.  What a
 * turn counts, or writes, holds when it is committed and never was otherwise.
 *
 * L1  Nothing that is sent makes it large: an hour has GROUPS_MAX groups
 * between two starts, of texts that are cut, and what is beyond them is one of
 * the source and type "(others)".
 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/ledger.h"
#include "pavane/store_bus.h"
#include "pavane/text.h"

#define WRITE_MS   5000
#define HOUR_MS    3600000
#define BUCKETS    1024
#define GROUPS_MAX 1000

struct group {
    struct group *next; /* of its bucket */
    uint64_t hash;
    int64_t hour, machine_id;
    enum pav_disposition kind;
    char *source, *type, *reason;    /* one allocation, source's */
    uint32_t turn, turn_events;      /* counted by the turn in hand */
    int64_t count, events;           /* committed, not yet written for good */
    int64_t written, written_events; /* of these, in the turn's own commit */
    int64_t first_at, last_at;
};

struct ledger {
    struct group *buckets[BUCKETS];
    uint32_t count;
    struct group **touched; /* by the turn in hand */
    uint32_t touched_count, touched_cap;
    int64_t hour, written_at;
    int64_t last_event, committed_event; /* that was counted */
    bool changed, writes; /* something is to be written; the turn does */
};

static struct ledger *
ledger_of(struct pav_engine *e)
{
    if (e->ledger == NULL)
        e->ledger = pav_xcalloc(1, sizeof(*e->ledger));
    return e->ledger;
}

/* ---- groups ---- */

struct sought {
    struct pav_bytes source, type, reason;
    int64_t hour, machine_id;
    enum pav_disposition kind;
    uint64_t hash;
};

static uint64_t
mix(uint64_t hash, const void *p, size_t len)
{
    const unsigned char *c = p;

    while (len-- > 0)
        hash = (hash ^ *c++) * UINT64_C(1099511628211); /* FNV-1a */
    return (hash ^ 0xff) * UINT64_C(1099511628211);
}

static void
hash_it(struct sought *s)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    hash = mix(hash, s->source.p, s->source.len);
    hash = mix(hash, s->type.p, s->type.len);
    hash = mix(hash, s->reason.p, s->reason.len);
    hash = mix(hash, &s->hour, sizeof(s->hour));
    hash = mix(hash, &s->machine_id, sizeof(s->machine_id));
    s->hash = mix(hash, &s->kind, sizeof(s->kind));
}

static bool
is_text(const char *text, struct pav_bytes b)
{
    return strlen(text) == b.len &&
           (b.len == 0 || memcmp(text, b.p, b.len) == 0);
}

static struct group *
group_find(struct ledger *l, const struct sought *s)
{
    struct group *g;

    for (g = l->buckets[s->hash % BUCKETS]; g != NULL; g = g->next)
        if (g->hash == s->hash && g->hour == s->hour &&
            g->machine_id == s->machine_id && g->kind == s->kind &&
            is_text(g->source, s->source) && is_text(g->type, s->type) &&
            is_text(g->reason, s->reason))
            return g;
    return NULL;
}

static char *
put_text(char *at, struct pav_bytes b)
{
    if (b.len > 0)
        memcpy(at, b.p, b.len);
    at[b.len] = '\0';
    return at + b.len + 1;
}

static struct group *
group_new(struct ledger *l, const struct sought *s)
{
    struct group *g = pav_xcalloc(1, sizeof(*g));

    g->hash = s->hash;
    g->hour = s->hour;
    g->machine_id = s->machine_id;
    g->kind = s->kind;
    g->source = pav_xcalloc(1, s->source.len + s->type.len + s->reason.len + 3);
    g->type = put_text(g->source, s->source);
    g->reason = put_text(g->type, s->type);
    put_text(g->reason, s->reason);
    g->next = l->buckets[s->hash % BUCKETS];
    l->buckets[s->hash % BUCKETS] = g;
    l->count++;
    return g;
}

/* L1 */
static struct group *
group_of(struct ledger *l, struct sought *s)
{
    struct group *g;

    hash_it(s);
    if ((g = group_find(l, s)) != NULL)
        return g;
    if (l->count >= GROUPS_MAX) {
        s->source = s->type = (struct pav_bytes){PAV_LEDGER_OTHERS,
                                                 sizeof(PAV_LEDGER_OTHERS) - 1};
        s->reason = (struct pav_bytes){"", 0};
        hash_it(s);
        if ((g = group_find(l, s)) != NULL)
            return g;
    }
    return group_new(l, s);
}

static void
touch(struct ledger *l, struct group *g)
{
    if (g->turn > 0)
        return;
    if (l->touched_count == l->touched_cap) {
        l->touched_cap = l->touched_cap == 0 ? 64 : l->touched_cap * 2;
        l->touched =
            pav_xrealloc(l->touched, l->touched_cap * sizeof(*l->touched));
    }
    l->touched[l->touched_count++] = g;
}

/* ---- counting ---- */

/* L1: at most PAV_LEDGER_TEXT bytes, of whole characters. */
static struct pav_bytes
cut(struct pav_bytes b)
{
    b.len = pav_utf8_cut(b.p, b.len, PAV_LEDGER_TEXT);
    return b;
}

/* What the outcome's words end with, when they guess a name: ": is it ...?" */
static const char *
meant(const char *detail)
{
    const char *guess = detail == NULL ? NULL : strstr(detail, ": is it ");

    return guess == NULL ? "" : guess;
}

/* "in A, B" of a row's ["A","B"]. */
static const char *
where(const char *states, struct pav_arena *a)
{
    const struct pav_doc *d = pav_doc_own(a, states, strlen(states));
    const char *text = "in ";
    uint32_t i;

    for (i = 0; i < d->len; i++)
        text = pav_arena_printf(a, "%s%s%.*s", text, i == 0 ? "" : ", ",
                                (int)d->items[i].len, d->items[i].text);
    return text;
}

/* What tells one deviation of a source and type from another; of what came as
 * it should, nothing. */
static struct pav_bytes
reason_of(const struct verdict *v, struct pav_arena *a)
{
    const char *text = v->detail;

    switch (v->kind) {
    case PAV_STARTED:
    case PAV_RESUMED:
    case PAV_PARKED:
    case PAV_ROUTED:
        text = NULL;
        break;
    case PAV_UNEXPECTED:
    case PAV_LATE: /* where it stood says more than that it did not fit */
        if (v->execution != NULL)
            text = pav_arena_printf(a, "%s%s", where(v->execution->states, a),
                                    meant(v->detail));
        break;
    default:
        break;
    }
    return text == NULL ? (struct pav_bytes){"", 0}
                        : cut((struct pav_bytes){text, strlen(text)});
}

/* One outcome more, of an event that comes, or that came before. */
static void
count_one(struct ledger *l, struct sought *s, bool first, int64_t now_ms)
{
    struct group *g = group_of(l, s);

    touch(l, g);
    g->turn++;
    g->turn_events += first;
    if (g->count == 0 && g->turn == 1)
        g->first_at = now_ms;
    g->last_at = now_ms;
}

void
ledger_count(struct event_context *ec, const struct verdict *v)
{
    struct ledger *l = ledger_of(ec->e);
    struct sought s = {.source = cut(ec->envelope->source),
                       .type = cut(ec->envelope->detail_type),
                       .reason = reason_of(v, &ec->e->arena),
                       .hour = ec->now_ms / HOUR_MS,
                       .machine_id = v->machine == NULL ? 0 : v->machine->id,
                       .kind = v->kind};

    count_one(l, &s, ec->item->outcome_count == 0, ec->now_ms);
    if (l->last_event < ec->id)
        l->last_event = ec->id;
}

void
ledger_expired(struct pav_engine *e, int64_t event_id, int64_t machine_id)
{
    int64_t now_ms = pav_clock_ms(e->clock);
    struct pav_event_row row;
    struct sought s = {.hour = now_ms / HOUR_MS,
                       .machine_id = machine_id,
                       .kind = PAV_EXPIRED};

    if (!pav_store_event(e->store, event_id, &e->arena, &row))
        return;
    s.source = cut(row.source);
    s.type = cut(row.detail_type);
    s.reason = (struct pav_bytes){"", 0};
    count_one(ledger_of(e), &s, false, now_ms);
}

/* An hour that is over, and written, is not counted further. */
static void
drop_old(struct ledger *l, int64_t hour)
{
    struct group **at, *g;
    size_t i;

    if (l->hour == hour)
        return;
    l->hour = hour;
    for (i = 0; i < BUCKETS; i++)
        for (at = &l->buckets[i]; (g = *at) != NULL;) {
            if (g->hour == hour || g->turn > 0 || g->count > 0) {
                at = &g->next;
                continue;
            }
            *at = g->next;
            free(g->source);
            free(g);
            l->count--;
        }
}

static void
settle_written(struct pav_engine *e, struct ledger *l, bool committed)
{
    struct group *g;
    size_t i;

    for (i = 0; i < BUCKETS; i++)
        for (g = l->buckets[i]; g != NULL; g = g->next) {
            if (committed) {
                g->count -= g->written;
                g->events -= g->written_events;
            }
            g->written = g->written_events = 0;
        }
    l->writes = false;
    l->changed |= !committed;
    if (committed)
        drop_old(l, pav_clock_ms(e->clock) / HOUR_MS);
}

void
ledger_settle(struct pav_engine *e, bool committed)
{
    struct ledger *l = e->ledger;
    uint32_t i;

    if (l == NULL)
        return;
    if (l->writes)
        settle_written(e, l, committed);
    if (l->touched_count == 0)
        return;
    for (i = 0; i < l->touched_count; i++) {
        struct group *g = l->touched[i];

        if (committed) {
            g->count += g->turn;
            g->events += g->turn_events;
        }
        g->turn = g->turn_events = 0;
    }
    l->touched_count = 0;
    l->changed |= committed;
    if (committed)
        l->committed_event = l->last_event;
    else
        l->last_event = l->committed_event;
}

/* ---- writing ---- */

static void
write_group(struct pav_engine *e, struct group *g)
{
    struct pav_ledger_row row = {.hour = g->hour,
                                 .source = g->source,
                                 .type = g->type,
                                 .machine_id = g->machine_id,
                                 .kind = g->kind,
                                 .reason = g->reason,
                                 .count = g->count,
                                 .events = g->events,
                                 .first_at = g->first_at,
                                 .last_at = g->last_at};

    if (g->count == 0)
        return;
    pav_store_ledger_add(e->store, &row);
    g->written = g->count;
    g->written_events = g->events;
}

void
ledger_write(struct pav_engine *e, bool all)
{
    struct ledger *l = e->ledger;
    int64_t now = pav_clock_ms(e->clock);
    struct group *g;
    size_t i;

    if (l == NULL || !l->changed ||
        (!all && now < l->written_at + WRITE_MS && now >= l->written_at))
        return;
    for (i = 0; i < BUCKETS; i++)
        for (g = l->buckets[i]; g != NULL; g = g->next)
            write_group(e, g);
    pav_store_ledger_upto(e->store, l->committed_event);
    l->written_at = now;
    l->changed = false;
    l->writes = true;
}

int64_t
ledger_next(const struct pav_engine *e)
{
    const struct ledger *l = e->ledger;

    return l != NULL && l->changed ? l->written_at + WRITE_MS : INT64_MAX;
}

void
ledger_fini(struct pav_engine *e)
{
    struct ledger *l = e->ledger;
    struct group *g;
    size_t i;

    if (l == NULL)
        return;
    e->ledger = NULL;
    for (i = 0; i < BUCKETS; i++)
        while ((g = l->buckets[i]) != NULL) {
            l->buckets[i] = g->next;
            free(g->source);
            free(g);
        }
    free(l->touched);
    free(l);
}
