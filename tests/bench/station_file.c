/* station_file - store a recording as the station's import does: levelled, limited, encoded.
 *
 * FILE holds native floats, 48 kHz, mono. Prints the path of the Ogg Opus file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master.h"
#include "oggfile.h"

int main(int argc, char **argv)
{
    struct master_job job = {.pcm_fd = -1};
    struct master_result result;
    struct err_detail why = {0};
    struct stat info;
    char path[4096];
    enum err e;

    if (argc != 4) {
        fprintf(stderr, "usage: station_file FILE.f32 FOLDER BITS_PER_SECOND\n");
        return 2;
    }
    job.pcm_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (job.pcm_fd < 0 || fstat(job.pcm_fd, &info) != 0) {
        fprintf(stderr, "station_file: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    job.samples = (uint64_t)info.st_size / sizeof(float);
    job.media_dir = argv[2];
    job.bitrate_bps = (uint32_t)strtoul(argv[3], NULL, 10);
    e = master_store(&job, &result, &why);
    close(job.pcm_fd);
    if (e == ERR_OK)
        e = oggfile_path(argv[2], &result.id, path, sizeof(path));
    if (e != ERR_OK) {
        fprintf(stderr, "station_file: %s %s\n", err_name(e), why.text);
        return 1;
    }
    puts(path);
    return 0;
}
