/* Graphs by version: see graphs.h. */
#include "graphs.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/machine.h"

#define KEPT       64
#define KEPT_BYTES (32u << 20) /* of all of them; one may be larger */

struct graphs {
    struct {
        int64_t version_id; /* 0: empty */
        uint64_t used;
        struct pav_graph *graph;
    } kept[KEPT];
    uint64_t clock;
};

struct graphs *
graphs_new(void)
{
    return pav_xcalloc(1, sizeof(struct graphs));
}

void
graphs_free(struct graphs *p)
{
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
    machine = pav_machine_compile(
        version->definition.p, version->definition.len, PAV_STANDARD, &faults);
    if (pav_doc_parse_copy(&a, version->definition.p, version->definition.len,
                           NULL, &definition, NULL) != PAV_OK)
        definition = &pav_doc_empty_object;
    g = pav_graph_new(definition, machine);
    pav_machine_free(machine);
    pav_arena_fini(&a);
    return g;
}

static void
drop(struct graphs *p, int i)
{
    pav_graph_free(p->kept[i].graph);
    memset(&p->kept[i], 0, sizeof(p->kept[i]));
}

/* Room for one more: the one that was not used for longest goes. */
static int
make_room(struct graphs *p)
{
    for (;;) {
        int i, oldest = 0, free_one = -1;
        size_t bytes = 0;

        for (i = 0; i < KEPT; i++) {
            if (p->kept[i].graph == NULL) {
                free_one = i;
                continue;
            }
            bytes += pav_graph_bytes(p->kept[i].graph);
            if (p->kept[oldest].graph == NULL ||
                p->kept[i].used < p->kept[oldest].used)
                oldest = i;
        }
        if (free_one >= 0 && bytes <= KEPT_BYTES)
            return free_one;
        drop(p, oldest);
    }
}

const struct pav_graph *
graphs_get(struct graphs *p, const struct pav_machine_row *version)
{
    int i;

    p->clock++;
    for (i = 0; i < KEPT; i++) {
        if (p->kept[i].graph != NULL &&
            p->kept[i].version_id == version->version_id) {
            p->kept[i].used = p->clock;
            return p->kept[i].graph;
        }
    }
    i = make_room(p);
    p->kept[i].graph = graph_of(version);
    p->kept[i].version_id = version->version_id;
    p->kept[i].used = p->clock;
    return p->kept[i].graph;
}
