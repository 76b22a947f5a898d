/* One execution of a case, on a virtual clock with scripted ends of tasks. */
#ifndef ASL_RUN_H
#define ASL_RUN_H

#include "pavane/history.h"
#include "pavane/step.h"
#include "conformance.h"
#include "../kept_records.h"

#define MAX_SCRIPTS 64

/* How many scripted ends of a state were used. */
struct script {
    const char *state;
    uint32_t used;
};

/* An open task whose work is asked for. */
struct asked {
    uint32_t no;
    const char *state;
    enum pav_call call;
    const struct pav_doc *with;
    const struct pav_doc *end; /* scripted; NULL: none */
    bool begun;
};

struct run {
    struct pav_arena *arena;
    const struct pav_doc *c; /* the case */
    struct pav_machine *machine;
    struct pav_identity identity;
    struct pav_step_out out;
    struct kept_records records;
    struct pav_record *record;
    const struct pav_doc *input;
    const char *map_state;    /* of a child */
    struct run *parent;       /* of a child: scripts are its */
    struct pav_items history; /* events as {id, prev, type, details} */
    int64_t next_id, now_ms;
    struct script scripts[MAX_SCRIPTS];
    uint32_t script_count;
    struct asked asked[64];
    uint32_t asked_count;
    const char *why; /* a task was called with other parameters */
};

/* `input` and the rest are set; fills out, history and why. */
void asl_execute(struct run *r);
/* NULL when the history is as recorded, else what differs. */
const char *asl_compare_history(struct run *r, const struct pav_doc *masks,
                                const struct pav_doc *want);

/* A case of the TestState API, counted. */
void
asl_test_state(struct tally *t, const struct pav_doc *c, struct pav_arena *a);

#endif
