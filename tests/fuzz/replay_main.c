/* Feed a fuzz target every file of its corpus and its regressions, whole and cut short, as TAP.
 *
 *   replay_X CORPUS REGRESSIONS TRUNCATIONS
 *
 * With more bytes to cut at than TRUNCATIONS, cuts are spread evenly over all files. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "fuzz.h"

#define FILES_MAX 4096
#define FILE_BYTES_MAX 65536

struct file {
    uint8_t *data;
    size_t len;
};

static struct file files[FILES_MAX];
static size_t file_count, byte_count;

static void load(const char *path)
{
    FILE *in = fopen(path, "rb");
    uint8_t *data = malloc(FILE_BYTES_MAX + 1);

    CHECK(in != NULL && data != NULL && file_count < FILES_MAX);
    files[file_count] = (struct file){data, fread(data, 1, FILE_BYTES_MAX + 1, in)};
    CHECK(files[file_count].len <= FILE_BYTES_MAX);
    byte_count += files[file_count++].len;
    fclose(in);
}

static void load_all(const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            load(path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

/* In memory of exactly this size, so that reading one byte too many is seen. */
static void feed(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len);

    CHECK(copy != NULL || len == 0);
    if (len > 0)
        memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

int main(int argc, char **argv)
{
    size_t most, step, cuts = 0, at = 0;

    if (argc != 4) {
        fprintf(stderr, "usage: %s CORPUS REGRESSIONS TRUNCATIONS\n", argv[0]);
        return 2;
    }
    load_all(argv[1]);
    printf("1..3\n%s 1 - a corpus is there\n", file_count > 0 ? "ok" : "not ok");
    fflush(stdout);
    load_all(argv[2]);
    for (size_t i = 0; i < file_count; i++)
        feed(files[i].data, files[i].len);
    printf("ok 2 - %zu files of corpus and regressions\n", file_count);
    fflush(stdout);
    most = (size_t)strtoul(argv[3], NULL, 10);
    step = most > 0 ? (byte_count + most - 1) / most : byte_count + 1;
    for (size_t i = 0; i < file_count; i++)
        for (size_t len = 0; len < files[i].len; len++)
            if (at++ % step == 0) {
                feed(files[i].data, len);
                cuts++;
            }
    printf("ok 3 - %zu cuts, one at every %zu bytes\n", cuts, step);
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    return file_count > 0 ? 0 : 1;
}
