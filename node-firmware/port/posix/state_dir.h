/* state_dir.h - the directory that is this node: locked, private, and counting its own restarts.
 *
 * DIR/lock      held by the one program that runs here
 * DIR/node.*    identity.h
 * DIR/restarts  how often the program was started and how it last ended
 * DIR/flash/    the objects of the node core (flash.h)
 * Thread: main. */
#ifndef LOA_STATE_DIR_H
#define LOA_STATE_DIR_H

#include <stdint.h>

#include "err.h"
#include "flash.h"

struct state_dir {
    int lock_fd; /* -1 closed */
    struct flash files; /* DIR itself */
    struct flash objects; /* DIR/flash */
    uint32_t restarts; /* starts before this one */
    const char *restart_cause; /* static: "first", "stopped", "crash", "reboot" or "power" */
};

/* Create (0700), lock and open.
 *
 *   quota_bytes  of the objects; 0 none
 *
 * ERR_BUSY  another loa-node runs on it; ERR_IO; with detail */
MUST_USE enum err state_dir_open(struct state_dir *s, const char *path, uint64_t quota_bytes,
                                 struct err_detail *detail);

/* Work out restarts and restart_cause, and note that the program runs now.
 *
 *   system_boot_id  text that is another one after each boot of the board */
MUST_USE enum err state_dir_count_start(struct state_dir *s, const char *system_boot_id);

/* Note a stop in good order, unlock, close; accepts one that is not open. */
void state_dir_close(struct state_dir *s);

/* The kernel's boot id. Empty when there is none. */
void state_dir_boot_id(char *ret_text, size_t size);

/* The same as 16 bytes, all 0 when there is none. */
void state_dir_boot_id_bytes(uint8_t ret_bytes[16]);

#endif
