/*
 * Retry and Catch.
 *
 * Retriers are scanned in order and the first whose ErrorEquals matches rules;
 * attempts are counted for each retrier while the state lasts.  Defaults: 1 s,
 * 3 attempts, rate 2.0.  States.ALL matches all but States.Runtime, which never
 * comes here; States.TaskFailed all but States.Timeout.
 */
#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "frame.h"
#include "query.h"
#include "retry.h"
#include "stepper.h"
#include "model.h"

#define RANGE_MAX 99999999

/* Services add names of their own below "States."; only near ones are told. */
static void
warn_misspelt(struct compiler *c, const char *name, const struct place *place,
              uint32_t at)
{
    const char *known[PAV_STATES_ERRORS], *near;
    int i;

    if (strncmp(name, "States.", 7) != 0 ||
        pav_states_error_find(name) != PAV_STATES_OTHER)
        return;
    for (i = PAV_STATES_OTHER + 1; i < PAV_STATES_ERRORS; i++)
        known[i - 1] = pav_states_error((enum pav_states_error)i);
    known[PAV_STATES_ERRORS - 1] = NULL;
    near = pav_text_near(name, known);
    if (near != NULL)
        compile_fault(c, PAV_WARNING, "UNKNOWN_ERROR", place, at,
                      "no error is named '%s'; did you mean '%s'?", name, near);
}

static void
error_names_compile(struct compiler *c, const struct pav_doc *o,
                    const struct place *place, bool last,
                    struct error_names *out)
{
    const struct pav_doc *names = pav_doc_get(o, "ErrorEquals");
    enum pav_states_error *kinds;
    const char **v;
    uint32_t i;

    if (names == NULL || names->kind != PAV_ARRAY || names->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, o->at,
                      "'ErrorEquals' must be a list with an error name in it");
        return;
    }
    out->v = v = pav_arena_alloc(c->arena, names->len * sizeof(*v));
    out->kinds = kinds = pav_arena_alloc(c->arena, names->len * sizeof(*kinds));
    for (i = 0; i < names->len; i++) {
        const char *name = pav_doc_str(c->arena, &names->items[i]);

        if (name == NULL) {
            compile_fault(c, PAV_ERROR, SCHEMA, place, names->items[i].at,
                          "An error name must be a string");
            continue;
        }
        kinds[out->count] = pav_states_error_find(name);
        v[out->count++] = name;
        warn_misspelt(c, name, place, names->items[i].at);
        if (kinds[out->count - 1] == PAV_STATES_ALL &&
            (names->len > 1 || !last))
            compile_fault(c, PAV_ERROR, SCHEMA, place, names->items[i].at,
                          "'States.ALL' must be alone, in the last entry");
    }
}

static void
retrier_compile(struct compiler *c, const struct pav_doc *d,
                const struct place *place, bool last, struct retrier *r)
{
    const struct pav_doc *jitter = pav_doc_get(d, "JitterStrategy");
    int64_t n;

    r->interval_s = 1;
    r->backoff = 2;
    r->max_attempts = 3;
    if (d->kind != PAV_OBJECT) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "A retrier must be an object");
        return;
    }
    error_names_compile(c, d, place, last, &r->errors);
    if (member_int(c, d, place, "IntervalSeconds", 1, RANGE_MAX, &n))
        r->interval_s = (double)n;
    member_int(c, d, place, "MaxAttempts", 0, RANGE_MAX, &r->max_attempts);
    if (member_int(c, d, place, "MaxDelaySeconds", 1, 31622400, &n))
        r->max_delay_s = (double)n;
    if (r->max_delay_s > 0 && r->max_delay_s <= r->interval_s)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "'MaxDelaySeconds' must be greater than "
                      "'IntervalSeconds'");
    member_double(c, d, place, "BackoffRate", 1.0, &r->backoff);
    if (jitter != NULL && !pav_doc_is_str(jitter, "FULL") &&
        !pav_doc_is_str(jitter, "NONE"))
        compile_fault(c, PAV_ERROR, SCHEMA, place, jitter->at,
                      "The field 'JitterStrategy' should have one of these "
                      "values: [FULL, NONE]");
    r->jitter = pav_doc_is_str(jitter, "FULL");
}

static const struct pav_doc *
list_member(struct compiler *c, struct state *s, const struct place *place,
            const char *key)
{
    const struct pav_doc *list = pav_doc_get(s->source, key);

    if (list != NULL && list->kind != PAV_ARRAY) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, list->at,
                      "The field '%s' must be a list", key);
        return NULL;
    }
    return list;
}

void
retry_compile(struct compiler *c, struct state *s, const struct place *place)
{
    const struct pav_doc *list = list_member(c, s, place, "Retry");
    struct retrier *v;
    uint32_t i;

    if (list == NULL || list->len == 0)
        return;
    place = place_of(c, place, "Retry");
    v = pav_arena_zalloc(c->arena, list->len * sizeof(*v));
    for (i = 0; i < list->len; i++)
        retrier_compile(c, &list->items[i], place_at(c, place, i),
                        i + 1 == list->len, &v[i]);
    s->retriers = v;
    s->retrier_count = list->len;
}

void
catch_compile(struct compiler *c, struct state *s, const struct place *place)
{
    const struct pav_doc *list = list_member(c, s, place, "Catch");
    uint32_t i;

    if (list == NULL || list->len == 0)
        return;
    place = place_of(c, place, "Catch");
    s->catchers = pav_arena_zalloc(c->arena, list->len * sizeof(*s->catchers));
    s->catcher_count = list->len;
    for (i = 0; i < list->len; i++) {
        struct catcher *catcher = &s->catchers[i];
        const struct pav_doc *d = &list->items[i];

        catcher->place = place_at(c, place, i);
        catcher->at = d->at;
        if (d->kind != PAV_OBJECT) {
            compile_fault(c, PAV_ERROR, SCHEMA, catcher->place, d->at,
                          "A catcher must be an object");
            continue;
        }
        error_names_compile(c, d, catcher->place, i + 1 == list->len,
                            &catcher->errors);
        check_language(c, d, catcher->place);
        catcher->query = c->language->catcher(c, s, d, catcher->place);
        catcher->next_name = member_str(c, d, catcher->place, "Next", true);
    }
}

/* ---- at run time ---- */

static bool
names_match(const struct error_names *names, const struct failure *e)
{
    uint32_t i;

    for (i = 0; i < names->count; i++) {
        switch (names->kinds[i]) {
        case PAV_STATES_ALL: /* a failure without a name as well */
            return true;
        case PAV_STATES_HEARTBEAT_TIMEOUT:
            if (e->heartbeat || e->kind == names->kinds[i])
                return true;
            break;
        case PAV_STATES_TASK_FAILED:
            if (e->kind != PAV_STATES_TIMEOUT)
                return true;
            break;
        case PAV_STATES_OTHER:
            if (e->error != NULL && strcmp(names->v[i], e->error) == 0)
                return true;
            break;
        default:
            if (e->kind == names->kinds[i])
                return true;
            break;
        }
    }
    return false;
}

/* A number in [0, 1) that the seed, the wait and the attempt decide. */
static double
draw(const struct stepper *st, uint32_t no)
{
    uint64_t x = 0;

    memcpy(&x, st->in->seed, sizeof(x));
    x += (no + 1) * 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    return (double)(x >> 11) / 9007199254740992.0;
}

int
retrier_of(const struct state *s, const struct failure *e)
{
    uint32_t i;

    for (i = 0; !e->fixed && i < s->retrier_count; i++)
        if (names_match(&s->retriers[i].errors, e))
            return (int)i;
    return -1;
}

double
retry_delay(const struct retrier *r, int64_t attempts)
{
    double delay = r->interval_s * pow(r->backoff, (double)attempts);

    PAV_ASSERT(attempts >= 0);
    if (r->max_delay_s > 0 && delay > r->max_delay_s)
        delay = r->max_delay_s;
    return delay > RANGE_MAX ? RANGE_MAX : delay;
}

bool
retry_try(struct stepper *st, struct frame *f, const struct failure *e)
{
    const struct state *s = f->state;
    int i = retrier_of(s, e);
    double delay;

    if (i < 0)
        return false;
    if (f->attempts == NULL)
        f->attempts = pav_arena_zalloc(st->arena,
                                       s->retrier_count * sizeof(*f->attempts));
    if (f->attempts[i] >= s->retriers[i].max_attempts)
        return false;
    delay = retry_delay(&s->retriers[i], f->attempts[i]);
    f->no = st->next_no++;
    if (s->retriers[i].jitter)
        delay *= draw(st, f->no);
    f->attempts[i]++;
    f->retry_count++;
    f->phase = PHASE_RETRY;
    f->token = NULL;
    f->kid_count = 0;
    f->map = NULL;
    f->beat_at = f->beat_s = 0;
    f->due_at = st->in->now_ms + (int64_t)(delay * 1000);
    return true;
}

const struct catcher *
catch_find(const struct state *s, const struct failure *e)
{
    uint32_t i;

    for (i = 0; !e->fixed && i < s->catcher_count; i++)
        if (names_match(&s->catchers[i].errors, e))
            return &s->catchers[i];
    return NULL;
}
