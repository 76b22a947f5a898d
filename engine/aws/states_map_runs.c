/*
 * Map runs, as Step Functions shows them.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/text.h"
#include "run/registry.h"
#include "run/runner.h"
#include "pages.h"
#include "states_fields.h"

static bool
find_run(struct control *c, struct pav_run_row *run)
{
    const char *arn = control_text(c, "mapRunArn");

    if (pav_arn_name(arn, "states", "mapRun") == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "mapRunArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return false;
    }
    if (pav_store_run_by_arn(c->e->store, arn, c->a, run))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound", "mapRunArn",
             "Resource not found: '%s'", arn);
    return false;
}

static const struct pav_doc *
run_counts(struct control *c, const struct pav_run_row *run, bool executions)
{
    struct pav_members m;
    int64_t ended = run->counts[PAV_ITEM_SUCCEEDED];

    pav_members_init(&m, c->a);
    pav_members_int(&m, "pending", run->counts[PAV_ITEM_PENDING]);
    pav_members_int(&m, "running", run->counts[PAV_ITEM_RUNNING]);
    pav_members_int(&m, "succeeded", ended);
    pav_members_int(&m, "failed", run->counts[PAV_ITEM_FAILED]);
    pav_members_int(&m, "timedOut", run->counts[PAV_ITEM_TIMED_OUT]);
    pav_members_int(&m, "aborted", run->counts[PAV_ITEM_ABORTED]);
    pav_members_int(&m, "total", run->total < 0 ? 0 : run->total);
    pav_members_int(&m, "resultsWritten",
                    executions || run->status != PAV_SUCCEEDED ? 0 : ended);
    pav_members_int(&m, "failuresNotRedrivable", 0);
    pav_members_int(&m, "pendingRedrive", 0);
    return pav_members_object(&m);
}

static void
put_execution_arn(struct control *c, struct pav_members *m,
                  const struct pav_run_row *run)
{
    struct execution x = {0};

    if (!pav_store_execution(c->e->store, run->execution_id, c->a, &x.row))
        return;
    x.version = version_get(c->e, x.row.version_id);
    (void)pav_store_meta(c->e->store, x.row.id, c->a, &x.meta);
    if (x.version == NULL)
        return;
    pav_members_str(m, "executionArn", execution_arn(c->e, &x));
    pav_members_str(m, "stateMachineArn", x.version->machine->arn);
}

static void
describe_run(struct control *c)
{
    struct pav_run_row run;
    struct pav_members m;
    struct pav_doc *share = pav_arena_zalloc(c->a, sizeof(*share));

    if (!find_run(c, &run))
        return;
    pav_members_init(&m, c->a);
    put_execution_arn(c, &m, &run);
    pav_members_str(&c->out, "mapRunArn", run.arn);
    if (m.count > 0)
        pav_members_puts(&c->out, "executionArn", &m.v[0].value);
    pav_members_str(&c->out, "status",
                    pav_status_name((enum pav_status)run.status));
    pav_members_date(&c->out, "startDate", run.started_at);
    if (run.stopped_at != 0)
        pav_members_date(&c->out, "stopDate", run.stopped_at);
    pav_members_int(&c->out, "maxConcurrency", run.max_concurrency);
    pav_members_puts(&c->out, "toleratedFailurePercentage",
                     pav_doc_new_double(c->a, run.tolerated_percentage < 0
                                                  ? 0
                                                  : run.tolerated_percentage));
    pav_members_int(&c->out, "toleratedFailureCount",
                    run.tolerated_count < 0 ? 0 : run.tolerated_count);
    pav_members_puts(&c->out, "itemCounts", run_counts(c, &run, false));
    pav_members_puts(&c->out, "executionCounts", run_counts(c, &run, true));
    pav_members_int(&c->out, "redriveCount", run.redrive_count);
    if (run.redriven_at != 0)
        pav_members_date(&c->out, "redriveDate", run.redriven_at);
}

static bool
find_execution(struct control *c, struct pav_execution_row *row)
{
    const char *text = control_text(c, "executionArn");
    struct pav_states_arn arn;
    struct machine *m;

    if (!pav_arn_execution(c->a, text, &arn) || arn.express) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "executionArn",
                 "Invalid Arn: '%s'", text == NULL ? "" : text);
        return false;
    }
    m = machine_by_name(c->e, arn.machine);
    if (m != NULL &&
        pav_store_execution_named(c->e->store, m->id, arn.name, c->a, row))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ExecutionDoesNotExist", "executionArn",
             "Execution Does Not Exist: '%s'", text);
    return false;
}

static void
list_runs(struct control *c)
{
    uint32_t limit = control_page_size(c), n, i;
    struct pav_run_row *runs =
        pav_arena_alloc(c->a, (limit + 1) * sizeof(*runs));
    struct pav_execution_row row;
    struct pav_items list;
    const char *start = control_page_start(c);
    int64_t after = 0;

    if (start == NULL || !find_execution(c, &row))
        return;
    if (*start != '\0' && !pav_parse_int(start, strlen(start), &after)) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidToken", "nextToken",
                 "Invalid Token: 'Invalid token'");
        return;
    }
    n = pav_store_runs_of(c->e->store, row.id, after, limit + 1, c->a, runs);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && i < limit; i++) {
        struct pav_members v;

        pav_members_init(&v, c->a);
        put_execution_arn(c, &v, &runs[i]);
        pav_members_str(&v, "mapRunArn", runs[i].arn);
        pav_members_date(&v, "startDate", runs[i].started_at);
        if (runs[i].stopped_at != 0)
            pav_members_date(&v, "stopDate", runs[i].stopped_at);
        pav_items_add(&list, pav_members_object(&v));
    }
    pav_members_puts(&c->out, "mapRuns", pav_items_array(&list));
    if (n > limit)
        control_page_next(
            c, pav_arena_printf(c->a, "%lld", (long long)runs[limit - 1].id));
}

static void
update_run(struct control *c)
{
    const struct pav_doc *request = c->j->request;
    struct pav_run_row run;

    if (!find_run(c, &run))
        return;
    if (pav_doc_get(request, "maxConcurrency") != NULL)
        run.max_concurrency = pav_doc_member_int(request, "maxConcurrency");
    if (pav_doc_get(request, "toleratedFailureCount") != NULL)
        run.tolerated_count =
            pav_doc_member_int(request, "toleratedFailureCount");
    if (pav_doc_get(request, "toleratedFailurePercentage") != NULL)
        run.tolerated_percentage =
            pav_doc_double(pav_doc_get(request, "toleratedFailurePercentage"));
    pav_store_run_update(c->e->store, &run);
    work_add(c->e, WORK_RUN, run.id, 0);
}

FIELDS(map_run, ARN("mapRunArn"));
FIELDS(map_runs, ARN("executionArn"), PAGING);
FIELDS(update_run, ARN("mapRunArn"),
       {"maxConcurrency", FIELD_WHOLE, false, 0, 0, NULL},
       {"toleratedFailurePercentage", FIELD_NUMBER, false, 0, 100, NULL},
       {"toleratedFailureCount", FIELD_WHOLE, false, 0, 0, NULL});

/* ---- the table ---- */

const struct aws_action states_map_runs_actions[] = {
    ON_ENGINE("DescribeMapRun", "states:DescribeMapRun", map_run, describe_run),
    ON_ENGINE("ListMapRuns", "states:ListMapRuns", map_runs, list_runs),
    ON_ENGINE("UpdateMapRun", "states:UpdateMapRun", update_run, update_run),
    END_OF_ACTIONS};
