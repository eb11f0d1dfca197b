/* live_input.h - sound on standard input, as it comes: 48 kHz mono s16le, or WAV. */
#ifndef LOA_LIVE_INPUT_H
#define LOA_LIVE_INPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_INPUT_BYTES_PER_MS 96 /* 48 kHz, 16 bits, mono */
#define LIVE_INPUT_BYTES ((size_t)10000 * LIVE_INPUT_BYTES_PER_MS)

struct live_input {
    const volatile sig_atomic_t *quit;
    int64_t start_ms; /* give nothing out before, by the monotonic clock */
    bool refused; /* something is wrong with it, and was said */
    unsigned
        channels; /* of the input; only the first is used. 0: the beginning is yet to be read */
    bool ended;
    uint8_t data[LIVE_INPUT_BYTES]; /* read, not yet given out */
    size_t len;
    int64_t begun_ms; /* when giving out began */
    uint64_t given; /* bytes */
};

/* Give out mono samples, not faster than they are to be heard; blocks. 0 at the end. What came before the
 * start as fast as it was spoken, from a microphone, is dropped but for its end; what came faster, a file,
 * is kept. For http_stream(). */
size_t live_input_more(void *arg, char *ret_data, size_t size);

int64_t live_input_now_ms(void);

#endif
