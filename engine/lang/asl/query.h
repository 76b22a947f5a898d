/*
 * The seam of the query languages.
 *
 * ASL says what a state does; how its data is chosen and put together is
 * expressed in a query language, JSONPath or another.  The kinds of states know
 * none: a state's language compiles the fields that are its own and is asked
 * when the state runs.  A machine may mix languages, state by state
 * (QueryLanguage).
 *
 * Functions that run return false with the stepper's failure set.
 */
#ifndef PAVANE_ASL_QUERY_H
#define PAVANE_ASL_QUERY_H

#include "pavane/doc.h"
struct compiler;
struct place;
struct number;
struct scope;
struct state;
struct state_kind;
struct frame;
struct stepper;

/* How a member may be computed. */
enum value_form {
    VALUE_TEMPLATE, /* any JSON, with computed parts */
    VALUE_NUMBER,   /* a number or an instant, or what it is computed from */
    VALUE_TEXT,     /* the same of a text */
};

struct query_language {
    const char *name;              /* as QueryLanguage has it */
    const char *parameters;        /* the field that gives work its arguments */
    const char *const *own_fields; /* that no other language has */
    /* What TestState calls the list that a Map goes through; NULL: it shows
     * neither that nor the Map's result. */
    const char *shown_items;

    /* ---- compiling; faults go to the compiler ---- */

    /* A state of the kind has this field in this language alone. */
    bool (*has_field)(const struct state_kind *k, const struct pav_member *m);
    /* What a state says of its data. */
    const struct query *(*state)(struct compiler *c, const struct state *s,
                                 const struct pav_doc *d,
                                 const struct place *place);
    /* The same of a Choice's rule or of a catcher in it. */
    const struct query *(*rule)(struct compiler *c, const struct state *s,
                                const struct pav_doc *d,
                                const struct place *place);
    const struct query *(*catcher)(struct compiler *c, const struct state *s,
                                   const struct pav_doc *d,
                                   const struct place *place);
    const struct test *(*test)(struct compiler *c, const struct pav_doc *d,
                               const struct place *place);
    /* The member KEY where it is computed; NULL: it is literal or absent. */
    const struct value *(*member)(struct compiler *c, const struct pav_doc *o,
                                  const struct place *place, const char *key,
                                  enum value_form form);
    /* The member KEY is computed when the state runs. */
    bool (*is_computed)(const struct pav_doc *o, const char *key);
    /* For people: the event names that a test asks for, added to `so_far`;
     * NULL: nobody knows them. */
    const char *(*event_names)(struct compiler *c, const struct test *t,
                               const char *so_far);

    /* ---- running ---- */

    /* What the state's work is given, out of its input. */
    bool (*arguments)(struct stepper *st, struct frame *f,
                      const struct pav_doc **out);
    /* The state's output, out of the result of its work. */
    bool (*output)(struct stepper *st, struct frame *f, const struct query *q,
                   const struct pav_doc *result, const struct pav_doc **out);
    /* The variables that it sets, an object; NULL: none. */
    bool (*assign)(struct stepper *st, struct frame *f, const struct query *q,
                   const struct pav_doc *result, const struct pav_doc **out);
    bool (*holds)(struct stepper *st, struct frame *f, const struct test *t,
                  const struct pav_doc *from, bool *holds);
    bool (*value)(struct stepper *st, struct frame *f, const struct value *v,
                  const struct pav_doc *from, const struct pav_doc **out);
    bool (*number)(struct stepper *st, struct frame *f, const struct number *n,
                   const struct pav_doc *from, double *out);
    /* A point in time, in milliseconds. */
    bool (*instant)(struct stepper *st, struct frame *f, const struct value *v,
                    const struct pav_doc *from, int64_t *ms);
    /* What a Map goes through: see can_be_items() of map.h. */
    bool (*items)(struct stepper *st, struct frame *f,
                  const struct pav_doc *from, const struct pav_doc **out);
};

extern const struct query_language jsonpath_language, jsonata_language;

/* ---- what every language shares (data.c) ---- */

/* The language that has the member, when this one has not; or NULL. */
const struct query_language *
language_elsewhere(const struct compiler *c, const struct pav_member *m);
/* Such members are refused. */
void check_language(struct compiler *c, const struct pav_doc *d,
                    const struct place *place);

/* Assign's names are fit for variables; its value, an object; NULL: none. */
const struct pav_doc *member_assign(struct compiler *c, const struct pav_doc *o,
                                    const struct place *place);
/* No inner scope assigns what an outer one does. */
void check_assigned(struct compiler *c, const struct scope *top);

/* The literal, or what it is computed as. */
bool number_of(struct stepper *st, struct frame *f, const struct number *n,
               const struct pav_doc *from, double *out);
/* NULL when there is no value to compute. */
bool value_of(struct stepper *st, struct frame *f, const struct value *v,
              const struct pav_doc *from, const struct pav_doc **out);
/* Assign, then the output: `q` is the state's, its rule's or its catcher's.
 * The variables take effect with assign_apply(). */
bool state_output(struct stepper *st, struct frame *f, const struct query *q,
                  const struct pav_doc *result, const struct pav_doc **out);
bool assign_apply(struct stepper *st, struct frame *f);

#endif
