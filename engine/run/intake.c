/*
 * Events: deduplicate, match the rules of the bus, find the execution, move it.
 *
 * Every event is kept, and has exactly one disposition for each machine that
 * it concerns; one that only rules of the API take is `routed`, one that
 * concerns nobody `unmatched`.  The event is text until somebody needs more of
 * it than rules ask for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/history.h"
#include "pavane/log.h"
#include "pavane/transform.h"
#include "bus/bus.h"
#include "turn/turn.h"
#include "correlate.h"
#include "fit.h"
#include "intake.h"
#include "registry.h"
#include "runner.h"
#include "send.h"

#define MAX_CONCERNED 1000
#define MAX_HOPS      8        /* from bus to bus */
#define DAY_MS        86400000 /* rules of the API forget an id after it */

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

/* The id of the disposition. */
static int64_t
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
    pav_store_disposition_add(e->store, &row);
    feed_disposition(e, v->kind);
    o = &item->outcomes[item->outcome_count++];
    o->machine = copied(ar, v->machine == NULL ? NULL : v->machine->name);
    o->execution =
        copied(ar, v->execution == NULL ? NULL : v->execution->row.name);
    o->disposition = v->kind;
    o->detail = copied(ar, v->detail);
    return row.id;
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
    row.disposition_id = settle(ar, v);
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
    switch (fit_event(e, x, arrival_event(ar), input, ar->id)) {
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
            fit_fail(e, x, arrival_event(ar), input, ar->id);
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

static void
reject(struct arrival *ar, struct verdict *v, const char *why)
{
    v->kind = PAV_REJECTED;
    v->detail = why;
    settle(ar, v);
}

/* Each machine that makes an event, which starts the next one, goes deeper. */
static bool
is_loop(const struct arrival *ar)
{
    int64_t max = ar->e->config.depth_max;

    return ar->item->depth > (max == 0 ? PAV_DEPTH : max);
}

static const char *
loop_text(struct arrival *ar)
{
    int64_t max = ar->e->config.depth_max;

    ar->e->counts.loops_cut++;
    return pav_arena_printf(&ar->e->arena,
                            "the event comes through %lld machines that "
                            "started each other: a loop? --event-depth is "
                            "%lld",
                            (long long)ar->item->depth,
                            (long long)(max == 0 ? PAV_DEPTH : max));
}

/* The event that started an execution, in its envelope. */
static bool
starting_event(struct pav_engine *e, const struct pav_execution_row *row,
               struct pav_event *out)
{
    struct pav_step_row step;

    return pav_store_step(e->store, row->first_step, &e->arena, &step) &&
           step.event_id != 0 && event_load(e, step.event_id, out);
}

/* What the producers said; ids and times that were made here do not count. */
static bool
same_event(const struct pav_event *x, const struct pav_event *y)
{
    static const char *const fields[] = {"source", "detail-type", "detail"};
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!pav_doc_equal(pav_doc_get(x->doc, fields[i]),
                           pav_doc_get(y->doc, fields[i])))
            return false;
    return true;
}

static bool
same_content(struct arrival *ar, const struct pav_execution_row *row)
{
    struct pav_event first;

    return starting_event(ar->e, row, &first) &&
           same_event(&first, arrival_event(ar));
}

static void
start(struct arrival *ar, struct verdict *v, const struct pav_doc *input,
      const char *newest)
{
    struct execution *x = pav_arena_zalloc(&ar->e->arena, sizeof(*x));

    if (is_loop(ar)) {
        reject(ar, v, loop_text(ar));
        return;
    }

    execution_start(ar->e, v->machine,
                    execution_name(ar->e, v->machine, v->key, newest), v->key,
                    input, ar->id, x);
    v->kind = PAV_STARTED;
    v->execution = x;
    settle(ar, v);
    fit_parked(ar->e, x);
}

/* ---- one machine ---- */

/* The rules of one machine that match, the first of each kind; their keys are
 * read at once, as long as the index holds what it found. */
struct match {
    struct machine *machine;
    struct side {
        const struct machine_rule *rule;
        const char *key, *why;
    } start, resume;
};

/* Was the last event of this id taken by `m`? */
static bool
was_taken(struct arrival *ar, const struct machine *m, int64_t *execution_id)
{
    int64_t window = m->rules == NULL ? 0 : m->rules->duplicate_ms;

    return ar->last_seen != 0 && window > 0 &&
           ar->now_ms - ar->last_at <= window &&
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

/* ---- batches ---- */

/* Parked events of a batch lie under a key that no event has. */
static const char *
batch_key(struct pav_engine *e, const char *rule, const char *key)
{
    return pav_arena_printf(&e->arena, "\x01%s\x01%s", rule, key);
}

void
batch_start(struct pav_engine *e, const struct pav_batch_row *row)
{
    struct machine *m = machine_by_id(e, row->machine_id);
    const char *under = batch_key(e, row->rule, row->key);
    struct execution *x = pav_arena_zalloc(&e->arena, sizeof(*x));
    struct pav_execution_row last;
    struct pav_parked_row parked;
    struct pav_items inputs;
    int64_t after = 0, event_id = 0;
    bool known;

    pav_store_batch_delete(e->store, row->machine_id, row->key, row->rule);
    if (m == NULL || m->current == NULL)
        return;
    pav_items_init(&inputs, &e->arena);
    while (pav_store_parked_next(e->store, m->id, under, after, &e->arena,
                                 &parked)) {
        after = event_id = parked.event_id;
        pav_items_add(&inputs,
                      pav_doc_own(&e->arena, parked.input.p, parked.input.len));
    }
    known =
        pav_store_execution_of_key(e->store, m->id, row->key, &e->arena, &last);
    execution_start(e, m,
                    execution_name(e, m, row->key, known ? last.name : NULL),
                    row->key, pav_items_array(&inputs), event_id, x);
    for (after = 0; pav_store_parked_next(e->store, m->id, under, after,
                                          &e->arena, &parked);) {
        after = parked.event_id;
        pav_store_unpark(e->store, m->id, under, parked.event_id);
        pav_store_disposition_change(e->store, parked.disposition_id,
                                     PAV_STARTED, m->id, x->row.id,
                                     pav_clock_ms(e->clock));
        feed_disposition(e, PAV_STARTED);
    }
    fit_parked(e, x);
}

/* Until there are enough, or time is up: timers.c. */
static void
batch(struct arrival *ar, struct verdict *v, const struct pav_rule *rule,
      const struct pav_doc *input)
{
    struct pav_engine *e = ar->e;
    struct pav_batch_row row;
    struct pav_parked_row parked = {.machine_id = v->machine->id,
                                    .event_id = ar->id,
                                    .key = batch_key(e, rule->name, v->key),
                                    .expires_at = INT64_MAX};

    if (!v->machine->active) {
        reject(ar, v, "the machine's folder is gone: nothing starts");
        return;
    }
    if (!pav_store_batch(e->store, v->machine->id, v->key, rule->name, &row)) {
        row.machine_id = v->machine->id;
        row.key = v->key;
        row.rule = rule->name;
        row.due_at = ar->now_ms + rule->batch_ms;
        row.count = 0;
    }
    row.count++;
    v->kind = PAV_PARKED;
    v->detail =
        pav_arena_printf(&e->arena, "gathered: %lld of %lld",
                         (long long)row.count, (long long)rule->batch_count);
    parked.disposition_id = settle(ar, v);
    parked.input.p = pav_doc_text(&e->arena, input);
    parked.input.len = strlen(parked.input.p);
    pav_store_park(e->store, &parked);
    pav_store_batch_put(e->store, &row);
    if (row.count >= rule->batch_count)
        batch_start(e, &row);
}

/* ---- schemas ---- */

/* The answer says it as well, in the words of both doors. */
static void
tell_refusal(struct arrival *ar, const char *why)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, "{\"at\":\"/detail\",\"message\":");
    pav_buf_jsons(&b, why);
    pav_buf_putc(&b, '}');
    ar->item->error = pav_arena_strdup(ar->out, b.p);
    pav_buf_fini(&b);
    ar->item->code = "InvalidArgument";
    ar->item->message = pav_arena_strdup(ar->out, why);
}

/* False when the event's schema refuses it: that is its disposition then. */
static bool
schema_admits(struct arrival *ar)
{
    struct verdict v = {.kind = PAV_REJECTED};
    bool rejects;
    const char *why;

    if (ar->e->schemas == NULL)
        return true;
    why = schema_refuses(ar->e, ar->envelope, &rejects);
    if (why == NULL)
        return true;
    v.kind = rejects ? PAV_REJECTED : PAV_UNEXPECTED;
    v.detail =
        pav_arena_printf(&ar->e->arena, "it does not fit its schema: %s", why);
    settle(ar, &v);
    if (rejects)
        tell_refusal(ar, v.detail);
    return !rejects;
}

/* The rule that speaks, its key, and what the store has for it. */
struct finding {
    const struct pav_rule *rule;
    const char *key;
    struct pav_execution_row row;
    bool known, open;
};

static bool
look_up(struct arrival *ar, const struct machine *m, const struct side *side,
        struct finding *f, const char **why)
{
    struct pav_engine *e = ar->e;

    memset(f, 0, sizeof(*f));
    if (side->rule == NULL)
        return false;
    f->rule = side->rule->rule;
    f->key = side->key;
    if (f->key == NULL) {
        *why = side->why;
        return false;
    }
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
    bool found = look_up(ar, m, &match->resume, f, why);

    if (match->start.rule == NULL || (found && f->open))
        return found;
    return look_up(ar, m, &match->start, f, why);
}

/* The same source, detail-type and detail within the window, by another id. */
static bool
is_content_duplicate(struct arrival *ar, struct verdict *v)
{
    const struct pav_rules *rules = v->machine->rules;
    struct pav_engine *e = ar->e;
    const struct pav_doc *d;
    struct pav_event before;
    int64_t hash, event_id, at;

    if (rules == NULL || !rules->duplicate_content)
        return false;
    d = arrival_event(ar)->doc;
    hash = (int64_t)(pav_doc_hash(pav_doc_get(d, "detail")) ^
                     pav_doc_hash(pav_doc_get(d, "source")) * 3 ^
                     pav_doc_hash(pav_doc_get(d, "detail-type")) * 5);
    event_id = pav_store_content_seen(e->store, v->machine->id, hash, &at);
    if (event_id != 0 && rules->duplicate_ms > 0 &&
        ar->now_ms - at <= rules->duplicate_ms &&
        event_load(e, event_id, &before) &&
        same_event(&before, arrival_event(ar))) {
        v->kind = PAV_DUPLICATE;
        v->detail = "the same content came before";
        settle(ar, v);
        return true;
    }
    pav_store_content_put(e->store, v->machine->id, hash, ar->id, ar->now_ms,
                          rules->duplicate_ms);
    return false;
}

static void
take(struct arrival *ar, struct verdict *v, struct finding *f,
     struct execution *x)
{
    struct pav_engine *e = ar->e;
    struct pav_transform_context context = {f->rule->name, f->rule->name,
                                            ar->now_ms};
    const struct pav_doc *input;
    struct pav_err err;

    input = pav_transform_apply(f->rule->transform, arrival_event(ar)->doc,
                                &context, &e->arena, &err);
    if (input == NULL) {
        reject(ar, v,
               pav_arena_printf(&e->arena, "rule '%s' makes no JSON of it: %s",
                                f->rule->name, err.message));
        return;
    }
    x->row = f->row;
    if (f->rule->starts && f->rule->batch_count > 0)
        batch(ar, v, f->rule, input);
    else if (!f->open)
        closed_or_new(ar, v, x, f->known, f->rule, input);
    else if (!execution_load(e, &f->row, x))
        reject(ar, v, "the execution's machine cannot be loaded");
    else if (f->rule->starts)
        start_on_open(ar, v, x);
    else
        resume_open(ar, v, x, f->rule, input);
    if (v->execution != NULL &&
        (v->kind == PAV_STARTED || v->kind == PAV_RESUMED))
        event_index(e, v->machine->rules, arrival_event(ar)->doc,
                    v->execution->row.id);
}

/* May it have one disposition more?  What is left out is said: crowd(). */
static bool
has_room(struct arrival *ar)
{
    ar->crowded |= ar->item->outcome_count >= MAX_CONCERNED;
    return !ar->crowded;
}

/* The last disposition of an event that concerns more than it may. */
static void
crowd(struct arrival *ar)
{
    struct verdict v = {
        .kind = PAV_REJECTED,
        .detail = "the event concerns more than 1,000 machines and rules: the "
                  "others do not get it"};

    if (!ar->crowded)
        return;
    settle(ar, &v);
    pav_log(PAV_LOG_WARN, NULL, "event %.*s of %.*s: %s",
            (int)ar->envelope->id.len, ar->envelope->id.p,
            (int)ar->envelope->source.len, ar->envelope->source.p, v.detail);
}

static void
concern(struct arrival *ar, const struct match *match)
{
    struct pav_engine *e = ar->e;
    struct machine *m = match->machine;
    struct verdict v = {.machine = m};
    struct execution *x = pav_arena_zalloc(&e->arena, sizeof(*x));
    const char *why = NULL;
    struct finding f;

    if (!has_room(ar))
        return;
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
    if (!is_duplicate(ar, &v, f.rule, x) && !is_content_duplicate(ar, &v))
        take(ar, &v, &f, x);
}

/* ---- one bus ---- */

/* What an event matched there, before anything is done about it. */
struct matched {
    struct match *machines;
    uint32_t machine_count;
    struct bus_rule **rules;
    uint32_t rule_count;
    bool archived;
};

/* A replay may be for some rules alone: their ARNs, or a machine's. */
static bool
is_wanted(const struct arrival *ar, const char *arn)
{
    const struct pav_doc *only = ar->item->only;
    uint32_t i;

    if (only == NULL || only->kind != PAV_ARRAY || only->len == 0)
        return true;
    for (i = 0; i < only->len; i++)
        if (pav_doc_is_str(&only->items[i], arn))
            return true;
    return false;
}

static struct match *
match_of(struct matched *all, struct machine *m)
{
    uint32_t i;

    for (i = 0; i < all->machine_count; i++)
        if (all->machines[i].machine == m)
            return &all->machines[i];
    memset(&all->machines[i], 0, sizeof(all->machines[i]));
    all->machines[i].machine = m;
    all->machine_count++;
    return &all->machines[i];
}

static int
by_machine(const void *x, const void *y)
{
    const struct match *a = x, *b = y;

    return a->machine->id < b->machine->id ? -1
                                           : a->machine->id > b->machine->id;
}

static void
archive_event(struct arrival *ar, struct archive *a)
{
    struct pav_engine *e = ar->e;

    if (ar->item->replay != NULL)
        return;
    pav_store_archive_add(e->store, a->id, ar->envelope->at, ar->id,
                          ar->envelope->text.len);
    a->count++;
    a->bytes += (int64_t)ar->envelope->text.len;
}

/* A change of an execution's status, said by the engine. */
static bool
is_status(const struct pav_event_item *item)
{
    return item->own && item->event.source.len == strlen(PAV_STATUS_SOURCE) &&
           memcmp(item->event.source.p, PAV_STATUS_SOURCE,
                  strlen(PAV_STATUS_SOURCE)) == 0;
}

static void
sort_subject(struct arrival *ar, struct subject *subject, struct matched *all)
{
    struct machine_rule *r;
    struct side *side;
    struct match *m;

    switch (subject->kind) {
    case SUBJECT_ARCHIVE:
        archive_event(ar, (struct archive *)(void *)subject);
        break;
    case SUBJECT_RULE:
        all->rules[all->rule_count] = (struct bus_rule *)(void *)subject;
        all->rule_count +=
            is_wanted(ar, all->rules[all->rule_count]->arn) ? 1 : 0;
        break;
    case SUBJECT_MACHINE:
        r = (struct machine_rule *)(void *)subject;
        if (!is_wanted(ar, r->machine->arn) ||
            (is_status(ar->item) && !subject->asks_status))
            break;
        m = match_of(all, r->machine);
        side = r->rule->starts ? &m->start : &m->resume;
        if (side->rule == NULL || r < side->rule)
            side->rule = r;
        break;
    }
}

static void
match_bus(struct arrival *ar, struct bus *b, struct matched *all)
{
    struct pav_arena *a = &ar->e->arena;
    struct pav_matches found;
    struct archive *archive;
    uint32_t i;

    memset(all, 0, sizeof(*all));
    pav_index_match(b->index, ar->envelope->text.p, ar->envelope->text.len,
                    ar->envelope->simple, a, &found);
    all->machines =
        pav_arena_alloc(a, (found.count + 1) * sizeof(*all->machines));
    all->rules = pav_arena_alloc(a, (found.count + 1) * sizeof(*all->rules));
    for (i = 0; i < found.count; i++)
        sort_subject(ar, found.owners[i], all);
    for (archive = ar->e->archives; archive != NULL; archive = archive->next)
        if (archive->all && archive->bus == b)
            archive_event(ar, archive);
    for (i = 0; i < all->machine_count; i++) {
        struct match *m = &all->machines[i];

        if (m->start.rule != NULL)
            m->start.key = arrival_key(ar, m->start.rule, &m->start.why);
        if (m->resume.rule != NULL)
            m->resume.key = arrival_key(ar, m->resume.rule, &m->resume.why);
    }
    if (all->machine_count > 1)
        qsort(all->machines, all->machine_count, sizeof(*all->machines),
              by_machine);
}

/* ---- rules of the API ---- */

static void route(struct arrival *ar, struct bus *b);

/* As if a resume rule of that machine had matched. */
static void
send_to_wait(struct arrival *ar, const struct target *t, struct sending *s)
{
    struct machine *m = machine_by_name(ar->e, t->name);
    struct match match = {.machine = m};
    uint32_t i;

    for (i = 0; m != NULL && i < m->bus_rule_count; i++)
        if (!m->bus_rules[i].rule->starts && match.resume.rule == NULL)
            match.resume.rule = &m->bus_rules[i];
    if (match.resume.rule == NULL) {
        target_dead(ar->e, s, t, ar->envelope->text, "NO_RESOURCE",
                    "there is no machine of that name with a resume rule");
        return;
    }
    if (m->concerned_by != ar->stamp) {
        /* Its index may be another: out of the tree. */
        struct machine_rule plain = *match.resume.rule;

        plain.slotted = false;
        match.resume.key = arrival_key(ar, &plain, &match.resume.why);
        concern(ar, &match);
    }
}

static void
send_to_bus(struct arrival *ar, const struct target *t, struct sending *s)
{
    struct bus *to = bus_by_name(ar->e, t->name);
    uint32_t i;

    for (i = 0; i < ar->visited_count; i++)
        if (to != NULL && ar->visited[i] == to)
            return; /* a bus has an event once, over whatever way */
    if (to == NULL)
        target_dead(ar->e, s, t, ar->envelope->text, "NO_RESOURCE",
                    pav_arena_printf(&ar->e->arena,
                                     "Event bus %s does not exist.", t->name));
    else if (ar->hops == MAX_HOPS || ar->visited_count == MAX_BUSES)
        target_dead(ar->e, s, t, ar->envelope->text, "TOO_MANY_HOPS",
                    "the event came over eight buses in a row, or to 64 in "
                    "all");
    else
        route(ar, to);
}

static void
send_all(struct arrival *ar, const struct bus_rule *r)
{
    struct sending s = {.rule_arn = r->arn,
                        .rule_name = r->name,
                        .event_id = ar->id,
                        .text = ar->envelope->text,
                        .doc = ar->event.doc};
    struct verdict v = {.kind = PAV_ROUTED};
    uint32_t i, elsewhere = 0;

    for (i = 0; i < r->target_count; i++) {
        const struct target *t = &r->targets[i];
        struct execution *x = NULL;

        if (is_loop(ar) && t->kind != TARGET_RESUME) {
            target_dead(ar->e, &s, t, ar->envelope->text, "LOOP",
                        loop_text(ar));
        } else if (t->kind == TARGET_BUS && !t->outside) {
            send_to_bus(ar, t, &s);
        } else if (t->kind == TARGET_RESUME) {
            send_to_wait(ar, t, &s);
            continue;
        } else {
            target_send(ar->e, &s, t, &x);
        }
        if (x == NULL) {
            elsewhere++;
        } else if (has_room(ar)) {
            struct verdict started = {.machine = x->version->machine,
                                      .kind = PAV_STARTED,
                                      .execution = x,
                                      .detail = r->name};

            settle(ar, &started);
        }
    }
    if (r->target_count > 0 && elsewhere == 0)
        return;
    v.detail = pav_arena_printf(&ar->e->arena, "rule '%s': %u target%s",
                                r->name, elsewhere, elsewhere == 1 ? "" : "s");
    if (has_room(ar))
        settle(ar, &v);
}

/* An id that came within a day was sent on then. */
static bool
was_sent(const struct arrival *ar)
{
    return ar->last_seen != 0 && ar->now_ms - ar->last_at <= DAY_MS;
}

static void
route(struct arrival *ar, struct bus *b)
{
    struct matched all;
    uint32_t i;

    ar->visited[ar->visited_count++] = b;
    ar->hops++;
    match_bus(ar, b, &all);
    for (i = 0; i < all.machine_count; i++)
        if (all.machines[i].machine->concerned_by != ar->stamp)
            concern(ar, &all.machines[i]);
    if (all.rule_count > 0 && was_sent(ar)) {
        struct verdict v = {.kind = PAV_DUPLICATE,
                            .detail = "this source sent this id before"};

        if (has_room(ar))
            settle(ar, &v);
        all.rule_count = 0;
    }
    for (i = 0; i < all.rule_count; i++)
        send_all(ar, all.rules[i]);
    ar->hops--;
}

/* "; nearest: rule 'x' of machine 'm', 2 of 3 conditions, not detail.status" */
static const char *
nearest(struct arrival *ar, const struct bus *b)
{
    struct pav_arena *a = &ar->e->arena;
    const char *rule, *whose = "";
    struct pav_near near = {.source = ar->envelope->source,
                            .detail_type = ar->envelope->detail_type};
    struct subject *subject;

    subject = pav_index_nearest(b->index, &near);
    if (subject == NULL || subject->kind == SUBJECT_ARCHIVE)
        return "";
    if (subject->kind == SUBJECT_MACHINE) {
        struct machine_rule *r = (struct machine_rule *)(void *)subject;

        rule = r->rule->name;
        whose = pav_arena_printf(a, " of machine '%s'", r->machine->name);
    } else {
        rule = ((struct bus_rule *)(void *)subject)->name;
    }
    if (near.wanted != NULL)
        return pav_arena_printf(
            a, "; nearest: rule '%s'%s, which wants %s '%s', not '%.*s'", rule,
            whose, near.path, near.wanted,
            strcmp(near.path, "source") == 0 ? (int)near.source.len
                                             : (int)near.detail_type.len,
            strcmp(near.path, "source") == 0 ? near.source.p
                                             : near.detail_type.p);
    if (near.held == near.of)
        return pav_arena_printf(a,
                                "; nearest: rule '%s'%s, whose conditions hold "
                                "in no one element of an array together",
                                rule, whose);
    return pav_arena_printf(
        a,
        "; nearest: rule '%s'%s, where %u of %u conditions hold, %s does not",
        rule, whose, near.held, near.of, near.path);
}

static void
nobody(struct arrival *ar, const struct bus *b)
{
    struct verdict v = {.kind = PAV_UNMATCHED};
    int64_t ignored;

    if (ar->gone)
        v.detail = "only a machine whose folder is gone has a rule for it: "
                   "nothing starts there";
    else
        v.detail = pav_arena_printf(&ar->e->arena, "no rule matches%s",
                                    nearest(ar, b));
    if (ar->last_seen != 0 &&
        pav_store_concerned(ar->e->store, ar->last_seen, 0, &ignored)) {
        v.kind = PAV_DUPLICATE;
        v.detail = "this source sent this id before";
    }
    settle(ar, &v);
}

/* NULL: nobody has created it. */
static struct bus *
bus_for(struct pav_engine *e, const struct pav_event_item *item)
{
    return item->bus_id != 0 ? bus_by_id(e, item->bus_id)
                             : bus_of(e, item->bus);
}

static void
no_such_bus(struct arrival *ar)
{
    const char *name = ar->item->bus == NULL ? "" : ar->item->bus;
    struct verdict v = {
        .kind = PAV_UNMATCHED,
        .detail = pav_arena_printf(
            &ar->e->arena, "no such bus '%s': CreateEventBus makes one", name)};

    pav_log(PAV_LOG_WARN, NULL, "event %.*s of %.*s: %s",
            (int)ar->envelope->id.len, ar->envelope->id.p,
            (int)ar->envelope->source.len, ar->envelope->source.p, v.detail);
    settle(ar, &v);
}

/* Would anybody see an event of the engine's own? */
static bool
is_asked_for(struct pav_engine *e, const struct bus *b,
             const struct pav_event_item *item)
{
    const struct pav_envelope *envelope = &item->event;
    struct pav_matches found;
    const struct archive *a;
    uint32_t i;

    for (a = e->archives; a != NULL; a = a->next)
        if (a->all && a->bus == b)
            return true;
    pav_index_match(b->index, envelope->text.p, envelope->text.len,
                    envelope->simple, &e->arena, &found);
    for (i = 0; i < found.count; i++) {
        const struct subject *s = found.owners[i];

        if (s->kind != SUBJECT_MACHINE || s->asks_status || !is_status(item))
            return true;
    }
    return false;
}

static void
enter(struct arrival *ar, struct bus *b)
{
    if (b == NULL) {
        no_such_bus(ar);
        return;
    }
    if (!schema_admits(ar))
        return;
    route(ar, b);
    crowd(ar);
    if (ar->item->outcome_count == 0)
        nobody(ar, b);
}

static void
arrive(struct pav_engine *e, struct pav_arena *out, struct pav_event_item *item)
{
    struct arrival ar = {.e = e,
                         .out = out,
                         .item = item,
                         .envelope = &item->event,
                         .now_ms = pav_clock_ms(e->clock)};
    struct bus *b = bus_for(e, item);
    struct pav_event_row row = {.received_at = ar.now_ms,
                                .source = item->event.source,
                                .event_id = item->event.id,
                                .detail_type = item->event.detail_type,
                                .body = item->body,
                                .bus_id = b == NULL ? 0 : b->id,
                                .replay = item->replay,
                                .account =
                                    item->event.stamped ? item->account : NULL,
                                .depth = item->depth};
    int64_t depth = e->depth;

    item->outcomes = NULL;
    item->outcome_count = 0;
    if (item->own && (b == NULL || !is_asked_for(e, b, item)))
        return;
    ar.id = row.id = pav_store_next_event(e->store);
    ar.stamp = ++e->arrivals;
    if (item->event.known_id && item->replay == NULL)
        ar.last_seen = pav_store_event_seen(e->store, item->event.source,
                                            item->event.id, &ar.last_at);
    pav_store_event_add(e->store, &row);
    e->counts.events++;
    e->depth = item->depth;
    enter(&ar, b);
    e->depth = depth;
}

void
intake_text(struct pav_engine *e, struct pav_bytes text, bool known_id,
            struct pav_event_item *item)
{
    struct pav_envelope_defaults defaults = {.region = e->config.region,
                                             .account = e->config.account,
                                             .replay = item->replay,
                                             .now_ms = pav_clock_ms(e->clock)};
    struct pav_err err;

    if (pav_envelope_read_any(text.p, text.len, &defaults, &e->arena,
                              &item->event, &err) != PAV_OK) {
        pav_log(PAV_LOG_WARN, NULL, "an event of our own is none: %s %s",
                err.at, err.message);
        return;
    }
    item->event.known_id &= known_id;
    if (item->body.p == NULL)
        item->body = item->event.text;
    arrive(e, &e->arena, item);
}

void
intake_replayed(struct pav_engine *e, const struct pav_event_row *row,
                struct pav_event_item *item)
{
    struct pav_envelope_defaults defaults = {
        .region = e->config.region,
        .account = row->account != NULL ? row->account : e->config.account,
        .stamps = row->account != NULL,
        .fresh_id = row->event_id.p,
        .replay = item->replay,
        .now_ms = row->received_at};

    item->account = row->account;
    item->depth = row->depth;
    if (pav_envelope_read_any(row->body.p, row->body.len, &defaults, &e->arena,
                              &item->event, NULL) == PAV_OK)
        arrive(e, &e->arena, item);
}

void
intake_own(struct pav_engine *e, const struct pav_doc *d, int64_t depth)
{
    struct pav_event_item item = {.depth = depth, .own = true};
    struct pav_bytes text = {pav_doc_text(&e->arena, d), 0};

    text.len = strlen(text.p);
    intake_text(e, text, false, &item);
}

static bool
may_put(struct pav_engine *e, struct pav_events_job *j,
        struct pav_event_item *item)
{
    const struct bus *b;

    if (j->account == NULL)
        return true;
    b = bus_for(e, item);
    if (b == NULL || bus_admits(e, b, j->account))
        return true; /* of no bus: nobody gets it */
    item->code = "AccessDeniedException";
    item->message = pav_arena_printf(&j->job.arena,
                                     "Account %s is not authorized to perform: "
                                     "events:PutEvents on resource: %s",
                                     j->account, b->arn);
    item->error = pav_arena_printf(
        &j->job.arena, "{\"at\":\"\",\"message\":\"%s\"}", item->message);
    return false;
}

static void
intake_events(struct pav_engine *e, struct pav_job *job)
{
    struct pav_events_job *j = (struct pav_events_job *)job;
    uint32_t i;

    for (i = 0; i < j->item_count; i++) {
        if (j->items[i].error != NULL || !may_put(e, j, &j->items[i]))
            continue;
        j->items[i].account = j->account;
        arrive(e, &job->arena, &j->items[i]);
        turn_breathe(e);
    }
}

static uint32_t
count_events(const struct pav_job *job, size_t *bytes)
{
    const struct pav_events_job *j = (const struct pav_events_job *)job;
    uint32_t i;

    for (i = 0; i < j->item_count; i++)
        *bytes += j->items[i].body.len;
    return j->item_count;
}

const struct pav_job_kind pav_events_kind = {.size =
                                                 sizeof(struct pav_events_job),
                                             .advance = intake_events,
                                             .events = count_events};
