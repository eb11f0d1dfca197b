#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX (2 * CERT_PEM_MAX)
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define HOW_TO_ENROL "delete node.crt and enrol again with a join code"

static struct bytes pem_view(const char *text)
{
    return bytes_of(text, strlen(text) + 1);
}

/* "loa-node-7" to 7. */
static bool node_of_name(const char *name, struct node_id *ret_node)
{
    size_t prefix = strlen(LINK_NODE_NAME_PREFIX);
    unsigned long v;
    char *end;

    if (strncmp(name, LINK_NODE_NAME_PREFIX, prefix) != 0 || name[prefix] < '1' ||
        name[prefix] > '9')
        return false;
    v = strtoul(name + prefix, &end, 10);
    if (*end != '\0' || v > UINT32_MAX)
        return false;
    ret_node->v = (uint32_t)v;
    return true;
}

static bool station_of_name(const char *name, char ret_station[IDENTITY_STATION_SIZE])
{
    size_t prefix = strlen(IDENTITY_CA_NAME_PREFIX);

    if (strncmp(name, IDENTITY_CA_NAME_PREFIX, prefix) != 0 || name[prefix] == '\0' ||
        strlen(name + prefix) >= IDENTITY_STATION_SIZE)
        return false;
    strcpy(ret_station, name + prefix);
    return true;
}

/* Key, certificate and CA must belong together; node and station come out of the names. */
static enum err check(struct identity *id, struct err_detail *detail)
{
    struct bytes cert = bytes_of(id->cert_der, id->cert_len);
    struct bytes ca = bytes_of(id->ca_der, id->ca_len);
    struct cert_facts facts, ca_facts;
    struct cert_key *key = NULL;
    bool fits;

    if (cert_read(cert, &facts) != ERR_OK || cert_read(ca, &ca_facts) != ERR_OK ||
        cert_key_load(pem_view(id->key_pem), &key) != ERR_OK)
        return err_set(detail, ERR_FORMAT, "the key or a certificate is damaged");
    fits = cert_key_fits(key, cert);
    cert_key_free(key);
    if (!fits)
        return err_set(detail, ERR_AUTH, "the certificate is for another key than this node's");
    if (!ca_facts.is_ca || !cert_issued_by(cert, ca))
        return err_set(detail, ERR_AUTH, "the certificate was not issued by the station's CA");
    if (!node_of_name(facts.common_name, &id->node))
        return err_set(detail, ERR_AUTH, "the certificate is not one of a node");
    if (!station_of_name(ca_facts.common_name, id->station))
        return err_set(detail, ERR_AUTH, "the CA is not one of a station");
    return ERR_OK;
}

/* Read a small text file; always terminated. */
static enum err read_text(struct flash *files, const char *name, char *ret_text, size_t size)
{
    size_t len;
    enum err e = flash_read(files, name, 0, ret_text, size - 1, &len);

    if (e != ERR_OK)
        return e;
    ret_text[len] = '\0';
    return ERR_OK;
}

static enum err read_chain(struct identity *id, const char *chain)
{
    const char *ca = strstr(chain, PEM_BEGIN);
    enum err e;

    if (ca != NULL)
        ca = strstr(ca + 1, PEM_BEGIN);
    if (ca == NULL)
        return ERR_FORMAT;
    e = cert_der(pem_view(chain), id->cert_der, &id->cert_len);
    return e == ERR_OK ? cert_der(pem_view(ca), id->ca_der, &id->ca_len) : e;
}

enum err identity_load(struct flash *files, struct identity *ret_identity,
                       struct err_detail *detail)
{
    struct identity *id = ret_identity;
    struct err_detail why = {0};
    char chain[CHAIN_MAX];
    enum err e;

    memset(id, 0, sizeof(*id));
    e = read_text(files, IDENTITY_CERT_FILE, chain, sizeof(chain));
    if (e == ERR_NOT_FOUND)
        return e;
    if (e != ERR_OK)
        return err_set(detail, e, "cannot read " IDENTITY_CERT_FILE " in the state directory");
    e = read_text(files, IDENTITY_KEY_FILE, id->key_pem, sizeof(id->key_pem));
    if (e == ERR_NOT_FOUND)
        return err_set(detail, ERR_FORMAT,
                       IDENTITY_KEY_FILE " is missing from the state directory; " HOW_TO_ENROL);
    if (e == ERR_OK && read_chain(id, chain) != ERR_OK)
        return err_set(detail, ERR_FORMAT, IDENTITY_CERT_FILE " is damaged; " HOW_TO_ENROL);
    if (e == ERR_OK)
        e = check(id, &why);
    if (e == ERR_OK)
        return ERR_OK;
    identity_wipe(id);
    return err_set(detail, e == ERR_AUTH ? ERR_FORMAT : e, "%s; " HOW_TO_ENROL,
                   why.text[0] != '\0' ? why.text : "cannot read " IDENTITY_KEY_FILE);
}

enum err identity_key(struct flash *files, char *ret_pem, struct err_detail *detail)
{
    struct cert_key *key = NULL;
    enum err e = read_text(files, IDENTITY_KEY_FILE, ret_pem, CERT_PEM_MAX);

    if (e == ERR_OK) {
        e = cert_key_load(pem_view(ret_pem), &key);
        if (e == ERR_FORMAT)
            err_set(detail, e,
                    IDENTITY_KEY_FILE
                    " in the state directory is damaged; delete it and try again");
    } else if (e == ERR_NOT_FOUND) {
        e = cert_key_new(&key);
        if (e == ERR_OK)
            e = cert_key_pem(key, ret_pem);
        if (e == ERR_OK)
            e = flash_replace(files, IDENTITY_KEY_FILE, bytes_of(ret_pem, strlen(ret_pem)));
        if (e != ERR_OK)
            err_set(detail, e, "cannot make a key in the state directory: %s", err_name(e));
    } else {
        err_set(detail, e, "cannot read " IDENTITY_KEY_FILE " in the state directory");
    }
    cert_key_free(key);
    return e;
}

enum err identity_store(struct flash *files, struct bytes cert_view, struct bytes ca_view,
                        struct node_id node, const char *station, struct err_detail *detail)
{
    char chain[CHAIN_MAX], ca_pem[CERT_PEM_MAX];
    struct identity id = {0};
    enum err e;

    if (cert_view.len > sizeof(id.cert_der) || ca_view.len > sizeof(id.ca_der) ||
        cert_view.len == 0 || ca_view.len == 0)
        return err_set(detail, ERR_AUTH, "the controller sent no certificate");
    memcpy(id.cert_der, cert_view.data, id.cert_len = cert_view.len);
    memcpy(id.ca_der, ca_view.data, id.ca_len = ca_view.len);
    e = identity_key(files, id.key_pem, detail);
    if (e == ERR_OK)
        e = check(&id, detail);
    if (e == ERR_OK && (id.node.v != node.v || strcmp(id.station, station) != 0))
        e = err_set(detail, ERR_AUTH, "the certificate is for node %u of station %s", id.node.v,
                    id.station);
    identity_wipe(&id);
    if (e != ERR_OK)
        return e == ERR_FORMAT ? ERR_AUTH : e;
    e = cert_pem(cert_view, chain);
    if (e == ERR_OK)
        e = cert_pem(ca_view, ca_pem);
    if (e == ERR_OK) {
        size_t at = strlen(chain);

        snprintf(chain + at, sizeof(chain) - at, "%s", ca_pem);
        e = flash_replace(files, IDENTITY_CERT_FILE, bytes_of(chain, strlen(chain)));
    }
    if (e != ERR_OK)
        err_set(detail, e, "cannot store the certificate in the state directory: %s", err_name(e));
    return e;
}

struct link_credentials identity_credentials(const struct identity *id)
{
    return (struct link_credentials){.ca_cert = bytes_of(id->ca_der, id->ca_len),
                                     .cert = bytes_of(id->cert_der, id->cert_len),
                                     .key = pem_view(id->key_pem)};
}

void identity_wipe(struct identity *id)
{
    explicit_bzero(id->key_pem, sizeof(id->key_pem));
}
