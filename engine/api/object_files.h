/*
 * Objects as files: a folder stands for S3, the object BUCKET/KEY is the file
 * DATA/BUCKET/KEY.  Not on the front's thread.
 */
#ifndef PAVANE_API_OBJECT_FILES_H
#define PAVANE_API_OBJECT_FILES_H

#include <sys/stat.h>

#include "pavane/api.h"

#define OBJECT_MAX (64u << 20)

/* A path below the data folder; NULL with a reason: the key is none, or leads
 * out of its bucket by dots. */
const char *object_path(struct pav_api *api, struct pav_arena *a,
                        const char *bucket, const char *key, const char **why);
/* Links must not lead out of the data folder. */
bool object_is_inside(struct pav_api *api, const char *path);
/* Whole, with a sync, or not at all. */
bool object_write(struct pav_api *api, struct pav_arena *a, const char *path,
                  struct pav_bytes body);
/* Each object of the bucket whose key begins so, folder by folder in order. */
void
objects_each(struct pav_arena *a, const char *bucket_path, const char *prefix,
             void (*take)(void *arg, const char *key, const struct stat *st),
             void *arg);

#endif
