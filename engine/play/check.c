/* What only plays read of a system: its daemons, stand-ins and plays. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/play.h"
#include "daemons.h"
#include "script.h"
#include "stand_ins.h"

struct checking {
    struct pav_arena a;
    struct pav_buf *report;
    unsigned *bad;
    void (*daemon)(void *ctx, const char *folder);
    void *ctx;
};

static void
tell(struct checking *c, const struct pav_err *err, const char *code)
{
    pav_buf_printf(c->report, "%s: error: %s: %s (/)\n", err->at, code,
                   err->message);
    ++*c->bad;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
check_plays(struct checking *c, const char *dir)
{
    const char *folder = pav_arena_printf(&c->a, "%s/plays", dir);
    struct dirent **v;
    int n = scandir(folder, &v, NULL, alphasort), i;
    struct pav_err err;

    for (i = 0; i < n; i++) {
        const char *name = v[i]->d_name;
        size_t len = strlen(name);

        if (*name != '.' && len > 5 && strcmp(name + len - 5, ".json") == 0 &&
            script_check(pav_arena_printf(&c->a, "%s/%s", folder, name),
                         &err) != PAV_OK)
            tell(c, &err, "INVALID_PLAY");
        free(v[i]);
    }
    if (n >= 0)
        free(v);
}

static void
check_system(struct checking *c, const char *dir)
{
    struct daemons daemons = {.count = 0};
    struct pav_err err;
    uint32_t i;

    if (daemons_read(&c->a, dir, &daemons, &err) != PAV_OK)
        tell(c, &err, "INVALID_DAEMON");
    for (i = 0; i < daemons.count; i++)
        c->daemon(c->ctx, daemons.v[i].machines);
    if (stand_ins_check(dir, &err) != PAV_OK)
        tell(c, &err, "INVALID_STAND_IN");
    check_plays(c, dir);
}

void
pav_play_check(const char *path, struct pav_buf *report, unsigned *bad,
               void (*daemon)(void *ctx, const char *folder), void *ctx)
{
    struct checking c = {
        .report = report, .bad = bad, .daemon = daemon, .ctx = ctx};
    struct dirent **v;
    int n, i;

    pav_arena_init(&c.a, 1 << 14);
    check_system(&c, path);
    n = scandir(path, &v, NULL, alphasort);
    for (i = 0; i < n; i++) {
        const char *inner = pav_arena_printf(&c.a, "%s/%s", path, v[i]->d_name);

        if (v[i]->d_name[0] != '.' && is_folder(inner))
            check_system(&c, inner);
        free(v[i]);
    }
    if (n >= 0)
        free(v);
    pav_arena_fini(&c.a);
}
