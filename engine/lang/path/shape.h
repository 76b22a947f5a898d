/* A template that is JSON around its values: a tree with holes. */
#ifndef PAVANE_PATH_SHAPE_H
#define PAVANE_PATH_SHAPE_H

#include "pavane/doc.h"

/*
 * `text` has "null" for each value, the n-th at offset holes[n], in order.
 * NULL: it is no JSON.
 */
const struct shape *shape_compile(struct pav_arena *a, struct pav_bytes text,
                                  const uint32_t *holes, uint32_t count);
/* Arrays and objects around the n-th value; UINT32_MAX: a later member of the
 * same name took its place. */
uint32_t shape_depth(const struct shape *s, uint32_t n);
/* The document with its values, which it shares; its `at` is 1. */
const struct pav_doc *
shape_fill(const struct shape *s, const struct pav_doc *const *values,
           struct pav_arena *a);

#endif
