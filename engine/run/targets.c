/*
 * From a matched rule, or a schedule that is due, to its targets.
 *
 * What is inside happens here, within the turn's transaction: an execution is
 * started, another bus gets the event.  What is outside becomes a row, sent
 * behind the commit until the target has it (deliveries.c).
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/folder.h"
#include "pavane/path.h"
#include "pavane/transform.h"
#include "bus_int.h"

/* The kind of its ARN, and the name in it. */
static enum target_kind
target_kind_of(struct pav_arena *a, const char *arn, struct target *out)
{
    static const struct {
        const char *service, *resource;
        enum target_kind kind;
    } rows[] = {{":states:", ":stateMachine:", TARGET_MACHINE},
                {":pavane:", ":resume/", TARGET_RESUME},
                {":events:", ":event-bus/", TARGET_BUS}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *p = strstr(arn, rows[i].resource);

        if (p == NULL || strstr(arn, rows[i].service) == NULL)
            continue;
        p += strlen(rows[i].resource);
        out->name = pav_arena_strndup(a, p, strcspn(p, ":"));
        if (rows[i].kind == TARGET_MACHINE && p[strcspn(p, ":")] == ':')
            out->qualifier = pav_arena_strdup(a, p + strcspn(p, ":") + 1);
        return rows[i].kind;
    }
    return TARGET_OUTSIDE;
}

bool
target_arn_fits(const struct pav_doc *arn)
{
    const char *p, *colon;
    int part;

    if (arn == NULL || arn->kind != PAV_STRING || arn->len > 1600 ||
        arn->len < 4 || memcmp(arn->text, "arn:", 4) != 0)
        return false;
    for (part = 1, p = arn->text + 4; part < 5; part++, p = colon + 1) {
        colon = memchr(p, ':', (size_t)(arn->text + arn->len - p));
        /* Partition and service are there; region and account may be empty. */
        if (colon == NULL || (part <= 2 && colon == p) ||
            memchr(p, ' ', (size_t)(colon - p)) != NULL)
            return false;
    }
    return p < arn->text + arn->len;
}

static bool
serves(struct pav_engine *e, const char *service)
{
    uint32_t i;

    for (i = 0; i < e->config.service_count; i++)
        if (strcmp(e->config.services[i], service) == 0 ||
            strcmp(e->config.services[i], "*") == 0)
            return true;
    return false;
}

const char *
target_unserved(struct pav_engine *e, const char *arn)
{
    struct target t = {0};

    switch (target_kind_of(&e->arena, arn, &t)) {
    case TARGET_MACHINE:
    case TARGET_RESUME:
        return machine_by_name(e, t.name) == NULL
                   ? "there is no such machine yet"
                   : NULL;
    case TARGET_BUS:
        return NULL;
    case TARGET_OUTSIDE:
        break;
    }
    if (strstr(arn, ":api-destination/") != NULL ||
        strstr(arn, ":logs:") != NULL)
        return NULL;
    if (strstr(arn, ":lambda:") != NULL)
        return serves(e, "lambda:invoke")
                   ? NULL
                   : "\"functions\" of the services file maps nothing";
    if (strstr(arn, ":sqs:") != NULL)
        return serves(e, "sqs:sendMessage")
                   ? NULL
                   : "\"queues\" of the services file maps nothing";
    if (strstr(arn, ":sns:") != NULL)
        return serves(e, "sns:publish")
                   ? NULL
                   : "\"topics\" of the services file maps nothing";
    return "nobody serves this kind of target: machines, buses, API "
           "destinations, functions, queues, topics and log groups are";
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
        int64_t least, most;
    } rows[] = {{"MaximumRetryAttempts", 0, 185},
                {"MaximumEventAgeInSeconds", 60, 86400}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pav_doc *v = pav_doc_get(policy, rows[i].key);
        int64_t n;

        if (v != NULL && (v->kind != PAV_NUMBER || !pav_doc_int(v, &n) ||
                          n < rows[i].least || n > rows[i].most))
            return pav_fail(err, PAV_INVALID, "RetryPolicy",
                            "%s is %lld to %lld", rows[i].key,
                            (long long)rows[i].least, (long long)rows[i].most);
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
        is_dynamic(pav_doc_get(d, "SqsParameters")))
        out->dynamic = d;
    out->id = id == NULL || id->kind != PAV_STRING ? "" : pav_doc_str(a, id);
    out->arn = pav_doc_str(a, arn);
    inputs = inputs_of(a, d, err);
    if (inputs == NULL)
        return pav_fail(err, PAV_INVALID, "Input",
                        "JSON text is wanted as Input");
    rc = pav_transform_compile(a, inputs, &t, err);
    if (rc != PAV_OK)
        return rc;
    out->transform = t;
    out->kind = target_kind_of(a, out->arn, out);
    out->outside = out->kind == TARGET_BUS && !is_ours(e, out->arn);
    return PAV_OK;
}

/* ---- values out of the event ---- */

static bool
has_doc(struct pav_engine *e, struct sending *s)
{
    if (s->doc == NULL && pav_doc_parse(&e->arena, s->text.p, s->text.len, NULL,
                                        &s->doc, NULL) != PAV_OK) {
        pav_store_spoilt(e->store, "in table event: what was checked is no "
                                   "JSON any more");
        s->doc = &pav_doc_null;
    }
    return true;
}

static struct pav_path *
path_in(struct pav_arena *a, const struct pav_doc *v)
{
    struct pav_path *p;

    if (v->kind != PAV_STRING || v->len < 1 || v->text[0] != '$' ||
        pav_path_compile(a, v->text, v->len, &p, NULL) != PAV_OK)
        return NULL;
    return p;
}

static const struct pav_doc *
filled(struct pav_engine *e, struct sending *s, const struct pav_doc *v)
{
    struct pav_path *p = path_in(&e->arena, v);
    const struct pav_doc *found;

    if (p == NULL)
        return v;
    if (pav_path_eval(p, s->doc, &e->arena, &found, NULL) != PAV_PATH_FOUND)
        return pav_doc_new_cstr(&e->arena, "");
    return found->kind == PAV_STRING
               ? found
               : pav_doc_new_cstr(&e->arena, pav_doc_text(&e->arena, found));
}

/* The same with each text that is a path replaced: one level of members, and
 * of lists and objects in them. */
static const struct pav_doc *
filled_in(struct pav_engine *e, struct sending *s, const struct pav_doc *d,
          unsigned depth)
{
    struct pav_members m;
    struct pav_items list;
    uint32_t i;

    if (d->kind == PAV_ARRAY && depth < 3) {
        pav_items_init(&list, &e->arena);
        for (i = 0; i < d->len; i++)
            pav_items_add(&list, filled_in(e, s, &d->items[i], depth + 1));
        return pav_items_array(&list);
    }
    if (d->kind != PAV_OBJECT || depth >= 3)
        return filled(e, s, d);
    pav_members_init(&m, &e->arena);
    for (i = 0; i < d->len; i++)
        pav_members_add(&m, d->members[i].key, d->members[i].len,
                        filled_in(e, s, &d->members[i].value, depth + 1));
    return pav_members_object(&m);
}

/* The target with what its HttpParameters and SqsParameters take out of the
 * event. */
static struct pav_bytes
target_text(struct pav_engine *e, struct sending *s, const struct target *t)
{
    static const char *const fields[] = {"HttpParameters", "SqsParameters"};
    struct pav_members m;
    struct pav_bytes text;
    size_t i;

    if (t->dynamic == NULL || s->text.len == 0)
        return t->text;
    (void)has_doc(e, s);
    pav_members_init(&m, &e->arena);
    for (i = 0; i < 2; i++) {
        const struct pav_doc *d = pav_doc_get(t->dynamic, fields[i]);

        if (d != NULL)
            pav_members_puts(&m, fields[i], filled_in(e, s, d, 0));
    }
    text.p = pav_doc_text(&e->arena, pav_doc_merge(&e->arena, t->dynamic,
                                                   pav_members_object(&m)));
    text.len = strlen(text.p);
    return text;
}

/* ---- dead letters ---- */

static void
stage(struct pav_engine *e, struct sending *s, const struct target *t,
      struct pav_bytes body, const char *code, const char *message)
{
    int64_t now = pav_clock_ms(e->clock);
    struct pav_delivery_row row = {.event_id = s->event_id,
                                   .rule_arn = s->rule_arn,
                                   .target_arn = t->arn,
                                   .target_id = t->id,
                                   .target = target_text(e, s, t),
                                   .body = body,
                                   .created_at = now,
                                   .due_at = now,
                                   .error_code = code,
                                   .error_message = message};

    if (code != NULL)
        deliveries_dead(e, &row);
    else
        deliveries_add(e, &row);
}

void
target_dead(struct pav_engine *e, struct sending *s, const struct target *t,
            struct pav_bytes body, const char *code, const char *message)
{
    stage(e, s, t, body, code, message);
}

/* ---- what is inside ---- */

static void
start_machine(struct pav_engine *e, struct sending *s, const struct target *t,
              struct pav_bytes body, struct execution **started)
{
    struct machine *m = machine_by_name(e, t->name);
    struct pav_note_row note = {.execution_id = 0};
    struct version *v = m == NULL || m->current == NULL || !m->active
                            ? NULL
                            : version_of(e, m, t->qualifier, &note);
    const struct pav_doc *input;
    struct execution *x;
    char id[37];

    if (v == NULL) {
        target_dead(e, s, t, body, "NO_RESOURCE",
                    pav_arena_printf(&e->arena,
                                     "State Machine Does Not Exist: '%s'",
                                     t->arn));
        return;
    }
    if (pav_doc_parse(&e->arena, body.p, body.len, NULL, &input, NULL) !=
        PAV_OK) {
        target_dead(e, s, t, body, "INVALID_JSON",
                    "the input of an execution must be one JSON value");
        return;
    }
    x = pav_arena_zalloc(&e->arena, sizeof(*x));
    pav_uuid4(id);
    execution_start_as(e, v, pav_arena_strdup(&e->arena, id), NULL, input,
                       s->event_id, t->qualifier == NULL ? NULL : &note, x);
    *started = x;
}

/* ---- sending ---- */

void
target_send(struct pav_engine *e, struct sending *s, const struct target *t,
            struct execution **started)
{
    struct pav_transform_context context = {s->rule_name, s->rule_arn,
                                            pav_clock_ms(e->clock)};
    struct pav_bytes body = s->text;
    struct pav_err err;

    *started = NULL;
    if (!pav_transform_is_all(t->transform)) {
        (void)has_doc(e, s);
        body =
            pav_transform_text(t->transform, s->doc, &context, &e->arena, &err);
        if (body.p == NULL) {
            target_dead(e, s, t, s->text, "INVALID_JSON",
                        pav_arena_printf(&e->arena,
                                         "its input cannot be made: %s",
                                         err.message));
            return;
        }
    }
    if (t->kind == TARGET_MACHINE)
        start_machine(e, s, t, body, started);
    else
        stage(e, s, t, body, NULL, NULL);
}
