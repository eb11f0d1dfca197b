/* mic_input.h - the station's own microphone or line input, through PortAudio.
 *
 * Its callback writes into a pcmring and does nothing else. Thread: main. */
#ifndef LOA_MIC_INPUT_H
#define LOA_MIC_INPUT_H

#include "err.h"
#include "pcmring.h"

struct mic_input;

/* Open and start.
 *
 *   device  a part of the device's name, or its number; "" the system's default
 *   ring    its own reference is taken
 *
 * ERR_NOT_FOUND  no such input device; detail says what to do
 * ERR_IO         it cannot be opened at 48 kHz, mono */
MUST_USE enum err mic_input_open(const char *device, struct pcmring *ring,
                                 struct mic_input **ret_microphone, struct err_detail *detail);

/* Stop and close; NULL is fine. */
void mic_input_close(struct mic_input *m);

#endif
