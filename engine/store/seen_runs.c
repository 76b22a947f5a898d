/*
 * Which events came before, on the disk.
 *
 * A hash is random: each would touch a page of a large table, which was most of
 * what an event wrote, and read.  So they are written as sorted runs first,
 * each at the end of the tree; and when there are RUNS of them they are merged
 * into the table, a range of hashes of all of them at a time: many entries a
 * page.  A filter in memory knows what no run has.
 *
 * R1  An entry is in its run until the transaction that puts it into the table.
 * R2  What a filter denies no run of its group has; it may be wrong otherwise.
 * R3  Runs that are filled are newer than those that are merged, and these than
 *     the table; of one hash all entries are merged at once.
 * R4  A rollback takes back how far the merge has come.
 */
#include "seen_runs.h"

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "store_int.h"

#ifdef PAV_HARD
#define RUNS  4
#define SLICE 64
#else
#define RUNS  16  /* that are merged together */
#define SLICE 512 /* entries that are merged at once */
#endif

enum {
    SQL_RUN_INSERT = ROWS_AT(seen_runs),
    SQL_RUN_GET,
    SQL_RUN_ALL,
    SQL_RUN_END,
    SQL_RUN_MERGE,
    SQL_RUN_DELETE,
    SQL_SEEN_GET,
    SQL_SEEN_ANY,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_RUN_INSERT) =
        "INSERT OR IGNORE INTO event_run(run,hash,event_id) VALUES(?1,?2,?3)",
    SQL_TEXT(SQL_RUN_GET) =
        "SELECT e.id,e.received_at FROM event_run r"
        " JOIN event e ON e.id=r.event_id"
        " WHERE r.run=?1 AND r.hash=?2 AND " EVENT_SOURCE "=?3 AND " EVENT_ID
        "=?4 ORDER BY r.event_id DESC LIMIT 1",
    SQL_TEXT(SQL_RUN_ALL) = "SELECT run,hash FROM event_run ORDER BY run",
    SQL_TEXT(SQL_RUN_END) = "SELECT hash FROM event_run WHERE run=?1 AND"
                            " hash>=?2 ORDER BY hash LIMIT 1 OFFSET ?3",
    SQL_TEXT(SQL_RUN_MERGE) =
        "INSERT OR IGNORE INTO event_seen(hash,event_id) SELECT hash,event_id"
        " FROM event_run WHERE run=?1 AND hash BETWEEN ?2 AND ?3",
    SQL_TEXT(SQL_RUN_DELETE) =
        "DELETE FROM event_run WHERE run=?1 AND hash BETWEEN ?2 AND ?3",
    SQL_TEXT(SQL_SEEN_GET) =
        "SELECT e.id,e.received_at FROM event_seen s"
        " JOIN event e ON e.id=s.event_id"
        " WHERE s.hash=?1 AND " EVENT_SOURCE "=?2 AND " EVENT_ID "=?3"
        " ORDER BY s.event_id DESC LIMIT 1",
    SQL_TEXT(SQL_SEEN_ANY) = "SELECT count(*) FROM (SELECT 1 FROM event_seen"
                             " LIMIT 1)",
};

const struct rows seen_runs_rows = {texts, sizeof(texts) / sizeof(texts[0])};

/* ---- groups of runs, and what they surely do not have ---- */

#define BLOCKS 10240 /* of 64 bytes: ten bits an entry */
#define BITS   6     /* of a block, an entry */

struct block {
    uint64_t words[8];
};

struct group {
    int64_t *runs; /* ascending */
    uint32_t count, cap;
    struct block *filter; /* NULL while there is no run */
};

struct seen_runs {
    struct group filled, merged;
    int64_t run;  /* that is being written */
    int64_t from; /* the merge has come up to this hash */
    int64_t from_committed;
    uint32_t owed; /* entries to be merged, for the events that came */
    bool table_empty;
    bool over, over_committed; /* the merge is */
};

static struct block *
block_of(const struct group *g, int64_t hash)
{
    uint64_t h = (uint64_t)hash * 0x9E3779B97F4A7C15u;

    return &g->filter[(h >> 32) * BLOCKS >> 32];
}

/* Six bits of the block: nine bits of the hash say where each is. */
static uint64_t
bits_of(int64_t hash)
{
    return (uint64_t)hash * 0xD6E8FEB86659FD93u >> (64 - 9 * BITS);
}

static void
filter_add(struct group *g, int64_t hash)
{
    struct block *b = block_of(g, hash);
    uint64_t bits = bits_of(hash);
    int i;

    for (i = 0; i < BITS; i++, bits >>= 9)
        b->words[bits >> 6 & 7] |= (uint64_t)1 << (bits & 63);
}

/* R2 */
static bool
may_have(const struct group *g, int64_t hash)
{
    const struct block *b;
    uint64_t bits = bits_of(hash);
    int i;

    if (g->count == 0)
        return false;
    b = block_of(g, hash);
    for (i = 0; i < BITS; i++, bits >>= 9)
        if ((b->words[bits >> 6 & 7] >> (bits & 63) & 1) == 0)
            return false;
    return true;
}

static void
group_add(struct group *g, int64_t run)
{
    if (g->count == g->cap) {
        g->cap = g->cap == 0 ? RUNS : g->cap * 2;
        g->runs = pav_xrealloc(g->runs, g->cap * sizeof(*g->runs));
    }
    g->runs[g->count++] = run;
    if (g->filter == NULL)
        g->filter = pav_xcalloc(BLOCKS, sizeof(*g->filter));
}

static void
group_clear(struct group *g)
{
    free(g->runs);
    free(g->filter);
    memset(g, 0, sizeof(*g));
}

/* ---- finding ---- */

static int64_t
found(struct pav_store *s, sqlite3_stmt *st, int64_t *received_at)
{
    int64_t id = 0;

    if (store_row(s, st)) {
        id = sqlite3_column_int64(st, 0);
        *received_at = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return id;
}

static int64_t
find_in(struct pav_store *s, const struct group *g, int64_t hash,
        struct pav_bytes source, struct pav_bytes event_id,
        int64_t *received_at)
{
    uint32_t i = may_have(g, hash) ? g->count : 0;
    int64_t id = 0;

    while (id == 0 && i-- > 0)
        id = found(s,
                   STORE_ASK(s, SQL_RUN_GET, INT(g->runs[i]), INT(hash),
                             BYTES(source), BYTES(event_id)),
                   received_at);
    return id;
}

int64_t
runs_find(struct pav_store *s, int64_t hash, struct pav_bytes source,
          struct pav_bytes event_id, int64_t *received_at)
{
    struct seen_runs *r = s->runs;
    int64_t id =
        find_in(s, &r->filled, hash, source, event_id, received_at); /* R3 */

    if (id == 0)
        id = find_in(s, &r->merged, hash, source, event_id, received_at);
    if (id == 0 && !r->table_empty)
        id = found(s,
                   STORE_ASK(s, SQL_SEEN_GET, INT(hash), BYTES(source),
                             BYTES(event_id)),
                   received_at);
    return id;
}

/* ---- a run is written ---- */

void
runs_put(struct pav_store *s, const struct seen_entry *entry)
{
    STORE_DO(s, SQL_RUN_INSERT, INT(s->runs->run), INT(entry->hash),
             INT(entry->id));
}

static void
begin_merge(struct seen_runs *r)
{
    if (r->merged.count > 0 || r->filled.count < RUNS)
        return;
    r->merged = r->filled;
    memset(&r->filled, 0, sizeof(r->filled));
    r->from = r->from_committed = INT64_MIN;
    r->over = r->over_committed = false;
    r->owed = 0;
}

void
runs_end(struct pav_store *s, const struct seen_entry *entries, uint32_t count)
{
    struct seen_runs *r = s->runs;
    uint32_t i;

    group_add(&r->filled, r->run++);
    for (i = 0; i < count; i++)
        filter_add(&r->filled, entries[i].hash);
    begin_merge(r);
}

/* ---- runs are merged ---- */

/* The last hash of the next range: no run has more in it than its part of a
 * slice. */
static int64_t
range_end(struct pav_store *s, const struct seen_runs *r)
{
    int64_t end = INT64_MAX;
    uint32_t i;

    for (i = 0; i < r->merged.count; i++) {
        sqlite3_stmt *st =
            STORE_ASK(s, SQL_RUN_END, INT(r->merged.runs[i]), INT(r->from),
                      INT(SLICE / r->merged.count));

        if (store_row(s, st) && sqlite3_column_int64(st, 0) < end)
            end = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return end;
}

static void
merge_slice(struct pav_store *s)
{
    struct seen_runs *r = s->runs;
    int64_t end = range_end(s, r);
    uint32_t i;

    for (i = 0; i < r->merged.count; i++) {
        STORE_DO(s, SQL_RUN_MERGE, INT(r->merged.runs[i]), INT(r->from),
                 INT(end));
        STORE_DO(s, SQL_RUN_DELETE, INT(r->merged.runs[i]), INT(r->from),
                 INT(end));
    }
    r->table_empty = false;
    r->over = end == INT64_MAX;
    r->from = r->over ? end : end + 1;
}

/* Faster than events come, so that a merge ends before the next must begin. */
void
runs_before_commit(struct pav_store *s, uint32_t brought)
{
    struct seen_runs *r = s->runs;

    if (r->merged.count == 0 || r->over)
        return;
    for (r->owed += 4 * brought + 1; r->owed >= SLICE && !r->over;
         r->owed -= SLICE)
        merge_slice(s);
}

void
runs_after_commit(struct pav_store *s)
{
    struct seen_runs *r = s->runs;

    r->from_committed = r->from;
    r->over_committed = r->over;
    if (r->merged.count == 0 || !r->over)
        return;
    group_clear(&r->merged);
    begin_merge(r);
}

void
runs_rollback(struct pav_store *s)
{
    s->runs->from = s->runs->from_committed; /* R4 */
    s->runs->over = s->runs->over_committed;
}

/* ---- life ---- */

/* Runs whose merge had begun are shorter: they are merged again from the
 * beginning.  A run that was not whole is one more; its events are read again
 * as well. */
bool
runs_open(struct pav_store *s)
{
    struct seen_runs *r = s->runs = pav_xcalloc(1, sizeof(*r));
    sqlite3_stmt *st = store_read(s, SQL_RUN_ALL);

    r->run = 1;
    r->from = r->from_committed = INT64_MIN;
    while (store_row(s, st)) {
        int64_t run = sqlite3_column_int64(st, 0);

        if (run >= r->run) {
            group_add(&r->filled, run);
            r->run = run + 1;
        }
        filter_add(&r->filled, sqlite3_column_int64(st, 1));
    }
    r->table_empty = store_number(s, SQL_SEEN_ANY) == 0;
    begin_merge(r);
    return s->failed == SQLITE_OK;
}

void
runs_close(struct pav_store *s)
{
    if (s->runs == NULL)
        return;
    group_clear(&s->runs->filled);
    group_clear(&s->runs->merged);
    free(s->runs);
    s->runs = NULL;
}
