/* One machine: its description, states and definition. */
#include <string.h>

#include "pavane/machine.h"
#include "graph/graphs.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "machine_flow.h"
#include "machine_versions.h"
#include "markdown.h"
#include "pages.h"
#include "parameters.h"
#include "standing.h"
#include "view_rows.h"

#define LEADS_MAX 20

/* Where a state leads, for the outline. */
static const char *
leads_to(struct pav_arena *a, const struct pav_doc *source)
{
    const struct pav_doc *choices = pav_doc_get(source, "Choices");
    const char *next = pav_doc_str(a, pav_doc_get(source, "Next"));
    const char *by_default = pav_doc_str(a, pav_doc_get(source, "Default"));
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, 1 << 16);
    if (next != NULL)
        pav_buf_puts(&b, next);
    for (i = 0; choices != NULL && choices->kind == PAV_ARRAY &&
                i < choices->len && i < LEADS_MAX;
         i++) {
        const char *name =
            pav_doc_str(a, pav_doc_get(&choices->items[i], "Next"));

        if (name != NULL)
            pav_buf_printf(&b, "%s%s", b.len == 0 ? "" : ", ", name);
    }
    if (choices != NULL && choices->len > LEADS_MAX)
        pav_buf_printf(&b, ", and %u more", choices->len - LEADS_MAX);
    if (by_default != NULL)
        pav_buf_printf(&b, "%selse %s", b.len == 0 ? "" : ", ", by_default);
    text = b.len == 0 ? "end" : pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

static const char *
indent_of(uint32_t depth)
{
    static const char *const classes[] = {"", "in1", "in2", "in3"};

    return classes[depth > 3 ? 3 : depth];
}

/* The outline; a `##` section of the README documents its state. */
static const struct pav_doc *
states_view(struct pav_query *q, const struct pav_machine *machine,
            const struct pav_machine_row *row)
{
    struct pav_items rows;
    uint32_t i, count = pav_machine_state_count(machine);

    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++) {
        struct pav_state_view s = pav_machine_state(machine, i);
        struct pav_members m;
        struct pav_buf about;
        const char *text;
        size_t len;

        pav_members_init(&m, q->arena);
        view_text(&m, "name", pav_arena_strdup(q->arena, s.name));
        view_text(&m, "type", s.type);
        view_text(&m, "indent", indent_of(s.depth));
        view_text(&m, "leads", leads_to(q->arena, s.source));
        if (s.awaits != NULL)
            view_text(&m, "awaits", pav_arena_strdup(q->arena, s.awaits));
        if (s.comment != NULL)
            view_text(&m, "comment", pav_arena_strdup(q->arena, s.comment));
        text = markdown_section(row->readme.p, row->readme.len, s.name, &len);
        if (len > 0) {
            pav_buf_init(&about, 1 << 20);
            markdown_plain(text, len, &about);
            if (about.len > 0)
                view_text(&m, "description",
                          pav_arena_strdup(q->arena, about.p));
            pav_buf_fini(&about);
        }
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* The graph with its counts, and the same as rows for a list. */
static const struct pav_doc *
machine_graph(struct pav_query *q, const struct pav_machine_view *v,
              struct pav_buf *out, bool *any_late)
{
    const struct pav_graph *g = graphs_get(kept_of(q)->graphs, &v->row);
    uint32_t n = pav_graph_states(g), i;
    struct pav_state_mark *marks =
        pav_arena_zalloc(q->arena, (n + 1) * sizeof(*marks));
    int64_t *late, *counts = standing_in(q, v->row.id, g, &late);
    struct pav_graph_marks drawn = {
        .states = marks,
        .title = pav_arena_printf(q->arena, "Graph of %s", v->row.name),
        .link =
            pav_arena_printf(q->arena, "%s&status=RUNNING&state=",
                             view_link(q, "executions?machine=", v->row.name))};
    struct pav_items rows;
    struct pav_members m;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++) {
        marks[i].note = "";
        if (counts[i] == 0)
            continue;
        marks[i].status = PAV_MARK_RUNNING;
        marks[i].note = pav_arena_printf(q->arena, "▷ %s waiting",
                                         view_count(q->arena, counts[i]));
        if (late[i] > 0) {
            *any_late = true;
            marks[i].status = PAV_MARK_OVERDUE;
            marks[i].note = pav_arena_printf(q->arena, "⏰ %s of %s late",
                                             view_count(q->arena, late[i]),
                                             view_count(q->arena, counts[i]));
        }
        pav_members_init(&m, q->arena);
        view_text(&m, "state", pav_graph_state(g, i));
        view_number(&m, "late", late[i]);
        view_number(&m, "count", counts[i]);
        view_text(&m, "link",
                  view_link(q, drawn.link + strlen(page_root(q)),
                            pav_graph_state(g, i)));
        pav_items_add(&rows, pav_members_object(&m));
    }
    pav_graph_svg(g, &drawn, NULL, out);
    page_picture_fits(out);
    return pav_items_array(&rows);
}

static void
show(struct pav_query *q, const char *name)
{
    struct pav_machine_view v;
    struct pav_machine *machine;
    struct pav_faults faults;
    struct pav_members m;
    struct pav_buf readme, graph;
    struct slot slots[2] = {{"readme", &readme}, {"graph", &graph}};
    const struct pav_doc *current_states;
    const char *intro, *tab = page_parameter(q, "tab");
    bool late = false;
    size_t len;

    if (!pav_reader_machine(q->reader, name, q->arena, &v)) {
        page_missing(q, "There is no machine of this name.");
        return;
    }
    if (tab != NULL && v.row.id != 0 &&
        (strcmp(tab, "flow") == 0 || strcmp(tab, "times") == 0 ||
         strcmp(tab, "coverage") == 0)) {
        machine_flow_show(q, &v);
        return;
    }
    if (tab != NULL && strcmp(tab, "versions") == 0 && v.row.id != 0) {
        machine_versions_show(q, &v);
        return;
    }
    pav_members_init(&m, q->arena);
    if (tab != NULL && strcmp(tab, "now") != 0 && strcmp(tab, "rules") != 0 &&
        strcmp(tab, "definition") != 0)
        view_not_read(q, &m, "tab");
    pav_members_puts(&m, "machine", view_machine(q, &v));
    view_text(&m, "machine_link", view_link(q, "machines/", name));
    view_bool(&m, "at_now", true);
    pav_faults_init(&faults, q->arena);
    machine = pav_machine_compile(v.row.definition.p, v.row.definition.len,
                                  PAV_STANDARD, &faults);
    if (machine != NULL)
        pav_members_puts(&m, "states", states_view(q, machine, &v.row));
    view_text(&m, "definition",
              view_pretty(q->arena, v.row.definition.p, v.row.definition.len));
    if (v.row.rules.len > 0)
        view_text(&m, "rules",
                  view_pretty(q->arena, v.row.rules.p, v.row.rules.len));
    /* What is under a state's heading shows beside the state. */
    intro = markdown_section(v.row.readme.p, v.row.readme.len, NULL, &len);
    pav_buf_init(&readme, 1 << 20);
    pav_buf_init(&graph, 16u << 20);
    markdown_render(intro, len, &readme);
    current_states = machine_graph(q, &v, &graph, &late);
    pav_members_puts(&m, "stands", current_states);
    page_show(
        q, &(struct page){
               .name = "machine",
               .title = late ? pav_arena_printf(q->arena, "⏰ %s", name) : name,
               .place = "at_machines",
               .topics = "executions machines",
               .view = &m,
               .slots = slots,
               .slot_count = 2});
    pav_buf_fini(&readme);
    pav_buf_fini(&graph);
    pav_machine_free(machine);
}

const struct page_route machine_page = {"/machines", "pavane:ReadMachines",
                                        PAGE_BELOW, show};
