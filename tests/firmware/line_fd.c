/* SPDX-License-Identifier: BSD-2-Clause */
/* A line that is an open file: a socket, or a terminal. Its name is the file's number. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "link_line.h"

static int send_bytes(void *context, const uint8_t *bytes, size_t count)
{
    while (count) {
        const ssize_t sent = write(*(int *)context, bytes, count);
        if (sent < 0)
            return -1;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static int receive_bytes(void *context, uint8_t *bytes, size_t count, uint32_t timeout_ms)
{
    struct pollfd line = {0, POLLIN, 0};
    ssize_t got;
    line.fd = *(int *)context;
    if (poll(&line, 1, (int)timeout_ms) < 1)
        return 0;
    got = read(line.fd, bytes, count);
    return got <= 0 ? -1 : (int)got;
}

hadam_transport open_line(const char *name)
{
    static int fd;
    hadam_transport transport = {&fd, send_bytes, receive_bytes};
    fd = atoi(name);
    return transport;
}

void close_line(void)
{
}
