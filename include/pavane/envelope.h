/*
 * What producers send, brought into one form: the EventBridge envelope.
 *
 * Read: the envelope itself; an entry as PutEvents has it (Source, DetailType,
 * Detail as JSON text or object, Time, Resources); a CloudEvents 1.0 event,
 * structured (type is the detail-type, data the detail).
 */
#ifndef PAVANE_ENVELOPE_H
#define PAVANE_ENVELOPE_H

#include "pavane/doc.h"

#define PAV_EVENT_MAX  (256 * 1024)
#define PAV_EVENTS_MAX (1024 * 1024)

struct pav_envelope {
    const struct pav_doc *doc; /* version, id, detail-type, source, ... */
    const struct pav_doc *id, *source, *detail_type; /* strings of doc */
    bool known_id; /* the producer gave the id */
};

/*
 * `fresh_id` is used when the event has none; NULL: one is made.  Errors:
 * PAV_INVALID, err->at the field.
 */
PAV_MUSTUSE enum pav_rc
pav_envelope_read(const struct pav_doc *d, const char *fresh_id,
                  const char *region, const char *account, int64_t now_ms,
                  struct pav_arena *a, struct pav_envelope *out,
                  struct pav_err *err);

#endif
