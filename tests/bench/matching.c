/*
 * Many rules, many events, one thread: the index beside a byte loop.
 *
 *   bench_matching classes EVENTS RULES PASSES
 *   bench_matching rules EVENTS PASSES
 *
 * EVENTS has an event a line.  RULES is {"classes": {"NAME": [{"pattern":
 * {...}, "matches": N}, ...]}}; N may stand as matches_synthetic, too.  A pass
 * reads every line; a loop that counts quote marks and the index take turns.
 * Lines were checked before, as intake does; what a check costs is printed
 * beside.
 *
 * classes: a JSON object a line for each class: events a second of the loop and
 *          of the index (medians), and what each rule matched.
 * rules:   the same for 10 to 100,000 rules of one kind, with bytes and
 *          nanoseconds a rule, and the longest single adding or removing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pavane/file.h"
#include "pavane/index.h"

#define MAX_PASSES 15

struct line {
    const char *p;
    uint32_t len;
    bool simple;
};

struct lines {
    struct line *v;
    uint32_t count;
    double check_seconds;
};

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void
fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_matching: %s: %s\n", what, why);
    exit(2);
}

static void
load(const char *path, struct lines *out)
{
    struct pav_outline outline;
    struct pav_err err;
    size_t len, at = 0;
    uint32_t cap = 0, i;
    char *text;
    double t;

    memset(out, 0, sizeof(*out));
    if (pav_file_read(path, (size_t)1 << 32, &text, &len, &err) != PAV_OK)
        fail(err.at, err.message);
    while (at < len) {
        char *end = memchr(text + at, '\n', len - at);

        if (end == NULL)
            end = text + len;
        if (out->count == cap) {
            cap = cap == 0 ? 1024 : cap * 2;
            out->v = pav_xrealloc(out->v, cap * sizeof(*out->v));
        }
        out->v[out->count].p = text + at;
        out->v[out->count++].len = (uint32_t)(end - text - (ptrdiff_t)at);
        at = (size_t)(end - text) + 1;
    }
    t = now();
    for (i = 0; i < out->count; i++) {
        if (!pav_doc_check(out->v[i].p, out->v[i].len, PAV_DEPTH_MAX, &outline,
                           NULL))
            fail(path, "a line is no JSON");
        out->v[i].simple = outline.simple;
    }
    out->check_seconds = now() - t;
}

/* The floor: every byte looked at once. */
static __attribute__((noinline)) uint64_t
quotes(const char *p, const char *end)
{
    uint64_t n = 0;

    for (; p < end; p++)
        if (*p == '"')
            n++;
    return n;
}

static double
loop_pass(const struct lines *l)
{
    static volatile uint64_t seen; /* so that the loop is not left out */
    uint64_t n = 0;
    double t = now();
    uint32_t i;

    for (i = 0; i < l->count; i++)
        n += quotes(l->v[i].p, l->v[i].p + l->v[i].len);
    seen = n;
    (void)seen;
    return now() - t;
}

static double
index_pass(struct pav_index *ix, const struct lines *l)
{
    struct pav_arena a;
    double t;
    uint32_t i, j;

    pav_arena_init(&a, 1 << 16);
    t = now();
    for (i = 0; i < l->count; i++) {
        struct pav_matches found;

        pav_index_match(ix, l->v[i].p, l->v[i].len, l->v[i].simple, &a, &found);
        for (j = 0; j < found.count; j++)
            ++*(uint64_t *)found.owners[j];
        pav_arena_reset(&a);
    }
    t = now() - t;
    pav_arena_fini(&a);
    return t;
}

static int
by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return a < b ? -1 : a > b;
}

static double
median(double *v, int count)
{
    qsort(v, (size_t)count, sizeof(*v), by_value);
    return v[count / 2];
}

/* Passes of both, in turn; events a second. */
static void
measure(struct pav_index *ix, const struct lines *l, uint64_t *counts,
        uint32_t rules, int passes, double *loop, double *index)
{
    double loops[MAX_PASSES], indexes[MAX_PASSES];
    int i;

    (void)index_pass(ix, l); /* warms up */
    for (i = 0; i < passes; i++) {
        loops[i] = loop_pass(l);
        if (counts != NULL)
            memset(counts, 0, rules * sizeof(*counts));
        indexes[i] = index_pass(ix, l);
    }
    *loop = l->count / median(loops, passes);
    *index = l->count / median(indexes, passes);
}

static struct pav_index_rule *
add(struct pav_index *ix, struct pav_arena *a, const struct pav_doc *pattern,
    uint64_t *count)
{
    struct pav_pattern *p;
    struct pav_err err;

    if (pav_pattern_compile(a, pattern, &p, &err) != PAV_OK)
        fail("a pattern", err.message);
    return pav_index_add(ix, p, count);
}

static int
classes(const struct lines *l, const char *path, int passes)
{
    const struct pav_doc *doc, *all;
    struct pav_arena a;
    struct pav_err err;
    char *text;
    size_t len;
    uint32_t i, j;

    pav_arena_init(&a, 1 << 16);
    if (pav_file_read(path, 64 << 20, &text, &len, &err) != PAV_OK ||
        pav_doc_parse(&a, text, len, NULL, &doc, &err) != PAV_OK)
        fail(path, err.message);
    all = pav_doc_get(doc, "classes");
    for (i = 0; all != NULL && i < all->len; i++) {
        const struct pav_doc *rules = &all->members[i].value;
        struct pav_index *ix = pav_index_new();
        uint64_t *counts = pav_xcalloc(rules->len, sizeof(*counts));
        double loop, index;
        bool exact = true;

        for (j = 0; j < rules->len; j++)
            (void)add(ix, &a, pav_doc_get(&rules->items[j], "pattern"),
                      &counts[j]);
        measure(ix, l, counts, rules->len, passes, &loop, &index);
        for (j = 0; j < rules->len; j++) {
            const struct pav_doc *watch =
                pav_doc_get(&rules->items[j], "matches_synthetic");
            int64_t n = -1;

            if (watch == NULL)
                watch = pav_doc_get(&rules->items[j], "matches");
            if (watch != NULL)
                exact &= pav_doc_int(watch, &n) && n == (int64_t)counts[j];
        }
        printf("{\"class\":\"%.*s\",\"loop\":%.0f,\"index\":%.0f,"
               "\"ratio\":%.3f,\"exact\":%s,\"matches\":[",
               (int)all->members[i].len, all->members[i].key, loop, index,
               index / loop, exact ? "true" : "false");
        for (j = 0; j < rules->len; j++)
            printf("%s%llu", j > 0 ? "," : "", (unsigned long long)counts[j]);
        printf("]}\n");
        fflush(stdout);
        pav_index_free(ix);
        free(counts);
    }
    free(text);
    pav_arena_fini(&a);
    return 0;
}

/* ---- by the number of rules ---- */

/* %u: the number of the rule; values are parcels and streets that few have. */
static const struct {
    const char *name, *pattern;
} kinds[] = {
    {"exact", "{\"properties\":{\"MAPBLKLOT\":[\"%07u\"]}}"},
    {"prefix", "{\"properties\":{\"MAPBLKLOT\":[{\"prefix\":\"%06u\"}]}}"},
    {"suffix", "{\"properties\":{\"MAPBLKLOT\":[{\"suffix\":\"%06uA\"}]}}"},
    {"equals-ignore-case",
     "{\"properties\":{\"MAPBLKLOT\":[{\"equals-ignore-case\":\"%07ua\"}]}}"},
    {"wildcard",
     "{\"properties\":{\"MAPBLKLOT\":[{\"wildcard\":\"%05u*7\"}]}}"},
    {"numeric", "{\"geometry\":{\"firstCoordinates\":{\"x\":[{\"numeric\":[\">"
                "\",-122.%06u,"
                "\"<=\",-122.%06u]}]}}}"},
    {"two fields", "{\"geometry\":{\"type\":[\"Polygon\"]},\"properties\":"
                   "{\"MAPBLKLOT\":[\"%07u\"]}}"},
};

static const struct pav_doc *
rule_text(struct pav_arena *a, size_t kind, uint32_t number)
{
    /* Spread, so that neighbours are not alike. */
    uint32_t n = (uint32_t)((uint64_t)number * 2654435761u % 1000000u);
    const struct pav_doc *doc;
    const char *text;
    struct pav_err err;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (strcmp(kinds[kind].name, "numeric") == 0)
        text = pav_arena_printf(a, kinds[kind].pattern, n < 2 ? 2 : n,
                                n < 2 ? 1 : n - 1);
    else
        text = pav_arena_printf(a, kinds[kind].pattern, n);
#pragma GCC diagnostic pop
    if (pav_doc_parse(a, text, strlen(text), NULL, &doc, &err) != PAV_OK)
        fail(text, err.message);
    return doc;
}

static void
rules_of(const struct lines *l, size_t kind, uint32_t count, int passes)
{
    struct pav_index *ix = pav_index_new();
    struct pav_index_rule **rules = pav_xcalloc(count, sizeof(void *));
    struct pav_index_size size;
    uint64_t matches = 0;
    struct pav_arena a;
    double loop, index, t, longest = 0, adding = 0;
    uint32_t i;

    pav_arena_init(&a, 1 << 16);
    for (i = 0; i < count; i++) {
        const struct pav_doc *pattern = rule_text(&a, kind, i);

        t = now();
        rules[i] = add(ix, &a, pattern, &matches);
        t = now() - t;
        adding += t;
        longest = t > longest ? t : longest;
        pav_arena_reset(&a);
    }
    measure(ix, l, NULL, count, passes, &loop, &index);
    pav_index_size(ix, &size);
    for (i = 0; i < count; i++) {
        t = now();
        pav_index_remove(ix, rules[i]);
        t = now() - t;
        longest = t > longest ? t : longest;
    }
    printf("{\"kind\":\"%s\",\"rules\":%u,\"loop\":%.0f,\"index\":%.0f,"
           "\"ratio\":%.3f,\"bytes_a_rule\":%.0f,\"ns_a_rule\":%.0f,"
           "\"longest_us\":%.0f,\"matches\":%llu}\n",
           kinds[kind].name, count, loop, index, index / loop,
           (double)size.bytes / count, adding / count * 1e9, longest * 1e6,
           (unsigned long long)matches / (unsigned)(passes + 1));
    fflush(stdout);
    pav_index_free(ix);
    free(rules);
    pav_arena_fini(&a);
}

int
main(int argc, char **argv)
{
    bool by_class = argc == 5 && strcmp(argv[1], "classes") == 0;
    struct lines l;
    uint32_t count;
    size_t k;
    int passes;

    if (!by_class && (argc != 4 || strcmp(argv[1], "rules") != 0))
        fail("usage", "classes EVENTS RULES PASSES | rules EVENTS PASSES");
    passes = atoi(argv[argc - 1]);
    if (passes < 1 || passes > MAX_PASSES)
        fail("PASSES", "1 to 15");
    load(argv[2], &l);
    printf("{\"events\":%u,\"check\":%.0f}\n", l.count,
           l.count / l.check_seconds);
    if (by_class)
        return classes(&l, argv[3], passes);
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (count = 10; count <= 100000; count *= 10)
            rules_of(&l, k, count, passes);
    return 0;
}
