/*
 * Counting what something took or how large it was, in fixed classes, as
 * Prometheus wants it.  Each belongs to one thread and is copied as a whole.
 */
#ifndef PAVANE_HISTOGRAM_H
#define PAVANE_HISTOGRAM_H

#include <stdint.h>

#define PAV_CLASSES 14

/* Upper bounds of the classes: seconds, or items. */
extern const double pav_bounds_seconds[PAV_CLASSES];
extern const double pav_bounds_items[PAV_CLASSES];

struct pav_histogram {
    uint64_t in[PAV_CLASSES + 1]; /* the last one: above all bounds */
    double sum;
};

void pav_histogram_add(struct pav_histogram *h,
                       const double bounds[PAV_CLASSES], double value);
uint64_t pav_histogram_count(const struct pav_histogram *h);
/* The upper bound of the class that holds this share of all; 0: empty. */
double pav_histogram_quantile(const struct pav_histogram *h,
                              const double bounds[PAV_CLASSES], double share);

#endif
