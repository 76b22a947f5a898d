/* A stage: see stage.h. */
#include "stage.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/file.h"
#include "pavane/text.h"

#define PATIENCE_US 60000000 /* for what must come about at once */
#define PAUSE_US    2000
#define LISTENING   "listening on "

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

/* ---- the daemon ---- */

static _Noreturn void
become_daemon(struct stage *s, int out, int log)
{
    const char *argv[32];
    char port[64];
    sigset_t none;
    int n = 0;

    snprintf(port, sizeof(port), "127.0.0.1:%d", stand_ins_port(s->stand_ins));
    argv[n++] = "pavane";
    argv[n++] = "serve";
    argv[n++] = "--db";
    argv[n++] = pav_arena_printf(&s->arena, "%s/pavane.db", s->dir);
    argv[n++] = "--data";
    argv[n++] = stage_data(s);
    argv[n++] = "--machines";
    argv[n++] = s->machines;
    argv[n++] = "--listen";
    argv[n++] = s->listen;
    argv[n++] = "--stand-ins";
    argv[n++] = port;
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

/* The log's last line: why it did not start. */
static const char *
last_words(struct stage *s)
{
    const char *path = pav_arena_printf(&s->arena, "%s/log", s->dir);
    struct pav_err err;
    char *text, *line;
    size_t len;
    const char *words;

    if (pav_file_read(path, 64 << 20, &text, &len, &err) != PAV_OK)
        return "it did not start";
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    line = strrchr(text, '\n');
    words = pav_arena_strdup(&s->arena, line == NULL ? text : line + 1);
    free(text);
    return words;
}

static enum pav_rc
start(struct stage *s, struct pav_err *err)
{
    const char *log = pav_arena_printf(&s->arena, "%s/log", s->dir);
    int ends[2], fd;
    char line[256];
    FILE *f;

    fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return pav_fail(err, PAV_IO, log, "it cannot be written");
    fflush(stdout);
    s->pid = fork();
    if (s->pid == 0)
        become_daemon(s, ends[1], fd);
    close(ends[1]);
    close(fd);
    f = fdopen(ends[0], "r");
    line[0] = '\0';
    if (s->pid < 0 || f == NULL || fgets(line, sizeof(line), f) == NULL ||
        strncmp(line, LISTENING, strlen(LISTENING)) != 0) {
        if (f != NULL)
            fclose(f);
        return pav_fail(err, PAV_IO, "the daemon", "%s", last_words(s));
    }
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    snprintf(s->url, sizeof(s->url), "%.60s", line + strlen(LISTENING));
    stand_ins_daemon(s->stand_ins, s->url);
    return PAV_OK;
}

static void
end(struct stage *s, int with)
{
    if (s->pid <= 0)
        return;
    kill(s->pid, with);
    while (waitpid(s->pid, NULL, 0) < 0)
        continue;
    s->pid = 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

enum pav_rc
stage_open(struct stage *s, const char *const *systems, uint32_t count,
           const char *machines, const char *clock, const char *listen,
           struct pav_err *err)
{
    const char *tmp = getenv("TMPDIR");
    enum pav_rc rc;

    memset(s, 0, sizeof(*s));
    pav_arena_init(&s->arena, 1 << 16);
    s->machines = machines;
    s->clock = clock;
    s->listen = listen;
    rc = stand_ins_start(systems, count, &s->stand_ins, err);
    if (rc != PAV_OK)
        return rc;
    snprintf(s->dir, sizeof(s->dir), "%.40s/pavane-XXXXXX",
             tmp == NULL || strlen(tmp) > 40 ? "/tmp" : tmp);
    if (mkdtemp(s->dir) == NULL) {
        *s->dir = '\0';
        return pav_fail(err, PAV_IO, "TMPDIR", "no folder can be made there");
    }
    return start(s, err);
}

void
stage_close(struct stage *s)
{
    end(s, SIGTERM);
    stand_ins_stop(s->stand_ins);
    if (*s->dir != '\0')
        nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    pav_arena_fini(&s->arena);
}

const char *
stage_data(struct stage *s)
{
    return pav_arena_printf(&s->arena, "%s/data", s->dir);
}

/* ---- asking ---- */

enum pav_rc
stage_ask(struct stage *s, const char *path, const char *target,
          const struct pav_doc *body, long *status, const struct pav_doc **out,
          struct pav_err *err)
{
    const char *url = pav_arena_printf(&s->arena, "%s%s", s->url, path);
    const char *text = body == NULL ? NULL : pav_doc_text(&s->arena, body);
    struct pav_answer answer;
    enum pav_rc rc;

    if (ended)
        return pav_fail(err, PAV_IO, "the play", "it was ended");
    rc = pav_client_ask(
        url, target == NULL ? "application/json" : "application/x-amz-json-1.0",
        target, NULL, text, text == NULL ? 0 : strlen(text), &answer, err);

    if (rc != PAV_OK)
        return pav_fail(err, rc, url, "%s; the daemon's last words: %s",
                        err->message, last_words(s));
    *status = answer.status;
    if (pav_doc_parse_copy(&s->arena, answer.body, answer.len, NULL, out,
                           NULL) != PAV_OK)
        *out = &pav_doc_null;
    free(answer.body);
    return PAV_OK;
}

/* ---- time ---- */

/* The clock is moved up to `until`, NULL: it stays. */
static enum pav_rc
move(struct stage *s, const char *until, const struct pav_doc **out,
     struct pav_err *err)
{
    struct pav_members m;
    long status;
    enum pav_rc rc;

    pav_members_init(&m, &s->arena);
    if (until != NULL)
        pav_members_str(&m, "Until", until);
    rc = stage_ask(s, "/", "Pavane.MoveClock", pav_members_object(&m), &status,
                   out, err);
    if (rc == PAV_OK && status != 200)
        rc = pav_fail(err, PAV_IO, "the clock", "%s",
                      pav_doc_text(&s->arena, *out));
    return rc;
}

static bool
is_quiet(const struct pav_doc *answer)
{
    const struct pav_doc *quiet = pav_doc_get(answer, "Quiet");

    return quiet != NULL && quiet->kind == PAV_TRUE;
}

/* Twice: what one look saw end may have begun something. */
static enum pav_rc
settle(struct stage *s, const struct pav_doc **last, struct pav_err *err)
{
    int64_t until = pav_clock_mono_us() + PATIENCE_US;
    int quiet = 0;

    while (quiet < 2) {
        enum pav_rc rc = move(s, NULL, last, err);

        if (rc != PAV_OK)
            return rc;
        quiet =
            is_quiet(*last) && !stand_ins_busy(s->stand_ins) ? quiet + 1 : 0;
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
    const struct pav_doc *last;

    return settle(s, &last, err);
}

enum pav_rc
stage_pass(struct stage *s, double seconds, struct pav_err *err)
{
    const struct pav_doc *at;
    int64_t now, until = 0;
    char target[PAV_TIME_LEN];
    enum pav_rc rc;

    do {
        const char *text;

        rc = settle(s, &at, err);
        if (rc != PAV_OK)
            return rc;
        text = pav_doc_member_str(&s->arena, at, "Now");
        if (text == NULL || !pav_time_parse(text, strlen(text), &now))
            return pav_fail(err, PAV_IO, "the clock", "it says no time");
        if (until == 0)
            until = now + (int64_t)(seconds * 1000);
        pav_time_format(until, target);
        if (now < until)
            rc = move(s, target, &at, err);
    } while (rc == PAV_OK && now < until);
    return rc;
}

enum pav_rc
stage_kill(struct stage *s, struct pav_err *err)
{
    const struct pav_doc *at;
    enum pav_rc rc = s->clock == NULL ? PAV_OK : move(s, NULL, &at, err);

    if (rc == PAV_OK && s->clock != NULL) /* time goes on where it was */
        s->clock = pav_doc_member_str(&s->arena, at, "Now");
    end(s, SIGKILL);
    return rc == PAV_OK ? start(s, err) : rc;
}
