/* The bus.json of a template: see import_bus.c. */
#ifndef PAVANE_CLI_IMPORT_BUS_H
#define PAVANE_CLI_IMPORT_BUS_H

#include "pavane/buf.h"
#include "pavane/doc.h"

/* What a template's functions come to, as a text of the arena. */
struct template_text {
    const char *(*of)(void *arg, const struct pav_doc *d);
    void *arg;
};

/*
 * Rules, archives, connections, API destinations, schedules and their groups of
 * `resources`, also those that SAM's functions and machines say they are called
 * by; `is_taken` tells which rules became a machine's own.  NULL: there are
 * none.  Notes say what is left out, one by one, and why; `*left_out` counts.
 */
const struct pav_doc *
bus_of_template(struct pav_arena *a, const struct pav_doc *resources,
                const struct template_text *text,
                bool (*is_taken)(void *arg, const char *rule),
                struct pav_buf *notes, unsigned *left_out);

#endif
