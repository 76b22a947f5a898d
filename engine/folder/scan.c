/* Watching folders: see pavane/folder.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/log.h"
#include "pavane/services.h"
#include "bus_file.h"
#include "table_files.h"
#include "units.h"

#define AGAIN 5 /* scans, after which a failure is tried again */

/* What a unit looked like when it was read last. */
struct seen {
    struct seen *next;
    enum unit_kind kind;
    char *dir, *name;
    uint64_t stamp;
    bool there;     /* the engine has the news of it */
    bool found;     /* in this scan */
    char *failure;  /* why a bus.json was not applied; NULL: it was */
    uint64_t again; /* the scan that tries it again */
};

/* What became of an apply, told on another thread. */
struct outcome {
    struct outcome *next;
    char *system;  /* NULL: of folders that are gone */
    char *failure; /* NULL: it was applied */
};

struct pav_folder {
    char *dir;
    struct pav_sender sender;
    struct pav_engine *engine;
    struct seen *seen;
    bool scanned;     /* once, at least */
    uint64_t scans;   /* so far */
    struct seen gone; /* what folders that are gone made: failure, again */
    pthread_mutex_t lock;
    struct outcome *outcomes; /* behind the lock */
    atomic_bool forget;       /* news was lost: read everything again */
    atomic_uint_fast64_t services;
};

static char *
copy_of(const char *text)
{
    return text == NULL ? NULL : pav_xstrdup(text);
}

static void
keep_outcome(struct pav_folder *f, const struct pav_apply_job *j)
{
    struct outcome *o = pav_xcalloc(1, sizeof(*o));

    o->system = copy_of(j->system);
    o->failure = copy_of(j->failure);
    pthread_mutex_lock(&f->lock);
    o->next = f->outcomes;
    f->outcomes = o;
    pthread_mutex_unlock(&f->lock);
}

/* What the engine refused is read anew. */
static void
came_back(struct pav_sender *sender, struct pav_job *first)
{
    struct pav_folder *f =
        (struct pav_folder *)(void *)((char *)sender -
                                      offsetof(struct pav_folder, sender));
    struct pav_job *next;

    for (; first != NULL; first = next) {
        next = pav_job_next(first);
        if (first->rc != PAV_OK)
            atomic_store(&f->forget, true);
        else if (first->kind == &pav_apply_kind)
            keep_outcome(f, (struct pav_apply_job *)first);
        pav_job_free(first);
    }
}

/* False: the next scan tries again. */
static bool
submit(struct pav_folder *f, struct pav_job *j)
{
    j->sender = &f->sender;
    if (pav_engine_submit(f->engine, j))
        return true;
    pav_job_free(j);
    return false;
}

struct pav_folder *
pav_folder_new(const char *dir, struct pav_engine *e)
{
    struct pav_folder *f = pav_xcalloc(1, sizeof(*f));

    f->dir = pav_xstrdup(dir);
    f->sender.done = came_back;
    f->engine = e;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

/* A failure may be another folder's doing: it is tried again, after a while. */
static void
take_outcome(struct pav_folder *f, struct outcome *o)
{
    struct seen *s = &f->gone;

    if (o->system != NULL)
        for (s = f->seen; s != NULL; s = s->next)
            if (s->kind == UNIT_SYSTEM && strcmp(s->name, o->system) == 0)
                break;
    if (s != NULL) {
        free(s->failure);
        s->failure = o->failure;
        o->failure = NULL;
        s->again = f->scans + AGAIN;
    }
    free(o->system);
    free(o->failure);
    free(o);
}

/* The oldest first. */
static void
take_outcomes(struct pav_folder *f)
{
    struct outcome *o, *next, *first = NULL;

    pthread_mutex_lock(&f->lock);
    o = f->outcomes;
    f->outcomes = NULL;
    pthread_mutex_unlock(&f->lock);
    for (; o != NULL; o = next) {
        next = o->next;
        o->next = first;
        first = o;
    }
    for (; first != NULL; first = next) {
        next = first->next;
        take_outcome(f, first);
    }
}

static void
seen_free(struct seen *s)
{
    free(s->dir);
    free(s->name);
    free(s->failure);
    free(s);
}

void
pav_folder_free(struct pav_folder *f)
{
    struct seen *s;

    if (f == NULL)
        return;
    while ((s = f->seen) != NULL) {
        f->seen = s->next;
        seen_free(s);
    }
    take_outcomes(f);
    free(f->gone.failure);
    pthread_mutex_destroy(&f->lock);
    free(f->dir);
    free(f);
}

void
pav_folder_again(struct pav_folder *f)
{
    atomic_store(&f->forget, true);
}

/* ---- what changed ---- */

static uint64_t
file_stamp(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return 0;
    return (uint64_t)st.st_mtim.tv_sec * 1000000007u +
           (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_size * 7919u +
           (uint64_t)st.st_ino;
}

/* Changes when any of its files does. */
static uint64_t
stamp_of(const struct unit *u)
{
    static const char *const of_machine[] = {
        PAV_FILE_DEFINITION, PAV_FILE_RULES, PAV_FILE_README, NULL};
    static const char *const of_system[] = {PAV_FILE_BUS, NULL};
    static const char *const of_services[] = {PAV_FILE_SERVICES, NULL};
    const char *const *file = u->kind == UNIT_SYSTEM     ? of_system
                              : u->kind == UNIT_SERVICES ? of_services
                                                         : of_machine;
    uint64_t stamp = 0;

    if (u->kind == UNIT_TABLE) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/" PAV_FOLDER_TABLES "/%s.json", u->dir,
                 u->name);
        return file_stamp(path);
    }

    for (; *file != NULL; file++) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s/%s", u->dir, u->name, *file);
        stamp = stamp * 31 + file_stamp(path);
    }
    return stamp;
}

/* ---- services ---- */

static uint64_t
services_of(const struct units *all, struct pav_arena *a, const char ***paths,
            uint32_t *count)
{
    uint64_t stamp = 1;
    uint32_t i;

    *count = 0;
    for (i = 0; i < all->count; i++) {
        const struct unit *u = &all->v[i];
        const char *path =
            pav_arena_printf(a, "%s/%s/" PAV_FILE_SERVICES, u->dir, u->name);
        uint64_t one = u->kind == UNIT_SERVICES ? file_stamp(path) : 0;

        if (one == 0)
            continue;
        stamp = stamp * 31 + one;
        *paths = pav_arena_append(a, *paths, *count, sizeof(**paths));
        (*paths)[(*count)++] = path;
    }
    return stamp;
}

uint64_t
pav_folder_services(const char *dir, struct pav_arena *a, const char ***paths,
                    uint32_t *count)
{
    struct units all;

    *count = 0;
    *paths = NULL;
    if (dir == NULL || units_find(&all, a, dir, NULL) != PAV_OK)
        return 1;
    return services_of(&all, a, paths, count);
}

uint64_t
pav_folder_services_stamp(const struct pav_folder *f)
{
    return f == NULL ? 0 : atomic_load(&f->services);
}

/* ---- what was seen ---- */

static struct seen *
seen_get(struct pav_folder *f, const struct unit *u)
{
    struct seen *s;

    for (s = f->seen; s != NULL; s = s->next)
        if (s->kind == u->kind && strcmp(s->name, u->name) == 0 &&
            strcmp(s->dir, u->dir) == 0)
            return s;
    s = pav_xcalloc(1, sizeof(*s));
    s->kind = u->kind;
    s->dir = pav_xstrdup(u->dir);
    s->name = pav_xstrdup(u->name);
    s->next = f->seen;
    f->seen = s;
    return s;
}

/* ---- news for the engine: false when the next scan must try again ---- */

static bool
submit_fault(struct pav_folder *f, const char *name, const char *report)
{
    struct pav_fault_job *fault = pav_job_new(&pav_fault_kind);

    fault->name = pav_arena_strdup(&fault->job.arena, name);
    fault->report =
        report == NULL ? NULL : pav_arena_strdup(&fault->job.arena, report);
    return submit(f, &fault->job);
}

static bool
submit_machine(struct pav_folder *f, const struct unit *u,
               struct pav_buf *report)
{
    struct pav_log_ctx ctx = {.machine = u->name};
    struct pav_define_job *define = pav_folder_load(u->dir, u->name, report);

    if (report->len > 0) /* its last line feed */
        report->p[--report->len] = '\0';
    if (define == NULL) {
        pav_log(PAV_LOG_ERROR, &ctx,
                "folder not loaded, the last good version stays: %s",
                report->p == NULL ? "" : report->p);
        return submit_fault(f, u->name, report->p);
    }
    if (report->len > 0) {
        pav_log(PAV_LOG_WARN, &ctx, "folder loaded: %s", report->p);
        define->report = pav_arena_strdup(&define->job.arena, report->p);
    }
    return submit(f, &define->job);
}

static const char *
fault_name(struct pav_arena *a, const struct unit *u)
{
    switch (u->kind) {
    case UNIT_SYSTEM:
        return pav_arena_printf(a, "%s/" PAV_FILE_BUS, u->name);
    case UNIT_TABLE:
        return pav_arena_printf(a, "%s/" PAV_FOLDER_TABLES "/%s.json",
                                strrchr(u->dir, '/') + 1, u->name);
    case UNIT_SERVICES:
        return pav_arena_printf(a, "%s/" PAV_FILE_SERVICES, u->name);
    case UNIT_MACHINE:
    case UNIT_OTHER:
        break;
    }
    return u->name;
}

static bool
submit_table(struct pav_folder *f, const struct unit *u, struct pav_arena *a,
             struct pav_buf *report)
{
    struct pav_seed_job *seed =
        table_file_read(u->dir, u->name, fault_name(a, u), report);

    if (seed != NULL)
        return submit(f, &seed->job);
    if (report->len > 0)
        report->p[--report->len] = '\0';
    pav_log(PAV_LOG_ERROR, NULL, "items not put: %s",
            report->p == NULL ? "" : report->p);
    return submit_fault(f, fault_name(a, u), report->p);
}

static bool
submit_system(struct pav_folder *f, const struct unit *u, struct pav_arena *a,
              struct pav_buf *report)
{
    struct seen *s = seen_get(f, u);
    const char *path = pav_arena_printf(a, "%s/%s", u->dir, u->name);
    struct pav_apply_job *apply = bus_file_read(path, u->name, report);

    if (report->len > 0)
        report->p[--report->len] = '\0';
    if (apply != NULL) {
        if (report->len > 0)
            apply->report = pav_arena_strdup(&apply->job.arena, report->p);
        if (s->failure != NULL)
            apply->known = pav_arena_strdup(&apply->job.arena, s->failure);
        s->again = UINT64_MAX; /* until its outcome is known */
        return submit(f, &apply->job);
    }
    pav_log(PAV_LOG_ERROR, NULL,
            "bus.json not applied, what was good stays: %s",
            report->p == NULL ? "" : report->p);
    return submit_fault(f, fault_name(a, u), report->p);
}

/* What is wrong with it alone; who takes the services sees whether it goes
 * with the others. */
static const char *
services_fault(const struct unit *u, struct pav_arena *a)
{
    const char *paths[] = {
        NULL, pav_arena_printf(a, "%s/%s/" PAV_FILE_SERVICES, u->dir, u->name)};
    struct pav_service_map *map = NULL;
    struct pav_err err;
    const char *report = NULL;

    if (pav_service_map_read(paths, 2, NULL, &map, &err) != PAV_OK)
        report = pav_arena_printf(a, "%s: error: SERVICES: %s (/)", err.at,
                                  err.message);
    pav_service_map_free(map);
    return report;
}

/* A name is one machine's, or one system's: the first of them has it. */
static const struct unit *
namesake(const struct units *all, uint32_t i)
{
    if (i == 0 || all->v[i].kind == UNIT_OTHER ||
        all->v[i].kind == UNIT_TABLE || all->v[i - 1].kind != all->v[i].kind ||
        strcmp(all->v[i - 1].name, all->v[i].name) != 0)
        return NULL;
    return &all->v[i - 1];
}

static bool
submit_unit(struct pav_folder *f, const struct units *all, uint32_t i)
{
    const struct unit *u = &all->v[i], *other = namesake(all, i);
    struct pav_buf report;
    bool taken;

    pav_buf_init(&report, 1 << 20);
    if (other != NULL) {
        pav_buf_printf(&report,
                       "%s/%s:1:1: error: NAME: '%s/%s' has the same name: "
                       "call one of them otherwise (/)",
                       u->dir, u->name, other->dir, other->name);
        pav_log(PAV_LOG_ERROR, NULL, "folder not loaded: %s", report.p);
        taken = submit_fault(f, fault_name(all->arena, u), report.p);
    } else if (u->kind == UNIT_SYSTEM) {
        taken = submit_system(f, u, all->arena, &report);
    } else if (u->kind == UNIT_SERVICES) {
        taken = submit_fault(f, fault_name(all->arena, u),
                             services_fault(u, all->arena));
    } else if (u->kind == UNIT_TABLE) {
        taken = submit_table(f, u, all->arena, &report);
    } else {
        taken = submit_machine(f, u, &report);
    }
    pav_buf_fini(&report);
    return taken;
}

/* Machines, then what has no machine but a report. */
static bool
submit_names(struct pav_folder *f, const struct units *all)
{
    struct pav_folders_job *j = pav_job_new(&pav_folders_kind);
    struct pav_arena *a = &j->job.arena;
    const char **names = pav_arena_alloc(a, (all->count + 1) * sizeof(*names));
    uint32_t i;

    for (i = 0; i < all->count; i++) {
        names[i] = pav_arena_strdup(a, fault_name(a, &all->v[i]));
        j->machine_count += all->v[i].kind == UNIT_MACHINE;
    }
    j->names = names;
    j->name_count = all->count;
    return submit(f, &j->job);
}

/* What folders made that are gone goes. */
static bool
submit_systems(struct pav_folder *f, const struct units *all)
{
    struct pav_apply_job *j = pav_job_new(&pav_apply_kind);
    struct pav_arena *a = &j->job.arena;
    const char **names = pav_arena_alloc(a, (all->count + 1) * sizeof(*names));
    uint32_t i;

    for (i = 0; i < all->count; i++)
        if (all->v[i].kind == UNIT_SYSTEM)
            names[j->system_count++] = pav_arena_strdup(a, all->v[i].name);
    j->systems = names;
    if (f->gone.failure != NULL)
        j->known = pav_arena_strdup(a, f->gone.failure);
    f->gone.again = UINT64_MAX; /* until its outcome is known */
    return submit(f, &j->job);
}

/* ---- without an engine ---- */

static bool
check_unit(const struct unit *u, struct pav_arena *a, struct pav_buf *report)
{
    const char *path = pav_arena_printf(a, "%s/%s", u->dir, u->name);
    struct pav_job *job = NULL;
    const char *fault;

    switch (u->kind) {
    case UNIT_SYSTEM:
        job = (struct pav_job *)bus_file_read(path, u->name, report);
        break;
    case UNIT_TABLE:
        job = (struct pav_job *)table_file_read(u->dir, u->name,
                                                fault_name(a, u), report);
        break;
    case UNIT_SERVICES:
        fault = services_fault(u, a);
        if (fault != NULL)
            pav_buf_printf(report, "%s\n", fault);
        return fault == NULL;
    case UNIT_MACHINE:
    case UNIT_OTHER:
        job = (struct pav_job *)pav_folder_load(u->dir, u->name, report);
        break;
    }
    pav_job_free(job);
    return job != NULL;
}

enum pav_rc
pav_folder_check(const char *dir, struct pav_buf *report, unsigned *good,
                 unsigned *bad, struct pav_err *err)
{
    struct pav_arena a;
    struct units all;
    enum pav_rc rc;
    uint32_t i;

    pav_arena_init(&a, 4096);
    rc = units_find(&all, &a, dir, err);
    for (i = 0; rc == PAV_OK && i < all.count; i++) {
        bool fine = check_unit(&all.v[i], &a, report);

        if (fine)
            *good +=
                all.v[i].kind == UNIT_MACHINE || all.v[i].kind == UNIT_SYSTEM;
        else /* a folder without a definition is told what lacks, no more */
            *bad += all.v[i].kind != UNIT_OTHER || units_defines(&all.v[i]);
    }
    pav_arena_fini(&a);
    return rc;
}

/* ---- a scan ---- */

/* True: a unit that was there is not any more. */
static bool
drop_what_left(struct pav_folder *f, const struct units *all)
{
    struct seen **at = &f->seen, *s;
    bool left = false;
    uint32_t i;

    for (i = 0; i < all->count; i++)
        seen_get(f, &all->v[i])->found = true;
    while ((s = *at) != NULL) {
        if (s->found) {
            s->found = false;
            at = &s->next;
            continue;
        }
        left = true;
        *at = s->next;
        seen_free(s);
    }
    return left;
}

static bool
is_due(const struct pav_folder *f, const struct seen *s)
{
    return s->failure != NULL && f->scans >= s->again;
}

static void
look_at(struct pav_folder *f, const struct units *all, uint32_t i)
{
    struct seen *s = seen_get(f, &all->v[i]);
    uint64_t stamp = stamp_of(&all->v[i]);

    if ((!s->there || stamp != s->stamp || is_due(f, s)) &&
        submit_unit(f, all, i)) {
        s->stamp = stamp;
        s->there = true;
    }
}

enum pav_rc
pav_folder_scan(struct pav_folder *f, struct pav_err *err)
{
    struct pav_arena a;
    const char **paths = NULL;
    struct units all;
    struct seen *s;
    enum pav_rc rc;
    uint32_t i, count;
    bool left;

    f->scans++;
    take_outcomes(f);
    pav_arena_init(&a, 4096);
    rc = units_find(&all, &a, f->dir, err);
    if (rc != PAV_OK) {
        pav_arena_fini(&a);
        return rc;
    }
    if (atomic_exchange(&f->forget, false)) {
        f->scanned = false;
        for (s = f->seen; s != NULL; s = s->next)
            s->there = false;
    }
    atomic_store(&f->services, services_of(&all, &a, &paths, &count));
    /* First: what a folder was called may be called otherwise now. */
    left = drop_what_left(f, &all) || !f->scanned;
    if ((left && !submit_names(f, &all)) ||
        ((left || is_due(f, &f->gone)) && !submit_systems(f, &all)))
        atomic_store(&f->forget, true);
    f->scanned = true;
    for (i = 0; i < all.count; i++)
        look_at(f, &all, i);
    pav_arena_fini(&a);
    return PAV_OK;
}
