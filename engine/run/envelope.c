/* Events brought into one form: see pavane/envelope.h. */
#include "pavane/envelope.h"

#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"

#define SOURCE_MAX      256
#define DETAIL_TYPE_MAX 128
#define ID_MAX          256

/* Every place that shows or compares it can hold it. */
static bool
is_plain(const struct pav_doc *text)
{
    const char *p = text->text, *end = p + text->len;
    size_t n;

    for (; p < end; p += n) {
        n = *p == '\0' ? 0 : pav_utf8_len(p, end);
        if (n == 0)
            return false;
    }
    return true;
}

static enum pav_rc
text_field(const struct pav_doc *d, const char *field, size_t max,
           const struct pav_doc **out, struct pav_err *err)
{
    char at[64] = "/";

    strncat(at, field, sizeof(at) - 2);
    *out = pav_doc_get(d, field);
    if (*out == NULL)
        return pav_fail(err, PAV_INVALID, at,
                        "the field '%s' is required: a text", field);
    if ((*out)->kind != PAV_STRING || (*out)->len == 0 || (*out)->len > max)
        return pav_fail(err, PAV_INVALID, at,
                        "the field '%s' must be a text of 1 to %zu bytes",
                        field, max);
    if (!is_plain(*out))
        return pav_fail(err, PAV_INVALID, at,
                        "the field '%s' holds U+0000 or half a character",
                        field);
    return PAV_OK;
}

static const struct pav_doc *
or_text(struct pav_arena *a, const struct pav_doc *v, const char *otherwise)
{
    return v != NULL ? v : pav_doc_new_cstr(a, otherwise);
}

struct parts {
    const struct pav_doc *id, *detail_type, *source, *account, *time, *region,
        *resources, *detail;
};

static void
assemble(struct pav_arena *a, const struct parts *p, struct pav_envelope *out)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_add(&m, "version", 7, pav_doc_new_cstr(a, "0"));
    pav_members_add(&m, "id", 2, p->id);
    pav_members_add(&m, "detail-type", 11, p->detail_type);
    pav_members_add(&m, "source", 6, p->source);
    pav_members_add(&m, "account", 7, p->account);
    pav_members_add(&m, "time", 4, p->time);
    pav_members_add(&m, "region", 6, p->region);
    pav_members_add(&m, "resources", 9, p->resources);
    pav_members_add(&m, "detail", 6, p->detail);
    out->doc = pav_members_object(&m);
    out->id = p->id;
    out->source = p->source;
    out->detail_type = p->detail_type;
}

/* PutEvents' Detail is JSON text. */
static enum pav_rc
detail_text(struct pav_arena *a, const struct pav_doc *v,
            const struct pav_doc **out, struct pav_err *err)
{
    *out = v;
    if (v != NULL && v->kind == PAV_STRING &&
        pav_doc_parse(a, v->text, v->len, NULL, out, NULL) != PAV_OK)
        return pav_fail(err, PAV_INVALID, "/Detail", "Detail is malformed.");
    if (*out == NULL || (*out)->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "/Detail",
                        "the field 'Detail' must hold a JSON object");
    return PAV_OK;
}

static enum pav_rc
read_entry(const struct pav_doc *d, struct pav_arena *a, struct parts *p,
           struct pav_err *err)
{
    enum pav_rc rc = text_field(d, "Source", SOURCE_MAX, &p->source, err);

    if (rc == PAV_OK)
        rc = text_field(d, "DetailType", DETAIL_TYPE_MAX, &p->detail_type, err);
    if (rc == PAV_OK)
        rc = detail_text(a, pav_doc_get(d, "Detail"), &p->detail, err);
    p->id = pav_doc_get(d, "Id");
    p->time = pav_doc_get(d, "Time");
    p->resources = pav_doc_get(d, "Resources");
    return rc;
}

static enum pav_rc
read_cloud_event(const struct pav_doc *d, struct parts *p, struct pav_err *err)
{
    enum pav_rc rc = text_field(d, "id", ID_MAX, &p->id, err);

    if (rc == PAV_OK)
        rc = text_field(d, "source", SOURCE_MAX, &p->source, err);
    if (rc == PAV_OK)
        rc = text_field(d, "type", DETAIL_TYPE_MAX, &p->detail_type, err);
    p->time = pav_doc_get(d, "time");
    p->detail = pav_doc_get(d, "data");
    if (p->detail == NULL)
        p->detail = &pav_doc_empty_object;
    return rc;
}

static enum pav_rc
read_event(const struct pav_doc *d, struct parts *p, struct pav_err *err)
{
    enum pav_rc rc = text_field(d, "source", SOURCE_MAX, &p->source, err);

    if (rc == PAV_OK)
        rc =
            text_field(d, "detail-type", DETAIL_TYPE_MAX, &p->detail_type, err);
    if (rc != PAV_OK)
        return rc;
    p->id = pav_doc_get(d, "id");
    p->account = pav_doc_get(d, "account");
    p->time = pav_doc_get(d, "time");
    p->region = pav_doc_get(d, "region");
    p->resources = pav_doc_get(d, "resources");
    p->detail = pav_doc_get(d, "detail");
    if (p->detail == NULL)
        p->detail = &pav_doc_empty_object;
    if (p->detail->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "/detail",
                        "the field 'detail' must be an object");
    return PAV_OK;
}

enum pav_rc
pav_envelope_read(const struct pav_doc *d, const char *fresh_id,
                  const char *region, const char *account, int64_t now_ms,
                  struct pav_arena *a, struct pav_envelope *out,
                  struct pav_err *err)
{
    struct parts p = {.id = NULL};
    char when[PAV_TIME_LEN];
    enum pav_rc rc;

    memset(out, 0, sizeof(*out));
    if (d->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "", "an event must be a JSON object");
    if (pav_doc_get(d, "specversion") != NULL)
        rc = read_cloud_event(d, &p, err);
    else if (pav_doc_get(d, "DetailType") != NULL ||
             pav_doc_get(d, "Source") != NULL)
        rc = read_entry(d, a, &p, err);
    else
        rc = read_event(d, &p, err);
    if (rc != PAV_OK)
        return rc;
    out->known_id = p.id != NULL;
    if (p.id != NULL &&
        (p.id->kind != PAV_STRING || p.id->len == 0 || p.id->len > ID_MAX))
        return pav_fail(err, PAV_INVALID, "/id",
                        "the field 'id' must be a text of 1 to %d bytes",
                        ID_MAX);
    if (p.id != NULL && !is_plain(p.id))
        return pav_fail(err, PAV_INVALID, "/id",
                        "the field 'id' holds U+0000 or half a character");
    if (p.id == NULL && fresh_id == NULL) {
        char *made = pav_arena_alloc(a, 37);

        pav_uuid4(made);
        fresh_id = made;
    }
    p.id = or_text(a, p.id, fresh_id);
    p.account = or_text(a, p.account, account);
    p.region = or_text(a, p.region, region);
    if (p.time == NULL) {
        pav_time_format(now_ms - now_ms % 1000, when);
        strcpy(when + 19, "Z"); /* EventBridge writes whole seconds */
        p.time = pav_doc_new_cstr(a, pav_arena_strdup(a, when));
    }
    if (p.resources == NULL)
        p.resources = &pav_doc_empty_array;
    assemble(a, &p, out);
    return PAV_OK;
}
