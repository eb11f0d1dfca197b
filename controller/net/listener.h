/* listener.h - listening sockets that several threads share one port with, and accepting from them.
 *
 * Thread: any; no state. */
#ifndef LOA_LISTENER_H
#define LOA_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "netevent.h"

/* Listen on an address; further calls with the port this one returned share it (SO_REUSEPORT).
 *
 *   address   numeric IPv4 or IPv6; "::" takes IPv4 too
 *   port      0: any free one
 *   first     refuse a port on which anybody listens: another controller that sharing would let in
 *   ret_fd    non-blocking, the caller's
 *   ret_port  the port it is
 *
 * ERR_FORMAT  the address cannot be read
 * ERR_EXISTS  somebody else listens there
 * ERR_IO      detail says what */
MUST_USE enum err listener_open(const char *address, uint16_t port, bool first, int *ret_fd,
                                uint16_t *ret_port, struct err_detail *detail);

/* Accept one connection, non-blocking.
 *
 *   ret_address  numeric, IPv4 in its own form also when it came in over IPv6
 *
 * ERR_MORE   none waits
 * ERR_BUSY   this one ended before it was accepted: go on
 * ERR_LIMIT  no descriptors or memory left: try again later */
MUST_USE enum err listener_accept(int listen_fd, int *ret_fd, char ret_address[NET_ADDRESS_SIZE]);

#endif
