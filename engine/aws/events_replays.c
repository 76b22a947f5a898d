/*
 * Replays of archives; run/replays.c does them.
 */
#include <string.h>

#include "bus/bus.h"
#include "events_fields.h"
#include "rows.h"

#define REPLAYS_MAX 10 /* that run at once */

static const char *const replay_fields[] = {"Description", "State",
                                            "StateReason", "EventSourceArn",
                                            "Destination", NULL};

static int64_t
time_in(const struct pav_doc *request, const char *key)
{
    const struct pav_doc *v = pav_doc_get(request, key);
    double seconds = v == NULL ? 0 : pav_doc_double(v);

    return seconds > 0 && seconds < 1e11 ? (int64_t)(seconds * 1000) : 0;
}

static bool
are_arns(const struct pav_doc *list)
{
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        if (list->items[i].kind != PAV_STRING)
            return false;
    return list == NULL || list->kind == PAV_ARRAY;
}

static bool
start_fault(struct control *c, const struct archive *a, const char *archive,
            const char *destination)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (events_row(c, PAV_NAME_REPLAY, 0, control_text(c, "ReplayName"), &row,
                   &body))
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "ReplayName", "Replay %s already exists.", row.name);
    else if (a == NULL)
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "EventSourceArn",
                 "Parameter EventSourceArn is not valid. Reason: Archive %s "
                 "does not exist.",
                 archive);
    else if (destination == NULL || strcmp(destination, a->bus->arn) != 0)
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Destination",
                 "Parameter Destination.Arn is not valid. Reason: Cross event "
                 "bus replay is not permitted.");
    else if (time_in(c->j->request, "EventStartTime") >=
             time_in(c->j->request, "EventEndTime"))
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "EventEndTime",
                 "Parameter EventEndTime is not valid. Reason: EventStartTime "
                 "must be before EventEndTime.");
    else if (!are_arns(pav_doc_get(pav_doc_get(c->j->request, "Destination"),
                                   "FilterArns")))
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Destination",
                 "Parameter Destination.FilterArns is not valid. Reason: a "
                 "list of ARNs is expected.");
    else
        return false;
    return true;
}

static void
start_replay(struct control *c)
{
    const char *name = control_text(c, "ReplayName");
    const char *archive =
        events_name_of(c, control_text(c, "EventSourceArn"), "archive");
    const struct pav_doc *destination =
        pav_doc_get(c->j->request, "Destination");
    const struct pav_doc *arn = pav_doc_get(destination, "Arn");
    struct archive *a = archive_by_name(c->e, archive);
    int64_t now = pav_clock_ms(c->e->clock);
    struct pav_archived first = {0, 0}, before;
    struct pav_members m;

    if (start_fault(c, a, archive, arn == NULL ? NULL : pav_doc_str(c->a, arn)))
        return;
    if (c->e->replays >= REPLAYS_MAX) {
        job_fail(&c->j->job, PAV_LIMIT, "LimitExceededException", "ReplayName",
                 "The requested resource exceeds the maximum number allowed.");
        return;
    }
    before.at = time_in(c->j->request, "EventStartTime") - 1;
    before.event_id = INT64_MAX;
    (void)pav_store_archive_next(c->e->store, a->id, before,
                                 time_in(c->j->request, "EventEndTime"),
                                 &first);
    pav_members_init(&m, c->a);
    events_copy(&m, c->j->request, replay_fields);
    events_copy(&m, c->j->request, (const char *const[]){"Speed", NULL});
    pav_members_str(&m, "State", "STARTING");
    pav_members_int(&m, "EventStartTime", before.at + 1);
    pav_members_int(&m, "EventEndTime", time_in(c->j->request, "EventEndTime"));
    pav_members_int(&m, "ReplayStartTime", now);
    pav_members_int(&m, "ArchiveId", a->id);
    pav_members_int(&m, "BusId", a->bus->id);
    pav_members_int(&m, "EventFirst", first.at);
    pav_members_int(&m, "LastAt", before.at);
    pav_members_int(&m, "LastId", INT64_MAX);
    events_put(c, PAV_NAME_REPLAY, 0, name, now, &m);
    c->e->replaying = true;
    pav_members_str(&c->out, "ReplayArn", events_arn(c, "replay", name));
    pav_members_str(&c->out, "State", "STARTING");
    pav_members_date(&c->out, "ReplayStartTime", now);
}

static const struct pav_doc *
replay_described(struct control *c, const struct pav_name_row *row, bool whole)
{
    static const char *const dates[] = {
        "EventStartTime",  "EventEndTime",  "EventLastReplayedTime",
        "ReplayStartTime", "ReplayEndTime", NULL};
    const struct pav_doc *body = control_body(c, row);
    struct pav_members m;
    int i;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "ReplayName", row->name);
    events_copy(&m, body,
                whole ? replay_fields
                      : (const char *const[]){"EventSourceArn", "State",
                                              "StateReason", NULL});
    for (i = 0; dates[i] != NULL; i++)
        events_date(&m, body, dates[i]);
    if (whole)
        pav_members_str(&m, "ReplayArn", events_arn(c, "replay", row->name));
    return pav_members_object(&m);
}

static bool
replay_asked(struct control *c, struct pav_name_row *row,
             const struct pav_doc **body)
{
    const char *name = control_text(c, "ReplayName");

    if (events_row(c, PAV_NAME_REPLAY, 0, name, row, body))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "ReplayName",
             "Replay %s does not exist.", name);
    return false;
}

static void
describe_replay(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (replay_asked(c, &row, &body))
        events_answer(c, replay_described(c, &row, true));
}

static const struct pav_doc *
replay_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const char *source = control_text(c, "EventSourceArn");
    const char *state = control_text(c, "State");

    if ((source != NULL &&
         !pav_doc_is_str(pav_doc_get(body, "EventSourceArn"), source)) ||
        (state != NULL && !pav_doc_is_str(pav_doc_get(body, "State"), state)))
        return NULL;
    return replay_described(c, row, false);
}

static void
list_replays(struct control *c)
{
    events_list(c, PAV_NAME_REPLAY, 0, "Replays", replay_entry);
}

static void
cancel_replay(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;
    struct pav_members m;

    if (!replay_asked(c, &row, &body))
        return;
    if (row.number == 0) {
        job_fail(
            &c->j->job, PAV_CONFLICT, "IllegalStatusException", "ReplayName",
            "Replay %s is not in a valid state for this operation.", row.name);
        return;
    }
    pav_members_init(&m, c->a);
    pav_members_str(&m, "State", "CANCELLED");
    pav_members_int(&m, "ReplayEndTime", pav_clock_ms(c->e->clock));
    row.body =
        control_printed(c, pav_doc_merge(c->a, body, pav_members_object(&m)));
    row.number = 0;
    pav_store_name_put(c->e->store, &row);
    pav_members_str(&c->out, "ReplayArn", events_arn(c, "replay", row.name));
    pav_members_str(&c->out, "State", "CANCELLED");
}

FIELDS(start_replay, PLAIN("ReplayName", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       NAME("EventSourceArn", 1600),
       {"EventStartTime", FIELD_NUMBER, true, 0, 0, NULL},
       {"EventEndTime", FIELD_NUMBER, true, 0, 0, NULL},
       {"Destination", FIELD_OBJECT, true, 0, 0, NULL},
       TEXT("Destination.Arn", true, 1600),
       TEXT("Destination.FilterArns[]", false, 1600),
       {"Speed", FIELD_NUMBER, false, 0, 0, NULL});
FIELDS(named, PLAIN("ReplayName", 64));
FIELDS(list_replays, TEXT("NamePrefix", false, 64),
       TEXT("EventSourceArn", false, 1600),
       {"State", FIELD_TEXT, false, 0, 0,
        "STARTING, RUNNING, CANCELLING, COMPLETED, CANCELLED, FAILED"},
       PAGE);

/* ---- the table ---- */

const struct aws_action events_replays_actions[] = {
    ON_ENGINE("events:StartReplay", "events:StartReplay", start_replay,
              start_replay),
    ON_ENGINE("events:DescribeReplay", "events:DescribeReplay", named,
              describe_replay),
    ON_ENGINE("events:CancelReplay", "events:CancelReplay", named,
              cancel_replay),
    ON_ENGINE("events:ListReplays", "events:ListReplays", list_replays,
              list_replays),
    END_OF_ACTIONS};
