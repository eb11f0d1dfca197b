#include "tempdir.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void tempdir_init(struct tempdir *t)
{
    strcpy(t->path, "/tmp/loa-test-XXXXXX");
    assert_non_null(mkdtemp(t->path));
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void tempdir_deinit(struct tempdir *t)
{
    assert_int_equal(nftw(t->path, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *tempdir_path(const struct tempdir *t, const char *name)
{
    static char paths[4][PATH_MAX + 256];
    static int at;

    at = (at + 1) % 4;
    snprintf(paths[at], sizeof(paths[at]), "%s/%s", t->path, name);
    return paths[at];
}

void tempdir_write(const struct tempdir *t, const char *name, const char *text)
{
    FILE *file = fopen(tempdir_path(t, name), "we");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

const char *tempdir_read(const struct tempdir *t, const char *name)
{
    static char text[4096];
    FILE *file = fopen(tempdir_path(t, name), "re");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}
