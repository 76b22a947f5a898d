/* pavane eval: try an expression of JSONata. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/clock.h"
#include "pavane/digest.h"
#include "pavane/file.h"
#include "pavane/jsonata.h"
#include "pavane/text.h"
#include "cli.h"

#define INPUT_MAX (64u << 20)

static const struct pav_setting settings[] = {
    {"input", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "JSON that it is evaluated on; - is standard input"},
    {"reference", PAV_SET_FLAG, "", NULL, 0, 0,
     "as the reference implementation: $eval, ?? and ?: too"},
    SETTING_JSON,
    SETTING_HELP};

struct trial {
    struct pav_arena arena;
    const char *text;                     /* the expression */
    const struct pav_doc *input, *states; /* or NULL */
};

/* ---- what it is evaluated on ---- */

static enum pav_rc
read_stdin(char **text, size_t *len, struct pav_err *err)
{
    struct pav_buf b;
    char part[65536];
    size_t n;

    pav_buf_init(&b, INPUT_MAX);
    while ((n = fread(part, 1, sizeof(part), stdin)) > 0)
        pav_buf_put(&b, part, n);
    if (b.over)
        return pav_fail(err, PAV_LIMIT, "standard input",
                        "it has more than %u bytes", INPUT_MAX);
    *text = pav_buf_take(&b, len);
    return PAV_OK;
}

static enum pav_rc
read_input(struct trial *t, const char *file, struct pav_err *err)
{
    struct pav_members m;
    char *text = NULL;
    size_t len = 0;
    enum pav_rc rc;

    if (strcmp(file, "-") == 0)
        rc = read_stdin(&text, &len, err);
    else
        rc = pav_file_read(file, INPUT_MAX, &text, &len, err);
    if (rc != PAV_OK)
        return rc;
    rc = pav_doc_parse_copy(&t->arena, text == NULL ? "" : text, len, NULL,
                            &t->input, err);
    free(text);
    if (rc != PAV_OK)
        return pav_fail(err, rc, file, "%s: %s",
                        pav_arena_strdup(&t->arena, err->at),
                        pav_arena_strdup(&t->arena, err->message));
    pav_members_init(&m, &t->arena);
    pav_members_puts(&m, "input", t->input);
    t->states = pav_members_object(&m);
    return PAV_OK;
}

static const struct pav_doc *
variable(void *ctx, const char *name, size_t len)
{
    const struct trial *t = ctx;

    return len == 6 && memcmp(name, "states", 6) == 0 ? t->states : NULL;
}

static uint64_t
draw(void *ctx)
{
    uint64_t x;

    (void)ctx;
    pav_random(&x, sizeof(x));
    return x;
}

/* ---- what is said of it ---- */

/* The line that the place is in, and a mark under it. */
static void
show_place(const char *text, uint32_t at, uint32_t end)
{
    size_t len = strlen(text), from, to, marks;

    at = at > len ? (uint32_t)len : at;
    for (from = at; from > 0 && text[from - 1] != '\n';)
        from--;
    to = at + strcspn(text + at, "\n");
    end = end > to ? (uint32_t)to : end;
    marks = end > at ? pav_utf8_count(text + at, end - at) : 1;
    fprintf(stderr, "  %.*s\n  %*s", (int)(to - from), text + from,
            (int)pav_utf8_count(text + from, at - from), "");
    while (marks-- > 0)
        fputc('^', stderr);
    fputc('\n', stderr);
}

static int
say_failure(const struct trial *t, const struct pav_jsonata_error *error)
{
    fprintf(stderr, "pavane eval: %s%s%s\n", error->code,
            *error->code == '\0' ? "" : ": ", error->message);
    if (error->end > 0)
        show_place(t->text, error->at, error->end);
    return 1;
}

/* In a machine there is no input but $states.input. */
static void
note_name(void *ctx, const struct pav_jsonata_reference *r)
{
    bool *noted = ctx;

    if (r->place == PAV_JSONATA_TOP_NAME && !*noted)
        fprintf(stderr, "note: in a machine, '%.*s' is $states.input.%.*s\n",
                (int)r->len, r->name, (int)r->len, r->name);
    *noted |= r->place == PAV_JSONATA_TOP_NAME;
}

static int
evaluate(struct trial *t, bool reference, bool json)
{
    struct pav_jsonata_in in = {
        .input = t->input, .variable = variable, .draw = draw, .ctx = t};
    struct pav_clock clock;
    struct pav_jsonata_error error;
    const struct pav_jsonata *x;
    const struct pav_doc *out;
    bool noted = reference;
    struct pav_buf b;

    if (pav_jsonata_compile(&t->arena, t->text, strlen(t->text),
                            reference ? PAV_JSONATA_REFERENCE : PAV_JSONATA_AWS,
                            NULL, &x, &error) != PAV_OK)
        return say_failure(t, &error);
    pav_jsonata_references(x, note_name, &noted);
    pav_clock_real(&clock, 0);
    in.now_ms = pav_clock_ms(&clock);
    switch (pav_jsonata_eval(x, &t->arena, &in, &out, &error)) {
    case PAV_JSONATA_VALUE:
        break;
    case PAV_JSONATA_NOTHING:
        fputs("pavane eval: it gives nothing (undefined)\n", stderr);
        return 1;
    case PAV_JSONATA_FUNCTION:
        fputs("pavane eval: it gives a function, which is no JSON\n", stderr);
        return 1;
    case PAV_JSONATA_FAILED:
        return say_failure(t, &error);
    }
    pav_buf_init(&b, SIZE_MAX / 2);
    if (json)
        pav_doc_print(out, &b);
    else
        pav_doc_print_pretty(out, &b);
    printf("%s\n", b.p);
    pav_buf_fini(&b);
    return 0;
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    const char *file = pav_settings_text(s, "input");
    struct trial t = {.text = argc > 0 ? argv[0] : ""};
    struct pav_err err;
    int code;

    if (argc != 1)
        return cli_usage(&eval_command, "one expression is needed, in quotes");
    pav_arena_init(&t.arena, 65536);
    if (file != NULL && read_input(&t, file, &err) != PAV_OK)
        code = cli_fail("eval", &err);
    else
        code = evaluate(&t, pav_settings_flag(s, "reference"),
                        pav_settings_flag(s, "json"));
    pav_arena_fini(&t.arena);
    return code;
}

const struct command eval_command = {
    .name = "eval",
    .arguments = "EXPRESSION",
    .summary = "try an expression of JSONata",
    .text = "The input is $states.input, as in a machine, and what names are\n"
            "looked up in.  Example:\n"
            "  pavane eval '$sum($states.input.items.price)' --input o.json\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
