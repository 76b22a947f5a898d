/* A play: see pavane/play.h. */
#include "pavane/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/file.h"
#include "pavane/text.h"
#include "expect.h"
#include "script.h"
#include "stubs.h"

#define FILE_MAX_LEN (4 << 20)
#define BEGINS       "2026-01-01T00:00:00Z"
#define AFTER_MAX    3.2e9   /* seconds */
#define PATIENCE_US  5000000 /* for what comes about behind a rest */
#define PAUSE_US     20000

struct script {
    struct pav_arena arena;
    const char *file;
    char *text;
    size_t len;
    const struct pav_doc *doc;
    const char *system; /* its folder */
    struct stage stage;
    struct pav_buf *report;
    bool passed;
};

static enum pav_rc
fail_at(struct script *p, const struct pav_doc *at, struct pav_err *err,
        const char *why)
{
    return pav_doc_fail_at(err, p->file, p->text, p->len, at, why);
}

/* Something is not as it was to be, at this step. */
static void
note(struct script *p, const struct pav_doc *at, const char *what)
{
    unsigned line, column;

    pav_doc_place(p->text, p->len, at->at, &line, &column);
    pav_buf_printf(p->report, "%s:%u:%u: %s\n", p->file, line, column, what);
    p->passed = false;
}

/* ---- steps ---- */

/* The daemon that a member names, the first without one. */
static enum pav_rc
daemon_of(struct script *p, const struct pav_doc *step, const char *key,
          struct daemon **out, struct pav_err *err)
{
    const char *name = pav_doc_member_str(&p->arena, step, key);

    *out = stage_daemon(&p->stage, p->system, name);
    if (*out != NULL)
        return PAV_OK;
    return fail_at(p, step, err,
                   pav_arena_printf(&p->arena, "the system has no daemon '%s'",
                                    name == NULL ? "" : name));
}

/* Ask as the step says: whom, and with which token. */
static enum pav_rc
ask(struct script *p, const struct pav_doc *step, const char *path,
    const char *target, const struct pav_doc *body, long *status,
    const struct pav_doc **out, struct pav_err *err)
{
    struct daemon *d;
    enum pav_rc rc = daemon_of(p, step, "daemon", &d, err);

    return rc != PAV_OK
               ? rc
               : stage_ask(&p->stage, d,
                           pav_doc_member_str(&p->arena, step, "token"), path,
                           target, body, status, out, err);
}

/* The dispositions of an answer to POST /events, a word an event. */
static const struct pav_doc *
words_of(struct script *p, const struct pav_doc *answer)
{
    const struct pav_doc *results = pav_doc_get(answer, "results");
    struct pav_items words;
    uint32_t i, j;

    pav_items_init(&words, &p->arena);
    for (i = 0; results != NULL && i < results->len; i++) {
        const struct pav_doc *list =
            pav_doc_get(&results->items[i], "dispositions");

        for (j = 0; list != NULL && j < list->len; j++)
            pav_items_add(&words, pav_doc_get(&list->items[j], "disposition"));
        if (list == NULL || list->len == 0)
            pav_items_add(&words, pav_doc_get(&results->items[i], "status"));
    }
    return pav_items_array(&words);
}

static enum pav_rc
send(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    const struct pav_doc *wanted = pav_doc_get(step, "dispositions"), *answer;
    const struct pav_doc *status = pav_doc_get(step, "status");
    const char *bus = pav_doc_member_str(&p->arena, step, "bus");
    int64_t code = status == NULL ? 200 : pav_doc_member_int(step, "status");
    long got;
    enum pav_rc rc = ask(
        p, step,
        pav_arena_printf(&p->arena, "/events%s%s",
                         bus == NULL ? "" : "?bus=", bus == NULL ? "" : bus),
        NULL, pav_doc_get(step, "send"), &got, &answer, err);

    if (rc != PAV_OK)
        return rc;
    if (got != code)
        note(p, step,
             pav_arena_printf(&p->arena, "status %lld expected, %ld found: %s",
                              (long long)code, got,
                              pav_doc_text(&p->arena, answer)));
    else if (wanted != NULL &&
             !expect_fits(&p->arena, wanted, words_of(p, answer)))
        note(p, step,
             pav_arena_printf(&p->arena, "dispositions %s expected, %s found",
                              pav_doc_text(&p->arena, wanted),
                              pav_doc_text(&p->arena, words_of(p, answer))));
    return PAV_OK;
}

/* "events:PutEvents" is AWSEvents.PutEvents. */
static const char *
target_of(struct script *p, const char *action)
{
    if (strncmp(action, "events:", 7) == 0)
        return pav_arena_printf(&p->arena, "AWSEvents.%s", action + 7);
    if (strncmp(action, "pavane:", 7) == 0)
        return pav_arena_printf(&p->arena, "Pavane.%s", action + 7);
    return pav_arena_printf(&p->arena, "AWSStepFunctions.%s", action);
}

static enum pav_rc
call(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    const char *action = pav_doc_member_str(&p->arena, step, "call");
    const struct pav_doc *with = pav_doc_get(step, "with"), *answer;
    const struct pav_doc *wanted = pav_doc_get(step, "answers");
    const char *error = pav_doc_member_str(&p->arena, step, "error"), *type;
    const struct pav_doc *code = pav_doc_get(step, "status");
    bool fine = true;
    long status;
    enum pav_rc rc =
        ask(p, step, "/", target_of(p, action),
            with == NULL ? &pav_doc_empty_object : with, &status, &answer, err);

    if (rc != PAV_OK)
        return rc;
    type =
        status == 200 ? NULL : pav_doc_member_str(&p->arena, answer, "__type");
    if (code == NULL ? (error == NULL) != (status == 200)
                     : pav_doc_member_int(step, "status") != status)
        fine = false;
    if (!fine ||
        (error != NULL && (type == NULL || strcmp(error, type) != 0)) ||
        (wanted != NULL && !expect_fits(&p->arena, wanted, answer)))
        note(p, step,
             pav_arena_printf(&p->arena, "%s answers %s", action,
                              pav_doc_text(&p->arena, answer)));
    return PAV_OK;
}

static enum pav_rc
get(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    const char *path = pav_doc_member_str(&p->arena, step, "get");
    const struct pav_doc *wanted = pav_doc_get(step, "answers"), *answer;
    int64_t code = pav_doc_get(step, "status") == NULL
                       ? 200
                       : pav_doc_member_int(step, "status");
    long status;
    enum pav_rc rc = ask(p, step, path, NULL, NULL, &status, &answer, err);

    if (rc == PAV_OK &&
        (status != code ||
         (wanted != NULL && !expect_fits(&p->arena, wanted, answer))))
        note(p, step,
             pav_arena_printf(&p->arena, "%s answers %ld: %s", path, status,
                              pav_doc_text(&p->arena, answer)));
    return rc;
}

static enum pav_rc
pass(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    return stage_pass(&p->stage, pav_doc_double(pav_doc_get(step, "after")),
                      err);
}

static enum pav_rc
stop(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    struct daemon *d;
    enum pav_rc rc = daemon_of(p, step, "stop", &d, err);

    return rc == PAV_OK ? stage_stop(&p->stage, d, err) : rc;
}

static enum pav_rc
start(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    struct daemon *d;
    enum pav_rc rc = daemon_of(p, step, "start", &d, err);

    return rc == PAV_OK ? stage_start(&p->stage, d, err) : rc;
}

static enum pav_rc
kill_it(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    struct daemon *d;
    enum pav_rc rc = daemon_of(p, step, "kill", &d, err);

    if (rc == PAV_OK)
        rc = stage_stop(&p->stage, d, err);
    return rc == PAV_OK ? stage_start(&p->stage, d, err) : rc;
}

static enum pav_rc
set_scenario(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    const char *name = pav_doc_member_str(&p->arena, step, "scenario");
    const char *state = pav_doc_member_str(&p->arena, step, "state");

    if (state != NULL && stand_ins_scenario(p->stage.stand_ins, name, state))
        return PAV_OK;
    return fail_at(p, step, err,
                   state == NULL ? "the scenario's \"state\" is missing"
                                 : "no stand-in has such a scenario");
}

/* What is written behind an answer may come a moment later. */
static enum pav_rc
expect_soon(struct script *p, const struct pav_doc *expect, struct pav_err *err)
{
    int64_t until = pav_clock_mono_us() + PATIENCE_US;
    struct pav_buf report;
    enum pav_rc rc;
    bool holds;

    for (;;) {
        pav_buf_init(&report, 1 << 20);
        rc = stage_settle(&p->stage, err);
        if (rc == PAV_OK)
            rc = expect_holds(&p->stage, p->system, expect, &report, &holds,
                              err);
        if (rc != PAV_OK || holds || pav_clock_mono_us() > until)
            break;
        pav_buf_fini(&report);
        usleep(PAUSE_US);
    }
    if (rc == PAV_OK && !holds) {
        note(p, expect, "not as expected:");
        pav_buf_put(p->report, report.p, report.len);
    }
    pav_buf_fini(&report);
    return rc;
}

static enum pav_rc
expect_now(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    return expect_soon(p, pav_doc_get(step, "expect"), err);
}

static const struct step_kind {
    const char *name;
    enum pav_rc (*run)(struct script *p, const struct pav_doc *step,
                       struct pav_err *err);
    const char *fields[9];
} step_kinds[] = {
    {"send",
     send,
     {"send", "bus", "dispositions", "status", "daemon", "token", "note",
      NULL}},
    {"call",
     call,
     {"call", "with", "answers", "error", "status", "daemon", "token", "note",
      NULL}},
    {"get", get, {"get", "answers", "status", "daemon", "token", "note", NULL}},
    {"after", pass, {"after", "note", NULL}},
    {"kill", kill_it, {"kill", "note", NULL}},
    {"stop", stop, {"stop", "note", NULL}},
    {"start", start, {"start", "note", NULL}},
    {"scenario", set_scenario, {"scenario", "state", "note", NULL}},
    {"expect", expect_now, {"expect", "note", NULL}}};
#define STEP_KINDS (sizeof(step_kinds) / sizeof(step_kinds[0]))

static const struct step_kind *
kind_of(const struct pav_doc *step)
{
    size_t i;

    for (i = 0; i < STEP_KINDS; i++)
        if (pav_doc_get(step, step_kinds[i].name) != NULL)
            return &step_kinds[i];
    return NULL;
}

/* ---- the file ---- */

static enum pav_rc
check_fields(struct script *p, const struct pav_doc *o,
             const char *const *known, struct pav_err *err)
{
    uint32_t i;

    for (i = 0; i < o->len; i++)
        if (!pav_member_in(&o->members[i], known))
            return fail_at(
                p, &o->members[i].value, err,
                pav_arena_printf(&p->arena, "there is no field '%.*s' here",
                                 (int)o->members[i].len, o->members[i].key));
    return PAV_OK;
}

static enum pav_rc
check_expect(struct script *p, const struct pav_doc *expect,
             struct pav_err *err)
{
    const struct pav_doc *at;
    struct pav_err why;

    if (expect == NULL ||
        (expect_check(expect, &at, &why) == PAV_OK &&
         stub_expressions(&p->arena, expect, &at, &why) == PAV_OK))
        return PAV_OK;
    return fail_at(p, at, err, why.message);
}

static enum pav_rc
check_step(struct script *p, const struct pav_doc *step, struct pav_err *err)
{
    const struct step_kind *k = kind_of(step);
    static const char *const texts[] = {"call", "get",   "scenario", "state",
                                        "bus",  "error", "daemon",   "token",
                                        "stop", "start"};
    const struct pav_doc *after = pav_doc_get(step, "after"), *v;
    enum pav_rc rc;
    size_t i;

    if (k == NULL)
        return fail_at(p, step, err,
                       "a step has one of send, call, get, after, kill, stop, "
                       "start, scenario, expect");
    rc = check_fields(p, step, k->fields, err);
    if (rc == PAV_OK && after != NULL &&
        (after->kind != PAV_NUMBER || pav_doc_double(after) < 0 ||
         pav_doc_double(after) > AFTER_MAX))
        rc = fail_at(p, after, err,
                     "seconds are expected, at most a hundred years of them");
    for (i = 0; rc == PAV_OK && i < sizeof(texts) / sizeof(texts[0]); i++) {
        v = pav_doc_get(step, texts[i]);
        if (v != NULL && v->kind != PAV_STRING)
            rc = fail_at(p, v, err, "a text is expected");
    }
    return rc == PAV_OK ? check_expect(p, pav_doc_get(step, "expect"), err)
                        : rc;
}

static enum pav_rc
check(struct script *p, struct pav_err *err)
{
    static const char *const known[] = {"description", "begins", "steps",
                                        "expect", NULL};
    const struct pav_doc *steps = pav_doc_get(p->doc, "steps");
    const char *begins = pav_doc_member_str(&p->arena, p->doc, "begins");
    enum pav_rc rc = check_fields(p, p->doc, known, err);
    int64_t ms;
    uint32_t i;

    if (rc == PAV_OK && (steps == NULL || steps->kind != PAV_ARRAY))
        rc = fail_at(p, p->doc, err, "\"steps\", a list, is expected");
    if (rc == PAV_OK && begins != NULL &&
        (!pav_time_parse(begins, strlen(begins), &ms) || ms <= 0))
        rc = fail_at(p, pav_doc_get(p->doc, "begins"), err,
                     "a time is expected, as " BEGINS);
    for (i = 0; rc == PAV_OK && steps != NULL && i < steps->len; i++)
        rc = check_step(p, &steps->items[i], err);
    return rc == PAV_OK ? check_expect(p, pav_doc_get(p->doc, "expect"), err)
                        : rc;
}

static enum pav_rc
read_script(struct script *p, struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    unsigned line, column;
    struct pav_err why;
    enum pav_rc rc =
        pav_file_read(p->file, FILE_MAX_LEN, &p->text, &p->len, err);

    if (rc != PAV_OK)
        return rc;
    if (pav_doc_parse(&p->arena, p->text, p->len, &opts, &p->doc, &why) ==
        PAV_OK)
        return check(p, err);
    pav_doc_fault_place(&why, &line, &column);
    return pav_fail(
        err, PAV_INVALID,
        pav_arena_printf(&p->arena, "%s:%u:%u", p->file, line, column), "%s",
        why.message);
}

enum pav_rc
script_check(const char *file, struct pav_err *err)
{
    struct script p = {.file = file};
    enum pav_rc rc;

    pav_arena_init(&p.arena, 1 << 14);
    rc = read_script(&p, err);
    free(p.text);
    pav_arena_fini(&p.arena);
    return rc;
}

/* ---- on stage ---- */

/* A folder with a fault plays nothing. */
static enum pav_rc
look_for_faults_of(struct script *p, const struct daemon *d,
                   struct pav_err *err)
{
    const struct pav_doc *answer, *list;
    long status;
    uint32_t i;
    enum pav_rc rc = stage_ask(&p->stage, d, NULL, "/api/v1/machines", NULL,
                               NULL, &status, &answer, err);

    if (rc == PAV_OK && status != 200)
        rc = pav_fail(err, PAV_IO, "the daemon", "it cannot list its machines");
    list = rc == PAV_OK ? pav_doc_get(answer, "machines") : NULL;
    for (i = 0; rc == PAV_OK && list != NULL && i < list->len; i++) {
        const char *fault =
            pav_doc_member_str(&p->arena, &list->items[i], "fault");

        if (fault != NULL && strstr(fault, ": error: ") != NULL)
            rc = pav_fail(err, PAV_INVALID, "the system", "%s", fault);
    }
    return rc;
}

static enum pav_rc
look_for_faults(struct script *p, struct pav_err *err)
{
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    for (i = 0; rc == PAV_OK && i < p->stage.daemons.count; i++)
        rc = look_for_faults_of(p, &p->stage.daemons.v[i], err);
    return rc;
}

static enum pav_rc
perform(struct script *p, struct pav_err *err)
{
    const struct pav_doc *steps = pav_doc_get(p->doc, "steps");
    const struct pav_doc *expect = pav_doc_get(p->doc, "expect");
    enum pav_rc rc = stage_settle(&p->stage, err);
    uint32_t i;

    if (rc == PAV_OK)
        rc = look_for_faults(p, err);
    for (i = 0; rc == PAV_OK && p->passed && i < steps->len; i++) {
        const struct step_kind *k = kind_of(&steps->items[i]);

        if (k != NULL)
            rc = k->run(p, &steps->items[i], err);
    }
    if (rc == PAV_OK && p->passed && expect != NULL)
        rc = expect_soon(p, expect, err);
    return rc; /* what follows a first difference is mostly its consequence */
}

/* Up to where time must pass: in real time that is all that happens at once. */
static enum pav_rc
perform_beginning(struct script *p, struct pav_err *err)
{
    const struct pav_doc *steps = pav_doc_get(p->doc, "steps");
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    for (i = 0; rc == PAV_OK && i < steps->len; i++) {
        const struct step_kind *k = kind_of(&steps->items[i]);

        if (k == NULL || k->run == pass || k->run == kill_it ||
            k->run == stop || k->run == start)
            break;
        if (k->run != expect_now)
            rc = k->run(p, &steps->items[i], err);
    }
    return rc;
}

enum pav_rc
script_begin(struct stage *stage, const char *system, const char *file,
             struct pav_buf *report, struct pav_err *err)
{
    struct script p = {.file = file,
                       .system = system,
                       .report = report,
                       .passed = true,
                       .stage = *stage};
    enum pav_rc rc;

    pav_arena_init(&p.arena, 1 << 14);
    rc = read_script(&p, err);
    if (rc == PAV_OK)
        rc = perform_beginning(&p, err);
    *stage = p.stage; /* its arena grew */
    free(p.text);
    pav_arena_fini(&p.arena);
    return rc;
}

enum pav_rc
pav_play(const char *dir, const char *file, struct pav_buf *report,
         bool *passed, struct pav_err *err)
{
    struct script p = {
        .file = file, .system = dir, .report = report, .passed = true};
    const char *begins;
    enum pav_rc rc;

    pav_arena_init(&p.arena, 1 << 14);
    rc = read_script(&p, err);
    if (rc == PAV_OK) {
        stage_catch_ends();
        begins = pav_doc_member_str(&p.arena, p.doc, "begins");
        rc =
            stage_open(&p.stage, &dir, 1, dir, begins == NULL ? BEGINS : begins,
                       NULL, "127.0.0.1:0", err);
        if (rc == PAV_OK)
            rc = perform(&p, err);
        stage_close(&p.stage);
    }
    *passed = p.passed;
    free(p.text);
    pav_arena_fini(&p.arena);
    return rc;
}
