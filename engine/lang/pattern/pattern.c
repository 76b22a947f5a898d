/*
 * Event patterns: structure.
 *
 * A pattern becomes sub-rules, one for each way through its $or lists; a
 * sub-rule is a list of (path, matchers), sorted by path.  It matches when
 * fields can be chosen, one a path, that agree on every array they share,
 * as event-ruler does.  exists:false holds when no field of that path agrees
 * with those chosen so far.
 */
#include "pavane/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"

#define MAX_SUBRULES 1000
#define MAX_DEPTH    PAV_DEPTH_MAX
#define PATH_MAX_LEN 4096

/* Its path is `prefix`, a dot when that is not empty, and `key`. */
struct pav_field {
    const char *prefix, *key;
    uint32_t prefix_len, key_len;
    const struct pav_doc *value;
    const struct place *places;
    uint32_t place_count;
};

/* ---- compiling ---- */

struct compiling {
    struct pav_arena *arena;
    struct pav_err *err;
    struct subrule *rules;
    uint32_t count;
};

static const char *const reserved[] = {"exactly",
                                       "equals-ignore-case",
                                       "prefix",
                                       "suffix",
                                       "anything-but",
                                       "exists",
                                       "wildcard",
                                       "numeric",
                                       "cidr",
                                       "=",
                                       "<",
                                       "<=",
                                       ">",
                                       ">=",
                                       "regex",
                                       "not-wildcard",
                                       "not-equals-ignore-case",
                                       "date-after",
                                       "date-on-or-after",
                                       "date-before",
                                       "date-on-or-before",
                                       "in-date-range",
                                       "ip-address-in-range",
                                       "ip-address-not-in-range"};

static enum pav_rc
refuse(struct compiling *c, const char *key, const char *text)
{
    return pav_fail(c->err, PAV_INVALID, key, "%s", text);
}

/* Set a path in one sub-rule; a path that is there is replaced. */
static enum pav_rc
set_path(struct compiling *c, struct subrule *r, const struct rule_path *p)
{
    struct rule_path *v;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        if (r->paths[i].len == p->len &&
            memcmp(r->paths[i].path, p->path, p->len) == 0) {
            /* Alternatives share what is beside them: a copy changes. */
            v = pav_arena_alloc(c->arena, r->count * sizeof(*v));
            memcpy(v, r->paths, r->count * sizeof(*v));
            v[i] = *p;
            r->paths = v;
            return PAV_OK;
        }
    }
    if (r->count >= PATTERN_MAX_PATHS)
        return refuse(c, p->path, "Too many fields in one pattern");
    v = pav_arena_alloc(c->arena, (r->count + 1) * sizeof(*v));
    if (r->count > 0)
        memcpy(v, r->paths, r->count * sizeof(*v));
    v[r->count++] = *p;
    r->paths = v;
    return PAV_OK;
}

static enum pav_rc
leaf(struct compiling *c, const struct pav_doc *list, const char *path,
     uint32_t len)
{
    struct matcher *matchers =
        pav_arena_zalloc(c->arena, (list->len + 1) * sizeof(*matchers));
    struct rule_path p = {path, len, list->len, matchers, list};
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    if (list->len == 0)
        return refuse(c, path, "Empty arrays are not allowed");
    for (i = 0; i < list->len && rc == PAV_OK; i++)
        rc = matcher_compile(c->arena, &list->items[i], &matchers[i], c->err);
    if (rc != PAV_OK && c->err != NULL)
        snprintf(c->err->at, sizeof(c->err->at), "%s", path);
    if (rc == PAV_OK && wildcards_too_complex(matchers, list->len))
        return refuse(c, path,
                      "Rule is too complex - try using fewer wildcard "
                      "characters or fewer repeating character sequences "
                      "after a wildcard character");
    for (i = 0; i < c->count && rc == PAV_OK; i++)
        rc = set_path(c, &c->rules[i], &p);
    return rc;
}

static enum pav_rc object(struct compiling *c, const struct pav_doc *d,
                          const char *prefix, unsigned depth);

static enum pav_rc
check_alternative(struct compiling *c, const struct pav_doc *d)
{
    uint32_t i;
    size_t j;

    if (d->kind != PAV_OBJECT)
        return refuse(c, "$or",
                      "Only JSON object is allowed in array of $or "
                      "relationship.");
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        for (j = 0; j < sizeof(reserved) / sizeof(reserved[0]); j++)
            if (pav_member_is(m, reserved[j]))
                return pav_fail(c->err, PAV_INVALID, "$or",
                                "%s is Ruler reserved fieldName which cannot "
                                "be used inside $or.",
                                reserved[j]);
        if (m->value.kind == PAV_OBJECT) {
            enum pav_rc rc = check_alternative(c, &m->value);

            if (rc != PAV_OK)
                return rc;
        }
    }
    return PAV_OK;
}

static enum pav_rc
alternatives(struct compiling *c, const struct pav_doc *list,
             const char *prefix, unsigned depth)
{
    struct subrule *before = c->rules, *all = NULL;
    uint32_t i, count = c->count, total = 0;
    enum pav_rc rc;

    if (list->kind != PAV_ARRAY)
        return refuse(c, "$or", "It must be an Array followed with $or.");
    for (i = 0; i < list->len; i++) {
        struct subrule *joined;

        rc = check_alternative(c, &list->items[i]);
        if (rc != PAV_OK)
            return rc;
        c->rules = pav_arena_alloc(c->arena, count * sizeof(*c->rules));
        memcpy(c->rules, before, count * sizeof(*c->rules));
        c->count = count;
        rc = object(c, &list->items[i], prefix, depth + 1);
        if (rc != PAV_OK)
            return rc;
        if (total + c->count > MAX_SUBRULES)
            return refuse(c, "$or", "Too many combinations of $or");
        joined =
            pav_arena_alloc(c->arena, (total + c->count) * sizeof(*joined));
        if (total > 0)
            memcpy(joined, all, total * sizeof(*joined));
        memcpy(joined + total, c->rules, c->count * sizeof(*joined));
        all = joined;
        total += c->count;
    }
    if (list->len < 2)
        return refuse(c, "$or",
                      "There must have at least 2 Objects in $or "
                      "relationship.");
    c->rules = all;
    c->count = total;
    return PAV_OK;
}

static enum pav_rc
object(struct compiling *c, const struct pav_doc *d, const char *prefix,
       unsigned depth)
{
    uint32_t i;
    enum pav_rc rc = PAV_OK;

    if (d->len == 0)
        return refuse(c, prefix, "Empty objects are not allowed");
    if (depth > MAX_DEPTH)
        return refuse(c, prefix, "Nested too deeply");
    for (i = 0; i < d->len && rc == PAV_OK; i++) {
        const struct pav_member *m = &d->members[i];
        const char *path =
            pav_arena_printf(c->arena, "%s%s%.*s", prefix,
                             *prefix == '\0' ? "" : ".", (int)m->len, m->key);

        if (strlen(path) > PATH_MAX_LEN)
            rc = refuse(c, "", "A path of the pattern is too long");
        else if (m->len == 3 && memcmp(m->key, "$or", 3) == 0)
            rc = alternatives(c, &m->value, prefix, depth);
        else if (m->value.kind == PAV_OBJECT)
            rc = object(c, &m->value, path, depth + 1);
        else if (m->value.kind == PAV_ARRAY)
            rc = leaf(c, &m->value, path, (uint32_t)strlen(path));
        else
            rc = pav_fail(c->err, PAV_INVALID, path,
                          "\"%.*s\" must be an object or an array", (int)m->len,
                          m->key);
    }
    return rc;
}

static int
by_path(const void *x, const void *y)
{
    const struct rule_path *a = x, *b = y;
    int c = memcmp(a->path, b->path, a->len < b->len ? a->len : b->len);

    return c != 0 ? c : (a->len < b->len ? -1 : a->len > b->len);
}

enum pav_rc
pav_pattern_compile(struct pav_arena *a, const struct pav_doc *doc,
                    struct pav_pattern **out, struct pav_err *err)
{
    struct subrule *one = pav_arena_zalloc(a, sizeof(*one));
    struct compiling c = {a, err, one, 1};
    struct pav_pattern *p;
    enum pav_rc rc;
    uint32_t i;

    if (doc == NULL || doc->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "", "Filter is not an object");
    rc = object(&c, doc, "", 0);
    if (rc != PAV_OK)
        return rc;
    p = pav_arena_zalloc(a, sizeof(*p));
    p->rules = c.rules;
    p->count = c.count;
    for (i = 0; i < p->count; i++) {
        struct subrule *r = &p->rules[i];

        qsort(r->paths, r->count, sizeof(*r->paths), by_path);
    }
    *out = p;
    return PAV_OK;
}

/* ---- flattening an event ---- */

struct flatten {
    struct pav_event *event;
    uint32_t cap, arrays;
    struct place trail[MAX_DEPTH + 1];
    uint32_t trail_len;
    /* The places of the fields at hand; shared until the trail changes. */
    const struct place *places;
};

struct key {
    const char *p;
    uint32_t len;
};

static void
add_field(struct flatten *fl, struct key prefix, struct key key,
          const struct pav_doc *v)
{
    struct pav_event *e = fl->event;
    struct pav_field *f;

    if (e->count == fl->cap) {
        uint32_t cap = fl->cap == 0 ? 64 : fl->cap * 2;
        struct pav_field *fields =
            pav_arena_alloc(e->arena, cap * sizeof(*fields));

        if (e->count > 0)
            memcpy(fields, e->fields, e->count * sizeof(*fields));
        e->fields = fields;
        fl->cap = cap;
    }
    if (fl->places == NULL && fl->trail_len > 0) {
        struct place *places =
            pav_arena_alloc(e->arena, fl->trail_len * sizeof(*places));

        memcpy(places, fl->trail, fl->trail_len * sizeof(*places));
        fl->places = places;
    }
    f = &e->fields[e->count++];
    f->prefix = prefix.p;
    f->prefix_len = prefix.len;
    f->key = key.p;
    f->key_len = key.len;
    f->value = v;
    f->places = fl->places;
    f->place_count = fl->trail_len;
}

static struct key
joined(struct flatten *fl, struct key prefix, struct key key)
{
    struct key path = key;
    char *p;

    if (prefix.len == 0)
        return path;
    path.len = prefix.len + 1 + key.len;
    p = pav_arena_alloc(fl->event->arena, path.len);
    memcpy(p, prefix.p, prefix.len);
    p[prefix.len] = '.';
    memcpy(p + prefix.len + 1, key.p, key.len);
    path.p = p;
    return path;
}

static bool
field_is(const struct pav_field *f, const char *path, uint32_t len)
{
    if (f->prefix_len == 0)
        return f->key_len == len && memcmp(f->key, path, len) == 0;
    return f->prefix_len + 1 + f->key_len == len &&
           memcmp(f->key, path + f->prefix_len + 1, f->key_len) == 0 &&
           path[f->prefix_len] == '.' &&
           memcmp(f->prefix, path, f->prefix_len) == 0;
}

/* No pattern names a path that is longer than PATH_MAX_LEN. */
static void
flatten(struct flatten *fl, struct key prefix, struct key key,
        const struct pav_doc *d)
{
    uint32_t i, array;

    if (d->kind == PAV_OBJECT) {
        struct key path = joined(fl, prefix, key);

        for (i = 0; i < d->len && path.len < PATH_MAX_LEN; i++) {
            struct key inner = {d->members[i].key, d->members[i].len};

            flatten(fl, path, inner, &d->members[i].value);
        }
        return;
    }
    if (d->kind != PAV_ARRAY) {
        add_field(fl, prefix, key, d);
        return;
    }
    array = fl->arrays++;
    for (i = 0; i < d->len; i++) {
        const struct pav_doc *item = &d->items[i];
        bool inside = item->kind == PAV_OBJECT || item->kind == PAV_ARRAY;
        const struct place *outer = fl->places;

        if (inside &&
            fl->trail_len < sizeof(fl->trail) / sizeof(fl->trail[0])) {
            fl->trail[fl->trail_len].array = array;
            fl->trail[fl->trail_len++].index = i;
            fl->places = NULL;
            flatten(fl, prefix, key, item);
            fl->trail_len--;
            fl->places = outer;
        } else {
            flatten(fl, prefix, key, item);
        }
    }
}

void
pav_event_init(struct pav_event *e, const struct pav_doc *doc,
               struct pav_arena *a)
{
    memset(e, 0, sizeof(*e));
    e->doc = doc;
    e->arena = a;
    e->source = pav_doc_get(doc, "source");
    e->detail_type = pav_doc_get(doc, "detail-type");
}

/* ---- matching ---- */

static bool
accepted(const struct rule_path *p, const struct pav_doc *v)
{
    uint32_t i;

    for (i = 0; i < p->count; i++)
        if (matcher_accepts(&p->matchers[i], v))
            return true;
    return false;
}

static bool
wants_absence(const struct rule_path *p)
{
    uint32_t i;

    for (i = 0; i < p->count; i++)
        if (p->matchers[i].kind == MATCH_ABSENT)
            return true;
    return false;
}

/* The first field of the path from the n-th on. */
static uint32_t
next_field(const struct pav_event *e, const struct rule_path *p, uint32_t n)
{
    while (n < e->count && !field_is(&e->fields[n], p->path, p->len))
        n++;
    return n;
}

/* Does one of its fields fulfil it?  `*list` tells whether one is in an array,
 * and how many there are. */
static bool
look_at_path(const struct pav_event *e, const struct rule_path *p,
             struct candidates *list, bool *arrays)
{
    uint32_t n;

    *list = (struct candidates){.absent = wants_absence(p)};
    for (n = next_field(e, p, 0); n < e->count; n = next_field(e, p, n + 1)) {
        list->all_count++;
        list->fit_count += accepted(p, e->fields[n].value);
        *arrays |= e->fields[n].place_count > 0;
    }
    return list->fit_count > 0;
}

static void
fill(const struct pav_event *e, const struct rule_path *p,
     struct candidates *list)
{
    struct candidate *all = candidates_room(list->all_count);
    struct candidate *fit = all + list->all_count;
    uint32_t n;

    list->all = all;
    list->fit = fit;
    for (n = next_field(e, p, 0); n < e->count; n = next_field(e, p, n + 1)) {
        const struct pav_field *f = &e->fields[n];

        *all++ = (struct candidate){f->places, f->place_count};
        if (accepted(p, f->value))
            *fit++ = (struct candidate){f->places, f->place_count};
    }
}

static bool
rule_matches(const struct subrule *rule, const struct pav_event *e)
{
    struct candidates lists[PATTERN_MAX_PATHS];
    bool arrays = false, chosen;
    uint32_t i;

    for (i = 0; i < rule->count; i++) {
        const struct rule_path *p = &rule->paths[i];

        if (look_at_path(e, p, &lists[i], &arrays))
            continue;
        /* Absent beside the element that the others choose, perhaps. */
        if (!lists[i].absent || (lists[i].all_count > 0 && !arrays))
            return false;
    }
    if (!arrays)
        return true;
    for (i = 0; i < rule->count; i++)
        fill(e, &rule->paths[i], &lists[i]);
    chosen = choose(lists, rule->count);
    candidates_free(lists, rule->count);
    return chosen;
}

bool
pav_pattern_matches(const struct pav_pattern *p, struct pav_event *e)
{
    uint32_t i;

    if (e->fields == NULL) {
        struct flatten fl = {.event = e};
        struct key none = {"", 0};

        flatten(&fl, none, none, e->doc);
        if (e->fields == NULL) /* an event without any field */
            e->fields = pav_arena_zalloc(e->arena, sizeof(*e->fields));
    }
    for (i = 0; i < p->count; i++)
        if (rule_matches(&p->rules[i], e))
            return true;
    return false;
}

/* ---- what it could match ---- */

static bool
field_may_match(const struct pav_member *m, const char *value,
                struct pav_arena *a)
{
    struct pav_members pattern, event;
    struct pav_pattern *p;
    struct pav_event e;

    pav_members_init(&pattern, a);
    pav_members_add(&pattern, m->key, m->len, &m->value);
    if (pav_pattern_compile(a, pav_members_object(&pattern), &p, NULL) !=
        PAV_OK)
        return true;
    pav_members_init(&event, a);
    pav_members_add(&event, m->key, m->len, pav_doc_new_cstr(a, value));
    pav_event_init(&e, pav_members_object(&event), a);
    return pav_pattern_matches(p, &e);
}

bool
pav_pattern_may_match(const struct pav_doc *pattern, const char *source,
                      const char *detail_type, struct pav_arena *a)
{
    uint32_t i, k;

    for (i = 0; pattern->kind == PAV_OBJECT && i < pattern->len; i++) {
        const struct pav_member *m = &pattern->members[i];
        bool any = m->value.kind != PAV_ARRAY || m->value.len == 0;

        if (source != NULL && pav_member_is(m, "source") &&
            !field_may_match(m, source, a))
            return false;
        if (detail_type != NULL && pav_member_is(m, "detail-type") &&
            !field_may_match(m, detail_type, a))
            return false;
        if (!pav_member_is(m, "$or"))
            continue;
        for (k = 0; !any && k < m->value.len; k++)
            any = pav_pattern_may_match(&m->value.items[k], source, detail_type,
                                        a);
        if (!any)
            return false;
    }
    return true;
}
