/*
 * Subcommands: one a file, all behind one table.  A command that reads a
 * daemon speaks HTTP to it.  Exit codes: 0 done, 1 the thing asked about is
 * wrong, 2 usage, 3 cannot run.
 */
#ifndef PAVANE_CLI_H
#define PAVANE_CLI_H

#include "pavane/client.h"
#include "pavane/doc.h"
#include "pavane/settings.h"

struct command {
    const char *name, *arguments, *summary;
    const char *text; /* more help; NULL: none */
    const struct pav_setting *settings;
    size_t setting_count;
    /* Words that are no options are in argv. */
    int (*run)(const struct pav_settings *s, int argc, char **argv);
};

extern const struct command serve_command, validate_command, import_command,
    graph_command, send_command, list_command, show_command, history_command,
    test_command, simulate_command, what_if_command, dead_letters_command,
    verify_command, backup_command, restore_command, eval_command, play_command,
    up_command, export_command, new_command, attention_command,
    producers_command, deviations_command, deliveries_command, flow_command,
    completion_command, alerts_command, mute_command;
/* All of them, in the order of the help: main.c. */
extern const struct command *const cli_commands[];
extern const size_t cli_command_count;

/* Settings that every command has, and those of one that asks a daemon. */
#define SETTING_HELP                                                           \
    {                                                                          \
        "help", PAV_SET_FLAG, "", NULL, 0, 0, "print this help"                \
    }
#define SETTING_JSON                                                           \
    {                                                                          \
        "json", PAV_SET_FLAG, "", NULL, 0, 0,                                  \
            "print JSON instead of text for people"                            \
    }
#define SETTINGS_REMOTE                                                        \
    {"url", PAV_SET_TEXT,         "URL", "http://127.0.0.1:8080", 0,           \
     0,     "where the daemon is"},                                            \
    {                                                                          \
        "token-file", PAV_SET_TEXT, "FILE", NULL, 0, 0,                        \
            "file with the daemon's token"                                     \
    }

/* "pavane NAME: AT: MESSAGE" on standard error; the exit code. */
int cli_fail(const char *command, const struct pav_err *err);
/* A usage error: 2. */
int cli_usage(const struct command *c, const char *message);

/* What an answer must have, or it is not Pavane's. */
struct cli_shape {
    const char *member;
    enum pav_kind kind; /* PAV_ARRAY: all its elements are objects */
};

/*
 * Ask the daemon of --url for a path and parse its answer.  On failure, and
 * when the answer is not of this shape, says why and returns the exit code; 0
 * and `*out` otherwise.
 */
int cli_ask(const char *command, const struct pav_settings *s, const char *path,
            struct cli_shape shape, struct pav_arena *a,
            const struct pav_doc **out);
/* The same with a body that is posted. */
int cli_post(const char *command, const struct pav_settings *s,
             const char *path, struct pav_bytes body, struct cli_shape shape,
             struct pav_arena *a, const struct pav_doc **out);
/* The same by an action of POST /: "Pavane.RedriveDeadLetters". */
int cli_ask_action(const char *command, const struct pav_settings *s,
                   const char *action, struct pav_bytes body,
                   struct cli_shape shape, struct pav_arena *a,
                   const struct pav_doc **out);
/* The text of a member, "" when it is absent or null. */
const char *
cli_text(struct pav_arena *a, const struct pav_doc *o, const char *key);

/* What --json prints of every list: {"items":[...],"next":...}; "" is null. */
void
cli_print_items(struct pav_arena *a, struct pav_items *items, const char *next);
void cli_print_json(const struct pav_doc *d);

/* How far something long has come, on standard error when that is a terminal: a
 * line that the next one replaces, five times a second at most. */
void cli_progress(const char *form, ...) PAV_PRINTF(1, 2);
/* It is done: the line goes. */
void cli_progress_ends(void);

/*
 * paper.c: what `once` prints, for a terminal in columns and folded at its
 * width; with `watch` again whenever it has changed, until it fails or somebody
 * ends it.  The exit code of the last time.
 */
int cli_print(const struct pav_settings *s, int argc, char **argv, bool watch,
              int (*once)(const struct pav_settings *s, int argc, char **argv));
#define SETTING_WATCH                                                          \
    {                                                                          \
        "watch", PAV_SET_FLAG, "", NULL, 0, 0,                                 \
            "print it again whenever it has changed, until Ctrl-C"             \
    }

/* notify.c: tell the supervisor, if there is one; "READY=1". */
void notify(const char *state);
/* How often it wants a sign of life; 0: it wants none. */
int64_t notify_watchdog_us(void);

#endif
