/* What became of events, by who sent them: see pavane/ledger.h. */
#include "pavane/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "reader_int.h"

#define HOUR_MS 3600000

bool
pav_is_deviation(enum pav_disposition kind)
{
    return kind != PAV_STARTED && kind != PAV_RESUMED && kind != PAV_PARKED &&
           kind != PAV_ROUTED;
}

/* In which part of the time an hour is. */
static uint32_t
bar_of(int64_t hour, int64_t from_hour, int64_t now_ms)
{
    int64_t hours = now_ms / HOUR_MS - from_hour + 1;
    int64_t bar =
        (hour - from_hour) * PAV_LEDGER_BARS / (hours < 1 ? 1 : hours);

    return bar < 0                  ? 0
           : bar >= PAV_LEDGER_BARS ? PAV_LEDGER_BARS - 1
                                    : (uint32_t)bar;
}

static void
widen(int64_t *first, int64_t *last, int64_t from, int64_t until)
{
    if (*first == 0 || from < *first)
        *first = from;
    if (until > *last)
        *last = until;
}

static int
most_events(const void *x, const void *y)
{
    const struct pav_producer *a = x, *b = y;

    if (a->events != b->events)
        return a->events > b->events ? -1 : 1;
    return strcmp(a->source, b->source);
}

uint32_t
pav_reader_producers(struct pav_reader *r, int64_t from_ms, int64_t now_ms,
                     uint32_t limit, struct pav_arena *a,
                     struct pav_producer **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT source,kind,hour,sum(count),sum(events),min(first_at),"
           "max(last_at) FROM ledger WHERE hour>=?1 GROUP BY 1,2,3 ORDER BY 1");
    int64_t from = from_ms / HOUR_MS;
    struct pav_producer *v = NULL, *p = NULL;
    uint32_t n = 0;

    STORE_BIND(st, INT(from));
    while (reader_row(r, st)) {
        const char *source = (const char *)sqlite3_column_text(st, 0);
        int kind = sqlite3_column_int(st, 1);
        int64_t events = sqlite3_column_int64(st, 4);

        if (kind < 0 || kind >= PAV_DISPOSITIONS)
            continue;
        if (n == 0 || strcmp(v[n - 1].source, source) != 0) {
            v = pav_arena_append(a, v, n, sizeof(*v));
            p = &v[n++];
            memset(p, 0, sizeof(*p));
            p->source = column_str(st, 0, a);
        }
        p->events += events;
        p->firsts[kind] += events;
        p->outcomes[kind] += sqlite3_column_int64(st, 3);
        p->bars[bar_of(sqlite3_column_int64(st, 2), from, now_ms)] += events;
        widen(&p->first_at, &p->last_at, sqlite3_column_int64(st, 5),
              sqlite3_column_int64(st, 6));
    }
    sqlite3_reset(st);
    if (n > 1)
        qsort(v, n, sizeof(*v), most_events);
    *out = v;
    return n < limit ? n : limit;
}

uint32_t
pav_reader_without_schema(struct pav_reader *r, int64_t from_ms, uint32_t limit,
                          struct pav_arena *a, struct pav_sent **out)
{
    sqlite3_stmt *st = reader_ask(
        r,
        "SELECT source,type,sum(events) AS n,max(last_at) FROM ledger WHERE"
        " hour>=?1 AND NOT EXISTS(SELECT 1 FROM name WHERE kind=?3 AND owner=0"
        " AND name=source||char(1)||type) AND source NOT IN ('pavane',?4)"
        " AND length(CAST(source AS BLOB))<?5 AND"
        " length(CAST(type AS BLOB))<?5 GROUP BY 1,2 HAVING n>0"
        " ORDER BY n DESC,1,2 LIMIT ?2");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(from_ms / HOUR_MS), INT(limit), INT(PAV_NAME_SCHEMA),
               TEXT(PAV_LEDGER_OTHERS), INT(PAV_LEDGER_TEXT));
    while (reader_row(r, st)) {
        (*out)[n].source = column_str(st, 0, a);
        (*out)[n].type = column_str(st, 1, a);
        (*out)[n].events = sqlite3_column_int64(st, 2);
        (*out)[n++].last_at = sqlite3_column_int64(st, 3);
    }
    sqlite3_reset(st);
    return n;
}

#define NEWEST 500     /* events that clocks are told from, */
#define LARGE  "16384" /* but for those of so many bytes */

uint32_t
pav_reader_skews(struct pav_reader *r, struct pav_arena *a,
                 struct pav_skew **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT source,received-at FROM (SELECT " EVENT_SOURCE " AS source,"
           "e.received_at AS received,1000*CAST(strftime('%s',json_extract("
           "CAST(e.body AS TEXT),'$.time')) AS INTEGER) AS at FROM event e"
           " WHERE length(e.body)<" LARGE
           " ORDER BY e.id DESC LIMIT ?1) WHERE at>0 ORDER BY 1,2");
    int64_t *late = pav_arena_alloc(a, NEWEST * sizeof(*late));
    uint32_t n = 0, of = 0;

    *out = NULL;
    STORE_BIND(st, INT(NEWEST));
    while (reader_row(r, st)) {
        const char *source = (const char *)sqlite3_column_text(st, 0);

        if (n == 0 || strcmp((*out)[n - 1].source, source) != 0) {
            if (n > 0)
                (*out)[n - 1].ms = late[of / 2];
            *out = pav_arena_append(a, *out, n, sizeof(**out));
            (*out)[n++].source = column_str(st, 0, a);
            of = 0;
        }
        late[of++] = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    if (n > 0)
        (*out)[n - 1].ms = late[of / 2];
    return n;
}

static int
most_first(const void *x, const void *y)
{
    const struct pav_deviation *a = x, *b = y;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->last_at > b->last_at ? -1 : a->last_at < b->last_at;
}

static bool
is_same(const struct pav_deviation *x, const struct pav_deviation *y)
{
    return x->kind == y->kind && strcmp(x->source, y->source) == 0 &&
           strcmp(x->type, y->type) == 0 && strcmp(x->reason, y->reason) == 0 &&
           (x->machine == y->machine ||
            (x->machine != NULL && y->machine != NULL &&
             strcmp(x->machine, y->machine) == 0));
}

/* How many events of the source and type there were in all. */
static void
add_shares(struct pav_reader *r, int64_t from, int64_t until,
           struct pav_deviation *v, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        sqlite3_stmt *st =
            reader_ask(r, "SELECT sum(events) FROM ledger WHERE hour>=?1"
                          " AND hour<=?4 AND source=?2 AND type=?3");

        STORE_BIND(st, INT(from), TEXT(v[i].source), TEXT(v[i].type),
                   INT(until));
        if (reader_row(r, st)) {
            v[i].of = sqlite3_column_int64(st, 0);
            sqlite3_reset(st);
        }
    }
}

uint32_t
pav_reader_deviations(struct pav_reader *r,
                      const struct pav_deviation_filter *f, struct pav_arena *a,
                      struct pav_deviation **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT l.source,l.type,m.name,l.kind,l.reason,l.hour,l.count,"
           "l.first_at,l.last_at FROM ledger l LEFT JOIN machine m"
           " ON m.id=l.machine_id WHERE l.hour>=?1 AND l.kind NOT IN (0,1,2,9)"
           " AND (?2 IS NULL OR l.source=?2) AND (?3 IS NULL OR m.name=?3)"
           " AND (?4<0 OR l.kind=?4) AND (?6=0 OR l.hour<=?6) AND (?5 IS NULL "
           "OR l.reason='in '||?5"
           " OR substr(l.reason,1,length(?5)+4)='in '||?5||':')"
           " ORDER BY 1,2,3,4,5");
    int64_t from = f->from_ms / HOUR_MS;
    int64_t until_ms = f->until_ms != 0 ? f->until_ms : f->now_ms;
    struct pav_deviation *v = NULL, row;
    uint32_t n = 0;

    STORE_BIND(st, INT(from), TEXT(f->source), TEXT(f->machine), INT(f->kind),
               TEXT(f->state), INT(f->until_ms / HOUR_MS));
    while (reader_row(r, st)) {
        memset(&row, 0, sizeof(row));
        row.source = column_str(st, 0, a);
        row.type = column_str(st, 1, a);
        row.machine = column_str(st, 2, a);
        row.kind = (enum pav_disposition)sqlite3_column_int(st, 3);
        row.reason = column_str(st, 4, a);
        if (row.kind >= PAV_DISPOSITIONS)
            continue;
        if (n == 0 || !is_same(&v[n - 1], &row)) {
            v = pav_arena_append(a, v, n, sizeof(*v));
            v[n++] = row;
        }
        v[n - 1].count += sqlite3_column_int64(st, 6);
        v[n - 1].bars[bar_of(sqlite3_column_int64(st, 5), from, until_ms)] +=
            sqlite3_column_int64(st, 6);
        widen(&v[n - 1].first_at, &v[n - 1].last_at,
              sqlite3_column_int64(st, 7), sqlite3_column_int64(st, 8));
    }
    sqlite3_reset(st);
    if (n > 1)
        qsort(v, n, sizeof(*v), most_first);
    if (n > f->limit)
        n = f->limit;
    add_shares(r, from, until_ms / HOUR_MS, v, n);
    *out = v;
    return n;
}

uint32_t
pav_reader_senders(struct pav_reader *r, const char *type, int64_t from_ms,
                   struct pav_arena *a, const char ***out)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT DISTINCT source FROM ledger"
                                     " WHERE hour>=?1 AND type=?2"
                                     " AND kind IN (0,1,2) LIMIT 100");
    uint32_t n = 0;

    *out = NULL;
    STORE_BIND(st, INT(from_ms / HOUR_MS), TEXT(type));
    while (reader_row(r, st)) {
        *out = pav_arena_append(a, *out, n, sizeof(**out));
        (*out)[n++] = column_str(st, 0, a);
    }
    sqlite3_reset(st);
    return n;
}

int64_t
pav_reader_heard(struct pav_reader *r, const char *source)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT last_at FROM ledger WHERE source=?1"
                      " ORDER BY hour DESC,last_at DESC LIMIT 1");

    STORE_BIND(st, TEXT(source));
    return reader_number(r, st);
}
