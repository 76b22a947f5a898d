/* What a play expects: see expect.h. */
#include "expect.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/jsonata.h"

#define OBJECT_MAX (16 << 20)
#define SHOWN      20 /* of what there was instead */
#define DEPTH_MAX  64

/* ---- one value ---- */

static bool
is_true(struct pav_arena *a, const struct pav_doc *expression,
        const struct pav_doc *there)
{
    struct pav_jsonata_in in = {.input = there};
    struct pav_jsonata_error error;
    const struct pav_jsonata *x;
    const struct pav_doc *out;

    return pav_jsonata_compile(a, expression->text + 2, expression->len - 4,
                               PAV_JSONATA_REFERENCE, NULL, &x,
                               &error) == PAV_OK &&
           pav_jsonata_eval(x, a, &in, &out, &error) == PAV_JSONATA_VALUE &&
           out->kind == PAV_TRUE;
}

static bool
fits(struct pav_arena *a, const struct pav_doc *wanted,
     const struct pav_doc *there, unsigned depth)
{
    uint32_t i;

    if (wanted->kind == PAV_STRING &&
        pav_jsonata_is_marked(wanted->text, wanted->len))
        return is_true(a, wanted, there);
    if (there == NULL || depth > DEPTH_MAX)
        return false;
    if (wanted->kind == PAV_ARRAY && there->kind == PAV_ARRAY) {
        for (i = 0; i < wanted->len && i < there->len; i++)
            if (!fits(a, &wanted->items[i], &there->items[i], depth + 1))
                return false;
        return wanted->len == there->len;
    }
    if (wanted->kind != PAV_OBJECT || there->kind != PAV_OBJECT)
        return pav_doc_equal(wanted, there);
    for (i = 0; i < wanted->len; i++) {
        const struct pav_member *m = &wanted->members[i];

        if (!fits(a, &m->value, pav_doc_getn(there, m->key, m->len), depth + 1))
            return false;
    }
    return true;
}

bool
expect_fits(struct pav_arena *a, const struct pav_doc *wanted,
            const struct pav_doc *there)
{
    return fits(a, wanted, there, 0);
}

/* ---- what there is ---- */

/* All pages of a list. */
static enum pav_rc
pages(struct stage *s, const struct daemon *d, const char *path,
      const char *key, struct pav_items *all, struct pav_err *err)
{
    const char *next = "";
    enum pav_rc rc = PAV_OK;

    pav_items_init(all, &s->arena);
    while (rc == PAV_OK && next != NULL) {
        const struct pav_doc *page, *list;
        long status;
        uint32_t i;

        rc = stage_ask(s, d, NULL,
                       pav_arena_printf(&s->arena, "%s?limit=100%s%s", path,
                                        *next == '\0' ? "" : "&next=", next),
                       NULL, NULL, &status, &page, err);
        if (rc == PAV_OK && status != 200)
            rc = pav_fail(err, PAV_IO, path, "status %ld: %s", status,
                          pav_doc_text(&s->arena, page));
        if (rc != PAV_OK)
            break;
        list = pav_doc_get(page, key);
        for (i = 0; list != NULL && i < list->len; i++)
            pav_items_add(all, &list->items[i]);
        next = pav_doc_member_str(&s->arena, page, "next");
    }
    return rc;
}

/* A member that is JSON in a text, as JSON. */
static void
put_parsed(struct stage *s, struct pav_members *m, const struct pav_doc *from,
           const char *key)
{
    const struct pav_doc *text = pav_doc_get(from, key), *json;

    if (text == NULL)
        return;
    if (text->kind == PAV_STRING &&
        pav_doc_parse(&s->arena, text->text, text->len, NULL, &json, NULL) ==
            PAV_OK)
        text = json;
    pav_members_puts(m, key, text);
}

/* With what DescribeExecution adds. */
static enum pav_rc
described(struct stage *s, const struct daemon *d, const struct pav_doc *x,
          const struct pav_doc **out, struct pav_err *err)
{
    const char *id = pav_doc_member_str(&s->arena, x, "executionId");
    size_t machine = strcspn(id == NULL ? "" : id, ":");
    const struct pav_doc *answer;
    struct pav_members m, ask;
    long status;
    enum pav_rc rc;

    if (id == NULL)
        return pav_fail(err, PAV_IO, "the list of executions",
                        "one of them has no id");
    pav_members_init(&ask, &s->arena);
    pav_members_str(&ask, "executionArn",
                    pav_arena_printf(&s->arena,
                                     "arn:aws:states:%s:%s:execution:%s",
                                     d->region, d->account, id));
    rc = stage_ask(s, d, NULL, "/", "AWSStepFunctions.DescribeExecution",
                   pav_members_object(&ask), &status, &answer, err);
    pav_members_init(&m, &s->arena);
    pav_members_str(&m, "name", id + machine + (id[machine] == ':'));
    if (pav_doc_at(pav_doc_get(x, "currentStates"), 0) != NULL)
        pav_members_puts(&m, "state",
                         pav_doc_at(pav_doc_get(x, "currentStates"), 0));
    if (rc == PAV_OK && status == 200) {
        put_parsed(s, &m, answer, "input");
        put_parsed(s, &m, answer, "output");
        if (pav_doc_get(answer, "error") != NULL)
            pav_members_puts(&m, "error", pav_doc_get(answer, "error"));
        if (pav_doc_get(answer, "cause") != NULL)
            pav_members_puts(&m, "cause", pav_doc_get(answer, "cause"));
    }
    *out = pav_doc_merge(&s->arena, x, pav_members_object(&m));
    return rc;
}

static enum pav_rc
executions(struct stage *s, const struct daemon *d, struct pav_items *all,
           struct pav_err *err)
{
    struct pav_items listed;
    enum pav_rc rc =
        pages(s, d, "/api/v1/executions", "executions", &listed, err);
    uint32_t i;

    pav_items_init(all, &s->arena);
    for (i = 0; rc == PAV_OK && i < listed.count; i++) {
        const struct pav_doc *x = NULL;

        rc = described(s, d, &listed.v[i], &x, err);
        if (rc == PAV_OK)
            pav_items_add(all, x);
    }
    return rc;
}

static enum pav_rc
dispositions(struct stage *s, const struct daemon *d, struct pav_items *all,
             struct pav_err *err)
{
    return pages(s, d, "/api/v1/dispositions", "dispositions", all, err);
}

static enum pav_rc
dead_letters(struct stage *s, const struct daemon *d, struct pav_items *all,
             struct pav_err *err)
{
    return pages(s, d, "/api/v1/dead-letters", "deadLetters", all, err);
}

static enum pav_rc
requests(struct stage *s, const struct daemon *d, struct pav_items *all,
         struct pav_err *err)
{
    const struct pav_doc *list = stand_ins_requests(s->stand_ins, &s->arena);
    uint32_t i;

    (void)d, (void)err;
    pav_items_init(all, &s->arena);
    for (i = 0; i < list->len; i++)
        pav_items_add(all, &list->items[i]);
    return PAV_OK;
}

/* ---- files below --data ---- */

/* Each file of a folder and of those in it, by its path from `root`. */
static void
each_file(struct stage *s, const char *root, const char *below,
          void (*take)(struct stage *s, struct pav_items *all, const char *path,
                       const char *text, size_t len),
          struct pav_items *all)
{
    const char *folder = pav_arena_printf(&s->arena, "%s%s", root, below);
    struct dirent **v;
    int n = scandir(folder, &v, NULL, alphasort), i;

    for (i = 0; i < n; i++) {
        const char *path =
            pav_arena_printf(&s->arena, "%s/%s", below, v[i]->d_name);
        const char *whole = pav_arena_printf(&s->arena, "%s%s", root, path);
        struct stat st;
        struct pav_err err;
        char *text;
        size_t len;

        if (v[i]->d_name[0] == '.' || stat(whole, &st) != 0) {
            free(v[i]);
            continue;
        }
        if (S_ISDIR(st.st_mode))
            each_file(s, root, path, take, all);
        else if (pav_file_read(whole, OBJECT_MAX, &text, &len, &err) ==
                 PAV_OK) {
            take(s, all, path + 1, pav_arena_strndup(&s->arena, text, len),
                 len);
            free(text);
        }
        free(v[i]);
    }
    if (n >= 0)
        free(v);
}

static uint32_t
lines_of(const char *text)
{
    uint32_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void
take_object(struct stage *s, struct pav_items *all, const char *path,
            const char *text, size_t len)
{
    const struct pav_doc *json;
    struct pav_members m;

    if (strncmp(path, "logs/", 5) == 0)
        return;
    pav_members_init(&m, &s->arena);
    pav_members_str(&m, "path", path);
    pav_members_int(&m, "lines", lines_of(text));
    pav_members_str(&m, "text", text);
    if (pav_doc_parse(&s->arena, text, len, NULL, &json, NULL) == PAV_OK)
        pav_members_puts(&m, "json", json);
    pav_items_add(all, pav_members_object(&m));
}

static void
take_log(struct stage *s, struct pav_items *all, const char *path,
         const char *text, size_t len)
{
    const char *p = text, *end = text + len, *eol;

    for (; p < end; p = eol + 1) {
        const struct pav_doc *json;
        struct pav_members m;

        eol = memchr(p, '\n', (size_t)(end - p));
        if (eol == NULL)
            eol = end;
        if (pav_doc_parse(&s->arena, p, (size_t)(eol - p), NULL, &json, NULL) !=
            PAV_OK)
            json = pav_doc_new_str(&s->arena, p, (size_t)(eol - p));
        pav_members_init(&m, &s->arena);
        pav_members_puts(&m, "log",
                         pav_doc_new_str(&s->arena, path, strcspn(path, "/")));
        pav_members_puts(&m, "event",
                         pav_doc_get(json, "event") == NULL
                             ? json
                             : pav_doc_get(json, "event"));
        pav_items_add(all, pav_members_object(&m));
    }
}

static enum pav_rc
objects(struct stage *s, const struct daemon *d, struct pav_items *all,
        struct pav_err *err)
{
    (void)err;
    pav_items_init(all, &s->arena);
    each_file(s, stage_data(s, d), "", take_object, all);
    return PAV_OK;
}

static enum pav_rc
logs(struct stage *s, const struct daemon *d, struct pav_items *all,
     struct pav_err *err)
{
    (void)err;
    pav_items_init(all, &s->arena);
    each_file(s, pav_arena_printf(&s->arena, "%s/logs", stage_data(s, d)), "",
              take_log, all);
    return PAV_OK;
}

/* ---- items of tables ---- */

/* {"N": "1"} is 1. */
static const struct pav_doc *
plain(struct pav_arena *a, const struct pav_doc *v, unsigned depth)
{
    const struct pav_doc *d, *number;
    struct pav_items list;
    struct pav_members m;
    uint32_t i;

    if (v->kind != PAV_OBJECT || v->len != 1 || depth > DEPTH_MAX)
        return v;
    d = &v->members[0].value;
    if (pav_doc_get(v, "NULL") != NULL)
        return &pav_doc_null;
    if (pav_doc_get(v, "N") != NULL && d->kind == PAV_STRING &&
        pav_doc_parse(a, d->text, d->len, NULL, &number, NULL) == PAV_OK)
        return number;
    if (pav_doc_get(v, "L") != NULL && d->kind == PAV_ARRAY) {
        pav_items_init(&list, a);
        for (i = 0; i < d->len; i++)
            pav_items_add(&list, plain(a, &d->items[i], depth + 1));
        return pav_items_array(&list);
    }
    if (pav_doc_get(v, "M") == NULL || d->kind != PAV_OBJECT)
        return d;
    pav_members_init(&m, a);
    for (i = 0; i < d->len; i++)
        pav_members_add(&m, d->members[i].key, d->members[i].len,
                        plain(a, &d->members[i].value, depth + 1));
    return pav_members_object(&m);
}

static void
add_item(struct stage *s, struct pav_items *all, const struct pav_doc *table,
         const struct pav_doc *item)
{
    struct pav_members m, of;
    uint32_t i;

    pav_members_init(&of, &s->arena);
    for (i = 0; i < item->len; i++)
        pav_members_add(&of, item->members[i].key, item->members[i].len,
                        plain(&s->arena, &item->members[i].value, 0));
    pav_members_init(&m, &s->arena);
    pav_members_puts(&m, "table", table);
    pav_members_puts(&m, "item", pav_members_object(&of));
    pav_items_add(all, pav_members_object(&m));
}

static enum pav_rc
items_of(struct stage *s, const struct daemon *d, struct pav_items *all,
         const struct pav_doc *table, struct pav_err *err)
{
    const struct pav_doc *page = NULL, *list, *start = NULL;
    enum pav_rc rc;
    long status;
    uint32_t i;

    do {
        struct pav_members ask;

        pav_members_init(&ask, &s->arena);
        pav_members_puts(&ask, "TableName", table);
        if (start != NULL)
            pav_members_puts(&ask, "ExclusiveStartKey", start);
        rc = stage_ask(s, d, NULL, "/", "DynamoDB_20120810.Scan",
                       pav_members_object(&ask), &status, &page, err);
        list = rc == PAV_OK ? pav_doc_get(page, "Items") : NULL;
        for (i = 0; list != NULL && i < list->len; i++)
            add_item(s, all, table, &list->items[i]);
        start = rc == PAV_OK ? pav_doc_get(page, "LastEvaluatedKey") : NULL;
    } while (start != NULL);
    return rc;
}

static enum pav_rc
items(struct stage *s, const struct daemon *d, struct pav_items *all,
      struct pav_err *err)
{
    const struct pav_doc *answer = NULL, *names;
    long status;
    uint32_t i;
    enum pav_rc rc = stage_ask(s, d, NULL, "/", "DynamoDB_20120810.ListTables",
                               &pav_doc_empty_object, &status, &answer, err);

    pav_items_init(all, &s->arena);
    names = rc == PAV_OK ? pav_doc_get(answer, "TableNames") : NULL;
    for (i = 0; rc == PAV_OK && names != NULL && i < names->len; i++)
        rc = items_of(s, d, all, &names->items[i], err);
    return rc;
}

/* ---- kinds of expectations ---- */

static const struct kind {
    const char *name;
    enum pav_rc (*list)(struct stage *s, const struct daemon *d,
                        struct pav_items *all, struct pav_err *err);
    bool ordered; /* and of no daemon */
} kinds[] = {
    {"executions", executions, false},   {"dispositions", dispositions, false},
    {"requests", requests, true},        {"logs", logs, false},
    {"objects", objects, false},         {"items", items, false},
    {"deadLetters", dead_letters, false}};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *
kind_of(const struct pav_member *m)
{
    size_t i;

    for (i = 0; i < KINDS; i++)
        if (pav_member_is(m, kinds[i].name))
            return &kinds[i];
    return NULL;
}

static bool
is_count(const struct pav_member *m)
{
    return m->len == 5 && memcmp(m->key, "count", 5) == 0;
}

static const struct pav_doc *
without_count(struct pav_arena *a, const struct pav_doc *wanted)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, a);
    for (i = 0; i < wanted->len; i++)
        if (!is_count(&wanted->members[i]))
            pav_members_add(&m, wanted->members[i].key, wanted->members[i].len,
                            &wanted->members[i].value);
    return pav_members_object(&m);
}

/* What it has of what was asked about. */
static const struct pav_doc *
seen_through(struct pav_arena *a, const struct pav_doc *wanted,
             const struct pav_doc *there)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, a);
    for (i = 0; i < wanted->len; i++) {
        const struct pav_member *w = &wanted->members[i];
        const struct pav_doc *v = pav_doc_getn(there, w->key, w->len);

        if (v != NULL)
            pav_members_add(&m, w->key, w->len, v);
    }
    return wanted->len == 0 ? there : pav_members_object(&m);
}

static void
tell(struct stage *s, const struct kind *k, const struct pav_doc *wanted,
     int64_t count, int64_t found, const struct pav_items *all,
     struct pav_buf *report)
{
    uint32_t i;

    pav_buf_printf(report, "  - %s %s: %lld expected, %lld found\n", k->name,
                   pav_doc_text(&s->arena, wanted), (long long)count,
                   (long long)found);
    for (i = 0; i < all->count && i < SHOWN; i++)
        pav_buf_printf(report, "  + %.400s\n",
                       pav_doc_text(&s->arena, seen_through(&s->arena, wanted,
                                                            &all->v[i])));
    if (all->count > SHOWN)
        pav_buf_printf(report, "  + and %u more\n", all->count - SHOWN);
    if (all->count == 0)
        pav_buf_printf(report, "  + there are no %s\n", k->name);
}

static bool
one_holds(struct stage *s, const struct kind *k, const struct pav_doc *wanted,
          const struct pav_items *all, uint32_t *from, struct pav_buf *report)
{
    const struct pav_doc *given = pav_doc_get(wanted, "count");
    int64_t count = given == NULL ? 1 : pav_doc_member_int(wanted, "count");
    const struct pav_doc *bare = without_count(&s->arena, wanted);
    int64_t found = 0;
    uint32_t i;

    if (k->ordered && given == NULL) {
        for (i = *from; i < all->count; i++) {
            if (!expect_fits(&s->arena, bare, &all->v[i]))
                continue;
            *from = i + 1;
            return true;
        }
    }
    for (i = 0; i < all->count && !(k->ordered && given == NULL); i++)
        found += expect_fits(&s->arena, bare, &all->v[i]);
    if (found == count)
        return true;
    tell(s, k, bare, count, found, all, report);
    return false;
}

/* Of each daemon of the system that runs; with its name, when it has one. */
static enum pav_rc
list_all(struct stage *s, const struct kind *k, const char *system,
         struct pav_items *all, struct pav_err *err)
{
    const struct daemon *first = stage_daemon(s, system, NULL);
    enum pav_rc rc = PAV_OK;
    uint32_t i, j;

    if (k->ordered || first->name == NULL)
        return k->list(s, first, all, err);
    pav_items_init(all, &s->arena);
    for (i = 0; rc == PAV_OK && i < s->daemons.count; i++) {
        const struct daemon *d = &s->daemons.v[i];
        struct pav_items of;
        struct pav_members named;

        if (d->pid <= 0 || d->system == NULL || strcmp(d->system, system) != 0)
            continue;
        rc = k->list(s, d, &of, err);
        pav_members_init(&named, &s->arena);
        pav_members_str(&named, "daemon", d->name);
        for (j = 0; rc == PAV_OK && j < of.count; j++)
            pav_items_add(all, pav_doc_merge(&s->arena, &of.v[j],
                                             pav_members_object(&named)));
    }
    return rc;
}

enum pav_rc
expect_holds(struct stage *s, const char *system, const struct pav_doc *expect,
             struct pav_buf *report, bool *holds, struct pav_err *err)
{
    enum pav_rc rc = PAV_OK;
    uint32_t i, j;

    *holds = true;
    for (i = 0; rc == PAV_OK && i < expect->len; i++) {
        const struct kind *k = kind_of(&expect->members[i]);
        const struct pav_doc *list = &expect->members[i].value;
        struct pav_items all;
        uint32_t from = 0;

        if (k == NULL)
            PAV_BUG("what was checked expects things of no kind");
        rc = list_all(s, k, system, &all, err);
        for (j = 0; rc == PAV_OK && j < list->len; j++)
            *holds =
                one_holds(s, k, &list->items[j], &all, &from, report) && *holds;
    }
    return rc;
}

enum pav_rc
expect_check(const struct pav_doc *expect, const struct pav_doc **at,
             struct pav_err *err)
{
    const struct pav_doc *count;
    uint32_t i, j;
    int64_t n;

    *at = expect;
    if (expect->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "", "an object is expected");
    for (i = 0; i < expect->len; i++) {
        const struct pav_doc *list = &expect->members[i].value;

        *at = list;
        if (kind_of(&expect->members[i]) == NULL)
            return pav_fail(err, PAV_INVALID, "",
                            "there is no '%.*s' to be expected: executions, "
                            "dispositions, requests, logs, objects, items and "
                            "deadLetters are",
                            (int)expect->members[i].len,
                            expect->members[i].key);
        if (list->kind != PAV_ARRAY)
            return pav_fail(err, PAV_INVALID, "", "a list is expected");
        for (j = 0; j < list->len; j++) {
            *at = &list->items[j];
            if ((*at)->kind != PAV_OBJECT)
                return pav_fail(err, PAV_INVALID, "", "an object is expected");
            count = pav_doc_get(*at, "count");
            if (count != NULL && (!pav_doc_int(count, &n) || n < 0))
                return pav_fail(err, PAV_INVALID, "",
                                "\"count\" is a whole number from 0");
        }
    }
    return PAV_OK;
}
