/* tone.h - the signals of an emergency set that has no recordings of its own yet, made by calculation.
 *
 * Siren: a sweep between 500 and 1,000 Hz, 8 s up and down. All clear: one steady tone. Evacuate: the
 * temporal three of ISO 8201, three pulses and a pause. Test: a chime of two notes. Signature tune: three notes. They are levelled
 * and encoded like any recording (master.h), so the same bytes come out each time.
 * Thread: a worker; blocks. */
#ifndef LOA_TONE_H
#define LOA_TONE_H

#include <stdatomic.h>

#include "emergency.h"
#include "err.h"
#include "library.h"

/* Make one signal and store it.
 *
 *   signal     of the set; EMERGENCY_NONE: the station's signature tune
 *   media_dir  as for import_file()
 *   ret_info   all but created_us and created_by
 *
 * Errors as master_store() */
MUST_USE enum err tone_make(enum emergency_signal signal, const char *media_dir,
                            uint32_t bitrate_bps, const atomic_bool *cancel,
                            struct media_info *ret_info, struct err_detail *detail);

#endif
