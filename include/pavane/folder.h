/*
 * Machine folders: DIR/NAME/{machine.asl.json, rules.json, README.md}.
 *
 * A scan reads what changed, compiles it, and submits it to the engine; a
 * folder with a fault is reported and stops no other.  A scanner belongs to
 * one thread at a time.
 */
#ifndef PAVANE_FOLDER_H
#define PAVANE_FOLDER_H

#include "pavane/engine.h"

struct pav_folder *pav_folder_new(const char *dir, struct pav_engine *e);
void pav_folder_free(struct pav_folder *f);
/* Errors: PAV_MISSING, PAV_IO: the folder itself cannot be read. */
PAV_MUSTUSE enum pav_rc
pav_folder_scan(struct pav_folder *f, struct pav_err *err);

/*
 * Read and check one machine's folder.  The job belongs to the caller; NULL
 * when a fault is an error.  Fault lines go to `report`, as
 * "file:line:col: severity: CODE: message (pointer)".
 */
struct pav_define_job *
pav_folder_load(const char *dir, const char *name, struct pav_buf *report);

#endif
