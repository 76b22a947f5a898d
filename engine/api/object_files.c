/* Objects as files: see object_files.h. */
#include "object_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/file.h"

#define DEPTH_MAX 16

const char *
object_path(struct pav_api *api, struct pav_arena *a, const char *bucket,
            const char *key, const char **why)
{
    const char *p;

    if (pav_api_settings(api)->data == NULL) {
        *why = "There is no folder of objects: --data names one.";
        return NULL;
    }
    if (*bucket == '\0' || strchr(bucket, '/') != NULL || *bucket == '.' ||
        *key == '/' || strlen(bucket) + strlen(key) > PATH_MAX / 2) {
        *why = "The bucket or key is not valid.";
        return NULL;
    }
    for (p = key; p != NULL; p = strchr(p, '/')) {
        p += *p == '/';
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0')) {
            *why = "The key leads out of its bucket.";
            return NULL;
        }
    }
    return pav_arena_printf(a, "%s/%s%s%s", pav_api_settings(api)->data, bucket,
                            *key == '\0' ? "" : "/", key);
}

bool
object_is_inside(struct pav_api *api, const char *path)
{
    char root[PATH_MAX], real[PATH_MAX];
    size_t len;

    if (realpath(pav_api_settings(api)->data, root) == NULL ||
        realpath(path, real) == NULL)
        return false;
    len = strlen(root);
    return strncmp(real, root, len) == 0 && real[len] == '/';
}

struct walk {
    struct pav_arena *a;
    const char *prefix;
    void (*take)(void *arg, const char *key, const struct stat *st);
    void *arg;
};

static void
walk(struct walk *w, const char *dir, const char *key, int depth)
{
    struct dirent **names;
    int i, n = depth > DEPTH_MAX ? -1 : scandir(dir, &names, NULL, alphasort);

    for (i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        const char *path = pav_arena_printf(w->a, "%s/%s", dir, name);
        const char *below = pav_arena_printf(w->a, "%s%s%s", key,
                                             *key == '\0' ? "" : "/", name);
        struct stat st;

        if (*name != '.' && lstat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                walk(w, path, below, depth + 1);
            else if (S_ISREG(st.st_mode) &&
                     strncmp(below, w->prefix, strlen(w->prefix)) == 0)
                w->take(w->arg, below, &st);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

void
objects_each(struct pav_arena *a, const char *bucket_path, const char *prefix,
             void (*take)(void *arg, const char *key, const struct stat *st),
             void *arg)
{
    struct walk w = {.a = a, .prefix = prefix, .take = take, .arg = arg};

    walk(&w, bucket_path, "", 0);
}

bool
object_write(struct pav_api *api, struct pav_arena *a, const char *path,
             struct pav_bytes body)
{
    char *copy = pav_arena_strdup(a, path);
    const char *temporary = pav_arena_printf(a, "%s.part", path);
    struct stat st;
    FILE *f;
    bool fine;
    int fd;

    if (!pav_file_folders(pav_api_settings(api)->data, copy))
        return false;
    *strrchr(copy, '/') = '\0';
    if (!object_is_inside(api, copy))
        return false;
    fd =
        open(temporary,
             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW,
             0600);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        (f = fdopen(fd, "w")) == NULL) {
        close(fd);
        return false;
    }
    fine = fwrite(body.p, 1, body.len, f) == body.len && fflush(f) == 0 &&
           fsync(fileno(f)) == 0;
    fine &= fclose(f) == 0;
    return fine && rename(temporary, path) == 0;
}
