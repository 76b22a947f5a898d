/* Events as producers would send them: see traffic.h. */
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"

#define FILE_MAX_LEN (1 << 20)
#define SEED         UINT64_C(0x9e3779b97f4a7c15)

struct drawing {
    struct pav_arena *a;
    const char *system, *path;
    char *text;
    size_t len;
    uint64_t state; /* of the draw */
    int hurry;
    struct traffic *out;
    struct pav_err *err;
};

static const char *
path_of(struct pav_arena *a, const char *system)
{
    return pav_arena_printf(a, "%s/traffic.json", system);
}

bool
traffic_is_in(struct pav_arena *a, const char *system)
{
    struct stat st;

    return stat(path_of(a, system), &st) == 0;
}

static enum pav_rc
fail_at(struct drawing *d, const struct pav_doc *at, const char *why)
{
    return pav_doc_fail_at(d->err, d->path, d->text, d->len, at, why);
}

/* ---- the draw ---- */

/* From 0 up to 1 (xorshift64*). */
static double
draw(struct drawing *d)
{
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return (double)((d->state * UINT64_C(2685821657736338717)) >> 11) /
           (double)(UINT64_C(1) << 53);
}

static int64_t
draw_between(struct drawing *d, double least, double most)
{
    /* By the square, since most things are quick and some are not. */
    double x = draw(d);

    return (int64_t)((least + (most - least) * x * x) * 1000) / d->hurry;
}

/* ---- what is sent ---- */

/* The text with every {id} in it replaced. */
static const char *
with_id(struct pav_arena *a, const char *text, const char *what, const char *id)
{
    const char *hit;
    struct pav_buf b;
    const char *out;

    pav_buf_init(&b, FILE_MAX_LEN);
    while ((hit = strstr(text, what)) != NULL) {
        pav_buf_put(&b, text, (size_t)(hit - text));
        pav_buf_puts(&b, id);
        text = hit + strlen(what);
    }
    pav_buf_puts(&b, text);
    out = pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

static void
put(struct drawing *d, int64_t at_ms, const struct pav_doc *event)
{
    struct traffic *t = d->out;

    t->v = pav_arena_append(d->a, t->v, t->count, sizeof(*t->v));
    t->v[t->count++] = (struct traffic_event){at_ms, d->system, event};
}

/* The event, with an id of its own unless it names one. */
static const struct pav_doc *
event_of(struct drawing *d, const struct pav_doc *event, const char *id,
         uint32_t step)
{
    const char *text = with_id(d->a, pav_doc_text(d->a, event), "{id}", id);
    const struct pav_doc *made = pav_doc_own(d->a, text, strlen(text));
    struct pav_members m;
    uint32_t i;

    if (pav_doc_get(made, "id") != NULL)
        return made;
    pav_members_init(&m, d->a);
    pav_members_str(&m, "id", pav_arena_printf(d->a, "%s-%u", id, step));
    for (i = 0; i < made->len; i++)
        pav_members_put(&m, made->members[i].key, made->members[i].len,
                        &made->members[i].value);
    return pav_members_object(&m);
}

static bool
is_true(const struct pav_doc *o, const char *key)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    return v != NULL && v->kind == PAV_TRUE;
}

/* One of the choices, by its weight. */
static const struct pav_doc *
choose(struct drawing *d, const struct pav_doc *choices)
{
    int64_t sum = 0, hit;
    uint32_t i;

    for (i = 0; i < choices->len; i++)
        sum += pav_doc_member_int(&choices->items[i], "weight");
    hit = (int64_t)(draw(d) * (double)sum);
    for (i = 0; i + 1 < choices->len; i++) {
        hit -= pav_doc_member_int(&choices->items[i], "weight");
        if (hit < 0)
            break;
    }
    return &choices->items[i];
}

static enum pav_rc
check_step(struct drawing *d, const struct pav_doc *step)
{
    const struct pav_doc *after = pav_doc_get(step, "afterSeconds");
    const struct pav_doc *choices = pav_doc_get(step, "events");
    uint32_t i;

    if (after != NULL && (after->kind != PAV_ARRAY || after->len != 2 ||
                          after->items[0].kind != PAV_NUMBER ||
                          after->items[1].kind != PAV_NUMBER))
        return fail_at(d, after, "[LEAST, MOST] is expected, in seconds");
    if (choices == NULL || choices->kind != PAV_ARRAY || choices->len == 0)
        return fail_at(d, step, "\"events\", a list, is expected");
    for (i = 0; i < choices->len; i++)
        if (pav_doc_member_int(&choices->items[i], "weight") <= 0)
            return fail_at(d, &choices->items[i],
                           "\"weight\", a number above 0, is expected");
    return PAV_OK;
}

/* What one entity sends, from its beginning on. */
static void
live(struct drawing *d, const struct pav_doc *steps, const char *id, int64_t at)
{
    uint32_t i;

    for (i = 0; i < steps->len; i++) {
        const struct pav_doc *after =
            pav_doc_get(&steps->items[i], "afterSeconds");
        const struct pav_doc *one =
            choose(d, pav_doc_get(&steps->items[i], "events"));
        const struct pav_doc *event = pav_doc_get(one, "event");

        if (after != NULL)
            at += draw_between(d, pav_doc_double(&after->items[0]),
                               pav_doc_double(&after->items[1]));
        if (event == NULL)
            return;
        event = event_of(d, event, id, i + 1);
        put(d, at, event);
        if (is_true(one, "twice"))
            put(d, at + 1000, event);
        if (is_true(one, "ends"))
            return;
    }
}

/* ---- the whole ---- */

static enum pav_rc
read_whole(struct drawing *d, int64_t from_ms, int64_t until_ms,
           uint32_t *first)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    const struct pav_doc *doc, *steps;
    const char *id;
    int64_t every, at = from_ms;
    struct pav_err why;
    uint32_t i;

    if (pav_doc_parse_copy(d->a, d->text, d->len, &opts, &doc, &why) !=
        PAV_OK) {
        unsigned line, column;

        pav_doc_fault_place(&why, &line, &column);
        return pav_fail(
            d->err, PAV_INVALID,
            pav_arena_printf(d->a, "%s:%u:%u", d->path, line, column), "%s",
            why.message);
    }
    id = pav_doc_member_str(d->a, doc, "id");
    every = pav_doc_member_int(doc, "everySeconds") * 1000;
    steps = pav_doc_get(doc, "steps");
    if (id == NULL || every <= 0 || steps == NULL || steps->kind != PAV_ARRAY)
        return fail_at(d, doc,
                       "\"id\", \"everySeconds\" and \"steps\" are expected");
    for (i = 0; i < steps->len; i++)
        if (check_step(d, &steps->items[i]) != PAV_OK)
            return PAV_INVALID;
    while (at < until_ms) {
        char number[24];

        snprintf(number, sizeof(number), "%u", (*first)++);
        live(d, steps, with_id(d->a, id, "{n}", number), at);
        at += (int64_t)((double)every * (0.3 + 1.4 * draw(d))) / d->hurry;
    }
    return PAV_OK;
}

enum pav_rc
traffic_read(struct pav_arena *a, const char *system, int64_t from_ms,
             int64_t until_ms, int hurry, uint32_t *first, struct traffic *out,
             struct pav_err *err)
{
    struct drawing d = {.a = a,
                        .system = system,
                        .path = path_of(a, system),
                        .state = SEED + *first,
                        .hurry = hurry,
                        .out = out,
                        .err = err};
    enum pav_rc rc = pav_file_read(d.path, FILE_MAX_LEN, &d.text, &d.len, err);

    if (rc != PAV_OK)
        return rc;
    rc = read_whole(&d, from_ms, until_ms, first);
    free(d.text);
    return rc;
}

static int
by_time(const void *x, const void *y)
{
    const struct traffic_event *a = x, *b = y;

    return a->at_ms < b->at_ms ? -1 : a->at_ms > b->at_ms;
}

void
traffic_sort(struct traffic *t)
{
    if (t->count > 1)
        qsort(t->v, t->count, sizeof(*t->v), by_time);
}
