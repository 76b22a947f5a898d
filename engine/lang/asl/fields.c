/* Members of a definition's objects, by their types. */
#include "compile.h"

void
wrong_type(struct compiler *c, const struct pav_doc *v,
           const struct place *place, const char *key, const char *wanted)
{
    compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, key), v->at,
                  "The field '%s' must be %s", key, wanted);
}

const char *
member_str(struct compiler *c, const struct pav_doc *o,
           const struct place *place, const char *key, bool required)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL) {
        if (required)
            compile_fault(c, PAV_ERROR, SCHEMA, place, o->at,
                          "The field '%s' is required but was missing", key);
        return NULL;
    }
    if (v->kind != PAV_STRING) {
        wrong_type(c, v, place, key, "a string");
        return NULL;
    }
    return pav_doc_str(c->arena, v);
}

bool
member_int(struct compiler *c, const struct pav_doc *o,
           const struct place *place, const char *key, int64_t min, int64_t max,
           int64_t *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);
    int64_t n;

    if (v == NULL)
        return false;
    if (!pav_doc_int(v, &n) || n < min || n > max) {
        wrong_type(c, v, place, key,
                   pav_arena_printf(c->arena,
                                    "a whole number from %lld to %lld",
                                    (long long)min, (long long)max));
        return false;
    }
    *out = n;
    return true;
}

bool
member_double(struct compiler *c, const struct pav_doc *o,
              const struct place *place, const char *key, double min,
              double *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v == NULL)
        return false;
    if (v->kind != PAV_NUMBER || !(pav_doc_double(v) >= min)) {
        wrong_type(c, v, place, key,
                   pav_arena_printf(c->arena, "a number of %g or more", min));
        return false;
    }
    *out = pav_doc_double(v);
    return true;
}

void
check_not_both(struct compiler *c, const struct pav_doc *o,
               const struct place *place, const char *x, const char *y)
{
    const struct pav_doc *v = pav_doc_get(o, y);

    if (v != NULL && pav_doc_get(o, x) != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "Only one of '%s' and '%s' can be given", x, y);
}
