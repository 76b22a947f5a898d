/* What a thread says of itself to the system. */
#ifndef PAVANE_THREAD_H
#define PAVANE_THREAD_H

/* Of the calling thread: what `top -H` shows, 15 bytes at most, and how far it
 * gives way to others, as nice(1) has it: 0, or up to 19. */
void pav_thread_is(const char *name, int nice);

#endif
