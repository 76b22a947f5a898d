/* A machine's folder: see pavane/folder.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/text.h"
#include "pavane/folder.h"

#define README_MAX (16 * 1024)
#define RULES_MAX  (1024 * 1024)

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

/* "PAV_FILE_RULES.json" for "rules.json": what is there and was probably meant.
 */
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

/* What starts it may be a rule of the system's bus.json. */
static bool
is_in_system(struct pav_arena *a, const char *dir, const char *name)
{
    return exists(pav_arena_printf(a, "%s/%s/" PAV_FILE_BUS, dir, name)) ||
           exists(pav_arena_printf(a, "%s/../" PAV_FILE_BUS, dir));
}

struct pav_define_job *
pav_folder_load(const char *dir, const char *name, struct pav_buf *report)
{
    struct pav_define_job *j = pav_job_new(&pav_define_kind);
    struct pav_arena *a = &j->job.arena;
    const char *definition =
        pav_arena_printf(a, "%s/%s/" PAV_FILE_DEFINITION, dir, name);
    const char *rules = pav_arena_printf(a, "%s/%s/" PAV_FILE_RULES, dir, name);
    const char *readme =
        pav_arena_printf(a, "%s/%s/" PAV_FILE_README, dir, name);
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
        warn_missing(dir, name, PAV_FILE_DEFINITION, "NO_DEFINITION",
                     "nothing is loaded from this folder", report);
        ok = false;
    }
    ok = ok && read_text(a, definition, PAV_DEFINITION_MAX, false,
                         &j->row.definition, report);
    if (ok && !exists(rules) && !is_in_system(a, dir, name))
        warn_missing(dir, name, PAV_FILE_RULES, "NO_RULES",
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
