#include "pavane/errors.h"

#include <string.h>

static const char *const names[PAV_STATES_ERRORS] = {
    [PAV_STATES_OTHER] = "",
    [PAV_STATES_ALL] = "States.ALL",
    [PAV_STATES_HEARTBEAT_TIMEOUT] = "States.HeartbeatTimeout",
    [PAV_STATES_TIMEOUT] = "States.Timeout",
    [PAV_STATES_TASK_FAILED] = "States.TaskFailed",
    [PAV_STATES_PERMISSIONS] = "States.Permissions",
    [PAV_STATES_RESULT_PATH_MATCH_FAILURE] = "States.ResultPathMatchFailure",
    [PAV_STATES_PARAMETER_PATH_FAILURE] = "States.ParameterPathFailure",
    [PAV_STATES_QUERY_EVALUATION_ERROR] = "States.QueryEvaluationError",
    [PAV_STATES_BRANCH_FAILED] = "States.BranchFailed",
    [PAV_STATES_NO_CHOICE_MATCHED] = "States.NoChoiceMatched",
    [PAV_STATES_INTRINSIC_FAILURE] = "States.IntrinsicFailure",
    [PAV_STATES_EXCEED_TOLERATED_FAILURE_THRESHOLD] =
        "States.ExceedToleratedFailureThreshold",
    [PAV_STATES_ITEM_READER_FAILED] = "States.ItemReaderFailed",
    [PAV_STATES_RESULT_WRITER_FAILED] = "States.ResultWriterFailed",
    [PAV_STATES_DATA_LIMIT_EXCEEDED] = "States.DataLimitExceeded",
    [PAV_STATES_RUNTIME] = "States.Runtime",
};

const char *
pav_states_error(enum pav_states_error e)
{
    return names[e];
}

enum pav_states_error
pav_states_error_find(const char *name)
{
    int i;

    if (name == NULL || strncmp(name, "States.", 7) != 0)
        return PAV_STATES_OTHER;
    for (i = PAV_STATES_OTHER + 1; i < PAV_STATES_ERRORS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum pav_states_error)i;
    return PAV_STATES_OTHER;
}
