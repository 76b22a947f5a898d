/* The errors that the language names itself: "States.Timeout".  Others are
 * texts of services, of Fail states, of whoever ends a task. */
#ifndef PAVANE_ERRORS_H
#define PAVANE_ERRORS_H

enum pav_states_error {
    PAV_STATES_OTHER, /* a name of somebody else's */
    PAV_STATES_ALL,
    PAV_STATES_HEARTBEAT_TIMEOUT,
    PAV_STATES_TIMEOUT,
    PAV_STATES_TASK_FAILED,
    PAV_STATES_PERMISSIONS,
    PAV_STATES_RESULT_PATH_MATCH_FAILURE,
    PAV_STATES_PARAMETER_PATH_FAILURE,
    PAV_STATES_QUERY_EVALUATION_ERROR,
    PAV_STATES_BRANCH_FAILED,
    PAV_STATES_NO_CHOICE_MATCHED,
    PAV_STATES_INTRINSIC_FAILURE,
    PAV_STATES_EXCEED_TOLERATED_FAILURE_THRESHOLD,
    PAV_STATES_ITEM_READER_FAILED,
    PAV_STATES_RESULT_WRITER_FAILED,
    PAV_STATES_DATA_LIMIT_EXCEEDED,
    PAV_STATES_RUNTIME,
    PAV_STATES_ERRORS
};

const char *pav_states_error(enum pav_states_error e);
/* PAV_STATES_OTHER: it is none of them; NULL is none. */
enum pav_states_error pav_states_error_find(const char *name);

#endif
