/*
 * Which executions passed a state or a transition, took a way, ended how: lists
 * beside the sums of pavane/flow.h, in pieces as they were folded.
 *
 * A row of `passed` is pieces one behind the other.  A piece is entries and an
 * end:
 *
 *   entry  the execution's id, less that of the entry before (0 at first):
 *          zigzag, varint; how long it took: a class, one byte, 0 where nothing
 *          took long; how often: varint
 *   end    0, PIECE_END
 */
#include <math.h>
#include <string.h>

#include "pavane/flow.h"
#include "pavane/wait_stats.h"
#include "base/varint.h"
#include "reader_int.h"

#define PIECE_END 255  /* no class */
#define STRIDE    1024 /* ids that are looked up together */

/* ---- writing ---- */

void
pav_passed_put(struct pav_buf *b, int64_t *last, int64_t execution_id,
               int class_, int64_t times)
{
    varint_put(b, zigzag(execution_id - *last));
    pav_buf_putc(b, (char)class_);
    varint_put(b, (uint64_t)times);
    *last = execution_id;
}

void
pav_passed_end(struct pav_buf *b)
{
    pav_buf_putc(b, 0);
    pav_buf_putc(b, (char)PIECE_END);
}

/* ---- reading ---- */

struct entry {
    int64_t execution_id;
    int class_;
    int64_t times;
};

struct walk {
    const unsigned char *at, *end;
    int64_t last;
};

/* Nearly all of them are of one byte. */
static inline uint64_t
next_number(struct walk *w)
{
    return w->at < w->end && *w->at < 0x80 ? *w->at++
                                           : varint_get(&w->at, w->end);
}

static inline bool
next_entry(struct walk *w, struct entry *out)
{
    while (w->at < w->end) {
        w->last += unzigzag(next_number(w));
        out->class_ = w->at < w->end ? *w->at++ : PIECE_END;
        if (out->class_ == PIECE_END) {
            w->last = 0;
            continue;
        }
        out->execution_id = w->last;
        out->times = (int64_t)next_number(w);
        return true;
    }
    return false;
}

static struct walk
walk_of(sqlite3_stmt *st, int column)
{
    const unsigned char *p = sqlite3_column_blob(st, column);

    return (struct walk){p, p + sqlite3_column_bytes(st, column), 0};
}

/* ---- sets of executions ---- */

/* Room for all that there are. */
static void
empty_set(struct pav_reader *r, struct pav_arena *a, struct pav_id_set *set)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT coalesce((SELECT min(id) FROM execution),1),"
                      "coalesce((SELECT max(id) FROM execution),0)");

    memset(set, 0, sizeof(*set));
    if (reader_row(r, st)) {
        set->first = sqlite3_column_int64(st, 0);
        set->end = sqlite3_column_int64(st, 1) + 1;
    }
    sqlite3_reset(st);
    set->bits = pav_arena_zalloc(a, (size_t)(set->end - set->first) / 8 + 1);
}

static inline bool
has(const struct pav_id_set *set, int64_t id)
{
    uint64_t i = (uint64_t)(id - set->first);

    return i < (uint64_t)(set->end - set->first) &&
           (set->bits[i / 8] >> (i % 8) & 1) != 0;
}

bool
pav_id_set_has(const struct pav_id_set *set, int64_t id)
{
    return has(set, id);
}

static void
put_id(struct pav_id_set *set, int64_t id)
{
    int64_t i = id - set->first;

    if (id < set->first || id >= set->end || has(set, id))
        return;
    set->bits[i / 8] |= (unsigned char)(1 << (i % 8));
    set->count++;
}

static bool
has_any(const struct pav_id_set *set, int64_t from, int64_t until)
{
    while (from < until && from < set->end && !has(set, from))
        from++;
    return from < until && from < set->end;
}

/* The next run of STRIDES, from `*from` on, each with somebody of the set. */
static bool
next_run(const struct pav_id_set *set, int64_t *from, int64_t *until)
{
    while (*from < set->end && !has_any(set, *from, *from + STRIDE))
        *from += STRIDE;
    *until = *from;
    while (*until < set->end && has_any(set, *until, *until + STRIDE))
        *until += STRIDE;
    return *from < set->end;
}

/* A look-up for each run of ids: what a day's executions have is read, not what
 * all those have that there ever were. */
void
pav_reader_valued_set(struct pav_reader *r, const char *name, const char *value,
                      const struct pav_id_set *among, struct pav_arena *a,
                      struct pav_id_set *out)
{
    int64_t from = among->first, until;

    empty_set(r, a, out);
    for (; next_run(among, &from, &until); from = until) {
        sqlite3_stmt *st = reader_ask(
            r, "SELECT execution_id FROM attribute WHERE name=?1 AND value=?2"
               " AND execution_id>=?3 AND execution_id<?4");

        STORE_BIND(st, TEXT(name), TEXT(value), INT(from), INT(until));
        while (reader_row(r, st))
            if (has(among, sqlite3_column_int64(st, 0)))
                put_id(out, sqlite3_column_int64(st, 0));
        sqlite3_reset(st);
    }
}

/* Those that ended on some days, however they did. */
void
pav_reader_ended_set(struct pav_reader *r, int64_t version_id, int64_t from_day,
                     int64_t until_day, struct pav_arena *a,
                     struct pav_id_set *out)
{
    sqlite3_stmt *st = reader_ask(
        r, "WITH RECURSIVE days(day) AS (SELECT ?2 UNION ALL SELECT day+1 FROM"
           " days WHERE day+1<?3) SELECT entries FROM days d CROSS JOIN passed"
           " p ON p.day=d.day AND p.version_id=?1 AND p.kind=?4");
    struct entry e;

    empty_set(r, a, out);
    STORE_BIND(st, INT(version_id), INT(from_day), INT(until_day),
               INT(PAV_FLOW_END));
    while (reader_row(r, st)) {
        struct walk w = walk_of(st, 0);

        while (next_entry(&w, &e))
            put_id(out, e.execution_id);
    }
    sqlite3_reset(st);
}

void
pav_reader_passed(struct pav_reader *r, const struct pav_passed *p,
                  const struct pav_id_set *within, struct pav_arena *a,
                  struct pav_id_set *out)
{
    sqlite3_stmt *st = reader_ask(
        r, "WITH RECURSIVE days(day) AS (SELECT ?2 UNION ALL SELECT day+1 FROM"
           " days WHERE day+1<?3) SELECT entries FROM days d CROSS JOIN passed"
           " p ON p.day=d.day AND p.version_id=?1 AND p.kind=?4 AND p.a=?5"
           " AND p.b=?6");
    struct entry e;

    empty_set(r, a, out);
    STORE_BIND(st, INT(p->version_id), INT(p->from_day), INT(p->until_day),
               INT(p->kind), TEXT(p->a), TEXT(p->b));
    while (reader_row(r, st)) {
        struct walk w = walk_of(st, 0);

        while (next_entry(&w, &e)) {
            if ((p->class_until > 0 &&
                 (e.class_ < p->class_from || e.class_ >= p->class_until)) ||
                (within != NULL && !has(within, e.execution_id)))
                continue;
            put_id(out, e.execution_id);
            out->times += e.times;
        }
    }
    sqlite3_reset(st);
}

void
reader_passed(struct pav_reader *r, const struct pav_execution_filter *f,
              struct pav_arena *a, struct pav_id_set *out)
{
    struct pav_passed end = *f->passed;
    struct pav_id_set all, valued, ended, *within = NULL;

    if (f->attribute != NULL) {
        pav_reader_ended_set(r, end.version_id, end.from_day, end.until_day, a,
                             &all);
        pav_reader_valued_set(r, f->attribute, f->value, &all, a, &valued);
        within = &valued;
    }
    if (end.end != NULL) {
        end.kind = PAV_FLOW_END;
        end.a = "";
        end.b = end.end;
        end.class_until = 0;
        pav_reader_passed(r, &end, within, a, &ended);
        within = &ended;
    }
    pav_reader_passed(r, f->passed, within, a, out);
}

/* Some of the set may be gone: how many there are is not known then. */
bool
reader_has_forgotten(struct pav_reader *r, const struct pav_id_set *set)
{
    int64_t upto = reader_progress(r, "forgotten execution"), id = set->first;

    while (id < set->end && id <= upto && !has(set, id))
        id++;
    return id < set->end && id <= upto;
}

/* ---- sums of some executions ---- */

/* Of a row, as its entries are read. */
struct summing {
    int64_t count, by_class[PIECE_END + 1];
};

/* The middle of a class, in ms. */
static double
middle_of(int class_)
{
    return class_ == 0 ? 0.5 : exp2((class_ - 0.5) / 4);
}

static void
add_sums(struct pav_flow_row *row, struct pav_wait_stats *times,
         const struct summing *s)
{
    bool edge = row->kind == PAV_FLOW_EDGE || row->kind == PAV_FLOW_CATCH;
    int i;

    row->count += s->count;
    /* Of a transition class 0 may be that nobody knew. */
    for (i = edge ? 1 : 0; i < PIECE_END; i++) {
        row->sum_ms += (int64_t)(middle_of(i) * (double)s->by_class[i]);
        times->in[i < PAV_LEARNED_CLASSES ? i : 0] += (uint32_t)s->by_class[i];
    }
}

struct some {
    struct pav_arena *a;
    int64_t version_id;
    struct pav_flow_row *v;
    struct pav_wait_stats **times; /* of each */
    uint32_t count, at;            /* the one in hand */
};

static bool
is_row(const struct pav_flow_row *row, sqlite3_stmt *st)
{
    return row->kind == sqlite3_column_int(st, 0) &&
           strcmp(row->a, (const char *)sqlite3_column_text(st, 1)) == 0 &&
           strcmp(row->b, (const char *)sqlite3_column_text(st, 2)) == 0;
}

/* The sum of what the statement's row is about: mostly that of the one before
 * it, for parts of a day stand together. */
static void
find_row(struct some *s, sqlite3_stmt *st)
{
    struct pav_flow_row row = {.version_id = s->version_id,
                               .kind = sqlite3_column_int(st, 0)};

    if (s->count > 0 && is_row(&s->v[s->at], st))
        return;
    for (s->at = 0; s->at < s->count; s->at++)
        if (is_row(&s->v[s->at], st))
            return;
    row.a = column_str(st, 1, s->a);
    row.b = column_str(st, 2, s->a);
    s->times = pav_arena_append(s->a, s->times, s->count, sizeof(*s->times));
    s->times[s->count] = pav_arena_zalloc(s->a, sizeof(**s->times));
    row.histogram = pav_wait_stats_bytes(s->times[s->count]);
    s->v = pav_arena_append(s->a, s->v, s->count, sizeof(*s->v));
    s->v[s->count++] = row;
}

uint32_t
pav_reader_flow_within(struct pav_reader *r, int64_t version_id,
                       int64_t from_day, int64_t until_day,
                       const struct pav_id_set *within, struct pav_arena *a,
                       struct pav_flow_row **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT kind,a,b,entries FROM passed WHERE version_id=?1 AND"
           " day>=?2 AND day<?3 ORDER BY day,kind,a,b");
    struct some some = {.a = a, .version_id = version_id};
    struct entry e;

    STORE_BIND(st, INT(version_id), INT(from_day), INT(until_day));
    while (reader_row(r, st)) {
        struct walk w = walk_of(st, 3);
        struct summing sums = {0};

        while (next_entry(&w, &e)) {
            if (!has(within, e.execution_id))
                continue;
            sums.count += e.times;
            sums.by_class[e.class_] += e.times;
        }
        if (sums.count == 0)
            continue;
        find_row(&some, st);
        add_sums(&some.v[some.at], some.times[some.at], &sums);
    }
    sqlite3_reset(st);
    *out = some.v;
    return some.count;
}
