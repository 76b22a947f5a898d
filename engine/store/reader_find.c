/* Finding by a part of a name, by a value, in what nobody took. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "reader_int.h"
#include "search_text.h"

#define LOOKED_AT 200   /* names that have the text, to choose from */
#define SCANNED   30000 /* names that are in no search_text yet */
#define HEADS     50    /* beginnings of names that are tried */
#define UNMATCHED 10000 /* events that are looked into */

/* One look-up each, however many rows they have. */
#define ATTRIBUTE_NAMES                                                        \
    "WITH RECURSIVE n(name) AS (SELECT min(name) FROM attribute UNION ALL"     \
    " SELECT (SELECT min(t.name) FROM attribute t WHERE t.name>n.name) FROM n" \
    " WHERE n.name IS NOT NULL) "

uint32_t
pav_reader_attribute_names(struct pav_reader *r, uint32_t limit,
                           struct pav_arena *a, const char ***out)
{
    sqlite3_stmt *st = reader_ask(r, ATTRIBUTE_NAMES
                                  "SELECT name FROM n WHERE name IS NOT NULL"
                                  " LIMIT ?1");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(limit));
    while (n < limit && reader_row(r, st))
        (*out)[n++] = column_str(st, 0, a);
    sqlite3_reset(st);
    return n;
}

bool
pav_reader_has_attribute(struct pav_reader *r, const char *name)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT 1 FROM attribute WHERE name=?1 LIMIT 1");
    bool any;

    STORE_BIND(st, TEXT(name));
    any = reader_row(r, st);
    sqlite3_reset(st);
    return any;
}

const char *
pav_reader_view(struct pav_reader *r, const char *name, struct pav_arena *a)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT body->>'$.Path' FROM name WHERE"
                                     " kind=?1 AND owner=0 AND name=?2");
    const char *path = NULL;

    STORE_BIND(st, INT(PAV_NAME_VIEW), TEXT(name));
    if (reader_row(r, st))
        path = column_str(st, 0, a);
    sqlite3_reset(st);
    return path;
}

const char *
pav_reader_rules(struct pav_reader *r, int64_t version_id, struct pav_arena *a)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT rules FROM machine_version WHERE id=?1");
    const char *rules = "";

    STORE_BIND(st, INT(version_id));
    if (reader_row(r, st))
        rules = column_str(st, 0, a);
    sqlite3_reset(st);
    return rules;
}

struct named {
    int64_t id;
    int rank;
};

/* How well a name that has the text is what was meant: 0 best. */
static int
rank_of(const char *name, const char *text)
{
    size_t len = strlen(name), part = strlen(text);
    const char *end = name + (len - part);

    if (len >= part && strcasecmp(end, text) == 0 &&
        (end == name || !isalnum((unsigned char)end[-1])))
        return 0;
    if (strncasecmp(name, text, part) == 0)
        return 1;
    return 2;
}

static int
best_first(const void *x, const void *y)
{
    const struct named *a = x, *b = y;

    if (a->rank != b->rank)
        return a->rank - b->rank;
    return a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

static uint32_t
take(struct pav_reader *r, const struct named *v, uint32_t n,
     struct pav_arena *a, struct pav_execution_view **out)
{
    uint32_t i, found = 0;

    *out = pav_arena_alloc(a, ((size_t)n + 1) * sizeof(**out));
    for (i = 0; i < n; i++)
        found += reader_execution_of(r, v[i].id, a, &(*out)[found]);
    return found;
}

struct naming {
    struct named *v;
    uint32_t count;
};

static void
add_named(struct naming *n, int64_t id, const char *name, const char *text)
{
    uint32_t i;

    for (i = 0; i < n->count; i++)
        if (n->v[i].id == id)
            return;
    if (n->count < LOOKED_AT)
        n->v[n->count++] = (struct named){id, rank_of(name, text)};
}

/* The name itself, by its index. */
static void
add_exact(struct pav_reader *r, struct naming *n, const char *name,
          const char *text)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT id FROM execution WHERE name=?1 LIMIT 8");

    STORE_BIND(st, TEXT(name));
    while (reader_row(r, st))
        add_named(n, sqlite3_column_int64(st, 0), name, text);
}

/* "order-" of "order-1234": up to its last word. */
static size_t
head_of(const char *name)
{
    size_t len = strlen(name);

    while (len > 0 && isalnum((unsigned char)name[len - 1]))
        len--;
    return len;
}

/*
 * Names are made alike: what the newest of each machine begin with is put
 * before the text, so that 1234 finds order-1234 among any number by the index.
 */
static void
add_likely(struct pav_reader *r, struct naming *n, const char *text,
           struct pav_arena *a)
{
    const char *heads[HEADS], *name;
    uint32_t machines, i, k, count = 0;
    int64_t *ids = reader_machines(r, a, &machines);

    for (i = 0; i < machines && i < HEADS; i++) {
        sqlite3_stmt *st = reader_ask(
            r, "SELECT name FROM (SELECT name FROM execution x WHERE"
               " machine_id=?1 AND " IS_OPEN " ORDER BY id DESC LIMIT 3)"
               " UNION SELECT name FROM (SELECT name FROM execution x WHERE"
               " machine_id=?1 AND status=1 AND " IS_ENDED
               " ORDER BY id DESC LIMIT 3)");

        STORE_BIND(st, INT(ids[i]));
        while (reader_row(r, st)) {
            name = (const char *)sqlite3_column_text(st, 0);
            for (k = 0; k < count; k++)
                if (strlen(heads[k]) == head_of(name) &&
                    strncmp(heads[k], name, head_of(name)) == 0)
                    break;
            if (k == count && count < HEADS)
                heads[count++] = pav_arena_strndup(a, name, head_of(name));
        }
    }
    for (k = 0; k < count; k++)
        add_exact(r, n, pav_arena_printf(a, "%s%s", heads[k], text), text);
}

/* Those of names that are gathered already. */
static void
add_gathered(struct pav_reader *r, struct naming *n, const char *text)
{
    int64_t ids[LOOKED_AT];
    uint32_t found = search_text_find(r, text, LOOKED_AT, ids), i;

    for (i = 0; i < found; i++) {
        sqlite3_stmt *st =
            reader_ask(r, "SELECT name FROM execution WHERE id=?1");

        STORE_BIND(st, INT(ids[i]));
        if (!reader_row(r, st))
            continue; /* forgotten since */
        add_named(n, ids[i], (const char *)sqlite3_column_text(st, 0), text);
        sqlite3_reset(st);
    }
}

/* Later ones; false: they are too many to look at each. */
static bool
add_later(struct pav_reader *r, struct naming *n, const char *text)
{
    int64_t upto = search_text_upto(r);
    sqlite3_stmt *st =
        reader_ask(r, "SELECT id,name FROM (SELECT id,name FROM execution"
                      " WHERE id>?4 ORDER BY id DESC LIMIT ?3)"
                      " WHERE instr(lower(name),lower(?1))>0 LIMIT ?2");
    bool more;

    STORE_BIND(st, TEXT(text), INT(LOOKED_AT), INT(SCANNED), INT(upto));
    while (reader_row(r, st))
        add_named(n, sqlite3_column_int64(st, 0),
                  (const char *)sqlite3_column_text(st, 1), text);
    st = reader_ask(r, "SELECT 1 FROM execution WHERE id>?2 ORDER BY id DESC"
                       " LIMIT 1 OFFSET ?1");
    STORE_BIND(st, INT(SCANNED), INT(upto));
    more = reader_row(r, st);
    sqlite3_reset(st);
    return !more;
}

uint32_t
pav_reader_names_with(struct pav_reader *r, const char *text, uint32_t limit,
                      struct pav_arena *a, struct pav_execution_view **out,
                      bool *all)
{
    struct naming n = {pav_arena_alloc(a, LOOKED_AT * sizeof(*n.v)), 0};

    add_exact(r, &n, text, text);
    add_likely(r, &n, text, a);
    *all = add_later(r, &n, text);
    add_gathered(r, &n, text);
    if (n.count > 1)
        qsort(n.v, n.count, sizeof(*n.v), best_first);
    return take(r, n.v, n.count < limit ? n.count : limit, a, out);
}

uint32_t
pav_reader_valued(struct pav_reader *r, const char *value, uint32_t limit,
                  struct pav_arena *a, struct pav_execution_view **out)
{
    sqlite3_stmt *st = reader_ask(
        r, ATTRIBUTE_NAMES "SELECT execution_id FROM n JOIN attribute t ON"
                           " t.name=n.name AND t.value=?1"
                           " ORDER BY execution_id DESC LIMIT ?2");
    struct named *v = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(*v));
    uint32_t n = 0;

    STORE_BIND(st, TEXT(value), INT(limit));
    while (n < limit && reader_row(r, st))
        v[n++].id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return take(r, v, n, a, out);
}

uint32_t
pav_reader_unmatched_with(struct pav_reader *r, const char *text,
                          uint32_t limit, struct pav_arena *a,
                          struct pav_event_row **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT " EVENT_COLUMNS " FROM (SELECT id FROM disposition"
           " WHERE kind IN (6,7) AND kind>1 ORDER BY id DESC LIMIT ?2) d"
           " JOIN event e ON e.id=" EVENT_OF(
               "d") " WHERE instr(e.body,CAST(?1 AS BLOB))>0 LIMIT ?3");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(**out));
    STORE_BIND(st, TEXT(text), INT(UNMATCHED), INT(limit));
    while (n < limit && reader_row(r, st))
        if (event_from(st, a, &(*out)[n]))
            n++;
        else
            pav_reader_spoilt(r, EVENT_SPOILT);
    sqlite3_reset(st);
    return n;
}
