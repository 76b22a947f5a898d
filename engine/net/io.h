/*
 * How bytes go over a connection: plain, or later through TLS.
 *
 * All are as the system calls that they stand for: -1 and errno, EAGAIN when
 * the other side is not ready; they never block and never raise SIGPIPE.
 */
#ifndef PAVANE_NET_IO_H
#define PAVANE_NET_IO_H

#include <stddef.h>
#include <sys/types.h>

struct io;

struct io_kind {
    ssize_t (*receive)(struct io *io, void *p, size_t room);
    ssize_t (*send)(struct io *io, const void *p, size_t len);
    /* No more is sent; what comes may still be received. */
    void (*end)(struct io *io);
    void (*close)(struct io *io);
};

struct io {
    const struct io_kind *kind;
    int fd;
};

extern const struct io_kind io_plain;

#endif
