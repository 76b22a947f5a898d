/*
 * Events: deduplicate, match rules, find the execution, move it.
 *
 * Every event is kept, and has exactly one disposition for each machine that
 * it concerns; an event that concerns none is `unmatched`.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/envelope.h"
#include "pavane/folder.h"
#include "pavane/history.h"
#include "pavane/log.h"
#include "run_int.h"

#define KEY_MAX       1024
#define MAX_CONCERNED 1000

/* One event on its way through the machines. */
struct arrival {
    struct pav_engine *e;
    struct pav_arena *out; /* the job's: what the sender reads */
    struct pav_event_item *item;
    struct pav_event event;
    int64_t id, now_ms;
    uint64_t stamp;
    bool gone; /* a machine whose folder is gone would have been concerned */
    int64_t last_seen; /* the last event of this (source, id), or 0 */
    int64_t last_at;
    uint32_t capacity;
};

/* What is said of it for one machine. */
struct verdict {
    struct machine *machine;
    const char *key;
    enum pav_disposition kind;
    const struct execution *execution; /* or NULL */
    const char *detail;
};

static const char *
copied(struct arrival *ar, const char *text)
{
    return text == NULL ? NULL : pav_arena_strdup(ar->out, text);
}

static void
settle(struct arrival *ar, const struct verdict *v)
{
    struct pav_engine *e = ar->e;
    struct pav_event_item *item = ar->item;
    struct pav_disposition_row row = {
        .event_id = ar->id,
        .machine_id = v->machine == NULL ? 0 : v->machine->id,
        .execution_id = v->execution == NULL ? 0 : v->execution->row.id,
        .key = {v->key, v->key == NULL ? 0 : strlen(v->key)},
        .kind = v->kind,
        .at = ar->now_ms,
        .detail = v->detail,
    };
    struct pav_outcome *o;

    if (item->outcome_count == ar->capacity) {
        uint32_t cap = ar->capacity == 0 ? 2 : ar->capacity * 2;
        struct pav_outcome *grown =
            pav_arena_alloc(ar->out, cap * sizeof(*grown));

        if (item->outcome_count > 0)
            memcpy(grown, item->outcomes, item->outcome_count * sizeof(*grown));
        item->outcomes = grown;
        ar->capacity = cap;
    }
    pav_store_disposition_add(e->store, &row, item->outcome_count);
    feed_disposition(e, v->kind);
    o = &item->outcomes[item->outcome_count++];
    o->machine = copied(ar, v->machine == NULL ? NULL : v->machine->name);
    o->execution =
        copied(ar, v->execution == NULL ? NULL : v->execution->row.name);
    o->disposition = v->kind;
    o->detail = copied(ar, v->detail);
}

/* ---- the correlation id ---- */

static const char *
key_of(struct arrival *ar, const struct pav_rule *rule, const char **why)
{
    struct pav_arena *a = &ar->e->arena;
    const struct pav_doc *v;

    if (pav_path_eval(rule->correlation, ar->event.doc, a, &v, NULL) !=
            PAV_PATH_FOUND ||
        (v->kind != PAV_STRING && v->kind != PAV_NUMBER) || v->len == 0) {
        *why = pav_arena_printf(
            a, "no correlation id: %s is neither a text nor a number",
            pav_path_text(rule->correlation));
        return NULL;
    }
    if (v->len > KEY_MAX || memchr(v->text, 0, v->len) != NULL) {
        *why = pav_arena_printf(
            a,
            "the correlation id at %s is longer than %d bytes, or holds "
            "U+0000",
            pav_path_text(rule->correlation), KEY_MAX);
        return NULL;
    }
    return v->kind == PAV_STRING ? pav_doc_str(a, v)
                                 : pav_arena_strndup(a, v->text, v->len);
}

/* A name for the n-th execution of a key, from 1. */
static const char *
name_for(struct pav_engine *e, const char *key, int n)
{
    struct pav_arena *a = &e->arena;
    char *base;
    size_t i;

    if (n == 1 && pav_name_valid(key))
        return key;
    base = pav_arena_strdup(a, key);
    if (!pav_name_valid(key) || strlen(key) > 70) {
        size_t len = strlen(base) > 50 ? 50 : strlen(base);

        for (i = 0; i < len; i++)
            if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                       "0123456789-_.",
                       base[i]) == NULL)
                base[i] = '-';
        base[len] = '\0';
        base = pav_arena_printf(
            a, "%s-%016llx", base,
            (unsigned long long)pav_hash64(key, strlen(key), 1));
    }
    return n == 1 ? base : pav_arena_printf(a, "%s-%d", base, n);
}

/* Behind the newest one of the key: "order-1", "order-1-2", "order-1-3". */
static const char *
free_name(struct pav_engine *e, const struct machine *m, const char *key,
          const char *newest)
{
    struct pav_execution_row row;
    const char *name = name_for(e, key, 1);
    size_t len = strlen(name);
    int n = 1;

    if (newest != NULL && strncmp(newest, name, len) == 0) {
        n = 2;
        if (newest[len] == '-' && sscanf(newest + len + 1, "%d", &n) == 1)
            n++;
    }
    do {
        name = name_for(e, key, n++);
    } while (pav_store_execution_named(e->store, m->id, name, &e->arena, &row));
    return name;
}

/* ---- parking ---- */

static void
park(struct arrival *ar, struct verdict *v, const struct pav_rule *rule,
     const struct pav_doc *input)
{
    struct pav_engine *e = ar->e;
    const struct pav_rules *rules = v->machine->rules;
    struct pav_parked_row row = {.machine_id = v->machine->id,
                                 .event_id = ar->id,
                                 .key = v->key,
                                 .shared = rule->token_table};
    struct pav_buf text;

    if (rules == NULL) { /* its stored rules do not compile any more */
        v->kind = PAV_REJECTED;
        v->detail = "the machine's rules cannot be loaded";
        settle(ar, v);
        return;
    }
    row.expires_at = ar->now_ms + rules->early_ms;
    if (pav_store_parked_count(e->store, v->machine->id, v->key) >=
        rules->early_max) {
        v->kind = PAV_REJECTED;
        v->detail = pav_arena_printf(
            &e->arena, "%lld events of this key are parked already",
            (long long)rules->early_max);
        settle(ar, v);
        return;
    }
    v->kind = PAV_PARKED;
    row.disposition_id = ar->id * 1024 + ar->item->outcome_count;
    settle(ar, v);
    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(input, &text);
    row.input.p = text.p;
    row.input.len = text.len;
    pav_store_park(e->store, &row);
    pav_buf_fini(&text);
}

/* ---- resuming ---- */

static void
resume_open(struct arrival *ar, struct verdict *v, struct execution *x,
            const struct pav_rule *rule, const struct pav_doc *input)
{
    struct pav_engine *e = ar->e;
    enum pav_unexpected policy = v->machine->rules == NULL
                                     ? PAV_POLICY_FAIL
                                     : v->machine->rules->unexpected;

    v->execution = x;
    switch (fit_event(e, x, &ar->event, input, ar->id)) {
    case FIT_TAKEN:
        v->kind = PAV_RESUMED;
        settle(ar, v);
        fit_parked(e, x);
        break;
    case FIT_EARLY:
        park(ar, v, rule, input);
        break;
    case FIT_UNEXPECTED:
        if (policy == PAV_POLICY_PARK) {
            park(ar, v, rule, input);
            break;
        }
        if (policy == PAV_POLICY_FAIL)
            fit_fail(e, x, &ar->event, input, ar->id);
        v->kind = PAV_UNEXPECTED;
        v->detail = x->row.status != PAV_RUNNING
                        ? "no transition for this event: the execution ended"
                        : "no transition for this event: the execution goes "
                          "on";
        settle(ar, v);
        if (x->row.status == PAV_RUNNING)
            fit_parked(e, x);
        break;
    }
}

/* ---- starting ---- */

/* The event that started an execution, in its envelope. */
static bool
starting_event(struct pav_engine *e, const struct pav_execution_row *row,
               struct pav_event *out)
{
    struct pav_step_row step;

    return pav_store_step(e->store, row->first_step, &e->arena, &step) &&
           step.event_id != 0 && event_load(e, step.event_id, out);
}

/* What the producer said; ids and times that were made here do not count. */
static bool
same_content(struct arrival *ar, const struct pav_execution_row *row)
{
    static const char *const fields[] = {"source", "detail-type", "detail"};
    struct pav_event first;
    size_t i;

    if (!starting_event(ar->e, row, &first))
        return false;
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!pav_doc_equal(pav_doc_get(first.doc, fields[i]),
                           pav_doc_get(ar->event.doc, fields[i])))
            return false;
    return true;
}

static void
start(struct arrival *ar, struct verdict *v, const struct pav_doc *input,
      const char *newest)
{
    struct execution *x = pav_arena_zalloc(&ar->e->arena, sizeof(*x));

    execution_start(ar->e, v->machine,
                    free_name(ar->e, v->machine, v->key, newest), v->key, input,
                    ar->id, x);
    v->kind = PAV_STARTED;
    v->execution = x;
    settle(ar, v);
    fit_parked(ar->e, x);
}

/* ---- one machine ---- */

struct match {
    const struct pav_rule *start, *resume;
};

/* Was the last event of this id taken by `m`? */
static bool
was_taken(struct arrival *ar, const struct machine *m, int64_t *execution_id)
{
    int64_t window = m->rules == NULL ? 0 : m->rules->duplicate_ms;

    return ar->last_seen != 0 && ar->now_ms - ar->last_at <= window &&
           pav_store_concerned(ar->e->store, ar->last_seen, m->id,
                               execution_id);
}

/* Over the token table, the event may have gone to another machine then. */
static bool
is_duplicate(struct arrival *ar, struct verdict *v, const struct pav_rule *rule,
             struct execution *x)
{
    struct pav_engine *e = ar->e;
    struct machine *m = v->machine;
    int64_t execution_id = 0;

    if (!was_taken(ar, m, &execution_id)) {
        if (!rule->token_table)
            return false;
        for (m = e->machines; m != NULL; m = m->next)
            if (table_shared(m, v->machine) && was_taken(ar, m, &execution_id))
                break;
        if (m == NULL)
            return false;
    }
    v->machine = m;
    v->kind = PAV_DUPLICATE;
    v->detail = "this source sent this id before";
    if (execution_id != 0 &&
        pav_store_execution(e->store, execution_id, &e->arena, &x->row))
        v->execution = x;
    settle(ar, v);
    return true;
}

static void
reject(struct arrival *ar, struct verdict *v, const char *why)
{
    v->kind = PAV_REJECTED;
    v->detail = why;
    settle(ar, v);
}

static void
closed_or_new(struct arrival *ar, struct verdict *v, struct execution *x,
              bool known, const struct pav_rule *rule,
              const struct pav_doc *input)
{
    if (rule->starts && (!known || v->machine->rules->generations)) {
        if (v->machine->active)
            start(ar, v, input, known ? x->row.name : NULL);
        else
            reject(ar, v, "the machine's folder is gone: nothing starts");
        return;
    }
    if (known) {
        v->kind = PAV_LATE;
        v->execution = x;
        v->detail = "the execution of this key has ended";
        settle(ar, v);
        return;
    }
    park(ar, v, rule, input);
}

static void
start_on_open(struct arrival *ar, struct verdict *v, struct execution *x)
{
    bool same = same_content(ar, &x->row);

    v->execution = x;
    v->kind = same ? PAV_DUPLICATE : PAV_UNEXPECTED;
    v->detail = same ? "the same content started this execution"
                     : "an execution of this key is open already";
    settle(ar, v);
}

/* The rule that speaks, its key, and what the store has for it. */
struct finding {
    const struct pav_rule *rule;
    const char *key;
    struct pav_execution_row row;
    bool known, open;
};

static bool
look_up(struct arrival *ar, const struct machine *m,
        const struct pav_rule *rule, struct finding *f, const char **why)
{
    struct pav_engine *e = ar->e;

    memset(f, 0, sizeof(*f));
    f->rule = rule;
    f->key = rule == NULL ? NULL : key_of(ar, rule, why);
    if (f->key == NULL)
        return false;
    f->known =
        pav_store_execution_of_key(e->store, m->id, f->key, &e->arena, &f->row);
    f->open = f->known && f->row.status == PAV_RUNNING;
    return true;
}

/* A resume rule speaks for an open execution, a start rule otherwise. */
static bool
find(struct arrival *ar, const struct machine *m, const struct match *match,
     struct finding *f, const char **why)
{
    bool found = look_up(ar, m, match->resume, f, why);

    if (match->start == NULL || (found && f->open))
        return found;
    return look_up(ar, m, match->start, f, why);
}

static void
concern(struct arrival *ar, struct machine *m, const struct match *match)
{
    struct pav_engine *e = ar->e;
    struct verdict v = {.machine = m};
    struct execution *x = pav_arena_zalloc(&e->arena, sizeof(*x));
    struct pav_transform_context context;
    const struct pav_doc *input;
    const char *why = NULL;
    struct pav_err err;
    struct finding f;

    if (!find(ar, m, match, &f, &why)) {
        reject(ar, &v, why);
        return;
    }
    v.key = f.key;
    if (!m->active && !f.known) { /* it only follows what it began */
        ar->gone = true;
        return;
    }
    if (!f.open && f.rule->token_table) {
        struct machine *to = handed_over(e, m, v.key, &f.row);

        if (to != NULL && to->concerned_by == ar->stamp)
            return; /* its own rule took the event already */
        if (to != NULL) {
            v.machine = to;
            f.known = f.open = true;
        }
    }
    v.machine->concerned_by = ar->stamp;
    if (is_duplicate(ar, &v, f.rule, x))
        return;
    context.rule_name = context.rule_arn = f.rule->name;
    context.now_ms = ar->now_ms;
    input = pav_transform_apply(f.rule->transform, ar->event.doc, &context,
                                &e->arena, &err);
    if (input == NULL) {
        reject(ar, &v,
               pav_arena_printf(&e->arena, "rule '%s' makes no JSON of it: %s",
                                f.rule->name, err.message));
        return;
    }
    x->row = f.row;
    if (!f.open)
        closed_or_new(ar, &v, x, f.known, f.rule, input);
    else if (!execution_load(e, &f.row, x))
        reject(ar, &v, "the execution's machine cannot be loaded");
    else if (f.rule->starts)
        start_on_open(ar, &v, x);
    else
        resume_open(ar, &v, x, f.rule, input);
}

static bool
match_rules(struct arrival *ar, const struct machine *m, struct match *out)
{
    uint32_t i;

    memset(out, 0, sizeof(*out));
    for (i = 0; m->rules != NULL && i < m->rules->count; i++) {
        const struct pav_rule *r = &m->rules->rules[i];

        if ((r->starts ? out->start : out->resume) != NULL ||
            !pav_pattern_matches(r->pattern, &ar->event))
            continue;
        if (r->starts)
            out->start = r;
        else
            out->resume = r;
    }
    return out->start != NULL || out->resume != NULL;
}

static void
nobody(struct arrival *ar)
{
    struct verdict v = {.kind = PAV_UNMATCHED,
                        .detail = "no rule of any machine matches"};
    int64_t ignored;

    if (ar->gone)
        v.detail = "only a machine whose folder is gone has a rule for it: "
                   "nothing starts there";
    if (ar->last_seen != 0 &&
        pav_store_concerned(ar->e->store, ar->last_seen, 0, &ignored)) {
        v.kind = PAV_DUPLICATE;
        v.detail = "this source sent this id before";
    }
    settle(ar, &v);
}

static void
arrive(struct pav_engine *e, struct pav_arena *out, struct pav_event_item *item)
{
    struct arrival ar = {
        .e = e, .out = out, .item = item, .now_ms = pav_clock_ms(e->clock)};
    struct pav_event_row row = {.received_at = ar.now_ms,
                                .source = item->source,
                                .event_id = item->id,
                                .detail_type = item->detail_type,
                                .body = item->body};
    struct machine *m;

    item->outcomes = NULL;
    item->outcome_count = 0;
    ar.id = row.id = pav_store_next_event(e->store);
    ar.stamp = ++e->arrivals;
    pav_event_init(&ar.event, item->doc, &e->arena);
    if (item->known_id)
        ar.last_seen =
            pav_store_event_seen(e->store, item->source, item->id, &ar.last_at);
    pav_store_event_add(e->store, &row);
    e->counts.events++;
    for (m = e->machines; m != NULL && item->outcome_count < MAX_CONCERNED;
         m = m->next) {
        struct match match;

        if (m->concerned_by != ar.stamp && match_rules(&ar, m, &match))
            concern(&ar, m, &match);
    }
    if (item->outcome_count == 0)
        nobody(&ar);
}

void
intake_own(struct pav_engine *e, const struct pav_doc *d, bool known_id)
{
    struct pav_event_item item = {0};
    struct pav_envelope envelope;
    struct pav_buf body;
    struct pav_err err;

    if (pav_envelope_read(d, NULL, e->config.region, e->config.account,
                          pav_clock_ms(e->clock), &e->arena, &envelope,
                          &err) != PAV_OK) {
        pav_log(PAV_LOG_WARN, NULL, "an event of our own is none: %s %s",
                err.at, err.message);
        return;
    }
    pav_buf_init(&body, SIZE_MAX / 2);
    pav_doc_print(envelope.doc, &body);
    item.doc = envelope.doc;
    item.body.p = pav_arena_strndup(&e->arena, body.p, body.len);
    item.body.len = body.len;
    item.source.p = envelope.source->text;
    item.source.len = envelope.source->len;
    item.id.p = envelope.id->text;
    item.id.len = envelope.id->len;
    item.detail_type.p = envelope.detail_type->text;
    item.detail_type.len = envelope.detail_type->len;
    item.known_id = known_id;
    pav_buf_fini(&body);
    arrive(e, &e->arena, &item);
}

void
intake_events(struct pav_engine *e, struct pav_job *j)
{
    uint32_t i;

    for (i = 0; i < j->item_count; i++) {
        if (j->items[i].doc == NULL)
            continue;
        arrive(e, &j->arena, &j->items[i]);
        turn_breathe(e);
    }
}
