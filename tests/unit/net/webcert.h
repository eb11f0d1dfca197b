/* webcert.h - make a self-signed P-256 certificate for localhost, for tests of the HTTPS server. */
#ifndef LOA_WEBCERT_H
#define LOA_WEBCERT_H

#include <stdbool.h>

/* Write both as PEM. False when anything failed. */
bool webcert_make(const char *cert_path, const char *key_path);

#endif
