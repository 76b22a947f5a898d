/* What the files of the reader share. */
#ifndef PAVANE_READER_INT_H
#define PAVANE_READER_INT_H

#include "pavane/reader.h"
#include "store_int.h"

/* `sql` is a literal: its address is its name. */
sqlite3_stmt *reader_ask(struct pav_reader *r, const char *sql);
/* True on a row; resets behind the last. */
bool reader_row(sqlite3_stmt *st);

#endif
