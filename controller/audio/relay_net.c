#include "relay_net.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum err relay_net_read(const char *text, struct relay_net *ret_net)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    char address[64];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct relay_net net = {.bits = 128};
    unsigned most = 128;
    char *end = NULL;

    if (len >= sizeof(address))
        return ERR_FORMAT;
    memcpy(address, text, len);
    address[len] = '\0';
    if (inet_pton(AF_INET, address, net.address + 12) == 1) {
        memcpy(net.address, mapped, sizeof(mapped));
        most = 32;
    } else if (inet_pton(AF_INET6, address, net.address) != 1) {
        return ERR_FORMAT;
    }
    if (slash != NULL) {
        unsigned long bits = strtoul(slash + 1, &end, 10);

        if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > most)
            return ERR_FORMAT;
        net.bits = 128 - most + (unsigned)bits;
    }
    *ret_net = net;
    return ERR_OK;
}

static bool lies_in(const struct relay_net *net, const uint8_t address[16])
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;

    if (memcmp(net->address, address, whole) != 0)
        return false;
    return rest == 0 || (net->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool relay_net_may_connect(const struct relay_config *config, const uint8_t address[16])
{
    /* What is not the public network: RFC 6890 and its IPv6 kin; also the ways to wrap IPv4 in IPv6. */
    static const char *const special[] = {
        "0.0.0.0/8",      "10.0.0.0/8",   "100.64.0.0/10", "127.0.0.0/8",    "169.254.0.0/16",
        "172.16.0.0/12",  "192.0.0.0/24", "192.0.2.0/24",  "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15",  "224.0.0.0/3",  "::/96",         "64:ff9b::/96",   "64:ff9b:1::/48",
        "100::/64",       "2001::/23",    "2001:db8::/32", "2002::/16",      "fc00::/7",
        "fe80::/10",      "fec0::/10",    "3fff::/20",     "ff00::/8",       "198.51.100.0/24",
        "203.0.113.0/24",
    };

    for (size_t i = 0; i < config->net_count; i++) {
        if (lies_in(&config->nets[i], address))
            return true;
    }
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        struct relay_net net;

        if (relay_net_read(special[i], &net) != ERR_OK || lies_in(&net, address))
            return false;
    }
    return true;
}
