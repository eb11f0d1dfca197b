#include "import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encoder.h"
#include "master.h"
#include "oggfile.h"

void import_config_init(struct import_config *c)
{
    src_file_config_init(&c->decode);
    c->bitrate_bps = ENCODER_BITRATE_BPS;
}

/* A file without a name, which vanishes with its descriptor. */
static int open_scratch(const char *dir)
{
    char path[OGGFILE_PATH_MAX];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    if (snprintf(path, sizeof(path), "%s/" OGGFILE_TEMP_PREFIX "XXXXXX", dir) >= (int)sizeof(path))
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static void fill_info(const struct master_result *r, uint64_t samples, struct media_info *ret_info)
{
    memset(ret_info, 0, sizeof(*ret_info));
    ret_info->id = r->id;
    ret_info->size_bytes = r->size_bytes;
    ret_info->samples = samples;
    ret_info->duration_ms = (uint32_t)((samples + 47) / 48);
    ret_info->loudness_mlufs = r->loudness_mlufs;
    ret_info->true_peak_mdb = r->true_peak_mdb;
    ret_info->gain_mdb = r->gain_mdb;
}

enum err import_file(const struct import_config *c, const char *path, const char *media_dir,
                     const atomic_bool *cancel, struct media_info *ret_info, bool *ret_known,
                     struct err_detail *detail)
{
    struct master_job job = {
        .media_dir = media_dir, .bitrate_bps = c->bitrate_bps, .cancel = cancel};
    struct master_result result;
    enum err err;

    if (c->bitrate_bps < ENCODER_BITRATE_MIN_BPS || c->bitrate_bps > ENCODER_BITRATE_MAX_BPS)
        return err_set(detail, ERR_ARG, "The bit rate must be between %d and %d bit/s.",
                       ENCODER_BITRATE_MIN_BPS, ENCODER_BITRATE_MAX_BPS);
    job.pcm_fd = open_scratch(media_dir);
    if (job.pcm_fd < 0)
        return err_set(detail, ERR_IO, "The media folder cannot be written (%s): check the disk.",
                       strerror(errno));
    err = src_file_decode(&c->decode, path, job.pcm_fd, cancel, &job.samples, detail);
    if (err == ERR_OK)
        err = master_store(&job, &result, detail);
    close(job.pcm_fd);
    if (err == ERR_NOMEM)
        return err_set(detail, err, "There is not enough memory for this import: try again later.");
    if (err != ERR_OK)
        return err;
    if (result.too_quiet)
        err_set(detail, ERR_OK,
                "The recording is very quiet: it was raised by %d dB and is still softer than "
                "others; record it again closer to the microphone if you can.",
                result.gain_mdb / 1000);
    fill_info(&result, job.samples, ret_info);
    *ret_known = result.known;
    return ERR_OK;
}

void import_sweep(const char *media_dir)
{
    DIR *dir = opendir(media_dir);
    const struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, OGGFILE_TEMP_PREFIX, strlen(OGGFILE_TEMP_PREFIX)) == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}
