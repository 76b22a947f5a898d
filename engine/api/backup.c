/*
 * POST /api/v1/backup begins a copy of the database on a thread of its own;
 * GET /api/v1/backup says how far it is.  One at a time.
 */
#include "backup.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "pavane/backup.h"
#include "pavane/log.h"
#include "pavane/thread.h"
#include "doors.h"
#include "front.h"
#include "reply.h"

#define NAME_MAX_LEN 100

struct backup {
    pthread_mutex_t lock; /* of what follows */
    bool begun, running, ending, joined;
    char path[4096];
    int64_t copied, pages, began_ms, ended_ms;
    enum pav_rc rc;
    struct pav_err err;
    pthread_t thread;
    struct pav_api *api;
};

void
backup_init(struct pav_api *api)
{
    api->backup = pav_xcalloc(1, sizeof(*api->backup));
    api->backup->api = api;
    api->backup->joined = true;
    pthread_mutex_init(&api->backup->lock, NULL);
}

static bool
go_on(void *arg, int64_t copied, int64_t pages)
{
    struct backup *b = arg;
    bool more;

    pthread_mutex_lock(&b->lock);
    b->copied = copied;
    b->pages = pages;
    more = !b->ending;
    pthread_mutex_unlock(&b->lock);
    return more;
}

static void *
run(void *arg)
{
    struct backup *b = arg;
    struct pav_err err = {0};
    enum pav_rc rc;

    pav_thread_is("backup");
    rc =
        pav_store_backup(pav_api_settings(b->api)->db, b->path, go_on, b, &err);

    if (rc == PAV_OK)
        pav_log(PAV_LOG_INFO, NULL, "backup: %s", b->path);
    else
        pav_log(PAV_LOG_ERROR, NULL, "backup: %s: %s", err.at, err.message);
    pthread_mutex_lock(&b->lock);
    b->rc = rc;
    b->err = err;
    b->running = false;
    b->ended_ms = pav_api_now_ms(b->api);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static bool
is_name(const char *name)
{
    return *name != '\0' && *name != '.' && strlen(name) <= NAME_MAX_LEN &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == strlen(name);
}

/* In the folder of backups, which is made when it is not there. */
static bool
place(struct backup *b, const char *name)
{
    const char *folder = pav_api_settings(b->api)->backups;
    char made[64];
    time_t now = (time_t)(b->began_ms / 1000);
    struct tm tm;

    if (*name == '\0') {
        gmtime_r(&now, &tm);
        strftime(made, sizeof(made), "pavane-%Y%m%dT%H%M%SZ.db", &tm);
        name = made;
    }
    (void)mkdir(folder, 0700);
    return snprintf(b->path, sizeof(b->path), "%s/%s", folder, name) <
           (int)sizeof(b->path);
}

static void
put_state(struct backup *b, struct pav_buf *out)
{
    pav_buf_puts(out, "{\"running\":");
    pav_buf_puts(out, b->running ? "true" : "false");
    pav_buf_printf(out, ",\"pages\":%lld,\"copied\":%lld", (long long)b->pages,
                   (long long)b->copied);
    if (!b->begun) {
        pav_buf_puts(out, "}\n");
        return;
    }
    pav_buf_puts(out, ",\"path\":");
    pav_buf_jsons(out, b->path);
    pav_buf_printf(out, ",\"began\":%lld", (long long)b->began_ms);
    if (!b->running) {
        pav_buf_printf(out,
                       ",\"ended\":%lld,\"error\":", (long long)b->ended_ms);
        if (b->rc == PAV_OK)
            pav_buf_puts(out, "null");
        else
            pav_buf_jsons(out, b->err.message);
    }
    pav_buf_puts(out, "}\n");
}

static void
answer(struct pav_api *api, struct pav_ref ref, int status)
{
    struct backup *b = api->backup;
    struct pav_buf out;

    pav_buf_init(&out, 1 << 16);
    pthread_mutex_lock(&b->lock);
    put_state(b, &out);
    pthread_mutex_unlock(&b->lock);
    api_reply(api, ref, status, "application/json", out.p, out.len);
    pav_buf_fini(&out);
}

void
backup_get(struct pav_api *api, const struct pav_request *req,
           struct pav_ref ref)
{
    (void)req;
    answer(api, ref, 200);
}

static void
end_last(struct backup *b)
{
    if (!b->joined)
        pthread_join(b->thread, NULL);
    b->joined = true;
}

void
backup_post(struct pav_api *api, const struct pav_request *req,
            struct pav_ref ref)
{
    struct backup *b = api->backup;
    char name[NAME_MAX_LEN + 2];
    bool running;

    pthread_mutex_lock(&b->lock);
    running = b->running;
    pthread_mutex_unlock(&b->lock);
    if (running) {
        api_error(api, ref, 409, "busy", b->path,
                  "a backup runs already; GET /api/v1/backup says how far it "
                  "is");
        return;
    }
    if (req->body_len > NAME_MAX_LEN) {
        api_error(api, ref, 400, "invalid", "",
                  "the body is the name of the copy, or empty");
        return;
    }
    memcpy(name, req->body_len == 0 ? "" : req->body, req->body_len);
    name[req->body_len] = '\0';
    if (*name != '\0' && !is_name(name)) {
        api_error(api, ref, 400, "invalid", "",
                  "a name has letters, digits, '.', '_' and '-', and does not "
                  "begin with a dot");
        return;
    }
    end_last(b);
    b->begun = b->running = true;
    b->rc = PAV_OK;
    b->copied = b->pages = 0;
    b->began_ms = pav_api_now_ms(api);
    if (!place(b, name) || pthread_create(&b->thread, NULL, run, b) != 0) {
        b->running = false;
        api_error(api, ref, 500, "io", b->path, "the copy cannot be begun");
        return;
    }
    b->joined = false;
    answer(api, ref, 202);
}

void
backup_stop(struct pav_api *api)
{
    struct backup *b = api->backup;

    pthread_mutex_lock(&b->lock);
    b->ending = true;
    pthread_mutex_unlock(&b->lock);
    end_last(b);
}

void
backup_free(struct pav_api *api)
{
    if (api->backup == NULL)
        return;
    backup_stop(api);
    pthread_mutex_destroy(&api->backup->lock);
    free(api->backup);
}
