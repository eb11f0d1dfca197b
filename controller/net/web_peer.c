#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web_impl.h"

bool web_peer_new(struct web *w, struct lws *wsi)
{
    struct connection *c = calloc(1, sizeof(*c));
    char address[64];

    if (c == NULL)
        return false;
    c->source =
        netsource_of(lws_get_peer_simple(wsi, address, sizeof(address)) != NULL ? address : "");
    if (netsource_enter(w->sources, c->source) != ERR_OK) {
        free(c);
        return false;
    }
    w->connections++;
    lws_set_opaque_user_data(wsi, c);
    return true;
}

void web_peer_free(struct web *w, struct connection *c, struct lws *wsi)
{
    w->connections--;
    netsource_leave(w->sources, c->source);
    free(c);
    lws_set_opaque_user_data(wsi, NULL);
}

bool web_peer_has_left(const struct exchange *x)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    return (x->state == EXCHANGE_WAITING || web_stream_is_open(x)) &&
           getsockopt(lws_get_socket_fd(x->wsi), IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_state != TCP_ESTABLISHED;
}

bool web_port_is_free(const char *address, uint16_t port)
{
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool is_v4 = address != NULL && inet_pton(AF_INET, address, &a4.sin_addr) == 1;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    int rc;

    if (fd < 0)
        return true;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (!is_v4 && address != NULL)
        (void)!inet_pton(AF_INET6, address, &a6.sin6_addr);
    rc = is_v4 ? bind(fd, (struct sockaddr *)&a4, sizeof(a4))
               : bind(fd, (struct sockaddr *)&a6, sizeof(a6));
    close(fd);
    return rc == 0 || (errno != EADDRINUSE && errno != EACCES);
}
