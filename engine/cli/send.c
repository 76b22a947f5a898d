/* pavane send: post events from a file or standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "cli.h"

#define EVENTS_MAX (1024 * 1024)

static const struct pav_setting settings[] = {SETTINGS_REMOTE, SETTING_JSON,
                                              SETTING_HELP};

static int
read_input(const char *path, char **text, size_t *len)
{
    struct pav_err err;
    struct pav_buf b;
    char chunk[8192];
    size_t n;

    if (strcmp(path, "-") != 0) {
        if (pav_file_read(path, EVENTS_MAX, text, len, &err) == PAV_OK)
            return 0;
        return cli_fail("send", &err);
    }
    pav_buf_init(&b, EVENTS_MAX);
    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
        pav_buf_put(&b, chunk, n);
    *text = pav_buf_take(&b, len);
    return 0;
}

static int
print_results(struct pav_arena *a, const struct pav_doc *answer)
{
    const struct pav_doc *results = pav_doc_get(answer, "results");
    uint32_t i, j;
    int code = 0;

    for (i = 0; results != NULL && i < results->len; i++) {
        const struct pav_doc *r = pav_doc_at(results, i);
        const struct pav_doc *list = pav_doc_get(r, "dispositions");
        const struct pav_doc *error = pav_doc_get(r, "error");

        if (error != NULL) {
            printf("%u\trejected\t%s\t%s\n", i, cli_text(a, error, "at"),
                   cli_text(a, error, "message"));
            code = 1;
        }
        for (j = 0; j < list->len; j++) {
            const struct pav_doc *d = pav_doc_at(list, j);

            printf("%s\t%s\t%s\t%s\n", cli_text(a, r, "eventId"),
                   cli_text(a, d, "disposition"), cli_text(a, d, "executionId"),
                   cli_text(a, d, "detail"));
        }
    }
    return code;
}

/* A machine's sample, {"events": [...], ...}: its events are what is sent. */
static void
take_sample(struct pav_arena *a, char **text, size_t *len)
{
    const struct pav_doc *d, *events;
    struct pav_buf b;

    if (pav_doc_parse_copy(a, *text, *len, NULL, &d, NULL) != PAV_OK ||
        (events = pav_doc_get(d, "events")) == NULL ||
        events->kind != PAV_ARRAY || pav_doc_get(d, "source") != NULL)
        return;
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(events, &b);
    free(*text);
    *text = pav_buf_take(&b, len);
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer;
    struct pav_arena a;
    struct pav_buf b;
    char *text;
    size_t len;
    int code;

    if (argc != 1)
        return cli_usage(&send_command, "one file, or - for standard input, "
                                        "is wanted");
    code = read_input(argv[0], &text, &len);
    if (code != 0)
        return code;
    pav_arena_init(&a, 65536);
    take_sample(&a, &text, &len);
    code = cli_ask("send", s, "/events", text, len, &a, &answer);
    if (code == 0 && pav_settings_flag(s, "json")) {
        pav_buf_init(&b, SIZE_MAX / 2);
        pav_doc_print(answer, &b);
        puts(b.p);
        pav_buf_fini(&b);
    } else if (code == 0) {
        code = print_results(&a, answer);
    }
    pav_arena_fini(&a);
    free(text);
    return code;
}

const struct command send_command = {
    .name = "send",
    .arguments = "FILE|-",
    .summary = "post one event or a list of events to the daemon",
    .text = "Prints for each event: its id, what became of it, the execution, "
            "why.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
