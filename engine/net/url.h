/* What percent-encoding is made of. */
#ifndef PAVANE_NET_URL_H
#define PAVANE_NET_URL_H

/* 0 to 15, or -1. */
int hex_digit(char c);

#endif
