/*
 * POST /events: one event or a list, in any of the forms of envelope.h, and
 * CloudEvents in binary mode (ce-* headers).
 *
 * The body is parsed here, on the front thread, into the job's arena; the
 * engine gets frozen documents.  The answer comes when all of it is durable:
 *   {"results":[{"eventId","status":"accepted"|"rejected",
 *     "dispositions":[{"machine","executionId","disposition","detail"?}],
 *     "error"?: {"at","message"}}]}
 * 200 when at least one was accepted (or the list was empty), else 400, or 413
 * when one of them was too large.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pavane/envelope.h"
#include "api_int.h"

#define EVENTS_DEPTH 1000
#define LIST_MAX     10000

/* The bytes of the value that starts at `p`, as its producer wrote them. */
static size_t
value_span(const char *p, const char *end)
{
    const char *start = p;
    int depth = 0;
    bool text = false;

    for (; p < end; p++) {
        if (text) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                text = false;
            continue;
        }
        if (*p == '"')
            text = true;
        else if (*p == '{' || *p == '[')
            depth++;
        else if ((*p == '}' || *p == ']') && --depth <= 0)
            return (size_t)(p - start) + (depth == 0 ? 1 : 0);
        else if (*p == ',' && depth == 0)
            break;
    }
    return (size_t)(p - start);
}

static struct pav_bytes
bytes_of(const struct pav_doc *d)
{
    struct pav_bytes b = {d->text, d->len};

    return b;
}

static void
reject(struct pav_job *job, struct pav_event_item *item,
       const struct pav_err *err)
{
    struct pav_buf b;

    pav_buf_init(&b, 4096);
    pav_buf_puts(&b, "{\"at\":");
    pav_buf_jsons(&b, err->at);
    pav_buf_puts(&b, ",\"message\":");
    pav_buf_jsons(&b, err->message);
    pav_buf_putc(&b, '}');
    item->doc = NULL;
    item->error = pav_arena_strdup(&job->arena, b.p);
    pav_buf_fini(&b);
}

/* One item of the list, brought into the envelope or rejected. */
static void
read_item(struct pav_api *api, struct pav_job *job, const struct pav_doc *d,
          const char *text, const char *end, struct pav_event_item *item)
{
    struct pav_arena *a = &job->arena;
    struct pav_envelope envelope;
    struct pav_err err;

    item->body.p = text;
    item->body.len = value_span(text, end);
    if (item->body.len > PAV_EVENT_MAX) {
        pav_fail(&err, PAV_LIMIT, "",
                 "an event has at most %d bytes, this "
                 "one %zu",
                 PAV_EVENT_MAX, item->body.len);
        reject(job, item, &err);
        return;
    }
    if (pav_envelope_read(d, NULL, api->config.region, api->config.account,
                          api_now_ms(api), a, &envelope, &err) != PAV_OK) {
        reject(job, item, &err);
        return;
    }
    item->doc = envelope.doc;
    item->source = bytes_of(envelope.source);
    item->id = bytes_of(envelope.id);
    item->detail_type = bytes_of(envelope.detail_type);
    item->known_id = envelope.known_id;
}

/* ---- CloudEvents, binary mode ---- */

static const char *
ce_header(const struct pav_request *req, const char *name)
{
    int i;

    for (i = 0; req->ce[i] != NULL; i += 2)
        if (strcasecmp(req->ce[i], name) == 0)
            return req->ce[i + 1];
    return NULL;
}

/* The structured form of it, as text; what follows is one way for all. */
static void
structured(const struct pav_request *req, struct pav_buf *out)
{
    int i;

    pav_buf_putc(out, '{');
    for (i = 0; req->ce[i] != NULL; i += 2) {
        const char *p;

        pav_buf_puts(out, i == 0 ? "\"" : ",\"");
        for (p = req->ce[i]; *p != '\0'; p++)
            pav_buf_putc(out, (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p));
        pav_buf_puts(out, "\":");
        pav_buf_jsons(out, req->ce[i + 1]);
    }
    if (req->body_len > 0) {
        pav_buf_puts(out, ",\"data\":");
        pav_buf_put(out, req->body, req->body_len);
    }
    pav_buf_putc(out, '}');
}

/* ---- the answer ---- */

static void
put_outcome(const struct pav_outcome *o, struct pav_buf *b)
{
    pav_buf_puts(b, "{\"machine\":");
    if (o->machine == NULL)
        pav_buf_puts(b, "null");
    else
        pav_buf_jsons(b, o->machine);
    pav_buf_puts(b, ",\"executionId\":");
    if (o->execution == NULL) {
        pav_buf_puts(b, "null");
    } else {
        pav_buf_putc(b, '"');
        pav_buf_json_inner(b, o->machine, strlen(o->machine));
        pav_buf_putc(b, ':');
        pav_buf_json_inner(b, o->execution, strlen(o->execution));
        pav_buf_putc(b, '"');
    }
    pav_buf_puts(b, ",\"disposition\":\"");
    pav_buf_puts(b, pav_disposition_name(o->disposition));
    pav_buf_putc(b, '"');
    if (o->detail != NULL) {
        pav_buf_puts(b, ",\"detail\":");
        pav_buf_jsons(b, o->detail);
    }
    pav_buf_putc(b, '}');
}

static void
put_result(const struct pav_event_item *item, struct pav_buf *b)
{
    uint32_t i;

    pav_buf_puts(b, "{\"eventId\":");
    if (item->id.p == NULL)
        pav_buf_puts(b, "null");
    else
        pav_buf_json(b, item->id.p, item->id.len);
    if (item->error != NULL) {
        pav_buf_puts(b, ",\"status\":\"rejected\",\"dispositions\":[],"
                        "\"error\":");
        pav_buf_puts(b, item->error);
        pav_buf_putc(b, '}');
        return;
    }
    pav_buf_puts(b, ",\"status\":\"accepted\",\"dispositions\":[");
    for (i = 0; i < item->outcome_count; i++) {
        if (i > 0)
            pav_buf_putc(b, ',');
        put_outcome(&item->outcomes[i], b);
    }
    pav_buf_puts(b, "]}");
}

static void
answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_buf b;
    uint32_t i;
    bool accepted = job->item_count == 0;
    int refused = 400;

    if (job->rc != PAV_OK) {
        api_error(api, ref, pav_rc_http(job->rc), pav_rc_name(job->rc),
                  job->err.at, job->err.message);
        return;
    }
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_buf_puts(&b, "{\"results\":[");
    for (i = 0; i < job->item_count; i++) {
        if (i > 0)
            pav_buf_putc(&b, ',');
        accepted |= job->items[i].error == NULL;
        if (job->items[i].body.len > PAV_EVENT_MAX)
            refused = 413;
        put_result(&job->items[i], &b);
    }
    pav_buf_puts(&b, "]}\n");
    api_reply(api, ref, accepted ? 200 : refused, "application/json", b.p,
              b.len);
    pav_buf_fini(&b);
}

/* ---- the request ---- */

static enum pav_rc
read_body(struct pav_api *api, struct pav_job *job, const char *text,
          size_t len, struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_LAST, EVENTS_DEPTH, 0};
    const struct pav_doc *d;
    uint32_t i;
    enum pav_rc rc = pav_doc_parse(&job->arena, text, len, &opts, &d, err);

    if (rc != PAV_OK)
        return rc;
    if (d->kind == PAV_OBJECT && d->len == 1 &&
        pav_doc_get(d, "Entries") != NULL) /* PutEvents' request as it is */
        d = pav_doc_get(d, "Entries");
    if (d->kind != PAV_ARRAY && d->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "/",
                        "an event, or a list of events, is wanted");
    if (d->kind == PAV_ARRAY && d->len > LIST_MAX)
        return pav_fail(err, PAV_LIMIT, "/", "at most %d events a list",
                        LIST_MAX);
    job->item_count = d->kind == PAV_ARRAY ? d->len : 1;
    job->items = pav_arena_zalloc(&job->arena,
                                  (job->item_count + 1) * sizeof(*job->items));
    for (i = 0; i < job->item_count; i++) {
        const struct pav_doc *item = d->kind == PAV_ARRAY ? &d->items[i] : d;

        read_item(api, job, item, text + item->at - 1, text + len,
                  &job->items[i]);
    }
    return PAV_OK;
}

void
events_post(struct pav_api *api, const struct pav_request *req,
            struct pav_ref ref)
{
    struct pav_job *job = pav_job_new(PAV_JOB_EVENTS);
    struct pav_buf binary;
    const char *text;
    size_t len = req->body_len;
    struct pav_err err;
    enum pav_rc rc;

    pav_buf_init(&binary, SIZE_MAX / 2);
    if (ce_header(req, "specversion") != NULL) {
        const struct pav_doc *alone; /* the data must be JSON by itself */

        if (req->body_len > 0 &&
            pav_doc_parse_copy(&job->arena, req->body, req->body_len, NULL,
                               &alone, &err) != PAV_OK) {
            api_error(api, ref, 400, "invalid", err.at, err.message);
            pav_job_free(job);
            return;
        }
        structured(req, &binary);
        len = binary.len;
    }
    text = pav_arena_strndup(&job->arena,
                             binary.p != NULL ? binary.p : req->body, len);
    pav_buf_fini(&binary);
    rc = read_body(api, job, text, len, &err);
    if (rc != PAV_OK) {
        api_error(api, ref, pav_rc_http(rc), pav_rc_name(rc), err.at,
                  err.message);
        pav_job_free(job);
        return;
    }
    api_submit(api, ref, job, answer);
}
