/* What the files of the reader share. */
#ifndef PAVANE_READER_INT_H
#define PAVANE_READER_INT_H

#include "pavane/reader.h"
#include "sql.h"

/* `sql` is a literal: its address is its name.  NULL when it cannot be
 * prepared; binding to it and asking it for rows is harmless then. */
sqlite3_stmt *reader_ask(struct pav_reader *r, const char *sql);
/* A text that is kept until the next pav_reader_begin(), by a number; NULL:
 * none is. */
const struct pav_bytes *reader_kept(const struct pav_reader *r, int64_t number);
const struct pav_bytes *
reader_keep(struct pav_reader *r, int64_t number, const void *text, size_t len);
/* The writer's memory of events; NULL: it is not at hand. */
struct seen;
struct seen *reader_seen_of(const struct pav_reader *r);
/* Room for pav_reader_sources(). */
struct pav_sources *reader_sources_of(struct pav_reader *r);

/* False: there is none of this id. */
bool reader_execution_of(struct pav_reader *r, int64_t id, struct pav_arena *a,
                         struct pav_execution_view *out);
/* Where a step's execution was before, and what moved it; all 0, and an error
 * that is kept, when it cannot be read.  Events of a history begin with 1. */
struct reader_link {
    int64_t previous;    /* 0: it is the first */
    int64_t event_id;    /* 0: no event did */
    int64_t first_event; /* of the history */
};
struct reader_link reader_step_link(struct pav_reader *r, int64_t id);
/* The first execution of about that time: ids and starts go up together, but
 * for clocks that were set back, hence an hour less. */
int64_t reader_first_since(struct pav_reader *r, int64_t ms);
/* How a state's name is in the list of a row; NULL: any. */
const char *
reader_state_token(const struct pav_execution_filter *f, struct pav_arena *a);
/* Executions that f->passed asks for, with f's attribute: passed.c. */
struct pav_id_set;
void reader_passed(struct pav_reader *r, const struct pav_execution_filter *f,
                   struct pav_arena *a, struct pav_id_set *out);
bool reader_has_forgotten(struct pav_reader *r, const struct pav_id_set *set);
/* 0: there is no such machine. */
int64_t reader_machine_id(struct pav_reader *r, const char *name);
/* The ids of all machines. */
int64_t *
reader_machines(struct pav_reader *r, struct pav_arena *a, uint32_t *count);
/* Its time is up, which is kept as an error is, or a read failed: whoever walks
 * through many rows asks, and ends. */
bool reader_stopped(struct pav_reader *r);
/* How far something has come, by its name in the table of that. */
int64_t reader_progress(struct pav_reader *r, const char *name);
/* The number that a bound question gives in its first row; 0: it has none. */
int64_t reader_number(struct pav_reader *r, sqlite3_stmt *st);
/* The number that a SELECT gives. */
uint32_t reader_count(struct pav_reader *r, const char *sql);

/* True on a row; resets behind the last.  An error ends the rows and is kept:
 * pav_reader_failed(). */
bool reader_row(struct pav_reader *r, sqlite3_stmt *st);

#endif
