/* pavane validate: check definitions and machine folders. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/folder.h"
#include "cli.h"

static const struct pav_setting settings[] = {SETTING_JSON, SETTING_HELP};

struct tally {
    struct pav_buf report; /* fault lines */
    unsigned good, bad;
};

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
check_file(const char *path, struct tally *t)
{
    struct pav_faults faults;
    struct pav_arena a;
    struct pav_machine *m;
    struct pav_err err;
    char *text;
    size_t len;
    bool good;

    if (pav_file_read(path, 4 * PAV_DEFINITION_MAX, &text, &len, &err) !=
        PAV_OK) {
        pav_buf_printf(&t->report, "%s:1:1: error: FILE: %s (/)\n", path,
                       err.message);
        return false;
    }
    pav_arena_init(&a, 4096);
    pav_faults_init(&faults, &a);
    m = pav_machine_compile(text, len, PAV_STANDARD, &faults);
    pav_faults_print(&faults, path, &t->report);
    good = m != NULL;
    pav_machine_free(m);
    pav_arena_fini(&a);
    free(text);
    return good;
}

static bool
check_folder(const char *dir, const char *name, struct tally *t)
{
    struct pav_define_job *j = pav_folder_load(dir, name, &t->report);
    if (j == NULL)
        return false;
    pav_job_free(&j->job);
    return true;
}

static void
count(struct tally *t, bool good)
{
    if (good)
        t->good++;
    else
        t->bad++;
}

static bool
has_definition(const char *path)
{
    char file[8192];
    struct stat st;

    snprintf(file, sizeof(file), "%s/machine.asl.json", path);
    return stat(file, &st) == 0;
}

/* A definition, a machine's folder, or a folder of machines. */
static void
check(const char *path, struct tally *t)
{
    char copy[4096], *slash;
    struct dirent *e;
    DIR *d;

    if (!is_folder(path)) {
        count(t, check_file(path, t));
        return;
    }
    if (has_definition(path)) {
        snprintf(copy, sizeof(copy), "%s", path);
        while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
            copy[strlen(copy) - 1] = '\0';
        slash = strrchr(copy, '/');
        if (slash == NULL) {
            count(t, check_folder(".", copy, t));
        } else {
            *slash = '\0';
            count(t, check_folder(*copy == '\0' ? "/" : copy, slash + 1, t));
        }
        return;
    }
    d = opendir(path);
    while (d != NULL && (e = readdir(d)) != NULL) {
        snprintf(copy, sizeof(copy), "%s/%s", path, e->d_name);
        if (e->d_name[0] == '.' || !is_folder(copy))
            continue;
        if (has_definition(copy))
            count(t, check_folder(path, e->d_name, t));
        else
            (void)check_folder(path, e->d_name, t); /* it says what lacks */
    }
    if (d != NULL)
        closedir(d);
}

static void
print_json(const struct tally *t)
{
    struct pav_buf b;
    const char *p = t->report.p, *eol;
    bool first = true;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_buf_printf(&b, "{\"valid\":%u,\"invalid\":%u,\"items\":[", t->good,
                   t->bad);
    for (; p != NULL && *p != '\0'; p = eol + 1) {
        eol = strchr(p, '\n');
        if (!first)
            pav_buf_putc(&b, ',');
        first = false;
        pav_buf_json(&b, p, (size_t)(eol - p));
    }
    pav_buf_puts(&b, "],\"next\":null}\n");
    fputs(b.p, stdout);
    pav_buf_fini(&b);
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct tally t = {.good = 0};
    int i;

    if (argc == 0)
        return cli_usage(&validate_command, "a definition or a folder is "
                                            "wanted");
    pav_buf_init(&t.report, 64u << 20);
    for (i = 0; i < argc; i++)
        check(argv[i], &t);
    if (t.good + t.bad == 0)
        pav_buf_printf(&t.report,
                       "%s:1:1: error: FILE: no machine is here: a "
                       "folder with machine.asl.json is expected (/)\n",
                       argv[0]);
    if (pav_settings_flag(s, "json")) {
        print_json(&t);
    } else {
        fputs(t.report.p == NULL ? "" : t.report.p, stdout);
        if (t.bad == 0 && t.good > 0)
            printf("%u valid\n", t.good);
    }
    pav_buf_fini(&t.report);
    return t.bad > 0 || t.good == 0;
}

const struct command validate_command = {
    .name = "validate",
    .arguments = "PATH...",
    .summary = "check definitions, machine folders, or folders of machines",
    .text = "Faults are lines 'file:line:col: severity: CODE: message "
            "(pointer)'.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
