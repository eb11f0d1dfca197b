/* teststation.h - a station's certificates, made new for each test run, and a wire between two links.
 *
 * Everything fails the running cmocka test instead of returning an error. Thread: the test's. */
#ifndef LOA_TESTSTATION_H
#define LOA_TESTSTATION_H

#include "cert.h"
#include "link.h"

#define TESTSTATION_DAY_S INT64_C(86400)

/* A key with its certificate, in the forms that the modules take. */
struct test_identity {
    struct cert_key *key;
    char key_pem[CERT_PEM_MAX];
    uint8_t der[CERT_DER_MAX];
    size_t der_len;
};

struct teststation {
    struct test_identity ca;
    struct test_identity controller; /* LINK_SERVER_NAME */
    struct test_identity node; /* loa-node-7 */
    struct test_identity signer; /* ORDER_SIGNER_NAME */
    char chain_pem[2 * CERT_PEM_MAX]; /* controller, then CA */
};

void teststation_init(struct teststation *s);
void teststation_deinit(struct teststation *s);

/* Certificates of today, valid for `days` from `from_day` (0 = now). Free with test_identity_deinit(). */
void test_identity_init(struct test_identity *id, const struct test_identity *ca, enum cert_use use,
                        const char *common_name, int from_day, int days);
void test_identity_deinit(struct test_identity *id);

struct bytes test_identity_der(const struct test_identity *id);
struct bytes test_identity_key(const struct test_identity *id);

/* Configurations; free with link_config_free(). */
struct link_config *teststation_server(const struct teststation *s);
struct link_config *teststation_client(const struct teststation *s,
                                       const struct test_identity *node);
struct link_config *teststation_enroller(const struct teststation *s);

/* First failure of each side, or ERR_OK. */
struct testwire {
    enum err a;
    enum err b;
    struct err_detail detail_a;
    struct err_detail detail_b;
};

/* Start `a` and carry bytes both ways, at most `step` at a time, until neither side has any left; a side
 * that has failed only sends what it still has. */
struct testwire testwire_run(struct link *a, struct link *b, size_t step);

/* Run, and see both established. */
void testwire_connect(struct link *client, struct link *server);

#endif
