/* Intrinsic calls: a line with the call, then the state's input as JSON. */
#include "fuzz.h"
#include "pavane/history.h"
#include "pavane/step.h"

static struct pav_machine *
machine_of(struct pav_arena *a, const uint8_t *text, size_t len)
{
    struct pav_faults faults;
    struct pav_machine *m;
    struct pav_buf b;

    pav_faults_init(&faults, a);
    pav_buf_init(&b, 1u << 20);
    pav_buf_puts(&b, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
                     "\"End\":true,\"Parameters\":{\"x.$\":");
    pav_buf_json(&b, (const char *)text, len);
    pav_buf_puts(&b, "}}}}");
    m = pav_machine_compile(b.p, b.len, PAV_STANDARD, &faults);
    pav_buf_fini(&b);
    return m;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct pav_identity who = {.execution_arn = "arn",
                                            .execution_name = "x",
                                            .machine_arn = "arn",
                                            .machine_name = "m",
                                            .role_arn = "",
                                            .region = "r",
                                            .account = "0",
                                            .started_at = 1};
    size_t line = fuzz_line(data, len);
    const struct pav_doc *input, *x;
    struct pav_machine *m;
    struct pav_arena a;

    pav_arena_init(&a, 4096);
    m = machine_of(&a, data, line);
    input = line < len
                ? fuzz_parse(&a, data + line + 1, len - line - 1, PAV_DUP_LAST)
                : &pav_doc_empty_object;
    if (m != NULL && input != NULL) {
        struct pav_step_in in = {
            .machine = m,
            .identity = &who,
            .execution_input = input,
            .first_event_id = 1,
            .wake = {.kind = PAV_WAKE_START, .output = input},
            .now_ms = 1000};
        struct pav_step_out out, again;

        pav_step(&in, &a, &out);
        FUZZ_CHECK(out.status == PAV_SUCCEEDED || out.status == PAV_FAILED);
        x = out.status == PAV_SUCCEEDED ? pav_doc_get(out.output, "x") : NULL;
        FUZZ_CHECK((x != NULL) == (out.status == PAV_SUCCEEDED));
        pav_step(&in, &a, &again); /* the same seed: the same bytes */
        FUZZ_CHECK(again.record.len == out.record.len &&
                   memcmp(again.record.p, out.record.p, out.record.len) == 0);
        pav_buf_fini(&out.record);
        pav_buf_fini(&again.record);
    }
    pav_machine_free(m);
    pav_arena_fini(&a);
    return 0;
}
