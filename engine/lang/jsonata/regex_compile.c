/* Regular expressions of a text, compiled with it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "node.h"
#include "regex_syntax.h"

static void *
arena_malloc(size_t len, void *arena)
{
    return pav_arena_alloc(arena, len);
}

static void
arena_free(void *p, void *arena)
{
    (void)p;
    (void)arena;
}

static bool
fail(struct parse *p, const struct node *n, const char *why)
{
    parse_fail(p, "", n->at, n->at + n->width, NULL,
               pav_arena_printf(p->arena,
                                "Invalid regular expression: /%.*s/: %s",
                                (int)n->count, n->pattern, why));
    return false;
}

static bool
compile(struct parse *p, struct node *n, const struct pav_buf *b)
{
    uint32_t flags = PCRE2_UTF | PCRE2_AUTO_CALLOUT |
                     PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS |
                     PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    PCRE2_UCHAR why[128];
    PCRE2_SIZE at;
    int error;

    if (p->regex_room == NULL) {
        p->regex_room = pcre2_compile_context_create(
            pcre2_general_context_create(arena_malloc, arena_free, p->arena));
        pcre2_set_newline(p->regex_room, PCRE2_NEWLINE_ANYCRLF);
    }
    if (n->flags & 1)
        flags |= PCRE2_CASELESS;
    if (n->flags & 2)
        flags |= PCRE2_MULTILINE;
    n->code = pcre2_compile((PCRE2_SPTR)(b->p == NULL ? "" : b->p), b->len,
                            flags, &error, &at, p->regex_room);
    if (n->code != NULL)
        return true;
    pcre2_get_error_message(error, why, sizeof(why));
    return fail(p, n, (const char *)why);
}

bool
regex_compile(struct parse *p, struct node *n)
{
    struct pav_buf b;
    const char *wrong;
    bool fine;

    pav_buf_init(&b, 128 + 128 * (size_t)n->count);
    wrong = regex_rewrite(n->pattern, n->count, &b);
    fine = wrong == NULL ? compile(p, n, &b) : fail(p, n, wrong);
    pav_buf_fini(&b);
    return fine;
}
