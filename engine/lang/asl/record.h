/* What writing and reading records share: see record_write.c. */
#ifndef PAVANE_ASL_RECORD_H
#define PAVANE_ASL_RECORD_H

#include "pavane/history.h"

struct event_data;
struct recorder;
struct stepper;
struct pav_machine;

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

/* ---- record_write.c ---- */

void recorder_init(struct recorder *r);
void recorder_fini(struct recorder *r);
/* The payload's place; PAYLOAD_TOO_BIG when it exceeds PAV_PAYLOAD_MAX. */
#define PAYLOAD_TOO_BIG UINT32_MAX
uint32_t recorder_ref(struct recorder *r, const struct pav_doc *d);
void recorder_event(struct recorder *r, enum pav_event_type type,
                    int64_t previous_id, const struct event_data *data);
/* False: what is open is larger than a record may be; nothing is made, the
 * events are still there. */
#define RECORD_MAX (32u << 20)
bool recorder_finish(struct stepper *st, struct pav_buf *out);

/* ---- record_read.c ---- */

/* NULL: the record has none.  `*next_no`: of the next wait or timer. */
struct frame *
record_frames(const struct pav_machine *m, const struct pav_doc *record,
              struct pav_arena *a, uint32_t *next_no);

#endif
