/* signin.h - where loactl remembers the station and the sign-in: one folder, 0700, the token 0600. */
#ifndef LOA_SIGNIN_H
#define LOA_SIGNIN_H

#include "call.h"

/* Settings from the environment, or the usual places. */
void signin_defaults(struct call_settings *ret_settings);

/* Read server, CA and token that a former sign-in left, where none were given. */
void signin_load(struct call_settings *settings);

/* Keep or forget the token. False after saying why. */
bool signin_save(const struct call_settings *settings, const char *token);
void signin_forget(const struct call_settings *settings);

/* Read one line without echo from the terminal, or from standard input with --password-stdin.
 *
 *   ret_text  `size` bytes; wipe after use
 *
 * False after saying why. */
bool signin_password(const struct call *call, const char *prompt, char *ret_text, size_t size);

#endif
