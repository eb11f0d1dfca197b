/* relay_fetch.h - the network side of a relay: bytes of one address, by libcurl. Thread: the relay's own. */
#ifndef LOA_RELAY_FETCH_H
#define LOA_RELAY_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "relay_net.h"

#define RELAY_FETCH_URL_SIZE 1024

struct relay_fetch;

/* As relay_check_url(). */
MUST_USE enum err relay_fetch_check_url(const char *url, struct err_detail *detail);

/* Make one; the transfer begins with the first relay_fetch_run(). ERR_NOMEM */
MUST_USE enum err relay_fetch_new(const struct relay_config *config, const char *url,
                                  struct relay_fetch **ret_fetch);
void relay_fetch_free(struct relay_fetch *f);

/* Work for up to timeout_ms, waiting also for two descriptors of the caller.
 *
 *   in_fd    writable? asked when bytes are held; -1 none
 *   out_fd   readable? -1 none
 *
 * ERR_NOT_FOUND  the transfer is over and every byte was taken; detail says how it ended
 * ERR_EXISTS     it is over, and is a playlist (hls.h): all of it is held */
MUST_USE enum err relay_fetch_run(struct relay_fetch *f, int in_fd, int out_fd, int timeout_ms,
                                  struct err_detail *detail);

/* Is the transfer over, and was all of it sent? */
bool relay_fetch_is_complete(const struct relay_fetch *f);

/* Did it end since it led to an address that may not be connected to? */
bool relay_fetch_is_refused(const struct relay_fetch *f);

/* Is what comes a playlist, and no sound? */
bool relay_fetch_is_list(const struct relay_fetch *f);

/* The whole address of what a playlist names ("": its own), beside the address that it was sent from after redirects.
 *
 * ERR_FORMAT  it is none that relay_fetch_check_url() would take */
MUST_USE enum err relay_fetch_resolve(const struct relay_fetch *f, const char *name,
                                      char ret_url[RELAY_FETCH_URL_SIZE],
                                      struct err_detail *detail);

/* Bytes held, borrowed until the next call; then take some of them. */
struct bytes relay_fetch_held(const struct relay_fetch *f);
void relay_fetch_take(struct relay_fetch *f, size_t count);

/* A whole document to fetch; texts are borrowed. */
struct relay_fetch_document {
    const char *url;
    size_t max_bytes; /* of it */
    int timeout_ms; /* for all of it */
    const char *ca_path; /* PEM, of a CA to trust besides the system's; "" none */
    const char *cert_path; /* PEM, to show to servers that ask; NULL or "" none */
    const char *key_path; /* PEM, of the certificate; NULL or "" none */
    bool strict; /* https only, and what redirects elsewhere is not followed */
};

/* Fetch a whole document, under the same rules for addresses. An address that begins with https:// never leads to
 * one that does not.
 *
 *   stop         looked at ten times a second
 *   since_s      seconds since 1970: fetch only what changed after that; 0 in any case. Becomes what the server
 *                says of this document; 0 when it says nothing, or it changed so lately that it may change again
 *                within the same second
 *   ret_data     for free()
 *
 * ERR_EXISTS     it has not changed
 * ERR_NOT_FOUND  it cannot be fetched; detail says why
 * ERR_LIMIT, ERR_TIMEOUT, ERR_CANCELLED, ERR_NOMEM */
MUST_USE enum err relay_fetch_whole(const struct relay_config *config,
                                    const struct relay_fetch_document *document,
                                    const atomic_bool *stop, int64_t *since_s, char **ret_data,
                                    size_t *ret_len, struct err_detail *detail);

#endif
