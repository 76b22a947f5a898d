/* Whole files: see pavane/file.h. */
#include "pavane/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/mem.h"

static enum pav_rc
fail_errno(struct pav_err *err, const char *path, const char *what)
{
    enum pav_rc rc = errno == ENOENT ? PAV_MISSING : PAV_IO;

    return pav_fail(err, rc, path, "cannot %s: %s", what, strerror(errno));
}

enum pav_rc
pav_file_read(const char *path, size_t max, char **text, size_t *len,
              struct pav_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO waits */
    struct stat st;
    char *p = NULL;
    size_t got = 0;
    enum pav_rc rc = PAV_OK;

    if (fd < 0)
        return fail_errno(err, path, "open");
    if (fstat(fd, &st) != 0) {
        rc = fail_errno(err, path, "read");
        goto out;
    }
    if (!S_ISREG(st.st_mode) || (size_t)st.st_size > max) {
        rc = pav_fail(err, PAV_LIMIT, path,
                      "not a plain file of at most %zu bytes", max);
        goto out;
    }
    p = pav_xmalloc((size_t)st.st_size + 1);
    while (got < (size_t)st.st_size) {
        ssize_t n = read(fd, p + got, (size_t)st.st_size - got);

        if (n < 0) {
            rc = fail_errno(err, path, "read");
            goto out;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    p[got] = '\0';
    *text = p;
    *len = got;
    p = NULL;
out:
    free(p);
    close(fd);
    return rc;
}

enum pav_rc
pav_file_write(const char *path, const void *p, size_t len, struct pav_err *err)
{
    char *beside = pav_xmalloc(strlen(path) + 8);
    enum pav_rc rc = PAV_OK;
    FILE *f;

    sprintf(beside, "%s.new", path);
    f = fopen(beside, "we");
    if (f == NULL) {
        rc = fail_errno(err, beside, "create");
        goto out;
    }
    if (fwrite(p, 1, len, f) != len || fflush(f) != 0) {
        rc = fail_errno(err, beside, "write");
        fclose(f);
        unlink(beside);
        goto out;
    }
    fclose(f);
    if (rename(beside, path) != 0)
        rc = fail_errno(err, path, "replace");
out:
    free(beside);
    return rc;
}

/* Does the path, links followed, lead to the folder or below? */
static bool
is_below(const char *path, const char *root)
{
    char real[PATH_MAX], top[PATH_MAX];
    size_t len;

    if (realpath(root, top) == NULL || realpath(path, real) == NULL)
        return false;
    len = strlen(top);
    return strncmp(real, top, len) == 0 &&
           (real[len] == '\0' || real[len] == '/');
}

bool
pav_file_folders(const char *root, char *path)
{
    char *p, *below = path + strlen(root);

    for (p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        bool fine;

        *p = '\0';
        fine = (mkdir(path, 0777) == 0 || errno == EEXIST) &&
               (p < below || is_below(path, root));
        *p = '/';
        if (!fine)
            return false;
    }
    return true;
}
