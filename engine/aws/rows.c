/*
 * Resources that are rows of names: what EventBridge's, Scheduler's and our
 * own share.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/pattern.h"
#include "turn/turn.h"
#include "pages.h"
#include "rows.h"

void
tags_remove(struct control *c, const char *arn, const struct pav_doc *keys)
{
    const struct pav_doc *old;
    struct pav_name_row row;
    struct pav_members left;
    uint32_t i, k;

    if (arn == NULL ||
        !pav_store_name(c->e->store, PAV_NAME_TAGS, 0, arn, c->a, &row))
        return;
    old = control_body(c, &row);
    pav_members_init(&left, c->a);
    for (i = 0; i < old->len; i++) {
        for (k = 0; keys != NULL && k < keys->len; k++)
            if (keys->items[k].kind == PAV_STRING &&
                keys->items[k].len == old->members[i].len &&
                memcmp(keys->items[k].text, old->members[i].key,
                       old->members[i].len) == 0)
                break;
        if (keys == NULL || k == keys->len)
            pav_members_add(&left, old->members[i].key, old->members[i].len,
                            &old->members[i].value);
    }
    row.body = control_printed(c, pav_members_object(&left));
    pav_store_name_put(c->e->store, &row);
}

void
events_touch(struct control *c, enum pav_touched touched, const char *bus,
             const char *name)
{
    c->j->touched = touched;
    c->j->touched_bus =
        bus == NULL ? NULL : pav_arena_strdup(&c->j->job.arena, bus);
    c->j->touched_name = pav_arena_strdup(&c->j->job.arena, name);
}

const char *
events_name_of(struct control *c, const char *text, const char *kind)
{
    const char *p = pav_arn_name(text, "events", kind);

    return p == NULL ? text : pav_arena_strndup(c->a, p, strcspn(p, "/"));
}

void
events_copy(struct pav_members *out, const struct pav_doc *d,
            const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const struct pav_doc *v = pav_doc_get(d, *keys);

        if (v != NULL && v->kind != PAV_NULL)
            pav_members_puts(out, *keys, v);
    }
}

void
events_date(struct pav_members *out, const struct pav_doc *body,
            const char *key)
{
    if (pav_doc_member_int(body, key) != 0)
        pav_members_date(out, key, pav_doc_member_int(body, key));
}

const char *
events_arn(struct control *c, const char *kind, const char *name)
{
    return pav_arn_put(c->a, "events", c->e->config.region,
                       c->e->config.account, "%s/%s", kind, name);
}

void
events_put(struct control *c, int kind, int64_t owner, const char *name,
           int64_t number, struct pav_members *body)
{
    struct pav_name_row row = {
        .kind = kind,
        .owner = owner,
        .name = name,
        .number = number,
        .body = control_printed(c, pav_members_object(body))};

    pav_store_name_put(c->e->store, &row);
}

/* A page of names with a prefix: "NextToken" goes on behind the last. */
void
events_list(struct control *c, int kind, int64_t owner, const char *key,
            const struct pav_doc *(*entry)(struct control *c,
                                           const struct pav_name_row *row))
{
    const char *prefix = control_text(c, "NamePrefix");
    const char *after = control_page_start(c), *last = NULL;
    int64_t limit = pav_doc_member_int(c->j->request, "Limit");
    struct pav_name_row rows[100];
    struct pav_items list;
    uint32_t i, n;

    if (after == NULL)
        return;
    if (limit == 0)
        limit = 100;
    pav_items_init(&list, c->a);
    for (;;) {
        n = pav_store_names(c->e->store, kind, owner, after, 100, c->a, rows);
        for (i = 0; i < n; i++) {
            const struct pav_doc *d;

            if (prefix != NULL &&
                strncmp(rows[i].name, prefix, strlen(prefix)) != 0)
                continue;
            d = entry(c, &rows[i]);
            if (d == NULL)
                continue;
            if (list.count == limit) {
                control_page_next(c, last);
                i = n = 0;
                break;
            }
            pav_items_add(&list, d);
            last = rows[i].name;
        }
        if (n < 100)
            break;
        after = rows[n - 1].name;
    }
    pav_members_puts(&c->out, key, pav_items_array(&list));
}

bool
events_row(struct control *c, int kind, int64_t owner, const char *name,
           struct pav_name_row *row, const struct pav_doc **body)
{
    if (name == NULL ||
        !pav_store_name(c->e->store, kind, owner, name, c->a, row))
        return false;
    *body = control_body(c, row);
    return true;
}

static int64_t
next_number(struct control *c, int kind)
{
    struct pav_name_row rows[100];
    const char *after = "";
    int64_t max = 1;
    uint32_t i, n;

    do {
        n = pav_store_names(c->e->store, kind, 0, after, 100, c->a, rows);
        for (i = 0; i < n; i++)
            if (rows[i].number > max)
                max = rows[i].number;
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == 100);
    return max + 1;
}

int64_t
events_fresh_number(struct control *c, int kind, const char *counter)
{
    struct pav_name_row row = {
        .kind = PAV_NAME_LAST_VERSION, .name = counter, .body = {"{}", 2}};
    int64_t n = next_number(c, kind);

    if (pav_store_name(c->e->store, PAV_NAME_LAST_VERSION, 0, counter, c->a,
                       &row) &&
        row.number >= n)
        n = row.number + 1;
    row.number = n;
    pav_store_name_put(c->e->store, &row);
    return n;
}

void
events_answer(struct control *c, const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; i < d->len; i++)
        pav_members_add(&c->out, d->members[i].key, d->members[i].len,
                        &d->members[i].value);
}

bool
events_check_pattern(struct control *c, const char *text)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    const struct pav_doc *doc = NULL;
    struct pav_pattern *p;
    struct pav_err err;

    if (text == NULL ||
        ((*text == '\0' || pav_doc_parse(c->a, text, strlen(text), &keep, &doc,
                                         &err) == PAV_OK) &&
         pav_pattern_compile(c->a, doc, &p, &err) == PAV_OK))
        return true;
    job_fail(&c->j->job, PAV_INVALID, "InvalidEventPatternException",
             "EventPattern", "Event pattern is not valid. Reason: %s",
             err.message);
    return false;
}

bool
events_tags_add(struct control *c, const char *arn, const struct pav_doc *tags)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, c->a);
    for (i = 0; i < tags->len; i++) {
        const struct pav_doc *key = pav_doc_get(&tags->items[i], "Key");
        const struct pav_doc *value = pav_doc_get(&tags->items[i], "Value");
        struct pav_members m;

        pav_members_init(&m, c->a);
        if (key != NULL)
            pav_members_puts(&m, "key", key);
        if (value != NULL)
            pav_members_puts(&m, "value", value);
        pav_items_add(&list, pav_members_object(&m));
    }
    return tags_add(c->e, arn, pav_items_array(&list));
}

void
events_tags(struct control *c, const char *arn)
{
    const struct pav_doc *tags = &pav_doc_empty_object;
    struct pav_name_row row;
    struct pav_items list;
    uint32_t i;

    if (arn == NULL)
        return;
    (void)events_row(c, PAV_NAME_TAGS, 0, arn, &row, &tags);
    pav_items_init(&list, c->a);
    for (i = 0; i < tags->len; i++) {
        struct pav_members m;

        pav_members_init(&m, c->a);
        pav_members_puts(
            &m, "Key",
            pav_doc_new_str(c->a, tags->members[i].key, tags->members[i].len));
        pav_members_puts(&m, "Value", &tags->members[i].value);
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_puts(&c->out, "Tags", pav_items_array(&list));
}

void
events_tags_of_new(struct control *c, const char *arn)
{
    const struct pav_doc *tags = pav_doc_get(c->j->request, "Tags");

    if (tags != NULL && tags->len > 0 && !events_tags_add(c, arn, tags))
        job_fail(&c->j->job, PAV_LIMIT, "LimitExceededException", "Tags",
                 "A resource has at most 50 tags.");
}
