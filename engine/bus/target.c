/*
 * A target as the API has it (PutTargets, CreateSchedule), read once: where it
 * leads, what it is sent.  run/send.c sends.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/transform.h"
#include "bus.h"

/* The kind of its ARN, and the name in it. */
static enum target_kind
target_kind_of(struct pav_arena *a, const char *arn, struct target *out)
{
    static const struct {
        const char *service, *resource;
        enum target_kind kind;
    } rows[] = {{"states", "stateMachine", TARGET_MACHINE},
                {"pavane", "resume", TARGET_RESUME},
                {"events", "event-bus", TARGET_BUS}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *p = pav_arn_name(arn, rows[i].service, rows[i].resource);

        if (p == NULL)
            continue;
        out->name = pav_arena_strndup(a, p, strcspn(p, ":"));
        if (rows[i].kind == TARGET_MACHINE && p[strcspn(p, ":")] == ':')
            out->qualifier = pav_arena_strdup(a, p + strcspn(p, ":") + 1);
        return rows[i].kind;
    }
    return TARGET_OUTSIDE;
}

/* Input, InputPath and InputTransformer as rules.json names them. */
static const struct pav_doc *
inputs_of(struct pav_arena *a, const struct pav_doc *d, struct pav_err *err)
{
    const struct pav_doc *input = pav_doc_get(d, "Input"), *constant;
    const struct pav_doc *path = pav_doc_get(d, "InputPath");
    const struct pav_doc *transformer = pav_doc_get(d, "InputTransformer");
    struct pav_members m;

    pav_members_init(&m, a);
    if (input != NULL) {
        if (input->kind != PAV_STRING ||
            pav_doc_parse(a, input->text, input->len, NULL, &constant, err) !=
                PAV_OK)
            return NULL;
        pav_members_puts(&m, "input", constant);
    }
    if (path != NULL)
        pav_members_puts(&m, "inputPath", path);
    if (transformer != NULL)
        pav_members_puts(&m, "inputTransformer", transformer);
    return pav_members_object(&m);
}

/* A copy that owns what it points to. */
static const struct pav_doc *
kept(struct pav_arena *a, const struct pav_doc *d, struct pav_bytes *text)
{
    text->p = pav_doc_text(a, d);
    text->len = strlen(text->p);
    return pav_doc_own(a, text->p, text->len);
}

/* "arn:aws:events:REGION:ACCOUNT:..." of this daemon. */
static bool
is_ours(struct pav_engine *e, const char *arn)
{
    const char *own = pav_arena_printf(
        &e->arena, ":events:%s:%s:", e->config.region, e->config.account);

    return strstr(arn, own) != NULL;
}

static enum pav_rc
check_retries(const struct pav_doc *policy, struct pav_err *err)
{
    static const struct {
        const char *key;
        int64_t min, max;
    } rows[] = {{"MaximumRetryAttempts", 0, 185},
                {"MaximumEventAgeInSeconds", 60, 86400}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pav_doc *v = pav_doc_get(policy, rows[i].key);
        int64_t n;

        if (v != NULL && (v->kind != PAV_NUMBER || !pav_doc_int(v, &n) ||
                          n < rows[i].min || n > rows[i].max))
            return pav_fail(err, PAV_INVALID, "RetryPolicy",
                            "%s is %lld to %lld", rows[i].key,
                            (long long)rows[i].min, (long long)rows[i].max);
    }
    return PAV_OK;
}

/* Does a text in it begin as a path does? */
static bool
is_dynamic(const struct pav_doc *d)
{
    uint32_t i;

    if (d == NULL)
        return false;
    if (d->kind == PAV_STRING)
        return d->len > 0 && d->text[0] == '$';
    for (i = 0; d->kind == PAV_ARRAY && i < d->len; i++)
        if (is_dynamic(&d->items[i]))
            return true;
    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++)
        if (is_dynamic(&d->members[i].value))
            return true;
    return false;
}

/* A log's KinesisParameters are its own matter (api/deliveries.c). */
static bool
is_stream(const char *arn)
{
    return pav_arn_name(arn, "kinesis", "stream") != NULL;
}

enum pav_rc
target_read(struct pav_engine *e, struct pav_arena *a, const struct pav_doc *d,
            struct target *out, struct pav_err *err)
{
    const struct pav_doc *inputs, *id, *arn;
    struct pav_transform *t;
    enum pav_rc rc;

    memset(out, 0, sizeof(*out));
    d = kept(a, d, &out->text);
    id = pav_doc_get(d, "Id");
    arn = pav_doc_get(d, "Arn");
    if (arn == NULL || arn->kind != PAV_STRING || arn->len == 0)
        return pav_fail(err, PAV_INVALID, "Arn", "a target needs an Arn");
    rc = check_retries(pav_doc_get(d, "RetryPolicy"), err);
    if (rc != PAV_OK)
        return rc;
    if (is_dynamic(pav_doc_get(d, "HttpParameters")) ||
        is_dynamic(pav_doc_get(d, "SqsParameters")) ||
        (is_stream(pav_doc_str(a, arn)) &&
         is_dynamic(pav_doc_get(d, "KinesisParameters"))))
        out->dynamic = d;
    out->id = id == NULL || id->kind != PAV_STRING ? "" : pav_doc_str(a, id);
    out->arn = pav_doc_str(a, arn);
    inputs = inputs_of(a, d, err);
    if (inputs == NULL)
        return pav_fail(err, PAV_INVALID, "Input",
                        "JSON text is expected as Input");
    rc = pav_transform_compile(a, inputs, false, &t, err);
    if (rc != PAV_OK)
        return rc;
    out->transform = t;
    out->kind = target_kind_of(a, out->arn, out);
    out->outside = out->kind == TARGET_BUS && !is_ours(e, out->arn);
    return PAV_OK;
}
