#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "digest.h"
#include "link_impl.h"

static enum err copy_credentials(struct link_config *c, const struct link_credentials *cred)
{
    enum err e = ERR_OK;

    if (c->role == LINK_ENROLLER) {
        if (cred->ca_pin.len == 0 || cred->ca_pin.len > sizeof(c->pin))
            return ERR_FORMAT;
        memcpy(c->pin, cred->ca_pin.data, cred->ca_pin.len);
        c->pin_len = cred->ca_pin.len;
        return ERR_OK;
    }
    e = tls_cert_parse(&c->ca, cred->ca_cert);
    if (e == ERR_OK)
        e = tls_cert_parse(&c->own, cred->cert);
    if (e == ERR_OK)
        e = tls_key_parse(&c->key, cred->key);
    if (e == ERR_OK && !tls_key_pairs(&c->own.pk, &c->key))
        e = ERR_FORMAT;
    return e;
}

static int write_ticket(void *data, const mbedtls_ssl_session *session, unsigned char *start,
                        const unsigned char *end, size_t *ret_len, uint32_t *ret_lifetime_s)
{
    static const struct ticket_identity nobody;
    struct link_config *c = data;
    const struct ticket_identity *who = &nobody;
    int64_t now_s = (int64_t)time(NULL), left_s;

    CHECK(c->active != NULL);
    if (link_alpn_is(c->active, LINK_ALPN_SESSION))
        who = &c->active->identity;
    left_s = who->expires_s - now_s;
    if (ticket_seal(&c->tickets, who, session, start, end, ret_len) != ERR_OK)
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    *ret_lifetime_s = (uint32_t)(left_s > 1 ? left_s : 1);
    return 0;
}

static int open_ticket(void *data, mbedtls_ssl_session *session, unsigned char *ticket, size_t len)
{
    struct link_config *c = data;
    struct link *l = c->active;
    struct ticket_identity identity;
    enum err e;

    CHECK(l != NULL);
    e = ticket_open(&c->tickets, ticket, len, (int64_t)time(NULL), session, &identity);
    if (e != ERR_OK)
        return e == ERR_TIMEOUT ? MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED
                                : MBEDTLS_ERR_SSL_INVALID_MAC;
    /* Read as a session of the other version it would have a secret that everybody knows: zeros. */
    if (tls_session_is_13(session) != tls_is_13(&l->tls)) {
        mbedtls_ssl_session_free(session);
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    }
    l->identity = identity;
    l->claimed = true;
    return 0;
}

static int configure_role(struct link_config *c)
{
    switch (c->role) {
    case LINK_SERVER:
        c->alpn[0] = LINK_ALPN_SESSION;
        c->alpn[1] = LINK_ALPN_ENROL;
        mbedtls_ssl_conf_authmode(&c->tls, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_session_tickets_cb(&c->tls, write_ticket, open_ticket, c);
        break;
    case LINK_CLIENT:
        c->alpn[0] = LINK_ALPN_SESSION;
        mbedtls_ssl_conf_authmode(&c->tls, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_session_tickets(&c->tls, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
        break;
    case LINK_ENROLLER:
        /* The trusted certificate comes with the handshake; link_judge_peer() verifies against it at its end. */
        c->alpn[0] = LINK_ALPN_ENROL;
        mbedtls_ssl_conf_authmode(&c->tls, MBEDTLS_SSL_VERIFY_OPTIONAL);
        mbedtls_ssl_conf_session_tickets(&c->tls, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
        break;
    }
    if (c->role != LINK_ENROLLER) {
        int ret = mbedtls_ssl_conf_own_cert(&c->tls, &c->own, &c->key);

        if (ret != 0)
            return ret;
        mbedtls_ssl_conf_ca_chain(&c->tls, &c->ca, NULL);
    }
    return mbedtls_ssl_conf_alpn_protocols(&c->tls, c->alpn);
}

static enum err configure(struct link_config *c)
{
    int endpoint = c->role == LINK_SERVER ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;

    if (mbedtls_ssl_config_defaults(&c->tls, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return ERR_NOMEM;
    tls_restrict(&c->tls);
    return configure_role(c) == 0 ? ERR_OK : ERR_NOMEM;
}

enum err link_config_new(enum link_role role, const struct link_credentials *cred,
                         struct link_config **ret_config)
{
    struct link_config *c;
    enum err e = tls_start();

    if (e != ERR_OK)
        return e;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ERR_NOMEM;
    c->role = role;
    if (cred->tickets != NULL)
        c->tickets = *cred->tickets;
    else
        (void)ticketring_turn(&c->tickets, (int64_t)time(NULL));
    mbedtls_ssl_config_init(&c->tls);
    mbedtls_x509_crt_init(&c->ca);
    mbedtls_x509_crt_init(&c->own);
    mbedtls_pk_init(&c->key);
    mbedtls_ssl_session_init(&c->remembered);
    e = copy_credentials(c, cred);
    if (e == ERR_OK)
        e = configure(c);
    if (e != ERR_OK) {
        link_config_free(c);
        return e;
    }
    *ret_config = c;
    return ERR_OK;
}

void link_config_set_tickets(struct link_config *c, const struct ticketring *tickets)
{
    c->tickets = *tickets;
}

void link_config_free(struct link_config *c)
{
    if (c == NULL)
        return;
    mbedtls_ssl_config_free(&c->tls);
    mbedtls_x509_crt_free(&c->ca);
    mbedtls_x509_crt_free(&c->own);
    mbedtls_pk_free(&c->key);
    mbedtls_ssl_session_free(&c->remembered);
    mbedtls_platform_zeroize(&c->tickets, sizeof(c->tickets));
    free(c);
}
