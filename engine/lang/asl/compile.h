/*
 * Compiling a definition: faults, pointers to places, members by type.
 *
 * A fault never stops the work: what was wrong is left out, and the caller goes
 * on.  `place` is the place of the object that is read.
 */
#ifndef PAVANE_ASL_COMPILE_H
#define PAVANE_ASL_COMPILE_H

#include "pavane/errors.h"
#include "pavane/machine.h"
#include "place.h"

struct compiler {
    struct pav_machine *machine;
    struct pav_arena *arena; /* the machine's */
    struct pav_faults *faults;
    /* What QueryLanguage may name; the first is the default.  Ends with
     * NULL. */
    const struct query_language *const *languages;
    const struct query_language *language; /* of the machine, or the state */
    const struct query_language *machine_language;
    uint32_t depth;
    size_t trees_room;       /* bytes that trees of expressions may take */
    struct state *state;     /* whose fields are compiled */
    bool single;             /* one state alone: its targets are elsewhere */
    bool too_many_variables; /* reported already */
    bool needs_input;        /* a path leads to $$.Execution.Input */
    /* Compiles the states inside a Parallel or Map (machine.c). */
    struct scope *(*scope)(struct compiler *c, const struct pav_doc *d,
                           const struct place *place, const struct state *owner,
                           const struct scope *up);
};

#define SCHEMA "SCHEMA_VALIDATION_FAILED"

/* `at` is a place in the text, pav_doc's or pav_member's. */
void compile_fault(struct compiler *c, enum pav_severity severity,
                   const char *code, const struct place *place, uint32_t at,
                   const char *fmt, ...) PAV_PRINTF(6, 7);
/* The key lives as long as the machine. */
const struct place *
place_of(struct compiler *c, const struct place *up, const char *key);
const struct place *place_of_member(struct compiler *c, const struct place *up,
                                    const struct pav_member *m);
const struct place *
place_at(struct compiler *c, const struct place *up, uint32_t i);

/* "The field KEY must be WANTED". */
void wrong_type(struct compiler *c, const struct pav_doc *v,
                const struct place *place, const char *key, const char *wanted);
/* Members by type; a fault and NULL when they have another. */
const char *
member_str(struct compiler *c, const struct pav_doc *o,
           const struct place *place, const char *key, bool required);
bool member_int(struct compiler *c, const struct pav_doc *o,
                const struct place *place, const char *key, int64_t min,
                int64_t max, int64_t *out);
bool member_double(struct compiler *c, const struct pav_doc *o,
                   const struct place *place, const char *key, double min,
                   double *out);
/* Two fields that exclude each other. */
void check_not_both(struct compiler *c, const struct pav_doc *o,
                    const struct place *place, const char *x, const char *y);

/* ---- model.c ---- */

/* "A or B": for people. */
const char *
awaits_add(struct compiler *c, const char *so_far, const char *name);
/* The state that is compiled refers to a variable. */
void refer_to_variable(struct compiler *c, const char *name);

#endif
