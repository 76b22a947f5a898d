/* What a version's test cases take: see tested.h. */
#include "tested.h"

#include <string.h>

#include "pavane/digest.h"
#include "pavane/flow.h"

#define NAMED 3 /* cases of a transition; the others are counted */

static const char *
names_of(struct pav_arena *a, const struct pav_doc *cases)
{
    const char *text = "";
    uint32_t i;

    for (i = 0; i < cases->len && i < NAMED; i++)
        text = pav_arena_printf(a, "%s%s%.*s", text, i == 0 ? "" : ", ",
                                (int)cases->items[i].len, cases->items[i].text);
    return cases->len <= NAMED ? text
                               : pav_arena_printf(a, "%s and %u more", text,
                                                  cases->len - NAMED);
}

static void
read_transition(struct pav_arena *a, const struct pav_doc *d,
                const struct pav_graph *graph, struct tested *out)
{
    const struct pav_doc *cases = pav_doc_get(d, "Cases"),
                         *caught = pav_doc_get(d, "Catch");
    uint32_t e = pav_graph_edge_find(
        graph, pav_doc_member_str(a, d, "From"), pav_doc_member_str(a, d, "To"),
        caught != NULL && caught->kind == PAV_TRUE);

    if (e == PAV_GRAPH_NONE || out->by_edge[e] != NULL || cases == NULL ||
        cases->kind != PAV_ARRAY || cases->len == 0)
        return;
    out->by_edge[e] = names_of(a, cases);
    out->taken++;
}

void
tested_read(struct pav_query *q, const struct pav_machine_row *version,
            const struct pav_graph *graph, struct tested *out)
{
    const struct pav_doc *d, *list;
    char digest[PAV_DIGEST_HEX];
    uint32_t i;

    memset(out, 0, sizeof(*out));
    (void)pav_digest_hex("SHA-256", version->definition.p,
                         version->definition.len, digest);
    d = pav_reader_tested(q->reader, version->id, digest, q->arena, &out->at);
    if (d == NULL)
        return;
    out->by_edge = pav_arena_zalloc(q->arena, (pav_graph_edges(graph) + 1) *
                                                  sizeof(*out->by_edge));
    out->told = true;
    list = pav_doc_get(d, "Cases");
    for (i = 0; list != NULL && i < list->len; i++) {
        const struct pav_doc *passed = pav_doc_get(&list->items[i], "Passed");

        if (passed != NULL && passed->kind == PAV_TRUE)
            out->passed++;
        else
            out->failed++;
    }
    list = pav_doc_get(d, "Transitions");
    for (i = 0; list != NULL && i < list->len; i++)
        read_transition(q->arena, &list->items[i], graph, out);
}
