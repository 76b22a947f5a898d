/*
 * The resources that programs speak to: POST /events, the Step Functions API
 * on POST /, /api/v1, health.  It sits on the front thread and knows the
 * engine and the query threads.
 */
#ifndef PAVANE_API_H
#define PAVANE_API_H

#include "pavane/access.h"
#include "pavane/engine.h"
#include "pavane/folder.h"
#include "pavane/http.h"
#include "pavane/query.h"
#include "pavane/services.h"

#define PAV_VERSION "0.1.0"

struct pav_api;
struct pav_fold_job;

/* What the access log has when nobody chooses. */
#define ACCESS_FIELDS "time,id,method,path,status,ms,bytes"

struct pav_api_config {
    const char *db;       /* for the query threads */
    const char *machines; /* the folder, or NULL */
    const char *region, *account;
    struct pav_access access;
    const char *data;                       /* the folder of objects, or NULL */
    const char *backups;                    /* the folder of copies */
    const char *access_log, *access_fields; /* the former NULL: none */
    const struct pav_service_map *services; /* outlives the api */
    int query_threads;
    int64_t clock_offset_ms;
    const char *pages_at;      /* in alerts; NULL: where it listens */
    const char *stand_ins;     /* "ADDRESS:PORT", or NULL: outbound.h */
    struct pav_loss loss;      /* what the store had not any more */
    struct pav_engine *engine; /* set by pav_api_bind() */
    struct pav_http *http;
    /* GETs outside /api/v1: pages and their files. */
    pav_query_fn page;
    /* An answer as gzip's bytes, for who takes them; false: it stays. */
    bool (*pack)(struct pav_buf *b);
    /* Folds ended executions behind j->after into sums: fills j->rows, upto and
     * more; on a thread of its own.  NULL: nobody wants them. */
    void (*fold)(struct pav_query *q, struct pav_fold_job *j);
    /* What they keep on each query thread, as query->pages. */
    void *(*pages_new)(void);
    void (*pages_free)(void *pages);
};

/* From now on these are mapped; they outlive the api.  On the front's thread.
 * False: too much is waiting, and nothing has changed. */
bool pav_api_services(struct pav_api *api, struct pav_service_map *map);
/* SIGHUP: the access log's file is opened again. */
void pav_api_reopen(struct pav_api *api);
/* For the configuration of the HTTP server. */
void pav_api_answered(void *arg, const struct pav_request *req, int status,
                      size_t bytes, int64_t us);
/* The machines' folder is read again, changed or not. */
void pav_api_read_folder(struct pav_api *api);
/* As pav_folder_services() has it, of the last scan. */
uint64_t pav_api_services_stamp(const struct pav_api *api);

/* Other tokens from now on; borrowed, and those before as long as a request may
 * look at them.  On the front's thread. */
void pav_api_tokens(struct pav_api *api, const char *token,
                    const struct pav_external_account *externals);

/* Opens the readers.  Errors: PAV_IO. */
PAV_MUSTUSE enum pav_rc pav_api_new(const struct pav_api_config *config,
                                    struct pav_api **out, struct pav_err *err);
const struct pav_api_config *pav_api_settings(const struct pav_api *api);
/* The daemon's time: the clock with the offset of the configuration. */
int64_t pav_api_now_ms(const struct pav_api *api);
/*
 * The engine and the server are there: read the folder of machines a first
 * time and begin.  Errors: the folder cannot be read.
 */
PAV_MUSTUSE enum pav_rc pav_api_bind(struct pav_api *api, struct pav_engine *e,
                                     struct pav_http *h, struct pav_err *err);
/* End the query threads; the engine has stopped. */
void pav_api_stop(struct pav_api *api);
void pav_api_free(struct pav_api *api);

/* For the server's and the engine's configuration; `arg` is the api. */
void
pav_api_handle(void *arg, const struct pav_request *req, struct pav_ref ref);
int pav_api_admit(void *arg, const struct pav_request *req, const void **caller,
                  const char **why);
size_t pav_api_body_max(void *arg, enum pav_method m, const char *path);
void pav_api_message(void *arg, struct pav_node *node);
void pav_api_passed(void *arg);
void pav_api_tick(void *arg);
/* The daemon ends by a fault that was logged, not by a signal. */
bool pav_api_failed(const struct pav_api *api);
void pav_api_alarm(void *arg);
/* Of what the engine hands out. */
struct pav_sender *pav_api_sender(struct pav_api *api);
void pav_api_feed(void *arg, struct pav_feed *feed);

#endif
