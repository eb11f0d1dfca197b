/* enrolment.h - bring this node into a station with a join code.
 *
 * PROTOCOL.md section 8: connects without a certificate to a controller whose CA the code pins, sends
 * the code's secret and a request for the node's own key, stores what comes back. Interrupted at any
 * point it can be repeated: the key stays the same. Thread: main; runs the loop until decided. */
#ifndef LOA_ENROLMENT_H
#define LOA_ENROLMENT_H

#include <uv.h>

#include "err.h"
#include "flash.h"
#include "joincode.h"
#include "wire.h"

#define ENROLMENT_WAIT_MAX_S 3600 /* of the controller's retry_after_s */

struct enrolment {
    const char *host; /* all borrowed for the duration */
    uint16_t port;
    const struct joincode *code;
    const char *hardware;
    const char *firmware;
    const char *serial;
};

/* Enrol. Losses of the network and refusals for the time being are repeated for ever, with back-off;
 * SIGINT and SIGTERM end the wait.
 *
 *   loop   not running; other handles on it go on working
 *   files  the state directory
 *
 * ERR_AUTH       refused for good, or the controller is not the one of the code: detail says what to do
 * ERR_CANCELLED  a signal came
 * ERR_IO, ERR_NOMEM  the state directory cannot be written; detail */
MUST_USE enum err enrolment_run(uv_loop_t *loop, const struct enrolment *params,
                                struct flash *files, struct err_detail *detail);

#endif
