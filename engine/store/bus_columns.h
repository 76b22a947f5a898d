/* Columns of the bus's rows, which the writer and the readers read. */
#ifndef PAVANE_STORE_BUS_COLUMNS_H
#define PAVANE_STORE_BUS_COLUMNS_H

#include <sqlite3.h>

#include "pavane/store_bus.h"

/* Of every SELECT that delivery_from() reads. */
#define DELIVERY_COLUMNS                                                       \
    "id,event_id,rule_arn,target_arn,target_id,target,body,created_at,due_at," \
    "attempts,taken,status,error_code,error_message,condition,lane"
void delivery_from(sqlite3_stmt *st, struct pav_arena *a,
                   struct pav_delivery_row *out);

#define NAME_COLUMNS "kind,owner,name,number,body"
void name_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_name_row *out);

#define SCHEDULE_COLUMNS "id,kind,owner,name,next_at,body,last_at,last_result"
void schedule_from(sqlite3_stmt *st, struct pav_arena *a,
                   struct pav_schedule_row *out);

#endif
