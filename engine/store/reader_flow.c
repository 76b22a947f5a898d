/* How executions flow: see pavane/flow.h. */
#include "pavane/flow.h"

#include <string.h>

#include "pavane/wait_stats.h"
#include "reader_int.h"
#include "search_text.h"
#include "starts.h"

#define HOUR_MS INT64_C(3600000)

int64_t
pav_reader_flow_upto(struct pav_reader *r)
{
    return reader_progress(r, "flow");
}

uint32_t
pav_reader_ended(struct pav_reader *r, int64_t after, uint32_t steps,
                 struct pav_arena *a, struct pav_execution_view **out,
                 int64_t *upto)
{
    sqlite3_stmt *st = reader_ask(
        r,
        "SELECT s.id,coalesce((SELECT x.id FROM execution x WHERE"
        " x.id=s.execution_id AND x.last_step=s.id AND x.stopped_at<>0"
        " AND NOT EXISTS(SELECT 1 FROM note n WHERE n.execution_id=x.id"
        " AND (n.run_id>0 OR n.redrive_count>0))),0) FROM step s WHERE s.id>?1"
        " ORDER BY s.id LIMIT ?2");
    int64_t *ids = pav_arena_alloc(a, ((size_t)steps + 1) * sizeof(*ids));
    uint32_t n = 0, i, found = 0;

    *upto = after;
    STORE_BIND(st, INT(after), INT(steps));
    while (n <= steps && reader_row(r, st)) {
        *upto = sqlite3_column_int64(st, 0);
        if (sqlite3_column_int64(st, 1) != 0)
            ids[n++] = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    *out = pav_arena_alloc(a, ((size_t)n + 1) * sizeof(**out));
    for (i = 0; i < n; i++)
        found += reader_execution_of(r, ids[i], a, &(*out)[found]);
    return found;
}

uint32_t
pav_reader_ways(struct pav_reader *r, int64_t version_id, int64_t day)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT count(*) FROM flow WHERE version_id=?1 AND"
                      " day=?2 AND kind=3");
    uint32_t n = 0;

    STORE_BIND(st, INT(version_id), INT(day));
    if (reader_row(r, st))
        n = (uint32_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

bool
pav_reader_has_way(struct pav_reader *r, int64_t version_id, int64_t day,
                   const char *way, const char *end)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT 1 FROM flow WHERE version_id=?1 AND day=?2"
                      " AND kind=3 AND a=?3 AND b=?4");
    bool any;

    STORE_BIND(st, INT(version_id), INT(day), TEXT(way), TEXT(end));
    any = reader_row(r, st);
    sqlite3_reset(st);
    return any;
}

const char *
pav_reader_way_on(struct pav_reader *r, int64_t version_id, int64_t from_day,
                  int64_t until_day, const char *so_far, struct pav_arena *a)
{
    sqlite3_stmt *st = reader_ask(
        r, "WITH RECURSIVE days(day) AS (SELECT ?2 UNION ALL SELECT day+1 FROM"
           " days WHERE day+1<?3) SELECT f.a FROM days d JOIN flow f ON"
           " f.version_id=?1 AND f.day=d.day AND f.kind=3 WHERE f.a=?4"
           " OR substr(f.a,1,length(?4)+3)=?4||'" PAV_FLOW_THEN "'"
           " GROUP BY f.a ORDER BY sum(f.count) DESC,f.a LIMIT 1");
    const char *way = NULL;

    STORE_BIND(st, INT(version_id), INT(from_day), INT(until_day),
               TEXT(so_far));
    if (reader_row(r, st))
        way = column_str(st, 0, a);
    sqlite3_reset(st);
    return way;
}

const struct pav_doc *
pav_reader_tested(struct pav_reader *r, int64_t machine_id, const char *digest,
                  struct pav_arena *a, int64_t *told_at)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT number,body FROM name WHERE"
                                     " kind=?1 AND owner=?2 AND name=?3");
    const struct pav_doc *told = NULL;

    STORE_BIND(st, INT(PAV_NAME_TESTED), INT(machine_id), TEXT(digest));
    if (reader_row(r, st)) {
        struct pav_bytes body = column_bytes(st, 1, a);

        *told_at = sqlite3_column_int64(st, 0);
        told = pav_doc_own(a, body.p, body.len);
    }
    sqlite3_reset(st);
    return told;
}

static bool
is_same(const struct pav_flow_row *x, const struct pav_flow_row *y)
{
    return x->kind == y->kind && x->day == y->day && strcmp(x->a, y->a) == 0 &&
           strcmp(x->b, y->b) == 0;
}

struct sums {
    struct pav_arena *a;
    struct pav_flow_row *v;
    struct pav_wait_stats *times; /* of the last */
    uint32_t count;
};

/* A row of the table, in their order: those of one name are one sum.  `at`: the
 * column of count, before sum_ms and histogram. */
static void
add_row(struct sums *s, struct pav_flow_row row, sqlite3_stmt *st, int at)
{
    struct pav_wait_stats more;
    struct pav_flow_row *last;

    if (s->count == 0 || !is_same(&s->v[s->count - 1], &row)) {
        s->v = pav_arena_append(s->a, s->v, s->count, sizeof(*s->v));
        s->times = pav_arena_zalloc(s->a, sizeof(*s->times));
        row.histogram = pav_wait_stats_bytes(s->times);
        s->v[s->count++] = row;
    }
    last = &s->v[s->count - 1];
    last->count += sqlite3_column_int64(st, at);
    last->sum_ms += sqlite3_column_int64(st, at + 1);
    pav_wait_stats_read(&more, column_bytes(st, at + 2, s->a));
    pav_wait_stats_merge(s->times, &more);
}

uint32_t
pav_reader_flow(struct pav_reader *r, int64_t version_id, int64_t from_day,
                int64_t until_day, struct pav_arena *a,
                struct pav_flow_row **out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT kind,a,b,count,sum_ms,histogram FROM flow WHERE"
                      " version_id=?1 AND day>=?2 AND day<?3 AND kind<=4"
                      " ORDER BY kind,a,b");
    struct sums sums = {.a = a};

    STORE_BIND(st, INT(version_id), INT(from_day), INT(until_day));
    while (reader_row(r, st))
        add_row(&sums,
                (struct pav_flow_row){.version_id = version_id,
                                      .kind = sqlite3_column_int(st, 0),
                                      .a = column_str(st, 1, a),
                                      .b = column_str(st, 2, a)},
                st, 3);
    sqlite3_reset(st);
    *out = sums.v;
    return sums.count;
}

/* A look-up for each version and day: these rows are few of a day's. */
#define ENDS(time, kind)                                                       \
    "WITH RECURSIVE days(day) AS (SELECT ?2 UNION ALL SELECT day+1 FROM"       \
    " days WHERE day+1<?3) SELECT m.name," time                                \
    " AS at,f.b,f.count,f.sum_ms,f.histogram"                                  \
    " FROM machine m JOIN machine_version v ON v.machine_id=m.id"              \
    " CROSS JOIN days d CROSS JOIN flow f ON f.version_id=v.id AND "           \
    "f.day=d.day"                                                              \
    " AND f.kind=" kind                                                        \
    " WHERE ?1 IS NULL OR m.name=?1 ORDER BY m.name,at,f.b"

static uint32_t
read_ends(struct pav_reader *r, sqlite3_stmt *st, struct pav_arena *a,
          struct pav_flow_row **out)
{
    struct sums sums = {.a = a};

    while (reader_row(r, st))
        add_row(&sums,
                (struct pav_flow_row){.kind = PAV_FLOW_END,
                                      .a = column_str(st, 0, a),
                                      .day = sqlite3_column_int64(st, 1),
                                      .b = column_str(st, 2, a)},
                st, 3);
    sqlite3_reset(st);
    *out = sums.v;
    return sums.count;
}

uint32_t
pav_reader_flow_ends(struct pav_reader *r, const char *machine,
                     int64_t from_day, int64_t until_day, struct pav_arena *a,
                     struct pav_flow_row **out)
{
    sqlite3_stmt *st = reader_ask(r, ENDS("f.day", "4"));

    STORE_BIND(st, TEXT(machine), INT(from_day), INT(until_day));
    return read_ends(r, st, a, out);
}

uint32_t
pav_reader_flow_hours(struct pav_reader *r, int64_t from_day, int64_t until_day,
                      struct pav_arena *a, struct pav_flow_row **out)
{
    sqlite3_stmt *st =
        reader_ask(r, ENDS("f.day*24+CAST(f.a AS INTEGER)", "5"));

    STORE_BIND(st, TEXT(NULL), INT(from_day), INT(until_day));
    return read_ends(r, st, a, out);
}

/* What was gathered, and by hand what came behind it. */
uint32_t
pav_reader_started(struct pav_reader *r, int64_t from_hour, int64_t until_hour,
                   struct pav_arena *a, struct pav_started **out)
{
    sqlite3_stmt *st = reader_ask(
        r,
        "SELECT m.name,s.hour,sum(s.n) FROM (SELECT machine_id,hour,count AS n"
        " FROM started WHERE hour>=?1 AND hour<?2 UNION ALL SELECT machine_id,"
        "started_at/3600000 AS h,1 FROM execution x WHERE id>?3 AND h>=?1 AND"
        " h<?2 AND " NO_CHILD ") s JOIN machine m ON m.id=s.machine_id"
        " GROUP BY 1,2 ORDER BY 1,2");
    int64_t after = reader_first_since(r, from_hour * HOUR_MS) - 1;
    struct pav_started *v = NULL;
    uint32_t n = 0;

    if (search_text_upto(r) > after)
        after = search_text_upto(r);
    STORE_BIND(st, INT(from_hour), INT(until_hour), INT(after));
    while (reader_row(r, st)) {
        v = pav_arena_append(a, v, n, sizeof(*v));
        v[n++] = (struct pav_started){.machine = column_str(st, 0, a),
                                      .hour = sqlite3_column_int64(st, 1),
                                      .count = sqlite3_column_int64(st, 2)};
    }
    sqlite3_reset(st);
    *out = v;
    return n;
}
