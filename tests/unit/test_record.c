/* Records: what they refer to, and those of before. */
#include "unit.h"

#include "../kept_records.h"

#define TWO_TASKS                                                              \
    "{\"StartAt\":\"One\",\"States\":{\"One\":{\"Type\":\"Task\","             \
    "\"Resource\":\"arn:pavane:states:::event.waitForTaskToken\","             \
    "\"ResultPath\":\"$.first\",\"Next\":\"Two\"},\"Two\":{\"Type\":"          \
    "\"Task\",\"Resource\":\"arn:aws:states:::sqs:sendMessage"                 \
    ".waitForTaskToken\",\"Parameters\":{\"QueueUrl\":\"https://q\","          \
    "\"MessageBody\":{\"a\":1,\"note\":\"a constant of the definition\"}},"    \
    "\"ResultPath\":\"$.second\",\"End\":true}}}"
#define FILLS                                                                  \
    "{\"StartAt\":\"One\",\"States\":{\"One\":{\"Type\":\"Task\","             \
    "\"Resource\":\"arn:aws:states:::sqs:sendMessage.waitForTaskToken\","      \
    "\"Parameters\":{\"QueueUrl\":\"https://queue.example/orders\","           \
    "\"MessageBody\":{\"list\":[1,{\"a.$\":\"$.detail.order\"},\"text\"],"     \
    "\"all.$\":\"$\",\"token.$\":\"$$.Task.Token\"}},\"End\":true}}}"
#define DETAIL "{\"order\":\"o-1\",\"lines\":[1,2,3,4,5,6,7,8,9]}"
#define EVENT                                                                  \
    "{\"version\":\"0\",\"id\":\"e-1\",\"detail-type\":\"Paid\",\"source\":"   \
    "\"pay\",\"detail\":" DETAIL "}"
#define DETAIL_AT ((size_t)(strstr(EVENT, DETAIL) - EVENT))

struct run {
    struct pav_arena arena;
    struct pav_identity id;
    struct kept_records records;
    struct pav_record *record;
    struct pav_step_out out;
    int64_t next_id;
    size_t bytes; /* of the last record */
};

static void
begin_of(struct run *r, const char *definition, const char *body)
{
    struct pav_faults faults;

    memset(r, 0, sizeof(*r));
    pav_arena_init(&r->arena, 4096);
    pav_faults_init(&faults, &r->arena);
    r->records.machine = pav_machine_compile(definition, strlen(definition),
                                             PAV_STANDARD, &faults);
    assert_non_null(r->records.machine);
    r->records.event = (struct pav_bytes){body, strlen(body)};
    r->id = (struct pav_identity){.execution_no = 1,
                                  .execution_arn = "arn",
                                  .execution_name = "x",
                                  .machine_arn = "arn",
                                  .machine_name = "m",
                                  .role_arn = "",
                                  .region = "r",
                                  .account = "0",
                                  .started_at = 1000};
    r->next_id = 1;
}

static void
begin(struct run *r, const char *body)
{
    begin_of(r, TWO_TASKS, body);
}

static void
end(struct run *r)
{
    pav_machine_free(r->records.machine);
    pav_arena_fini(&r->arena);
}

static const struct pav_doc *
doc(struct run *r, const char *text)
{
    return pav_doc_own(&r->arena, text, strlen(text));
}

static void
wake(struct run *r, enum pav_wake_kind kind, uint32_t no,
     const struct pav_doc *output, const struct pav_event_text *event)
{
    static const char *const all[] = {"*"};
    static const struct pav_services services = {all, 1, PAV_UNMAPPED_DEFAULT};
    struct pav_step_in in = {.machine = r->records.machine,
                             .identity = &r->id,
                             .record = r->record,
                             .event = event,
                             .first_event_id = r->next_id,
                             .services = &services,
                             .wake = {.kind = kind, .no = no, .output = output},
                             .now_ms = 1000};

    pav_step(&in, &r->arena, &r->out);
    r->bytes = r->out.record.len;
    r->record = keep_record(&r->records, &r->out.record, &r->arena);
    pav_buf_fini(&r->out.record);
    r->next_id += r->out.event_count;
}

/* An envelope whose text is the event's body, byte for byte. */
static struct pav_event_text
as_posted(const char *event)
{
    return (struct pav_event_text){.len = strlen(event)};
}

/* The payload of the n-th event of the last record, as text. */
static const char *
payload(struct run *r, uint32_t n)
{
    struct pav_history_event e;

    pav_history_event(r->record, n, 1, &r->arena, &e);
    return pav_doc_text(&r->arena, e.payload);
}

static void
test_the_event_is_not_repeated(void **state)
{
    struct pav_event_text whole = as_posted(EVENT);
    struct run r;

    (void)state;
    begin(&r, EVENT);
    wake(&r, PAV_WAKE_START, 0, doc(&r, EVENT), &whole);
    assert_string_equal(payload(&r, 0), EVENT);
    assert_in_range(r.bytes, 1, 130);
    wake(&r, PAV_WAKE_SUCCESS, 1, doc(&r, "7"), NULL);
    assert_in_range(r.bytes, 1, 330); /* $.first is new */
    end(&r);
}

static void
test_a_part_of_the_event(void **state)
{
    struct pav_event_text whole = as_posted(EVENT);
    struct run r;

    (void)state;
    begin(&r, EVENT);
    wake(&r, PAV_WAKE_START, 0, pav_doc_get(doc(&r, EVENT), "detail"), &whole);
    assert_string_equal(payload(&r, 0), DETAIL);
    assert_in_range(r.bytes, 1, 130);
    end(&r);
}

/* The producer wrote it otherwise: its detail alone is the same. */
static void
test_an_event_that_was_brought_into_form(void **state)
{
    static const char body[] =
        "{ \"source\": \"pay\",\n  \"detail\": " DETAIL " }";
    struct pav_event_text part = {.before = {EVENT, DETAIL_AT},
                                  .behind = {"}", 1},
                                  .body_at =
                                      (size_t)(strstr(body, DETAIL) - body),
                                  .len = strlen(EVENT) - DETAIL_AT - 1};
    struct run r;

    (void)state;
    begin(&r, body);
    wake(&r, PAV_WAKE_START, 0, doc(&r, EVENT), &part);
    assert_string_equal(payload(&r, 0), EVENT);
    end(&r);
    begin(&r, body);
    wake(&r, PAV_WAKE_START, 0, pav_doc_get(doc(&r, EVENT), "detail"), &part);
    assert_string_equal(payload(&r, 0), DETAIL);
    end(&r);
}

/* The third record refers to the input that the first one has. */
static void
test_earlier_payloads_are_not_repeated(void **state)
{
    struct run r;

    (void)state;
    begin(&r, EVENT);
    wake(&r, PAV_WAKE_START, 0, doc(&r, "{\"a\":\"input of the first\"}"),
         NULL);
    wake(&r, PAV_WAKE_HEARTBEAT, 1, NULL, NULL);
    assert_in_range(r.bytes, 1, 90);
    wake(&r, PAV_WAKE_HEARTBEAT, 1, NULL, NULL);
    wake(&r, PAV_WAKE_SUCCESS, 1, doc(&r, "7"), NULL);
    assert_string_equal(payload(&r, 1),
                        "{\"a\":\"input of the first\",\"first\":7}");
    end(&r);
}

static void
test_the_definition_is_not_repeated(void **state)
{
    struct pav_history_event e;
    struct run r;

    (void)state;
    begin(&r, EVENT);
    wake(&r, PAV_WAKE_START, 0, doc(&r, "{}"), NULL);
    wake(&r, PAV_WAKE_SUCCESS, 1, doc(&r, "7"), NULL);
    assert_in_range(r.bytes, 1, 160);
    pav_history_event(r.record, 3, 1, &r.arena, &e);
    assert_string_equal(e.type, "TaskScheduled");
    assert_string_equal(pav_doc_str(&r.arena, e.resource_type), "sqs");
    assert_string_equal(pav_doc_str(&r.arena, e.resource),
                        "sendMessage.waitForTaskToken");
    assert_string_equal(payload(&r, 3),
                        "{\"QueueUrl\":\"https://q\",\"MessageBody\":{\"a\":1,"
                        "\"note\":\"a constant of the definition\"}}");
    end(&r);
}

/* A template's text is not repeated, only what its computed members are. */
static void
test_what_a_template_was_filled_with(void **state)
{
    struct pav_event_text whole = as_posted(EVENT);
    const char *text;
    struct run r;

    (void)state;
    begin_of(&r, FILLS, EVENT);
    wake(&r, PAV_WAKE_START, 0, doc(&r, EVENT), &whole);
    assert_in_range(r.bytes, 1, 230);
    text = payload(&r, 2);
    assert_int_equal(
        strncmp(text,
                "{\"QueueUrl\":\"https://queue.example/orders\","
                "\"MessageBody\":{\"list\":[1,{\"a\":\"o-1\"},\"text\"],"
                "\"all\":" EVENT ",\"token\":\"AAAA",
                150),
        0);
    assert_non_null(strstr(text, EVENT));
    end(&r);
}

/* As a daemon before semantics 4 wrote it. */
static void
test_text_of_before(void **state)
{
    static const char text[] =
        "{\"w\":2,\"f\":{\"s\":\"One\",\"p\":1,\"v\":5,\"h\":2,\"a\":1000,"
        "\"i\":0,\"n\":1,\"y\":2,\"k\":\"TOKEN\"},\"p\":[{\"k\":\"v\"},{},"
        "\"event\",\"event.waitForTaskToken\"],\"e\":[[1,0,0],[8,0,\"One\",0],"
        "[23,2,2,3,1],[24,3,2,3],[25,4,2,3,1]]}";
    struct pav_buf old;
    struct run r;

    (void)state;
    begin(&r, EVENT);
    pav_buf_init(&old, 1 << 16);
    pav_buf_puts(&old, text);
    r.record = keep_record(&r.records, &old, &r.arena);
    pav_buf_fini(&old);
    assert_int_equal(pav_history_count(r.record), 5);
    assert_string_equal(payload(&r, 0), "{\"k\":\"v\"}");
    assert_true(pav_record_has_frames(r.record));
    r.next_id = 6;
    wake(&r, PAV_WAKE_HEARTBEAT, 1, NULL, NULL);
    wake(&r, PAV_WAKE_SUCCESS, 1, doc(&r, "7"), NULL);
    assert_string_equal(payload(&r, 1), "{\"k\":\"v\",\"first\":7}");
    assert_int_equal(r.out.wait_count, 1);
    assert_int_equal(r.out.waits[0].no, 2);
    end(&r);
}

static void
test_the_whole_for_who_has_no_sources(void **state)
{
    struct pav_sources none = {.definition = pav_record_definition};
    struct pav_stored stored = {.id = 0};
    struct pav_event_text whole = as_posted(EVENT);
    struct run r;

    (void)state;
    begin(&r, EVENT);
    wake(&r, PAV_WAKE_START, 0, doc(&r, EVENT), &whole);
    stored.bytes = pav_record_whole(r.records.machine, r.record, &r.arena);
    none.arg = r.records.machine;
    r.record = pav_record_open(&stored, &none, &r.arena);
    wake(&r, PAV_WAKE_SUCCESS, 1, doc(&r, "7"), NULL);
    assert_int_equal(strncmp(payload(&r, 1), EVENT, strlen(EVENT) - 1), 0);
    end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_event_is_not_repeated),
        cmocka_unit_test(test_a_part_of_the_event),
        cmocka_unit_test(test_an_event_that_was_brought_into_form),
        cmocka_unit_test(test_earlier_payloads_are_not_repeated),
        cmocka_unit_test(test_the_definition_is_not_repeated),
        cmocka_unit_test(test_what_a_template_was_filled_with),
        cmocka_unit_test(test_text_of_before),
        cmocka_unit_test(test_the_whole_for_who_has_no_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
