#include "cap_verify.h"

#include <stdio.h>
#include <string.h>

#include "cap_parse.h"
#include "cap_xmlsec.h"

#define DSIG CAP_NS_DSIG
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define ENC "http://www.w3.org/2001/04/xmlenc#"
#define ENVELOPED DSIG "enveloped-signature"

/* The only algorithms; those with SHA-1 for signers that the policy says so of. */
static const char *const canonical[] = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    NULL,
};
static const char *const methods[] = {
    DSIG "rsa-sha1",     MORE "rsa-sha256",   MORE "rsa-sha384",   MORE "rsa-sha512",
    MORE "ecdsa-sha256", MORE "ecdsa-sha384", MORE "ecdsa-sha512", NULL,
};
static const char *const digests[] = {DSIG "sha1", ENC "sha256", MORE "sha384", ENC "sha512", NULL};

struct verifying {
    struct cap_alert *alert;
    const struct cap_policy *policy;
    struct cap_findings *findings;
    struct cap_signed *signers;
    usec_t now_us;
    xmlNode *nodes[CAP_SIGNATURES_MAX];
    size_t count;
    bool required;
    bool needs_copy; /* several signatures, or objects in one */
};

enum err cap_verify_start(void)
{
    return cap_xmlsec_start() ? ERR_OK : ERR_IO;
}

void cap_verify_stop(void)
{
    cap_xmlsec_stop();
}

static xmlNode *next_element(xmlNode *node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* The element if it is this one of XML Signature, else NULL. */
static xmlNode *expect(xmlNode *node, const char *name)
{
    node = next_element(node);
    return node != NULL && node->ns != NULL && strcmp((const char *)node->ns->href, DSIG) == 0 &&
                   strcmp((const char *)node->name, name) == 0
               ? node
               : NULL;
}

static xmlNode *after(xmlNode *node, const char *name)
{
    return node != NULL ? expect(node->next, name) : NULL;
}

/* True when the element's Algorithm is in the list; sets *uses_sha1. */
static bool algorithm_in(xmlNode *node, const char *const *list, bool *uses_sha1)
{
    xmlChar *name = xmlGetNoNsProp(node, (const xmlChar *)"Algorithm");
    bool found = false;

    for (; name != NULL && *list != NULL && !found; list++)
        found = strcmp((const char *)name, *list) == 0;
    if (found && strstr((const char *)name, "sha1") != NULL)
        *uses_sha1 = true;
    xmlFree(name);
    return found;
}

static bool uri_is_empty(xmlNode *reference)
{
    xmlChar *uri = xmlGetNoNsProp(reference, (const xmlChar *)"URI");
    bool empty = uri != NULL && uri[0] == '\0';

    xmlFree(uri);
    return empty;
}

/* One reference, to the whole document without the signature, and nothing that changes it further. */
static enum cap_code judge_reference(xmlNode *reference, bool *uses_sha1)
{
    static const char *const enveloped[] = {ENVELOPED, NULL};
    xmlNode *transforms = expect(reference->children, "Transforms");
    xmlNode *first = transforms != NULL ? expect(transforms->children, "Transform") : NULL;
    xmlNode *second = after(first, "Transform");
    xmlNode *method = after(transforms, "DigestMethod");
    xmlNode *value = after(method, "DigestValue");
    xmlNode *last = second != NULL ? second : first;
    bool ignored;

    if (first == NULL || value == NULL || next_element(value->next) != NULL)
        return CAP_SIGNATURE_FORM;
    if (!uri_is_empty(reference) || next_element(last->next) != NULL ||
        !algorithm_in(first, enveloped, &ignored) || next_element(first->children) != NULL ||
        (second != NULL && !algorithm_in(second, canonical, &ignored)))
        return CAP_SIGNATURE_REFERENCE;
    return algorithm_in(method, digests, uses_sha1) ? CAP_CODE_COUNT_ : CAP_SIGNATURE_ALGORITHM;
}

/* What is wrong with a signature's shape before any of its mathematics; CAP_CODE_COUNT_: nothing. */
static enum cap_code judge_shape(xmlNode *signature, bool *uses_sha1)
{
    xmlNode *info = expect(signature->children, "SignedInfo");
    xmlNode *value = after(info, "SignatureValue");
    xmlNode *key = after(value, "KeyInfo");
    xmlNode *c14n = info != NULL ? expect(info->children, "CanonicalizationMethod") : NULL;
    xmlNode *method = after(c14n, "SignatureMethod");
    xmlNode *reference = after(method, "Reference");
    xmlNode *rest;
    bool ignored;

    if (value == NULL || reference == NULL || next_element(method->children) != NULL)
        return CAP_SIGNATURE_FORM;
    /* Objects may follow; nothing refers to them. */
    rest = next_element(key != NULL ? key->next : value->next);
    while (rest != NULL && strcmp((const char *)rest->name, "Object") == 0)
        rest = next_element(rest->next);
    if (rest != NULL)
        return CAP_SIGNATURE_FORM;
    if (next_element(reference->next) != NULL)
        return CAP_SIGNATURE_REFERENCE;
    if (!algorithm_in(c14n, canonical, &ignored) || !algorithm_in(method, methods, uses_sha1))
        return CAP_SIGNATURE_ALGORITHM;
    return judge_reference(reference, uses_sha1);
}

static bool next_base64(const char **at, char *ret_c)
{
    while (**at == ' ' || **at == '\t' || **at == '\r' || **at == '\n')
        (*at)++;
    *ret_c = **at;
    return **at != '\0' && **at != '-' && (*at)++ != NULL;
}

/* Is this the certificate? Compared as base64, spaces aside. */
static bool same_certificate(const char *pem, const char *base64)
{
    const char *a = strstr(pem, "-----BEGIN CERTIFICATE-----");
    char c = '\0', d = '\0';
    bool more_a, more_b;

    if (a == NULL)
        return false;
    a += strlen("-----BEGIN CERTIFICATE-----");
    do {
        more_a = next_base64(&a, &c);
        more_b = next_base64(&base64, &d);
    } while (more_a && more_b && c == d);
    return !more_a && !more_b;
}

/* The first certificate a signature shows, as text for xmlFree(); NULL when it shows none. */
static xmlChar *shown_certificate(xmlNode *signature)
{
    xmlNode *key =
        after(after(expect(signature->children, "SignedInfo"), "SignatureValue"), "KeyInfo");
    xmlNode *data = key != NULL ? expect(key->children, "X509Data") : NULL;
    xmlNode *node = data != NULL ? next_element(data->children) : NULL;

    while (node != NULL && strcmp((const char *)node->name, "X509Certificate") != 0)
        node = next_element(node->next);
    return node != NULL ? xmlNodeGetContent(node) : NULL;
}

static void drop(xmlNode *node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/* Verify in a copy that holds this signature alone, and of it what counts. */
static bool verify_alone(const struct verifying *v, size_t i, const char *pem, bool *ret_digest)
{
    xmlDoc *copy = xmlCopyDoc(v->alert->doc, 1);
    xmlNode *kept = NULL, *next;
    size_t at = 0;
    bool ok;

    if (copy == NULL)
        return false;
    for (xmlNode *n = xmlDocGetRootElement(copy)->children; n != NULL; n = next) {
        next = n->next;
        if (n->type != XML_ELEMENT_NODE || expect(n, "Signature") != n)
            continue;
        if (at++ == i)
            kept = n;
        else
            drop(n);
    }
    for (xmlNode *n = kept != NULL ? kept->children : NULL; n != NULL; n = next) {
        next = n->next;
        if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, "Object") == 0)
            drop(n);
    }
    ok = kept != NULL && cap_xmlsec_verify(kept, pem, ret_digest);
    xmlFreeDoc(copy);
    return ok;
}

/* Two signers signed either the bare alert each, or the second with the first's signature in it. */
static bool verify_with(const struct verifying *v, size_t i, const char *pem, bool *ret_digest)
{
    return cap_xmlsec_verify(v->nodes[i], pem, ret_digest) ||
           (v->needs_copy && verify_alone(v, i, pem, ret_digest));
}

static bool has_object(xmlNode *signature)
{
    for (xmlNode *n = next_element(signature->children); n != NULL; n = next_element(n->next)) {
        if (strcmp((const char *)n->name, "Object") == 0)
            return true;
    }
    return false;
}

/* Whose it is: the signer it names by its certificate, else whichever key fits; NULL with what is wrong. */
static const struct cap_signer *find_signer(const struct verifying *v, size_t i,
                                            enum cap_code *ret_wrong)
{
    bool sha1 = false, digest = false, tried = false, named = false, weak = false;
    const struct cap_signer *found = NULL;
    xmlChar *shown;

    *ret_wrong = judge_shape(v->nodes[i], &sha1);
    if (*ret_wrong != CAP_CODE_COUNT_)
        return NULL;
    shown = shown_certificate(v->nodes[i]);
    for (size_t k = 0; k < v->policy->signer_count && found == NULL; k++) {
        const struct cap_signer *signer = &v->policy->signers[k];

        if (shown == NULL && v->alert->bytes > CAP_VERIFY_UNNAMED_MAX)
            break;
        if (shown != NULL && !same_certificate(signer->certificate, (const char *)shown))
            continue;
        named = named || shown != NULL;
        if (sha1 && !signer->sha1) {
            weak = true;
            continue;
        }
        tried = true;
        if (verify_with(v, i, signer->certificate, &digest))
            found = signer;
    }
    xmlFree(shown);
    *ret_wrong = weak && !tried                ? CAP_SIGNATURE_ALGORITHM
                 : named || (tried && !digest) ? CAP_SIGNATURE_INVALID
                                               : CAP_SIGNATURE_STRANGER;
    if (found != NULL && !cap_xmlsec_valid_at(found->certificate, v->now_us / USEC_PER_SEC)) {
        *ret_wrong = CAP_SIGNER_EXPIRED;
        found = NULL;
    }
    return found;
}

static const char *sentence(enum cap_code wrong)
{
    return wrong == CAP_SIGNATURE_FORM ? "is not one SignedInfo with one SignatureValue"
           : wrong == CAP_SIGNATURE_REFERENCE
               ? "must cover the whole alert: one Reference, URI=\"\", enveloped-signature"
           : wrong == CAP_SIGNATURE_ALGORITHM
               ? "uses an algorithm that is not allowed; RSA or ECDSA with SHA-256 is"
           : wrong == CAP_SIGNATURE_INVALID
               ? "does not fit this message; it was changed, or signed by another key"
           : wrong == CAP_SIGNER_EXPIRED ? "is by a certificate that is not valid at this time"
                                         : "is of no signer that this station knows";
}

/* One good signature suffices; what is wrong with others is then a note. An unknown signer is also one where
 * nobody needs to sign. */
static void report(struct verifying *v, size_t i, enum cap_code wrong)
{
    bool harmless = v->signers->count > 0 || (wrong == CAP_SIGNATURE_STRANGER && !v->required);
    char where[24];

    snprintf(where, sizeof(where), "Signature[%zu]", i + 1);
    cap_findings_grade(v->findings, wrong, harmless ? CAP_NOTE : CAP_REJECT, where, "%s",
                       sentence(wrong));
}

void cap_verify(struct cap_alert *alert, const struct cap_policy *policy, bool required,
                usec_t now_us, struct cap_findings *findings, struct cap_signed *ret_signed)
{
    struct verifying v = {.alert = alert,
                          .policy = policy,
                          .findings = findings,
                          .signers = ret_signed,
                          .now_us = now_us,
                          .required = required};
    enum cap_code wrong[CAP_SIGNATURES_MAX];
    xmlNode *root = xmlDocGetRootElement(alert->doc);

    *ret_signed = (struct cap_signed){.count = 0};
    for (xmlNode *n = root->children; n != NULL && v.count < CAP_SIGNATURES_MAX; n = n->next) {
        if (n->type == XML_ELEMENT_NODE && expect(n, "Signature") == n) {
            v.nodes[v.count++] = n;
            v.needs_copy = v.needs_copy || v.count > 1 || has_object(n);
        }
    }
    for (size_t i = 0; i < v.count; i++) {
        const struct cap_signer *signer = find_signer(&v, i, &wrong[i]);

        if (signer != NULL) {
            ret_signed->signers[ret_signed->count++] = signer;
            wrong[i] = CAP_CODE_COUNT_;
        }
    }
    for (size_t i = 0; i < v.count; i++) {
        if (wrong[i] != CAP_CODE_COUNT_)
            report(&v, i, wrong[i]);
    }
}
