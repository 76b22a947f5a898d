/* Log groups: see log_files.h. */
#include "log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* The files of days before `day` in a folder, and in those under it. */
static void
forget_before(struct pav_arena *a, const char *folder, const char *day,
              bool partitions)
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char *path = pav_arena_printf(a, "%s/%s", folder, e->d_name);
        struct stat st;

        if (lstat(path, &st) != 0)
            continue;
        if (partitions && S_ISDIR(st.st_mode) && *e->d_name != '.')
            forget_before(a, path, day, false);
        else if (S_ISREG(st.st_mode) && is_day_file(e->d_name) &&
                 strncmp(e->d_name, day, 10) < 0 && unlink(path) == 0)
            pav_log(PAV_LOG_INFO, NULL, "%s: its days are over, it is gone",
                    path);
    }
    if (dir != NULL)
        closedir(dir);
}

/* When a file begins: what the group keeps no longer goes. */
static void
forget_old(struct pav_arena *a, const struct log_group *g)
{
    char day[PAV_TIME_LEN];

    pav_time_format(g->now_ms - g->days * 86400000, day);
    forget_before(a, group_folder(a, g), day, true);
}

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
