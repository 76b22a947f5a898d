/*
 * Items of a distributed Map, out of an object's text.
 *
 *   JSON   a list, or what ItemsPointer leads to; the members of an object are
 *          items {"Key", "Value"}
 *   JSONL  a value on each line; blank lines are passed over
 *   CSV    RFC 4180; the first row names the columns, or CSVHeaders do.  A row
 *          that is short has empty texts, one that is long loses the rest.
 *          Two quotes in a row are one also in a field without quotes.  A
 *          backslash is dropped, and the character behind it stays: another
 *          backslash, a quote, the delimiter, anything.  Source: the developer
 *          guide, "How Step Functions parses input CSV files"
 */
#include "pavane/map_run.h"

#include <string.h>

#include "map.h"
#include "model.h"

#define HEADERS_MAX (10 * 1024) /* the service's */
#define CELLS_MAX   10000000

struct source {
    const struct item_reader *reader;
    struct pav_arena *arena;
    const char *p, *end;
    int64_t max;
    struct pav_items items;
    const char *cause;
    bool keyed; /* the items are members of an object */
};

static bool
refuse(struct source *s, const char *cause)
{
    s->cause = cause;
    return false;
}

static bool
add_item(struct source *s, const struct pav_doc *d)
{
    if (s->max > 0 && s->items.count >= s->max)
        return true;
    if (s->items.count >= PAV_MAP_ITEMS_MAX)
        return refuse(s, pav_arena_printf(
                             s->arena,
                             "The object has more than %d items: let MaxItems "
                             "be smaller",
                             PAV_MAP_ITEMS_MAX));
    pav_items_add(&s->items, d);
    return true;
}

static bool
enough(const struct source *s)
{
    return s->max > 0 && s->items.count >= s->max;
}

/* RFC 6901, of names and indexes. */
static const struct pav_doc *
follow(const struct pav_doc *d, const char *pointer, struct pav_arena *a)
{
    while (d != NULL && *pointer == '/') {
        size_t len = strcspn(++pointer, "/"), i, n = 0;
        char *name = pav_arena_alloc(a, len + 1);
        uint32_t index = 0;

        for (i = 0; i < len; i++) {
            name[n] = pointer[i];
            if (pointer[i] == '~' && i + 1 < len)
                name[n] = pointer[++i] == '1' ? '/' : '~';
            n++;
        }
        name[n] = '\0';
        if (d->kind == PAV_ARRAY) {
            for (i = 0; i < n && i < 9; i++)
                index = index * 10 + (uint32_t)(name[i] - '0');
            d = n > 0 && strspn(name, "0123456789") == n && index < d->len
                    ? &d->items[index]
                    : NULL;
        } else {
            d = pav_doc_getn(d, name, n);
        }
        pointer += len;
    }
    return d;
}

const struct pav_doc *
map_pair(struct pav_arena *a, const struct pav_member *member)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_puts(&m, "Key", pav_doc_new_str(a, member->key, member->len));
    pav_members_puts(&m, "Value", &member->value);
    return pav_members_object(&m);
}

static bool
read_members(struct source *s, const struct pav_doc *d)
{
    uint32_t i;

    s->keyed = true;
    for (i = 0; i < d->len && !enough(s); i++)
        if (!add_item(s, map_pair(s->arena, &d->members[i])))
            return false;
    return true;
}

static bool
read_json(struct source *s)
{
    const struct pav_doc *d;
    struct pav_err err;
    uint32_t i;

    if (pav_doc_parse(s->arena, s->p, (size_t)(s->end - s->p), NULL, &d,
                      &err) != PAV_OK)
        return refuse(s, pav_arena_printf(s->arena,
                                          "The object is not JSON: %s (%s)",
                                          err.message, err.at));
    if (s->reader->items_pointer != NULL)
        d = follow(d, s->reader->items_pointer, s->arena);
    if (d != NULL && d->kind == PAV_OBJECT)
        return read_members(s, d);
    if (d == NULL || d->kind != PAV_ARRAY)
        return refuse(s, "Attempting to map over non-iterable node.");
    for (i = 0; i < d->len && !enough(s); i++)
        if (!add_item(s, &d->items[i]))
            return false;
    return true;
}

static bool
read_lines(struct source *s)
{
    unsigned line = 0;

    while (s->p < s->end && !enough(s)) {
        const char *stop = memchr(s->p, '\n', (size_t)(s->end - s->p));
        size_t len = (size_t)((stop == NULL ? s->end : stop) - s->p);
        const struct pav_doc *d;
        struct pav_err err;

        line++;
        if (len > 0 && s->p[len - 1] == '\r')
            len--;
        if (len > 0) {
            if (pav_doc_parse(s->arena, s->p, len, NULL, &d, &err) != PAV_OK)
                return refuse(s, pav_arena_printf(s->arena,
                                                  "Line %u is not JSON: %s",
                                                  line, err.message));
            if (!add_item(s, d))
                return false;
        }
        s->p = stop == NULL ? s->end : stop + 1;
    }
    return true;
}

/* One field of CSV; stops before the delimiter or the line's end. */
static const struct pav_doc *
read_field(struct source *s)
{
    bool quoted = s->p < s->end && *s->p == '"';
    const char *text;
    struct pav_buf b;
    size_t len;

    pav_buf_init(&b, (size_t)(s->end - s->p) + 1);
    for (s->p += quoted; s->p < s->end; s->p++) {
        if (!quoted &&
            (*s->p == s->reader->delimiter || *s->p == '\n' || *s->p == '\r'))
            break;
        if (*s->p == '\\' && s->p + 1 < s->end && s->p[1] != '\n' &&
            s->p[1] != '\r') {
            s->p++;
        } else if (*s->p == '"') {
            if (s->p + 1 < s->end && s->p[1] == '"')
                s->p++;
            else if (quoted) { /* the closing one; what follows is bare */
                quoted = false;
                continue;
            }
        }
        pav_buf_putc(&b, *s->p);
    }
    len = b.len;
    text = pav_arena_strndup(s->arena, b.p == NULL ? "" : b.p, len);
    pav_buf_fini(&b);
    return pav_doc_new_str(s->arena, text, len);
}

/* Its fields; false at the end of the text. */
static bool
read_row(struct source *s, struct pav_items *fields)
{
    pav_items_init(fields, s->arena);
    if (s->p == s->end)
        return false;
    for (;;) {
        pav_items_add(fields, read_field(s));
        if (s->p == s->end)
            return true;
        if (*s->p == s->reader->delimiter) {
            s->p++;
            continue;
        }
        if (*s->p == '\r')
            s->p++;
        if (s->p < s->end && *s->p == '\n')
            s->p++;
        return true;
    }
}

static bool
headers_of(struct source *s, const struct pav_doc **headers)
{
    struct pav_items fields;
    size_t bytes = 0;
    uint32_t i, j;

    if (s->reader->headers == NULL) {
        if (!read_row(s, &fields))
            return refuse(s, "The object has no row of headers.");
        *headers = pav_items_array(&fields);
    } else {
        *headers = s->reader->headers;
    }
    for (i = 0; i < (*headers)->len; i++) {
        if ((*headers)->items[i].kind != PAV_STRING)
            return refuse(s, "CSV headers must be texts.");
        bytes += (*headers)->items[i].len + 1;
    }
    if (bytes > HEADERS_MAX)
        return refuse(s, "CSV headers have at most 10 KiB.");
    for (i = 0; i < (*headers)->len; i++)
        for (j = 0; j < i; j++)
            if (pav_doc_equal(&(*headers)->items[i], &(*headers)->items[j]))
                return refuse(s, "CSV headers cannot contain duplicates.");
    return true;
}

static bool
read_csv(struct source *s)
{
    const struct pav_doc *headers;
    struct pav_items fields;
    uint64_t cells = 0; /* those that a short row lacks too */
    uint32_t i;

    if (!headers_of(s, &headers))
        return false;
    while (!enough(s) && read_row(s, &fields)) {
        struct pav_members m;

        cells += headers->len;
        if (cells > CELLS_MAX)
            return refuse(s, "The rows have more than 10000000 fields.");
        pav_members_init(&m, s->arena);
        for (i = 0; i < headers->len; i++) {
            const struct pav_doc *name = &headers->items[i];

            pav_members_add(&m, name->text, name->len,
                            i < fields.count
                                ? &fields.v[i]
                                : pav_doc_new_str(s->arena, "", 0));
        }
        if (!add_item(s, pav_members_object(&m)))
            return false;
    }
    return true;
}

static bool
read_part(struct source *s, const struct pav_map_part *part)
{
    s->p = part->text.p;
    s->end = s->p + part->text.len;
    s->keyed = false;
    if (part->text.len >= 3 && memcmp(s->p, "\xEF\xBB\xBF", 3) == 0)
        s->p += 3; /* a byte order mark */
    switch (s->reader->type) {
    case INPUT_JSON:
        return read_json(s);
    case INPUT_JSONL:
        return read_lines(s);
    case INPUT_CSV:
        return read_csv(s);
    }
    return false;
}

bool
pav_map_items(const struct pav_machine *m, const char *state,
              const struct pav_map_part *parts, uint32_t count,
              int64_t max_items, struct pav_arena *a, struct pav_map_items *out,
              const char **cause)
{
    const struct state *map = machine_find(m, state, strlen(state));
    struct source s = {.reader = map->map.reader, .arena = a, .max = max_items};
    uint32_t i;
    bool fine = true;

    pav_items_init(&s.items, a);
    out->origins = pav_arena_zalloc(a, (count + 1) * sizeof(*out->origins));
    for (i = 0; i < count && fine && !enough(&s); i++) {
        fine = read_part(&s, &parts[i]);
        out->origins[i].source = parts[i].source;
        out->origins[i].until = s.items.count;
        out->origins[i].keyed = s.keyed;
        out->origin_count = i + 1;
    }
    out->items = pav_items_array(&s.items);
    *cause = s.cause;
    return fine;
}

bool
pav_map_lists(const struct pav_machine *m, const char *state)
{
    return machine_find(m, state, strlen(state))->map.reader->lists;
}

struct pav_map_writing
pav_map_writing(const struct pav_machine *m, const char *state)
{
    const struct result_writer *w =
        machine_find(m, state, strlen(state))->map.writer;
    struct pav_map_writing out = {0};

    if (w != NULL) {
        out.json_lines = w->json_lines;
        out.flatten = w->flatten;
        out.compact = w->compact;
    }
    return out;
}

bool
pav_map_flattens(const struct pav_machine *m, const char *state)
{
    return machine_find(m, state, strlen(state))->map.reader->flatten;
}
