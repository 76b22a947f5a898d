/* Rules tried on one event, field by field: see pavane/insight.h. */
#include <stdlib.h>
#include <string.h>

#include "pavane/insight.h"
#include "pavane/pattern.h"
#include "pavane/text.h"

#define DEPTH_MAX  16
#define WANTED_MAX 64

struct trying {
    struct pav_arena *a;
    struct pav_event event;
    const char *machine;
    struct pav_tried_rule *rules;
    uint32_t count;
    /* of the rule in hand */
    struct pav_tried_field *fields;
    uint32_t field_count;
    const char *path[DEPTH_MAX];
};

/* {a: {b: inside}} of the path a, b */
static const struct pav_doc *
wrapped(const struct trying *t, uint32_t depth, const struct pav_doc *inside)
{
    while (depth-- > 0) {
        struct pav_members m;

        pav_members_init(&m, t->a);
        pav_members_puts(&m, t->path[depth], inside);
        inside = pav_members_object(&m);
    }
    return inside;
}

/* What the event has at the path; through lists, the list of what is there. */
static const struct pav_doc *
came(const struct trying *t, const struct pav_doc *d, uint32_t at,
     uint32_t depth)
{
    struct pav_items found;
    uint32_t i;

    if (d == NULL || at == depth)
        return d;
    if (d->kind == PAV_OBJECT)
        return came(t, pav_doc_get(d, t->path[at]), at + 1, depth);
    if (d->kind != PAV_ARRAY)
        return NULL;
    pav_items_init(&found, t->a);
    for (i = 0; i < d->len && i < WANTED_MAX; i++) {
        const struct pav_doc *one = came(t, &d->items[i], at, depth);

        if (one != NULL)
            pav_items_add(&found, one);
    }
    return found.count == 0 ? NULL : pav_items_array(&found);
}

static const char *
joined(const struct trying *t, uint32_t depth)
{
    const char *text = t->path[0];
    uint32_t i;

    for (i = 1; i < depth; i++)
        text = pav_arena_printf(t->a, "%s.%s", text, t->path[i]);
    return text;
}

/* One of the texts that are wanted, when what came is nearly it. */
static const char *
meant(const struct trying *t, const struct pav_doc *wanted,
      const struct pav_doc *value)
{
    const char *list[WANTED_MAX + 1], *text;
    uint32_t i, n = 0;

    if (value == NULL || value->kind != PAV_STRING || wanted->kind != PAV_ARRAY)
        return NULL;
    text = pav_doc_str(t->a, value);
    for (i = 0; i < wanted->len && n < WANTED_MAX; i++)
        if (wanted->items[i].kind == PAV_STRING)
            list[n++] = pav_doc_str(t->a, &wanted->items[i]);
    list[n] = NULL;
    return text == NULL ? NULL : pav_text_near(text, list);
}

static void
try_field(struct trying *t, uint32_t depth, const struct pav_doc *wanted)
{
    const struct pav_doc *value = came(t, t->event.doc, 0, depth);
    struct pav_pattern *pattern;
    struct pav_tried_field *f;
    struct pav_err err;

    t->fields = pav_arena_append(t->a, t->fields, t->field_count, sizeof(*f));
    f = &t->fields[t->field_count++];
    *f = (struct pav_tried_field){
        .path = joined(t, depth),
        .wanted = pav_doc_text(t->a, wanted),
        .came = value == NULL ? NULL : pav_doc_text(t->a, value)};
    f->holds = pav_pattern_compile(t->a, wrapped(t, depth, wanted), &pattern,
                                   &err) == PAV_OK &&
               pav_pattern_matches(pattern, &t->event);
    if (!f->holds)
        f->meant = meant(t, wanted, value);
}

static void
try_fields(struct trying *t, uint32_t depth, const struct pav_doc *pattern)
{
    uint32_t i;

    for (i = 0; i < pattern->len && depth < DEPTH_MAX; i++) {
        const struct pav_member *m = &pattern->members[i];

        t->path[depth] = pav_arena_strndup(t->a, m->key, m->len);
        if (m->value.kind == PAV_OBJECT && depth + 1 < DEPTH_MAX)
            try_fields(t, depth + 1, &m->value);
        else
            try_field(t, depth + 1, &m->value);
    }
}

static void
try_rule(struct trying *t, const char *name, const struct pav_doc *pattern,
         bool starts)
{
    struct pav_tried_rule *x;
    uint32_t i;

    if (pattern == NULL || pattern->kind != PAV_OBJECT)
        return;
    t->fields = NULL;
    t->field_count = 0;
    try_fields(t, 0, pattern);
    t->rules = pav_arena_append(t->a, t->rules, t->count, sizeof(*x));
    x = &t->rules[t->count++];
    *x = (struct pav_tried_rule){.machine = t->machine,
                                 .rule = name,
                                 .starts = starts,
                                 .fields = t->fields,
                                 .count = t->field_count};
    for (i = 0; i < x->count; i++) {
        x->held += x->fields[i].holds;
        x->near |= x->fields[i].meant != NULL;
    }
    if (x->held == 0 && !x->near)
        t->count--;
}

static void
try_machine(struct trying *t, const struct pav_machine_row *row)
{
    static const char *const kinds[] = {"start", "resume"};
    const struct pav_doc *rules;
    uint32_t i;
    size_t k;

    if (row->rules.len == 0 ||
        pav_doc_parse_copy(t->a, row->rules.p, row->rules.len, NULL, &rules,
                           NULL) != PAV_OK)
        return;
    t->machine = row->name;
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct pav_doc *list = pav_doc_get(rules, kinds[k]);

        for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len;
             i++)
            try_rule(t, pav_doc_member_str(t->a, &list->items[i], "name"),
                     pav_doc_get(&list->items[i], "pattern"), k == 0);
    }
}

#define NEAR 0.5 /* of its fields */

/* A field that nearly holds counts as most of one. */
static double
nearness(const struct pav_tried_rule *x)
{
    double held = x->held, near = 0;
    uint32_t i;

    for (i = 0; i < x->count; i++)
        near += x->fields[i].meant != NULL;
    return x->count == 0 ? 1 : (held + 0.9 * near) / x->count;
}

static int
nearest_first(const void *x, const void *y)
{
    double a = nearness(x), b = nearness(y);

    return a < b ? 1 : a > b ? -1 : 0;
}

#define BUS_RULES 10000

static void
try_buses(struct trying *t, struct pav_reader *r)
{
    struct pav_name_row *rows;
    uint32_t n = pav_reader_names(r, PAV_NAME_RULE, 0, "", BUS_RULES, t->a,
                                  &rows),
             i;

    t->machine = NULL;
    for (i = 0; i < n; i++) {
        const struct pav_doc *body =
            pav_doc_own(t->a, rows[i].body.p, rows[i].body.len);
        const char *text = pav_doc_member_str(t->a, body, "EventPattern");

        if (text != NULL)
            try_rule(t, rows[i].name, pav_doc_own(t->a, text, strlen(text)),
                     false);
    }
}

enum pav_rc
pav_rules_tried(struct pav_reader *r, struct pav_bytes event, uint32_t limit,
                struct pav_arena *a, struct pav_tried_rule **out, uint32_t *n,
                struct pav_err *err)
{
    struct trying t = {.a = a};
    struct pav_machine_view *machines;
    const struct pav_doc *doc;
    uint32_t count, i;
    enum pav_rc rc = pav_doc_parse_copy(a, event.p, event.len, NULL, &doc, err);

    if (rc != PAV_OK)
        return rc;
    pav_event_init(&t.event, doc, a);
    count = pav_reader_machines(r, false, a, &machines);
    for (i = 0; i < count; i++)
        if (machines[i].row.id != 0 && machines[i].row.active)
            try_machine(&t, &machines[i].row);
    try_buses(&t, r);
    if (t.count > 1)
        qsort(t.rules, t.count, sizeof(*t.rules), nearest_first);
    *out = t.rules;
    *n = t.count < limit ? t.count : limit;
    /* Where one came near, those that are far say nothing. */
    while (*n > 1 && nearness(&t.rules[0]) >= NEAR &&
           nearness(&t.rules[*n - 1]) < NEAR)
        --*n;
    return PAV_OK;
}
