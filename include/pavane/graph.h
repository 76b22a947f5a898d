/*
 * The graph of a machine: read from its definition, laid out, and drawn as
 * SVG.
 *
 * ASL forbids transitions across the border of a Parallel branch or a Map, so
 * every scope is a graph of its own; scopes are laid out inside-out and are
 * boxes in the scope around them.  The same definition gives the same
 * bytes.  What is malformed is left out, so that a definition in the making
 * can be drawn too.  A graph is frozen; it owns its memory.
 */
#ifndef PAVANE_GRAPH_H
#define PAVANE_GRAPH_H

#include "pavane/buf.h"
#include "pavane/doc.h"

struct pav_machine;

#define PAV_GRAPH_NONE UINT32_MAX

#define PAV_GRAPH_STATES 2000 /* and scopes 16 deep: more is not drawn */

/*
 * `machine`, compiled from the same definition, says what Tasks wait for; it
 * may be NULL.  Cost: about n log n in states and transitions; where that
 * would be much (many transitions over many ranks) the picture is plainer.
 */
struct pav_graph *pav_graph_new(const struct pav_doc *definition,
                                const struct pav_machine *machine);
void pav_graph_free(struct pav_graph *g);
/* What it holds in memory. */
size_t pav_graph_bytes(const struct pav_graph *g);

uint32_t pav_graph_states(const struct pav_graph *g);
const char *pav_graph_state(const struct pav_graph *g, uint32_t i);
const char *pav_graph_type(const struct pav_graph *g, uint32_t i);
/* The Parallel or Map around it; PAV_GRAPH_NONE at the top. */
uint32_t pav_graph_holder(const struct pav_graph *g, uint32_t i);
/* PAV_GRAPH_NONE when there is no state of that name. */
uint32_t pav_graph_find(const struct pav_graph *g, const char *name);

/* How an execution went through a state, or how many are in it. */
enum pav_mark_status {
    PAV_MARK_NONE, /* not reached */
    PAV_MARK_RUNNING,
    PAV_MARK_SUCCEEDED,
    PAV_MARK_FAILED,
    PAV_MARK_TIMED_OUT,
    PAV_MARK_ABORTED,
    PAV_MARK_CAUGHT,  /* failed, and a Catch took it */
    PAV_MARK_OVERDUE, /* it waits longer than it should */
};

/* Its class in style sheets, its word and its sign: everywhere the same. */
struct pav_look {
    const char *class, *word, *sign;
};
extern const struct pav_look pav_looks[];

/* What many executions did in a state. */
#define PAV_GRAPH_BARS 12
struct pav_state_sums {
    const char *amounts;         /* instead of what it waits for; NULL: that */
    const char *says;            /* to readers aloud; NULL: the note */
    double bars[PAV_GRAPH_BARS]; /* behind the words: 0 to 1 of its height */
    uint8_t heat;                /* 0, or 1 to 5: how strong its colour is */
    bool late;                   /* some are, now */
    /* What did not fit while they were in it, and a longer text for a wide
     * state; NULL: nothing. */
    const char *misfit, *misfit_more, *misfit_title, *misfit_link;
};

struct pav_state_mark {
    enum pav_mark_status status;
    uint32_t visits;
    const char *note; /* instead of the status's word; NULL: that */
    const char *more; /* behind the word; NULL: nothing */
    const struct pav_state_sums *sums; /* of one execution: NULL */
};

/*
 * What is drawn on a graph: one mark a state, one count of passages an edge
 * (pav_graph_edge_find()).  `states` NULL: nothing is marked, every edge is
 * drawn alike.
 */
struct pav_graph_marks {
    const struct pav_state_mark *states;
    const uint32_t *edges;
    /* Of a map of many executions: by edge, what is beside it (NULL: nothing)
     * (a link, if it has one) and how thick it is, 0 to 5.  NULL: edges have
     * none of it. */
    const char *const *edge_notes, *const *edge_links;
    const uint8_t *edge_widths;
    const char *selected; /* the name of a state; NULL */
    /* What a state links to, in front of its percent-encoded name. */
    const char *link;
    const char *title; /* the name of the whole, for readers aloud */
};

uint32_t pav_graph_edges(const struct pav_graph *g);
/*
 * The transition between two states of one scope; `from` NULL: the start of
 * the scope of `to`; `to` NULL: the end of the scope of `from`.
 */
uint32_t pav_graph_edge_find(const struct pav_graph *g, const char *from,
                             const char *to, bool caught);

/* A transition by its index: names as above; what it says, "" when nothing. */
struct pav_transition {
    const char *from, *to, *label;
    bool caught;
};
/* From a state to a state: neither a start nor an end. */
bool pav_is_transition(const struct pav_transition *t);
/* All of them, `out` having room for pav_graph_edges(). */
void
pav_graph_transitions(const struct pav_graph *g, struct pav_transition *out);

/*
 * An <svg> element.  `style` is put inside when the file must be alone;
 * NULL in a page, whose style sheet has the classes.
 */
void
pav_graph_svg(const struct pav_graph *g, const struct pav_graph_marks *marks,
              const char *style, struct pav_buf *out);
/* The style sheet of a drawing that is alone. */
const char *pav_graph_style(void);
/* {"width","height","nodes":[...],"edges":[...]}, all in pixels. */
void pav_graph_json(const struct pav_graph *g, struct pav_buf *out);

#endif
