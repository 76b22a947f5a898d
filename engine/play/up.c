/* Systems in real time: see pavane/play.h. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/file.h"
#include "pavane/play.h"
#include "pavane/text.h"
#include "script.h"
#include "traffic.h"

#define FILE_MAX_LEN (4 << 20)

struct up {
    struct pav_arena arena;
    const char **systems;
    uint32_t count;
    struct stage stage;
    void (*told)(const char *system, const char *what);
    struct traffic live; /* what comes from now on */
};

static bool
has(struct up *u, const char *dir, const char *name)
{
    struct stat st;

    return stat(pav_arena_printf(&u->arena, "%s/%s", dir, name), &st) == 0;
}

static bool
is_system(struct up *u, const char *dir)
{
    return has(u, dir, "bus.json") || has(u, dir, "machine.asl.json") ||
           has(u, dir, "machines") || has(u, dir, "daemons");
}

/* Names of a folder's files and folders, in order. */
static void
each_name(struct up *u, const char *dir,
          void (*take)(struct up *u, const char *dir, const char *name))
{
    struct dirent **v;
    int n = scandir(dir, &v, NULL, alphasort), i;

    for (i = 0; i < n; i++) {
        if (v[i]->d_name[0] != '.')
            take(u, dir, pav_arena_strdup(&u->arena, v[i]->d_name));
        free(v[i]);
    }
    if (n >= 0)
        free(v);
}

static void
add_system(struct up *u, const char *dir, const char *name)
{
    const char *path = pav_arena_printf(&u->arena, "%s/%s", dir, name);

    if (!is_system(u, path))
        return;
    u->systems =
        pav_arena_append(&u->arena, u->systems, u->count, sizeof(*u->systems));
    u->systems[u->count++] = path;
}

static bool
is_json(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static void
tell(struct up *u, const char *file, const char *what)
{
    u->told(file, what);
}

/* ---- what happens to it ---- */

/* Of one of its folders. */
static const char *
system_of(struct up *u, const char *folder)
{
    return pav_arena_strndup(&u->arena, folder,
                             (size_t)(strrchr(folder, '/') - folder));
}

/* The events of a machine's sample. */
static void
send_sample(struct up *u, const char *dir, const char *name)
{
    const char *file = pav_arena_printf(&u->arena, "%s/%s", dir, name);
    const struct daemon *to = stage_daemon(&u->stage, system_of(u, dir), NULL);
    const struct pav_doc *d, *answer;
    struct pav_err err;
    char *text;
    size_t len;
    long status;

    if (!is_json(name) ||
        pav_file_read(file, FILE_MAX_LEN, &text, &len, &err) != PAV_OK)
        return;
    if (pav_doc_parse_copy(&u->arena, text, len, NULL, &d, &err) == PAV_OK &&
        pav_doc_get(d, "events") != NULL &&
        stage_ask(&u->stage, to, NULL, "/events", NULL,
                  pav_doc_get(d, "events"), &status, &answer, &err) == PAV_OK)
        tell(u, file, status == 200 ? "sent" : pav_doc_text(&u->arena, answer));
    free(text);
}

static void
begin_play(struct up *u, const char *dir, const char *name)
{
    const char *file = pav_arena_printf(&u->arena, "%s/%s", dir, name);
    struct pav_buf report;
    struct pav_err err;

    if (!is_json(name))
        return;
    pav_buf_init(&report, 1 << 20);
    /* What differs from the play is told by 'pavane play': here others were
     * begun beside it. */
    if (script_begin(&u->stage, system_of(u, dir), file, &report, &err) ==
        PAV_OK)
        tell(u, file, "begun");
    else
        tell(u, file,
             pav_arena_printf(&u->arena, "%s: %s", err.at, err.message));
    pav_buf_fini(&report);
}

/* The first paragraph of its README, up to its first sentence's end. */
static const char *
purpose_of(struct up *u, const char *system)
{
    struct pav_err err;
    char *text, *p, *out;
    size_t len, i, n = 0;

    if (pav_file_read(pav_arena_printf(&u->arena, "%s/README.md", system),
                      FILE_MAX_LEN, &text, &len, &err) != PAV_OK)
        return "it has no README.md";
    p = strstr(text, "\n\n");
    p = p == NULL ? text : p + 2;
    out = pav_arena_alloc(&u->arena, strlen(p) + 1);
    for (i = 0; p[i] != '\0' && strncmp(p + i, "\n\n", 2) != 0; i++) {
        out[n++] = p[i] == '\n' ? ' ' : p[i];
        if (p[i] == '.' && (p[i + 1] == ' ' || p[i + 1] == '\n'))
            break;
    }
    out[n] = '\0';
    free(text);
    return out;
}

/* What each is for, and the page to look at. */
static void
introduce(struct up *u, const char *system)
{
    const char *name = strrchr(system, '/');
    uint32_t i;

    tell(u, system, purpose_of(u, system));
    name = name == NULL ? system : name + 1;
    if (has(u, system, "machine.asl.json"))
        tell(u, "",
             pav_arena_printf(&u->arena, "%s/machines/%s",
                              stage_daemon(&u->stage, system, NULL)->url,
                              name));
    for (i = 0; i < u->stage.daemons.count; i++) {
        const struct daemon *d = &u->stage.daemons.v[i];

        if (d->system != NULL && strcmp(d->system, system) == 0)
            tell(u, "",
                 pav_arena_printf(
                     &u->arena, "%s is %s%s%s%s", d->url, d->name,
                     d->token == NULL ? "" : "; commands need --token-file ",
                     d->token == NULL ? "" : d->dir,
                     d->token == NULL ? "" : "/tokens"));
    }
}

static void
bring_to_life(struct up *u, const char *system)
{
    each_name(u, pav_arena_printf(&u->arena, "%s/events", system), send_sample);
    each_name(u, pav_arena_printf(&u->arena, "%s/plays", system), begin_play);
}

/* ---- as if it had been up for days ---- */

#define DAY_MS  INT64_C(86400000)
#define LIVE_MS (6 * INT64_C(3600000)) /* then no more comes */
#define HURRY   60 /* what takes an hour then takes a minute now */

static int64_t
now_ms(void)
{
    struct pav_clock clock;

    pav_clock_real(&clock, 0);
    return pav_clock_ms(&clock);
}

/* The systems that have traffic, and a folder with them alone. */
static uint32_t
with_traffic(struct up *u, const char ***systems, const char *dir)
{
    uint32_t i, n = 0;

    *systems = pav_arena_alloc(&u->arena, (u->count + 1) * sizeof(**systems));
    for (i = 0; i < u->count; i++) {
        const char *name = strrchr(u->systems[i], '/');
        const char *link, *to;

        if (!traffic_is_in(&u->arena, u->systems[i]))
            continue;
        (*systems)[n++] = u->systems[i];
        name = name == NULL ? u->systems[i] : name + 1;
        link = pav_arena_printf(&u->arena, "%s/%s", dir, name);
        to = realpath(u->systems[i], NULL);
        if (to == NULL || symlink(to, link) != 0)
            n--;
        free((void *)(uintptr_t)to);
    }
    return n;
}

static enum pav_rc
send_then(struct up *u, struct stage *s, const struct traffic *t,
          int64_t began_ms, int64_t until_ms, struct pav_err *err)
{
    int64_t now = began_ms;
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    for (i = 0; rc == PAV_OK && i < t->count && t->v[i].at_ms < until_ms; i++) {
        const struct traffic_event *e = &t->v[i];
        const struct pav_doc *answer;
        long status;

        if (e->at_ms > now)
            rc = stage_pass(s, (double)(e->at_ms - now) / 1000, err);
        now = e->at_ms > now ? e->at_ms : now;
        if (rc == PAV_OK)
            rc = stage_ask(s, stage_daemon(s, e->system, NULL), NULL, "/events",
                           NULL, e->event, &status, &answer, err);
        if (i % 200 == 199)
            tell(u, "", pav_arena_printf(&u->arena, "%u events so far", i + 1));
    }
    if (rc == PAV_OK && until_ms > now)
        rc = stage_pass(s, (double)(until_ms - now) / 1000, err);
    return rc;
}

/*
 * So many days of traffic, on a virtual clock that ends now, into a database
 * that the stage of today goes on with: it is in `past->dir` then.
 */
static enum pav_rc
make_past(struct up *u, int days, struct stage *past, struct pav_err *err)
{
    int64_t now = now_ms(), began = now - days * DAY_MS;
    char dir[] = "/tmp/pavane-traffic-XXXXXX", clock[PAV_TIME_LEN];
    struct traffic then = {.count = 0};
    const char **systems;
    uint32_t n, i;
    enum pav_rc rc = PAV_OK;

    if (mkdtemp(dir) == NULL)
        return pav_fail(err, PAV_IO, dir, "no folder can be made there");
    n = with_traffic(u, &systems, dir);
    for (i = 0; rc == PAV_OK && i < n; i++) {
        uint32_t first = 1;

        rc = traffic_read(&u->arena, systems[i], began, now, 1, &first, &then,
                          err);
        if (rc == PAV_OK)
            rc = traffic_read(&u->arena, systems[i], now + 5000, now + LIVE_MS,
                              HURRY, &first, &u->live, err);
    }
    traffic_sort(&then);
    traffic_sort(&u->live);
    if (rc == PAV_OK && n > 0) {
        tell(u, "",
             pav_arena_printf(&u->arena,
                              "%d days of traffic, %u events, are made "
                              "on a clock that runs fast",
                              days, then.count));
        rc = stage_open(
            past, systems, n, dir,
            pav_arena_strdup(&u->arena, pav_time_format(began, clock)), NULL,
            "127.0.0.1:0", err);
        if (rc == PAV_OK)
            rc = send_then(u, past, &then, began, now, err);
        stage_end(past);
    }
    stage_remove(dir);
    return rc;
}

/* What comes while it is up: until it is asked to end. */
static void
go_on(struct up *u, const sigset_t *ends)
{
    uint32_t i = 0;

    for (;;) {
        int64_t now = now_ms(), wait;
        const struct pav_doc *answer;
        struct pav_err err;
        long status;

        if (i == u->live.count) {
            int sig;

            sigwait(ends, &sig);
            return;
        }
        wait = u->live.v[i].at_ms - now;
        if (wait > 0) {
            struct timespec t = {.tv_sec = wait / 1000,
                                 .tv_nsec = wait % 1000 * 1000000};

            if (sigtimedwait(ends, NULL, &t) > 0)
                return;
            continue;
        }
        if (stage_ask(&u->stage,
                      stage_daemon(&u->stage, u->live.v[i].system, NULL), NULL,
                      "/events", NULL, u->live.v[i].event, &status, &answer,
                      &err) != PAV_OK)
            tell(u, "",
                 pav_arena_printf(&u->arena, "%s: %s", err.at, err.message));
        i++;
    }
}

/* ---- until it is asked to end ---- */

static void
block_ends(sigset_t *ends)
{
    sigemptyset(ends);
    sigaddset(ends, SIGINT);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, ends, NULL);
}

/* The daemons of the past have ended: that is no reason to end. */
static void
forget_children(void)
{
    const struct timespec at_once = {.tv_sec = 0};
    sigset_t children;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    while (sigtimedwait(&children, NULL, &at_once) > 0)
        continue;
}

enum pav_rc
pav_up(const char *path, const char *listen, bool once, int days,
       void (*told)(const char *system, const char *what),
       void (*ready)(const char *url), struct pav_err *err)
{
    struct up u = {.told = told};
    struct stage past = {.clock = NULL};
    enum pav_rc rc = PAV_OK;
    sigset_t ends;
    uint32_t i;

    pav_arena_init(&u.arena, 1 << 14);
    if (is_system(&u, path)) {
        u.systems = pav_arena_alloc(&u.arena, sizeof(*u.systems));
        u.systems[u.count++] = path;
    } else {
        each_name(&u, path, add_system);
    }
    if (u.count == 0) {
        pav_arena_fini(&u.arena);
        return pav_fail(err, PAV_MISSING, path,
                        "no system is here: a folder with bus.json, machines "
                        "or machine.asl.json is expected");
    }
    block_ends(&ends);
    if (days > 0)
        rc = make_past(&u, days, &past, err);
    if (rc == PAV_OK)
        rc = stage_open(&u.stage, u.systems, u.count, path, NULL,
                        *past.dir == '\0' ? NULL : past.dir, listen, err);
    if (*past.dir != '\0') {
        stage_close(&past);
        forget_children();
    }
    for (i = 0; rc == PAV_OK && i < u.count; i++)
        bring_to_life(&u, u.systems[i]);
    for (i = 0; rc == PAV_OK && i < u.count; i++)
        introduce(&u, u.systems[i]);
    if (rc == PAV_OK)
        ready(u.stage.daemons.v[u.stage.daemons.count - 1].url);
    if (rc == PAV_OK && !once)
        go_on(&u, &ends);
    stage_close(&u.stage);
    pav_arena_fini(&u.arena);
    return rc;
}
