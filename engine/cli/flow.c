/* pavane flow: how executions of a machine went, summed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"days", PAV_SET_INT, "N", "7", 1, 100,
     "those that ended in so many days, today among them"},
    SETTING_WATCH,
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};

static const struct cli_shape FLOW = {"states", PAV_ARRAY};

#define NAME 28 /* columns */
#define WAYS 10

static const char *
span(struct pav_arena *a, const struct pav_doc *o, const char *key)
{
    char text[64];

    return pav_arena_strdup(
        a, pav_time_span(pav_doc_member_int(o, key), text, sizeof(text)));
}

/* The list's objects, the largest `by` first. */
static const struct pav_doc **
sorted(struct pav_arena *a, const struct pav_doc *list, const char *by)
{
    const struct pav_doc **v =
        pav_arena_alloc(a, ((size_t)list->len + 1) * sizeof(*v));
    uint32_t i, k;

    for (i = 0; i < list->len; i++) {
        const struct pav_doc *o = &list->items[i];

        for (k = i; k > 0 && pav_doc_member_int(v[k - 1], by) <
                                 pav_doc_member_int(o, by);
             k--)
            v[k] = v[k - 1];
        v[k] = o;
    }
    return v;
}

static void
print_states(struct pav_arena *a, const struct pav_doc *list)
{
    const struct pav_doc **v = sorted(a, list, "sumMs");
    uint32_t i;

    printf("\n%-*s %9s %12s %12s %12s\n", NAME, "where the time goes", "stays",
           "half within", "95 % within", "in all");
    for (i = 0; i < list->len; i++)
        printf("%-*s %9lld %12s %12s %12s\n", NAME, cli_text(a, v[i], "state"),
               (long long)pav_doc_member_int(v[i], "count"),
               span(a, v[i], "p50Ms"), span(a, v[i], "p95Ms"),
               span(a, v[i], "sumMs"));
}

static void
print_transitions(struct pav_arena *a, const struct pav_doc *list)
{
    const struct pav_doc **v = sorted(a, list, "count");
    uint32_t i;

    puts("\ntransitions taken");
    for (i = 0; i < list->len; i++) {
        const char *from = cli_text(a, v[i], "from");
        const char *to = cli_text(a, v[i], "to");

        printf(
            "%9lld  %s -> %s%s\n", (long long)pav_doc_member_int(v[i], "count"),
            *from == '\0' ? "(start)" : from, *to == '\0' ? "(end)" : to,
            pav_doc_get(v[i], "caught")->kind == PAV_TRUE ? "  (a Catch)" : "");
    }
}

static void
print_ways(struct pav_arena *a, const struct pav_doc *list)
{
    const struct pav_doc **v = sorted(a, list, "count");
    uint32_t i;

    puts("\nthe commonest ways");
    for (i = 0; i < list->len && i < WAYS; i++)
        printf("%9lld  %s, half within %s\n           %s\n",
               (long long)pav_doc_member_int(v[i], "count"),
               cli_text(a, v[i], "status"), span(a, v[i], "p50Ms"),
               cli_text(a, v[i], "way"));
}

static void
print_flow(struct pav_arena *a, const struct pav_doc *d)
{
    const struct pav_doc *ends = pav_doc_get(d, "ends");
    uint32_t i;

    printf("%s, version %lld: %lld ended\n", cli_text(a, d, "machine"),
           (long long)pav_doc_member_int(d, "version"),
           (long long)pav_doc_member_int(d, "ended"));
    for (i = 0; i < ends->len; i++)
        printf("%9lld  %s, half within %s, 95 %% within %s\n",
               (long long)pav_doc_member_int(&ends->items[i], "count"),
               cli_text(a, &ends->items[i], "status"),
               span(a, &ends->items[i], "p50Ms"),
               span(a, &ends->items[i], "p95Ms"));
    if (ends->len == 0) {
        puts("no execution of this version ended in that time");
        return;
    }
    print_states(a, pav_doc_get(d, "states"));
    print_transitions(a, pav_doc_get(d, "transitions"));
    print_ways(a, pav_doc_get(d, "ways"));
}

static int
print_machine(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *answer;
    struct pav_arena a;
    struct pav_buf path;
    int code;

    (void)argc;
    pav_arena_init(&a, 1 << 16);
    pav_buf_init(&path, 1 << 16);
    pav_buf_printf(&path, "/api/v1/flow?days=%lld&machine=",
                   (long long)pav_settings_int(s, "days"));
    pav_url_encode(&path, argv[0], strlen(argv[0]));
    code = cli_ask("flow", s, path.p, FLOW, &a, &answer);
    if (code == 0 && pav_settings_flag(s, "json"))
        cli_print_json(answer);
    else if (code == 0)
        print_flow(&a, answer);
    pav_buf_fini(&path);
    pav_arena_fini(&a);
    return code;
}

static int
flow(const struct pav_settings *s, int argc, char **argv)
{
    if (argc != 1)
        return cli_usage(&flow_command, "name one machine");
    return cli_print(s, argc, argv, pav_settings_flag(s, "watch"),
                     print_machine);
}

const struct command flow_command = {
    "flow",
    "MACHINE [--days N] [--watch]",
    "print how a machine's executions went: where the time goes, which ways",
    "Of executions of its current version that ended; a minute after an end it "
    "is in the\nsums.\n",
    settings,
    sizeof(settings) / sizeof(settings[0]),
    flow};
