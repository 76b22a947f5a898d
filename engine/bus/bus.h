/*
 * The bus: buses with their index, rules with targets, archives, schemas, and
 * what is delivered outside.
 *
 * Rows are the truth (names, see store_work.h).  What is here is read from them
 * at the start, and again behind the commit of each change: a turn that was
 * rolled back leaves nothing.
 */
#ifndef PAVANE_BUS_BUS_H
#define PAVANE_BUS_BUS_H

#include "pavane/envelope.h"
#include "pavane/index.h"
#include "pavane/store_bus.h"
#include "turn/turn.h"

#define DEFAULT_BUS    "default"
#define DEFAULT_BUS_ID 1

/* What hangs in a bus's index. */
enum subject_kind { OWNER_MACHINE, OWNER_RULE, OWNER_ARCHIVE };

struct index_owner {
    enum subject_kind kind;
    struct pav_index_rule *handle; /* NULL: not in an index */
    bool asks_status;              /* it is counted in status_rules */
};

/* A rule of a machine's rules.json. */
struct machine_rule {
    struct index_owner index_owner;
    struct bus *bus;
    struct machine *machine;
    const struct pav_rule *rule;
    uint32_t slots[PAV_KEY_PARTS]; /* of the index: the correlation id */
    bool slotted;                  /* all of its paths have one */
};

enum target_kind {
    TARGET_MACHINE, /* starts an execution */
    TARGET_RESUME,  /* as a resume rule of that machine */
    TARGET_BUS,     /* of this daemon */
    TARGET_OUTSIDE,
};

struct target {
    const char *id, *arn;
    enum target_kind kind;
    const char *name;      /* of the machine or bus; NULL outside */
    const char *qualifier; /* of the machine: version or alias; or NULL */
    bool outside;          /* a bus of another daemon */
    const struct pav_transform *transform;
    struct pav_bytes text;         /* JSON, as it was put */
    const struct pav_doc *dynamic; /* it has values out of the event; or NULL */
};

/* A rule that the API made. */
struct bus_rule {
    struct index_owner index_owner;
    struct bus_rule *next; /* of the same hash */
    struct pav_arena arena;
    const char *name, *arn;
    uint32_t target_count;
    struct target *targets;
    struct pav_tally_row *tally; /* NULL: nothing matched yet */
};

struct archive {
    struct index_owner index_owner;
    struct archive *next;
    struct bus *bus;
    bool all;                 /* it has no pattern: every event */
    int64_t id, retention_ms; /* 0: for ever */
    char *name;
    int64_t count, bytes;   /* of what it has */
    int64_t next_forget_at; /* when it looks again for what is too old */
};

struct bus {
    struct bus *next;
    int64_t id;
    char *name, *arn;
    struct pav_index *index;
    struct bus_rule **rules; /* by the hash of the name */
    uint64_t rule_count, table_len;
};

struct bus *bus_by_name(struct pav_engine *e, const char *name);
struct bus *bus_by_id(struct pav_engine *e, int64_t id);
/* Of a name or an ARN; NULL: the default one. */
struct bus *bus_of(struct pav_engine *e, const char *name);
struct bus_rule *bus_rule_find(struct bus *b, const char *name);
struct archive *archive_by_name(struct pav_engine *e, const char *name);
const char *
bus_rule_arn(struct pav_engine *e, const char *bus, const char *name);
/* Read a row again: it was put, changed or deleted. */
void bus_refresh(struct pav_engine *e, const char *name);
void bus_rule_refresh(struct pav_engine *e, const char *bus, const char *name);
void archive_refresh(struct pav_engine *e, const char *name);

void bus_load(struct pav_engine *e); /* before machines are */
void bus_fini(struct pav_engine *e);
/* A machine's rules, into the index of their bus and out of it. */
void bus_attach(struct pav_engine *e, struct machine *m);
void bus_detach(struct pav_engine *e, struct machine *m);
/* May this account, another's, put events on it? */
bool bus_admits(struct pav_engine *e, const struct bus *b, const char *account);

/* ---- target.c ---- */

/* A target as the API has it (PutTargets, CreateSchedule). */
enum pav_rc
target_read(struct pav_engine *e, struct pav_arena *a, const struct pav_doc *d,
            struct target *out, struct pav_err *err);

/* ---- tally.c: what /metrics says of rules and targets ---- */

/* An event matched it. */
void tally_rule(struct pav_engine *e, struct bus_rule *r, int64_t now_ms);
void
tally_target(struct pav_engine *e, const char *rule_arn, const char *target_id,
             enum pav_target_count what, uint64_t n);

/* ---- schemas.c ---- */

void schemas_load(struct pav_engine *e);
void schemas_free(struct pav_engine *e);
/* Why an event does not fit its schema; NULL: it does, or has none. */
const char *schema_refuses(struct pav_engine *e,
                           const struct pav_envelope *envelope, bool *rejects);

/* ---- deliveries.c ---- */

void deliveries_load(struct pav_engine *e);
void deliveries_fini(struct pav_engine *e);
/* Behind a turn that was rolled back. */
void deliveries_lost(struct pav_engine *e);
/* There may be places for what is blocked: other services files. */
void deliveries_look(struct pav_engine *e);
/* Writes a delivery that is due now, in its target's lane. */
void deliveries_add(struct pav_engine *e, struct pav_delivery_row *row);
/* Writes one that cannot be delivered. */
void deliveries_dead(struct pav_engine *e, struct pav_delivery_row *row);
/* The row of CreateConnection by its ARN; NULL: there is none. */
const struct pav_doc *connection_of(struct pav_engine *e, const char *arn);
void deliveries_run(struct pav_engine *e);
int64_t deliveries_next(struct pav_engine *e);

#endif
