/* watchdog.h - tell the service manager and the board's own watchdog that the node is alive.
 *
 * The datagram protocol of sd_notify(3), without its library, and the kernel's /dev/watchdog. Both are
 * fed only after a round in which the card took frames, the core rendered them and decided
 * (watchdog_proof): a loop that merely turns is not fed for, and the manager restarts the program, or
 * the board itself. A card that is gone is a fault that is reported (port.h card_lost), not a reason to
 * restart; its reopening then counts as the work. Thread: main. */
#ifndef LOA_WATCHDOG_H
#define LOA_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "units.h"

#define WATCHDOG_BOARD_S 15 /* asked of the board's watchdog */
#define WATCHDOG_STUCK_US (3 * USEC_PER_SEC) /* no proof for so long: no food */

/* What a round really did. */
struct watchdog_proof {
    bool has_card; /* false: only `rounds` must grow */
    int64_t card_frame; /* next that the card will ask for */
    int64_t rendered_frame; /* next that the core will be asked for */
    uint64_t rounds; /* of decisions that ended */
};

struct watchdog {
    int fd; /* -1: no manager listens */
    int board_fd; /* -1: no /dev/watchdog */
    usec_t interval_us; /* half of what the manager grants; 0 it does not watch */
    usec_t next_mono_us;
    struct watchdog_proof last; /* each field as it last moved */
    usec_t card_moved_us, rendered_us, decided_us;
    bool starving; /* said in the log */
};

/* Connect as the environment says (NOTIFY_SOCKET, WATCHDOG_USEC); does nothing without it. */
void watchdog_init(struct watchdog *w);

/* The start-up is complete.
 *
 *   device  the board's watchdog, which runs from now on; "" none
 *
 * ERR_IO  with detail */
MUST_USE enum err watchdog_ready(struct watchdog *w, const char *device, usec_t mono_us,
                                 struct err_detail *detail);

/* A round has ended. Returns true when it fed. */
bool watchdog_feed(struct watchdog *w, const struct watchdog_proof *proof, usec_t mono_us);

/* Say that the program stops on purpose, disarm the board's watchdog, close. */
void watchdog_stop(struct watchdog *w);

#endif
