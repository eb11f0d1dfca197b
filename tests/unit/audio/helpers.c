#include "helpers.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "oggfile.h"

#define ARGS_MAX 40

int scratch_setup(void **state)
{
    struct scratch *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return -1;
    snprintf(s->dir, sizeof(s->dir), "/tmp/loa-audio-XXXXXX");
    if (mkdtemp(s->dir) == NULL)
        return -1;
    snprintf(s->media, sizeof(s->media), "%s/media", s->dir);
    *state = s;
    return mkdir(s->media, 0755);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

int scratch_teardown(void **state)
{
    struct scratch *s = *state;
    int result = nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);

    free(s);
    return result;
}

const char *scratch_path(const struct scratch *s, const char *name)
{
    static char paths[8][128];
    static unsigned at;
    char *path = paths[at++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", s->dir, name);
    return path;
}

static int status_of(const char *const *args)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        execvp(args[0], (char *const *)args);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void run_args(const char *const *args)
{
    int status = status_of(args);

    if (status != 0)
        fail_msg("%s ended with status %d", args[0], status);
}

bool sandbox_works(void)
{
    static const char *const args[] = {
        "bwrap",         "--unshare-all", "--cap-drop", "ALL",           "--ro-bind",
        "/usr",          "/usr",          "--ro-bind",  "/lib",          "/lib",
        "--ro-bind-try", "/lib64",        "/lib64",     "/usr/bin/true", NULL,
    };
    static bool asked;
    static bool works;

    if (!asked) {
        works = status_of(args) == 0;
        if (!works)
            print_message(
                "# WARNING: bubblewrap does not start here: decoding WITHOUT the sandbox, "
                "whose own case is left out\n");
    }
    asked = true;
    return works;
}

void run_program(const char *program, ...)
{
    const char *args[ARGS_MAX] = {program};
    va_list ap;

    va_start(ap, program);
    for (size_t i = 1; i + 1 < ARGS_MAX && args[i - 1] != NULL; i++)
        args[i] = va_arg(ap, const char *);
    va_end(ap);
    run_args(args);
}

void make_sound(const char *path, const char *args)
{
    const char *v[ARGS_MAX] = {"ffmpeg", "-y", "-nostdin", "-loglevel", "error"};
    char copy[512];
    char *save = NULL;
    size_t n = 5;

    assert_true(strlen(args) < sizeof(copy));
    strcpy(copy, args);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        assert_true(n + 2 < ARGS_MAX);
        v[n++] = word;
    }
    v[n] = path;
    run_args(v);
}

void write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wbe");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

void write_script(const char *path, const char *body)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

size_t file_size(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (size_t)st.st_size;
}

void copy_start(const char *from, const char *to, size_t len)
{
    FILE *f = fopen(from, "rbe");
    char *data = malloc(len);

    assert_non_null(f);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, len, f), len);
    fclose(f);
    write_file(to, data, len);
    free(data);
}

static size_t files;

static int count_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)path;
    (void)st;
    (void)ftw;
    files += flag == FTW_F;
    return 0;
}

size_t count_files(const char *dir)
{
    files = 0;
    assert_int_equal(nftw(dir, count_one, 16, FTW_PHYS), 0);
    return files;
}

bool has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

size_t count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

struct waveform decode_media(const struct scratch *s, const struct media_id *id)
{
    char path[256];
    char args[300];
    const char *wav = scratch_path(s, "decoded.wav");
    struct waveform w;

    assert_int_equal(oggfile_path(s->media, id, path, sizeof(path)), ERR_OK);
    snprintf(args, sizeof(args), "-i %s -c:a pcm_f32le", path);
    make_sound(wav, args);
    assert_int_equal(waveform_read_wav(wav, &w), ERR_OK);
    return w;
}
