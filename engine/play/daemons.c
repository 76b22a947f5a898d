/* Daemons of a system: see daemons.h. */
#include "daemons.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/file.h"

#define FILE_MAX_LEN (1 << 20)
#define TOKEN_MIN    16

struct reading {
    struct pav_arena *a;
    const char *path;
    char *text;
    size_t len;
    struct pav_err *err;
};

static enum pav_rc
fail_at(struct reading *r, const struct pav_doc *at, const char *why)
{
    return pav_doc_fail_at(r->err, r->path, r->text, r->len, at, why);
}

static enum pav_rc
check_fields(struct reading *r, const struct pav_doc *o,
             const char *const *known)
{
    uint32_t i;

    if (o->kind != PAV_OBJECT)
        return fail_at(r, o, "an object is expected");
    for (i = 0; i < o->len; i++)
        if (!pav_member_in(&o->members[i], known))
            return fail_at(
                r, &o->members[i].value,
                pav_arena_printf(r->a, "there is no field '%.*s' here",
                                 (int)o->members[i].len, o->members[i].key));
    return PAV_OK;
}

static bool
is_account(const char *text)
{
    return text != NULL && strlen(text) == 12 &&
           strspn(text, "0123456789") == 12;
}

/* " ACCOUNT,ACCOUNT" or " *" behind a token's own account. */
static enum pav_rc
read_speaks_for(struct reading *r, const struct pav_doc *d, struct pav_buf *out)
{
    uint32_t i;

    if (d == NULL)
        return PAV_OK;
    if (pav_doc_is_str(d, "*")) {
        pav_buf_puts(out, " *");
        return PAV_OK;
    }
    if (d->kind != PAV_ARRAY || d->len == 0)
        return fail_at(r, d, "\"*\" or a list of accounts is expected");
    for (i = 0; i < d->len; i++) {
        const char *one = pav_doc_str(r->a, &d->items[i]);

        if (!is_account(one))
            return fail_at(r, &d->items[i], "an account has 12 digits");
        pav_buf_printf(out, "%c%s", i == 0 ? ' ' : ',', one);
    }
    return PAV_OK;
}

static enum pav_rc
read_token(struct reading *r, const struct pav_member *m, struct pav_buf *out)
{
    static const char *const known[] = {"account", "speaksFor", NULL};
    enum pav_rc rc = check_fields(r, &m->value, known);
    const char *account;

    if (rc != PAV_OK)
        return rc;
    account = pav_doc_member_str(r->a, &m->value, "account");
    if (!is_account(account))
        return fail_at(r, &m->value, "\"account\", 12 digits, is expected");
    if (m->len < TOKEN_MIN || memchr(m->key, ' ', m->len) != NULL)
        return fail_at(r, &m->value,
                       "a token has 16 characters or more, and no space");
    pav_buf_printf(out, "%.*s %s", (int)m->len, m->key, account);
    rc = read_speaks_for(r, pav_doc_get(&m->value, "speaksFor"), out);
    pav_buf_putc(out, '\n');
    return rc;
}

static enum pav_rc
read_tokens(struct reading *r, const struct pav_doc *tokens, struct daemon *out)
{
    struct pav_buf lines;
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    if (tokens == NULL)
        return PAV_OK;
    if (tokens->kind != PAV_OBJECT)
        return fail_at(r, tokens, "an object is expected: tokens by text");
    pav_buf_init(&lines, FILE_MAX_LEN);
    for (i = 0; rc == PAV_OK && i < tokens->len; i++)
        rc = read_token(r, &tokens->members[i], &lines);
    if (rc == PAV_OK)
        out->tokens =
            pav_arena_strndup(r->a, lines.p == NULL ? "" : lines.p, lines.len);
    pav_buf_fini(&lines);
    return rc;
}

static enum pav_rc
read_fields(struct reading *r, const struct pav_doc *d, struct daemon *out)
{
    static const char *const known[] = {"folder", "account", "region", "tokens",
                                        NULL};
    enum pav_rc rc = check_fields(r, d, known);
    const char *folder;
    struct stat st;

    if (rc != PAV_OK)
        return rc;
    folder = pav_doc_member_str(r->a, d, "folder");
    if (folder == NULL)
        return fail_at(r, d, "\"folder\", a text, is expected");
    out->machines = pav_arena_printf(r->a, "%s/%s", out->system, folder);
    if (stat(out->machines, &st) != 0 || !S_ISDIR(st.st_mode))
        return fail_at(r, pav_doc_get(d, "folder"),
                       "the system has no such folder");
    out->account = pav_doc_member_str(r->a, d, "account");
    if (pav_doc_get(d, "account") != NULL && !is_account(out->account))
        return fail_at(r, pav_doc_get(d, "account"),
                       "an account has 12 digits");
    out->region = pav_doc_member_str(r->a, d, "region");
    if (pav_doc_get(d, "region") != NULL && out->region == NULL)
        return fail_at(r, pav_doc_get(d, "region"), "a text is expected");
    return read_tokens(r, pav_doc_get(d, "tokens"), out);
}

static enum pav_rc
read_one(struct pav_arena *a, const char *path, struct daemon *out,
         struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    struct reading r = {.a = a, .path = path, .err = err};
    const struct pav_doc *d;
    struct pav_err why;
    enum pav_rc rc = pav_file_read(path, FILE_MAX_LEN, &r.text, &r.len, err);

    if (rc != PAV_OK)
        return rc;
    if (pav_doc_parse_copy(a, r.text, r.len, &opts, &d, &why) == PAV_OK) {
        rc = read_fields(&r, d, out);
    } else {
        unsigned line, column;

        pav_doc_fault_place(&why, &line, &column);
        rc = pav_fail(err, PAV_INVALID,
                      pav_arena_printf(a, "%s:%u:%u", path, line, column), "%s",
                      why.message);
    }
    free(r.text);
    return rc;
}

void
daemons_add(struct pav_arena *a, struct daemons *all, const struct daemon *d)
{
    all->v = pav_arena_append(a, all->v, all->count, sizeof(*all->v));
    all->v[all->count++] = *d;
}

enum pav_rc
daemons_read(struct pav_arena *a, const char *system, struct daemons *out,
             struct pav_err *err)
{
    const char *folder = pav_arena_printf(a, "%s/daemons", system);
    struct dirent **v;
    int n = scandir(folder, &v, NULL, alphasort), i;
    enum pav_rc rc = PAV_OK;

    for (i = 0; i < n; i++) {
        const char *name = v[i]->d_name;
        size_t len = strlen(name);
        struct daemon d = {.system = system};

        if (rc == PAV_OK && *name != '.' && len > 5 &&
            strcmp(name + len - 5, ".json") == 0) {
            d.name = pav_arena_strndup(a, name, len - 5);
            rc = read_one(a, pav_arena_printf(a, "%s/%s", folder, name), &d,
                          err);
            if (rc == PAV_OK)
                daemons_add(a, out, &d);
        }
        free(v[i]);
    }
    if (n >= 0)
        free(v);
    return rc;
}
