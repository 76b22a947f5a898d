/* History events as the API prints them. */
#include "pavane/history.h"

#include <string.h>

#include "record.h"

static void
print_member(struct pav_buf *b, bool *first, const char *key)
{
    if (!*first)
        pav_buf_putc(b, ',');
    *first = false;
    pav_buf_printf(b, "\"%s\":", key);
}

static void
print_text(struct pav_buf *b, bool *first, const char *key,
           const struct pav_doc *text)
{
    if (text == NULL)
        return;
    print_member(b, first, key);
    pav_buf_json(b, text->text, text->len);
}

/* A payload is JSON text inside a JSON string, as the API has it. */
static void
print_payload(struct pav_buf *b, bool *first, const struct pav_history_event *e)
{
    struct pav_buf text;

    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(e->payload, &text);
    print_member(b, first, e->payload_field);
    pav_buf_json(b, text.p, text.len);
    if (strcmp(e->payload_field, "parameters") != 0)
        pav_buf_printf(b, ",\"%sDetails\":{\"truncated\":false}",
                       e->payload_field);
    pav_buf_fini(&text);
}

static void
print_number(struct pav_buf *b, bool *first, const char *key, int64_t n)
{
    if (n <= 0)
        return;
    print_member(b, first, key);
    pav_buf_int(b, n);
}

/* {"NAME":"JSON text",...} */
static void
print_assigned(struct pav_buf *b, bool *first, const struct pav_doc *assigned)
{
    uint32_t i;

    print_member(b, first, "assignedVariables");
    pav_buf_putc(b, '{');
    for (i = 0; i < assigned->len; i++) {
        struct pav_buf text;

        if (i > 0)
            pav_buf_putc(b, ',');
        pav_buf_init(&text, SIZE_MAX / 2);
        pav_doc_print(&assigned->members[i].value, &text);
        pav_buf_json(b, assigned->members[i].key, assigned->members[i].len);
        pav_buf_putc(b, ':');
        pav_buf_json(b, text.p, text.len);
        pav_buf_fini(&text);
    }
    pav_buf_puts(b, "},\"assignedVariablesDetails\":{\"truncated\":false}");
}

static void
print_credentials(struct pav_buf *b, bool *first,
                  const struct pav_doc *credentials)
{
    const struct pav_doc *role = pav_doc_get(credentials, "RoleArn");

    print_member(b, first, "taskCredentials");
    pav_buf_puts(b, "{\"roleArn\":");
    if (role != NULL && role->kind == PAV_STRING)
        pav_buf_json(b, role->text, role->len);
    else
        pav_buf_puts(b, "\"\"");
    pav_buf_putc(b, '}');
}

/* What only one kind of event has. */
static void
print_special(struct pav_buf *b, bool *first, const struct pav_history_event *e)
{
    if (e->kind >= EV_ITERATION_STARTED && e->kind <= EV_ITERATION_ABORTED) {
        print_member(b, first, "index");
        pav_buf_int(b, e->number);
    } else if (event_rows[e->kind].shape == SHAPE_NUMBER) {
        print_member(b, first, e->payload_field);
        pav_buf_int(b, e->number);
    } else if (e->payload_field != NULL) {
        print_text(b, first, e->payload_field, e->text);
    }
}

void
pav_history_print(const struct pav_history_event *e, const char *at,
                  const char *role_arn, const char *region, bool with_data,
                  struct pav_buf *out)
{
    bool first = true;

    pav_buf_printf(out,
                   "{\"timestamp\":%s,\"type\":\"%s\",\"id\":%lld,"
                   "\"previousEventId\":%lld",
                   at, e->type, (long long)e->id, (long long)e->previous_id);
    if (e->details_field == NULL || (e->kind == EV_EXECUTION_ABORTED &&
                                     e->error == NULL && e->cause == NULL)) {
        pav_buf_putc(out, '}');
        return;
    }
    pav_buf_printf(out, ",\"%s\":{", e->details_field);
    if (e->state != NULL) {
        print_member(out, &first,
                     e->kind == EV_EVALUATION_FAILED ? "state" : "name");
        pav_buf_jsons(out, e->state);
    }
    print_text(out, &first, "resourceType", e->resource_type);
    print_text(out, &first, "resource", e->resource);
    print_text(out, &first, "error", e->error);
    print_text(out, &first, "cause", e->cause);
    if (e->payload != NULL && e->payload_field != NULL && with_data)
        print_payload(out, &first, e);
    if (e->payload_field != NULL &&
        strcmp(e->payload_field, "parameters") == 0) {
        print_member(out, &first, "region");
        pav_buf_jsons(out, region);
    }
    print_number(out, &first, "timeoutInSeconds", e->timeout_s);
    print_number(out, &first, "heartbeatInSeconds", e->heartbeat_s);
    if (e->credentials != NULL)
        print_credentials(out, &first, e->credentials);
    if (e->assigned != NULL && with_data)
        print_assigned(out, &first, e->assigned);
    print_special(out, &first, e);
    if (e->kind == EV_EXECUTION_STARTED) {
        print_member(out, &first, "roleArn");
        pav_buf_jsons(out, role_arn);
    }
    pav_buf_puts(out, "}}");
}
