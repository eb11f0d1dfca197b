#include "cap_xmlsec.h"

#include <libxml/xmlerror.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <xmlsec/app.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

/* What is wrong with a document is a finding, and nothing for standard error. */
static void stay_quiet(void *user, const char *fmt, ...)
{
    (void)user;
    (void)fmt;
}

bool cap_xmlsec_start(void)
{
    if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0)
        return false;
    xmlSecErrorsDefaultCallbackEnableOutput(0);
    xmlSetGenericErrorFunc(NULL, stay_quiet);
    return true;
}

void cap_xmlsec_stop(void)
{
    xmlSecCryptoShutdown();
    xmlSecCryptoAppShutdown();
    xmlSecShutdown();
}

static xmlSecKey *load_key(const char *pem, xmlSecKeyDataFormat format)
{
    return xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *)pem, (xmlSecSize)strlen(pem), format,
                                        NULL, NULL, NULL);
}

/* A context that has its key looks for no other; without a key manager it could find none. */
static xmlSecDSigCtx *context_with(const char *pem, xmlSecKeyDataFormat format)
{
    xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);

    if (context == NULL)
        return NULL;
    context->flags |= XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
    context->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
    context->signKey = load_key(pem, format);
    if (context->signKey == NULL) {
        xmlSecDSigCtxDestroy(context);
        return NULL;
    }
    return context;
}

bool cap_xmlsec_verify(xmlNode *signature, const char *pem, bool *ret_digest)
{
    xmlSecDSigCtx *context = context_with(pem, xmlSecKeyDataFormatCertPem);
    const xmlSecDSigReferenceCtx *reference;
    bool ok;

    if (context == NULL)
        return false;
    ok = xmlSecDSigCtxVerify(context, signature) >= 0 &&
         context->status == xmlSecDSigStatusSucceeded;
    reference = xmlSecPtrListGetItem(&context->signedInfoReferences, 0);
    if (reference != NULL && reference->status == xmlSecDSigStatusSucceeded)
        *ret_digest = true;
    xmlSecDSigCtxDestroy(context);
    return ok;
}

bool cap_xmlsec_sign(xmlNode *signature, const char *key_pem)
{
    xmlSecDSigCtx *context = context_with(key_pem, xmlSecKeyDataFormatPem);
    bool ok;

    if (context == NULL)
        return false;
    ok = xmlSecDSigCtxSign(context, signature) >= 0;
    xmlSecDSigCtxDestroy(context);
    return ok;
}

bool cap_xmlsec_valid_at(const char *pem, int64_t at_s)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    X509 *certificate = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    time_t at = (time_t)at_s;
    bool valid = certificate != NULL && X509_cmp_time(X509_get0_notBefore(certificate), &at) < 0 &&
                 X509_cmp_time(X509_get0_notAfter(certificate), &at) > 0;

    X509_free(certificate);
    BIO_free(in);
    return valid;
}

bool cap_xmlsec_sha1(const void *data, size_t len, uint8_t ret_sha1[CAP_SHA1_BYTES])
{
    return EVP_Digest(data, len, ret_sha1, NULL, EVP_sha1(), NULL) == 1;
}
