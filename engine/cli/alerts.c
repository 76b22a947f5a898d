/* pavane alerts, pavane mute: who is told of what. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct pav_setting alerts_settings[] = {
    SETTINGS_REMOTE, SETTING_JSON, SETTING_HELP};
static const struct pav_setting mute_settings[] = {
    {"as", PAV_SET_TEXT, "WORD", "muted", 0, 0,
     "muted for a time, expected: it is meant to be, or accepted: it stays so"},
    {"minutes", PAV_SET_INT, "N", "1440", 1, 525600,
     "for so long, when it is muted"},
    {"reason", PAV_SET_TEXT, "TEXT", NULL, 0, 0, "why; it is shown beside"},
    {"off", PAV_SET_FLAG, "", NULL, 0, 0, "it counts again, and is told"},
    SETTINGS_REMOTE,
    SETTING_HELP};

static const struct cli_shape ALERTS = {"alerts", PAV_ARRAY};
static const struct cli_shape GROUP = {"Group", PAV_STRING};

static void
print_alert(struct pav_arena *a, const struct pav_doc *d)
{
    const struct pav_doc *raised = pav_doc_get(d, "raised");
    const char *machine = cli_text(a, d, "machine");
    const char *source = cli_text(a, d, "source");
    uint32_t i;

    printf("%s: %s%s%s%s%s, from %lld on\n", cli_text(a, d, "name"),
           cli_text(a, d, "watches"), *machine == '\0' ? "" : " of ", machine,
           *source == '\0' ? "" : " of ", source,
           (long long)pav_doc_member_int(d, "threshold"));
    for (i = 0; raised != NULL && i < raised->len; i++) {
        const struct pav_doc *x = &raised->items[i];

        printf("    since %s: %s (%s)\n", cli_text(a, x, "raised"),
               cli_text(a, x, "says"), cli_text(a, x, "group"));
    }
}

static int
alerts(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer, *list, *raised;
    struct pav_items items;
    struct pav_arena a;
    bool any = false;
    uint32_t i;
    int code;

    (void)argv;
    if (argc > 0)
        return cli_usage(&alerts_command, "it takes no words");
    pav_arena_init(&a, 1 << 16);
    code = cli_ask("alerts", s, "/api/v1/alerts", ALERTS, &a, &answer);
    if (code == 0) {
        list = pav_doc_get(answer, "alerts");
        pav_items_init(&items, &a);
        for (i = 0; i < list->len; i++) {
            raised = pav_doc_get(&list->items[i], "raised");
            any |= raised != NULL && raised->len > 0;
            pav_items_add(&items, &list->items[i]);
            if (!pav_settings_flag(s, "json"))
                print_alert(&a, &list->items[i]);
        }
        if (pav_settings_flag(s, "json"))
            cli_print_items(&a, &items, "");
        else if (list->len == 0)
            puts("there is no alert rule: Pavane.PutAlert makes one");
        code = any;
    }
    pav_arena_fini(&a);
    return code;
}

static int
mute(const struct pav_settings *s, int argc, char **argv)
{
    bool off = pav_settings_flag(s, "off");
    const char *reason = pav_settings_text(s, "reason"), *text;
    const char *as = pav_settings_text(s, "as");
    const struct pav_doc *answer;
    struct pav_members m;
    struct pav_arena a;
    int code;

    if (argc != 1)
        return cli_usage(&mute_command, "it takes one group, as 'pavane "
                                        "attention' shows it");
    if (!off && reason == NULL)
        return cli_usage(&mute_command, "--reason is missing");
    pav_arena_init(&a, 4096);
    pav_members_init(&m, &a);
    pav_members_str(&m, "Group", argv[0]);
    if (!off) {
        pav_members_str(&m, "Reason", reason);
        pav_members_str(&m, "As", as);
        if (strcmp(as, "muted") == 0)
            pav_members_int(&m, "Minutes", pav_settings_int(s, "minutes"));
    }
    text = pav_doc_text(&a, pav_members_object(&m));
    code = cli_ask_action(
        "mute", s, off ? "Pavane.DeleteMute" : "Pavane.PutMute",
        (struct pav_bytes){text, strlen(text)}, GROUP, &a, &answer);
    pav_arena_fini(&a);
    return code;
}

const struct command alerts_command = {
    "alerts",
    "",
    "list alert rules, and what each has raised",
    "Pavane.PutAlert makes a rule, a rule of a bus tells what it raises: "
    "/help/told.\nExit code 1: something is raised.\n",
    alerts_settings,
    sizeof(alerts_settings) / sizeof(alerts_settings[0]),
    alerts};

const struct command mute_command = {
    "mute",
    "GROUP --reason TEXT",
    "leave a thing that needs attention uncounted and untold",
    "GROUP is what 'pavane attention' and 'pavane deviations' show in "
    "parentheses.\n",
    mute_settings,
    sizeof(mute_settings) / sizeof(mute_settings[0]),
    mute};
