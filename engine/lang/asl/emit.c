/* Events of the history in the making, and ends that are events too. */
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
#include "record.h"
#include "stepper.h"

bool
too_big(struct stepper *st, const struct pav_doc *d)
{
    return d != NULL && recorder_ref(&st->rec, d) == PAYLOAD_TOO_BIG;
}

void
end(struct stepper *st, enum pav_status status)
{
    st->over = true;
    st->out->status = status;
}

/* What is longer than an error or a cause may be is cut off. */
const char *
cut(struct stepper *st, const char *text, size_t max)
{
    const char *p = text, *end;

    if (text == NULL || strlen(text) <= max)
        return text;
    for (end = text + strlen(text); max > 0 && p < end; max--) {
        size_t len = pav_utf8_len(p, end);

        p += len == 0 ? 1 : len;
    }
    return pav_arena_strndup(st->arena, text, (size_t)(p - text));
}

void
end_failed(struct stepper *st, enum pav_status status, enum pav_event_type type,
           int64_t previous_id, const char *error, const char *cause)
{
    struct event_data data;

    error = cut(st, error, PAV_ERROR_MAX);
    cause = cut(st, cause, PAV_CAUSE_MAX);
    data = (struct event_data){.error = error, .cause = cause};
    st->next_id++;
    recorder_event(&st->rec, type, previous_id, &data);
    st->out->error = error;
    st->out->cause = cause;
    end(st, status);
}

static int64_t
history_max(const struct stepper *st)
{
    return st->in->history_max == 0 ? PAV_HISTORY_MAX : st->in->history_max;
}

int64_t
emit(struct stepper *st, enum pav_event_type type, int64_t previous_id,
     const struct event_data *data)
{
    static const struct event_data none;

    PAV_ASSERT(type > 0 && type < EV_COUNT);
    if (st->over)
        return 0;
    if (st->next_id >= history_max(st) && type != EV_EXECUTION_SUCCEEDED) {
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
                   pav_states_error(PAV_STATES_RUNTIME),
                   pav_arena_printf(st->arena,
                                    "The execution reached the maximum number "
                                    "of history events (%lld).",
                                    (long long)history_max(st)));
        return 0;
    }
    if (data != NULL &&
        (too_big(st, data->payload) || too_big(st, data->credentials))) {
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
                   pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
                   "An input or parameters exceed the maximum number of bytes "
                   "service limit.");
        return 0;
    }
    recorder_event(&st->rec, type, previous_id, data == NULL ? &none : data);
    return st->next_id++;
}

void
emit_next(struct stepper *st, struct frame *f, enum pav_event_type type,
          const struct event_data *data)
{
    int64_t id = emit(st, type, f->previous_id, data);

    if (id != 0)
        f->previous_id = id;
}
