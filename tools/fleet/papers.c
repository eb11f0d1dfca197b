#include "papers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CERT_BEGIN "-----BEGIN CERTIFICATE-----"

static void path_of(const char *dir, unsigned index, const char *kind, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/member-%05u.%s", dir, index + 1, kind);
}

/* Put a NUL between the three texts, so that each is a PEM view of its own. */
static enum err part(struct papers *p, const char *text, size_t len)
{
    const char *cert = strstr(text, CERT_BEGIN);
    const char *ca = cert != NULL ? strstr(cert + 1, CERT_BEGIN) : NULL;
    size_t prefix = strlen(LINK_NODE_NAME_PREFIX);
    struct cert_facts facts;
    enum err e;

    if (ca == NULL || len + 3 > sizeof(p->pem))
        return ERR_FORMAT;
    p->key_len = (size_t)(cert - text) + 1;
    p->cert_len = (size_t)(ca - cert) + 1;
    p->ca_len = len - (size_t)(ca - text) + 1;
    memcpy(p->pem, text, p->key_len - 1);
    p->pem[p->key_len - 1] = '\0';
    memcpy(p->pem + p->key_len, cert, p->cert_len - 1);
    p->pem[p->key_len + p->cert_len - 1] = '\0';
    memcpy(p->pem + p->key_len + p->cert_len, ca, p->ca_len - 1);
    p->pem[p->key_len + p->cert_len + p->ca_len - 1] = '\0';
    e = cert_read(bytes_of(p->pem + p->key_len, p->cert_len), &facts);
    if (e != ERR_OK || strncmp(facts.common_name, LINK_NODE_NAME_PREFIX, prefix) != 0)
        return ERR_FORMAT;
    p->node.v = (uint32_t)strtoul(facts.common_name + prefix, NULL, 10);
    return ERR_OK;
}

enum err papers_load(const char *dir, unsigned index, struct papers *ret_papers)
{
    char path[4096];
    char text[3 * CERT_PEM_MAX];
    FILE *f;
    size_t len;

    path_of(dir, index, "pem", path, sizeof(path));
    f = fopen(path, "re");
    if (f == NULL)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    len = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[len] = '\0';
    return part(ret_papers, text, len);
}

enum err papers_store(const char *dir, unsigned index, const char *key_pem, struct bytes cert_der,
                      struct bytes ca_der)
{
    char path[4096];
    char cert[CERT_PEM_MAX];
    char ca[CERT_PEM_MAX];
    enum err e = cert_pem(cert_der, cert);
    FILE *f;
    int fd;

    if (e == ERR_OK)
        e = cert_pem(ca_der, ca);
    if (e != ERR_OK)
        return e;
    path_of(dir, index, "pem", path, sizeof(path));
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL)
        return ERR_IO;
    fprintf(f, "%s%s%s", key_pem, cert, ca);
    return fclose(f) == 0 ? ERR_OK : ERR_IO;
}

void papers_keep_session(const char *dir, unsigned index, const struct link_config *config)
{
    uint8_t session[LINK_SESSION_MAX];
    char path[4096];
    size_t len = 0;
    int fd;

    if (link_config_save(config, session, &len) != ERR_OK)
        return;
    path_of(dir, index, "session", path, sizeof(path));
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, session, len) != (ssize_t)len)
        unlink(path);
    if (fd >= 0)
        close(fd);
    explicit_bzero(session, sizeof(session));
}

void papers_take_session(const char *dir, unsigned index, struct link_config *config)
{
    uint8_t session[LINK_SESSION_MAX];
    char path[4096];
    ssize_t len = -1;
    int fd;

    path_of(dir, index, "session", path, sizeof(path));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        len = read(fd, session, sizeof(session));
    if (len > 0)
        (void)!link_config_load(config, bytes_of(session, (size_t)len));
    if (fd >= 0)
        close(fd);
    explicit_bzero(session, sizeof(session));
}

struct link_credentials papers_credentials(const struct papers *p)
{
    return (struct link_credentials){
        .key = bytes_of(p->pem, p->key_len),
        .cert = bytes_of(p->pem + p->key_len, p->cert_len),
        .ca_cert = bytes_of(p->pem + p->key_len + p->cert_len, p->ca_len),
    };
}
