/*
 * S3's actions of tasks on the folder of objects: getObject, headObject,
 * putObject, deleteObject, listObjectsV2.  Shapes, errors and texts are the
 * SDK's.  What a bucket of "buckets" with {"events": true} gets or loses is an
 * event on the default bus, as S3 sends them.
 */
#include "s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/digest.h"
#include "pavane/envelope.h"
#include "pavane/file.h"
#include "pavane/log.h"
#include "pavane/services.h"
#include "pavane/text.h"
#include "object_files.h"
#include "query_job.h"
#include "front.h"

#define KEYS_MAX 1000

/* On its way through the objects' thread; lives in the reply. */
struct s3 {
    struct pav_api *api;
    struct pav_reply_job *reply;
    struct pav_arena *a; /* the reply's */
    const struct pav_doc *with;
    const char *method, *key; /* key: for idempotency */
    const char *bucket, *object;
    int64_t now_ms;
    bool notifies;      /* the bucket's events are asked for */
    const char *reason; /* "PutObject"; NULL: nothing was changed */
    const char *etag;
    size_t size;
};

/* ---- answers ---- */

static void
fail(struct s3 *s, const char *error, int status, const char *text)
{
    char id[37];

    pav_uuid4(id);
    s->reply->failure = true;
    s->reply->error = pav_arena_printf(s->a, "S3.%s", error);
    s->reply->cause = pav_arena_printf(
        s->a, "%s (Service: S3, Status Code: %d, Request ID: %s)", text, status,
        id);
}

static void
no_such_key(struct s3 *s)
{
    fail(s, "NoSuchKeyException", 404, "The specified key does not exist.");
}

/* NULL after a failure. */
static const char *
path_of(struct s3 *s, bool must_be_there)
{
    const char *why = NULL;
    const char *path = object_path(s->api, s->a, s->bucket, s->object, &why);

    if (path == NULL)
        fail(s, "S3Exception", 400, why);
    else if (must_be_there && access(path, R_OK) != 0)
        no_such_key(s);
    else if (must_be_there && !object_is_inside(s->api, path))
        fail(s, "S3Exception", 403, "The key leads out of its bucket.");
    else
        return path;
    return NULL;
}

static const char *
etag_of(struct s3 *s, const char *text, size_t len)
{
    char md5[PAV_DIGEST_HEX];

    if (!pav_digest_hex("MD5", text, len, md5))
        return "\"\"";
    return pav_arena_printf(s->a, "\"%s\"", md5);
}

static void
put_time(struct s3 *s, struct pav_members *m, const char *key, time_t at)
{
    char when[PAV_TIME_LEN];

    pav_time_format((int64_t)at * 1000, when);
    pav_members_str(m, key, pav_arena_strdup(s->a, when));
}

/* ---- actions ---- */

static void
get_object(struct s3 *s)
{
    const char *path = path_of(s, true), *body;
    struct pav_members m;
    struct pav_err err;
    struct stat st;
    char *text;
    size_t len;

    if (path == NULL)
        return;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        no_such_key(s);
        return;
    }
    if (pav_file_read(path, OBJECT_MAX, &text, &len, &err) != PAV_OK) {
        fail(s, "S3Exception", 500, err.message);
        return;
    }
    body = pav_arena_strndup(s->a, text, len);
    free(text);
    pav_members_init(&m, s->a);
    if (strcmp(s->method, "getObject") == 0)
        pav_members_puts(&m, "Body", pav_doc_new_str(s->a, body, len));
    pav_members_int(&m, "ContentLength", (int64_t)len);
    pav_members_str(&m, "ETag", etag_of(s, body, len));
    put_time(s, &m, "LastModified", st.st_mtime);
    s->reply->output = pav_members_object(&m);
}

static void
put_object(struct s3 *s)
{
    const struct pav_doc *d = pav_doc_get(s->with, "Body");
    const char *path = path_of(s, false);
    struct pav_bytes body = {"", 0};
    struct pav_members m;

    if (path == NULL)
        return;
    if (*s->object == '\0') {
        fail(s, "S3Exception", 400, "The key is empty.");
        return;
    }
    if (d != NULL && d->kind == PAV_STRING) {
        body.p = pav_doc_str(s->a, d);
        body.len = d->len;
    } else if (d != NULL) {
        body.p = pav_doc_text(s->a, d);
        body.len = strlen(body.p);
    }
    if (!object_write(s->api, s->a, path, body)) {
        fail(s, "S3Exception", 500, "The object cannot be written.");
        return;
    }
    s->reason = "PutObject";
    s->etag = etag_of(s, body.p, body.len);
    s->size = body.len;
    pav_members_init(&m, s->a);
    pav_members_str(&m, "ETag", s->etag);
    s->reply->output = pav_members_object(&m);
}

static void
delete_object(struct s3 *s)
{
    const char *path = path_of(s, false);

    if (path == NULL)
        return;
    if (*s->object != '\0' && object_is_inside(s->api, path) &&
        unlink(path) == 0)
        s->reason = "DeleteObject";
    s->reply->output = &pav_doc_empty_object; /* gone already: fine */
}

struct keys {
    struct s3 *s;
    struct pav_items items;
    const char *after, *last;
    int64_t max;
    bool more;
};

static void
take_key(void *arg, const char *key, const struct stat *st)
{
    struct keys *k = arg;
    struct pav_members m;

    if (strcmp(key, k->after) <= 0)
        return;
    if ((int64_t)k->items.count >= k->max) {
        k->more = true;
        return;
    }
    pav_members_init(&m, k->s->a);
    pav_members_str(&m, "Key", pav_arena_strdup(k->s->a, key));
    put_time(k->s, &m, "LastModified", st->st_mtime);
    pav_members_int(&m, "Size", st->st_size);
    pav_members_str(&m, "StorageClass", "STANDARD");
    pav_items_add(&k->items, pav_members_object(&m));
    k->last =
        pav_doc_member_str(k->s->a, &k->items.v[k->items.count - 1], "Key");
}

static const char *
text_of(struct s3 *s, const char *key)
{
    const char *text = pav_doc_member_str(s->a, s->with, key);

    return text == NULL ? "" : text;
}

static void
list_objects(struct s3 *s)
{
    struct keys k = {.s = s, .max = KEYS_MAX};
    const char *path, *prefix = text_of(s, "Prefix");
    struct pav_members m;

    s->object = "";
    path = path_of(s, true);
    if (path == NULL) {
        fail(s, "NoSuchBucketException", 404,
             "The specified bucket does not exist");
        return;
    }
    k.after = text_of(s, *text_of(s, "ContinuationToken") == '\0'
                             ? "StartAfter"
                             : "ContinuationToken");
    if (pav_doc_member_int(s->with, "MaxKeys") > 0 &&
        pav_doc_member_int(s->with, "MaxKeys") < KEYS_MAX)
        k.max = pav_doc_member_int(s->with, "MaxKeys");
    pav_items_init(&k.items, s->a);
    objects_each(s->a, path, prefix, take_key, &k);
    pav_members_init(&m, s->a);
    pav_members_puts(&m, "Contents", pav_items_array(&k.items));
    pav_members_puts(&m, "IsTruncated", pav_doc_new_bool(k.more));
    pav_members_int(&m, "KeyCount", k.items.count);
    pav_members_int(&m, "MaxKeys", k.max);
    pav_members_str(&m, "Name", s->bucket);
    pav_members_str(&m, "Prefix", prefix);
    if (k.more)
        pav_members_str(&m, "NextContinuationToken", k.last);
    s->reply->output = pav_members_object(&m);
}

static const struct {
    const char *method;
    void (*run)(struct s3 *s);
} actions[] = {{"getObject", get_object},
               {"headObject", get_object},
               {"putObject", put_object},
               {"deleteObject", delete_object},
               {"listObjectsV2", list_objects}};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* ---- events ---- */

static const struct pav_doc *
event_of(struct s3 *s, struct pav_arena *a)
{
    bool made = strcmp(s->reason, "PutObject") == 0;
    struct pav_members m, detail, bucket, object;
    struct pav_items resources;

    pav_members_init(&bucket, a);
    pav_members_str(&bucket, "name", s->bucket);
    pav_members_init(&object, a);
    pav_members_str(&object, "key", s->object);
    if (made) {
        pav_members_int(&object, "size", (int64_t)s->size);
        pav_members_str(&object, "etag",
                        pav_arena_strndup(a, s->etag + 1, strlen(s->etag) - 2));
    }
    pav_members_init(&detail, a);
    pav_members_str(&detail, "version", "0");
    pav_members_puts(&detail, "bucket", pav_members_object(&bucket));
    pav_members_puts(&detail, "object", pav_members_object(&object));
    pav_members_str(&detail, "request-id", s->key);
    pav_members_str(&detail, "requester", "pavane");
    pav_members_str(&detail, "reason", s->reason);
    pav_items_init(&resources, a);
    pav_items_add(
        &resources,
        pav_doc_new_cstr(a, pav_arena_printf(a, "arn:aws:s3:::%s", s->bucket)));
    pav_members_init(&m, a);
    pav_members_str(&m, "source", "aws.s3");
    /* The same call made again, behind a crash, is the same event. */
    pav_members_str(&m, "id", pav_arena_printf(a, "s3-%s", s->key));
    pav_members_str(&m, "detail-type",
                    made ? "Object Created" : "Object Deleted");
    pav_members_puts(&m, "resources", pav_items_array(&resources));
    pav_members_puts(&m, "detail", pav_members_object(&detail));
    return pav_members_object(&m);
}

static void
tell_bus(struct s3 *s)
{
    struct pav_events_job *j = pav_job_new(&pav_events_kind);
    struct pav_envelope_defaults defaults = {
        .region = pav_api_settings(s->api)->region,
        .account = pav_api_settings(s->api)->account,
        .now_ms = s->now_ms};
    const char *text = pav_doc_text(&j->job.arena, event_of(s, &j->job.arena));
    struct pav_err err;

    j->items = pav_arena_zalloc(&j->job.arena, sizeof(*j->items));
    j->item_count = 1;
    j->items[0].body = (struct pav_bytes){text, strlen(text)};
    if (pav_envelope_read_any(text, strlen(text), &defaults, &j->job.arena,
                              &j->items[0].event, &err) == PAV_OK) {
        reply_submit(s->api, &j->job);
        return;
    }
    pav_log(PAV_LOG_ERROR, NULL, "the event of an object in '%s': %s: %s",
            s->bucket, err.at, err.message);
    pav_job_free(&j->job);
}

/* ---- the question ---- */

static void
do_s3(struct pav_query *q)
{
    struct s3 *s = query_job_of(q)->job->owner;
    size_t i;

    s->now_ms = q->now_ms;
    for (i = 0; i < ACTIONS; i++)
        if (strcmp(actions[i].method, s->method) == 0)
            actions[i].run(s);
}

/* On the front thread: neither is lost when the engine's queue is full. */
static void
s3_replies(struct pav_api *api, struct query_job *qu)
{
    struct s3 *s = qu->job->owner;

    if (s->reason != NULL && s->notifies)
        tell_bus(s);
    query_job_replies(api, qu);
}

bool
s3_serves(const struct pav_api *api, const char *method)
{
    size_t i;

    for (i = 0; i < ACTIONS; i++)
        if (strcmp(actions[i].method, method) == 0)
            return pav_api_settings(api)->data != NULL;
    return false;
}

void
s3_take(struct pav_api *api, struct pav_reply_job *reply,
        const struct pav_doc *with, const char *method, const char *key)
{
    struct s3 *s = pav_arena_zalloc(&reply->job.arena, sizeof(*s));
    struct query_job *qu = query_job_alone(api, do_s3);
    const struct pav_doc *bucket;

    s->api = api;
    s->reply = reply;
    s->a = &reply->job.arena;
    s->with = with;
    s->method = method;
    s->key = key;
    s->bucket = text_of(s, "Bucket");
    s->object = text_of(s, "Key");
    bucket = pav_doc_get(pav_api_settings(api)->services->buckets, s->bucket);
    s->notifies = bucket != NULL && pav_doc_get(bucket, "events") != NULL &&
                  pav_doc_get(bucket, "events")->kind == PAV_TRUE;
    reply->job.owner = s;
    qu->job = &reply->job;
    qu->on = s3_replies;
    if (pav_queue_push(api->objects, &qu->node))
        return;
    qu->job = NULL;
    query_job_free(qu);
    fail(s, "SlowDownException", 503, "Please reduce your request rate.");
    reply_submit(api, &reply->job);
}
