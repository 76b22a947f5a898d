/*
 * The wildcard operator: `*` stands for any run of characters, `\*` and `\\`
 * for themselves.  A wildcard is kept as the literal pieces between its stars.
 *
 * EventBridge refuses rules that are too complex: those where one value can
 * keep many beginnings of the wildcard alive at once.  The score is the largest
 * number of beginnings, with a star in them, that one text fits; the limit of
 * the service lies between 7 and 10.
 */
#include <stdlib.h>
#include <string.h>

#include "pattern_int.h"

#define MAX_SCORE 10
#define MAX_SETS  20000 /* of beginnings alive together; more is refused */
#define TABLE_LEN (MAX_SETS * 2)
#define STAR      256

static enum pav_rc
misplaced(struct pav_err *err, const char *what, uint32_t at)
{
    /* EventBridge counts from the quote mark in front. */
    return pav_fail(err, PAV_INVALID, "", "%s at pos %u", what, at + 1);
}

enum pav_rc
wildcard_compile(struct pav_arena *a, const struct pav_doc *text,
                 struct matcher *out, struct pav_err *err)
{
    const char *p = text->text;
    char *plain = pav_arena_alloc(a, text->len + 1);
    struct wildcard *w = pav_arena_zalloc(a, sizeof(*w));
    uint32_t i, n = 0, stars = 0, start = 0;

    for (i = 0; i < text->len; i++)
        stars += p[i] == '*';
    w->pieces = pav_arena_alloc(a, (stars + 1) * sizeof(*w->pieces));
    for (i = 0; i < text->len; i++) {
        if (p[i] == '\\') {
            if (i + 1 == text->len || (p[i + 1] != '*' && p[i + 1] != '\\'))
                return misplaced(err, "Invalid escape character", i);
            plain[n++] = p[++i];
        } else if (p[i] == '*') {
            if (i + 1 < text->len && p[i + 1] == '*')
                return misplaced(err, "Consecutive wildcard characters", i);
            w->pieces[w->count].p = plain + start;
            w->pieces[w->count++].len = n - start;
            start = n;
        } else {
            plain[n++] = p[i];
        }
    }
    w->pieces[w->count].p = plain + start;
    w->pieces[w->count++].len = n - start;
    out->kind = MATCH_WILDCARD;
    out->value = text;
    out->wildcard = w;
    return PAV_OK;
}

bool
wildcard_accepts(const struct wildcard *w, const struct pav_doc *v)
{
    const struct pav_bytes *first = &w->pieces[0];
    const struct pav_bytes *last = &w->pieces[w->count - 1];
    const char *p = v->text, *end = v->text + v->len;
    uint32_t i;

    if (w->count == 1)
        return v->len == first->len && memcmp(p, first->p, first->len) == 0;
    if (v->len < first->len + last->len ||
        memcmp(p, first->p, first->len) != 0 ||
        memcmp(end - last->len, last->p, last->len) != 0)
        return false;
    p += first->len;
    end -= last->len;
    for (i = 1; i + 1 < w->count; i++) {
        p = memmem(p, (size_t)(end - p), w->pieces[i].p, w->pieces[i].len);
        if (p == NULL)
            return false;
        p += w->pieces[i].len;
    }
    return true;
}

/* ---- complexity ---- */

struct places;

/* A wildcard as one text, its stars as STAR. */
struct search {
    uint16_t *text;
    uint32_t len, first_star;
    struct places *sets; /* that were met */
    uint32_t count;
    uint32_t *table; /* 1 + index of a set, by hash */
    bool too_complex;
};

/* Places in the text, in order: what is before each has been read.  One
 * may be before the first star; those behind it are the score. */
struct places {
    uint32_t count;
    uint32_t at[MAX_SCORE + 2];
};

static void
place_add(struct search *s, struct places *set, uint32_t at)
{
    uint32_t i, j;

    for (i = 0; i < set->count && set->at[i] < at; i++)
        ;
    if (i < set->count && set->at[i] == at)
        return;
    if (set->count == MAX_SCORE + 2) {
        s->too_complex = true;
        return;
    }
    for (j = set->count++; j > i; j--)
        set->at[j] = set->at[j - 1];
    set->at[i] = at;
}

/* A place before a star is also one behind it: both beginnings fit. */
static void
place_reach(struct search *s, struct places *set, uint32_t at)
{
    place_add(s, set, at);
    if (at < s->len && s->text[at] == STAR)
        place_add(s, set, at + 1);
}

/* Remember a set that is new, to be gone on from. */
static void
keep_set(struct search *s, const struct places *set)
{
    uint32_t h = 2166136261u, i, score = 0;

    for (i = 0; i < set->count; i++) {
        h = (h ^ set->at[i]) * 16777619u;
        score += set->at[i] > s->first_star;
    }
    if (score > MAX_SCORE)
        s->too_complex = true;
    if (set->count == 0 || s->too_complex)
        return;
    for (i = h % TABLE_LEN; s->table[i] != 0; i = (i + 1) % TABLE_LEN) {
        const struct places *other = &s->sets[s->table[i] - 1];

        if (other->count == set->count &&
            memcmp(other->at, set->at, set->count * sizeof(set->at[0])) == 0)
            return;
    }
    if (s->count == MAX_SETS) {
        s->too_complex = true;
        return;
    }
    s->sets[s->count++] = *set;
    s->table[i] = s->count;
}

/* What is alive when the character that place `i` waits for is read. */
static void
read_on(struct search *s, const struct places *set, uint32_t i)
{
    struct places next = {0};
    uint16_t c;
    uint32_t j;

    if (set->at[i] == s->len || s->text[set->at[i]] == STAR)
        return;
    c = s->text[set->at[i]];
    for (j = 0; j < set->count; j++) {
        uint32_t at = set->at[j];

        if (at > 0 && s->text[at - 1] == STAR)
            place_add(s, &next, at);
        if (at < s->len && s->text[at] == c)
            place_reach(s, &next, at + 1);
    }
    keep_set(s, &next);
}

static void
search_all(struct search *s)
{
    struct places start = {0};
    uint32_t i, j;

    place_reach(s, &start, 0);
    keep_set(s, &start);
    for (i = 0; i < s->count && !s->too_complex; i++) {
        struct places set = s->sets[i];

        for (j = 0; j < set.count && !s->too_complex; j++)
            read_on(s, &set, j);
    }
}

static bool
too_complex(const struct wildcard *w)
{
    struct search s = {.len = w->count - 1};
    uint32_t i, j, n = 0;

    if (w->count == 1)
        return false;
    for (i = 0; i < w->count; i++)
        s.len += (uint32_t)w->pieces[i].len;
    s.text = pav_xcalloc(s.len + 1, sizeof(*s.text));
    for (i = 0; i < w->count; i++) {
        if (i > 0)
            s.text[n++] = STAR;
        for (j = 0; j < w->pieces[i].len; j++)
            s.text[n++] = (uint8_t)w->pieces[i].p[j];
    }
    s.first_star = (uint32_t)w->pieces[0].len;
    s.sets = pav_xcalloc(MAX_SETS, sizeof(*s.sets));
    s.table = pav_xcalloc(TABLE_LEN, sizeof(*s.table));
    search_all(&s);
    free(s.text);
    free(s.sets);
    free(s.table);
    return s.too_complex;
}

bool
wildcards_too_complex(const struct matcher *m, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        if (m[i].kind == MATCH_NOT &&
            wildcards_too_complex(m[i].parts, m[i].count))
            return true;
        if (m[i].kind == MATCH_WILDCARD && too_complex(m[i].wildcard))
            return true;
    }
    return false;
}
