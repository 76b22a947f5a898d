/* An expression as a tree: what the parser makes and the evaluator walks. */
#ifndef PAVANE_JSONATA_NODE_H
#define PAVANE_JSONATA_NODE_H

#include "pavane/jsonata.h"

enum node_type {
    N_STRING,
    N_NUMBER,
    N_NULL,
    N_TRUE,
    N_FALSE,
    N_NAME,
    N_VARIABLE, /* symbol; 0: `$` alone */
    N_WILDCARD,
    N_DESCENDANT,
    N_PARENT,
    N_REGEX,
    N_PATH,      /* kids: its steps */
    N_BINARY,    /* a, b */
    N_NEGATE,    /* a */
    N_ARRAY,     /* kids */
    N_OBJECT,    /* kids: keys and values by turns */
    N_FUNCTION,  /* kids: what is called, then its arguments */
    N_PARTIAL,   /* the same; some arguments are N_HOLE */
    N_HOLE,      /* `?` as an argument */
    N_LAMBDA,    /* kids: its body, then its parameters */
    N_CONDITION, /* a ? b : c; c may be NULL */
    N_BLOCK,     /* kids */
    N_BIND,      /* a := b */
    N_APPLY,     /* a ~> b */
    N_TRANSFORM, /* | a | b, c |; c may be NULL */
    N_SORT,      /* kids: its terms; a step of a path */
    /* before it is resolved: */
    N_FILTERED, /* a[b] */
    N_GROUPED,  /* a{kids} */
    N_SORTED,   /* a^(kids) */
    N_FOCUSED,  /* a@b */
    N_INDEXED,  /* a#b */
    N_OPERATOR, /* and, or, in where a value is expected */
    N_END,
};

enum op {
    OP_NONE,
    OP_DOT,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_MODULO,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_CONCAT,
    OP_AND,
    OP_OR,
    OP_IN,
    OP_RANGE,
    OP_COALESCE, /* ?? */
    OP_DEFAULT,  /* ?: */
};

/* Where `%` looks: `level` steps above its own. */
struct slot {
    uint32_t label; /* a symbol that no text can name */
    int level;
};

struct stage {
    struct node *filter; /* NULL: an index */
    uint32_t index;      /* the symbol that it is bound to */
};

/* What few nodes have. */
struct extras {
    struct stage *predicates, *stages;
    uint32_t predicate_count, stage_count;
    struct node *group;    /* an N_OBJECT */
    uint32_t focus, index; /* symbols of `@$x` and `#$x`; 0: none */
    struct slot *ancestor;
    struct slot **seeking;
    uint32_t seeking_count;
};

struct node {
    uint8_t type; /* enum node_type */
    uint8_t op;   /* enum op */
    bool keep_array : 1;
    bool keep_singleton : 1;
    bool cons_array : 1;
    bool tuple : 1;
    bool thunk : 1;
    bool descending : 1;
    uint8_t width; /* of its token in the text, at most 255 */
    uint32_t at;
    uint32_t count;  /* of kids, or bytes of text */
    uint32_t height; /* of the tree below */
    struct extras *extras;
    union {
        double number;
        const char *text;
        struct {
            struct node *a, *b, *c;
        };
        struct {
            struct node **kids;
            union {
                struct node *left;                 /* N_GROUPED, N_SORTED */
                const struct signature *signature; /* N_LAMBDA; or NULL */
            };
        };
        struct {
            const char *pattern; /* N_REGEX; `count` bytes */
            uint32_t flags;
            const void *code; /* compiled */
        };
        struct {
            const char *name; /* N_VARIABLE; `count` bytes */
            uint32_t symbol;
        };
        struct slot *slot; /* N_PARENT */
    };
};

/* Names of variables, numbered from 1. */
struct symbols {
    struct pav_arena *arena;
    struct symbol {
        const char *name;
        uint32_t len;
    } * v;
    uint32_t *index; /* by hash: place + 1; NULL while there are few */
    uint32_t count, index_len;
};
uint32_t symbol_of(struct symbols *s, const char *name, size_t len);
uint32_t symbol_fresh(struct symbols *s);

struct pav_jsonata {
    const struct node *root; /* NULL: too large to be kept, parsed again */
    const char *text;
    uint32_t len;
    enum pav_jsonata_level level;
    struct symbols symbols;
};

/* What the compiler's parts share. */
struct parse {
    struct pav_arena *arena;
    struct symbols *symbols;
    const char *text;
    uint32_t len;
    enum pav_jsonata_level level;
    uint32_t depth;   /* of the recursion */
    uint32_t parents; /* `%`, each of which goes up through all around it */
    void *regex_room; /* where regular expressions are compiled; or NULL */
    bool failed;
    struct pav_jsonata_error *error;
};

/* lexer.c */
enum token_type {
    T_END,
    T_NAME,
    T_VARIABLE,
    T_STRING,
    T_NUMBER,
    T_VALUE, /* true, false, null */
    T_REGEX,
    T_OPERATOR,
};

struct token {
    enum token_type type;
    char op[4];       /* of an operator */
    const char *text; /* its value, not always as it was written */
    uint32_t len, flags;
    uint32_t at, end;
    double number;
};

struct lexer {
    struct parse *p;
    uint32_t pos;
};
/* `after_value`: a slash divides. */
void lexer_next(struct lexer *l, bool after_value, struct token *t);

/* parser.c; NULL when it failed */
struct node *parse_expression(struct parse *p);

/* jsonata.c; NULL when it failed: `error` says why */
struct node *parse_whole(struct pav_arena *a, const char *text, size_t len,
                         enum pav_jsonata_level level, struct symbols *symbols,
                         struct pav_jsonata_error *error);

/* node.c */
#define HEIGHT_MAX  1000
#define PARENTS_MAX 1000
struct node *
node_new(struct parse *p, enum node_type type, uint32_t at, uint32_t end);
/* The same place, another type. */
struct node *
node_like(struct parse *p, enum node_type type, const struct node *n);
void node_add(struct parse *p, struct node *n, struct node *kid);
/* The node stands above the kid: fails when there are too many so. */
void node_above(struct parse *p, struct node *n, const struct node *kid);
struct extras *extras_of(struct parse *p, struct node *n);

/* resolve.c: paths, ancestors, tail calls; NULL when it failed */
struct node *resolve(struct parse *p, struct node *n);
/* What `%` stands for is not there: S0217. */
struct node *no_parent(struct parse *p, const struct node *n);

/* signature.c */
struct signature *
signature_parse(struct pav_arena *a, const char *text, size_t len,
                const char **code, uint32_t *offset);

/* regex.c: false when it is none */
bool regex_compile(struct parse *p, struct node *n);

/* messages.c: the first failure counts; always NULL.  `token` and `value` are
 * JSON texts; NULL: none. */
void *parse_fail(struct parse *p, const char *code, uint32_t at, uint32_t end,
                 const char *token, const char *value);

#endif
