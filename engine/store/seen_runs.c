/*
 * Which events came before, on the disk.
 *
 * A hash is random: each would touch a page of a large table, which was most of
 * what an event wrote, and read.  So they are written as sorted runs first,
 * each at the end of the tree; and when there are RUNS of them they are merged
 * into the table, a range of hashes of all of them at a time: many entries a
 * page.  A filter in memory knows what no run has.
 *
 * R1  An entry is in its run until the transaction that puts it into the table,
 *     and may be there until its whole row is: so a hit in a run that is merged
 *     may be older than one in the table.
 * R2  What a filter denies no run of its group has; it may be wrong otherwise.
 * R3  Runs that are filled are newer than those that are merged; all entries of
 *     one hash are merged at once.
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
    SQL_RUN_BEGIN,
    SQL_RUN_DELETE,
    SQL_SEEN_INSERT,
    SQL_SEEN_GET,
    SQL_SEEN_ANY,
    SQL_EVENT_IS,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_RUN_INSERT) =
        "INSERT OR REPLACE INTO event_run(run,hash,event_id,entries)"
        " VALUES(?1,?2,?3,?4)",
    SQL_TEXT(SQL_RUN_GET) =
        "SELECT hash,entries FROM event_run WHERE run=?1 AND hash<=?2"
        " ORDER BY hash DESC,event_id DESC",
    SQL_TEXT(SQL_RUN_ALL) = "SELECT run,entries FROM event_run ORDER BY run",
    SQL_TEXT(SQL_RUN_BEGIN) = "SELECT hash,entries FROM event_run WHERE run=?1"
                              " ORDER BY hash,event_id",
    SQL_TEXT(SQL_RUN_DELETE) =
        "DELETE FROM event_run WHERE run=?1 AND hash=?2 AND event_id=?3",
    SQL_TEXT(SQL_SEEN_INSERT) =
        "INSERT OR IGNORE INTO event_seen(hash,event_id) VALUES(?1,?2)",
    SQL_TEXT(SQL_SEEN_GET) =
        "SELECT e.id,e.received_at FROM event_seen s"
        " JOIN event e ON e.id=s.event_id"
        " WHERE s.hash=?1 AND " EVENT_SOURCE "=?2 AND " EVENT_ID "=?3"
        " ORDER BY s.event_id DESC LIMIT 1",
    SQL_TEXT(SQL_SEEN_ANY) = "SELECT count(*) FROM (SELECT 1 FROM event_seen"
                             " LIMIT 1)",
    SQL_TEXT(SQL_EVENT_IS) = "SELECT received_at FROM event e WHERE id=?1"
                             " AND " EVENT_SOURCE "=?2 AND " EVENT_ID "=?3",
};

const struct rows seen_runs_rows = {texts, sizeof(texts) / sizeof(texts[0])};

/* ---- rows: 16 bytes an entry, hash and id, the low bytes first ---- */

#define ENTRY_LEN 16

static void
put64(unsigned char *to, int64_t n)
{
    int i;

    for (i = 0; i < 8; i++)
        to[i] = (unsigned char)((uint64_t)n >> (8 * i));
}

static int64_t
get64(const unsigned char *from)
{
    uint64_t n = 0;
    int i;

    for (i = 7; i >= 0; i--)
        n = n << 8 | from[i];
    return (int64_t)n;
}

struct seen_entry
run_entry(const void *row, uint32_t n)
{
    const unsigned char *p = (const unsigned char *)row + n * ENTRY_LEN;

    return (struct seen_entry){.hash = get64(p), .id = get64(p + 8)};
}

uint32_t
run_entries(size_t row_len)
{
    return (uint32_t)(row_len / ENTRY_LEN);
}

static uint32_t
column_entries(sqlite3_stmt *st, int i, const void **row)
{
    *row = sqlite3_column_blob(st, i);
    return run_entries((size_t)sqlite3_column_bytes(st, i));
}

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

bool
entry_is_event(struct pav_store *s, int64_t id, struct pav_bytes source,
               struct pav_bytes event_id, int64_t *received_at)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_EVENT_IS, INT(id), BYTES(source), BYTES(event_id));
    bool hit = false;

    if (store_row(s, st)) {
        *received_at = sqlite3_column_int64(st, 0);
        hit = true;
    }
    sqlite3_reset(st);
    return hit;
}

/* The newest entry of the hash in a run that is this event. */
static int64_t
find_in_run(struct pav_store *s, int64_t run, int64_t hash,
            struct pav_bytes source, struct pav_bytes event_id,
            int64_t *received_at)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_RUN_GET, INT(run), INT(hash));
    int64_t first = hash, id = 0;

    while (id == 0 && first == hash && store_row(s, st)) {
        const void *row;
        uint32_t n = column_entries(st, 1, &row);

        first = sqlite3_column_int64(st, 0);
        while (id == 0 && n-- > 0) {
            struct seen_entry e = run_entry(row, n);

            if (e.hash == hash &&
                entry_is_event(s, e.id, source, event_id, received_at))
                id = e.id;
        }
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
        id = find_in_run(s, g->runs[i], hash, source, event_id, received_at);
    return id;
}

static int64_t
find_in_table(struct pav_store *s, int64_t hash, struct pav_bytes source,
              struct pav_bytes event_id, int64_t *received_at)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_SEEN_GET, INT(hash), BYTES(source), BYTES(event_id));
    int64_t id = 0;

    if (store_row(s, st)) {
        id = sqlite3_column_int64(st, 0);
        *received_at = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return id;
}

int64_t
runs_find(struct pav_store *s, int64_t hash, struct pav_bytes source,
          struct pav_bytes event_id, int64_t *received_at)
{
    struct seen_runs *r = s->runs;
    int64_t id = find_in(s, &r->filled, hash, source, event_id, received_at);
    int64_t of_table, at_ms = 0;

    if (id == 0) /* R3 */
        id = find_in(s, &r->merged, hash, source, event_id, received_at);
    if (r->table_empty)
        return id;
    of_table = find_in_table(s, hash, source, event_id, &at_ms);
    if (of_table <= id)
        return id;
    *received_at = at_ms;
    return of_table;
}

/* ---- a run is written ---- */

void
runs_put(struct pav_store *s, const struct seen_entry *entries, uint32_t count)
{
    unsigned char row[RUN_ROW * ENTRY_LEN];
    struct pav_bytes bytes = {(const char *)row, count * ENTRY_LEN};
    uint32_t i;

    PAV_ASSERT(count > 0 && count <= RUN_ROW);
    for (i = 0; i < count; i++) {
        put64(row + i * ENTRY_LEN, entries[i].hash);
        put64(row + i * ENTRY_LEN + 8, entries[i].id);
    }
    STORE_DO(s, SQL_RUN_INSERT, INT(s->runs->run), INT(entries->hash),
             INT(entries->id), BLOB(bytes));
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

/* The next entries of a run: whole rows, so many that of each hash up to `end`
 * all are there. */
struct head {
    struct seen_entry *entries; /* those of a row behind each other */
    uint32_t *rows;             /* how many each row has */
    uint32_t count, row_count;
    int64_t end; /* of the run's part of a slice; INT64_MAX: no more rows */
};

static void
head_add(struct head *h, const void *row, uint32_t n)
{
    uint32_t i;

    if (n == 0)
        return;
    h->entries =
        pav_xrealloc(h->entries, (h->count + n) * sizeof(*h->entries) + 1);
    h->rows = pav_xrealloc(h->rows, (h->row_count + 1) * sizeof(*h->rows));
    for (i = 0; i < n; i++)
        h->entries[h->count++] = run_entry(row, i);
    h->rows[h->row_count++] = n;
}

static void
head_read(struct pav_store *s, int64_t run, int64_t from, uint32_t part,
          struct head *h)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_RUN_BEGIN, INT(run));
    uint32_t passed = 0; /* entries of before `from`, and of the part */

    memset(h, 0, sizeof(*h));
    h->end = INT64_MAX;
    while (store_row(s, st)) {
        const void *row;
        uint32_t n = column_entries(st, 1, &row);

        if (sqlite3_column_int64(st, 0) > h->end)
            break;
        head_add(h, row, n);
        for (; h->end == INT64_MAX && passed < h->count; passed++)
            if (h->entries[passed].hash >= from && part-- == 0)
                h->end = h->entries[passed].hash;
    }
    sqlite3_reset(st);
}

/* What is in the range goes into the table, and rows of which all has. */
static void
head_merge(struct pav_store *s, int64_t run, int64_t from, int64_t end,
           const struct head *h)
{
    const struct seen_entry *e = h->entries;
    uint32_t i, row;

    for (row = 0; row < h->row_count; e += h->rows[row++]) {
        for (i = 0; i < h->rows[row]; i++)
            if (e[i].hash >= from && e[i].hash <= end)
                STORE_DO(s, SQL_SEEN_INSERT, INT(e[i].hash), INT(e[i].id));
        if (e[i - 1].hash <= end)
            STORE_DO(s, SQL_RUN_DELETE, INT(run), INT(e->hash), INT(e->id));
    }
}

static void
merge_slice(struct pav_store *s)
{
    struct seen_runs *r = s->runs;
    uint32_t i, count = r->merged.count;
    struct head *heads = pav_xcalloc(count, sizeof(*heads));
    int64_t end = INT64_MAX;

    for (i = 0; i < count; i++) {
        head_read(s, r->merged.runs[i], r->from, SLICE / count, &heads[i]);
        if (heads[i].end < end)
            end = heads[i].end;
    }
    for (i = 0; i < count; i++) {
        head_merge(s, r->merged.runs[i], r->from, end, &heads[i]);
        free(heads[i].entries);
        free(heads[i].rows);
    }
    free(heads);
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
        const void *row;
        uint32_t i, n;

        if (run >= r->run) {
            group_add(&r->filled, run);
            r->run = run + 1;
        }
        n = column_entries(st, 1, &row);
        for (i = 0; i < n; i++)
            filter_add(&r->filled, run_entry(row, i).hash);
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
