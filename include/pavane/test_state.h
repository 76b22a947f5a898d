/*
 * TestState: one state by itself, with a given input, variables and context.
 *
 * Tasks, Maps and Parallels do no work: a mock says what they give, or how
 * they fail.  Rules and texts: Step Functions API, TestState.
 */
#ifndef PAVANE_TEST_STATE_H
#define PAVANE_TEST_STATE_H

#include "pavane/machine.h"

/* The name of a state that came alone. */
#define PAV_LONE_STATE "StateName"

enum pav_field_check { PAV_CHECK_STRICT, PAV_CHECK_PRESENT, PAV_CHECK_NONE };

struct pav_test_in {
    const char *definition; /* of a machine, or of one state */
    size_t len;
    const char *state; /* which one; NULL: the definition is one */
    const char *role_arn;
    const char *region, *account; /* of the names in its context */
    const struct pav_doc *input, *variables, *context; /* may be NULL */
    bool reveal_secrets;
    /* A mock: a result, or an error. */
    const struct pav_doc *result;
    bool mocked_error;
    const char *error, *cause; /* of the mock; may be NULL */
    enum pav_field_check check;
    /* How the state came here. */
    int64_t retry_count;       /* attempts of the retrier that fits */
    int64_t failed_iterations; /* of a Map; -1: not given */
    int64_t now_ms;
    uint64_t seed;
};

struct pav_test_out {
    const char *status; /* SUCCEEDED, FAILED, RETRIABLE, CAUGHT_ERROR */
    const struct pav_doc *output;
    const char *error, *cause, *next_state; /* may be NULL */
    const struct pav_doc *inspection;       /* an object */
};

/*
 * False: the request is refused with `*error` (ValidationException,
 * InvalidDefinition) and `*why`.  What is made lives in the arena.
 */
bool
pav_test_state(const struct pav_test_in *in, struct pav_arena *a,
               struct pav_test_out *out, const char **error, const char **why);

/*
 * Does a mocked result have the shape of the service's answer?  NULL: yes, or
 * the shape is not known; else what is wrong.
 */
const char *pav_mock_check(const char *service, const char *method,
                           const struct pav_doc *result,
                           enum pav_field_check check, struct pav_arena *a);

#endif
