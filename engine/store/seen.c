/*
 * Which events came before: an index by a hash of (source, id), of which the
 * newest part is kept in memory.
 *
 * New entries gather in a tail; a full tail is sorted and written as a run, a
 * slice at a time, while the next tail fills.  What becomes of runs is in
 * seen_runs.c.
 *
 * N1  The table `progress` says up to which event all are in a run or in
 *     event_seen.  What came later is read back from the events themselves when
 *     the store opens; entries that had gone in already stay as they are.
 * N2  A rollback takes back the transaction's entries and slices.
 * N3  Ids grow: an entry of the tail is newer than one that is going in, and
 *     that newer than any on the disk.
 * N4  Readers look into the memory from threads of their own, under `lock`: at
 *     the tail up to `committed`, and at what is going in.  Those entries, and
 *     where they are, change under it alone.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "columns.h"
#include "seen.h"
#include "seen_runs.h"
#include "store_int.h"

#ifdef PAV_HARD
#define TAIL_MAX 1024
#else
#define TAIL_MAX 32768
#endif
#define SLICE 8 /* entries a commit, and twice as many as it brought */

enum {
    SQL_SEEN_TAIL = ROWS_AT(seen),
    SQL_PROGRESS_PUT,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_SEEN_TAIL) =
        "SELECT id," EVENT_SOURCE "," EVENT_ID " FROM event e WHERE id>"
        "(SELECT event_id FROM progress WHERE name='seen') ORDER BY id",
    SQL_TEXT(SQL_PROGRESS_PUT) =
        "UPDATE progress SET event_id=?1 WHERE name='seen'",
};

const struct rows seen_rows = {texts, sizeof(texts) / sizeof(texts[0])};

struct seen {
    struct seen_entry *tail;
    uint32_t count, cap, committed;
    uint32_t *table; /* index into tail + 1, by hash; 0: empty */
    uint32_t slots;
    struct seen_entry *going; /* into a run, sorted; NULL: none */
    uint32_t going_count, gone, gone_committed;
    uint32_t owed; /* entries that should have gone in by now */
    int64_t going_upto;
    int64_t disk_upto;    /* all up to this event were on the disk then */
    pthread_mutex_t lock; /* N4 */
};

/* ---- the tail ---- */

static uint32_t
slot_of(const struct seen *n, int64_t hash)
{
    return (uint32_t)((uint64_t)hash >> 20) & (n->slots - 1);
}

static void
put_slot(struct seen *n, uint32_t i)
{
    uint32_t at = slot_of(n, n->tail[i].hash);

    while (n->table[at] != 0)
        at = (at + 1) & (n->slots - 1);
    n->table[at] = i + 1;
}

static void
index_tail(struct seen *n)
{
    uint32_t i;

    memset(n->table, 0, n->slots * sizeof(*n->table));
    for (i = 0; i < n->count; i++)
        put_slot(n, i);
}

static void
grow(struct seen *n)
{
    n->cap = n->cap == 0 ? TAIL_MAX : n->cap * 2;
    n->slots = n->cap * 2;
    n->tail = pav_xrealloc(n->tail, n->cap * sizeof(*n->tail));
    free(n->table);
    n->table = pav_xcalloc(n->slots, sizeof(*n->table));
    index_tail(n);
}

void
seen_add(struct pav_store *s, int64_t hash, int64_t id)
{
    struct seen *n = s->seen;

    if (n->count == n->cap) {
        pthread_mutex_lock(&n->lock);
        grow(n);
        pthread_mutex_unlock(&n->lock);
    }
    n->tail[n->count].hash = hash;
    n->tail[n->count].id = id;
    put_slot(n, n->count++);
}

/* ---- finding ---- */

static int64_t
find_in_tail(struct pav_store *s, int64_t hash, struct pav_bytes source,
             struct pav_bytes event_id, int64_t *received_at)
{
    const struct seen *n = s->seen;
    int64_t newest = INT64_MAX, before;
    uint32_t at;

    if (n->count == 0)
        return 0;
    for (;;) { /* mostly it is the newest of the hash */
        before = newest;
        newest = 0;
        for (at = slot_of(n, hash); n->table[at] != 0;
             at = (at + 1) & (n->slots - 1)) {
            const struct seen_entry *e = &n->tail[n->table[at] - 1];

            if (e->hash == hash && e->id > newest && e->id < before)
                newest = e->id;
        }
        if (newest == 0 ||
            entry_is_event(s, newest, source, event_id, received_at))
            return newest;
    }
}

static int64_t
find_going(struct pav_store *s, int64_t hash, struct pav_bytes source,
           struct pav_bytes event_id, int64_t *received_at)
{
    const struct seen *n = s->seen;
    uint32_t low = 0, high = n->going_count;

    while (low < high) { /* the first behind those of this hash */
        uint32_t middle = low + (high - low) / 2;

        if (n->going[middle].hash <= hash)
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0 && n->going[low].hash == hash)
        if (entry_is_event(s, n->going[low].id, source, event_id, received_at))
            return n->going[low].id;
    return 0;
}

int64_t
seen_find(struct pav_store *s, int64_t hash, struct pav_bytes source,
          struct pav_bytes event_id, int64_t *received_at)
{
    int64_t id = find_in_tail(s, hash, source, event_id, received_at);

    if (id == 0) /* N3 */
        id = find_going(s, hash, source, event_id, received_at);
    if (id == 0)
        id = runs_find(s, hash, source, event_id, received_at);
    return id;
}

static void
put_recent(struct pav_buf *ids, const struct seen_entry *v, uint32_t count,
           int64_t hash, int64_t upto)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (v[i].hash >= hash && v[i].hash <= upto) {
            pav_buf_putc(ids, ',');
            pav_buf_int(ids, v[i].id);
        }
}

bool
seen_recent(struct seen *n, int64_t hash, int64_t upto, int64_t disk_upto,
            struct pav_buf *ids)
{
    bool whole;

    pthread_mutex_lock(&n->lock); /* N4 */
    whole = disk_upto >= n->disk_upto;
    if (whole) {
        put_recent(ids, n->tail, n->committed, hash, upto);
        put_recent(ids, n->going, n->going_count, hash, upto);
    }
    pthread_mutex_unlock(&n->lock);
    return whole;
}

/* ---- going into a run ---- */

void
seen_before_commit(struct pav_store *s)
{
    struct seen *n = s->seen;
    uint32_t brought = n->count - n->committed, left, len;

    runs_before_commit(s, brought);
    if (n->going == NULL)
        return;
    for (n->owed += SLICE + 2 * brought;
         n->owed >= RUN_ROW && n->gone < n->going_count; n->owed -= RUN_ROW) {
        left = n->going_count - n->gone;
        len = left < RUN_ROW ? left : RUN_ROW;
        runs_put(s, &n->going[n->gone], len);
        n->gone += len;
    }
    if (n->gone < n->going_count)
        return;
    STORE_DO(s, SQL_PROGRESS_PUT, INT(n->going_upto));
}

static int
by_hash(const void *x, const void *y)
{
    const struct seen_entry *a = x, *b = y;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* What went in is a run, and the tail is the next to go. */
static void
move_on(struct pav_store *s)
{
    struct seen *n = s->seen;

    n->gone_committed = n->gone;
    runs_after_commit(s);
    if (n->going != NULL && n->gone == n->going_count) {
        runs_end(s, n->going, n->going_count);
        free(n->going);
        n->going = NULL;
        n->going_count = n->gone = n->gone_committed = 0;
        n->disk_upto = n->going_upto;
    }
    if (n->going != NULL || n->count < TAIL_MAX)
        return;
    n->going_upto = n->tail[n->count - 1].id;
    n->going = pav_xmalloc(n->count * sizeof(*n->going));
    n->owed = 0;
    memcpy(n->going, n->tail, n->count * sizeof(*n->going));
    n->going_count = n->count;
    qsort(n->going, n->going_count, sizeof(*n->going), by_hash);
    n->count = n->committed = 0;
    index_tail(n);
}

void
seen_after_commit(struct pav_store *s)
{
    struct seen *n = s->seen;

    pthread_mutex_lock(&n->lock); /* N4 */
    n->committed = n->count;
    move_on(s);
    pthread_mutex_unlock(&n->lock);
}

void
seen_rollback(struct pav_store *s)
{
    struct seen *n = s->seen;

    n->gone = n->gone_committed; /* N2 */
    runs_rollback(s);
    if (n->count == n->committed)
        return;
    n->count = n->committed;
    index_tail(n);
}

/* ---- life ---- */

bool
seen_open(struct pav_store *s)
{
    sqlite3_stmt *st = store_read(s, SQL_SEEN_TAIL);

    s->seen = pav_xcalloc(1, sizeof(*s->seen));
    pthread_mutex_init(&s->seen->lock, NULL);
    grow(s->seen);
    while (store_row(s, st)) { /* N1 */
        struct pav_bytes source = {(const char *)sqlite3_column_blob(st, 1),
                                   (size_t)sqlite3_column_bytes(st, 1)};
        struct pav_bytes id = {(const char *)sqlite3_column_blob(st, 2),
                               (size_t)sqlite3_column_bytes(st, 2)};

        seen_add(s, seen_hash_of(source, id), sqlite3_column_int64(st, 0));
    }
    s->seen->committed = s->seen->count;
    return runs_open(s) && s->failed == SQLITE_OK;
}

void
seen_close(struct pav_store *s)
{
    runs_close(s);
    if (s->seen == NULL)
        return;
    free(s->seen->tail);
    free(s->seen->table);
    free(s->seen->going);
    pthread_mutex_destroy(&s->seen->lock);
    free(s->seen);
    s->seen = NULL;
}

int64_t
seen_hash_of(struct pav_bytes source, struct pav_bytes event_id)
{
    return seen_hash(event_id) |
           (int64_t)(pav_hash64(source.p, source.len, 0) & 0xFFFF);
}

int64_t
seen_hash(struct pav_bytes event_id)
{
    return (int64_t)(pav_hash64(event_id.p, event_id.len, 0) & ~0xFFFFull);
}
