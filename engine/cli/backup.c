/* pavane backup: a copy of a running daemon's database. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct pav_setting settings[] = {SETTINGS_REMOTE, SETTING_JSON,
                                              SETTING_HELP};

static const struct cli_shape STATE = {"pages", PAV_NUMBER};

#define LOOK_US 200000

static bool
is_running(const struct pav_doc *state)
{
    const struct pav_doc *v = pav_doc_get(state, "running");

    return v != NULL && v->kind == PAV_TRUE;
}

static void
progress(const struct pav_doc *state)
{
    cli_progress("copying: %lld of %lld pages",
                 (long long)pav_doc_member_int(state, "copied"),
                 (long long)pav_doc_member_int(state, "pages"));
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct pav_bytes name = {argc > 0 ? argv[0] : "",
                             argc > 0 ? strlen(argv[0]) : 0};
    const struct pav_doc *state, *error;
    struct pav_arena a;
    int code;

    if (argc > 1)
        return cli_usage(&backup_command, "one name at most");
    pav_arena_init(&a, 4096);
    code = cli_post("backup", s, "/api/v1/backup", name, STATE, &a, &state);
    while (code == 0 && is_running(state)) {
        progress(state);
        usleep(LOOK_US);
        pav_arena_reset(&a);
        code = cli_ask("backup", s, "/api/v1/backup", STATE, &a, &state);
    }
    cli_progress_ends();
    if (code == 0) {
        error = pav_doc_get(state, "error");
        code = error != NULL && error->kind == PAV_STRING;
        if (pav_settings_flag(s, "json"))
            cli_print_json(state);
        else if (code == 0)
            printf("%s\n", cli_text(&a, state, "path"));
        else
            fprintf(stderr, "pavane backup: %s: %s\n",
                    cli_text(&a, state, "path"), cli_text(&a, state, "error"));
    }
    pav_arena_fini(&a);
    return code;
}

const struct command backup_command = {
    .name = "backup",
    .arguments = "[NAME]",
    .summary = "let a running daemon make a copy of its database",
    .text = "The daemon writes it into its --backups folder, as NAME or by the "
            "time, while it goes\non; the copy has all that was acknowledged "
            "when it began. Prints the copy's path.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
