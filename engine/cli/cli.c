/* What the subcommands share. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/file.h"

int
cli_fail(const char *command, const struct pav_err *err)
{
    fprintf(stderr, "pavane %s: %s%s%s\n", command, err->at,
            err->at[0] == '\0' ? "" : ": ", err->message);
    return pav_rc_exit(err->rc);
}

int
cli_usage(const struct command *c, const char *message)
{
    fprintf(stderr, "pavane %s: %s\nusage: pavane %s %s\n", c->name, message,
            c->name, c->arguments);
    return 2;
}

/* Whoever answered, it was no Pavane: nothing that was asked is done. */
static int
not_pavane(const char *command, const char *url,
           const struct pav_answer *answer)
{
    int shown = (int)(answer->len < 80 ? answer->len : 80);

    shown =
        (int)strcspn(answer->body == NULL ? "" : answer->body, "\r\n") < shown
            ? (int)strcspn(answer->body, "\r\n")
            : shown;
    fprintf(stderr,
            "pavane %s: %s: what answers there (%ld, '%.*s') is not Pavane; "
            "--url says where the daemon is\n",
            command, url, answer->status, shown,
            answer->body == NULL ? "" : answer->body);
    return 3;
}

/* The daemon's own words about an error. */
static int
say_refusal(const char *command, const char *url,
            const struct pav_answer *answer)
{
    struct pav_arena a;
    const struct pav_doc *d;
    int code = answer->status >= 500 ? 3 : 1;

    pav_arena_init(&a, 4096);
    if (pav_doc_parse(&a, answer->body, answer->len, NULL, &d, NULL) ==
            PAV_OK &&
        *cli_text(&a, d, "message") != '\0')
        fprintf(stderr, "pavane %s: %s%s%s\n", command, cli_text(&a, d, "at"),
                *cli_text(&a, d, "at") == '\0' ? "" : ": ",
                cli_text(&a, d, "message"));
    else
        code = not_pavane(command, url, answer);
    pav_arena_fini(&a);
    return code;
}

static bool
has_shape(const struct pav_doc *d, struct cli_shape shape)
{
    const struct pav_doc *v = pav_doc_get(d, shape.member);
    uint32_t i;

    if (v == NULL || v->kind != shape.kind)
        return false;
    for (i = 0; shape.kind == PAV_ARRAY && i < v->len; i++)
        if (v->items[i].kind != PAV_OBJECT)
            return false;
    return true;
}

static int
read_token(const char *command, const struct pav_settings *s, char **token)
{
    const char *path = pav_settings_text(s, "token-file");
    struct pav_err err;
    size_t len;

    *token = NULL;
    if (path == NULL)
        return 0;
    if (pav_file_read(path, 4096, token, &len, &err) != PAV_OK)
        return cli_fail(command, &err);
    (*token)[strcspn(*token, "\r\n")] = '\0';
    return 0;
}

static int
ask(const char *command, const struct pav_settings *s, const char *path,
    const char *action, struct pav_bytes body, struct cli_shape shape,
    struct pav_arena *a, const struct pav_doc **out)
{
    struct pav_answer answer = {0, NULL, 0};
    const char *base = pav_settings_text(s, "url");
    char *url, *token;
    struct pav_err err;
    int code = read_token(command, s, &token);

    if (code != 0)
        return code;
    if (strncmp(base, "http://", 7) != 0 || base[7] == '\0') {
        fprintf(stderr,
                "pavane %s: --url: '%s' is no http://HOST:PORT; a daemon "
                "behind a proxy with TLS is reached where it listens itself\n",
                command, base);
        free(token);
        return 2;
    }
    url = pav_arena_printf(
        a, "%.*s%s",
        (int)(strlen(base) - (*base != '\0' && base[strlen(base) - 1] == '/')),
        base, path);
    if (pav_client_ask(url, "application/json", action, token, body.p, body.len,
                       &answer, &err) != PAV_OK)
        code = cli_fail(command, &err);
    else if (answer.status >= 300 && answer.status != 400)
        code = say_refusal(command, url, &answer);
    else if (pav_doc_parse_copy(a, answer.body, answer.len, NULL, out, &err) !=
                 PAV_OK ||
             !has_shape(*out, shape)) /* a 400 may tell each event's fault */
        code = answer.status == 400 ? say_refusal(command, url, &answer)
                                    : not_pavane(command, url, &answer);
    free(answer.body);
    free(token);
    return code;
}

int
cli_ask(const char *command, const struct pav_settings *s, const char *path,
        struct cli_shape shape, struct pav_arena *a, const struct pav_doc **out)
{
    struct pav_bytes none = {NULL, 0};

    return ask(command, s, path, NULL, none, shape, a, out);
}

int
cli_post(const char *command, const struct pav_settings *s, const char *path,
         struct pav_bytes body, struct cli_shape shape, struct pav_arena *a,
         const struct pav_doc **out)
{
    return ask(command, s, path, NULL, body, shape, a, out);
}

int
cli_ask_action(const char *command, const struct pav_settings *s,
               const char *action, struct pav_bytes body,
               struct cli_shape shape, struct pav_arena *a,
               const struct pav_doc **out)
{
    return ask(command, s, "/", action, body, shape, a, out);
}

const char *
cli_text(struct pav_arena *a, const struct pav_doc *o, const char *key)
{
    const char *text = pav_doc_str(a, pav_doc_get(o, key));

    return text == NULL ? "" : text;
}

void
cli_print_json(const struct pav_doc *d)
{
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print_pretty(d, &b);
    puts(b.p);
    pav_buf_fini(&b);
}

void
cli_print_items(struct pav_arena *a, struct pav_items *items, const char *next)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_puts(&m, "items", pav_items_array(items));
    if (*next == '\0')
        pav_members_puts(&m, "next", &pav_doc_null);
    else
        pav_members_str(&m, "next", next);
    cli_print_json(pav_members_object(&m));
}

#define LOOKS_US 200000 /* between two lines of progress */

static int64_t progress_us; /* when the last line was written; 0: none is */

void
cli_progress(const char *form, ...)
{
    int64_t now_us = pav_clock_mono_us();
    va_list args;

    if (!isatty(STDERR_FILENO) ||
        (progress_us != 0 && now_us - progress_us < LOOKS_US))
        return;
    progress_us = now_us;
    fputs("\r\033[K", stderr);
    va_start(args, form);
    vfprintf(stderr, form, args);
    va_end(args);
}

void
cli_progress_ends(void)
{
    if (progress_us != 0)
        fputs("\r\033[K", stderr);
    progress_us = 0;
}
