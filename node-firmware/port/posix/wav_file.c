#include "wav_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static void put_le(uint8_t *at, uint32_t v, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static bool write_at(int fd, const void *data, size_t len, int64_t offset)
{
    const uint8_t *p = data;

    while (len > 0) {
        ssize_t n = pwrite(fd, p, len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        offset += n;
        len -= (size_t)n;
    }
    return true;
}

static int64_t byte_offset(int64_t frames)
{
    return WAV_FILE_HEADER_BYTES + 2 * frames;
}

enum err wav_file_open(struct wav_file *w, const char *path, uint32_t rate_hz,
                       struct err_detail *detail)
{
    uint8_t head[WAV_FILE_HEADER_BYTES] = {0};

    w->frames = 0;
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (w->fd < 0)
        return err_set(detail, ERR_IO,
                       "cannot create %s: %s; name a file in a folder you may write to", path,
                       strerror(errno));
    memcpy(head, "RIFF", 4);
    put_le(head + 4, WAV_FILE_HEADER_BYTES - 8, 4);
    memcpy(head + 8, "WAVEfmt ", 8);
    put_le(head + 16, 16, 4);
    put_le(head + 20, 1, 2); /* PCM */
    put_le(head + 22, 1, 2); /* mono */
    put_le(head + 24, rate_hz, 4);
    put_le(head + 28, rate_hz * 2, 4);
    put_le(head + 32, 2, 2);
    put_le(head + 34, 16, 2);
    memcpy(head + 36, "data", 4);
    if (write_at(w->fd, head, sizeof(head), 0))
        return ERR_OK;
    close(w->fd);
    w->fd = -1;
    return err_set(detail, ERR_IO, "cannot write %s: %s; is the disk full?", path, strerror(errno));
}

enum err wav_file_append(struct wav_file *w, const float *frames, size_t count)
{
    uint8_t pcm[2 * WAV_FILE_BLOCK_MAX];
    bool silent = true;

    CHECK(count <= WAV_FILE_BLOCK_MAX);
    if (w->frames + (int64_t)count > WAV_FILE_FRAMES_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        long v = lrintf(fminf(1.0F, fmaxf(-1.0F, frames[i])) * 32767.0F);

        silent = silent && v == 0;
        put_le(pcm + 2 * i, (uint32_t)v, 2);
    }
    if (!silent && !write_at(w->fd, pcm, 2 * count, byte_offset(w->frames)))
        return ERR_IO;
    w->frames += (int64_t)count;
    return ERR_OK;
}

enum err wav_file_commit(struct wav_file *w)
{
    uint32_t data_bytes = (uint32_t)(2 * w->frames);
    uint8_t size[4];

    /* Sound first, then its promise; the outer size first, so that the inner one never exceeds it. */
    if (ftruncate(w->fd, byte_offset(w->frames)) < 0)
        return ERR_IO;
    put_le(size, WAV_FILE_HEADER_BYTES - 8 + data_bytes, 4);
    if (!write_at(w->fd, size, 4, 4))
        return ERR_IO;
    put_le(size, data_bytes, 4);
    return write_at(w->fd, size, 4, 40) ? ERR_OK : ERR_IO;
}

void wav_file_close(struct wav_file *w)
{
    enum err e;

    if (w->fd < 0)
        return;
    e = wav_file_commit(w);
    (void)e; /* the last good header stands */
    close(w->fd);
    w->fd = -1;
}
