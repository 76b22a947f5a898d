/* Who started whom: children, parents, map runs. */
#include <string.h>

#include "columns.h"
#include "reader_int.h"

uint32_t
pav_reader_children(struct pav_reader *r, int64_t execution_id, uint32_t limit,
                    struct pav_arena *a, struct pav_execution_view **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT execution_id FROM note WHERE parent_id=?1 AND parent_id>0"
           " AND run_id=0 ORDER BY execution_id LIMIT ?2");
    int64_t *ids = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(*ids));
    uint32_t n = 0, i, found = 0;

    STORE_BIND(st, INT(execution_id), INT(limit));
    while (n < limit && reader_row(r, st))
        ids[n++] = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    *out = pav_arena_alloc(a, ((size_t)n + 1) * sizeof(**out));
    for (i = 0; i < n; i++)
        found += reader_execution_of(r, ids[i], a, &(*out)[found]);
    return found;
}

bool
pav_reader_parent(struct pav_reader *r, int64_t execution_id,
                  struct pav_arena *a, struct pav_execution_view *out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT coalesce(nullif(n.parent_id,0),m.execution_id,0)"
           " FROM note n LEFT JOIN map_run m ON m.id=n.run_id AND n.run_id>0"
           " WHERE n.execution_id=?1");
    int64_t id = 0;

    STORE_BIND(st, INT(execution_id));
    if (reader_row(r, st))
        id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return id > 0 && reader_execution_of(r, id, a, out);
}

uint32_t
pav_reader_runs(struct pav_reader *r, int64_t execution_id, uint32_t limit,
                struct pav_arena *a, struct pav_run_counts **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT id,state,total,pending,running,succeeded,failed,timed_out,"
           "aborted FROM map_run WHERE execution_id=?1 ORDER BY id LIMIT ?2");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(execution_id), INT(limit));
    while (n < limit && reader_row(r, st))
        (*out)[n++] =
            (struct pav_run_counts){.id = sqlite3_column_int64(st, 0),
                                    .state = column_str(st, 1, a),
                                    .total = sqlite3_column_int64(st, 2),
                                    .pending = sqlite3_column_int64(st, 3),
                                    .running = sqlite3_column_int64(st, 4),
                                    .succeeded = sqlite3_column_int64(st, 5),
                                    .failed = sqlite3_column_int64(st, 6),
                                    .timed_out = sqlite3_column_int64(st, 7),
                                    .aborted = sqlite3_column_int64(st, 8)};
    sqlite3_reset(st);
    return n;
}
