/* pavane verify: is the database whole? */
#include <stdio.h>

#include "pavane/verify.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"db", PAV_SET_TEXT, "FILE", "pavane.db", 0, 0,
     "the database; its daemon must not run"},
    SETTING_JSON,
    SETTING_HELP};

struct report {
    struct pav_arena arena;
    struct pav_items items;
    bool json;
};

static void
begins(void *arg, const struct pav_check *c)
{
    (void)arg;
    cli_progress("checking: %s ...", c->claim);
}

static void
add_json(struct report *r, const struct pav_check *c)
{
    struct pav_items findings;
    struct pav_members m;
    int i;

    pav_items_init(&findings, &r->arena);
    for (i = 0; i < c->shown; i++)
        pav_items_add(&findings, pav_doc_new_cstr(&r->arena, c->findings[i]));
    pav_members_init(&m, &r->arena);
    pav_members_str(&m, "check", c->name);
    pav_members_str(&m, "claim", c->claim);
    pav_members_int(&m, "wrong", c->wrong);
    pav_members_puts(&m, "findings", pav_items_array(&findings));
    pav_items_add(&r->items, pav_members_object(&m));
}

static void
ends(void *arg, const struct pav_check *c)
{
    struct report *r = arg;
    int i;

    cli_progress_ends();
    if (r->json) {
        add_json(r, c);
        return;
    }
    printf("%-6s %-13s %s\n", c->wrong == 0 ? "ok" : "WRONG", c->name,
           c->claim);
    for (i = 0; i < c->shown; i++)
        printf("       %s\n", c->findings[i]);
    if (c->wrong > c->shown)
        printf("       and %lld more\n", (long long)(c->wrong - c->shown));
    fflush(stdout);
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct report r = {.json = pav_settings_flag(s, "json")};
    const char *path = pav_settings_text(s, "db");
    struct pav_err err;
    int64_t wrong = 0;
    int code;

    if (argc > 0)
        return cli_usage(&verify_command, argv[0]);
    pav_arena_init(&r.arena, 4096);
    pav_items_init(&r.items, &r.arena);
    if (pav_store_verify(path, begins, ends, &r, &wrong, &err) != PAV_OK)
        code = cli_fail("verify", &err) == 2 ? 2 : 3;
    else
        code = wrong > 0;
    if (code <= 1 && r.json)
        cli_print_items(&r.arena, &r.items, "");
    else if (code == 0)
        printf("%s is whole\n", path);
    else if (code == 1)
        printf("%s: %lld findings; restore it from a backup, or save what can "
               "be read with: sqlite3 %s .recover\n",
               path, (long long)wrong, path);
    pav_arena_fini(&r.arena);
    return code;
}

const struct command verify_command = {
    .name = "verify",
    .arguments = "[--db FILE] [--json]",
    .summary = "check a database: its pages, its log, and what rows say of "
               "each other",
    .text = "It reads the whole file and changes nothing. Exit code 0: it is "
            "whole; 1: it is not;\n3: it could not be checked.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
