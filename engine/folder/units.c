/* What a folder holds: see units.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/text.h"
#include "units.h"

static bool
is_there(const char *dir, const char *name, const char *file, bool folder)
{
    char path[4096];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) == folder;
}

static bool
is_machine(const char *dir, const char *name)
{
    return pav_name_valid(name) &&
           is_there(dir, name, PAV_FILE_DEFINITION, false);
}

bool
units_defines(const struct unit *u)
{
    return is_there(u->dir, u->name, PAV_FILE_DEFINITION, false);
}

static bool
is_system(const char *dir, const char *name)
{
    return is_there(dir, name, PAV_FILE_BUS, false) ||
           is_there(dir, name, PAV_FOLDER_MACHINES, true);
}

static void
add(struct units *u, enum unit_kind kind, const char *dir, const char *name)
{
    u->v = pav_arena_append(u->arena, u->v, u->count, sizeof(*u->v));
    u->v[u->count++] = (struct unit){
        .kind = kind, .dir = dir, .name = pav_arena_strdup(u->arena, name)};
}

/* What is no text cannot be told, nor asked about. */
static bool
is_text(const char *name)
{
    const char *p = name, *end = name + strlen(name);
    size_t n;

    for (; p < end; p += n) {
        n = pav_utf8_len(p, end);
        if (n == 0 || (unsigned char)*p < ' ')
            return false;
    }
    return true;
}

static enum pav_rc
each_folder(struct units *u, const char *dir,
            void (*take)(struct units *u, const char *dir, const char *name),
            struct pav_err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    if (d == NULL)
        return pav_fail(err, errno == ENOENT ? PAV_MISSING : PAV_IO, dir,
                        "the folder of machines cannot be read: %s",
                        strerror(errno));
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && is_text(e->d_name) &&
            is_there(dir, e->d_name, ".", true))
            take(u, dir, e->d_name);
    closedir(d);
    return PAV_OK;
}

static void
take_machine(struct units *u, const char *dir, const char *name)
{
    add(u, is_machine(dir, name) ? UNIT_MACHINE : UNIT_OTHER, dir, name);
}

/* "TABLE.json" */
static void
add_tables(struct units *u, const char *system)
{
    DIR *d =
        opendir(pav_arena_printf(u->arena, "%s/" PAV_FOLDER_TABLES, system));
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);

        if (*e->d_name != '.' && len > 5 && is_text(e->d_name) &&
            strcmp(e->d_name + len - 5, ".json") == 0)
            add(u, UNIT_TABLE, system,
                pav_arena_strndup(u->arena, e->d_name, len - 5));
    }
    if (d != NULL)
        closedir(d);
}

static void
take_system(struct units *u, const char *dir, const char *name)
{
    const char *machines =
        pav_arena_printf(u->arena, "%s/%s/" PAV_FOLDER_MACHINES, dir, name);

    add_tables(u, pav_arena_printf(u->arena, "%s/%s", dir, name));
    if (is_there(dir, name, PAV_FILE_SERVICES, false))
        add(u, UNIT_SERVICES, dir, name);

    add(u, UNIT_SYSTEM, dir, name);
    if (is_there(dir, name, PAV_FILE_DEFINITION, false))
        take_machine(u, dir, name);
    if (is_there(dir, name, PAV_FOLDER_MACHINES, true))
        (void)each_folder(u, machines, take_machine, NULL);
}

/* Each of its folders is another daemon's (play/daemons.h). */
static bool
is_of_several(const char *dir, const char *name)
{
    return is_there(dir, name, PAV_FOLDER_DAEMONS, true);
}

static void
take(struct units *u, const char *dir, const char *name)
{
    if (is_of_several(dir, name))
        return;
    if (is_system(dir, name))
        take_system(u, dir, name);
    else
        take_machine(u, dir, name);
}

/* Machines first, then by name: what a fault names does not depend on the
 * order of a directory. */
static int
by_kind(const void *x, const void *y)
{
    const struct unit *a = x, *b = y;
    int order = strcmp(a->name, b->name);

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return order != 0 ? order : strcmp(a->dir, b->dir);
}

/* "a/b/" is the folder b in a; "." the one that it is a name for. */
static void
split(struct pav_arena *a, const char *path, const char **dir,
      const char **name)
{
    char whole[4096], *slash;

    if (realpath(path, whole) == NULL)
        snprintf(whole, sizeof(whole), "%s", path);
    slash = strrchr(whole, '/');
    if (slash == NULL || slash[1] == '\0') {
        *dir = ".";
        *name = pav_arena_strdup(a, whole);
        return;
    }
    *slash = '\0';
    *dir = pav_arena_strdup(a, *whole == '\0' ? "/" : whole);
    *name = pav_arena_strdup(a, slash + 1);
}

enum pav_rc
units_find(struct units *u, struct pav_arena *a, const char *dir,
           struct pav_err *err)
{
    enum pav_rc rc = PAV_OK;
    const char *parent, *name;

    *u = (struct units){.arena = a};
    split(a, dir, &parent, &name);
    if (is_system(parent, name))
        take_system(u, parent, name);
    else if (is_machine(parent, name))
        take_machine(u, parent, name);
    else if (!is_of_several(parent, name))
        rc = each_folder(u, pav_arena_strdup(a, dir), take, err);
    if (u->count > 1)
        qsort(u->v, u->count, sizeof(*u->v), by_kind);
    return rc;
}
