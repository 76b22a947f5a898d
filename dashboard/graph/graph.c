/*
 * The graph of a machine, read from its definition: nodes, edges, labels.
 *
 * G1  Every edge joins two nodes of one scope.
 * G2  Nodes and edges are in the order of the definition.
 * G3  A state's index counts through the whole definition, scopes before
 *     their insides; an edge's through all edges, insides first.
 */
#include "pavane/graph.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/machine.h"
#include "pavane/text.h"
#include "graph_int.h"

struct reader {
    struct pav_graph *graph;
    struct pav_arena *arena;
    const struct pav_machine *machine;
};

static bool
scope_read(struct reader *r, const struct pav_doc *d, struct scope *s,
           const struct node *holder, uint32_t depth);

/* ---- texts ---- */

/* ---- what is in a box ---- */

static const char *
text_of(struct reader *r, const struct pav_doc *d, const char *key)
{
    return pav_doc_str(r->arena, pav_doc_get(d, key));
}

/* A number as it is written; a path or an expression as it is. */
static const char *
value_text(struct reader *r, const struct pav_doc *d)
{
    struct pav_buf b;
    const char *text;

    if (d == NULL)
        return NULL;
    if (d->kind == PAV_STRING)
        return pav_doc_str(r->arena, d);
    pav_buf_init(&b, 256);
    pav_doc_print(d, &b);
    text = pav_arena_strndup(r->arena, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

static const char *
wait_detail(struct reader *r, const struct pav_doc *d)
{
    static const struct {
        const char *key, *before, *behind;
    } rows[] = {{"Seconds", "", " s"},
                {"SecondsPath", "", " seconds"},
                {"Timestamp", "until ", ""},
                {"TimestampPath", "until ", ""}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = value_text(r, pav_doc_get(d, rows[i].key));

        if (text != NULL)
            return pav_arena_printf(r->arena, "%s%s%s", rows[i].before, text,
                                    rows[i].behind);
    }
    return "";
}

/* "arn:aws:states:::lambda:invoke" is "lambda:invoke". */
static const char *
task_detail(struct reader *r, const struct pav_doc *d, const char *name)
{
    const char *resource = text_of(r, d, "Resource"), *tail;
    uint32_t i,
        count = r->machine == NULL ? 0 : pav_machine_state_count(r->machine);

    for (i = 0; i < count; i++) {
        struct pav_state_view s = pav_machine_state(r->machine, i);

        if (s.awaits != NULL && strcmp(s.name, name) == 0)
            return pav_arena_printf(r->arena, "for %s", s.awaits);
    }
    if (resource == NULL)
        return "";
    tail = strstr(resource, ":::");
    if (tail != NULL)
        return pav_arena_strdup(r->arena, tail + 3);
    tail = strrchr(resource, ':');
    return pav_arena_strdup(r->arena, tail == NULL ? resource : tail + 1);
}

static const char *
state_detail(struct reader *r, const struct pav_doc *d, const char *type,
             const char *name)
{
    const struct pav_doc *inside = pav_doc_get(d, "Branches");
    const char *text = "";

    if (strcmp(type, "Task") == 0)
        return task_detail(r, d, name);
    if (strcmp(type, "Wait") == 0)
        return wait_detail(r, d);
    if (strcmp(type, "Fail") == 0)
        text = text_of(r, d, "Error");
    else if (strcmp(type, "Parallel") == 0 && inside != NULL)
        return pav_arena_printf(r->arena, "%u branches", inside->len);
    else if (strcmp(type, "Map") == 0)
        text = text_of(r, d, "ItemsPath");
    return text == NULL ? "" : text;
}

static const char *
retry_badge(struct reader *r, const struct pav_doc *d)
{
    const struct pav_doc *retry = pav_doc_get(d, "Retry");
    int64_t max = 0, n;
    uint32_t i;

    if (retry == NULL || retry->kind != PAV_ARRAY || retry->len == 0)
        return "";
    for (i = 0; i < retry->len; i++) {
        const struct pav_doc *attempts =
            pav_doc_get(&retry->items[i], "MaxAttempts");

        n = 3; /* the default of the language */
        if (attempts != NULL)
            (void)pav_doc_int(attempts, &n);
        if (n > max)
            max = n;
    }
    return pav_arena_printf(r->arena, "↻ max %lld", (long long)max);
}

/* ---- conditions, for people ---- */

/* "StringEquals" is "=", "NumericGreaterThanEquals" ">=", ... */
static const char *
operator_sign(const char *key, size_t len)
{
    static const struct {
        const char *ending, *sign;
    } rows[] = {{"GreaterThanEqualsPath", "≥"},
                {"GreaterThanEquals", "≥"},
                {"LessThanEqualsPath", "≤"},
                {"LessThanEquals", "≤"},
                {"GreaterThanPath", ">"},
                {"GreaterThan", ">"},
                {"LessThanPath", "<"},
                {"LessThan", "<"},
                {"EqualsPath", "="},
                {"Equals", "="},
                {"StringMatches", "like"}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].ending);

        if (len >= n && memcmp(key + len - n, rows[i].ending, n) == 0)
            return rows[i].sign;
    }
    return NULL;
}

static const char *
condition_text(struct reader *r, const struct pav_doc *rule, unsigned depth);

static const char *
conditions_text(struct reader *r, const struct pav_doc *list, const char *word,
                unsigned depth)
{
    const char *text = "";
    uint32_t i;

    for (i = 0; i < list->len && strlen(text) < 200; i++)
        text = pav_arena_printf(r->arena, "%s%s%s", text, i == 0 ? "" : word,
                                condition_text(r, &list->items[i], depth + 1));
    return text;
}

static const char *
test_text(struct reader *r, const struct pav_doc *rule)
{
    const char *variable = text_of(r, rule, "Variable");
    uint32_t i;

    if (variable == NULL)
        return "";
    for (i = 0; i < rule->len; i++) {
        const struct pav_member *m = &rule->members[i];
        const char *sign = operator_sign(m->key, m->len);
        const char *operand;

        if (sign != NULL) {
            operand = value_text(r, &m->value);
            return pav_arena_printf(r->arena, "%s %s %s", variable, sign,
                                    operand);
        }
        if (m->len > 2 && memcmp(m->key, "Is", 2) == 0)
            return pav_arena_printf(r->arena, "%s is %s%.*s", variable,
                                    m->value.kind == PAV_FALSE ? "not " : "",
                                    (int)m->len - 2, m->key + 2);
    }
    return variable;
}

static const char *
condition_text(struct reader *r, const struct pav_doc *rule, unsigned depth)
{
    const char *condition = text_of(r, rule, "Condition");
    const struct pav_doc *part;

    if (depth > 8)
        return "…";
    if (condition != NULL) {
        const char *from = strstr(condition, "{%");
        const char *to = strstr(condition, "%}");

        if (from == NULL || to == NULL || to < from + 2)
            return condition;
        for (from += 2; *from == ' ' && from < to;)
            from++;
        while (to > from && to[-1] == ' ')
            to--;
        return pav_arena_strndup(r->arena, from, (size_t)(to - from));
    }
    if ((part = pav_doc_get(rule, "And")) != NULL && part->kind == PAV_ARRAY)
        return conditions_text(r, part, " and ", depth);
    if ((part = pav_doc_get(rule, "Or")) != NULL && part->kind == PAV_ARRAY)
        return conditions_text(r, part, " or ", depth);
    if ((part = pav_doc_get(rule, "Not")) != NULL)
        return pav_arena_printf(r->arena, "not %s",
                                condition_text(r, part, depth + 1));
    return test_text(r, rule);
}

/* ---- nodes ---- */

static double
clamp(double v, double min, double max)
{
    return v < min ? min : v > max ? max : v;
}

static void
state_read(struct reader *r, const struct pav_doc *d, const char *name,
           struct node *n, uint32_t depth)
{
    const struct pav_doc *branches = pav_doc_get(d, "Branches"), *inside;
    const char *type = text_of(r, d, "Type");
    double wide, second;
    uint32_t i;

    n->kind = NODE_STATE;
    n->name = name;
    n->type = type == NULL ? "" : type;
    n->detail = state_detail(r, d, n->type, name);
    n->badge = retry_badge(r, d);
    n->index = r->graph->state_count;
    wide = text_width(name, 14) + 52;
    second = text_width(n->type, 12) + text_width(n->detail, 12) +
             text_width(n->badge, 12) + 44;
    n->w = clamp(wide > second ? wide : second, NODE_W_MIN, NODE_W_MAX);
    n->h = NODE_H;
    r->graph->states[r->graph->state_count++] = n;
    if (depth + 1 >= SCOPE_DEPTH)
        return;
    if (strcmp(n->type, "Parallel") == 0 && branches != NULL &&
        branches->kind == PAV_ARRAY && branches->len > 0) {
        n->scopes =
            pav_arena_zalloc(r->arena, branches->len * sizeof(*n->scopes));
        for (i = 0; i < branches->len; i++)
            if (scope_read(r, &branches->items[i], &n->scopes[n->scope_count],
                           n, depth + 1))
                n->scope_count++;
    } else if (strcmp(n->type, "Map") == 0) {
        n->map = true;
        inside = pav_doc_get(d, "ItemProcessor");
        if (inside == NULL)
            inside = pav_doc_get(d, "Iterator");
        if (inside != NULL) {
            n->scopes = pav_arena_zalloc(r->arena, sizeof(*n->scopes));
            n->scope_count =
                scope_read(r, inside, &n->scopes[0], n, depth + 1) ? 1 : 0;
        }
    }
}

/* ---- edges ---- */

static uint32_t
node_find(const struct scope *s, const struct pav_doc *name)
{
    uint32_t i;

    if (name == NULL || name->kind != PAV_STRING)
        return NONE;
    for (i = 0; i < s->count; i++)
        if (s->nodes[i].kind == NODE_STATE &&
            strlen(s->nodes[i].name) == name->len &&
            memcmp(s->nodes[i].name, name->text, name->len) == 0)
            return i;
    return NONE;
}

/* Several transitions between the same two are one edge. */
static void
edge_add(struct reader *r, struct scope *s, enum edge_kind kind, uint32_t from,
         uint32_t to, const char *label)
{
    struct edge *e;
    uint32_t i;

    if (to == NONE || from == NONE)
        return;
    for (i = s->edge_count; i-- > 0 && s->edges[i].from == from;) {
        e = &s->edges[i];
        if (e->to != to || (e->kind == EDGE_CATCH) != (kind == EDGE_CATCH))
            continue;
        if (*e->label != '\0' && strlen(e->label) < 400)
            e->label =
                pav_arena_printf(r->arena, "%s%s%s", e->label,
                                 kind == EDGE_CATCH ? ", " : " or ", label);
        return;
    }
    e = &s->edges[s->edge_count++];
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    e->from = from;
    e->to = to;
    e->label = label;
    e->index = r->graph->edge_count++;
}

static const char *
error_names(struct reader *r, const struct pav_doc *catcher)
{
    const struct pav_doc *names = pav_doc_get(catcher, "ErrorEquals");
    const char *text = "";
    uint32_t i;

    for (i = 0; names != NULL && names->kind == PAV_ARRAY && i < names->len;
         i++) {
        const char *name = pav_doc_str(r->arena, &names->items[i]);

        if (name != NULL && strlen(text) < 200)
            text = pav_arena_printf(r->arena, "%s%s%s", text,
                                    *text == '\0' ? "" : ", ", name);
    }
    return text;
}

static void
edges_read(struct reader *r, struct scope *s, const struct pav_doc *d,
           uint32_t from, uint32_t end)
{
    const struct pav_doc *list = pav_doc_get(d, "Choices"), *e;
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        edge_add(r, s, EDGE_CHOICE, from,
                 node_find(s, pav_doc_get(&list->items[i], "Next")),
                 condition_text(r, &list->items[i], 0));
    edge_add(r, s, EDGE_CHOICE, from, node_find(s, pav_doc_get(d, "Default")),
             "otherwise");
    edge_add(r, s, EDGE_NEXT, from, node_find(s, pav_doc_get(d, "Next")), "");
    e = pav_doc_get(d, "End");
    if (e != NULL && e->kind == PAV_TRUE)
        edge_add(r, s, EDGE_END, from, end, "");
    list = pav_doc_get(d, "Catch");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        edge_add(r, s, EDGE_CATCH, from,
                 node_find(s, pav_doc_get(&list->items[i], "Next")),
                 error_names(r, &list->items[i]));
}

static bool
ends(const struct pav_doc *states)
{
    uint32_t i;

    for (i = 0; i < states->len; i++) {
        const struct pav_doc *end =
            pav_doc_get(&states->members[i].value, "End");

        if (end != NULL && end->kind == PAV_TRUE)
            return true;
    }
    return false;
}

static uint32_t
edges_max(const struct pav_doc *states)
{
    uint32_t i, n = 1;

    for (i = 0; i < states->len; i++) {
        const struct pav_doc *d = &states->members[i].value;
        const struct pav_doc *choices = pav_doc_get(d, "Choices");
        const struct pav_doc *catchers = pav_doc_get(d, "Catch");

        n += 3 + (choices == NULL ? 0 : choices->len) +
             (catchers == NULL ? 0 : catchers->len);
    }
    return n;
}

static bool
scope_read(struct reader *r, const struct pav_doc *d, struct scope *s,
           const struct node *holder, uint32_t depth)
{
    const struct pav_doc *states = pav_doc_get(d, "States");
    uint32_t i, end = NONE, read;

    if (states == NULL || states->kind != PAV_OBJECT || states->len == 0 ||
        r->graph->state_count + states->len > PAV_GRAPH_STATES)
        return false;
    s->depth = depth;
    s->holder = holder;
    s->nodes =
        pav_arena_zalloc(r->arena, (states->len + 2u) * sizeof(*s->nodes));
    s->edges = pav_arena_alloc(r->arena, edges_max(states) * sizeof(*s->edges));
    s->nodes[0].kind = NODE_START;
    s->nodes[0].name = s->nodes[0].type = s->nodes[0].detail = "";
    s->nodes[0].badge = "";
    s->nodes[0].w = depth == 0 ? PILL_W : DOT;
    s->nodes[0].h = depth == 0 ? PILL_H : DOT;
    s->count = 1;
    for (i = 0; i < states->len; i++) {
        const struct pav_member *m = &states->members[i];
        struct pav_doc name = {
            .kind = PAV_STRING, .len = m->len, .text = m->key};

        if (r->graph->state_count >= PAV_GRAPH_STATES)
            break;
        r->graph->state_scopes[r->graph->state_count] = s;
        state_read(r, &m->value, pav_doc_str(r->arena, &name),
                   &s->nodes[s->count++], depth);
    }
    read = s->count;
    if (ends(states)) {
        end = s->count++;
        s->nodes[end] = s->nodes[0];
        s->nodes[end].kind = NODE_END;
    }
    edge_add(r, s, EDGE_START, 0, node_find(s, pav_doc_get(d, "StartAt")), "");
    s->nodes[0].edge_count = s->edge_count;
    for (i = 0; i + 1 < read; i++) {
        struct node *n = &s->nodes[i + 1];

        n->first_edge = s->edge_count;
        edges_read(r, s, &states->members[i].value, i + 1, end);
        n->edge_count = s->edge_count - n->first_edge;
    }
    return true;
}

/* ---- the whole ---- */

static int
by_name(const void *x, const void *y)
{
    return strcmp((*(struct node *const *)x)->name,
                  (*(struct node *const *)y)->name);
}

struct pav_graph *
pav_graph_new(const struct pav_doc *definition,
              const struct pav_machine *machine)
{
    struct pav_graph *g = pav_xcalloc(1, sizeof(*g));
    struct reader r = {.graph = g, .arena = &g->arena, .machine = machine};

    pav_arena_init(&g->arena, 1 << 16);
    g->states =
        pav_arena_alloc(&g->arena, PAV_GRAPH_STATES * sizeof(*g->states));
    g->state_scopes =
        pav_arena_alloc(&g->arena, PAV_GRAPH_STATES * sizeof(*g->state_scopes));
    if (scope_read(&r, definition, &g->top, NULL, 0))
        graph_layout(&g->arena, &g->top);
    g->sorted =
        pav_arena_alloc(&g->arena, (g->state_count + 1) * sizeof(*g->sorted));
    memcpy(g->sorted, g->states, g->state_count * sizeof(*g->sorted));
    qsort(g->sorted, g->state_count, sizeof(*g->sorted), by_name);
    return g;
}

void
pav_graph_free(struct pav_graph *g)
{
    if (g == NULL)
        return;
    pav_arena_fini(&g->arena);
    free(g);
}

size_t
pav_graph_bytes(const struct pav_graph *g)
{
    return sizeof(*g) + g->arena.total;
}

uint32_t
pav_graph_states(const struct pav_graph *g)
{
    return g->state_count;
}

uint32_t
pav_graph_edges(const struct pav_graph *g)
{
    return g->edge_count;
}

const char *
pav_graph_state(const struct pav_graph *g, uint32_t i)
{
    return g->states[i]->name;
}

uint32_t
pav_graph_find(const struct pav_graph *g, const char *name)
{
    struct node key = {.name = name}, *wanted = &key, **hit;

    hit = bsearch(&wanted, g->sorted, g->state_count, sizeof(*g->sorted),
                  by_name);
    return hit == NULL ? PAV_GRAPH_NONE : (*hit)->index;
}

uint32_t
pav_graph_holder(const struct pav_graph *g, uint32_t i)
{
    const struct node *holder = g->state_scopes[i]->holder;

    return holder == NULL ? PAV_GRAPH_NONE : holder->index;
}

const char *
pav_graph_type(const struct pav_graph *g, uint32_t i)
{
    return g->states[i]->type;
}

static void
transitions_of(const struct scope *s, struct pav_transition *out)
{
    uint32_t i, j;

    for (i = 0; i < s->edge_count; i++) {
        const struct edge *e = &s->edges[i];
        const struct node *from = &s->nodes[e->from], *to = &s->nodes[e->to];

        out[e->index] = (struct pav_transition){
            .from = from->kind == NODE_START ? NULL : from->name,
            .to = to->kind == NODE_END ? NULL : to->name,
            .label = e->label,
            .caught = e->kind == EDGE_CATCH};
    }
    for (i = 0; i < s->count; i++)
        for (j = 0; j < s->nodes[i].scope_count; j++)
            transitions_of(&s->nodes[i].scopes[j], out);
}

bool
pav_is_transition(const struct pav_transition *t)
{
    return t->from != NULL && t->to != NULL;
}

void
pav_graph_transitions(const struct pav_graph *g, struct pav_transition *out)
{
    transitions_of(&g->top, out);
}

uint32_t
pav_graph_edge_find(const struct pav_graph *g, const char *from, const char *to,
                    bool caught)
{
    uint32_t at = pav_graph_find(g, from == NULL ? to : from), i;
    const struct scope *s;
    const struct node *x;

    if (at == PAV_GRAPH_NONE)
        return PAV_GRAPH_NONE;
    s = g->state_scopes[at];
    x = from == NULL ? &s->nodes[0] : g->states[at];
    for (i = x->first_edge; i < x->first_edge + x->edge_count; i++) {
        const struct edge *e = &s->edges[i];
        const struct node *y = &s->nodes[e->to];

        if ((to == NULL) == (y->kind == NODE_END) &&
            (e->kind == EDGE_CATCH) == caught &&
            (to == NULL || strcmp(y->name, to) == 0))
            return e->index;
    }
    return PAV_GRAPH_NONE;
}
