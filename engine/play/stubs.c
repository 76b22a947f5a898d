/* Stub mappings: see stubs.h. */
#include "stubs.h"

#include <regex.h>
#include <string.h>
#include <strings.h>

#include "pavane/jsonata.h"
#include "pavane/path.h"

#define DEPTH_MAX 64

/* ---- one value ---- */

/* The whole text. */
static bool
matches(struct pav_arena *a, const char *pattern, const char *text)
{
    regex_t r;
    bool fits;

    if (regcomp(&r, pav_arena_printf(a, "^(%s)$", pattern),
                REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    fits = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return fits;
}

/* `text` NULL: it is absent. */
static bool
value_fits(struct pav_arena *a, const struct pav_doc *match, const char *text)
{
    const struct pav_doc *absent = pav_doc_get(match, "absent");
    const char *want;

    if (absent != NULL)
        return (absent->kind == PAV_TRUE) == (text == NULL);
    if (text == NULL)
        return false;
    if ((want = pav_doc_member_str(a, match, "equalTo")) != NULL)
        return strcmp(want, text) == 0;
    if ((want = pav_doc_member_str(a, match, "contains")) != NULL)
        return strstr(text, want) != NULL;
    if ((want = pav_doc_member_str(a, match, "matches")) != NULL)
        return matches(a, want, text);
    if ((want = pav_doc_member_str(a, match, "doesNotMatch")) != NULL)
        return !matches(a, want, text);
    return false;
}

/* "/orders/{id}" */
static bool
template_fits(const char *template, const char *path)
{
    while (*template != '\0') {
        if (*template == '{') {
            template += strcspn(template, "}");
            template += *template == '}';
            if (*path == '\0' || *path == '/')
                return false;
            path += strcspn(path, "/");
        } else if (*template ++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* ---- a request ---- */

static bool
url_fits(struct pav_arena *a, const struct pav_doc *want,
         const struct pav_doc *request)
{
    const char *url = pav_doc_member_str(a, request, "url");
    const char *path = pav_doc_member_str(a, request, "path"), *text;

    if ((text = pav_doc_member_str(a, want, "url")) != NULL)
        return strcmp(text, url) == 0;
    if ((text = pav_doc_member_str(a, want, "urlPattern")) != NULL)
        return matches(a, text, url);
    if ((text = pav_doc_member_str(a, want, "urlPath")) != NULL)
        return strcmp(text, path) == 0;
    if ((text = pav_doc_member_str(a, want, "urlPathPattern")) != NULL)
        return matches(a, text, path);
    if ((text = pav_doc_member_str(a, want, "urlPathTemplate")) != NULL)
        return template_fits(text, path);
    return true;
}

/* Header fields whatever their case. */
static const char *
field_of(struct pav_arena *a, const struct pav_doc *fields,
         const struct pav_member *name)
{
    uint32_t i;

    for (i = 0; fields != NULL && i < fields->len; i++)
        if (fields->members[i].len == name->len &&
            strncasecmp(fields->members[i].key, name->key, name->len) == 0)
            return pav_doc_str(a, &fields->members[i].value);
    return NULL;
}

static bool
fields_fit(struct pav_arena *a, const struct pav_doc *want,
           const struct pav_doc *fields)
{
    uint32_t i;

    if (want != NULL && want->kind != PAV_OBJECT)
        return false;
    for (i = 0; want != NULL && i < want->len; i++)
        if (!value_fits(a, &want->members[i].value,
                        field_of(a, fields, &want->members[i])))
            return false;
    return true;
}

static bool
json_path_fits(struct pav_arena *a, const struct pav_doc *want,
               const struct pav_doc *json)
{
    const char *text = want->kind == PAV_STRING
                           ? pav_doc_str(a, want)
                           : pav_doc_member_str(a, want, "expression");
    const struct pav_doc *found;
    struct pav_path *p;

    if (text == NULL || json == NULL ||
        pav_path_compile(a, text, strlen(text), &p, NULL) != PAV_OK ||
        pav_path_eval(p, json, a, &found, NULL) != PAV_PATH_FOUND)
        return false;
    if (want->kind != PAV_OBJECT)
        return pav_path_is_definite(p) || found->len > 0;
    return value_fits(a, want,
                      found->kind == PAV_STRING ? pav_doc_str(a, found)
                                                : pav_doc_text(a, found));
}

static bool
body_fits(struct pav_arena *a, const struct pav_doc *want,
          const struct pav_doc *request)
{
    const struct pav_doc *json = pav_doc_get(request, "json"), *v;
    const char *text;

    if ((v = pav_doc_get(want, "equalToJson")) != NULL) {
        if (v->kind == PAV_STRING &&
            pav_doc_parse(a, v->text, v->len, NULL, &v, NULL) != PAV_OK)
            return false;
        return json != NULL && pav_doc_equal(v, json);
    }
    if ((v = pav_doc_get(want, "matchesJsonPath")) != NULL)
        return json_path_fits(a, v, json);
    text = pav_doc_member_str(a, request, "body");
    return value_fits(a, want, text == NULL ? "" : text);
}

bool
stub_fits(struct pav_arena *a, const struct pav_doc *mapping,
          const struct pav_doc *request)
{
    const struct pav_doc *want = pav_doc_get(mapping, "request"), *list;
    const char *method = pav_doc_member_str(a, want, "method");
    uint32_t i;

    if (method != NULL && strcmp(method, "ANY") != 0 &&
        !pav_doc_is_str(pav_doc_get(request, "method"), method))
        return false;
    if (!url_fits(a, want, request) ||
        !fields_fit(a, pav_doc_get(want, "headers"),
                    pav_doc_get(request, "headers")) ||
        !fields_fit(a, pav_doc_get(want, "queryParameters"),
                    pav_doc_get(request, "query")))
        return false;
    list = pav_doc_get(want, "bodyPatterns");
    if (list != NULL && list->kind != PAV_ARRAY)
        return false;
    for (i = 0; list != NULL && i < list->len; i++)
        if (!body_fits(a, &list->items[i], request))
            return false;
    return true;
}

/* ---- expressions ---- */

static const struct pav_doc *
evaluate(struct pav_arena *a, const struct pav_doc *d,
         const struct pav_doc *input)
{
    struct pav_jsonata_error error;
    struct pav_jsonata_in in = {.input = input};
    const struct pav_jsonata *x;
    const struct pav_doc *out;
    enum pav_jsonata_end end = PAV_JSONATA_FAILED;

    if (pav_jsonata_compile(a, d->text + 2, d->len - 4, PAV_JSONATA_REFERENCE,
                            NULL, &x, &error) == PAV_OK)
        end = pav_jsonata_eval(x, a, &in, &out, &error);
    if (end == PAV_JSONATA_VALUE)
        return out;
    return end == PAV_JSONATA_NOTHING ? NULL
                                      : pav_doc_new_cstr(a, error.message);
}

static const struct pav_doc *
fill(struct pav_arena *a, const struct pav_doc *d, const struct pav_doc *input,
     unsigned depth)
{
    struct pav_items list;
    struct pav_members m;
    const struct pav_doc *v;
    uint32_t i;

    if (d->kind == PAV_STRING && pav_jsonata_is_marked(d->text, d->len))
        return evaluate(a, d, input);
    if ((d->kind != PAV_ARRAY && d->kind != PAV_OBJECT) || depth > DEPTH_MAX)
        return d;
    pav_items_init(&list, a);
    pav_members_init(&m, a);
    for (i = 0; i < d->len; i++) {
        v = fill(a, d->kind == PAV_ARRAY ? &d->items[i] : &d->members[i].value,
                 input, depth + 1);
        if (v == NULL) /* nothing came of it */
            continue;
        if (d->kind == PAV_ARRAY)
            pav_items_add(&list, v);
        else
            pav_members_add(&m, d->members[i].key, d->members[i].len, v);
    }
    return d->kind == PAV_ARRAY ? pav_items_array(&list)
                                : pav_members_object(&m);
}

const struct pav_doc *
stub_fill(struct pav_arena *a, const struct pav_doc *d,
          const struct pav_doc *input)
{
    const struct pav_doc *v = fill(a, d, input, 0);

    return v == NULL ? &pav_doc_null : v;
}

enum pav_rc
stub_expressions(struct pav_arena *a, const struct pav_doc *d,
                 const struct pav_doc **at, struct pav_err *err)
{
    struct pav_jsonata_error error;
    const struct pav_jsonata *x;
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    *at = d;
    if (d->kind == PAV_STRING && pav_jsonata_is_marked(d->text, d->len) &&
        pav_jsonata_compile(a, d->text + 2, d->len - 4, PAV_JSONATA_REFERENCE,
                            NULL, &x, &error) != PAV_OK)
        return pav_fail(err, PAV_INVALID, "", "character %u: %s", error.at + 1,
                        error.message);
    for (i = 0; rc == PAV_OK && i < d->len &&
                (d->kind == PAV_ARRAY || d->kind == PAV_OBJECT);
         i++)
        rc = stub_expressions(
            a, d->kind == PAV_ARRAY ? &d->items[i] : &d->members[i].value, at,
            err);
    return rc;
}

/* ---- is it one? ---- */

static enum pav_rc
known(const struct pav_doc *o, const char *const *fields,
      const struct pav_doc **at, struct pav_err *err)
{
    uint32_t i;

    for (i = 0; o != NULL && o->kind == PAV_OBJECT && i < o->len; i++) {
        if (pav_member_in(&o->members[i], fields))
            continue;
        *at = &o->members[i].value;
        return pav_fail(err, PAV_INVALID, "", "there is no field '%.*s' here",
                        (int)o->members[i].len, o->members[i].key);
    }
    return PAV_OK;
}

static const char *const of_mapping[] = {"name",
                                         "priority",
                                         "request",
                                         "response",
                                         "scenarioName",
                                         "requiredScenarioState",
                                         "newScenarioState",
                                         "serveEventListeners",
                                         NULL};
static const char *const of_request[] = {"method",         "url",
                                         "urlPattern",     "urlPath",
                                         "urlPathPattern", "urlPathTemplate",
                                         "headers",        "queryParameters",
                                         "bodyPatterns",   NULL};
static const char *const of_response[] = {
    "status", "headers", "body", "jsonBody", "fixedDelayMilliseconds", NULL};

static enum pav_rc
kinds_fit(const struct pav_doc *request, const struct pav_doc *response,
          const struct pav_doc **at, struct pav_err *err)
{
    const struct {
        const struct pav_doc *of;
        const char *key;
        enum pav_kind kind;
    } rows[] = {{request, "headers", PAV_OBJECT},
                {request, "queryParameters", PAV_OBJECT},
                {request, "bodyPatterns", PAV_ARRAY},
                {response, "headers", PAV_OBJECT}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pav_doc *v = pav_doc_get(rows[i].of, rows[i].key);

        if (v == NULL || v->kind == rows[i].kind)
            continue;
        *at = v;
        return pav_fail(err, PAV_INVALID, "", "'%s' must be %s", rows[i].key,
                        rows[i].kind == PAV_OBJECT ? "an object" : "a list");
    }
    return PAV_OK;
}

enum pav_rc
stub_check(struct pav_arena *a, const struct pav_doc *mapping,
           const struct pav_doc **at, struct pav_err *err)
{
    const struct pav_doc *request = pav_doc_get(mapping, "request");
    const struct pav_doc *response = pav_doc_get(mapping, "response");
    enum pav_rc rc;

    *at = mapping;
    if (request == NULL || response == NULL || request->kind != PAV_OBJECT ||
        response->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "",
                        "a mapping needs \"request\" and \"response\"");
    rc = kinds_fit(request, response, at, err);
    if (rc == PAV_OK)
        rc = known(mapping, of_mapping, at, err);
    if (rc == PAV_OK)
        rc = known(request, of_request, at, err);
    if (rc == PAV_OK)
        rc = known(response, of_response, at, err);
    return rc == PAV_OK ? stub_expressions(a, mapping, at, err) : rc;
}
