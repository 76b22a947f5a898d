/*
 * What the engine asks a queue: messages are received, and deleted, by SQS's
 * JSON protocol (X-Amz-Target: AmazonSQS.ReceiveMessage).
 *
 * A message's body is an event when it looks like one: the envelope, an entry
 * of PutEvents, a CloudEvent.  Any other becomes the detail of one of the
 * source's own names, a text as {"body": TEXT}.  The event has the message's id
 * unless it brings one.
 */
#include <string.h>

#include "pavane/clock.h"
#include "pavane/log.h"
#include "pavane/text.h"
#include "handed_out.h"
#include "outgoing.h"

#define ANSWER_MAX  (12 << 20) /* ten messages, escaped */
#define BATCH       10
#define WAIT_S      20 /* the longest that a queue keeps a question */
#define TIMEOUT_MS  30000
#define ID_MAX      256
#define RECEIPT_MAX 4096
#define LONG_US     900000

/* Lives in the reply. */
struct asking {
    struct outgoing deletion, question;
    struct pav_api *api;
    struct pav_arena *a;
    struct pav_received_job *reply;
    const struct pav_doc *settings;
    const char *name;
    const char **receipts;
    uint32_t receipt_count;
    bool asks;
    int64_t began_us;
};

static void
count(struct asking *q, enum source_count what, uint64_t n)
{
    source_count(q->api, q->name, what, n);
}

/* The whole of it, if it is a text that can be one. */
static const char *
text_of(struct asking *q, const struct pav_doc *message, const char *key,
        size_t most)
{
    const struct pav_doc *d = pav_doc_get(message, key);

    return d == NULL || d->kind != PAV_STRING || d->len == 0 || d->len > most ||
                   memchr(d->text, 0, d->len) != NULL
               ? NULL
               : pav_doc_str(q->a, d);
}

static void
submit(struct asking *q, const char *failure)
{
    q->reply->failure =
        failure == NULL ? NULL : pav_arena_strdup(q->a, failure);
    if (failure != NULL)
        count(q, SOURCE_FAILURES, 1);
    reply_submit(q->api, &q->reply->events.job);
}

/* ---- a message as an event ---- */

static bool
looks_like_an_event(const struct pav_doc *d)
{
    return d != NULL && d->kind == PAV_OBJECT &&
           (pav_doc_get(d, "detail-type") != NULL ||
            pav_doc_get(d, "DetailType") != NULL ||
            pav_doc_get(d, "specversion") != NULL);
}

/* NULL: it is none, and `*why`. */
static const char *
event_text(struct asking *q, const struct pav_doc *message, const char *body,
           const char **why)
{
    const char *source = pav_doc_member_str(q->a, q->settings, "source");
    const char *sent = pav_doc_member_str(
        q->a, pav_doc_get(message, "Attributes"), "SentTimestamp");
    const struct pav_doc *d = NULL;
    struct pav_members event, detail;
    char time[PAV_TIME_LEN];
    int64_t ms;

    if (pav_doc_parse(q->a, body, strlen(body), NULL, &d, NULL) != PAV_OK)
        d = NULL;
    if (looks_like_an_event(d))
        return body;
    if (source == NULL) {
        *why = "it is no event, and the source says no \"source\" and "
               "\"detailType\" for what is none";
        return NULL;
    }
    if (d == NULL || d->kind != PAV_OBJECT) {
        pav_members_init(&detail, q->a);
        pav_members_puts(&detail, "body",
                         d == NULL ? pav_doc_new_cstr(q->a, body) : d);
        d = pav_members_object(&detail);
    }
    pav_members_init(&event, q->a);
    pav_members_str(&event, "source", source);
    pav_members_str(&event, "detail-type",
                    pav_doc_member_str(q->a, q->settings, "detailType"));
    if (sent != NULL && pav_parse_int(sent, strlen(sent), &ms))
        pav_members_str(&event, "time",
                        pav_arena_strdup(q->a, pav_time_format(ms, time)));
    pav_members_puts(&event, "detail", d);
    return pav_doc_text(q->a, pav_members_object(&event));
}

/* NULL: an event; else why not. */
static const char *
read_message(struct asking *q, const struct pav_doc *message,
             struct pav_event_item *item)
{
    const struct pav_api_config *config = pav_api_settings(q->api);
    const char *id = text_of(q, message, "MessageId", ID_MAX);
    const char *body = text_of(q, message, "Body", PAV_EVENTS_MAX);
    struct pav_envelope_defaults defaults = {.region = config->region,
                                             .account = config->account,
                                             .fresh_id = id,
                                             .now_ms = pav_api_now_ms(q->api)};
    const char *why, *text;
    struct pav_err err;

    if (id == NULL)
        return "its MessageId is no text of 1 to 256 bytes without U+0000";
    if (body == NULL)
        return "its Body is no text of 1 to 1048576 bytes without U+0000";
    text = event_text(q, message, body, &why);
    if (text == NULL)
        return why;
    if (pav_envelope_read_any(text, strlen(text), &defaults, q->a, &item->event,
                              &err) != PAV_OK) {
        memset(&item->event, 0, sizeof(item->event));
        return pav_arena_printf(q->a, "%s: %s", err.at, err.message);
    }
    item->body.p = text;
    item->body.len = strlen(text);
    item->event.known_id = true; /* the message's, if it has no other */
    item->bus = q->reply->events.bus;
    if (item->event.bus.p != NULL)
        item->bus =
            pav_arena_strndup(q->a, item->event.bus.p, item->event.bus.len);
    return NULL;
}

static void
add_message(struct asking *q, const struct pav_doc *message)
{
    struct pav_received_job *reply = q->reply;
    struct pav_event_item *item =
        &reply->events.items[reply->events.item_count];
    const char *receipt = text_of(q, message, "ReceiptHandle", RECEIPT_MAX);
    const char *id, *why = "its ReceiptHandle is no text";

    if (receipt != NULL) {
        reply->receipts[reply->events.item_count++] = receipt;
        item->error = why = read_message(q, message, item);
    }
    if (why == NULL)
        return;
    id = text_of(q, message, "MessageId", ID_MAX);
    count(q, SOURCE_REFUSED, 1);
    pav_log(PAV_LOG_WARN, NULL,
            "source %s: the message %s stays in the queue: %s", q->name,
            id == NULL ? "without an id" : id, why);
}

/* False: it is no answer of such a queue. */
static bool
read_messages(struct asking *q, const char *text, size_t len)
{
    const struct pav_doc *answer, *list;
    uint32_t i;

    if (pav_doc_parse_copy(q->a, text, len, NULL, &answer, NULL) != PAV_OK ||
        answer->kind != PAV_OBJECT)
        return false;
    list = pav_doc_get(answer, "Messages");
    if (list == NULL || list->kind == PAV_NULL)
        return true;
    if (list->kind != PAV_ARRAY || list->len > BATCH)
        return false;
    q->reply->events.items =
        pav_arena_zalloc(q->a, (list->len + 1) * sizeof(struct pav_event_item));
    q->reply->receipts =
        pav_arena_zalloc(q->a, (list->len + 1) * sizeof(char *));
    for (i = 0; i < list->len; i++)
        add_message(q, &list->items[i]);
    count(q, SOURCE_RECEIVED, list->len);
    return true;
}

/* ---- receiving ---- */

static void
received(void *arg, const struct pav_incoming *in)
{
    struct asking *q = arg;

    if (in == NULL) /* the daemon ends */
        pav_job_free(&q->reply->events.job);
    else if (in->error != NULL)
        submit(q, in->error);
    else if (in->status >= 300)
        submit(q, pav_arena_printf(
                      q->a, "ReceiveMessage was answered %ld %.*s", in->status,
                      in->len > 200 ? 200 : (int)in->len, in->body));
    else if (!read_messages(q, in->body, in->len))
        submit(q, "its answer to ReceiveMessage is none of SQS's JSON "
                  "protocol");
    else {
        q->reply->waited = pav_clock_mono_us() - q->began_us >= LONG_US;
        submit(q, NULL);
    }
}

static void
not_received(void *arg, const char *code, const char *why, bool retryable)
{
    (void)code;
    (void)retryable;
    submit(arg, why);
}

/* "http://host:port/0/orders" -> "http://host:port/" */
static const char *
endpoint_of(struct pav_arena *a, const char *queue)
{
    const char *host = strstr(queue, "://") + 3;

    return pav_arena_printf(
        a, "%.*s/", (int)(host - queue + (ptrdiff_t)strcspn(host, "/?")),
        queue);
}

static void
prepare(struct asking *q, struct outgoing *o, const char *action,
        struct pav_members *body)
{
    const char *queue = pav_doc_member_str(q->a, q->settings, "queue");

    pav_members_str(body, "QueueUrl", queue);
    o->api = q->api;
    o->a = q->a;
    o->arg = q;
    o->method = "POST";
    o->url = endpoint_of(q->a, queue);
    o->body.p = pav_doc_text(q->a, pav_members_object(body));
    o->body.len = strlen(o->body.p);
    o->private_allowed = true; /* the operator wrote it down */
    o->timeout_ms = TIMEOUT_MS;
    o->answer_max = ANSWER_MAX;
    o->key = pav_arena_printf(q->a, "source-%llu",
                              (unsigned long long)q->reply->serial);
    outgoing_header(o, "Content-Type", "application/x-amz-json-1.0");
    outgoing_header(o, "X-Amz-Target",
                    pav_arena_printf(q->a, "AmazonSQS.%s", action));
}

static void
ask(struct asking *q)
{
    const struct pav_doc *batch = pav_doc_get(q->settings, "batchSize");
    struct pav_members body;
    struct pav_items names;

    if (!q->asks) {
        submit(q, NULL);
        return;
    }
    pav_members_init(&body, q->a);
    pav_items_init(&names, q->a);
    pav_items_add(&names, pav_doc_new_cstr(q->a, "SentTimestamp"));
    pav_members_puts(&body, "AttributeNames", pav_items_array(&names));
    pav_members_puts(&body, "MaxNumberOfMessages",
                     batch != NULL ? batch : pav_doc_new_int(q->a, BATCH));
    pav_members_int(&body, "WaitTimeSeconds", WAIT_S);
    prepare(q, &q->question, "ReceiveMessage", &body);
    q->question.done = received;
    q->question.failed = not_received;
    q->began_us = pav_clock_mono_us();
    outgoing_send(&q->question);
}

/* ---- deleting ---- */

/* None of them: they are tried again before more is asked for. */
static void
nothing_deleted(struct asking *q, const char *why)
{
    q->reply->undeleted = q->receipts;
    q->reply->undeleted_count = q->receipt_count;
    submit(q, pav_arena_printf(q->a, "DeleteMessageBatch %s", why));
}

/* Of a batch that was answered, those that could not be deleted come again, and
 * are duplicates. */
static void
deleted(void *arg, const struct pav_incoming *in)
{
    struct asking *q = arg;
    const struct pav_doc *answer, *list;
    uint32_t left;

    if (in == NULL) {
        pav_job_free(&q->reply->events.job);
        return;
    }
    if (in->error != NULL) {
        nothing_deleted(q, in->error);
        return;
    }
    if (in->status >= 300 || pav_doc_parse_copy(q->a, in->body, in->len, NULL,
                                                &answer, NULL) != PAV_OK) {
        nothing_deleted(
            q, pav_arena_printf(q->a, "was answered %ld %.*s", in->status,
                                in->len > 200 ? 200 : (int)in->len, in->body));
        return;
    }
    list = pav_doc_get(answer, "Failed");
    left = list == NULL || list->kind != PAV_ARRAY ? 0 : list->len;
    if (left > q->receipt_count)
        left = q->receipt_count;
    if (left > 0)
        pav_log(PAV_LOG_WARN, NULL,
                "source %s: %u of %u messages could not be deleted; they come "
                "again as duplicates",
                q->name, left, q->receipt_count);
    count(q, SOURCE_DELETED, q->receipt_count - left);
    ask(q);
}

static void
not_deleted(void *arg, const char *code, const char *why, bool retryable)
{
    (void)code;
    (void)retryable;
    nothing_deleted(arg, why);
}

static void
forget_messages(struct asking *q)
{
    struct pav_members body, entry;
    struct pav_items entries;
    uint32_t i;

    pav_items_init(&entries, q->a);
    for (i = 0; i < q->receipt_count; i++) {
        pav_members_init(&entry, q->a);
        pav_members_str(&entry, "Id", pav_arena_printf(q->a, "%u", i));
        pav_members_str(&entry, "ReceiptHandle", q->receipts[i]);
        pav_items_add(&entries, pav_members_object(&entry));
    }
    pav_members_init(&body, q->a);
    pav_members_puts(&body, "Entries", pav_items_array(&entries));
    prepare(q, &q->deletion, "DeleteMessageBatch", &body);
    q->deletion.done = deleted;
    q->deletion.failed = not_deleted;
    outgoing_send(&q->deletion);
}

/* On the front thread; the job changes hands. */
void
sources_take(struct pav_api *api, struct pav_job *job)
{
    const struct pav_receive_job *j = (const struct pav_receive_job *)job;
    struct pav_received_job *reply = pav_job_new(&pav_received_kind);
    struct pav_arena *a = &reply->events.job.arena;
    struct asking *q = pav_arena_zalloc(a, sizeof(*q));
    const char *text = pav_doc_text(a, j->settings);
    uint32_t i;

    q->api = api;
    q->a = a;
    q->reply = reply;
    q->settings = pav_doc_own(a, text, strlen(text));
    q->name = pav_arena_strdup(a, j->source);
    q->receipts =
        pav_arena_alloc(a, (j->receipt_count + 1) * sizeof(*q->receipts));
    for (i = 0; i < j->receipt_count; i++)
        q->receipts[q->receipt_count++] = pav_arena_strdup(a, j->receipts[i]);
    q->asks = j->asks;
    reply->source = q->name;
    reply->settings = q->settings;
    reply->serial = j->serial;
    reply->events.bus = pav_doc_member_str(a, q->settings, "bus");
    if (j->receipt_count > 0)
        forget_messages(q);
    else
        ask(q);
    pav_job_free(job);
}
