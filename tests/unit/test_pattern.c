/*
 * Patterns and the index from outside: which numbers compare, wildcards against
 * a plain matcher, rules that come and go; schedules and zones; schemas.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/index.h"
#include "pavane/wait_stats.h"
#include "pavane/schedule.h"
#include "pavane/schema.h"
#include "pavane/text.h"
#include "lang/pattern/choose.h"
#include "unit.h"

static struct pav_arena arena;
static uint64_t random_state = 88172645463325252u;

static uint64_t
next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static const struct pav_doc *
doc(const char *text)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    const struct pav_doc *d;

    assert_int_equal(
        pav_doc_parse_copy(&arena, text, strlen(text), &keep, &d, NULL),
        PAV_OK);
    return d;
}

static bool
compiles(const char *text, struct pav_pattern **p, struct pav_err *err)
{
    return pav_pattern_compile(&arena, doc(text), p, err) == PAV_OK;
}

static bool
matches(const char *pattern, const char *event)
{
    struct pav_pattern *p;
    struct pav_event e;
    struct pav_err err;

    assert_true(compiles(pattern, &p, &err));
    pav_event_init(&e, doc(event), &arena);
    return pav_pattern_matches(p, &e);
}

/* ---- numbers ---- */

/* By the book: is it the shortest text that reads back? */
static bool
is_shortest(const char *text, double x)
{
    char other[40];
    int precision;

    for (precision = 1; precision <= 17; precision++) {
        snprintf(other, sizeof(other), "%.*e", precision - 1, x);
        if (strtod(other, NULL) == x)
            break;
    }
    /* Both with all digits that a decimal can need. */
    return strtold(other, NULL) == strtold(text, NULL);
}

static void
test_numbers(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 60000; i++) {
        static const double scales[] = {1, 1e-3, 1e3, 1e-9, 100, 1e12, 0.1};
        double x = ((double)(next_random() >> 11) / 9007199254740992.0 - 0.5) *
                   scales[next_random() % 7];
        int digits = 15 + (int)(next_random() % 3);
        char text[64], pattern[128];
        struct pav_pattern *p;
        struct pav_err err;
        bool watch;

        snprintf(text, sizeof(text), "%.*f",
                 (int)(digits - (int)ceil(log10(fabs(x) + 1e-300))), x);
        if (strlen(text) > 40)
            continue;
        watch = is_shortest(text, strtod(text, NULL));
        snprintf(pattern, sizeof(pattern), "{\"a\":[{\"numeric\":[\"=\",%s]}]}",
                 text);
        if (compiles(pattern, &p, &err) != watch)
            fail_msg("%s compares otherwise", text);
        pav_arena_reset(&arena);
    }
    assert_true(matches("{\"a\":[{\"numeric\":[\"=\",300]}]}", "{\"a\":3e2}"));
    assert_true(matches("{\"a\":[0]}", "{\"a\":-0.0}"));
    assert_false(matches("{\"a\":[{\"numeric\":[\">\",0]}]}",
                         "{\"a\":9007199254740993}"));
}

/* ---- wildcards ---- */

static bool
plain_wildcard(const char *p, const char *v)
{
    if (*p == '\0')
        return *v == '\0';
    if (*p == '*')
        return plain_wildcard(p + 1, v) ||
               (*v != '\0' && plain_wildcard(p, v + 1));
    return *p == *v && plain_wildcard(p + 1, v + 1);
}

static void
test_wildcards(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 30000; i++) {
        char wild[8], value[10], pattern[64], event[64];
        size_t n, k;

        for (n = 0; n < next_random() % 7; n++) {
            wild[n] = "ab*"[next_random() % 3];
            if (n > 0 && wild[n] == '*' && wild[n - 1] == '*')
                wild[n] = 'a';
        }
        wild[n] = '\0';
        for (k = 0; k < next_random() % 9; k++)
            value[k] = "ab"[next_random() % 2];
        value[k] = '\0';
        snprintf(pattern, sizeof(pattern), "{\"a\":[{\"wildcard\":\"%s\"}]}",
                 wild);
        snprintf(event, sizeof(event), "{\"a\":\"%s\"}", value);
        if (matches(pattern, event) != plain_wildcard(wild, value))
            fail_msg("%s against %s", wild, value);
        pav_arena_reset(&arena);
    }
}

static void
test_complexity(void **state)
{
    struct pav_pattern *p;
    struct pav_err err;

    (void)state;
    assert_true(compiles(
        "{\"a\":[{\"wildcard\":\"/Users/*/dir/dir/dir/dir/dir/doc.txt\"}]}", &p,
        &err));
    assert_false(compiles("{\"a\":[{\"wildcard\":\"*:*:*:*:*:event-bus/*\"}]}",
                          &p, &err));
    assert_string_equal(err.message,
                        "Rule is too complex - try using fewer wildcard "
                        "characters or fewer repeating character sequences "
                        "after a wildcard character");
}

/* ---- the index ---- */

static uint32_t
found(struct pav_index *ix, const char *event)
{
    struct pav_outline outline;
    struct pav_matches m;

    assert_true(pav_doc_check(event, strlen(event), 100, &outline, NULL));
    pav_index_match(ix, event, strlen(event), outline.simple, &arena, &m);
    return m.count;
}

static void
test_index(void **state)
{
    struct pav_index *ix = pav_index_new();
    struct pav_index_rule *rules[500];
    struct pav_index_size size;
    struct pav_err err;
    uint32_t i, slot;
    struct pav_near near = {.source = {"shop", 4}, .detail_type = {"", 0}};
    int owner;

    (void)state;
    for (i = 0; i < 500; i++) {
        struct pav_pattern *p;

        assert_true(
            compiles(pav_arena_printf(
                         &arena,
                         "{\"source\":[\"shop\"],\"detail\":{\"id\":[\"%u\"],"
                         "\"k%u\":[{\"exists\":true}]}}",
                         i, i % 7),
                     &p, &err));
        rules[i] = pav_index_add(ix, p, &owner);
    }
    slot = pav_index_watch(ix, "detail.order", 12);
    assert_int_equal(found(ix, "{\"source\":\"shop\",\"detail\":{\"id\":\"8\","
                               "\"k1\":0,\"order\":{\"n\":[1,2]}}}"),
                     1);
    assert_memory_equal(pav_index_watched(ix, slot).p, "{\"n\":[1,2]}", 11);
    assert_int_equal(pav_index_watched(ix, slot).len, 11);
    assert_int_equal(
        found(ix, "{\"source\":\"shop\",\"detail\":{\"id\":\"8\"}}"), 0);
    assert_int_equal(pav_index_watched(ix, slot).len, 0);
    assert_ptr_equal(pav_index_nearest(ix, &near), &owner);
    assert_string_equal(near.path, "detail.k1");
    assert_int_equal(near.held, 2);
    assert_int_equal(near.of, 3);
    for (i = 0; i < 500; i += 2)
        pav_index_remove(ix, rules[i]);
    assert_int_equal(
        found(ix, "{\"source\":\"shop\",\"detail\":{\"id\":\"8\",\"k1\":0}}"),
        0);
    assert_int_equal(
        found(ix, "{\"source\":\"shop\",\"detail\":{\"id\":\"9\",\"k2\":0}}"),
        1);
    pav_index_size(ix, &size);
    assert_int_equal(size.rules, 250);
    pav_index_unwatch(ix, slot);
    for (i = 1; i < 500; i += 2)
        pav_index_remove(ix, rules[i]);
    pav_index_size(ix, &size);
    assert_int_equal(size.conditions + size.paths, 0);
    pav_index_free(ix);
}

/* What is remembered of events that nobody took says of each its own. */
static void
test_nearest_again(void **state)
{
    static const struct {
        const char *event, *path;
        uint32_t held;
    } cases[] = {
        {"{\"source\":\"shop\",\"detail\":{\"n\":1,\"k\":\"b\"}}", "detail.n",
         2},
        {"{\"source\":\"shop\",\"detail\":{\"n\":9,\"k\":\"c\"}}", "detail.k",
         2},
        {"{\"source\":\"shop\",\"detail\":{\"k\":\"c\"}}", "detail.k", 1},
    };
    struct pav_index *ix = pav_index_new();
    struct pav_index_rule *rule, *other;
    struct pav_pattern *p;
    struct pav_err err;
    uint32_t i;
    int owner, far;

    (void)state;
    assert_true(compiles("{\"source\":[\"shop\"],\"detail\":{\"k\":[\"b\"],"
                         "\"n\":[{\"numeric\":[\">\",5]}]}}",
                         &p, &err));
    rule = pav_index_add(ix, p, &owner);
    assert_true(compiles("{\"source\":[\"shop\"],\"x\":[1],\"y\":[1],"
                         "\"z\":[1]}",
                         &p, &err));
    other = pav_index_add(ix, p, &far);
    for (i = 0; i < 9; i++) {
        struct pav_near near = {.source = {"shop", 4},
                                .detail_type = {"Seen", 4}};

        assert_int_equal(found(ix, cases[i % 3].event), 0);
        assert_ptr_equal(pav_index_nearest(ix, &near), &owner);
        assert_string_equal(near.path, cases[i % 3].path);
        assert_int_equal(near.held, cases[i % 3].held);
    }
    pav_index_remove(ix, rule);
    for (i = 0; i < 3; i++) {
        struct pav_near near = {.source = {"shop", 4},
                                .detail_type = {"Seen", 4}};

        assert_int_equal(found(ix, cases[i].event), 0);
        assert_ptr_equal(pav_index_nearest(ix, &near), &far);
        assert_int_equal(near.of, 4);
    }
    pav_index_remove(ix, other);
    pav_index_free(ix);
}

/* ---- schedules ---- */

static const struct {
    const char *expression, *zone, *after, *next;
} times[] = {
    {"rate(5 minutes)", NULL, "2026-01-01T00:07:00Z", "2026-01-01T00:10:00Z"},
    {"cron(0 10 * * ? *)", NULL, "2026-01-01T10:00:00Z",
     "2026-01-02T10:00:00Z"},
    {"cron(0/15 * * * ? *)", NULL, "2026-01-01T10:01:00Z",
     "2026-01-01T10:15:00Z"},
    {"cron(0 18 ? * MON-FRI *)", NULL, "2026-11-27T18:00:00Z",
     "2026-11-30T18:00:00Z"},
    {"cron(0 9 L * ? *)", NULL, "2028-02-01T00:00:00Z", "2028-02-29T09:00:00Z"},
    {"cron(0 9 1W * ? *)", NULL, "2026-08-01T00:00:00Z",
     "2026-08-03T09:00:00Z"},
    {"cron(0 9 LW * ? *)", NULL, "2026-05-01T00:00:00Z",
     "2026-05-29T09:00:00Z"},
    {"cron(0 2 ? * SAT#3 *)", NULL, "2026-11-01T00:00:00Z",
     "2026-11-21T02:00:00Z"},
    {"cron(15 10 ? * 6L 2026-2027)", NULL, "2026-11-28T00:00:00Z",
     "2026-12-25T10:15:00Z"},
    {"cron(0 20-2 * * ? *)", NULL, "2026-01-01T03:00:00Z",
     "2026-01-01T20:00:00Z"},
    {"cron(0/5 5 ? JAN 1-5 2022)", NULL, "2026-01-01T00:00:00Z", NULL},
    /* The clocks go over 02:30 on 29 March 2026 in Berlin. */
    {"cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z",
     "2026-03-30T00:30:00Z"},
    /* 02:30 comes twice on 25 October: once is enough. */
    {"cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z",
     "2026-10-25T00:30:00Z"},
    {"cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T00:30:00Z",
     "2026-10-26T01:30:00Z"},
    {"at(2026-07-01T12:00:00)", "America/New_York", "2026-01-01T00:00:00Z",
     "2026-07-01T16:00:00Z"},
    {"at(2099-07-01T12:00:00)", "America/New_York", "2026-01-01T00:00:00Z",
     "2099-07-01T16:00:00Z"},
    {"at(2026-01-01T00:00:00)", NULL, "2026-01-01T00:00:00Z", NULL},
};

/* ---- fields that lie in the same elements ---- */

enum { LISTS = 4, FIELDS = 40, DEEP = 3 };

/* A random event, in order: arrays in arrays, and fields of LISTS paths. */
struct grown {
    struct place trail[DEEP], places[LISTS][FIELDS][DEEP];
    struct candidate all[LISTS][FIELDS], fit[LISTS][FIELDS];
    struct candidates lists[LISTS];
    uint32_t trail_len, arrays;
};

static void
grow_field(struct grown *g)
{
    uint32_t l = (uint32_t)(next_random() % LISTS);
    struct candidates *list = &g->lists[l];
    struct place *places = g->places[l][list->all_count];

    if (list->all_count == FIELDS)
        return;
    memcpy(places, g->trail, g->trail_len * sizeof(*places));
    g->all[l][list->all_count] = (struct candidate){places, g->trail_len};
    if (next_random() % 3 == 0)
        g->fit[l][list->fit_count++] = g->all[l][list->all_count];
    list->all_count++;
}

static void
grow(struct grown *g)
{
    uint32_t n = 1 + (uint32_t)(next_random() % 5), array, i;

    for (; n > 0; n--) {
        if (next_random() % 2 == 0 || g->trail_len == DEEP) {
            grow_field(g);
            continue;
        }
        array = g->arrays++;
        for (i = 0; i < 4; i++) {
            g->trail[g->trail_len++] = (struct place){array, i};
            grow(g);
            g->trail_len--;
        }
    }
}

static bool
agree(const struct candidate *x, const struct candidate *y)
{
    uint32_t i, k;

    for (i = 0; i < x->place_count; i++)
        for (k = 0; k < y->place_count; k++)
            if (x->places[i].array == y->places[k].array &&
                x->places[i].index != y->places[k].index)
                return false;
    return true;
}

static bool
agrees_with(const struct candidate *f, const struct candidate *const *chosen,
            uint32_t count)
{
    while (count-- > 0)
        if (!agree(f, chosen[count]))
            return false;
    return true;
}

/* One by one. */
static bool
choose_slowly(const struct candidates *lists, uint32_t count,
              const struct candidate **chosen, uint32_t chosen_count)
{
    uint32_t i;

    if (count == 0)
        return true;
    for (i = 0; i < lists[0].fit_count; i++) {
        if (!agrees_with(&lists[0].fit[i], chosen, chosen_count))
            continue;
        chosen[chosen_count] = &lists[0].fit[i];
        if (choose_slowly(lists + 1, count - 1, chosen, chosen_count + 1))
            return true;
    }
    for (i = 0; i < lists[0].all_count; i++)
        if (agrees_with(&lists[0].all[i], chosen, chosen_count))
            return false;
    return lists[0].absent &&
           choose_slowly(lists + 1, count - 1, chosen, chosen_count);
}

static void
test_choices(void **state)
{
    const struct candidate *chosen[LISTS];
    struct grown *g = pav_xmalloc(sizeof(*g));
    int i, k, yes = 0;
    bool is_one;

    (void)state;
    for (i = 0; i < 20000; i++) {
        memset(g, 0, sizeof(*g));
        for (k = 0; k < LISTS; k++) {
            g->lists[k].all = g->all[k];
            g->lists[k].fit = g->fit[k];
            g->lists[k].absent = next_random() % 4 == 0;
        }
        grow(g);
        is_one = choose_slowly(g->lists, LISTS, chosen, 0);
        yes += is_one;
        assert_int_equal(choose(g->lists, LISTS), is_one);
    }
    assert_in_range(yes, 1000, 19000); /* both come about */
    free(g);
}

static void
test_schedules(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct pav_schedule s;
        struct pav_zone *zone = NULL;
        int64_t after, next, begin;
        char text[PAV_TIME_LEN];

        assert_int_equal(pav_schedule_parse(times[i].expression, &s, NULL),
                         PAV_OK);
        if (times[i].zone != NULL)
            assert_int_equal(pav_zone_load(times[i].zone, &zone, NULL), PAV_OK);
        assert_true(
            pav_time_parse(times[i].after, strlen(times[i].after), &after));
        assert_true(pav_time_parse("2026-01-01T00:00:00Z", 20, &begin));
        next = pav_schedule_next(&s, zone, begin, after);
        pav_zone_free(zone);
        if (times[i].next == NULL) {
            assert_true(next == INT64_MAX);
            continue;
        }
        pav_time_format(next, text);
        strcpy(text + 19, "Z");
        if (strcmp(text, times[i].next) != 0)
            fail_msg("%s behind %s: %s", times[i].expression, times[i].after,
                     text);
    }
}

/* ---- schemas ---- */

static const struct {
    const char *schema, *value, *at; /* at NULL: it fits */
} schemas[] = {
    {"{\"type\":[\"integer\",\"null\"]}", "1.0", NULL},
    {"{\"type\":\"integer\"}", "1.5", ""},
    {"{\"properties\":{\"a\":{\"minimum\":2}}}", "{\"a\":1}", "/a"},
    {"{\"required\":[\"a\"]}", "{}", ""},
    {"{\"additionalProperties\":false,\"patternProperties\":{\"^x\":true}}",
     "{\"xa\":1}", NULL},
    {"{\"additionalProperties\":false}", "{\"b\":1}", "/b"},
    {"{\"items\":{\"$ref\":\"#/$defs/n\"},\"$defs\":{\"n\":{\"const\":1}}}",
     "[1,2]", "/1"},
    {"{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "[\"a\",1]",
     "/1"},
    {"{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3", ""},
    {"{\"if\":{\"type\":\"string\"},\"then\":{\"maxLength\":1}}",
     "\"\xc3\xa4\"", NULL},
    {"{\"not\":{\"enum\":[1,\"a\"]}}", "\"a\"", ""},
    {"{\"$ref\":\"#\"}", "1", ""}, /* for ever: it ends all the same */
    {"{\"uniqueItems\":true}", "[1,1.0]", ""},
    {"{\"contains\":{\"type\":\"null\"}}", "[1,null]", NULL},
    {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", ""},
    {"{\"multipleOf\":0.1}", "0.3", NULL},
};

static void
test_schemas(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        struct pav_schema *s;
        struct pav_err err;
        bool fits;

        assert_int_equal(pav_schema_compile(doc(schemas[i].schema), &s, &err),
                         PAV_OK);
        fits = pav_schema_accepts(s, doc(schemas[i].value), &arena, &err);
        pav_schema_free(s);
        if (fits != (schemas[i].at == NULL) ||
            (!fits && strcmp(err.at, schemas[i].at) != 0))
            fail_msg("%s of %s: %s", schemas[i].schema, schemas[i].value,
                     fits ? "fits" : err.at);
    }
}

static void
test_learned(void **state)
{
    struct pav_wait_stats l = {{0}};
    int i;

    (void)state;
    assert_int_equal(pav_wait_stats_quantile(&l, 0.5), 0);
    for (i = 1; i <= 1000; i++)
        pav_wait_stats_add(&l, i * 10);
    assert_int_equal(pav_wait_stats_count(&l), 1000);
    assert_in_range(pav_wait_stats_quantile(&l, 0.5), 5000, 6000);
    assert_in_range(pav_wait_stats_quantile(&l, 0.99), 9900, 12000);
}

static int
set_up(void **state)
{
    (void)state;
    pav_arena_init(&arena, 1 << 16);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    pav_arena_fini(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wildcards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_complexity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_index, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nearest_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_choices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_schedules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_schemas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_learned, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
