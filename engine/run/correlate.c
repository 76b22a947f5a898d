/*
 * Which execution an event is about: the key that its rule finds in it, and the
 * names of executions, which come from their keys.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "cause.h"
#include "correlate.h"
#include "hot.h"

struct pav_event *
context_event(struct event_context *ec)
{
    const struct pav_doc *d = &pav_doc_null;

    if (ec->event.doc == NULL) {
        if (ec->item->tree != NULL)
            d = ec->item->tree;
        else if (pav_doc_parse(&ec->e->arena, ec->envelope->text.p,
                               ec->envelope->text.len, NULL, &d,
                               NULL) != PAV_OK)
            pav_store_spoilt(ec->e->store, "in table event: what was checked "
                                           "is no JSON any more");
        pav_event_init(&ec->event, d, &ec->e->arena);
    }
    return &ec->event;
}

/* The envelope's text and the body have the same bytes, all of them or the
 * detail. */
static bool
common_part(const struct event_context *ec, struct pav_event_text *out)
{
    const struct pav_envelope *envelope = ec->envelope;
    const struct pav_bytes *body = &ec->item->body, *text = &envelope->text;
    uintptr_t detail = (uintptr_t)envelope->detail.p;

    *out = (struct pav_event_text){.len = text->len};
    if (text->len == body->len && memcmp(text->p, body->p, text->len) == 0)
        return true;
    if (detail < (uintptr_t)body->p || detail >= (uintptr_t)body->p + body->len)
        return false;
    out->body_at = (size_t)(envelope->detail.p - body->p);
    out->len = envelope->detail.len;
    out->before = (struct pav_bytes){text->p, envelope->detail_at};
    out->behind.p = text->p + envelope->detail_at + out->len;
    out->behind.len = text->len - envelope->detail_at - out->len;
    return true;
}

/* The same of a filled template, for its largest part. */
static bool
filled_part(const struct event_context *ec,
            const struct pav_transform_part *part, struct pav_event_text *out)
{
    struct pav_event_text all;

    if (part->len == 0 || !common_part(ec, &all) || part->at < all.before.len ||
        part->at + part->len > all.before.len + all.len)
        return false;
    *out = (struct pav_event_text){.before = part->before,
                                   .behind = part->behind,
                                   .body_at =
                                       part->at - all.before.len + all.body_at,
                                   .len = part->len};
    return true;
}

struct cause
context_cause(const struct event_context *ec, const struct pav_transform *t,
              const struct pav_transform_part *part)
{
    struct cause c = {.event_id = ec->id};

    c.given = pav_transform_is_part(t) ? common_part(ec, &c.text)
                                       : filled_part(ec, part, &c.text);
    return c;
}

/* 1234.0 and 1.234e3 are the number 1234, as patterns compare them; digits
 * alone stay as they are, however many. */
static struct pav_bytes
number_text(struct pav_arena *a, struct pav_bytes raw)
{
    struct pav_doc d = {
        .kind = PAV_NUMBER, .len = (uint32_t)raw.len, .text = raw.p};
    double v;
    int digits;

    if (memchr(raw.p, '.', raw.len) == NULL &&
        memchr(raw.p, 'e', raw.len) == NULL &&
        memchr(raw.p, 'E', raw.len) == NULL &&
        !(raw.len == 2 && memcmp(raw.p, "-0", 2) == 0))
        return raw;
    v = pav_doc_double(&d);
    if (v == floor(v) && fabs(v) < 1e15) {
        raw.p = pav_arena_printf(a, "%lld", (long long)v);
    } else {
        for (digits = 15; digits < 17; digits++) {
            raw.p = pav_arena_printf(a, "%.*g", digits, v);
            if (strtod(raw.p, NULL) == v)
                break;
        }
        if (digits == 17)
            raw.p = pav_arena_printf(a, "%.17g", v);
    }
    raw.len = strlen(raw.p);
    return raw;
}

static bool
picked_part(const struct pav_pick *pick, const struct pav_doc *from,
            struct pav_arena *a, struct pav_bytes *out)
{
    const struct pav_doc *v = pav_pick_eval(pick, from, 0, a);

    if (v == NULL || (v->kind != PAV_STRING && v->kind != PAV_NUMBER))
        return false;
    out->p = v->text;
    out->len = v->len;
    if (v->kind == PAV_NUMBER)
        *out = number_text(a, *out);
    return v->len > 0;
}

/* The value at one path: as the index found it, or out of the tree. */
static bool
key_part(struct event_context *ec, const struct machine_rule *r, uint32_t i,
         struct pav_bytes *out)
{
    struct pav_arena *a = &ec->e->arena;
    struct pav_bytes raw;
    char *text;

    if (!r->slotted)
        return picked_part(r->rule->key[i], context_event(ec)->doc, a, out);
    raw = pav_index_watched(r->bus->index, r->slots[i]);
    if (raw.len == 0 || strchr("{[tfn", *raw.p) != NULL)
        return false;
    *out = raw;
    if (*raw.p != '"') {
        *out = number_text(a, raw);
        return true;
    }
    out->p = raw.p + 1;
    out->len = raw.len - 2;
    if (memchr(out->p, '\\', out->len) != NULL) {
        text = pav_arena_alloc(a, out->len + 1);
        out->len = pav_doc_unescape(out->p, out->len, text);
        out->p = text;
    }
    return out->len > 0;
}

static void
put_part(struct pav_buf *b, struct pav_bytes part)
{
    size_t i;

    for (i = 0; i < part.len; i++) {
        if (part.p[i] == '|' || part.p[i] == '\\')
            pav_buf_putc(b, '\\');
        pav_buf_putc(b, part.p[i]);
    }
}

/* The values of a key's paths as the key; NULL, and `*why`. */
static const char *
key_of_parts(struct pav_arena *a, const struct pav_pick *const *picks,
             const struct pav_bytes *parts, uint32_t count, const char **why)
{
    struct pav_bytes key = parts[0];
    struct pav_doc text = {.kind = PAV_STRING};
    struct pav_buf joined;
    uint32_t i;

    pav_buf_init(&joined, SIZE_MAX / 2);
    for (i = 0; i < count && count > 1; i++) {
        if (i > 0)
            pav_buf_putc(&joined, '|');
        put_part(&joined, parts[i]);
    }
    if (count > 1) {
        key.p = pav_arena_strndup(a, joined.p, joined.len);
        key.len = joined.len;
    }
    pav_buf_fini(&joined);
    if (key.len > KEY_MAX || memchr(key.p, 0, key.len) != NULL) {
        *why = pav_arena_printf(
            a,
            "the correlation id at %s is longer than %d bytes, or holds "
            "U+0000",
            pav_pick_text(picks[0]), KEY_MAX);
        return NULL;
    }
    text.text = key.p; /* half a character becomes U+FFFD */
    text.len = (uint32_t)key.len;
    return pav_doc_str(a, &text);
}

static const char *
no_id(struct pav_arena *a, const struct pav_pick *pick)
{
    return pav_arena_printf(
        a, "no correlation id: %s is neither a text nor a number",
        pav_pick_text(pick));
}

const char *
correlation_key(struct event_context *ec, const struct machine_rule *r,
                const char **why)
{
    const struct pav_rule *rule = r->rule;
    struct pav_bytes parts[PAV_KEY_PARTS] = {{NULL, 0}};
    uint32_t i;

    for (i = 0; i < rule->key_count; i++)
        if (!key_part(ec, r, i, &parts[i])) {
            *why = no_id(&ec->e->arena, rule->key[i]);
            return NULL;
        }
    return key_of_parts(&ec->e->arena, rule->key, parts, rule->key_count, why);
}

bool
input_key(struct pav_engine *e, const struct machine *m,
          const struct pav_doc *input, const char **key, const char **why)
{
    const struct pav_rules *rules = m->rules;
    struct pav_bytes parts[PAV_KEY_PARTS] = {{NULL, 0}};
    struct pav_execution_row row;
    uint32_t i;

    if (rules == NULL || rules->input_key_count == 0)
        return true;
    for (i = 0; i < rules->input_key_count; i++)
        if (!picked_part(rules->input_key[i], input, &e->arena, &parts[i])) {
            *why = no_id(&e->arena, rules->input_key[i]);
            return false;
        }
    *key = key_of_parts(&e->arena, rules->input_key, parts,
                        rules->input_key_count, why);
    if (*key == NULL)
        return false;
    if ((!hot_of_key(e, m->id, *key, &row) &&
         !pav_store_execution_of_key(e->store, m->id, *key, &e->arena, &row)) ||
        row.status != PAV_RUNNING)
        return true;
    *why = pav_arena_printf(
        &e->arena, "an execution of the correlation id '%s' is open: '%s%s'",
        *key, m->execution_arn, row.name);
    return false;
}

/* A text or a number as a key; NULL: neither, or too long. */
static const char *
key_of_value(struct pav_arena *a, const struct pav_doc *v)
{
    struct pav_bytes raw = {v->text, v->len};
    struct pav_doc text = {.kind = PAV_STRING};

    if (v->kind == PAV_NUMBER)
        raw = number_text(a, raw);
    else if (v->kind != PAV_STRING)
        return NULL;
    if (raw.len == 0 || raw.len > KEY_MAX || memchr(raw.p, 0, raw.len) != NULL)
        return NULL;
    text.text = raw.p;
    text.len = (uint32_t)raw.len;
    return pav_doc_str(a, &text);
}

static bool
has_key(const char *const *keys, uint32_t count, const char *key)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

uint32_t
correlation_keys(struct event_context *ec, const struct machine_rule *r,
                 const char ***keys, const char **why)
{
    struct pav_arena *a = &ec->e->arena;
    const struct pav_rule *rule = r->rule;
    const struct pav_doc *list;
    uint32_t i, count = 0;

    if (r->slotted || rule->key_count != 1)
        return 0;
    list = pav_pick_eval(rule->key[0], context_event(ec)->doc, 0, a);
    if (list == NULL || list->kind != PAV_ARRAY)
        return 0;
    *keys = pav_arena_alloc(a, (KEYS_MAX + 1) * sizeof(**keys));
    for (i = 0; i < list->len; i++) {
        const char *key = key_of_value(a, &list->items[i]);

        if (key == NULL || has_key(*keys, count, key))
            continue;
        if (count == KEYS_MAX) {
            *why = pav_arena_printf(a, "%s gives more than %d correlation ids",
                                    pav_pick_text(rule->key[0]), KEYS_MAX);
            return 0;
        }
        (*keys)[count++] = key;
    }
    return count;
}

/* A name for the n-th execution of a key, from 1. */
static const char *
name_for(struct pav_engine *e, const char *key, int n)
{
    struct pav_arena *a = &e->arena;
    char *base;
    size_t i;

    if (n == 1 && pav_name_valid(key))
        return key;
    base = pav_arena_strdup(a, key);
    if (!pav_name_valid(key) || strlen(key) > 70) {
        size_t len = strlen(base) > 50 ? 50 : strlen(base);

        for (i = 0; i < len; i++)
            if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                       "0123456789-_.",
                       base[i]) == NULL)
                base[i] = '-';
        base[len] = '\0';
        base = pav_arena_printf(
            a, "%s-%016llx", base,
            (unsigned long long)pav_hash64(key, strlen(key), 1));
    }
    return n == 1 ? base : pav_arena_printf(a, "%s-%d", base, n);
}

const char *
execution_name(struct pav_engine *e, const struct machine *m, const char *key,
               const char *newest)
{
    struct pav_execution_row row;
    const char *name = name_for(e, key, 1);
    size_t len = strlen(name);
    int n = 1;

    if (newest != NULL && strncmp(newest, name, len) == 0) {
        n = 2;
        if (newest[len] == '-' && sscanf(newest + len + 1, "%d", &n) == 1)
            n++;
    }
    do {
        name = name_for(e, key, n++);
    } while (pav_store_execution_named(e->store, m->id, name, &e->arena, &row));
    return name;
}
