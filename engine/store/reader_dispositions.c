/*
 * What became of events, for readers.  Nearly all started or resumed an
 * execution, which is in the event's own row; the others are rows of their own.
 * A question is put to both, and the answers are merged.
 */
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "reader_int.h"
#include "seen.h"
#include "seen_runs.h"

#define ANY_SOURCE 65535 /* the last bits of a hash: see seen_hash() */

#define EVENT_OF_IT EVENT_SOURCE "," EVENT_ID "," EVENT_TYPE ",e.received_at"
#define NAMES       "m.name,x.name," EVENT_OF_IT

/* ---- rows of their own ---- */

#define OWN_COLUMNS                                                            \
    "SELECT d.id,d.machine_id,d.execution_id,d.key,d.kind,d.early,d.at,"       \
    "d.detail," NAMES
#define OWN_NAMES                                                              \
    " LEFT JOIN machine m ON m.id=d.machine_id"                                \
    " LEFT JOIN execution x ON x.id=d.execution_id "
#define OWN_VIEW                                                               \
    OWN_COLUMNS " FROM disposition d JOIN event e ON e.id=" EVENT_OF("d")      \
        OWN_NAMES

/* Those of a key that did not move an execution when their event came. */
#define IDS_OF_KEY                                                             \
    "WITH ids(id) AS (SELECT id FROM disposition WHERE key=?3 AND kind>1"      \
    " UNION SELECT id FROM disposition WHERE key=?3 AND early=1) "

/* Events of an id, by the hash of it (?13: those of runs and of the memory);
 * those behind ?15 by hand. */
#define OF_ID                                                                  \
    " FROM (SELECT event_id FROM event_seen"                                   \
    " WHERE hash BETWEEN ?7 AND ?7+65535 UNION "                               \
    "SELECT value FROM json_each(?13) UNION "                                  \
    "SELECT id FROM event e WHERE id>?15 AND " EVENT_ID                        \
    "=?2) s JOIN event e ON e.id=s.event_id"

/* The machine not by its joined name: the event would be read before it. */
#define OF_MACHINE(column)                                                     \
    " AND (?8 IS NULL OR " column "=(SELECT id FROM machine WHERE name=?8))"
#define OF_EVENTS                                                              \
    " AND (?9 IS NULL OR " EVENT_SOURCE "=?9)"                                 \
    " AND (?10 IS NULL OR " EVENT_TYPE "=?10)"
#define OWN_FILTERS                                                            \
    " AND (?5=0 OR d.execution_id=?5)" OF_MACHINE("d.machine_id") OF_EVENTS    \
        " AND (?11=0 OR d.at>=?11) AND (?12=0 OR d.at<?12)"                    \
        " AND (?16 IS NULL OR d.detail=?16)"                                   \
        " AND (?18 IS NULL OR instr(d.detail,?18)>0)"                          \
        " AND (?17=0 OR coalesce(d.machine_id,0)=0) AND d.id>?19"              \
        " ORDER BY d.id DESC LIMIT ?6"

/* Each filter that leads gets its own text, so that its index is used. */
static sqlite3_stmt *
ask_own(struct pav_reader *r, const struct pav_disposition_filter *f)
{
    if (f->event != 0)
        return reader_ask(
            r, OWN_VIEW "WHERE " OF_EVENT(
                   "d", "?14") " AND d.id<?1"
                               " AND (?4<0 OR d.kind=?4)" OWN_FILTERS);
    if (f->event_id != NULL)
        return reader_ask(r, OWN_COLUMNS OF_ID
                          " JOIN disposition d ON " OF_EVENT("d", "e.id")
                              OWN_NAMES "WHERE d.id<?1 AND " EVENT_ID "=?2"
                                        " AND (?3 IS NULL OR d.key=?3)"
                                        " AND (?4<0 OR d.kind=?4)" OWN_FILTERS);
    if (f->key != NULL && f->kind > PAV_RESUMED)
        return reader_ask(r,
                          OWN_VIEW "WHERE d.key=?3 AND d.kind=?4 AND d.kind>1"
                                   " AND d.id<?1" OWN_FILTERS);
    if (f->key != NULL)
        return reader_ask(r, IDS_OF_KEY OWN_VIEW
                          "WHERE d.id IN (SELECT id FROM ids) AND d.id<?1"
                          " AND (?4<0 OR d.kind=?4)" OWN_FILTERS);
    if (f->execution_id != 0)
        return NULL; /* without a key: its own events alone reach it */
    if (f->kind > PAV_RESUMED)
        return reader_ask(
            r, OWN_VIEW "WHERE d.id<?1 AND d.kind=?4 AND d.kind>1" OWN_FILTERS);
    return reader_ask(r, OWN_VIEW
                      "WHERE d.id<?1 AND (?4<0 OR +d.kind=?4)" OWN_FILTERS);
}

/* ---- in the events' rows ---- */

#define FIRST_COLUMNS                                                          \
    "SELECT e.id*" PER_EVENT ",e.first_machine,e.first_execution,x.key,"       \
    "e.first_kind,0,e.received_at,NULL," NAMES
#define FIRST_NAMES                                                            \
    " LEFT JOIN machine m ON m.id=e.first_machine"                             \
    " LEFT JOIN execution x ON x.id=e.first_execution "
#define FIRST_FILTERS                                                          \
    " AND e.id*" PER_EVENT "<?1 AND e.id<=?1/" PER_EVENT                       \
    " AND e.id>?19/" PER_EVENT                                                 \
    " AND e.first_kind IS NOT NULL AND (?4<0 OR e.first_kind=?4)" OF_MACHINE(  \
        "e.first_machine") OF_EVENTS                                           \
        " AND (?11=0 OR e.received_at>=?11) AND (?12=0 OR e.received_at<?12)"  \
        " ORDER BY e.id DESC LIMIT ?6"

static sqlite3_stmt *
ask_first(struct pav_reader *r, const struct pav_disposition_filter *f)
{
    if (f->event != 0)
        return reader_ask(r, FIRST_COLUMNS " FROM event e" FIRST_NAMES
                                           "WHERE e.id=?14" FIRST_FILTERS);
    if (f->event_id != NULL)
        return reader_ask(r, FIRST_COLUMNS OF_ID FIRST_NAMES
                          "WHERE " EVENT_ID "=?2 AND (?3 IS NULL OR x.key=?3)"
                          " AND (?5=0 OR e.first_execution=?5)" FIRST_FILTERS);
    return reader_ask(r, FIRST_COLUMNS " FROM event e" FIRST_NAMES
                                       "WHERE 1" FIRST_FILTERS);
}

/* ---- both ---- */

static void
disposition_from(sqlite3_stmt *st, struct pav_arena *a,
                 struct pav_disposition_view *out)
{
    memset(out, 0, sizeof(*out));
    out->row.id = sqlite3_column_int64(st, 0);
    out->row.event_id = out->row.id / PAV_DISPOSITIONS_MAX;
    out->row.machine_id = sqlite3_column_int64(st, 1);
    out->row.execution_id = sqlite3_column_int64(st, 2);
    out->row.key = column_bytes(st, 3, a);
    out->row.kind = (enum pav_disposition)sqlite3_column_int(st, 4);
    out->row.early = sqlite3_column_int(st, 5) != 0;
    out->row.at = sqlite3_column_int64(st, 6);
    out->row.detail = column_str(st, 7, a);
    out->machine = column_str(st, 8, a);
    out->execution = column_str(st, 9, a);
    out->source = column_bytes(st, 10, a);
    out->event_id = column_bytes(st, 11, a);
    out->detail_type = column_bytes(st, 12, a);
    out->received_at = sqlite3_column_int64(st, 13);
}

/* A run's entries of a hash, whatever the source. */
static void
put_ids(struct pav_reader *r, int64_t run, int64_t hash, struct pav_buf *ids)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT hash,entries FROM event_run WHERE run=?1 AND hash<=?2"
           " ORDER BY hash DESC,event_id DESC");
    bool more = true;

    STORE_BIND(st, INT(run), INT(hash + ANY_SOURCE));
    while (more && reader_row(r, st)) {
        const void *row = sqlite3_column_blob(st, 1);
        uint32_t n = run_entries((size_t)sqlite3_column_bytes(st, 1)), i;

        more = sqlite3_column_int64(st, 0) >= hash;
        for (i = 0; i < n; i++) {
            struct seen_entry e = run_entry(row, i);

            if (e.hash < hash || e.hash > hash + ANY_SOURCE)
                continue;
            pav_buf_putc(ids, ',');
            pav_buf_int(ids, e.id);
        }
    }
    sqlite3_reset(st);
}

/* Events that may have an id. */
struct candidates {
    const char *ids; /* a JSON list; NULL: nobody asks for an id */
    int64_t by_hand; /* events behind this one are looked at one by one */
    int64_t behind;  /* dispositions up to there are not looked at */
};

static void
put_ids_of_runs(struct pav_reader *r, int64_t hash, struct pav_buf *ids)
{
    int64_t run = 0;

    for (;;) {
        sqlite3_stmt *st =
            reader_ask(r, "SELECT min(run) FROM event_run WHERE run>?1");

        STORE_BIND(st, INT(run));
        if (!reader_row(r, st) || sqlite3_column_type(st, 0) == SQLITE_NULL) {
            sqlite3_reset(st);
            return;
        }
        run = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
        put_ids(r, run, hash, ids);
    }
}

static struct candidates
candidates_of(struct pav_reader *r, const struct pav_disposition_filter *f,
              struct pav_arena *a)
{
    struct candidates c = {NULL, 0, 0};
    struct seen *memory = reader_seen_of(r);
    struct pav_buf ids;
    int64_t hash;

    if (f->newest > 0)
        c.behind =
            (reader_number(r, reader_ask(r, "SELECT max(id) FROM event")) -
             f->newest) *
            PAV_DISPOSITIONS_MAX;
    if (f->event_id == NULL)
        return c;
    hash = seen_hash((struct pav_bytes){f->event_id, strlen(f->event_id)});
    c.by_hand = reader_progress(r, "seen");
    pav_buf_init(&ids, SIZE_MAX / 2);
    pav_buf_puts(&ids, "[0"); /* which no event has */
    put_ids_of_runs(r, hash, &ids);
    if (memory != NULL &&
        seen_recent(memory, hash, hash + ANY_SOURCE, c.by_hand, &ids))
        c.by_hand = INT64_MAX;
    pav_buf_putc(&ids, ']');
    c.ids = pav_arena_strdup(a, ids.p);
    pav_buf_fini(&ids);
    return c;
}

static void
bind_filter(sqlite3_stmt *st, const struct pav_disposition_filter *f,
            const struct candidates *c)
{
    STORE_BIND(st, INT(f->before == 0 ? INT64_MAX : f->before));
    sqlite3_bind_int64(st, 14, f->event);
    if (f->event_id != NULL) {
        struct pav_bytes id = {f->event_id, strlen(f->event_id)};

        bind_bytes(st, 2, id);
        sqlite3_bind_int64(st, 7, seen_hash(id));
        bind_text(st, 13, c->ids);
        sqlite3_bind_int64(st, 15, c->by_hand);
    }
    bind_text(st, 3, f->key);
    sqlite3_bind_int(st, 4, f->kind);
    sqlite3_bind_int64(st, 5, f->execution_id);
    sqlite3_bind_int64(st, 6, f->limit + 1);
    bind_text(st, 8, f->machine);
    bind_text(st, 9, f->source);
    bind_text(st, 10, f->detail_type);
    sqlite3_bind_int64(st, 11, f->from_at);
    sqlite3_bind_int64(st, 12, f->until_at);
    sqlite3_bind_int64(st, 19, c->behind);
    if (sqlite3_bind_parameter_count(st) >= 18) {
        bind_text(st, 16, f->why);
        sqlite3_bind_int(st, 17, f->of_no_machine);
        bind_text(st, 18, f->says);
    }
}

/* Behind the n that are there; how many there are then. */
static uint32_t
collect(struct pav_reader *r, sqlite3_stmt *st,
        const struct pav_disposition_filter *f, const struct candidates *c,
        struct pav_arena *a, struct pav_disposition_view *out, uint32_t n)
{
    bind_filter(st, f, c);
    while (n <= f->limit && reader_row(r, st))
        disposition_from(st, a, &out[n++]);
    sqlite3_reset(st);
    return n;
}

/* What started or resumed has a machine, and needs no words. */
static bool
may_be_first(const struct pav_disposition_filter *f)
{
    return f->kind <= PAV_RESUMED && f->why == NULL && f->says == NULL &&
           !f->of_no_machine;
}

/* ---- what moved executions of a key, or one: found by their steps ---- */

static int
newest_first(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

    return (a < b) - (a > b);
}

/* The events of their steps, the newest first; one may be there twice. */
static size_t
events_of_steps(struct pav_reader *r, const struct pav_disposition_filter *f,
                struct pav_arena *a, int64_t **events)
{
    sqlite3_stmt *executions =
        f->key == NULL
            ? reader_ask(r, "SELECT last_step FROM execution WHERE id=?2")
            : reader_ask(r, "SELECT last_step FROM execution x WHERE " OF_KEY(
                                "?1") " AND (?2=0 OR x.id=?2)");
    size_t n = 0;

    *events = NULL;
    STORE_BIND(executions, TEXT(f->key), INT(f->execution_id));
    while (reader_row(r, executions)) {
        int64_t step = sqlite3_column_int64(executions, 0);

        while (step != 0 && !reader_stopped(r)) {
            struct reader_link link = reader_step_link(r, step);

            step = link.previous;
            if (link.event_id == 0)
                continue;
            *events = pav_arena_append(a, *events, n, sizeof(**events));
            (*events)[n++] = link.event_id;
        }
    }
    sqlite3_reset(executions);
    if (n > 0)
        qsort(*events, n, sizeof(**events), newest_first);
    return n;
}

/* Early ones are rows of their key already. */
static uint32_t
collect_moved(struct pav_reader *r, const struct pav_disposition_filter *f,
              const struct candidates *c, struct pav_arena *a,
              struct pav_disposition_view *out)
{
    sqlite3_stmt *own = reader_ask(
        r, OWN_VIEW "WHERE " OF_EVENT(
               "d", "?14") " AND d.id<?1 AND d.kind<=1"
                           " AND d.early=0 AND (?3 IS NULL OR d.key=?3)"
                           " AND (?4<0 OR d.kind=?4)" OWN_FILTERS);
    sqlite3_stmt *first = reader_ask(
        r, FIRST_COLUMNS " FROM event e" FIRST_NAMES
                         "WHERE e.id=?14 AND (?3 IS NULL OR x.key=?3)"
                         " AND (?5=0 OR e.first_execution=?5)" FIRST_FILTERS);
    struct pav_disposition_filter of = *f;
    uint32_t found = 0;
    int64_t *events;
    size_t n = events_of_steps(r, f, a, &events), i;

    for (i = 0; i < n && found <= f->limit && !reader_stopped(r); i++) {
        of.event = events[i];
        if ((i > 0 && events[i] == events[i - 1]) ||
            (f->before != 0 && events[i] > f->before / PAV_DISPOSITIONS_MAX))
            continue;
        found = collect(r, own, &of, c, a, out, found);
        if (may_be_first(f))
            found = collect(r, first, &of, c, a, out, found);
    }
    return found;
}

uint32_t
pav_reader_dispositions(struct pav_reader *r,
                        const struct pav_disposition_filter *f,
                        struct pav_arena *a, struct pav_disposition_view **out,
                        int64_t *next)
{
    size_t room = (f->limit + 1) * sizeof(**out);
    struct pav_disposition_view *own = pav_arena_alloc(a, room);
    struct pav_disposition_view *first = pav_arena_alloc(a, room);
    struct candidates c = candidates_of(r, f, a);
    uint32_t owns = collect(r, ask_own(r, f), f, &c, a, own, 0), firsts = 0;
    uint32_t i = 0, j = 0, n = 0;

    if (f->event == 0 && f->event_id == NULL &&
        (f->key != NULL || f->execution_id != 0))
        firsts = f->kind > PAV_RESUMED ? 0 : collect_moved(r, f, &c, a, first);
    else if (may_be_first(f))
        firsts = collect(r, ask_first(r, f), f, &c, a, first, 0);

    *out = pav_arena_alloc(a, room);
    *next = 0;
    while (i < owns || j < firsts) {
        if (n == f->limit) {
            *next = n == 0 ? 0 : (*out)[n - 1].row.id;
            break;
        }
        (*out)[n++] =
            j == firsts || (i < owns && own[i].row.id > first[j].row.id)
                ? own[i++]
                : first[j++];
    }
    return n;
}

int64_t
pav_reader_parked_until(struct pav_reader *r,
                        const struct pav_disposition_row *d)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT expires_at FROM parked WHERE"
                      " machine_id=?1 AND key=?2 AND event_id=?3");

    STORE_BIND(st, INT(d->machine_id), BYTES(d->key), INT(d->event_id));
    return reader_number(r, st);
}

/* ---- counts ---- */

static void
add_counts(struct pav_reader *r, sqlite3_stmt *st,
           const struct pav_disposition_filter *f,
           int64_t counts[PAV_DISPOSITIONS])
{
    STORE_BIND(st, INT(f->from_at), INT(f->until_at), TEXT(f->machine),
               TEXT(f->source), TEXT(f->detail_type));
    while (reader_row(r, st)) {
        int kind = sqlite3_column_int(st, 0);

        if (kind >= 0 && kind < PAV_DISPOSITIONS)
            counts[kind] += sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
}

uint32_t
pav_reader_disposition_counts(struct pav_reader *r,
                              const struct pav_disposition_filter *f,
                              int64_t counts[PAV_DISPOSITIONS])
{
    uint32_t n = 0;
    int i;

    memset(counts, 0, PAV_DISPOSITIONS * sizeof(*counts));
    add_counts(r,
               reader_ask(r, "SELECT d.kind,count(*) FROM disposition d"
                             " LEFT JOIN machine m ON m.id=d.machine_id"
                             " JOIN event e ON e.id=" EVENT_OF(
                                 "d") " WHERE (?1=0 OR d.at>=?1)"
                                      " AND (?2=0 OR d.at<?2)"
                                      " AND (?3 IS NULL OR m.name=?3)"
                                      " AND (?4 IS NULL OR " EVENT_SOURCE "=?4)"
                                      " AND (?5 IS NULL OR " EVENT_TYPE "=?5)"
                                      " GROUP BY d.kind"),
               f, counts);
    add_counts(r,
               reader_ask(r, "SELECT e.first_kind,count(*) FROM event e"
                             " LEFT JOIN machine m ON m.id=e.first_machine"
                             " WHERE e.first_kind IS NOT NULL"
                             " AND (?1=0 OR e.received_at>=?1)"
                             " AND (?2=0 OR e.received_at<?2)"
                             " AND (?3 IS NULL OR m.name=?3)"
                             " AND (?4 IS NULL OR " EVENT_SOURCE "=?4)"
                             " AND (?5 IS NULL OR " EVENT_TYPE "=?5)"
                             " GROUP BY e.first_kind"),
               f, counts);
    for (i = 0; i < PAV_DISPOSITIONS; i++)
        n += counts[i] != 0;
    return n;
}
