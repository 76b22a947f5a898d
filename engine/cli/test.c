/*
 * pavane test: a machine's own samples on a virtual clock, and which of its
 * transitions they have taken; with --tell a daemon's pages show it.
 *
 * A case is a file of events/ (what comes in, and how it must end), or a test
 * case of mocks.json, which has the form of Step Functions Local's mock file;
 * a file of events may name the test case that ends its tasks.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/file.h"
#include "pavane/flow.h"
#include "pavane/text.h"
#include "cli.h"
#include "rig.h"

#define ROUNDS_MAX 100000

static const struct pav_setting settings[] = {
    {"mocks", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "mocked ends of tasks, instead of MACHINE/mocks.json"},
    {"only", PAV_SET_TEXT, "CASE", NULL, 0, 0,
     "one case alone: a file's or a test case's name"},
    {"tell", PAV_SET_FLAG, "", NULL, 0, 0,
     "tell a daemon what the cases take, for the pages of the machine"},
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};

/* By which cases a transition is taken. */
struct taken {
    uint32_t edge; /* of the graph */
    const char *last;
    struct pav_items cases;
};

struct test {
    struct pav_arena arena;
    const char *path;
    const struct pav_doc *mocks; /* the file, or NULL */
    const char *only;
    bool json;
    const char *machine;
    char digest[PAV_DIGEST_HEX]; /* of the definition */
    struct pav_graph *graph;
    struct pav_transition *transitions; /* between states; who takes them */
    struct taken *taken;
    uint32_t count;
    struct pav_items results; /* for --json */
    unsigned passed, failed;
};

/* A case as it runs. */
struct play {
    struct test *t;
    struct rig *rig;
    const char *name;
    const struct pav_doc *answers; /* {STATE: RESPONSE} of the test case */
    struct attempts {
        const char *state;
        uint32_t count;
    } * attempts;
    uint32_t attempt_count;
    const struct pav_doc *dispositions; /* a list, or NULL */
    const char *why;                    /* what is wrong; NULL: nothing */
    const char *rejected; /* the first event that started nothing, and why */
    bool expects;
    /* of the history that is read */
    int64_t events;
    struct pav_history_event last;
};

/* ---- transitions ---- */

static void
see_event(void *arg, const struct pav_history_event *e)
{
    struct play *p = arg;

    p->events++;
    p->last = *e;
}

static void
see_execution(void *arg, const struct pav_execution_view *x)
{
    struct play *p = arg;
    struct test *t = p->t;
    const uint32_t *taken =
        pav_flow_taken(p->rig->reader, x, t->graph, &p->rig->arena);
    uint32_t i;

    for (i = 0; i < t->count; i++) {
        if (taken[t->taken[i].edge] == 0 || t->taken[i].last == p->name)
            continue;
        t->taken[i].last = p->name;
        pav_items_add(&t->taken[i].cases, pav_doc_new_cstr(&t->arena, p->name));
    }
}

static bool
ends_with(const char *text, const char *tail)
{
    size_t len = strlen(text), n = strlen(tail);

    return len >= n && strcmp(text + len - n, tail) == 0;
}

/* ---- mocked ends ---- */

static uint32_t
attempt_of(struct play *p, const char *state)
{
    uint32_t i;

    for (i = 0; i < p->attempt_count; i++)
        if (strcmp(p->attempts[i].state, state) == 0)
            return p->attempts[i].count++;
    p->attempts = pav_xrealloc(p->attempts,
                               (p->attempt_count + 1) * sizeof(*p->attempts));
    p->attempts[p->attempt_count].state = pav_arena_strdup(&p->t->arena, state);
    p->attempts[p->attempt_count++].count = 1;
    return 0;
}

/* "2" or "0-4". */
static bool
names_attempt(const struct pav_member *m, uint32_t attempt)
{
    char text[32], *end;
    unsigned long first, last;

    snprintf(text, sizeof(text), "%.*s", (int)m->len, m->key);
    first = last = strtoul(text, &end, 10);
    if (*end == '-')
        last = strtoul(end + 1, &end, 10);
    return end != text && *end == '\0' && attempt >= first && attempt <= last;
}

static const struct pav_doc *
response_for(struct play *p, const char *state, uint32_t attempt)
{
    const struct pav_doc *name = pav_doc_get(p->answers, state);
    const struct pav_doc *response =
        name == NULL || name->kind != PAV_STRING
            ? NULL
            : pav_doc_getn(pav_doc_get(p->t->mocks, "MockedResponses"),
                           name->text, name->len);
    uint32_t i;

    for (i = 0;
         response != NULL && response->kind == PAV_OBJECT && i < response->len;
         i++)
        if (names_attempt(&response->members[i], attempt))
            return &response->members[i].value;
    return NULL;
}

static const char *
text_in(struct play *p, const struct pav_doc *o, const char *key)
{
    const struct pav_doc *d = pav_doc_get(o, key);

    return d == NULL || d->kind != PAV_STRING ? NULL
                                              : pav_doc_str(&p->t->arena, d);
}

/* Ends one open task that the test case has an end for. */
static bool
answer_one(struct play *p)
{
    struct pav_listed_wait *waits;
    uint32_t i, n = rig_waits(p->rig, &waits), attempt;

    for (i = 0; i < n; i++) {
        const struct pav_doc *end, *thrown;

        if (pav_doc_get(p->answers, waits[i].row.state) == NULL)
            continue;
        attempt = attempt_of(p, waits[i].row.state);
        end = response_for(p, waits[i].row.state, attempt);
        if (end == NULL) {
            p->why = pav_arena_printf(
                &p->t->arena,
                "state '%s': MockedResponses has no end for attempt %u",
                waits[i].row.state, attempt);
            return false;
        }
        thrown = pav_doc_get(end, "Throw");
        if (thrown != NULL)
            rig_answer(p->rig, &waits[i].row, NULL, text_in(p, thrown, "Error"),
                       text_in(p, thrown, "Cause"));
        else
            rig_answer(p->rig, &waits[i].row,
                       pav_doc_get(end, "Return") == NULL
                           ? &pav_doc_null
                           : pav_doc_get(end, "Return"),
                       NULL, NULL);
        return true;
    }
    return false;
}

static void
settle(struct play *p)
{
    int i = 0;

    do
        rig_settle(p->rig);
    while (p->why == NULL && i++ < ROUNDS_MAX && answer_one(p));
}

/* ---- what was expected ---- */

static void
differ(struct play *p, const char *what, const char *wanted, const char *got)
{
    if (p->why == NULL)
        p->why = pav_arena_printf(&p->t->arena, "%s: wanted %s, got %s", what,
                                  wanted, got == NULL ? "none" : got);
}

static void
expect_doc(struct play *p, const char *what, const struct pav_doc *wanted,
           const struct pav_doc *got)
{
    struct pav_arena *a = &p->t->arena;

    if (wanted != NULL && (got == NULL || !pav_doc_equal(wanted, got)))
        differ(p, what, pav_doc_text(a, wanted),
               got == NULL ? NULL : pav_doc_text(a, got));
}

static void
compare(struct play *p, const struct pav_doc *expect,
        const struct pav_execution_view *x)
{
    struct pav_arena *a = &p->t->arena;
    enum pav_status status = (enum pav_status)x->row.status;
    const struct pav_doc *wanted = pav_doc_get(expect, "status");

    if (wanted != NULL && !pav_doc_is_str(wanted, pav_status_name(status)))
        differ(p, "status", pav_doc_text(a, wanted),
               pav_arena_printf(
                   a, "%s%s%s%s%s%s%s", pav_status_name(status),
                   status == PAV_RUNNING ? ", it waits in " : "",
                   status == PAV_RUNNING ? x->row.states : "",
                   p->last.error == NULL ? "" : ", ",
                   p->last.error == NULL ? "" : pav_doc_str(a, p->last.error),
                   p->last.cause == NULL ? "" : ": ",
                   p->last.cause == NULL ? "" : pav_doc_str(a, p->last.cause)));
    expect_doc(p, "states", pav_doc_get(expect, "states"),
               pav_doc_own(a, x->row.states, strlen(x->row.states)));
    expect_doc(p, "historyEvents", pav_doc_get(expect, "historyEvents"),
               pav_doc_new_int(a, p->events));
    expect_doc(p, "dispositions", pav_doc_get(expect, "dispositions"),
               p->dispositions);
    expect_doc(p, "output", pav_doc_get(expect, "output"),
               status == PAV_SUCCEEDED ? p->last.payload : NULL);
    expect_doc(p, "error", pav_doc_get(expect, "error"), p->last.error);
    expect_doc(p, "cause", pav_doc_get(expect, "cause"), p->last.cause);
    if (p->why == NULL && expect == NULL && status == PAV_RUNNING)
        p->why = pav_arena_printf(
            a, "it still waits in %s, and no mocked end says how to go on",
            x->row.states);
}

/* ---- a case ---- */

/* A misspelt key would be a case that says nothing and passes. */
static void
check_keys(struct play *p, const struct pav_doc *d, const char *what,
           const char *const *known)
{
    struct pav_arena *a = &p->t->arena;
    uint32_t i;
    size_t j;

    for (i = 0; d != NULL && d->kind == PAV_OBJECT && i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        const char *key = pav_arena_strndup(a, m->key, m->len), *near;

        for (j = 0; known[j] != NULL && strcmp(known[j], key) != 0; j++)
            ;
        if (known[j] != NULL)
            continue;
        near = pav_text_near(key, known);
        p->why = pav_arena_printf(a, "%s has no field '%s'%s%s%s", what, key,
                                  near == NULL ? "" : "; did you mean '",
                                  near == NULL ? "" : near,
                                  near == NULL ? "" : "'?");
    }
    if (d != NULL && d->kind != PAV_OBJECT)
        p->why = pav_arena_printf(a, "%s must be an object", what);
}

static void
check_case(struct play *p, const struct pav_doc *file,
           const struct pav_doc *expect)
{
    static const char *const file_keys[] = {"description", "events", "input",
                                            "mocks",       "expect", NULL};
    static const char *const expect_keys[] = {
        "status",       "states",        "historyEvents",
        "dispositions", "output",        "error",
        "cause",        "correlationId", NULL};
    const struct pav_doc *events = pav_doc_get(file, "events");

    check_keys(p, file, "the case", file_keys);
    check_keys(p, expect, "expect", expect_keys);
    if (p->why == NULL && events != NULL && events->kind != PAV_ARRAY)
        p->why = "events must be a list";
    p->expects = expect != NULL && expect->len > 0;
}

static void
report(struct play *p, const struct pav_execution_view *x)
{
    struct pav_arena *a = &p->t->arena;
    const char *status =
        x == NULL ? "-" : pav_status_name((enum pav_status)x->row.status);
    struct pav_members m;

    if (p->why == NULL)
        p->t->passed++;
    else
        p->t->failed++;
    pav_members_init(&m, a);
    pav_members_str(&m, "case", p->name);
    pav_members_puts(&m, "passed", pav_doc_new_bool(p->why == NULL));
    pav_members_str(&m, "status", status);
    pav_members_str(&m, "why", p->why);
    pav_members_puts(&m, "expects", pav_doc_new_bool(p->expects));
    pav_items_add(&p->t->results, pav_members_object(&m));
    if (p->t->json)
        return;
    if (p->why == NULL)
        printf("ok    %-28s %-10s %s, %lld events%s\n", p->name, status,
               x == NULL ? "" : x->row.states, (long long)p->events,
               p->expects ? "" : " (the case expects nothing)");
    else
        printf("FAIL  %-28s %s\n", p->name, p->why);
}

static const struct pav_doc *
case_of(struct test *t, const char *machine, const char *key, const char *name)
{
    return pav_doc_get(
        pav_doc_get(
            pav_doc_get(pav_doc_get(t->mocks, "StateMachines"), machine), key),
        name);
}

static void
send_events(struct play *p, const struct pav_doc *events)
{
    struct pav_arena *a = &p->t->arena;
    struct pav_items dispositions;
    uint32_t i;

    pav_items_init(&dispositions, a);
    for (i = 0; i < events->len && p->why == NULL; i++) {
        const struct pav_doc *after =
            pav_doc_get(&events->items[i], "afterSeconds");
        const char *detail, *what;

        if (after != NULL) {
            rig_pass(p->rig, (int64_t)(pav_doc_double(after) * 1000));
            settle(p);
        }
        what = rig_event(p->rig, &events->items[i], &detail);
        pav_items_add(&dispositions, pav_doc_new_cstr(a, what));
        if (p->rejected == NULL && strcmp(what, "started") != 0)
            p->rejected =
                pav_arena_printf(a, "event %u is %s%s%s", i + 1, what,
                                 detail == NULL || *detail == '\0' ? "" : ": ",
                                 detail == NULL ? "" : detail);
        settle(p);
    }
    p->dispositions = pav_items_array(&dispositions);
}

/* Time passes until it has ended, unless it is expected to wait. */
static void
play_out(struct play *p, const struct pav_doc *expect,
         struct pav_execution_view *x)
{
    int i = 0;

    settle(p);
    while (p->why == NULL && i++ < ROUNDS_MAX && rig_execution(p->rig, x) &&
           x->row.status == PAV_RUNNING &&
           !pav_doc_is_str(pav_doc_get(expect, "status"), "RUNNING") &&
           rig_next_timer(p->rig))
        settle(p);
}

static int
run_case(struct test *t, const char *name, const struct pav_doc *file,
         const char *mocked)
{
    struct play p = {.t = t, .name = name};
    struct pav_execution_view x;
    const struct pav_doc *expect = pav_doc_get(file, "expect"), *input, *events;
    bool found;
    int code;

    code = rig_open("test", t->path, &p.rig);
    if (code != 0)
        return code;
    if (mocked != NULL) {
        p.answers = case_of(t, p.rig->machine, "TestCases", mocked);
        if (expect == NULL)
            expect = case_of(t, p.rig->machine, "Expect", mocked);
        if (p.answers == NULL)
            p.why = pav_arena_printf(
                &t->arena, "the mock file has no test case '%s' for '%s'",
                mocked, p.rig->machine);
    }
    if (p.why == NULL)
        check_case(&p, file, expect);
    events = pav_doc_get(file, "events");
    if (p.why != NULL) {
        ; /* nothing to be played */
    } else if (events != NULL && events->kind == PAV_ARRAY) {
        send_events(&p, events);
    } else {
        input = pav_doc_get(file, "input");
        if (input == NULL && mocked != NULL)
            input = case_of(t, p.rig->machine, "Inputs", mocked);
        (void)rig_start(p.rig, input == NULL ? &pav_doc_empty_object : input,
                        &p.why);
        if (p.why != NULL && *p.why == '\0')
            p.why = NULL;
    }
    if (p.why == NULL)
        play_out(&p, expect, &x);
    found = rig_execution(p.rig, &x);
    if (found) {
        rig_executions(p.rig, see_execution, &p);
        rig_history(p.rig, &x.row, see_event, &p);
        compare(&p, expect, &x);
    } else if (p.why == NULL && pav_doc_get(expect, "status") != NULL) {
        p.why =
            p.rejected == NULL
                ? "no execution was started"
                : pav_arena_printf(&t->arena, "no execution was started: %s",
                                   p.rejected);
    } else {
        expect_doc(&p, "dispositions", pav_doc_get(expect, "dispositions"),
                   p.dispositions);
    }
    report(&p, found ? &x : NULL);
    rig_free(p.rig);
    free(p.attempts);
    return 0;
}

/* ---- all cases ---- */

static int
read_json(struct test *t, const char *path, const struct pav_doc **out)
{
    struct pav_err err;
    char *text;
    size_t len;

    *out = NULL;
    if (pav_file_read(path, 16 << 20, &text, &len, &err) != PAV_OK)
        return cli_fail("test", &err);
    if (pav_doc_parse_copy(&t->arena, text, len, NULL, out, &err) != PAV_OK) {
        fprintf(stderr, "pavane test: %s: %s (%s)\n", path, err.message,
                err.at);
        free(text);
        return 1;
    }
    free(text);
    return 0;
}

static int
by_name(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The names of the files in MACHINE/events, sorted. */
static uint32_t
event_files(struct test *t, const char ***out)
{
    DIR *d = opendir(pav_arena_printf(&t->arena, "%s/events", t->path));
    const char **v = NULL;
    uint32_t n = 0;
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.' || !ends_with(e->d_name, ".json"))
            continue;
        v = pav_xrealloc(v, (n + 1) * sizeof(*v));
        v[n++] = pav_arena_strdup(&t->arena, e->d_name);
    }
    if (d != NULL)
        closedir(d);
    if (n > 0)
        qsort(v, n, sizeof(*v), by_name);
    *out = v;
    return n;
}

static bool
is_wanted(const struct test *t, const char *name)
{
    return t->only == NULL || strcmp(t->only, name) == 0;
}

static int
run_files(struct test *t)
{
    const char **names;
    uint32_t i, n = event_files(t, &names);
    int code = 0;

    for (i = 0; i < n && code == 0; i++) {
        const char *path =
            pav_arena_printf(&t->arena, "%s/events/%s", t->path, names[i]);
        const struct pav_doc *file, *mocked;

        if (!is_wanted(t, names[i]))
            continue;
        code = read_json(t, path, &file);
        if (code != 0)
            break;
        mocked = pav_doc_get(file, "mocks");
        code = run_case(t, names[i], file,
                        mocked == NULL ? NULL : pav_doc_str(&t->arena, mocked));
    }
    free(names);
    return code;
}

static int
run_mocked(struct test *t)
{
    const struct pav_doc *cases = pav_doc_get(
        pav_doc_get(pav_doc_get(t->mocks, "StateMachines"), t->machine),
        "TestCases");
    uint32_t i;
    int code = 0;

    for (i = 0; cases != NULL && i < cases->len && code == 0; i++) {
        const char *name = pav_arena_strndup(&t->arena, cases->members[i].key,
                                             cases->members[i].len);

        if (is_wanted(t, name))
            code = run_case(t, name, NULL, name);
    }
    return code;
}

static void
print_coverage(const struct test *t)
{
    uint32_t i, taken = 0;

    for (i = 0; i < t->count; i++)
        taken += t->taken[i].cases.count > 0;
    printf("%u of %u transitions taken\n", taken, t->count);
    for (i = 0; i < t->count; i++)
        if (t->taken[i].cases.count == 0)
            printf("      not taken: %s -> %s%s\n", t->transitions[i].from,
                   t->transitions[i].to,
                   t->transitions[i].caught ? " (a Catch)" : "");
    printf("%u passed, %u failed\n", t->passed, t->failed);
}

static void
print_json(struct test *t)
{
    struct pav_items list;
    struct pav_members m;
    uint32_t i;

    pav_items_init(&list, &t->arena);
    for (i = 0; i < t->count; i++) {
        struct pav_members one;

        pav_members_init(&one, &t->arena);
        pav_members_str(&one, "from", t->transitions[i].from);
        pav_members_str(&one, "to", t->transitions[i].to);
        pav_members_puts(&one, "caught",
                         pav_doc_new_bool(t->transitions[i].caught));
        pav_members_puts(&one, "taken",
                         pav_doc_new_bool(t->taken[i].cases.count > 0));
        pav_members_puts(&one, "cases", pav_items_array(&t->taken[i].cases));
        pav_items_add(&list, pav_members_object(&one));
    }
    pav_members_init(&m, &t->arena);
    pav_members_puts(&m, "items", pav_items_array(&t->results));
    pav_members_puts(&m, "next", &pav_doc_null);
    pav_members_puts(&m, "transitions", pav_items_array(&list));
    puts(pav_doc_text(&t->arena, pav_members_object(&m)));
}

/* ---- what the pages of a daemon show of it ---- */

static const struct pav_doc *
told_cases(struct test *t)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, &t->arena);
    for (i = 0; i < t->results.count; i++) {
        const struct pav_doc *one = &t->results.v[i];
        struct pav_members m;

        pav_members_init(&m, &t->arena);
        pav_members_puts(&m, "Name", pav_doc_get(one, "case"));
        pav_members_puts(&m, "Passed", pav_doc_get(one, "passed"));
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

static const struct pav_doc *
told_transitions(struct test *t)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, &t->arena);
    for (i = 0; i < t->count; i++) {
        struct pav_members m;

        if (t->taken[i].cases.count == 0)
            continue;
        pav_members_init(&m, &t->arena);
        pav_members_str(&m, "From", t->transitions[i].from);
        pav_members_str(&m, "To", t->transitions[i].to);
        pav_members_puts(&m, "Catch",
                         pav_doc_new_bool(t->transitions[i].caught));
        pav_members_puts(&m, "Cases", pav_items_array(&t->taken[i].cases));
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

static int
tell(struct test *t, const struct pav_settings *s)
{
    static const struct cli_shape shape = {"Machine", PAV_STRING};
    const struct pav_doc *answer;
    struct pav_members m;
    const char *text;

    pav_members_init(&m, &t->arena);
    pav_members_str(&m, "Machine", t->machine);
    pav_members_str(&m, "Digest", t->digest);
    pav_members_puts(&m, "Cases", told_cases(t));
    pav_members_puts(&m, "Transitions", told_transitions(t));
    text = pav_doc_text(&t->arena, pav_members_object(&m));
    return cli_ask_action("test", s, "Pavane.PutTested",
                          (struct pav_bytes){text, strlen(text)}, shape,
                          &t->arena, &answer);
}

static void
find_transitions(struct test *t)
{
    uint32_t edges = pav_graph_edges(t->graph), i;
    struct pav_transition *all =
        pav_arena_zalloc(&t->arena, (edges + 1) * sizeof(*all));

    t->transitions = all;
    t->taken = pav_arena_zalloc(&t->arena, (edges + 1) * sizeof(*t->taken));
    pav_graph_transitions(t->graph, all);
    for (i = 0; i < edges; i++) {
        if (!pav_is_transition(&all[i]))
            continue;
        all[t->count] = all[i];
        t->taken[t->count].edge = i;
        pav_items_init(&t->taken[t->count++].cases, &t->arena);
    }
}

/* The definition's transitions, and the machine's name. */
static int
look_at_machine(struct test *t)
{
    const struct pav_doc *definition;
    const char *path =
        pav_arena_printf(&t->arena, "%s/machine.asl.json", t->path);
    struct rig *rig = NULL;
    struct pav_err err;
    char *text;
    size_t len;
    int code = read_json(t, path, &definition);

    if (code == 0)
        code = rig_open("test", t->path, &rig);
    if (code != 0)
        return code;
    t->machine = pav_arena_strdup(&t->arena, rig->machine);
    rig_free(rig);
    if (pav_file_read(path, PAV_DEFINITION_MAX, &text, &len, &err) != PAV_OK)
        return cli_fail("test", &err);
    (void)pav_digest_hex("SHA-256", text, len, t->digest);
    free(text);
    t->graph = pav_graph_new(definition, NULL);
    find_transitions(t);
    return 0;
}

static int
find_mocks(struct test *t, const char *given)
{
    const char *path =
        given != NULL ? given
                      : pav_arena_printf(&t->arena, "%s/mocks.json", t->path);
    FILE *f = fopen(path, "rb");

    if (f == NULL && given == NULL && errno == ENOENT)
        return 0;
    if (f != NULL)
        fclose(f);
    return read_json(t, path, &t->mocks);
}

static int
test(const struct pav_settings *s, int argc, char **argv)
{
    struct test t = {.path = argc == 1 ? argv[0] : NULL,
                     .only = pav_settings_text(s, "only"),
                     .json = pav_settings_flag(s, "json")};
    int code;

    if (argc != 1)
        return cli_usage(&test_command, "one machine's folder is expected");
    pav_arena_init(&t.arena, 1 << 16);
    pav_items_init(&t.results, &t.arena);
    code = find_mocks(&t, pav_settings_text(s, "mocks"));
    if (code == 0)
        code = look_at_machine(&t);
    if (code == 0)
        code = run_files(&t);
    if (code == 0)
        code = run_mocked(&t);
    if (code == 0 && t.passed + t.failed == 0) {
        fprintf(stderr,
                "pavane test: %s: no case%s%s; write events/NAME.json or "
                "mocks.json: see machines/README.md\n",
                t.path, t.only == NULL ? "" : " is named ",
                t.only == NULL ? "" : t.only);
        code = 1;
    } else if (code == 0) {
        if (t.json)
            print_json(&t);
        else
            print_coverage(&t);
        if (pav_settings_flag(s, "tell"))
            code = tell(&t, s);
        code = code != 0 ? code : t.failed > 0;
    }
    pav_graph_free(t.graph);
    pav_arena_fini(&t.arena);
    return code;
}

const struct command test_command = {
    .name = "test",
    .arguments = "MACHINE",
    .summary = "run a machine's samples and mocked cases on a virtual clock",
    .text =
        "MACHINE is a folder with machine.asl.json and rules.json. Its cases:\n"
        "  events/*.json  {\"events\": [...], \"expect\": {...}}; an event "
        "may\n"
        "                 have \"afterSeconds\", the file \"mocks\": a test "
        "case\n"
        "  mocks.json     the mock file of Step Functions Local: an end for\n"
        "                 each state and attempt; beside a machine's "
        "TestCases\n"
        "                 there may be Inputs and Expect, by their names\n"
        "expect: status, states, historyEvents, dispositions, output, error,\n"
        "cause. Nothing is called: what no mock ends, waits. Exit code 1 when\n"
        "a case fails.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = test};
