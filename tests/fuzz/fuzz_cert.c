/* Certificates, requests and keys from outside end in an answer; what is accepted says the same twice.
 *
 * Input: a kind (u8): 0 a request, 1 a certificate, 2 a key, 3 an order certificate; then the bytes. */
#include <string.h>

#include "cert.h"
#include "check.h"
#include "fuzz.h"
#include "order.h"
#include "teststation.h"

static struct teststation station;
static bool ready;

static void judge_request(struct bytes csr)
{
    struct cert_spec spec = {.use = CERT_CLIENT, .common_name = "x", .from_s = 0, .to_s = 1000000};
    uint8_t der[CERT_DER_MAX];
    struct cert_key *key = NULL;
    size_t len;
    enum err e = cert_request_key(csr, &key);

    CHECK(e == ERR_OK || e == ERR_FORMAT || e == ERR_AUTH);
    if (e != ERR_OK) {
        CHECK(!cert_request_fits(csr, test_identity_der(&station.node)));
        return;
    }
    /* The certificate issued for it is its own. */
    CHECK(cert_issue(station.ca.key, test_identity_der(&station.ca), key, &spec, der, &len) ==
          ERR_OK);
    CHECK(cert_request_fits(csr, bytes_of(der, len)));
    cert_key_free(key);
}

static void judge_certificate(struct bytes cert)
{
    uint8_t der[CERT_DER_MAX];
    struct cert_facts facts, again;
    size_t len;

    (void)cert_has_name(cert, "localhost");
    (void)cert_has_name(cert, "127.0.0.1");
    (void)cert_key_fits(station.node.key, cert);
    if (cert_issued_by(cert, test_identity_der(&station.ca)))
        CHECK(cert_der(cert, der, &len) == ERR_OK);
    if (cert_read(cert, &facts) != ERR_OK || cert_der(cert, der, &len) != ERR_OK)
        return;
    CHECK(strlen(facts.common_name) <= CERT_NAME_MAX);
    CHECK(cert_read(bytes_of(der, len), &again) == ERR_OK);
    CHECK(strcmp(facts.common_name, again.common_name) == 0 && facts.to_s == again.to_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_key *key = NULL;
    struct order_verifier *verifier = NULL;
    struct bytes rest;

    if (!ready)
        teststation_init(&station);
    ready = true;
    if (size < 1)
        return 0;
    rest = bytes_of(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        judge_request(rest);
        break;
    case 1:
        judge_certificate(rest);
        break;
    case 2:
        if (cert_key_load(rest, &key) == ERR_OK)
            cert_key_free(key);
        break;
    default:
        if (order_verifier_new(test_identity_der(&station.ca), rest, &verifier) == ERR_OK)
            order_verifier_free(verifier);
        break;
    }
    return 0;
}
