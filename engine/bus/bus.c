/*
 * Buses and their rules, in memory: the index that every event of a bus is
 * matched against.  See bus.h.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "pavane/log.h"
#include "bus.h"

#define RULE_CHUNK 512
#define PAGE       256

/* ---- buses ---- */

struct bus *
bus_by_name(struct pav_engine *e, const char *name)
{
    struct bus *b;

    for (b = e->buses; b != NULL; b = b->next)
        if (strcmp(b->name, name) == 0)
            return b;
    return NULL;
}

struct bus *
bus_by_id(struct pav_engine *e, int64_t id)
{
    struct bus *b;

    for (b = e->buses; b != NULL; b = b->next)
        if (b->id == id)
            return b;
    return NULL;
}

struct bus *
bus_of(struct pav_engine *e, const char *name)
{
    const char *p;

    if (name == NULL)
        return e->buses;
    p = pav_arn_name(name, "events", "event-bus");
    return bus_by_name(e, p == NULL ? name : p);
}

static struct bus *
bus_add(struct pav_engine *e, int64_t id, const char *name)
{
    struct bus *b = pav_xcalloc(1, sizeof(*b)), **last;
    struct machine *m;

    b->id = id;
    b->name = pav_xstrdup(name);
    b->arn = pav_xstrdup(pav_arn_put(&e->arena, "events", e->config.region,
                                     e->config.account, "event-bus/%s", name));
    b->index = pav_index_new();
    for (last = &e->buses; *last != NULL; last = &(*last)->next)
        ;
    *last = b;
    for (m = e->machines; m != NULL; m = m->next)
        if (m->rules != NULL && strcmp(m->rules->bus, name) == 0) {
            bus_detach(e, m);
            bus_attach(e, m);
        }
    return b;
}

/* ---- who may put ---- */

/* "X", or a list with "X" in it. */
static bool
names(const struct pav_doc *d, const char *text)
{
    uint32_t i;

    if (d != NULL && d->kind == PAV_ARRAY) {
        for (i = 0; i < d->len; i++)
            if (pav_doc_is_str(&d->items[i], text))
                return true;
        return false;
    }
    return pav_doc_is_str(d, text);
}

static bool
is_about(struct pav_engine *e, const struct pav_doc *statement,
         const char *account)
{
    const struct pav_doc *action = pav_doc_get(statement, "Action");
    const struct pav_doc *who = pav_doc_get(statement, "Principal");

    if (who != NULL && who->kind == PAV_OBJECT)
        who = pav_doc_get(who, "AWS");
    return (names(action, "events:PutEvents") || names(action, "events:*") ||
            names(action, "*")) &&
           (names(who, "*") || names(who, account) ||
            names(who, pav_arena_printf(&e->arena, "arn:aws:iam::%s:root",
                                        account)));
}

/* A Condition is about organisations, which nobody knows here: an Allow with
 * one lets nobody in, a Deny holds for all. */
bool
bus_admits(struct pav_engine *e, const struct bus *b, const char *account)
{
    struct pav_name_row row;
    const struct pav_doc *list;
    bool admits = false;
    uint32_t i;

    if (!pav_store_name(e->store, PAV_NAME_BUS, 0, b->name, &e->arena, &row))
        return false;
    list = pav_doc_get(
        pav_doc_get(pav_doc_own(&e->arena, row.body.p, row.body.len), "Policy"),
        "Statement");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const struct pav_doc *s = &list->items[i];

        if (!is_about(e, s, account))
            continue;
        if (pav_doc_is_str(pav_doc_get(s, "Effect"), "Deny"))
            return false;
        admits |= pav_doc_is_str(pav_doc_get(s, "Effect"), "Allow") &&
                  pav_doc_get(s, "Condition") == NULL;
    }
    return admits;
}

/* ---- rules of machines ---- */

/* "$.detail.order_id" names a member by names alone: found while matching. */
static bool
is_plain_path(const char *text)
{
    return strncmp(text, "$.", 2) == 0 && text[2] != '\0' &&
           strspn(text + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                            "xyz0123456789_-.") == strlen(text + 2) &&
           strstr(text, "..") == NULL && text[strlen(text) - 1] != '.';
}

static void
watch_key(struct machine_rule *r)
{
    const struct pav_rule *rule = r->rule;
    uint32_t i;

    r->slotted = true;
    for (i = 0; i < rule->key_count; i++)
        r->slotted &= is_plain_path(pav_pick_text(rule->key[i]));
    for (i = 0; r->slotted && i < rule->key_count; i++) {
        const char *path = pav_pick_text(rule->key[i]) + 2;

        r->slots[i] = pav_index_watch(r->bus->index, path, strlen(path));
    }
}

/* Changes of status come to the default bus. */
static void
count_asking(struct pav_engine *e, const struct bus *b,
             struct index_owner *index_owner, bool asks)
{
    index_owner->asks_status = asks && b->id == DEFAULT_BUS_ID;
    e->status_rules += index_owner->asks_status;
}

void
bus_attach(struct pav_engine *e, struct machine *m)
{
    struct pav_log_ctx ctx = {.machine = m->name};
    struct bus *b = bus_by_name(e, m->rules->bus);
    uint32_t i;

    if (m->rules->count == 0)
        return;
    if (b == NULL) { /* until somebody creates it: bus_add() */
        pav_log(PAV_LOG_WARN, &ctx,
                "rules.json: there is no bus '%s': its rules get nothing until "
                "CreateEventBus makes it",
                m->rules->bus);
        return;
    }
    PAV_ASSERT(m->bus_rules == NULL);
    m->bus_rules = pav_xcalloc(m->rules->count + 1, sizeof(*m->bus_rules));
    for (i = 0; i < m->rules->count; i++) {
        struct machine_rule *r = &m->bus_rules[i];

        r->index_owner.kind = OWNER_MACHINE;
        r->bus = b;
        r->machine = m;
        r->rule = &m->rules->rules[i];
        r->index_owner.handle =
            pav_index_add(b->index, r->rule->pattern, &r->index_owner);
        count_asking(e, b, &r->index_owner, r->rule->asks_status);
        watch_key(r);
    }
    m->bus_rule_count = m->rules->count;
}

void
bus_detach(struct pav_engine *e, struct machine *m)
{
    uint32_t i, k;

    for (i = 0; i < m->bus_rule_count; i++) {
        struct machine_rule *r = &m->bus_rules[i];

        pav_index_remove(r->bus->index, r->index_owner.handle);
        e->status_rules -= r->index_owner.asks_status;
        for (k = 0; r->slotted && k < r->rule->key_count; k++)
            pav_index_unwatch(r->bus->index, r->slots[k]);
    }
    free(m->bus_rules);
    m->bus_rules = NULL;
    m->bus_rule_count = 0;
}

/* ---- rules of the API ---- */

const char *
bus_rule_arn(struct pav_engine *e, const char *bus, const char *name)
{
    bool is_default = strcmp(bus, DEFAULT_BUS) == 0;

    return pav_arn_put(&e->arena, "events", e->config.region, e->config.account,
                       "rule/%s%s%s", is_default ? "" : bus,
                       is_default ? "" : "/", name);
}

static struct bus_rule **
rule_place(const struct bus *b, const char *name)
{
    return &b->rules[pav_hash64(name, strlen(name), 3) & (b->table_len - 1)];
}

struct bus_rule *
bus_rule_find(struct bus *b, const char *name)
{
    struct bus_rule *r = b->table_len == 0 ? NULL : *rule_place(b, name);

    while (r != NULL && strcmp(r->name, name) != 0)
        r = r->next;
    return r;
}

static void
rules_grow(struct bus *b)
{
    struct bus_rule **old = b->rules, *r, *next;
    uint64_t i, len = b->table_len;

    b->table_len = len == 0 ? 64 : len * 2;
    b->rules = pav_xcalloc(b->table_len, sizeof(*b->rules));
    for (i = 0; i < len; i++)
        for (r = old[i]; r != NULL; r = next) {
            next = r->next;
            r->next = *rule_place(b, r->name);
            *rule_place(b, r->name) = r;
        }
    free(old);
}

static void
rule_free(struct bus_rule *r)
{
    pav_arena_fini(&r->arena);
    free(r);
}

static void
rule_drop(struct pav_engine *e, struct bus *b, const char *name)
{
    struct bus_rule **p, *r;

    if (b->table_len == 0)
        return;
    for (p = rule_place(b, name); (r = *p) != NULL; p = &r->next)
        if (strcmp(r->name, name) == 0) {
            *p = r->next;
            b->rule_count--;
            e->counts.rules--;
            e->status_rules -= r->index_owner.asks_status;
            if (r->index_owner.handle != NULL)
                pav_index_remove(b->index, r->index_owner.handle);
            rule_free(r);
            return;
        }
}

/* The pattern of a row: a text in a text. */
static struct pav_index_rule *
pattern_add(struct pav_engine *e, struct bus *b, const struct pav_doc *body,
            struct index_owner *index_owner)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    const struct pav_doc *text = pav_doc_get(body, "EventPattern"), *doc;
    struct pav_pattern *p;

    if (text == NULL || text->kind != PAV_STRING ||
        pav_doc_parse(&e->arena, text->text, text->len, &keep, &doc, NULL) !=
            PAV_OK ||
        pav_pattern_compile(&e->arena, doc, &p, NULL) != PAV_OK)
        return NULL;
    count_asking(e, b, index_owner,
                 pav_pattern_may_match(doc, PAV_STATUS_SOURCE, PAV_STATUS_TYPE,
                                       &e->arena));
    return pav_index_add(b->index, p, index_owner);
}

static void
rule_put(struct pav_engine *e, struct bus *b, const char *name,
         const struct pav_doc *body)
{
    const struct pav_doc *targets = pav_doc_get(body, "Targets");
    struct bus_rule *r = pav_xcalloc(1, sizeof(*r));
    struct pav_err err;
    uint32_t i;

    pav_arena_init(&r->arena, RULE_CHUNK);
    r->index_owner.kind = OWNER_RULE;
    r->name = pav_arena_strdup(&r->arena, name);
    r->arn = pav_arena_strdup(&r->arena, bus_rule_arn(e, b->name, name));
    if (targets != NULL && targets->len > 0) {
        r->targets =
            pav_arena_zalloc(&r->arena, targets->len * sizeof(*r->targets));
        for (i = 0; i < targets->len; i++)
            if (target_read(e, &r->arena, &targets->items[i],
                            &r->targets[r->target_count], &err) == PAV_OK)
                r->target_count++;
    }
    if (!pav_doc_is_str(pav_doc_get(body, "State"), "DISABLED"))
        r->index_owner.handle = pattern_add(e, b, body, &r->index_owner);
    if (b->rule_count >= b->table_len)
        rules_grow(b);
    r->next = *rule_place(b, name);
    *rule_place(b, name) = r;
    b->rule_count++;
    e->counts.rules++;
}

void
bus_rule_refresh(struct pav_engine *e, const char *bus, const char *name)
{
    struct bus *b = bus_by_name(e, bus);
    struct pav_name_row row;

    if (b == NULL)
        return;
    rule_drop(e, b, name);
    if (pav_store_name(e->store, PAV_NAME_RULE, b->id, name, &e->arena, &row))
        rule_put(e, b, name, pav_doc_own(&e->arena, row.body.p, row.body.len));
}

static void
rules_load(struct pav_engine *e, struct bus *b)
{
    struct pav_name_row *rows = pav_xcalloc(PAGE, sizeof(*rows));
    char *after = pav_xstrdup("");
    uint32_t i, n;

    do {
        n = pav_store_names(e->store, PAV_NAME_RULE, b->id, after, PAGE,
                            &e->arena, rows);
        for (i = 0; i < n; i++)
            rule_put(e, b, rows[i].name,
                     pav_doc_own(&e->arena, rows[i].body.p, rows[i].body.len));
        if (n > 0) {
            free(after);
            after = pav_xstrdup(rows[n - 1].name);
        }
        pav_arena_reset(&e->arena);
    } while (n == PAGE);
    free(after);
    free(rows);
}

/* ---- archives ---- */

struct archive *
archive_by_name(struct pav_engine *e, const char *name)
{
    struct archive *a;

    for (a = e->archives; a != NULL; a = a->next)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

static void
archive_free(struct pav_engine *e, struct archive *a)
{
    e->status_rules -= a->index_owner.asks_status;
    if (a->index_owner.handle != NULL)
        pav_index_remove(a->bus->index, a->index_owner.handle);
    free(a->name);
    free(a);
}

/* An archive without a pattern takes every event: it has no place in the
 * index.  With `only`, one of that bus. */
static void
archive_put(struct pav_engine *e, const struct pav_name_row *row,
            const struct bus *only)
{
    const struct pav_doc *body =
        pav_doc_own(&e->arena, row->body.p, row->body.len);
    struct archive *a = pav_xcalloc(1, sizeof(*a)), **last;
    const struct pav_doc *arn = pav_doc_get(body, "EventSourceArn");
    int64_t days = 0;

    a->bus = bus_of(e, pav_doc_str(&e->arena, arn));
    if (a->bus == NULL || (only != NULL && a->bus != only)) {
        free(a); /* when its bus is gone, what it has stays */
        return;
    }
    a->index_owner.kind = OWNER_ARCHIVE;
    a->id = row->number;
    a->name = pav_xstrdup(row->name);
    if (pav_doc_get(body, "RetentionDays") != NULL)
        (void)pav_doc_int(pav_doc_get(body, "RetentionDays"), &days);
    a->retention_ms = days < 0 || days > INT32_MAX ? 0 : days * 86400000;
    if (pav_doc_is_str(pav_doc_get(body, "State"), "ENABLED")) {
        a->all = pav_doc_get(body, "EventPattern") == NULL;
        a->index_owner.handle = pattern_add(e, a->bus, body, &a->index_owner);
        if (a->all)
            count_asking(e, a->bus, &a->index_owner, true);
    }
    pav_store_archive_count(e->store, a->id, &a->count, &a->bytes);
    for (last = &e->archives; *last != NULL; last = &(*last)->next)
        ;
    *last = a;
}

void
archive_refresh(struct pav_engine *e, const char *name)
{
    struct archive **p, *a;
    struct pav_name_row row;

    for (p = &e->archives; (a = *p) != NULL; p = &a->next)
        if (strcmp(a->name, name) == 0) {
            *p = a->next;
            archive_free(e, a);
            break;
        }
    if (pav_store_name(e->store, PAV_NAME_ARCHIVE, 0, name, &e->arena, &row))
        archive_put(e, &row, NULL);
}

static void
archives_load(struct pav_engine *e, const struct bus *only)
{
    struct pav_name_row rows[PAGE];
    const char *after = "";
    uint32_t i, n;

    do {
        n = pav_store_names(e->store, PAV_NAME_ARCHIVE, 0, after, PAGE,
                            &e->arena, rows);
        for (i = 0; i < n; i++)
            archive_put(e, &rows[i], only);
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == PAGE);
}

/* ---- life ---- */

static void
bus_free(struct pav_engine *e, struct bus *b)
{
    struct archive **p, *a;
    struct machine *m;
    uint64_t i;

    for (m = e->machines; m != NULL; m = m->next)
        if (m->bus_rule_count > 0 && m->bus_rules[0].bus == b) {
            bus_detach(e, m);
            if (e->buses != NULL)
                bus_attach(e, m);
        }
    for (p = &e->archives; (a = *p) != NULL;) {
        if (a->bus != b) {
            p = &a->next;
            continue;
        }
        *p = a->next;
        archive_free(e, a);
    }
    for (i = 0; i < b->table_len; i++)
        while (b->rules[i] != NULL) {
            struct bus_rule *r = b->rules[i];

            b->rules[i] = r->next;
            e->status_rules -= r->index_owner.asks_status;
            rule_free(r);
        }
    pav_index_free(b->index);
    free(b->rules);
    free(b->name);
    free(b->arn);
    free(b);
}

void
bus_refresh(struct pav_engine *e, const char *name)
{
    struct bus **p, *b;
    struct pav_name_row row;
    bool there =
        pav_store_name(e->store, PAV_NAME_BUS, 0, name, &e->arena, &row);

    if (there && bus_by_name(e, name) == NULL)
        archives_load(e, bus_add(e, row.number, name));
    for (p = &e->buses; !there && (b = *p) != NULL; p = &b->next)
        if (strcmp(b->name, name) == 0 && b->id != DEFAULT_BUS_ID) {
            *p = b->next;
            e->counts.rules -= b->rule_count;
            bus_free(e, b);
            return;
        }
}

void
bus_load(struct pav_engine *e)
{
    struct pav_name_row rows[PAGE];
    const char *after = "";
    struct bus *b;
    uint32_t i, n;

    (void)bus_add(e, DEFAULT_BUS_ID, DEFAULT_BUS);
    do {
        n = pav_store_names(e->store, PAV_NAME_BUS, 0, after, PAGE, &e->arena,
                            rows);
        for (i = 0; i < n; i++)
            if (rows[i].number != DEFAULT_BUS_ID)
                (void)bus_add(e, rows[i].number, rows[i].name);
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == PAGE);
    pav_arena_reset(&e->arena);
    for (b = e->buses; b != NULL; b = b->next)
        rules_load(e, b);
    archives_load(e, NULL);
    pav_arena_reset(&e->arena);
}

void
bus_fini(struct pav_engine *e)
{
    struct bus *b;

    while ((b = e->buses) != NULL) {
        e->buses = b->next;
        bus_free(e, b);
    }
}
