/* What a thread says of itself to the system. */
#ifndef PAVANE_THREAD_H
#define PAVANE_THREAD_H

/* The name of the calling thread, as `top -H` shows it; 15 bytes at most. */
void pav_thread_is(const char *name);

#endif
