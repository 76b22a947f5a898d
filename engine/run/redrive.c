/* RedriveExecution: an execution that failed goes on where it did. */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "match_wait.h"
#include "runner.h"
#include "tasks.h"
#define TOKEN_MS      (15LL * 60 * 1000)
#define TOKENS_MAX    10
#define REDRIVABLE_MS (14LL * 24 * 3600 * 1000)

/* Why it cannot be; NULL: it can. */
const char *
pav_redrive_refusal(const struct pav_execution_row *row,
                    enum pav_machine_type type, int64_t now_ms)
{
    if (type == PAV_EXPRESS)
        return "Execution is of an EXPRESS state machine and cannot be "
               "redriven";
    if (row->status == PAV_RUNNING)
        return "Execution is RUNNING and cannot be redriven";
    if (row->status == PAV_SUCCEEDED)
        return "Execution is SUCCEEDED and cannot be redriven";
    if (row->next_event - 1 >= PAV_HISTORY_MAX - 1)
        return "Execution history event limit exceeded";
    if (now_ms - row->stopped_at > REDRIVABLE_MS)
        return "Execution has exceeded the redrivable period of 14 days";
    return NULL;
}

/*
 * A clientToken is good for 15 minutes, the last ten are known: lines of
 * "MILLISECONDS TOKEN", the newest first.
 */
static bool
redriven_with(struct pav_engine *e, const struct pav_meta_row *meta,
              const char *token, int64_t *at)
{
    const char *line = meta->redrive_token, *text;
    size_t len;

    for (; line != NULL && *line != '\0'; line += len + (line[len] == '\n')) {
        len = strcspn(line, "\n");
        text = memchr(line, ' ', len);
        if (text == NULL || strlen(token) != len - (size_t)(text + 1 - line) ||
            memcmp(text + 1, token, strlen(token)) != 0)
            continue;
        *at = strtoll(line, NULL, 10);
        return pav_clock_ms(e->clock) - *at < TOKEN_MS;
    }
    return false;
}

static const char *
with_token(struct pav_engine *e, const struct pav_meta_row *meta,
           const char *token)
{
    const char *old = meta->redrive_token == NULL ? "" : meta->redrive_token;
    const char *end = old;
    int i;

    for (i = 1; i < TOKENS_MAX && *end != '\0'; i++)
        end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
    return pav_arena_printf(&e->arena, "%lld %s\n%.*s",
                            (long long)meta->redriven_at, token,
                            (int)(end - old), old);
}

void
execution_redrive(struct pav_engine *e, struct execution *x, const char *token)
{
    struct pav_wake wake = {.kind = PAV_WAKE_REDRIVE};

    x->meta.redrive_count++;
    x->meta.redriven_at = pav_clock_ms(e->clock);
    if (token != NULL)
        x->meta.redrive_token = with_token(e, &x->meta, token);
    x->has_meta = true;
    pav_store_meta_put(e->store, &x->meta);
    memset(&x->before, 0, sizeof(x->before)); /* nothing is open of it */
    execution_wake(e, x, &wake, 0);
    match_parked(e, x);
}

static void
tasks_redrive(struct pav_engine *e, struct pav_job *job)
{
    struct pav_redrive_job *j = (struct pav_redrive_job *)job;
    struct execution x;
    const char *why;

    if (!execution_find(e, job, j->machine, j->name, &x))
        return;
    if (j->client_token != NULL &&
        redriven_with(e, &x.meta, j->client_token, &j->redriven_at))
        return;
    why = pav_redrive_refusal(&x.row, x.version->machine->type,
                              pav_clock_ms(e->clock));
    if (why == NULL && !pav_record_has_frames(execution_record(e, &x)))
        why = "Execution was ended by an earlier version of this daemon and "
              "cannot be redriven";
    if (why != NULL) {
        job_fail(job, PAV_CONFLICT, "ExecutionNotRedrivable", j->name, "%s",
                 why);
        return;
    }
    if (machine_is_full(e, x.version->machine)) {
        job_fail(job, PAV_LIMIT, "ExecutionLimitExceeded", j->name, "%s",
                 full_text(e, x.version->machine));
        return;
    }
    execution_redrive(e, &x, j->client_token);
    j->redriven_at = x.meta.redriven_at;
}

const struct pav_job_kind pav_redrive_kind = {
    .size = sizeof(struct pav_redrive_job), .advance = tasks_redrive};
