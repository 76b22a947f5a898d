/* What records of steps refer to, for readers. */
#include "columns.h"
#include "reader_int.h"

static bool
event_body(void *arg, int64_t id, struct pav_arena *a, struct pav_bytes *body)
{
    struct pav_reader *r = arg;
    struct pav_event_row row;

    if (!pav_reader_event(r, id, a, &row)) {
        pav_reader_spoilt(r, EVENT_SPOILT);
        return false;
    }
    *body = row.body;
    return true;
}

static bool
earlier_step(void *arg, int64_t id, struct pav_arena *a, struct pav_stored *out)
{
    struct pav_step_row row;

    if (!pav_reader_step(arg, id, a, &row))
        return false;
    *out = pav_step_stored(&row);
    return true;
}

static const struct pav_bytes *
definition_read(struct pav_reader *r, int64_t version_id)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT definition FROM machine_version WHERE id=?1");
    const struct pav_bytes *text;

    STORE_BIND(st, INT(version_id));
    if (!reader_row(r, st)) {
        pav_reader_spoilt(r, "in table machine_version: the definition of an "
                             "execution is missing");
        return NULL;
    }
    text = reader_keep(r, version_id, sqlite3_column_blob(st, 0),
                       (size_t)sqlite3_column_bytes(st, 0));
    sqlite3_reset(st);
    return text;
}

static bool
definition_text(void *arg, int64_t execution_id, struct pav_arena *a,
                struct pav_bytes *text)
{
    struct pav_reader *r = arg;
    sqlite3_stmt *st =
        reader_ask(r, "SELECT version_id FROM execution WHERE id=?1");
    const struct pav_bytes *kept;
    int64_t version_id = 0;

    (void)a;
    STORE_BIND(st, INT(execution_id));
    if (reader_row(r, st)) {
        version_id = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    kept = reader_kept(r, version_id);
    if (kept == NULL)
        kept = definition_read(r, version_id);
    if (kept == NULL)
        return false;
    *text = *kept;
    return true;
}

const struct pav_sources *
pav_reader_sources(struct pav_reader *r)
{
    struct pav_sources *s = reader_sources_of(r);

    *s = (struct pav_sources){.arg = r,
                              .event = event_body,
                              .step = earlier_step,
                              .definition = definition_text};
    return s;
}
