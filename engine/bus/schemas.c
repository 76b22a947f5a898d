/*
 * Schemas of events: at most one for each source and detail-type, asked before
 * any rule.  What a schema says is read by lang/schema/schema.c.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/schema.h"
#include "bus.h"

#define PAGE 100

struct schema_entry {
    struct schema_entry *next;
    char *name; /* SOURCE, \x01, DETAIL-TYPE */
    bool rejects;
    struct pav_arena arena;
    struct pav_schema *schema;
};

struct schemas {
    struct schema_entry *first;
};

void
schemas_free(struct pav_engine *e)
{
    struct schema_entry *s;

    if (e->schemas == NULL)
        return;
    while ((s = e->schemas->first) != NULL) {
        e->schemas->first = s->next;
        pav_schema_free(s->schema);
        pav_arena_fini(&s->arena);
        free(s->name);
        free(s);
    }
    free(e->schemas);
    e->schemas = NULL;
}

static void
entry_add(struct pav_engine *e, const struct pav_name_row *row)
{
    struct schema_entry *s = pav_xcalloc(1, sizeof(*s));
    const struct pav_doc *body, *content;
    struct pav_err err;

    pav_arena_init(&s->arena, 1024);
    s->name = pav_xstrdup(row->name);
    body = pav_doc_own(&s->arena, row->body.p, row->body.len);
    content = pav_doc_get(body, "Schema");
    s->rejects = pav_doc_is_str(pav_doc_get(body, "Policy"), "reject");
    if (pav_schema_compile(content, &s->schema, &err) != PAV_OK)
        s->schema = NULL;
    if (e->schemas == NULL)
        e->schemas = pav_xcalloc(1, sizeof(*e->schemas));
    s->next = e->schemas->first;
    e->schemas->first = s;
}

void
schemas_load(struct pav_engine *e)
{
    struct pav_name_row rows[PAGE];
    const char *after = "";
    uint32_t i, n;

    schemas_free(e);
    do {
        n = pav_store_names(e->store, PAV_NAME_SCHEMA, 0, after, PAGE,
                            &e->arena, rows);
        for (i = 0; i < n; i++)
            entry_add(e, &rows[i]);
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == PAGE);
}

static bool
is_of(const struct schema_entry *s, const struct pav_envelope *v)
{
    size_t len = v->source.len;

    return strlen(s->name) == len + 1 + v->detail_type.len &&
           memcmp(s->name, v->source.p, len) == 0 && s->name[len] == '\x01' &&
           memcmp(s->name + len + 1, v->detail_type.p, v->detail_type.len) == 0;
}

const char *
schema_refuses(struct pav_engine *e, const struct pav_envelope *envelope,
               bool *rejects)
{
    const struct schema_entry *s = e->schemas->first;
    const struct pav_doc *d;
    struct pav_err err;

    while (s != NULL && !is_of(s, envelope))
        s = s->next;
    if (s == NULL || s->schema == NULL)
        return NULL;
    *rejects = s->rejects;
    if (pav_doc_parse(&e->arena, envelope->text.p, envelope->text.len, NULL, &d,
                      NULL) != PAV_OK ||
        pav_schema_accepts(s->schema, pav_doc_get(d, "detail"), &e->arena,
                           &err))
        return NULL;
    return pav_arena_printf(&e->arena, "%s: %s",
                            err.at[0] == '\0' ? "/" : err.at, err.message);
}
