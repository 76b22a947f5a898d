/* What moves an execution. */
#ifndef PAVANE_RUN_CAUSE_H
#define PAVANE_RUN_CAUSE_H

#include "pavane/step.h"

/* The event that moves an execution. */
struct cause {
    int64_t event_id;
    struct pav_event_text text;
    bool given; /* what it brings is the event, or a part of it */
};

#endif
