/* Errors: see pavane/err.h. */
#include "pavane/err.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong births;

static const struct rc_row {
    const char *name;
    int http;
    int exit;
} rc_rows[] = {
    [PAV_OK] = {"ok", 200, 0},
    [PAV_INVALID] = {"invalid", 400, 1},
    [PAV_LIMIT] = {"limit", 413, 1},
    [PAV_MISSING] = {"missing", 404, 1},
    [PAV_CONFLICT] = {"conflict", 409, 1},
    [PAV_SPENT] = {"spent", 400, 1},
    [PAV_FULL] = {"full", 507, 3},
    [PAV_IO] = {"io", 500, 3},
    [PAV_DENIED] = {"denied", 403, 1},
    [PAV_BUSY] = {"busy", 503, 3},
    [PAV_DAMAGED] = {"damaged", 500, 3},
};

enum pav_rc
pav_fail(struct pav_err *err, enum pav_rc rc, const char *at, const char *fmt,
         ...)
{
    va_list ap;

    atomic_fetch_add_explicit(&births, 1, memory_order_relaxed);
    if (err == NULL)
        return rc;
    err->rc = rc;
    snprintf(err->at, sizeof(err->at), "%s", at == NULL ? "" : at);
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    return rc;
}

unsigned long
pav_fail_count(void)
{
    return atomic_load_explicit(&births, memory_order_relaxed);
}

const char *
pav_rc_name(enum pav_rc rc)
{
    return rc_rows[rc].name;
}

int
pav_rc_http(enum pav_rc rc)
{
    return rc_rows[rc].http;
}

int
pav_rc_exit(enum pav_rc rc)
{
    return rc_rows[rc].exit;
}

_Noreturn void
pav_bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "level=bug at=%s:%d what=\"%s\"\n", file, line, what);
    fflush(stderr);
    abort();
}
