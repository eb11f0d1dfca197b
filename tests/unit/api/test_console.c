/* The web console's files: what is served, how, and that nothing else can be reached. */
#include "apifix.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const made[] = {
    "index.html",
    "index.html.br",
    "index.html.gz",
    "secret",
    "data.pmtiles",
    "assets/main-Ab3_d5Fg.js",
    "assets/main-Ab3_d5Fg.js.gz",
    "assets/plain.js",
    "assets/font-AAAABBBB.woff2",
    ".hidden",
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    struct apifix *f;
    char path[256];

    apifix_setup(state);
    f = *state;
    assert_int_equal(mkdir(f->console_dir, 0700), 0);
    snprintf(path, sizeof(path), "%s/assets", f->console_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->console_dir, made[i]);
        write_file(path, made[i]);
    }
    return 0;
}

static void remove_below(const char *name, const char *dir)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void)remove(path);
}

static int teardown(void **state)
{
    struct apifix *f = *state;

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        remove_below(made[i], f->console_dir);
    remove_below("link", f->console_dir);
    remove_below("out", f->console_dir);
    remove_below("pipe", f->console_dir);
    remove_below("assets", f->console_dir);
    assert_int_equal(rmdir(f->console_dir), 0);
    return apifix_teardown(state);
}

static unsigned get(struct apifix *f, const char *path)
{
    return apifix_send(f, WEB_GET, path, 0, NULL);
}

static void test_the_page_comes_with_a_strict_policy_and_is_revalidated(void **state)
{
    struct apifix *f = *state;
    char tag[80];

    expect_status(f, 200, get(f, "/"));
    assert_string_equal(f->text, "index.html");
    assert_string_equal(f->type, "text/html; charset=utf-8");
    assert_string_equal(f->cache, "no-cache");
    assert_non_null(strstr(f->policy, "default-src 'self'; script-src 'self';"));
    assert_non_null(strstr(f->policy, "connect-src 'self'; img-src 'self' data: blob:;"));
    assert_non_null(strstr(f->policy, "frame-ancestors 'none'; base-uri 'none'"));
    assert_null(strstr(f->policy, "unsafe"));
    assert_int_equal(sscanf(f->headers + strcspn(f->headers, "\""), "%79[^\n]", tag), 1);
    f->if_none_match = tag;
    expect_status(f, 304, get(f, "/index.html"));
    assert_string_equal(f->text, "");
    f->if_none_match = "\"other\"";
    expect_status(f, 200, get(f, "/index.html"));
}

static void test_named_by_digest_means_for_ever(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 200, get(f, "/assets/main-Ab3_d5Fg.js"));
    assert_string_equal(f->cache, "public, max-age=31536000, immutable");
    assert_string_equal(f->type, "text/javascript; charset=utf-8");
    expect_status(f, 200, get(f, "/assets/font-AAAABBBB.woff2"));
    assert_string_equal(f->type, "font/woff2");
    expect_status(f, 200, get(f, "/assets/plain.js"));
    assert_string_equal(f->cache, "no-cache");
}

static void test_what_the_build_compressed_goes_to_who_can_read_it(void **state)
{
    static const struct {
        const char *accepted, *text, *coding;
    } cases[] = {
        {"gzip, deflate, br", "index.html.br", "content-encoding: br"},
        {"gzip", "index.html.gz", "content-encoding: gzip"},
        {"br;q=0, gzip;q=0.5", "index.html.gz", "content-encoding: gzip"},
        {"identity, xbr, brx", "index.html", NULL},
        {"", "index.html", NULL},
    };
    struct apifix *f = *state;
    char path[256];
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->accept_encoding = cases[i].accepted;
        expect_status(f, 200, get(f, "/"));
        assert_string_equal(f->text, cases[i].text);
        assert_string_equal(f->type, "text/html; charset=utf-8");
        assert_non_null(strstr(f->headers, "vary: accept-encoding"));
        if (cases[i].coding != NULL)
            assert_non_null(strstr(f->headers, cases[i].coding));
        else
            assert_null(strstr(f->headers, "content-encoding"));
    }
    snprintf(path, sizeof(path), "%s/index.html.gz", f->console_dir);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    f->accept_encoding = "gzip";
    expect_status(f, 200, get(f, "/")); /* that one is of an earlier build */
    assert_string_equal(f->text, "index.html");
}

static void test_parts_of_files_are_sent(void **state)
{
    static const struct {
        const char *range;
        unsigned status;
        const char *text;
    } cases[] = {
        {"bytes=0-3", 206, "data"},     {"bytes=5-", 206, "pmtiles"},
        {"bytes=-5", 206, "tiles"},     {"bytes=4-4", 206, "."},
        {"bytes=5-99", 206, "pmtiles"}, {"bytes=-99", 206, "data.pmtiles"},
        {"bytes=0-1,3-4", 200, NULL},   {"bytes=3-1", 200, NULL},
        {"bytes=-", 200, NULL},         {"bytes=a-b", 200, NULL},
        {"lines=0-1", 200, NULL},       {"bytes=9999999999999999999-", 200, NULL},
        {"bytes=12-", 416, NULL},       {"bytes=-0", 416, NULL},
        {"bytes=99-100", 416, NULL},
    };
    struct apifix *f = *state;

    f->accept_encoding = "gzip, br";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->range = cases[i].range;
        expect_status(f, cases[i].status, get(f, "/data.pmtiles"));
        if (cases[i].status == 206)
            assert_string_equal(f->text, cases[i].text);
        if (cases[i].status == 416)
            assert_non_null(strstr(f->headers, "content-range: bytes */12"));
    }
    f->range = "bytes=0-3";
    expect_status(f, 206, get(f, "/data.pmtiles"));
    assert_non_null(strstr(f->headers, "content-range: bytes 0-3/12"));
    f->if_range = "\"another\"";
    expect_status(f, 200, get(f, "/data.pmtiles"));
}

static void test_nothing_outside_can_be_reached(void **state)
{
    static const char *const paths[] = {
        "/../loa.db",    "/assets/../../loa.db",
        "/./index.html", "//etc/passwd",
        "/assets/",      "/assets",
        "/.hidden",      "/link",
        "/out/loa.db",   "/pipe",
        "/nothing.html", "/index.html/",
        "/loa.db",
    };
    struct apifix *f = *state;
    char path[256], name[300];

    snprintf(path, sizeof(path), "%s/link", f->console_dir);
    assert_int_equal(symlink(f->path, path), 0);
    snprintf(path, sizeof(path), "%s/out", f->console_dir);
    assert_int_equal(symlink(f->dir, path), 0);
    snprintf(path, sizeof(path), "%s/pipe", f->console_dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        expect_status(f, 404, get(f, paths[i]));
    memset(name, 'a', sizeof(name));
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    expect_status(f, 404, get(f, name));
    expect_status(f, 404, apifix_send(f, WEB_POST, "/index.html", 0, "{}"));
    expect_status(f, 404, get(f, "/api/index.html"));
    expect_status(f, 404, get(f, "/api/v1/../../index.html"));
}

static void test_without_a_console_the_page_says_how_to_build_it(void **state)
{
    struct apifix *f = *state;

    for (int i = 0; i < 3; i++)
        remove_below(made[i], f->console_dir);
    expect_status(f, 200, get(f, "/"));
    assert_non_null(strstr(f->text, "tools/dev console"));
    assert_non_null(strstr(f->text, "chưa có trên máy này"));
    assert_string_equal(f->policy, "");
    expect_status(f, 404, get(f, "/index.html"));
}

static struct apifix *again(struct apifix *f, const char *tiles)
{
    snprintf(f->tiles, sizeof(f->tiles), "%s", tiles);
    apifix_restart(f);
    return f;
}

static void test_only_the_configured_tiles_widen_the_policy(void **state)
{
    struct apifix *f = again(*state, "https://tiles.example:8443/{z}/{x}/{y}.png");
    char path[192];

    expect_status(f, 200, get(f, "/"));
    assert_non_null(strstr(f->policy, "connect-src 'self' https://tiles.example:8443; img-src "
                                      "'self' data: blob: https://tiles.example:8443;"));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/station", ROLE_OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "tiles"), "https://tiles.example:8443/{z}/{x}/{y}.png");
    expect_status(f, 404, get(f, "/tiles.pmtiles"));
    snprintf(path, sizeof(path), "%s/secret", f->console_dir);
    f = again(f, path);
    expect_status(f, 200, get(f, "/tiles.pmtiles"));
    assert_string_equal(f->text, "secret");
    assert_non_null(strstr(f->policy, "connect-src 'self';"));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/station", ROLE_OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "tiles"), "/tiles.pmtiles");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_the_page_comes_with_a_strict_policy_and_is_revalidated),
        WITH(test_named_by_digest_means_for_ever),
        WITH(test_what_the_build_compressed_goes_to_who_can_read_it),
        WITH(test_parts_of_files_are_sent),
        WITH(test_nothing_outside_can_be_reached),
        WITH(test_without_a_console_the_page_says_how_to_build_it),
        WITH(test_only_the_configured_tiles_widen_the_policy),
    };

    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
