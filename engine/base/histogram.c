/* Histograms: see pavane/histogram.h. */
#include "pavane/histogram.h"

const double pav_bounds_seconds[PAV_CLASSES] = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
    0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
const double pav_bounds_items[PAV_CLASSES] = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000};

void
pav_histogram_add(struct pav_histogram *h, const double bounds[PAV_CLASSES],
                  double value)
{
    int i = 0;

    while (i < PAV_CLASSES && value > bounds[i])
        i++;
    h->in[i]++;
    h->sum += value;
}

uint64_t
pav_histogram_count(const struct pav_histogram *h)
{
    uint64_t n = 0;
    int i;

    for (i = 0; i <= PAV_CLASSES; i++)
        n += h->in[i];
    return n;
}

double
pav_histogram_quantile(const struct pav_histogram *h,
                       const double bounds[PAV_CLASSES], double share)
{
    double wanted = (double)pav_histogram_count(h) * share, so_far = 0;
    int i;

    if (wanted <= 0)
        return 0;
    for (i = 0; i < PAV_CLASSES; i++) {
        so_far += (double)h->in[i];
        if (so_far >= wanted)
            return bounds[i];
    }
    return bounds[PAV_CLASSES - 1];
}
