#include "waveform.h"

#include <complex.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define WAV_BYTES_MAX (UINT64_C(1) << 30)

void waveform_free(struct waveform *w)
{
    free(w->pcm);
    *w = (struct waveform){0};
}

enum err waveform_new(size_t samples, uint32_t rate_hz, struct waveform *ret_w)
{
    float *pcm = calloc(samples > 0 ? samples : 1, sizeof(*pcm));

    if (pcm == NULL)
        return ERR_NOMEM;
    *ret_w = (struct waveform){.pcm = pcm, .samples = samples, .rate_hz = rate_hz};
    return ERR_OK;
}

void waveform_add_sine(struct waveform *w, double hz, double amplitude)
{
    waveform_add_sweep(w, hz, hz, amplitude);
}

void waveform_add_sweep(struct waveform *w, double from_hz, double to_hz, double amplitude)
{
    double length_s = (double)w->samples / w->rate_hz;

    for (size_t i = 0; i < w->samples; i++) {
        double t = (double)i / w->rate_hz;
        double cycles = from_hz * t + (to_hz - from_hz) * t * t / (2 * length_s);

        w->pcm[i] += (float)(amplitude * sin(2 * M_PI * cycles));
    }
}

void waveform_add_noise(struct waveform *w, uint64_t seed, double amplitude)
{
    uint64_t x = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;

    for (size_t i = 0; i < w->samples; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        w->pcm[i] += (float)(amplitude * ((double)(x >> 11) / (double)(UINT64_C(1) << 52) - 1));
    }
}

static uint32_t get_le(const uint8_t *p, size_t width)
{
    uint32_t v = 0;

    for (size_t i = 0; i < width; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

struct wav_format {
    uint32_t kind; /* 1 integers, 3 floats */
    uint32_t channels;
    uint32_t rate_hz;
    uint32_t bits;
};

static enum err convert(const struct wav_format *f, struct bytes data, struct waveform *ret_w)
{
    size_t frame = (size_t)f->channels * f->bits / 8;
    struct waveform w;
    enum err err;

    if (frame == 0 || !((f->kind == 1 && f->bits == 16) || (f->kind == 3 && f->bits == 32)))
        return ERR_FORMAT;
    err = waveform_new(data.len / frame, f->rate_hz, &w);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < w.samples; i++) {
        uint32_t raw = get_le(data.data + i * frame, f->bits / 8);

        if (f->kind == 1)
            w.pcm[i] = (float)(int16_t)(uint16_t)raw / 32768.0F;
        else
            memcpy(&w.pcm[i], &raw, sizeof(raw));
    }
    *ret_w = w;
    return ERR_OK;
}

static enum err parse_wav(struct bytes file, struct waveform *ret_w)
{
    struct wav_format f = {0};
    size_t at = 12;

    if (file.len < 12 || memcmp(file.data, "RIFF", 4) != 0 || memcmp(file.data + 8, "WAVE", 4) != 0)
        return ERR_FORMAT;
    while (file.len - at >= 8) {
        const uint8_t *chunk = file.data + at;
        size_t len = get_le(chunk + 4, 4);
        bool is_data = memcmp(chunk, "data", 4) == 0;

        at += 8;
        if (len > file.len - at || (is_data && len == 0))
            len = file.len - at;
        if (memcmp(chunk, "fmt ", 4) == 0 && len >= 16)
            f = (struct wav_format){get_le(chunk + 8, 2), get_le(chunk + 10, 2),
                                    get_le(chunk + 12, 4), get_le(chunk + 22, 2)};
        if (f.kind == 0xFFFE && len >= 26) /* extensible: the kind stands in the sub-format */
            f.kind = get_le(chunk + 32, 2);
        if (is_data)
            return convert(&f, bytes_of(chunk + 8, len), ret_w);
        at += len + (len & 1 && len < file.len - at);
    }
    return ERR_FORMAT;
}

enum err waveform_read_wav(const char *path, struct waveform *ret_w)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *data = NULL;
    long size = -1;
    enum err err = ERR_IO;

    if (file == NULL)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size < 0 || (uint64_t)size > WAV_BYTES_MAX || fseek(file, 0, SEEK_SET) != 0)
        goto out;
    data = malloc((size_t)size + 1);
    if (data == NULL) {
        err = ERR_NOMEM;
        goto out;
    }
    if (fread(data, 1, (size_t)size, file) == (size_t)size)
        err = parse_wav(bytes_of(data, (size_t)size), ret_w);

out:
    free(data);
    fclose(file);
    return err;
}

static void put_le(FILE *file, uint32_t v, int width)
{
    for (int i = 0; i < width; i++)
        fputc((int)(v >> (8 * i) & 0xFF), file);
}

enum err waveform_write_wav(const char *path, const struct waveform *w)
{
    FILE *file = fopen(path, "wbe");
    uint32_t data_bytes = (uint32_t)(w->samples * 2);
    bool failed;

    if (file == NULL)
        return ERR_IO;
    fputs("RIFF", file);
    put_le(file, 36 + data_bytes, 4);
    fputs("WAVEfmt ", file);
    put_le(file, 16, 4);
    put_le(file, 1, 2);
    put_le(file, 1, 2);
    put_le(file, w->rate_hz, 4);
    put_le(file, w->rate_hz * 2, 4);
    put_le(file, 2, 2);
    put_le(file, 16, 2);
    fputs("data", file);
    put_le(file, data_bytes, 4);
    for (size_t i = 0; i < w->samples; i++) {
        long v = lrint(fmin(fmax((double)w->pcm[i] * 32767, -32768), 32767));

        put_le(file, (uint32_t)v & 0xFFFF, 2);
    }
    failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? ERR_IO : ERR_OK;
}

/* Without the checks for infinities that the language asks for: three times as fast. */
static double complex times(double complex a, double complex b)
{
    return creal(a) * creal(b) - cimag(a) * cimag(b) +
           I * (creal(a) * cimag(b) + cimag(a) * creal(b));
}

/* In-place radix-2 transform; n a power of two; sign -1 forward, +1 backward without scaling. */
static void transform(double complex *x, size_t n, int sign)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;

        for (; (j & bit) != 0; bit >>= 1)
            j ^= bit;
        j |= bit;
        if (i < j) {
            double complex t = x[i];

            x[i] = x[j];
            x[j] = t;
        }
    }
    for (size_t len = 2; len <= n; len <<= 1) {
        double complex root = cexp(I * (sign * 2 * M_PI / (double)len));

        for (size_t at = 0; at < n; at += len) {
            double complex turn = 1;

            for (size_t k = 0; k < len / 2; k++) {
                double complex u = x[at + k];
                double complex v = times(x[at + k + len / 2], turn);

                x[at + k] = u + v;
                x[at + k + len / 2] = u - v;
                turn = times(turn, root);
            }
        }
    }
}

/* Energy of samples 0..i - 1, for each i up to the length. */
static double *running_energy(const struct waveform *w)
{
    double *sum = malloc((w->samples + 1) * sizeof(*sum));

    if (sum == NULL)
        return NULL;
    sum[0] = 0;
    for (size_t i = 0; i < w->samples; i++)
        sum[i + 1] = sum[i] + (double)w->pcm[i] * (double)w->pcm[i];
    return sum;
}

/* Everything about one comparison. */
struct matching {
    const struct waveform *a;
    const struct waveform *b;
    double *energy_a;
    double *energy_b;
    double complex *product; /* cross-correlation, lag modulo n */
    size_t n;
};

/* Correlation at one lag over the overlap; -2 when too little overlaps or there is no sound. */
static double at_lag(const struct matching *m, ptrdiff_t lag)
{
    ptrdiff_t na = (ptrdiff_t)m->a->samples;
    ptrdiff_t nb = (ptrdiff_t)m->b->samples;
    ptrdiff_t from = lag > 0 ? lag : 0; /* in a */
    ptrdiff_t to = na < nb + lag ? na : nb + lag;
    double energy;

    if (2 * (to - from) < (na < nb ? na : nb))
        return -2;
    energy =
        (m->energy_a[to] - m->energy_a[from]) * (m->energy_b[to - lag] - m->energy_b[from - lag]);
    if (energy <= 1e-12)
        return -2;
    return creal(m->product[(size_t)(lag + (ptrdiff_t)m->n) % m->n]) / (double)m->n / sqrt(energy);
}

static enum err correlate(struct matching *m)
{
    double complex *other;

    m->n = 1;
    while (m->n < m->a->samples + m->b->samples)
        m->n *= 2;
    m->product = calloc(m->n, sizeof(*m->product));
    other = calloc(m->n, sizeof(*other));
    if (m->product == NULL || other == NULL) {
        free(other);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->a->samples; i++)
        m->product[i] = (double)m->a->pcm[i];
    for (size_t i = 0; i < m->b->samples; i++)
        other[i] = (double)m->b->pcm[i];
    transform(m->product, m->n, -1);
    transform(other, m->n, -1);
    for (size_t i = 0; i < m->n; i++)
        m->product[i] = times(m->product[i], conj(other[i]));
    transform(m->product, m->n, 1);
    free(other);
    return ERR_OK;
}

static void find_peak(const struct matching *m, struct waveform_match *ret_match)
{
    ptrdiff_t best = 0;
    double peak = -2;
    double before;
    double after;
    double bend;

    for (ptrdiff_t lag = -(ptrdiff_t)m->b->samples + 1; lag < (ptrdiff_t)m->a->samples; lag++) {
        double v = at_lag(m, lag);

        if (v > peak) {
            peak = v;
            best = lag;
        }
    }
    before = at_lag(m, best - 1);
    after = at_lag(m, best + 1);
    bend = before - 2 * peak + after;
    *ret_match = (struct waveform_match){.correlation = peak, .lag_samples = (double)best};
    /* The top of the parabola through three points lies between two samples. */
    if (before > -2 && after > -2 && bend < 0)
        ret_match->lag_samples += (before - after) / (2 * bend);
}

enum err waveform_match(const struct waveform *a, const struct waveform *b,
                        struct waveform_match *ret_match)
{
    struct matching m = {.a = a, .b = b};
    enum err err;

    if (a->samples == 0 || b->samples == 0 || a->rate_hz != b->rate_hz)
        return ERR_ARG;
    m.energy_a = running_energy(a);
    m.energy_b = running_energy(b);
    err = m.energy_a == NULL || m.energy_b == NULL ? ERR_NOMEM : correlate(&m);
    if (err == ERR_OK)
        find_peak(&m, ret_match);
    free(m.energy_a);
    free(m.energy_b);
    free(m.product);
    return err;
}
