/* Which executions were started, and how far their names are gathered. */
#ifndef PAVANE_STORE_STARTS_H
#define PAVANE_STORE_STARTS_H

/* SQL: execution x was not started by a distributed Map. */
#define NO_CHILD                                                               \
    "NOT EXISTS(SELECT 1 FROM note n WHERE n.execution_id=x.id"                \
    " AND n.run_id>0)"

/* SQL: the last execution whose name is gathered: search_text.c. */
#define GATHERED_UPTO                                                          \
    "coalesce((SELECT last_id FROM search_text ORDER BY first_id DESC"         \
    " LIMIT 1),0)"

#endif
