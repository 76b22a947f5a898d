/* What travels to the front's thread, and what its files ask of the front. */
#ifndef PAVANE_API_MESSAGE_H
#define PAVANE_API_MESSAGE_H

#include "pavane/api.h"

/* What travels to the front: a finished job of the engine, or an answer. */

enum message_kind {
    MESSAGE_ENGINE,
    MESSAGE_ANSWER,
    MESSAGE_FEED,
    MESSAGE_WORK
};

struct message {
    struct pav_node node;
    enum message_kind kind;
    struct pav_job *job;      /* NOTE_ENGINE, NOTE_WORK */
    struct query_job *answer; /* NOTE_ANSWER */
    struct pav_feed *feed;    /* NOTE_FEED; the note lies in it */
};

#endif
