/* The tables, by migrations. */
#ifndef PAVANE_STORE_SCHEMA_H
#define PAVANE_STORE_SCHEMA_H

extern const char *const schema_migrations[];
extern const int schema_version; /* the number of migrations */

#endif
