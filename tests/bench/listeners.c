/* listeners: N connections in one process that read whatever a server sends; the far end of every floor and peer.
 *
 * usage: listeners N PORT none|key|any [FILE]    FILE is sent once on each connection: the request. Where it says
 * @NUMBER@ it says the connection's number instead.
 * Connects one after the other, reading from those before meanwhile, prints "ready", and at SIGTERM one line of JSON. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_tls.h"

#define REQUEST_MAX 4096
#define EVENTS 256

struct connection {
    int fd;
    bool tls_used;
    mbedtls_ssl_context tls;
};

static volatile sig_atomic_t stopped;
static uint64_t bytes, reads;
static unsigned ended;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void put_number(unsigned char *request, size_t len, unsigned number)
{
    unsigned char *at = memmem(request, len, "@NUMBER@", 8);
    char digits[16];

    if (at == NULL)
        return;
    snprintf(digits, sizeof(digits), "%08u", number % 100000000);
    memcpy(at, digits, 8);
}

static void die(const char *what, int code)
{
    fprintf(stderr, "listeners: %s: %d %s\n", what, code, strerror(errno));
    exit(1);
}

static int send_all(void *data, const unsigned char *from, size_t len)
{
    const struct connection *c = data;
    ssize_t n = send(c->fd, from, len, MSG_NOSIGNAL);

    return n >= 0 ? (int)n : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static bool over; /* set for the handshake and the request, which wait */

static int receive_some(void *data, unsigned char *to, size_t size)
{
    const struct connection *c = data;
    ssize_t n = recv(c->fd, to, size, over ? MSG_DONTWAIT : 0);

    if (n > 0)
        return (int)n;
    return n < 0 && errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_CONN_EOF;
}

static void open_one(struct connection *c, uint16_t port, mbedtls_ssl_config *config, int epoll,
                     const unsigned char *request, size_t len)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int ret = 0;
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        die("connect", c->fd);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    over = false;
    if (config != NULL) {
        c->tls_used = true;
        mbedtls_ssl_init(&c->tls);
        ret = mbedtls_ssl_setup(&c->tls, config);
        mbedtls_ssl_set_bio(&c->tls, c, send_all, receive_some, NULL);
        if (ret == 0)
            ret = mbedtls_ssl_handshake(&c->tls);
        if (ret == 0 && len > 0)
            ret = mbedtls_ssl_write(&c->tls, request, len) == (int)len ? 0 : -1;
    } else if (len > 0) {
        ret = send_all(c, request, len) == (int)len ? 0 : -1;
    }
    over = true;
    if (ret != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("handshake", ret);
}

static void read_one(struct connection *c)
{
    static unsigned char data[65536];
    int n = c->tls_used ? mbedtls_ssl_read(&c->tls, data, sizeof(data))
                        : receive_some(c, data, sizeof(data));

    reads++;
    if (n > 0) {
        bytes += (uint64_t)n;
    } else if (n != MBEDTLS_ERR_SSL_WANT_READ) {
        ended++;
        close(c->fd);
    }
}

static void read_for(int epoll, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, wait_ms);

    for (int i = 0; i < count; i++)
        read_one(events[i].data.ptr);
}

static size_t read_request(const char *path, unsigned char *ret_data)
{
    FILE *f = fopen(path, "re");
    size_t len;

    if (f == NULL)
        die(path, 0);
    len = fread(ret_data, 1, REQUEST_MAX, f);
    fclose(f);
    return len;
}

int main(int argc, char **argv)
{
    static mbedtls_ssl_config config;
    static unsigned char request[REQUEST_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    unsigned count = argc > 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    struct connection *connections = calloc(count > 0 ? count : 1, sizeof(*connections));
    size_t len = argc > 4 ? read_request(argv[4], request) : 0;
    bool tls = argc > 3 && strcmp(argv[3], "none") != 0;

    if (count == 0 || connections == NULL || epoll < 0)
        die("usage: listeners N PORT none|key|any [FILE]", 0);
    signal(SIGTERM, on_signal);
    bench_raise_descriptors();
    if (tls)
        bench_tls_config(&config, MBEDTLS_SSL_IS_CLIENT,
                         strcmp(argv[3], "key") == 0 ? BENCH_TLS_SHARED_KEY : BENCH_TLS_ANY);
    for (unsigned i = 0; i < count && !stopped; i++) {
        unsigned char own[REQUEST_MAX];

        memcpy(own, request, len);
        put_number(own, len, i + 1);
        open_one(&connections[i], (uint16_t)strtoul(argv[2], NULL, 10), tls ? &config : NULL, epoll,
                 own, len);
        read_for(epoll, 0);
    }
    puts("ready");
    fflush(stdout);
    while (!stopped)
        read_for(epoll, 200);
    printf("{\"bytes\": %llu, \"reads\": %llu, \"ended\": %u}\n", (unsigned long long)bytes,
           (unsigned long long)reads, ended);
    return 0;
}
