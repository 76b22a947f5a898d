/* The compiled model of a machine; shared by the files of the language. */
#ifndef PAVANE_MACHINE_INT_H
#define PAVANE_MACHINE_INT_H

#include "pavane/machine.h"
#include "pavane/path.h"
#include "pavane/pattern.h"

struct stepper;
struct frame;
struct state;

/* ---- expressions ---- */

/*
 * A payload template.  Intrinsic functions and variables will be further
 * kinds beside TMPL_PATH.
 */
enum tmpl_kind { TMPL_LITERAL, TMPL_PATH, TMPL_OBJECT, TMPL_ARRAY };

struct tmpl {
    enum tmpl_kind kind;
    const struct pav_doc *literal;
    const struct pav_path *path;
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
    const struct pav_path *path;
};

/* ---- Choice ---- */

enum test_kind { TEST_AND, TEST_OR, TEST_NOT, TEST_OPERATOR };

struct test {
    enum test_kind kind;
    uint32_t count; /* of parts */
    const struct test *const *parts;
    const struct choice_op *op;
    const struct pav_path *variable, *operand_path;
    const struct pav_doc *operand;
};

struct choice_rule {
    const struct test *test;
    const char *next_name;
    const struct state *next;
    uint32_t at;
    const char *pointer;
};

/* ---- errors ---- */

struct error_names {
    uint32_t count;
    const char *const *v;
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
    const char *next_name;
    const struct state *next;
    uint32_t at;
    const char *pointer;
};

/* ---- states ---- */

struct scope {
    const struct scope *up;
    const struct state *owner; /* the Parallel around it */
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
    const struct tmpl *parameters, *result_selector;
    const struct retrier *retriers;
    uint32_t retrier_count;
    struct catcher *catchers;
    uint32_t catcher_count;

    union {
        struct {
            const struct pav_doc *result; /* or NULL */
        } pass;
        struct {
            const struct pav_doc *resource_type, *resource;
            int64_t timeout_s; /* 0: none */
            const struct pav_path *timeout_path;
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
            const struct pav_path *seconds_path, *timestamp_path;
        } wait;
        struct {
            const struct pav_doc *error, *cause; /* strings, or NULL */
            const struct pav_path *error_path, *cause_path;
        } fail;
        struct {
            struct scope **branches;
            uint32_t count;
        } parallel;
    };
};

struct pav_machine {
    struct pav_arena arena;
    const char *text;
    const char *token_table;
    int64_t timeout_s; /* 0: none */
    bool needs_input;
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
};

/* A fault at a member (or at the object itself when key is NULL). */
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
const struct pav_path *
member_path(struct compiler *c, const struct pav_doc *o, const char *pointer,
            const char *key, bool reference);
void member_path_field(struct compiler *c, const struct pav_doc *o,
                       const char *pointer, const char *key, bool reference,
                       struct path_field *out);
const struct tmpl *template_compile(struct compiler *c, const struct pav_doc *d,
                                    const char *pointer);
struct scope *
scope_compile(struct compiler *c, const struct pav_doc *d, const char *pointer,
              const struct state *owner, const struct scope *up);
void retry_compile(struct compiler *c, struct state *s, const char *pointer);
void catch_compile(struct compiler *c, struct state *s, const char *pointer);
/* A transition target in the same scope; a fault when it is not there. */
const struct state *
target_find(struct compiler *c, const struct scope *scope, const char *name,
            const char *pointer, uint32_t at);

/* ---- kinds of states, one file each behind one table ---- */

/* The fields that a kind may have besides Type and Comment. */
enum field {
    FIELD_NEXT = 1,
    FIELD_IO = 2, /* InputPath, OutputPath */
    FIELD_PARAMETERS = 4,
    FIELD_RESULT_PATH = 8,
    FIELD_RESULT_SELECTOR = 16,
    FIELD_ERRORS = 32, /* Retry, Catch */
};

enum outcome {
    GO_NEXT,     /* f->result is set; leave through Next or End */
    GO_TO,       /* the same, to f->jump */
    GO_WAIT,     /* the frame waits */
    GO_BRANCHES, /* kids were made */
    GO_FAILED,   /* the stepper's failure is set */
};

struct state_kind {
    const char *name;
    int entered, exited; /* enum event_type; exited 0: never */
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
    succeed_kind, fail_kind, parallel_kind;

const struct state_kind *kind_find(const struct pav_doc *type);
extern const struct state_kind *const state_kinds[];

/* Fields that other parts of the language bring: refused where they stand. */
void check_later_fields(struct compiler *c, const struct pav_doc *d,
                        const char *pointer);

#endif
