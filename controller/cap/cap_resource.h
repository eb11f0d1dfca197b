/* cap_resource.h - recordings that come with an alert: which may be used, and from where they may be fetched.
 *
 * Decisions only; nothing is fetched here. What is refused is spoken instead, and never delays the tone.
 * Thread: any. */
#ifndef LOA_CAP_RESOURCE_H
#define LOA_CAP_RESOURCE_H

#include <stdint.h>

#include "bytes.h"
#include "cap_alert.h"
#include "cap_policy.h"
#include "err.h"

/* True for the types that Loa decodes: audio/ogg, audio/mpeg, audio/wav and their kin. */
bool cap_resource_is_audio(const struct cap_resource *resource);

/* Decode inline content (derefUri) and check its digest, if it has one, over the bytes or over the base64 text:
 * senders do either.
 *
 *   arena     holds the bytes
 *   ret_data  as long as the arena
 *
 * ERR_NOT_FOUND  nothing inline
 * ERR_FORMAT     no base64
 * ERR_LIMIT      more than the policy's max_bytes
 * ERR_AUTH       the digest fits neither
 * ERR_NOMEM      out of memory */
MUST_USE enum err cap_resource_inline(const struct cap_resource *resource,
                                      const struct cap_policy *policy, struct cap_arena *arena,
                                      struct bytes *ret_data);

/* Check what was fetched from a uri: it must have a digest, and fit it.
 *
 * ERR_AUTH  it has none, or another */
MUST_USE enum err cap_resource_fetched(const struct cap_resource *resource, struct bytes data);

/* May it be fetched from there? https, a host of the policy with its port, no password.
 *
 * ERR_ARG   no such address, or another scheme, or more than a host and a path
 * ERR_AUTH  the policy does not name the host */
MUST_USE enum err cap_resource_uri(const struct cap_policy *policy, const char *uri);

#endif
