/* Failures of an evaluation, and what it may cost. */
#include <string.h>

#include "eval.h"
#include "functions.h"

#define ARENA_FACTOR 2
#define BYTES_A_STEP 128 /* of what is made: its pages cost more than it */

struct value
throw_error(struct eval *e, const char *code)
{
    if (!e->failed) {
        memset(&e->thrown, 0, sizeof(e->thrown));
        e->thrown.code = code;
        e->failed = true;
    }
    return nothing;
}

struct value
throw_value(struct eval *e, const char *code, struct value v)
{
    if (!e->failed) {
        throw_error(e, code);
        e->thrown.value = v;
    }
    return nothing;
}

struct value
throw_text(struct eval *e, const char *code, const char *text, size_t len)
{
    if (!e->failed) {
        throw_error(e, code);
        e->thrown.raw = text;
        e->thrown.raw_len = len;
    }
    return nothing;
}

struct value
throw_bound(struct eval *e, const char *message)
{
    return throw_text(e, "", message, strlen(message));
}

void
thrown_at(struct eval *e, const struct node *n)
{
    if (e->thrown.end == 0) {
        e->thrown.at = n->at;
        e->thrown.end = n->at + n->width;
    }
}

bool
take_steps(struct eval *e, uint64_t steps)
{
    size_t made = e->arena->total - e->arena_before;

    e->steps += steps;
    if (e->steps + e->bytes / BYTES_A_STEP > e->max_steps) {
        throw_bound(e, OUT_OF_TIME);
        return false;
    }
    /* what nobody counted piece by piece */
    if (made > ARENA_FACTOR * e->max_bytes) {
        throw_bound(e, OUT_OF_MEMORY);
        return false;
    }
    return true;
}

uint64_t
steps_left(const struct eval *e)
{
    return e->steps < e->max_steps ? e->max_steps - e->steps : 0;
}

bool
may_make(struct eval *e, size_t bytes)
{
    e->bytes += bytes;
    if (bytes <= e->max_bytes && e->bytes <= e->max_bytes)
        return true;
    throw_bound(e, OUT_OF_MEMORY);
    return false;
}

bool
may_push(struct eval *e, struct value v)
{
    return !is_array(v) || may_make(e, array_len(v) * sizeof(v));
}

bool
nest(struct eval *e)
{
    if (++e->nesting <= PAV_DEPTH_MAX)
        return true;
    throw_bound(e, STACK_OVERFLOW);
    e->nesting--;
    return false;
}

void
unnest(struct eval *e)
{
    e->nesting--;
}
