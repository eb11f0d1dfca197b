#include "audio_portaudio.h"

#include <fcntl.h>
#include <portaudio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card_time.h"
#include "log.h"
#include "mono.h"
#include "reconnect.h"

#define DEVICE_SIZE 256

struct audio_portaudio {
    struct audio_out out; /* first member: the interface */
    struct audio_ring *ring;
    PaStream *stream; /* NULL while there is no card */
    char device[DEVICE_SIZE];
    double latency_s;
    int channels;
    int64_t seen_frame; /* the card's position at ... */
    usec_t seen_mono_us; /* ... its last advance */
    usec_t retry_mono_us;
    uint32_t attempt;
    bool closing; /* a lost card is being closed on a thread of its own */
    pthread_t closer;
    _Atomic bool closed; /* it has finished */

    /* Private to the callback. */
    struct card_time time;
    struct card_time period; /* told_at_call */
    bool told_at_call; /* the converter time is that of the callback plus something constant */
    double rate_hz;
    double output_latency_s; /* for host APIs that tell no converter time */
};

static struct audio_portaudio *of(struct audio_out *o)
{
    return (struct audio_portaudio *)o;
}

/* Two equal channels out of one, in place and from the end. */
static void spread(float *frames, unsigned long count)
{
    for (unsigned long i = count; i-- > 0;)
        frames[2 * i] = frames[2 * i + 1] = frames[i];
}

/* When the first frame of a callback reaches the converter, by PortAudio's clock. Frames whose period went by
 * without a callback are let go, so that the rest keeps its place. */
static double converter_time_s(struct audio_portaudio *a, unsigned long count,
                               const PaStreamCallbackTimeInfo *times, int *ret_lost)
{
    double now_s = times->currentTime, ahead_s = times->outputBufferDacTime - now_s;
    double first_s = (double)audio_ring_position(a->ring) / a->rate_hz;

    *ret_lost = 0;
    if (ahead_s <= 0)
        ahead_s = a->output_latency_s;
    if (!a->told_at_call)
        return now_s + ahead_s;
    return card_time_period(&a->period, first_s, now_s, (double)count / a->rate_hz, ret_lost) +
           ahead_s;
}

static int on_audio(const void *input, void *output, unsigned long count,
                    const PaStreamCallbackTimeInfo *times, PaStreamCallbackFlags flags, void *data)
{
    struct audio_portaudio *a = (struct audio_portaudio *)data;
    usec_t mono_us = mono_now_us();
    int lost;
    double converter_s = converter_time_s(a, count, times, &lost);

    (void)input;
    if (lost > 0)
        audio_ring_skip(a->ring, (size_t)lost * count);
    card_time_add(&a->time, times->currentTime, mono_us);
    audio_ring_note(a->ring, audio_ring_position(a->ring), card_time_mono(&a->time, converter_s));
    if ((flags & paOutputUnderflow) != 0)
        audio_ring_note_underrun(a->ring);
    audio_ring_read(a->ring, (float *)output, count);
    if (a->channels == 2)
        spread((float *)output, count);
    return paContinue;
}

/* The libraries below PortAudio explain on standard error what they looked for and did not find. */
static PaError initialise_quietly(void)
{
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    PaError e;

    if (saved >= 0 && nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    e = Pa_Initialize();
    if (saved >= 0 && nowhere >= 0)
        dup2(saved, STDERR_FILENO);
    if (saved >= 0)
        close(saved);
    if (nowhere >= 0)
        close(nowhere);
    return e;
}

static bool plays(PaDeviceIndex i)
{
    return Pa_GetDeviceInfo(i)->maxOutputChannels > 0;
}

static enum err refuse_device(const char *wanted, struct err_detail *detail)
{
    char names[ERR_DETAIL_MAX / 2] = "";
    size_t at = 0;

    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount() && at + 80 < sizeof(names); i++) {
        if (plays(i))
            at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%d \"%.60s\"",
                                   at > 0 ? ", " : "", i, Pa_GetDeviceInfo(i)->name);
    }
    if (at == 0)
        return err_set(detail, ERR_NOT_FOUND,
                       "there is no sound card; connect one or use --audio null");
    return err_set(detail, ERR_NOT_FOUND, "there is no sound card \"%.64s\"; there is %s", wanted,
                   names);
}

static enum err find_device(const char *wanted, PaDeviceIndex *ret_device,
                            struct err_detail *detail)
{
    PaDeviceIndex count = Pa_GetDeviceCount();
    char *end;
    long number = strtol(wanted, &end, 10);

    if (wanted[0] == '\0') {
        *ret_device = Pa_GetDefaultOutputDevice();
        return *ret_device != paNoDevice ? ERR_OK : refuse_device("default", detail);
    }
    if (*end == '\0' && number >= 0 && number < count && plays((PaDeviceIndex)number)) {
        *ret_device = (PaDeviceIndex)number;
        return ERR_OK;
    }
    for (PaDeviceIndex i = 0; i < count; i++) {
        if (plays(i) && strstr(Pa_GetDeviceInfo(i)->name, wanted) != NULL) {
            *ret_device = i;
            return ERR_OK;
        }
    }
    return refuse_device(wanted, detail);
}

/* Our own rate first, then the card's favourite, then what cards commonly do. */
static PaError open_stream(struct audio_portaudio *a, PaDeviceIndex device, double *ret_rate_hz)
{
    const double rates[] = {
        SAMPLE_RATE_HZ, Pa_GetDeviceInfo(device)->defaultSampleRate, 44100, 96000, 192000, 32000};
    PaError e = paInvalidSampleRate;

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (a->channels = 1; a->channels <= 2; a->channels++) {
            PaStreamParameters p = {.device = device,
                                    .channelCount = a->channels,
                                    .sampleFormat = paFloat32,
                                    .suggestedLatency = a->latency_s};

            e = Pa_OpenStream(&a->stream, NULL, &p, rates[i], paFramesPerBufferUnspecified,
                              paNoFlag, on_audio, a);
            if (e == paNoError) {
                *ret_rate_hz = rates[i];
                return e;
            }
            a->stream = NULL;
        }
    }
    return e;
}

/* Kernel drivers tell how much lies before the converter at this moment; JACK tells only how far the period
 * had gone when the callback was let run. */
static bool is_told_at_call(PaDeviceIndex device)
{
    return Pa_GetHostApiInfo(Pa_GetDeviceInfo(device)->hostApi)->type == paJACK;
}

static void close_card(struct audio_portaudio *a)
{
    if (a->stream != NULL)
        Pa_CloseStream(a->stream);
    a->stream = NULL;
    a->out.rate_hz = 0;
    Pa_Terminate();
}

static void retry_later(struct audio_portaudio *a, usec_t mono_us)
{
    a->retry_mono_us = mono_us + reconnect_wait_us(a->attempt, UINT32_MAX, 0, 0);
    if (a->attempt < 6) /* half a minute at most */
        a->attempt++;
}

static void *close_lost(void *arg)
{
    struct audio_portaudio *a = (struct audio_portaudio *)arg;

    Pa_CloseStream(a->stream);
    Pa_Terminate();
    atomic_store(&a->closed, true);
    return NULL;
}

/* Sound systems may wait for minutes for a card or server that is gone; the node must not. */
static void begin_closing(struct audio_portaudio *a)
{
    a->out.rate_hz = 0;
    atomic_store(&a->closed, false);
    a->closing = pthread_create(&a->closer, NULL, close_lost, a) == 0;
    if (!a->closing)
        close_card(a);
}

static void finish_closing(struct audio_portaudio *a, usec_t mono_us)
{
    if (!atomic_load(&a->closed))
        return;
    pthread_join(a->closer, NULL);
    a->closing = false;
    a->stream = NULL;
    retry_later(a, mono_us);
}

/* Everything from the list of devices on: a card that was plugged in anew is found only so. */
static enum err open_card(struct audio_portaudio *a, usec_t mono_us, struct err_detail *detail)
{
    PaError code = initialise_quietly();
    const PaStreamInfo *info;
    PaDeviceIndex device;
    double rate_hz = 0;
    enum err e;

    if (code != paNoError)
        return err_set(detail, ERR_IO, "no sound system: %s", Pa_GetErrorText(code));
    e = find_device(a->device, &device, detail);
    if (e != ERR_OK) {
        Pa_Terminate();
        return e;
    }
    code = open_stream(a, device, &rate_hz);
    if (code == paNoError) {
        info = Pa_GetStreamInfo(a->stream);
        a->output_latency_s = info != NULL ? info->outputLatency : a->latency_s;
        audio_ring_reset(a->ring, (uint32_t)rate_hz);
        card_time_init(&a->time);
        card_time_init(&a->period);
        a->told_at_call = is_told_at_call(device);
        a->rate_hz = rate_hz;
        code = Pa_StartStream(a->stream);
    }
    if (code != paNoError) {
        e = err_set(detail, ERR_IO, "cannot open the sound card \"%.64s\": %s",
                    Pa_GetDeviceInfo(device)->name, Pa_GetErrorText(code));
        close_card(a);
        return e;
    }
    a->out.rate_hz = (uint32_t)rate_hz;
    a->out.openings++;
    a->seen_frame = -1;
    a->seen_mono_us = mono_us;
    log_event(LOG_INFO, "audio.open", "device=%s rate_hz=%u channels=%d latency_ms=%.1f",
              LOG_TEXT(Pa_GetDeviceInfo(device)->name), a->out.rate_hz, a->channels,
              a->output_latency_s * 1000);
    return ERR_OK;
}

static void reopen(struct audio_portaudio *a, usec_t mono_us)
{
    struct err_detail why = {0};

    if (open_card(a, mono_us, &why) == ERR_OK) {
        a->attempt = 0;
        return;
    }
    log_event(LOG_WARN, "audio.no_card", "why=%s", LOG_TEXT(why.text));
    retry_later(a, mono_us);
}

static void portaudio_tick(struct audio_out *o, usec_t mono_us)
{
    struct audio_portaudio *a = of(o);
    int64_t frame;

    if (a->closing) {
        finish_closing(a, mono_us);
        return;
    }
    if (a->stream == NULL) {
        if (mono_us >= a->retry_mono_us)
            reopen(a, mono_us);
        return;
    }
    frame = audio_ring_position(a->ring);
    if (frame != a->seen_frame) {
        a->seen_frame = frame;
        a->seen_mono_us = mono_us;
    } else if (mono_us - a->seen_mono_us > AUDIO_PORTAUDIO_STALL_US ||
               Pa_IsStreamActive(a->stream) != 1) {
        log_event(LOG_ERROR, "audio.card_lost", "device=%s", LOG_TEXT(a->device));
        begin_closing(a);
    }
}

static void portaudio_close(struct audio_out *o)
{
    struct audio_portaudio *a = of(o);

    if (a->closing && !atomic_load(&a->closed)) {
        pthread_detach(a->closer); /* the end of the program ends it; it still uses the object */
        return;
    }
    if (a->closing)
        finish_closing(a, 0);
    if (a->stream != NULL)
        close_card(a);
    free(a);
}

bool audio_portaudio_initialise(void)
{
    return initialise_quietly() == paNoError;
}

enum err audio_portaudio_open(const char *device, uint32_t latency_ms, struct audio_ring *ring,
                              usec_t mono_us, struct audio_out **ret_out, struct err_detail *detail)
{
    struct audio_portaudio *a;
    enum err e;

    if (strlen(device) >= DEVICE_SIZE)
        return err_set(detail, ERR_ARG, "the device name is longer than %d bytes", DEVICE_SIZE - 1);
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return ERR_NOMEM;
    a->ring = ring;
    a->latency_s = latency_ms / 1000.0;
    strcpy(a->device, device);
    a->out =
        (struct audio_out){.name = "portaudio", .tick = portaudio_tick, .close = portaudio_close};
    e = open_card(a, mono_us, detail);
    if (e != ERR_OK) {
        free(a);
        return e;
    }
    *ret_out = &a->out;
    return ERR_OK;
}
