/* Definitions: compiled, drawn, and the first step of what compiles taken. */
#include "fuzz.h"
#include "pavane/graph.h"
#include "../kept_records.h"
#include "pavane/machine.h"
#include "pavane/step.h"

static void
step(struct pav_machine *m, struct pav_arena *a)
{
    static const struct pav_identity who = {.execution_no = 1,
                                            .execution_arn = "arn",
                                            .execution_name = "x",
                                            .machine_arn = "arn",
                                            .machine_name = "m",
                                            .role_arn = "",
                                            .region = "r",
                                            .started_at = 1};
    struct pav_step_in in = {
        .machine = m,
        .identity = &who,
        .execution_input = &pav_doc_empty_object,
        .first_event_id = 1,
        .wake = {.kind = PAV_WAKE_START, .output = &pav_doc_empty_object},
        .now_ms = 1000,
        .budget = 200};
    struct pav_history_event e;
    struct pav_step_out out;
    struct kept_records records = {.machine = m};
    struct pav_record *record;
    uint32_t i;

    pav_step(&in, a, &out);
    record = keep_record(&records, &out.record, a);
    FUZZ_CHECK(pav_history_count(record) == out.event_count);
    for (i = 0; i < out.event_count; i++)
        pav_history_event(record, i, 1, a, &e);
    pav_buf_fini(&out.record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct pav_doc *d;
    struct pav_faults faults;
    struct pav_machine *m;
    struct pav_graph *g;
    struct pav_arena a;
    struct pav_buf b;
    size_t before = fuzz_bytes();

    pav_arena_init(&a, 4096);
    pav_faults_init(&faults, &a);
    m = pav_machine_compile((const char *)data, len, PAV_STANDARD, &faults);
    if (m != NULL)
        FUZZ_HOLDS(before, len);
    pav_buf_init(&b, 1u << 24);
    pav_faults_print(&faults, "f", &b);
    d = fuzz_parse(&a, data, len, PAV_DUP_LAST);
    if (d != NULL) {
        g = pav_graph_new(d, m);
        pav_graph_svg(g, NULL, NULL, &b);
        pav_graph_json(g, &b);
        pav_graph_free(g);
    }
    if (m != NULL)
        step(m, &a);
    pav_buf_fini(&b);
    pav_machine_free(m);
    pav_arena_fini(&a);
    return 0;
}
