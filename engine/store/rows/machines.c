/* Machines and their versions. */
#include "store/sql.h"

enum {
    SQL_MACHINE_INSERT = ROWS_AT(machines),
    SQL_MACHINE_UPDATE,
    SQL_MACHINE_ACTIVE,
    SQL_MACHINE_BY_NAME,
    SQL_MACHINES,
    SQL_VERSION_INSERT,
    SQL_VERSION_GET,
    SQL_OPEN_VERSIONS,
    SQL_MACHINE_RENAME,
    SQL_MACHINE_ATTRIBUTES,
    SQL_OPEN_OF_MACHINE,
};

#define VERSION_COLUMNS                                                        \
    "m.id,v.id,m.name,m.by_folder,m.active,v.version,v.created_at,"            \
    "v.definition,v.rules,v.readme,v.role_arn,m.type,m.attributes,"            \
    "m.created_at"

static const char *const texts[] = {
    SQL_TEXT(SQL_MACHINE_INSERT) =
        "INSERT INTO machine(name,by_folder,active,version,version_id,"
        "created_at,type,id) VALUES(?1,?2,1,1,0,?3,?4,?5)",
    SQL_TEXT(SQL_MACHINE_UPDATE) =
        "UPDATE machine SET version=?2,version_id=?3,active=1,by_folder=?4 "
        "WHERE id=?1",
    SQL_TEXT(SQL_MACHINE_ACTIVE) = "UPDATE machine SET active=?2 WHERE id=?1",
    SQL_TEXT(SQL_MACHINE_BY_NAME) =
        "SELECT id,version FROM machine WHERE name=?1",
    SQL_TEXT(SQL_MACHINES) =
        "SELECT " VERSION_COLUMNS " FROM machine m JOIN machine_version v"
        " ON v.id=m.version_id ORDER BY m.id",
    SQL_TEXT(SQL_VERSION_INSERT) =
        "INSERT INTO machine_version(machine_id,version,definition,rules,"
        "readme,role_arn,created_at,id) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    SQL_TEXT(SQL_VERSION_GET) =
        "SELECT " VERSION_COLUMNS " FROM machine_version v JOIN machine m"
        " ON m.id=v.machine_id WHERE v.id=?1",
    SQL_TEXT(SQL_OPEN_VERSIONS) =
        "SELECT DISTINCT version_id FROM execution WHERE status=0",
    SQL_TEXT(SQL_MACHINE_RENAME) =
        "UPDATE machine SET name=?2,active=0 WHERE id=?1",
    SQL_TEXT(SQL_MACHINE_ATTRIBUTES) =
        "UPDATE machine SET attributes=?2 WHERE id=?1",
    SQL_TEXT(SQL_OPEN_OF_MACHINE) =
        "SELECT id FROM execution WHERE machine_id=?1 AND status=0 LIMIT ?2",
};

const struct rows machines_rows = {texts, sizeof(texts) / sizeof(texts[0])};

static void
machine_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_machine_row *row)
{
    row->id = sqlite3_column_int64(st, 0);
    row->version_id = sqlite3_column_int64(st, 1);
    row->name = column_str(st, 2, a);
    row->by_folder = sqlite3_column_int(st, 3) != 0;
    row->active = sqlite3_column_int(st, 4) != 0;
    row->version = sqlite3_column_int64(st, 5);
    row->created_at = sqlite3_column_int64(st, 6);
    row->definition = column_bytes(st, 7, a);
    row->rules = column_bytes(st, 8, a);
    row->readme = column_bytes(st, 9, a);
    row->role_arn = column_str(st, 10, a);
    row->type = sqlite3_column_int(st, 11);
    row->attributes = column_str(st, 12, a);
    row->first_at = sqlite3_column_int64(st, 13);
}

void
pav_store_machine_put(struct pav_store *s, struct pav_machine_row *row,
                      int64_t now_ms)
{
    sqlite3_stmt *st;

    row->version = 1;
    st = STORE_ASK(s, SQL_MACHINE_BY_NAME, TEXT(row->name));
    if (store_row(s, st)) {
        row->id = sqlite3_column_int64(st, 0);
        row->version = sqlite3_column_int64(st, 1) + 1;
        sqlite3_reset(st);
    } else {
        row->id = store_new_id(s, ID_MACHINE);
        STORE_DO(s, SQL_MACHINE_INSERT, TEXT(row->name), INT(row->by_folder),
                 INT(now_ms), INT(row->type), INT(row->id));
    }
    row->version_id = store_new_id(s, ID_VERSION);
    STORE_DO(s, SQL_VERSION_INSERT, INT(row->id), INT(row->version),
             BYTES(row->definition), BYTES(row->rules), BYTES(row->readme),
             TEXT(row->role_arn), INT(now_ms), INT(row->version_id));
    row->created_at = now_ms;
    STORE_DO(s, SQL_MACHINE_UPDATE, INT(row->id), INT(row->version),
             INT(row->version_id), INT(row->by_folder));
}

void
pav_store_machine_rename(struct pav_store *s, int64_t machine_id,
                         const char *name)
{
    STORE_DO(s, SQL_MACHINE_RENAME, INT(machine_id), TEXT(name));
}

void
pav_store_machine_attributes(struct pav_store *s, int64_t machine_id,
                             const char *attributes)
{
    STORE_DO(s, SQL_MACHINE_ATTRIBUTES, INT(machine_id), TEXT(attributes));
}

uint32_t
pav_store_open_of_machine(struct pav_store *s, int64_t machine_id, int64_t *ids,
                          uint32_t max)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    st = STORE_ASK(s, SQL_OPEN_OF_MACHINE, INT(machine_id), INT(max));
    while (store_row(s, st))
        ids[n++] = sqlite3_column_int64(st, 0);
    return n;
}

void
pav_store_machine_active(struct pav_store *s, int64_t machine_id, bool active)
{
    STORE_DO(s, SQL_MACHINE_ACTIVE, INT(machine_id), INT(active));
}

void
pav_store_machines(struct pav_store *s,
                   bool (*fn)(void *arg, const struct pav_machine_row *row),
                   void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_MACHINES);
    struct pav_arena a;
    bool more = true;

    pav_arena_init(&a, 64 * 1024);
    while (more && store_row(s, st)) {
        struct pav_machine_row row;

        machine_from(st, &a, &row);
        more = fn(arg, &row);
        pav_arena_reset(&a);
    }
    sqlite3_reset(st);
    pav_arena_fini(&a);
}

bool
pav_store_version(struct pav_store *s, int64_t version_id, struct pav_arena *a,
                  struct pav_machine_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_VERSION_GET, INT(version_id));

    if (!store_row(s, st))
        return false;
    machine_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

void
pav_store_open_versions(struct pav_store *s,
                        void (*fn)(void *arg, int64_t version_id), void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_OPEN_VERSIONS);

    while (store_row(s, st))
        fn(arg, sqlite3_column_int64(st, 0));
}
