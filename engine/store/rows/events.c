/* Events, as producers sent them. */
#include "pavane/digest.h"
#include "store/columns.h"
#include "store/seen.h"
#include "store/store_int.h"

enum {
    SQL_EVENT_INSERT = ROWS_AT(events),
    SQL_EVENT_GET,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_EVENT_INSERT) =
        "INSERT INTO event(id,received_at,source,event_id,detail_type,body,"
        "bus_id,replay,account,depth,first_kind,first_machine,"
        "first_execution,sum,source_at,event_id_at,detail_type_at)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
    SQL_TEXT(SQL_EVENT_GET) =
        "SELECT " EVENT_COLUMNS " FROM event e WHERE id=?1",
};

const struct rows events_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_event_add(struct pav_store *s, const struct pav_event_row *row)
{
    pav_store_event_done(s); /* of one within another */
    s->arriving.row = *row;
    s->arriving.open = true;
    s->arriving.taken = false;
    seen_add(s, seen_hash_of(row->source, row->event_id), row->id);
}

/* Where the body has it, as it is; 0: nowhere. */
static int64_t
place_of(struct pav_bytes text, struct pav_bytes body)
{
    uintptr_t at = (uintptr_t)text.p, from = (uintptr_t)body.p;

    if (text.len == 0 || text.len >= TEXT_PLACE || at < from ||
        at + text.len > from + body.len)
        return 0;
    return (int64_t)(at - from + 1) * TEXT_PLACE + (int64_t)text.len;
}

void
pav_store_event_done(struct pav_store *s)
{
    static const struct pav_bytes none = {"", 0};
    const struct pav_event_row *row = &s->arriving.row;
    bool taken = s->arriving.taken;
    int64_t source, event_id, type;

    if (!s->arriving.open)
        return;
    s->arriving.open = false;
    source = place_of(row->source, row->body);
    event_id = place_of(row->event_id, row->body);
    type = place_of(row->detail_type, row->body);
    STORE_DO(s, SQL_EVENT_INSERT, INT(row->id), INT(row->received_at),
             BYTES(source == 0 ? row->source : none),
             BYTES(event_id == 0 ? row->event_id : none),
             BYTES(type == 0 ? row->detail_type : none), BLOB(row->body),
             INT(row->bus_id), TEXT(row->replay), TEXT(row->account),
             INT(row->depth), taken ? INT(s->arriving.kind) : NONE,
             taken ? INT(s->arriving.machine_id) : NONE,
             taken ? INT(s->arriving.execution_id) : NONE,
             INT(row_sum(row->id, row->body)), INT_OR_NULL(source),
             INT_OR_NULL(event_id), INT_OR_NULL(type));
}

int64_t
pav_store_event_seen(struct pav_store *s, struct pav_bytes source,
                     struct pav_bytes event_id, int64_t *received_at)
{
    pav_store_event_done(s);
    return seen_find(s, seen_hash_of(source, event_id), source, event_id,
                     received_at);
}

bool
event_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_event_row *out)
{
    int64_t sum;

    memset(out, 0, sizeof(*out));
    out->id = sqlite3_column_int64(st, 0);
    out->received_at = sqlite3_column_int64(st, 1);
    out->source = column_bytes(st, 2, a);
    out->event_id = column_bytes(st, 3, a);
    out->detail_type = column_bytes(st, 4, a);
    out->body = column_bytes(st, 5, a);
    out->bus_id = sqlite3_column_int64(st, 6);
    out->replay = column_str(st, 7, a);
    out->account = column_str(st, 8, a);
    out->depth = sqlite3_column_int64(st, 9);
    sum = sqlite3_column_int64(st, 10);
    return sum == 0 || sum == row_sum(out->id, out->body);
}

bool
pav_store_event(struct pav_store *s, int64_t id, struct pav_arena *a,
                struct pav_event_row *out)
{
    sqlite3_stmt *st;
    bool whole;

    if (id == s->arriving.row.id)
        pav_store_event_done(s);
    st = STORE_ASK(s, SQL_EVENT_GET, INT(id));
    whole = store_row(s, st) && event_from(st, a, out);
    sqlite3_reset(st);
    if (!whole)
        pav_store_spoilt(s, EVENT_SPOILT);
    return whole;
}
