/* Events brought into one form: see pavane/envelope.h. */
#include "pavane/envelope.h"

#include <string.h>
#include <strings.h>

#include "pavane/digest.h"
#include "pavane/text.h"
#include "bus.h"

#define SOURCE_MAX      256
#define DETAIL_TYPE_MAX 128
#define ID_MAX          256

/* A member's value as it was written; `p` NULL: it is not there. */
struct raw {
    const char *p;
    uint32_t len;
};

struct reading {
    const struct pav_outline *outline;
    struct pav_arena *a;
    struct pav_err *err;
    const struct pav_envelope_defaults *defaults;
    struct pav_envelope *out;
    struct raw id, detail_type, source, account, time, region, resources,
        detail;
    bool cloud; /* a CloudEvents event: its attributes go along */
};

static struct raw
member(const struct reading *r, const char *key)
{
    struct raw none = {NULL, 0};
    size_t len = strlen(key);
    uint32_t i;

    for (i = 0; i < r->outline->count; i++) {
        const struct pav_span *m = &r->outline->members[i];

        if (m->key_len == len && memcmp(m->key, key, len) == 0) {
            struct raw found = {m->p, m->len};

            return found;
        }
    }
    return none;
}

/* Every place that shows or compares it can hold it. */
static bool
is_plain(struct pav_bytes text)
{
    const char *p = text.p, *end = p + text.len;
    size_t n;

    for (; p < end; p += n) {
        n = *p == '\0' ? 0 : pav_utf8_len(p, end);
        if (n == 0)
            return false;
    }
    return true;
}

/* The text of a string; `*is_text` false: it is of another kind. */
static struct pav_bytes
text_of(const struct reading *r, struct raw v, bool *is_text)
{
    struct pav_bytes out = {NULL, 0};
    char *text;

    *is_text = v.p != NULL && *v.p == '"';
    if (!*is_text)
        return out;
    out.p = v.p + 1;
    out.len = v.len - 2;
    if (memchr(out.p, '\\', out.len) == NULL)
        return out;
    text = pav_arena_alloc(r->a, out.len + 1);
    out.len = pav_doc_unescape(out.p, out.len, text);
    out.p = text;
    return out;
}

static enum pav_rc
text_field(struct reading *r, const char *field, size_t max, struct raw *raw,
           struct pav_bytes *out)
{
    char at[64] = "/";
    bool is_text;

    strncat(at, field, sizeof(at) - 2);
    *raw = member(r, field);
    if (raw->p == NULL)
        return pav_fail(r->err, PAV_INVALID, at,
                        "the field '%s' is required: a text", field);
    *out = text_of(r, *raw, &is_text);
    if (!is_text || out->len == 0 || out->len > max)
        return pav_fail(r->err, PAV_INVALID, at,
                        "the field '%s' must be a text of 1 to %zu bytes",
                        field, max);
    if (!is_plain(*out))
        return pav_fail(r->err, PAV_INVALID, at,
                        "the field '%s' holds U+0000 or half a character",
                        field);
    return PAV_OK;
}

static enum pav_rc
id_field(struct reading *r)
{
    bool is_text;

    if (r->id.p == NULL)
        return PAV_OK;
    r->out->known_id = true;
    r->out->id = text_of(r, r->id, &is_text);
    if (!is_text || r->out->id.len == 0 || r->out->id.len > ID_MAX)
        return pav_fail(r->err, PAV_INVALID, "/id",
                        "the field 'id' must be a text of 1 to %d bytes",
                        ID_MAX);
    if (!is_plain(r->out->id))
        return pav_fail(r->err, PAV_INVALID, "/id",
                        "the field 'id' holds U+0000 or half a character");
    return PAV_OK;
}

/* ---- the forms ---- */

static enum pav_rc
no_detail(struct reading *r)
{
    return pav_fail(r->err, PAV_INVALID, "/Detail", "Detail is malformed.");
}

/* PutEvents' Detail is JSON text. */
static enum pav_rc
entry_detail(struct reading *r)
{
    struct pav_outline inner;
    struct pav_bytes text;
    bool is_text;

    r->detail = member(r, "Detail");
    if (r->detail.p == NULL)
        return pav_fail(r->err, PAV_INVALID, "/Detail",
                        "the field 'Detail' must hold a JSON object");
    text = text_of(r, r->detail, &is_text);
    if (!is_text) {
        text.p = r->detail.p;
        text.len = r->detail.len;
    }
    while (text.len > 0 && (unsigned char)*text.p <= ' ') {
        text.p++;
        text.len--;
    }
    if (text.len == 0 || *text.p != '{' ||
        !pav_doc_check(text.p, text.len, PAV_DEPTH_MAX - 1, &inner, NULL))
        return no_detail(r);
    r->detail.p = text.p;
    r->detail.len = (uint32_t)text.len;
    r->out->simple = inner.simple && r->outline->simple;
    r->out->detail_plain = inner.plain;
    return PAV_OK;
}

/* Seconds since the epoch, perhaps with a fraction. */
static void
entry_time(struct reading *r)
{
    struct pav_doc number = {
        .kind = PAV_NUMBER, .len = r->time.len, .text = r->time.p};
    char when[PAV_TIME_LEN + 2];
    double seconds;

    if (r->time.p == NULL || *r->time.p == '"')
        return;
    seconds = *r->time.p == '-' || (*r->time.p >= '0' && *r->time.p <= '9')
                  ? pav_doc_double(&number)
                  : -1;
    r->time.p = NULL; /* no time: when it came */
    if (!(seconds >= 0 && seconds < 253402300800.0))
        return;
    when[0] = '"';
    pav_time_format((int64_t)seconds * 1000, when + 1);
    strcpy(when + 20, "Z\"");
    r->time.p = pav_arena_strdup(r->a, when);
    r->time.len = 22;
}

static enum pav_rc
entry_bus(struct reading *r)
{
    struct raw bus = member(r, "EventBusName");
    bool is_text;

    if (bus.p == NULL || strncmp(bus.p, "null", 4) == 0)
        return PAV_OK;
    r->out->bus = text_of(r, bus, &is_text);
    if (!is_text || r->out->bus.len == 0 || !is_plain(r->out->bus))
        return pav_fail(r->err, PAV_INVALID, "/EventBusName",
                        "the field 'EventBusName' must be a bus's name or ARN");
    return PAV_OK;
}

static enum pav_rc
read_entry(struct reading *r)
{
    enum pav_rc rc =
        text_field(r, "Source", SOURCE_MAX, &r->source, &r->out->source);

    if (rc == PAV_OK)
        rc = text_field(r, "DetailType", DETAIL_TYPE_MAX, &r->detail_type,
                        &r->out->detail_type);
    if (rc == PAV_OK)
        rc = entry_detail(r);
    if (rc == PAV_OK)
        rc = entry_bus(r);
    r->id = member(r, "Id");
    r->time = member(r, "Time");
    r->resources = member(r, "Resources");
    entry_time(r);
    return rc;
}

static bool
says_json(struct pav_bytes type)
{
    const char *end = memchr(type.p, ';', type.len);
    size_t len = end == NULL ? type.len : (size_t)(end - type.p);

    while (len > 0 && type.p[len - 1] == ' ')
        len--;
    return (len == 16 && strncasecmp(type.p, "application/json", 16) == 0) ||
           (len > 5 && strncasecmp(type.p + len - 5, "+json", 5) == 0);
}

/* `data`, or what `data_base64` is the text of, when that is JSON. */
static enum pav_rc
cloud_data(struct reading *r)
{
    struct raw coded = member(r, "data_base64");
    struct raw type = member(r, "datacontenttype");
    struct pav_bytes text, of;
    bool is_text;
    char *plain;
    size_t len;

    r->detail = member(r, "data");
    if (coded.p == NULL)
        return PAV_OK;
    if (r->detail.p != NULL)
        return pav_fail(r->err, PAV_INVALID, "/data_base64",
                        "an event has data or data_base64, not both");
    text = text_of(r, coded, &is_text);
    plain = pav_arena_alloc(r->a, text.len + 4);
    if (!is_text || !pav_base64_decode(text.p, text.len, plain, &len))
        return pav_fail(r->err, PAV_INVALID, "/data_base64",
                        "the field 'data_base64' must be a text in Base64");
    of = text_of(r, type, &is_text);
    if ((is_text && !says_json(of)) ||
        !pav_doc_check(plain, len, PAV_DEPTH_MAX - 1, &(struct pav_outline){0},
                       NULL))
        return pav_fail(r->err, PAV_INVALID, "/data_base64",
                        "data_base64 holds no JSON: only JSON can be matched "
                        "and handed on; wrap it in a member of data");
    r->detail.p = plain;
    r->detail.len = (uint32_t)len;
    r->out->simple = r->out->detail_plain = false;
    return PAV_OK;
}

static enum pav_rc
read_cloud_event(struct reading *r)
{
    enum pav_rc rc = text_field(r, "id", ID_MAX, &r->id, &r->out->id);

    if (rc == PAV_OK)
        rc = text_field(r, "source", SOURCE_MAX, &r->source, &r->out->source);
    if (rc == PAV_OK)
        rc = text_field(r, "type", DETAIL_TYPE_MAX, &r->detail_type,
                        &r->out->detail_type);
    r->time = member(r, "time");
    r->cloud = true;
    return rc == PAV_OK ? cloud_data(r) : rc;
}

static enum pav_rc
read_event(struct reading *r)
{
    enum pav_rc rc =
        text_field(r, "source", SOURCE_MAX, &r->source, &r->out->source);

    if (rc == PAV_OK)
        rc = text_field(r, "detail-type", DETAIL_TYPE_MAX, &r->detail_type,
                        &r->out->detail_type);
    if (rc != PAV_OK)
        return rc;
    r->id = member(r, "id");
    r->account = member(r, "account");
    r->time = member(r, "time");
    r->region = member(r, "region");
    r->resources = member(r, "resources");
    r->detail = member(r, "detail");
    if (r->detail.p != NULL && *r->detail.p != '{')
        return pav_fail(r->err, PAV_INVALID, "/detail",
                        "the field 'detail' must be an object");
    return PAV_OK;
}

/* ---- the envelope ---- */

static char *
put(char *w, const char *text, size_t len)
{
    memcpy(w, text, len);
    return w + len;
}

static char *
put_member(char *w, const char *key, struct raw v)
{
    w = put(w, key, strlen(key));
    return put(w, v.p, v.len);
}

/* Without a quote mark, a backslash or a control character. */
static bool
is_quotable(const char *p)
{
    while ((unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return *p == '\0';
}

static struct raw
or_text(const struct reading *r, struct raw v, const char *by_default)
{
    size_t len = strlen(by_default);
    struct pav_buf text;
    struct raw made;

    if (v.p != NULL)
        return v;
    if (is_quotable(by_default)) {
        made.p = pav_arena_printf(r->a, "\"%s\"", by_default);
        made.len = (uint32_t)len + 2;
        return made;
    }
    pav_buf_init(&text, SIZE_MAX / 2); /* an id that another system made */
    pav_buf_jsons(&text, by_default);
    made.p = pav_arena_strndup(r->a, text.p, text.len);
    made.len = (uint32_t)text.len;
    pav_buf_fini(&text);
    return made;
}

static struct raw
or_json(struct raw v, const char *by_default)
{
    struct raw other = {by_default, (uint32_t)strlen(by_default)};

    return v.p != NULL ? v : other;
}

/*
 * What the envelope has no member of its own for. A member of PutEvents, which
 * CloudEvents has no such name for, would make the envelope one of both forms,
 * refused when it is read again.
 */
static bool
goes_along(const struct pav_span *m)
{
    static const char *const others[] = {
        "specversion", "id",      "source",      "type",        "time",
        "data",        "version", "detail-type", "account",     "region",
        "resources",   "detail",  "replay-name", "data_base64", "Source",
        "DetailType",  "Detail",  "Id",          "Time",        "Resources",
        "EventBusName"};
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strlen(others[i]) == m->key_len &&
            memcmp(others[i], m->key, m->key_len) == 0)
            return false;
    return true;
}

static size_t
attributes_len(const struct reading *r)
{
    size_t len = 0;
    uint32_t i;

    for (i = 0; r->cloud && i < r->outline->count; i++)
        if (goes_along(&r->outline->members[i]))
            len +=
                r->outline->members[i].key_len + r->outline->members[i].len + 4;
    return len;
}

static char *
put_attributes(const struct reading *r, char *w)
{
    uint32_t i;

    for (i = 0; r->cloud && i < r->outline->count; i++) {
        const struct pav_span *m = &r->outline->members[i];
        struct raw value = {m->p, m->len};

        if (!goes_along(m))
            continue;
        w = put(w, ",\"", 2);
        w = put(w, m->key, m->key_len);
        w = put_member(w, "\":", value);
    }
    return w;
}

/* Whether the sender may not speak for the account that the event names. */
static bool
is_stamped(const struct reading *r)
{
    const char *p = r->defaults->speaks_for;
    bool is_text;
    struct pav_bytes account = text_of(r, r->account, &is_text);

    if (!r->defaults->stamps || p == NULL)
        return r->defaults->stamps;
    if (strcmp(p, "*") == 0)
        return false;
    for (; is_text && *p != '\0'; p += *p == ',') {
        size_t len = strcspn(p, ",");

        if (len == account.len && memcmp(p, account.p, len) == 0)
            return false;
        p += len;
    }
    return true;
}

static void
fill_defaults(struct reading *r)
{
    const struct pav_envelope_defaults *d = r->defaults;
    char when[PAV_TIME_LEN], made[37];
    bool is_text;
    struct pav_bytes time = text_of(r, r->time, &is_text);

    r->out->at = d->now_ms;
    if (is_text)
        (void)pav_time_parse(time.p, time.len, &r->out->at);
    if (r->id.p == NULL) {
        if (d->fresh_id == NULL)
            pav_uuid4(made);
        r->id = or_text(r, r->id, d->fresh_id == NULL ? made : d->fresh_id);
        r->out->id = text_of(r, r->id, &is_text);
    }
    if (r->out->stamped)
        r->account.p = r->region.p = NULL;
    r->account = or_text(r, r->account, d->account);
    r->region = or_text(r, r->region, d->region);
    pav_time_format(d->now_ms, when);
    strcpy(when + 19, "Z"); /* EventBridge writes whole seconds */
    r->time = or_text(r, r->time, when);
    r->resources = or_json(r->resources, "[]");
    r->detail = or_json(r->detail, "{}");
}

static void
assemble(struct reading *r)
{
    struct raw replay = {NULL, 0};
    size_t len;
    char *text, *w;

    if (r->defaults->replay != NULL)
        replay = or_text(r, replay, r->defaults->replay);
    len = 160 + r->id.len + r->detail_type.len + r->source.len +
          r->account.len + r->time.len + r->region.len + r->resources.len +
          replay.len + r->detail.len + attributes_len(r);
    text = w = pav_arena_alloc(r->a, len);
    w = put_member(w, "{\"version\":\"0\",\"id\":", r->id);
    w = put_member(w, ",\"detail-type\":", r->detail_type);
    w = put_member(w, ",\"source\":", r->source);
    w = put_member(w, ",\"account\":", r->account);
    w = put_member(w, ",\"time\":", r->time);
    w = put_member(w, ",\"region\":", r->region);
    w = put_member(w, ",\"resources\":", r->resources);
    if (replay.p != NULL)
        w = put_member(w, ",\"replay-name\":", replay);
    w = put_attributes(r, w);
    w = put_member(w, ",\"detail\":", r->detail);
    r->out->detail.p = r->detail.p;
    r->out->detail.len = r->detail.len;
    r->out->detail_at = (size_t)(w - text) - r->detail.len;
    w = put(w, "}", 1);
    *w = '\0';
    r->out->text.p = text;
    r->out->text.len = (size_t)(w - text);
}

/* Lower-case letters and digits: CloudEvents 1.0, 3.1. */
static bool
is_extension(const struct pav_member *m)
{
    uint32_t i;

    for (i = 0; i < m->len; i++)
        if (!((m->key[i] >= 'a' && m->key[i] <= 'z') ||
              (m->key[i] >= '0' && m->key[i] <= '9')))
            return false;
    return m->len > 0;
}

/* A key that appears twice or is escaped: the tree knows what holds. */
static enum pav_rc
outline_of_tree(struct pav_arena *a, const char *text, size_t len,
                struct pav_outline *out, struct pav_err *err)
{
    const struct pav_doc *d;
    enum pav_rc rc = pav_doc_parse(a, text, len, NULL, &d, err);
    bool is_cloud;
    uint32_t i;

    if (rc != PAV_OK)
        return rc;
    is_cloud = pav_doc_get(d, "specversion") != NULL;
    out->count = 0;
    out->simple = out->plain = false;
    for (i = 0; i < d->len; i++) {
        static const char *const known[] = {
            "id",         "detail-type", "source",       "account",
            "time",       "region",      "resources",    "detail",
            "Source",     "DetailType",  "Detail",       "Id",
            "Time",       "Resources",   "EventBusName", "specversion",
            "type",       "data",        "data_base64",  "datacontenttype",
            "dataschema", "subject"};
        const struct pav_member *m = &d->members[i];
        bool is_known = false;
        size_t k;

        for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            is_known |= strlen(known[k]) == m->len &&
                        memcmp(known[k], m->key, m->len) == 0;
        if (is_known || (is_cloud && is_extension(m))) {
            struct pav_span *span;

            if (out->count == PAV_OUTLINE_MAX)
                return pav_fail(err, PAV_LIMIT, "",
                                "an event of CloudEvents has at most %d "
                                "attributes",
                                PAV_OUTLINE_MAX);
            span = &out->members[out->count++];
            span->key = m->key;
            span->key_len = m->len;
            span->p = pav_doc_text(a, &m->value);
            span->len = (uint32_t)strlen(span->p);
        }
    }
    return PAV_OK;
}

enum pav_rc
pav_envelope_read(const char *text, size_t len,
                  const struct pav_outline *outline,
                  const struct pav_envelope_defaults *defaults,
                  struct pav_arena *a, struct pav_envelope *out,
                  struct pav_err *err)
{
    struct reading r = {.outline = outline,
                        .a = a,
                        .err = err,
                        .defaults = defaults,
                        .out = out};
    struct pav_outline other;
    enum pav_rc rc = PAV_OK;

    memset(out, 0, sizeof(*out));
    if (len == 0 || *text != '{')
        return pav_fail(err, PAV_INVALID, "", "an event must be a JSON object");
    if (!outline->whole) {
        rc = outline_of_tree(a, text, len, &other, err);
        r.outline = &other;
    }
    if (rc != PAV_OK)
        return rc;
    out->simple = r.outline->simple;
    out->detail_plain = r.outline->plain;
    if (member(&r, "specversion").p != NULL)
        rc = read_cloud_event(&r);
    else if (member(&r, "DetailType").p != NULL ||
             member(&r, "Source").p != NULL)
        rc = read_entry(&r);
    else
        rc = read_event(&r);
    if (rc == PAV_OK)
        rc = id_field(&r);
    if (rc != PAV_OK)
        return rc;
    out->stamped = is_stamped(&r);
    if (out->stamped && out->source.len >= 4 &&
        memcmp(out->source.p, "aws.", 4) == 0)
        return pav_fail(err, PAV_DENIED, "/source",
                        "Not authorized for the source.");
    fill_defaults(&r);
    assemble(&r);
    return PAV_OK;
}

enum pav_rc
pav_envelope_read_any(const char *text, size_t len,
                      const struct pav_envelope_defaults *defaults,
                      struct pav_arena *a, struct pav_envelope *out,
                      struct pav_err *err)
{
    const struct pav_doc *ignored;
    struct pav_outline outline;
    enum pav_rc rc;

    while (len > 0 && (unsigned char)*text <= ' ') {
        text++;
        len--;
    }
    if (pav_doc_check(text, len, PAV_DEPTH_MAX, &outline, NULL))
        return pav_envelope_read(text, len, &outline, defaults, a, out, err);
    rc = pav_doc_parse(a, text, len, NULL, &ignored, err);
    return rc != PAV_OK ? rc
                        : pav_fail(err, PAV_INVALID, "", "this is no event");
}

const char *
pav_entry_fault(struct pav_arena *a, const struct pav_doc *entry,
                const struct pav_envelope_defaults *defaults,
                struct pav_envelope *out, const char **code)
{
    static const char *const needed[] = {"Source", "DetailType", "Detail"};
    const struct pav_doc *source = pav_doc_get(entry, "Source"), *detail;
    struct pav_bytes text;
    struct pav_err err;
    size_t i;

    *code = "InvalidArgument";
    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        const struct pav_doc *v = pav_doc_get(entry, needed[i]);

        if (v == NULL || v->kind != PAV_STRING || v->len == 0)
            return pav_arena_printf(a,
                                    "Parameter %s is not valid. Reason: %s is "
                                    "a required argument.",
                                    needed[i], needed[i]);
    }
    if (source->len >= 4 && memcmp(source->text, "aws.", 4) == 0) {
        *code = "NotAuthorizedForSourceException";
        return "Not authorized for the source.";
    }
    detail = pav_doc_get(entry, "Detail");
    *code = "MalformedDetail";
    if (pav_doc_parse(a, detail->text, detail->len, NULL, &detail, NULL) !=
            PAV_OK ||
        detail->kind != PAV_OBJECT)
        return "Detail is malformed.";
    *code = "InvalidArgument";
    text.p = pav_doc_text(a, entry);
    text.len = strlen(text.p);
    if (pav_envelope_read_any(text.p, text.len, defaults, a, out, &err) !=
        PAV_OK)
        return pav_arena_printf(a, "%s", err.message);
    return NULL;
}
