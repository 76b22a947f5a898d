/*
 * An event meets one machine: it starts an execution of its key, resumes the
 * one that is open, or waits until that can take it.
 */
#include "batch.h"
#include "dedupe.h"
#include "fit.h"
#include "start_resume.h"
#include "runner.h"

/* The rule that speaks, its key, and what the store has for it. */
struct finding {
    const struct pav_rule *rule;
    const char *key;
    struct pav_execution_row row;
    bool known, open;
};

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
    if (row.disposition_id == 0)
        return;
    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(input, &text);
    row.input.p = text.p;
    row.input.len = text.len;
    pav_store_park(e->store, &row);
    pav_buf_fini(&text);
}

static void
resume_open(struct arrival *ar, struct verdict *v, struct execution *x,
            const struct pav_rule *rule, const struct pav_doc *input)
{
    struct pav_engine *e = ar->e;
    enum pav_unexpected policy = v->machine->rules == NULL
                                     ? PAV_POLICY_FAIL
                                     : v->machine->rules->unexpected;

    v->execution = &x->row;
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
    v->execution = &x->row;
    settle(ar, v);
    fit_parked(ar->e, x);
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
        v->execution = &x->row;
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

    v->execution = &x->row;
    v->kind = same ? PAV_DUPLICATE : PAV_UNEXPECTED;
    v->detail = same ? "the same content started this execution"
                     : "an execution of this key is open already";
    settle(ar, v);
}

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
                    v->execution->id);
}

void
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
