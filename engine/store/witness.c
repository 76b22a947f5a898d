/*
 * The witness: what shows at the start that acknowledged commits are gone.
 *
 * A log (WAL) that was damaged or cut off is no error to SQLite: it takes what
 * is before the damage, and what stood behind it was never there.  Two
 * things know better:
 *
 * W1  FILE-witness says up to which event, execution and step commits were
 *     durable.  It is written behind each sync and never synced itself, so it
 *     may be older than the database and is never newer: a database that ends
 *     before its witness has lost something.  It belongs to the database with
 *     its random id; any other is passed over.
 * W2  Commits in the log behind a frame that is spoilt, read before SQLite
 *     recovers the log.  A cut of the power can leave the last two so, which
 *     nobody was told of; more were acknowledged.
 *
 * What was lost is reported and kept in `loss`; its ids are not given away
 * again. A log that has commits nobody can read is copied aside before it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pavane/digest.h"
#include "pavane/log.h"
#include "store_int.h"

#define TEXT_LEN  160 /* in one sector: it is written whole or not at all */
#define LOG_HEAD  32
#define FRAME     24
#define PAGE      4096 /* of our databases */
#define UNTOLD    2    /* commits that may be spoilt by a cut of the power */
#define COPY_SIZE (1 << 16)

/* ---- W1: the file ---- */

static uint64_t
sum_of(const char *text, int len)
{
    return pav_hash64(text, (size_t)len, PAV_APPLICATION_ID);
}

static void
print_witness(char text[TEXT_LEN + 1], int64_t database,
              const struct pav_ends *ends)
{
    int len =
        snprintf(text, TEXT_LEN,
                 "database %016" PRIx64 " event %" PRId64 " execution %" PRId64
                 " step %" PRId64,
                 (uint64_t)database, ends->event, ends->execution, ends->step);

    len += snprintf(text + len, (size_t)(TEXT_LEN - len), " sum %016" PRIx64,
                    sum_of(text, len));
    memset(text + len, ' ', (size_t)(TEXT_LEN - 1 - len));
    text[TEXT_LEN - 1] = '\n';
    text[TEXT_LEN] = '\0';
}

static bool
parse_witness(const char *text, uint64_t *database, struct pav_ends *ends)
{
    const char *sum = strstr(text, " sum ");
    uint64_t said;

    return sum != NULL &&
           sscanf(text,
                  "database %" SCNx64 " event %" SCNd64 " execution %" SCNd64
                  " step %" SCNd64 " sum %" SCNx64,
                  database, &ends->event, &ends->execution, &ends->step,
                  &said) == 5 &&
           said == sum_of(text, (int)(sum - text));
}

/* False: there is none that can be read, or it is another database's. */
bool
witness_read(const char *path, int64_t database, struct pav_ends *out)
{
    char name[4096], text[TEXT_LEN + 1];
    uint64_t whose;
    ssize_t n;
    int fd;

    snprintf(name, sizeof(name), "%s-witness", path);
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    n = read(fd, text, TEXT_LEN);
    close(fd);
    if (n != TEXT_LEN)
        return false;
    text[TEXT_LEN] = '\0';
    return parse_witness(text, &whose, out) && whose == (uint64_t)database;
}

/* Without one the daemon goes on; it only could not tell of a loss. */
static int
open_witness(const char *path)
{
    char name[4096];
    int fd;

    snprintf(name, sizeof(name), "%s-witness", path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
              0600);
    if (fd < 0)
        pav_log(PAV_LOG_WARN, NULL,
                "%s: cannot be written (%s): a damaged log would lose events "
                "without a word",
                name, strerror(errno));
    return fd;
}

void
witness_committed(struct pav_store *s)
{
    atomic_store(&s->committed.event, s->next_event - 1);
    atomic_store(&s->committed.execution, s->next_execution - 1);
    atomic_store(&s->committed.step, s->next_step - 1);
}

/* Each is at most what is in the log by now. */
struct pav_ends
witness_look(const struct pav_store *s)
{
    struct pav_ends e = {.event = atomic_load(&s->committed.event),
                         .execution = atomic_load(&s->committed.execution),
                         .step = atomic_load(&s->committed.step)};

    return e;
}

void
witness_write(struct pav_store *s, struct pav_ends durable)
{
    char text[TEXT_LEN + 1];

    if (s->witness_fd < 0 ||
        memcmp(&durable, &s->witnessed, sizeof(durable)) == 0)
        return;
    s->witnessed = durable;
    print_witness(text, s->database, &durable);
    if (pwrite(s->witness_fd, text, TEXT_LEN, 0) != TEXT_LEN) {
        pav_log(PAV_LOG_WARN, NULL, "%s-witness: cannot be written: %s",
                s->path, strerror(errno));
        close(s->witness_fd);
        s->witness_fd = -1;
    }
}

static int64_t
missing(int64_t had, int64_t have)
{
    return had > have ? had - have : 0;
}

static void
say_loss(const struct pav_store *s)
{
    const struct pav_loss *l = &s->loss;
    char events[120] = "";

    if (l->events > 0)
        snprintf(events, sizeof(events), " (%lld to %lld)",
                 (long long)(l->last_event - l->events + 1),
                 (long long)l->last_event);
    pav_log(PAV_LOG_ERROR, NULL,
            "%s: acknowledged data is missing: %lld events%s, %lld executions "
            "and %lld steps that were durable are not in the database; "
            "its log was damaged or cut off, or an older file was put in "
            "its place; run 'pavane verify', and restore a backup or have the "
            "producers send again",
            s->path, (long long)l->events, events, (long long)l->executions,
            (long long)l->steps);
}

bool
pav_loss_any(const struct pav_loss *l)
{
    return l->events + l->executions + l->steps > 0 || l->commits > UNTOLD;
}

/* A witness knows better than the log what of it had been copied back. */
static void
judge(struct pav_store *s, const struct pav_ends *had)
{
    s->loss.events = missing(had->event, s->next_event - 1);
    s->loss.executions = missing(had->execution, s->next_execution - 1);
    s->loss.steps = missing(had->step, s->next_step - 1);
    s->loss.last_event = had->event;
    s->floor = *had;
    if (s->loss.events + s->loss.executions + s->loss.steps > 0) {
        say_loss(s);
        return;
    }
    if (s->loss.commits > 0)
        pav_log(PAV_LOG_WARN, NULL,
                "%s: no event, execution or step that was acknowledged is "
                "missing",
                s->path);
    s->loss.commits = 0;
}

void
witness_open(struct pav_store *s)
{
    struct pav_ends had;

    if (witness_read(s->path, s->database, &had))
        judge(s, &had);
    else if (s->loss.commits > UNTOLD)
        pav_log(PAV_LOG_ERROR, NULL,
                "%s: acknowledged data may be missing, for nothing says what "
                "the unreadable commits of the log brought; run 'pavane "
                "verify', and restore a backup or have the producers send "
                "again",
                s->path);
    witness_committed(s);
    s->witness_fd = open_witness(s->path);
}

void
witness_close(struct pav_store *s)
{
    if (s->witness_fd >= 0)
        close(s->witness_fd);
    s->witness_fd = -1;
}

/* ---- W2: the log as SQLite will find it ---- */

struct log_walk {
    int fd;
    bool big_endian; /* the words that are summed */
    uint32_t page, salts[2], sums[2];
};

static uint32_t
be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static uint32_t
le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
           p[0];
}

/* The sum of SQLite's file format, section 4.2; `len` is a multiple of 8. */
static void
add_up(struct log_walk *w, const uint8_t *p, size_t len)
{
    size_t i;

    for (i = 0; i < len; i += 8) {
        uint32_t a = w->big_endian ? be32(p + i) : le32(p + i);
        uint32_t b = w->big_endian ? be32(p + i + 4) : le32(p + i + 4);

        w->sums[0] += a + w->sums[1];
        w->sums[1] += b + w->sums[0];
    }
}

static bool
is_page_size(uint32_t n)
{
    return n >= 512 && n <= 65536 && (n & (n - 1)) == 0;
}

static bool
read_log_head(struct log_walk *w)
{
    uint8_t head[LOG_HEAD];

    if (pread(w->fd, head, LOG_HEAD, 0) != LOG_HEAD)
        return false;
    w->big_endian = (be32(head) & 1) != 0;
    w->page = be32(head + 8);
    w->salts[0] = be32(head + 16);
    w->salts[1] = be32(head + 20);
    add_up(w, head, 24);
    return (be32(head) | 1) == 0x377f0683 && is_page_size(w->page) &&
           be32(head + 24) == w->sums[0] && be32(head + 28) == w->sums[1];
}

static bool
has_salts(const struct log_walk *w, const uint8_t *frame)
{
    return be32(frame + 8) == w->salts[0] && be32(frame + 12) == w->salts[1];
}

static bool
is_commit(const uint8_t *frame)
{
    return be32(frame) != 0 && be32(frame + 4) != 0;
}

static bool
is_whole(struct log_walk *w, const uint8_t *frame)
{
    add_up(w, frame, 8);
    add_up(w, frame + FRAME, w->page);
    return has_salts(w, frame) && be32(frame + 16) == w->sums[0] &&
           be32(frame + 20) == w->sums[1];
}

/* How many commits of this log stand where SQLite will not read them. */
static int64_t
count_unread(struct log_walk *w)
{
    size_t size = FRAME + w->page;
    uint8_t *frame = pav_xmalloc(size);
    off_t at = LOG_HEAD;
    bool spoilt = false;
    int64_t count = 0;

    for (; pread(w->fd, frame, size, at) == (ssize_t)size; at += (off_t)size) {
        spoilt = spoilt || !is_whole(w, frame);
        count += spoilt && has_salts(w, frame) && is_commit(frame);
    }
    free(frame);
    return count;
}

/* Without a head that says how to read it: frames of one log, by their salts.
 */
static int64_t
count_headless(struct log_walk *w)
{
    uint8_t frame[FRAME];
    off_t at = LOG_HEAD;
    int64_t count = 0;

    if (pread(w->fd, frame, FRAME, at) != FRAME)
        return 0;
    w->salts[0] = be32(frame + 8);
    w->salts[1] = be32(frame + 12);
    for (; pread(w->fd, frame, FRAME, at) == FRAME; at += FRAME + PAGE)
        count += has_salts(w, frame) && is_commit(frame);
    return count;
}

static bool
copy_file(int from, const char *name)
{
    int to = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char *room;
    off_t at = 0;
    ssize_t n;
    bool ok;

    if (to < 0)
        return false;
    room = pav_xmalloc(COPY_SIZE);
    while ((n = pread(from, room, COPY_SIZE, at)) > 0 &&
           write(to, room, (size_t)n) == n)
        at += n;
    ok = n == 0 && fdatasync(to) == 0;
    free(room);
    close(to);
    if (!ok)
        unlink(name);
    return ok;
}

static enum pav_rc
set_aside(const char *log, int fd, int64_t commits, struct pav_err *err)
{
    char name[4096], when[32];
    time_t now = time(NULL);
    struct tm tm;

    strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    snprintf(name, sizeof(name), "%s.damaged-%s", log, when);
    if (!copy_file(fd, name) && errno != EEXIST)
        return pav_fail(err, PAV_IO, log,
                        "the log is damaged, and a copy of it cannot be kept "
                        "as %s (%s): make room, or copy the database and its "
                        "log yourself and delete the log",
                        name, strerror(errno));
    pav_log(PAV_LOG_ERROR, NULL,
            "%s: the log is damaged: %lld commits behind the damage cannot be "
            "read%s; a copy is kept as %s",
            log, (long long)commits,
            commits > UNTOLD ? "" : ", as a cut of the power may leave it",
            name);
    return PAV_OK;
}

int64_t
witness_unread(int fd)
{
    struct log_walk w = {.fd = fd};

    return read_log_head(&w) ? count_unread(&w) : count_headless(&w);
}

enum pav_rc
witness_check_log(struct pav_store *s, const char *name, struct pav_err *err)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum pav_rc rc = PAV_OK;

    if (fd < 0)
        return PAV_OK; /* there is none, or SQLite will say what is wrong */
    s->loss.commits = witness_unread(fd);
    if (s->loss.commits > 0)
        rc = set_aside(name, fd, s->loss.commits, err);
    close(fd);
    return rc;
}
