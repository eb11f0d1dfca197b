/* relay_net.h - which addresses a relay may be fetched from.
 *
 * Pure. Thread: any. */
#ifndef LOA_RELAY_NET_H
#define LOA_RELAY_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "src_file.h"

#define RELAY_NETS_MAX 16

/* A range of addresses. */
struct relay_net {
    uint8_t address[16]; /* IPv6; IPv4 as ::ffff:a.b.c.d */
    unsigned bits; /* of the 128 that count */
};

struct relay_config {
    struct src_file_config decoder; /* its programs and sandbox */
    size_t net_count;
    struct relay_net
        nets[RELAY_NETS_MAX]; /* that may be fetched from although they are not public */
};

/* Read "10.1.2.0/24", "::1" and the like. ERR_FORMAT */
MUST_USE enum err relay_net_read(const char *text, struct relay_net *ret_net);

/* May a connection be made to this address?
 *
 *   address  as in struct relay_net */
bool relay_net_may_connect(const struct relay_config *config, const uint8_t address[16]);

#endif
