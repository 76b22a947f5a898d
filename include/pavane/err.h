/*
 * Errors of operations and callers: a return code, a place and a sentence.
 *
 * Four kinds are never mixed: a bug (PAV_BUG aborts), an operation or a
 * caller's fault (enum pav_rc with struct pav_err), and a machine's own failure
 * (data with a States.* name; see step.h).
 *
 * pav_fail() is the only birthplace of an error.  `at` is a JSON pointer, a
 * row id, a file place or a route; the message says what was found and what
 * was wanted.
 */
#ifndef PAVANE_ERR_H
#define PAVANE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define PAV_MUSTUSE          __attribute__((warn_unused_result))
#define PAV_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))

enum pav_rc {
    PAV_OK = 0,
    PAV_INVALID,  /* the caller's text or value is wrong */
    PAV_LIMIT,    /* a ceiling was met */
    PAV_MISSING,  /* nothing of that name */
    PAV_CONFLICT, /* it exists already, or another owner holds it */
    PAV_SPENT,    /* a token that was used or has expired */
    PAV_FULL,     /* no space on the disk */
    PAV_IO,       /* file, socket or store failed */
    PAV_DENIED,   /* not allowed */
    PAV_BUSY,     /* not now, or not in the time it may take */
    PAV_DAMAGED,  /* what is stored cannot be read */
};

struct pav_err {
    enum pav_rc rc;
    char at[256];
    char message[768];
};

/* Fill `err` (may be NULL) and return `rc`. */
enum pav_rc pav_fail(struct pav_err *err, enum pav_rc rc, const char *at,
                     const char *fmt, ...) PAV_PRINTF(4, 5);

/* How many errors were born since the start of the process. */
unsigned long pav_fail_count(void);

/* The word for a code in logs and replies: "invalid", "limit", ... */
const char *pav_rc_name(enum pav_rc rc);

/* The HTTP status and the exit code (design: 0, 1, 2, 3) of a code. */
int pav_rc_http(enum pav_rc rc);
int pav_rc_exit(enum pav_rc rc);

_Noreturn void pav_bug(const char *file, int line, const char *what);

#define PAV_BUG(what) pav_bug(__FILE__, __LINE__, (what))
/* Stays on in release builds; the condition has no side effects. */
#define PAV_ASSERT(cond)                                                       \
    do {                                                                       \
        if (!(cond))                                                           \
            PAV_BUG(#cond);                                                    \
    } while (0)

#endif
