/* pavane dead-letters, pavane deliveries: what was not delivered, sending it
 * again, and what is on its way. */
#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"redrive", PAV_SET_FLAG, "", NULL, 0, 0,
     "send those named again, or all of them"},
    {"delete", PAV_SET_FLAG, "", NULL, 0, 0, "forget those named"},
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};

static const struct pav_setting deliveries_settings[] = {
    SETTING_WATCH, SETTINGS_REMOTE, SETTING_JSON, SETTING_HELP};

static const struct cli_shape DELIVERIES = {"deliveries", PAV_ARRAY};
static const struct cli_shape LETTERS = {"deadLetters", PAV_ARRAY};
static const struct cli_shape COUNT = {"Count", PAV_NUMBER};

struct listing {
    const struct command *command;
    const char *path;
    struct cli_shape shape;
    const char *error_code, *error_message; /* members */
};

/* All pages of a list of deliveries. */
static int
list(const struct listing *l, const struct pav_settings *s, struct pav_arena *a)
{
    bool json = pav_settings_flag(s, "json");
    const char *next = "";
    struct pav_items all;
    uint32_t i;
    int code;

    pav_items_init(&all, a);
    do {
        const struct pav_doc *page, *letters;

        code = cli_ask(l->command->name, s,
                       pav_arena_printf(a, "%s%s%s", l->path,
                                        *next == '\0' ? "" : "?next=", next),
                       l->shape, a, &page);
        if (code != 0)
            return code;
        letters = pav_doc_get(page, l->shape.member);
        for (i = 0; i < letters->len; i++) {
            const struct pav_doc *d = &letters->items[i];

            if (json)
                pav_items_add(&all, d);
            else
                printf("%s\t%s\t%s\t%s\t%s\n", cli_text(a, d, "id"),
                       cli_text(a, d, "created"), cli_text(a, d, "targetArn"),
                       cli_text(a, d, l->error_code),
                       cli_text(a, d, l->error_message));
        }
        next = cli_text(a, page, "next");
    } while (*next != '\0');
    if (json)
        cli_print_items(a, &all, "");
    return 0;
}

static int
change(const struct pav_settings *s, const char *action, int argc, char **argv,
       struct pav_arena *a)
{
    const struct pav_doc *answer;
    struct pav_bytes bytes;
    struct pav_buf body;
    int i, code;
    int64_t id;

    pav_buf_init(&body, 1 << 20);
    pav_buf_putc(&body, '{');
    for (i = 0; i < argc; i++) {
        if (!pav_parse_int(argv[i], strlen(argv[i]), &id)) {
            pav_buf_fini(&body);
            return cli_usage(&dead_letters_command, "an id is a number");
        }
        pav_buf_printf(&body, "%s\"%lld\"", i == 0 ? "\"Ids\":[" : ",",
                       (long long)id);
    }
    pav_buf_puts(&body, argc > 0 ? "]}" : "}");
    bytes.p = body.p;
    bytes.len = body.len;
    code = cli_ask_action("dead-letters", s, action, bytes, COUNT, a, &answer);
    pav_buf_fini(&body);
    if (code == 0)
        printf("%s\n", pav_doc_text(a, pav_doc_get(answer, "Count")));
    return code;
}

static int
print_letters(const struct pav_settings *s, int argc, char **argv)
{
    struct pav_arena a;
    int code;

    (void)argc;
    (void)argv;
    pav_arena_init(&a, 1 << 16);
    code = list(&(struct listing){&dead_letters_command, "/api/v1/dead-letters",
                                  LETTERS, "errorCode", "errorMessage"},
                s, &a);
    pav_arena_fini(&a);
    return code;
}

static int
dead_letters(const struct pav_settings *s, int argc, char **argv)
{
    bool redrive = pav_settings_flag(s, "redrive");
    bool forget = pav_settings_flag(s, "delete");
    struct pav_arena a;
    int code;

    if (redrive && forget)
        return cli_usage(&dead_letters_command,
                         "one of --redrive and --delete");
    if (argc > 0 && !redrive && !forget)
        return cli_usage(&dead_letters_command,
                         "ids go with --redrive or --delete");
    if (forget && argc == 0)
        return cli_usage(&dead_letters_command, "--delete needs ids");
    if (!redrive && !forget)
        return cli_print(s, argc, argv, false, print_letters);
    pav_arena_init(&a, 1 << 16);
    code = change(
        s, redrive ? "Pavane.RedriveDeadLetters" : "Pavane.DeleteDeadLetters",
        argc, argv, &a);
    pav_arena_fini(&a);
    return code;
}

const struct command dead_letters_command = {
    "dead-letters",
    "[--redrive|--delete] [ID...]",
    "list what was not delivered, send it again, or forget it",
    NULL,
    settings,
    sizeof(settings) / sizeof(settings[0]),
    dead_letters};

static int
print_deliveries(const struct pav_settings *s, int argc, char **argv)
{
    struct pav_arena a;
    int code;

    (void)argc;
    (void)argv;
    pav_arena_init(&a, 65536);
    code =
        list(&(struct listing){&deliveries_command, "/api/v1/deliveries",
                               DELIVERIES, "lastErrorCode", "lastErrorMessage"},
             s, &a);
    pav_arena_fini(&a);
    return code;
}

static int
deliveries(const struct pav_settings *s, int argc, char **argv)
{
    if (argc > 0)
        return cli_usage(&deliveries_command, "it takes no words");
    return cli_print(s, argc, argv, pav_settings_flag(s, "watch"),
                     print_deliveries);
}

const struct command deliveries_command = {
    "deliveries",
    "[--watch]",
    "list what is on its way to targets: id, created, target, last error",
    NULL,
    deliveries_settings,
    sizeof(deliveries_settings) / sizeof(deliveries_settings[0]),
    deliveries};
