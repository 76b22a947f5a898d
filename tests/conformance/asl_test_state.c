/*
 * Cases of TestState.  A task that was recorded without a mock gets the
 * expected result as one: nothing is called from here.
 */
#include <string.h>

#include "pavane/test_state.h"
#include "asl_run.h"
#include "normal.h"

static const char *
text_of(struct pav_arena *a, const struct pav_doc *o, const char *key)
{
    const struct pav_doc *d = pav_doc_get(o, key);

    return d == NULL ? NULL : pav_doc_str(a, d);
}

static int64_t
number_of(const struct pav_doc *o, const char *key, int64_t by_default)
{
    const struct pav_doc *d = pav_doc_get(o, key);
    int64_t n = by_default;

    if (d != NULL)
        (void)pav_doc_int(d, &n);
    return n;
}

/* JSON text in a request. */
static const struct pav_doc *
json_of(struct pav_arena *a, const struct pav_doc *o, const char *key)
{
    const struct pav_doc *d = pav_doc_get(o, key), *parsed;

    if (d == NULL || d->kind != PAV_STRING)
        return d;
    if (pav_doc_parse(a, d->text, d->len, NULL, &parsed, NULL) == PAV_OK)
        return parsed;
    return d;
}

static void
fill_mock(struct pav_test_in *in, const struct pav_doc *c, struct pav_arena *a)
{
    const struct pav_doc *request = pav_doc_get(c, "request");
    const struct pav_doc *mock = pav_doc_get(request, "mock");
    const struct pav_doc *error = pav_doc_get(mock, "errorOutput");
    const struct pav_doc *mode = pav_doc_get(mock, "fieldValidationMode");
    const struct pav_doc *expect = pav_doc_get(c, "expect"), *shown;

    in->result = json_of(a, mock, "result");
    in->mocked_error = error != NULL;
    in->error = text_of(a, error, "error");
    in->cause = text_of(a, error, "cause");
    if (pav_doc_is_str(mode, "PRESENT"))
        in->check = PAV_CHECK_PRESENT;
    if (pav_doc_is_str(mode, "NONE"))
        in->check = PAV_CHECK_NONE;
    if (mock == NULL && in->role_arn != NULL &&
        pav_doc_is_str(pav_doc_get(pav_doc_get(c, "definition"), "Type"),
                       "Task")) {
        shown = pav_doc_get(expect, "inspectionData");
        in->result = json_of(a, shown, "result");
        if (in->result == NULL)
            in->result = pav_doc_get(expect, "output");
        in->check = PAV_CHECK_NONE;
    }
}

static void
fill(struct pav_test_in *in, const struct pav_doc *c, struct pav_arena *a)
{
    const struct pav_doc *request = pav_doc_get(c, "request");
    const struct pav_doc *config = pav_doc_get(request, "stateConfiguration");
    struct pav_buf b;

    memset(in, 0, sizeof(*in));
    pav_buf_init(&b, 1 << 20);
    pav_doc_print(pav_doc_get(c, "definition"), &b);
    in->definition = pav_arena_strndup(a, b.p, b.len);
    in->len = b.len;
    pav_buf_fini(&b);
    in->state = text_of(a, request, "stateName");
    in->role_arn = text_of(a, request, "roleArn");
    in->input = pav_doc_get(c, "input");
    in->variables = json_of(a, request, "variables");
    in->context = json_of(a, request, "context");
    in->reveal_secrets =
        pav_doc_get(request, "revealSecrets") != NULL &&
        pav_doc_get(request, "revealSecrets")->kind == PAV_TRUE;
    in->retry_count = number_of(config, "retrierRetryCount", 0);
    in->failed_iterations = number_of(config, "mapIterationFailureCount", -1);
    in->now_ms = 1767225600000;
    in->region = "us-east-1";
    in->account = "111111111111";
    fill_mock(in, c, a);
}

static bool
text_agrees(const struct normal *n, const struct pav_doc *want, const char *got)
{
    if (want == NULL || got == NULL)
        return want == NULL && got == NULL;
    return normal_equal(n, want, pav_doc_new_cstr(n->arena, got));
}

static const char *
printed(struct pav_arena *a, const char *what, const struct pav_doc *d)
{
    const char *text;
    struct pav_buf b;

    pav_buf_init(&b, 3000);
    pav_buf_puts(&b, what);
    if (d != NULL)
        pav_doc_print(d, &b);
    text = pav_arena_strdup(a, b.p);
    pav_buf_fini(&b);
    return text;
}

static const char *
compare(struct pav_arena *a, const struct pav_doc *c,
        const struct pav_test_out *out)
{
    const struct pav_doc *expect = pav_doc_get(c, "expect");
    const struct pav_doc *shown = pav_doc_get(expect, "inspectionData");
    const struct pav_doc *output = pav_doc_get(expect, "output");
    struct normal n = {a, pav_doc_get(c, "masks")};

    if (!pav_doc_is_str(pav_doc_get(expect, "status"), out->status))
        return pav_arena_printf(a, "status %s: %s: %s", out->status,
                                out->error == NULL ? "-" : out->error,
                                out->cause == NULL ? "-" : out->cause);
    if (!text_agrees(&n, pav_doc_get(expect, "error"), out->error) ||
        !text_agrees(&n, pav_doc_get(expect, "cause"), out->cause))
        return pav_arena_printf(a, "error %s: %s",
                                out->error == NULL ? "-" : out->error,
                                out->cause == NULL ? "-" : out->cause);
    if (!text_agrees(&n, pav_doc_get(expect, "nextState"), out->next_state))
        return pav_arena_printf(
            a, "nextState %s", out->next_state == NULL ? "-" : out->next_state);
    if (output != NULL && !normal_equal(&n, output, out->output))
        return printed(a, "output ", out->output);
    if (shown != NULL && !normal_equal(&n, shown, out->inspection))
        return printed(a, "inspectionData ", out->inspection);
    return NULL;
}

void
asl_test_state(struct tally *t, const struct pav_doc *c, struct pav_arena *a)
{
    const struct pav_doc *expect = pav_doc_get(c, "expect");
    struct pav_test_in in;
    struct pav_test_out out;
    const char *error = NULL, *why = NULL, *differs;

    if (pav_doc_is_str(pav_doc_get(expect, "error"), "ParamValidationError")) {
        tally_skip(t); /* the client's own check: nothing is sent */
        return;
    }
    fill(&in, c, a);
    if (pav_test_state(&in, a, &out, &error, &why)) {
        differs = compare(a, c, &out);
    } else {
        bool fine =
            pav_doc_is_str(pav_doc_get(expect, "status"), "API_ERROR") &&
            pav_doc_is_str(pav_doc_get(expect, "error"), error) &&
            pav_doc_is_str(pav_doc_get(expect, "cause"), why);

        differs = fine ? NULL : pav_arena_printf(a, "%s: %s", error, why);
    }
    t->outcomes++;
    t->outcomes_equal += differs == NULL;
    tally_case(t, differs == NULL, pav_doc_get(c, "id"),
               differs == NULL ? "" : differs);
}
