/*
 * Schedules that are due: rules with a ScheduleExpression, and EventBridge
 * Scheduler's schedules.  The table is the queue: a million of them cost disk,
 * no memory, and a restart reads the first.  A schedule's next time and what it
 * starts or sends are written in one transaction.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/schedule.h"
#include "pavane/text.h"
#include "due.h"
#include "intake.h"
#include "runner.h"
#include "send.h"
#include "tables.h"

#define TURN_SCHEDULES 500

int64_t
schedules_next(struct pav_engine *e)
{
    return pav_store_schedule_due_at(e->store);
}

/* What came of it, in words. */
static const char *
result_of(struct pav_engine *e, const struct sending *s, const char *otherwise)
{
    switch (s->end) {
    case SENT_TO_BUS:
        return "an event on its bus";
    case SENT_ON:
        return PAV_HANDED_ON;
    case STARTED:
        return pav_arena_printf(&e->arena, "%s%s:%s", PAV_STARTED_IT,
                                s->machine, s->started->row.name);
    case SENT_DEAD:
        return pav_arena_printf(&e->arena, "%s: %s", s->code,
                                s->message == NULL ? "it failed" : s->message);
    default:
        return otherwise;
    }
}

/* ---- rules ---- */

/* What came of it, in words; NULL: its rule is gone. */
static const char *
fire_rule(struct pav_engine *e, const struct pav_schedule_row *row)
{
    struct bus *b = bus_by_id(e, row->owner);
    struct bus_rule *r = b == NULL ? NULL : bus_rule_find(b, row->name);
    struct pav_arena *a = &e->arena;
    char id[37], when[PAV_TIME_LEN];
    struct sending s = {.event_id = 0};
    struct execution *x;
    uint32_t i;

    if (r == NULL)
        return NULL;
    pav_uuid4(id);
    pav_time_format(row->next_at, when);
    strcpy(when + 19, "Z");
    tally_rule(e, r, pav_clock_ms(e->clock));
    s.rule_arn = r->arn;
    s.rule_name = r->name;
    s.text.p = pav_arena_printf(
        a,
        "{\"version\":\"0\",\"id\":\"%s\",\"detail-type\":\"Scheduled Event\","
        "\"source\":\"aws.events\",\"account\":\"%s\",\"time\":\"%s\","
        "\"region\":\"%s\",\"resources\":[\"%s\"],\"detail\":{}}",
        id, e->config.account, when, e->config.region, r->arn);
    s.text.len = strlen(s.text.p);
    for (i = 0; i < r->target_count; i++) {
        if (r->targets[i].kind == TARGET_BUS && !r->targets[i].outside) {
            struct pav_event_item item = {.bus = r->targets[i].name};

            intake_text(e, s.text, false, &item);
            (void)sending_ends(&s, SENT_TO_BUS);
        } else {
            target_send(e, &s, &r->targets[i], &x);
        }
    }
    return result_of(e, &s, "it has no targets");
}

/* ---- EventBridge Scheduler ---- */

/*
 * A target's Input is what it is sent, its "<aws.scheduler.NAME>" replaced;
 * without one, the service's own words.
 */
static struct pav_bytes
input_of(struct pav_engine *e, const struct pav_schedule_row *row,
         const struct pav_doc *target, const char *arn)
{
    static const char prefix[] = "<aws.scheduler.";
    const char *input = pav_doc_member_str(&e->arena, target, "Input"), *at;
    char when[PAV_TIME_LEN], id[37];
    struct pav_bytes out = {input == NULL ? "{}" : input, 0};
    struct pav_buf b;
    size_t i;

    out.len = strlen(out.p);
    if (strstr(out.p, prefix) == NULL)
        return out;
    pav_uuid4(id);
    pav_time_format(row->next_at, when);
    strcpy(when + 19, "Z");
    pav_buf_init(&b, SIZE_MAX / 2);
    for (input = out.p; (at = strstr(input, prefix)) != NULL;) {
        const struct {
            const char *name, *value;
        } known[] = {{"schedule-arn>", arn},
                     {"scheduled-time>", when},
                     {"execution-id>", id},
                     {"attempt-number>", "1"}};

        pav_buf_put(&b, input, (size_t)(at - input));
        input = at + strlen(prefix);
        for (i = 0; i < 4; i++)
            if (strncmp(input, known[i].name, strlen(known[i].name)) == 0)
                break;
        pav_buf_puts(&b, i == 4 ? prefix : known[i].value);
        if (i < 4)
            input += strlen(known[i].name);
    }
    pav_buf_puts(&b, input);
    out.p = pav_arena_strndup(&e->arena, b.p, b.len);
    out.len = b.len;
    pav_buf_fini(&b);
    return out;
}

/* EventBridgeParameters {DetailType, Source}: an event on that bus. */
static void
put_event(struct pav_engine *e, const struct pav_doc *target,
          struct pav_bytes input, const char *bus)
{
    const struct pav_doc *how = pav_doc_get(target, "EventBridgeParameters");
    struct pav_event_item item = {.bus = bus};
    struct pav_members m;
    const struct pav_doc *detail, *d;
    struct pav_bytes text;

    if (pav_doc_parse(&e->arena, input.p, input.len, NULL, &detail, NULL) !=
            PAV_OK ||
        detail->kind != PAV_OBJECT)
        detail = &pav_doc_empty_object;
    pav_members_init(&m, &e->arena);
    d = pav_doc_get(how, "Source");
    pav_members_puts(&m, "source",
                     d == NULL ? pav_doc_new_cstr(&e->arena, "aws.scheduler")
                               : d);
    d = pav_doc_get(how, "DetailType");
    pav_members_puts(&m, "detail-type",
                     d == NULL ? pav_doc_new_cstr(&e->arena, "Scheduled Event")
                               : d);
    pav_members_puts(&m, "detail", detail);
    text.p = pav_doc_text(&e->arena, pav_members_object(&m));
    text.len = strlen(text.p);
    intake_text(e, text, false, &item);
}

/* ---- universal targets that are served inside ---- */

static const char *
put_entries(struct pav_engine *e, const struct pav_doc *with,
            const char **message)
{
    const struct pav_doc *entries = pav_doc_get(with, "Entries");
    struct pav_envelope_defaults defaults = {.region = e->config.region,
                                             .account = e->config.account,
                                             .now_ms = pav_clock_ms(e->clock)};
    const char *code = NULL;
    uint32_t i;

    if (entries == NULL || entries->kind != PAV_ARRAY || entries->len == 0) {
        *message = "PutEvents needs Entries, a list";
        return "ValidationException";
    }
    for (i = 0; i < entries->len; i++) { /* one that fails stops no other */
        struct pav_event_item item = {.bus = NULL};
        const char *bad, *why = pav_entry_fault(&e->arena, &entries->items[i],
                                                &defaults, &item.event, &bad);

        if (why != NULL) {
            item.code = bad;
        } else {
            if (item.event.bus.p != NULL)
                item.bus = pav_arena_strndup(&e->arena, item.event.bus.p,
                                             item.event.bus.len);
            intake_text(e, item.event.text, false, &item);
            why = item.message;
        }
        if (item.code != NULL && code == NULL) {
            code = item.code;
            *message = why;
        }
    }
    return code;
}

static const char *
start_execution(struct pav_engine *e, struct sending *s,
                const struct pav_doc *with, const char **message)
{
    const struct pav_doc *input = pav_doc_get(with, "Input");
    struct pav_members plain;
    struct execution *x = NULL;
    struct target t;
    struct pav_err err;

    pav_members_init(&plain, &e->arena);
    pav_members_str(&plain, "Id", s->rule_name);
    if (pav_doc_get(with, "StateMachineArn") != NULL)
        pav_members_puts(&plain, "Arn", pav_doc_get(with, "StateMachineArn"));
    if (target_read(e, &e->arena, pav_members_object(&plain), &t, &err) !=
            PAV_OK ||
        t.kind != TARGET_MACHINE) {
        *message = "StartExecution needs StateMachineArn, a machine's";
        return "ValidationException";
    }
    s->text.p = input == NULL               ? "{}"
                : input->kind == PAV_STRING ? pav_doc_str(&e->arena, input)
                                            : pav_doc_text(&e->arena, input);
    s->text.len = strlen(s->text.p);
    s->name = pav_doc_member_str(&e->arena, with, "Name");
    target_send(e, s, &t, &x); /* what fails is a dead letter of its own */
    return NULL;
}

/* True: the action is one of ours, and was done, or is a dead letter. */
bool
universal_served(struct pav_engine *e, struct sending *s,
                 const struct target *t)
{
    const char *p = strstr(t->arn, ":::aws-sdk:"), *code, *message = NULL;
    const struct pav_doc *with;

    if (p == NULL)
        return false;
    p += strlen(":::aws-sdk:");
    if (pav_doc_parse(&e->arena, s->text.p, s->text.len, NULL, &with, NULL) !=
        PAV_OK)
        with = &pav_doc_empty_object;
    if (strcmp(p, "eventbridge:putEvents") == 0)
        code = put_entries(e, with, &message);
    else if (strcmp(p, "sfn:startExecution") == 0)
        code = start_execution(e, s, with, &message);
    else if (strncmp(p, "dynamodb:", 9) == 0)
        code = table_call(e, p + 9, with, TABLE_API, &code, &message) == NULL
                   ? code
                   : NULL;
    else
        return false;
    if (code != NULL)
        target_dead(e, s, t, s->text, code, message);
    return true;
}

static const char *
fire_scheduled(struct pav_engine *e, const struct pav_schedule_row *row,
               const struct pav_doc *body)
{
    const struct pav_doc *target = pav_doc_get(body, "Target");
    const char *arn = pav_doc_member_str(&e->arena, body, "Arn");
    struct sending s = {.rule_arn = arn, .rule_name = row->name};
    struct pav_members plain;
    struct target t;
    struct pav_err err;
    struct execution *x;

    s.text = input_of(e, row, target, arn);
    /* What it is sent was reported by its Input already. */
    pav_members_init(&plain, &e->arena);
    pav_members_str(&plain, "Id", row->name);
    pav_members_puts(&plain, "Arn", pav_doc_get(target, "Arn"));
    if (pav_doc_get(target, "RetryPolicy") != NULL)
        pav_members_puts(&plain, "RetryPolicy",
                         pav_doc_get(target, "RetryPolicy"));
    if (pav_doc_get(target, "DeadLetterConfig") != NULL)
        pav_members_puts(&plain, "DeadLetterConfig",
                         pav_doc_get(target, "DeadLetterConfig"));
    if (target_read(e, &e->arena, pav_members_object(&plain), &t, &err) !=
        PAV_OK)
        return pav_arena_strdup(&e->arena, err.message);
    if (t.kind == TARGET_BUS && !t.outside) {
        put_event(e, target, s.text, t.name);
        s.end = SENT_TO_BUS;
        return result_of(e, &s, NULL);
    }
    if (!universal_served(e, &s, &t))
        target_send(e, &s, &t, &x);
    return result_of(e, &s, "done");
}

/* ---- both ---- */

static void
fire(struct pav_engine *e, const struct pav_schedule_row *row, int64_t now)
{
    const struct pav_doc *body =
        pav_doc_own(&e->arena, row->body.p, row->body.len);
    const char *result;
    int64_t next;

    pav_histogram_add(&e->counts.timer_lag, pav_bounds_seconds,
                      (double)(now - row->next_at) / 1e3);
    result = row->kind == PAV_SCHEDULED_RULE ? fire_rule(e, row)
                                             : fire_scheduled(e, row, body);
    /* What was missed while nobody ran comes once, not once a time. */
    next = pav_scheduled_after(body, now > row->next_at ? now : row->next_at,
                               &e->arena);
    if (next == 0 &&
        pav_doc_is_str(pav_doc_get(body, "ActionAfterCompletion"), "DELETE"))
        pav_store_schedule_delete(e->store, row->id);
    else
        pav_store_schedule_next(e->store, row->id, next, now, result);
}

void
schedules_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock);
    struct pav_schedule_row row;
    int n = 0;

    while (n++ < TURN_SCHEDULES &&
           pav_store_schedule_due(e->store, &e->arena, &row) &&
           row.next_at <= now) {
        fire(e, &row, now);
        turn_trim_arena(e);
    }
}
