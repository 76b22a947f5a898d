/*
 * Who owes what: executions that wait, by machine and state, with the types and
 * sources that the machine's current version and rules name for the state.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/attention.h"
#include "pavane/insight.h"

struct debts {
    struct pav_reader *r;
    struct pav_arena *a;
    int64_t now_ms;
    const struct pav_attention *wrong;
    uint32_t wrong_count;
    struct pav_debt *v;
    uint32_t count;
};

static const struct pav_doc *
doc_of(struct pav_bytes text, struct pav_arena *a)
{
    const struct pav_doc *d;

    return pav_doc_parse_copy(a, text.p, text.len, NULL, &d, NULL) == PAV_OK
               ? d
               : NULL;
}

static struct pav_debt *
debt_of(struct debts *d, uint32_t first, const char *machine, const char *state)
{
    struct pav_debt *x;
    uint32_t i;

    for (i = first; i < d->count; i++)
        if (strcmp(d->v[i].state, state) == 0)
            return &d->v[i];
    d->v = pav_arena_append(d->a, d->v, d->count, sizeof(*d->v));
    x = &d->v[d->count++];
    memset(x, 0, sizeof(*x));
    x->machine = machine;
    x->state = state;
    return x;
}

/* Only states that wait for events owe something. */
static bool
state_waits(const struct pav_state_view *s, const struct pav_doc **pattern,
            struct pav_arena *a)
{
    const char *resource = pav_doc_member_str(a, s->source, "Resource");
    const struct pav_doc *given = pav_doc_get(s->source, "Arguments");

    if (given == NULL)
        given = pav_doc_get(s->source, "Parameters");
    *pattern = given == NULL ? NULL : pav_doc_get(given, "EventPattern");
    return s->awaits != NULL ||
           (resource != NULL && strstr(resource, ":states:::event.") != NULL);
}

/* What a state waits for, and whose event that is; NULL: nobody's. */
static void
owed_in(const struct debts *d, const struct pav_machine *m,
        const struct pav_doc *rules, const char *state, const char **awaits,
        const char **from)
{
    uint32_t i, n = pav_machine_state_count(m);

    *awaits = *from = NULL;
    for (i = 0; i < n; i++) {
        struct pav_state_view s = pav_machine_state(m, i);
        const struct pav_doc *pattern;

        if (strcmp(s.name, state) != 0 || !state_waits(&s, &pattern, d->a))
            continue;
        *awaits = s.awaits == NULL ? NULL : pav_arena_strdup(d->a, s.awaits);
        *from =
            pav_awaited_from(d->r, rules, *awaits, pattern, d->now_ms, d->a);
    }
}

static void
describe(struct debts *d, struct pav_debt *x, const struct pav_machine *m,
         const struct pav_doc *rules)
{
    uint32_t i;

    owed_in(d, m, rules, x->state, &x->awaits, &x->from);
    for (i = 0; i < d->wrong_count; i++) {
        const struct pav_attention *w = &d->wrong[i];

        if (w->kind == PAV_ATTENTION_OVERDUE &&
            strcmp(w->machine, x->machine) == 0 &&
            strcmp(w->what, x->state) == 0) {
            x->overdue = w->count;
            x->overdue_at = w->oldest_at;
        }
    }
}

static void
of_machine(struct debts *d, const struct pav_machine_row *row)
{
    struct pav_stand *stands;
    struct pav_machine *m;
    struct pav_faults faults;
    uint32_t n, i, j, first = d->count;
    const struct pav_doc *rules;

    pav_reader_current_states(d->r, row->id, d->a, &stands, &n);
    for (i = 0; i < n; i++) {
        const struct pav_doc *names =
            pav_doc_own(d->a, stands[i].states, strlen(stands[i].states));

        for (j = 0; j < names->len; j++) {
            struct pav_debt *x = debt_of(d, first, row->name,
                                         pav_doc_str(d->a, &names->items[j]));

            x->count += stands[i].count;
        }
    }
    if (d->count == first)
        return;
    pav_faults_init(&faults, d->a);
    m = pav_machine_compile(row->definition.p, row->definition.len,
                            (enum pav_machine_type)row->type, &faults);
    rules = doc_of(row->rules, d->a);
    for (i = first; m != NULL && i < d->count; i++)
        describe(d, &d->v[i], m, rules);
    pav_machine_free(m);
}

static int
most_first(const void *x, const void *y)
{
    const struct pav_debt *a = x, *b = y;

    return a->count < b->count ? 1 : a->count > b->count ? -1 : 0;
}

/* What waits for no event owes nothing: tasks at work, Waits. */
static void
keep_waits(struct debts *d)
{
    uint32_t i, n = 0;

    for (i = 0; i < d->count; i++)
        if (d->v[i].awaits != NULL || d->v[i].from != NULL)
            d->v[n++] = d->v[i];
    d->count = n;
}

uint32_t
pav_debts(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
          struct pav_debt **out)
{
    struct debts d = {.r = r, .a = a, .now_ms = now_ms};
    struct pav_machine_view *machines;
    struct pav_attention *wrong;
    uint32_t count = pav_reader_machines(r, false, a, &machines), i;

    d.wrong_count = pav_reader_attention(r, now_ms, a, &wrong);
    d.wrong = wrong;
    for (i = 0; i < count; i++)
        if (machines[i].row.id != 0)
            of_machine(&d, &machines[i].row);
    keep_waits(&d);
    if (d.count > 1)
        qsort(d.v, d.count, sizeof(*d.v), most_first);
    *out = d.v;
    return d.count;
}

/* ---- how long they take ---- */

static struct pav_answer_times *
times_of(struct pav_arena *a, struct pav_answer_times **v, uint32_t *count,
         const char *from)
{
    uint32_t i;

    for (i = 0; i < *count; i++)
        if (strcmp((*v)[i].from, from) == 0)
            return &(*v)[i];
    *v = pav_arena_append(a, *v, *count, sizeof(**v));
    memset(&(*v)[*count], 0, sizeof(**v));
    (*v)[*count].from = from;
    return &(*v)[(*count)++];
}

uint32_t
pav_answer_times(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
                 struct pav_answer_times **out)
{
    struct debts d = {.r = r, .a = a, .now_ms = now_ms};
    struct pav_machine_view *machines;
    uint32_t n = pav_reader_machines(r, false, a, &machines), i, k, count = 0;

    *out = NULL;
    for (i = 0; i < n; i++) {
        const struct pav_machine_row *row = &machines[i].row;
        const char *awaits, *from;
        struct pav_wait_time *waits;
        const struct pav_doc *rules;
        struct pav_faults faults;
        struct pav_machine *m;
        uint32_t states =
            row->id == 0 ? 0 : pav_reader_wait_times(r, row->name, a, &waits);

        if (states == 0)
            continue;
        pav_faults_init(&faults, a);
        m = pav_machine_compile(row->definition.p, row->definition.len,
                                (enum pav_machine_type)row->type, &faults);
        rules = doc_of(row->rules, a);
        for (k = 0; m != NULL && k < states; k++) {
            struct pav_wait_stats one;

            owed_in(&d, m, rules, waits[k].state, &awaits, &from);
            if (from == NULL)
                continue;
            pav_wait_stats_read(&one, waits[k].histogram);
            pav_wait_stats_merge(&times_of(a, out, &count, from)->times, &one);
        }
        pav_machine_free(m);
    }
    return count;
}

const struct pav_debt *
pav_debt_find(const struct pav_debt *v, uint32_t count, const char *machine,
              const char *state)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (strcmp(v[i].machine, machine) == 0 &&
            strcmp(v[i].state, state) == 0)
            return &v[i];
    return NULL;
}

uint32_t
pav_debts_when_late(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
                    struct pav_debt **out)
{
    struct pav_execution_filter overdue = {.status = -1, .overdue = true};

    *out = NULL;
    return pav_reader_total(r, &overdue, a) > 0 ? pav_debts(r, now_ms, a, out)
                                                : 0;
}

bool
pav_usual(const struct pav_wait_time *v, uint32_t count, const char *state,
          struct pav_wait_stats *out)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (strcmp(v[i].state, state) == 0) {
            pav_wait_stats_read(out, v[i].histogram);
            return pav_wait_stats_count(out) >= PAV_USUAL_FROM;
        }
    return false;
}
