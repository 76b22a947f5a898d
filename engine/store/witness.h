/* What shows that acknowledged commits are gone. */
#ifndef PAVANE_STORE_WITNESS_H
#define PAVANE_STORE_WITNESS_H

#include "pavane/store.h"

/* The last of each that there is. */
struct pav_ends {
    int64_t event, execution, step;
};

/* witness.c: what shows that acknowledged commits are gone. */
enum pav_rc
witness_check_log(struct pav_store *s, const char *log, struct pav_err *err);
/* Behind the counters: what is missing is reported, and the file opened. */
void witness_open(struct pav_store *s);
void witness_close(struct pav_store *s);
/* Behind a commit, on the writer's thread. */
void witness_committed(struct pav_store *s);
/* Around a sync, on the thread that syncs. */
struct pav_ends witness_look(const struct pav_store *s);
void witness_write(struct pav_store *s, struct pav_ends durable);
/* What the file beside this database says; false: none that is its. */
bool witness_read(const char *path, int64_t database, struct pav_ends *out);
/* How many commits are in a log where SQLite will not read them. */
int64_t witness_unread(int fd);

#endif
