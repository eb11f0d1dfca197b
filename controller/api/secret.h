/* secret.h - passwords (argon2id), session and API tokens, the CSRF token that belongs to a session.
 *
 * Hashing takes some 20 ms and 19 MiB: call it on a worker thread. Thread: any. */
#ifndef LOA_SECRET_H
#define LOA_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "err.h"
#include "units.h"

#define SECRET_PASSWORD_MIN 10 /* bytes */
#define SECRET_PASSWORD_MAX 128
#define SECRET_HASH_SIZE 160
#define SECRET_TOKEN_SIZE (4 + HEX_SIZE(32))

/* Hash a password with argon2id, 19 MiB, 2 passes, 1 lane (OWASP's second choice of parameters).
 *
 *   ret_encoded  SECRET_HASH_SIZE bytes, the usual encoded form */
MUST_USE enum err secret_hash(const char *password, char ret_encoded[SECRET_HASH_SIZE]);

/* True when the password fits. An empty `encoded` fits nothing but takes as long. */
bool secret_verify(const char *encoded, const char *password);

/* Make a token "loa_" + 64 hexadecimal digits, 256 random bits. */
void secret_token(char ret_token[SECRET_TOKEN_SIZE]);

/* What the database keeps of a token. */
void secret_digest(const char *token, uint8_t ret_sha256[SHA256_BYTES]);

/* The CSRF token of a session, derived from its secret so that nothing more needs keeping. */
void secret_csrf(const char *token, char ret_text[HEX_SIZE(SHA256_BYTES)]);

/* Compare texts of equal length without a timing difference; other lengths are different. */
bool secret_equal(const char *a, const char *b);

#endif
