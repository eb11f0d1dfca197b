/* fleet_options.h - what the words after loa-fleet ask for.
 *
 * Thread: main, before anything else. */
#ifndef LOA_FLEET_OPTIONS_H
#define LOA_FLEET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define FLEET_MEMBERS_MAX 20000

/* A part of the members that misbehaves, counted from the last member down. */
struct fleet_part {
    unsigned percent; /* 0..100 */
    unsigned value; /* seconds, bytes a second or ppm, see the help */
};

struct fleet_options {
    unsigned members; /* 1..FLEET_MEMBERS_MAX */
    char host[256];
    uint16_t port;
    const char *join; /* a join code, or "@FILE" with one a line; NULL: all are known already */
    const char *state; /* where keys and certificates are kept */
    unsigned ramp; /* seconds over which the first dials are spread; 0: all at once */
    unsigned seconds; /* 0: until interrupted */
    unsigned decode_every; /* every k-th member really decodes; 0 none */
    bool cached; /* claim to hold all media instead of asking for streams */
    bool json;
    struct fleet_part stall; /* stop reading for `value` seconds, once a minute */
    struct fleet_part flap; /* drop the link every `value` seconds */
    struct fleet_part slow; /* read `value` bytes a second */
    struct fleet_part bad_clock; /* local clock runs `value` ppm fast */
    struct fleet_part wrong_version; /* say a version that nobody speaks */
    unsigned power_cut_at; /* second at which all fall silent at once; 0 never */
    unsigned power_cut_for; /* seconds */
    bool forget; /* nobody has a session to resume after a cut or a flap */
    bool sessions; /* each keeps its session beside its papers for the next run */
};

/* Read argv.
 *
 * ERR_FORMAT     a sentence in detail
 * ERR_CANCELLED  --help was printed */
MUST_USE enum err fleet_options_read(int argc, char **argv, struct fleet_options *ret_options,
                                     struct err_detail *detail);

#endif
