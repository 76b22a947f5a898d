/* A table's first items: see table_files.h. */
#include "table_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "pavane/folder.h"

#define FILE_MAX_LEN (1 << 20)
#define ITEMS_MAX    1000 /* they are put within one turn */
#define DEPTH_MAX    32

static bool
is_typed(const struct pav_doc *v)
{
    static const char *const types[] = {"S", "N",  "B",  "BOOL", "NULL", "M",
                                        "L", "SS", "NS", "BS",   NULL};

    return v->kind == PAV_OBJECT && v->len == 1 &&
           pav_member_in(&v->members[0], types);
}

static const struct pav_doc *
typed(struct pav_arena *a, const char *type, const struct pav_doc *v)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_puts(&m, type, v);
    return pav_members_object(&m);
}

static const struct pav_doc *
value_of(struct pav_arena *a, const struct pav_doc *v, unsigned depth)
{
    struct pav_items list;
    struct pav_members m;
    uint32_t i;

    if (depth > DEPTH_MAX)
        return typed(a, "NULL", &pav_doc_true);
    switch ((enum pav_kind)v->kind) {
    case PAV_NULL:
        return typed(a, "NULL", &pav_doc_true);
    case PAV_FALSE:
    case PAV_TRUE:
        return typed(a, "BOOL", v);
    case PAV_NUMBER:
        return typed(a, "N", pav_doc_new_str(a, v->text, v->len));
    case PAV_STRING:
        return typed(a, "S", v);
    case PAV_ARRAY:
        pav_items_init(&list, a);
        for (i = 0; i < v->len; i++)
            pav_items_add(&list, value_of(a, &v->items[i], depth + 1));
        return typed(a, "L", pav_items_array(&list));
    case PAV_OBJECT:
        break;
    }
    pav_members_init(&m, a);
    for (i = 0; i < v->len; i++)
        pav_members_add(&m, v->members[i].key, v->members[i].len,
                        value_of(a, &v->members[i].value, depth + 1));
    return typed(a, "M", pav_members_object(&m));
}

/* With types, as the API has them. */
static const struct pav_doc *
item_of(struct pav_arena *a, const struct pav_doc *d)
{
    struct pav_doc *item = pav_arena_alloc(a, sizeof(*item));
    struct pav_members m;
    uint32_t i;

    for (i = 0; i < d->len && is_typed(&d->members[i].value);)
        i++;
    if (i == d->len)
        return d;
    pav_members_init(&m, a);
    for (i = 0; i < d->len; i++)
        pav_members_add(&m, d->members[i].key, d->members[i].len,
                        value_of(a, &d->members[i].value, 0));
    *item = *pav_members_object(&m);
    item->at = d->at;
    return item;
}

static bool
fault(struct pav_seed_job *j, struct pav_buf *report, const struct pav_doc *at,
      const char *why)
{
    unsigned line, column;

    pav_doc_place(j->text.p, j->text.len, at->at, &line, &column);
    pav_buf_printf(report, "%s:%u:%u: error: INVALID_ITEMS: %s (/)\n", j->file,
                   line, column, why);
    return false;
}

static bool
read_items(struct pav_seed_job *j, const struct pav_doc *d,
           struct pav_buf *report)
{
    struct pav_items items;
    uint32_t i;

    if (d->kind != PAV_ARRAY)
        return fault(j, report, d, "a list of items is expected");
    if (d->len > ITEMS_MAX)
        return fault(j, report, d,
                     "a table's first items are at most 1,000; put others by "
                     "a machine");
    pav_items_init(&items, &j->job.arena);
    for (i = 0; i < d->len; i++) {
        if (d->items[i].kind != PAV_OBJECT)
            return fault(j, report, &d->items[i], "an item is an object");
        pav_items_add(&items, item_of(&j->job.arena, &d->items[i]));
    }
    j->items = pav_items_array(&items);
    return true;
}

static bool
parse(struct pav_seed_job *j, const struct pav_doc **d, struct pav_buf *report)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    unsigned line, column;
    struct pav_err err;
    char *text;
    size_t len;

    if (pav_file_read(j->file, FILE_MAX_LEN, &text, &len, &err) != PAV_OK) {
        pav_buf_printf(report, "%s:1:1: error: FILE: %s (/)\n", j->file,
                       err.message);
        return false;
    }
    j->text.p = pav_arena_strndup(&j->job.arena, text, len);
    j->text.len = len;
    free(text);
    if (pav_doc_parse(&j->job.arena, j->text.p, len, &opts, d, &err) == PAV_OK)
        return true;
    pav_doc_fault_place(&err, &line, &column);
    pav_buf_printf(report, "%s:%u:%u: error: JSON: %s (/)\n", j->file, line,
                   column, err.message);
    return false;
}

struct pav_seed_job *
table_file_read(const char *dir, const char *table, const char *name,
                struct pav_buf *report)
{
    struct pav_seed_job *j = pav_job_new(&pav_seed_kind);
    struct pav_arena *a = &j->job.arena;
    const struct pav_doc *d = NULL;

    j->table = pav_arena_strdup(a, table);
    j->name = pav_arena_strdup(a, name);
    j->file =
        pav_arena_printf(a, "%s/" PAV_FOLDER_TABLES "/%s.json", dir, table);
    if (parse(j, &d, report) && read_items(j, d, report))
        return j;
    pav_job_free(&j->job);
    return NULL;
}
