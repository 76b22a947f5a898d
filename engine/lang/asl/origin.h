/* Where values are that records need not repeat. */
#ifndef PAVANE_ASL_ORIGIN_H
#define PAVANE_ASL_ORIGIN_H

#include "pavane/doc.h"

struct pav_machine;

/* Where a payload of a record is.  Records hold these numbers. */
enum payload_tag {
    PAYLOAD_INLINE,        /* here, as JSON text */
    PAYLOAD_EVENT,         /* a value of the event that moved the step */
    PAYLOAD_DEFINITION,    /* a value of the definition */
    PAYLOAD_RESOURCE_TYPE, /* of a Resource in the definition: "sqs" */
    PAYLOAD_RESOURCE,      /* the same: "sendMessage" */
    PAYLOAD_EARLIER,       /* a payload of an earlier record */
    PAYLOAD_SPLICE,        /* text around a part of that event */
    PAYLOAD_TEMPLATE, /* one of the definition, and what it was filled with */
};

/* Where a value is in the definition, for records. */
struct origin {
    const struct pav_doc *doc;
    enum payload_tag tag;
    uint32_t at; /* source offset + 1 */
};

/* model.c: a value that a step may hand on as it is. */
void machine_origin_add(struct pav_machine *m, const struct pav_doc *doc,
                        enum payload_tag tag, uint32_t at);
/* NULL: it is not in the definition. */
const struct origin *
machine_origin(const struct pav_machine *m, const struct pav_doc *doc);

#endif
