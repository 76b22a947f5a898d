/*
 * What folders declare in their bus.json becomes so: each thing by the actions
 * that a client would have called, all of a folder within one turn.
 *
 * A1  What a folder made is the folder's: its row in owned.h says so.  What
 *     left the file is removed, what the API made is left alone.
 * A2  A thing that is declared as before is not touched.
 * A3  Each action's effect in memory is read before the next one runs; a fault,
 *     or the turn's rollback, takes back the rows, and memory is read again.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/log.h"
#include "bus/bus.h"
#include "owned.h"
#include "rows.h"

struct pav_applied {
    struct pav_control_job **calls;
    uint32_t call_count;
    const char **kept; /* names of rows that the file still declares */
    uint32_t kept_count;
    struct pav_buf said; /* a line a change */
};

struct apply {
    struct pav_apply_job *j;
    struct control c;
};

/* ---- one action ---- */

static void
failed_at(struct apply *p, const struct pav_doc *at, const char *code,
          const char *what, const char *why)
{
    struct pav_apply_job *j = p->j;
    unsigned line = 1, column = 1;

    if (at != NULL)
        pav_doc_place(j->text.p, j->text.len, at->at, &line, &column);
    job_fail(&j->job, PAV_INVALID, code, what, "%s:%u:%u: error: %s: %s (%s)",
             j->file == NULL ? "of a folder that is gone" : j->file, line,
             column, code, why, what);
}

/* The call is kept: it says what was touched.  `at` is what declares it, NULL:
 * it is removed.  NULL after the apply failed. */
static struct pav_control_job *
call(struct apply *p, const char *action, const struct pav_doc *request,
     const struct pav_doc *at, const char *what)
{
    struct pav_applied *done = p->j->applied;
    struct pav_control_job *j = pav_job_new(&pav_control_kind);
    struct control c = {.e = p->c.e, .j = j, .a = p->c.a};
    const char *text = pav_doc_text(p->c.a, request), *type, *why;
    const struct aws_action *a = aws_find(action);

    done->calls = pav_arena_append(&p->j->job.arena, done->calls,
                                   done->call_count, sizeof(*done->calls));
    done->calls[done->call_count++] = j;
    j->action = a->name;
    pav_members_init(&c.out, c.a);
    if (!aws_check(a, text, strlen(text), &j->job.arena, &j->request, &type,
                   &why)) {
        failed_at(p, at, type, what, why);
        return NULL;
    }
    a->run(&c);
    if (j->job.rc == PAV_MISSING && at == NULL)
        return j; /* what is removed is gone already */
    if (j->job.rc != PAV_OK) {
        failed_at(p, at, j->job.aws_error, what, j->job.err.message);
        return NULL;
    }
    control_refresh(c.e, j);
    j->request = pav_members_object(&c.out); /* the answer, from here on */
    return j;
}

/* Those of the fields that name a thing of its kind. */
static const struct pav_doc *
identity_of(struct apply *p, const struct owned_kind *k,
            const struct pav_doc *fields)
{
    struct pav_members m;
    int i;

    pav_members_init(&m, p->c.a);
    for (i = 0; i < 2 && k->identity[i] != NULL; i++)
        if (pav_doc_get(fields, k->identity[i]) != NULL)
            pav_members_puts(&m, k->identity[i],
                             pav_doc_get(fields, k->identity[i]));
    return pav_members_object(&m);
}

/* As call(), but a failure is an answer. */
static bool
is_there(struct apply *p, const struct owned_kind *k,
         const struct pav_doc *fields)
{
    struct pav_control_job *j = pav_job_new(&pav_control_kind);
    struct control c = {.e = p->c.e, .j = j, .a = p->c.a};
    bool there;

    j->action = k->describe;
    j->request = identity_of(p, k, fields);
    pav_members_init(&c.out, c.a);
    aws_find(k->describe)->run(&c);
    there = j->job.rc == PAV_OK;
    pav_job_free(&j->job);
    return there;
}

/* ---- names for ARNs ---- */

/* The ARN that the row of a connection or an API destination has. */
static const char *
arn_in_row(struct apply *p, int kind, const char *name, const char *key)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (!events_row(&p->c, kind, 0, name, &row, &body))
        return NULL;
    return pav_doc_member_str(p->c.a, body, key);
}

static const struct {
    const char *key, *service, *form;
} named[] = {{"machine", "states", "stateMachine:%s"},
             {"resume", "pavane", "resume/%s"},
             {"function", "lambda", "function:%s"},
             {"topic", "sns", "%s"},
             {"queue", "sqs", "%s"},
             {"log", "logs", "log-group:%s"},
             {"bus", "events", "event-bus/%s"}};

/* What `key` of a target names; NULL: it is no such key. */
static const char *
arn_named(struct apply *p, const char *key, size_t len, const char *name)
{
    const struct pav_engine_config *e = &p->c.e->config;
    size_t i;

    for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        char form[64];

        if (strlen(named[i].key) != len || memcmp(named[i].key, key, len) != 0)
            continue;
        snprintf(form, sizeof(form), "%s", named[i].form);
        *strstr(form, "%s") = '\0';
        return pav_arn_put(p->c.a, named[i].service, e->region, e->account,
                           "%s%s", form, name);
    }
    return NULL;
}

/* JSON in place of the API's JSON in a text. */
static const struct pav_doc *
as_text(struct apply *p, const struct pav_doc *v)
{
    return pav_doc_new_cstr(p->c.a, pav_doc_text(p->c.a, v));
}

/* {"queue": "q"}, or the API's {"Arn"}. */
static const struct pav_doc *
dead_letters_of(struct apply *p, const struct pav_doc *v)
{
    const char *queue = pav_doc_member_str(p->c.a, v, "queue");
    struct pav_members m;

    if (queue == NULL)
        return v;
    pav_members_init(&m, p->c.a);
    pav_members_str(&m, "Arn", arn_named(p, "queue", 5, queue));
    return pav_members_object(&m);
}

/* A template that is JSON is printed; one in a text is taken as it is. */
static const struct pav_doc *
transformer_of(struct apply *p, const struct pav_doc *v)
{
    const struct pav_doc *template = pav_doc_get(v, "InputTemplate");
    struct pav_members m;

    if (template == NULL || template->kind == PAV_STRING)
        return v;
    pav_members_init(&m, p->c.a);
    pav_members_puts(&m, "InputTemplate", as_text(p, template));
    return pav_doc_merge(p->c.a, v, pav_members_object(&m));
}

/* NULL after the apply failed. */
static const struct pav_doc *
target_of(struct apply *p, const struct pav_doc *d, const char *what)
{
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, p->c.a);
    for (i = 0; i < d->len; i++) {
        const struct pav_member *f = &d->members[i];
        const char *text = pav_doc_str(p->c.a, &f->value);
        const char *arn =
            text == NULL ? NULL
            : pav_member_is(f, "destination")
                ? arn_in_row(p, PAV_NAME_DESTINATION, text, "ApiDestinationArn")
                : arn_named(p, f->key, f->len, text);

        if (arn != NULL) {
            pav_members_str(&m, "Arn", arn);
        } else if (pav_member_is(f, "destination")) {
            failed_at(p, &f->value, "NO_SUCH_DESTINATION", what,
                      pav_arena_printf(p->c.a,
                                       "there is no API destination '%s': "
                                       "\"apiDestinations\" declares one",
                                       text == NULL ? "" : text));
            return NULL;
        } else if (pav_member_is(f, "Input")) {
            pav_members_puts(&m, "Input", as_text(p, &f->value));
        } else if (pav_member_is(f, "InputTransformer")) {
            pav_members_puts(&m, "InputTransformer",
                             transformer_of(p, &f->value));
        } else if (pav_member_is(f, "DeadLetterConfig")) {
            pav_members_puts(&m, "DeadLetterConfig",
                             dead_letters_of(p, &f->value));
        } else {
            pav_members_add(&m, f->key, f->len, &f->value);
        }
    }
    return pav_members_object(&m);
}

/* The member that says where it leads. */
static const struct pav_member *
lead_of(const struct pav_doc *target)
{
    uint32_t i;
    size_t k;

    for (i = 0; i < target->len; i++)
        for (k = 0; k < sizeof(named) / sizeof(named[0]); k++)
            if (pav_member_is(&target->members[i], named[k].key) ||
                pav_member_is(&target->members[i], "destination") ||
                pav_member_is(&target->members[i], "Arn"))
                return &target->members[i];
    return NULL;
}

/* Targets have Ids that tell what they are, when the file gives none. */
static const struct pav_doc *
with_id(struct apply *p, const struct pav_doc *declared,
        const struct pav_doc *target, uint32_t place)
{
    const struct pav_member *lead = lead_of(declared);
    const char *from = lead == NULL ? NULL : pav_doc_str(p->c.a, &lead->value);
    char id[48], *at;
    struct pav_members m;

    if (pav_doc_get(declared, "Id") != NULL || from == NULL)
        return target;
    snprintf(id, sizeof(id), "%.*s-%s", (int)lead->len, lead->key, from);
    for (at = id; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || *at == '.' || *at == '_'))
            *at = '-';
    pav_members_init(&m, p->c.a);
    pav_members_str(&m, "Id",
                    place == 0 ? pav_arena_strdup(p->c.a, id)
                               : pav_arena_printf(p->c.a, "%s-%u", id, place));
    return pav_doc_merge(p->c.a, pav_members_object(&m), target);
}

/* ---- a thing as its action wants it ---- */

static const struct pav_doc *
request_of(struct apply *p, const struct pav_declared *d, const char *what)
{
    const char *connection, *arn, *name;
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, p->c.a);
    for (i = 0; i < d->fields->len; i++) {
        const struct pav_member *f = &d->fields->members[i];

        if (pav_member_is(f, "EventPattern") && f->value.kind != PAV_STRING) {
            pav_members_puts(&m, "EventPattern", as_text(p, &f->value));
        } else if (pav_member_is(f, "Connection")) {
            connection = pav_doc_str(p->c.a, &f->value);
            arn = connection == NULL ? NULL
                                     : arn_in_row(p, PAV_NAME_CONNECTION,
                                                  connection, "ConnectionArn");
            if (arn == NULL) {
                failed_at(p, &f->value, "NO_SUCH_CONNECTION", what,
                          "there is no such connection: \"connections\" "
                          "declares one");
                return NULL;
            }
            pav_members_str(&m, "ConnectionArn", arn);
        } else if (pav_member_is(f, "Target")) {
            const struct pav_doc *target = target_of(p, &f->value, what);

            if (target == NULL)
                return NULL;
            pav_members_puts(&m, "Target", target);
        } else if (pav_member_is(f, "DeadLetterConfig")) {
            pav_members_puts(&m, "DeadLetterConfig",
                             dead_letters_of(p, &f->value));
        } else if (!pav_member_is(f, "Targets")) {
            pav_members_add(&m, f->key, f->len, &f->value);
        }
    }
    if (strcmp(d->kind, "schedule") == 0 &&
        pav_doc_get(d->fields, "FlexibleTimeWindow") == NULL) {
        struct pav_members off;

        pav_members_init(&off, p->c.a);
        pav_members_str(&off, "Mode", "OFF");
        pav_members_puts(&m, "FlexibleTimeWindow", pav_members_object(&off));
    }
    if (strcmp(d->kind, "archive") == 0 &&
        pav_doc_get(d->fields, "EventSourceArn") == NULL) {
        name = pav_doc_member_str(p->c.a, d->fields, "EventBusName");
        pav_members_str(
            &m, "EventSourceArn",
            events_arn(&p->c, "event-bus", name == NULL ? DEFAULT_BUS : name));
    }
    return pav_members_object(&m);
}

/* ---- a rule's targets ---- */

static bool
has_id(const struct pav_items *all, const struct pav_doc *target)
{
    uint32_t i;

    for (i = 0; i < all->count; i++)
        if (pav_doc_equal(pav_doc_get(&all->v[i], "Id"),
                          pav_doc_get(target, "Id")))
            return true;
    return false;
}

static const struct pav_doc *
targets_of(struct apply *p, const struct pav_doc *list, const char *what)
{
    struct pav_items all;
    uint32_t i;

    pav_items_init(&all, p->c.a);
    for (i = 0; list != NULL && i < list->len; i++) {
        const struct pav_doc *target = target_of(p, &list->items[i], what);
        const struct pav_doc *one;

        if (target == NULL)
            return NULL;
        one = with_id(p, &list->items[i], target, 0);
        if (has_id(&all, one))
            one = with_id(p, &list->items[i], target, i + 1);
        if (has_id(&all, one)) {
            failed_at(p, &list->items[i], "TWICE", what,
                      "another target of the rule has the same Id");
            return NULL;
        }
        pav_items_add(&all, one);
    }
    return pav_items_array(&all);
}

/* {"Rule", "EventBusName"} of the fields of a rule. */
static void
name_rule(struct apply *p, struct pav_members *m, const struct pav_doc *fields)
{
    pav_members_init(m, p->c.a);
    pav_members_puts(m, "Rule", pav_doc_get(fields, "Name"));
    if (pav_doc_get(fields, "EventBusName") != NULL)
        pav_members_puts(m, "EventBusName",
                         pav_doc_get(fields, "EventBusName"));
}

/* Those of the rule that are none of `wanted` go. */
static bool
remove_targets(struct apply *p, const struct pav_doc *fields,
               const struct pav_doc *wanted, const char *what)
{
    struct pav_control_job *listed;
    const struct pav_doc *there;
    struct pav_members m;
    struct pav_items ids;
    uint32_t i, j;

    name_rule(p, &m, fields);
    listed =
        call(p, "events:ListTargetsByRule", pav_members_object(&m), NULL, what);
    if (listed == NULL)
        return false;
    there = pav_doc_get(listed->request, "Targets");
    pav_items_init(&ids, p->c.a);
    for (i = 0; i < there->len; i++) {
        const struct pav_doc *id = pav_doc_get(&there->items[i], "Id");

        for (j = 0; wanted != NULL && j < wanted->len; j++)
            if (pav_doc_equal(id, pav_doc_get(&wanted->items[j], "Id")))
                break;
        if (wanted == NULL || j == wanted->len)
            pav_items_add(&ids, id);
    }
    if (ids.count == 0)
        return true;
    name_rule(p, &m, fields);
    pav_members_puts(&m, "Ids", pav_items_array(&ids));
    return call(p, "events:RemoveTargets", pav_members_object(&m), NULL,
                what) != NULL;
}

static bool
put_targets(struct apply *p, const struct pav_doc *fields,
            const struct pav_doc *targets, const char *what)
{
    const struct pav_doc *list = pav_doc_get(fields, "Targets");
    uint32_t i;

    if (!remove_targets(p, fields, targets, what))
        return false;
    /* One by one: a fault has its target's place. */
    for (i = 0; list != NULL && i < targets->len; i++) {
        struct pav_control_job *put;
        struct pav_members m;
        struct pav_items one;

        name_rule(p, &m, fields);
        pav_items_init(&one, p->c.a);
        pav_items_add(&one, &targets->items[i]);
        pav_members_puts(&m, "Targets", pav_items_array(&one));
        put = call(p, "events:PutTargets", pav_members_object(&m),
                   &list->items[i], what);
        if (put == NULL)
            return false;
        if (pav_doc_member_int(put->request, "FailedEntryCount") > 0) {
            failed_at(p, &list->items[i], "INVALID_TARGET", what,
                      "its Arn has not the form of one");
            return false;
        }
    }
    return true;
}

/* ---- a thing ---- */

static void
own(struct apply *p, const struct owned_kind *k, const char *name,
    const struct pav_doc *fields, const char *sum)
{
    struct pav_members m;

    pav_members_init(&m, p->c.a);
    pav_members_str(&m, "system", p->j->system);
    pav_members_str(&m, "kind", k->name);
    pav_members_str(&m, "sum", sum);
    pav_members_puts(&m, "fields", identity_of(p, k, fields));
    events_put(&p->c, PAV_NAME_OWNED, 0, name, 0, &m);
}

static const char *
sum_of(struct apply *p, const struct pav_doc *request,
       const struct pav_doc *targets)
{
    const char *text = pav_doc_text(p->c.a, request);
    uint64_t h = pav_hash64(text, strlen(text), 0);

    if (targets != NULL) {
        text = pav_doc_text(p->c.a, targets);
        h = pav_hash64(text, strlen(text), h);
    }
    return pav_arena_printf(p->c.a, "%016llx", (unsigned long long)h);
}

static void
keep(struct apply *p, const char *name)
{
    struct pav_applied *done = p->j->applied;

    done->kept = pav_arena_append(&p->j->job.arena, done->kept,
                                  done->kept_count, sizeof(*done->kept));
    done->kept[done->kept_count++] = pav_arena_strdup(&p->j->job.arena, name);
}

static bool
declares(const struct apply *p, const char *name)
{
    uint32_t i;

    for (i = 0; i < p->j->applied->kept_count; i++)
        if (strcmp(p->j->applied->kept[i], name) == 0)
            return true;
    return false;
}

/* Whose it is already; false: it may not be this folder's. */
static bool
may_own(struct apply *p, const struct pav_declared *d,
        const struct owned_kind *k, const char *name,
        const struct pav_doc *body)
{
    const char *system = pav_doc_member_str(p->c.a, body, "system");

    if (declares(p, name)) {
        failed_at(p, d->fields, "TWICE", name, "it is declared twice");
        return false;
    }
    if (system != NULL && strcmp(system, p->j->system) == 0)
        return true;
    if (system != NULL) {
        failed_at(p, d->fields, "NOT_OURS", name,
                  pav_arena_printf(p->c.a,
                                   "it belongs to the folder '%s': name yours "
                                   "otherwise",
                                   system));
        return false;
    }
    if (k->describe == NULL || !is_there(p, k, d->fields) ||
        (strcmp(k->name, "bus") == 0 &&
         pav_doc_is_str(pav_doc_get(d->fields, "Name"), DEFAULT_BUS)))
        return true;
    failed_at(p, d->fields, "NOT_OURS", name,
              "a call of the API made one of this name: delete that, or name "
              "yours otherwise");
    return false;
}

static bool
apply_one(struct apply *p, const struct pav_declared *d)
{
    const struct owned_kind *k = owned_kind(d->kind);
    const char *name = owned_name(&p->c, k, d->fields), *sum, *action;
    const struct pav_doc *body = NULL, *request, *targets = NULL;
    bool rule = strcmp(d->kind, "rule") == 0, there;
    struct pav_name_row row;

    there = events_row(&p->c, PAV_NAME_OWNED, 0, name, &row, &body);
    if (!may_own(p, d, k, name, body))
        return false;
    keep(p, name);
    request = request_of(p, d, name);
    if (request != NULL && rule)
        targets = targets_of(p, pav_doc_get(d->fields, "Targets"), name);
    if (request == NULL || (rule && targets == NULL))
        return false;
    sum = sum_of(p, request, targets);
    if (there && pav_doc_is_str(pav_doc_get(body, "sum"), sum))
        return true; /* A2 */
    /* A schedule that deleted itself is made anew when it is changed. */
    there = there && (k->describe == NULL || is_there(p, k, d->fields));
    action =
        there || strcmp(name, "bus " DEFAULT_BUS) == 0 ? k->update : k->create;
    if (action != NULL && call(p, action, request, d->fields, name) == NULL)
        return false;
    if (rule && !put_targets(p, d->fields, targets, name))
        return false;
    own(p, k, name, d->fields, sum);
    pav_buf_printf(&p->j->applied->said, "%c %s\n", there ? '~' : '+', name);
    return true;
}

/* It may be gone already, as a schedule that deletes itself. */
static bool
remove_one(struct apply *p, const struct owned_kind *k, const char *name,
           const struct pav_doc *fields)
{
    bool there = k->describe == NULL || is_there(p, k, fields);

    if (there && strcmp(k->name, "rule") == 0 &&
        !remove_targets(p, fields, NULL, name))
        return false;
    if (there && strcmp(name, "bus " DEFAULT_BUS) != 0 &&
        call(p, k->remove, fields, NULL, name) == NULL)
        return false;
    pav_store_name_delete(p->c.e->store, PAV_NAME_OWNED, 0, name);
    pav_buf_printf(&p->j->applied->said, "- %s\n", name);
    return true;
}

/* ---- what left ---- */

static bool
is_listed(const struct pav_apply_job *j, const char *system)
{
    uint32_t i;

    for (i = 0; i < j->system_count; i++)
        if (strcmp(j->systems[i], system) == 0)
            return true;
    return false;
}

static bool
has_left(const struct apply *p, const struct pav_name_row *row,
         const struct pav_doc *body)
{
    const char *system = pav_doc_member_str(p->c.a, body, "system");

    if (system == NULL)
        return p->j->system == NULL;
    if (p->j->system == NULL)
        return !is_listed(p->j, system);
    return strcmp(system, p->j->system) == 0 && !declares(p, row->name);
}

/* Of one kind: those that need others go before these. */
static bool
remove_kind(struct apply *p, const struct owned_kind *k)
{
    const char *after = pav_arena_printf(p->c.a, "%s ", k->name);
    size_t len = strlen(after);
    struct pav_name_row rows[100];
    uint32_t i, n;

    const char *prefix = after;

    do {
        n = pav_store_names(p->c.e->store, PAV_NAME_OWNED, 0, after, 100,
                            p->c.a, rows);
        for (i = 0; i < n && strncmp(rows[i].name, prefix, len) == 0; i++) {
            const struct pav_doc *body = control_body(&p->c, &rows[i]);

            if (has_left(p, &rows[i], body) &&
                !remove_one(p, k, rows[i].name, pav_doc_get(body, "fields")))
                return false;
        }
        after = n == 0 ? "" : rows[n - 1].name;
    } while (n == 100 && i == n);
    return true;
}

static bool
remove_what_left(struct apply *p)
{
    const struct owned_kind *k = owned_kinds;

    while (k->name != NULL)
        k++;
    while (k-- > owned_kinds)
        if (!remove_kind(p, k))
            return false;
    return true;
}

/* ---- the job ---- */

/* A3 */
static void
read_again(struct pav_engine *e, const struct pav_apply_job *j)
{
    uint32_t i;

    for (i = 0; j->applied != NULL && i < j->applied->call_count; i++)
        control_refresh(e, j->applied->calls[i]);
}

static void
forget_calls(struct pav_apply_job *j)
{
    uint32_t i;

    if (j->applied == NULL)
        return;
    for (i = 0; i < j->applied->call_count; i++)
        pav_job_free(&j->applied->calls[i]->job);
    pav_buf_fini(&j->applied->said);
    j->applied = NULL;
}

static void
apply_run(struct pav_engine *e, struct pav_job *job)
{
    struct pav_apply_job *j = (struct pav_apply_job *)job;
    struct apply p = {.j = j, .c = {.e = e, .a = &e->arena}};
    struct pav_applied *changes =
        pav_arena_zalloc(&job->arena, sizeof(*changes));
    struct pav_control_job asking = {.request = &pav_doc_empty_object};
    bool done = true;
    uint32_t i;

    forget_calls(j); /* of a turn that was rolled back */
    j->applied = changes;
    pav_buf_init(&changes->said, 1 << 20);
    p.c.j = &asking;
    pav_store_action_begin(e->store);
    for (i = 0; done && i < j->thing_count; i++)
        done = apply_one(&p, &j->things[i]);
    done = done && remove_what_left(&p);
    pav_store_action_end(e->store, done);
    if (!done) {
        read_again(e, j);
        changes->said.len = 0;
    }
    j->failure = done ? NULL : pav_arena_strdup(&job->arena, job->err.message);
    job->rc = PAV_OK; /* who sent it tries again */
    if (j->failure != NULL && j->known != NULL &&
        strcmp(j->failure, j->known) == 0)
        return; /* it was told */
    if (j->system != NULL)
        pav_store_fault_put(
            e->store, pav_arena_printf(&e->arena, "%s/bus.json", j->system),
            done ? j->report : j->failure, pav_clock_ms(e->clock));
    if (j->failure != NULL)
        pav_log(PAV_LOG_ERROR, NULL,
                "bus.json not applied, what was good stays: %s", j->failure);
}

static void
apply_committed(struct pav_engine *e, struct pav_job *job)
{
    struct pav_apply_job *j = (struct pav_apply_job *)job;
    char *line, *save = NULL;

    (void)e;
    if (j->applied->said.len == 0)
        return;
    for (line = strtok_r(j->applied->said.p, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        pav_log(PAV_LOG_INFO, NULL, "%s: %s",
                j->system == NULL ? "a folder that is gone" : j->system, line);
}

static void
apply_lost(struct pav_engine *e, struct pav_job *job)
{
    read_again(e, (struct pav_apply_job *)job);
}

static void
apply_fini(struct pav_job *job)
{
    forget_calls((struct pav_apply_job *)job);
}

const struct pav_job_kind pav_apply_kind = {.size =
                                                sizeof(struct pav_apply_job),
                                            .advance = apply_run,
                                            .committed = apply_committed,
                                            .lost = apply_lost,
                                            .fini = apply_fini};
