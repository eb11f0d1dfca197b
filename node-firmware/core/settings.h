/* settings.h - what the station set for this node, checked and kept on flash.
 *
 * Thread: the one that calls node_step(). */
#ifndef LOA_SETTINGS_H
#define LOA_SETTINGS_H

#include <stdbool.h>

#include "control.h"
#include "err.h"
#include "port.h"
#include "window.h"

#define SETTINGS_OBJECT "settings"
#define SETTINGS_SCRATCH_BYTES (2 * CONTROL_BYTES_MAX)
#define SETTINGS_VOLUME_MIN_MDB (-96000)
#define SETTINGS_VOLUME_MAX_MDB 24000
#define SETTINGS_DELAY_MAX_US (10 * 1000000U)

struct settings {
    loa_Settings now; /* all zero before the first: 0 dB, always allowed, no zones */
    struct window allowed[16];
    size_t allowed_count;
};

/* Take what the flash holds.
 *
 *   scratch  SETTINGS_SCRATCH_BYTES
 *   msg      scratch for decoding
 *
 * ERR_NOT_FOUND  there are none; ERR_FORMAT damaged; ERR_IO. The defaults stand then. */
MUST_USE enum err settings_load(struct settings *s, const struct node_port *port, uint8_t *scratch,
                                loa_Msg *msg);

/* Take new ones and keep them.
 *
 *   msg  holds a Settings body
 *
 * ERR_FORMAT  a value is out of range; nothing changed
 * ERR_IO / ERR_LIMIT  in force, but the flash did not take them */
MUST_USE enum err settings_apply(struct settings *s, const struct node_port *port,
                                 const loa_Msg *msg, uint8_t *scratch);

/* True when the allowed windows hold all of [from_us, to_us), station time. */
bool settings_allow(const struct settings *s, usec_t from_us, usec_t to_us);

#endif
