/* node_second - decode, resample and limit SECONDS of an Ogg Opus file as a node does, and nothing else.
 *
 * For counting instructions: `valgrind --tool=callgrind node_second FILE SECONDS PPM`. The difference
 * between two lengths is free of what starting costs (tools/dev bench size). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "jitter.h"
#include "level.h"
#include "playout.h"

#define PIECE_FRAMES 480

struct file {
    int fd;
    uint64_t size_bytes;
};

static enum err file_read(void *ctx, const char *name, uint64_t offset, void *ret_data, size_t size,
                          size_t *ret_len)
{
    const struct file *f = ctx;
    ssize_t n = pread(f->fd, ret_data, size, (off_t)offset);

    (void)name;
    if (n < 0)
        return ERR_IO;
    *ret_len = (size_t)n;
    return ERR_OK;
}

/* One recording is on this flash; its name is all zeroes. */
static enum err file_list(void *ctx, const char *prefix,
                          void (*each)(void *arg, const char *name, uint64_t size_bytes), void *arg)
{
    const struct file *f = ctx;
    char name[PORT_NAME_MAX] = "m.";

    memset(name + 2, '0', 2 * SHA256_BYTES);
    if (strcmp(prefix, "m.") == 0)
        each(arg, name, f->size_bytes);
    return ERR_OK;
}

static usec_t not_needed(void *arg, const struct media_id *media, usec_t offered_us)
{
    (void)arg;
    (void)media;
    (void)offered_us;
    return CACHE_NOT_NEEDED;
}

/* Static like a node's own: together they are larger than a stack should bear. */
static struct cache cache;
static struct jitter jitter;
static struct playout playout;

static bool play(long seconds, double ppm)
{
    double per_frame = 1 / (1 + ppm * 1e-6);
    struct content_layout layout = {.count = 1, .repeats = 1};
    struct level level;
    struct meter status = {0}, tally = {0};
    float frames[PIECE_FRAMES];

    layout.items[0].samples = seconds * SAMPLE_RATE_HZ;
    level_init(&level, SAMPLE_RATE_HZ);
    playout_begin(&playout, &layout, 0, false);
    for (long at = 0; at < seconds * SAMPLE_RATE_HZ; at += PIECE_FRAMES) {
        if (!playout_render(&playout, (double)at * per_frame, per_frame, frames, PIECE_FRAMES))
            return false;
        if (at % SAMPLE_RATE_HZ == 0)
            status = (struct meter){0}; /* a status went out */
        level_apply(&level, frames, PIECE_FRAMES, true, &status, &tally);
    }
    printf("%ld s at %d mdB\n", seconds, (int)meter_rms_mdb(&status));
    return playout.content.counts.gaps == 0 && meter_rms_mdb(&status) > LEVEL_SILENCE_MDB / 2;
}

int main(int argc, char **argv)
{
    struct file file = {.fd = -1};
    struct node_port port = {.ctx = &file, .flash_read = file_read, .flash_list = file_list};
    struct stat info;
    bool ok;

    if (argc != 4) {
        fprintf(stderr, "usage: node_second FILE.opus SECONDS PPM\n");
        return 2;
    }
    file.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (file.fd < 0 || fstat(file.fd, &info) != 0) {
        fprintf(stderr, "node_second: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    file.size_bytes = (uint64_t)info.st_size;
    if (cache_init(&cache, &port, 0, not_needed, NULL) != ERR_OK ||
        playout_init(&playout, &cache, &jitter) != ERR_OK ||
        playout_card(&playout, SAMPLE_RATE_HZ) != ERR_OK) {
        fprintf(stderr, "node_second: out of memory\n");
        return 1;
    }
    ok = play(strtol(argv[2], NULL, 10), strtod(argv[3], NULL));
    playout_deinit(&playout);
    close(file.fd);
    if (!ok)
        fprintf(stderr, "node_second: %s did not sound whole\n", argv[1]);
    return ok ? 0 : 1;
}
