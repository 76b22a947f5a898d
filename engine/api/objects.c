/*
 * Objects of map runs: read, listed and written on a thread of their own; what
 * was read, or that it was written, goes to the engine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/file.h"
#include "pavane/map_run.h"
#include "handed_out.h"
#include "object_files.h"
#include "query_job.h"
#include "front.h"

static void
refuse(struct pav_object_job *reply, const char *why)
{
    reply->failure = true;
    reply->cause = pav_arena_strdup(&reply->job.arena, why);
}

/* ---- reading ---- */

/* Into the job's objects; false after refuse(). */
static bool
read_one(struct pav_api *api, struct pav_object_job *reply, const char *bucket,
         const char *key)
{
    struct pav_map_part *part;
    const char *why = NULL;
    const char *path = object_path(api, &reply->job.arena, bucket, key, &why);
    struct pav_err err;
    char *text;
    size_t len;

    if (path == NULL || access(path, R_OK) != 0) {
        refuse(reply, path == NULL ? why : "The specified key does not exist.");
        return false;
    }
    if (!object_is_inside(api, path)) {
        refuse(reply, "The key leads out of its bucket.");
        return false;
    }
    if (pav_file_read(path, OBJECT_MAX, &text, &len, &err) != PAV_OK) {
        refuse(reply, err.message);
        return false;
    }
    reply->objects = pav_arena_append(&reply->job.arena, reply->objects,
                                      reply->object_count, sizeof(*part));
    part = &reply->objects[reply->object_count++];
    part->source =
        pav_arena_printf(&reply->job.arena, "S3://%s/%s", bucket, key);
    part->text.p = pav_arena_strndup(&reply->job.arena, text, len);
    part->text.len = len;
    free(text);
    return true;
}

/* ---- listing ---- */

struct listing {
    struct pav_arena *a;
    struct pav_items items;
};

static void
add_object(void *arg, const char *key, const struct stat *st)
{
    struct listing *l = arg;
    struct pav_members m;
    char etag[40];

    if (l->items.count >= PAV_MAP_ITEMS_MAX)
        return;
    snprintf(etag, sizeof(etag), "\"%llx-%llx\"",
             (unsigned long long)st->st_size, (unsigned long long)st->st_mtime);
    pav_members_init(&m, l->a);
    pav_members_str(&m, "Etag", pav_arena_strdup(l->a, etag));
    pav_members_str(&m, "Key", pav_arena_strdup(l->a, key));
    pav_members_int(&m, "LastModified", st->st_mtime);
    pav_members_int(&m, "Size", st->st_size);
    pav_members_str(&m, "StorageClass", "STANDARD");
    pav_items_add(&l->items, pav_members_object(&m));
}

static void
list_objects(struct pav_api *api, const struct pav_read_job *job,
             struct pav_object_job *reply)
{
    const char *why = NULL;
    const char *path =
        object_path(api, &reply->job.arena, job->bucket, "", &why);
    struct listing l = {.a = &reply->job.arena};
    const struct pav_doc *list;
    size_t bytes = 0;
    uint32_t i;

    if (path == NULL || access(path, R_OK) != 0 ||
        !object_is_inside(api, path)) {
        refuse(reply,
               path == NULL ? why : "The specified bucket does not exist.");
        return;
    }
    pav_items_init(&l.items, l.a);
    objects_each(l.a, path, job->key, add_object, &l);
    list = pav_items_array(&l.items);
    if (!job->flatten) {
        reply->listed = list;
        reply->source = pav_arena_printf(l.a, "S3://%s", job->bucket);
        return;
    }
    for (i = 0; i < list->len; i++) {
        if (!read_one(api, reply, job->bucket,
                      pav_doc_member_str(l.a, &list->items[i], "Key")))
            return;
        bytes += reply->objects[i].text.len;
        if (bytes > OBJECT_MAX) {
            refuse(reply, "The listed objects have more than 64 MiB together.");
            return;
        }
    }
}

/* ---- writing ---- */

static void
put_files(const struct pav_write_job *job, struct pav_members *m,
          const char *kind)
{
    struct pav_items items;
    uint32_t i;

    pav_items_init(&items, m->arena);
    for (i = 0; i < job->file_count; i++) {
        struct pav_members f;

        if (strcmp(job->files[i].status, kind) != 0)
            continue;
        pav_members_init(&f, m->arena);
        pav_members_str(&f, "Key",
                        pav_arena_printf(m->arena, "%s/%s", job->prefix,
                                         job->files[i].name));
        pav_members_int(&f, "Size", (int64_t)job->files[i].body.len);
        pav_items_add(&items, pav_members_object(&f));
    }
    pav_members_puts(m, kind, pav_items_array(&items));
}

static struct pav_bytes
manifest(struct pav_arena *a, const struct pav_write_job *job)
{
    struct pav_members m, files;
    struct pav_bytes out;

    pav_members_init(&files, a);
    put_files(job, &files, "FAILED");
    put_files(job, &files, "PENDING");
    put_files(job, &files, "SUCCEEDED");
    pav_members_init(&m, a);
    pav_members_str(&m, "DestinationBucket", job->bucket);
    pav_members_str(&m, "MapRunArn", job->run_arn);
    pav_members_puts(&m, "ResultFiles", pav_members_object(&files));
    out.p = pav_doc_text(a, pav_members_object(&m));
    out.len = strlen(out.p);
    return out;
}

/* The manifest comes last: who sees it finds the files. */
static void
write_objects(struct pav_api *api, const struct pav_write_job *job,
              struct pav_object_job *reply)
{
    struct pav_arena *a = &reply->job.arena;
    const char *why = job->refusal, *path;
    bool fine = why == NULL;
    uint32_t i;

    for (i = 0; fine && i <= job->file_count; i++) {
        bool last = i == job->file_count;

        path = object_path(
            api, a, job->bucket,
            pav_arena_printf(a, "%s/%s", job->prefix,
                             last ? "manifest.json" : job->files[i].name),
            &why);
        fine = path != NULL &&
               object_write(api, a, path,
                            last ? manifest(a, job) : job->files[i].body);
    }
    if (!fine)
        refuse(reply, why != NULL ? why : "The results cannot be written.");
}

/* ---- the question ---- */

static void
do_object(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_job *job = qu->job;
    struct pav_object_job *reply = pav_job_new(&pav_object_kind);

    if (job->kind == &pav_write_kind) {
        reply->run_id = ((struct pav_write_job *)job)->run_id;
        reply->written = true;
        write_objects(qu->api, (struct pav_write_job *)job, reply);
    } else {
        struct pav_read_job *read = (struct pav_read_job *)job;

        reply->run_id = read->run_id;
        if (read->lists)
            list_objects(qu->api, read, reply);
        else
            (void)read_one(qu->api, reply, read->bucket, read->key);
        pav_map_run_inputs(read, reply);
    }
    pav_job_free(job);
    qu->job = &reply->job; /* the front thread hands it on */
}

/* On the front thread; the job changes hands. */
void
objects_take(struct pav_api *api, struct pav_job *job)
{
    struct query_job *qu = query_job_alone(api, do_object);

    qu->job = job;
    qu->on = query_job_replies;
    if (pav_queue_push(api->objects, &qu->node))
        return;
    qu->job = NULL; /* later: objects_tick() */
    query_job_free(qu);
    job->node.next = (struct pav_node *)api->unasked;
    api->unasked = job;
}

void
objects_tick(struct pav_api *api)
{
    struct pav_job *j = api->unasked, *next;

    api->unasked = NULL;
    for (; j != NULL; j = next) {
        next = pav_job_next(j);
        objects_take(api, j);
    }
}
