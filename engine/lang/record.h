/* What writing and reading records share: see record_write.c. */
#ifndef PAVANE_LANG_RECORD_H
#define PAVANE_LANG_RECORD_H

#include "pavane/history.h"

/* What an event holds besides its type and the one before it. */
enum shape {
    SHAPE_NONE,
    SHAPE_PAYLOAD,
    SHAPE_STATE,
    SHAPE_TASK,
    SHAPE_CALL,
    SHAPE_FAILURE,
    SHAPE_ERROR,
    SHAPE_ITERATION,
    SHAPE_NUMBER,
    SHAPE_TEXT,
};

struct event_row {
    const char *name; /* as the API has it */
    enum shape shape;
    const char *details;       /* NULL: the API has none */
    const char *payload_field; /* NULL: no payload; the number's or text's */
    unsigned flags;            /* enum pav_event_flag */
    const char *state_type;    /* of one that is entered or exited; or NULL */
};
extern const struct event_row event_rows[EV_COUNT];

/* Where the events begin; they are the last in a record. */
#define EVENTS_FROM ",\"e\":["

#endif
