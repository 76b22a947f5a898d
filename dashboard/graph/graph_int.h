/* The graph's innards: model, layout and drawing share them. */
#ifndef PAVANE_GRAPH_INT_H
#define PAVANE_GRAPH_INT_H

#include "pavane/graph.h"
#include "pavane/mem.h"

#define SCOPE_DEPTH 16
#define NONE        UINT32_MAX

enum node_kind { NODE_STATE, NODE_START, NODE_END };

struct node {
    enum node_kind kind;
    const char *name;     /* "" for start and end */
    const char *type;     /* "Task" */
    const char *detail;   /* the second line; "" */
    const char *badge;    /* "↻ 3", or "" */
    uint32_t index;       /* of all states, in order of the definition */
    double x, y, w, h;    /* left, top; of the whole picture once laid out */
    struct scope *scopes; /* branches of a Parallel, the one of a Map */
    uint32_t scope_count;
    uint32_t first_edge, edge_count; /* of the scope's: those that leave it */
    bool map;
    bool loops; /* an edge leads from it to itself */
};

enum edge_kind { EDGE_START, EDGE_NEXT, EDGE_CHOICE, EDGE_CATCH, EDGE_END };

/* A place on an edge's way; the line between two is drawn by kind. */
struct point {
    double x, y;
};

struct edge {
    enum edge_kind kind;
    uint32_t from, to;    /* nodes of the scope */
    uint32_t index;       /* of all edges */
    const char *label;    /* ""; shortened when drawn */
    bool main;            /* of the usual way through */
    bool back;            /* a loop: it leads upwards */
    struct point *points; /* pairs: straight down inside a rank, curved in
                             the gap to the next */
    uint32_t point_count;
    struct point label_at; /* its middle */
    double label_w;
};

struct scope {
    struct node *nodes;
    uint32_t count;
    struct edge *edges;
    uint32_t edge_count;
    double x, y, w, h;
    uint32_t depth;
    const struct node *holder; /* the state around it; NULL */
};

struct pav_graph {
    struct pav_arena arena;
    struct scope top;
    struct node **states; /* by index */
    struct node **sorted; /* by name */
    uint32_t state_count, edge_count;
    struct scope **state_scopes; /* the scope of each state, by index */
};

/* Sizes, in pixels. */
#define NODE_H     66.0
#define NODE_W_MIN 132.0
#define NODE_W_MAX 264.0
#define PILL_W     56.0
#define PILL_H     26.0
#define DOT        14.0 /* start and end inside a container */
#define HEADER_H   72.0
#define INSIDE     16.0
#define LANE_GAP   24.0
#define LABEL_H    20.0
#define LABEL_MAX  30 /* characters */

/* Widths of a text at 14 px semibold and at 12 px, with some slack. */
double text_width(const char *text, double px);
/* At most `max` characters, then an ellipsis. */
const char *text_shorten(struct pav_arena *a, const char *text, unsigned max);

/* The label as it is drawn: paths by their last name, then shortened. */
const char *edge_label(struct pav_arena *a, const struct edge *e);

/* graph_layout.c: ranks, order, places and ways, deepest scopes first. */
void graph_layout(struct pav_arena *a, struct scope *s);

/* graph_place.c */
struct vertex {
    uint32_t node; /* of the scope; NONE: a bend or a label */
    uint32_t edge; /* whose label it is; NONE */
    uint32_t rank, order;
    double x, w;         /* x: middle */
    double beside;       /* further room on its right */
    uint32_t bundle;     /* the one segment by which its trunk goes on */
    uint32_t *up, *down; /* segments */
    uint32_t up_count, down_count;
};

/* A piece of edges between two neighbouring ranks. */
struct segment {
    uint32_t upper, lower;
    double upper_x, lower_x; /* where it leaves and arrives */
    bool inner;              /* between two bends */
    bool main;
};

struct layers {
    struct pav_arena *arena;
    struct vertex *v;
    uint32_t count, cap;
    struct segment *s;
    uint32_t segment_count, segment_cap;
    uint32_t **ranks; /* vertices of each, in order */
    uint32_t *rank_counts;
    uint32_t rank_count;
};

/* The distance that the middles of two neighbours must keep. */
double layers_distance(const struct layers *l, uint32_t left, uint32_t right);
/* Gives every vertex its x; the leftmost border is 0. */
void layers_place(struct layers *l);

#endif
