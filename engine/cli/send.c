/* pavane send: post events from a file or standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "cli.h"

#define EVENTS_MAX (1024 * 1024)

static const struct pav_setting settings[] = {
    {"strict", PAV_SET_FLAG, "", NULL, 0, 0,
     "exit code 1 too when an event is unmatched or a start is rejected"},
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};

static const struct cli_shape RESULTS = {"results", PAV_ARRAY};

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

static bool
is_strictly_wrong(struct pav_arena *a, const struct pav_doc *disposition)
{
    const char *what = cli_text(a, disposition, "disposition");

    return strcmp(what, "unmatched") == 0 || strcmp(what, "rejected") == 0;
}

/* Prints the results unless `quiet`; the exit code that they mean. */
static int
tell_results(struct pav_arena *a, const struct pav_doc *results, bool quiet,
             bool strict)
{
    uint32_t i, j;
    int code = 0;

    for (i = 0; i < results->len; i++) {
        const struct pav_doc *r = &results->items[i];
        const struct pav_doc *list = pav_doc_get(r, "dispositions");
        const struct pav_doc *error = pav_doc_get(r, "error");

        if (error != NULL) {
            code = 1;
            if (!quiet)
                printf("%u\trejected\t%s\t%s\n", i, cli_text(a, error, "at"),
                       cli_text(a, error, "message"));
        }
        for (j = 0; list != NULL && j < list->len; j++) {
            const struct pav_doc *d = pav_doc_at(list, j);

            if (strict && is_strictly_wrong(a, d))
                code = 1;
            if (!quiet)
                printf("%s\t%s\t%s\t%s\n", cli_text(a, r, "eventId"),
                       cli_text(a, d, "disposition"),
                       cli_text(a, d, "executionId"), cli_text(a, d, "detail"));
        }
    }
    return code;
}

/* Each event has its result, or nobody knows what became of it. */
static int
each_answered(const struct pav_doc *results, const char *text, size_t len,
              struct pav_arena *a)
{
    const struct pav_doc *sent;
    uint32_t wanted = 1;

    if (pav_doc_parse_copy(a, text, len, NULL, &sent, NULL) == PAV_OK &&
        sent->kind == PAV_ARRAY)
        wanted = sent->len;
    else if (sent != NULL && pav_doc_get(sent, "Entries") != NULL &&
             pav_doc_get(sent, "Entries")->kind == PAV_ARRAY)
        wanted = pav_doc_get(sent, "Entries")->len;
    if (results->len == wanted)
        return 0;
    fprintf(stderr,
            "pavane send: %u events were posted and %u answered: do not count "
            "them as sent; --url says where the daemon is\n",
            wanted, results->len);
    return 3;
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
    const struct pav_doc *answer, *results;
    bool json = pav_settings_flag(s, "json");
    struct pav_items all;
    struct pav_bytes body;
    struct pav_arena a;
    uint32_t i;
    char *text;
    size_t len;
    int code;

    if (argc != 1)
        return cli_usage(&send_command, "one file, or - for standard input, "
                                        "is expected");
    code = read_input(argv[0], &text, &len);
    if (code != 0)
        return code;
    pav_arena_init(&a, 65536);
    take_sample(&a, &text, &len);
    body.p = text;
    body.len = len;
    code = cli_post("send", s, "/events", body, RESULTS, &a, &answer);
    results = code == 0 ? pav_doc_get(answer, "results") : NULL;
    if (code == 0)
        code = each_answered(results, text, len, &a);
    if (code == 0) {
        code = tell_results(&a, results, json, pav_settings_flag(s, "strict"));
        if (json) {
            pav_items_init(&all, &a);
            for (i = 0; i < results->len; i++)
                pav_items_add(&all, &results->items[i]);
            cli_print_items(&a, &all, "");
        }
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
