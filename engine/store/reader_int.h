/* What the files of the reader share. */
#ifndef PAVANE_READER_INT_H
#define PAVANE_READER_INT_H

#include "pavane/reader.h"
#include "columns.h"
#include "sql.h"

/* `sql` is a literal: its address is its name.  NULL when it cannot be
 * prepared; binding to it and asking it for rows is harmless then. */
sqlite3_stmt *reader_ask(struct pav_reader *r, const char *sql);
/* True on a row; resets behind the last.  An error ends the rows and is kept:
 * pav_reader_failed(). */
bool reader_row(struct pav_reader *r, sqlite3_stmt *st);

#endif
