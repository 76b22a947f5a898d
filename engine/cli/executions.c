/* pavane list, show, history: what the daemon knows of executions. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pavane/http.h"
#include "cli.h"

static const struct pav_setting list_settings[] = {
    {"key", PAV_SET_TEXT, "ID", NULL, 0, 0, "only this correlation id"},
    {"machine", PAV_SET_TEXT, "NAME", NULL, 0, 0, "only this machine"},
    {"status", PAV_SET_TEXT, "STATUS", NULL, 0, 0,
     "RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED"},
    {"limit", PAV_SET_INT, "N", "50", 1, 1000, "at most so many"},
    {"children", PAV_SET_FLAG, "", NULL, 0, 0,
     "those too that distributed Maps started"},
    {"next", PAV_SET_TEXT, "TOKEN", NULL, 0, 0,
     "go on where a list ended: what it printed as next"},
    {"follow", PAV_SET_FLAG, "", NULL, 0, 0,
     "go on with those that start or move, until Ctrl-C"},
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};
static const struct pav_setting show_settings[] = {SETTINGS_REMOTE,
                                                   SETTING_JSON, SETTING_HELP};

static const struct cli_shape EXECUTIONS = {"executions", PAV_ARRAY};
static const struct cli_shape EXECUTION = {"executionId", PAV_STRING};
static const struct cli_shape WAITS = {"waits", PAV_ARRAY};
static const struct cli_shape EVENTS = {"events", PAV_ARRAY};

static void
add_parameter(struct pav_buf *b, const char *name, const char *value)
{
    if (value == NULL)
        return;
    pav_buf_printf(b, "%c%s=", strchr(b->p, '?') == NULL ? '?' : '&', name);
    pav_url_encode(b, value, strlen(value));
}

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* "StateA, StateB" */
static const char *
states_of(struct pav_arena *a, const struct pav_doc *x)
{
    const struct pav_doc *list = pav_doc_get(x, "currentStates");
    const char *text = "";
    uint32_t i;

    if (list == NULL || list->kind != PAV_ARRAY)
        return "";
    for (i = 0; i < list->len; i++)
        text = pav_arena_printf(a, "%s%s%s", text, i == 0 ? "" : ", ",
                                or_empty(pav_doc_str(a, &list->items[i])));
    return text;
}

static const char *
execution_line(struct pav_arena *a, const struct pav_doc *x)
{
    return pav_arena_printf(
        a, "%s\t%s\t%s\t%s\n", cli_text(a, x, "executionId"),
        cli_text(a, x, "status"), states_of(a, x), cli_text(a, x, "startDate"));
}

/* The lines of a list that were not there when it was printed last, oldest
 * first; `last` is what it is now. */
static void
print_news(struct pav_arena *a, const struct pav_doc *v, bool json,
           struct pav_buf *last)
{
    struct pav_buf now;
    uint32_t i;

    pav_buf_init(&now, SIZE_MAX / 2);
    pav_buf_putc(&now, '\n');
    for (i = v->len; i-- > 0;) {
        const char *line = execution_line(a, &v->items[i]);
        const char *known = pav_arena_printf(a, "\n%s", line);

        pav_buf_puts(&now, line);
        if (last->len > 0 &&
            memmem(last->p, last->len, known, strlen(known)) != NULL)
            continue;
        if (json)
            cli_print_json(&v->items[i]);
        else
            fputs(line, stdout);
    }
    fflush(stdout);
    pav_buf_fini(last);
    *last = now;
}

#define FOLLOW_S 1

static int
follow(const struct pav_settings *s, const char *path)
{
    const struct pav_doc *answer;
    struct pav_buf last;
    struct pav_arena a;
    int code;

    pav_buf_init(&last, SIZE_MAX / 2);
    do {
        pav_arena_init(&a, 65536);
        code = cli_ask("list", s, path, EXECUTIONS, &a, &answer);
        if (code == 0)
            print_news(&a, pav_doc_get(answer, "executions"),
                       pav_settings_flag(s, "json"), &last);
        pav_arena_fini(&a);
    } while (code == 0 && sleep(FOLLOW_S) == 0);
    pav_buf_fini(&last);
    return code;
}

static int
print_list(const struct pav_settings *s, int argc, char **argv)
{
    static const char *const parameters[][2] = {
        {"correlationId", "key"}, {"machine", "machine"},
        {"status", "status"},     {"limit", "limit"},
        {"children", "children"}, {"next", "next"}};
    const struct pav_doc *answer, *v;
    const char *next;
    struct pav_arena a;
    struct pav_buf path;
    struct pav_items all;
    uint32_t i;
    int code;

    (void)argc;
    (void)argv;
    pav_arena_init(&a, 65536);
    pav_items_init(&all, &a);
    pav_buf_init(&path, 65536);
    pav_buf_puts(&path, "/api/v1/executions");
    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
        add_parameter(&path, parameters[i][0],
                      pav_settings_text(s, parameters[i][1]));
    if (pav_settings_flag(s, "follow")) {
        code = follow(s, path.p);
        pav_buf_fini(&path);
        pav_arena_fini(&a);
        return code;
    }
    code = cli_ask("list", s, path.p, EXECUTIONS, &a, &answer);
    if (code == 0) {
        v = pav_doc_get(answer, "executions");
        next = cli_text(&a, answer, "next");
        for (i = 0; i < v->len; i++)
            if (pav_settings_flag(s, "json"))
                pav_items_add(&all, &v->items[i]);
            else
                fputs(execution_line(&a, &v->items[i]), stdout);
        if (pav_settings_flag(s, "json"))
            cli_print_items(&a, &all, next);
        else if (*next != '\0')
            fprintf(stderr, "more follow: --next %s\n", next);
        else if (v->len == 0)
            fputs("no execution; 'pavane send' posts the event that starts "
                  "one\n",
                  stderr);
    }
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

static int
list(const struct pav_settings *s, int argc, char **argv)
{
    if (argc > 0)
        return cli_usage(&list_command, argv[0]);
    if (pav_settings_flag(s, "follow")) /* it prints as it goes on */
        return print_list(s, argc, argv);
    return cli_print(s, argc, argv, false, print_list);
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
    code = cli_ask(command, s, path.p, EXECUTIONS, a, &answer);
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
        code = cli_ask(command, s, path.p, EXECUTION, a, out);
    }
    pav_buf_fini(&path);
    return code;
}

static void
print_wait(struct pav_arena *a, const struct pav_doc *w)
{
    const char *awaits = cli_text(a, w, "awaits");
    const char *pattern = cli_text(a, w, "eventPattern");
    const struct pav_doc *asked;

    printf("waits in %s for %s since %s", cli_text(a, w, "state"),
           *awaits != '\0' ? awaits : "the next event",
           cli_text(a, w, "since"));
    if (pav_doc_parse_copy(a, pattern, strlen(pattern), NULL, &asked, NULL) ==
            PAV_OK &&
        pav_doc_get(asked, "source") != NULL)
        printf(", from source %s",
               pav_doc_text(a, pav_doc_get(asked, "source")));
    if (*cli_text(a, w, "due") != '\0')
        printf(", at most until %s", cli_text(a, w, "due"));
    putchar('\n');
}

static void
print_shown(struct pav_arena *a, const struct pav_doc *x,
            const struct pav_doc *waits)
{
    uint32_t i;

    printf("%s is %s", cli_text(a, x, "executionId"), cli_text(a, x, "status"));
    printf(" in %s, started %s", states_of(a, x), cli_text(a, x, "startDate"));
    if (*cli_text(a, x, "stopDate") != '\0')
        printf(", ended %s", cli_text(a, x, "stopDate"));
    putchar('\n');
    if (*cli_text(a, x, "error") != '\0')
        printf("error %s: %s\n", cli_text(a, x, "error"),
               cli_text(a, x, "cause"));
    for (i = 0; i < waits->len; i++)
        print_wait(a, &waits->items[i]);
}

/* Of the waits of the correlation id, those of this execution. */
static int
waits_of(const struct pav_settings *s, const struct pav_doc *x,
         struct pav_arena *a, const struct pav_doc **out)
{
    const char *id = cli_text(a, x, "executionId");
    const struct pav_doc *answer, *waits;
    struct pav_items own;
    struct pav_buf path;
    uint32_t i;
    int code;

    pav_items_init(&own, a);
    pav_buf_init(&path, 65536);
    pav_buf_puts(&path, "/api/v1/waits");
    add_parameter(&path, "machine", cli_text(a, x, "machine"));
    add_parameter(&path, "correlationId", cli_text(a, x, "correlationId"));
    code = cli_ask("show", s, path.p, WAITS, a, &answer);
    if (code == 0) {
        waits = pav_doc_get(answer, "waits");
        for (i = 0; i < waits->len; i++)
            if (strcmp(cli_text(a, &waits->items[i], "executionId"), id) == 0)
                pav_items_add(&own, &waits->items[i]);
        *out = pav_items_array(&own);
    }
    pav_buf_fini(&path);
    return code;
}

static int
print_execution(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *x, *waits;
    struct pav_members m;
    struct pav_arena a;
    uint32_t i;
    int code;

    (void)argc;
    pav_arena_init(&a, 65536);
    code = find("show", s, argv[0], &a, &x);
    if (code == 0)
        code = waits_of(s, x, &a, &waits);
    if (code == 0 && pav_settings_flag(s, "json")) {
        pav_members_init(&m, &a);
        for (i = 0; i < x->len; i++)
            pav_members_put(&m, x->members[i].key, x->members[i].len,
                            &x->members[i].value);
        pav_members_puts(&m, "waits", waits);
        cli_print_json(pav_members_object(&m));
    } else if (code == 0) {
        print_shown(&a, x, waits);
    }
    pav_arena_fini(&a);
    return code;
}

static int
show(const struct pav_settings *s, int argc, char **argv)
{
    if (argc != 1)
        return cli_usage(&show_command, "an execution id or a correlation id "
                                        "is expected");
    return cli_print(s, argc, argv, false, print_execution);
}

static const char *
on_one_line(struct pav_arena *a, const char *text)
{
    char *line = pav_arena_strdup(a, text), *p;

    for (p = line; *p != '\0'; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    return line;
}

static void
print_event(struct pav_arena *a, const struct pav_doc *e)
{
    int64_t id = 0, previous = 0;
    const char *name = "", *error = "", *cause = "";
    const struct pav_doc *details;
    uint32_t i;

    (void)pav_doc_int(pav_doc_get(e, "id"), &id);
    (void)pav_doc_int(pav_doc_get(e, "previousEventId"), &previous);
    for (i = 0; i < e->len; i++)
        if (e->members[i].value.kind == PAV_OBJECT) {
            details = &e->members[i].value;
            name = cli_text(a, details, "name");
            error = cli_text(a, details, "error");
            cause = on_one_line(a, cli_text(a, details, "cause"));
        }
    printf("%lld\t%lld\t%s\t%s\t%s", (long long)id, (long long)previous,
           cli_text(a, e, "timestamp"), cli_text(a, e, "type"), name);
    if (*error != '\0' || *cause != '\0')
        printf("\t%s\t%s", error, cause);
    putchar('\n');
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
                                           "id is expected");
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
        code = cli_ask("history", s, path.p, EVENTS, &a, &answer);
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
        cli_print_items(&a, &all, "");
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

const struct command list_command = {
    .name = "list",
    .arguments = "[--key ID] [--machine NAME] [--status STATUS] [--next TOKEN]",
    .summary = "list executions, newest first",
    .text = "Prints: execution id, status, current states, start.\n",
    .settings = list_settings,
    .setting_count = sizeof(list_settings) / sizeof(list_settings[0]),
    .run = list,
};

const struct command show_command = {
    .name = "show",
    .arguments = "EXECUTION_ID|CORRELATION_ID",
    .summary = "show an execution's current states and what it waits for",
    .settings = show_settings,
    .setting_count = sizeof(show_settings) / sizeof(show_settings[0]),
    .run = show,
};

const struct command history_command = {
    .name = "history",
    .arguments = "EXECUTION_ID|CORRELATION_ID",
    .summary = "print the history events of an execution",
    .text = "Prints: id, previous id, time, type, state; error and cause where "
            "there are.\n",
    .settings = show_settings,
    .setting_count = sizeof(show_settings) / sizeof(show_settings[0]),
    .run = history,
};
