/* issue: give a station that does not run N more nodes, and a fleet their papers, without N enrolments.
 *
 * usage: issue DATA STATION_CODE ZONE N STATE    STATE is what loa-fleet --state reads
 * What is stored is what enrolment stores (controller/app/admission.c), in one transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "digest.h"
#include "papers.h"
#include "pki.h"
#include "store_node.h"

struct issuer {
    struct pki *pki;
    struct db *db;
    const char *state;
    struct zone_id zone;
    usec_t now_us;
};

static enum err certify(const struct issuer *s, struct cert_key *key, struct node_id node,
                        uint8_t *ret_der, size_t *ret_len)
{
    uint8_t csr[CERT_DER_MAX];
    size_t len;
    enum err e = cert_request(key, "loa-node", csr, &len);

    if (e == ERR_OK)
        e = pki_issue_node(s->pki, bytes_of(csr, len), node, s->now_us, ret_der, ret_len, NULL);
    return e;
}

static enum err issue_one(const struct issuer *s, unsigned index)
{
    struct node_record node = {.zone = s->zone, .enrolled_us = s->now_us};
    uint8_t der[LINK_CERT_MAX], sha256[SHA256_BYTES];
    char pem[CERT_PEM_MAX];
    struct cert_key *key = NULL;
    struct node_id id;
    size_t len;
    enum err e;

    snprintf(node.name, sizeof(node.name), "Cụm %u", index + 1);
    snprintf(node.hardware, sizeof(node.hardware), "fleet");
    snprintf(node.serial, sizeof(node.serial), "fleet-%05u", index + 1);
    digest_random(node.cert_sha256, sizeof(node.cert_sha256));
    e = store_node_add(s->db, &node, &id);
    if (e == ERR_OK)
        e = cert_key_new(&key);
    if (e == ERR_OK)
        e = certify(s, key, id, der, &len);
    if (e == ERR_OK) {
        digest_sha256(bytes_of(der, len), sha256);
        e = store_node_set_cert(s->db, id, sha256);
    }
    if (e == ERR_OK)
        e = cert_key_pem(key, pem);
    if (e == ERR_OK)
        e = papers_store(s->state, index, pem, bytes_of(der, len), pki_ca_der(s->pki));
    cert_key_free(key);
    return e;
}

int main(int argc, char **argv)
{
    struct issuer s = {.now_us = (usec_t)time(NULL) * USEC_PER_SEC};
    struct err_detail detail = {{0}};
    char path[4096];
    enum err e = ERR_ARG;

    if (argc == 6) {
        s.state = argv[5];
        s.zone.v = (uint32_t)strtoul(argv[3], NULL, 10);
        mkdir(s.state, 0700);
        snprintf(path, sizeof(path), "%s/pki", argv[1]);
        e = pki_open(path, argv[2], NULL, 0, s.now_us, &s.pki, &detail);
    }
    if (e == ERR_OK) {
        snprintf(path, sizeof(path), "%s/loa.db", argv[1]);
        e = db_open(path, &s.db, &detail);
    }
    if (e == ERR_OK)
        e = db_begin(s.db);
    for (unsigned i = 0; e == ERR_OK && i < (unsigned)strtoul(argv[4], NULL, 10); i++)
        e = issue_one(&s, i);
    if (s.db != NULL)
        e = db_end(s.db, e);
    if (e != ERR_OK)
        fprintf(stderr, "issue: %s %s\n", err_name(e), detail.text);
    db_close(s.db);
    pki_free(s.pki);
    return e == ERR_OK ? 0 : 1;
}
