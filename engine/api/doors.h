/* Resources that the front's thread answers itself, or hands to the engine. */
#ifndef PAVANE_API_DOORS_H
#define PAVANE_API_DOORS_H

#include "pavane/api.h"

void stream_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref);
void events_post(struct pav_api *api, const struct pav_request *req,
                 struct pav_ref ref);
void aws_post(struct pav_api *api, const struct pav_request *req,
              struct pav_ref ref);
void scheduler_rest(struct pav_api *api, const struct pav_request *req,
                    struct pav_ref ref);
void status_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref);
void limits_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref);
void limits_page_get(struct pav_api *api, const struct pav_request *req,
                     struct pav_ref ref);
void metrics_get(struct pav_api *api, const struct pav_request *req,
                 struct pav_ref ref);
void
livez(struct pav_api *api, const struct pav_request *req, struct pav_ref ref);
void
readyz(struct pav_api *api, const struct pav_request *req, struct pav_ref ref);

/* Classes of requests, for /metrics. */
enum route {
    ROUTE_OTHER,
    ROUTE_EVENTS,
    ROUTE_AWS,
    ROUTE_API,
    ROUTE_PAGES,
    ROUTES
};
const char *route_name(int route);

#endif
