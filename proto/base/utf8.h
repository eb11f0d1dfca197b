/* utf8.h - is this text?
 *
 * Thread: any. */
#ifndef LOA_UTF8_H
#define LOA_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without
 * control characters other than, if `multiline`, line feed and tab. */
bool utf8_valid(const char *text, size_t len, bool multiline);

#endif
