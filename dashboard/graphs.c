/* Graphs by version: see graphs.h. */
#include "graphs.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/machine.h"
#include "pavane/pages.h"

#define KEPT 64

struct pages {
    struct {
        int64_t version_id; /* 0: empty */
        uint64_t used;
        struct pav_graph *graph;
    } kept[KEPT];
    uint64_t clock;
};

void *
pav_pages_new(void)
{
    return pav_xcalloc(1, sizeof(struct pages));
}

void
pav_pages_free(void *arg)
{
    struct pages *p = arg;
    int i;

    if (p == NULL)
        return;
    for (i = 0; i < KEPT; i++)
        pav_graph_free(p->kept[i].graph);
    free(p);
}

static struct pav_graph *
graph_of(const struct pav_machine_row *version)
{
    const struct pav_doc *definition = &pav_doc_empty_object;
    struct pav_machine *machine;
    struct pav_faults faults;
    struct pav_graph *g;
    struct pav_arena a;

    pav_arena_init(&a, 1 << 16);
    pav_faults_init(&faults, &a);
    machine = pav_machine_compile(version->definition.p,
                                  version->definition.len, &faults);
    if (pav_doc_parse_copy(&a, version->definition.p, version->definition.len,
                           NULL, &definition, NULL) != PAV_OK)
        definition = &pav_doc_empty_object;
    g = pav_graph_new(definition, machine);
    pav_machine_free(machine);
    pav_arena_fini(&a);
    return g;
}

const struct pav_graph *
graphs_get(struct pav_query *q, const struct pav_machine_row *version)
{
    struct pages *p = q->pages;
    int i, oldest = 0;

    p->clock++;
    for (i = 0; i < KEPT; i++) {
        if (p->kept[i].version_id == version->version_id) {
            p->kept[i].used = p->clock;
            return p->kept[i].graph;
        }
        if (p->kept[i].used < p->kept[oldest].used)
            oldest = i;
    }
    pav_graph_free(p->kept[oldest].graph);
    p->kept[oldest].graph = graph_of(version);
    p->kept[oldest].version_id = version->version_id;
    p->kept[oldest].used = p->clock;
    return p->kept[oldest].graph;
}
