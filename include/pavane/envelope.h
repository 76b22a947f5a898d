/*
 * What producers send, brought into one form: the EventBridge envelope, as
 * text.  No tree is built: what the producer wrote of each member is in it
 * as it was written.
 *
 * Read: the envelope itself; an entry as PutEvents has it (Source, DetailType,
 * Detail as JSON text or object, Time, Resources, EventBusName); a CloudEvents
 * 1.0 event, structured: type is the detail-type, data the detail, data_base64
 * the same when it is JSON; its other attributes and its extensions are in
 * the envelope under their own names ("$.subject"), but for those that the
 * envelope or an entry of PutEvents has a member of.
 */
#ifndef PAVANE_ENVELOPE_H
#define PAVANE_ENVELOPE_H

#include "pavane/doc.h"

/* Of an event, and of a list of them in one request; so has the service since
 * January 2026.  What one execution holds of it is PAV_PAYLOAD_MAX (step.h). */
#define PAV_EVENTS_MAX (1024 * 1024)

struct pav_envelope {
    struct pav_bytes text; /* version, id, detail-type, source, ... */
    bool simple;           /* as pav_doc_check() says of the text */
    bool known_id;         /* the producer gave the id */
    bool stamped;          /* the account is the sender's */
    struct pav_bytes id, source, detail_type;
    struct pav_bytes detail; /* as it was written: in what was read, mostly */
    size_t detail_at;        /* where it is in `text` */
    bool detail_plain;       /* it is as pav_doc_print() would write it */
    struct pav_bytes bus; /* of an entry, name or ARN; p NULL: it names none */
    int64_t at;           /* the event's own time, or when it came */
};

/* What is in for what the producer left out. */
struct pav_envelope_defaults {
    const char *region, *account;
    const char *fresh_id; /* NULL: one is made */
    const char *replay;   /* the name of the replay, or NULL */
    int64_t now_ms;
    /* The sender is another account: `account` and `region` are stamped,
     * whatever the event says, and a source "aws." is refused; but for events
     * of the accounts in `speaks_for`: by comma, or "*", or NULL. */
    bool stamps;
    const char *speaks_for;
};

/*
 * `text` was checked, `outline` is what the check saw; it lives as long as the
 * arena.  Errors: PAV_INVALID, PAV_DENIED (a source that is not the sender's),
 * err->at the field.
 */
PAV_MUSTUSE enum pav_rc
pav_envelope_read(const char *text, size_t len,
                  const struct pav_outline *outline,
                  const struct pav_envelope_defaults *defaults,
                  struct pav_arena *a, struct pav_envelope *out,
                  struct pav_err *err);
/*
 * An entry of PutEvents, by whichever door it comes: NULL when `out` holds its
 * event; else what the service says, `*code` being its ErrorCode.
 */
const char *pav_entry_fault(struct pav_arena *a, const struct pav_doc *entry,
                            const struct pav_envelope_defaults *defaults,
                            struct pav_envelope *out, const char **code);
/* The same of a text that may be anything. */
PAV_MUSTUSE enum pav_rc
pav_envelope_read_any(const char *text, size_t len,
                      const struct pav_envelope_defaults *defaults,
                      struct pav_arena *a, struct pav_envelope *out,
                      struct pav_err *err);

#endif
