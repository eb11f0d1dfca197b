/* watchdog.h - tell the service manager that the node is ready and alive.
 *
 * The datagram protocol of sd_notify(3), without its library. The owner feeds it only after a round
 * that did its work; when it stops, the manager restarts the program. Thread: main. */
#ifndef LOA_WATCHDOG_H
#define LOA_WATCHDOG_H

#include "units.h"

struct watchdog {
    int fd; /* -1: nobody listens */
    usec_t interval_us; /* half of what the manager grants; 0 it does not watch */
    usec_t next_mono_us;
};

/* Connect as the environment says (NOTIFY_SOCKET, WATCHDOG_USEC); does nothing without it. */
void watchdog_init(struct watchdog *w);

/* The start-up is complete. */
void watchdog_ready(struct watchdog *w);

/* A round did its work. */
void watchdog_feed(struct watchdog *w, usec_t mono_us);

/* Say that the program stops on purpose, close. */
void watchdog_stop(struct watchdog *w);

#endif
