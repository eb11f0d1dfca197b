#include "oggfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "digest.h"
#include "oggpages.h"
#include "packet.h"

#define PAGE_PACKETS 50 /* a page a second, as RFC 7845 section 8 recommends */

struct oggfile {
    char *dir;
    char *temp_path; /* NULL once there is no temporary file */
    int fd;
    struct oggpages *pages; /* NULL before the first packet */
    struct digest digest;
    uint64_t size_bytes;
    uint16_t preskip;
    uint64_t packets; /* in pages, without the one held back */
    /* The newest packet waits here until it is known whether it is the last. */
    uint8_t held[PACKET_PAYLOAD_MAX];
    size_t held_len;
};

static enum err disk_error(struct err_detail *detail, const char *what)
{
    int e = errno;

    if (e == ENOSPC || e == EDQUOT || e == EFBIG)
        return err_set(detail, ERR_IO,
                       "The disk is full: free some space, then import the recording again.");
    return err_set(detail, ERR_IO,
                   "The recording cannot be stored (%s: %s): check the data directory.", what,
                   strerror(e));
}

static enum err write_all(void *ctx, struct bytes piece, struct err_detail *detail)
{
    struct oggfile *f = ctx;

    digest_update(&f->digest, piece);
    f->size_bytes += piece.len;
    while (piece.len > 0) {
        ssize_t n = write(f->fd, piece.data, piece.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_error(detail, "write");
        piece = bytes_of(piece.data + n, piece.len - (size_t)n);
    }
    return ERR_OK;
}

/* The serial number comes from the first packet, so that equal sound makes equal files. */
static enum err begin_stream(struct oggfile *f, struct err_detail *detail)
{
    struct oggpages_config config = {
        .preskip_samples = f->preskip,
        .page_packets = PAGE_PACKETS,
        .write = write_all,
        .ctx = f,
    };
    uint8_t sum[SHA256_BYTES];

    digest_sha256(bytes_of(f->held, f->held_len), sum);
    config.serial = (uint32_t)(sum[0] << 16 | sum[1] << 8 | sum[2]);
    return oggpages_new(&config, &f->pages, detail);
}

/* Put the packet held back into a page; `granule` is the position of its last sample. */
static enum err put_held(struct oggfile *f, int64_t granule, bool last, struct err_detail *detail)
{
    enum err err = f->pages == NULL ? begin_stream(f, detail) : ERR_OK;

    if (err == ERR_OK)
        err = oggpages_add(f->pages, bytes_of(f->held, f->held_len), granule, last, detail);
    if (err == ERR_OK)
        f->packets++;
    return err;
}

enum err oggfile_new(const char *dir, uint16_t preskip_samples, struct oggfile **ret_file,
                     struct err_detail *detail)
{
    struct oggfile *f = calloc(1, sizeof(*f));
    enum err err;

    if (f == NULL)
        return ERR_NOMEM;
    f->fd = -1;
    f->preskip = preskip_samples;
    digest_init(&f->digest);
    f->dir = strdup(dir);
    if (f->dir == NULL || asprintf(&f->temp_path, "%s/" OGGFILE_TEMP_PREFIX "XXXXXX", dir) < 0) {
        f->temp_path = NULL;
        err = ERR_NOMEM;
        goto out;
    }
    f->fd = mkostemp(f->temp_path, O_CLOEXEC);
    if (f->fd < 0) {
        err = disk_error(detail, "create");
        free(f->temp_path);
        f->temp_path = NULL;
        goto out;
    }
    *ret_file = f;
    return ERR_OK;

out:
    oggfile_free(f);
    return err;
}

void oggfile_free(struct oggfile *f)
{
    if (f == NULL)
        return;
    oggpages_free(f->pages);
    if (f->temp_path != NULL)
        unlink(f->temp_path);
    free(f->temp_path);
    if (f->fd >= 0)
        close(f->fd);
    free(f->dir);
    free(f);
}

enum err oggfile_add(struct oggfile *f, struct bytes payload, struct err_detail *detail)
{
    if (payload.len < 1 || payload.len > PACKET_PAYLOAD_MAX)
        return ERR_ARG;
    if (f->held_len > 0) {
        int64_t granule = ((int64_t)f->packets + 1) * PACKET_SAMPLES;
        enum err err = put_held(f, granule, false, detail);

        if (err != ERR_OK)
            return err;
    }
    memcpy(f->held, payload.data, payload.len);
    f->held_len = payload.len;
    return ERR_OK;
}

static enum err sync_directory(const char *path, struct err_detail *detail)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = ERR_OK;

    if (fd < 0 || fsync(fd) != 0)
        err = disk_error(detail, "sync");
    if (fd >= 0)
        close(fd);
    return err;
}

/* True when the file exists and has exactly the bytes that its name promises. */
static bool is_stored(const char *path, const struct media_id *id)
{
    uint8_t data[16384];
    uint8_t sum[SHA256_BYTES];
    struct digest d;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    digest_init(&d);
    while ((n = read(fd, data, sizeof(data))) > 0)
        digest_update(&d, bytes_of(data, (size_t)n));
    close(fd);
    digest_finish(&d, sum);
    return n == 0 && memcmp(sum, id->sha256, SHA256_BYTES) == 0;
}

/* Move the synced temporary file to its name and make that durable. */
static enum err move_into_place(struct oggfile *f, const char *path, struct err_detail *detail)
{
    char folder[OGGFILE_PATH_MAX];
    enum err err;

    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return disk_error(detail, "mkdir");
    if (fchmod(f->fd, 0644) != 0 || fsync(f->fd) != 0)
        return disk_error(detail, "sync");
    if (rename(f->temp_path, path) != 0)
        return disk_error(detail, "rename");
    free(f->temp_path);
    f->temp_path = NULL;
    err = sync_directory(folder, detail);
    if (err == ERR_OK)
        err = sync_directory(f->dir, detail);
    if (err != ERR_OK)
        unlink(path);
    return err;
}

enum err oggfile_finish(struct oggfile *f, uint64_t samples, struct media_id *ret_id,
                        uint64_t *ret_size_bytes, bool *ret_known, struct err_detail *detail)
{
    char path[OGGFILE_PATH_MAX];
    uint64_t end = f->preskip + samples;
    struct media_id id;
    bool known;
    enum err err;

    CHECK(f->held_len > 0 && f->temp_path != NULL);
    CHECK(end > f->packets * PACKET_SAMPLES && end <= (f->packets + 1) * PACKET_SAMPLES);
    err = put_held(f, (int64_t)end, true, detail);
    if (err != ERR_OK)
        return err;
    digest_finish(&f->digest, id.sha256);
    err = oggfile_path(f->dir, &id, path, sizeof(path));
    if (err != ERR_OK)
        return err_set(detail, err, "The path of the data directory is too long.");
    known = is_stored(path, &id);
    if (!known) {
        err = move_into_place(f, path, detail);
        if (err != ERR_OK)
            return err;
    }
    *ret_id = id;
    *ret_size_bytes = f->size_bytes;
    *ret_known = known;
    return ERR_OK;
}

enum err oggfile_path(const char *dir, const struct media_id *id, char *ret_path, size_t size)
{
    char hex[HEX_SIZE(SHA256_BYTES)];
    int n;

    bytes_to_hex(bytes_of(id->sha256, SHA256_BYTES), hex);
    n = snprintf(ret_path, size, "%s/%.2s/%s.opus", dir, hex, hex + 2);
    return n < 0 || (size_t)n >= size ? ERR_LIMIT : ERR_OK;
}
