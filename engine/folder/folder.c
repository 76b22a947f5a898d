/* Machine folders: see pavane/folder.h. */
#include "pavane/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/log.h"
#include "pavane/text.h"

#define DEFINITION "machine.asl.json"
#define RULES      "rules.json"
#define README     "README.md"
#define README_MAX (16 * 1024)
#define RULES_MAX  (1024 * 1024)

/* What a folder looked like when it was read last. */
struct seen {
    struct seen *next;
    char *name;
    uint64_t stamp;
    bool there;
    bool machine; /* with a definition, when it was looked at last */
};

struct pav_folder {
    char *dir;
    struct pav_sender sender;
    struct pav_engine *engine;
    struct seen *seen;
    bool scanned;       /* once, at least */
    atomic_bool forget; /* news was lost: read everything again */
};

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
    return f;
}

void
pav_folder_free(struct pav_folder *f)
{
    struct seen *s;

    if (f == NULL)
        return;
    while ((s = f->seen) != NULL) {
        f->seen = s->next;
        free(s->name);
        free(s);
    }
    free(f->dir);
    free(f);
}

/* ---- one machine ---- */

/* A text of the folder in the job's arena; absent is empty when optional. */
static bool
read_text(struct pav_arena *a, const char *path, size_t max, bool optional,
          struct pav_bytes *out, struct pav_buf *report)
{
    struct pav_err err;
    char *text;
    enum pav_rc rc = pav_file_read(path, max, &text, &out->len, &err);

    if (rc == PAV_MISSING && optional) {
        out->p = "";
        out->len = 0;
        return true;
    }
    if (rc != PAV_OK) {
        pav_buf_printf(report, "%s:1:1: error: FILE: %s (/)\n", path,
                       err.message);
        return false;
    }
    out->p = pav_arena_strndup(a, text, out->len);
    free(text);
    return true;
}

static bool
is_utf8(struct pav_bytes b)
{
    const char *p = b.p, *end = b.p + b.len;
    size_t n = 1;

    while (p < end && (n = pav_utf8_len(p, end)) > 0)
        p += n;
    return n > 0 && memchr(b.p, 0, b.len) == NULL;
}

static bool
exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* "RULES.json" for "rules.json": what is there and was probably meant. */
static void
warn_missing(const char *dir, const char *name, const char *wanted,
             const char *code, const char *effect, struct pav_buf *report)
{
    const char *const list[] = {wanted, NULL}, *near = NULL;
    char path[4096];
    struct dirent *entry;
    DIR *d;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    d = opendir(path);
    while (d != NULL && near == NULL && (entry = readdir(d)) != NULL)
        if (pav_text_near(entry->d_name, list) != NULL)
            near = entry->d_name;
    pav_buf_printf(report, "%s/%s:1:1: warning: %s: there is no %s: %s", path,
                   wanted, code, wanted, effect);
    if (near != NULL)
        pav_buf_printf(report, "; is '%s' meant to be it?", near);
    pav_buf_puts(report, " (/)\n");
    if (d != NULL)
        closedir(d);
}

/* Headings "## STATE" are shown with the state of this name. */
static void
warn_headings(const char *path, struct pav_bytes text,
              const struct pav_machine *m, struct pav_buf *report)
{
    uint32_t count = pav_machine_state_count(m), line = 1, i;
    const char *p = text.p, *end = text.p + text.len, *eol;
    bool fenced = false;

    for (; p < end; p = eol + 1, line++) {
        size_t len;

        eol = memchr(p, '\n', (size_t)(end - p));
        if (eol == NULL)
            eol = end;
        len = (size_t)(eol - p);
        while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\r'))
            len--;
        if (len >= 3 && memcmp(p, "```", 3) == 0)
            fenced = !fenced;
        if (fenced || len <= 3 || memcmp(p, "## ", 3) != 0)
            continue;
        for (i = 0; i < count; i++) {
            const char *name = pav_machine_state(m, i).name;

            if (strlen(name) == len - 3 && memcmp(name, p + 3, len - 3) == 0)
                break;
        }
        if (i == count)
            pav_buf_printf(report,
                           "%s:%u:1: warning: NO_SUCH_STATE: the heading "
                           "'%.*s' names no state: its text is shown nowhere "
                           "(/)\n",
                           path, line, (int)len - 3, p + 3);
    }
}

struct pav_define_job *
pav_folder_load(const char *dir, const char *name, struct pav_buf *report)
{
    struct pav_define_job *j = pav_job_new(&pav_define_kind);
    struct pav_arena *a = &j->job.arena;
    const char *definition =
        pav_arena_printf(a, "%s/%s/" DEFINITION, dir, name);
    const char *rules = pav_arena_printf(a, "%s/%s/" RULES, dir, name);
    const char *readme = pav_arena_printf(a, "%s/%s/" README, dir, name);
    struct pav_faults faults;
    bool ok;

    j->row.name = pav_arena_strdup(a, name);
    j->row.by_folder = true;
    j->row.role_arn = "";
    ok = pav_name_valid(name);
    if (!ok)
        pav_buf_printf(report,
                       "%s:1:1: error: NAME: a machine cannot have this "
                       "folder's name: 1 to 80 characters, no blanks and none "
                       "of <>{}[]?*\"#%%\\^|~`$&,;:/ (/)\n",
                       definition);
    if (ok && !exists(definition)) {
        warn_missing(dir, name, DEFINITION, "NO_DEFINITION",
                     "nothing is loaded from this folder", report);
        ok = false;
    }
    ok = ok && read_text(a, definition, PAV_DEFINITION_MAX, false,
                         &j->row.definition, report);
    if (ok && !exists(rules))
        warn_missing(dir, name, RULES, "NO_RULES",
                     "no event starts or resumes this machine", report);
    ok = read_text(a, rules, RULES_MAX, true, &j->row.rules, report) && ok;
    ok = read_text(a, readme, README_MAX, true, &j->row.readme, report) && ok;
    if (ok && !is_utf8(j->row.readme)) {
        pav_buf_printf(
            report, "%s:1:1: error: FILE: the text is not UTF-8 (/)\n", readme);
        ok = false;
    }
    if (ok) {
        pav_faults_init(&faults, a);
        j->compiled = pav_machine_compile(
            j->row.definition.p, j->row.definition.len, PAV_STANDARD, &faults);
        pav_faults_print(&faults, definition, report);
        pav_faults_init(&faults, a);
        j->rules = pav_rules_compile(j->row.rules.p, j->row.rules.len,
                                     j->compiled, &faults);
        pav_faults_print(&faults, rules, report);
        ok = j->compiled != NULL && j->rules != NULL;
    }
    if (ok)
        warn_headings(readme, j->row.readme, j->compiled, report);
    if (ok)
        return j;
    pav_job_free(&j->job);
    return NULL;
}

/* ---- scanning ---- */

/* Changes when any of the three files does. */
static uint64_t
stamp_of(const char *dir, const char *name)
{
    static const char *const files[] = {DEFINITION, RULES, README};
    uint64_t stamp = 0;
    size_t i;

    for (i = 0; i < 3; i++) {
        char path[4096];
        struct stat st;

        snprintf(path, sizeof(path), "%s/%s/%s", dir, name, files[i]);
        if (stat(path, &st) == 0)
            stamp = stamp * 31 + (uint64_t)st.st_mtim.tv_sec * 1000000007u +
                    (uint64_t)st.st_mtim.tv_nsec +
                    (uint64_t)st.st_size * 7919u + (uint64_t)st.st_ino;
    }
    return stamp;
}

static struct seen *
seen_get(struct pav_folder *f, const char *name)
{
    struct seen *s;

    for (s = f->seen; s != NULL; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    s = pav_xcalloc(1, sizeof(*s));
    s->name = pav_xstrdup(name);
    s->next = f->seen;
    f->seen = s;
    return s;
}

/* True when the engine took the news; otherwise the next scan tries again. */
static bool
submit_changed(struct pav_folder *f, const char *name)
{
    struct pav_log_ctx ctx = {.machine = name};
    struct pav_define_job *define;
    struct pav_fault_job *fault;
    struct pav_buf report;

    pav_buf_init(&report, 1 << 20);
    define = pav_folder_load(f->dir, name, &report);
    if (report.len > 0) /* its last line feed */
        report.p[--report.len] = '\0';
    if (define != NULL) {
        if (report.len > 0) {
            pav_log(PAV_LOG_WARN, &ctx, "folder loaded: %s", report.p);
            define->report = pav_arena_strdup(&define->job.arena, report.p);
        }
        pav_buf_fini(&report);
        return submit(f, &define->job);
    }
    pav_log(PAV_LOG_ERROR, &ctx,
            "folder not loaded, the last good version stays: %s",
            report.p == NULL ? "" : report.p);
    fault = pav_job_new(&pav_fault_kind);
    fault->name = pav_arena_strdup(&fault->job.arena, name);
    fault->report = pav_arena_strdup(&fault->job.arena, report.p);
    pav_buf_fini(&report);
    return submit(f, &fault->job);
}

/* `others` of the names, the last ones, have no machine but a report. */
static bool
submit_names(struct pav_folder *f, const char *const *names, uint32_t count,
             uint32_t others)
{
    struct pav_folders_job *j = pav_job_new(&pav_folders_kind);
    struct pav_arena *a = &j->job.arena;
    const char **copy = pav_arena_alloc(a, (count + 1) * sizeof(*copy));
    uint32_t i;

    for (i = 0; i < count; i++)
        copy[i] = pav_arena_strdup(a, names[i]);
    j->names = copy;
    j->machine_count = count - others;
    j->name_count = count;
    return submit(f, &j->job);
}

static bool
is_folder(const char *dir, const struct dirent *d)
{
    char path[4096];
    struct stat st;

    if (d->d_name[0] == '.')
        return false;
    snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_machine(const char *dir, const char *name)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s/" DEFINITION, dir, name);
    return pav_name_valid(name) && exists(path);
}

enum pav_rc
pav_folder_scan(struct pav_folder *f, struct pav_err *err)
{
    struct pav_arena a;
    const char **names = NULL;
    uint32_t count = 0, cap = 0, others = 0;
    struct dirent *entry;
    struct seen *s;
    DIR *d = opendir(f->dir);
    bool vanished = false;

    if (d == NULL)
        return pav_fail(err, errno == ENOENT ? PAV_MISSING : PAV_IO, f->dir,
                        "the folder of machines cannot be read: %s",
                        strerror(errno));
    if (atomic_exchange(&f->forget, false)) {
        f->scanned = false;
        for (s = f->seen; s != NULL; s = s->next)
            s->there = false;
    }
    pav_arena_init(&a, 4096);
    while ((entry = readdir(d)) != NULL) {
        uint64_t stamp;

        if (!is_folder(f->dir, entry))
            continue;
        if (count == cap) {
            cap = cap == 0 ? 16 : cap * 2;
            names = pav_xrealloc(names, cap * sizeof(*names));
        }
        names[count++] = pav_arena_strdup(&a, entry->d_name);
        if (!is_machine(f->dir, entry->d_name)) {
            others++;
        } else if (others > 0) { /* before them */
            names[count - 1] = names[count - 1 - others];
            names[count - 1 - others] = pav_arena_strdup(&a, entry->d_name);
        }
        s = seen_get(f, entry->d_name);
        stamp = stamp_of(f->dir, entry->d_name);
        if ((!s->there || stamp != s->stamp) &&
            submit_changed(f, entry->d_name)) {
            s->stamp = stamp;
            s->there = true;
        }
    }
    closedir(d);
    for (s = f->seen; s != NULL; s = s->next) {
        uint32_t i;

        for (i = 0; i < count && strcmp(names[i], s->name) != 0; i++)
            ;
        if (s->there && (i == count || (s->machine && i >= count - others))) {
            s->there = i < count;
            s->machine = false;
            vanished = true;
        }
        if (i < count - others)
            s->machine = true;
    }
    if ((vanished || !f->scanned) && !submit_names(f, names, count, others))
        atomic_store(&f->forget, true);
    f->scanned = true;
    free(names);
    pav_arena_fini(&a);
    return PAV_OK;
}
