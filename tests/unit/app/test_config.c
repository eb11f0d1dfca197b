/* What the configuration takes of a feed's certificate and key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

static char dir[] = "/tmp/loa-config-XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    out = fopen(path, "we");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    put("cert.pem", "certificate", 0644);
    put("key.pem", "key", 0600);
    put("open.pem", "key", 0640);
    return 0;
}

static int remove_files(void **state)
{
    static const char *const names[] = {"cert.pem", "key.pem", "open.pem", "loa.ini"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    return rmdir(dir);
}

/* Read [feed above] with these values, "" none; names are of files in the directory. */
static enum err read_feed(struct config *c, const char *scheme, const char *certificate,
                          const char *key, struct err_detail *detail)
{
    char text[512], path[128];
    int len = snprintf(text, sizeof(text), "[feed above]\nurl = %s://pctt.example/feed\n", scheme);

    if (certificate[0] != '\0')
        len += snprintf(text + len, sizeof(text) - (size_t)len, "certificate = %s/%s\n", dir,
                        certificate);
    if (key[0] != '\0')
        snprintf(text + len, sizeof(text) - (size_t)len, "key = %s/%s\n", dir, key);
    put("loa.ini", text, 0644);
    snprintf(path, sizeof(path), "%s/loa.ini", dir);
    config_init(c);
    return config_read(c, path, detail);
}

static void test_a_certificate_is_taken_with_its_key(void **state)
{
    static struct config c;
    struct err_detail detail = {{0}};

    (void)state;
    assert_int_equal(read_feed(&c, "https", "cert.pem", "key.pem", &detail), ERR_OK);
    assert_int_equal(c.feed_count, 1);
    assert_non_null(strstr(c.feeds[0].certificate, "/cert.pem"));
    assert_non_null(strstr(c.feeds[0].key, "/key.pem"));
    assert_int_equal(read_feed(&c, "http", "", "", &detail), ERR_OK);
    assert_string_equal(c.feeds[0].certificate, "");
}

static void test_what_cannot_be_used_is_refused_in_one_sentence(void **state)
{
    static const struct {
        const char *scheme, *certificate, *key;
        enum err result;
        const char *says;
    } rows[] = {
        {"https", "cert.pem", "", ERR_FORMAT, "only one of certificate and key"},
        {"https", "", "key.pem", ERR_FORMAT, "only one of certificate and key"},
        {"http", "cert.pem", "key.pem", ERR_FORMAT, "https://"},
        {"https", "none.pem", "key.pem", ERR_NOT_FOUND, "/none.pem, which cannot be read"},
        {"https", "cert.pem", "none.pem", ERR_NOT_FOUND, "/none.pem, which cannot be read"},
        {"https", ".", "key.pem", ERR_NOT_FOUND, "cannot be read"},
        {"https", "cert.pem", "open.pem", ERR_AUTH, "can be read by others (mode 0640)"},
    };
    static struct config c;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err_detail detail = {{0}};

        assert_int_equal(read_feed(&c, rows[i].scheme, rows[i].certificate, rows[i].key, &detail),
                         rows[i].result);
        assert_non_null(strstr(detail.text, rows[i].says));
        assert_non_null(strstr(detail.text, "[feed above]"));
        assert_null(strchr(detail.text, '\n'));
        assert_int_equal(c.feed_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_is_taken_with_its_key),
        cmocka_unit_test(test_what_cannot_be_used_is_refused_in_one_sentence),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
