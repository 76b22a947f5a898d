/*
 * Wait: until a number of seconds has passed or an instant has come.
 * Zero seconds and instants of the past leave at once.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "stepper.h"
#include "model.h"

#define SECONDS_MAX 99999999

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    static const char *const names[] = {"Seconds", "SecondsPath", "Timestamp",
                                        "TimestampPath"};
    const struct pav_doc *v;
    uint32_t i, given = 0;
    int64_t seconds;

    for (i = 0; i < 4; i++)
        given += pav_doc_get(d, names[i]) != NULL;
    if (given != 1) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "Exactly one of 'Seconds', 'SecondsPath', 'Timestamp' "
                      "and 'TimestampPath' is needed, %u are given",
                      given);
        return;
    }
    s->wait.seconds.use = NUMBER_DELAY;
    s->wait.seconds.field = "Seconds";
    s->wait.seconds.value =
        c->language->member(c, d, place, "Seconds", VALUE_NUMBER);
    s->wait.seconds.given = s->wait.seconds.value != NULL;
    if (s->wait.seconds.value == NULL &&
        member_int(c, d, place, "Seconds", 0, SECONDS_MAX, &seconds)) {
        s->wait.seconds.literal = (double)seconds;
        s->wait.seconds.given = true;
    }
    s->wait.timestamp =
        c->language->member(c, d, place, "Timestamp", VALUE_NUMBER);
    v = pav_doc_get(d, "Timestamp");
    if (v != NULL && s->wait.timestamp == NULL &&
        (v->kind != PAV_STRING ||
         !pav_time_parse(v->text, v->len, &s->wait.until_ms)))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Timestamp"),
                      v->at, "String does not match RFC3339 timestamp");
}

static bool
until_of(struct stepper *st, struct frame *f, const struct pav_doc *from,
         int64_t *ms)
{
    const struct state *s = f->state;
    double seconds;

    *ms = s->wait.until_ms;
    if (s->wait.seconds.given) {
        if (!number_of(st, f, &s->wait.seconds, from, &seconds))
            return false;
        *ms = seconds < 0 ? 0 : st->in->now_ms + (int64_t)seconds * 1000;
        return true;
    }
    return s->wait.timestamp == NULL ||
           s->language->instant(st, f, s->wait.timestamp, from, ms);
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct pav_doc *from;
    int64_t until;

    if (!s->language->arguments(st, f, &from) || !until_of(st, f, from, &until))
        return GO_FAILED;
    if (until > st->in->now_ms) {
        f->no = st->next_no++;
        f->due_at = until;
        f->phase = PHASE_WAIT;
        return GO_WAIT;
    }
    return state_output(st, f, s->query, from, &f->result) ? GO_NEXT
                                                           : GO_FAILED;
}

static const char *const own_fields[] = {"Seconds", "Timestamp", NULL};

const struct state_kind wait_kind = {
    .name = "Wait",
    .entered = EV_WAIT_ENTERED,
    .exited = EV_WAIT_EXITED,
    .has = HAS_NEXT | HAS_DATA | HAS_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter_state,
};
