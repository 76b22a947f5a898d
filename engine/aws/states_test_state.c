/*
 * TestState: one state, or its mocked result, without a machine.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/test_state.h"
#include "reads.h"
#include "states_fields.h"

/* JSON text of a request; false after the answer. */
static bool
json_of(struct aws_read *r, const struct pav_doc *o, const char *key,
        const char *error, const struct pav_doc **out)
{
    const char *text = request_text(r->q->arena, o, key);
    struct pav_err err;

    *out = NULL;
    if (text == NULL || pav_doc_parse_copy(r->q->arena, text, strlen(text),
                                           NULL, out, &err) == PAV_OK)
        return true;
    read_fail(r, error, "%s is not JSON: %s (%s)", key, err.message, err.at);
    return false;
}

static bool
mock_of(struct aws_read *r, struct pav_test_in *in)
{
    const struct pav_doc *mock = pav_doc_get(r->request, "mock");
    const struct pav_doc *error = pav_doc_get(mock, "errorOutput");
    const char *check = request_text(r->q->arena, mock, "fieldValidationMode");
    const char *text;

    in->mocked_error = error != NULL;
    in->error = request_text(r->q->arena, error, "error");
    in->cause = request_text(r->q->arena, error, "cause");
    if (check != NULL && strcmp(check, "PRESENT") == 0)
        in->check = PAV_CHECK_PRESENT;
    else if (check != NULL && strcmp(check, "NONE") == 0)
        in->check = PAV_CHECK_NONE;
    text = request_text(r->q->arena, mock, "result");
    if (text == NULL || pav_doc_parse_copy(r->q->arena, text, strlen(text),
                                           NULL, &in->result, NULL) == PAV_OK)
        return true;
    read_fail(r, "ValidationException", "Mocked result must be valid JSON");
    return false;
}

static void
test_answer(struct aws_read *r, const struct pav_test_out *out)
{
    struct pav_arena *a = r->q->arena;
    const char *level = request_text(a, r->request, "inspectionLevel");
    struct pav_members m, shown;
    uint32_t i;

    pav_members_init(&m, a);
    if (out->output != NULL)
        pav_members_str(&m, "output", pav_doc_text(a, out->output));
    pav_members_str(&m, "error", out->error);
    pav_members_str(&m, "cause", out->cause);
    if (level != NULL && strcmp(level, "INFO") != 0) {
        pav_members_init(&shown, a);
        for (i = 0; i < out->inspection->len; i++) {
            const struct pav_member *d = &out->inspection->members[i];
            bool plain = d->value.kind == PAV_NUMBER ||
                         (d->len == 12 && !memcmp(d->key, "errorDetails", 12));

            pav_members_add(
                &shown, d->key, d->len,
                plain ? &d->value
                      : pav_doc_new_cstr(a, pav_doc_text(a, &d->value)));
        }
        pav_members_puts(&m, "inspectionData", pav_members_object(&shown));
    }
    pav_members_str(&m, "nextState", out->next_state);
    pav_members_str(&m, "status", out->status);
    read_answer(r, &m);
}

static void
test_state(struct aws_read *r)
{
    struct pav_arena *a = r->q->arena;
    const struct pav_doc *config =
        pav_doc_get(r->request, "stateConfiguration");
    struct pav_test_in in = {.now_ms = r->q->now_ms,
                             .region = r->q->region,
                             .account = r->q->account};
    struct pav_test_out out;
    const char *error, *why;

    in.definition = request_text(a, r->request, "definition");
    in.len = strlen(in.definition);
    in.state = request_text(a, r->request, "stateName");
    in.role_arn = request_text(a, r->request, "roleArn");
    in.reveal_secrets = request_flag(r->request, "revealSecrets", false);
    in.retry_count = request_int(config, "retrierRetryCount", 0);
    in.failed_iterations = request_int(config, "mapIterationFailureCount", -1);
    pav_random(&in.seed, sizeof(in.seed));
    if (!json_of(r, r->request, "input", "InvalidExecutionInput", &in.input) ||
        !json_of(r, r->request, "variables", "ValidationException",
                 &in.variables) ||
        !json_of(r, r->request, "context", "ValidationException",
                 &in.context) ||
        !mock_of(r, &in))
        return;
    if (pav_test_state(&in, a, &out, &error, &why))
        test_answer(r, &out);
    else
        read_fail(r, error, "%s", why);
}

FIELDS(test_state, {"definition", FIELD_TEXT, true, 1, 1048576, NULL},
       ARN_("roleArn"), {"input", FIELD_TEXT, false, 0, 262144, NULL},
       {"inspectionLevel", FIELD_TEXT, false, 0, 0, "INFO, DEBUG, TRACE"},
       {"revealSecrets", FIELD_FLAG, false, 0, 0, NULL},
       {"variables", FIELD_TEXT, false, 0, 262144, NULL},
       {"stateName", FIELD_TEXT, false, 1, 80, NULL},
       {"mock", FIELD_OBJECT, false, 0, 0, NULL},
       {"context", FIELD_TEXT, false, 0, 262144, NULL},
       {"stateConfiguration", FIELD_OBJECT, false, 0, 0, NULL});

/* ---- the table ---- */

const struct aws_action states_test_state_actions[] = {
    ON_READER("TestState", "states:TestState", test_state, test_state),
    END_OF_ACTIONS};
