/* silence.h - notice silence where a programme should sound, and whose it is.
 *
 * Fed with every piece that is rendered while an order sounds. Silence is what stays below SILENCE_PEAK.
 * After SILENCE_OUTPUT_S of it the output is at fault when its programme had sound meanwhile, or packets
 * of it lacked; after SILENCE_SOURCE_S without either the programme itself is silent. Pure, never
 * allocates. Thread: the one that calls node_render(). */
#ifndef LOA_SILENCE_H
#define LOA_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SILENCE_PEAK 0.001F /* -60 dBFS */
#define SILENCE_OUTPUT_S 2
#define SILENCE_SOURCE_S 10

struct silence {
    uint64_t silent_frames; /* in a row */
    uint64_t owed_frames; /* of them, in pieces where there should have been sound */
    bool output, source; /* what stands */
};

/* Nothing should sound: what stood is over. */
void silence_restart(struct silence *s);

/* Take one piece in.
 *
 *   source_peak  of the decoded programme before fade, volume and limiter, 1 is full scale
 *   sent_peak    of what went to the card
 *   lacks        packets of the programme were missing */
void silence_note(struct silence *s, uint32_t rate_hz, size_t frames, float source_peak,
                  float sent_peak, bool lacks);

#endif
