/*
 * Every SQL text of the writer, and the schema with its migrations.
 *
 * The tables, in the order of an event's way:
 *   event        what producers sent, verbatim; append-only, id in order of
 *                arrival
 *   event_seen   a hash of the event's id (48 bits) and source (16), for
 *                deduplication by both and search by id; the newest entries
 *                are in memory only (seen.c)
 *   progress     the event up to which event_seen has all of them
 *   disposition  what became of an event for a machine; id = event * 1024 +
 *                ordinal, so that an event's rows stand together.  Those that
 *                moved an execution are found by its steps: no index has them
 *   execution    one row each, updated at most once a step
 *   step         the journal: one row a step, append-only.  Steps of one
 *                execution are chained by `previous`, and an execution knows
 *                its first and last: no index is kept up to date for them
 *   wait, timer  what is open
 *   parked       events that are early
 *   machine, machine_version
 *   folder_fault what keeps a machine's folder from being loaded
 *   task         what is asked of a service, an activity or a map run
 *   note         what is special about an execution: a child, redriven, started
 *                through an alias; most have none
 *   map_run, map_item   distributed Maps
 *   table_item   rows of local tables, by the JSON of their key
 *   name         published versions, aliases, activities, tags, buses and what
 *                belongs to them
 *   delivery     what targets outside are to be sent, until they have it; dead
 *                ones stay
 *   schedule     what is due when: rules with a schedule, and schedules
 *   archive_event  which events an archive has, by their own time
 *   batch        start rules that gather events: how many, until when
 *   overdue      waits that are over their deadline
 *   wait_stat    how long waits of a state took
 *   content_seen hashes of events, for machines that ask for it
 *   attribute    values at indexed paths, by which executions are found
 *   database     its random id, for what stands beside it (witness.c)
 *
 * Migrations only go forward; number n brings user_version from n to n + 1.
 */
#include "store_int.h"

const char *const sql_migrations[] = {
    "CREATE TABLE machine("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " by_folder INTEGER NOT NULL CHECK(by_folder IN (0,1)),"
    " active INTEGER NOT NULL CHECK(active IN (0,1)),"
    " version INTEGER NOT NULL,"
    " version_id INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE machine_version("
    " id INTEGER PRIMARY KEY,"
    " machine_id INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " definition TEXT NOT NULL,"
    " rules TEXT NOT NULL,"
    " readme TEXT NOT NULL,"
    " role_arn TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " UNIQUE(machine_id, version)) STRICT;"
    "CREATE TABLE event("
    " id INTEGER PRIMARY KEY,"
    " received_at INTEGER NOT NULL,"
    " source TEXT NOT NULL,"
    " event_id TEXT NOT NULL,"
    " detail_type TEXT NOT NULL,"
    " body BLOB NOT NULL) STRICT;"
    "CREATE TABLE event_seen("
    " hash INTEGER NOT NULL,"
    " event_id INTEGER NOT NULL,"
    " PRIMARY KEY(hash, event_id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE disposition("
    " id INTEGER PRIMARY KEY,"
    " machine_id INTEGER,"
    " execution_id INTEGER,"
    " key TEXT,"
    " kind INTEGER NOT NULL,"
    " early INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " detail TEXT) STRICT;"
    "CREATE INDEX disposition_key ON disposition(key, id)"
    " WHERE key IS NOT NULL;"
    "CREATE INDEX disposition_kind ON disposition(kind, id);"
    "CREATE TABLE execution("
    " id INTEGER PRIMARY KEY,"
    " machine_id INTEGER NOT NULL,"
    " version_id INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " key TEXT,"
    " status INTEGER NOT NULL,"
    " started_at INTEGER NOT NULL,"
    " stopped_at INTEGER NOT NULL,"
    " first_step INTEGER NOT NULL,"
    " last_step INTEGER NOT NULL,"
    " next_event INTEGER NOT NULL,"
    " states TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX execution_name ON execution(name, machine_id);"
    "CREATE INDEX execution_key ON execution(key, machine_id)"
    " WHERE key IS NOT NULL;"
    "CREATE INDEX execution_status ON execution(status, id);"
    "CREATE INDEX execution_machine ON execution(machine_id, status, id);"
    "CREATE TABLE step("
    " id INTEGER PRIMARY KEY,"
    " execution_id INTEGER NOT NULL,"
    " previous INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " first_event INTEGER NOT NULL,"
    " event_count INTEGER NOT NULL,"
    " semantics INTEGER NOT NULL,"
    " wake INTEGER NOT NULL,"
    " event_id INTEGER NOT NULL,"
    " seed BLOB NOT NULL,"
    " record BLOB NOT NULL) STRICT;"
    "CREATE TABLE wait("
    " execution_id INTEGER NOT NULL,"
    " no INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " event_name TEXT,"
    " pattern TEXT,"
    " awaits TEXT,"
    " since_at INTEGER NOT NULL,"
    " due_at INTEGER NOT NULL,"
    " PRIMARY KEY(execution_id, no)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE timer("
    " due_at INTEGER NOT NULL,"
    " execution_id INTEGER NOT NULL,"
    " no INTEGER NOT NULL,"
    " PRIMARY KEY(due_at, execution_id, no)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE parked("
    " machine_id INTEGER NOT NULL,"
    " key TEXT NOT NULL,"
    " event_id INTEGER NOT NULL,"
    " disposition_id INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL,"
    " shared INTEGER NOT NULL,"
    " input BLOB NOT NULL,"
    " PRIMARY KEY(machine_id, key, event_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX parked_expiry ON parked(expires_at);"
    "CREATE TABLE folder_fault("
    " name TEXT PRIMARY KEY,"
    " report TEXT NOT NULL,"
    " at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE probe(id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;",
    "CREATE TABLE progress("
    " name TEXT PRIMARY KEY,"
    " event_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO progress VALUES('seen',"
    " (SELECT coalesce(max(id),0) FROM event));"
    /* Started and resumed are nearly all; their executions lead to them. */
    "DROP INDEX disposition_key; DROP INDEX disposition_kind;"
    "CREATE INDEX disposition_key ON disposition(key, id)"
    " WHERE key IS NOT NULL AND kind>1;"
    "CREATE INDEX disposition_kind ON disposition(kind, id) WHERE kind>1;",
    "ALTER TABLE machine ADD COLUMN type INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE machine ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';"
    "CREATE TABLE task("
    " execution_id INTEGER NOT NULL,"
    " no INTEGER NOT NULL,"
    " call INTEGER NOT NULL,"
    " resource TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " token TEXT,"
    " called_with BLOB NOT NULL,"
    " at INTEGER NOT NULL,"
    " taken INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(execution_id, no)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX task_waiting ON task(resource, at, execution_id, no)"
    " WHERE call=2 AND taken=0;"
    "CREATE TABLE note("
    " execution_id INTEGER PRIMARY KEY,"
    " redrive_count INTEGER NOT NULL,"
    " redriven_at INTEGER NOT NULL,"
    " redrive_token TEXT,"
    " version_no INTEGER NOT NULL,"
    " alias TEXT,"
    " trace TEXT,"
    " parent_id INTEGER NOT NULL,"
    " parent_no INTEGER NOT NULL,"
    " run_id INTEGER NOT NULL,"
    " item INTEGER NOT NULL,"
    " map_state TEXT,"
    " label TEXT) STRICT;"
    "CREATE INDEX note_parent ON note(parent_id, parent_no)"
    " WHERE parent_id>0;"
    "CREATE INDEX note_run ON note(run_id, execution_id) WHERE run_id>0;"
    "CREATE TABLE map_run("
    " id INTEGER PRIMARY KEY,"
    " execution_id INTEGER NOT NULL,"
    " no INTEGER NOT NULL,"
    " arn TEXT NOT NULL UNIQUE,"
    " state TEXT NOT NULL,"
    " spec TEXT NOT NULL,"
    " status INTEGER NOT NULL DEFAULT 0,"
    " max_concurrency INTEGER NOT NULL DEFAULT 0,"
    " tolerated_count INTEGER NOT NULL DEFAULT -1,"
    " tolerated_percentage REAL NOT NULL DEFAULT -1,"
    " total INTEGER NOT NULL DEFAULT 0,"
    " started_at INTEGER NOT NULL,"
    " stopped_at INTEGER NOT NULL DEFAULT 0,"
    " redrive_count INTEGER NOT NULL DEFAULT 0,"
    " pending INTEGER NOT NULL DEFAULT 0,"
    " running INTEGER NOT NULL DEFAULT 0,"
    " succeeded INTEGER NOT NULL DEFAULT 0,"
    " failed INTEGER NOT NULL DEFAULT 0,"
    " timed_out INTEGER NOT NULL DEFAULT 0,"
    " aborted INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX map_run_execution ON map_run(execution_id, no);"
    "CREATE INDEX map_run_open ON map_run(id) WHERE status=0;"
    "CREATE INDEX map_run_running ON map_run(id) WHERE running>0;"
    "CREATE TABLE map_item("
    " run_id INTEGER NOT NULL,"
    " item INTEGER NOT NULL,"
    " input BLOB NOT NULL,"
    " execution_id INTEGER NOT NULL DEFAULT 0,"
    " status INTEGER NOT NULL DEFAULT 0,"
    " output BLOB,"
    " error TEXT,"
    " cause TEXT,"
    " PRIMARY KEY(run_id, item)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX map_item_status ON map_item(run_id, status, item);"
    "CREATE TABLE table_item("
    " table_name TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " body TEXT NOT NULL,"
    " PRIMARY KEY(table_name, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE name("
    " kind INTEGER NOT NULL,"
    " owner INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " number INTEGER NOT NULL,"
    " body TEXT NOT NULL,"
    " PRIMARY KEY(kind, owner, name)) STRICT, WITHOUT ROWID;",
    "ALTER TABLE event ADD COLUMN bus_id INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE event ADD COLUMN replay TEXT;"
    /* What was parked is led to by no step of its own. */
    "CREATE INDEX disposition_early ON disposition(key, id)"
    " WHERE key IS NOT NULL AND early=1;"
    "CREATE TABLE delivery("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " event_id INTEGER NOT NULL,"
    " rule_arn TEXT NOT NULL,"
    " target_arn TEXT NOT NULL,"
    " target_id TEXT NOT NULL,"
    " target TEXT NOT NULL,"
    " body BLOB NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " due_at INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " taken INTEGER NOT NULL DEFAULT 0,"
    " status INTEGER NOT NULL,"
    " error_code TEXT,"
    " error_message TEXT,"
    " condition TEXT) STRICT;"
    "CREATE INDEX delivery_due ON delivery(due_at, id) WHERE status=0;"
    "CREATE INDEX delivery_dead ON delivery(id) WHERE status=1;"
    "CREATE TABLE schedule("
    " id INTEGER PRIMARY KEY,"
    " kind INTEGER NOT NULL,"
    " owner INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " next_at INTEGER NOT NULL,"
    " body TEXT NOT NULL,"
    " UNIQUE(kind, owner, name)) STRICT;"
    "CREATE INDEX schedule_due ON schedule(next_at, id) WHERE next_at>0;"
    "CREATE TABLE archive_event("
    " archive_id INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " event_id INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " PRIMARY KEY(archive_id, at, event_id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE batch("
    " machine_id INTEGER NOT NULL,"
    " key TEXT NOT NULL,"
    " rule TEXT NOT NULL,"
    " due_at INTEGER NOT NULL,"
    " count INTEGER NOT NULL,"
    " PRIMARY KEY(machine_id, key, rule)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX batch_due ON batch(due_at);"
    "CREATE TABLE overdue("
    " execution_id INTEGER NOT NULL,"
    " no INTEGER NOT NULL,"
    " machine_id INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " since_at INTEGER NOT NULL,"
    " due_at INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY(execution_id, no)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE wait_stat("
    " machine_id INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " histogram BLOB NOT NULL,"
    " PRIMARY KEY(machine_id, state)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE content_seen("
    " machine_id INTEGER NOT NULL,"
    " hash INTEGER NOT NULL,"
    " event_id INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY(machine_id, hash)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX content_seen_at ON content_seen(machine_id, at);"
    "CREATE TABLE attribute("
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " execution_id INTEGER NOT NULL,"
    " PRIMARY KEY(name, value, execution_id)) STRICT, WITHOUT ROWID;",
    "ALTER TABLE delivery ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX delivery_blocked ON delivery(lane, id)"
    " WHERE status=0 AND due_at=9223372036854775807;"
    "CREATE INDEX delivery_in_order ON delivery(lane, id)"
    " WHERE status=0 AND lane>=4096;"
    "ALTER TABLE event ADD COLUMN account TEXT;"
    "ALTER TABLE event ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE execution ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE map_run ADD COLUMN redriven_at INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX attribute_of ON attribute(execution_id);",
    "CREATE TABLE database(id INTEGER PRIMARY KEY) STRICT;"
    "INSERT INTO database VALUES(random());"
    "ALTER TABLE step ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;",
};

const int sql_version = sizeof(sql_migrations) / sizeof(sql_migrations[0]);

#define EXECUTION_COLUMNS                                                      \
    "id,machine_id,version_id,name,key,status,started_at,stopped_at,"          \
    "first_step,last_step,next_event,states,depth"
#define VERSION_COLUMNS                                                        \
    "m.id,v.id,m.name,m.by_folder,m.active,v.version,v.created_at,"            \
    "v.definition,v.rules,v.readme,v.role_arn,m.type,m.attributes,"            \
    "m.created_at"
#define RUN_COLUMNS                                                            \
    "id,execution_id,no,arn,state,spec,status,max_concurrency,"                \
    "tolerated_count,tolerated_percentage,total,started_at,stopped_at,"        \
    "redrive_count,pending,running,succeeded,failed,timed_out,aborted,"        \
    "redriven_at"
#define ITEM_COLUMNS "run_id,item,input,execution_id,status,output,error,cause"
#define TASK_COLUMNS                                                           \
    "execution_id,no,call,resource,state,token,called_with,at,taken"
#define SCHEDULE_COLUMNS "id,kind,owner,name,next_at,body"
#define PARKED_COLUMNS                                                         \
    "machine_id,key,event_id,disposition_id,expires_at,shared,input"

const char *const sql_texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT action",
    [SQL_UNDO] = "ROLLBACK TO action",
    [SQL_RELEASE] = "RELEASE action",
    [SQL_MACHINE_INSERT] =
        "INSERT INTO machine(name,by_folder,active,version,version_id,"
        "created_at,type) VALUES(?1,?2,1,1,0,?3,?4)",
    [SQL_MACHINE_UPDATE] =
        "UPDATE machine SET version=?2,version_id=?3,active=1,by_folder=?4 "
        "WHERE id=?1",
    [SQL_MACHINE_ACTIVE] = "UPDATE machine SET active=?2 WHERE id=?1",
    [SQL_MACHINE_BY_NAME] = "SELECT id,version FROM machine WHERE name=?1",
    [SQL_MACHINES] =
        "SELECT " VERSION_COLUMNS " FROM machine m JOIN machine_version v"
        " ON v.id=m.version_id ORDER BY m.id",
    [SQL_VERSION_INSERT] =
        "INSERT INTO machine_version(machine_id,version,definition,rules,"
        "readme,role_arn,created_at) VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [SQL_VERSION_GET] =
        "SELECT " VERSION_COLUMNS " FROM machine_version v JOIN machine m"
        " ON m.id=v.machine_id WHERE v.id=?1",
    [SQL_EVENT_INSERT] =
        "INSERT INTO event(id,received_at,source,event_id,detail_type,body,"
        "bus_id,replay,account,depth) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [SQL_SEEN_INSERT] =
        "INSERT OR IGNORE INTO event_seen(hash,event_id) VALUES(?1,?2)",
    [SQL_SEEN_GET] = "SELECT e.id,e.received_at FROM event_seen s"
                     " JOIN event e ON e.id=s.event_id"
                     " WHERE s.hash=?1 AND e.source=?2 AND e.event_id=?3"
                     " ORDER BY s.event_id DESC LIMIT 1",
    [SQL_SEEN_TAIL] =
        "SELECT id,source,event_id FROM event WHERE id>"
        "(SELECT event_id FROM progress WHERE name='seen') ORDER BY id",
    [SQL_PROGRESS_PUT] = "UPDATE progress SET event_id=?1 WHERE name='seen'",
    [SQL_EVENT_IS] = "SELECT received_at FROM event"
                     " WHERE id=?1 AND source=?2 AND event_id=?3",
    [SQL_EVENT_GET] = "SELECT " EVENT_COLUMNS " FROM event e WHERE id=?1",
    [SQL_DISPOSITION_INSERT] =
        "INSERT INTO disposition(id,machine_id,execution_id,key,kind,early,"
        "at,detail) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [SQL_DISPOSITION_CHANGE] =
        "UPDATE disposition SET kind=?2,machine_id=?3,execution_id=?4,early=1,"
        "at=?5 WHERE id=?1",
    /* Rejected and expired ones (7, 8) were not taken: they may come again. */
    [SQL_DISPOSITION_LAST] = "SELECT coalesce(max(id),0)/1024 FROM disposition",
    [SQL_CONCERNED] =
        "SELECT execution_id FROM disposition WHERE id>=?1*1024 AND "
        "id<(?1+1)*1024 AND machine_id IS ?2 AND kind NOT IN (7,8)",
    [SQL_EXECUTION_INSERT] = "INSERT INTO execution(" EXECUTION_COLUMNS
                             ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,"
                             "?13)",
    /* Leaves the indexed columns alone: no index is touched. */
    [SQL_EXECUTION_UPDATE] =
        "UPDATE execution SET last_step=?2,next_event=?3,states=?4 "
        "WHERE id=?1",
    [SQL_EXECUTION_MOVE] =
        "UPDATE execution SET last_step=?2,next_event=?3,states=?4,"
        "status=?5,stopped_at=?6 WHERE id=?1",
    [SQL_EXECUTION_GET] =
        "SELECT " EXECUTION_COLUMNS " FROM execution WHERE id=?1",
    [SQL_EXECUTION_NAMED] = "SELECT " EXECUTION_COLUMNS
                            " FROM execution WHERE name=?2 AND machine_id=?1",
    [SQL_EXECUTION_OF_KEY] = "SELECT " EXECUTION_COLUMNS
                             " FROM execution WHERE key=?2 AND machine_id=?1"
                             " ORDER BY id DESC",
    [SQL_EXECUTION_BEFORE] =
        "SELECT " EXECUTION_COLUMNS " FROM execution WHERE id=(SELECT max(id)"
        " FROM (SELECT max(id) AS id FROM execution WHERE machine_id=?1 AND"
        " status=0 AND id<?2 UNION ALL SELECT max(id) FROM execution WHERE"
        " machine_id=?1 AND status=1 AND id<?2 UNION ALL SELECT max(id) FROM"
        " execution WHERE machine_id=?1 AND status=2 AND id<?2 UNION ALL SELECT"
        " max(id) FROM execution WHERE machine_id=?1 AND status=3 AND id<?2"
        " UNION ALL SELECT max(id) FROM execution WHERE machine_id=?1 AND"
        " status=4 AND id<?2))",
    [SQL_STEP_INSERT] =
        "INSERT INTO step(id,execution_id,previous,at,first_event,"
        "event_count,semantics,wake,event_id,seed,record,sum) "
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SQL_STEP_GET] = "SELECT " STEP_COLUMNS " FROM step WHERE id=?1",
    [SQL_WAIT_INSERT] =
        "INSERT INTO wait(execution_id,no,state,event_name,"
        "pattern,awaits,since_at,due_at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [SQL_WAIT_DELETE] = "DELETE FROM wait WHERE execution_id=?1 AND no=?2",
    [SQL_TIMER_INSERT] = "INSERT OR IGNORE INTO timer(due_at,execution_id,no) "
                         "VALUES(?1,?2,?3)",
    [SQL_TIMER_DELETE] =
        "DELETE FROM timer WHERE due_at=?1 AND execution_id=?2 AND no=?3",
    [SQL_TIMER_FIRST] = "SELECT due_at,execution_id,no FROM timer "
                        "ORDER BY due_at,execution_id,no LIMIT 1",
    [SQL_PARK] =
        "INSERT INTO parked(" PARKED_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [SQL_UNPARK] =
        "DELETE FROM parked WHERE machine_id=?1 AND key=?2 AND event_id=?3",
    [SQL_PARKED_NEXT] =
        "SELECT " PARKED_COLUMNS " FROM parked WHERE machine_id=?1 AND key=?2"
        " AND event_id>?3 ORDER BY event_id LIMIT 1",
    [SQL_PARKED_COUNT] =
        "SELECT count(*) FROM parked WHERE machine_id=?1 AND key=?2",
    [SQL_PARKED_FIRST] =
        "SELECT " PARKED_COLUMNS " FROM parked ORDER BY expires_at LIMIT 1",
    [SQL_PARKED_TOTAL] = "SELECT count(*) FROM parked",
    [SQL_OPEN_VERSIONS] =
        "SELECT DISTINCT version_id FROM execution WHERE status=0",
    [SQL_FAULT_PUT] = "INSERT OR REPLACE INTO folder_fault(name,report,at) "
                      "VALUES(?1,?2,?3)",
    [SQL_FAULT_NAMES] = "SELECT name FROM folder_fault",
    [SQL_FAULT_DELETE] = "DELETE FROM folder_fault WHERE name=?1",
    [SQL_TASK_INSERT] =
        "INSERT INTO task(execution_id,no,call,resource,state,token,"
        "called_with,at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [SQL_TASK_DELETE] = "DELETE FROM task WHERE execution_id=?1 AND no=?2",
    [SQL_TASK_TAKEN] =
        "UPDATE task SET taken=?3 WHERE execution_id=?1 AND no=?2",
    [SQL_TASK_GET] =
        "SELECT " TASK_COLUMNS " FROM task WHERE execution_id=?1 AND no=?2",
    [SQL_TASK_WAITING] =
        "SELECT " TASK_COLUMNS " FROM task WHERE call=2 AND taken=0"
        " AND resource=?1 ORDER BY at,execution_id,no LIMIT 1",
    [SQL_TASKS] = "SELECT execution_id,no FROM task WHERE call IN (1,3)"
                  " ORDER BY execution_id,no",
    [SQL_TASK_TOTAL] = "SELECT count(*) FROM task",
    [SQL_NOTE_PUT] =
        "INSERT OR REPLACE INTO note(execution_id,redrive_count,redriven_at,"
        "redrive_token,version_no,alias,trace,parent_id,parent_no,run_id,item,"
        "map_state,label) "
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
    [SQL_NOTE_GET] =
        "SELECT " NOTE_COLUMNS " FROM note n WHERE n.execution_id=?1",
    [SQL_NOTE_TOTAL] = "SELECT count(*) FROM note",
    [SQL_CHILDREN] =
        "SELECT n.execution_id FROM note n JOIN execution e"
        " ON e.id=n.execution_id WHERE n.parent_id>0 AND n.parent_id=?1"
        " AND n.parent_no=?2 AND e.status=0 LIMIT ?3",
    [SQL_CHILD_OF] = "SELECT execution_id FROM note WHERE parent_id>0"
                     " AND parent_id=?1 AND parent_no=?2 LIMIT 1",
    [SQL_RUN_INSERT] =
        "INSERT INTO map_run(execution_id,no,arn,state,spec,started_at) "
        "VALUES(?1,?2,?3,?4,?5,?6)",
    [SQL_RUN_UPDATE] =
        "UPDATE map_run SET status=?2,max_concurrency=?3,tolerated_count=?4,"
        "tolerated_percentage=?5,total=?6,stopped_at=?7,redrive_count=?8,"
        "pending=?9,running=?10,succeeded=?11,failed=?12,timed_out=?13,"
        "aborted=?14,redriven_at=?15 WHERE id=?1",
    [SQL_RUN_GET] = "SELECT " RUN_COLUMNS " FROM map_run WHERE id=?1",
    [SQL_RUN_BY_ARN] = "SELECT " RUN_COLUMNS " FROM map_run WHERE arn=?1",
    [SQL_RUN_OF] =
        "SELECT " RUN_COLUMNS " FROM map_run WHERE execution_id=?1 AND no=?2",
    [SQL_RUNS_OF] =
        "SELECT " RUN_COLUMNS " FROM map_run WHERE execution_id=?1 AND id>?2"
        " ORDER BY id LIMIT ?3",
    /* In the order of enum pav_left. */
    [SQL_LEFT] =
        "SELECT 0,id,0 FROM map_run WHERE status=0"
        " UNION ALL SELECT 1,i.execution_id,0 FROM map_run r"
        " JOIN map_item i ON i.run_id=r.id AND i.status=1"
        " JOIN execution x ON x.id=i.execution_id"
        " WHERE r.status=0 AND x.status<>0"
        " UNION ALL SELECT 2,id,0 FROM map_run WHERE running>0 AND status<>0"
        " UNION ALL SELECT 3,n.parent_id,n.parent_no FROM note n"
        " JOIN execution x ON x.id=n.execution_id AND x.status=0"
        " WHERE n.parent_id>0 AND NOT EXISTS(SELECT 1 FROM task t"
        " WHERE t.execution_id=n.parent_id AND t.no=n.parent_no)"
        " UNION ALL SELECT 4,m.id,0 FROM machine m WHERE instr(m.name,'~')>0"
        " AND EXISTS(SELECT 1 FROM execution x WHERE x.machine_id=m.id"
        " AND x.status=0)",
    [SQL_ITEM_INSERT] =
        "INSERT OR REPLACE INTO map_item(run_id,item,input) VALUES(?1,?2,?3)",
    [SQL_ITEM_CUT] = "DELETE FROM map_item WHERE run_id=?1 AND item>=?2",
    [SQL_ITEM_UPDATE] =
        "UPDATE map_item SET execution_id=?3,status=?4,output=?5,error=?6,"
        "cause=?7 WHERE run_id=?1 AND item=?2",
    [SQL_ITEM_GET] =
        "SELECT " ITEM_COLUMNS " FROM map_item WHERE run_id=?1 AND item=?2",
    [SQL_ITEM_WITH] =
        "SELECT " ITEM_COLUMNS " FROM map_item WHERE run_id=?1 AND status=?2"
        " AND item>?3 ORDER BY item LIMIT 1",
    [SQL_TABLE_GET] =
        "SELECT body FROM table_item WHERE table_name=?1 AND key=?2",
    [SQL_TABLE_PUT] = "INSERT OR REPLACE INTO table_item(table_name,key,body) "
                      "VALUES(?1,?2,?3)",
    [SQL_TABLE_DELETE] =
        "DELETE FROM table_item WHERE table_name=?1 AND key=?2",
    [SQL_NAME_PUT] = "INSERT OR REPLACE INTO name(kind,owner,name,number,body) "
                     "VALUES(?1,?2,?3,?4,?5)",
    [SQL_NAME_DELETE] =
        "DELETE FROM name WHERE kind=?1 AND owner=?2 AND name=?3",
    [SQL_NAME_GET] = "SELECT kind,owner,name,number,body FROM name"
                     " WHERE kind=?1 AND owner=?2 AND name=?3",
    [SQL_NAMES] = "SELECT kind,owner,name,number,body FROM name"
                  " WHERE kind=?1 AND owner=?2 AND name>?3"
                  " ORDER BY name LIMIT ?4",
    [SQL_MACHINE_RENAME] = "UPDATE machine SET name=?2,active=0 WHERE id=?1",
    [SQL_MACHINE_ATTRIBUTES] = "UPDATE machine SET attributes=?2 WHERE id=?1",
    [SQL_OPEN_OF_MACHINE] =
        "SELECT id FROM execution WHERE machine_id=?1 AND status=0 LIMIT ?2",
    [SQL_DELIVERY_INSERT] =
        "INSERT INTO delivery(event_id,rule_arn,target_arn,target_id,target,"
        "body,created_at,due_at,status,error_code,error_message,condition,lane)"
        " "
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
    [SQL_DELIVERY_UPDATE] =
        "UPDATE delivery SET created_at=?2,due_at=?3,attempts=?4,taken=?5,"
        "status=?6,error_code=?7,error_message=?8,condition=?9 WHERE id=?1",
    [SQL_DELIVERY_DELETE] = "DELETE FROM delivery WHERE id=?1",
    [SQL_DELIVERY_GET] =
        "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id=?1",
    [SQL_DELIVERY_DUE] = "SELECT " DELIVERY_COLUMNS " FROM delivery"
                         " WHERE status=0 ORDER BY due_at,id LIMIT 1",
    [SQL_DELIVERY_DUE_AT] = "SELECT due_at FROM delivery WHERE status=0"
                            " ORDER BY due_at,id LIMIT 1",
    [SQL_DELIVERIES_DEAD] = "SELECT " DELIVERY_COLUMNS " FROM delivery"
                            " WHERE status=1 AND id>?1 ORDER BY id LIMIT ?2",
    [SQL_DELIVERIES_RESET] =
        "UPDATE delivery SET taken=0,due_at=?2 WHERE status=0 AND due_at>?2"
        " AND taken NOT IN (0,?1) AND due_at<9223372036854775807",
    [SQL_DELIVERY_BLOCKED] =
        "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE status=0"
        " AND due_at=9223372036854775807 AND lane=?1 AND id>?2"
        " ORDER BY id LIMIT 1",
    [SQL_DELIVERY_LANES] = "SELECT lane,count(*) FROM delivery WHERE status=0"
                           " AND due_at=9223372036854775807 GROUP BY lane",
    [SQL_DELIVERY_HOLDERS] =
        "SELECT lane,min(id) FROM delivery WHERE status=0 AND lane>=4096"
        " AND due_at<9223372036854775807 GROUP BY lane",
    [SQL_DELIVERIES_IN_ORDER] =
        "UPDATE delivery SET due_at=9223372036854775807 WHERE status=0"
        " AND lane>=?1 AND due_at<9223372036854775807 AND EXISTS(SELECT 1 FROM"
        " delivery d WHERE d.status=0 AND d.lane=delivery.lane"
        " AND d.lane>=4096 AND d.id<delivery.id)",
    [SQL_SCHEDULE_PUT] =
        "INSERT INTO schedule(kind,owner,name,next_at,body) "
        "VALUES(?1,?2,?3,?4,?5) ON CONFLICT(kind,owner,name) DO UPDATE SET "
        "next_at=excluded.next_at,body=excluded.body",
    [SQL_SCHEDULE_NEXT] = "UPDATE schedule SET next_at=?2 WHERE id=?1",
    [SQL_SCHEDULE_DELETE] = "DELETE FROM schedule WHERE id=?1",
    [SQL_SCHEDULE_GET] = "SELECT " SCHEDULE_COLUMNS " FROM schedule"
                         " WHERE kind=?1 AND owner=?2 AND name=?3",
    [SQL_SCHEDULE_DUE] = "SELECT " SCHEDULE_COLUMNS " FROM schedule"
                         " WHERE next_at>0 ORDER BY next_at,id LIMIT 1",
    [SQL_SCHEDULE_DUE_AT] = "SELECT next_at FROM schedule WHERE next_at>0"
                            " ORDER BY next_at,id LIMIT 1",
    [SQL_SCHEDULES] = "SELECT " SCHEDULE_COLUMNS " FROM schedule"
                      " WHERE kind=?1 AND owner=?2 AND name>?3"
                      " ORDER BY name LIMIT ?4",
    [SQL_ARCHIVE_ADD] =
        "INSERT OR IGNORE INTO archive_event(archive_id,at,event_id,bytes) "
        "VALUES(?1,?2,?3,?4)",
    [SQL_ARCHIVE_NEXT] =
        "SELECT at,event_id FROM archive_event WHERE archive_id=?1"
        " AND (at,event_id)>(?2,?3) AND at<?4 ORDER BY at,event_id LIMIT 1",
    [SQL_ARCHIVE_COUNT] = "SELECT count(*),coalesce(sum(bytes),0)"
                          " FROM archive_event WHERE archive_id=?1",
    [SQL_ARCHIVE_FORGET] =
        "DELETE FROM archive_event WHERE archive_id=?1 AND (at,event_id) IN"
        " (SELECT at,event_id FROM archive_event WHERE archive_id=?1 AND at<?2"
        " ORDER BY at,event_id LIMIT ?3) RETURNING bytes",
    [SQL_BATCH_PUT] = "INSERT OR REPLACE INTO batch(machine_id,key,rule,due_at,"
                      "count) VALUES(?1,?2,?3,?4,?5)",
    [SQL_BATCH_DELETE] =
        "DELETE FROM batch WHERE machine_id=?1 AND key=?2 AND rule=?3",
    [SQL_BATCH_GET] = "SELECT due_at,count FROM batch"
                      " WHERE machine_id=?1 AND key=?2 AND rule=?3",
    [SQL_BATCH_DUE] = "SELECT machine_id,key,rule,due_at,count FROM batch"
                      " ORDER BY due_at LIMIT 1",
    [SQL_BATCH_DUE_AT] = "SELECT due_at FROM batch ORDER BY due_at LIMIT 1",
    [SQL_OVERDUE_ADD] =
        "INSERT OR REPLACE INTO overdue(execution_id,no,machine_id,state,"
        "since_at,due_at,at) VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [SQL_OVERDUE_DELETE] =
        "DELETE FROM overdue WHERE execution_id=?1 AND no=?2",
    [SQL_OVERDUE_TOTAL] = "SELECT count(*) FROM overdue",
    [SQL_WAIT_GET] =
        "SELECT state,event_name,pattern,awaits,since_at,due_at FROM wait"
        " WHERE execution_id=?1 AND no=?2",
    [SQL_WAIT_STAT_PUT] =
        "INSERT OR REPLACE INTO wait_stat(machine_id,state,histogram) "
        "VALUES(?1,?2,?3)",
    [SQL_WAIT_STAT_GET] =
        "SELECT histogram FROM wait_stat WHERE machine_id=?1 AND state=?2",
    [SQL_CONTENT_GET] = "SELECT event_id,at FROM content_seen"
                        " WHERE machine_id=?1 AND hash=?2",
    [SQL_CONTENT_PUT] = "INSERT OR REPLACE INTO content_seen(machine_id,hash,"
                        "event_id,at) VALUES(?1,?2,?3,?4)",
    [SQL_CONTENT_FORGET] =
        "DELETE FROM content_seen WHERE (machine_id,hash) IN (SELECT"
        " machine_id,hash FROM content_seen WHERE machine_id=?1 AND at<?2"
        " ORDER BY at LIMIT 2)",
    [SQL_ATTRIBUTE_ADD] = "INSERT OR IGNORE INTO attribute(name,value,"
                          "execution_id) VALUES(?1,?2,?3)",
    [SQL_PROBE] = "INSERT OR REPLACE INTO probe(id,at) VALUES(1,?1)",
};
