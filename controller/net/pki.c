#include "pki.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "digest.h"
#include "pki_files.h"

#define DAY_S INT64_C(86400)
#define BACKDATE_S DAY_S /* so that a clock somewhat behind ours accepts what is new */
#define STATION_DAYS INT64_C(7305) /* 20 years */
#define NODE_DAYS INT64_C(3652)
#define WEB_DAYS INT64_C(820) /* some browsers refuse more than 825 */
#define WEB_RENEW_DAYS 90
#define CLOCK_FLOOR_S INT64_C(1704067200) /* 2024-01-01: no station is older */
#define CODE_MAX 16
#define OWN_NAMES 5
#define WEB_NAMES_MAX (OWN_NAMES + PKI_NAMES_MAX)

enum file {
    CA_KEY,
    CA_CRT,
    LINK_KEY,
    LINK_CRT,
    WEB_KEY,
    WEB_CRT,
    ORDER_KEY,
    ORDER_CRT,
    ALERT_KEY,
    ALERT_CRT,
    FILE_COUNT,
};

static const struct {
    const char *name;
    bool is_private;
} layout[FILE_COUNT] = {
    [CA_KEY] = {"ca.key", true},       [CA_CRT] = {"ca.crt", false},
    [LINK_KEY] = {"link.key", true},   [LINK_CRT] = {"link.crt", false},
    [WEB_KEY] = {"web.key", true},     [WEB_CRT] = {"web.crt", false},
    [ORDER_KEY] = {"order.key", true}, [ORDER_CRT] = {"order.crt", false},
    [ALERT_KEY] = {"alert.key", true}, [ALERT_CRT] = {"alert.crt", false},
};

struct pki {
    struct pki_file files[FILE_COUNT];
    struct cert_key *ca_key;
    uint8_t ca_der[CERT_DER_MAX];
    size_t ca_der_len;
    uint8_t order_der[CERT_DER_MAX];
    size_t order_der_len;
    char dir[PATH_MAX];
    char web_cert_path[PATH_MAX];
    char web_key_path[PATH_MAX];
};

/* The names of the web certificate. */
struct web_names {
    char host[CERT_NAME_MAX + 1];
    const char *names[WEB_NAMES_MAX];
    size_t count;
};

static struct bytes text_of(const struct pki *p, enum file f)
{
    return bytes_of(p->files[f].text, strlen(p->files[f].text) + 1);
}

static void gather_names(struct web_names *w, const char *const *names, size_t name_count)
{
    *w = (struct web_names){.names = {"localhost", LINK_SERVER_NAME, "127.0.0.1", "::1"},
                            .count = 4};
    if (gethostname(w->host, sizeof(w->host) - 1) == 0 && w->host[0] != '\0' &&
        strspn(w->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
            strlen(w->host))
        w->names[w->count++] = w->host;
    for (size_t i = 0; i < name_count; i++)
        w->names[w->count++] = names[i];
}

static enum err add_pem(struct pki_file *file, struct bytes der)
{
    char pem[CERT_PEM_MAX];
    enum err e = cert_pem(der, pem);

    if (e == ERR_OK) {
        CHECK(strlen(file->text) + strlen(pem) < sizeof(file->text));
        strcat(file->text, pem);
    }
    return e;
}

/* One certificate of the station CA into its file; the CA itself when there is none yet. */
static enum err issue(struct pki *p, enum file f, struct cert_key *key, struct cert_spec spec)
{
    uint8_t der[CERT_DER_MAX];
    size_t len;
    enum err e = cert_issue(p->ca_key, pki_ca_der(p), key, &spec, der, &len);

    if (e != ERR_OK)
        return e;
    if (f == CA_CRT) {
        memcpy(p->ca_der, der, len);
        p->ca_der_len = len;
    }
    p->files[f].text[0] = '\0';
    e = add_pem(&p->files[f], bytes_of(der, len));
    /* Who joins with a code knows only the hash of the CA's certificate: it travels with the other. */
    if (e == ERR_OK && (f == LINK_CRT || f == WEB_CRT))
        e = add_pem(&p->files[f], pki_ca_der(p));
    return e;
}

static struct cert_spec web_spec(const struct web_names *names, int64_t now_s)
{
    return (struct cert_spec){
        .use = CERT_SERVER,
        .common_name = "localhost",
        .names = names->names,
        .name_count = names->count,
        .from_s = now_s - BACKDATE_S,
        .to_s = now_s + WEB_DAYS * DAY_S,
    };
}

/* One key and its certificate. */
static enum err make_pair(struct pki *p, enum file key_file, enum file crt_file,
                          struct cert_spec spec)
{
    struct cert_key *key = NULL;
    enum err e = cert_key_new(&key);

    if (e == ERR_OK)
        e = cert_key_pem(key, p->files[key_file].text);
    if (e == ERR_OK && crt_file == CA_CRT) {
        p->ca_key = key;
        return issue(p, crt_file, key, spec);
    }
    if (e == ERR_OK)
        e = issue(p, crt_file, key, spec);
    cert_key_free(key);
    return e;
}

/* Others pin this very certificate, so it lives as long as the station. */
static enum err make_alert_signer(struct pki *p, const char *station_code, int64_t now_s)
{
    char name[CERT_NAME_MAX + 1];
    const struct cert_spec spec = {
        .use = CERT_SIGNER,
        .common_name = name,
        .from_s = now_s - BACKDATE_S,
        .to_s = now_s + STATION_DAYS * DAY_S,
    };

    snprintf(name, sizeof(name), "loa-alerts-%s", station_code);
    return make_pair(p, ALERT_KEY, ALERT_CRT, spec);
}

static enum err make_all(struct pki *p, const char *station_code, const struct web_names *names,
                         int64_t now_s)
{
    static const char *const link_names[] = {LINK_SERVER_NAME};
    char ca_name[CERT_NAME_MAX + 1];
    struct cert_spec spec = {
        .use = CERT_CA,
        .common_name = ca_name,
        .from_s = now_s - BACKDATE_S,
        .to_s = now_s + STATION_DAYS * DAY_S,
    };
    enum err e;

    snprintf(ca_name, sizeof(ca_name), "loa-ca-%s", station_code);
    e = make_pair(p, CA_KEY, CA_CRT, spec);
    spec.use = CERT_SIGNER;
    spec.common_name = ORDER_SIGNER_NAME;
    if (e == ERR_OK)
        e = make_pair(p, ORDER_KEY, ORDER_CRT, spec);
    if (e == ERR_OK)
        e = make_alert_signer(p, station_code, now_s);
    spec.use = CERT_SERVER;
    spec.common_name = LINK_SERVER_NAME;
    spec.names = link_names;
    spec.name_count = 1;
    if (e == ERR_OK)
        e = make_pair(p, LINK_KEY, LINK_CRT, spec);
    if (e == ERR_OK)
        e = make_pair(p, WEB_KEY, WEB_CRT, web_spec(names, now_s));
    return e;
}

static enum err damaged(const struct pki *p, enum file f, struct err_detail *detail)
{
    return err_set(
        detail, ERR_FORMAT,
        "%s/%s is damaged or does not belong to the other files; restore the whole directory "
        "from a backup",
        p->dir, layout[f].name);
}

static enum err check_pair(struct pki *p, enum file key_file, enum file crt_file,
                           struct err_detail *detail)
{
    struct cert_key *key = NULL;
    enum err e = cert_key_load(text_of(p, key_file), &key);

    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return damaged(p, key_file, detail);
    if (!cert_key_fits(key, text_of(p, crt_file)) ||
        !cert_issued_by(text_of(p, crt_file), text_of(p, CA_CRT)))
        e = damaged(p, crt_file, detail);
    if (e == ERR_OK && crt_file == CA_CRT)
        p->ca_key = key;
    else
        cert_key_free(key);
    return e;
}

/* A station that is older than its publishing gets its signer now; a key without certificate is of no use. */
static enum err add_alert_signer(struct pki *p, const char *station_code, int64_t now_s,
                                 struct err_detail *detail)
{
    struct cert_facts ca;
    enum err e = cert_read(pki_ca_der(p), &ca);

    if (e == ERR_OK)
        e = make_alert_signer(
            p, station_code,
            ca.to_s < now_s + STATION_DAYS * DAY_S ? ca.to_s - STATION_DAYS * DAY_S : now_s);
    if (e == ERR_OK)
        e = pki_files_replace(p->dir, &p->files[ALERT_KEY], detail);
    return e == ERR_OK ? pki_files_replace(p->dir, &p->files[ALERT_CRT], detail) : e;
}

static enum err load_all(struct pki *p, const char *station_code, int64_t now_s,
                         struct err_detail *detail)
{
    bool has_alert_signer = pki_files_has(p->dir, layout[ALERT_CRT].name);
    enum err e = ERR_OK;

    for (enum file f = 0; f < FILE_COUNT && e == ERR_OK; f++) {
        if (has_alert_signer || (f != ALERT_KEY && f != ALERT_CRT))
            e = pki_files_read(p->dir, &p->files[f], detail);
    }
    if (e != ERR_OK)
        return e;
    if (cert_der(text_of(p, CA_CRT), p->ca_der, &p->ca_der_len) != ERR_OK)
        return damaged(p, CA_CRT, detail);
    e = check_pair(p, CA_KEY, CA_CRT, detail);
    if (e == ERR_OK)
        e = check_pair(p, LINK_KEY, LINK_CRT, detail);
    if (e == ERR_OK)
        e = check_pair(p, WEB_KEY, WEB_CRT, detail);
    if (e == ERR_OK)
        e = check_pair(p, ORDER_KEY, ORDER_CRT, detail);
    if (e == ERR_OK && !has_alert_signer)
        e = add_alert_signer(p, station_code, now_s, detail);
    return e == ERR_OK ? check_pair(p, ALERT_KEY, ALERT_CRT, detail) : e;
}

/* Issue the web certificate again, for the same key, when names or dates ask for it. */
static enum err renew_web(struct pki *p, const struct web_names *names, int64_t now_s,
                          struct err_detail *detail)
{
    struct cert_key *key = NULL;
    struct cert_facts facts;
    bool fits;
    enum err e = cert_read(text_of(p, WEB_CRT), &facts);

    if (e != ERR_OK)
        return e;
    fits = facts.to_s - now_s > WEB_RENEW_DAYS * DAY_S;
    for (size_t i = 0; i < names->count; i++)
        fits = fits && cert_has_name(text_of(p, WEB_CRT), names->names[i]);
    if (fits)
        return ERR_OK;
    e = cert_key_load(text_of(p, WEB_KEY), &key);
    if (e == ERR_OK)
        e = issue(p, WEB_CRT, key, web_spec(names, now_s));
    cert_key_free(key);
    return e == ERR_OK ? pki_files_replace(p->dir, &p->files[WEB_CRT], detail) : e;
}

static bool code_is_plain(const char *code)
{
    size_t len = strlen(code);

    return len >= 1 && len <= CODE_MAX &&
           strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

static enum err prepare(struct pki *p, const char *dir)
{
    for (enum file f = 0; f < FILE_COUNT; f++) {
        p->files[f].name = layout[f].name;
        p->files[f].is_private = layout[f].is_private;
    }
    if (strlen(dir) > PATH_MAX - 32)
        return ERR_ARG;
    snprintf(p->dir, sizeof(p->dir), "%s", dir);
    snprintf(p->web_cert_path, sizeof(p->web_cert_path), "%.*s/%s", PATH_MAX - 32, dir,
             layout[WEB_CRT].name);
    snprintf(p->web_key_path, sizeof(p->web_key_path), "%.*s/%s", PATH_MAX - 32, dir,
             layout[WEB_KEY].name);
    return ERR_OK;
}

enum err pki_open(const char *dir, const char *station_code, const char *const *names,
                  size_t name_count, usec_t now_us, struct pki **ret_pki, struct err_detail *detail)
{
    int64_t now_s = now_us / USEC_PER_SEC;
    struct web_names web;
    struct pki *p;
    enum err e;

    if (!code_is_plain(station_code))
        return err_set(detail, ERR_ARG,
                       "the station code must be 1 to %d letters, digits or hyphens; correct it",
                       CODE_MAX);
    if (name_count > PKI_NAMES_MAX)
        return err_set(detail, ERR_ARG, "more than %d names for the console; name fewer",
                       PKI_NAMES_MAX);
    if (now_s < CLOCK_FLOOR_S)
        return err_set(detail, ERR_STATE,
                       "the clock of this computer is not set; set it, certificates depend on it");
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ERR_NOMEM;
    gather_names(&web, names, name_count);
    e = prepare(p, dir);
    if (e == ERR_OK && pki_files_absent(dir)) {
        e = make_all(p, station_code, &web, now_s);
        if (e == ERR_OK)
            e = pki_files_create(dir, p->files, FILE_COUNT, detail);
    } else if (e == ERR_OK) {
        e = load_all(p, station_code, now_s, detail);
        if (e == ERR_OK)
            e = renew_web(p, &web, now_s, detail);
    }
    if (e == ERR_OK)
        e = cert_der(text_of(p, ORDER_CRT), p->order_der, &p->order_der_len);
    if (e == ERR_ARG && detail != NULL && detail->text[0] == '\0')
        (void)err_set(detail, e,
                      "a name for the console is neither a host name nor an address, or "
                      "longer than %d characters; correct it",
                      CERT_NAME_MAX);
    if (e != ERR_OK) {
        pki_free(p);
        return e;
    }
    *ret_pki = p;
    return ERR_OK;
}

void pki_free(struct pki *p)
{
    if (p == NULL)
        return;
    cert_key_free(p->ca_key);
    explicit_bzero(p, sizeof(*p));
    free(p);
}

struct link_credentials pki_link_credentials(const struct pki *p)
{
    return (struct link_credentials){
        .ca_cert = pki_ca_der(p),
        .cert = text_of(p, LINK_CRT),
        .key = text_of(p, LINK_KEY),
    };
}

struct bytes pki_ca_der(const struct pki *p)
{
    return bytes_of(p->ca_der, p->ca_der_len);
}

struct bytes pki_order_cert_der(const struct pki *p)
{
    return bytes_of(p->order_der, p->order_der_len);
}

struct bytes pki_order_key_pem(const struct pki *p)
{
    return text_of(p, ORDER_KEY);
}

const char *pki_alert_key_pem(const struct pki *p)
{
    return p->files[ALERT_KEY].text;
}

const char *pki_alert_cert_pem(const struct pki *p)
{
    return p->files[ALERT_CRT].text;
}

const char *pki_web_cert_path(const struct pki *p)
{
    return p->web_cert_path;
}

const char *pki_web_key_path(const struct pki *p)
{
    return p->web_key_path;
}

enum err pki_issue_node(const struct pki *p, struct bytes csr_der, struct node_id node,
                        usec_t now_us, uint8_t *ret_der, size_t *ret_len, struct err_detail *detail)
{
    int64_t now_s = now_us / USEC_PER_SEC;
    char name[CERT_NAME_MAX + 1];
    struct cert_spec spec = {
        .use = CERT_CLIENT,
        .common_name = name,
        .from_s = now_s - BACKDATE_S,
        .to_s = now_s + NODE_DAYS * DAY_S,
    };
    struct cert_key *key = NULL;
    uint8_t der[CERT_DER_MAX];
    struct cert_facts ca;
    size_t len = 0;
    enum err e;

    CHECK(node.v != 0);
    snprintf(name, sizeof(name), LINK_NODE_NAME_PREFIX "%u", (unsigned)node.v);
    e = cert_request_key(csr_der, &key);
    if (e == ERR_FORMAT)
        return err_set(detail, e,
                       "the node's request is not one for a P-256 key; update its firmware");
    if (e == ERR_AUTH)
        return err_set(detail, e, "the node's request is not signed by its key; try again");
    if (e == ERR_OK)
        e = cert_read(pki_ca_der(p), &ca);
    if (e == ERR_OK && spec.to_s > ca.to_s)
        spec.to_s = ca.to_s;
    if (e == ERR_OK)
        e = cert_issue(p->ca_key, pki_ca_der(p), key, &spec, der, &len);
    cert_key_free(key);
    if (e != ERR_OK)
        return e;
    CHECK(len <= LINK_CERT_MAX);
    memcpy(ret_der, der, len);
    *ret_len = len;
    return ERR_OK;
}
