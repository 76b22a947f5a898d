/* Columns that several SELECTs read, and what they become. */
#ifndef PAVANE_STORE_COLUMNS_H
#define PAVANE_STORE_COLUMNS_H

#include <sqlite3.h>

#include "pavane/store_bus.h"

/* A disposition's id has its event's in it, so that an event's rows are side by
 * side: that is known here and in rows/dispositions.c alone. */
#define PER_EVENT   "1024" /* PAV_DISPOSITIONS_MAX */
#define EVENT_OF(d) "(" d ".id/" PER_EVENT ")"
#define OF_EVENT(d, event)                                                     \
    d ".id>=" event "*" PER_EVENT " AND " d ".id<(" event "+1)*" PER_EVENT

/* The last id that was given, though its row may be forgotten. */
#define LAST_ID(table)                                                         \
    "SELECT max(coalesce((SELECT max(id) FROM " table "),0),"                  \
    "(SELECT event_id FROM progress WHERE name='forgotten " table "'))"
/* Executions of a key, each by its index. */
#define OF_KEY(key)                                                            \
    "(x.name=" key " AND x.key=" key " OR x.key=" key " AND x.key<>x.name)"
/* Of one status, by the index of a machine's. */
#define IS_OPEN  "x.status=0"
#define IS_ENDED "x.stopped_at<>0"

/* What an execution waits for, a row each; of every SELECT that wait_from()
 * reads. */
#define WAITS      "json_each(x.waits) w"
#define WAIT_NO    "json_extract(w.value,'$[0]')"
#define WAIT_STATE "json_extract(w.value,'$[1]')"
#define WAIT_COLUMNS                                                           \
    "x.id," WAIT_NO "," WAIT_STATE ","                                         \
    "json_extract(w.value,'$[2]'),json_extract(w.value,'$[3]'),"               \
    "json_extract(w.value,'$[4]'),json_extract(w.value,'$[5]'),"               \
    "json_extract(w.value,'$[6]')"
void wait_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_wait_row *out);

/* A text of an event, which its body has or a column. */
#define TEXT_PLACE 4096 /* place = (offset + 1) * TEXT_PLACE + length */
#define EVENT_TEXT(column)                                                     \
    "(CASE WHEN e." column "_at IS NULL THEN e." column                        \
    " ELSE CAST(substr(e.body,e." column "_at>>12,e." column                   \
    "_at&4095) AS TEXT) END)"
#define EVENT_SOURCE EVENT_TEXT("source")
#define EVENT_ID     EVENT_TEXT("event_id")
#define EVENT_TYPE   EVENT_TEXT("detail_type")
#define EVENT_COLUMNS                                                          \
    "e.id,e.received_at," EVENT_SOURCE "," EVENT_ID "," EVENT_TYPE             \
    ",e.body,e.bus_id,e.replay,e.account,e.depth,e.sum"
#define EVENT_COLUMN_COUNT 11
/* False: its body is not as it was written. */
bool
event_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_event_row *out);
#define EVENT_SPOILT                                                           \
    "in table event: an event is missing, or not as it was written"

/* Of what a row holds, which is read by code that trusts it. */
int64_t row_sum(int64_t id, struct pav_bytes what);

/* Of every SELECT that step_from() reads. */
#define STEP_COLUMNS                                                           \
    "id,execution_id,previous,at,first_event,event_count,semantics,wake,"      \
    "event_id,seed,record,sum"
#define META_COLUMNS                                                           \
    "n.execution_id,n.redrive_count,n.redriven_at,n.redrive_token,"            \
    "n.version_no,n.alias,n.trace,n.parent_id,n.parent_no,n.run_id,n.item,"    \
    "n.map_state,n.label"
void meta_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_meta_row *out);
/* False: its record is not as it was written. */
bool step_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_step_row *out);

#endif
