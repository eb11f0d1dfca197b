/* handshake_floor: what a server pays at least for a full and for a resumed handshake, with bare mbedTLS.
 *
 * Both ends in one thread, over memory, with the limits of the node link and certificates on both sides; the library's
 * own tickets. Counts the processor time of the server's steps alone. Prints one line of JSON. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "teststation.h"
#include "tls.h"

#define FULL 300
#define RESUMED 3000
#define LIFETIME_S 86400

struct pipe {
    unsigned char data[32768];
    size_t at;
    size_t len;
};

struct end {
    mbedtls_ssl_config config;
    mbedtls_x509_crt cert;
    mbedtls_x509_crt ca;
    mbedtls_pk_context key;
    mbedtls_ssl_context tls;
    struct pipe in;
    struct end *other;
    double cpu_us;
};

static int put(void *data, const unsigned char *buf, size_t len)
{
    struct pipe *p = &((struct end *)data)->other->in;

    CHECK(p->len + len <= sizeof(p->data));
    memcpy(p->data + p->len, buf, len);
    p->len += len;
    return (int)len;
}

static int take(void *data, unsigned char *buf, size_t size)
{
    struct pipe *p = &((struct end *)data)->in;
    size_t len = p->len - p->at < size ? p->len - p->at : size;

    if (len == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(buf, p->data + p->at, len);
    p->at += len;
    if (p->at == p->len)
        p->at = p->len = 0;
    return (int)len;
}

static void ready(struct end *e, int endpoint, const struct teststation *s,
                  const struct test_identity *own)
{
    CHECK(tls_start() == ERR_OK);
    mbedtls_ssl_config_init(&e->config);
    mbedtls_x509_crt_init(&e->cert);
    mbedtls_x509_crt_init(&e->ca);
    mbedtls_pk_init(&e->key);
    CHECK(mbedtls_ssl_config_defaults(&e->config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT) == 0);
    tls_restrict(&e->config);
    CHECK(tls_cert_parse(&e->cert, test_identity_der(own)) == ERR_OK);
    CHECK(tls_cert_parse(&e->ca, test_identity_der(&s->ca)) == ERR_OK);
    CHECK(tls_key_parse(&e->key, test_identity_key(own)) == ERR_OK);
    CHECK(mbedtls_ssl_conf_own_cert(&e->config, &e->cert, &e->key) == 0);
    mbedtls_ssl_conf_ca_chain(&e->config, &e->ca, NULL);
    mbedtls_ssl_conf_authmode(&e->config, MBEDTLS_SSL_VERIFY_REQUIRED);
}

static void finish(struct end *e)
{
    mbedtls_ssl_config_free(&e->config);
    mbedtls_x509_crt_free(&e->cert);
    mbedtls_x509_crt_free(&e->ca);
    mbedtls_pk_free(&e->key);
}

static void open_end(struct end *e, struct end *other)
{
    e->other = other;
    e->in.at = e->in.len = 0;
    mbedtls_ssl_init(&e->tls);
    CHECK(mbedtls_ssl_setup(&e->tls, &e->config) == 0);
    mbedtls_ssl_set_bio(&e->tls, e, put, take, NULL);
}

static double cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void step(struct end *e)
{
    double began_us = cpu_us();
    int ret = 0;

    if (!tls_handshake_over(&e->tls))
        ret = mbedtls_ssl_handshake(&e->tls);
    CHECK(ret == 0 || ret == MBEDTLS_ERR_SSL_WANT_READ);
    e->cpu_us += cpu_us() - began_us;
}

/* One handshake; keeps the client's session when asked, offers it otherwise. */
static void shake(struct end *server, struct end *client, mbedtls_ssl_session *session, bool keep)
{
    unsigned char byte;

    open_end(server, client);
    open_end(client, server);
    CHECK(mbedtls_ssl_set_hostname(&client->tls, LINK_SERVER_NAME) == 0);
    if (!keep && session != NULL)
        CHECK(mbedtls_ssl_set_session(&client->tls, session) == 0);
    while (!tls_handshake_over(&server->tls) || !tls_handshake_over(&client->tls)) {
        step(client);
        step(server);
    }
    if (keep) {
        /* Under TLS 1.3 the ticket comes after the handshake: one read meets it, the next takes it. */
        (void)mbedtls_ssl_read(&server->tls, &byte, 1);
        (void)mbedtls_ssl_read(&client->tls, &byte, 1);
        (void)mbedtls_ssl_read(&client->tls, &byte, 1);
        CHECK(mbedtls_ssl_get_session(&client->tls, session) == 0);
    }
    mbedtls_ssl_free(&server->tls);
    mbedtls_ssl_free(&client->tls);
}

/* A full handshake must not pass for a resumed one. */
static int resumptions;

static int open_ticket(void *tickets, mbedtls_ssl_session *session, unsigned char *ticket,
                       size_t len)
{
    int ret = mbedtls_ssl_ticket_parse(tickets, session, ticket, len);

    if (ret == 0)
        resumptions++;
    return ret;
}

int main(void)
{
    static struct teststation station;
    static struct end server, client;
    mbedtls_ssl_ticket_context tickets;
    mbedtls_ssl_session session;
    double full_us, resumed_us;

    teststation_init(&station);
    ready(&server, MBEDTLS_SSL_IS_SERVER, &station, &station.controller);
    ready(&client, MBEDTLS_SSL_IS_CLIENT, &station, &station.node);
    mbedtls_ssl_ticket_init(&tickets);
    mbedtls_ssl_session_init(&session);
    CHECK(mbedtls_ssl_ticket_setup(&tickets, tls_random, NULL, MBEDTLS_CIPHER_AES_256_GCM,
                                   LIFETIME_S) == 0);
    mbedtls_ssl_conf_session_tickets_cb(&server.config, mbedtls_ssl_ticket_write, open_ticket,
                                        &tickets);
    mbedtls_ssl_conf_session_tickets(&client.config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    shake(&server, &client, NULL, false); /* tables are made by the first */
    server.cpu_us = 0;
    for (int i = 0; i < FULL; i++)
        shake(&server, &client, NULL, false);
    full_us = server.cpu_us / FULL;
    shake(&server, &client, &session, true);
    server.cpu_us = 0;
    for (int i = 0; i < RESUMED; i++)
        shake(&server, &client, &session, false);
    resumed_us = server.cpu_us / RESUMED;
    CHECK(resumptions == RESUMED);
    printf("{\"full_us\": %.1f, \"resumed_us\": %.1f}\n", full_us, resumed_us);
    mbedtls_ssl_session_free(&session);
    mbedtls_ssl_ticket_free(&tickets);
    finish(&client);
    finish(&server);
    teststation_deinit(&station);
    return 0;
}
