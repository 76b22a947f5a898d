/* pavane up: systems in real time, with stand-ins for what is outside. */
#include <stdio.h>
#include <string.h>

#include "pavane/play.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"listen", PAV_SET_TEXT, "ADDR:PORT", "127.0.0.1:8080", 0, 0,
     "where the daemon listens; port 0 picks one"},
    {"past", PAV_SET_INT, "DAYS", "3", 0, 30,
     "days of traffic that are made first, for systems with a traffic.json; "
     "none with --once"},
    {"once", PAV_SET_FLAG, "", NULL, 0, 0,
     "end when everything was sent, instead of at Ctrl-C"},
    SETTING_HELP};

static bool ends;

static void
told(const char *file, const char *what)
{
    printf("%-44s %s\n", file, what);
    fflush(stdout);
}

static void
ready(const char *url)
{
    printf("\nThe dashboard: %s%s\n", url,
           ends ? "" : "    (Ctrl-C ends it, and forgets everything)");
    fflush(stdout);
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct pav_err err;

    if (argc != 1)
        return cli_usage(&up_command, "one folder is expected: a system, or "
                                      "one of systems");
    ends = pav_settings_flag(s, "once");
    if (pav_up(argv[0], pav_settings_text(s, "listen"), ends,
               ends ? 0 : (int)pav_settings_int(s, "past"), told, ready,
               &err) != PAV_OK)
        return cli_fail("up", &err);
    return 0;
}

const struct command up_command = {
    .name = "up",
    .arguments = "SYSTEM|DIR [--listen ADDR:PORT]",
    .summary = "bring up a system, or a folder of them: a daemon, stand-ins, "
               "samples",
    .text = "What it keeps is in a temporary folder, gone at the end. The "
            "events of SYSTEM/events are\nsent, and each of SYSTEM/plays "
            "begins, up to where it waits for a time.  Events of "
            "SYSTEM/traffic.json "
            "are made for days past,\nand come for six hours more: late, "
            "early, twice, misspelt and missing ones among them.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
