/* pavane list, show, history: what the daemon knows of executions. */
#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "cli.h"

static const struct pav_setting list_settings[] = {
    {"key", PAV_SET_TEXT, "ID", NULL, 0, 0, "only this correlation id"},
    {"machine", PAV_SET_TEXT, "NAME", NULL, 0, 0, "only this machine"},
    {"status", PAV_SET_TEXT, "STATUS", NULL, 0, 0,
     "RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED"},
    {"limit", PAV_SET_INT, "N", "50", 1, 1000, "at most so many"},
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};
static const struct pav_setting show_settings[] = {SETTINGS_REMOTE,
                                                   SETTING_JSON, SETTING_HELP};

static void
print_json(const struct pav_doc *d)
{
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print_pretty(d, &b);
    puts(b.p);
    pav_buf_fini(&b);
}

static void
add_parameter(struct pav_buf *b, const char *name, const char *value)
{
    if (value == NULL)
        return;
    pav_buf_printf(b, "%c%s=", strchr(b->p, '?') == NULL ? '?' : '&', name);
    pav_url_encode(b, value, strlen(value));
}

/* "StateA, StateB" */
static const char *
states_of(struct pav_arena *a, const struct pav_doc *x)
{
    const struct pav_doc *list = pav_doc_get(x, "currentStates");
    const char *text = "";
    uint32_t i;

    for (i = 0; list != NULL && i < list->len; i++)
        text = pav_arena_printf(a, "%s%s%.*s", text, i == 0 ? "" : ", ",
                                (int)list->items[i].len, list->items[i].text);
    return text;
}

static void
print_execution(struct pav_arena *a, const struct pav_doc *x)
{
    printf("%s\t%s\t%s\t%s\n", cli_text(a, x, "executionId"),
           cli_text(a, x, "status"), states_of(a, x),
           cli_text(a, x, "startDate"));
}

static int
list(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer, *v;
    struct pav_arena a;
    struct pav_buf path;
    uint32_t i;
    int code;

    if (argc > 0)
        return cli_usage(&list_command, argv[0]);
    pav_arena_init(&a, 65536);
    pav_buf_init(&path, 65536);
    pav_buf_puts(&path, "/api/v1/executions");
    add_parameter(&path, "correlationId", pav_settings_text(s, "key"));
    add_parameter(&path, "machine", pav_settings_text(s, "machine"));
    add_parameter(&path, "status", pav_settings_text(s, "status"));
    add_parameter(&path, "limit", pav_settings_text(s, "limit"));
    code = cli_ask("list", s, path.p, NULL, 0, &a, &answer);
    if (code == 0 && pav_settings_flag(s, "json")) {
        print_json(answer);
    } else if (code == 0) {
        v = pav_doc_get(answer, "executions");
        for (i = 0; i < v->len; i++)
            print_execution(&a, pav_doc_at(v, i));
        if (v->len == 0)
            fputs("no execution; 'pavane send' posts the event that starts "
                  "one\n",
                  stderr);
    }
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

/* The newest execution of a correlation id, or the one of this id. */
static int
find(const char *command, const struct pav_settings *s, const char *what,
     struct pav_arena *a, const struct pav_doc **out)
{
    const struct pav_doc *answer, *v;
    struct pav_buf path;
    int code;

    pav_buf_init(&path, 65536);
    pav_buf_puts(&path, "/api/v1/executions");
    add_parameter(&path, "correlationId", what);
    add_parameter(&path, "limit", "1");
    code = cli_ask(command, s, path.p, NULL, 0, a, &answer);
    v = code == 0 ? pav_doc_get(answer, "executions") : NULL;
    if (code == 0 && v->len == 0 && strchr(what, ':') == NULL) {
        fprintf(stderr, "pavane %s: %s: no execution has this correlation id\n",
                command, what);
        code = 1;
    } else if (code == 0) {
        path.len = 0;
        pav_buf_puts(&path, "/api/v1/executions/");
        if (v->len > 0)
            what = cli_text(a, pav_doc_at(v, 0), "executionId");
        pav_url_encode(&path, what, strlen(what));
        code = cli_ask(command, s, path.p, NULL, 0, a, out);
    }
    pav_buf_fini(&path);
    return code;
}

static void
print_waits(struct pav_arena *a, const struct pav_doc *waits,
            const char *execution_id)
{
    uint32_t i;

    for (i = 0; i < waits->len; i++) {
        const struct pav_doc *w = pav_doc_at(waits, i);
        const char *awaits = cli_text(a, w, "awaits");

        if (strcmp(cli_text(a, w, "executionId"), execution_id) != 0)
            continue;
        printf("waits in %s for %s since %s", cli_text(a, w, "state"),
               *awaits != '\0' ? awaits : "the next event",
               cli_text(a, w, "since"));
        if (*cli_text(a, w, "due") != '\0')
            printf(", at most until %s", cli_text(a, w, "due"));
        putchar('\n');
    }
}

static int
show(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *x, *waits;
    struct pav_arena a;
    struct pav_buf path;
    int code;

    if (argc != 1)
        return cli_usage(&show_command, "an execution id or a correlation id "
                                        "is wanted");
    pav_arena_init(&a, 65536);
    pav_buf_init(&path, 65536);
    code = find("show", s, argv[0], &a, &x);
    if (code == 0 && pav_settings_flag(s, "json")) {
        print_json(x);
    } else if (code == 0) {
        printf("%s is %s", cli_text(&a, x, "executionId"),
               cli_text(&a, x, "status"));
        printf(" in %s, started %s", states_of(&a, x),
               cli_text(&a, x, "startDate"));
        if (*cli_text(&a, x, "stopDate") != '\0')
            printf(", ended %s", cli_text(&a, x, "stopDate"));
        putchar('\n');
        if (*cli_text(&a, x, "error") != '\0')
            printf("error %s: %s\n", cli_text(&a, x, "error"),
                   cli_text(&a, x, "cause"));
        pav_buf_puts(&path, "/api/v1/waits");
        add_parameter(&path, "machine", cli_text(&a, x, "machine"));
        add_parameter(&path, "correlationId", cli_text(&a, x, "correlationId"));
        if (cli_ask("show", s, path.p, NULL, 0, &a, &waits) == 0)
            print_waits(&a, pav_doc_get(waits, "waits"),
                        cli_text(&a, x, "executionId"));
    }
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

static void
print_event(struct pav_arena *a, const struct pav_doc *e)
{
    int64_t id = 0, previous = 0;
    const char *name = "";
    uint32_t i;

    (void)pav_doc_int(pav_doc_get(e, "id"), &id);
    (void)pav_doc_int(pav_doc_get(e, "previousEventId"), &previous);
    for (i = 0; i < e->len; i++)
        if (e->members[i].value.kind == PAV_OBJECT)
            name = cli_text(a, &e->members[i].value, "name");
    printf("%lld\t%lld\t%s\t%s\t%s\n", (long long)id, (long long)previous,
           cli_text(a, e, "timestamp"), cli_text(a, e, "type"), name);
}

static int
history(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *x, *answer, *events;
    const char *next = "", *id;
    bool json = pav_settings_flag(s, "json");
    struct pav_items all;
    struct pav_arena a;
    struct pav_buf path;
    uint32_t i;
    int code;

    if (argc != 1)
        return cli_usage(&history_command, "an execution id or a correlation "
                                           "id is wanted");
    pav_arena_init(&a, 65536);
    pav_items_init(&all, &a);
    pav_buf_init(&path, 65536);
    code = find("history", s, argv[0], &a, &x);
    while (code == 0) {
        id = cli_text(&a, x, "executionId");
        path.len = 0;
        pav_buf_puts(&path, "/api/v1/executions/");
        pav_url_encode(&path, id, strlen(id));
        pav_buf_printf(&path, "/history%s%s",
                       *next == '\0' ? "" : "?next=", next);
        code = cli_ask("history", s, path.p, NULL, 0, &a, &answer);
        if (code != 0)
            break;
        events = pav_doc_get(answer, "events");
        for (i = 0; i < events->len; i++) {
            if (json)
                pav_items_add(&all, pav_doc_at(events, i));
            else
                print_event(&a, pav_doc_at(events, i));
        }
        next = cli_text(&a, answer, "next");
        if (*next == '\0')
            break;
    }
    if (code == 0 && json)
        print_json(pav_items_array(&all));
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

const struct command list_command = {
    .name = "list",
    .arguments = "[--key ID] [--machine NAME] [--status STATUS]",
    .summary = "list executions, newest first",
    .text = "Prints: execution id, status, current states, start.\n",
    .settings = list_settings,
    .setting_count = sizeof(list_settings) / sizeof(list_settings[0]),
    .run = list,
};

const struct command show_command = {
    .name = "show",
    .arguments = "EXECUTION_ID|CORRELATION_ID",
    .summary = "tell where an execution stands and what it waits for",
    .settings = show_settings,
    .setting_count = sizeof(show_settings) / sizeof(show_settings[0]),
    .run = show,
};

const struct command history_command = {
    .name = "history",
    .arguments = "EXECUTION_ID|CORRELATION_ID",
    .summary = "print the history events of an execution",
    .text = "Prints: id, previous id, time, type, state.\n",
    .settings = show_settings,
    .setting_count = sizeof(show_settings) / sizeof(show_settings[0]),
    .run = history,
};
