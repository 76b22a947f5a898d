/*
 * What needs somebody: see pavane/attention.h.  Nothing is counted for it while
 * events come; each kind is asked of an index, up to a ceiling.
 */
#include "pavane/attention.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/ledger.h"
#include "pavane/text.h"
#include "columns.h"
#include "reader_int.h"

#define DAY_MS    INT64_C(86400000)
#define MOST      10000 /* rows of a kind that are looked at */
#define EVENTS    1000
#define PARKED    500
#define SOON_MS   (2 * INT64_C(3600000))
#define ENDED     500
#define FIRST_BAD 2 /* of enum pav_status: FAILED, TIMED_OUT */
#define LAST_BAD  3

struct gathering {
    struct pav_reader *r;
    struct pav_arena *a;
    int64_t now_ms;
    struct pav_attention *v;
    uint32_t count, cap;
};

const char *
pav_attention_name(enum pav_attention_kind kind)
{
    static const char *const names[] = {
        "fault",     "overdue",    "failed",   "deadLetters", "stuck",
        "unmatched", "unexpected", "rejected", "parked",      "expired"};

    return names[kind];
}

bool
pav_attention_find(const char *name, enum pav_attention_kind *out)
{
    int i;

    for (i = 0; i < PAV_ATTENTION_KINDS; i++)
        if (strcmp(pav_attention_name((enum pav_attention_kind)i), name) == 0) {
            *out = (enum pav_attention_kind)i;
            return true;
        }
    return false;
}

const char *
pav_attention_says(enum pav_attention_kind kind, int64_t count)
{
    static const char *const one[] = {"folder cannot be loaded",
                                      "wait is overdue",
                                      "execution ended badly within a day",
                                      "dead letter",
                                      "delivery fails and is tried again",
                                      "event matched no rule within a day",
                                      "event did not fit within a day",
                                      "event was rejected within a day",
                                      "early event waits and will soon expire",
                                      "early event expired within a day"};
    static const char *const many[] = {
        "folders cannot be loaded",
        "waits are overdue",
        "executions ended badly within a day",
        "dead letters",
        "deliveries fail and are tried again",
        "events matched no rule within a day",
        "events did not fit within a day",
        "events were rejected within a day",
        "early events wait, and the first will soon expire",
        "early events expired within a day"};

    return count == 1 ? one[kind] : many[kind];
}

static struct pav_attention *
add(struct gathering *g, enum pav_attention_kind kind)
{
    struct pav_attention *more;

    if (g->count == g->cap) {
        g->cap = g->cap == 0 ? 32 : g->cap * 2;
        more = pav_arena_alloc(g->a, g->cap * sizeof(*more));
        if (g->count > 0)
            memcpy(more, g->v, g->count * sizeof(*more));
        g->v = more;
    }
    more = &g->v[g->count++];
    memset(more, 0, sizeof(*more));
    more->kind = kind;
    return more;
}

static void
faults(struct gathering *g)
{
    sqlite3_stmt *st =
        reader_ask(g->r, "SELECT name,report,at FROM folder_fault"
                         " ORDER BY name LIMIT 1000");

    while (reader_row(g->r, st)) {
        struct pav_attention *x = add(g, PAV_ATTENTION_FAULT);

        x->count = 1;
        x->machine = column_str(st, 0, g->a);
        x->why = column_str(st, 1, g->a);
        x->oldest_at = x->newest_at = sqlite3_column_int64(st, 2);
    }
    sqlite3_reset(st);
}

#define BAR_MS (DAY_MS / PAV_ATTENTION_BARS)
/* SQL: in which bar a time is, of now as ?2; the last day's only. */
#define BAR_OF(at)                                                             \
    "group_concat(CASE WHEN ?2-" at "<86400000 THEN (?2-" at ")/7200000 END)"

/* Counts "0,0,3": so many bars before now. */
static void
count_bars(struct pav_attention *x, const char *ages)
{
    const char *at = ages == NULL ? "" : ages;

    while (*at != '\0') {
        size_t len = strcspn(at, ",");
        int64_t age;

        if (pav_parse_int(at, len, &age) && age < PAV_ATTENTION_BARS)
            x->bars[PAV_ATTENTION_BARS - 1 - (age < 0 ? 0 : age)]++;
        at += len + (at[len] == ',');
    }
}

/* machine or NULL, what, why or NULL, count, oldest, newest, perhaps ages */
static void
grouped(struct gathering *g, enum pav_attention_kind kind, sqlite3_stmt *st)
{
    while (reader_row(g->r, st)) {
        struct pav_attention *x = add(g, kind);

        x->machine = column_str(st, 0, g->a);
        x->what = column_str(st, 1, g->a);
        x->why = column_str(st, 2, g->a);
        x->count = sqlite3_column_int64(st, 3);
        x->oldest_at = sqlite3_column_int64(st, 4);
        x->newest_at = sqlite3_column_int64(st, 5);
        if (sqlite3_column_count(st) > 6)
            count_bars(x, (const char *)sqlite3_column_text(st, 6));
    }
    sqlite3_reset(st);
}

/* When waits began that are overdue, those of the last day. */
static void
add_bars_of_waits(struct gathering *g, struct pav_attention *x)
{
    sqlite3_stmt *st = reader_ask(
        g->r,
        "SELECT (?1-since_at)/7200000,count(*) FROM overdue WHERE"
        " machine_id=?2 AND state=?3 AND since_at>?1-86400000 GROUP BY 1");

    STORE_BIND(st, INT(g->now_ms), INT(reader_machine_id(g->r, x->machine)),
               TEXT(x->what));
    while (reader_row(g->r, st)) {
        int64_t age = sqlite3_column_int64(st, 0);

        if (age < PAV_ATTENTION_BARS)
            x->bars[PAV_ATTENTION_BARS - 1 - (age < 0 ? 0 : age)] +=
                sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
}

static void
overdue(struct gathering *g)
{
    uint32_t i;

    grouped(g, PAV_ATTENTION_OVERDUE,
            reader_ask(g->r,
                       "SELECT m.name,o.state,NULL,o.n,o.first,o.last FROM"
                       " (SELECT machine_id,state,count(*) AS n,"
                       "min(since_at) AS first,max(since_at) AS last"
                       " FROM overdue GROUP BY 1,2) o"
                       " JOIN machine m ON m.id=o.machine_id"));
    for (i = 0; i < g->count; i++)
        if (g->v[i].kind == PAV_ATTENTION_OVERDUE)
            add_bars_of_waits(g, &g->v[i]);
}

/* The newest of each machine and status, as far as they are of the last day. */
static void
failed(struct gathering *g)
{
    uint32_t machines, i;
    int64_t *ids = reader_machines(g->r, g->a, &machines);
    int status;

    for (i = 0; i < machines; i++)
        for (status = FIRST_BAD; status <= LAST_BAD; status++) {
            sqlite3_stmt *st = reader_ask(
                g->r, "SELECT m.name,NULL,x.error,count(*),min(x.stopped_at),"
                      "max(x.stopped_at)," BAR_OF(
                          "x.stopped_at") " FROM (SELECT stopped_at,(SELECT "
                                          "min(value)"
                                          " FROM attribute WHERE "
                                          "execution_id=x.id AND name='Error')"
                                          " AS error FROM execution x"
                                          " WHERE machine_id=?1 AND status=?3 "
                                          "AND stopped_at<>0"
                                          " ORDER BY id DESC LIMIT ?4) x JOIN "
                                          "machine m ON m.id=?1"
                                          " WHERE x.stopped_at>?2-86400000 "
                                          "GROUP BY x.error");
            uint32_t before = g->count, k;
            int64_t looked_at = 0;

            STORE_BIND(st, INT(ids[i]), INT(g->now_ms), INT(status),
                       INT(ENDED));
            grouped(g, PAV_ATTENTION_FAILED, st);
            for (k = before; k < g->count; k++)
                looked_at += g->v[k].count;
            for (k = before; k < g->count; k++) {
                g->v[k].status = status;
                g->v[k].more = looked_at == ENDED;
            }
        }
}

/* By target and error, of those that are first in an order. */
#define DELIVERIES(which, order)                                               \
    "SELECT NULL,target_arn,error_code||': '||coalesce(error_message,''),"     \
    "count(*),min(created_at),max(created_at)," BAR_OF(                        \
        "created_at") " FROM (SELECT target_arn,error_code,error_message,"     \
                      "created_at FROM delivery WHERE status=" which           \
                      " ORDER BY " order " LIMIT ?1)"                          \
                      " WHERE error_code IS NOT NULL"                          \
                      " GROUP BY target_arn,error_code"

static void
deliveries(struct gathering *g)
{
    sqlite3_stmt *st = reader_ask(g->r, DELIVERIES("1", "id DESC"));

    STORE_BIND(st, INT(MOST), INT(g->now_ms));
    grouped(g, PAV_ATTENTION_DEAD, st);
    st = reader_ask(g->r, DELIVERIES("0", "due_at,id"));
    STORE_BIND(st, INT(MOST), INT(g->now_ms));
    grouped(g, PAV_ATTENTION_STUCK, st);
}

static bool
is_same(const char *x, const char *y)
{
    return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* Those of the last day among the newest, by source, type, machine, and reason;
 * of what did not fit the newest reason stands for all. */
static void
events(struct gathering *g, enum pav_attention_kind kind,
       enum pav_disposition disposition)
{
    struct pav_disposition_filter f = {.kind = (int)disposition,
                                       .from_at = g->now_ms - DAY_MS,
                                       .limit = EVENTS};
    struct pav_disposition_view *v;
    uint32_t first = g->count, count, i, k;
    int64_t next;

    count = pav_reader_dispositions(g->r, &f, g->a, &v, &next);
    for (i = 0; i < count; i++) {
        const char *what = pav_arena_printf(
            g->a, "%.*s: %.*s", (int)v[i].source.len, v[i].source.p,
            (int)v[i].detail_type.len, v[i].detail_type.p);
        struct pav_attention *x = NULL;

        if (v[i].source.len == 6 && memcmp(v[i].source.p, "pavane", 6) == 0)
            continue; /* our own, which a rule of no source meets */
        for (k = first; k < g->count && x == NULL; k++)
            if (is_same(g->v[k].what, what) &&
                is_same(g->v[k].machine, v[i].machine) &&
                (kind == PAV_ATTENTION_UNEXPECTED ||
                 is_same(g->v[k].why, v[i].row.detail)))
                x = &g->v[k];
        if (x == NULL) {
            x = add(g, kind);
            x->what = what;
            x->machine = v[i].machine;
            x->why = v[i].row.detail;
            x->newest_at = v[i].row.at;
            x->group = pav_attention_of_events(
                disposition, x->machine,
                pav_arena_strndup(g->a, v[i].source.p, v[i].source.len),
                pav_arena_strndup(g->a, v[i].detail_type.p,
                                  v[i].detail_type.len),
                x->why == NULL ? "" : x->why, g->a);
        }
        x->count++;
        x->bars[PAV_ATTENTION_BARS - 1 -
                (g->now_ms > v[i].row.at
                     ? (g->now_ms - v[i].row.at) / BAR_MS % PAV_ATTENTION_BARS
                     : 0)]++;
        x->oldest_at = v[i].row.at;
        x->more = next != 0;
    }
}

/* Early events by source and type, all that wait, when the first has waited for
 * more than half of its time and has SOON_MS left at most. */
static void
parked(struct gathering *g)
{
    sqlite3_stmt *st = reader_ask(
        g->r,
        "SELECT m.name," EVENT_SOURCE "," EVENT_TYPE ",count(*),min(d.at),"
        "max(d.at),min(k.expires_at)," BAR_OF(
            "d.at") " FROM (SELECT "
                    "machine_id,event_id,disposition_id,expires_at FROM"
                    " parked ORDER BY expires_at LIMIT ?1) k"
                    " JOIN disposition d ON d.id=k.disposition_id"
                    " JOIN event e ON e.id=k.event_id JOIN machine m ON "
                    "m.id=k.machine_id"
                    " GROUP BY 1,2,3");
    uint32_t first = g->count, i;
    int64_t looked_at = 0;

    STORE_BIND(st, INT(PARKED), INT(g->now_ms));
    while (reader_row(g->r, st)) {
        struct pav_attention *x;
        const char *source = column_str(st, 1, g->a),
                   *type = column_str(st, 2, g->a);
        int64_t left = sqlite3_column_int64(st, 6) - g->now_ms;
        char span[64];

        looked_at += sqlite3_column_int64(st, 3);
        if (left >= SOON_MS || left >= g->now_ms - sqlite3_column_int64(st, 4))
            continue;
        x = add(g, PAV_ATTENTION_PARKED);
        x->machine = column_str(st, 0, g->a);
        x->what = pav_arena_printf(g->a, "%s: %s", source, type);
        x->count = sqlite3_column_int64(st, 3);
        x->oldest_at = sqlite3_column_int64(st, 4);
        x->newest_at = sqlite3_column_int64(st, 5);
        x->why = pav_arena_printf(
            g->a, "nothing has taken %s; the first expires in %s",
            x->count == 1 ? "it" : "them",
            pav_time_span(left < 0 ? 0 : left, span, sizeof(span)));
        x->group = pav_attention_of_events(PAV_PARKED, x->machine, source, type,
                                           "", g->a);
        count_bars(x, (const char *)sqlite3_column_text(st, 7));
    }
    sqlite3_reset(st);
    for (i = first; i < g->count; i++)
        g->v[i].more = looked_at == PARKED;
}

/* Whose they are is in their bodies, which are read when it matters. */
static bool
some_expire_soon(struct gathering *g)
{
    sqlite3_stmt *st =
        reader_ask(g->r, "SELECT 1 FROM parked WHERE expires_at<?1 LIMIT 1");
    bool soon;

    STORE_BIND(st, INT(g->now_ms + SOON_MS));
    soon = reader_row(g->r, st);
    sqlite3_reset(st);
    return soon;
}

/* What of the reason tells groups apart: of a delivery its code alone, for a
 * target's words differ each time; of a folder nothing. */
static size_t
reason_len(const struct pav_attention *x)
{
    if (x->why == NULL || x->kind == PAV_ATTENTION_FAULT)
        return 0;
    return x->kind == PAV_ATTENTION_DEAD || x->kind == PAV_ATTENTION_STUCK
               ? strcspn(x->why, ":")
               : strlen(x->why);
}

/* "overdue-0a1b2c3d4e5f": of what it is about, not of how many there are. */
static const char *
group_named(const char *kind, const char *about, struct pav_arena *a)
{
    char hex[PAV_DIGEST_HEX];

    (void)pav_digest_hex("SHA-256", about, strlen(about), hex);
    return pav_arena_printf(a, "%s-%.12s", kind, hex);
}

static const char *
group_of(const struct pav_attention *x, struct pav_arena *a)
{
    const char *about = pav_arena_printf(
        a, "%s\n%d\n%s\n%.*s", x->machine == NULL ? "" : x->machine, x->status,
        x->what == NULL ? "" : x->what, (int)reason_len(x),
        x->why == NULL ? "" : x->why);

    return group_named(pav_attention_name(x->kind), about, a);
}

const char *
pav_attention_of_events(enum pav_disposition kind, const char *machine,
                        const char *source, const char *type,
                        const char *reason, struct pav_arena *a)
{
    const char *why = kind == PAV_UNEXPECTED ? "" : reason;

    return group_named(
        pav_disposition_name(kind),
        pav_arena_printf(
            a, "%s\n0\n%.*s: %.*s\n%.*s", machine == NULL ? "" : machine,
            (int)pav_utf8_cut(source, strlen(source), PAV_LEDGER_TEXT), source,
            (int)pav_utf8_cut(type, strlen(type), PAV_LEDGER_TEXT), type,
            (int)pav_utf8_cut(why, strlen(why), PAV_LEDGER_TEXT), why),
        a);
}

const struct pav_mark *
pav_reader_mark(struct pav_reader *r, const char *group, int64_t now_ms,
                struct pav_arena *a)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT coalesce(body->>'$.As','muted'),body->>'$.Reason',"
           "body->>'$.Until' FROM name WHERE kind=?1 AND owner=0 AND name=?2"
           " AND (body->>'$.Until'=0 OR body->>'$.Until'>?3)");
    struct pav_mark *mark;

    STORE_BIND(st, INT(PAV_NAME_MUTE), TEXT(group), INT(now_ms));
    if (!reader_row(r, st))
        return NULL;
    mark = pav_arena_alloc(a, sizeof(*mark));
    mark->as = column_str(st, 0, a);
    mark->reason = column_str(st, 1, a);
    mark->until = sqlite3_column_int64(st, 2);
    sqlite3_reset(st);
    return mark;
}

static int
gravest_first(const void *x, const void *y)
{
    const struct pav_attention *a = x, *b = y;

    if ((a->mark != NULL) != (b->mark != NULL))
        return a->mark != NULL ? 1 : -1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->count != b->count && a->kind >= PAV_ATTENTION_UNMATCHED)
        return a->count > b->count ? -1 : 1;
    return a->oldest_at < b->oldest_at ? -1 : a->oldest_at > b->oldest_at;
}

uint32_t
pav_reader_attention(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
                     struct pav_attention **out)
{
    struct gathering g = {.r = r, .a = a, .now_ms = now_ms};
    uint32_t i;

    faults(&g);
    overdue(&g);
    failed(&g);
    deliveries(&g);
    events(&g, PAV_ATTENTION_UNMATCHED, PAV_UNMATCHED);
    events(&g, PAV_ATTENTION_UNEXPECTED, PAV_UNEXPECTED);
    events(&g, PAV_ATTENTION_REJECTED, PAV_REJECTED);
    if (some_expire_soon(&g))
        parked(&g);
    events(&g, PAV_ATTENTION_EXPIRED, PAV_EXPIRED);
    for (i = 0; i < g.count; i++) {
        if (g.v[i].group == NULL)
            g.v[i].group = group_of(&g.v[i], a);
        g.v[i].mark = pav_reader_mark(r, g.v[i].group, now_ms, a);
        if (g.v[i].mark == NULL && g.v[i].kind == PAV_ATTENTION_UNEXPECTED)
            /* Marked when it was told apart by its reason, perhaps. */
            g.v[i].mark = pav_reader_mark(r, group_of(&g.v[i], a), now_ms, a);
    }
    if (g.count > 1)
        qsort(g.v, g.count, sizeof(*g.v), gravest_first);
    *out = g.v;
    return g.count;
}

uint32_t
pav_reader_ended_badly(struct pav_reader *r, const char *machine, uint32_t last,
                       int64_t now_ms, struct pav_arena *a,
                       struct pav_ended_badly **out)
{
    uint32_t machines, i, n = 0;
    int64_t *ids = reader_machines(r, a, &machines);

    *out = pav_arena_alloc(a, ((size_t)machines + 1) * sizeof(**out));
    for (i = 0; i < machines; i++) {
        /* The newest of each status, and of these the newest: by the index. */
        sqlite3_stmt *st = reader_ask(
            r, "SELECT (SELECT name FROM machine WHERE id=?1),count(*),"
               "sum(status IN (2,3)) FROM (SELECT x.id,x.status FROM"
               " json_each('[1,2,3,4]') s JOIN execution x ON x.id IN (SELECT"
               " id FROM execution WHERE machine_id=?1 AND status=s.value AND"
               " stopped_at<>0 ORDER BY id DESC LIMIT ?2)"
               " WHERE x.stopped_at>?3 ORDER BY x.id DESC LIMIT ?2)");

        STORE_BIND(st, INT(ids[i]), INT(last), INT(now_ms - DAY_MS));
        if (!reader_row(r, st))
            continue;
        (*out)[n].machine = column_str(st, 0, a);
        (*out)[n].ended = sqlite3_column_int64(st, 1);
        (*out)[n].bad = sqlite3_column_int64(st, 2);
        sqlite3_reset(st);
        n += machine == NULL || strcmp((*out)[n].machine, machine) == 0;
    }
    return n;
}
