/* Names of executions, many in a row. */
#include "store/starts.h"
#include "store/store_int.h"

enum {
    SQL_SEARCH_TEXT_ADD = ROWS_AT(search_text),
    SQL_SEARCH_TEXT_FORGET,
    SQL_STARTED_ADD,
    SQL_STARTED_FORGET,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_SEARCH_TEXT_ADD) =
        "INSERT INTO search_text(first_id,last_id,ids,text) SELECT ?1,?2,?3,?4"
        " WHERE ?5=" GATHERED_UPTO
        " AND ?6=(SELECT event_id FROM progress WHERE"
        " name='forgets')",
    SQL_TEXT(SQL_SEARCH_TEXT_FORGET) =
        "DELETE FROM search_text WHERE first_id IN (SELECT first_id FROM"
        " search_text WHERE NOT EXISTS(SELECT 1 FROM execution WHERE id BETWEEN"
        " first_id AND last_id) ORDER BY first_id LIMIT ?1)",
    SQL_TEXT(SQL_STARTED_ADD) =
        "INSERT INTO started(hour,machine_id,count) VALUES(?1,?2,?3)"
        " ON CONFLICT DO UPDATE SET count=count+excluded.count",
    SQL_TEXT(SQL_STARTED_FORGET) =
        "DELETE FROM started WHERE (hour,machine_id) IN (SELECT"
        " hour,machine_id FROM started WHERE hour<?1 LIMIT ?2)",
};

const struct rows search_text_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_search_text_add(struct pav_store *s, const struct pav_search_text *t)
{
    uint32_t i;

    STORE_DO(s, SQL_SEARCH_TEXT_ADD, INT(t->first_id), INT(t->last_id),
             BLOB(t->ids), BLOB(t->text), INT(t->after), INT(t->forgets));
    if (store_changes(s) == 0)
        return;
    for (i = 0; i < t->start_count; i++)
        STORE_DO(s, SQL_STARTED_ADD, INT(t->starts[i].hour),
                 INT(t->starts[i].machine_id), INT(t->starts[i].count));
}

int
pav_store_started_forget(struct pav_store *s, int64_t hour, int limit)
{
    STORE_DO(s, SQL_STARTED_FORGET, INT(hour), INT(limit));
    return store_changes(s);
}

int
pav_store_search_text_forget(struct pav_store *s, int limit)
{
    STORE_DO(s, SQL_SEARCH_TEXT_FORGET, INT(limit));
    return store_changes(s);
}
