/* loudness.h - measure loudness and true peak, and what every recording is brought to.
 *
 * ITU-R BS.1770-4 integrated loudness and true peak by libebur128, of one channel at 48 kHz.
 * Thread: any, one object per thread. */
#ifndef LOA_LOUDNESS_H
#define LOA_LOUDNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "units.h"

#define LOUDNESS_TARGET_MLUFS (-16000)
#define LOUDNESS_PEAK_MAX_MDB (-1000) /* dBTP, of what a decoder gives out */
#define LOUDNESS_GAIN_MAX_MDB 30000 /* a quieter recording stays quieter */
#define LOUDNESS_SILENT_MLUFS INT32_MIN /* nothing above the gate of -70 LUFS */

/* Measures a 48 kHz mono signal piece by piece. */
struct loudness_meter;

/* Make a meter.
 *
 *   with_peak  false: loudness only, three times as fast; loudness_meter_peak_mdb() is then not allowed */
MUST_USE enum err loudness_meter_new(bool with_peak, struct loudness_meter **ret_meter);
void loudness_meter_free(struct loudness_meter *m);
MUST_USE enum err loudness_meter_add(struct loudness_meter *m, const float *pcm, size_t samples);

/* Integrated loudness of what was added; LOUDNESS_SILENT_MLUFS when nothing passes the gate. A signal
 * shorter than one block of 400 ms is measured as its repetition would be. */
int32_t loudness_meter_integrated_mlufs(const struct loudness_meter *m);

/* Highest true peak of what was added; -200,000 for digital silence. */
int32_t loudness_meter_peak_mdb(const struct loudness_meter *m);

#endif
