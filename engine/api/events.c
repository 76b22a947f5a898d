/*
 * POST /events: one event or a list, in any of the forms of envelope.h, and
 * CloudEvents in binary mode (ce-* headers, decoded as the HTTP binding says,
 * 3.1.3.2).  A binary body that is no JSON by its Content-Type becomes a text,
 * or {"data_base64": ...} when it is neither text nor UTF-8.
 *
 * The body is checked here, on the front thread, byte by byte; the engine gets
 * each event as text.  `?bus=NAME` names another bus than the default one.  The
 * answer comes when all of it is durable:
 *   {"results":[{"eventId","status":"accepted"|"rejected",
 *     "dispositions":[{"machine","executionId","disposition","detail"?}],
 *     "error"?: {"at","message"}}]}
 * A schema's refusal is an error as well: the event is kept, and rejected.
 * 200 when at least one was accepted (or the list was empty), else 400, or 413
 * when one of them was too large.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pavane/digest.h"
#include "pavane/envelope.h"
#include "pavane/text.h"
#include "reply.h"
#include "doors.h"
#include "ticket.h"

#define EVENTS_DEPTH 1000
#define LIST_MAX     10000

static void
reject(struct pav_arena *a, struct pav_event_item *item,
       const struct pav_err *err)
{
    struct pav_buf b;

    pav_buf_init(&b, 4096);
    pav_buf_puts(&b, "{\"at\":");
    pav_buf_jsons(&b, err->at);
    pav_buf_puts(&b, ",\"message\":");
    pav_buf_jsons(&b, err->message);
    pav_buf_putc(&b, '}');
    item->error = pav_arena_strdup(a, b.p);
    pav_buf_fini(&b);
}

#define TREES_MAX 1000 /* jobs in the queue, then none is made */

/* One event, brought into the envelope or rejected. */
static void
read_item(struct pav_api *api, struct pav_events_job *job, const char *text,
          size_t len, const struct pav_outline *outline,
          struct pav_event_item *item)
{
    struct pav_envelope_defaults defaults = {
        .region = pav_api_settings(api)->region,
        .account = job->account != NULL ? job->account
                                        : pav_api_settings(api)->account,
        .stamps = job->account != NULL,
        .speaks_for = job->speaks_for,
        .now_ms = pav_api_now_ms(api)};
    struct pav_doc_opts opts = {PAV_DUP_LAST, 0, 0};
    struct pav_err err;

    item->body.p = text;
    item->body.len = len;
    item->bus = job->bus;
    if (pav_envelope_read(text, len, outline, &defaults, &job->job.arena,
                          &item->event, &err) != PAV_OK) {
        reject(&job->job.arena, item, &err);
        return;
    }
    if (item->event.bus.p != NULL)
        item->bus = pav_arena_strndup(&job->job.arena, item->event.bus.p,
                                      item->event.bus.len);
    if (item->event.simple) /* nothing is there twice */
        opts.dup = PAV_DUP_KEEP;
    /* The engine's thread has enough to do; but trees that wait cost memory. */
    if (pav_engine_waiting(pav_api_settings(api)->engine) < TREES_MAX &&
        pav_doc_parse(&job->job.arena, item->event.text.p, item->event.text.len,
                      &opts, &item->tree, NULL) != PAV_OK)
        item->tree = NULL;
}

/* ---- CloudEvents, binary mode ---- */

/* A value of a header: quotes taken off, then %XX decoded, once. */
static bool
decode_header(struct pav_arena *a, const char *value, struct pav_bytes *out)
{
    size_t len = strlen(value), i, n = 0;
    char *text = pav_arena_alloc(a, len + 1);
    const char *p;

    if (len >= 2 && *value == '"' && value[len - 1] == '"') {
        char *bare = pav_arena_alloc(a, len + 1);

        for (i = 1; i + 1 < len; i++) {
            i += value[i] == '\\' && i + 2 < len;
            bare[n++] = value[i];
        }
        bare[n] = '\0';
        value = bare;
    }
    for (n = 0; *value != '\0'; value++) {
        unsigned byte;

        if (*value != '%') {
            text[n++] = *value;
            continue;
        }
        if (!isxdigit((unsigned char)value[1]) ||
            !isxdigit((unsigned char)value[2]))
            return false;
        sscanf(value + 1, "%2x", &byte);
        text[n++] = (char)byte;
        value += 2;
    }
    text[n] = '\0';
    out->p = text;
    out->len = n;
    for (p = text; p < text + n; p += i)
        if (*p == '\0' || (i = pav_utf8_len(p, text + n)) == 0)
            return false;
    return true;
}

static bool
is_text(const struct pav_request *req)
{
    const char *p = req->body, *end = p + req->body_len;
    size_t n = 1;

    if (strncmp(req->content_type, "text/", 5) != 0 &&
        strcmp(req->content_type, "application/xml") != 0)
        return false;
    while (p < end && (n = pav_utf8_len(p, end)) > 0)
        p += n;
    return n > 0;
}

static bool
is_json_type(const char *type)
{
    size_t len = strlen(type);

    return len == 0 || strcmp(type, "application/json") == 0 ||
           (len > 5 && strcmp(type + len - 5, "+json") == 0);
}

/* The body of a binary event, as a member of the structured form. */
static void
put_data(struct pav_arena *a, const struct pav_request *req,
         struct pav_buf *out)
{
    if (req->body_len == 0)
        return;
    pav_buf_puts(out, ",\"data\":");
    if (is_json_type(req->content_type)) {
        pav_buf_put(out, req->body, req->body_len);
    } else if (is_text(req)) {
        pav_buf_json(out, req->body, req->body_len);
    } else {
        char *coded = pav_arena_zalloc(a, req->body_len * 4 / 3 + 8);

        pav_base64(req->body, req->body_len, coded);
        pav_buf_printf(out, "{\"data_base64\":\"%s\"}", coded);
    }
}

/* The structured form of it, as text; what follows is one way for all. */
static enum pav_rc
structured(struct pav_arena *a, const struct pav_request *req,
           struct pav_buf *out, struct pav_err *err)
{
    const struct pav_doc *alone; /* the data must be JSON by itself */
    bool typed = false, first = true;
    int i;

    if (req->body_len > 0 && is_json_type(req->content_type) &&
        pav_doc_parse_copy(a, req->body, req->body_len, NULL, &alone, err) !=
            PAV_OK)
        return PAV_INVALID;
    pav_buf_putc(out, '{');
    for (i = 0; i < req->field_count; i++) {
        const char *name = req->fields[i].name, *p;
        struct pav_bytes value;

        if (strncasecmp(name, "ce-", 3) != 0)
            continue;
        if (!decode_header(a, req->fields[i].value, &value))
            return pav_fail(err, PAV_INVALID,
                            pav_arena_printf(a, "ce-%s", name + 3),
                            "the value of the header is not percent-encoded "
                            "UTF-8");
        typed |= strcasecmp(name + 3, "datacontenttype") == 0;
        pav_buf_puts(out, first ? "\"" : ",\"");
        first = false;
        for (p = name + 3; *p != '\0'; p++)
            pav_buf_putc(out, (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p));
        pav_buf_puts(out, "\":");
        pav_buf_json(out, value.p, value.len);
    }
    if (!typed && *req->content_type != '\0') {
        pav_buf_puts(out, ",\"datacontenttype\":");
        pav_buf_jsons(out, req->content_type);
    }
    put_data(a, req, out);
    pav_buf_putc(out, '}');
    return PAV_OK;
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
    if (item->event.id.p == NULL)
        pav_buf_puts(b, "null");
    else
        pav_buf_json(b, item->event.id.p, item->event.id.len);
    pav_buf_puts(b, item->error == NULL
                        ? ",\"status\":\"accepted\",\"dispositions\":["
                        : ",\"status\":\"rejected\",\"dispositions\":[");
    for (i = 0; i < item->outcome_count; i++) {
        if (i > 0)
            pav_buf_putc(b, ',');
        put_outcome(&item->outcomes[i], b);
    }
    pav_buf_putc(b, ']');
    if (item->error != NULL) {
        pav_buf_puts(b, ",\"error\":");
        pav_buf_puts(b, item->error);
    }
    pav_buf_putc(b, '}');
}

static void
answer(struct pav_api *api, struct pav_ref ref, const void *about,
       struct pav_job *j)
{
    struct pav_events_job *job = (struct pav_events_job *)j;
    struct pav_buf b;
    uint32_t i;
    bool accepted = job->item_count == 0;

    (void)about;
    if (j->rc != PAV_OK) {
        api_error(api, ref, pav_rc_http(j->rc), pav_rc_name(j->rc), j->err.at,
                  j->err.message);
        return;
    }
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_buf_puts(&b, "{\"results\":[");
    for (i = 0; i < job->item_count; i++) {
        if (i > 0)
            pav_buf_putc(&b, ',');
        accepted |=
            job->items[i].error == NULL || job->items[i].outcome_count > 0;
        put_result(&job->items[i], &b);
    }
    pav_buf_puts(&b, "]}\n");
    api_reply(api, ref, accepted ? 200 : 400, "application/json", b.p, b.len);
    pav_buf_fini(&b);
}

/* ---- the request ---- */

static const char *
skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* Each element is checked by itself; false: the list is no JSON. */
static bool
read_list(struct pav_api *api, struct pav_events_job *job, const char *p,
          const char *end)
{
    struct pav_outline outline;
    uint32_t cap = 16;

    job->items = pav_arena_zalloc(&job->job.arena, cap * sizeof(*job->items));
    p = skip_blanks(p + 1, end);
    if (p < end && *p == ']')
        return skip_blanks(p + 1, end) == end;
    for (;;) {
        size_t used;

        p = skip_blanks(p, end);
        if (!pav_doc_check(p, (size_t)(end - p), EVENTS_DEPTH - 1, &outline,
                           &used))
            return false;
        if (job->item_count == cap) {
            struct pav_event_item *more =
                pav_arena_zalloc(&job->job.arena, 2 * cap * sizeof(*more));

            memcpy(more, job->items, cap * sizeof(*more));
            job->items = more;
            cap *= 2;
        }
        if (job->item_count < LIST_MAX)
            read_item(api, job, p, used, &outline,
                      &job->items[job->item_count]);
        job->item_count++;
        p = skip_blanks(p + used, end);
        if (p == end || (*p != ',' && *p != ']'))
            return false;
        if (*p++ == ']')
            return skip_blanks(p, end) == end;
    }
}

/* PutEvents' request as it is: its entries. */
static bool
is_entries(const struct pav_outline *o)
{
    return o->whole && o->count == 1 && o->members[0].key_len == 7 &&
           memcmp(o->members[0].key, "Entries", 7) == 0 &&
           *o->members[0].p == '[';
}

static enum pav_rc
read_body(struct pav_api *api, struct pav_events_job *job, const char *text,
          size_t len, struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_LAST, EVENTS_DEPTH, 0};
    const char *end = text + len, *p = skip_blanks(text, end);
    struct pav_outline outline;
    const struct pav_doc *ignored;
    bool fine = true;
    enum pav_rc rc;

    if (p < end && *p == '[') {
        fine = read_list(api, job, p, end);
    } else {
        fine =
            pav_doc_check(p, (size_t)(end - p), EVENTS_DEPTH, &outline, NULL);
        if (fine && *p == '{' && is_entries(&outline))
            fine = read_list(api, job, outline.members[0].p,
                             outline.members[0].p + outline.members[0].len);
        else if (fine && *p == '{') {
            while (end > p && (unsigned char)end[-1] <= ' ')
                end--;
            job->item_count = 1;
            job->items = pav_arena_zalloc(&job->job.arena, sizeof(*job->items));
            read_item(api, job, p, (size_t)(end - p), &outline, job->items);
        } else if (fine) {
            return pav_fail(err, PAV_INVALID, "/",
                            "an event, or a list of events, is expected");
        }
    }
    if (job->item_count > LIST_MAX)
        return pav_fail(err, PAV_LIMIT, "/", "at most %d events a list",
                        LIST_MAX);
    if (fine)
        return PAV_OK;
    /* The parser knows where and why. */
    rc = pav_doc_parse(&job->job.arena, text, len, &opts, &ignored, err);
    return rc != PAV_OK ? rc
                        : pav_fail(err, PAV_LIMIT, "/", "nested too deeply");
}

void
events_post(struct pav_api *api, const struct pav_request *req,
            struct pav_ref ref)
{
    struct pav_events_job *job = pav_job_new(&pav_events_kind);
    const struct pav_external_account *external = req->caller;
    char bus[PAV_QUERY_VALUE_MAX];
    struct pav_buf binary;
    const char *text;
    size_t len = req->body_len;
    struct pav_err err;
    enum pav_rc rc;

    if (external != NULL) {
        job->account = external->account;
        job->speaks_for = external->speaks_for;
    }
    if (pav_query_get(req->query, "bus", bus, sizeof(bus)) != NULL)
        job->bus = pav_arena_strdup(&job->job.arena, bus);
    pav_buf_init(&binary, SIZE_MAX / 2);
    if (pav_request_field(req, "ce-specversion") != NULL) {
        rc = structured(&job->job.arena, req, &binary, &err);
        if (rc != PAV_OK) {
            api_error(api, ref, 400, "invalid", err.at, err.message);
            pav_buf_fini(&binary);
            pav_job_free(&job->job);
            return;
        }
        len = binary.len;
    }
    text = pav_arena_strndup(&job->job.arena,
                             binary.p != NULL ? binary.p : req->body, len);
    pav_buf_fini(&binary);
    rc = read_body(api, job, text, len, &err);
    if (rc != PAV_OK) {
        api_error(api, ref, pav_rc_http(rc), pav_rc_name(rc), err.at,
                  err.message);
        pav_job_free(&job->job);
        return;
    }
    api_submit(api, ref, &job->job, answer, NULL);
}
