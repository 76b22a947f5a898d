/* pavane play: a system's plays, each with a daemon and stand-ins of its own.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/play.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"only", PAV_SET_TEXT, "PLAY", NULL, 0, 0,
     "one play alone: a file's name without .json"},
    SETTING_JSON,
    SETTING_HELP};

struct tally {
    struct pav_arena arena;
    struct pav_items results; /* for --json */
    const char *only;
    bool json;
    unsigned passed, failed;
};

/* 0, or the exit code of what cannot be played. */
static int
play_one(struct tally *t, const char *dir, const char *name)
{
    const char *file =
        pav_arena_printf(&t->arena, "%s/plays/%s.json", dir, name);
    int64_t began = pav_clock_mono_us();
    struct pav_members m;
    struct pav_buf report;
    struct pav_err err;
    bool passed = false;
    int code = 0;

    pav_buf_init(&report, 4 << 20);
    if (pav_play(dir, file, &report, &passed, &err) != PAV_OK) {
        code = cli_fail("play", &err);
        passed = false;
    }
    t->passed += passed;
    t->failed += !passed;
    if (t->json) {
        pav_members_init(&m, &t->arena);
        pav_members_str(&m, "system", dir);
        pav_members_str(&m, "play", name);
        pav_members_puts(&m, "passed", pav_doc_new_bool(passed));
        pav_members_puts(
            &m, "report",
            pav_doc_new_cstr(
                &t->arena,
                pav_arena_strdup(&t->arena, report.p == NULL ? "" : report.p)));
        pav_items_add(&t->results, pav_members_object(&m));
    } else {
        printf("%-6s %-40s %5.1f s\n", passed ? "ok" : "WRONG",
               pav_arena_printf(&t->arena, "%s %s", dir, name),
               (double)(pav_clock_mono_us() - began) / 1e6);
        if (report.len > 0)
            fputs(report.p, stdout);
        fflush(stdout);
    }
    pav_buf_fini(&report);
    return code;
}

static int
play_system(struct tally *t, const char *path)
{
    char *dir = pav_arena_strdup(&t->arena, path);
    size_t len = strlen(dir);
    struct dirent **v;
    int n, i, code = 0, one;

    while (len > 1 && dir[len - 1] == '/')
        dir[--len] = '\0';
    n = scandir(pav_arena_printf(&t->arena, "%s/plays", dir), &v, NULL,
                alphasort);
    for (i = 0; i < n; i++) {
        size_t end = strlen(v[i]->d_name);
        char *name = pav_arena_strdup(&t->arena, v[i]->d_name);

        free(v[i]);
        if (*name == '.' || end < 6 || strcmp(name + end - 5, ".json") != 0)
            continue;
        name[end - 5] = '\0';
        if (t->only != NULL && strcmp(t->only, name) != 0)
            continue;
        one = play_one(t, dir, name);
        code = one > code ? one : code;
    }
    if (n >= 0)
        free(v);
    return code;
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct tally t = {.only = pav_settings_text(s, "only"),
                      .json = pav_settings_flag(s, "json")};
    int i, code = 0, one;

    if (argc == 0)
        return cli_usage(&play_command, "a system's folder is expected");
    pav_arena_init(&t.arena, 1 << 14);
    pav_items_init(&t.results, &t.arena);
    for (i = 0; i < argc; i++) {
        one = play_system(&t, argv[i]);
        code = one > code ? one : code;
    }
    if (t.json) {
        cli_print_items(&t.arena, &t.results, "");
    } else if (t.passed + t.failed == 0) {
        fprintf(stderr,
                "pavane play: %s: there are no plays here: a system has them "
                "as plays/NAME.json\n",
                argv[0]);
        code = 1;
    } else {
        printf("%u passed, %u failed\n", t.passed, t.failed);
    }
    pav_arena_fini(&t.arena);
    if (code == 0 && t.failed > 0)
        code = 1;
    return code;
}

const struct command play_command = {
    .name = "play",
    .arguments = "SYSTEM...",
    .summary = "play a system's plays: events, calls and time, with stand-ins "
               "for what is outside",
    .text = "Each play has a daemon of its own on a virtual clock; the folder "
            "SYSTEM/plays has them,\nSYSTEM/stand-ins the services that it "
            "calls. What is not as expected is printed.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
