/* What the subcommands share. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The daemon's own words about an error. */
static int
say_refusal(const char *command, const struct pav_answer *answer)
{
    struct pav_arena a;
    const struct pav_doc *d;

    pav_arena_init(&a, 4096);
    if (pav_doc_parse(&a, answer->body, answer->len, NULL, &d, NULL) ==
            PAV_OK &&
        pav_doc_get(d, "message") != NULL)
        fprintf(stderr, "pavane %s: %s%s%s\n", command, cli_text(&a, d, "at"),
                *cli_text(&a, d, "at") == '\0' ? "" : ": ",
                cli_text(&a, d, "message"));
    else
        fprintf(stderr, "pavane %s: the daemon answered %ld: %.*s\n", command,
                answer->status, (int)answer->len, answer->body);
    pav_arena_fini(&a);
    return answer->status >= 500 ? 3 : 1;
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
    const char *action, struct pav_bytes body, struct pav_arena *a,
    const struct pav_doc **out)
{
    struct pav_answer answer = {0, NULL, 0};
    const char *base = pav_settings_text(s, "url");
    char *url, *token;
    struct pav_err err;
    int code = read_token(command, s, &token);

    if (code != 0)
        return code;
    url = pav_arena_printf(
        a, "%.*s%s",
        (int)(strlen(base) - (*base != '\0' && base[strlen(base) - 1] == '/')),
        base, path);
    if (pav_client_ask(url, "application/json", action, token, body.p, body.len,
                       &answer, &err) != PAV_OK)
        code = cli_fail(command, &err);
    else if (answer.status >= 300)
        code = say_refusal(command, &answer);
    else if (pav_doc_parse_copy(a, answer.body, answer.len, NULL, out, &err) !=
             PAV_OK)
        code = cli_fail(command, &err);
    free(answer.body);
    free(token);
    return code;
}

int
cli_ask(const char *command, const struct pav_settings *s, const char *path,
        const char *body, size_t len, struct pav_arena *a,
        const struct pav_doc **out)
{
    struct pav_bytes bytes = {body, len};

    return ask(command, s, path, NULL, bytes, a, out);
}

int
cli_ask_action(const char *command, const struct pav_settings *s,
               const char *action, const char *body, size_t len,
               struct pav_arena *a, const struct pav_doc **out)
{
    struct pav_bytes bytes = {body, len};

    return ask(command, s, "/", action, bytes, a, out);
}

const char *
cli_text(struct pav_arena *a, const struct pav_doc *o, const char *key)
{
    const char *text = pav_doc_str(a, pav_doc_get(o, key));

    return text == NULL ? "" : text;
}
