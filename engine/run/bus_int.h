/*
 * The bus, shared by the files of the engine's thread that make it up: buses
 * with their index, rules with targets, archives.
 *
 * Rows are the truth (names, see store_work.h).  What is here is read from them
 * at the start, and again behind the commit of each change: a turn that was
 * rolled back leaves nothing.
 */
#ifndef PAVANE_BUS_INT_H
#define PAVANE_BUS_INT_H

#include "pavane/envelope.h"
#include "pavane/index.h"
#include "pavane/store_bus.h"
#include "run_int.h"

#define DEFAULT_BUS    "default"
#define DEFAULT_BUS_ID 1

/* What hangs in a bus's index. */
enum subject_kind { SUBJECT_MACHINE, SUBJECT_RULE, SUBJECT_ARCHIVE };

struct subject {
    enum subject_kind kind;
    struct pav_index_rule *handle; /* NULL: not in an index */
    bool asks_status;              /* it is counted in status_rules */
};

/* A rule of a machine's rules.json. */
struct machine_rule {
    struct subject subject;
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
    struct subject subject;
    struct bus_rule *next; /* of the same hash */
    struct pav_arena arena;
    const char *name, *arn;
    uint32_t target_count;
    struct target *targets;
};

struct archive {
    struct subject subject;
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

/* targets.c: what matched, on its way to its targets. */
struct sending {
    const char *rule_arn, *rule_name;
    int64_t event_id; /* 0: a schedule's */
    struct pav_bytes text;
    const struct pav_doc *doc; /* the event; NULL: read from the text */
};
/* May this account, another's, put events on it? */
bool bus_admits(struct pav_engine *e, const struct bus *b, const char *account);
/* Sends one target its input; `*started`: the machine that was started. */
void target_send(struct pav_engine *e, struct sending *s,
                 const struct target *t, struct execution **started);
/* Is it "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"? */
bool target_arn_fits(const struct pav_doc *arn);
/* Why nobody serves a target with this ARN; NULL: somebody does, or may. */
const char *target_unserved(struct pav_engine *e, const char *arn);
/* A target as the API has it (PutTargets, CreateSchedule). */
enum pav_rc
target_read(struct pav_engine *e, struct pav_arena *a, const struct pav_doc *d,
            struct target *out, struct pav_err *err);
/* What cannot be sent, with EventBridge's code: kept as a dead letter. */
void
target_dead(struct pav_engine *e, struct sending *s, const struct target *t,
            struct pav_bytes body, const char *code, const char *message);

#endif
