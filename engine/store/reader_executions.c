/* Lists of executions: see pavane/reader.h.  Each filter that leads is asked
 * with a text of its own, so that its index is used. */
#include <stdlib.h>
#include <string.h>

#include "pavane/flow.h"
#include "columns.h"
#include "reader_int.h"
#include "starts.h"

#define HOUR_MS INT64_C(3600000)

#define EXECUTION_VIEW                                                         \
    "SELECT x.id,x.machine_id,x.version_id,x.name,x.key,x.status,"             \
    "x.started_at,x.stopped_at,x.first_step,x.last_step,x.next_event,"         \
    "x.states,m.name,v.version,(SELECT json_group_object(name,json(v)) FROM"   \
    " (SELECT name,json_group_array(value) v FROM attribute"                   \
    " WHERE execution_id=x.id GROUP BY name)),x.waits,"                        \
    "coalesce((SELECT min(due_at) FROM overdue WHERE execution_id=x.id),0)"    \
    " FROM execution x"                                                        \
    " JOIN machine m ON m.id=x.machine_id"                                     \
    " JOIN machine_version v ON v.id=x.version_id "

static void
execution_from(sqlite3_stmt *st, struct pav_arena *a,
               struct pav_execution_view *out)
{
    out->row.id = sqlite3_column_int64(st, 0);
    out->row.machine_id = sqlite3_column_int64(st, 1);
    out->row.version_id = sqlite3_column_int64(st, 2);
    out->row.name = column_str(st, 3, a);
    out->row.key = column_str(st, 4, a);
    out->row.status = sqlite3_column_int(st, 5);
    out->row.started_at = sqlite3_column_int64(st, 6);
    out->row.stopped_at = sqlite3_column_int64(st, 7);
    out->row.first_step = sqlite3_column_int64(st, 8);
    out->row.last_step = sqlite3_column_int64(st, 9);
    out->row.next_event = sqlite3_column_int64(st, 10);
    out->row.states = column_str(st, 11, a);
    out->machine = column_str(st, 12, a);
    out->version = sqlite3_column_int64(st, 13);
    out->attributes = column_str(st, 14, a);
    out->waits = column_str(st, 15, a);
    out->overdue_since = sqlite3_column_int64(st, 16);
}

struct execution_list {
    struct pav_execution_view *v;
    uint32_t count, cap;
};

static void
collect(struct pav_reader *r, sqlite3_stmt *st, struct pav_arena *a,
        struct execution_list *list)
{
    while (list->count < list->cap && reader_row(r, st))
        execution_from(st, a, &list->v[list->count++]);
    sqlite3_reset(st);
}

static int
newest_first(const void *x, const void *y)
{
    const struct pav_execution_view *a = x, *b = y;

    return a->row.id < b->row.id ? 1 : a->row.id > b->row.id ? -1 : 0;
}

const char *
reader_state_token(const struct pav_execution_filter *f, struct pav_arena *a)
{
    struct pav_buf b;
    const char *token;

    if (f->state == NULL)
        return NULL;
    pav_buf_init(&b, 1 << 16);
    pav_buf_jsons(&b, f->state);
    token = pav_arena_strdup(a, b.p);
    pav_buf_fini(&b);
    return token;
}

#define OF_STATUS(status)                                                      \
    EXECUTION_VIEW "WHERE x.machine_id=?1 AND x.status=?2 AND " status         \
                   " AND x.id<?3 AND (?5 IS NULL OR instr(x.states,?5)>0)"     \
                   " AND (?6=0 OR " NO_CHILD ")"                               \
                   " AND (?7=0 OR (?7=1)=EXISTS(SELECT 1 FROM note n"          \
                   " WHERE n.execution_id=x.id AND n.redrive_count>0))"        \
                   " AND (?8 IS NULL OR EXISTS(SELECT 1 FROM note n"           \
                   " WHERE n.execution_id=x.id AND"                            \
                   " (n.alias=?8 OR CAST(n.version_no AS TEXT)=?8)))"          \
                   " ORDER BY x.id DESC LIMIT ?4"

/* How many of a machine and status are, or ended, in the state. */
static int64_t
count_in_state(struct pav_reader *r, int64_t machine_id, int status,
               const char *token)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT coalesce(sum(count),0) FROM standing WHERE"
                      " machine_id=?1 AND status=?2 AND instr(states,?3)>0");
    int64_t n = 0;

    STORE_BIND(st, INT(machine_id), INT(status), TEXT(token));
    if (reader_row(r, st))
        n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

/* The newest of one machine and status, by their index.  Of a state no more are
 * looked for than there are. */
static void
of_status(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t machine_id, int status, int64_t before, uint32_t limit,
          struct pav_arena *a, struct execution_list *list)
{
    sqlite3_stmt *st = status == 0 ? reader_ask(r, OF_STATUS(IS_OPEN))
                                   : reader_ask(r, OF_STATUS(IS_ENDED));
    const char *token = reader_state_token(f, a);
    int64_t there = limit;

    if (token != NULL &&
        (there = count_in_state(r, machine_id, status, token)) == 0)
        return;
    STORE_BIND(st, INT(machine_id), INT(status), INT(before),
               INT(there < limit ? there : limit), TEXT(token),
               INT(f->exclude_map_children), INT(f->redriven),
               TEXT(f->qualifier));
    collect(r, st, a, list);
}

static void
merge(struct execution_list *list, uint32_t limit)
{
    qsort(list->v, list->count, sizeof(*list->v), newest_first);
    if (list->count > limit)
        list->count = limit;
}

static void
by_machine(struct pav_reader *r, const struct pav_execution_filter *f,
           int64_t before, uint32_t limit, struct pav_arena *a,
           struct execution_list *list)
{
    int64_t machine_id = reader_machine_id(r, f->machine);
    int status;

    for (status = 0; status < 5; status++)
        if (f->status < 0 || f->status == status)
            of_status(r, f, machine_id, status, before, limit, a, list);
    merge(list, limit);
}

static void
by_status(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t before, uint32_t limit, struct pav_arena *a,
          struct execution_list *list)
{
    uint32_t count, i;
    int64_t *machines = reader_machines(r, a, &count);

    int status;

    for (i = 0; i < count; i++)
        for (status = 0; status < 5; status++) {
            if (f->status >= 0 && f->status != status)
                continue;
            of_status(r, f, machines[i], status, before, limit, a, list);
            merge(list, limit);
        }
}

static void
by_run(struct pav_reader *r, const struct pav_execution_filter *f,
       int64_t before, uint32_t limit, struct pav_arena *a,
       struct execution_list *list)
{
    sqlite3_stmt *st = reader_ask(
        r, EXECUTION_VIEW "WHERE x.id IN (SELECT execution_id FROM note"
                          " WHERE run_id>0 AND run_id=?1"
                          " AND execution_id<?2) AND (?3<0 OR x.status=?3)"
                          " ORDER BY x.id DESC LIMIT ?4");

    STORE_BIND(st, INT(f->run_id), INT(before), INT(f->status), INT(limit));
    collect(r, st, a, list);
}

static void
by_key(struct pav_reader *r, const struct pav_execution_filter *f,
       int64_t before, uint32_t limit, struct pav_arena *a,
       struct execution_list *list)
{
    sqlite3_stmt *st = reader_ask(
        r, EXECUTION_VIEW "WHERE " OF_KEY("?1") " AND x.id<?2"
                                                " AND (?3 IS NULL OR m.name=?3)"
                                                " AND (?4<0 OR x.status=?4)"
                                                " AND (?6 IS NULL OR"
                                                " instr(x.states,?6)>0)"
                                                " ORDER BY x.id DESC LIMIT ?5");

    STORE_BIND(st, TEXT(f->key), INT(before), TEXT(f->machine), INT(f->status),
               INT(limit), TEXT(reader_state_token(f, a)));
    collect(r, st, a, list);
}

/* What only the rows themselves tell. */
static bool
looks_into_rows(const struct pav_execution_filter *f)
{
    return f->attribute != NULL || f->event_type != NULL ||
           f->started_from != 0 || f->started_until != 0 || f->awaits != NULL ||
           f->prefix != NULL || f->contains != NULL || f->stands != NULL ||
           f->ended_from != 0 || f->ended_until != 0 || f->passed != NULL;
}

/* Each row is looked at, newest first. */
static bool
is_search(const struct pav_execution_filter *f)
{
    return f->overdue || looks_into_rows(f);
}

bool
pav_filter_is_plain(const struct pav_execution_filter *f)
{
    return !looks_into_rows(f) && f->key == NULL && f->run_id == 0 &&
           f->redriven == 0 && f->qualifier == NULL;
}

#define SEARCHED                                                               \
    "AND x.id<?1 AND (?2 IS NULL OR x.key=?2) AND (?3 IS NULL OR m.name=?3)"   \
    " AND (?4<0 OR x.status=?4) AND (?5 IS NULL OR instr(x.states,?5)>0)"      \
    " AND (?6=0 OR x.started_at>=?6) AND (?7=0 OR x.started_at<?7)"            \
    " AND (?8 IS NULL OR x.id IN (SELECT e.first_execution FROM"               \
    " (SELECT first_execution,detail_type,detail_type_at,body FROM event"      \
    " ORDER BY id DESC LIMIT 200000) e WHERE " EVENT_TYPE "=?8"                \
    " UNION ALL SELECT d.execution_id"                                         \
    " FROM (SELECT id,execution_id FROM disposition ORDER BY id DESC"          \
    " LIMIT 200000) d JOIN event e ON e.id=" EVENT_OF(                         \
        "d") " WHERE " EVENT_TYPE "=?8))"                                      \
             " AND (?12 IS NULL OR (x.waits<>'[]' AND EXISTS(SELECT 1 "        \
             "FROM " WAITS                                                     \
             " WHERE instr(' or '||json_extract(w.value,'$[4]')||' or ',"      \
             "' or '||?12||' or ')>0)))"                                       \
             " AND (?13 IS NULL OR instr(lower(x.name),lower(?13))>0"          \
             " OR instr(lower(x.key),lower(?13))>0)"                           \
             " AND (?14=0 OR NOT EXISTS(SELECT 1 FROM note n"                  \
             " WHERE n.execution_id=x.id AND n.run_id>0))"                     \
             " AND x.id>=?15 AND (?18 IS NULL OR (x.status=0 AND EXISTS("      \
             "SELECT 1 FROM json_each(?18) j WHERE m.name=j.value->>0 AND"     \
             " instr(x.states,j.value->>1)>0)))"                               \
             " AND (?19=0 OR x.stopped_at>=?19) AND (?20=0 OR"                 \
             " (x.stopped_at<?20 AND x.stopped_at<>0)) ORDER BY x.id DESC "    \
             "LIMIT ?9"

int64_t
reader_first_since(struct pav_reader *r, int64_t ms)
{
    int64_t low = 0, high = INT64_MAX, mid;
    sqlite3_stmt *st;

    if (ms == 0)
        return 0;
    ms -= HOUR_MS;
    st = reader_ask(r, "SELECT coalesce(max(id),0) FROM execution");
    if (reader_row(r, st)) {
        high = sqlite3_column_int64(st, 0) + 1;
        sqlite3_reset(st);
    }
    while (low < high) {
        int64_t id = 0, at = 0;

        mid = low + (high - low) / 2;
        st = reader_ask(r, "SELECT id,started_at FROM execution WHERE id>=?1"
                           " ORDER BY id LIMIT 1");
        STORE_BIND(st, INT(mid));
        if (reader_row(r, st)) {
            id = sqlite3_column_int64(st, 0);
            at = sqlite3_column_int64(st, 1);
            sqlite3_reset(st);
        }
        if (id == 0 || at >= ms)
            high = mid;
        else
            low = id + 1;
    }
    return low;
}

#define NARROW 10000

/* Have few names that beginning?  Else the newest rows are looked through. */
static bool
is_narrow(struct pav_reader *r, const char *prefix)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT count(*) FROM (SELECT 1 FROM execution WHERE name>=?1 AND"
           " name<?1||x'f48fbfbf' LIMIT ?2)");
    bool narrow;

    STORE_BIND(st, TEXT(prefix), INT(NARROW + 1));
    narrow = !reader_row(r, st) || sqlite3_column_int64(st, 0) <= NARROW;
    sqlite3_reset(st);
    return narrow;
}

/* What a search begins with: the rows that the narrowest of its parts gives. */
static sqlite3_stmt *
search_ask(struct pav_reader *r, const struct pav_execution_filter *f)
{
    if (f->attribute != NULL && f->value_begins)
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT execution_id FROM attribute"
                          " WHERE name=?10 AND value>=?11 AND"
                          " value<?11||x'f48fbfbf')"
                          " AND (?16=0 OR EXISTS(SELECT 1 FROM overdue o"
                          " WHERE o.execution_id=x.id))"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->attribute != NULL)
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT execution_id FROM attribute"
                          " WHERE name=?10 AND value=?11)"
                          " AND (?16=0 OR EXISTS(SELECT 1 FROM overdue o"
                          " WHERE o.execution_id=x.id))"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->overdue)
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT execution_id FROM overdue"
                          " WHERE execution_id<?1)"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->stands != NULL) /* what waits is in progress: by its index */
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT id FROM execution WHERE"
                          " status=0 AND machine_id>0)"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->prefix != NULL && is_narrow(r, f->prefix))
        return reader_ask(
            r, EXECUTION_VIEW
            "WHERE x.id IN (SELECT id FROM execution"
            " WHERE name>=?17 AND name<?17||x'f48fbfbf') " SEARCHED);
    if (f->prefix != NULL)
        return reader_ask(
            r, EXECUTION_VIEW
            "WHERE +x.name>=?17 AND +x.name<?17||x'f48fbfbf' " SEARCHED);
    return reader_ask(r, EXECUTION_VIEW "WHERE 1 " SEARCHED);
}

static void
by_search(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t before, uint32_t limit, struct pav_arena *a,
          struct execution_list *list)
{
    int64_t first = reader_first_since(r, f->started_from), last;
    sqlite3_stmt *st = search_ask(r, f);

    /* What began behind that has not ended before it. */
    if (f->ended_until != 0 &&
        (last = reader_first_since(r, f->ended_until + 2 * HOUR_MS)) < before)
        before = last;
    STORE_BIND(st, INT(before), TEXT(f->key), TEXT(f->machine), INT(f->status),
               TEXT(reader_state_token(f, a)), INT(f->started_from),
               INT(f->started_until), TEXT(f->event_type), INT(limit),
               TEXT(f->attribute), TEXT(f->value), TEXT(f->awaits),
               TEXT(f->contains), INT(f->exclude_map_children), INT(first),
               INT(f->overdue), TEXT(f->prefix), TEXT(f->stands),
               INT(f->ended_from), INT(f->ended_until));
    collect(r, st, a, list);
}

/* What passed something, the newest first. */
static void
by_passed(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t before, uint32_t limit, struct pav_arena *a,
          struct execution_list *list)
{
    struct pav_execution_view *v;
    struct pav_id_set set;
    int64_t id;

    reader_passed(r, f, a, &set);
    for (id = (before < set.end ? before : set.end) - 1;
         id >= set.first && list->count < limit; id--) {
        v = &list->v[list->count];
        if (pav_id_set_has(&set, id) && !reader_stopped(r) &&
            reader_execution_of(r, id, a, v) &&
            (f->status < 0 || v->row.status == f->status)) /* no redrive */
            list->count++;
    }
}

static int
oldest_first(const void *x, const void *y)
{
    return newest_first(y, x);
}

/* What is in progress, the oldest first. */
static void
by_age(struct pav_reader *r, const struct pav_execution_filter *f,
       uint32_t limit, struct pav_arena *a, struct execution_list *list)
{
    uint32_t count, i;
    int64_t *machines = reader_machines(r, a, &count);

    if (f->machine != NULL && count > 0) {
        machines[0] = reader_machine_id(r, f->machine);
        count = 1;
    }
    for (i = 0; i < count; i++) {
        sqlite3_stmt *st = reader_ask(
            r, EXECUTION_VIEW "WHERE x.machine_id=?1 AND " IS_OPEN
                              " AND x.id>?2 AND (?4 IS NULL OR"
                              " instr(x.states,?4)>0) AND (?5=0 OR " NO_CHILD
                              ") ORDER BY x.id LIMIT ?3");

        STORE_BIND(st, INT(machines[i]), INT(f->before), INT(limit),
                   TEXT(reader_state_token(f, a)),
                   INT(f->exclude_map_children));
        collect(r, st, a, list);
        qsort(list->v, list->count, sizeof(*list->v), oldest_first);
        if (list->count > limit)
            list->count = limit;
    }
}

/* What is late, the longest late first; `before` of them are passed. */
static void
by_lateness(struct pav_reader *r, const struct pav_execution_filter *f,
            uint32_t limit, struct pav_arena *a, struct execution_list *list)
{
    sqlite3_stmt *st = reader_ask(
        r, EXECUTION_VIEW "JOIN (SELECT execution_id,min(due_at) AS due FROM"
                          " overdue GROUP BY 1) o ON o.execution_id=x.id"
                          " WHERE (?3 IS NULL OR m.name=?3) AND (?4 IS NULL OR"
                          " instr(x.states,?4)>0)"
                          " ORDER BY o.due,x.id LIMIT ?2 OFFSET ?1");

    STORE_BIND(st, INT(f->before), INT(limit), TEXT(f->machine),
               TEXT(reader_state_token(f, a)));
    collect(r, st, a, list);
}

/* What moved, the last first: an execution is where its last step is. */
static void
by_moves(struct pav_reader *r, const struct pav_execution_filter *f,
         int64_t before, uint32_t limit, struct pav_arena *a,
         struct execution_list *list)
{
    int64_t *ids = pav_arena_alloc(a, limit * sizeof(*ids));
    sqlite3_stmt *st = reader_ask(
        r, "SELECT x.id FROM step s CROSS JOIN execution x ON"
           " x.id=s.execution_id AND x.last_step=s.id WHERE s.id<?1 AND"
           " s.id>=(SELECT max(id) FROM step)-?2 AND (?3<0 OR x.status=?3) AND "
           "(?4=0 OR x.machine_id=?4)"
           " AND (?5 IS NULL OR instr(x.states,?5)>0) AND (?6=0 OR " NO_CHILD
           ") ORDER BY s.id DESC LIMIT ?7");
    int64_t machine_id =
        f->machine == NULL ? 0 : reader_machine_id(r, f->machine);
    uint32_t count = 0, i;

    if (f->machine != NULL && machine_id == 0)
        return;
    STORE_BIND(st, INT(before), INT(PAV_MOVES_SEEN), INT(f->status),
               INT(machine_id), TEXT(reader_state_token(f, a)),
               INT(f->exclude_map_children), INT(limit));
    while (count < limit && reader_row(r, st))
        ids[count++] = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    for (i = 0; i < count; i++)
        if (reader_execution_of(r, ids[i], a, &list->v[list->count]))
            list->count++;
}

/* What the page behind the last of the list begins with. */
static int64_t
next_of(const struct pav_execution_filter *f, const struct execution_list *list)
{
    const struct pav_execution_row *last = &list->v[list->count - 1].row;

    if (f->order == PAV_LAST_MOVED_FIRST)
        return last->last_step;
    return f->order == PAV_OLDEST_FIRST && f->overdue ? f->before + f->limit
                                                      : last->id;
}

uint32_t
pav_reader_executions(struct pav_reader *r,
                      const struct pav_execution_filter *f, struct pav_arena *a,
                      struct pav_execution_view **out, int64_t *next)
{
    int64_t before = f->before == 0 ? INT64_MAX : f->before;
    uint32_t limit = f->limit + 1; /* one more tells whether there is more */
    struct execution_list list = {.cap = limit * 5};
    sqlite3_stmt *st;

    list.v = pav_arena_alloc(a, list.cap * sizeof(*list.v));
    if (f->stands != NULL && strcmp(f->stands, "[]") == 0) {
        /* nobody waits so */
    } else if (f->passed != NULL) {
        by_passed(r, f, before, limit, a, &list);
    } else if (f->order == PAV_LAST_MOVED_FIRST) {
        by_moves(r, f, before, limit, a, &list);
    } else if (f->order == PAV_OLDEST_FIRST && f->overdue) {
        by_lateness(r, f, limit, a, &list);
    } else if (f->order == PAV_OLDEST_FIRST) {
        by_age(r, f, limit, a, &list);
    } else if (is_search(f)) {
        by_search(r, f, before, limit, a, &list);
    } else if (f->run_id != 0) {
        by_run(r, f, before, limit, a, &list);
    } else if (f->key != NULL) {
        by_key(r, f, before, limit, a, &list);
    } else if (f->machine != NULL) {
        by_machine(r, f, before, limit, a, &list);
    } else if (f->status >= 0 || f->state != NULL) {
        by_status(r, f, before, limit, a, &list);
    } else {
        st = reader_ask(r, EXECUTION_VIEW "WHERE x.id<?1 AND (?3=0 OR " NO_CHILD
                                          ") "
                                          "ORDER BY x.id DESC LIMIT ?2");
        STORE_BIND(st, INT(before), INT(limit), INT(f->exclude_map_children));
        collect(r, st, a, &list);
    }
    *next = 0;
    if (list.count > f->limit) {
        list.count = f->limit;
        *next = next_of(f, &list);
    }
    *out = list.v;
    return list.count;
}

bool
pav_reader_execution(struct pav_reader *r, const char *machine,
                     const char *name, struct pav_arena *a,
                     struct pav_execution_view *out)
{
    sqlite3_stmt *st =
        reader_ask(r, EXECUTION_VIEW "WHERE x.name=?2 AND x.machine_id=?1");

    STORE_BIND(st, INT(reader_machine_id(r, machine)), TEXT(name));
    if (!reader_row(r, st))
        return false;
    execution_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
reader_execution_of(struct pav_reader *r, int64_t id, struct pav_arena *a,
                    struct pav_execution_view *out)
{
    sqlite3_stmt *st = reader_ask(r, EXECUTION_VIEW "WHERE x.id=?1");

    STORE_BIND(st, INT(id));
    if (!reader_row(r, st))
        return false;
    execution_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

int64_t
pav_reader_step_at(struct pav_reader *r, int64_t id)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT at FROM step WHERE id=?1");

    STORE_BIND(st, INT(id));
    return reader_number(r, st);
}

bool
pav_reader_moves_pass(struct pav_reader *r)
{
    return reader_number(r, reader_ask(r, "SELECT max(id) FROM step")) >
           PAV_MOVES_SEEN;
}
