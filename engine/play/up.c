/* Systems in real time: see pavane/play.h. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/play.h"
#include "script.h"

#define FILE_MAX_LEN (4 << 20)

struct up {
    struct pav_arena arena;
    const char **systems;
    uint32_t count;
    struct stage stage;
    void (*told)(const char *system, const char *what);
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

enum pav_rc
pav_up(const char *path, const char *listen, bool once,
       void (*told)(const char *system, const char *what),
       void (*ready)(const char *url), struct pav_err *err)
{
    struct up u = {.told = told};
    enum pav_rc rc;
    sigset_t ends;
    uint32_t i;
    int sig;

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
    rc = stage_open(&u.stage, u.systems, u.count, path, NULL, listen, err);
    for (i = 0; rc == PAV_OK && i < u.count; i++)
        bring_to_life(&u, u.systems[i]);
    for (i = 0; rc == PAV_OK && i < u.count; i++)
        introduce(&u, u.systems[i]);
    if (rc == PAV_OK)
        ready(u.stage.daemons.v[u.stage.daemons.count - 1].url);
    if (rc == PAV_OK && !once)
        sigwait(&ends, &sig);
    stage_close(&u.stage);
    pav_arena_fini(&u.arena);
    return rc;
}
