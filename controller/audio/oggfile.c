#include "oggfile.h"

#include <errno.h>
#include <fcntl.h>
#include <ogg/ogg.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "digest.h"
#include "packet.h"

#define PAGE_PACKETS 50 /* a page a second, as RFC 7845 section 8 recommends */

struct oggfile {
    char *dir;
    char *temp_path; /* NULL once there is no temporary file */
    int fd;
    ogg_stream_state stream;
    bool stream_ready;
    struct digest digest;
    uint64_t size_bytes;
    uint16_t preskip;
    uint64_t packets; /* handed to libogg, without the one held back */
    unsigned in_page;
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

static enum err write_all(struct oggfile *f, const unsigned char *data, long len,
                          struct err_detail *detail)
{
    size_t left = (size_t)len;

    digest_update(&f->digest, bytes_of(data, left));
    f->size_bytes += left;
    while (left > 0) {
        ssize_t n = write(f->fd, data, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_error(detail, "write");
        data += n;
        left -= (size_t)n;
    }
    return ERR_OK;
}

/* Write every packet that libogg holds as pages. */
static enum err flush_pages(struct oggfile *f, struct err_detail *detail)
{
    ogg_page page;

    f->in_page = 0;
    while (ogg_stream_flush(&f->stream, &page) != 0) {
        enum err err = write_all(f, page.header, page.header_len, detail);

        if (err == ERR_OK)
            err = write_all(f, page.body, page.body_len, detail);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static void put_le(uint8_t *at, uint32_t v, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static enum err put_header(struct oggfile *f, uint8_t *data, size_t len, int64_t number,
                           struct err_detail *detail)
{
    ogg_packet p = {.packet = data, .bytes = (long)len, .b_o_s = number == 0, .packetno = number};

    if (ogg_stream_packetin(&f->stream, &p) != 0)
        return ERR_NOMEM;
    return flush_pages(f, detail);
}

/* RFC 7845 sections 5.1 and 5.2. The serial number comes from the first packet, so that equal sound
 * makes equal files. */
static enum err begin_stream(struct oggfile *f, struct err_detail *detail)
{
    const char *vendor = opus_get_version_string();
    size_t vendor_len = strlen(vendor);
    uint8_t head[19] = "OpusHead";
    uint8_t tags[128] = "OpusTags";
    uint8_t sum[SHA256_BYTES];
    enum err err;

    digest_sha256(bytes_of(f->held, f->held_len), sum);
    if (ogg_stream_init(&f->stream, sum[0] << 16 | sum[1] << 8 | sum[2]) != 0)
        return ERR_NOMEM;
    f->stream_ready = true;
    head[8] = 1; /* version */
    head[9] = 1; /* channel */
    put_le(head + 10, f->preskip, 2);
    put_le(head + 12, SAMPLE_RATE_HZ, 4);
    err = put_header(f, head, sizeof(head), 0, detail);
    if (err != ERR_OK)
        return err;
    if (vendor_len > sizeof(tags) - 16)
        vendor_len = sizeof(tags) - 16;
    put_le(tags + 8, (uint32_t)vendor_len, 4);
    memcpy(tags + 12, vendor, vendor_len);
    put_le(tags + 12 + vendor_len, 0, 4);
    return put_header(f, tags, 16 + vendor_len, 1, detail);
}

/* Hand the packet held back to libogg; `granule` is the position of its last sample. */
static enum err put_held(struct oggfile *f, int64_t granule, bool last, struct err_detail *detail)
{
    ogg_packet p = {
        .packet = f->held,
        .bytes = (long)f->held_len,
        .e_o_s = last,
        .granulepos = granule,
        .packetno = (int64_t)f->packets + 2,
    };
    enum err err;

    if (!f->stream_ready) {
        err = begin_stream(f, detail);
        if (err != ERR_OK)
            return err;
    }
    if (ogg_stream_packetin(&f->stream, &p) != 0)
        return ERR_NOMEM;
    f->packets++;
    f->in_page++;
    return last || f->in_page == PAGE_PACKETS ? flush_pages(f, detail) : ERR_OK;
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
    if (f->stream_ready)
        ogg_stream_clear(&f->stream);
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
