/*
 * A machine: an Amazon States Language definition, compiled.
 *
 * Compiling reports every fault at once, each with place, severity, code,
 * message and JSON pointer.  A machine with an error is not made, so that
 * nothing is accepted that can only fail later.  A compiled machine is frozen;
 * it has an arena of its own and belongs to one thread.
 * Source of the rules: the States Language specification, and what Step
 * Functions was recorded to answer (codes and SCHEMA_VALIDATION_FAILED texts).
 */
#ifndef PAVANE_MACHINE_H
#define PAVANE_MACHINE_H

#include "pavane/doc.h"
#include "pavane/names.h"

#define PAV_DEFINITION_MAX (1024 * 1024)

enum pav_severity { PAV_WARNING, PAV_ERROR };

struct pav_fault {
    enum pav_severity severity;
    const char *code;
    const char *message;
    const char *pointer; /* JSON pointer into the text, cut when it is long */
    unsigned line, column;
};

/* Grows as faults are found, to 200 errors and 200 warnings; the others are
 * counted.  Lives in the arena it was made with. */
struct pav_faults {
    struct pav_arena *arena;
    struct pav_fault *v;
    uint32_t count, errors, left_out;
};

void pav_faults_init(struct pav_faults *f, struct pav_arena *a);
void pav_faults_add(struct pav_faults *f, enum pav_severity severity,
                    const char *code, const char *pointer, uint32_t at,
                    const char *fmt, ...) PAV_PRINTF(6, 7);
/* `at` was kept in place of line and column: turn all into places in `text`. */
void pav_faults_place(struct pav_faults *f, const char *text, size_t len);
/* "file:line:col: severity: CODE: message (pointer)" and a line feed each. */
void pav_faults_print(const struct pav_faults *f, const char *file,
                      struct pav_buf *out);

/* Express machines take neither callbacks nor jobs nor activities, and end
 * within PAV_EXPRESS_S. */
enum pav_machine_type { PAV_STANDARD, PAV_EXPRESS };
#define PAV_EXPRESS_S 300
const char *pav_machine_type_name(enum pav_machine_type t);
/* False when there is no such type. */
bool pav_machine_type_find(const char *name, enum pav_machine_type *out);

/*
 * Compile a definition.  The text is copied.  NULL when a fault is an error.
 * Faults go to `faults`, which may be of any arena.
 */
struct pav_machine *
pav_machine_compile(const char *text, size_t len, enum pav_machine_type type,
                    struct pav_faults *faults);
void pav_machine_free(struct pav_machine *m);

/* ---- what others need to know of one ---- */

uint32_t pav_machine_state_count(const struct pav_machine *m);
/* Needs the execution's input to resume ($$.Execution.Input). */
bool pav_machine_needs_input(const struct pav_machine *m);
/* The literal TableName of its callback tasks, or NULL. */
const char *pav_machine_token_table(const struct pav_machine *m);

/* {"STATE":["name",...],...}: the variables that its states refer to. */
void pav_machine_variables(const struct pav_machine *m, struct pav_buf *out);

/* A state by index, in the order of the definition, scopes before insides. */
struct pav_state_view {
    const char *name;
    const char *type;    /* "Task" */
    const char *comment; /* or NULL */
    uint32_t depth;      /* how many Parallel states are around it */
    const struct pav_doc *source;
    const char *awaits; /* for people: the event that moves it, or NULL */
};
struct pav_state_view
pav_machine_state(const struct pav_machine *m, uint32_t i);

#endif
