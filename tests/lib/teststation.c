#include "teststation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "digest.h"
#include "order.h"

void test_identity_init(struct test_identity *id, const struct test_identity *ca, enum cert_use use,
                        const char *common_name, int from_day, int days)
{
    int64_t now_s = (int64_t)time(NULL);
    const char *names[] = {common_name};
    struct cert_spec spec = {
        .use = use,
        .common_name = common_name,
        .names = names,
        .name_count = use == CERT_SERVER ? 1 : 0,
        .from_s = now_s + from_day * TESTSTATION_DAY_S,
        .to_s = now_s + (from_day + days) * TESTSTATION_DAY_S,
    };

    memset(id, 0, sizeof(*id));
    assert_int_equal(cert_key_new(&id->key), ERR_OK);
    assert_int_equal(cert_key_pem(id->key, id->key_pem), ERR_OK);
    assert_int_equal(cert_issue(ca != NULL ? ca->key : id->key,
                                ca != NULL ? test_identity_der(ca) : bytes_of(NULL, 0), id->key,
                                &spec, id->der, &id->der_len),
                     ERR_OK);
}

void test_identity_deinit(struct test_identity *id)
{
    cert_key_free(id->key);
    memset(id, 0, sizeof(*id));
}

struct bytes test_identity_der(const struct test_identity *id)
{
    return bytes_of(id->der, id->der_len);
}

struct bytes test_identity_key(const struct test_identity *id)
{
    return bytes_of(id->key_pem, strlen(id->key_pem) + 1);
}

void teststation_init(struct teststation *s)
{
    char pem[CERT_PEM_MAX];

    test_identity_init(&s->ca, NULL, CERT_CA, "loa-ca-test", -1, 30);
    test_identity_init(&s->controller, &s->ca, CERT_SERVER, LINK_SERVER_NAME, -1, 30);
    test_identity_init(&s->node, &s->ca, CERT_CLIENT, LINK_NODE_NAME_PREFIX "7", -1, 30);
    test_identity_init(&s->signer, &s->ca, CERT_SIGNER, ORDER_SIGNER_NAME, -1, 30);
    assert_int_equal(cert_pem(test_identity_der(&s->controller), pem), ERR_OK);
    strcpy(s->chain_pem, pem);
    assert_int_equal(cert_pem(test_identity_der(&s->ca), pem), ERR_OK);
    strcat(s->chain_pem, pem);
}

void teststation_deinit(struct teststation *s)
{
    test_identity_deinit(&s->ca);
    test_identity_deinit(&s->controller);
    test_identity_deinit(&s->node);
    test_identity_deinit(&s->signer);
}

static struct link_config *config(enum link_role role, const struct link_credentials *cred)
{
    struct link_config *c = NULL;

    assert_int_equal(link_config_new(role, cred, &c), ERR_OK);
    return c;
}

struct link_config *teststation_server(const struct teststation *s)
{
    return config(LINK_SERVER, &(struct link_credentials){
                                   .ca_cert = test_identity_der(&s->ca),
                                   .cert = bytes_of(s->chain_pem, strlen(s->chain_pem) + 1),
                                   .key = test_identity_key(&s->controller),
                               });
}

struct link_config *teststation_client(const struct teststation *s,
                                       const struct test_identity *node)
{
    return config(LINK_CLIENT, &(struct link_credentials){
                                   .ca_cert = test_identity_der(&s->ca),
                                   .cert = test_identity_der(node),
                                   .key = test_identity_key(node),
                               });
}

struct link_config *teststation_enroller(const struct teststation *s)
{
    uint8_t sha256[SHA256_BYTES];

    digest_sha256(test_identity_der(&s->ca), sha256);
    return config(LINK_ENROLLER, &(struct link_credentials){.ca_pin = bytes_of(sha256, 12)});
}

/* True when something moved. */
static bool carry(struct link *from, struct link *to, size_t step, enum err *ret,
                  struct err_detail *detail)
{
    struct bytes out = link_output(from);
    uint8_t piece[16384];

    if (out.len == 0)
        return false;
    if (step > sizeof(piece))
        step = sizeof(piece);
    if (out.len < step)
        step = out.len;
    memcpy(piece, out.data, step);
    link_output_sent(from, step);
    if (*ret == ERR_OK)
        *ret = link_feed(to, bytes_of(piece, step), detail);
    return true;
}

struct testwire testwire_run(struct link *a, struct link *b, size_t step)
{
    struct testwire w = {0};
    bool moved;

    w.a = link_step(a, &w.detail_a);
    do {
        moved = carry(a, b, step, &w.b, &w.detail_b);
        moved = carry(b, a, step, &w.a, &w.detail_a) || moved;
    } while (moved);
    return w;
}

void testwire_connect(struct link *client, struct link *server)
{
    struct testwire w = testwire_run(client, server, SIZE_MAX);

    assert_string_equal(w.detail_a.text, "");
    assert_string_equal(w.detail_b.text, "");
    assert_int_equal(w.a, ERR_OK);
    assert_int_equal(w.b, ERR_OK);
    assert_true(link_established(client));
    assert_true(link_established(server));
}
