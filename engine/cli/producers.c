/* pavane producers, pavane deviations: who sends what, who errs, who owes. */
#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "cli.h"

static const struct pav_setting producers_settings[] = {
    {"hours", PAV_SET_INT, "N", "24", 1, 2400,
     "what came within so many hours"},
    SETTING_WATCH,
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};
static const struct pav_setting deviations_settings[] = {
    {"hours", PAV_SET_INT, "N", "24", 1, 2400,
     "what came within so many hours"},
    {"source", PAV_SET_TEXT, "SOURCE", NULL, 0, 0, "of this producer alone"},
    {"machine", PAV_SET_TEXT, "MACHINE", NULL, 0, 0, "of this machine alone"},
    SETTING_WATCH,
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};

static const struct cli_shape PRODUCERS = {"producers", PAV_ARRAY};
static const struct cli_shape DEVIATIONS = {"deviations", PAV_ARRAY};

static void
print_list(struct pav_arena *a, const struct pav_doc *list)
{
    struct pav_items items;
    uint32_t i;

    pav_items_init(&items, a);
    for (i = 0; i < list->len; i++)
        pav_items_add(&items, &list->items[i]);
    cli_print_items(a, &items, "");
}

/* What executions wait for from the source; "" is what no source is known of.
 */
static void
print_debts(struct pav_arena *a, const struct pav_doc *debts,
            const char *source)
{
    uint32_t i;

    for (i = 0; i < debts->len; i++) {
        const struct pav_doc *d = &debts->items[i];
        const char *awaits = cli_text(a, d, "awaits");
        int64_t overdue = pav_doc_member_int(d, "overdue");

        if (strcmp(cli_text(a, d, "source"), source) != 0)
            continue;
        printf("    owes %lld: %s > %s%s%s",
               (long long)pav_doc_member_int(d, "count"),
               cli_text(a, d, "machine"), cli_text(a, d, "state"),
               *awaits == '\0' ? "" : " for ", awaits);
        if (overdue > 0)
            printf(", %lld overdue, the oldest since %s", (long long)overdue,
                   cli_text(a, d, "oldestOverdue"));
        putchar('\n');
    }
}

static void
print_producer(struct pav_arena *a, const struct pav_doc *p,
               const struct pav_doc *debts)
{
    const struct pav_doc *outcomes = pav_doc_get(p, "outcomes");
    const char *source = cli_text(a, p, "source");
    uint32_t i;

    printf("%-28s %8lld events", source,
           (long long)pav_doc_member_int(p, "events"));
    for (i = 0; outcomes != NULL && i < outcomes->len; i++)
        printf("%s %s %s", i == 0 ? ":" : ",",
               pav_doc_text(a, &outcomes->members[i].value),
               pav_arena_strndup(a, outcomes->members[i].key,
                                 outcomes->members[i].len));
    putchar('\n');
    print_debts(a, debts, source);
}

static bool
is_listed(struct pav_arena *a, const struct pav_doc *list, uint32_t count,
          const char *source)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (strcmp(cli_text(a, &list->items[i], "source"), source) == 0)
            return true;
    return false;
}

/* Who owes and sent nothing. */
static void
print_silent(struct pav_arena *a, const struct pav_doc *producers,
             const struct pav_doc *debts)
{
    uint32_t i;

    for (i = 0; i < debts->len; i++) {
        const char *source = cli_text(a, &debts->items[i], "source");

        if (is_listed(a, producers, producers->len, source) ||
            is_listed(a, debts, i, source))
            continue;
        printf("%-28s %8d events\n", *source == '\0' ? "(anybody)" : source, 0);
        print_debts(a, debts, source);
    }
}

static int
print_producers(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer, *list, *debts;
    struct pav_arena a;
    uint32_t i;
    int code;

    (void)argc;
    (void)argv;
    pav_arena_init(&a, 1 << 16);
    code = cli_ask("producers", s,
                   pav_arena_printf(&a, "/api/v1/producers?hours=%lld",
                                    (long long)pav_settings_int(s, "hours")),
                   PRODUCERS, &a, &answer);
    if (code == 0 && pav_settings_flag(s, "json")) {
        cli_print_json(answer);
    } else if (code == 0) {
        list = pav_doc_get(answer, "producers");
        debts = pav_doc_get(answer, "debts");
        for (i = 0; i < list->len; i++)
            print_producer(&a, &list->items[i], debts);
        print_silent(&a, list, debts);
        if (list->len == 0)
            puts("no events came in that time");
    }
    pav_arena_fini(&a);
    return code;
}

static void
print_deviation(struct pav_arena *a, const struct pav_doc *d)
{
    const char *machine = cli_text(a, d, "machine");
    const char *reason = cli_text(a, d, "reason"), *as = cli_text(a, d, "as");
    int64_t count = pav_doc_member_int(d, "count");
    int64_t of = pav_doc_member_int(d, "of");

    printf("%6lld ", (long long)count);
    if (of >= count) /* what expired may have come before that time */
        printf("of %lld ", (long long)of);
    printf("%s: %s of %s%s%s\n", cli_text(a, d, "disposition"),
           cli_text(a, d, "detailType"), cli_text(a, d, "source"),
           *machine == '\0' ? "" : ", machine ", machine);
    if (*reason != '\0')
        printf("       %s\n", reason);
    printf("       last %s (%s)%s%s%s%s\n", cli_text(a, d, "last"),
           cli_text(a, d, "group"), *as == '\0' ? "" : ", ", as,
           *as == '\0' ? "" : ": ", cli_text(a, d, "muted"));
}

/* "&NAME=VALUE" of an option that is given. */
static void
add_option(struct pav_buf *path, const struct pav_settings *s, const char *name)
{
    const char *value = pav_settings_text(s, name);

    if (value == NULL)
        return;
    pav_buf_printf(path, "&%s=", name);
    pav_url_encode(path, value, strlen(value));
}

static int
print_deviations(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer, *list;
    struct pav_arena a;
    struct pav_buf path;
    bool unmarked = false;
    uint32_t i;
    int code;

    (void)argc;
    (void)argv;
    pav_arena_init(&a, 1 << 16);
    pav_buf_init(&path, 1 << 16);
    pav_buf_printf(&path, "/api/v1/deviations?hours=%lld",
                   (long long)pav_settings_int(s, "hours"));
    add_option(&path, s, "source");
    add_option(&path, s, "machine");
    code = cli_ask("deviations", s, path.p, DEVIATIONS, &a, &answer);
    if (code == 0) {
        list = pav_doc_get(answer, "deviations");
        if (pav_settings_flag(s, "json"))
            print_list(&a, list);
        for (i = 0; i < list->len && !pav_settings_flag(s, "json"); i++)
            print_deviation(&a, &list->items[i]);
        if (list->len == 0 && !pav_settings_flag(s, "json"))
            puts("every event of that time did what it should");
        for (i = 0; i < list->len; i++)
            unmarked |= *cli_text(&a, &list->items[i], "as") == '\0';
        code = unmarked;
    }
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

static int
producers(const struct pav_settings *s, int argc, char **argv)
{
    if (argc > 0)
        return cli_usage(&producers_command, "it takes no words");
    return cli_print(s, argc, argv, pav_settings_flag(s, "watch"),
                     print_producers);
}

static int
deviations(const struct pav_settings *s, int argc, char **argv)
{
    if (argc > 0)
        return cli_usage(&deviations_command, "it takes no words");
    return cli_print(s, argc, argv, pav_settings_flag(s, "watch"),
                     print_deviations);
}

const struct command producers_command = {
    "producers",
    "[--hours N] [--watch]",
    "list who sent what, what became of it, and who owes what is waited for",
    "Who owes is read from the patterns of waits and rules: a wait for a type "
    "that several\nsources may send is owed by those that do send it.\n",
    producers_settings,
    sizeof(producers_settings) / sizeof(producers_settings[0]),
    producers};

const struct command deviations_command = {
    "deviations",
    "[--source SOURCE] [--machine MACHINE]",
    "list what did not go as it should, by producer, type and reason",
    "Events that matched no rule, came twice, did not fit, came after the end, "
    "were rejected,\nor came early and expired; the most first.  Exit code 1: "
    "there are some\nthat 'pavane mute' has not marked.\n",
    deviations_settings,
    sizeof(deviations_settings) / sizeof(deviations_settings[0]),
    deviations};
