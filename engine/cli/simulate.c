/* pavane simulate: one execution, stepped by hand on a virtual clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/file.h"
#include "pavane/text.h"
#include "cli.h"
#include "rig.h"

static const struct pav_setting settings[] = {SETTING_HELP};

struct hand {
    struct pav_arena arena;
    struct rig *rig;
    int64_t shown; /* history events that were printed */
    int64_t shown_of;
    bool failed; /* a command could not be carried out */
};

static void
complain(struct hand *h, const char *what, const char *why)
{
    printf("%s: %s\n", what, why);
    h->failed = true;
}

/* ---- what must be seen ---- */

static void
print_event(void *arg, const struct pav_history_event *e)
{
    struct hand *h = arg;
    struct pav_arena *a = &h->arena;

    if (e->id <= h->shown)
        return;
    h->shown = e->id;
    printf("%6lld  %s", (long long)e->id, e->type);
    if (e->state != NULL)
        printf("  %s", e->state);
    if (e->error != NULL)
        printf("  %s", pav_doc_str(a, e->error));
    if (e->cause != NULL)
        printf(": %s", pav_doc_str(a, e->cause));
    if (e->payload != NULL) {
        const char *text = pav_doc_text(a, e->payload);

        printf("  %.200s%s", text, strlen(text) > 200 ? "..." : "");
    }
    putchar('\n');
}

/* What is new in the history, then where it stands. */
static void
show(struct hand *h)
{
    struct pav_execution_view x;
    struct pav_listed_wait *waits;
    char text[PAV_TIME_LEN];
    uint32_t i, n;

    if (!rig_execution(h->rig, &x)) {
        puts("nothing runs: 'start [INPUT]' or 'event EVENT'");
        return;
    }
    if (h->shown_of != x.row.id)
        h->shown = 0;
    h->shown_of = x.row.id;
    rig_history(h->rig, &x.row, print_event, h);
    printf("%s  %s  %s\n", pav_time_format(rig_now(h->rig), text),
           pav_status_name((enum pav_status)x.row.status), x.row.states);
    n = rig_waits(h->rig, &waits);
    for (i = 0; i < n; i++)
        printf("        waits: %s%s%s%s%s\n", waits[i].row.state,
               waits[i].row.awaits == NULL ? "" : " for ",
               waits[i].row.awaits == NULL ? "" : waits[i].row.awaits,
               waits[i].row.due_at == 0 ? "" : " until ",
               waits[i].row.due_at == 0
                   ? ""
                   : pav_time_format(waits[i].row.due_at, text));
}

/* ---- commands; `rest` is what follows the word ---- */

/* JSON, or @FILE with JSON in it. */
static const struct pav_doc *
value_of(struct hand *h, const char *text)
{
    const struct pav_doc *d = NULL;
    struct pav_err err;
    char *held = NULL;
    size_t len = strlen(text);

    if (*text == '@') {
        if (pav_file_read(text + 1, 16 << 20, &held, &len, &err) != PAV_OK) {
            complain(h, text + 1, err.message);
            return NULL;
        }
        text = held;
    }
    if (pav_doc_parse_copy(&h->arena, text, len, NULL, &d, &err) != PAV_OK) {
        complain(h, "not JSON",
                 pav_arena_printf(&h->arena, "%s (%s)", err.message, err.at));
        d = NULL;
    }
    free(held);
    return d;
}

static void
do_start(struct hand *h, char *rest)
{
    const struct pav_doc *input =
        *rest == '\0' ? &pav_doc_empty_object : value_of(h, rest);
    const char *why;

    if (input == NULL)
        return;
    if (!rig_start(h->rig, input, &why))
        complain(h, "start", why);
}

static void
do_event(struct hand *h, char *rest)
{
    const struct pav_doc *event = value_of(h, rest);
    const char *detail, *became;

    if (event == NULL)
        return;
    became = rig_event(h->rig, event, &detail);
    printf("the event is %s%s%s\n", became, detail == NULL ? "" : ": ",
           detail == NULL ? "" : detail);
}

/* A quoted name, or a word; what follows is left in `*rest`. */
static char *
word_of(char **rest)
{
    char *word = *rest, *end;

    if (*word == '"') {
        end = strchr(++word, '"');
        if (end == NULL)
            return NULL;
    } else {
        end = word + strcspn(word, " ");
    }
    if (*end != '\0')
        *end++ = '\0';
    *rest = end + strspn(end, " ");
    return word;
}

/* The task of this state; with one open task alone the name may be left out. */
static const struct pav_wait_row *
wait_named(struct hand *h, char **rest)
{
    struct pav_listed_wait *waits;
    uint32_t i, n = rig_waits(h->rig, &waits);
    char *copy = pav_arena_strdup(&h->arena, *rest), *name, *behind = copy;

    if (n == 0) {
        complain(h, "no task is open", "'show' shows its current states");
        return NULL;
    }
    name = word_of(&behind);
    for (i = 0; name != NULL && i < n; i++)
        if (strcmp(waits[i].row.state, name) == 0) {
            *rest += behind - copy;
            return &waits[i].row;
        }
    if (n == 1)
        return &waits[0].row;
    complain(h, "which task", "several are open: name the state first");
    return NULL;
}

static void
do_succeed(struct hand *h, char *rest)
{
    const struct pav_wait_row *wait = wait_named(h, &rest);
    const struct pav_doc *output;

    if (wait == NULL)
        return;
    output = *rest == '\0' ? &pav_doc_empty_object : value_of(h, rest);
    if (output != NULL)
        rig_answer(h->rig, wait, output, NULL, NULL);
}

static void
do_fail(struct hand *h, char *rest)
{
    const struct pav_wait_row *wait = wait_named(h, &rest);
    char *error;

    if (wait == NULL)
        return;
    error = word_of(&rest);
    rig_answer(h->rig, wait, NULL,
               error == NULL || *error == '\0' ? NULL : error,
               *rest == '\0' ? NULL : rest);
}

static void
do_pass(struct hand *h, char *rest)
{
    char *end;
    double seconds = strtod(rest, &end);

    if (end == rest || *end != '\0' || !(seconds > 0 && seconds < 1e10)) {
        complain(h, "pass", "how many seconds?");
        return;
    }
    rig_pass(h->rig, (int64_t)(seconds * 1000));
}

static void
do_next(struct hand *h, char *rest)
{
    (void)rest;
    if (!rig_next_timer(h->rig))
        complain(h, "next", "nothing waits for time");
}

static void
do_stop(struct hand *h, char *rest)
{
    char *error = word_of(&rest);

    if (!rig_stop(h->rig, error == NULL || *error == '\0' ? NULL : error,
                  *rest == '\0' ? NULL : rest))
        complain(h, "stop", "nothing runs");
}

static void
do_history(struct hand *h, char *rest)
{
    (void)rest;
    h->shown = 0;
}

static void
do_show(struct hand *h, char *rest)
{
    (void)h;
    (void)rest;
}

static void do_help(struct hand *h, char *rest);

static const struct {
    const char *word, *arguments, *summary;
    void (*run)(struct hand *h, char *rest);
} words[] = {
    {"start", "[INPUT]", "begin an execution; INPUT is JSON, or @FILE",
     do_start},
    {"event", "EVENT", "an event comes in, through the machine's rules",
     do_event},
    {"ok", "[STATE] [OUTPUT]", "an open task succeeds", do_succeed},
    {"fail", "[STATE] ERROR [CAUSE]", "an open task fails", do_fail},
    {"next", "", "time passes to the next timer", do_next},
    {"pass", "SECONDS", "time passes", do_pass},
    {"stop", "[ERROR [CAUSE]]", "the execution is aborted", do_stop},
    {"history", "", "all events from the first", do_history},
    {"show", "", "show its current states and waits", do_show},
    {"help", "", "these words", do_help},
    {"quit", "", "end", NULL},
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static void
do_help(struct hand *h, char *rest)
{
    size_t i;

    (void)h;
    (void)rest;
    for (i = 0; i < WORDS; i++)
        printf("  %-8s %-22s %s\n", words[i].word, words[i].arguments,
               words[i].summary);
    puts("A state's name with blanks is put in double quotes.");
}

/* False at the end. */
static bool
obey(struct hand *h, char *line)
{
    char *rest = line + strspn(line, " \t"), *word;
    size_t i;

    rest[strcspn(rest, "\r\n")] = '\0';
    if (*rest == '\0' || *rest == '#')
        return true;
    word = word_of(&rest);
    for (i = 0; word != NULL && i < WORDS; i++) {
        if (strcmp(words[i].word, word) != 0)
            continue;
        if (words[i].run == NULL)
            return false;
        words[i].run(h, rest);
        if (words[i].run != do_help) {
            rig_settle(h->rig);
            show(h);
        }
        return true;
    }
    complain(h, word == NULL ? line : word, "no such word; 'help' lists them");
    return true;
}

static int
simulate(const struct pav_settings *s, int argc, char **argv)
{
    struct hand h = {0};
    bool asks = isatty(STDIN_FILENO) != 0;
    char *line = NULL;
    size_t room = 0;
    int code;

    (void)s;
    if (argc != 1)
        return cli_usage(&simulate_command, "one machine's folder is expected");
    code = rig_open("simulate", argv[0], &h.rig);
    if (code != 0)
        return code;
    pav_arena_init(&h.arena, 1 << 16);
    if (asks)
        printf("%s; 'help' lists what can be done\n", h.rig->machine);
    do {
        if (asks)
            fputs("> ", stdout);
        fflush(stdout);
    } while (getline(&line, &room, stdin) >= 0 && obey(&h, line));
    free(line);
    rig_free(h.rig);
    pav_arena_fini(&h.arena);
    return !asks && h.failed;
}

const struct command simulate_command = {
    .name = "simulate",
    .arguments = "MACHINE",
    .summary = "step one execution by hand, on a virtual clock",
    .text = "MACHINE is a folder with machine.asl.json and rules.json. Words "
            "are read from standard\ninput, one a line: start, event, ok, "
            "fail, next, pass, stop, history, show, help, quit.\nNothing is "
            "called and nothing is kept. When the words come from a file, the "
            "exit code\nis 1 if one could not be carried out.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = simulate};
