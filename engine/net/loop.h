/* The front's loop, for what else waits in it. */
#ifndef PAVANE_NET_LOOP_H
#define PAVANE_NET_LOOP_H

#include "pavane/http.h"

struct event_base *http_loop(struct pav_http *h);

#endif
