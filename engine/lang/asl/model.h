/* The compiled model of a machine. */
#ifndef PAVANE_ASL_MODEL_H
#define PAVANE_ASL_MODEL_H

#include "pavane/errors.h"
#include "pavane/machine.h"
#include "value.h"

/* What is expressed in a query language; only the language looks inside. */
struct query; /* of a state's data, or of a rule's or a catcher's */
struct test;  /* a rule of a Choice */

struct choice_rule {
    const struct test *test;
    const struct query *query;
    const char *next_name;
    const struct state *next;
    uint32_t at;
    const struct place *place;
};

/* ---- errors ---- */

struct error_names {
    uint32_t count;
    const char *const *v;
    const enum pav_states_error *kinds; /* of each */
};

struct retrier {
    struct error_names errors;
    double interval_s, backoff, max_delay_s; /* max_delay_s 0: none */
    int64_t max_attempts;
    bool jitter;
};

struct catcher {
    struct error_names errors;
    const struct query *query;
    const char *next_name;
    const struct state *next;
    uint32_t at;
    const struct place *place;
};

/* ---- resources of tasks ---- */

enum resource_kind {
    RESOURCE_SERVICE,  /* arn:aws:states:::SERVICE:ACTION[.SUFFIX] */
    RESOURCE_LAMBDA,   /* a function's ARN */
    RESOURCE_ACTIVITY, /* an activity's ARN */
    RESOURCE_EVENT,    /* Pavane's own: waits for an event */
};

enum integration {
    REQUEST_RESPONSE,
    SYNC, /* .sync: the job's end, with its output as text */
    SYNC_2,
    CALLBACK, /* .waitForTaskToken */
};

struct resource {
    enum resource_kind kind;
    enum integration integration;
    const struct pav_doc *type, *action; /* as history names them; or NULL */
    const struct pav_doc *arn;
    const char *service; /* "dynamodb": without aws-sdk */
    const char *method;  /* "updateItem": without the suffix */
    bool sdk;
};

/* ---- distributed Map ---- */

enum input_type { INPUT_JSON, INPUT_JSONL, INPUT_CSV };

struct item_reader {
    bool lists;   /* listObjectsV2: the objects are the items, or: */
    bool flatten; /* what the listed objects hold is */
    enum input_type type;
    const struct value *parameters;
    const struct pav_doc *headers; /* GIVEN ones; NULL: the first row */
    char delimiter;
    struct number max_items;
    const char *items_pointer; /* JSON Pointer into the object, or NULL */
};

struct item_batcher {
    struct number max_items, max_bytes;
    const struct value *batch_input; /* or NULL */
};

struct result_writer {
    const struct value *parameters; /* Bucket, Prefix; NULL: no object */
    bool json_lines, compact, flatten;
};

/* ---- states ---- */

struct scope {
    const struct scope *up;
    const struct state *owner; /* the Parallel or Map around it */
    struct state **states;
    uint32_t count;
    const struct state *start;
};

struct state {
    const struct state_kind *kind;
    const char *name;
    uint32_t name_at; /* source offset + 1 of its name */
    const struct pav_doc *source;
    const char *comment;
    const struct place *place;
    const struct scope *scope;
    uint32_t index, depth;

    bool end;
    const char *next_name;
    const struct state *next;
    uint32_t next_at;

    const struct query_language *language;
    const struct query *query;
    const char **variables; /* that it refers to, by name, each once */
    uint32_t variable_count;
    const struct retrier *retriers;
    uint32_t retrier_count;
    struct catcher *catchers;
    uint32_t catcher_count;
    const char *awaits; /* for people: the event that moves it; or NULL */
    bool apart;         /* its inner states run as executions of their own */

    union {
        struct {
            const struct pav_doc *result; /* or NULL */
        } pass;
        struct {
            struct resource resource;
            struct number timeout_s, heartbeat_s;
            const struct value *credentials;
            const char *event_name; /* literal key, NULL for Default */
            bool event_name_dynamic;
            const struct pav_pattern *pattern;
            const char *pattern_text;
            bool pattern_dynamic;
        } task;
        struct {
            struct choice_rule *rules;
            uint32_t count;
            const char *default_name;
            const struct state *default_next;
            uint32_t default_at;
        } choice;
        struct {
            struct number seconds;
            int64_t until_ms;
            const struct value *timestamp;
        } wait;
        struct {
            const struct pav_doc *error, *cause; /* strings, or NULL */
            const struct value *error_value, *cause_value;
        } fail;
        struct {
            struct scope **branches;
            uint32_t count;
        } parallel;
        struct {
            struct scope *processor;
            bool express;
            const char *label; /* NULL: made up */
            const struct value *item_selector;
            struct number max_concurrency, tolerated_count,
                tolerated_percentage;
            struct item_reader *reader;   /* NULL: the input has the items */
            struct item_batcher *batcher; /* NULL: an item is an input */
            struct result_writer *writer; /* NULL: results are the output */
        } map;
    };
};

struct pav_machine {
    struct pav_arena arena;
    const char *text;
    size_t text_len;
    const char *token_table;
    int64_t timeout_s; /* 0: none */
    bool needs_input, express;
    struct scope *top;
    struct state **states; /* all, by index */
    struct state **by_name, **by_place;
    struct origin *origins; /* by address, once it is compiled */
    uint32_t origin_count;
    uint32_t count, cap;
};

const struct state *
machine_find(const struct pav_machine *m, const char *name, size_t len);
/* The state whose name is at that place of the definition. */
const struct state *machine_state_at(const struct pav_machine *m, uint32_t at);
/* A transition's target in the same scope; a fault when there is none. */
const struct state *
target_find(struct compiler *c, const struct scope *scope, const char *name,
            const struct place *place, uint32_t at);

/* machine.c.  `lone`: a state alone, whose targets need not be there. */
struct pav_machine *
machine_compile(const char *text, size_t len, enum pav_machine_type type,
                const struct query_language *const *languages, bool single,
                struct pav_faults *faults);
/* The languages that are built; the first is the default. */
extern const struct query_language *const query_languages[];

#endif
