/* pavane serve: the daemon. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "pavane/api.h"
#include "pavane/file.h"
#include "pavane/folder.h"
#include "pavane/log.h"
#include "pavane/pages.h"
#include "pavane/text.h"
#include "pavane/thread.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"db", PAV_SET_TEXT, "FILE", "pavane.db", 0, 0,
     "the database; created when it is not there"},
    {"machines", PAV_SET_TEXT, "DIR", NULL, 0, 0,
     "the folder of machines; watched for changes"},
    {"listen", PAV_SET_TEXT, "ADDR:PORT", "127.0.0.1:8080", 0, 0,
     "where to listen; port 0 picks one"},
    {"hosts", PAV_SET_TEXT, "NAMES", NULL, 0, 0,
     "further Host names that are ours, by comma"},
    {"token-file", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "file with a token that every client must send; needed unless listening "
     "on loopback"},
    {"services", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "what tasks reach outside, and local tables: a JSON object"},
    {"data", PAV_SET_TEXT, "DIR", NULL, 0, 0,
     "the folder of objects that serves as S3"},
    {"history-max", PAV_SET_INT, "N", "25000", 100, 1000000,
     "history events of an execution at most; the service has 25,000"},
    {"event-depth", PAV_SET_INT, "N", "16", 1, 1000,
     "machines that may start each other through events; then the loop is cut"},
    {"start-rate", PAV_SET_INT, "N", "300", 0, 1000000,
     "executions that those of one machine may start a second; more wait; 0: "
     "no bound"},
    {"pages-url", PAV_SET_TEXT, "URL", NULL, 0, 0,
     "where people reach the dashboard, for links in alerts; by default where "
     "it listens"},
    {"region", PAV_SET_TEXT, "NAME", "us-east-1", 0, 0, "the region in ARNs"},
    {"account", PAV_SET_TEXT, "DIGITS", "000000000000", 0, 0,
     "the account in ARNs"},
    {"cache-mb", PAV_SET_INT, "N", "16", 1, 65536,
     "megabytes of the database that the engine keeps in memory"},
    {"backups", PAV_SET_TEXT, "DIR", NULL, 0, 0,
     "where 'pavane backup' writes; FILE-backups of --db by default"},
    {"retention-days", PAV_SET_INT, "N", "90", 0, 36500,
     "days after its end that an execution is kept, and events; 0: for ever"},
    {"hot-mb", PAV_SET_INT, "N", "8", 0, 65536,
     "megabytes for executions that moved lately; 0: none are kept"},
    {"query-threads", PAV_SET_INT, "N", "2", 1, 64,
     "threads that answer reads; one more answers those that take long"},
    {"max-connections", PAV_SET_INT, "N", "8192", 1, 100000,
     "connections at once; more are turned away with 503"},
    {"max-per-address", PAV_SET_INT, "N", NULL, 1, 100000,
     "connections at once from one address; 256 unless listening on "
     "loopback"},
    {"queue", PAV_SET_INT, "N", "65536", 16, 10000000,
     "requests that may wait for the engine; more get 503"},
    {"access-log", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "a line of JSON for each answer; SIGHUP opens it again"},
    {"access-fields", PAV_SET_TEXT, "NAMES", ACCESS_FIELDS, 0, 0,
     "what it has, by comma; also query, target and agent"},
    {"log-level", PAV_SET_TEXT, "LEVEL", "info", 0, 0,
     "debug, info, warn or error"},
    {"clock-offset-seconds", PAV_SET_INT, "N", "0", 0, 315360000,
     "added to the system's time, for trying out timers"},
    {"virtual-clock", PAV_SET_TEXT, "TIME", NULL, 0, 0,
     "for plays: time begins then, and only Pavane.MoveClock moves it"},
    {"stand-ins", PAV_SET_TEXT, "ADDR:PORT", NULL, 0, 0,
     "for plays: who answers in place of every host under .test"},
    {"settings", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "a JSON object with these settings"},
    SETTING_HELP,
};

/* ---- signals: a thread of their own waits for them ---- */

static atomic_bool hung_up, leaving;

static sigset_t
awaited_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* Of this thread and those that it starts: until somebody waits for them they
 * are kept. */
static void
keep_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set = awaited_signals();

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a write error says it as well */
}

static void *
await_signals(void *arg)
{
    struct pav_http *h = arg;
    sigset_t set = awaited_signals();
    int sig;

    pav_thread_is("signals");
    while (sigwait(&set, &sig) == 0 && !atomic_load(&leaving))
        if (sig == SIGHUP)
            atomic_store(&hung_up, true);
        else
            pav_http_end(h);
    return NULL;
}

static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum pav_rc
set_log_level(const char *name, struct pav_err *err)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    size_t i;

    for (i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            pav_log_level((enum pav_level)i);
            return PAV_OK;
        }
    }
    return pav_fail(err, PAV_INVALID, "--log-level",
                    "'%s' is none of debug, info, warn, error", name);
}

/* It is in every ARN. */
static enum pav_rc
check_pages_url(const char *url, struct pav_err *err)
{
    if (url == NULL || strncmp(url, "http://", 7) == 0 ||
        strncmp(url, "https://", 8) == 0)
        return PAV_OK;
    return pav_fail(err, PAV_INVALID, "--pages-url",
                    "'%s' begins with neither http:// nor https://", url);
}

static enum pav_rc
check_account(const char *account, struct pav_err *err)
{
    if (strlen(account) == 12 && strspn(account, "0123456789") == 12)
        return PAV_OK;
    return pav_fail(err, PAV_INVALID, "--account",
                    "'%s' is not an account id: 12 digits are expected",
                    account);
}

/* Objects and logs are below it. */
static enum pav_rc
check_data(const char *path, struct pav_err *err)
{
    struct stat st;

    if (path == NULL || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) ||
        mkdir(path, 0700) == 0)
        return PAV_OK;
    return pav_fail(err, PAV_IO, "--data",
                    "'%s' is no folder and cannot be made one (%s): name one "
                    "whose parent is there",
                    path, strerror(errno));
}

/* "127.0.0.1:8080", "[::1]:0" */
static enum pav_rc
split_listen(const char *text, char *address, size_t room, int *port,
             struct pav_err *err)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    int64_t n;

    if (colon == NULL || len == 0 || len >= room ||
        !pav_parse_int(colon + 1, strlen(colon + 1), &n) || n > 65535)
        return pav_fail(err, PAV_INVALID, "--listen", "'%s' is no ADDRESS:PORT",
                        text);
    if (*text == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    *port = (int)n;
    return PAV_OK;
}

static bool
is_loopback(const char *address)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(address, "::1") == 0 || strcmp(address, "localhost") == 0;
}

/* Loopback has one address: proxies and producers share it. */
static int
max_per_address(const struct pav_settings *s, const char *address)
{
    if (pav_settings_int(s, "max-per-address") > 0)
        return (int)pav_settings_int(s, "max-per-address");
    return is_loopback(address) ? (int)pav_settings_int(s, "max-connections")
                                : 256;
}

#define MAX_EXTERNALS 1000

static bool
is_account(const char *text, size_t len)
{
    return len == 12 && strspn(text, "0123456789") >= 12;
}

/* "111122223333,444455556666" or "*" */
static bool
are_accounts(const char *text)
{
    size_t len;

    if (strcmp(text, "*") == 0)
        return true;
    for (;; text += len + 1) {
        len = strcspn(text, ",");
        if (!is_account(text, len))
            return false;
        if (text[len] == '\0')
            return true;
    }
}

/* "TOKEN ACCOUNT [ACCOUNTS]", cut up. */
static bool
read_external(char *line, struct pav_external_account *g)
{
    char *account = strchr(line, ' '), *others;

    if (account == NULL || account - line < 16)
        return false;
    *account++ = '\0';
    others = strchr(account, ' ');
    if (others != NULL)
        *others++ = '\0';
    g->token = line;
    g->account = account;
    g->speaks_for = others;
    return is_account(account, strlen(account)) &&
           (others == NULL || are_accounts(others));
}

/* The text is cut up and stays the guests'. */
static enum pav_rc
read_externals(const char *path, char *text, struct pav_external_account **out,
               struct pav_err *err)
{
    struct pav_external_account *g = pav_xcalloc(MAX_EXTERNALS + 1, sizeof(*g));
    char *line, *save = NULL;
    uint32_t n = 0;

    *out = g;
    for (line = strtok_r(text, "\r\n", &save); line != NULL;
         line = strtok_r(NULL, "\r\n", &save))
        if (n == MAX_EXTERNALS || !read_external(line, &g[n++]))
            return pav_fail(err, PAV_INVALID, path,
                            "line %u must be TOKEN ACCOUNT: a token of 16 "
                            "characters or more, a space and 12 digits; then, "
                            "for one that forwards others' events, a space "
                            "and their accounts by comma, or *; at most %d "
                            "lines",
                            n + 1, MAX_EXTERNALS);
    return PAV_OK;
}

/* Who may listen where: loopback is open, anything else needs a token. */
static enum pav_rc
read_token(const struct pav_settings *s, const char *address, char **token,
           struct pav_external_account **externals, struct pav_err *err)
{
    const char *path = pav_settings_text(s, "token-file");
    struct stat st;
    char *rest;
    size_t len;
    enum pav_rc rc;

    if (path == NULL) {
        if (is_loopback(address))
            return PAV_OK;
        return pav_fail(err, PAV_DENIED, "--listen",
                        "'%s' is not loopback: --token-file is needed, so "
                        "that not everyone who reaches it may use it",
                        address);
    }
    if (stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return pav_fail(err, PAV_DENIED, path,
                        "others may write to this file of tokens: chmod go-w");
    rc = pav_file_read(path, 1 << 20, token, &len, err);
    if (rc != PAV_OK)
        return rc;
    rest = *token + strcspn(*token, "\n");
    rest += *rest == '\n';
    (*token)[strcspn(*token, "\r\n")] = '\0';
    if (strlen(*token) < 16)
        return pav_fail(err, PAV_INVALID, path,
                        "a token has 16 characters or more on the first line");
    return read_externals(path, rest, externals, err);
}

/* What SIGHUP replaced: requests in flight may still look at it. */
struct retired {
    struct retired *next;
    struct pav_settings *settings; /* NULL: those that main() has */
    struct pav_service_map *services;
    uint64_t services_stamp; /* of the systems' files */
    char *token;
    struct pav_external_account *externals;
};

struct daemon {
    const struct pav_settings *settings;
    struct retired *retired; /* and what is in force, but for the first */
    struct pav_store *store;
    struct pav_api *api;
    struct pav_http *http;
    struct pav_engine *engine;
    struct pav_service_map *services;
    char *token;
    struct pav_external_account *externals;
    char address[256];
    int port;
    uint64_t services_stamp; /* of the systems' files that are in force */
    int64_t watchdog_us;     /* 0: no supervisor wants signs of life */
    char backups[4096];      /* their folder, when no setting says it */
};

static void
retired_free(struct retired *r)
{
    pav_settings_free(r->settings);
    pav_service_map_free(r->services);
    free(r->token);
    free(r->externals);
    free(r);
}

static bool
same_text(const char *x, const char *y)
{
    return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* What the file says otherwise now, and only a start can follow. */
static void
tell_unchangeable(const struct pav_settings *now,
                  const struct pav_settings *fresh)
{
    static const char *const read_again[] = {"log-level", "services",
                                             "token-file"};
    size_t i, k;

    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *name = settings[i].name;

        for (k = 0; k < 3 && strcmp(name, read_again[k]) != 0; k++)
            continue;
        if (k == 3 && !same_text(pav_settings_text(now, name),
                                 pav_settings_text(fresh, name)))
            pav_log(PAV_LOG_WARN, NULL,
                    "SIGHUP: the setting '%s' has changed; it is read at the "
                    "start only",
                    name);
    }
}

/* The operator's file and those of systems; see pav_service_map_read(). */
static enum pav_rc
read_services(const struct pav_settings *s, struct pav_buf *skipped,
              struct pav_service_map **out, uint64_t *stamp,
              struct pav_err *err)
{
    const char **of_systems, **paths;
    struct pav_arena a;
    uint32_t count;
    enum pav_rc rc;

    pav_arena_init(&a, 4096);
    *stamp = pav_folder_services(pav_settings_text(s, "machines"), &a,
                                 &of_systems, &count);
    paths = pav_arena_alloc(&a, (count + 1) * sizeof(*paths));
    paths[0] = pav_settings_text(s, "services");
    if (count > 0)
        memcpy(paths + 1, of_systems, count * sizeof(*paths));
    rc = pav_service_map_read(paths, count + 1, skipped, out, err);
    if (rc == PAV_OK && pav_settings_text(s, "data") != NULL)
        pav_service_map_objects(*out);
    pav_arena_fini(&a);
    return rc;
}

/* At the start: what is wrong with one system stops no other. */
static enum pav_rc
read_first_services(struct daemon *d, const struct pav_settings *s,
                    struct pav_err *err)
{
    struct pav_buf skipped;
    enum pav_rc rc;

    pav_buf_init(&skipped, 1 << 20);
    rc = read_services(s, &skipped, &d->services, &d->services_stamp, err);
    if (skipped.len > 0)
        pav_log(PAV_LOG_ERROR, NULL, "left out, until it is mended: %.*s",
                (int)skipped.len - 1, skipped.p);
    pav_buf_fini(&skipped);
    return rc;
}

/* All of it is fine, or nothing is taken. */
static enum pav_rc
read_all(const struct daemon *d, struct retired *fresh, struct pav_err *err)
{
    enum pav_rc rc = pav_settings_again(d->settings, &fresh->settings, err);

    if (rc == PAV_OK)
        rc = read_token(fresh->settings, d->address, &fresh->token,
                        &fresh->externals, err);
    if (rc == PAV_OK)
        rc = read_services(fresh->settings, NULL, &fresh->services,
                           &fresh->services_stamp, err);
    if (rc == PAV_OK)
        rc =
            set_log_level(pav_settings_text(fresh->settings, "log-level"), err);
    return rc;
}

/* SIGHUP: settings, services and tokens are read again; a fault leaves what
 * was good.  What is replaced stays in memory until the end. */
static void
read_again(struct daemon *d)
{
    struct retired *fresh = pav_xcalloc(1, sizeof(*fresh));
    struct pav_err err;
    enum pav_rc rc = read_all(d, fresh, &err);

    if (rc == PAV_OK && !pav_api_services(d->api, fresh->services))
        rc = pav_fail(&err, PAV_BUSY, "the engine",
                      "the queue is full: send the signal again");
    if (rc != PAV_OK) {
        pav_log(PAV_LOG_ERROR, NULL,
                "SIGHUP: settings, services and tokens stay as they were: "
                "%s: %s",
                err.at, err.message);
        retired_free(fresh);
        return;
    }
    tell_unchangeable(d->settings, fresh->settings);
    fresh->next = d->retired;
    d->retired = fresh;
    d->settings = fresh->settings;
    d->services_stamp = fresh->services_stamp;
    pav_api_tokens(d->api, fresh->token, fresh->externals);
    pav_api_reopen(d->api);
    pav_api_read_folder(d->api); /* secrets that its files name */
    pav_log(PAV_LOG_INFO, NULL,
            "SIGHUP: settings, services and tokens are read again");
}

/* A system's services.json changed. */
static void
follow_services(struct daemon *d)
{
    struct retired *fresh;
    struct pav_err err;
    enum pav_rc rc;

    if (pav_api_services_stamp(d->api) == d->services_stamp)
        return;
    fresh = pav_xcalloc(1, sizeof(*fresh));
    rc = read_services(d->settings, NULL, &fresh->services,
                       &fresh->services_stamp, &err);
    if (rc == PAV_OK && !pav_api_services(d->api, fresh->services)) {
        retired_free(fresh); /* the queue is full: the next tick */
        return;
    }
    d->services_stamp = fresh->services_stamp; /* also of what is wrong: once */
    if (rc != PAV_OK) {
        pav_log(PAV_LOG_ERROR, NULL,
                "services not taken, what was good stays: %s: error: %s",
                err.at, err.message);
        retired_free(fresh);
        return;
    }
    fresh->next = d->retired;
    d->retired = fresh;
    pav_api_read_folder(d->api); /* tables that were not there */
    pav_log(PAV_LOG_INFO, NULL, "services are read again");
}

static struct daemon *served; /* for the tick alone */

/* The front is here, and neither the engine nor a sync has stopped. */
static void
tell_supervisor(struct daemon *d)
{
    if (d->watchdog_us > 0 &&
        pav_engine_stuck_us(d->engine) < d->watchdog_us / 2 &&
        pav_store_sync_us() < d->watchdog_us / 2)
        notify("WATCHDOG=1");
}

static void
on_tick(void *arg)
{
    if (served != NULL)
        tell_supervisor(served);
    if (served != NULL && atomic_exchange(&hung_up, false))
        read_again(served);
    else if (served != NULL)
        follow_services(served);
    pav_api_tick(arg);
}

/* Beside the database, unless the settings say another. */
static const char *
backups_of(struct daemon *d, const struct pav_settings *s)
{
    const char *folder = pav_settings_text(s, "backups");

    if (folder != NULL)
        return folder;
    snprintf(d->backups, sizeof(d->backups), "%s-backups",
             pav_settings_text(s, "db"));
    return d->backups;
}

static enum pav_rc
begin_clock(struct pav_clock *clock, const struct pav_settings *s,
            int64_t offset_ms, struct pav_err *err)
{
    const char *text = pav_settings_text(s, "virtual-clock");
    int64_t ms;

    pav_clock_real(clock, offset_ms);
    if (text == NULL)
        return PAV_OK;
    if (!pav_time_parse(text, strlen(text), &ms))
        return pav_fail(err, PAV_INVALID, "--virtual-clock",
                        "'%s' is no time, as 2026-01-01T00:00:00Z", text);
    pav_clock_virtual(clock, ms);
    return PAV_OK;
}

static enum pav_rc
assemble(struct daemon *d, const struct pav_settings *s, struct pav_err *err)
{
    int64_t offset = pav_settings_int(s, "clock-offset-seconds") * 1000;
    struct pav_api_config api = {
        .db = pav_settings_text(s, "db"),
        .machines = pav_settings_text(s, "machines"),
        .region = pav_settings_text(s, "region"),
        .account = pav_settings_text(s, "account"),
        .data = pav_settings_text(s, "data"),
        .backups = backups_of(d, s),
        .access_log = pav_settings_text(s, "access-log"),
        .access_fields = pav_settings_text(s, "access-fields"),
        .query_threads = (int)pav_settings_int(s, "query-threads"),
        .clock_offset_ms = offset,
        .stand_ins = pav_settings_text(s, "stand-ins"),
        .pages_at = pav_settings_text(s, "pages-url"),
        .page = pav_page,
        .pack = pav_page_pack,
        .fold = pav_fold,
        .pages_new = pav_pages_new,
        .pages_free = pav_pages_free};
    struct pav_http_config http = {
        .max_connections = (int)pav_settings_int(s, "max-connections"),
        .admit = pav_api_admit,
        .handle = pav_api_handle,
        .body_max = pav_api_body_max,
        .answered = pav_settings_text(s, "access-log") == NULL
                        ? NULL
                        : pav_api_answered,
        .message = pav_api_message,
        .passed = pav_api_passed,
        .tick = on_tick,
        .alarm = pav_api_alarm};
    struct pav_engine_config engine = {
        .region = api.region,
        .account = api.account,
        .role_arn = "",
        .queue_max = pav_settings_int(s, "queue"),
        .retention_days = pav_settings_int(s, "retention-days"),
        .hot_bytes = pav_settings_int(s, "hot-mb") << 20,
        .history_max = pav_settings_int(s, "history-max"),
        .start_rate = pav_settings_int(s, "start-rate"),
        .depth_max = pav_settings_int(s, "event-depth"),
        .feed = pav_api_feed};
    enum pav_rc rc;

    rc = set_log_level(pav_settings_text(s, "log-level"), err);
    if (rc == PAV_OK)
        rc = check_account(api.account, err);
    if (rc == PAV_OK)
        rc = check_pages_url(api.pages_at, err);
    if (rc == PAV_OK)
        rc = check_data(api.data, err);
    if (rc == PAV_OK)
        rc = split_listen(pav_settings_text(s, "listen"), d->address,
                          sizeof(d->address), &d->port, err);
    if (rc == PAV_OK)
        rc = read_token(s, d->address, &d->token, &d->externals, err);
    if (rc == PAV_OK)
        rc = read_first_services(d, s, err);
    if (rc == PAV_OK)
        rc = pav_store_open(api.db, &d->store, err);
    if (rc == PAV_OK)
        pav_store_cache(d->store, pav_settings_int(s, "cache-mb"));
    if (rc == PAV_OK)
        api.loss = *pav_store_loss(d->store);
    api.services = d->services;
    api.access.address = d->address;
    api.access.hosts = pav_settings_text(s, "hosts");
    api.access.token = d->token;
    api.access.externals = d->externals;
    if (rc == PAV_OK)
        rc = pav_api_new(&api, &d->api, err);
    if (rc != PAV_OK)
        return rc;
    http.address = d->address;
    http.port = d->port;
    http.max_per_address = max_per_address(s, d->address);
    http.arg = d->api;
    rc = pav_http_new(&http, &d->http, err);
    if (rc != PAV_OK)
        return rc;
    engine.services = d->services->served;
    engine.service_count = d->services->served_count;
    engine.tables = d->services->tables;
    engine.concurrency = d->services->concurrency;
    engine.sources = d->services->sources;
    engine.store = d->store;
    engine.feed_arg = d->api;
    engine.outside = pav_api_sender(d->api);
    rc = begin_clock(&engine.clock, s, offset, err);
    if (rc != PAV_OK)
        return rc;
    pav_mem_keep();
    d->engine = pav_engine_new(&engine);
    d->store = NULL; /* the engine's now */
    return pav_api_bind(d->api, d->engine, d->http, err);
}

static void
dismantle(struct daemon *d)
{
    struct retired *old;

    /* The engine first: what is queued is finished; then readers, and the
     * writer last. */
    if (d->engine != NULL)
        pav_engine_stop(d->engine);
    if (d->api != NULL)
        pav_api_stop(d->api); /* before the loop that its calls are on */
    pav_http_free(d->http);
    pav_api_free(d->api);
    pav_engine_free(d->engine);
    pav_store_close(d->store);
    pav_service_map_free(d->services);
    while ((old = d->retired) != NULL) {
        d->retired = old->next;
        retired_free(old);
    }
    free(d->token);
    free(d->externals);
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct daemon d = {.settings = s};
    struct pav_err err;
    pthread_t signals;
    bool failed;

    if (argc > 0)
        return cli_usage(&serve_command, argv[0]);
    raise_descriptors();
    keep_signals();
    pav_doc_expect_damage();
    umask(S_IRWXG | S_IRWXO); /* what it keeps is nobody else's to read */
    if (assemble(&d, s, &err) != PAV_OK) {
        int code = cli_fail("serve", &err);

        dismantle(&d);
        if (err.rc == PAV_INVALID && strncmp(err.at, "--", 2) == 0)
            return 2;                /* a setting */
        return code == 1 ? 3 : code; /* it cannot run */
    }
    pav_engine_start(d.engine);
    if (pthread_create(&signals, NULL, await_signals, d.http) != 0)
        PAV_BUG("the thread of signals cannot be started");
    served = &d;
    printf("listening on http://%s%s%s:%d\n",
           strchr(d.address, ':') == NULL ? "" : "[", d.address,
           strchr(d.address, ':') == NULL ? "" : "]", pav_http_port(d.http));
    fflush(stdout);
    d.watchdog_us = notify_watchdog_us();
    notify("READY=1");
    pav_http_run(d.http);
    notify("STOPPING=1");
    atomic_store(&leaving, true);
    pthread_kill(signals, SIGTERM);
    pthread_join(signals, NULL);
    served = NULL;
    pav_log(PAV_LOG_INFO, NULL, "ending");
    failed = pav_api_failed(d.api);
    dismantle(&d);
    return failed ? 3 : 0;
}

const struct command serve_command = {
    .name = "serve",
    .arguments = "[--db FILE] [--machines DIR] [--listen ADDR:PORT]",
    .summary = "run the daemon: events in, executions on, a dashboard out",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
