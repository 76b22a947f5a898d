/* Bytes as they are. */
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"

static ssize_t
plain_receive(struct io *io, void *p, size_t room)
{
    return recv(io->fd, p, room, 0);
}

static ssize_t
plain_send(struct io *io, const void *p, size_t len)
{
    return send(io->fd, p, len, MSG_NOSIGNAL);
}

static void
plain_end(struct io *io)
{
    shutdown(io->fd, SHUT_WR);
}

static void
plain_close(struct io *io)
{
    close(io->fd);
}

const struct io_kind io_plain = {.receive = plain_receive,
                                 .send = plain_send,
                                 .end = plain_end,
                                 .close = plain_close};
