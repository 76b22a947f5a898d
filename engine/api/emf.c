/* Metrics in what is logged: see emf.h. */
#include "emf.h"

#include <math.h>
#include <string.h>

#define MARK        "\"_aws\""
#define METRICS_MAX 100  /* of a directive, as the service has it */
#define SETS_MAX    30   /* of dimensions */
#define ADDS_MAX    1000 /* of a line */

/* A sum in the bits of its double. */
static void
add_sum(struct pav_tally_row *r, double n)
{
    double sum = emf_sum(r) + n;
    uint64_t bits;

    memcpy(&bits, &sum, sizeof(bits));
    atomic_store_explicit(&r->n[EMF_SUM], bits, memory_order_relaxed);
}

/* `service="booking",version="1"`, as labels of the dimensions; "" without. */
static const char *
dimensions_of(struct pav_arena *a, const struct pav_doc *line,
              const struct pav_doc *set)
{
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, 8192);
    for (i = 0;
         set != NULL && set->kind == PAV_ARRAY && i < set->len && i < SETS_MAX;
         i++) {
        const char *name = pav_doc_str(a, &set->items[i]);
        const char *value =
            name == NULL ? NULL : pav_doc_member_str(a, line, name);

        if (value != NULL)
            pav_buf_printf(&b, "%s%s=%s", b.len == 0 ? "" : ",", name, value);
    }
    text = pav_arena_strndup(a, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

static void
add_value(struct pav_tally_row *r, const struct pav_doc *v, int *adds)
{
    uint32_t i;
    double n;

    for (i = 0; v->kind == PAV_ARRAY && i < v->len && i < METRICS_MAX; i++)
        if (v->items[i].kind == PAV_NUMBER)
            add_value(r, &v->items[i], adds);
    n = v->kind == PAV_NUMBER ? pav_doc_double(v) : -1;
    if (!isfinite(n) || n < 0 || ++*adds > ADDS_MAX) /* a counter only grows */
        return;
    pav_tally_add(r, EMF_SAMPLES, 1);
    add_sum(r, n);
}

/* One directive: {"Namespace", "Dimensions": [["service"]], "Metrics"}. */
static void
take_directive(struct pav_tally *t, struct pav_arena *a,
               const struct pav_doc *line, const struct pav_doc *d, int *adds)
{
    const char *space = pav_doc_member_str(a, d, "Namespace");
    const struct pav_doc *metrics = pav_doc_get(d, "Metrics");
    const struct pav_doc *sets = pav_doc_get(d, "Dimensions");
    uint32_t i, k,
        count = sets == NULL || sets->kind != PAV_ARRAY || sets->len == 0
                    ? 1
                    : sets->len;

    for (i = 0; metrics != NULL && metrics->kind == PAV_ARRAY &&
                i < metrics->len && i < METRICS_MAX && *adds < ADDS_MAX;
         i++) {
        const char *name = pav_doc_member_str(a, &metrics->items[i], "Name");
        const struct pav_doc *v = name == NULL ? NULL : pav_doc_get(line, name);

        *adds += v == NULL || v->kind != PAV_NUMBER;
        for (k = 0; v != NULL && k < count && k < SETS_MAX && *adds < ADDS_MAX;
             k++)
            add_value(
                pav_tally_row(
                    t,
                    pav_arena_printf(a, "%s/%s", space == NULL ? "" : space,
                                     name),
                    dimensions_of(a, line,
                                  sets == NULL ? NULL : pav_doc_at(sets, k))),
                v, adds);
    }
}

void
emf_take(struct pav_tally *t, struct pav_bytes line)
{
    const struct pav_doc *d, *list;
    struct pav_arena a;
    int adds = 0;
    uint32_t i;

    if (memmem(line.p, line.len, MARK, strlen(MARK)) == NULL)
        return;
    pav_arena_init(&a, 4096);
    if (pav_doc_parse_copy(&a, line.p, line.len, NULL, &d, NULL) == PAV_OK) {
        if (pav_doc_get(d, "_aws") == NULL)
            d = pav_doc_get(d, "detail");
        list = pav_doc_get(pav_doc_get(d, "_aws"), "CloudWatchMetrics");
        for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len &&
                    i < METRICS_MAX;
             i++)
            take_directive(t, &a, d, &list->items[i], &adds);
    }
    pav_arena_fini(&a);
}

double
emf_sum(const struct pav_tally_row *r)
{
    uint64_t bits = pav_tally_get(r, EMF_SUM);
    double sum;

    memcpy(&sum, &bits, sizeof(sum));
    return sum;
}
