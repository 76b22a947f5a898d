/*
 * Finding a part of a name among millions: names are gathered, a few thousand
 * in a row of `search_text`, and a search runs through them as through one
 * text.  An index of their parts would cost every start.
 *
 * `text` has each name in small letters (ASCII's) and a line feed behind it;
 * `ids` has the executions' ids in the same order, each less the one before
 * (0 at first), as varints.
 */
#include <ctype.h>
#include <string.h>

#include "base/varint.h"
#include "columns.h"
#include "reader_int.h"
#include "search_text.h"
#include "starts.h"

#define NAMES     4096        /* of a row, */
#define TEXT_FULL (64 * 1024) /* or when its text has so many bytes */

int64_t
search_text_upto(struct pav_reader *r)
{
    return reader_number(r, reader_ask(r, "SELECT " GATHERED_UPTO));
}

static void
put_name(struct pav_buf *text, const unsigned char *name)
{
    for (; *name != '\0'; name++)
        pav_buf_putc(text, *name == '\n' ? ' ' : (char)tolower(*name));
    pav_buf_putc(text, '\n');
}

/* Mostly of the machine and hour of one before it. */
static void
count_start(struct pav_arena *a, struct pav_search_text *t, int64_t machine_id,
            int64_t hour)
{
    uint32_t i = t->start_count;

    while (i-- > 0)
        if (t->starts[i].machine_id == machine_id &&
            t->starts[i].hour == hour) {
            t->starts[i].count++;
            return;
        }
    t->starts =
        pav_arena_append(a, t->starts, t->start_count, sizeof(*t->starts));
    t->starts[t->start_count++] = (struct pav_starts){machine_id, hour, 1};
}

bool
pav_reader_search_text(struct pav_reader *r, int64_t after, struct pav_arena *a,
                       struct pav_search_text *out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT id,name,machine_id,started_at/3600000," NO_CHILD
                      " FROM execution x WHERE id>?1 ORDER BY id LIMIT ?2");
    int64_t upto = search_text_upto(r);
    struct pav_buf ids, text;
    uint32_t n = 0;

    memset(out, 0, sizeof(*out));
    out->after = after > upto ? after : upto;
    out->forgets = reader_progress(r, "forgets");
    pav_buf_init(&ids, SIZE_MAX / 2);
    pav_buf_init(&text, SIZE_MAX / 2);
    STORE_BIND(st, INT(out->after), INT(NAMES));
    while (n < NAMES && text.len < TEXT_FULL && reader_row(r, st)) {
        int64_t id = sqlite3_column_int64(st, 0);

        if (n++ == 0)
            out->first_id = id;
        varint_put(&ids, (uint64_t)(id - out->last_id));
        put_name(&text, sqlite3_column_text(st, 1));
        if (sqlite3_column_int(st, 4) != 0)
            count_start(a, out, sqlite3_column_int64(st, 2),
                        sqlite3_column_int64(st, 3));
        out->last_id = id;
    }
    sqlite3_reset(st);
    if (n == NAMES || text.len >= TEXT_FULL) {
        out->ids =
            (struct pav_bytes){pav_arena_strndup(a, ids.p, ids.len), ids.len};
        out->text = (struct pav_bytes){pav_arena_strndup(a, text.p, text.len),
                                       text.len};
    } else {
        out->last_id = 0;
    }
    pav_buf_fini(&ids);
    pav_buf_fini(&text);
    return out->last_id != 0;
}

/* The id of the entry whose name has the byte at `offset`. */
static int64_t
id_at(const char *text, size_t offset, struct pav_bytes ids)
{
    const unsigned char *at = (const unsigned char *)ids.p, *end = at + ids.len;
    const char *p = text, *upto = text + offset;
    int64_t id = (int64_t)varint_get(&at, end);

    while ((p = memchr(p, '\n', (size_t)(upto - p))) != NULL) {
        p++;
        id += (int64_t)varint_get(&at, end);
    }
    return id;
}

/* What a row has of it, the last of it. */
static uint32_t
search_row(struct pav_bytes text, struct pav_bytes ids, const char *small,
           uint32_t max, int64_t *out)
{
    const char *at = text.p, *end = text.p + text.len;
    size_t len = strlen(small);
    uint32_t n = 0;

    while (at < end &&
           (at = memmem(at, (size_t)(end - at), small, len)) != NULL) {
        out[n++ % max] = id_at(text.p, (size_t)(at - text.p), ids);
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL)
            break;
    }
    return n < max ? n : max;
}

uint32_t
search_text_find(struct pav_reader *r, const char *part, uint32_t max,
                 int64_t *out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT text,ids FROM search_text ORDER BY first_id DESC");
    struct pav_buf small;
    uint32_t n = 0;

    if (strchr(part, '\n') != NULL) {
        sqlite3_reset(st);
        return 0;
    }
    pav_buf_init(&small, SIZE_MAX / 2);
    for (; *part != '\0'; part++)
        pav_buf_putc(&small, (char)tolower((unsigned char)*part));
    pav_buf_puts(&small, "");
    while (n < max && reader_row(r, st)) {
        struct pav_bytes text = {sqlite3_column_blob(st, 0),
                                 (size_t)sqlite3_column_bytes(st, 0)};
        struct pav_bytes ids = {sqlite3_column_blob(st, 1),
                                (size_t)sqlite3_column_bytes(st, 1)};

        n += search_row(text, ids, small.p, max - n, out + n);
    }
    sqlite3_reset(st);
    pav_buf_fini(&small);
    return n;
}
