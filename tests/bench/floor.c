/*
 * The floor: what this machine gives to a program that does the least.
 *
 *   bench_floor --db FILE
 *
 * It receives POST /events with Pavane's own server, keeps each event, counts
 * it on its order's row, commits what came meanwhile as one transaction
 * (synchronous=FULL) and answers then.  No rules, no machine, no history, no
 * check for duplicates, no JSON: an order's id is looked for as text.  Prints
 * "listening on http://..." like the daemon.
 */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/mem.h"

#define CHECKPOINT_PAGES 4000
#define MARK             "\"orderId\":\""

struct work {
    struct pav_node node;
    struct pav_ref ref;
    size_t len;
    char body[];
};

static struct pav_http *http;
static struct pav_queue *queue;
static sqlite3 *db;
static int log_pages;

static void
sql(const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "bench_floor: %s: %s\n", text, why);
        exit(3);
    }
}

static sqlite3_stmt *
prepare(const char *text)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK) {
        fprintf(stderr, "bench_floor: %s\n", sqlite3_errmsg(db));
        exit(3);
    }
    return st;
}

static int
on_log(void *arg, sqlite3 *of, const char *name, int pages)
{
    (void)arg;
    (void)of;
    (void)name;
    log_pages = pages;
    return SQLITE_OK;
}

static void
run(sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        fprintf(stderr, "bench_floor: %s\n", sqlite3_errmsg(db));
        exit(3);
    }
    sqlite3_reset(st);
}

/* Each order's id that is in the body stands for one event. */
static void
keep(const struct work *w, sqlite3_stmt *event, sqlite3_stmt *order)
{
    const char *from = w->body, *end = w->body + w->len, *id;

    while ((id = memmem(from, (size_t)(end - from), MARK, strlen(MARK))) !=
           NULL) {
        const char *next, *stop;

        id += strlen(MARK);
        stop = memchr(id, '"', (size_t)(end - id));
        if (stop == NULL)
            return;
        next = memmem(stop, (size_t)(end - stop), "},{", 3);
        if (next == NULL)
            next = end;
        sqlite3_bind_blob(event, 1, from, (int)(next - from), SQLITE_STATIC);
        run(event);
        sqlite3_bind_text(order, 1, id, (int)(stop - id), SQLITE_STATIC);
        run(order);
        from = next;
    }
}

static void *
writer(void *arg)
{
    sqlite3_stmt *event = prepare("INSERT INTO event(body) VALUES(?1)");
    sqlite3_stmt *order =
        prepare("INSERT INTO orders(id,events,at) VALUES(?1,1,0) ON "
                "CONFLICT(id) DO UPDATE SET events=events+1");
    struct pav_node *first, *n;

    (void)arg;
    while ((first = pav_queue_take(queue, 512, -1)) != NULL) {
        sql("BEGIN IMMEDIATE");
        for (n = first; n != NULL; n = n->next)
            keep((struct work *)n, event, order);
        sql("COMMIT");
        pav_http_post(http, first);
        if (log_pages >= CHECKPOINT_PAGES)
            sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                      NULL);
    }
    sqlite3_finalize(event);
    sqlite3_finalize(order);
    return NULL;
}

static void
handle(void *arg, const struct pav_request *req, struct pav_ref ref)
{
    struct work *w = pav_xmalloc(sizeof(*w) + req->body_len);

    (void)arg;
    w->ref = ref;
    w->len = req->body_len;
    memcpy(w->body, req->body, req->body_len);
    if (!pav_queue_push(queue, &w->node))
        free(w);
}

static size_t
body_max(void *arg, enum pav_method m, const char *path)
{
    (void)arg;
    (void)path;
    return m == PAV_POST ? 1 << 20 : 0;
}

static void
message(void *arg, struct pav_node *node)
{
    struct work *w = (struct work *)node;
    struct pav_reply r = {.status = 200,
                          .type = "application/json",
                          .body = "{\"results\":[]}\n",
                          .len = 15};

    (void)arg;
    pav_http_reply(http, w->ref, &r);
    free(w);
}

static void
on_signal(int sig)
{
    (void)sig;
    pav_http_end(http);
}

int
main(int argc, char **argv)
{
    struct pav_http_config config = {.address = "127.0.0.1",
                                     .max_connections = 8192,
                                     .max_per_address = 8192,
                                     .handle = handle,
                                     .body_max = body_max,
                                     .message = message};
    struct pav_err err;
    pthread_t thread;

    if (argc != 3 || strcmp(argv[1], "--db") != 0) {
        fputs("usage: bench_floor --db FILE\n", stderr);
        return 2;
    }
    if (sqlite3_open(argv[2], &db) != SQLITE_OK ||
        pav_http_new(&config, &http, &err) != PAV_OK)
        return 3;
    sql("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
        "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
        "CREATE TABLE event(id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
        "CREATE TABLE orders(id TEXT PRIMARY KEY, events INTEGER NOT NULL,"
        " at INTEGER NOT NULL) STRICT, WITHOUT ROWID;");
    sqlite3_wal_hook(db, on_log, NULL);
    queue = pav_queue_new(65536, false);
    signal(SIGTERM, on_signal);
    if (pthread_create(&thread, NULL, writer, NULL) != 0)
        return 3;
    printf("listening on http://127.0.0.1:%d\n", pav_http_port(http));
    fflush(stdout);
    pav_http_run(http);
    pav_queue_close(queue);
    pthread_join(thread, NULL);
    pav_http_free(http);
    pav_queue_free(queue);
    sqlite3_close(db);
    return 0;
}
