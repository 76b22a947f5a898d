/*
 * Folders of machines, DIR/NAME/{machine.asl.json, rules.json, README.md}, and
 * of systems: DIR/NAME/{bus.json, machines/NAME/...}; a system of one machine
 * may have its files beside bus.json.  DIR may be one system or machine itself.
 * In a folder with one of daemons each daemon has its own: nothing is read of
 * it.
 *
 * A scan reads what changed, compiles it, and submits it to the engine; a
 * folder with a fault is reported and stops no other.  A scanner belongs to
 * one thread at a time.
 */
#ifndef PAVANE_FOLDER_H
#define PAVANE_FOLDER_H

#include "pavane/engine.h"

#define PAV_FILE_DEFINITION "machine.asl.json"
#define PAV_FILE_RULES      "rules.json"
#define PAV_FILE_README     "README.md"
#define PAV_FILE_BUS        "bus.json"
#define PAV_FILE_SERVICES   "services.json"
#define PAV_FOLDER_MACHINES "machines"
#define PAV_FOLDER_TABLES   "tables"
#define PAV_FOLDER_DAEMONS  "daemons"

struct pav_folder *pav_folder_new(const char *dir, struct pav_engine *e);
void pav_folder_free(struct pav_folder *f);
/*
 * The services files of the systems of `dir`, which may be NULL; the number
 * changes when one of them does, comes, or goes.
 */
uint64_t pav_folder_services(const char *dir, struct pav_arena *a,
                             const char ***paths, uint32_t *count);
/* From any thread: that number, as of the last scan; 0: there was none. */
uint64_t pav_folder_services_stamp(const struct pav_folder *f);
/*
 * Checks the machines and systems of `dir`, or `dir` itself when it is one:
 * what a scan would read, without an engine.  Fault lines go to `report`; how
 * many machines and systems are good, how many are not.  Errors: PAV_MISSING,
 * PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
pav_folder_check(const char *dir, struct pav_buf *report, unsigned *good,
                 unsigned *bad, struct pav_err *err);

/* The next scan reads all of it, changed or not. */
void pav_folder_again(struct pav_folder *f);
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
