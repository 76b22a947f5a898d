/*
 * From a matched rule, or a schedule that is due, to its targets.
 *
 * What is inside happens here, within the turn's transaction: an execution is
 * started, another bus gets the event.  What is outside becomes a row, sent
 * behind the commit until the target has it (deliveries.c).
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/path.h"
#include "pavane/transform.h"
#include "cause.h"
#include "batch.h"
#include "match_wait.h"
#include "registry.h"
#include "runner.h"
#include "send.h"

#define NAME_OF_RULE 40 /* characters, before an id in an execution's name */

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

/* The target with what its HttpParameters, SqsParameters and KinesisParameters
 * take out of the event. */
static struct pav_bytes
target_text(struct pav_engine *e, struct sending *s, const struct target *t)
{
    static const char *const fields[] = {"HttpParameters", "SqsParameters",
                                         "KinesisParameters"};
    struct pav_members m;
    struct pav_bytes text;
    size_t i;

    if (t->dynamic == NULL || s->text.len == 0)
        return t->text;
    (void)has_doc(e, s);
    pav_members_init(&m, &e->arena);
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct pav_doc *d = pav_doc_get(t->dynamic, fields[i]);

        if (d != NULL)
            pav_members_puts(&m, fields[i], filled_in(e, s, d, 0));
    }
    text.p = pav_doc_text(&e->arena, pav_doc_merge(&e->arena, t->dynamic,
                                                   pav_members_object(&m)));
    text.len = strlen(text.p);
    return text;
}

bool
sending_ends(struct sending *s, enum sending_end end)
{
    if (s->end == SENT_DEAD)
        return false;
    s->end = end;
    return true;
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

    if (code != NULL) {
        if (sending_ends(s, SENT_DEAD)) {
            s->code = code;
            s->message = message;
        }
        deliveries_dead(e, &row);
    } else {
        (void)sending_ends(s, SENT_ON);
        deliveries_add(e, &row);
    }
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
    struct pav_meta_row meta = {.execution_id = 0};
    struct version *v = m == NULL || m->current == NULL || !m->active
                            ? NULL
                            : version_of(e, m, t->qualifier, &meta);
    struct cause cause = {.event_id = s->event_id};
    const char *key = NULL, *why, *name = s->name;
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
    if (!input_key(e, m, input, &key, &why)) {
        target_dead(e, s, t, body, "INVALID_INPUT", why);
        return;
    }
    if (machine_is_full(e, m)) {
        target_dead(e, s, t, body, "ExecutionLimitExceeded", full_text(e, m));
        return;
    }
    tally_target(e, s->rule_arn, t->id, PAV_TARGET_INVOKED, 1);
    tally_target(e, s->rule_arn, t->id, PAV_TARGET_DELIVERED, 1);
    x = pav_arena_zalloc(&e->arena, sizeof(*x));
    pav_uuid4(id);
    if (s->name != NULL && (!pav_name_valid(s->name) ||
                            pav_store_execution_named(e->store, m->id, s->name,
                                                      &e->arena, &x->row))) {
        target_dead(e, s, t, body,
                    pav_name_valid(s->name) ? "ExecutionAlreadyExists"
                                            : "InvalidName",
                    s->name);
        return;
    }
    if (name == NULL) /* who began it is seen in it */
        name = pav_arena_printf(&e->arena, "%.*s-%s", NAME_OF_RULE,
                                s->rule_name, id);
    execution_start_as(e, v, name, key, input, &cause,
                       t->qualifier == NULL ? NULL : &meta, x);
    *started = x;
    if (sending_ends(s, STARTED)) {
        s->started = x;
        s->machine = t->name;
    }
    if (key != NULL)
        match_parked(e, x);
}

/* ---- sending ---- */

void
target_send(struct pav_engine *e, struct sending *s, const struct target *t,
            struct execution **started)
{
    struct pav_transform_context context = {.rule_name = s->rule_name,
                                            .rule_arn = s->rule_arn,
                                            .now_ms = pav_clock_ms(e->clock)};
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
