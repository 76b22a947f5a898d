/* The compiled model of a machine; shared by the files of the language. */
#ifndef PAVANE_MACHINE_INT_H
#define PAVANE_MACHINE_INT_H

#include "pavane/errors.h"
#include "pavane/machine.h"
#include "pavane/path.h"
#include "pavane/pattern.h"

struct stepper;
struct frame;
struct state;

/* ---- expressions ---- */

/*
 * What a field or a template's `.$` value names: a path into the data, into
 * the context object ($$) or into a variable ($name), or an intrinsic call.
 */
enum expr_kind { EXPR_PATH, EXPR_CONTEXT, EXPR_VARIABLE, EXPR_CALL };

struct expr {
    enum expr_kind kind;
    const char *text;            /* as it was written */
    const struct pav_path *path; /* EXPR_VARIABLE: behind the name, or NULL */
    const char *name;            /* EXPR_VARIABLE, without its `$` */
    const struct call *call;     /* EXPR_CALL */
};

enum expr_rule {
    EXPR_ANY_PATH,  /* a path, also into the context or a variable */
    EXPR_REFERENCE, /* the same: names and single indexes only */
    EXPR_OR_CALL,   /* any path or an intrinsic call */
};

/* A payload template: literal parts are shared with the definition. */
enum tmpl_kind { TMPL_LITERAL, TMPL_EXPR, TMPL_OBJECT, TMPL_ARRAY };

struct tmpl {
    enum tmpl_kind kind;
    const struct pav_doc *literal;
    const struct expr *expr;
    const char *field; /* "key.$", for messages */
    uint32_t count;
    const struct tmpl_member *members;
};

struct tmpl_member {
    const char *key;
    uint32_t len;
    const struct tmpl *value;
};

/* A path field of a state: absent (the usual `$`), null, or a path. */
struct path_field {
    bool given, null;
    const struct expr *expr;
};

/* A number of a Map or Task: literal, or at a path; `path` NULL: literal. */
struct number_field {
    double literal;
    const struct expr *path;
    bool given;
};

/* ---- Choice ---- */

enum test_kind { TEST_AND, TEST_OR, TEST_NOT, TEST_OPERATOR };

struct test {
    enum test_kind kind;
    uint32_t count; /* of parts */
    const struct test *const *parts;
    const struct choice_op *op;
    const struct expr *variable, *operand_path;
    const struct pav_doc *operand;
};

struct choice_rule {
    const struct test *test;
    const struct tmpl *assign;
    const char *next_name;
    const struct state *next;
    uint32_t at;
    const char *pointer;
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
    struct path_field result_path;
    const struct tmpl *assign;
    const char *next_name;
    const struct state *next;
    uint32_t at;
    const char *pointer;
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
    const struct tmpl *parameters;
    const struct pav_doc *headers; /* GIVEN ones; NULL: the first row */
    char delimiter;
    struct number_field max_items;
    const char *items_pointer; /* JSON Pointer into the object, or NULL */
};

struct item_batcher {
    struct number_field max_items, max_bytes;
    const struct tmpl *batch_input; /* or NULL */
};

struct result_writer {
    const struct tmpl *parameters; /* Bucket, Prefix; NULL: no object */
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
    const struct pav_doc *name_doc, *source;
    const char *comment, *pointer;
    const struct scope *scope;
    uint32_t index, depth;

    bool end;
    const char *next_name;
    const struct state *next;
    uint32_t next_at;

    struct path_field input_path, output_path, result_path;
    const struct tmpl *parameters, *result_selector, *assign;
    const char **variables; /* that it refers to, by name, each once */
    uint32_t variable_count;
    const struct retrier *retriers;
    uint32_t retrier_count;
    struct catcher *catchers;
    uint32_t catcher_count;

    union {
        struct {
            const struct pav_doc *result; /* or NULL */
        } pass;
        struct {
            struct resource resource;
            struct number_field timeout_s, heartbeat_s;
            const struct tmpl *credentials;
            const char *event_name; /* literal key, NULL for Default */
            const char *awaits; /* for people: what would move it; or NULL */
            bool event_name_dynamic;
            const struct pav_pattern *pattern;
            const char *pattern_text;
            bool pattern_dynamic;
        } task;
        struct {
            struct choice_rule *rules;
            uint32_t count;
            const char *default_name;
            const struct state *otherwise;
            uint32_t default_at;
        } choice;
        struct {
            int64_t seconds; /* -1: not given */
            int64_t until_ms;
            const struct expr *seconds_path, *timestamp_path;
        } wait;
        struct {
            const struct pav_doc *error, *cause; /* strings, or NULL */
            const struct expr *error_path, *cause_path;
        } fail;
        struct {
            struct scope **branches;
            uint32_t count;
        } parallel;
        struct {
            struct scope *processor;
            bool distributed, express;
            const char *label; /* NULL: made up */
            struct path_field items_path;
            const struct tmpl *item_selector;
            struct number_field max_concurrency, tolerated_count,
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
    const char *token_table;
    int64_t timeout_s; /* 0: none */
    bool needs_input, express;
    struct scope *top;
    struct state **states; /* all, by index */
    struct state **by_name;
    uint32_t count, cap;
};

const struct state *
machine_find(const struct pav_machine *m, const char *name, size_t len);

/* ---- compiling ---- */

struct compiler {
    struct pav_machine *machine;
    struct pav_arena *arena; /* the machine's */
    struct pav_faults *faults;
    uint32_t depth;
    struct state *state;     /* whose fields are compiled */
    bool lone;               /* one state alone: its targets are elsewhere */
    bool too_many_variables; /* said so */
};

/* A fault at a member (or at the object itself when key is NULL). */
/* parameters.c: those of an integration that nobody reads. */
void parameters_check(struct compiler *c, const struct resource *r,
                      const struct pav_doc *parameters, const char *pointer);

void compile_fault(struct compiler *c, enum pav_severity severity,
                   const char *code, const char *pointer, uint32_t at,
                   const char *fmt, ...) PAV_PRINTF(6, 7);
#define SCHEMA "SCHEMA_VALIDATION_FAILED"
const char *
pointer_to(struct compiler *c, const char *pointer, const char *key);
const char *pointer_at(struct compiler *c, const char *pointer, uint32_t i);

/* Members by type; a fault and NULL when another type stands there. */
const char *member_str(struct compiler *c, const struct pav_doc *o,
                       const char *pointer, const char *key, bool required);
bool
member_int(struct compiler *c, const struct pav_doc *o, const char *pointer,
           const char *key, int64_t least, int64_t most, int64_t *out);
bool
member_double(struct compiler *c, const struct pav_doc *o, const char *pointer,
              const char *key, double least, double *out);
/* A bool, `otherwise` when absent. */
bool member_bool(struct compiler *c, const struct pav_doc *o,
                 const char *pointer, const char *key, bool otherwise);
const struct expr *
member_expr(struct compiler *c, const struct pav_doc *o, const char *pointer,
            const char *key, enum expr_rule rule);
void member_path_field(struct compiler *c, const struct pav_doc *o,
                       const char *pointer, const char *key,
                       enum expr_rule rule, struct path_field *out);
/* KEY, a number of at least `least`, or KEYPath, but not both. */
void member_number(struct compiler *c, const struct pav_doc *o,
                   const char *pointer, const char *key, double least,
                   double most, struct number_field *out);
void result_path_compile(struct compiler *c, const struct pav_doc *d,
                         const char *pointer, struct path_field *out);
/* Two fields that exclude each other. */
void check_not_both(struct compiler *c, const struct pav_doc *o,
                    const char *pointer, const char *x, const char *y);
const struct tmpl *template_compile(struct compiler *c, const struct pav_doc *d,
                                    const char *pointer);
/* A member that is a template; NULL when absent. */
const struct tmpl *member_template(struct compiler *c, const struct pav_doc *o,
                                   const char *pointer, const char *key);
struct scope *
scope_compile(struct compiler *c, const struct pav_doc *d, const char *pointer,
              const struct state *owner, const struct scope *up);
void retry_compile(struct compiler *c, struct state *s, const char *pointer);
void catch_compile(struct compiler *c, struct state *s, const char *pointer);
/* A transition target in the same scope; a fault when it is not there. */
const struct state *
target_find(struct compiler *c, const struct scope *scope, const char *name,
            const char *pointer, uint32_t at);

/* `lone`: a state alone, whose targets need not be there. */
struct pav_machine *
machine_compile(const char *text, size_t len, enum pav_machine_type type,
                bool lone, struct pav_faults *faults);
/* expr.c: NULL and a reason when the text is none. */
const struct expr *expr_compile(struct compiler *c, const char *text,
                                size_t len, struct pav_err *err);
bool expr_is_reference(const struct expr *e);
/* intrinsic.c: "States.Format('{}', $.a)" */
bool is_call(const char *text, size_t len);
const struct call *call_compile(struct compiler *c, const char *text,
                                size_t len, struct pav_err *err);
/* assign.c: the member Assign of a state, rule or catcher; NULL: none. */
const struct tmpl *
member_assign(struct compiler *c, const struct pav_doc *o, const char *pointer);
/* No inner scope assigns what an outer one does. */
void check_assigned(struct compiler *c, const struct scope *top);
/* resource.c */
bool resource_compile(struct compiler *c, const struct pav_doc *state,
                      const char *pointer, struct resource *out);
/* map_reader.c */
void map_reader_compile(struct compiler *c, struct state *s,
                        const struct pav_doc *d, const char *pointer);

/* ---- kinds of states, one file each behind one table ---- */

/* The fields that a kind may have besides Type and Comment. */
enum field {
    FIELD_NEXT = 1,
    FIELD_IO = 2, /* InputPath, OutputPath */
    FIELD_PARAMETERS = 4,
    FIELD_RESULT_PATH = 8,
    FIELD_RESULT_SELECTOR = 16,
    FIELD_ERRORS = 32, /* Retry, Catch */
    FIELD_ASSIGN = 64,
};

enum outcome {
    GO_NEXT,     /* f->result is set; leave through Next or End */
    GO_TO,       /* the same, to f->jump */
    GO_WAIT,     /* the frame waits */
    GO_BRANCHES, /* kids were made, or will be */
    GO_FAILED,   /* the stepper's failure is set */
};

struct state_kind {
    const char *name;
    int entered, exited; /* enum pav_event_type; exited 0: never */
    unsigned fields;
    const char *const *own_fields; /* NULL-terminated */
    void (*compile)(struct compiler *c, struct state *s,
                    const struct pav_doc *d, const char *pointer);
    /* Once all states of the scope are known. */
    void (*link)(struct compiler *c, struct state *s);
    enum outcome (*enter)(struct stepper *st, struct frame *f);
};

/* "A or B": the event names that a Choice's rules ask for; NULL: none. */
const char *
awaits_add(struct compiler *c, const char *so_far, const char *name);
const char *choice_event_names(struct compiler *c, const struct state *s);

extern const struct state_kind pass_kind, task_kind, choice_kind, wait_kind,
    succeed_kind, fail_kind, parallel_kind, map_kind;

const struct state_kind *kind_find(const struct pav_doc *type);
extern const struct state_kind *const state_kinds[];

/* Fields of the query language JSONata: refused where they stand. */
void check_jsonata_fields(struct compiler *c, const struct pav_doc *d,
                          const char *pointer);

#endif
