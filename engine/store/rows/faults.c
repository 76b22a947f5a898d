/* What keeps machines of the folder from being loaded. */
#include "store/sql.h"

enum {
    SQL_FAULT_PUT = ROWS_AT(faults),
    SQL_FAULT_NAMES,
    SQL_FAULT_DELETE,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_FAULT_PUT) =
        ("INSERT OR REPLACE INTO folder_fault(name,report,at) "
         "VALUES(?1,?2,?3)"),
    SQL_TEXT(SQL_FAULT_NAMES) = "SELECT name FROM folder_fault",
    SQL_TEXT(SQL_FAULT_DELETE) = "DELETE FROM folder_fault WHERE name=?1",
};

const struct rows faults_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_fault_put(struct pav_store *s, const char *name, const char *report,
                    int64_t now_ms)
{
    if (report == NULL)
        STORE_DO(s, SQL_FAULT_DELETE, TEXT(name));
    else
        STORE_DO(s, SQL_FAULT_PUT, TEXT(name), TEXT(report), INT(now_ms));
}

void
pav_store_faults_keep(struct pav_store *s, const char *const *names,
                      uint32_t count)
{
    sqlite3_stmt *st = store_read(s, SQL_FAULT_NAMES);
    struct pav_arena a;
    struct name {
        struct name *next;
        const char *name;
    } *gone = NULL;
    uint32_t i;

    pav_arena_init(&a, 1024);
    while (store_row(s, st)) {
        const char *name = column_str(st, 0, &a);
        struct name *n = pav_arena_alloc(&a, sizeof(*n));

        for (i = 0; i < count && strcmp(names[i], name) != 0;)
            i++;
        if (i < count)
            continue;
        n->name = name;
        n->next = gone;
        gone = n;
    }
    sqlite3_reset(st);
    for (; gone != NULL; gone = gone->next)
        pav_store_fault_put(s, gone->name, NULL, 0);
    pav_arena_fini(&a);
}
