/* What writing and reading records share: see record_write.c. */
#ifndef PAVANE_ASL_RECORD_H
#define PAVANE_ASL_RECORD_H

#include "pavane/history.h"
#include "pavane/record.h"
#include "origin.h"

struct event_data;
struct frame;
struct payload;
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
    SHAPE_EVALUATION,
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

struct record_payload {
    enum payload_tag tag;
    uint32_t at;      /* source offset + 1; or which of the earlier record's */
    int64_t step;     /* PAYLOAD_EARLIER: its record */
    const char *text; /* PAYLOAD_INLINE */
    size_t len;
    const struct pav_doc *doc; /* when it was asked for */
};

struct pav_record {
    struct pav_stored stored;
    const struct pav_sources *sources;
    struct pav_arena *arena;
    uint32_t next_no; /* of the next wait or timer */
    struct record_payload *payloads;
    uint32_t payload_count, event_count;
    const uint8_t *frames, *frames_end; /* none: the same */
    const uint8_t *events, *end;
    uint32_t *offsets;           /* of the events; NULL: not yet */
    struct pav_bytes definition; /* p NULL: not yet */
    struct pav_record *earlier;  /* opened last; or NULL */
    const struct pav_doc *json;  /* of a record as JSON text; or NULL */
};

/* Its value; never NULL. */
const struct pav_doc *record_payload(struct pav_record *r, uint32_t place);
/* The text of a string at a place of the definition; NUL-terminated. */
const char *record_name(struct pav_record *r, uint32_t at, struct pav_arena *a);

/* ---- record_write.c ---- */

void recorder_init(struct recorder *r, struct stepper *st);
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

/* ---- record_frames.c ---- */

/* NULL: the record has none. */
struct frame *record_frames(const struct pav_machine *m, struct pav_record *r,
                            struct pav_arena *a);

/* ---- record_json.c, record_json_frames.c: records as JSON text, of semantics
 * 1 to 3 ---- */

void json_open(struct pav_record *r);
const struct pav_doc *json_payload(const struct pav_record *r, uint32_t place);
/* A number of an object; 0: it has none. */
int64_t json_number(const struct pav_doc *o, const char *key);
struct frame *json_frames(const struct pav_machine *m, struct pav_record *r,
                          struct pav_arena *a);
void json_event(struct pav_record *r, uint32_t i, struct pav_arena *a,
                struct pav_history_event *out);

/* ---- numbers, seven bits a byte, the low ones first ---- */

static inline uint64_t
record_number(const uint8_t **p, const uint8_t *end)
{
    uint64_t n = 0;
    unsigned shift = 0;

    while (*p < end) {
        uint8_t byte = *(*p)++;

        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return n;
        shift += 7;
        if (shift > 63)
            break;
    }
    PAV_BUG("a record that ends within a number");
}

#endif
