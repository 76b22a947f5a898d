/* pavane validate: check definitions and machine folders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/folder.h"
#include "pavane/play.h"
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

static void
count(struct tally *t, bool good)
{
    if (good)
        t->good++;
    else
        t->bad++;
}

static void
check_folder(void *ctx, const char *path)
{
    struct tally *t = ctx;
    struct pav_err err;

    if (pav_folder_check(path, &t->report, &t->good, &t->bad, &err) != PAV_OK)
        pav_buf_printf(&t->report, "%s:1:1: error: FILE: %s (/)\n", path,
                       err.message);
}

/* A definition, or a folder with all that a daemon and a play read of it. */
static void
check(const char *path, struct tally *t)
{
    if (!is_folder(path)) {
        count(t, check_file(path, t));
        return;
    }
    check_folder(t, path);
    pav_play_check(path, &t->report, &t->bad, check_folder, t);
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
    .summary = "check definitions, machines, systems, or folders of them",
    .text = "Faults are lines 'file:line:col: severity: CODE: message "
            "(pointer)'.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
