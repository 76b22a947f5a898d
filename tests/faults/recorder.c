/*
 * Preloaded into a daemon: records what it writes to its database and log, when
 * their syncs begin and end, and what it answers, in order.  From that a test
 * makes the files as a power cut at any place could have left them.
 *
 *   RECORDER_OUT   the record: see struct head; not recorded when unset
 *   RECORDER_FULL  while a file of this name is there, the disk is full
 *   RECORDER_CLOCK a file with seconds that are added to the system's time
 *   RECORDER_HANG  while a file of this name is there, syncs do not come back
 *   RECORDER_NTH   the number of the write, truncation or sync that fails once
 *                  with EIO; a file RECORDER_NTH_DONE is made then
 *   RECORDER_FULL_AT  the number of the write from which on the disk is full:
 *                  the file RECORDER_FULL is made then
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct head {
    uint8_t what; /* 'W'rite, 'T'runcate, 'S'ync begins, 'E': it ended,
                     'A'nswer */
    uint8_t file; /* 0 the database, 1 its log */
    uint16_t unused;
    uint32_t thread;
    uint64_t at; /* the offset or the new size */
    uint64_t len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out = -1;

#define REAL(name)                                                             \
    static __typeof__(&name) real;                                             \
    if (real == NULL)                                                          \
    real = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)

/* 0 or 1, -1 for all others. */
static int
file_of(int fd)
{
    char link[64], name[4096];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, name, sizeof(name) - 1);
    if (n < 4)
        return -1;
    name[n] = '\0';
    if (strcmp(name + n - 3, ".db") == 0)
        return 0;
    return n > 7 && strcmp(name + n - 7, ".db-wal") == 0 ? 1 : -1;
}

static void
put(const void *p, size_t len)
{
    const char *next = p;

    while (len > 0) {
        long n = syscall(SYS_write, out, next, len);

        if (n <= 0)
            abort();
        next += n;
        len -= (size_t)n;
    }
}

static void
record(int what, int file, uint64_t at, const void *p, size_t len)
{
    struct head h = {.what = (uint8_t)what,
                     .file = (uint8_t)file,
                     .thread = (uint32_t)syscall(SYS_gettid),
                     .at = at,
                     .len = len};
    const char *name = getenv("RECORDER_OUT");

    if (name == NULL)
        return;
    pthread_mutex_lock(&lock);
    if (out < 0)
        out = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    put(&h, sizeof(h));
    put(p, len);
    pthread_mutex_unlock(&lock);
}

static int
is_there(const char *variable)
{
    const char *name = getenv(variable);

    return name != NULL && access(name, F_OK) == 0;
}

/* Counts; at the number that `variable` says the file that `made` names is
 * there, and the answer is yes. */
static int
is_number(const char *variable, const char *made, atomic_int *count)
{
    const char *number = getenv(variable);
    int fd;

    if (number == NULL || atomic_fetch_add(count, 1) + 1 != atoi(number))
        return 0;
    fd = open(getenv(made), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return 1;
}

/* Is it this one's turn to fail? */
static int
is_nth(void)
{
    static atomic_int count;

    if (!is_number("RECORDER_NTH", "RECORDER_NTH_DONE", &count))
        return 0;
    errno = EIO;
    return 1;
}

static int
is_full(void)
{
    static atomic_int count;

    if (!is_number("RECORDER_FULL_AT", "RECORDER_FULL", &count) &&
        !is_there("RECORDER_FULL"))
        return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t
pwrite64(int fd, const void *p, size_t len, off64_t at)
{
    int file = file_of(fd);

    REAL(pwrite64);
    if (file >= 0 && (is_full() || is_nth()))
        return -1;
    if (file >= 0)
        record('W', file, (uint64_t)at, p, len);
    return real(fd, p, len, at);
}

ssize_t
pwrite(int fd, const void *p, size_t len, off_t at)
{
    return pwrite64(fd, p, len, at);
}

int
ftruncate64(int fd, off64_t size)
{
    int file = file_of(fd);

    REAL(ftruncate64);
    if (file >= 0 && is_nth())
        return -1;
    if (file >= 0)
        record('T', file, (uint64_t)size, NULL, 0);
    return real(fd, size);
}

int
ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int
fdatasync(int fd)
{
    int file = file_of(fd), rc;

    REAL(fdatasync);
    if (file >= 0 && is_nth())
        return -1;
    if (file >= 0)
        record('S', file, 0, NULL, 0);
    while (file >= 0 && is_there("RECORDER_HANG"))
        usleep(10000);
    rc = real(fd);
    if (file >= 0 && rc == 0)
        record('E', file, 0, NULL, 0);
    return rc;
}

int
fsync(int fd)
{
    return fdatasync(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
    const char *name = getenv("RECORDER_CLOCK");
    int rc = (int)syscall(SYS_clock_gettime, clock, ts);
    char text[32] = "";
    int fd;

    if (clock != CLOCK_REALTIME || name == NULL)
        return rc;
    fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, text, sizeof(text) - 1) > 0)
            ts->tv_sec += atol(text);
        close(fd);
    }
    return rc;
}

ssize_t
send(int fd, const void *p, size_t len, int flags)
{
    REAL(send);
    record('A', 0, 0, p, len);
    return real(fd, p, len, flags);
}
