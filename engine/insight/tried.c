/*
 * Rules tried on one event, field by field: see pavane/insight.h.  Each rule is
 * measured first, which makes no texts; the few that are told of are explained
 * then.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/clock.h"
#include "pavane/insight.h"
#include "pavane/pattern.h"
#include "pavane/text.h"

#define DEPTH_MAX  16
#define WANTED_MAX 64
#define PAGE       500 /* rules of a bus that are read at once */
#define NEAR       0.5 /* of its fields */
#define LONG_US    1000000

static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};

/* A rule in hand: what it points to is good until the next. */
struct rule_at {
    const char *machine; /* NULL: a rule of a bus */
    const char *name;
    bool starts, disabled;
    const struct pav_doc *pattern;
};

struct trying {
    struct pav_reader *r;
    struct pav_arena *a;
    struct pav_arena scratch; /* of the rule in hand */
    const char *bus;
    int64_t bus_id, until_us;
    void (*look)(struct trying *t, const struct rule_at *rule);
    /* for pav_rules_tried() */
    struct pav_event event;
    bool odd; /* the event: any of several values may match */
    struct pav_tried *out;
    struct found *near, *taking;
    uint32_t near_count, near_most, taking_count, taking_most;
    const char *path[DEPTH_MAX];
    size_t lens[DEPTH_MAX];
    /* for pav_rules_hearing() */
    const char *source, *detail_type;
};

/* ---- all rules of a bus ---- */

/* A large event costs each rule; and whoever sent it chose that. */
static bool
is_over(struct trying *t)
{
    if (pav_clock_mono_us() > t->until_us)
        t->out->partial = true;
    return t->out->partial;
}

static void
each_of_machine(struct trying *t, const struct pav_machine_row *row)
{
    static const char *const kinds[] = {"start", "resume"};
    const struct pav_doc *rules, *bus;
    uint32_t i;
    size_t k;

    if (row->rules.len == 0 ||
        pav_doc_parse_copy(t->a, row->rules.p, row->rules.len, &keep, &rules,
                           NULL) != PAV_OK)
        return;
    bus = pav_doc_get(rules, "bus");
    if (bus == NULL ? t->bus_id != 1 : !pav_doc_is_str(bus, t->bus))
        return;
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct pav_doc *list = pav_doc_get(rules, kinds[k]);

        for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len &&
                    !is_over(t);
             i++) {
            t->look(t, &(struct rule_at){
                           .machine = row->name,
                           .name = pav_doc_member_str(t->a, &list->items[i],
                                                      "name"),
                           .starts = k == 0,
                           .pattern = pav_doc_get(&list->items[i], "pattern")});
            pav_arena_reset(&t->scratch);
        }
    }
}

static void
each_of_bus(struct trying *t, const struct pav_name_row *row)
{
    const struct pav_doc *body =
        pav_doc_own(&t->scratch, row->body.p, row->body.len);
    const struct pav_doc *text = pav_doc_get(body, "EventPattern"), *pattern;

    if (text != NULL && text->kind == PAV_STRING &&
        pav_doc_parse(&t->scratch, text->text, text->len, &keep, &pattern,
                      NULL) == PAV_OK)
        t->look(t,
                &(struct rule_at){.name = row->name,
                                  .disabled = pav_doc_is_str(
                                      pav_doc_get(body, "State"), "DISABLED"),
                                  .pattern = pattern});
    pav_arena_reset(&t->scratch);
}

static void
each_rule(struct trying *t)
{
    struct pav_machine_view *machines;
    uint32_t count = pav_reader_machines(t->r, false, t->a, &machines), i, n;
    struct pav_name_row *rows;
    struct pav_arena page;
    char *after = pav_xstrdup("");

    t->bus = pav_reader_bus(t->r, t->bus_id, t->a);
    t->until_us = pav_clock_mono_us() + LONG_US;
    pav_arena_init(&t->scratch, 1 << 14);
    for (i = 0; t->bus != NULL && i < count; i++)
        if (machines[i].row.id != 0 && machines[i].row.active)
            each_of_machine(t, &machines[i].row);
    pav_arena_init(&page, 1 << 16);
    do {
        n = pav_reader_names(t->r, PAV_NAME_RULE, t->bus_id, after, PAGE, &page,
                             &rows);
        while (n > 0 && rows[n - 1].owner != t->bus_id)
            n--; /* those of the buses behind it */
        for (i = 0; i < n && !is_over(t); i++)
            each_of_bus(t, &rows[i]);
        if (n > 0) {
            free(after);
            after = pav_xstrdup(rows[n - 1].name);
        }
        pav_arena_reset(&page);
    } while (n == PAGE && !t->out->partial);
    free(after);
    pav_arena_fini(&page);
    pav_arena_fini(&t->scratch);
}

/* ---- how much of a rule holds ---- */

struct measure {
    uint32_t count, held, near; /* fields; near: nearly holds */
    bool lists;                 /* a field is in the elements of a list */
    bool failed;                /* one does not hold that is in none */
};

static double
nearness(const struct measure *m)
{
    return m->count == 0 ? 1 : (m->held + 0.9 * m->near) / m->count;
}

/* {a: {b: inside}} of the path a, b */
static const struct pav_doc *
wrapped(const struct trying *t, struct pav_arena *a, uint32_t depth,
        const struct pav_doc *inside)
{
    while (depth-- > 0) {
        struct pav_members m;

        pav_members_init(&m, a);
        pav_members_put(&m, t->path[depth], t->lens[depth], inside);
        inside = pav_members_object(&m);
    }
    return inside;
}

static bool
matches(struct trying *t, struct pav_arena *a, const struct pav_doc *pattern)
{
    struct pav_pattern *compiled;

    return pav_pattern_compile(a, pattern, &compiled, NULL) == PAV_OK &&
           pav_pattern_matches(compiled, &t->event);
}

/* What the event has at the path; through lists, the list of what is there. */
static const struct pav_doc *
came(const struct trying *t, struct pav_arena *a, const struct pav_doc *d,
     uint32_t at, uint32_t depth)
{
    struct pav_items found;
    uint32_t i;

    while (d != NULL && at < depth && d->kind == PAV_OBJECT)
        d = pav_doc_getn(d, t->path[at], t->lens[at]), at++;
    if (d == NULL || at == depth)
        return d;
    if (d->kind != PAV_ARRAY)
        return NULL;
    pav_items_init(&found, a);
    for (i = 0; i < d->len && i < WANTED_MAX; i++) {
        const struct pav_doc *one = came(t, a, &d->items[i], at, depth);

        if (one != NULL)
            pav_items_add(&found, one);
    }
    return found.count == 0 ? NULL : pav_items_array(&found);
}

static bool
is_in_list(const struct trying *t, const struct pav_doc *d, uint32_t depth)
{
    uint32_t at;

    for (at = 0; d != NULL && at < depth && d->kind == PAV_OBJECT; at++)
        d = pav_doc_getn(d, t->path[at], t->lens[at]);
    return d != NULL && at < depth && d->kind == PAV_ARRAY;
}

/* One of the texts that are wanted, when what came is nearly it. */
static const char *
meant(struct pav_arena *a, const struct pav_doc *wanted,
      const struct pav_doc *value)
{
    const char *list[WANTED_MAX + 1], *text;
    uint32_t i, n = 0;

    if (value == NULL || value->kind != PAV_STRING || wanted->kind != PAV_ARRAY)
        return NULL;
    text = pav_doc_str(a, value);
    for (i = 0; i < wanted->len && n < WANTED_MAX; i++)
        if (wanted->items[i].kind == PAV_STRING)
            list[n++] = pav_doc_str(a, &wanted->items[i]);
    list[n] = NULL;
    return text == NULL ? NULL : pav_text_near(text, list);
}

static bool
same_text(const struct pav_doc *x, const struct pav_doc *y)
{
    return x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
}

/* Is a field of it more than a path of keys?  A key that is there twice has
 * several values, and one with a dot may be a path as well. */
static bool
is_odd(const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; d->kind == PAV_ARRAY && i < d->len; i++)
        if (is_odd(&d->items[i]))
            return true;
    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        if (memchr(m->key, '.', m->len) != NULL || is_odd(&m->value) ||
            pav_doc_getn(d, m->key, m->len) != &m->value)
            return true;
    }
    return false;
}

/* An address is the same as another text of it. */
static bool
may_be_address(const struct pav_doc *text)
{
    static const char bytes[] = "0123456789abcdefABCDEF.:/%";
    uint32_t i;

    for (i = 0; i < text->len; i++)
        if (memchr(bytes, text->text[i], sizeof(bytes) - 1) == NULL)
            return false;
    return true;
}

/* Scalars against a text need no pattern: most fields are such. */
static bool
holds(struct trying *t, struct pav_arena *a, uint32_t depth,
      const struct pav_doc *wanted, const struct pav_doc *value)
{
    bool plain = !t->odd && wanted->kind == PAV_ARRAY && value != NULL &&
                 value->kind == PAV_STRING && !may_be_address(value);
    uint32_t i;

    for (i = 0; plain && i < wanted->len; i++)
        plain = wanted->items[i].kind != PAV_OBJECT &&
                wanted->items[i].kind != PAV_ARRAY;
    if (!plain)
        return matches(t, a, wrapped(t, a, depth, wanted));
    for (i = 0; i < wanted->len; i++)
        if (wanted->items[i].kind == PAV_STRING &&
            same_text(&wanted->items[i], value))
            return true;
    return false;
}

/* For each field of a pattern, with its path; below objects. */
typedef void (*field_fn)(struct trying *t, uint32_t depth,
                         const struct pav_doc *wanted, void *arg);

static void
each_field(struct trying *t, uint32_t depth, const struct pav_doc *pattern,
           field_fn fn, void *arg)
{
    uint32_t i;

    for (i = 0; i < pattern->len && depth < DEPTH_MAX; i++) {
        const struct pav_member *m = &pattern->members[i];

        t->path[depth] = m->key;
        t->lens[depth] = m->len;
        if (m->value.kind == PAV_OBJECT && depth + 1 < DEPTH_MAX)
            each_field(t, depth + 1, &m->value, fn, arg);
        else
            fn(t, depth + 1, &m->value, arg);
    }
}

static void
measure_field(struct trying *t, uint32_t depth, const struct pav_doc *wanted,
              void *arg)
{
    struct measure *m = arg;
    const struct pav_doc *value = came(t, &t->scratch, t->event.doc, 0, depth);
    bool in_list = is_in_list(t, t->event.doc, depth);

    m->count++;
    m->lists |= in_list;
    if (holds(t, &t->scratch, depth, wanted, value)) {
        m->held++;
    } else {
        m->failed |= !in_list;
        m->near += meant(&t->scratch, wanted, value) != NULL;
    }
}

/* ---- those that are told of ---- */

struct found {
    struct pav_tried_rule rule;
    const struct pav_doc *pattern;
    double nearness;
};

static void
keep_rule(struct trying *t, const struct rule_at *rule, struct found *out)
{
    struct pav_buf b;

    out->rule.machine = rule->machine;
    out->rule.rule = rule->name;
    out->rule.starts = rule->starts;
    out->rule.disabled = rule->disabled;
    out->pattern = rule->pattern;
    if (rule->machine != NULL)
        return;
    /* of the scratch */
    out->rule.rule = pav_arena_strdup(t->a, rule->name);
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(rule->pattern, &b);
    if (pav_doc_parse_copy(t->a, b.p, b.len, &keep, &out->pattern, NULL) !=
        PAV_OK)
        out->pattern = NULL;
    pav_buf_fini(&b);
}

/* Among the nearest, in their order; those of before stay in front. */
static void
keep_near(struct trying *t, const struct rule_at *rule, const struct found *x)
{
    uint32_t at = t->near_count;

    while (at > 0 && t->near[at - 1].nearness < x->nearness)
        at--;
    if (at == t->near_most)
        return;
    if (t->near_count < t->near_most)
        t->near_count++;
    memmove(&t->near[at + 1], &t->near[at],
            (t->near_count - 1 - at) * sizeof(*t->near));
    t->near[at] = *x;
    keep_rule(t, rule, &t->near[at]);
}

static bool
has_or(const struct pav_doc *pattern)
{
    uint32_t i;

    for (i = 0; i < pattern->len; i++) {
        const struct pav_member *m = &pattern->members[i];

        if (m->value.kind == PAV_OBJECT
                ? has_or(&m->value)
                : m->len == 3 && memcmp(m->key, "$or", 3) == 0)
            return true;
    }
    return false;
}

static void
look_at_fields(struct trying *t, const struct rule_at *rule)
{
    struct measure m = {.count = 0};
    struct found x = {.nearness = 0};
    bool more;

    if (rule->pattern == NULL || rule->pattern->kind != PAV_OBJECT)
        return;
    each_field(t, 0, rule->pattern, measure_field, &m);
    x.nearness = nearness(&m);
    x.rule.count = m.count;
    x.rule.held = m.held;
    /* It is more than its fields with "$or", with keys that are odd, and where
     * lists are: each element is tried by itself. */
    more = t->odd || has_or(rule->pattern) || is_odd(rule->pattern);
    x.rule.takes = !rule->disabled &&
                   (m.held == m.count || more || (m.lists && !m.failed)) &&
                   matches(t, &t->scratch, rule->pattern);
    if (!x.rule.takes && m.held == 0 && m.near == 0)
        return;
    if (!x.rule.takes) {
        keep_near(t, rule, &x);
        return;
    }
    t->out->taking++;
    if (t->taking_count == t->taking_most)
        return;
    t->taking[t->taking_count] = x;
    keep_rule(t, rule, &t->taking[t->taking_count++]);
}

static const char *
joined(const struct trying *t, uint32_t depth)
{
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, SIZE_MAX / 2);
    for (i = 0; i < depth; i++) {
        if (i > 0)
            pav_buf_putc(&b, '.');
        pav_buf_put(&b, t->path[i], t->lens[i]);
    }
    text = pav_arena_strndup(t->a, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

static void
explain_field(struct trying *t, uint32_t depth, const struct pav_doc *wanted,
              void *arg)
{
    struct pav_tried_rule *rule = arg;
    const struct pav_doc *value = came(t, t->a, t->event.doc, 0, depth);
    struct pav_tried_field *fields =
        pav_arena_append(t->a, rule->fields, rule->count, sizeof(*fields));
    struct pav_tried_field *f = &fields[rule->count++];

    rule->fields = fields;
    *f = (struct pav_tried_field){
        .path = joined(t, depth),
        .wanted = pav_doc_text(t->a, wanted),
        .came = value == NULL ? NULL : pav_doc_text(t->a, value),
        .holds = holds(t, t->a, depth, wanted, value)};
    if (!f->holds)
        f->meant = meant(t->a, wanted, value);
}

static void
tell(struct trying *t, struct found *x)
{
    x->rule.count = 0;
    if (x->pattern != NULL)
        each_field(t, 0, x->pattern, explain_field, &x->rule);
    t->out->rules[t->out->count++] = x->rule;
}

enum pav_rc
pav_rules_tried(struct pav_reader *r, struct pav_bytes event, int64_t bus,
                uint32_t most, struct pav_arena *a, struct pav_tried *out,
                struct pav_err *err)
{
    struct trying t = {.r = r,
                       .a = a,
                       .bus_id = bus,
                       .look = look_at_fields,
                       .out = out,
                       .near_most = most,
                       .taking_most = most};
    const struct pav_doc *doc;
    uint32_t i;
    enum pav_rc rc =
        pav_doc_parse_copy(a, event.p, event.len, &keep, &doc, err);

    memset(out, 0, sizeof(*out));
    if (rc != PAV_OK)
        return rc;
    pav_event_init(&t.event, doc, a);
    t.odd = is_odd(doc);
    t.near = pav_arena_alloc(a, (most + 1) * sizeof(*t.near));
    t.taking = pav_arena_alloc(a, (most + 1) * sizeof(*t.taking));
    each_rule(&t);
    /* Where one came near, those that are far say nothing. */
    if (t.taking_count > 0 || (t.near_count > 0 && t.near[0].nearness >= NEAR))
        while (t.near_count > 0 && t.near[t.near_count - 1].nearness < NEAR)
            t.near_count--;
    out->rules = pav_arena_zalloc(a, (t.taking_count + t.near_count + 1) *
                                         sizeof(*out->rules));
    for (i = 0; i < t.taking_count; i++)
        tell(&t, &t.taking[i]);
    for (i = 0; i < t.near_count; i++)
        tell(&t, &t.near[i]);
    return PAV_OK;
}

/* ---- who hears of events of a kind ---- */

static void
look_whether_it_hears(struct trying *t, const struct rule_at *rule)
{
    struct found *x = &t->taking[t->taking_count];

    if (t->taking_count == t->taking_most || rule->disabled ||
        rule->pattern == NULL ||
        !pav_pattern_may_match(rule->pattern, t->source, t->detail_type,
                               &t->scratch))
        return;
    memset(x, 0, sizeof(*x));
    keep_rule(t, rule, x);
    t->out->rules[t->taking_count++] = x->rule;
}

void
pav_rules_hearing(struct pav_reader *r, const char *source,
                  const char *detail_type, uint32_t most, struct pav_arena *a,
                  struct pav_tried *out)
{
    struct trying t = {.r = r,
                       .a = a,
                       .bus_id = 1,
                       .look = look_whether_it_hears,
                       .out = out,
                       .taking_most = most,
                       .source = source,
                       .detail_type = detail_type};

    memset(out, 0, sizeof(*out));
    t.taking = pav_arena_alloc(a, (most + 1) * sizeof(*t.taking));
    out->rules = pav_arena_alloc(a, (most + 1) * sizeof(*out->rules));
    each_rule(&t);
    out->count = out->taking = t.taking_count;
}
