/* pavane restore: a copy becomes the database again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pavane/backup.h"
#include "pavane/verify.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"db", PAV_SET_TEXT, "FILE", "pavane.db", 0, 0,
     "the database to be made; its daemon must not run"},
    {"force", PAV_SET_FLAG, "", NULL, 0, 0,
     "when it is there: keep it beside the restored one, under another name"},
    SETTING_HELP};

static void
begins(void *arg, const struct pav_check *c)
{
    (void)arg;
    cli_progress("checking: %s ...", c->claim);
}

static void
ends(void *arg, const struct pav_check *c)
{
    (void)arg;
    cli_progress_ends();
    if (c->wrong > 0)
        fprintf(stderr, "WRONG  %-13s %s\n", c->name, c->claim);
}

static bool
copying(void *arg, int64_t copied, int64_t pages)
{
    (void)arg;
    cli_progress("copying: %lld of %lld pages", (long long)copied,
                 (long long)pages);
    return true;
}

/* With its log and what is beside it. */
static enum pav_rc
set_aside(const char *path, struct pav_err *err)
{
    static const char *const ends_of[] = {"-wal", "-witness", ""};
    char from[4096], to[4096], when[32];
    time_t now = time(NULL);
    struct tm tm;
    size_t i;

    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
    for (i = 0; i < sizeof(ends_of) / sizeof(ends_of[0]); i++) {
        snprintf(from, sizeof(from), "%s%s", path, ends_of[i]);
        snprintf(to, sizeof(to), "%s.before-%s%s", path, when, ends_of[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return pav_fail(err, PAV_IO, from, "cannot be renamed: %s",
                            strerror(errno));
    }
    printf("%s was kept as %s.before-%s\n", path, path, when);
    return PAV_OK;
}

static enum pav_rc
restore(const char *copy, const char *path, bool force, struct pav_err *err)
{
    char witness[4096];
    int64_t wrong = 0;
    enum pav_rc rc = pav_store_verify(copy, begins, ends, NULL, &wrong, err);

    if (rc == PAV_OK && wrong > 0)
        rc = pav_fail(err, PAV_DAMAGED, copy,
                      "this copy is not whole ('pavane verify --db %s' says "
                      "where): nothing was changed",
                      copy);
    if (rc == PAV_OK && access(path, F_OK) == 0) {
        int64_t of_old;
        struct pav_err in_use;

        if (!force)
            return pav_fail(err, PAV_CONFLICT, path,
                            "there is a database already: --force keeps it "
                            "under another name");
        /* A daemon that runs keeps others out. */
        if (pav_store_verify(path, begins, ends, NULL, &of_old, &in_use) !=
                PAV_OK &&
            strstr(in_use.message, "in use") != NULL)
            return pav_fail(err, PAV_BUSY, path, "%s", in_use.message);
        rc = set_aside(path, err);
    }
    if (rc != PAV_OK)
        return rc;
    snprintf(witness, sizeof(witness), "%s-witness", path);
    (void)unlink(witness); /* it speaks of what is gone now */
    rc = pav_store_backup(copy, path, copying, NULL, err);
    cli_progress_ends();
    return rc;
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    const char *path = pav_settings_text(s, "db");
    struct pav_err err;
    enum pav_rc rc;

    if (argc != 1)
        return cli_usage(&restore_command, "the copy is expected");
    rc = restore(argv[0], path, pav_settings_flag(s, "force"), &err);
    if (rc == PAV_OK) {
        printf("%s is as %s was\n", path, argv[0]);
        return 0;
    }
    (void)cli_fail("restore", &err);
    return rc == PAV_DAMAGED ? 1 : 3;
}

const struct command restore_command = {
    .name = "restore",
    .arguments = "COPY [--db FILE] [--force]",
    .summary = "make a database out of a copy that 'pavane backup' made",
    .text = "The copy is checked first; when it is not whole, nothing changes. "
            "What came after the\nbackup is not in it: events that producers "
            "send again are taken again.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
