/* relay.h - another broadcaster's sound: fetched over HTTP(S), decoded by a sandboxed child without a network.
 *
 * One thread fetches with libcurl, writes the bytes into the decoder's standard input and what comes out
 * into a pcmring. The decoder sees bytes only, so no playlist can make it open anything; every address
 * that the fetch connects to, also after a redirect, must be public or on the list of the configuration.
 * A source that ends, fails or is silent for RELAY_SILENT_S gives way to the backup address, and the other
 * way round; silence is passed on only until it is recognised. Thread: main, but for its own. */
#ifndef LOA_RELAY_H
#define LOA_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "pcmring.h"
#include "relay_net.h"
#include "units.h"

#define RELAY_SILENT_S 10
#define RELAY_AHEAD_SAMPLES \
    ((size_t)SAMPLE_RATE_HZ * 3 / 4) /* that it keeps in the ring, and reads no further */
#define RELAY_SILENT_MDB (-50000) /* RMS of a second; quieter is silence */

/* An address that a person gave. ERR_FORMAT  not http or https, or with a password in it */
MUST_USE enum err relay_check_url(const char *url, struct err_detail *detail);

struct relay;

/* Begin.
 *
 *   config  borrowed until relay_stop()
 *   backup  "" none
 *   ring    its own reference is taken
 *
 * ERR_FORMAT as relay_check_url(); ERR_UNSUPPORTED no decoder; ERR_IO no thread */
MUST_USE enum err relay_start(const struct relay_config *config, const char *url,
                              const char *backup, struct pcmring *ring, struct relay **ret_relay,
                              struct err_detail *detail);

/* What befell it last, one sentence for people; "" all is well. Any thread; `size` bytes. */
void relay_trouble(struct relay *r, char *ret_text, size_t size);

/* End its thread and child; waits at most about a second. NULL is fine. */
void relay_stop(struct relay *r);

#endif
