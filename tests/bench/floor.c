/* floor: what it costs at least to send the same bundles to N connections, plain or over bare mbedTLS.
 *
 * Accepts N connections on loopback (listeners.c), then sends one packet to each every --bundle-ms, --slice of them at a
 * time, with one send() a packet and nothing else: no queue, no clock exchange, no control. Prints a line
 * "port P", later one of JSON. The TLS is that of the node link (ChaCha20-Poly1305, records on TLS 1.2) but
 * for the handshake, which is by a key known to both, since only the sending is measured. */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench_tls.h"

#define SPREAD_PERCENT 75 /* of a bundle's time: the controller's fanout.h has the same */

struct options {
    unsigned connections;
    unsigned bundle_ms;
    unsigned bytes; /* of one frame, before encryption */
    unsigned seconds;
    unsigned slice; /* connections that are served in one go; 0: all */
    bool tls;
};

struct connection {
    int fd;
    mbedtls_ssl_context tls;
};

static uint64_t sends;
static uint64_t refused; /* the socket took no more: the reader is behind */

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    printf("port %u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static int send_now(void *data, const unsigned char *bytes, size_t len)
{
    const struct connection *c = data;
    ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    sends++;
    if (n >= 0)
        return (int)n;
    refused++;
    return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* Waits: only the handshake reads. */
static int receive_now(void *data, unsigned char *bytes, size_t size)
{
    const struct connection *c = data;
    ssize_t n = recv(c->fd, bytes, size, 0);

    return n > 0 ? (int)n : MBEDTLS_ERR_SSL_CONN_EOF;
}

static void accept_one(int listener, struct connection *c, mbedtls_ssl_config *config, bool tls)
{
    int on = 1;
    int ret;

    c->fd = accept(listener, NULL, NULL);
    if (c->fd < 0)
        die("accept");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!tls)
        return;
    mbedtls_ssl_init(&c->tls);
    ret = mbedtls_ssl_setup(&c->tls, config);
    mbedtls_ssl_set_bio(&c->tls, c, send_now, receive_now, NULL);
    while (ret == 0 && !tls_handshake_over(&c->tls))
        ret = mbedtls_ssl_handshake_step(&c->tls);
    if (ret != 0) {
        fprintf(stderr, "floor: handshake: -0x%x\n", (unsigned)-ret);
        exit(1);
    }
}

static void send_packet(struct connection *c, const struct options *o, const uint8_t *packet)
{
    if (!o->tls) {
        (void)send_now(c, packet, o->bytes);
        return;
    }
    /* A record that was begun has to be finished before the next. */
    while (mbedtls_ssl_write(&c->tls, packet, o->bytes) == MBEDTLS_ERR_SSL_WANT_WRITE)
        usleep(1000);
}

/* Every bundle's connections in equal slices; a slice that is late is not made up for by a pause. */
static void send_all(struct connection *connections, const struct options *o, const uint8_t *packet)
{
    int64_t bundle_ns = (int64_t)o->bundle_ms * 1000000;
    int64_t start_ns = clock_ns(CLOCK_MONOTONIC);
    int64_t bundles = (int64_t)o->seconds * 1000 / o->bundle_ms;
    unsigned slice = o->slice > 0 ? o->slice : o->connections;
    int64_t slices = (o->connections + slice - 1) / slice;

    for (int64_t b = 0; b < bundles; b++) {
        for (int64_t s = 0; s < slices; s++) {
            int64_t at_ns =
                start_ns + b * bundle_ns + s * bundle_ns * SPREAD_PERCENT / 100 / slices;
            struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
            unsigned from = (unsigned)s * slice;
            unsigned to = from + slice < o->connections ? from + slice : o->connections;

            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
            for (unsigned i = from; i < to; i++)
                send_packet(&connections[i], o, packet);
        }
    }
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"connections", required_argument, NULL, 'n'},
        {"bundle-ms", required_argument, NULL, 'b'},
        {"bytes", required_argument, NULL, 'l'},
        {"seconds", required_argument, NULL, 's'},
        {"slice", required_argument, NULL, 'p'},
        {"tls", no_argument, NULL, 't'},
        {0},
    };
    struct options o = {1000, 60, 260, 10, 0, false};
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        unsigned value = optarg != NULL ? (unsigned)strtoul(optarg, NULL, 10) : 0;

        if (option == 'n')
            o.connections = value;
        else if (option == 'b')
            o.bundle_ms = value;
        else if (option == 'l')
            o.bytes = value;
        else if (option == 's')
            o.seconds = value;
        else if (option == 'p')
            o.slice = value;
        else if (option == 't')
            o.tls = true;
        else
            exit(2);
    }
    return o;
}

int main(int argc, char **argv)
{
    static mbedtls_ssl_config config;
    struct options o = read_options(argc, argv);
    struct connection *connections = calloc(o.connections, sizeof(*connections));
    uint8_t *packet = calloc(1, o.bytes);
    int listener = listen_somewhere();
    int64_t cpu_ns, wall_ns;

    if (connections == NULL || packet == NULL)
        die("memory");
    bench_raise_descriptors();
    digest_random(packet, o.bytes);
    if (o.tls)
        bench_tls_config(&config, MBEDTLS_SSL_IS_SERVER, BENCH_TLS_SHARED_KEY);
    for (unsigned i = 0; i < o.connections; i++)
        accept_one(listener, &connections[i], &config, o.tls);
    sends = refused = 0;
    cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    wall_ns = clock_ns(CLOCK_MONOTONIC);
    send_all(connections, &o, packet);
    cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    wall_ns = clock_ns(CLOCK_MONOTONIC) - wall_ns;
    printf("{\"cpu_us\": %.1f, \"seconds\": %.3f, \"sends\": %llu, \"refused\": %llu}\n",
           (double)cpu_ns / 1e3, (double)wall_ns / 1e9, (unsigned long long)sends,
           (unsigned long long)refused);
    return 0;
}
