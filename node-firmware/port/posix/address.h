/* address.h - where a controller listens, as people write it.
 *
 * Pure. Thread: any. */
#ifndef LOA_ADDRESS_H
#define LOA_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define ADDRESS_PORT 7443
#define ADDRESS_HOST_SIZE 256
#define ADDRESS_CONTROLLERS_MAX 4

struct address {
    char host[ADDRESS_HOST_SIZE]; /* name or literal address, without brackets */
    uint16_t port;
};

/* HOST, HOST:PORT, [V6], [V6]:PORT; a text with several colons is an IPv6 address without a port.
 *
 * ERR_ARG  with detail */
MUST_USE enum err address_parse(const char *text, struct address *ret_address,
                                struct err_detail *detail);

/* Several, separated by commas and spaces, in order of preference.
 *
 *   ret_list  ADDRESS_CONTROLLERS_MAX places
 *
 * ERR_ARG  also: more than ADDRESS_CONTROLLERS_MAX */
MUST_USE enum err address_parse_list(const char *text, struct address *ret_list, size_t *ret_count,
                                     struct err_detail *detail);

#endif
