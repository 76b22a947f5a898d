/* A stage: see stage.h. */
#include "stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/file.h"
#include "pavane/text.h"

#define PATIENCE_US     60000000 /* for what must come about at once */
#define PAUSE_US        2000
#define LISTENING       "listening on "
#define DEFAULT_ACCOUNT "000000000000"
#define DEFAULT_REGION  "us-east-1"

static volatile sig_atomic_t ended;

static void
on_end(int sig)
{
    (void)sig;
    ended = 1;
}

void
stage_catch_ends(void)
{
    struct sigaction end = {.sa_handler = on_end, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
}

/* ---- a daemon ---- */

/* Where the clocks are, and when the next thing is due in any daemon. */
struct time {
    const char *now;
    int64_t now_ms, next_ms;
    bool quiet;
};

static enum pav_rc move_all(struct stage *s, const char *until, struct time *t,
                            struct pav_err *err);

static _Noreturn void
become_daemon(struct stage *s, struct daemon *d, int out, int log)
{
    const char *argv[32];
    char port[64];
    sigset_t none;
    int n = 0;

    snprintf(port, sizeof(port), "127.0.0.1:%d", stand_ins_port(s->stand_ins));
    argv[n++] = "pavane";
    argv[n++] = "serve";
    argv[n++] = "--db";
    argv[n++] = pav_arena_printf(&s->arena, "%s/pavane.db", d->dir);
    argv[n++] = "--data";
    argv[n++] = stage_data(s, d);
    argv[n++] = "--machines";
    argv[n++] = d->machines;
    argv[n++] = "--listen";
    argv[n++] = d->listen;
    argv[n++] = "--stand-ins";
    argv[n++] = port;
    argv[n++] = "--account";
    argv[n++] = d->account;
    argv[n++] = "--region";
    argv[n++] = d->region;
    if (d->token != NULL) {
        argv[n++] = "--token-file";
        argv[n++] = pav_arena_printf(&s->arena, "%s/tokens", d->dir);
    }
    if (s->clock != NULL) {
        argv[n++] = "--virtual-clock";
        argv[n++] = s->clock;
    }
    argv[n] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it does not outlive its stage */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* who waits for them blocks some */
    dup2(out, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    _exit(127);
}

static const char *
log_of(struct stage *s, const struct daemon *d)
{
    return pav_arena_printf(&s->arena, "%s/log", d->dir);
}

/* The log's last line: why it did not start. */
static const char *
last_words(struct stage *s, const struct daemon *d)
{
    struct pav_err err;
    char *text, *line;
    size_t len;
    const char *words;

    if (pav_file_read(log_of(s, d), 64 << 20, &text, &len, &err) != PAV_OK)
        return "it did not start";
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    line = strrchr(text, '\n');
    words = pav_arena_strdup(&s->arena, line == NULL ? text : line + 1);
    free(text);
    return words;
}

/* "the daemon", or "the daemon 'central'" */
static const char *
called(struct stage *s, const struct daemon *d)
{
    return d->name == NULL
               ? "the daemon"
               : pav_arena_printf(&s->arena, "the daemon '%s'", d->name);
}

enum pav_rc
stage_start(struct stage *s, struct daemon *d, struct pav_err *err)
{
    struct time t;
    int ends[2], fd;
    char line[256];
    FILE *f;

    if (d->pid > 0)
        return PAV_OK;
    if (s->clock != NULL && move_all(s, NULL, &t, err) == PAV_OK &&
        t.now != NULL)
        s->clock = t.now; /* time went on without it */
    fd = open(log_of(s, d), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return pav_fail(err, PAV_IO, log_of(s, d), "it cannot be written");
    fflush(stdout);
    d->pid = fork();
    if (d->pid == 0)
        become_daemon(s, d, ends[1], fd);
    close(ends[1]);
    close(fd);
    f = fdopen(ends[0], "r");
    line[0] = '\0';
    if (d->pid < 0 || f == NULL || fgets(line, sizeof(line), f) == NULL ||
        strncmp(line, LISTENING, strlen(LISTENING)) != 0) {
        if (f != NULL)
            fclose(f);
        return pav_fail(err, PAV_IO, called(s, d), "%s", last_words(s, d));
    }
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    snprintf(d->url, sizeof(d->url), "%.60s", line + strlen(LISTENING));
    stand_ins_daemon(s->stand_ins, d->name, d->url, d->token);
    return PAV_OK;
}

static void
end(struct daemon *d, int with)
{
    if (d->pid <= 0)
        return;
    kill(d->pid, with);
    while (waitpid(d->pid, NULL, 0) < 0)
        continue;
    d->pid = 0;
}

/* Where it keeps its things, and who may come. */
static enum pav_rc
prepare(struct stage *s, struct daemon *d, struct pav_err *err)
{
    const char *path;
    uint64_t random[2];
    FILE *f;

    d->dir = d->name == NULL
                 ? s->dir
                 : pav_arena_printf(&s->arena, "%s/%s", s->dir, d->name);
    if (d->name != NULL && mkdir(d->dir, 0700) != 0)
        return pav_fail(err, PAV_IO, d->dir, "the folder cannot be made");
    if (d->account == NULL)
        d->account = DEFAULT_ACCOUNT;
    if (d->region == NULL)
        d->region = DEFAULT_REGION;
    if (d->tokens == NULL)
        return PAV_OK;
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        PAV_BUG("there is no randomness");
    d->token = pav_arena_printf(&s->arena, "%016llx%016llx",
                                (unsigned long long)random[0],
                                (unsigned long long)random[1]);
    path = pav_arena_printf(&s->arena, "%s/tokens", d->dir);
    f = fopen(path, "w");
    if (f == NULL || fchmod(fileno(f), 0600) != 0 ||
        fprintf(f, "%s\n%s", d->token, d->tokens) < 0 || fclose(f) != 0)
        return pav_fail(err, PAV_IO, path, "it cannot be written");
    return PAV_OK;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* The daemons that the systems name, and one for those that name none. */
static enum pav_rc
cast(struct stage *s, const char *const *systems, uint32_t count,
     const char *machines, struct pav_err *err)
{
    struct daemon rest = {.machines = machines};
    bool all_have = true;
    enum pav_rc rc = PAV_OK;
    uint32_t i, j;

    for (i = 0; rc == PAV_OK && i < count; i++) {
        uint32_t before = s->daemons.count;

        rc = daemons_read(&s->arena, systems[i], &s->daemons, err);
        all_have = all_have && s->daemons.count > before;
    }
    for (i = 0; rc == PAV_OK && i < s->daemons.count; i++)
        for (j = 0; j < i; j++)
            if (strcmp(s->daemons.v[i].name, s->daemons.v[j].name) == 0)
                return pav_fail(err, PAV_INVALID, s->daemons.v[i].system,
                                "another system has a daemon '%s': call one "
                                "of them otherwise",
                                s->daemons.v[i].name);
    if (rc == PAV_OK && !all_have)
        daemons_add(&s->arena, &s->daemons, &rest);
    return rc;
}

/* The files of a database, which nobody has open, change hands. */
static enum pav_rc
take_over(struct stage *s, const struct daemon *d, const char *from,
          struct pav_err *err)
{
    struct dirent **v;
    int n = scandir(from, &v, NULL, NULL), i;
    enum pav_rc rc = PAV_OK;

    for (i = 0; i < n; i++) {
        if (rc == PAV_OK &&
            strncmp(v[i]->d_name, "pavane.db", strlen("pavane.db")) == 0 &&
            rename(pav_arena_printf(&s->arena, "%s/%s", from, v[i]->d_name),
                   pav_arena_printf(&s->arena, "%s/%s", d->dir,
                                    v[i]->d_name)) != 0)
            rc = pav_fail(err, PAV_IO, from, "its database cannot be moved");
        free(v[i]);
    }
    if (n >= 0)
        free(v);
    return rc;
}

void
stage_end(struct stage *s)
{
    uint32_t i;

    for (i = 0; i < s->daemons.count; i++)
        end(&s->daemons.v[i], SIGTERM);
}

void
stage_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum pav_rc
stage_open(struct stage *s, const char *const *systems, uint32_t count,
           const char *machines, const char *clock, const char *from,
           const char *listen, struct pav_err *err)
{
    const char *tmp = getenv("TMPDIR");
    enum pav_rc rc;
    uint32_t i;

    memset(s, 0, sizeof(*s));
    pav_arena_init(&s->arena, 1 << 16);
    s->clock = clock;
    rc = cast(s, systems, count, machines, err);
    if (rc == PAV_OK)
        rc = stand_ins_start(systems, count, &s->stand_ins, err);
    if (rc != PAV_OK)
        return rc;
    snprintf(s->dir, sizeof(s->dir), "%.40s/pavane-XXXXXX",
             tmp == NULL || strlen(tmp) > 40 ? "/tmp" : tmp);
    if (mkdtemp(s->dir) == NULL) {
        *s->dir = '\0';
        return pav_fail(err, PAV_IO, "TMPDIR", "no folder can be made there");
    }
    for (i = s->daemons.count; rc == PAV_OK && i-- > 0;) {
        struct daemon *d = &s->daemons.v[i];

        /* the one that has no name is the last of them */
        d->listen = i + 1 == s->daemons.count ? listen : "127.0.0.1:0";
        rc = prepare(s, d, err);
        if (rc == PAV_OK && d->name == NULL && from != NULL)
            rc = take_over(s, d, from, err);
        if (rc == PAV_OK)
            rc = stage_start(s, d, err);
    }
    return rc;
}

void
stage_close(struct stage *s)
{
    stage_end(s);
    stand_ins_stop(s->stand_ins);
    if (*s->dir != '\0')
        stage_remove(s->dir);
    pav_arena_fini(&s->arena);
}

const char *
stage_data(struct stage *s, const struct daemon *d)
{
    return pav_arena_printf(&s->arena, "%s/data", d->dir);
}

struct daemon *
stage_daemon(struct stage *s, const char *system, const char *name)
{
    struct daemon *rest = NULL;
    bool has_some = false;
    uint32_t i;

    for (i = 0; i < s->daemons.count; i++) {
        struct daemon *d = &s->daemons.v[i];

        if (d->system == NULL) {
            rest = d;
        } else if (strcmp(d->system, system) == 0) {
            has_some = true;
            if (name == NULL || strcmp(d->name, name) == 0)
                return d;
        }
    }
    return has_some || name != NULL ? NULL : rest;
}

/* ---- asking ---- */

enum pav_rc
stage_ask(struct stage *s, const struct daemon *d, const char *token,
          const char *path, const char *target, const struct pav_doc *body,
          long *status, const struct pav_doc **out, struct pav_err *err)
{
    const char *url = pav_arena_printf(&s->arena, "%s%s", d->url, path);
    const char *text = body == NULL ? NULL : pav_doc_text(&s->arena, body);
    struct pav_answer answer;
    enum pav_rc rc;

    if (ended)
        return pav_fail(err, PAV_IO, "the play", "it was ended");
    if (d->pid <= 0)
        return pav_fail(err, PAV_IO, called(s, d), "it was stopped");
    rc = pav_client_ask(
        url, target == NULL ? "application/json" : "application/x-amz-json-1.0",
        target, token == NULL ? d->token : token, text,
        text == NULL ? 0 : strlen(text), &answer, err);

    if (rc != PAV_OK)
        return pav_fail(err, rc, url, "%s; the daemon's last words: %s",
                        err->message, last_words(s, d));
    *status = answer.status;
    if (pav_doc_parse_copy(&s->arena, answer.body, answer.len, NULL, out,
                           NULL) != PAV_OK)
        *out = &pav_doc_null;
    free(answer.body);
    return PAV_OK;
}

/* ---- time ---- */

static int64_t
time_of(struct stage *s, const struct pav_doc *answer, const char *key,
        const char **text)
{
    int64_t ms;

    *text = pav_doc_member_str(&s->arena, answer, key);
    return *text != NULL && pav_time_parse(*text, strlen(*text), &ms)
               ? ms
               : INT64_MAX;
}

/* A clock is moved up to `until`, NULL: it stays. */
static enum pav_rc
move(struct stage *s, const struct daemon *d, const char *until, struct time *t,
     struct pav_err *err)
{
    const struct pav_doc *answer = NULL, *quiet;
    struct pav_members m;
    const char *next;
    int64_t next_ms;
    long status;
    enum pav_rc rc;

    pav_members_init(&m, &s->arena);
    if (until != NULL)
        pav_members_str(&m, "Until", until);
    rc = stage_ask(s, d, NULL, "/", "Pavane.MoveClock", pav_members_object(&m),
                   &status, &answer, err);
    if (rc != PAV_OK)
        return rc;
    if (status != 200)
        return pav_fail(err, PAV_IO, "the clock", "%s",
                        pav_doc_text(&s->arena, answer));
    quiet = pav_doc_get(answer, "Quiet");
    t->quiet = t->quiet && quiet != NULL && quiet->kind == PAV_TRUE;
    t->now_ms = time_of(s, answer, "Now", &t->now);
    next_ms = time_of(s, answer, "Next", &next);
    if (next_ms < t->next_ms)
        t->next_ms = next_ms;
    return PAV_OK;
}

static enum pav_rc
move_all(struct stage *s, const char *until, struct time *t,
         struct pav_err *err)
{
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    *t = (struct time){.next_ms = INT64_MAX, .quiet = true};
    for (i = 0; rc == PAV_OK && i < s->daemons.count; i++)
        if (s->daemons.v[i].pid > 0)
            rc = move(s, &s->daemons.v[i], until, t, err);
    return rc;
}

/* Twice: what one look saw end may have begun something. */
static enum pav_rc
settle(struct stage *s, struct time *t, struct pav_err *err)
{
    int64_t until = pav_clock_mono_us() + PATIENCE_US;
    int quiet = 0;

    while (quiet < 2) {
        enum pav_rc rc = move_all(s, NULL, t, err);

        if (rc != PAV_OK)
            return rc;
        quiet = t->quiet && !stand_ins_busy(s->stand_ins) ? quiet + 1 : 0;
        if (quiet == 0 && pav_clock_mono_us() > until)
            return pav_fail(err, PAV_IO, "the daemon",
                            "it does not come to rest: is there a loop, or a "
                            "stand-in that does not answer?");
        if (quiet == 0)
            usleep(PAUSE_US);
    }
    return PAV_OK;
}

enum pav_rc
stage_settle(struct stage *s, struct pav_err *err)
{
    struct time t;

    return settle(s, &t, err);
}

enum pav_rc
stage_pass(struct stage *s, double seconds, struct pav_err *err)
{
    struct time t;
    int64_t until = 0;
    char target[PAV_TIME_LEN];
    enum pav_rc rc;

    for (;;) {
        rc = settle(s, &t, err);
        if (rc != PAV_OK)
            return rc;
        if (t.now == NULL || t.now_ms == INT64_MAX)
            return pav_fail(err, PAV_IO, "the clock", "it says no time");
        if (until == 0)
            until = t.now_ms + (int64_t)(seconds * 1000);
        if (t.now_ms >= until)
            return PAV_OK;
        pav_time_format(t.next_ms < until ? t.next_ms : until, target);
        rc = move_all(s, target, &t, err);
        if (rc != PAV_OK)
            return rc;
    }
}

enum pav_rc
stage_stop(struct stage *s, struct daemon *d, struct pav_err *err)
{
    struct time t = {.now = NULL};
    enum pav_rc rc = PAV_OK;

    if (d->pid <= 0)
        return PAV_OK;
    if (s->clock != NULL)
        rc = move(s, d, NULL, &t, err);
    end(d, SIGKILL);
    if (rc == PAV_OK && t.now != NULL) /* time goes on where it was */
        s->clock = t.now;
    stand_ins_daemon(s->stand_ins, d->name, NULL, NULL);
    return rc;
}
