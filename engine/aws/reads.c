/*
 * The side of actions that a query thread does: requests, answers, pages, what
 * an ARN names.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/journal.h"
#include "pavane/text.h"
#include "reads.h"

void
aws_error_put(struct pav_buf *b, const char *type, const char *message)
{
    pav_buf_puts(b, "{\"__type\":");
    pav_buf_jsons(b, type);
    pav_buf_puts(b, ",\"message\":");
    pav_buf_jsons(b, message);
    pav_buf_putc(b, '}');
}

void
read_fail(struct aws_read *r, const char *type, const char *fmt, ...)
{
    char message[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    r->q->status = 400;
    r->q->type = AWS_TYPE;
    r->q->out.len = 0;
    aws_error_put(&r->q->out, type, message);
}

void
read_answer(struct aws_read *r, struct pav_members *answer)
{
    pav_doc_print(pav_members_object(answer), &r->q->out);
}

const char *
request_text(struct pav_arena *a, const struct pav_doc *request,
             const char *key)
{
    const struct pav_doc *d = pav_doc_get(request, key);

    return d == NULL || d->kind != PAV_STRING ? NULL : pav_doc_str(a, d);
}

int64_t
request_int(const struct pav_doc *request, const char *key, int64_t fallback)
{
    const struct pav_doc *d = pav_doc_get(request, key);
    int64_t n = fallback;

    if (d != NULL)
        (void)pav_doc_int(d, &n);
    return n;
}

bool
request_flag(const struct pav_doc *request, const char *key, bool fallback)
{
    const struct pav_doc *d = pav_doc_get(request, key);

    return d == NULL || d->kind == PAV_NULL ? fallback : d->kind == PAV_TRUE;
}

uint32_t
read_page_size(struct aws_read *r)
{
    int64_t n = request_int(r->request, "maxResults", 0);

    return n == 0 ? 100 : (uint32_t)n;
}

/* A token of ours is a number; false after the answer. */
bool
read_page_start(struct aws_read *r, int64_t *out)
{
    const char *text = request_text(r->q->arena, r->request, "nextToken");

    *out = 0;
    if (text == NULL || pav_parse_int(text, strlen(text), out))
        return true;
    read_fail(r, "InvalidToken", "Invalid Token: 'Invalid token'");
    return false;
}

void
read_put_token(struct aws_read *r, struct pav_members *m, int64_t next)
{
    if (next != 0)
        pav_members_str(m, "nextToken",
                        pav_arena_printf(r->q->arena, "%lld", (long long)next));
}

const char *
read_machine_arn(struct aws_read *r, const char *name)
{
    return pav_arn_put(r->q->arena, "states", r->q->region, r->q->account,
                       "stateMachine:%s", name);
}

const char *
read_execution_arn(struct aws_read *r, const char *machine, const char *name,
                   const struct pav_meta_row *meta)
{
    return pav_arn_put(r->q->arena, "states", r->q->region, r->q->account,
                       "%s:%s%s%s:%s",
                       strchr(name, ':') == NULL ? "execution" : "express",
                       machine, meta->label == NULL ? "" : "/",
                       meta->label == NULL ? "" : meta->label, name);
}

/* The machine of "stateMachineArn"; false after the answer. */
bool
read_find_machine(struct aws_read *r, struct pav_states_arn *arn,
                  struct pav_machine_view *out)
{
    const char *text = request_text(r->q->arena, r->request, "stateMachineArn");

    if (!pav_arn_machine(r->q->arena, text, arn)) {
        read_fail(r, "InvalidArn", "Invalid Arn: '%s'", text);
        return false;
    }
    if (pav_reader_machine(r->q->reader, arn->machine, r->q->arena, out))
        return true;
    read_fail(r, "StateMachineDoesNotExist",
              "State Machine Does Not Exist: '%s'", text);
    return false;
}

bool
read_find_execution(struct aws_read *r, struct pav_execution_view *x,
                    struct pav_meta_row *meta)
{
    const char *text = request_text(r->q->arena, r->request, "executionArn");
    struct pav_states_arn arn;

    if (!pav_arn_execution(r->q->arena, text, &arn)) {
        read_fail(r, "InvalidArn", "Invalid Arn: '%s'", text);
        return false;
    }
    if (arn.express) {
        read_fail(r, "InvalidArn",
                  "Invalid Arn: 'Resource type not valid in this context: "
                  "express'");
        return false;
    }
    if (pav_reader_execution(r->q->reader, arn.machine, arn.name, r->q->arena,
                             x)) {
        (void)pav_reader_meta(r->q->reader, x->row.id, r->q->arena, meta);
        return true;
    }
    read_fail(r, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
              text);
    return false;
}

bool
read_end(struct pav_query *q, const struct pav_execution_view *x,
         struct pav_history_event *out)
{
    struct pav_record *record;
    struct pav_step_row step;

    memset(out, 0, sizeof(*out));
    if (x->row.status == PAV_RUNNING ||
        !pav_reader_step(q->reader, x->row.last_step, q->arena, &step))
        return false;
    record = pav_reader_record(q->reader, &step, q->arena);
    pav_history_event(record, pav_history_count(record) - 1, step.first_event,
                      q->arena, out);
    return true;
}
