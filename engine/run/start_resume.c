/*
 * An event meets one machine: it starts an execution of its key, resumes the
 * one that is open, or is parked until that can take it.
 *
 * M1  A resume rule speaks for an open execution, a start rule otherwise.
 * M2  A machine has an event once: by whatever rules it is concerned, the first
 *     of each kind counts, and the mark of the visit keeps the others out.
 * M3  An early event is parked, not tried again and again: it is taken out when
 *     the execution next waits (match_wait.c), or expires.
 * M4  A machine whose folder is gone starts nothing; what it began goes on.
 */
#include <string.h>

#include "pavane/text.h"
#include "cause.h"
#include "batch.h"
#include "dedupe.h"
#include "hot.h"
#include "match_wait.h"
#include "start_resume.h"
#include "runner.h"

#define OR           " or " /* between names: struct pav_wait_view */
#define MISFIT_NAMES 32
#define MISFIT_SAID  400

/* The rule that speaks, its key, and what the store has for it. */
struct lookup {
    const struct pav_rule *rule;
    const char *key;
    struct pav_execution_row row;
    bool known, open;
};

static void
park(struct event_context *ec, struct verdict *v, const struct pav_rule *rule,
     const struct pav_doc *input)
{
    struct pav_engine *e = ec->e;
    const struct pav_rules *rules = v->machine->rules;
    struct pav_parked_row row = {.machine_id = v->machine->id,
                                 .event_id = ec->id,
                                 .key = v->key,
                                 .shared = rule->token_table};
    struct pav_buf text;

    if (rules == NULL) { /* its stored rules do not compile any more */
        v->kind = PAV_REJECTED;
        v->detail = "the machine's rules cannot be loaded";
        record_outcome(ec, v);
        return;
    }
    row.expires_at = ec->now_ms + rules->early_ms;
    if (pav_store_parked_count(e->store, v->machine->id, v->key) >=
        rules->early_max) {
        v->kind = PAV_REJECTED;
        v->detail = pav_arena_printf(
            &e->arena, "%lld events of this key are parked already",
            (long long)rules->early_max);
        record_outcome(ec, v);
        return;
    }
    v->kind = PAV_PARKED;
    row.disposition_id = record_outcome(ec, v);
    if (row.disposition_id == 0)
        return;
    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(input, &text);
    row.input.p = text.p;
    row.input.len = text.len;
    pav_store_park(e->store, &row);
    pav_buf_fini(&text);
}

/* Why nothing takes it: where the execution stands, what is awaited there, and
 * which of that was probably meant. */
static const char *
misfit_text(struct event_context *ec, const struct execution *x)
{
    const char *names[MISFIT_NAMES + 1], *said = "", *type, *near;
    struct pav_arena *a = &ec->e->arena;
    uint32_t i, n = 0;

    for (i = 0; i < x->before.wait_count; i++) {
        const struct pav_wait_view *w = &x->before.waits[i];
        const char *p = w->awaits, *end;

        if (!w->takes_events || p == NULL)
            continue;
        said = pav_arena_printf(a, "%s; %s waits for %s", said, w->state, p);
        for (; p != NULL && n < MISFIT_NAMES;
             p = *end == '\0' ? NULL : end + strlen(OR)) {
            end = strstr(p, OR);
            if (end == NULL)
                end = p + strlen(p);
            names[n++] = pav_arena_strndup(a, p, (size_t)(end - p));
        }
        if (strlen(said) > MISFIT_SAID)
            break;
    }
    names[n] = NULL;
    type = pav_arena_strndup(a, ec->envelope->detail_type.p,
                             ec->envelope->detail_type.len);
    near = pav_text_near(type, names);
    return near == NULL
               ? said
               : pav_arena_printf(a, "%s: is it %s, misspelt?", said, near);
}

static void
resume_open(struct event_context *ec, struct verdict *v, struct execution *x,
            const struct pav_rule *rule, const struct pav_doc *input,
            const struct cause *cause)
{
    struct pav_engine *e = ec->e;
    enum pav_unexpected policy = v->machine->rules == NULL
                                     ? PAV_POLICY_FAIL
                                     : v->machine->rules->unexpected;
    const char *misfit;

    v->execution = &x->row;
    switch (fit_event(e, x, context_event(ec), input, cause)) {
    case FIT_TAKEN:
        v->kind = PAV_RESUMED;
        record_outcome(ec, v);
        match_parked(e, x);
        break;
    case FIT_EARLY:
        park(ec, v, rule, input);
        break;
    case FIT_UNEXPECTED:
        if (policy == PAV_POLICY_PARK) {
            park(ec, v, rule, input);
            break;
        }
        misfit = misfit_text(ec, x);
        if (policy == PAV_POLICY_FAIL)
            fit_fail(e, x, context_event(ec), input, cause);
        v->kind = PAV_UNEXPECTED;
        v->detail = pav_arena_printf(
            &e->arena, "no transition for this event: the execution %s%s",
            x->row.status != PAV_RUNNING ? "ended" : "goes on", misfit);
        record_outcome(ec, v);
        if (x->row.status == PAV_RUNNING)
            match_parked(e, x);
        break;
    }
}

static void
start(struct event_context *ec, struct verdict *v, const struct pav_doc *input,
      const struct cause *cause, const char *newest)
{
    struct execution *x = pav_arena_zalloc(&ec->e->arena, sizeof(*x));

    if (is_loop(ec)) {
        reject(ec, v, loop_text(ec));
        return;
    }

    execution_start(ec->e, v->machine,
                    execution_name(ec->e, v->machine, v->key, newest), v->key,
                    input, cause, x);
    v->kind = PAV_STARTED;
    v->execution = &x->row;
    record_outcome(ec, v);
    match_parked(ec->e, x);
}

static void
closed_or_new(struct event_context *ec, struct verdict *v, struct execution *x,
              bool known, const struct pav_rule *rule,
              const struct pav_doc *input, const struct cause *cause)
{
    if (rule->starts && (!known || v->machine->rules->generations)) {
        if (!v->machine->active)
            reject(ec, v, "the machine's folder is gone: nothing starts");
        else if (!start_must_wait(ec->e, v->machine))
            start(ec, v, input, cause, known ? x->row.name : NULL);
        else if (v->machine->rules->refuses_above)
            reject(ec, v, full_text(ec->e, v->machine));
        else
            start_later(ec, v, rule, input);
        return;
    }
    if (known && !start_is_held(ec->e, v->machine, v->key)) {
        v->kind = PAV_LATE;
        v->execution = &x->row;
        v->detail = "the execution of this key has ended";
        record_outcome(ec, v);
        return;
    }
    park(ec, v, rule, input);
}

static void
start_on_open(struct event_context *ec, struct verdict *v, struct execution *x)
{
    bool same = same_content(ec, &x->row);

    v->execution = &x->row;
    v->kind = same ? PAV_DUPLICATE : PAV_UNEXPECTED;
    v->detail = same ? "the same content started this execution"
                     : "an execution of this key is open already";
    record_outcome(ec, v);
}

static bool
look_up(struct event_context *ec, const struct machine *m,
        const struct matched_rule *matched_rule, struct lookup *f,
        const char **why)
{
    struct pav_engine *e = ec->e;

    memset(f, 0, sizeof(*f));
    if (matched_rule->rule == NULL)
        return false;
    f->rule = matched_rule->rule->rule;
    f->key = matched_rule->key;
    if (f->key == NULL) {
        *why = matched_rule->why;
        return false;
    }
    f->known =
        hot_of_key(e, m->id, f->key, &f->row) ||
        pav_store_execution_of_key(e->store, m->id, f->key, &e->arena, &f->row);
    f->open = f->known && f->row.status == PAV_RUNNING;
    return true;
}

/* A resume rule speaks for an open execution, a start rule otherwise. */
static bool
find(struct event_context *ec, const struct machine *m,
     const struct match *match, struct lookup *f, const char **why)
{
    bool found = look_up(ec, m, &match->resume, f, why);

    if (match->start.rule == NULL || (found && f->open))
        return found;
    return look_up(ec, m, &match->start, f, why);
}

static void
take(struct event_context *ec, struct verdict *v, struct lookup *f,
     struct execution *x)
{
    struct pav_engine *e = ec->e;
    const struct pav_envelope *envelope = ec->envelope;
    struct pav_transform_context context = {
        .rule_name = f->rule->name,
        .rule_arn = f->rule->name,
        .now_ms = ec->now_ms,
        .text = envelope->text,
        .plain_at = envelope->detail_at,
        .plain_len = envelope->detail_plain ? envelope->detail.len : 0};
    struct pav_transform_part part;
    const struct pav_doc *input;
    struct cause cause;
    struct pav_err err;

    input = pav_transform_apply(f->rule->transform, context_event(ec)->doc,
                                &context, &e->arena, &part, &err);
    if (input == NULL) {
        reject(ec, v,
               pav_arena_printf(&e->arena, "rule '%s' makes no JSON of it: %s",
                                f->rule->name, err.message));
        return;
    }
    cause = context_cause(ec, f->rule->transform, &part);
    x->row = f->row;
    if (f->rule->starts && f->rule->batch_count > 0)
        batch(ec, v, f->rule, input);
    else if (!f->open)
        closed_or_new(ec, v, x, f->known, f->rule, input, &cause);
    else if (!execution_load(e, &f->row, x))
        reject(ec, v, "the execution's machine cannot be loaded");
    else if (f->rule->starts)
        start_on_open(ec, v, x);
    else
        resume_open(ec, v, x, f->rule, input, &cause);
    if (v->execution != NULL &&
        (v->kind == PAV_STARTED || v->kind == PAV_RESUMED))
        event_index(e, v->machine->rules, context_event(ec)->doc,
                    v->execution->id);
}

static void
dispatch_one(struct event_context *ec, const struct match *match)
{
    struct pav_engine *e = ec->e;
    struct machine *m = match->machine;
    struct verdict v = {.machine = m};
    struct execution *x = pav_arena_zalloc(&e->arena, sizeof(*x));
    const char *why = NULL;
    struct lookup f;

    if (!has_room(ec))
        return;
    if (!find(ec, m, match, &f, &why)) {
        reject(ec, &v, why);
        return;
    }
    v.key = f.key;
    if (!m->active && !f.known) { /* it only follows what it began */
        ec->gone = true;
        return;
    }
    if (!f.open && f.rule->token_table) {
        struct machine *to = shared_table_owner(e, m, v.key, &f.row);

        if (to != NULL && to->visited_mark == ec->visited_mark)
            return; /* its own rule took the event already */
        if (to != NULL) {
            v.machine = to;
            f.known = f.open = true;
        }
    }
    v.machine->visited_mark = ec->visited_mark;
    if (!is_duplicate(ec, &v, f.rule, x) && !is_content_duplicate(ec, &v))
        take(ec, &v, &f, x);
}

/* Does the rule give this id, among several or alone? */
static bool
gives(const struct matched_rule *m, const char *key)
{
    uint32_t i;

    if (m->key_count == 0)
        return m->rule != NULL && m->key != NULL && strcmp(m->key, key) == 0;
    for (i = 0; i < m->key_count; i++)
        if (strcmp(m->keys[i], key) == 0)
            return true;
    return false;
}

static void
dispatch_key(struct event_context *ec, const struct match *match,
             const char *key)
{
    struct match one = {.machine = match->machine};

    if (gives(&match->start, key))
        one.start =
            (struct matched_rule){.rule = match->start.rule, .key = key};
    if (gives(&match->resume, key))
        one.resume =
            (struct matched_rule){.rule = match->resume.rule, .key = key};
    dispatch_one(ec, &one);
}

void
dispatch_to_machine(struct event_context *ec, const struct match *match)
{
    const struct matched_rule *start = &match->start, *resume = &match->resume;
    uint32_t i;

    if (start->key_count == 0 && resume->key_count == 0) {
        dispatch_one(ec, match);
        return;
    }
    for (i = 0; i < start->key_count; i++)
        dispatch_key(ec, match, start->keys[i]);
    if (start->key_count == 0 && start->key != NULL)
        dispatch_key(ec, match, start->key);
    for (i = 0; i < resume->key_count; i++)
        if (!gives(start, resume->keys[i]))
            dispatch_key(ec, match, resume->keys[i]);
    if (resume->key_count == 0 && resume->key != NULL &&
        !gives(start, resume->key))
        dispatch_key(ec, match, resume->key);
}
