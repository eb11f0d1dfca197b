/* The controller's reader of stored media takes whole 20 ms Ogg Opus or refuses it.
 *
 * Input: flags (u8; bit 0: right the checksums), then the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "digest.h"
#include "fuzz.h"
#include "oggfile.h"
#include "oggfix.h"
#include "packet.h"
#include "programme.h"

static char folder[64];

static void remove_folder(void)
{
    rmdir(folder);
}

static void make_folder(void)
{
    const char *temp = getenv("TMPDIR");

    snprintf(folder, sizeof(folder), "%s/loa-fuzz-XXXXXX", temp != NULL ? temp : "/tmp");
    CHECK(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
}

static void judge(const struct media_id *id)
{
    struct programme *p;
    struct err_detail detail = {0};
    enum err e = programme_open(folder, id, &p, &detail);

    CHECK(e == ERR_OK || (e == ERR_FORMAT && detail.text[0] != '\0'));
    if (e != ERR_OK)
        return;
    CHECK(programme_packets(p) > 0 && programme_samples(p) > 0);
    CHECK(programme_samples(p) + programme_preskip(p) <=
          (uint64_t)programme_packets(p) * PACKET_SAMPLES);
    for (uint32_t k = 0; k < programme_packets(p); k++) {
        struct bytes packet = programme_packet(p, k);

        CHECK(packet.len >= 1 && packet.len <= PACKET_PAYLOAD_MAX);
    }
    programme_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[OGGFILE_PATH_MAX];
    struct media_id id;
    uint8_t *copy;
    FILE *out;

    if (size < 2)
        return 0;
    if (folder[0] == '\0')
        make_folder();
    copy = malloc(size - 1);
    CHECK(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    if ((data[0] & 1) != 0)
        oggfix_checksums(copy, size - 1);
    digest_sha256(bytes_of(copy, size - 1), id.sha256);
    CHECK(oggfile_path(folder, &id, path, sizeof(path)) == ERR_OK);
    *strrchr(path, '/') = '\0';
    CHECK(mkdir(path, 0700) == 0);
    path[strlen(path)] = '/';
    out = fopen(path, "wb");
    CHECK(out != NULL && fwrite(copy, 1, size - 1, out) == size - 1 && fclose(out) == 0);
    judge(&id);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    free(copy);
    return 0;
}
