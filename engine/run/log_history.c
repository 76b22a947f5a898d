/*
 * Histories of machines that ask for it go to a log group, an event a line, as
 * Step Functions writes them: LoggingConfiguration of the API, or "logging" of
 * rules.json.
 *
 *   {"id","type","details","previous_event_id","event_timestamp",
 *    "execution_arn","redrive_count"}
 *
 * ALL: every event; ERROR: those that tell of a failure; FATAL: those that end
 * an execution so.  The lines are deliveries: they come late rather than not.
 */
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "log_history.h"

static enum logging_level
level_of(const struct pav_doc *d)
{
    if (pav_doc_is_str(d, "ALL"))
        return LOGGING_ALL;
    if (pav_doc_is_str(d, "ERROR"))
        return LOGGING_ERROR;
    return pav_doc_is_str(d, "FATAL") ? LOGGING_FATAL : LOGGING_OFF;
}

/* The API's: {"level", "includeExecutionData", "destinations": [...]}. */
static void
read_attributes(struct pav_engine *e, struct machine *m, const char *attributes)
{
    const struct pav_doc *d, *to;

    if (attributes == NULL ||
        pav_doc_parse(&e->arena, attributes, strlen(attributes), NULL, &d,
                      NULL) != PAV_OK)
        return;
    d = pav_doc_get(d, "loggingConfiguration");
    to = pav_doc_get(pav_doc_at(pav_doc_get(d, "destinations"), 0),
                     "cloudWatchLogsLogGroup");
    if (pav_doc_get(to, "logGroupArn") == NULL)
        return;
    m->logging.level = level_of(pav_doc_get(d, "level"));
    m->logging.with_data =
        pav_doc_get(d, "includeExecutionData") != NULL &&
        pav_doc_get(d, "includeExecutionData")->kind == PAV_TRUE;
    m->logging.to =
        pav_xstrdup(pav_doc_member_str(&e->arena, to, "logGroupArn"));
}

void
logging_set(struct pav_engine *e, struct machine *m, const char *attributes)
{
    const struct pav_rules *rules = m->rules;

    free(m->logging.to);
    memset(&m->logging, 0, sizeof(m->logging));
    if (rules == NULL || rules->log == NULL) {
        read_attributes(e, m, attributes);
        return;
    }
    m->logging.level = rules->log_failures ? LOGGING_ERROR : LOGGING_ALL;
    if (rules->log_ends)
        m->logging.level = LOGGING_FATAL;
    m->logging.with_data = rules->log_data;
    m->logging.to = pav_xstrdup(
        pav_arena_printf(&e->arena, "arn:aws:logs:%s:%s:log-group:%s",
                         e->config.region, e->config.account, rules->log));
}

static bool
is_wanted(const struct machine *m, const struct pav_history_event *event)
{
    bool ends = (event->flags & PAV_EVENT_OF_EXECUTION) != 0;
    bool fails = (event->flags & PAV_EVENT_FAILS) != 0 ||
                 event->kind == EV_EXECUTION_ABORTED;

    if (m->logging.level == LOGGING_ALL)
        return true;
    if (event->kind == EV_FAIL_ENTERED)
        return m->logging.level == LOGGING_ERROR;
    return fails && (ends || m->logging.level == LOGGING_ERROR);
}

static void
put_id(struct pav_members *m, struct pav_arena *a, const char *key, int64_t n)
{
    pav_members_str(m, key, pav_arena_printf(a, "%lld", (long long)n));
}

/* As the log has it, out of what the API says. */
static struct pav_bytes
line_of(struct pav_engine *e, const struct execution *x, const char *arn,
        const struct pav_history_event *event)
{
    const struct machine *m = x->version->machine;
    struct pav_arena *a = &e->arena;
    struct pav_members line;
    const struct pav_doc *d;
    struct pav_bytes out = {NULL, 0};
    struct pav_buf text;

    pav_buf_init(&text, SIZE_MAX / 2);
    pav_history_print(event, "0", m->role_arn, e->config.region,
                      m->logging.with_data, &text);
    if (pav_doc_parse_copy(a, text.p, text.len, NULL, &d, NULL) == PAV_OK) {
        pav_members_init(&line, a);
        put_id(&line, a, "id", event->id);
        pav_members_str(&line, "type", event->type);
        if (event->details_field != NULL &&
            pav_doc_get(d, event->details_field) != NULL)
            pav_members_puts(&line, "details",
                             pav_doc_get(d, event->details_field));
        put_id(&line, a, "previous_event_id", event->previous_id);
        put_id(&line, a, "event_timestamp", pav_clock_ms(e->clock));
        pav_members_str(&line, "execution_arn", arn);
        put_id(&line, a, "redrive_count", x->meta.redrive_count);
        out.p = pav_doc_text(a, pav_members_object(&line));
        out.len = strlen(out.p);
    }
    pav_buf_fini(&text);
    return out;
}

static void
log_one(struct pav_engine *e, struct execution *x, const char *arn,
        const struct pav_history_event *event)
{
    const struct machine *m = x->version->machine;
    int64_t now = pav_clock_ms(e->clock);
    struct pav_members target;
    struct pav_delivery_row row = {.rule_arn = m->arn,
                                   .target_arn = m->logging.to,
                                   .target_id = LOGGING_TARGET,
                                   .body = line_of(e, x, arn, event),
                                   .created_at = now,
                                   .due_at = now};

    if (row.body.p == NULL)
        return;
    pav_members_init(&target, &e->arena);
    pav_members_str(&target, "Id", LOGGING_TARGET);
    pav_members_str(&target, "Arn", m->logging.to);
    row.target.p = pav_doc_text(&e->arena, pav_members_object(&target));
    row.target.len = strlen(row.target.p);
    deliveries_add(e, &row);
}

void
history_log(struct pav_engine *e, struct execution *x, const char *arn,
            struct pav_record *record, int64_t first, int64_t count)
{
    struct pav_history_event event;
    int64_t i;

    for (i = 0; record != NULL && i < count; i++) {
        pav_history_event(record, (uint32_t)i, first, &e->arena, &event);
        if (is_wanted(x->version->machine, &event))
            log_one(e, x, arn, &event);
    }
}
