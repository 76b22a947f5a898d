/*
 * GET /metrics: Prometheus' text format.  Names: pavane_..., base units,
 * _total for what only grows.  No label is a correlation id or anything else
 * that a producer could multiply.
 *
 * The engine's numbers are those that it published, rows are counted on a query
 * thread.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pavane/arn.h"
#include "pavane/clock.h"
#include "pavane/tally.h"
#include "query_job.h"
#include "doors.h"
#include "front.h"
#include "emf.h"
#include "limits.h"
#include "log_files.h"
#include "outgoing.h"

static void
about(struct pav_buf *b, const char *name, const char *type, const char *help)
{
    pav_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
head(struct pav_buf *b, const char *name, const char *type, const char *help)
{
    char full[128];

    snprintf(full, sizeof(full), "pavane_%s", name);
    about(b, full, type, help);
}

static void
number(struct pav_buf *b, const char *name, const char *type, const char *help,
       double value)
{
    head(b, name, type, help);
    pav_buf_printf(b, "pavane_%s %.17g\n", name, value);
}

/* `labels` with a comma behind them, or "". */
static void
classes(struct pav_buf *b, const char *name, const char *labels,
        const struct pav_histogram *h, const double bounds[PAV_CLASSES])
{
    int len = (int)strlen(labels), i;
    uint64_t so_far = 0;

    for (i = 0; i < PAV_CLASSES; i++) {
        so_far += h->in[i];
        pav_buf_printf(b, "pavane_%s_bucket{%sle=\"%g\"} %llu\n", name, labels,
                       bounds[i], (unsigned long long)so_far);
    }
    so_far += h->in[PAV_CLASSES];
    pav_buf_printf(b, "pavane_%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels,
                   (unsigned long long)so_far);
    len -= len > 0;
    pav_buf_printf(b, "pavane_%s_sum%s%.*s%s %.9g\n", name, len > 0 ? "{" : "",
                   len, labels, len > 0 ? "}" : "", h->sum);
    pav_buf_printf(b, "pavane_%s_count%s%.*s%s %llu\n", name,
                   len > 0 ? "{" : "", len, labels, len > 0 ? "}" : "",
                   (unsigned long long)so_far);
}

static void
histogram(struct pav_buf *b, const char *name, const char *help,
          const struct pav_histogram *h, const double bounds[PAV_CLASSES])
{
    head(b, name, "histogram", help);
    classes(b, name, "", h, bounds);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void
label(struct pav_buf *b, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            pav_buf_putc(b, '\\');
        if (*value == '\n')
            pav_buf_puts(b, "\\n");
        else
            pav_buf_putc(b, *value);
    }
}

static void
put_engine(struct pav_buf *b, const struct pav_status_view *s)
{
    int i;

    head(b, "events_received_total", "counter",
         "Events by what became of them; a parked one counts again when it is "
         "taken or expires.");
    for (i = 0; i < PAV_DISPOSITIONS; i++)
        pav_buf_printf(b, "pavane_events_received_total{result=\"%s\"} %llu\n",
                       pav_disposition_name((enum pav_disposition)i),
                       (unsigned long long)s->dispositions[i]);
    number(b, "events_unmatched_total", "counter",
           "Events that no rule matched.",
           (double)s->dispositions[PAV_UNMATCHED]);
    number(b, "transitions_total", "counter", "Steps of executions.",
           (double)s->steps);
    number(b, "event_loops_cut_total", "counter",
           "Starts that were refused because machines started each other.",
           (double)s->loops_cut);
    number(b, "starts_waiting", "gauge",
           "Starts by executions that wait because their machine starts too "
           "many.",
           (double)s->paced);
    number(b, "forgotten_executions_total", "counter",
           "Executions that ended --retention-days ago and are gone.",
           (double)s->forgotten_executions);
    number(b, "forgotten_events_total", "counter",
           "Events that went with them, or by themselves.",
           (double)s->forgotten_events);
    number(b, "database_pages", "gauge",
           "Pages of the database, as of the last pass of retention.",
           (double)s->file_pages);
    number(b, "database_free_pages", "gauge", "Those of them that are free.",
           (double)s->free_pages);
    number(b, "tokens_waiting", "gauge", "Open waits.", (double)s->waits);
    number(b, "hot_executions", "gauge",
           "Executions that are kept in memory: --hot-mb.", (double)s->hot);
    number(b, "hot_executions_bytes", "gauge", "What they take.",
           (double)s->hot_bytes);
    number(b, "hot_lookups_hit_total", "counter",
           "Executions of an event that were in memory.", (double)s->hot_hits);
    number(b, "hot_lookups_missed_total", "counter",
           "Executions of an event that were not.", (double)s->hot_misses);
    number(b, "turns_total", "counter", "Turns of the engine.",
           (double)s->turns);
    histogram(b, "turn_duration_seconds",
              "What a turn with work takes, waits for the disk left out.",
              &s->turn, pav_bounds_seconds);
    number(b, "commits_total", "counter", "Commits.", (double)s->commits);
    number(b, "rollbacks_total", "counter",
           "Turns that were rolled back for want of space.",
           (double)s->rollbacks);
    histogram(b, "commit_duration_seconds", "What a commit takes.", &s->commit,
              pav_bounds_seconds);
    histogram(b, "sync_duration_seconds", "What making a commit durable takes.",
              &s->sync, pav_bounds_seconds);
    histogram(b, "commit_batch_events", "Events in one commit.", &s->batch,
              pav_bounds_items);
    histogram(b, "checkpoint_duration_seconds", "What a checkpoint takes.",
              &s->checkpoint, pav_bounds_seconds);
    histogram(b, "timer_lag_seconds", "How late timers fire.", &s->timer_lag,
              pav_bounds_seconds);
    number(b, "queue_events", "gauge", "Requests that wait for the engine.",
           (double)s->queue);
    head(b, "engine_seconds_total", "counter",
         "Time of the engine thread by phase; collect waits for requests, "
         "flush for the sync of the commit before.");
    pav_buf_printf(b,
                   "pavane_engine_seconds_total{phase=\"collect\"} %.6f\n"
                   "pavane_engine_seconds_total{phase=\"advance\"} %.6f\n"
                   "pavane_engine_seconds_total{phase=\"flush\"} %.6f\n"
                   "pavane_engine_seconds_total{phase=\"commit\"} %.6f\n"
                   "pavane_engine_seconds_total{phase=\"release\"} %.6f\n"
                   "pavane_engine_seconds_total{phase=\"checkpoint\"} %.6f\n",
                   (double)s->collect_us / 1e6, (double)s->advance_us / 1e6,
                   (double)s->flush_us / 1e6, (double)s->commit_us / 1e6,
                   (double)s->release_us / 1e6, (double)s->checkpoint_us / 1e6);
}

static void
put_http(struct pav_buf *b, const struct pav_http_counts *h, uint64_t shed)
{
    static const char *const codes[] = {"2xx", "3xx", "4xx", "5xx"};
    char labels[64];
    int r, c;

    head(b, "shed_total", "counter",
         "What was turned away so that the rest is served.");
    pav_buf_printf(b,
                   "pavane_shed_total{reason=\"connections\"} %llu\n"
                   "pavane_shed_total{reason=\"queue\"} %llu\n"
                   "pavane_shed_total{reason=\"deadline\"} %llu\n"
                   "pavane_shed_total{reason=\"slow_stream\"} %llu\n",
                   (unsigned long long)h->refused, (unsigned long long)shed,
                   (unsigned long long)h->timed_out,
                   (unsigned long long)h->streams_cut);
    number(b, "malformed_requests_total", "counter",
           "Requests that were refused before they were read as one.",
           (double)h->bad);
    number(b, "connections", "gauge", "Open connections.", h->open);
    number(b, "sse_clients", "gauge", "Open streams of changes.", h->streams);
    histogram(b, "ack_duration_seconds",
              "From a complete POST /events to its answer: durable.",
              &h->took[ROUTE_EVENTS][0], pav_bounds_seconds);
    head(b, "http_request_duration_seconds", "histogram",
         "From a complete request to its answer.");
    for (r = 0; r < ROUTES; r++) {
        for (c = 0; c < PAV_CODES; c++) {
            if (pav_histogram_count(&h->took[r][c]) == 0)
                continue;
            snprintf(labels, sizeof(labels), "route=\"%s\",code=\"%s\",",
                     route_name(r), codes[c]);
            classes(b, "http_request_duration_seconds", labels, &h->took[r][c],
                    pav_bounds_seconds);
        }
    }
}

static void
put_rows(struct pav_query *q)
{
    struct pav_row_counts n;
    struct pav_buf *b = &q->out;
    uint32_t i;

    pav_reader_counts(q->reader, q->now_ms, q->arena, &n);
    head(b, "executions", "gauge", "Executions by machine and status.");
    for (i = 0; i < n.machine_count; i++) {
        int status;

        for (status = PAV_RUNNING; status <= PAV_ABORTED; status++) {
            pav_buf_puts(b, "pavane_executions{machine=\"");
            label(b, n.machines[i].name);
            pav_buf_printf(b, "\",status=\"%s\"} %lld\n",
                           pav_status_name((enum pav_status)status),
                           (long long)n.machines[i].executions[status]);
        }
    }
    number(b, "timers", "gauge", "Timers that are set.", (double)n.timers);
    number(b, "timers_due", "gauge", "Timers whose time has come.",
           (double)n.timers_due);
    number(b, "events_parked", "gauge", "Events that came early and wait.",
           (double)n.parked);
    number(b, "waits_overdue", "gauge", "Open waits over their deadline.",
           (double)n.overdue);
    number(b, "deliveries_open", "gauge", "Deliveries not made yet.",
           (double)n.deliveries);
    number(b, "dead_letters", "gauge",
           "Deliveries given up, until they are sent again or deleted.",
           (double)n.dead_letters);
    number(b, "schedules", "gauge", "Schedules, also those that are over.",
           (double)n.schedules);
    number(b, "names_to_gather", "gauge",
           "Executions whose names a search still looks at one by one.",
           (double)n.to_gather);
}

/* ---- by rule, target and function ---- */

static void
series(struct pav_buf *b, const char *name, const struct pav_tally_row *r)
{
    pav_buf_printf(b, "pavane_%s{rule=\"", name);
    label(b, r->name);
    if (*r->part != '\0') {
        pav_buf_puts(b, "\",target=\"");
        label(b, r->part);
    }
    pav_buf_puts(b, "\"} ");
}

static void
put_targets(struct pav_buf *b, const struct pav_tally *t)
{
    static const struct {
        const char *name, *help;
        int n;
    } rows[] = {
        {"target_invocations_total", "Times that a target was sent an event.",
         PAV_TARGET_INVOKED},
        {"target_delivered_total", "Events that it has.", PAV_TARGET_DELIVERED},
        {"target_failed_total", "Times that it failed, or did not answer.",
         PAV_TARGET_FAILED},
        {"target_throttled_total", "Times that it said: later (429).",
         PAV_TARGET_THROTTLED},
        {"target_dead_letters_total", "Events that were given up.",
         PAV_TARGET_DEAD}};
    const struct pav_tally_row *r;
    size_t i;

    head(b, "rule_matched_total", "counter", "Events that a rule matched.");
    for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
        if (*r->part != '\0')
            continue;
        series(b, "rule_matched_total", r);
        pav_buf_printf(b, "%llu\n",
                       (unsigned long long)pav_tally_get(r, PAV_RULE_MATCHED));
    }
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        head(b, rows[i].name, "counter", rows[i].help);
        for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
            if (*r->part == '\0')
                continue;
            series(b, rows[i].name, r);
            pav_buf_printf(b, "%llu\n",
                           (unsigned long long)pav_tally_get(r, rows[i].n));
        }
    }
    head(b, "target_delivery_seconds_total", "counter",
         "From the event to its delivery, together.");
    for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
        if (*r->part == '\0')
            continue;
        series(b, "target_delivery_seconds_total", r);
        pav_buf_printf(b, "%.3f\n",
                       (double)pav_tally_get(r, PAV_TARGET_MS) / 1e3);
    }
}

static void
put_ages(struct pav_query *q)
{
    struct pav_delivery_age *v;
    uint32_t n = pav_reader_delivery_ages(q->reader, q->arena, &v), i;
    struct pav_buf *b = &q->out;

    head(b, "target_oldest_seconds", "gauge",
         "How old the oldest event is that a target has not got yet.");
    for (i = 0; i < n; i++) {
        struct pav_tally_row r = {
            .name = pav_arn_rule(v[i].rule_arn),
            .part = *v[i].target_id == '\0' ? "target" : v[i].target_id};

        series(b, "target_oldest_seconds", &r);
        pav_buf_printf(b, "%.3f\n", (double)(q->now_ms - v[i].oldest_at) / 1e3);
    }
}

static void
put_sources(struct pav_buf *b, const struct pav_tally *t)
{
    static const char *const what[] = {[SOURCE_RECEIVED] = "received",
                                       [SOURCE_DELETED] = "deleted",
                                       [SOURCE_REFUSED] = "refused"};
    const struct pav_tally_row *r;
    size_t i;

    head(b, "source_messages_total", "counter",
         "Messages of queues: received, deleted behind the commit of their "
         "events, and refused, which no event could be made of.");
    for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next))
        for (i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
            pav_buf_puts(b, "pavane_source_messages_total{source=\"");
            label(b, r->name);
            pav_buf_printf(b, "\",what=\"%s\"} %llu\n", what[i],
                           (unsigned long long)pav_tally_get(r, (int)i));
        }
    head(b, "source_failures_total", "counter",
         "Questions to a queue that failed.");
    for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
        pav_buf_puts(b, "pavane_source_failures_total{source=\"");
        label(b, r->name);
        pav_buf_printf(b, "\"} %llu\n",
                       (unsigned long long)pav_tally_get(r, SOURCE_FAILURES));
    }
}

static void
put_functions(struct pav_buf *b, const struct pav_tally *t)
{
    static const struct {
        const char *name, *help;
        int n;
    } rows[] = {
        {"function_calls_total", "Calls of a function.", FUNCTION_CALLS},
        {"function_errors_total", "Those that failed.", FUNCTION_ERRORS},
        {"function_throttled_total", "Those that were told: later (429).",
         FUNCTION_THROTTLED},
        {"function_seconds_total", "What calls took, together.", FUNCTION_US}};
    const struct pav_tally_row *r;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        head(b, rows[i].name, "counter", rows[i].help);
        for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
            pav_buf_printf(b, "pavane_%s{function=\"", rows[i].name);
            label(b, r->name);
            pav_buf_printf(b, "\"} %.17g\n",
                           (double)pav_tally_get(r, rows[i].n) /
                               (rows[i].n == FUNCTION_US ? 1e6 : 1));
        }
    }
}

static void
put_logs(struct pav_query *q, const char *data)
{
    struct log_size *v;
    uint32_t n = data == NULL ? 0 : log_sizes(q->arena, data, &v), i;

    head(&q->out, "log_group_bytes", "gauge", "Sizes of log groups.");
    for (i = 0; i < n; i++) {
        pav_buf_puts(&q->out, "pavane_log_group_bytes{group=\"");
        label(&q->out, v[i].name);
        pav_buf_printf(&q->out, "\"} %lld\n", (long long)v[i].bytes);
    }
}

static void
emf_series(struct pav_buf *b, const char *name, struct pav_arena *a,
           const struct pav_tally_row *r)
{
    const char *slash = strrchr(r->name, '/');

    pav_buf_printf(b, "pavane_%s{namespace=\"", name);
    label(b, slash == NULL
                 ? ""
                 : pav_arena_strndup(a, r->name, (size_t)(slash - r->name)));
    pav_buf_puts(b, "\",metric=\"");
    label(b, slash == NULL ? r->name : slash + 1);
    pav_buf_puts(b, "\",dimensions=\"");
    label(b, r->part);
    pav_buf_puts(b, "\"} ");
}

static void
put_emf(struct pav_query *q, const struct pav_tally *t)
{
    const struct pav_tally_row *r;
    struct pav_buf *b = &q->out;

    head(b, "emf_total", "counter",
         "Values of metrics in what was logged (EMF), together.");
    for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
        emf_series(b, "emf_total", q->arena, r);
        pav_buf_printf(b, "%.17g\n", emf_sum(r));
    }
    head(b, "emf_samples_total", "counter", "How many values they were.");
    for (r = pav_tally_first(t); r != NULL; r = atomic_load(&r->next)) {
        emf_series(b, "emf_samples_total", q->arena, r);
        pav_buf_printf(b, "%llu\n",
                       (unsigned long long)pav_tally_get(r, EMF_SAMPLES));
    }
}

static void
put_limits(struct pav_query *q)
{
    struct pav_items list;
    uint32_t i, k;

    pav_items_init(&list, q->arena);
    limits_list(query_job_of(q), q->reader, &list);
    for (k = 0; k < 2; k++) {
        const char *key = k == 0 ? "used" : "max";

        head(&q->out, k == 0 ? "limit_used" : "limit_max", "gauge",
             k == 0 ? "How much of a limit is used: /api/v1/limits."
                    : "The limit.");
        for (i = 0; i < list.count; i++) {
            if (pav_doc_get(&list.v[i], "used")->kind == PAV_NULL)
                continue;
            pav_buf_printf(&q->out, "pavane_limit_%s{limit=\"", key);
            label(&q->out, pav_doc_member_str(q->arena, &list.v[i], "name"));
            pav_buf_printf(&q->out, "\"} %lld\n",
                           (long long)pav_doc_member_int(&list.v[i], key));
        }
    }
}

/* /proc/self: what the process uses. */
static void
put_process(struct pav_buf *b, double started)
{
    unsigned long user = 0, system = 0, pages = 0, size = 0;
    FILE *f = fopen("/proc/self/stat", "re");

    if (f != NULL) {
        if (fscanf(f,
                   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                   "%lu %lu",
                   &user, &system) != 2)
            user = system = 0;
        fclose(f);
    }
    f = fopen("/proc/self/statm", "re");
    if (f != NULL) {
        if (fscanf(f, "%lu %lu", &size, &pages) != 2)
            size = pages = 0;
        fclose(f);
    }
    about(b, "process_cpu_seconds_total", "counter",
          "Time of processors, of users and the system.");
    pav_buf_printf(b, "process_cpu_seconds_total %.2f\n",
                   (double)(user + system) / (double)sysconf(_SC_CLK_TCK));
    about(b, "process_resident_memory_bytes", "gauge", "Memory in use.");
    pav_buf_printf(b, "process_resident_memory_bytes %lu\n",
                   pages * (unsigned long)sysconf(_SC_PAGESIZE));
    about(b, "process_start_time_seconds", "gauge",
          "When it was started, in seconds of Unix time.");
    pav_buf_printf(b, "process_start_time_seconds %.3f\n", started);
}

/* OpenMetrics: a counter's family is named without "_total", and the text says
 * where it ends. */
static void
as_openmetrics(struct pav_buf *b)
{
    struct pav_buf out;
    const char *line = b->p, *end = b->p + b->len, *next, *total;

    pav_buf_init(&out, SIZE_MAX / 2);
    for (; line < end; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        next = next == NULL ? end : next + 1;
        total = *line == '#' ? memmem(line, (size_t)(next - line), "_total ", 7)
                             : NULL;
        if (total == NULL) {
            pav_buf_put(&out, line, (size_t)(next - line));
        } else {
            pav_buf_put(&out, line, (size_t)(total - line));
            pav_buf_put(&out, total + 6, (size_t)(next - total - 6));
        }
    }
    pav_buf_puts(&out, "# EOF\n");
    pav_buf_fini(b);
    *b = out;
}

static void
metrics(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    const struct pav_api *api = qu->api;
    struct stat st;
    const char *wal = pav_arena_printf(q->arena, "%s-wal", api->config.db);

    q->type = "text/plain; version=0.0.4; charset=utf-8";
    head(&q->out, "build_info", "gauge", "Which build this is.");
    pav_buf_puts(&q->out, "pavane_build_info{version=\"" PAV_VERSION "\"} 1\n");
    put_engine(&q->out, &qu->status);
    put_http(&q->out, &qu->http, qu->shed);
    number(&q->out, "read_errors_total", "counter",
           "Queries that failed or took too long.",
           (double)atomic_load(&api->read_errors));
    number(&q->out, "slow_queries_total", "counter",
           "Queries that took long and were asked again apart from others.",
           (double)atomic_load(&api->slow_queries));
    number(&q->out, "events_missing", "gauge",
           "Acknowledged events that the database had not any more when the "
           "daemon was started.",
           (double)q->loss->events);
    number(&q->out, "wal_bytes", "gauge", "Size of the write-ahead log.",
           stat(wal, &st) == 0 ? (double)st.st_size : 0);
    put_rows(q);
    put_targets(&q->out, pav_engine_tally(api->config.engine));
    put_ages(q);
    put_functions(&q->out, api->functions);
    put_sources(&q->out, api->sources);
    put_emf(q, api->emf);
    put_limits(q);
    put_logs(q, api->config.data);
    put_process(&q->out,
                (double)q->now_ms / 1e3 -
                    (double)(pav_clock_mono_us() - api->started_us) / 1e6);
    if (qu->openmetrics) {
        q->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        as_openmetrics(&q->out);
    }
}

void
metrics_get(struct pav_api *api, const struct pav_request *req,
            struct pav_ref ref)
{
    struct query_job *qu = query_job_new(api, req, ref, metrics);

    pav_engine_status(api->config.engine, &qu->status);
    qu->http = *pav_http_counts(api->config.http);
    qu->shed = api->shed;
    qu->openmetrics = strstr(pav_request_text(req, "Accept"),
                             "application/openmetrics-text") != NULL;
    qu->undurable = true; /* counts never wait for the disk */
    qu->services = NULL;  /* nor do they hold payloads */
    query_job_push(api, qu);
}
