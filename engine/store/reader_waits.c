/*
 * What executions wait for, for readers: a column of each, taken apart.  What
 * is open is found by its index, so many executions as a page may need.
 */
#include <stdlib.h>

#include "columns.h"
#include "reader_int.h"

#define WAIT_VIEW                                                              \
    "SELECT " WAIT_COLUMNS ",m.name,x.name,x.key,coalesce(o.due_at,0)"
#define WAIT_OVERDUE                                                           \
    " LEFT JOIN overdue o ON o.execution_id=x.id AND o.no=" WAIT_NO
/* Behind a place: each execution has a wait at least, and of the first one
 * those before the place are passed. */
#define WAIT_PAGE                                                              \
    " JOIN machine m ON m.id=x.machine_id JOIN " WAITS WAIT_OVERDUE            \
    " WHERE (x.id," WAIT_NO ")>(?1,?2)"                                        \
    " AND (?7 IS NULL OR " WAIT_STATE "=?7) ORDER BY x.id," WAIT_NO            \
    " LIMIT ?6"
#define SOME(from)                                                             \
    WAIT_VIEW " FROM (SELECT id,machine_id,name,key,waits FROM execution x"    \
              " WHERE " IS_OPEN " AND waits<>'[]' AND " from                   \
              " AND (?7 IS NULL OR EXISTS(SELECT 1 FROM " WAITS                \
              " WHERE " WAIT_STATE "=?7))"                                     \
              " ORDER BY id LIMIT ?6+1) x" WAIT_PAGE

static sqlite3_stmt *
ask(struct pav_reader *r, const struct pav_wait_filter *f)
{
    if (f->overdue)
        return reader_ask(
            r, WAIT_VIEW
            " FROM overdue o CROSS JOIN execution x ON x.id=o.execution_id"
            " JOIN machine m ON m.id=x.machine_id JOIN " WAITS " ON " WAIT_NO
            "=o.no WHERE (o.execution_id,o.no)>(?1,?2)"
            " AND (?3=0 OR x.id=?3) AND (?4=0 OR x.machine_id=?4)"
            " AND (?5 IS NULL OR x.key=?5)"
            " AND (?7 IS NULL OR " WAIT_STATE "=?7)"
            " ORDER BY o.execution_id,o.no LIMIT ?6");
    if (f->execution_id != 0)
        return reader_ask(r, SOME("id=?3 AND (?4=0 OR machine_id=?4)"
                                  " AND (?5 IS NULL OR key=?5)"));
    if (f->key != NULL)
        return reader_ask(
            r, SOME("id>=?1 AND (?4=0 OR machine_id=?4) AND " OF_KEY("?5")));
    return reader_ask(r, SOME("machine_id=?4 AND id>=?1"));
}

static uint32_t
collect(struct pav_reader *r, const struct pav_wait_filter *f,
        int64_t machine_id, struct pav_arena *a, struct pav_listed_wait *out)
{
    sqlite3_stmt *st = ask(r, f);
    uint32_t n = 0;

    STORE_BIND(st,
               INT(f->execution_id != 0 && f->after_execution == 0
                       ? f->execution_id - 1
                       : f->after_execution),
               INT(f->after_no == 0 && f->execution_id != 0 ? UINT32_MAX
                                                            : f->after_no),
               INT(f->execution_id), INT(machine_id), TEXT(f->key),
               INT(f->limit + 1), TEXT(f->state));
    while (n <= f->limit && reader_row(r, st)) {
        struct pav_listed_wait *w = &out[n++];

        wait_from(st, a, &w->row);
        w->machine = column_str(st, 8, a);
        w->execution = column_str(st, 9, a);
        w->key = column_str(st, 10, a);
        w->overdue_since = sqlite3_column_int64(st, 11);
        w->place = 0;
    }
    sqlite3_reset(st);
    return n;
}

static int
oldest_first(const void *x, const void *y)
{
    const struct pav_wait_row *a = &((const struct pav_listed_wait *)x)->row;
    const struct pav_wait_row *b = &((const struct pav_listed_wait *)y)->row;

    if (a->execution_id != b->execution_id)
        return a->execution_id < b->execution_id ? -1 : 1;
    return a->no < b->no ? -1 : a->no > b->no;
}

/* Of all machines: the first of each, merged. */
static uint32_t
collect_all(struct pav_reader *r, const struct pav_wait_filter *f,
            struct pav_arena *a, struct pav_listed_wait *out)
{
    uint32_t machines, i, n = 0;
    int64_t *ids = reader_machines(r, a, &machines);

    for (i = 0; i < machines; i++) {
        n += collect(r, f, ids[i], a, out + n);
        qsort(out, n, sizeof(*out), oldest_first);
        if (n > f->limit + 1)
            n = f->limit + 1;
    }
    return n;
}

/* Of those that wait in the state, how many executions have ids from one on up
 * to another. */
static uint32_t
between(struct pav_reader *r, const struct pav_wait_filter *f,
        int64_t machine_id, int64_t from, int64_t until)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT count(*) FROM execution x WHERE " IS_OPEN
           " AND waits<>'[]' AND machine_id=?1 AND id<?2 AND id>=?4"
           " AND EXISTS(SELECT 1 FROM " WAITS " WHERE " WAIT_STATE "=?3)");
    uint32_t count = 0;

    STORE_BIND(st, INT(machine_id), INT(until), TEXT(f->state), INT(from));
    if (reader_row(r, st))
        count = (uint32_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return count;
}

/* One that waits there more than once has one place. */
static void
number_line(struct pav_reader *r, const struct pav_wait_filter *f,
            int64_t machine_id, struct pav_listed_wait *v, uint32_t n)
{
    int64_t before = 0, id;
    uint32_t i, ahead = 0;

    for (i = 0; i < n; i++) {
        id = v[i].row.execution_id;
        if (id != before)
            ahead += between(r, f, machine_id, before, id);
        v[i].place = 1 + ahead;
        before = id;
    }
}

uint32_t
pav_reader_waits(struct pav_reader *r, const struct pav_wait_filter *f,
                 struct pav_arena *a, struct pav_listed_wait **out, bool *more)
{
    int64_t machine_id =
        f->machine == NULL ? 0 : reader_machine_id(r, f->machine);
    uint32_t n = 0;

    *out = pav_arena_alloc(a, 2 * (f->limit + 1) * sizeof(**out));
    if (f->machine == NULL && f->key == NULL && f->execution_id == 0 &&
        !f->overdue)
        n = collect_all(r, f, a, *out);
    else if (f->machine == NULL || machine_id != 0)
        n = collect(r, f, machine_id, a, *out);
    *more = n > f->limit;
    n = *more ? f->limit : n;
    if (f->state != NULL && machine_id != 0)
        number_line(r, f, machine_id, *out, n);
    return n;
}
