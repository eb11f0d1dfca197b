#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096 /* what the kernel allows of it */

static void set_port(struct sockaddr_storage *ss, uint16_t port)
{
    if (ss->ss_family == AF_INET)
        ((struct sockaddr_in *)ss)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
}

static uint16_t get_port(const struct sockaddr_storage *ss)
{
    return ntohs(ss->ss_family == AF_INET ? ((const struct sockaddr_in *)ss)->sin_port
                                          : ((const struct sockaddr_in6 *)ss)->sin6_port);
}

static enum err read_address(const char *text, struct sockaddr_storage *ret_ss, socklen_t *ret_len)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;

    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return ERR_FORMAT;
    memset(ret_ss, 0, sizeof(*ret_ss));
    memcpy(ret_ss, found->ai_addr, found->ai_addrlen);
    *ret_len = found->ai_addrlen;
    freeaddrinfo(found);
    return ERR_OK;
}

/* A bound socket; -1 with errno. */
static int bound_socket(const struct sockaddr_storage *ss, socklen_t len, bool share)
{
    int on = 1, off = 0, saved;
    int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        goto fail;
    if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
        goto fail;
    if (ss->ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
        goto fail;
    if (bind(fd, (const struct sockaddr *)ss, len) != 0)
        goto fail;
    return fd;
fail:
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static enum err failed(const char *address, uint16_t port, struct err_detail *detail)
{
    if (errno == EADDRINUSE)
        return err_set(detail, ERR_EXISTS,
                       "port %u of %s is taken by another program: stop it or choose another port",
                       port, address);
    return err_set(detail, ERR_IO, "cannot listen on port %u of %s: %s", port, address,
                   strerror(errno));
}

enum err listener_open(const char *address, uint16_t port, bool first, int *ret_fd,
                       uint16_t *ret_port, struct err_detail *detail)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int fd;

    if (read_address(address, &ss, &len) != ERR_OK)
        return err_set(detail, ERR_FORMAT, "%s is not a numeric IPv4 or IPv6 address", address);
    set_port(&ss, port);
    if (first && port != 0) {
        fd = bound_socket(&ss, len, false);
        if (fd < 0)
            return failed(address, port, detail);
        close(fd);
    }
    fd = bound_socket(&ss, len, true);
    if (fd < 0)
        return failed(address, port, detail);
    if (listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&ss, &len) != 0) {
        enum err e = failed(address, port, detail);

        close(fd);
        return e;
    }
    *ret_fd = fd;
    *ret_port = get_port(&ss);
    return ERR_OK;
}

static void write_address(const struct sockaddr_storage *ss, char ret_address[NET_ADDRESS_SIZE])
{
    const struct in6_addr *a6 = &((const struct sockaddr_in6 *)ss)->sin6_addr;

    ret_address[0] = '\0';
    if (ss->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)ss)->sin_addr, ret_address,
                  NET_ADDRESS_SIZE);
    else if (IN6_IS_ADDR_V4MAPPED(a6))
        inet_ntop(AF_INET, &a6->s6_addr[12], ret_address, NET_ADDRESS_SIZE);
    else
        inet_ntop(AF_INET6, a6, ret_address, NET_ADDRESS_SIZE);
}

enum err listener_accept(int listen_fd, int *ret_fd, char ret_address[NET_ADDRESS_SIZE])
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof(ss);
    int fd = accept4(listen_fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        write_address(&ss, ret_address);
        *ret_fd = fd;
        return ERR_OK;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return ERR_MORE;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        return ERR_LIMIT;
    return ERR_BUSY;
}
