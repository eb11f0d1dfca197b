#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "node_ini.h"
#include "node_options.h"

#define ARGS_MAX 12
#define CODE "0000-0000-0000-0000-0000-0000-0000-0000"

struct good {
    const char *args[ARGS_MAX];
    const char *host;
    uint16_t port;
    enum node_audio audio;
    const char *name;
    double ppm;
};

static enum err parse(const char *const args[ARGS_MAX], struct node_options *o,
                      struct err_detail *detail)
{
    char *argv[ARGS_MAX + 1] = {(char *)(uintptr_t) "loa-node"};
    int argc = 1;

    for (int i = 0; i < ARGS_MAX && args[i] != NULL; i++)
        argv[argc++] = (char *)(uintptr_t)args[i];
    return node_options_parse(argc, argv, o, detail);
}

#define BASE "--state", "/s", "--controller"

static void test_every_way_to_write_the_options_is_understood(void **state)
{
    static const struct good cases[] = {
        {{BASE, "h"}, "h", 7443, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "h:1"}, "h", 1, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "10.0.0.1:65535"}, "10.0.0.1", 65535, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "::1"}, "::1", 7443, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "[::1]"}, "::1", 7443, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "[::1]:99"}, "::1", 99, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "h", "--audio", "portaudio"}, "h", 7443, NODE_AUDIO_PORTAUDIO, "", 0},
        {{BASE, "h", "--audio", "portaudio:USB"}, "h", 7443, NODE_AUDIO_PORTAUDIO, "USB", 0},
        {{BASE, "h", "--audio", "null"}, "h", 7443, NODE_AUDIO_NULL, "", 0},
        {{BASE, "h", "--audio", "wav:/x.wav"}, "h", 7443, NODE_AUDIO_WAV, "/x.wav", 0},
        {{BASE, "h", "--audio", "wav:a,b.wav"}, "h", 7443, NODE_AUDIO_WAV, "a,b.wav", 0},
        {{BASE, "h", "--audio", "wav:a,ppm=-40.5"}, "h", 7443, NODE_AUDIO_WAV, "a", -40.5},
        {{"--controller", "h", "--join", CODE, "--state", "/s"},
         "h",
         7443,
         NODE_AUDIO_PORTAUDIO,
         "",
         0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_options o;
        struct err_detail detail = {0};

        if (parse(cases[i].args, &o, &detail) != ERR_OK)
            fail_msg("case %zu: %s", i, detail.text);
        assert_string_equal(o.state_dir, "/s");
        assert_int_equal(o.controller_count, 1);
        assert_string_equal(o.controllers[0].host, cases[i].host);
        assert_int_equal(o.controllers[0].port, cases[i].port);
        assert_int_equal(o.audio, cases[i].audio);
        assert_string_equal(o.audio_name, cases[i].name);
        assert_true(o.audio_ppm == cases[i].ppm);
    }
}

static void test_a_microphone_is_named_or_left_to_the_configuration(void **state)
{
    static const char *const with[ARGS_MAX] = {BASE, "h", "--microphone", "wav:/x.wav"};
    static const char *const without[ARGS_MAX] = {BASE, "h"};
    struct node_options o;

    (void)state;
    assert_int_equal(parse(with, &o, NULL), ERR_OK);
    assert_string_equal(o.microphone, "wav:/x.wav");
    assert_int_equal(parse(without, &o, NULL), ERR_OK);
    assert_null(o.microphone);
}

static void test_every_mistake_gets_one_sentence_that_helps(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        const char *says;
    } cases[] = {
        {{NULL}, "--state DIR is missing"},
        {{"--state", "/s"}, "--controller HOST[:PORT] is missing"},
        {{"--state"}, "--state needs a value"},
        {{"--state", ""}, "--state needs a directory"},
        {{"--speed", "9"}, "unknown option \"--speed\""},
        {{"x"}, "unknown option \"x\""},
        {{BASE, "h:0"}, "from 1 to 65535"},
        {{BASE, "h:65536"}, "from 1 to 65535"},
        {{BASE, "h:12x"}, "from 1 to 65535"},
        {{BASE, "h:"}, "from 1 to 65535"},
        {{BASE, "h:-1"}, "from 1 to 65535"},
        {{BASE, ":1"}, "needs a host"},
        {{BASE, ""}, "needs a host"},
        {{BASE, "[::1"}, "[ADDRESS]:PORT"},
        {{BASE, "[::1]x"}, "[ADDRESS]:PORT"},
        {{BASE, "h", "--audio", "alsa"}, "--audio must be"},
        {{BASE, "h", "--audio", "wav:"}, "needs a file"},
        {{BASE, "h", "--audio", "wav:,ppm=3"}, "needs a file"},
        {{BASE, "h", "--audio", "wav:a,ppm=1001"}, "from -1000 to 1000"},
        {{BASE, "h", "--audio", "wav:a,ppm="}, "from -1000 to 1000"},
        {{BASE, "h", "--audio", "wav:a,ppm=nan"}, "from -1000 to 1000"},
        {{BASE, "h", "--audio", "wav:a,ppm=1x"}, "from -1000 to 1000"},
        {{BASE, "h", "--join", "AAAA"}, "--join: "},
        {{BASE, "a", "--controller", "b", "--controller", "c", "--controller", "d", "--controller",
          "e"},
         "at most 4 times"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_options o = {.controller_count = 9};
        struct err_detail detail = {0};

        assert_int_equal(parse(cases[i].args, &o, &detail), ERR_ARG);
        if (strstr(detail.text, cases[i].says) == NULL)
            fail_msg("case %zu: %s", i, detail.text);
        assert_null(strchr(detail.text, '\n'));
        assert_int_equal(o.controller_count, 9); /* written only on success */
    }
}

static void test_standbys_follow_in_order_from_the_line_or_the_file(void **state)
{
    static const char *const two[ARGS_MAX] = {BASE, "a", "--controller", "[::1]:9"};
    static const char *const none[ARGS_MAX] = {"--state", "/s", "--config", "f.ini"};
    struct err_detail detail = {0};
    struct node_options o;

    (void)state;
    assert_int_equal(parse(two, &o, &detail), ERR_OK);
    assert_int_equal(node_options_controllers(&o, "not, used", &detail), ERR_OK);
    assert_int_equal(o.controller_count, 2);
    assert_string_equal(o.controllers[1].host, "::1");
    assert_int_equal(o.controllers[1].port, 9);
    assert_int_equal(parse(none, &o, &detail), ERR_OK);
    assert_int_equal(node_options_controllers(&o, "", &detail), ERR_ARG);
    assert_non_null(strstr(detail.text, "--controller HOST[:PORT] is missing"));
    assert_int_equal(node_options_controllers(&o, "a:1, b:x", &detail), ERR_ARG);
    assert_int_equal(node_options_controllers(&o, "a,b,c,d,e", &detail), ERR_ARG);
    assert_int_equal(o.controller_count, 0);
    assert_int_equal(node_options_controllers(&o, " a:1, [::2] ,c", &detail), ERR_OK);
    assert_int_equal(o.controller_count, 3);
    assert_string_equal(o.controllers[1].host, "::2");
    assert_int_equal(o.controllers[2].port, ADDRESS_PORT);
}

static void test_help_and_version_need_nothing_else(void **state)
{
    static const char *const help[ARGS_MAX] = {"--help"};
    static const char *const version[ARGS_MAX] = {"--version"};
    struct node_options o;

    (void)state;
    assert_int_equal(parse(help, &o, NULL), ERR_OK);
    assert_true(o.help && !o.version);
    assert_int_equal(parse(version, &o, NULL), ERR_OK);
    assert_true(o.version && !o.help);
    assert_non_null(strstr(node_options_help(), "--controller"));
}

static void test_a_full_configuration_is_read(void **state)
{
    static const char text[] = "# board of cluster 7\n\n[audio]\nahead_ms = 200\n latency_ms=5\r\n"
                               "[flash]\nquota_mib = 16\n[sensors]\n"
                               "temperature_file = /sys/class/hwmon/hwmon0/temp1_input\n"
                               "mains_file=/m\nsupply_mv_file=/v\nsupply_uv_file=/u\n"
                               "mute_file = /sys/x = y\nmute_gpio=gpiochip0:4\n"
                               "[limits]\ntemperature_max_c=70\nsupply_min_mv=11000\n"
                               "[watchdog]\ndevice=/dev/watchdog\n"
                               "[amplifier]\nenable_file=/e\nenable_gpio=gpiochip0:5,low\n"
                               "[board]\nhardware = Cụm loa 2\nserial=\n[log]\nlevel = warn\n; end";
    struct err_detail detail = {0};
    struct node_ini ini;

    (void)state;
    node_ini_defaults(&ini);
    assert_int_equal(ini.ahead_ms, 120);
    if (node_ini_parse(&ini, "f", text, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    assert_int_equal(ini.ahead_ms, 200);
    assert_int_equal(ini.latency_ms, 5);
    assert_int_equal(ini.quota_mib, 16);
    assert_string_equal(ini.temperature_file, "/sys/class/hwmon/hwmon0/temp1_input");
    assert_string_equal(ini.mains_file, "/m");
    assert_string_equal(ini.supply_mv_file, "/v");
    assert_string_equal(ini.supply_uv_file, "/u");
    assert_string_equal(ini.mute_file, "/sys/x = y");
    assert_string_equal(ini.mute_gpio, "gpiochip0:4");
    assert_int_equal(ini.temperature_max_c, 70);
    assert_int_equal(ini.supply_min_mv, 11000);
    assert_string_equal(ini.device, "/dev/watchdog");
    assert_string_equal(ini.enable_file, "/e");
    assert_string_equal(ini.enable_gpio, "gpiochip0:5,low");
    assert_string_equal(ini.hardware, "Cụm loa 2");
    assert_string_equal(ini.serial, "");
    assert_int_equal(ini.level, LOG_WARN);
}

static void test_every_mistake_in_a_configuration_names_line_and_key(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"[audio]\nvolume = 3\n", "f line 2: there is no key \"volume\" in [audio]"},
        {"\n\n[sound]\n", "f line 3: there is no section [sound]"},
        {"[audio\n", "f line 1: a section is written [name]"},
        {"ahead_ms = 100\n", "f line 1: a key must stand below a [section]"},
        {"[audio]\nahead_ms\n", "f line 2: write key = value"},
        {"[audio]\nahead_ms = 39\n", "ahead_ms must be a whole number from 40 to 1000"},
        {"[audio]\nahead_ms = 1001\n", "from 40 to 1000"},
        {"[audio]\nahead_ms = 100ms\n", "from 40 to 1000"},
        {"[audio]\nahead_ms = -100\n", "from 40 to 1000"},
        {"[audio]\nahead_ms = 99999999999999999999\n", "from 40 to 1000"},
        {"[audio]\nahead_ms =\n", "from 40 to 1000"},
        {"[log]\nlevel = loud\n", "level must be debug, info, warn or error"},
        {"[log]\nahead_ms = 100\n", "there is no key \"ahead_ms\" in [log]"},
    };
    char longest[1200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_detail detail = {0};
        struct node_ini ini;

        node_ini_defaults(&ini);
        assert_int_equal(node_ini_parse(&ini, "f", cases[i].text, &detail), ERR_FORMAT);
        if (strstr(detail.text, cases[i].says) == NULL)
            fail_msg("case %zu: %s", i, detail.text);
    }
    for (size_t len = 250; len <= 1100; len += 850) {
        struct err_detail detail = {0};
        struct node_ini ini;

        strcpy(longest, "[board]\nserial = ");

        memset(longest + 17, 'x', len);
        longest[17 + len] = '\0';
        node_ini_defaults(&ini);
        assert_int_equal(node_ini_parse(&ini, "f", longest, &detail), ERR_FORMAT);
        assert_non_null(
            strstr(detail.text, len < 500 ? "serial is longer than 63" : "the line is longer"));
    }
}

static void test_a_configuration_file_that_is_none_is_refused(void **state)
{
    struct err_detail detail = {0};
    struct node_ini ini;

    (void)state;
    node_ini_defaults(&ini);
    assert_int_equal(node_ini_load(&ini, "/nowhere/node.ini", &detail), ERR_NOT_FOUND);
    assert_non_null(strstr(detail.text, "/nowhere/node.ini: No such file"));
    assert_int_equal(node_ini_load(&ini, "/", &detail), ERR_IO);
    assert_int_equal(node_ini_load(&ini, "/proc/self/exe", &detail), ERR_LIMIT);
    assert_int_equal(node_ini_load(&ini, "/proc/self/statm", &detail), ERR_FORMAT);
    assert_int_equal(node_ini_load(&ini, "/proc/self/cmdline", &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "not a text file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_to_write_the_options_is_understood),
        cmocka_unit_test(test_a_microphone_is_named_or_left_to_the_configuration),
        cmocka_unit_test(test_every_mistake_gets_one_sentence_that_helps),
        cmocka_unit_test(test_standbys_follow_in_order_from_the_line_or_the_file),
        cmocka_unit_test(test_help_and_version_need_nothing_else),
        cmocka_unit_test(test_a_full_configuration_is_read),
        cmocka_unit_test(test_every_mistake_in_a_configuration_names_line_and_key),
        cmocka_unit_test(test_a_configuration_file_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
