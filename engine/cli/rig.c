/* The stage: see rig.h. */
#include "rig.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/envelope.h"
#include "pavane/folder.h"
#include "pavane/journal.h"
#include "pavane/log.h"
#include "cli.h"

#define BEGINNING                                                              \
    1767225600000 /* 2026-01-01, wherever and whenever it runs                 \
                   */
#define TURNS_MAX 100000

static void
came_back(struct pav_sender *sender, struct pav_job *first)
{
    struct rig *s =
        (struct rig *)(void *)((char *)sender - offsetof(struct rig, sender));

    s->done = first;
}

/* One job, until it comes back: the stage's from then on, up to the next. */
static void
do_job(struct rig *s, struct pav_job *j)
{
    pav_job_free(s->done);
    s->done = NULL;
    j->sender = &s->sender;
    if (!pav_engine_submit(s->engine, j))
        PAV_BUG("the stage's queue is full");
    while (s->done == NULL)
        pav_engine_turn(s->engine, 0);
}

static struct pav_define_job *
load(const char *path, struct pav_buf *report)
{
    char copy[4096], *slash;
    size_t len;

    snprintf(copy, sizeof(copy), "%s", path);
    len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    slash = strrchr(copy, '/');
    if (slash == NULL)
        return pav_folder_load(".", copy, report);
    *slash = '\0';
    return pav_folder_load(*copy == '\0' ? "/" : copy, slash + 1, report);
}

static bool
open_store(struct rig *s, struct pav_store **store, struct pav_err *err)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(s->dir, sizeof(s->dir), "%.40s/pavane-XXXXXX",
             tmp == NULL || strlen(tmp) > 40 ? "/tmp" : tmp);
    if (mkdtemp(s->dir) == NULL) {
        (void)pav_fail(err, PAV_IO, s->dir, "no folder can be made there");
        return false;
    }
    snprintf(s->db, sizeof(s->db), "%s/stage.db", s->dir);
    return pav_store_open(s->db, store, err) == PAV_OK;
}

/* NULL: what is wrong with the folder is in `report`, anything else in `err`.
 */
static struct rig *
rig_new(const char *path, struct pav_buf *report, struct pav_err *err)
{
    static const char *const all[] = {"*"};
    struct pav_engine_config config = {.region = "us-east-1",
                                       .account = "000000000000",
                                       .role_arn = "",
                                       .queue_max = 100,
                                       .hot_bytes = 1 << 20,
                                       .manual = true,
                                       .services = all,
                                       .service_count = 1};
    struct pav_define_job *define = load(path, report);
    struct rig *s;

    if (define == NULL)
        return NULL;
    s = pav_xcalloc(1, sizeof(*s));
    s->sender.done = came_back;
    pav_arena_init(&s->arena, 1 << 16);
    s->machine = pav_arena_strdup(&s->arena, define->row.name);
    pav_log_level(PAV_LOG_ERROR);
    pav_clock_virtual(&config.clock, BEGINNING);
    if (!open_store(s, &config.store, err)) {
        pav_job_free(&define->job);
        rig_free(s);
        return NULL;
    }
    s->engine = pav_engine_new(&config);
    do_job(s, &define->job);
    if (s->done->rc != PAV_OK ||
        pav_reader_open(s->db, &s->reader, err) != PAV_OK) {
        if (s->done->rc != PAV_OK)
            *err = s->done->err;
        rig_free(s);
        return NULL;
    }
    return s;
}

int
rig_open(const char *command, const char *path, struct rig **out)
{
    struct pav_err err = {0};
    struct pav_buf faults;
    int code = 0;

    pav_buf_init(&faults, 1 << 20);
    *out = rig_new(path, &faults, &err);
    if (*out == NULL && *err.message != '\0')
        code = cli_fail(command, &err);
    else if (*out == NULL)
        code = 1;
    if (code != 0 && faults.len > 0)
        fputs(faults.p, stderr);
    pav_buf_fini(&faults);
    return code;
}

void
rig_free(struct rig *s)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-witness"};
    char path[128];
    size_t i;

    if (s == NULL)
        return;
    pav_reader_close(s->reader);
    if (s->engine != NULL) {
        pav_engine_stop(s->engine);
        pav_engine_free(s->engine);
    }
    for (i = 0; *s->db != '\0' && i < sizeof(tails) / sizeof(*tails); i++) {
        snprintf(path, sizeof(path), "%s%s", s->db, tails[i]);
        (void)unlink(path);
    }
    if (*s->dir != '\0')
        (void)rmdir(s->dir);
    pav_job_free(s->done);
    pav_arena_fini(&s->arena);
    free(s);
}

/* ---- what happens ---- */

const char *
rig_event(struct rig *s, const struct pav_doc *event, const char **detail)
{
    struct pav_events_job *j = pav_job_new(&pav_events_kind);
    struct pav_envelope_defaults defaults = {
        .region = "us-east-1", .account = "000000000000", .now_ms = rig_now(s)};
    const char *text = pav_doc_text(&j->job.arena, event);
    struct pav_err err;
    uint32_t i;

    *detail = NULL;
    j->items = pav_arena_zalloc(&j->job.arena, sizeof(*j->items));
    j->item_count = 1;
    if (pav_envelope_read_any(text, strlen(text), &defaults, &j->job.arena,
                              &j->items[0].event, &err) != PAV_OK) {
        *detail = pav_arena_printf(&s->arena, "%s: %s", err.at, err.message);
        pav_job_free(&j->job);
        return pav_disposition_name(PAV_REJECTED);
    }
    j->items[0].body.p = text;
    j->items[0].body.len = strlen(text);
    do_job(s, &j->job);
    for (i = 0; i < j->items[0].outcome_count; i++)
        if (j->items[0].outcomes[i].machine != NULL) {
            *detail = j->items[0].outcomes[i].detail;
            return pav_disposition_name(j->items[0].outcomes[i].disposition);
        }
    return pav_disposition_name(j->items[0].outcome_count == 0
                                    ? PAV_UNMATCHED
                                    : j->items[0].outcomes[0].disposition);
}

bool
rig_start(struct rig *s, const struct pav_doc *input, const char **why)
{
    struct pav_start_job *j = pav_job_new(&pav_start_kind);

    j->machine = s->machine;
    j->input = input;
    do_job(s, &j->job);
    *why = j->job.err.message;
    return j->job.rc == PAV_OK;
}

bool
rig_stop(struct rig *s, const char *error, const char *cause)
{
    struct pav_execution_view x;
    struct pav_stop_job *j;

    if (!rig_execution(s, &x))
        return false;
    j = pav_job_new(&pav_stop_kind);
    j->machine = s->machine;
    j->name = x.row.name;
    j->error = error;
    j->cause = cause;
    do_job(s, &j->job);
    return j->job.rc == PAV_OK;
}

void
rig_answer(struct rig *s, const struct pav_wait_row *wait,
           const struct pav_doc *output, const char *error, const char *cause)
{
    struct pav_reply_job *j = pav_job_new(&pav_reply_kind);

    j->execution_id = wait->execution_id;
    j->no = wait->no;
    j->manual = true;
    j->output = output;
    j->failure = output == NULL;
    j->error = error;
    j->cause = cause;
    do_job(s, &j->job);
}

/* ---- time ---- */

static struct pav_status_view
status_of(struct rig *s)
{
    struct pav_status_view v;

    pav_engine_status(s->engine, &v);
    return v;
}

int64_t
rig_now(struct rig *s)
{
    return pav_clock_ms(pav_engine_clock(s->engine));
}

void
rig_settle(struct rig *s)
{
    struct pav_status_view v;
    int i = 0;

    do {
        pav_engine_turn(s->engine, 0);
        v = status_of(s);
    } while (i++ < TURNS_MAX &&
             (v.works > 0 ||
              (v.next_timer_at != 0 && v.next_timer_at <= rig_now(s))));
}

bool
rig_next_timer(struct rig *s)
{
    int64_t at = status_of(s).next_timer_at;

    if (at == 0)
        return false;
    if (at > rig_now(s))
        pav_clock_advance(pav_engine_clock(s->engine), at - rig_now(s));
    rig_settle(s);
    return true;
}

/* Timers on the way are due one after the other, each at its moment. */
void
rig_pass(struct rig *s, int64_t ms)
{
    int64_t until = rig_now(s) + ms, at;
    int i = 0;

    while (i++ < TURNS_MAX && (at = status_of(s).next_timer_at) != 0 &&
           at <= until)
        rig_next_timer(s);
    if (until > rig_now(s))
        pav_clock_advance(pav_engine_clock(s->engine), until - rig_now(s));
    rig_settle(s);
}

/* ---- what must be seen ---- */

/* Half an answer must not look like a whole one. */
static void
must_be_read(struct rig *s)
{
    struct pav_err err;

    if (pav_reader_failed(s->reader, &err) == PAV_OK)
        return;
    fprintf(stderr, "pavane: %s: cannot be read: %s\n", s->db, err.message);
    rig_free(s);
    exit(3);
}

bool
rig_execution(struct rig *s, struct pav_execution_view *out)
{
    struct pav_execution_filter f = {.machine = s->machine,
                                     .status = -1,
                                     .exclude_map_children = true,
                                     .limit = 1};
    struct pav_execution_view *v;
    int64_t next;

    uint32_t count = pav_reader_executions(s->reader, &f, &s->arena, &v, &next);

    must_be_read(s);
    if (count == 0)
        return false;
    *out = v[0];
    return true;
}

uint32_t
rig_waits(struct rig *s, struct pav_listed_wait **out)
{
    struct pav_wait_filter f = {.machine = s->machine, .limit = 1000};
    bool more;
    uint32_t count = pav_reader_waits(s->reader, &f, &s->arena, out, &more);

    must_be_read(s);
    return count;
}

struct walk {
    struct pav_reader *reader;
    struct pav_arena *arena;
    void (*fn)(void *arg, const struct pav_history_event *e);
    void *arg;
};

static void
walk_step(void *arg, const struct pav_step_row *step)
{
    struct walk *w = arg;
    struct pav_step_row kept = *step; /* the events are looked at later */
    struct pav_history_event e;
    struct pav_record *record;
    uint32_t i;

    kept.record.p =
        pav_arena_strndup(w->arena, step->record.p, step->record.len);
    record = pav_reader_record(w->reader, &kept, w->arena);
    for (i = 0; i < pav_history_count(record); i++) {
        pav_history_event(record, i, step->first_event, w->arena, &e);
        w->fn(w->arg, &e);
    }
}

void
rig_history(struct rig *s, const struct pav_execution_row *row,
            void (*fn)(void *arg, const struct pav_history_event *e), void *arg)
{
    struct walk w = {
        .reader = s->reader, .arena = &s->arena, .fn = fn, .arg = arg};

    pav_reader_walk(s->reader, row->last_step, walk_step, &w);
    must_be_read(s);
}

void
rig_executions(struct rig *s,
               void (*fn)(void *arg, const struct pav_execution_view *x),
               void *arg)
{
    struct pav_execution_filter f = {
        .machine = s->machine, .status = -1, .limit = 100};
    struct pav_execution_view *v;
    uint32_t i, n;

    do {
        n = pav_reader_executions(s->reader, &f, &s->arena, &v, &f.before);
        must_be_read(s);
        for (i = 0; i < n; i++)
            fn(arg, &v[i]);
    } while (f.before != 0);
}
