/* capfix.h - alert messages and policies of our own for the tests of controller/cap. */
#ifndef LOA_CAPFIX_H
#define LOA_CAPFIX_H

#include "cap_check.h"

#define CAPFIX_NOW "2026-11-22T05:31:00+07:00"

/* A flood alert for a commune near Huế: emergency, sounds under CAPFIX_POLICY. */
extern const char capfix_alert[];

/* Source "open" needs no signature; zones A (16.46,107.59) and B (16.80,107.10) and C by its code. */
extern const char capfix_policy[];

/* Replace the first occurrence of a text, which must be there; for free(). */
char *capfix_edit(const char *text, const char *from, const char *to);

/* Put a text before the first occurrence of another; for free(). */
char *capfix_before(const char *text, const char *mark, const char *more);

/* Station time of a CAP 1.2 date-time. */
usec_t capfix_time(const char *text);

/* A policy that must be right; for cap_policy_free(). */
struct cap_policy *capfix_read(const char *text, const char *folder);

/* Judge a text at CAPFIX_NOW; for cap_verdict_free(). */
struct cap_verdict *capfix_check(const char *text, const struct cap_policy *policy,
                                 const char *source);

struct capfix_key;

/* A P-256 key with its self-signed certificate, valid in 2026. */
struct capfix_key *capfix_key_new(void);
void capfix_key_free(struct capfix_key *key);
const char *capfix_certificate(const struct capfix_key *key); /* PEM */
const char *capfix_private(const struct capfix_key *key); /* PEM */

/* A Signature template; exclusive or inclusive canonicalisation. */
extern const char capfix_template[];

/* Sign the message's Signature number `which` (from 0) with a key; for free(). */
char *capfix_sign(const char *text, size_t which, const struct capfix_key *key);

#endif
