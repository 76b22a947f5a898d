/* What travels to the front's thread, and what its files ask of the front. */
#ifndef PAVANE_API_NOTE_H
#define PAVANE_API_NOTE_H

#include "pavane/api.h"

struct question;

/* What travels to the front: a finished job of the engine, or an answer. */
struct question;

enum note_kind { NOTE_ENGINE, NOTE_ANSWER, NOTE_FEED, NOTE_WORK };

struct note {
    struct pav_node node;
    enum note_kind kind;
    struct pav_job *job;     /* NOTE_ENGINE, NOTE_WORK */
    struct question *answer; /* NOTE_ANSWER */
    struct pav_feed *feed;   /* NOTE_FEED; the note lies in it */
};

#endif
