/* What a folder holds: machines, systems, and what is neither. */
#ifndef PAVANE_FOLDER_UNITS_H
#define PAVANE_FOLDER_UNITS_H

#include "pavane/folder.h"

enum unit_kind {
    UNIT_MACHINE,  /* a folder with a definition */
    UNIT_SYSTEM,   /* one with a bus.json, or with a folder of machines */
    UNIT_TABLE,    /* a table's first items: a file of a system */
    UNIT_SERVICES, /* a system's services file */
    UNIT_OTHER     /* neither: it is told what lacks */
};

struct unit {
    enum unit_kind kind;
    const char *dir;  /* where its folder is; a table: its system's */
    const char *name; /* of its folder; the table's */
};

struct units {
    struct pav_arena *arena;
    struct unit *v;
    uint32_t count;
};

/* Is there a definition in it? */
bool units_defines(const struct unit *u);
/*
 * The machines and systems of `dir`, machines first: each folder in it, and
 * those of its systems; or `dir` itself when it is one.
 * Errors: PAV_MISSING, PAV_IO.
 */
PAV_MUSTUSE enum pav_rc units_find(struct units *u, struct pav_arena *a,
                                   const char *dir, struct pav_err *err);

#endif
