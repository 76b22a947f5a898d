/* pavane attention: what needs somebody. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct pav_setting settings[] = {SETTING_WATCH, SETTINGS_REMOTE,
                                              SETTING_JSON, SETTING_HELP};

static const struct cli_shape ATTENTION = {"attention", PAV_ARRAY};

static void
print_one(struct pav_arena *a, const struct pav_doc *d)
{
    const char *machine = cli_text(a, d, "machine");
    const char *what = cli_text(a, d, "what"), *why = cli_text(a, d, "why");
    const char *as = cli_text(a, d, "as");
    bool more = pav_doc_is_bool(pav_doc_get(d, "more")) &&
                pav_doc_get(d, "more")->kind == PAV_TRUE;

    printf("%6lld%s %s\n", (long long)pav_doc_member_int(d, "count"),
           more ? "+" : " ", cli_text(a, d, "says"));
    if (*machine != '\0' || *what != '\0')
        printf("        %s%s%s\n", machine,
               *machine != '\0' && *what != '\0' ? " > " : "", what);
    if (*why != '\0')
        printf("        %.*s\n", (int)strcspn(why, "\n"), why);
    printf("        since %s (%s)%s%s%s%s\n", cli_text(a, d, "oldest"),
           cli_text(a, d, "group"), *as == '\0' ? "" : ", ", as,
           *as == '\0' ? "" : ": ", cli_text(a, d, "muted"));
}

static int
print_all(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer, *list;
    struct pav_items items;
    struct pav_arena a;
    uint32_t i;
    int code;

    (void)argc;
    (void)argv;
    pav_arena_init(&a, 1 << 16);
    code = cli_ask("attention", s, "/api/v1/attention", ATTENTION, &a, &answer);
    list = code == 0 ? pav_doc_get(answer, "attention") : NULL;
    if (list != NULL && pav_settings_flag(s, "json")) {
        pav_items_init(&items, &a);
        for (i = 0; i < list->len; i++)
            pav_items_add(&items, &list->items[i]);
        cli_print_items(&a, &items, "");
    } else if (list != NULL) {
        for (i = 0; i < list->len; i++)
            print_one(&a, &list->items[i]);
        if (list->len == 0)
            puts("nothing needs attention");
    }
    for (i = 0; list != NULL && i < list->len; i++)
        if (*cli_text(&a, &list->items[i], "as") == '\0')
            code = 1;
    pav_arena_fini(&a);
    return code;
}

static int
attention(const struct pav_settings *s, int argc, char **argv)
{
    if (argc > 0)
        return cli_usage(&attention_command, "it takes no words");
    return cli_print(s, argc, argv, pav_settings_flag(s, "watch"), print_all);
}

const struct command attention_command = {
    "attention",
    "[--watch]",
    "list what needs somebody: overdue, failed, not delivered, misspelt",
    "A group for each thing that is wrong: folders that cannot be loaded, "
    "overdue waits,\nwhat ended badly within a day, dead letters, deliveries "
    "that fail, events that matched\nno rule, were rejected, or came early and "
    "expired, or will expire soon.  Exit code 1: there\nis something that is "
    "not "
    "muted.\n",
    settings,
    sizeof(settings) / sizeof(settings[0]),
    attention};
