#include "capfix.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "cap_time.h"
#include "cap_xmlsec.h"
#include "cert.h"
#include "check.h"

const char capfix_alert[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n"
    "<identifier>hue-2026-0001</identifier>\n<sender>pctt@hue.example</sender>\n"
    "<sent>2026-11-22T05:30:00+07:00</sent>\n<status>Actual</status>\n<msgType>Alert</msgType>\n"
    "<scope>Public</scope>\n"
    "<info>\n<language>vi-VN</language>\n<category>Met</category>\n<event>Lũ</event>\n"
    "<urgency>Immediate</urgency>\n<severity>Extreme</severity>\n<certainty>Observed</certainty>\n"
    "<expires>2026-11-22T08:30:00+07:00</expires>\n<headline>Lũ trên sông Hương</headline>\n"
    "<area>\n<areaDesc>Xã ven sông</areaDesc>\n"
    "<polygon>16.40,107.50 16.40,107.70 16.60,107.70 16.60,107.50 16.40,107.50</polygon>\n"
    "</area>\n</info>\n</alert>\n";

const char capfix_policy[] = "[station]\ncode = 19753\nposition = 16.4637,107.5909\n"
                             "geocode = vn-commune 19753\n"
                             "[zone A]\nposition = 16.46,107.59\n"
                             "[zone B]\nposition = 16.80,107.10\n"
                             "[zone C]\nposition = 16.90,107.00\ngeocode = vn hamlet 7\n"
                             "[source open]\ntrust = channel\n"
                             "[source shut]\ntrust = refused\n";

const char capfix_template[] =
    "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>"
    "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>"
    "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/>"
    "<Reference URI=\"\"><Transforms><Transform "
    "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></Transforms>"
    "<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/>"
    "</Reference></SignedInfo><SignatureValue/></Signature>";

struct capfix_key {
    struct cert_key *key;
    char certificate[CERT_PEM_MAX];
    char private[CERT_PEM_MAX];
};

char *capfix_edit(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);

    CHECK(at != NULL && out != NULL);
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

char *capfix_before(const char *text, const char *mark, const char *more)
{
    size_t size = strlen(mark) + strlen(more) + 1;
    char *both = malloc(size);
    char *out;

    CHECK(both != NULL);
    snprintf(both, size, "%s%s", more, mark);
    out = capfix_edit(text, mark, both);
    free(both);
    return out;
}

usec_t capfix_time(const char *text)
{
    usec_t us = 0;
    bool assumed;

    CHECK(cap_time_read(text, CAP_VERSION_12, 0, &us, &assumed) == CAP_CODE_COUNT_);
    return us;
}

struct cap_policy *capfix_read(const char *text, const char *folder)
{
    struct cap_policy *policy = NULL;
    struct err_detail detail = {""};

    if (cap_policy_read(text, folder, &policy, &detail) != ERR_OK)
        fprintf(stderr, "%s\n", detail.text);
    CHECK(policy != NULL);
    return policy;
}

struct cap_verdict *capfix_check(const char *text, const struct cap_policy *policy,
                                 const char *source)
{
    struct cap_verdict *verdict = NULL;

    CHECK(cap_check(bytes_of(text, strlen(text)), policy, source, capfix_time(CAPFIX_NOW),
                    &verdict) == ERR_OK);
    return verdict;
}

struct capfix_key *capfix_key_new(void)
{
    static const struct cert_spec spec = {
        .use = CERT_CA, .common_name = "signer", .from_s = 1767225600, .to_s = 1798761600};
    struct capfix_key *k = calloc(1, sizeof(*k));
    uint8_t der[CERT_DER_MAX];
    size_t len;

    CHECK(k != NULL && cert_key_new(&k->key) == ERR_OK);
    CHECK(cert_key_pem(k->key, k->private) == ERR_OK);
    CHECK(cert_issue(k->key, bytes_of(NULL, 0), k->key, &spec, der, &len) == ERR_OK);
    CHECK(cert_pem(bytes_of(der, len), k->certificate) == ERR_OK);
    return k;
}

void capfix_key_free(struct capfix_key *k)
{
    if (k == NULL)
        return;
    cert_key_free(k->key);
    free(k);
}

const char *capfix_certificate(const struct capfix_key *k)
{
    return k->certificate;
}

const char *capfix_private(const struct capfix_key *k)
{
    return k->private;
}

char *capfix_sign(const char *text, size_t which, const struct capfix_key *key)
{
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
    xmlNode *node;
    xmlChar *out = NULL;
    char *signed_text;
    int len;

    CHECK(doc != NULL);
    node = xmlDocGetRootElement(doc)->children;
    for (size_t seen = 0; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "Signature") == 0 &&
            seen++ == which)
            break;
    }
    CHECK(node != NULL && cap_xmlsec_sign(node, key->private));
    xmlDocDumpMemory(doc, &out, &len);
    CHECK(out != NULL);
    signed_text = strdup((const char *)out);
    xmlFree(out);
    xmlFreeDoc(doc);
    return signed_text;
}
