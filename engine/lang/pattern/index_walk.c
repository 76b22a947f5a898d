/*
 * The index: the text of an event, read as far as rules ask for it.
 *
 * The text was checked before: here nothing is, beyond staying inside it.
 * Objects and arrays that no rule names are stepped over by their brackets and
 * quotes.  In a simple text a name comes once: an object whose named members
 * have all been seen is left, and when nothing above it is open either, so is
 * the event.
 */
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "index_int.h"

struct walk {
    struct pav_index *ix;
    const char *p, *end;
    bool simple;
    uint32_t level; /* of brackets that are open at `p` */
    uint32_t arrays, trail_len;
    /* The places of the fields at hand; made when one is kept. */
    const struct place *places;
    struct place trail[PAV_DEPTH_MAX + 1];
};

static void
blanks(struct walk *w)
{
    while (w->p < w->end && (unsigned char)*w->p <= ' ')
        w->p++;
}

/* From behind the opening quote to the closing one. */
static bool
string_end(struct walk *w)
{
    bool escaped = false;

    for (;;) {
#if defined(__SSE2__)
        while (w->end - w->p >= 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)(const void *)w->p);
            int hits = _mm_movemask_epi8(
                _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                             _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));

            if (hits != 0) {
                w->p += __builtin_ctz((unsigned)hits);
                break;
            }
            w->p += 16;
        }
#endif
        while (w->p < w->end && *w->p != '"' && *w->p != '\\')
            w->p++;
        if (w->p >= w->end || *w->p == '"')
            return escaped;
        escaped = true;
        w->p += 2;
    }
}

static void
skip_string(struct walk *w)
{
    w->p++;
    (void)string_end(w);
    w->p++;
}

/* Over what is inside, until no more than `level` brackets are open. */
static void
skip_to_level(struct walk *w, uint32_t level)
{
    while (w->p < w->end && w->level > level) {
#if defined(__SSE2__)
        while (w->end - w->p >= 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)(const void *)w->p);
            /* With bit 5 set, both kinds of brackets are one. */
            __m128i y = _mm_or_si128(x, _mm_set1_epi8(0x20));
            unsigned opens = (unsigned)_mm_movemask_epi8(
                _mm_cmpeq_epi8(y, _mm_set1_epi8('{')));
            unsigned closes = (unsigned)_mm_movemask_epi8(
                _mm_cmpeq_epi8(y, _mm_set1_epi8('}')));
            unsigned quotes = (unsigned)_mm_movemask_epi8(
                _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
            unsigned before;

            /* Those before the first quote are brackets indeed. */
            before = quotes == 0 ? 0xFFFFu : (quotes & (0u - quotes)) - 1;
            opens &= before;
            closes &= before;
            for (opens |= closes; opens != 0; opens &= opens - 1) {
                if ((closes & opens & (0u - opens)) == 0) {
                    w->level++;
                } else if (--w->level == level) {
                    w->p += __builtin_ctz(opens) + 1;
                    return;
                }
            }
            if (quotes != 0) {
                w->p += __builtin_ctz(quotes);
                skip_string(w);
            } else {
                w->p += 16;
            }
        }
        if (w->p >= w->end)
            return;
#endif
        switch (*w->p) {
        case '"':
            skip_string(w);
            continue;
        case '{':
        case '[':
            w->level++;
            break;
        case '}':
        case ']':
            w->level--;
            break;
        default:
            break;
        }
        w->p++;
    }
}

static void
skip_scalar(struct walk *w)
{
    while (w->p < w->end && *w->p != ',' && *w->p != '}' && *w->p != ']' &&
           (unsigned char)*w->p > ' ')
        w->p++;
}

static void
skip_value(struct walk *w)
{
    if (w->p >= w->end)
        return;
    if (*w->p == '"') {
        skip_string(w);
    } else if (*w->p == '{' || *w->p == '[') {
        uint32_t level = w->level++;

        w->p++;
        skip_to_level(w, level);
    } else {
        skip_scalar(w);
    }
}

/* ---- fields ---- */

static void
read_scalar(struct walk *w, struct pav_doc *v)
{
    memset(v, 0, sizeof(*v));
    if (*w->p == '"') {
        const char *start = ++w->p;
        bool escaped = string_end(w);

        v->kind = PAV_STRING;
        v->text = start;
        v->len = (uint32_t)(w->p - start);
        w->p++;
        if (escaped) {
            char *text = pav_arena_alloc(w->ix->arena, v->len + 1);

            v->len = pav_doc_unescape(start, v->len, text);
            v->text = text;
        }
        return;
    }
    v->text = w->p;
    v->kind = *w->p == 't'   ? PAV_TRUE
              : *w->p == 'f' ? PAV_FALSE
              : *w->p == 'n' ? PAV_NULL
                             : PAV_NUMBER;
    skip_scalar(w);
    v->len = (uint32_t)(w->p - v->text);
}

static void
keep_field(struct walk *w, struct node *n, const struct pav_doc *v)
{
    struct field *f = pav_arena_alloc(w->ix->arena, sizeof(*f));

    if (w->places == NULL && w->trail_len > 0) {
        size_t len = w->trail_len * sizeof(*w->trail);
        struct place *places = pav_arena_alloc(w->ix->arena, len);

        memcpy(places, w->trail, len);
        w->places = places;
    }
    f->next = NULL;
    f->value = *v;
    f->places = w->places;
    f->place_count = w->trail_len;
    *n->last = f;
    n->last = &f->next;
}

static void
field(struct walk *w, struct node *n)
{
    struct pav_doc v;

    read_scalar(w, &v);
    if (n->seen != w->ix->event) {
        n->seen = w->ix->event;
        n->in_arrays = false;
        n->first = NULL;
        n->last = &n->first;
    }
    n->in_arrays |= w->trail_len > 0;
    if (n->keep > 0)
        keep_field(w, n, &v);
    if (n->values != NULL)
        values_find(w->ix, n, &v);
}

/* ---- values ---- */

static bool walk_value(struct walk *w, struct node *n);

/* The node of a key, and whether it is a child by its whole name. */
static struct node *
key_node(struct walk *w, struct node *n, const char *key, uint32_t len,
         bool escaped)
{
    const char *dot;

    if (w->simple)
        return node_child(n, key, len);
    if (escaped) {
        char *text = pav_arena_alloc(w->ix->arena, len + 1);

        len = pav_doc_unescape(key, len, text);
        key = text;
    }
    if (len == 0 && n->parent == NULL)
        return n; /* no name in front, no dot */
    while (n != NULL && (dot = memchr(key, '.', len)) != NULL) {
        n = node_child(n, key, (uint32_t)(dot - key));
        len -= (uint32_t)(dot - key) + 1;
        key = dot + 1;
    }
    return n == NULL ? NULL : node_child(n, key, len);
}

/*
 * True: nothing more is asked of the object, and `p` is somewhere inside it
 * (the level says how deep); false: `p` is behind its end.
 */
static bool
walk_object(struct walk *w, struct node *n)
{
    uint32_t open = n->child_count, level = ++w->level;

    w->p++;
    for (;;) {
        const char *key;
        struct node *child;
        uint32_t len;
        bool escaped;

        blanks(w);
        if (w->p >= w->end || *w->p != '"')
            break;
        key = ++w->p;
        escaped = string_end(w);
        len = (uint32_t)(w->p - key);
        w->p++;
        blanks(w);
        w->p++; /* the colon */
        blanks(w);
        child = key_node(w, n, key, len, escaped);
        if (child == NULL) {
            skip_value(w);
        } else {
            bool early = walk_value(w, child);

            if (w->simple && --open == 0)
                return true;
            if (early)
                skip_to_level(w, level);
        }
        blanks(w);
        if (w->p >= w->end || *w->p != ',')
            break;
        w->p++;
    }
    w->p++; /* the bracket */
    w->level = level - 1;
    return false;
}

static void
walk_array(struct walk *w, struct node *n)
{
    uint32_t array = w->arrays++, index = 0, level = ++w->level;
    const struct place *outer = w->places;

    w->p++;
    for (;; index++) {
        blanks(w);
        if (w->p >= w->end || *w->p == ']')
            break;
        if (*w->p == '{' || *w->p == '[') {
            bool room = w->trail_len < sizeof(w->trail) / sizeof(w->trail[0]);

            if (room) {
                w->trail[w->trail_len].array = array;
                w->trail[w->trail_len++].index = index;
                w->places = NULL;
            }
            if (walk_value(w, n))
                skip_to_level(w, level);
            w->trail_len -= room;
            w->places = outer;
        } else {
            (void)walk_value(w, n);
        }
        blanks(w);
        if (w->p >= w->end || *w->p != ',')
            break;
        w->p++;
    }
    w->p++;
    w->level = level - 1;
}

static bool
walk_inside(struct walk *w, struct node *n)
{
    if (*w->p == '[') {
        walk_array(w, n);
        return false;
    }
    if (*w->p != '{') {
        if (n->tests > 0)
            field(w, n);
        else
            skip_value(w);
        return false;
    }
    if (n->child_count > 0 || (!w->simple && n->parent == NULL))
        return walk_object(w, n);
    w->level++; /* nobody asks what is in it */
    w->p++;
    return true;
}

static bool
walk_value(struct walk *w, struct node *n)
{
    const char *start = w->p;
    struct watch *watch;
    uint32_t level = w->level;

    if (w->p >= w->end)
        return false;
    if (n->watch == 0 || w->trail_len > 0)
        return walk_inside(w, n);
    if (walk_inside(w, n))
        skip_to_level(w, level);
    watch = &w->ix->watches[n->watch - 1];
    watch->seen = w->ix->event;
    watch->value.p = start;
    watch->value.len = (size_t)(w->p - start);
    return false;
}

void
index_walk(struct pav_index *ix, const char *text, size_t len, bool simple)
{
    struct walk w;

    w.ix = ix;
    w.p = text;
    w.end = text + len;
    w.simple = simple;
    w.level = w.arrays = w.trail_len = 0;
    w.places = NULL;
    blanks(&w);
    if (w.p < w.end && *w.p == '{' && (ix->root.uses > 0))
        (void)walk_object(&w, &ix->root);
}
