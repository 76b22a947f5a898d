/*
 * The schema: its tables, by migrations.
 *
 * The tables, in the order of an event's way:
 *   event        what producers sent, verbatim; append-only, id in order of
 *                arrival
 *   event_seen   a hash of the event's id (48 bits) and source (16), for
 *                deduplication by both and search by id; the newest entries
 *                are in memory only (seen.c)
 *   event_run    such hashes on their way there, in sorted runs, many a row
 *                (seen_runs.c)
 *   progress     'seen': the event up to which these two have all of them;
 *                'names': how often a row of `name` was put or deleted;
 *                'ledger': the event up to which that has all of them;
 *                'forgets': how many executions were forgotten that were not
 *                gathered yet;
 *                'flow': the step up to which ended executions are in that;
 *                'forgotten TABLE': up to there its rows may be missing
 *                *_at: where the body has that text, (offset + 1) * 4096 +
 *                length; null: it is in its own column.
 *                first_*: the execution that it started or resumed, when that
 *                is its first disposition and there is no more to tell of it
 *   disposition  what became of an event for a machine, but for those of
 *                first_*; id = event * 1024 + ordinal, so that an event's rows
 *                are side by side.  Those that moved an execution are found by
 *                its steps: no index has them
 *   execution    one row each, updated at most once a step; waits: what it
 *                waits for, a JSON list of [no, state, event's name, pattern,
 *                awaits, since, due]
 *   step         the journal: one row a step, append-only.  Steps of one
 *                execution are chained by `previous`, and an execution knows
 *                its first and last: no index is kept up to date for them
 *   timer        what is due when
 *   parked       events that are early
 *   machine, machine_version
 *   folder_fault what keeps a machine's folder from being loaded
 *   task         what is asked of a service, an activity or a map run
 *   note         what is special about an execution: a child, redriven, started
 *                through an alias; most have none
 *   map_run, map_item   distributed Maps
 *   table_item   rows of local tables, by the JSON of their key
 *   name         published versions, aliases, activities, tags, buses and what
 *                belongs to them; `changed` is the count in progress when it
 *                was put, so that another reader loads what is newer
 *   delivery     what targets outside must be sent, until they have it; dead
 *                ones stay
 *   schedule     what is due when: rules with a schedule, and schedules
 *   archive_event  which events an archive has, by their own time
 *   batch        start rules that gather events: how many, until when
 *   overdue      waits that are over their deadline
 *   wait_stat    how long waits of a state took
 *   flow         how executions went through a version's states, by day,
 *                summed: pavane/flow.h
 *   started      how many executions were started, by machine and hour;
 *                gathered with the rows of search_text
 *   ledger       what became of events, counted: run/ledger.c
 *   standing     how many executions are where: run/standing.c
 *   content_seen hashes of events, for machines that ask for it
 *   attribute    values at indexed paths, by which executions are found
 *   database     its random id, for what is beside it (witness.c)
 *
 * Migrations only go forward; number n brings user_version from n to n + 1.
 */

const char *const schema_migrations[] = {
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
    ("ALTER TABLE name ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
     "INSERT INTO progress(name,event_id) VALUES('names',0);"),
    /* What nearly every event and execution has is in their own rows. */
    "ALTER TABLE event ADD COLUMN first_kind INTEGER;"
    "ALTER TABLE event ADD COLUMN first_machine INTEGER;"
    "ALTER TABLE event ADD COLUMN first_execution INTEGER;"
    "ALTER TABLE event ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN source_at INTEGER;"
    "ALTER TABLE event ADD COLUMN event_id_at INTEGER;"
    "ALTER TABLE event ADD COLUMN detail_type_at INTEGER;"
    "ALTER TABLE execution ADD COLUMN waits TEXT NOT NULL DEFAULT '[]';"
    "UPDATE execution SET waits=(SELECT json_group_array(json_array("
    "no,state,event_name,pattern,awaits,since_at,due_at)) FROM wait"
    " WHERE execution_id=execution.id)"
    " WHERE id IN (SELECT execution_id FROM wait);"
    "DROP TABLE wait;"
    "DROP INDEX execution_status; DROP INDEX execution_machine;"
    "DROP INDEX execution_key;"
    "CREATE INDEX execution_open ON execution(machine_id,id,status)"
    " WHERE status=0;"
    "CREATE INDEX execution_ended ON execution(machine_id,status,id)"
    " WHERE stopped_at<>0;"
    /* Of a key's first execution its name is the key, mostly. */
    "CREATE INDEX execution_key ON execution(key,machine_id) WHERE key<>name;"
    "CREATE INDEX archive_event_of ON archive_event(event_id);"
    "INSERT INTO progress(name,event_id) VALUES('forgotten event',0),"
    "('forgotten execution',0),('forgotten step',0);",
    "CREATE TABLE event_run("
    " run INTEGER NOT NULL,"
    " hash INTEGER NOT NULL,"
    " event_id INTEGER NOT NULL,"
    " entries BLOB NOT NULL,"
    " PRIMARY KEY(run, hash, event_id)) STRICT, WITHOUT ROWID;",
    "CREATE INDEX overdue_group ON overdue(machine_id, state, since_at);",
    "CREATE TABLE ledger("
    " hour INTEGER NOT NULL,"
    " source TEXT NOT NULL,"
    " type TEXT NOT NULL,"
    " machine_id INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " count INTEGER NOT NULL,"
    " events INTEGER NOT NULL,"
    " first_at INTEGER NOT NULL,"
    " last_at INTEGER NOT NULL,"
    " PRIMARY KEY(hour,source,type,machine_id,kind,reason))"
    " STRICT, WITHOUT ROWID;"
    /* What came before is not counted: it may be much. */
    "INSERT INTO progress(name,event_id)"
    " SELECT 'ledger',coalesce(max(id),0) FROM event;",
    "CREATE TABLE flow("
    " version_id INTEGER NOT NULL,"
    " day INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " a TEXT NOT NULL,"
    " b TEXT NOT NULL,"
    " count INTEGER NOT NULL,"
    " sum_ms INTEGER NOT NULL,"
    " histogram BLOB NOT NULL,"
    " PRIMARY KEY(version_id,day,kind,a,b)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX flow_day ON flow(day);"
    "INSERT INTO progress(name,event_id) VALUES('flow',0);",
    "CREATE TABLE standing("
    " machine_id INTEGER NOT NULL,"
    " child INTEGER NOT NULL CHECK(child IN (0,1))," /* a map run's */
    " status INTEGER NOT NULL,"
    " states TEXT NOT NULL,"
    " count INTEGER NOT NULL,"
    " PRIMARY KEY(machine_id,child,status,states)) STRICT, WITHOUT ROWID;"
    "INSERT INTO standing SELECT x.machine_id,coalesce(n.run_id,0)>0,x.status,"
    "x.states,count(*) FROM execution x LEFT JOIN note n ON"
    " n.execution_id=x.id GROUP BY 1,2,3,4;",
    "CREATE TABLE passed("
    " version_id INTEGER NOT NULL,"
    " day INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " a TEXT NOT NULL,"
    " b TEXT NOT NULL,"
    " part INTEGER NOT NULL,"
    " entries BLOB NOT NULL,"
    " PRIMARY KEY(version_id,day,kind,a,b,part)) STRICT, WITHOUT ROWID;"
    /* Who they were that are summed already, a new fold will tell. */
    "DELETE FROM flow; UPDATE progress SET event_id=0 WHERE name='flow';"
    "CREATE TABLE search_text("
    " first_id INTEGER PRIMARY KEY,"
    " last_id INTEGER NOT NULL,"
    " ids BLOB NOT NULL,"
    " text BLOB NOT NULL) STRICT;",
    "ALTER TABLE schedule ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE schedule ADD COLUMN last_result TEXT;",
    "CREATE TABLE started("
    " hour INTEGER NOT NULL,"
    " machine_id INTEGER NOT NULL,"
    " count INTEGER NOT NULL,"
    " PRIMARY KEY(hour,machine_id)) STRICT, WITHOUT ROWID;"
    /* What was gathered is so again.  Sums are not, for histories that they
     * were made of may be gone: those by the hour begin here. */
    "DELETE FROM search_text;"
    "INSERT INTO progress(name,event_id) VALUES('forgets',0);",
};

const int schema_version =
    sizeof(schema_migrations) / sizeof(schema_migrations[0]);
