#include "mic_input.h"

#include <portaudio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define FRAMES 480

struct mic_input {
    PaStream *stream;
    struct pcmring *ring;
};

static int on_frames(const void *input, void *output, unsigned long frames,
                     const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags, void *arg)
{
    struct mic_input *m = arg;

    (void)output;
    (void)time;
    (void)flags;
    if (input != NULL)
        (void)pcmring_write(m->ring, input, frames); /* what does not fit was not listened to */
    return paContinue;
}

static PaDeviceIndex find_device(const char *wanted)
{
    char *end;
    long number = strtol(wanted, &end, 10);

    if (wanted[0] == '\0')
        return Pa_GetDefaultInputDevice();
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);

        if (info->maxInputChannels < 1)
            continue;
        if ((*end == '\0' && number == i) || (*end != '\0' && strstr(info->name, wanted) != NULL))
            return i;
    }
    return paNoDevice;
}

static enum err open_stream(struct mic_input *m, const char *device, struct err_detail *detail)
{
    PaStreamParameters input = {.channelCount = 1, .sampleFormat = paFloat32};
    PaError error;

    input.device = find_device(device);
    if (input.device == paNoDevice)
        return err_set(
            detail, ERR_NOT_FOUND,
            "The station has no sound input named \"%.60s\"; connect it, or name another.", device);
    input.suggestedLatency = Pa_GetDeviceInfo(input.device)->defaultLowInputLatency;
    error = Pa_OpenStream(&m->stream, &input, NULL, SAMPLE_RATE_HZ, FRAMES, paNoFlag, on_frames, m);
    if (error == paNoError)
        error = Pa_StartStream(m->stream);
    if (error != paNoError)
        return err_set(detail, ERR_IO,
                       "The sound input cannot be opened (%s); check that nothing else uses it.",
                       Pa_GetErrorText(error));
    return ERR_OK;
}

enum err mic_input_open(const char *device, struct pcmring *ring, struct mic_input **ret_microphone,
                        struct err_detail *detail)
{
    struct mic_input *m = calloc(1, sizeof(*m));
    enum err e;

    if (m == NULL)
        return ERR_NOMEM;
    if (Pa_Initialize() != paNoError) {
        free(m);
        return err_set(detail, ERR_IO, "The sound system of the station does not start.");
    }
    m->ring = pcmring_ref(ring);
    e = open_stream(m, device, detail);
    if (e != ERR_OK)
        mic_input_close(m);
    else
        *ret_microphone = m;
    return e;
}

void mic_input_close(struct mic_input *m)
{
    if (m == NULL)
        return;
    if (m->stream != NULL)
        Pa_CloseStream(m->stream);
    Pa_Terminate();
    pcmring_unref(m->ring);
    free(m);
}
