/*
 * Log groups as files of lines:
 * DATA/logs/GROUP[/PARTITION]/YYYY-MM-DD[.N].jsonl, N when one is full.  On a
 * query thread.
 */
#ifndef PAVANE_LOG_FILES_H
#define PAVANE_LOG_FILES_H

#include "pavane/doc.h"

struct log_group {
    const char *data; /* --data; NULL: there is none */
    const char *name;
    int64_t days;                 /* that a file is kept behind its own; 0: for
                                     ever */
    const struct pav_doc *target; /* its KinesisParameters name a partition */
    int64_t now_ms;
};

/* What a group's files hold. */
struct log_size {
    const char *name; /* as its folder has it */
    int64_t bytes;
    uint32_t files;
    char oldest[11]; /* the day of the oldest, "2026-11-24"; "": no file */
};

/* Every group below `data` that has a folder, by name. */
uint32_t
log_sizes(struct pav_arena *a, const char *data, struct log_size **sizes);
/* Where the line of an event goes. */
const char *log_folder(struct pav_arena *a, const struct log_group *g,
                       const struct pav_doc *event);
/* Lines of one folder, with one sync; NULL, or what went wrong.  When a day
 * begins, the group's files whose days are over go. */
const char *log_write(struct pav_arena *a, const struct log_group *g,
                      const char *folder, const struct pav_buf *lines);

#endif
