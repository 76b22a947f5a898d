/*
 * ItemReader, ItemBatcher and ResultWriter of a distributed Map, compiled.
 * A field that nobody reads is refused: what it says would be lost.
 */
#include <string.h>

#include "compile.h"
#include "map.h"
#include "query.h"
#include "model.h"

#define BATCH_BYTES_MAX 262144

static bool
resource_is(const struct pav_doc *d, const char *tail)
{
    const struct pav_doc *v = pav_doc_get(d, "Resource");
    size_t n = strlen(tail);

    return v != NULL && v->kind == PAV_STRING && v->len > n &&
           memcmp(v->text + v->len - n, tail, n) == 0;
}

static void
delimiter_compile(struct compiler *c, struct item_reader *r,
                  const struct pav_doc *config, const struct place *place)
{
    static const struct {
        const char *name;
        char value;
    } names[] = {{"COMMA", ','},
                 {"PIPE", '|'},
                 {"SEMICOLON", ';'},
                 {"SPACE", ' '},
                 {"TAB", '\t'}};
    const struct pav_doc *v = pav_doc_get(config, "CSVDelimiter");
    size_t i;

    r->delimiter = ',';
    if (v == NULL)
        return;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (pav_doc_is_str(v, names[i].name)) {
            r->delimiter = names[i].value;
            return;
        }
    }
    compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "CSVDelimiter"),
                  v->at,
                  "The field 'CSVDelimiter' should have one of these values: "
                  "[COMMA, PIPE, SEMICOLON, SPACE, TAB]");
}

static void
csv_compile(struct compiler *c, struct item_reader *r,
            const struct pav_doc *config, const struct place *place)
{
    const struct pav_doc *where = pav_doc_get(config, "CSVHeaderLocation");
    const struct pav_doc *headers = pav_doc_get(config, "CSVHeaders");

    delimiter_compile(c, r, config, place);
    if (pav_doc_is_str(where, "GIVEN")) {
        if (headers == NULL || headers->kind != PAV_ARRAY || headers->len == 0)
            compile_fault(c, PAV_ERROR, SCHEMA, place, config->at,
                          "'CSVHeaders' must be a list of names when "
                          "'CSVHeaderLocation' is GIVEN");
        else
            r->headers = headers;
    } else if (!pav_doc_is_str(where, "FIRST_ROW")) {
        compile_fault(c, PAV_ERROR, SCHEMA,
                      place_of(c, place, "CSVHeaderLocation"), config->at,
                      "The field 'CSVHeaderLocation' should have one of these "
                      "values: [FIRST_ROW, GIVEN]");
    }
}

/* `known` ends with NULL; a name with Path behind it is known too. */
static void
check_read(struct compiler *c, const struct pav_doc *d,
           const struct place *place, const char *const *known)
{
    uint32_t i;

    for (i = 0; d != NULL && d->kind == PAV_OBJECT && i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        if (!pav_member_in(m, known))
            compile_fault(c, PAV_ERROR, "UNSUPPORTED", place, m->at,
                          "The field '%.*s' is not served here", (int)m->len,
                          m->key);
    }
}

static void
transformation_compile(struct compiler *c, struct item_reader *r,
                       const struct pav_doc *config, const struct place *place)
{
    const struct pav_doc *v = pav_doc_get(config, "Transformation");

    if (v == NULL || pav_doc_is_str(v, "NONE"))
        return;
    place = place_of(c, place, "Transformation");
    r->flatten = pav_doc_is_str(v, "LOAD_AND_FLATTEN");
    if (!r->flatten)
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "The field 'Transformation' should have one of these "
                      "values: [NONE, LOAD_AND_FLATTEN]");
    else if (!r->lists)
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "LOAD_AND_FLATTEN belongs to s3:listObjectsV2");
}

static void
reader_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
               const struct place *place)
{
    const char *const fields[] = {"Resource", c->language->parameters,
                                  "ReaderConfig", NULL};
    static const char *const config_fields[] = {
        "InputType",    "CSVHeaderLocation", "CSVHeaders",
        "CSVDelimiter", "MaxItems",          "MaxItemsPath",
        "ItemsPointer", "Transformation",    NULL};
    const struct pav_doc *config = pav_doc_get(d, "ReaderConfig");
    const struct pav_doc *type = pav_doc_get(config, "InputType");
    struct item_reader *r = pav_arena_zalloc(c->arena, sizeof(*r));

    s->map.reader = r;
    r->lists = resource_is(d, "s3:listObjectsV2");
    if (!r->lists && !resource_is(d, "s3:getObject"))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Resource"),
                      d->at,
                      "An ItemReader's resource is s3:getObject or "
                      "s3:listObjectsV2");
    r->parameters = c->language->member(c, d, place, c->language->parameters,
                                        VALUE_TEMPLATE);
    if (r->parameters == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "The field '%s' is required but was missing",
                      c->language->parameters);
    check_read(c, d, place, fields);
    place = place_of(c, place, "ReaderConfig");
    check_read(c, config, place, config_fields);
    transformation_compile(c, r, config, place);
    if (config != NULL)
        member_number(c, config, place, "MaxItems", NUMBER_COUNT, 0, 1e8,
                      &r->max_items);
    if (config != NULL)
        r->items_pointer = member_str(c, config, place, "ItemsPointer", false);
    if (r->lists && !r->flatten)
        return;
    if (pav_doc_is_str(type, "CSV")) {
        r->type = INPUT_CSV;
        csv_compile(c, r, config, place);
    } else if (pav_doc_is_str(type, "JSONL")) {
        r->type = INPUT_JSONL;
    } else if (pav_doc_is_str(type, "MANIFEST") ||
               pav_doc_is_str(type, "PARQUET")) {
        compile_fault(c, PAV_ERROR, "UNSUPPORTED",
                      place_of(c, place, "InputType"), type->at,
                      "The input type %.*s is not built: JSON, JSONL and CSV "
                      "are",
                      (int)type->len, type->text);
    } else if (!pav_doc_is_str(type, "JSON")) {
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "InputType"),
                      config == NULL ? d->at : config->at,
                      "The field 'InputType' should have one of these values: "
                      "[CSV, JSON, JSONL, MANIFEST, PARQUET]");
    }
}

static void
batcher_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
                const struct place *place)
{
    static const char *const fields[] = {"MaxItemsPerBatch",
                                         "MaxItemsPerBatchPath",
                                         "MaxInputBytesPerBatch",
                                         "MaxInputBytesPerBatchPath",
                                         "BatchInput",
                                         NULL};
    struct item_batcher *b = pav_arena_zalloc(c->arena, sizeof(*b));

    check_read(c, d, place, fields);
    s->map.batcher = b;
    member_number(c, d, place, "MaxItemsPerBatch", NUMBER_COUNT, 1, 1e8,
                  &b->max_items);
    member_number(c, d, place, "MaxInputBytesPerBatch", NUMBER_COUNT, 1,
                  BATCH_BYTES_MAX, &b->max_bytes);
    b->batch_input =
        c->language->member(c, d, place, "BatchInput", VALUE_TEMPLATE);
    if (!b->max_items.given && !b->max_bytes.given)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "One of 'MaxItemsPerBatch' and 'MaxInputBytesPerBatch' "
                      "is required");
}

static void
writer_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
               const struct place *place)
{
    const struct pav_doc *config = pav_doc_get(d, "WriterConfig");
    const struct pav_doc *how = pav_doc_get(config, "Transformation");
    const char *const fields[] = {"Resource", c->language->parameters,
                                  "WriterConfig", NULL};
    static const char *const config_fields[] = {"OutputType", "Transformation",
                                                NULL};
    struct result_writer *w = pav_arena_zalloc(c->arena, sizeof(*w));

    check_read(c, d, place, fields);
    check_read(c, config, place_of(c, place, "WriterConfig"), config_fields);
    s->map.writer = w;
    w->parameters = c->language->member(c, d, place, c->language->parameters,
                                        VALUE_TEMPLATE);
    w->json_lines = pav_doc_is_str(pav_doc_get(config, "OutputType"), "JSONL");
    w->compact = pav_doc_is_str(how, "COMPACT");
    w->flatten = pav_doc_is_str(how, "FLATTEN");
    if (w->parameters == NULL && config == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "A ResultWriter needs 'Resource' and '%s', or a "
                      "'WriterConfig'",
                      c->language->parameters);
    if (w->parameters != NULL && !resource_is(d, "s3:putObject"))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, "Resource"),
                      d->at, "A ResultWriter's resource is s3:putObject");
}

void
map_reader_compile(struct compiler *c, struct state *s, const struct pav_doc *d,
                   const struct place *place)
{
    static const struct {
        const char *key;
        void (*compile)(struct compiler *c, struct state *s,
                        const struct pav_doc *d, const struct place *place);
    } parts[] = {{"ItemReader", reader_compile},
                 {"ItemBatcher", batcher_compile},
                 {"ResultWriter", writer_compile}};
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct pav_doc *v = pav_doc_get(d, parts[i].key);
        const struct place *at = place_of(c, place, parts[i].key);

        if (v == NULL)
            continue;
        if (v->kind != PAV_OBJECT)
            compile_fault(c, PAV_ERROR, SCHEMA, at, v->at,
                          "The field '%s' must be an object", parts[i].key);
        else if (!s->apart)
            compile_fault(c, PAV_ERROR, SCHEMA, at, v->at,
                          "The field '%s' belongs to the mode DISTRIBUTED",
                          parts[i].key);
        else
            parts[i].compile(c, s, v, at);
    }
}
