#include "import.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encoder.h"
#include "master.h"
#include "oggfile.h"
#include "scratch.h"

void import_config_init(struct import_config *c)
{
    src_file_config_init(&c->decode);
    c->bitrate_bps = ENCODER_BITRATE_BPS;
    c->cue = (struct cue){0};
}

void import_fill_info(const struct master_result *r, uint64_t samples, struct media_info *ret_info)
{
    *ret_info = (struct media_info){.id = r->id,
                                    .size_bytes = r->size_bytes,
                                    .samples = samples,
                                    .duration_ms = (uint32_t)((samples + 47) / 48),
                                    .loudness_mlufs = r->loudness_mlufs,
                                    .true_peak_mdb = r->true_peak_mdb,
                                    .gain_mdb = r->gain_mdb};
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
    job.pcm_fd = scratch_open(media_dir);
    if (job.pcm_fd < 0)
        return err_set(detail, ERR_IO, "The media folder cannot be written (%s): check the disk.",
                       strerror(errno));
    err = src_file_decode(&c->decode, path, job.pcm_fd, cancel, &job.samples, detail);
    if (err == ERR_OK)
        err = cue_apply(&c->cue, job.pcm_fd, &job.samples, detail);
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
    import_fill_info(&result, job.samples, ret_info);
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
