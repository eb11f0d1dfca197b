/* totp.h - codes of a second factor (RFC 6238: SHA-1, 30 s, 6 digits, as every authenticator app makes them).
 *
 * Thread: any. */
#ifndef LOA_TOTP_H
#define LOA_TOTP_H

#include "err.h"
#include "store_totp.h"

#define TOTP_CODE_SIZE 7
#define TOTP_URI_SIZE 400

/* Make a secret of 160 random bits. */
void totp_make(uint8_t ret_secret[STORE_TOTP_BYTES]);

/* What an authenticator app reads: otpauth://totp/Loa:LOGIN?secret=...&issuer=Loa. */
MUST_USE enum err totp_uri(const uint8_t secret[STORE_TOTP_BYTES], const char *station,
                           const char *login, char ret_uri[TOTP_URI_SIZE]);

/* Judge a code. One step early and late are tolerated (RFC 6238 section 5.2); a code counts once.
 *
 *   totp      last_step is moved on when the code is right; the caller stores it
 *   now_us    station time
 *
 * ERR_AUTH  wrong, too old, or used before */
MUST_USE enum err totp_check(struct store_totp *totp, const char *code, usec_t now_us);

#endif
