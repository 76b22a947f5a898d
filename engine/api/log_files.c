/* Log groups: see log_files.h. */
#include "log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/file.h"
#include "pavane/log.h"
#include "pavane/text.h"

#define ROTATE_BYTES (64 << 20)

/* What a path may have: else a dash. */
static const char *
plain_name(struct pav_arena *a, const char *text)
{
    char *out = pav_arena_strndup(a, text, strnlen(text, 100)), *p;

    for (p = out; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
              (*p >= '0' && *p <= '9') || strchr("-_.", *p) != NULL))
            *p = '-';
    if (*out == '\0' || *out == '.')
        return pav_arena_printf(a, "-%s", out);
    return out;
}

/* "$.detail.region" of KinesisParameters.PartitionKeyPath: a folder a value. */
static const char *
partition_of(struct pav_arena *a, const struct pav_doc *target,
             const struct pav_doc *event)
{
    const struct pav_doc *path = pav_doc_get(
        pav_doc_get(target, "KinesisParameters"), "PartitionKeyPath");
    const char *p;

    if (path == NULL || path->kind != PAV_STRING || path->len < 3)
        return NULL;
    for (p = pav_doc_str(a, path) + 1; *p == '.' && event != NULL;) {
        size_t len = strcspn(p + 1, ".");

        event = pav_doc_getn(event, p + 1, len);
        p += 1 + len;
    }
    if (event == NULL)
        return "none";
    return plain_name(a, event->kind == PAV_STRING ? pav_doc_str(a, event)
                                                   : pav_doc_text(a, event));
}

static const char *
group_folder(struct pav_arena *a, const struct log_group *g)
{
    return pav_arena_printf(a, "%s/logs/%s", g->data, plain_name(a, g->name));
}

const char *
log_folder(struct pav_arena *a, const struct log_group *g,
           const struct pav_doc *event)
{
    const char *partition = partition_of(a, g->target, event);

    return pav_arena_printf(a, "%s%s%s", group_folder(a, g),
                            partition == NULL ? "" : "/",
                            partition == NULL ? "" : partition);
}

/* "2026-11-24.jsonl", "2026-11-24.7.jsonl" */
static bool
is_day_file(const char *name)
{
    int n = 0, number = 0;

    if (strlen(name) > 10 + 6 + 6)
        return false;
    sscanf(name, "%*4[0-9]-%*2[0-9]-%*2[0-9].jsonl%n", &n);
    if (n == 0)
        sscanf(name, "%*4[0-9]-%*2[0-9]-%*2[0-9].%4d.jsonl%n", &number, &n);
    return n > 10 && name[n] == '\0' && name[4] == '-' && name[7] == '-' &&
           name[10] == '.';
}

/* Each day's file of a folder, and of those under it. */
static void
each_file(struct pav_arena *a, const char *folder, bool partitions,
          void (*take)(void *arg, const char *path, const char *name,
                       const struct stat *st),
          void *arg)
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char *path = pav_arena_printf(a, "%s/%s", folder, e->d_name);
        struct stat st;

        if (lstat(path, &st) != 0)
            continue;
        if (partitions && S_ISDIR(st.st_mode) && *e->d_name != '.')
            each_file(a, path, false, take, arg);
        else if (S_ISREG(st.st_mode) && is_day_file(e->d_name))
            take(arg, path, e->d_name, &st);
    }
    if (dir != NULL)
        closedir(dir);
}

static void
forget_before(void *day, const char *path, const char *name,
              const struct stat *st)
{
    (void)st;
    if (strncmp(name, day, 10) < 0 && unlink(path) == 0)
        pav_log(PAV_LOG_INFO, NULL, "%s: its days are over, it is gone", path);
}

/* When a file begins: what the group keeps no longer goes. */
static void
forget_old(struct pav_arena *a, const struct log_group *g)
{
    char day[PAV_TIME_LEN];

    pav_time_format(g->now_ms - g->days * 86400000, day);
    each_file(a, group_folder(a, g), true, forget_before, day);
}

/* ---- what they hold ---- */

static void
add_size(void *arg, const char *path, const char *name, const struct stat *st)
{
    struct log_size *size = arg;

    (void)path;
    size->bytes += st->st_size;
    size->files++;
    if (*size->oldest == '\0' || strncmp(name, size->oldest, 10) < 0)
        snprintf(size->oldest, sizeof(size->oldest), "%.10s", name);
}

static int
by_name(const void *x, const void *y)
{
    const struct log_size *a = x, *b = y;

    return strcmp(a->name, b->name);
}

uint32_t
log_sizes(struct pav_arena *a, const char *data, struct log_size **sizes)
{
    char *folder = pav_arena_printf(a, "%s/logs", data);
    DIR *dir = opendir(folder);
    struct log_size *v = NULL;
    struct dirent *e;
    uint32_t n = 0;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        struct log_size size = {.name = pav_arena_strdup(a, e->d_name)};

        if (*e->d_name == '.')
            continue;
        each_file(a, pav_arena_printf(a, "%s/%s", folder, e->d_name), true,
                  add_size, &size);
        v = pav_arena_append(a, v, n, sizeof(*v));
        v[n++] = size;
    }
    if (dir != NULL)
        closedir(dir);
    if (n > 1)
        qsort(v, n, sizeof(*v), by_name);
    *sizes = v;
    return n;
}

/* ---- writing ---- */

/* DATA/logs/GROUP[/PARTITION]/YYYY-MM-DD[.N].jsonl; N when one is full. */
static int
log_open(struct pav_arena *a, const struct log_group *g, const char *folder)
{
    char when[PAV_TIME_LEN];
    int n, fd;

    pav_time_format(g->now_ms, when);
    for (n = 0; n < 10000; n++) {
        char *path =
            n == 0 ? pav_arena_printf(a, "%s/%.10s.jsonl", folder, when)
                   : pav_arena_printf(a, "%s/%.10s.%d.jsonl", folder, when, n);
        struct stat st;

        if (!pav_file_folders(g->data, path))
            return -1;
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
                  0600);
        if (fd < 0)
            return -1;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
            st.st_size < ROTATE_BYTES) {
            if (st.st_size == 0 && g->days > 0)
                forget_old(a, g);
            return fd;
        }
        close(fd);
    }
    return -1;
}

static bool
write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return fdatasync(fd) == 0;
}

const char *
log_write(struct pav_arena *a, const struct log_group *g, const char *folder,
          const struct pav_buf *lines)
{
    const char *why = NULL;
    int fd = log_open(a, g, folder);

    if (fd < 0 || !write_all(fd, lines->p, lines->len))
        why = pav_arena_printf(a, "a file in '%s' cannot be written: %s",
                               folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return why;
}
