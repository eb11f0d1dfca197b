/* pki_tickets.h - the keys of session tickets, kept in the station's directory of keys.
 *
 * DIR/tickets.key, 0600, beside the keys of pki.h: nodes resume their sessions also when the controller
 * has restarted. Losing it costs full handshakes and nothing else. Thread: main. */
#ifndef LOA_PKI_TICKETS_H
#define LOA_PKI_TICKETS_H

#include "err.h"
#include "ticketring.h"

/* Load the keys; damaged ones are replaced. Then as pki_tickets_turn().
 *
 *   dir    that of pki_open(), which made it
 *   now_s  seconds since 1970, by the wall clock
 *
 * ERR_AUTH  others than the owner can read them
 * ERR_IO    cannot be read or written; detail says what to do */
MUST_USE enum err pki_tickets_open(const char *dir, int64_t now_s, struct ticketring *ret_tickets,
                                   struct err_detail *detail);

/* Make and store a new key when it is time; call it now and then.
 *
 *   ret_turned  true when the ring changed
 *
 * ERR_IO  not stored, and the ring is as it was */
MUST_USE enum err pki_tickets_turn(const char *dir, int64_t now_s, struct ticketring *tickets,
                                   bool *ret_turned, struct err_detail *detail);

#endif
