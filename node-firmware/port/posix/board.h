/* board.h - one running node: the core (node.h) wired to flash, link, sound and sensors on one loop.
 *
 * Order of start: state directory, identity (enrolment if asked for), sound, core, link; stop is the
 * mirror image. Thread: main. */
#ifndef LOA_BOARD_H
#define LOA_BOARD_H

#include "err.h"
#include "node_ini.h"
#include "node_options.h"

/* Run the node until SIGINT or SIGTERM.
 *
 *   options, ini  borrowed
 *
 * ERR_OK  stopped in good order; everything else with detail: what is wrong and what to do */
MUST_USE enum err board_run(const struct node_options *options, const struct node_ini *ini,
                            struct err_detail *detail);

#endif
