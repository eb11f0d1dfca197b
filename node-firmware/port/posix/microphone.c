#include "microphone.h"

#include <errno.h>
#include <fcntl.h>
#include <portaudio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio_portaudio.h"
#include "wav_file.h"

#define READ_SAMPLES 1024
#define LATENCY_S 0.2

void microphone_init(struct microphone *m)
{
    *m = (struct microphone){.fd = -1};
}

static uint32_t get_le(const uint8_t *at, size_t width)
{
    uint32_t v = 0;

    for (size_t i = width; i-- > 0;)
        v = v << 8 | at[i];
    return v;
}

/* wav_file.h writes such a header; other recorders may. */
static enum err open_file(struct microphone *m, const char *path, struct err_detail *detail)
{
    uint8_t head[WAV_FILE_HEADER_BYTES];
    off_t end;

    m->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (m->fd < 0)
        return err_set(detail, ERR_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
    if (read(m->fd, head, sizeof(head)) != (ssize_t)sizeof(head) || memcmp(head, "RIFF", 4) != 0 ||
        get_le(head + 20, 2) != 1 || get_le(head + 22, 2) != 1 || get_le(head + 34, 2) != 16)
        return err_set(detail, ERR_FORMAT, "%s is not a WAV file of 16 bit mono", path);
    end = lseek(m->fd, 0, SEEK_END);
    if (end < 0 || lseek(m->fd, end - (end - WAV_FILE_HEADER_BYTES) % 2, SEEK_SET) < 0)
        return err_set(detail, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    m->rate_hz = get_le(head + 24, 4);
    return ERR_OK;
}

static PaDeviceIndex find_device(const char *wanted)
{
    char *end;
    long number = strtol(wanted, &end, 10);

    if (strcmp(wanted, "default") == 0)
        return Pa_GetDefaultInputDevice();
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);

        if (info->maxInputChannels > 0 &&
            (*end == '\0' ? number == i : strstr(info->name, wanted) != NULL))
            return i;
    }
    return paNoDevice;
}

static enum err open_card(struct microphone *m, const char *name, struct err_detail *detail)
{
    PaStreamParameters p = {
        .channelCount = 1, .sampleFormat = paFloat32, .suggestedLatency = LATENCY_S};
    PaStream *stream = NULL;
    PaError code;
    double rate_hz;

    if (!audio_portaudio_initialise())
        return err_set(detail, ERR_IO, "there is no sound system");
    p.device = find_device(name);
    if (p.device == paNoDevice) {
        Pa_Terminate();
        return err_set(detail, ERR_NOT_FOUND, "there is no microphone \"%.64s\"", name);
    }
    rate_hz = Pa_GetDeviceInfo(p.device)->defaultSampleRate;
    code = Pa_OpenStream(&stream, &p, NULL, rate_hz, paFramesPerBufferUnspecified, paNoFlag, NULL,
                         NULL);
    if (code == paNoError)
        code = Pa_StartStream(stream);
    if (code != paNoError) {
        if (stream != NULL)
            Pa_CloseStream(stream);
        Pa_Terminate();
        return err_set(detail, ERR_IO, "cannot open the microphone \"%.64s\": %s", name,
                       Pa_GetErrorText(code));
    }
    m->stream = stream;
    m->rate_hz = (uint32_t)rate_hz;
    return ERR_OK;
}

enum err microphone_open(struct microphone *m, const char *spec, struct err_detail *detail)
{
    enum err e;

    microphone_close(m);
    e = strncmp(spec, "wav:", 4) == 0 ? open_file(m, spec + 4, detail) : open_card(m, spec, detail);
    if (e != ERR_OK)
        microphone_close(m);
    return e;
}

void microphone_close(struct microphone *m)
{
    if (m->stream != NULL) {
        Pa_CloseStream(m->stream);
        Pa_Terminate();
    }
    if (m->fd >= 0)
        close(m->fd);
    microphone_init(m);
}

static size_t read_file(struct microphone *m, float *ret_samples, size_t max)
{
    uint8_t data[2 * READ_SAMPLES];
    ssize_t n = read(m->fd, data, 2 * (max < READ_SAMPLES ? max : READ_SAMPLES));

    if (n <= 0)
        return 0;
    if (n % 2 != 0 && lseek(m->fd, -1, SEEK_CUR) < 0)
        return 0;
    for (ssize_t i = 0; i < n / 2; i++)
        ret_samples[i] = (float)(int16_t)get_le(data + 2 * i, 2) / 32768.0F;
    return (size_t)n / 2;
}

size_t microphone_read(struct microphone *m, float *ret_samples, size_t max)
{
    signed long ready;
    PaError code;

    if (m->fd >= 0)
        return read_file(m, ret_samples, max);
    if (m->stream == NULL)
        return 0;
    ready = Pa_GetStreamReadAvailable(m->stream);
    if (ready <= 0)
        return 0;
    if ((size_t)ready < max)
        max = (size_t)ready;
    code = Pa_ReadStream(m->stream, ret_samples, max);
    /* What overflowed is lost, what is here was heard. */
    return code == paNoError || code == paInputOverflowed ? max : 0;
}
