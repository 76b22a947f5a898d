/*
 * The engine on a virtual clock and a real store: correlation, early,
 * duplicate, unexpected and late events, policies, timers, tokens, recovery.
 * The promises of the engine's design are named by the tests.
 */
#include "unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pavane/engine.h"
#include "pavane/envelope.h"
#include "pavane/flow.h"
#include "pavane/names.h"
#include "pavane/log.h"
#include "pavane/reader.h"
#include "pavane/wait_stats.h"

#define NOW 1767225600000

struct bench {
    char dir[64], db[128];
    struct pav_engine *engine;
    struct pav_job *done; /* the last one that came back */
    struct pav_arena arena;
    int64_t now;
};

static struct bench b;

static void
on_done(struct pav_sender *sender, struct pav_job *first)
{
    struct pav_job *next;

    (void)sender;
    for (; first != NULL; first = next) {
        next = pav_job_next(first);
        pav_job_free(b.done);
        b.done = first;
    }
}

static struct pav_sender sender = {on_done};

static void
boot(void)
{
    struct pav_engine_config config = {.region = "us-east-1",
                                       .account = "000000000000",
                                       .role_arn = "",
                                       .queue_max = 100,
                                       .hot_bytes = 1 << 20};
    struct pav_err err;

    if (pav_store_open(b.db, &config.store, &err) != PAV_OK)
        fail_msg("%s: %s", err.at, err.message);
    pav_clock_virtual(&config.clock, b.now);
    b.engine = pav_engine_new(&config);
}

static void
halt(void)
{
    b.now = pav_clock_ms(pav_engine_clock(b.engine));
    pav_engine_stop(b.engine);
    pav_engine_free(b.engine);
}

static int
setup(void **state)
{
    (void)state;
    memset(&b, 0, sizeof(b));
    pav_log_level(PAV_LOG_ERROR);
    strcpy(b.dir, "/tmp/pavane-unit-XXXXXX");
    assert_non_null(mkdtemp(b.dir));
    snprintf(b.db, sizeof(b.db), "%s/t.db", b.dir);
    pav_arena_init(&b.arena, 65536);
    b.now = NOW;
    boot();
    return 0;
}

static int
teardown(void **state)
{
    char command[128];

    (void)state;
    halt();
    pav_job_free(b.done);
    pav_arena_fini(&b.arena);
    snprintf(command, sizeof(command), "rm -r %s", b.dir);
    return system(command);
}

/* What the engine's threads released, and whether it was durable then. */
static atomic_int released, too_early;

static struct pav_store *threaded_store;

static void
on_done_threaded(struct pav_sender *s, struct pav_job *first)
{
    struct pav_job *next;

    (void)s;
    if (pav_store_sync_pending(threaded_store))
        atomic_fetch_add(&too_early, 1);
    for (; first != NULL; first = next) {
        next = pav_job_next(first);
        pav_job_free(first);
        atomic_fetch_add(&released, 1);
    }
}

static void
submit(struct pav_job *j)
{
    j->sender = &sender;
    assert_true(pav_engine_submit(b.engine, j));
    pav_engine_turn(b.engine, 0);
}

/* line: two waits that name nothing, as the published sample has them.  wide: a
 * Parallel of waits that name their events, then one more.  slow: a Wait, then
 * one with a timeout.  ahead: a Wait, then a wait in a Parallel. */
static char *line_machine, *wide_machine, *slow_machine, *ahead_machine;

static char *
machine_text(const char *name)
{
    char at[256], *text = calloc(1, 65536);
    FILE *f;

    snprintf(at, sizeof(at), MACHINES "/%s.asl.json", name);
    f = fopen(at, "r");
    if (f == NULL || fread(text, 1, 65535, f) == 0)
        fail_msg("cannot read %s", at);
    fclose(f);
    return text;
}

static int
load_machines(void **state)
{
    (void)state;
    line_machine = machine_text("line");
    wide_machine = machine_text("wide");
    slow_machine = machine_text("slow");
    ahead_machine = machine_text("ahead");
    return 0;
}

static int
free_machines(void **state)
{
    (void)state;
    free(line_machine);
    free(wide_machine);
    free(slow_machine);
    free(ahead_machine);
    return 0;
}

#define RULES(source, first, next, scope)                                      \
    "{\"correlationId\":\"$.detail.id\",\"start\":[{\"pattern\":{\"source\":[" \
    "\"" source "\"],\"detail-type\":[\"" first "\"]}}],\"resume\":[{"         \
    "\"pattern\":{\"source\":[\"" source "\"],\"detail-type\":[" next          \
    "]},\"scope\":\"" scope "\"}]}"

static void
define_with(const char *name, const char *definition, const char *rules)
{
    struct pav_define_job *j = pav_job_new(&pav_define_kind);
    struct pav_faults f;

    rules = pav_arena_strdup(&j->job.arena, rules);
    pav_faults_init(&f, &j->job.arena);
    j->compiled =
        pav_machine_compile(definition, strlen(definition), PAV_STANDARD, &f);
    j->rules = pav_rules_compile(rules, strlen(rules), j->compiled, &f);
    if (j->compiled == NULL || j->rules == NULL)
        fail_msg("%s: %s", f.v[0].pointer, f.v[0].message);
    j->row.name = pav_arena_strdup(&j->job.arena, name);
    j->row.by_folder = true;
    j->row.role_arn = "";
    j->row.definition.p = pav_arena_strdup(&j->job.arena, definition);
    j->row.definition.len = strlen(definition);
    j->row.rules.p = rules;
    j->row.rules.len = strlen(rules);
    j->row.readme.p = "";
    submit(&j->job);
}

static void
define(const char *name, const char *definition, const char *source,
       const char *policies)
{
    define_with(
        name, definition,
        pav_arena_printf(
            &b.arena,
            "{\"correlationId\":\"$.detail.id\",\"start\":[{\"pattern\":{"
            "\"source\":[\"%s\"],\"detail-type\":[\"One\"]}}],\"resume\":[{"
            "\"pattern\":{\"source\":[\"%s\"],\"detail-type\":[{"
            "\"anything-but\":\"One\"}]},\"scope\":\"tokenTable\"}],"
            "\"policies\":{%s}}",
            source, source, policies));
}

static struct pav_job *
event_job(const char *source, const char *id, const char *type, const char *key)
{
    struct pav_events_job *j = pav_job_new(&pav_events_kind);
    const char *text = pav_arena_printf(
        &j->job.arena,
        "{\"id\":\"%s\",\"source\":\"%s\",\"detail-type\":\"%s\",\"detail\":"
        "{\"id\":\"%s\"}}",
        id, source, type, key);
    struct pav_envelope_defaults defaults = {
        .region = "us-east-1", .account = "0", .now_ms = NOW};
    struct pav_event_item *item;

    j->items = item = pav_arena_zalloc(&j->job.arena, sizeof(*item));
    j->item_count = 1;
    item->body.p = text;
    item->body.len = strlen(text);
    assert_int_equal(pav_envelope_read_any(text, strlen(text), &defaults,
                                           &j->job.arena, &item->event, NULL),
                     PAV_OK);
    return &j->job;
}

/* Send one event; what became of it, "disposition machine:execution;"
 * each. */
static const char *
send_all(const char *source, const char *id, const char *type, const char *key)
{
    const char *all = "";
    const struct pav_event_item *item;
    uint32_t i;

    submit(event_job(source, id, type, key));
    item = ((struct pav_events_job *)b.done)->items;
    for (i = 0; i < item->outcome_count; i++) {
        const struct pav_outcome *o = &item->outcomes[i];

        all = pav_arena_printf(&b.arena, "%s%s %s:%s;", all,
                               pav_disposition_name(o->disposition),
                               o->machine == NULL ? "-" : o->machine,
                               o->execution == NULL ? "-" : o->execution);
    }
    return all;
}

/* The same, for the one machine that it must concern. */
static const char *
send_from(const char *source, const char *id, const char *type, const char *key)
{
    const char *all = send_all(source, id, type, key);
    size_t len = strlen(all);

    assert_ptr_equal(strchr(all, ';'), all + len - 1);
    return pav_arena_strndup(&b.arena, all, len - 1);
}

static const char *
send(const char *id, const char *type, const char *key)
{
    return send_from("s", id, type, key);
}

/* "STATUS [states]" of an execution. */
static const char *
status_of(const char *machine, const char *name)
{
    struct pav_reader *r;
    struct pav_execution_view x;
    struct pav_err err;
    const char *text = "none";

    assert_int_equal(pav_reader_open(b.db, &r, &err), PAV_OK);
    pav_reader_begin(r, 2000000);
    if (pav_reader_execution(r, machine, name, &b.arena, &x))
        text = pav_arena_printf(&b.arena, "%s %s %d events",
                                pav_status_name((enum pav_status)x.row.status),
                                x.row.states, (int)x.row.next_event - 1);
    pav_reader_end(r);
    pav_reader_close(r);
    return text;
}

static uint32_t
count_of(int kind, const char *key)
{
    struct pav_disposition_filter f = {.key = key, .kind = kind, .limit = 100};
    struct pav_disposition_view *v;
    struct pav_reader *r;
    struct pav_err err;
    uint32_t n;
    int64_t next;

    assert_int_equal(pav_reader_open(b.db, &r, &err), PAV_OK);
    pav_reader_begin(r, 2000000);
    n = pav_reader_dispositions(r, &f, &b.arena, &v, &next);
    pav_reader_end(r);
    pav_reader_close(r);
    return n;
}

static void
later(int64_t ms)
{
    pav_clock_advance(pav_engine_clock(b.engine), ms);
    pav_engine_turn(b.engine, 0);
}

static void
test_straight(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    assert_string_equal(send("1", "One", "k"), "started line:k");
    assert_string_equal(send("2", "Two", "k"), "resumed line:k");
    assert_string_equal(status_of("line", "k"), "RUNNING [\"W2\"] 13 events");
    assert_string_equal(send("3", "Three", "k"), "resumed line:k");
    assert_string_equal(status_of("line", "k"),
                        "SUCCEEDED [\"Done\"] 20 events");
    assert_string_equal(send("4", "Four", "k"), "late line:k");
    assert_string_equal(send("5", "One", "k"), "late line:k");
    assert_string_equal(send_from("other", "6", "One", "k"), "unmatched -:-");
}

/* W2: before the start event; W1: between two waits. */
static void
test_early_events_are_applied(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    assert_string_equal(send("3", "Three", "k"), "parked line:-");
    assert_string_equal(send("2", "Two", "k"), "parked line:-");
    assert_string_equal(send("1", "One", "k"), "started line:k");
    assert_string_equal(status_of("line", "k"),
                        "SUCCEEDED [\"Done\"] 20 events");
    assert_int_equal(count_of(PAV_PARKED, "k"), 0);
    assert_int_equal(count_of(PAV_RESUMED, "k"), 2);
}

static void
test_early_events_expire(void **state)
{
    (void)state;
    define("line", line_machine, "s", "\"earlySeconds\":10");
    assert_string_equal(send("2", "Two", "k"), "parked line:-");
    later(9999);
    assert_int_equal(count_of(PAV_EXPIRED, "k"), 0);
    later(1);
    assert_int_equal(count_of(PAV_EXPIRED, "k"), 1);
    assert_string_equal(send("1", "One", "k"), "started line:k");
    assert_string_equal(status_of("line", "k"), "RUNNING [\"W1\"] 5 events");
}

static void
test_early_events_are_bounded(void **state)
{
    (void)state;
    define("line", line_machine, "s", "\"earlyMax\":2");
    assert_string_equal(send("a", "Two", "k"), "parked line:-");
    assert_string_equal(send("b", "Two", "k"), "parked line:-");
    assert_string_equal(send("c", "Two", "k"), "rejected line:-");
    assert_string_equal(send("d", "Two", "other"), "parked line:-");
}

/* W3: the same (source, id) changes nothing, for as long as the window. */
static void
test_duplicates_change_nothing(void **state)
{
    (void)state;
    define("line", line_machine, "s", "\"duplicateWindowSeconds\":100");
    assert_string_equal(send("1", "One", "k"), "started line:k");
    assert_string_equal(send("1", "One", "k"), "duplicate line:k");
    assert_string_equal(send("2", "Two", "k"), "resumed line:k");
    assert_string_equal(send("2", "Two", "k"), "duplicate line:k");
    assert_string_equal(status_of("line", "k"), "RUNNING [\"W2\"] 13 events");
    /* Another id, the same content as the start. */
    assert_string_equal(send_from("s", "1b", "One", "k"), "duplicate line:k");
    later(100001);
    assert_string_equal(send("2", "Two", "k"), "unexpected line:k");
}

/* W4: the three policies. */
static void
test_unexpected_fails(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    send("1", "One", "k");
    assert_string_equal(send("3", "Three", "k"), "unexpected line:k");
    assert_string_equal(status_of("line", "k"), "FAILED [\"Bad\"] 11 events");
}

static void
test_unexpected_is_recorded(void **state)
{
    (void)state;
    define("line", line_machine, "s", "\"unexpected\":\"record\"");
    send("1", "One", "k");
    assert_string_equal(send("3", "Three", "k"), "unexpected line:k");
    assert_string_equal(status_of("line", "k"), "RUNNING [\"W1\"] 5 events");
    assert_int_equal(count_of(PAV_UNEXPECTED, "k"), 1);
    assert_string_equal(send("2", "Two", "k"), "resumed line:k");
}

static void
test_unexpected_is_parked(void **state)
{
    (void)state;
    define("line", line_machine, "s", "\"unexpected\":\"park\"");
    send("1", "One", "k");
    assert_string_equal(send("3", "Three", "k"), "parked line:k");
    assert_string_equal(send("2", "Two", "k"), "resumed line:k");
    assert_string_equal(status_of("line", "k"),
                        "SUCCEEDED [\"Done\"] 20 events");
}

/* W10: from a Parallel, as the published sample: ABORTED with error 500. */
static void
test_unexpected_in_a_parallel(void **state)
{
    (void)state;
    define("wide", wide_machine, "s", "");
    send("1", "One", "k");
    assert_string_equal(send("2", "Right", "k"), "resumed wide:k");
    assert_string_equal(send("3", "Nonsense", "k"), "unexpected wide:k");
    assert_string_equal(status_of("wide", "k"), "ABORTED [\"A\"] 14 events");
}

/* A wait ahead names the event: it is early, whatever the policy. */
static void
test_named_ahead_is_early(void **state)
{
    (void)state;
    define("wide", wide_machine, "s", "");
    send("1", "One", "k");
    assert_string_equal(send("9", "Last", "k"), "parked wide:k");
    send("2", "Right", "k");
    send("3", "Left", "k");
    assert_string_equal(status_of("wide", "k"), "SUCCEEDED [\"W\"] 24 events");
}

static void
test_generations(void **state)
{
    (void)state;
    define("wide", wide_machine, "s", "\"generations\":true");
    send("1", "One", "k");
    send("2", "Right", "k");
    send("3", "Left", "k");
    send("4", "Last", "k");
    assert_string_equal(send("5", "One", "k"), "started wide:k-2");
    assert_string_equal(send("6", "Right", "k"), "resumed wide:k-2");
}

static void
test_odd_keys_get_a_name(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    assert_string_equal(send("1", "One", "a:b c"),
                        "started line:a-b-c-258f2ec546bdedba");
}

/* W5: two machines, one key, one token table: nobody steals. */
static void
test_two_machines_one_key(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    define("wide", wide_machine, "w", "");
    send("1", "One", "k");
    send_from("w", "2", "One", "k");
    assert_string_equal(send("3", "Two", "k"), "resumed line:k");
    assert_string_equal(send_from("w", "4", "Left", "k"), "resumed wide:k");
}

/* The order fixture's last event: published by a stranger. */
static void
test_handed_over_by_the_token_table(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    define("wide", wide_machine, "w", "");
    send("1", "One", "k");
    send("2", "Two", "k");
    assert_string_equal(send_from("w", "3", "Three", "k"), "resumed line:k");
    assert_string_equal(status_of("line", "k"),
                        "SUCCEEDED [\"Done\"] 20 events");
    /* Before the start it waits at its owner, and is found there. */
    assert_string_equal(send_from("w", "13", "Three", "q"), "parked wide:-");
    send("11", "One", "q");
    send("12", "Two", "q");
    assert_string_equal(status_of("line", "q"),
                        "SUCCEEDED [\"Done\"] 20 events");
}

/* An event that both rules know concerns each machine once. */
static void
test_both_rules_match(void **state)
{
    (void)state;
    define_with("one", line_machine,
                RULES("s", "One", "{\"exists\":true}", "tokenTable"));
    define_with("two", line_machine,
                RULES("other", "One", "{\"anything-but\":\"One\"}", "machine"));
    define_with("three", line_machine,
                "{\"correlationId\":\"$.detail.id\",\"start\":[{\"pattern\":{"
                "\"source\":[\"t\"]}}],\"resume\":[{\"pattern\":{\"source\":"
                "[\"s\"],\"detail-type\":[\"Two\"]}}],\"policies\":{"
                "\"unexpected\":\"record\"}}");
    assert_string_equal(send_from("t", "1", "Start", "k"), "started three:k");
    assert_string_equal(send_all("s", "2", "Two", "k"), "resumed three:k;");
    assert_string_equal(status_of("three", "k"), "RUNNING [\"W2\"] 13 events");
}

/* W5 again: what one machine's own rule parked is not another's. */
static void
test_parked_events_are_not_stolen(void **state)
{
    (void)state;
    define_with("one", line_machine,
                RULES("s", "One", "{\"anything-but\":\"One\"}", "machine"));
    define_with("two", line_machine,
                RULES("t", "One", "{\"anything-but\":\"One\"}", "tokenTable"));
    assert_string_equal(send("1", "Two", "k"), "parked one:-");
    assert_string_equal(send_from("t", "2", "One", "k"), "started two:k");
    assert_string_equal(status_of("two", "k"), "RUNNING [\"W1\"] 5 events");
    assert_string_equal(send("3", "One", "k"), "started one:k");
    assert_string_equal(status_of("one", "k"), "RUNNING [\"W2\"] 13 events");
}

/* What was rejected may come again under its id. */
static void
test_rejected_may_come_again(void **state)
{
    (void)state;
    define("line", line_machine, "s", "\"earlyMax\":1");
    assert_string_equal(send("a", "Two", "k"), "parked line:-");
    assert_string_equal(send("b", "Three", "k"), "rejected line:-");
    assert_string_equal(send("1", "One", "k"), "started line:k");
    assert_string_equal(send("b", "Three", "k"), "resumed line:k");
    assert_string_equal(status_of("line", "k"),
                        "SUCCEEDED [\"Done\"] 20 events");
}

/* A duplicate of a handed-over event is one, also when all is over. */
static void
test_handed_over_duplicate(void **state)
{
    (void)state;
    define("line", line_machine, "s", "");
    define("wide", wide_machine, "w", "");
    send("1", "One", "k");
    send("2", "Two", "k");
    assert_string_equal(send_from("w", "3", "Three", "k"), "resumed line:k");
    assert_string_equal(send_from("w", "3", "Three", "k"), "duplicate line:k");
}

/* A branch that waits for time will open its wait: the event is early. */
static void
test_early_while_a_branch_sleeps(void **state)
{
    (void)state;
    define("line", ahead_machine, "s", "");
    send("1", "One", "k");
    assert_string_equal(send("2", "Left", "k"), "parked line:k");
    assert_string_equal(send("3", "Right", "k"), "resumed line:k");
    later(60000);
    assert_string_equal(status_of("line", "k"), "SUCCEEDED [\"P\"] 20 events");
}

/* Payloads that are nested too deeply, or grow so, fail and never abort. */
static void
test_too_deep(void **state)
{
    char text[2048];
    struct pav_start_job *j;
    int i;

    (void)state;
    define("deep",
           "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
           "\"Parameters\":{\"a.$\":\"$\"},\"Next\":\"C\"},\"C\":{\"Type\":"
           "\"Choice\",\"Choices\":[{\"Variable\":\"$.z\",\"IsPresent\":"
           "true,\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{\"Type\":"
           "\"Succeed\"}}}",
           "s", "");
    assert_string_equal(send("1", "One", "k"), "started deep:k");
    for (i = 0; i < 20; i++)
        later(1);
    assert_non_null(strstr(status_of("deep", "k"), "FAILED"));
    j = pav_job_new(&pav_start_kind);
    memset(text, '[', 999);
    memset(text + 999, ']', 999);
    j->machine = "deep";
    j->name = "x";
    j->input = pav_doc_own(&j->job.arena, text, 1998);
    submit(&j->job);
    assert_null(b.done->aws_error);
    for (i = 0; i < 20; i++)
        later(1);
    assert_non_null(strstr(status_of("deep", "x"), "FAILED"));
}

/* Timers survive a restart. */
static void
test_timers(void **state)
{
    (void)state;
    define("slow", slow_machine, "s", "");
    send("1", "One", "k");
    assert_string_equal(send("2", "Two", "k"), "parked slow:k");
    later(59999);
    assert_string_equal(status_of("slow", "k"), "RUNNING [\"S\"] 2 events");
    halt();
    boot();
    later(1);
    assert_string_equal(status_of("slow", "k"), "SUCCEEDED [\"W\"] 10 events");
    send("3", "One", "q");
    later(60000);
    assert_string_equal(status_of("slow", "q"), "RUNNING [\"W\"] 7 events");
    later(30000);
    assert_string_equal(status_of("slow", "q"), "FAILED [\"W\"] 9 events");
}

/* Stopped after every single event, the ends are the same. */
static void
test_restart_after_each_event(void **state)
{
    static const char *const types[] = {"One", "Right", "Last", "Left"};
    size_t i;

    (void)state;
    define("wide", wide_machine, "s", "");
    for (i = 0; i < COUNT(types); i++) {
        send(types[i], types[i], "k");
        halt();
        boot();
    }
    assert_string_equal(status_of("wide", "k"), "SUCCEEDED [\"W\"] 24 events");
}

static struct pav_job *
token_job(const char *token)
{
    struct pav_task_job *j = pav_job_new(&pav_task_kind);

    j->token = pav_arena_strdup(&j->job.arena, token);
    j->output = &pav_doc_empty_object;
    return &j->job;
}

static void
test_tokens_are_spent_once(void **state)
{
    struct pav_start_job *start = pav_job_new(&pav_start_kind);
    struct pav_store *store;
    struct pav_step_row step;
    struct pav_sources sources;
    struct pav_stored stored;
    struct pav_step_out view;
    struct pav_faults f;
    struct pav_machine *m;
    struct pav_err err;
    const char *token;

    (void)state;
    define("wide", wide_machine, "s", "");
    start->machine = "wide";
    start->name = "x";
    start->input =
        pav_doc_own(&start->job.arena, "{\"detail\":{\"id\":\"x\"}}", 21);
    submit(&start->job);
    assert_int_equal(b.done->rc, PAV_OK);
    halt();
    assert_int_equal(pav_store_open(b.db, &store, &err), PAV_OK);
    assert_true(pav_store_step(store, 1, &b.arena, &step));
    pav_faults_init(&f, &b.arena);
    m = pav_machine_compile(wide_machine, strlen(wide_machine), PAV_STANDARD,
                            &f);
    sources =
        (struct pav_sources){.arg = m, .definition = pav_record_definition};
    stored = pav_step_stored(&step);
    pav_step_view(m, pav_record_open(&stored, &sources, &b.arena), 0, &b.arena,
                  &view);
    token = pav_arena_strdup(&b.arena, view.waits[0].token);
    pav_machine_free(m);
    pav_store_close(store);
    boot();
    submit(token_job("nonsense"));
    assert_string_equal(b.done->aws_error, "InvalidToken");
    submit(token_job(token));
    assert_null(b.done->aws_error);
    submit(token_job(token));
    assert_string_equal(b.done->aws_error, "TaskTimedOut");
}

static void
test_start_is_idempotent(void **state)
{
    static const struct {
        const char *input, *error;
    } again[] = {{"{\"detail\":{\"id\":\"x\"}}", NULL},
                 {"{\"detail\":{\"id\":\"x\"} }", NULL},
                 {"{\"detail\":{\"id\":\"y\"}}", "ExecutionAlreadyExists"}};
    size_t i;

    (void)state;
    define("wide", wide_machine, "s", "");
    for (i = 0; i < COUNT(again); i++) {
        struct pav_start_job *j = pav_job_new(&pav_start_kind);

        j->machine = "wide";
        j->name = "x";
        j->input =
            pav_doc_own(&j->job.arena, again[i].input, strlen(again[i].input));
        submit(&j->job);
        if (again[i].error == NULL)
            assert_null(b.done->aws_error);
        else
            assert_string_equal(b.done->aws_error, again[i].error);
    }
}

static void
test_names(void **state)
{
    (void)state;
    assert_true(pav_name_valid("order-1.2_3=\xc3\xbc"));
    assert_false(pav_name_valid(""));
    assert_false(pav_name_valid("a b"));
    assert_false(pav_name_valid("a:b"));
    assert_false(pav_name_valid("a/b"));
    assert_false(pav_name_valid(".."));
    assert_false(pav_name_valid("a\xed\xa0\x80"));
    assert_false(pav_name_valid("a\xff"));
    assert_false(pav_name_valid(
        "12345678901234567890123456789012345678901234567890123456789012345678"
        "9012345678901"));
}

/* Law T1 with the flusher's thread: nothing is released that is not durable. */
static void
test_nothing_leaves_before_it_is_durable(void **state)
{
    struct pav_engine_config config = {.region = "us-east-1",
                                       .account = "000000000000",
                                       .role_arn = "",
                                       .queue_max = 1000};
    struct pav_sender threaded = {on_done_threaded};
    struct pav_err err;
    char id[16];
    int i;

    (void)state;
    halt();
    assert_int_equal(pav_store_open(b.db, &config.store, &err), PAV_OK);
    threaded_store = config.store;
    pav_clock_real(&config.clock, 0);
    atomic_store(&released, 0);
    atomic_store(&too_early, 0);
    b.engine = pav_engine_new(&config);
    pav_engine_start(b.engine);
    for (i = 0; i < 2000; i++) {
        struct pav_job *j;

        snprintf(id, sizeof(id), "e%d", i);
        j = event_job("s", id, "nobody's", "k");
        j->sender = &threaded;
        while (!pav_engine_submit(b.engine, j))
            usleep(100);
    }
    pav_engine_stop(b.engine);
    pav_engine_free(b.engine);
    assert_int_equal(atomic_load(&released), 2000);
    assert_int_equal(atomic_load(&too_early), 0);
    boot();
}

/* What a fold brings: the execution of one step that passed A. */
static void
bring_fold(int64_t after, int64_t upto)
{
    struct pav_fold_job *j = pav_job_new(&pav_fold_kind);
    struct pav_wait_stats times = {{0}};
    struct pav_buf passed;
    int64_t last = 0;

    pav_buf_init(&passed, 100);
    pav_passed_put(&passed, &last, upto, 0, 1);
    pav_passed_end(&passed);
    j->after = after;
    j->upto = upto;
    j->count = 1;
    j->rows = pav_arena_zalloc(&j->job.arena, sizeof(*j->rows));
    j->rows[0] = (struct pav_flow_row){
        .version_id = 1,
        .day = 2,
        .kind = PAV_FLOW_STATE,
        .a = "A",
        .b = "",
        .count = 1,
        .histogram = {pav_arena_strndup(&j->job.arena, (const char *)times.in,
                                        sizeof(times.in)),
                      sizeof(times.in)},
        .passed = {pav_arena_strndup(&j->job.arena, passed.p, passed.len),
                   passed.len}};
    pav_buf_fini(&passed);
    submit(&j->job);
}

/* "SUM upto STEP" of the state A. */
static const char *
folded(void)
{
    struct pav_flow_row *v;
    struct pav_reader *r;
    struct pav_err err;
    const char *text;
    uint32_t n;

    assert_int_equal(pav_reader_open(b.db, &r, &err), PAV_OK);
    pav_reader_begin(r, 2000000);
    n = pav_reader_flow(r, 1, 0, 9, &b.arena, &v);
    text =
        pav_arena_printf(&b.arena, "%d upto %d", n == 0 ? 0 : (int)v[0].count,
                         (int)pav_reader_flow_upto(r));
    pav_reader_end(r);
    pav_reader_close(r);
    return text;
}

/* One that was given up is not passed over: those behind it are nothing until
 * it has come again, and none is added twice. */
static void
test_folds_come_in_order(void **state)
{
    (void)state;
    bring_fold(0, 10);
    assert_string_equal(folded(), "1 upto 10");
    bring_fold(20, 30); /* the one from 10 on was lost */
    assert_string_equal(folded(), "1 upto 10");
    bring_fold(10, 20);
    bring_fold(10, 20); /* a second time */
    bring_fold(20, 30);
    assert_string_equal(folded(), "3 upto 30");
}

/* R1 of the reader: a list that its time cut off is an error, not a short
 * list. */
static void
test_a_part_is_no_answer(void **state)
{
    struct pav_passed passed = {.version_id = 1,
                                .until_day = 9,
                                .kind = PAV_FLOW_STATE,
                                .a = "A",
                                .b = ""};
    struct pav_execution_filter f = {
        .status = -1, .limit = 10, .passed = &passed};
    struct pav_execution_view *v;
    struct pav_reader *r;
    struct pav_err err;
    int64_t next;

    (void)state;
    define("line", line_machine, "s", "");
    assert_string_equal(send("1", "One", "k"), "started line:k");
    bring_fold(0, 1); /* as if the execution 1 had passed A */
    assert_int_equal(pav_reader_open(b.db, &r, &err), PAV_OK);
    pav_reader_begin(r, 2000000);
    assert_int_equal(pav_reader_executions(r, &f, &b.arena, &v, &next), 1);
    assert_int_equal(pav_reader_failed(r, &err), PAV_OK);
    pav_reader_end(r);
    pav_reader_begin(r, 0);
    assert_int_equal(pav_reader_executions(r, &f, &b.arena, &v, &next), 0);
    assert_int_equal(pav_reader_failed(r, &err), PAV_BUSY);
    pav_reader_end(r);
    pav_reader_close(r);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_straight),
        T(test_early_events_are_applied),
        T(test_early_events_expire),
        T(test_early_events_are_bounded),
        T(test_duplicates_change_nothing),
        T(test_unexpected_fails),
        T(test_unexpected_is_recorded),
        T(test_unexpected_is_parked),
        T(test_unexpected_in_a_parallel),
        T(test_named_ahead_is_early),
        T(test_generations),
        T(test_odd_keys_get_a_name),
        T(test_two_machines_one_key),
        T(test_handed_over_by_the_token_table),
        T(test_both_rules_match),
        T(test_parked_events_are_not_stolen),
        T(test_rejected_may_come_again),
        T(test_handed_over_duplicate),
        T(test_early_while_a_branch_sleeps),
        T(test_too_deep),
        T(test_timers),
        T(test_restart_after_each_event),
        T(test_tokens_are_spent_once),
        T(test_start_is_idempotent),
        T(test_nothing_leaves_before_it_is_durable),
        cmocka_unit_test(test_names),
        T(test_folds_come_in_order),
        T(test_a_part_is_no_answer),
    };

    return cmocka_run_group_tests(tests, load_machines, free_machines);
}
