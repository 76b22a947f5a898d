/*
 * The versions of a machine, and what one changed against another: its graph
 * with what is new or other, what is gone, and the differences of definition
 * and rules, place by place.
 */
#include "machine_versions.h"

#include <string.h>

#include "pavane/text.h"
#include "graph/diff.h"
#include "graph/graphs.h"
#include "definition.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "parameters.h"
#include "view.h"

#define VERSIONS 50

struct versions_page {
    struct pav_query *q;
    const char *path; /* of the machine's page */
    struct pav_version_view *v;
    uint32_t count;
    struct pav_machine_row now, before; /* the two that are compared */
    const struct pav_doc *definition, *earlier;
};

static const struct pav_doc *
doc_of(struct pav_query *q, struct pav_bytes text)
{
    const struct pav_doc *d;

    return text.len > 0 && pav_doc_parse_copy(q->arena, text.p, text.len, NULL,
                                              &d, NULL) == PAV_OK
               ? d
               : &pav_doc_null;
}

/* The number of ?NAME=, when the machine has such a version. */
static bool
read_version(struct versions_page *p, const char *name,
             struct pav_machine_row *out)
{
    const char *text = page_parameter(p->q, name);
    int64_t number;
    uint32_t i;

    if (text == NULL || !pav_parse_int(text, strlen(text), &number))
        return false;
    for (i = 0; i < p->count; i++)
        if (p->v[i].number == number)
            return pav_reader_version(p->q->reader, p->v[i].id, p->q->arena,
                                      out);
    return false;
}

/* The version that was there before this one. */
static bool
earlier_than(struct versions_page *p, const struct pav_machine_row *row,
             struct pav_machine_row *out)
{
    uint32_t i;

    for (i = 0; i < p->count; i++)
        if (p->v[i].number < row->version)
            return pav_reader_version(p->q->reader, p->v[i].id, p->q->arena,
                                      out);
    return false;
}

static void
add_list(struct versions_page *p, struct pav_members *m)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, p->q->arena);
    for (i = 0; i < p->count; i++) {
        struct pav_members o;

        pav_members_init(&o, p->q->arena);
        view_number(&o, "number", p->v[i].number);
        view_time(&o, "at", p->v[i].created_at);
        view_bool(&o, "shown", p->v[i].id == p->now.version_id);
        view_bool(&o, "first", i + 1 == p->count);
        view_text(&o, "link",
                  pav_arena_printf(p->q->arena, "%s?tab=versions&version=%lld",
                                   p->path, (long long)p->v[i].number));
        view_text(&o, "flow",
                  pav_arena_printf(p->q->arena, "%s?tab=flow&version=%lld",
                                   p->path, (long long)p->v[i].number));
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "versions", pav_items_array(&list));
}

/* The newer one's graph; how its states differ is on their nodes. */
static void
draw(struct versions_page *p, struct pav_members *m, struct pav_buf *out)
{
    const struct pav_graph *g = graphs_get(kept_of(p->q)->graphs, &p->now),
                           *old = graphs_get(kept_of(p->q)->graphs, &p->before);
    uint32_t n = pav_graph_states(g), i;
    struct pav_state_mark *marks =
        pav_arena_zalloc(p->q->arena, (n + 1) * sizeof(*marks));
    struct pav_graph_marks drawn = {
        .states = marks,
        .title = pav_arena_printf(p->q->arena, "Version %lld of %s",
                                  (long long)p->now.version, p->now.name)};
    struct pav_items gone;
    int64_t added = 0, changed = 0;

    for (i = 0; i < n; i++) {
        const char *name = pav_graph_state(g, i);
        const struct pav_doc *is = definition_of(p->definition, name),
                             *was = definition_of(p->earlier, name);

        marks[i].note = "";
        if (was == NULL) {
            marks[i].status = PAV_MARK_SUCCEEDED;
            marks[i].note = "+ new";
            added++;
        } else if (is != NULL && !pav_doc_equal(is, was)) {
            marks[i].status = PAV_MARK_RUNNING;
            marks[i].note = "≠ changed";
            changed++;
        }
    }
    pav_items_init(&gone, p->q->arena);
    for (i = 0; i < pav_graph_states(old); i++)
        if (definition_of(p->definition, pav_graph_state(old, i)) == NULL)
            pav_items_add(
                &gone, pav_doc_new_cstr(p->q->arena, pav_graph_state(old, i)));
    view_amount(m, "added", added);
    view_amount(m, "changed", changed);
    view_amount(m, "gone_count", gone.count);
    pav_members_puts(m, "gone", pav_items_array(&gone));
    view_bool(m, "gone_any", gone.count > 0);
    pav_graph_svg(g, &drawn, NULL, out);
    page_picture_fits(out);
}

static void
add_diff(struct versions_page *p, struct pav_members *m, const char *key,
         const struct pav_doc *was, const struct pav_doc *is)
{
    const struct pav_doc *rows = diff_rows(p->q->arena, was, is);
    struct pav_members o;

    pav_members_init(&o, p->q->arena);
    pav_members_puts(&o, "diff", rows);
    view_bool(&o, "same", rows->len == 0);
    pav_members_puts(m, key, pav_members_object(&o));
}

void
machine_versions_show(struct pav_query *q, const struct pav_machine_view *v)
{
    struct versions_page p = {
        .q = q, .path = view_link(q, "machines/", v->row.name), .now = v->row};
    struct pav_buf graph;
    struct slot slot = {"graph", &graph};
    struct pav_members m;
    bool two;

    p.count =
        pav_reader_versions(q->reader, v->row.id, VERSIONS, q->arena, &p.v);
    (void)read_version(&p, "version", &p.now);
    two = read_version(&p, "from", &p.before) ||
          earlier_than(&p, &p.now, &p.before);
    pav_members_init(&m, q->arena);
    pav_buf_init(&graph, 16u << 20);
    view_text(&m, "name", v->row.name);
    view_text(&m, "machine_link", p.path);
    view_bool(&m, "at_versions", true);
    view_number(&m, "version", p.now.version);
    add_list(&p, &m);
    view_bool(&m, "two", two);
    if (two) {
        p.definition = doc_of(q, p.now.definition);
        p.earlier = doc_of(q, p.before.definition);
        view_number(&m, "earlier", p.before.version);
        draw(&p, &m, &graph);
        add_diff(&p, &m, "definition", p.earlier, p.definition);
        add_diff(&p, &m, "rules", doc_of(q, p.before.rules),
                 doc_of(q, p.now.rules));
    }
    page_show(q, &(struct page){.name = "machineversions",
                                .title = pav_arena_printf(
                                    q->arena, "Versions of %s", v->row.name),
                                .place = "at_machines",
                                .topics = "machines",
                                .view = &m,
                                .slots = &slot,
                                .slot_count = 1});
    pav_buf_fini(&graph);
}
