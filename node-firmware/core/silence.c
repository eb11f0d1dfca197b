#include "silence.h"

#define OWED_PART 4 /* of the silence must have been owed: a single click is no programme */

void silence_restart(struct silence *s)
{
    *s = (struct silence){0};
}

void silence_note(struct silence *s, uint32_t rate_hz, size_t frames, float source_peak,
                  float sent_peak, bool lacks)
{
    if (sent_peak >= SILENCE_PEAK) {
        silence_restart(s);
        return;
    }
    s->silent_frames += frames;
    if (lacks || source_peak >= SILENCE_PEAK)
        s->owed_frames += frames;
    if (s->silent_frames >= (uint64_t)SILENCE_OUTPUT_S * rate_hz &&
        s->owed_frames >= (uint64_t)SILENCE_OUTPUT_S * rate_hz / OWED_PART)
        s->output = true;
    s->source = !s->output && s->silent_frames >= (uint64_t)SILENCE_SOURCE_S * rate_hz;
}
