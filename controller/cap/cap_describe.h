/* cap_describe.h - a verdict as JSON; FORMAT.md names the keys. Thread: any. */
#ifndef LOA_CAP_DESCRIBE_H
#define LOA_CAP_DESCRIBE_H

#include <jansson.h>

#include "cap_check.h"

/* Write out a verdict. NULL: out of memory. */
json_t *cap_describe(const struct cap_verdict *v, const struct cap_policy *policy);

/* The same as terminated text, for free(). NULL: out of memory. */
char *cap_describe_text(const struct cap_verdict *v, const struct cap_policy *policy);

/* Source, identifier, verdict and finding codes in one JSON object, for the journal; "{}" when even that does
 * not fit. */
void cap_describe_short(const struct cap_verdict *v, const char *source, char *ret_text,
                        size_t size);

#endif
