/* How many executions are where, which run/standing.c keeps: exact, whatever
 * their number. */
#include "pavane/flow.h"
#include "reader_int.h"

void
pav_reader_current_states(struct pav_reader *r, int64_t machine_id,
                          struct pav_arena *a, struct pav_stand **out,
                          uint32_t *count)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT states,sum(count) FROM standing WHERE machine_id=?1"
           " AND status=0 AND count>0 GROUP BY states");

    *count = 0;
    *out = NULL;
    STORE_BIND(st, INT(machine_id));
    while (reader_row(r, st)) {
        *out = pav_arena_append(a, *out, *count, sizeof(**out));
        (*out)[*count].states = column_str(st, 0, a);
        (*out)[(*count)++].count = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
}

uint32_t
pav_reader_late(struct pav_reader *r, int64_t machine_id, struct pav_arena *a,
                struct pav_stand **out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT state,count(*) FROM overdue WHERE machine_id=?1"
                      " GROUP BY state");
    uint32_t n = 0;

    *out = NULL;
    STORE_BIND(st, INT(machine_id));
    while (reader_row(r, st)) {
        *out = pav_arena_append(a, *out, n, sizeof(**out));
        (*out)[n].states = column_str(st, 0, a);
        (*out)[n++].count = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return n;
}

int64_t
pav_reader_total(struct pav_reader *r, const struct pav_execution_filter *f,
                 struct pav_arena *a)
{
    struct pav_id_set set;
    sqlite3_stmt *st;
    int64_t total = 0;

    if (f->passed != NULL) {
        reader_passed(r, f, a, &set);
        return reader_has_forgotten(r, &set) ? -1 : set.count;
    }
    if (!pav_filter_is_plain(f) ||
        (f->overdue && (f->state != NULL || f->status > 0)))
        return -1;
    if (f->overdue) {
        st = reader_ask(r,
                        "SELECT count(DISTINCT execution_id) FROM overdue WHERE"
                        " ?1 IS NULL OR machine_id=(SELECT id FROM machine"
                        " WHERE name=?1)");
        STORE_BIND(st, TEXT(f->machine));
    } else {
        st = reader_ask(
            r, "SELECT coalesce(sum(count),0) FROM standing WHERE (?1 IS NULL"
               " OR machine_id=(SELECT id FROM machine WHERE name=?1))"
               " AND (?2<0 OR status=?2) AND (?3 IS NULL OR"
               " instr(states,?3)>0) AND (?4=0 OR child=0)");
        STORE_BIND(st, TEXT(f->machine), INT(f->status),
                   TEXT(reader_state_token(f, a)),
                   INT(f->exclude_map_children));
    }
    if (reader_row(r, st))
        total = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return total;
}
