/*
 * The language alone, without store, bus or sockets.
 *
 *   bench_language CASE TIMES [MACHINE EVENTS]
 *
 * CASE: order    an order's life out of the files MACHINE and EVENTS
 *       chain    200 Pass states
 *       map-N    an inline Map over N items, a Pass each
 *       jsonpath, jsonata
 *                200 Pass states that put their output together, each alike in
 *                its language
 *       load     the definition of the chain is compiled
 *
 * Prints "units transitions steps nanoseconds" of all TIMES together; a unit is
 * an order, a chain, an item, a definition.  The record goes through its text
 * between any two steps, as in the daemon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pavane/step.h"

#define CHAIN 200

struct bench {
    struct pav_machine *machine;
    const struct pav_doc *input;
    const struct pav_doc *const *wakes; /* outputs of its tasks, in order */
    uint32_t wake_count;
    uint64_t transitions, steps;
    struct pav_arena arena; /* of a step; kept, as the daemon keeps its own */
};

static _Noreturn void
fail(const char *why, const char *what)
{
    fprintf(stderr, "bench_language: %s: %s\n", what, why);
    exit(2);
}

static struct pav_machine *
compile(const char *text, size_t len)
{
    struct pav_faults faults;
    struct pav_machine *m;
    struct pav_arena a;

    pav_arena_init(&a, 4096);
    pav_faults_init(&faults, &a);
    m = pav_machine_compile(text, len, PAV_STANDARD, &faults);
    if (m == NULL)
        fail(faults.v[0].message, "the machine");
    pav_arena_fini(&a);
    return m;
}

static void
run(struct bench *b)
{
    static const struct pav_identity who = {
        .execution_no = 1,
        .execution_arn = "arn:aws:states:us-east-1:0:execution:m:x",
        .execution_name = "x",
        .machine_arn = "arn:aws:states:us-east-1:0:stateMachine:m",
        .machine_name = "m",
        .role_arn = "",
        .region = "us-east-1",
        .account = "0",
        .started_at = 1000};
    struct pav_step_in in = {
        .machine = b->machine,
        .identity = &who,
        .execution_input = b->input,
        .first_event_id = 1,
        .wake = {.kind = PAV_WAKE_START, .output = b->input},
        .now_ms = 1000,
        .history_max = UINT32_MAX};
    struct pav_sources sources = {.arg = b->machine,
                                  .definition = pav_record_definition};
    struct pav_stored stored = {.id = 0};
    struct pav_buf record = {0};
    struct pav_step_out out;
    struct pav_arena *a = &b->arena;
    uint32_t next = 0;

    do {
        pav_arena_reset(a);
        if (record.p != NULL) {
            stored.bytes.p = record.p;
            stored.bytes.len = record.len;
            in.record = pav_record_open(&stored, &sources, a);
        }
        pav_step(&in, a, &out);
        b->steps++;
        b->transitions += out.event_count;
        in.first_event_id += out.event_count;
        pav_buf_fini(&record);
        record = out.record;
        if (out.status != PAV_RUNNING)
            break;
        in.wake.kind = PAV_WAKE_SUCCESS;
        in.wake.output = NULL;
        if (out.wait_count > 0) {
            if (next == b->wake_count)
                fail("it waits for more than the events give", "the order");
            in.wake.no = out.waits[0].no;
            in.wake.output = b->wakes[next++];
        } else {
            in.wake.kind = PAV_WAKE_TIMER;
            in.wake.no = out.timers[0].no;
        }
    } while (true);
    if (out.status != PAV_SUCCEEDED)
        fail(out.error == NULL ? "?" : out.error, "it ended");
    pav_buf_fini(&record);
}

static void
put_chain(struct pav_buf *b)
{
    int i;

    pav_buf_puts(b, "{\"StartAt\":\"s0\",\"States\":{");
    for (i = 0; i < CHAIN; i++)
        pav_buf_printf(b, "%s\"s%d\":{\"Type\":\"Pass\",\"%s\":%s%d%s}",
                       i == 0 ? "" : ",", i, i == CHAIN - 1 ? "End" : "Next",
                       i == CHAIN - 1 ? "true,\"Comment\":\"" : "\"s", i + 1,
                       "\"");
    pav_buf_puts(b, "}}");
}

/* Twins: the same data through the same states. */
static void
put_twin(struct pav_buf *b, bool jsonata)
{
    static const char *const work[] = {
        "\"Parameters\":{\"order.$\":\"$.order\",\"id.$\":\"$.order.id\","
        "\"first.$\":\"$.order.items[0].sku\",\"n.$\":\"$.order.total\"}",
        "\"Output\":{\"order\":\"{% $states.input.order %}\","
        "\"id\":\"{% $states.input.order.id %}\","
        "\"first\":\"{% $states.input.order.items[0].sku %}\","
        "\"n\":\"{% $states.input.order.total %}\"}"};
    int i;

    pav_buf_printf(b,
                   "{\"QueryLanguage\":\"%s\",\"StartAt\":\"s0\",\"States\":{",
                   jsonata ? "JSONata" : "JSONPath");
    for (i = 0; i < CHAIN; i++) {
        pav_buf_printf(b, "%s\"s%d\":{\"Type\":\"Pass\",%s,", i == 0 ? "" : ",",
                       i, work[jsonata]);
        if (i == CHAIN - 1)
            pav_buf_puts(b, "\"End\":true}");
        else
            pav_buf_printf(b, "\"Next\":\"s%d\"}", i + 1);
    }
    pav_buf_puts(b, "}}");
}

static const char order[] =
    "{\"order\":{\"id\":\"order-1234\",\"total\":42.5,\"customer\":{\"name\":"
    "\"Ada\",\"mail\":\"ada@example.com\"},\"items\":[{\"sku\":\"a-1\","
    "\"qty\":2,\"price\":3.5},{\"sku\":\"b-22\",\"qty\":1,\"price\":20}]}}";

static void
put_items(struct pav_buf *b, int count)
{
    int i;

    for (i = 0; i < count; i++)
        pav_buf_printf(b, "%s{\"n\":%d}", i == 0 ? "[" : ",", i);
    pav_buf_putc(b, ']');
}

static void
read_file(const char *path, struct pav_buf *b)
{
    FILE *f = fopen(path, "rb");
    char part[4096];
    size_t n;

    if (f == NULL)
        fail("cannot be opened", path);
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        pav_buf_put(b, part, n);
    fclose(f);
}

static int64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int
main(int argc, char **argv)
{
    struct pav_buf text, events;
    struct bench b = {.input = &pav_doc_empty_object};
    const struct pav_doc *list, *wakes[64];
    struct pav_arena a;
    long times = argc > 2 ? atol(argv[2]) : 0, i, units = times;
    int64_t began;

    if (times < 1)
        fail("bench_language CASE TIMES [MACHINE EVENTS]", "usage");
    pav_arena_init(&a, 1 << 16);
    pav_arena_init(&b.arena, 1 << 20);
    pav_buf_init(&text, 1u << 24);
    pav_buf_init(&events, 1u << 24);
    if (strcmp(argv[1], "order") == 0 && argc > 4) {
        read_file(argv[3], &text);
        read_file(argv[4], &events);
        list = pav_doc_get(pav_doc_own(&a, events.p, events.len), "events");
        b.input = pav_doc_at(list, 0);
        while (b.wake_count + 1 < list->len && b.wake_count < 64) {
            wakes[b.wake_count] = pav_doc_at(list, b.wake_count + 1);
            b.wake_count++;
        }
        b.wakes = wakes;
    } else if (strncmp(argv[1], "map-", 4) == 0) {
        put_items(&events, atoi(argv[1] + 4));
        b.input = pav_doc_own(&a, events.p, events.len);
        units *= b.input->len;
        pav_buf_puts(&text,
                     "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\","
                     "\"ItemProcessor\":{\"StartAt\":\"I\",\"States\":{\"I\":{"
                     "\"Type\":\"Pass\",\"End\":true}}},\"End\":true}}}");
    } else if (strncmp(argv[1], "json", 4) == 0) {
        b.input = pav_doc_own(&a, order, sizeof(order) - 1);
        put_twin(&text, strcmp(argv[1], "jsonata") == 0);
    } else {
        put_chain(&text);
    }
    b.machine = compile(text.p, text.len);
    pav_mem_keep();
    began = now_ns();
    for (i = 0; i < times; i++) {
        if (strcmp(argv[1], "load") == 0) {
            pav_machine_free(b.machine);
            b.machine = compile(text.p, text.len);
        } else {
            run(&b);
        }
    }
    printf("%ld %llu %llu %lld\n", units, (unsigned long long)b.transitions,
           (unsigned long long)b.steps, (long long)(now_ns() - began));
    pav_machine_free(b.machine);
    pav_buf_fini(&text);
    pav_buf_fini(&events);
    pav_arena_fini(&b.arena);
    pav_arena_fini(&a);
    return 0;
}
