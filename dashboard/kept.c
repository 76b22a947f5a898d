/* What a query thread keeps from one page to the next: see kept.h. */
#include "kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/attention.h"
#include "pavane/clock.h"
#include "pavane/pages.h"
#include "graph/graphs.h"

#define FRESH_US 1000000
#define LEAST_US 50000 /* of many pages at once, one asks */

void *
pav_pages_new(void)
{
    struct kept *k = pav_xcalloc(1, sizeof(*k));

    k->graphs = graphs_new();
    return k;
}

void
pav_pages_free(void *arg)
{
    struct kept *k = arg;

    if (k == NULL)
        return;
    graphs_free(k->graphs);
    free(k);
}

struct kept *
kept_of(struct pav_query *q)
{
    return q->pages;
}

uint32_t
kept_wrong(struct pav_query *q)
{
    struct kept *k = kept_of(q);
    int64_t now_us = pav_clock_mono_us();
    int64_t names = pav_reader_names_changed(q->reader); /* mutes are some */
    struct pav_attention *v;
    uint32_t n;

    if (k->wrong_at_us == 0 || names != k->names ||
        now_us - k->wrong_at_us > FRESH_US ||
        (now_us - k->wrong_at_us > LEAST_US && strcmp(k->feed, q->feed) != 0)) {
        n = pav_reader_attention(q->reader, q->now_ms, q->arena, &v);
        while (n > 0 && v[n - 1].mark != NULL) /* these are the last */
            n--;
        k->wrong = n;
        k->wrong_at_us = now_us;
        k->names = names;
        snprintf(k->feed, sizeof(k->feed), "%s", q->feed);
    }
    return k->wrong;
}
