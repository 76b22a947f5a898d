/*
 * The index against plain matching: lines of patterns, then an event.  Each
 * line's first byte says when its rule is taken out: before the first event, or
 * before the second, which is the same again.
 *
 * When the input begins with '!', lines and event are made out of its bytes:
 * few names and values, so that rules meet events.
 */
#include <string.h>

#include "fuzz.h"
#include "pavane/index.h"

#define MAX_RULES 24

struct rules {
    struct pav_arena *arena;
    struct pav_index *ix;
    uint32_t count;
    struct {
        struct pav_pattern *pattern;
        struct pav_index_rule *rule;
        uint8_t when;
    } v[MAX_RULES];
};

static void
add_line(struct rules *r, const uint8_t *line, size_t len)
{
    const struct pav_doc *doc;
    struct pav_pattern *p;
    struct pav_err err;

    if (len < 2 || r->count == MAX_RULES)
        return;
    doc = fuzz_parse(r->arena, line + 1, len - 1, PAV_DUP_KEEP);
    if (doc == NULL || pav_pattern_compile(r->arena, doc, &p, &err) != PAV_OK)
        return;
    r->v[r->count].pattern = p;
    r->v[r->count].when = line[0] % 4;
    r->v[r->count].rule = pav_index_add(r->ix, p, &r->v[r->count]);
    r->count++;
}

static void
take_out(struct rules *r, uint8_t when)
{
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (r->v[i].when == when && r->v[i].rule != NULL) {
            pav_index_remove(r->ix, r->v[i].rule);
            r->v[i].rule = NULL;
        }
}

static void
compare(struct rules *r, const struct pav_doc *doc, const char *text,
        size_t len, bool simple)
{
    struct pav_matches found;
    struct pav_event event;
    uint32_t i, j, there = 0;
    struct pav_near near = {.source = {"s", 1}, .detail_type = {"t", 1}};

    pav_event_init(&event, doc, r->arena);
    pav_index_match(r->ix, text, len, simple, r->arena, &found);
    for (i = 0; i < r->count; i++) {
        bool matched = false;

        for (j = 0; j < found.count; j++)
            matched |= found.owners[j] == &r->v[i];
        if (r->v[i].rule == NULL)
            FUZZ_CHECK(!matched);
        else
            FUZZ_CHECK(matched == pav_pattern_matches(r->v[i].pattern, &event));
        there += matched;
    }
    FUZZ_CHECK(there == found.count);
    if (found.count == 0 && pav_index_nearest(r->ix, &near) != NULL)
        FUZZ_CHECK(near.held <= near.of && near.path != NULL);
}

/* ---- made out of bytes ---- */

struct maker {
    const uint8_t *p, *end;
    struct pav_buf out;
};

static unsigned
pick(struct maker *m, unsigned of)
{
    return m->p < m->end ? *m->p++ % of : 0;
}

static void
put_one(struct maker *m, const char *const *words, unsigned count)
{
    pav_buf_puts(&m->out, words[pick(m, count)]);
}

#define PUT_ONE(m, words) put_one(m, words, sizeof(words) / sizeof(words[0]))

static const char *const keys[] = {"\"a\"",       "\"b\"", "\"c\"",
                                   "\"a.b\"",     "\"d\"", "\"\"",
                                   "\"\\u0061\"", "\"e\"", "\"b.c.d\""};
static const char *const texts[] = {
    "\"\"",           "\"x\"",
    "\"xy\"",         "\"Xy\"",
    "\"yx\"",         "\"xyxyz\"",
    "\"10.0.0.1\"",   "\"10.0.0.01\"",
    "\"\xc3\x9f\"",   "\"SS\"",
    "\"ss\"",         "\"x\\u0079\"",
    "\"::1\"",        "\"a long text with xy in it\"",
    "\"10.0.0.200\"", "\"\xef\xac\x81x\""};
static const char *const numbers[] = {"0",
                                      "-0.0",
                                      "1",
                                      "1.0",
                                      "10e-1",
                                      "2.5",
                                      "300",
                                      "3e2",
                                      "0.1",
                                      "1e400",
                                      "9007199254740993",
                                      "122.41600944012424"};
static const char *const operators[] = {
    "{\"prefix\":\"x\"}",
    "{\"prefix\":\"\"}",
    "{\"suffix\":\"y\"}",
    "{\"suffix\":\"yx\"}",
    "{\"equals-ignore-case\":\"xY\"}",
    "{\"equals-ignore-case\":\"\xc3\x9f\"}",
    "{\"prefix\":{\"equals-ignore-case\":\"X\"}}",
    "{\"suffix\":{\"equals-ignore-case\":\"Y\"}}",
    "{\"prefix\":{\"equals-ignore-case\":\"\xef\xac\x81\"}}",
    "{\"wildcard\":\"*y*\"}",
    "{\"wildcard\":\"x*z\"}",
    "{\"wildcard\":\"*with*in it\"}",
    "{\"wildcard\":\"*\"}",
    "{\"cidr\":\"10.0.0.0/25\"}",
    "{\"cidr\":\"::/0\"}",
    "{\"anything-but\":\"x\"}",
    "{\"anything-but\":[1,300]}",
    "{\"anything-but\":{\"prefix\":\"x\"}}",
    "{\"anything-but\":{\"wildcard\":\"*y\"}}",
    "{\"exists\":true}",
    "{\"exists\":false}",
    "{\"numeric\":[\">\",0,\"<=\",300]}",
    "{\"numeric\":[\"=\",1]}",
    "{\"numeric\":[\"<\",2.5]}",
    "{\"numeric\":[\">=\",1]}"};
static const char *const words[] = {"true", "false", "null"};

static void
make_scalar(struct maker *m)
{
    unsigned kind = pick(m, 4);

    if (kind == 0)
        PUT_ONE(m, numbers);
    else if (kind == 1)
        PUT_ONE(m, words);
    else
        PUT_ONE(m, texts);
}

static void
make_value(struct maker *m, unsigned depth)
{
    unsigned kind = pick(m, 5), n = pick(m, 4), i;

    if (depth == 0 || kind < 2) {
        make_scalar(m);
        return;
    }
    pav_buf_putc(&m->out, kind == 2 ? '[' : '{');
    for (i = 0; i < n; i++) {
        if (i > 0)
            pav_buf_putc(&m->out, ',');
        if (kind != 2) {
            PUT_ONE(m, keys);
            pav_buf_putc(&m->out, ':');
        }
        make_value(m, depth - 1);
    }
    pav_buf_putc(&m->out, kind == 2 ? ']' : '}');
}

static void
make_pattern(struct maker *m, unsigned depth)
{
    unsigned n = 1 + pick(m, 3), i, j, count;

    pav_buf_putc(&m->out, '{');
    for (i = 0; i < n; i++) {
        unsigned kind = pick(m, 6);

        if (i > 0)
            pav_buf_putc(&m->out, ',');
        if (depth > 0 && kind == 0) {
            pav_buf_puts(&m->out, "\"$or\":[");
            make_pattern(m, depth - 1);
            pav_buf_putc(&m->out, ',');
            make_pattern(m, depth - 1);
            pav_buf_putc(&m->out, ']');
            continue;
        }
        PUT_ONE(m, keys);
        pav_buf_putc(&m->out, ':');
        if (depth > 0 && kind < 3) {
            make_pattern(m, depth - 1);
            continue;
        }
        pav_buf_putc(&m->out, '[');
        count = 1 + pick(m, 2);
        for (j = 0; j < count; j++) {
            if (j > 0)
                pav_buf_putc(&m->out, ',');
            if (pick(m, 3) == 0)
                make_scalar(m);
            else
                PUT_ONE(m, operators);
        }
        pav_buf_putc(&m->out, ']');
    }
    pav_buf_putc(&m->out, '}');
}

/* Lines of patterns and an event, as a written input has them. */
static void
make(struct maker *m)
{
    unsigned rules = 1 + pick(m, 8), n;

    while (rules-- > 0) {
        pav_buf_putc(&m->out, (char)('0' + pick(m, 4)));
        make_pattern(m, 2);
        pav_buf_putc(&m->out, '\n');
    }
    pav_buf_putc(&m->out, '{');
    for (n = pick(m, 5); n-- > 0;) {
        PUT_ONE(m, keys);
        pav_buf_putc(&m->out, ':');
        make_value(m, 4);
        pav_buf_puts(&m->out, n > 0 ? ", " : "");
    }
    pav_buf_putc(&m->out, '}');
}

static void run(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct maker m = {data + 1, data + len, {0}};

    if (len == 0 || *data != '!') {
        run(data, len);
        return 0;
    }
    pav_buf_init(&m.out, 1 << 20);
    make(&m);
    run((const uint8_t *)m.out.p, m.out.len);
    pav_buf_fini(&m.out);
    return 0;
}

static void
run(const uint8_t *data, size_t len)
{
    const struct pav_doc *doc;
    struct pav_outline outline;
    struct pav_index_size size;
    struct rules r = {.count = 0};
    struct pav_arena a;
    size_t line;
    char *text;
    bool is_object;

    pav_arena_init(&a, 4096);
    r.arena = &a;
    r.ix = pav_index_new();
    while ((line = fuzz_line(data, len)) < len) {
        add_line(&r, data, line);
        data += line + 1;
        len -= line + 1;
    }
    text = pav_arena_strndup(&a, (const char *)data, len);
    doc = fuzz_parse(&a, data, len, PAV_DUP_KEEP);
    is_object = pav_doc_check(text, len, PAV_DEPTH_MAX, &outline, NULL);
    FUZZ_CHECK(is_object == (doc != NULL));
    if (doc != NULL && doc->kind == PAV_OBJECT) {
        take_out(&r, 1);
        compare(&r, doc, text, len, outline.simple);
        take_out(&r, 2);
        compare(&r, doc, text, len, outline.simple);
        compare(&r, doc, text, len, false);
    }
    take_out(&r, 0);
    take_out(&r, 1);
    take_out(&r, 2);
    take_out(&r, 3);
    pav_index_size(r.ix, &size);
    FUZZ_CHECK(size.rules == 0 && size.conditions == 0 && size.paths == 0);
    pav_index_free(r.ix);
    pav_arena_fini(&a);
}
