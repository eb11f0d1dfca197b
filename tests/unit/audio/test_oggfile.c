#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "encoder.h"
#include "helpers.h"
#include "oggfile.h"
#include "programme.h"

struct packets {
    uint8_t data[400][PACKET_PAYLOAD_MAX];
    size_t len[400];
    size_t count;
    uint16_t preskip;
};

/* Encode a sweep, whatever its length, until `samples` and the pre-skip are covered. */
static void encode(struct packets *p, uint64_t samples, uint32_t bitrate_bps)
{
    struct encoder *e;
    struct waveform w;

    assert_int_equal(encoder_new(bitrate_bps, &e), ERR_OK);
    p->preskip = encoder_preskip(e);
    p->count = (size_t)((samples + p->preskip + PACKET_SAMPLES - 1) / PACKET_SAMPLES);
    assert_true(p->count <= 400);
    assert_int_equal(waveform_new(p->count * PACKET_SAMPLES, 48000, &w), ERR_OK);
    waveform_add_sweep(&w, 200, 4000, 0.4);
    for (size_t i = 0; i < p->count; i++)
        assert_int_equal(encoder_packet(e, w.pcm + i * PACKET_SAMPLES, p->data[i], &p->len[i]),
                         ERR_OK);
    waveform_free(&w);
    encoder_free(e);
}

static struct media_id store(const struct scratch *s, const struct packets *p, uint64_t samples,
                             bool *ret_known)
{
    struct oggfile *f;
    struct media_id id;
    uint64_t size;
    char path[256];

    assert_int_equal(oggfile_new(s->media, p->preskip, &f, NULL), ERR_OK);
    for (size_t i = 0; i < p->count; i++)
        assert_int_equal(oggfile_add(f, bytes_of(p->data[i], p->len[i]), NULL), ERR_OK);
    assert_int_equal(oggfile_finish(f, samples, &id, &size, ret_known, NULL), ERR_OK);
    oggfile_free(f);
    assert_int_equal(oggfile_path(s->media, &id, path, sizeof(path)), ERR_OK);
    assert_int_equal(file_size(path), size);
    return id;
}

static void test_what_is_written_reads_back_packet_by_packet(void **state)
{
    static struct packets p;
    const uint64_t lengths[] = {1, 647, 648, 649, 48000, 192000, 240001};
    struct scratch *s = *state;

    for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
        struct programme *programme;
        struct media_id id;
        bool known;

        encode(&p, lengths[k], 32000);
        assert_int_equal(p.preskip, 312);
        id = store(s, &p, lengths[k], &known);
        assert_false(known);
        assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_OK);
        assert_int_equal(programme_packets(programme), p.count);
        assert_int_equal(programme_preskip(programme), 312);
        assert_int_equal(programme_samples(programme), lengths[k]);
        for (uint32_t i = 0; i < p.count; i++)
            assert_true(bytes_equal(programme_packet(programme, i), bytes_of(p.data[i], p.len[i])));
        programme_free(programme);
    }
}

/* Lengthen a packet by 513 bytes of padding (RFC 6716 section 3.2.5): a code 3 packet of one frame. */
static void pad_packet(uint8_t *data, size_t *len)
{
    assert_int_equal(data[0] & 3, 0);
    assert_true(*len + 513 <= PACKET_PAYLOAD_MAX);
    memmove(data + 5, data + 1, *len - 1);
    data[0] |= 3;
    data[1] = 0x41;
    data[2] = 255;
    data[3] = 255;
    data[4] = 1;
    memset(data + *len + 4, 0, 509);
    *len += 513;
}

/* Packets that need several lacing values, and pages that fill before they have 50 packets. */
static void test_long_packets_read_back(void **state)
{
    static struct packets p;
    struct scratch *s = *state;
    struct programme *programme;
    struct media_id id;
    bool known;

    encode(&p, 100000, 64000);
    for (size_t i = 0; i < p.count; i++)
        pad_packet(p.data[i], &p.len[i]);
    id = store(s, &p, 100000, &known);
    assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_OK);
    assert_int_equal(programme_packets(programme), p.count);
    for (uint32_t i = 0; i < p.count; i++)
        assert_true(bytes_equal(programme_packet(programme, i), bytes_of(p.data[i], p.len[i])));
    programme_free(programme);
}

static void test_an_independent_reader_finds_the_same_length_and_sound(void **state)
{
    static struct packets p;
    struct scratch *s = *state;
    struct waveform decoded;
    struct waveform source;
    struct waveform_match m;
    struct media_id id;
    bool known;

    encode(&p, 100001, 32000);
    id = store(s, &p, 100001, &known);
    decoded = decode_media(s, &id);
    assert_int_equal(decoded.samples, 100001);
    assert_int_equal(waveform_new(p.count * PACKET_SAMPLES, 48000, &source), ERR_OK);
    waveform_add_sweep(&source, 200, 4000, 0.4);
    assert_int_equal(waveform_match(&decoded, &source, &m), ERR_OK);
    assert_true(m.correlation > 0.99);
    assert_true(m.lag_samples > -1 && m.lag_samples < 1);
    waveform_free(&decoded);
    waveform_free(&source);
}

static void test_the_same_packets_make_the_same_file_once(void **state)
{
    static struct packets p;
    struct scratch *s = *state;
    struct media_id a;
    struct media_id b;
    bool known;

    encode(&p, 48000, 32000);
    a = store(s, &p, 48000, &known);
    assert_false(known);
    b = store(s, &p, 48000, &known);
    assert_true(known);
    assert_memory_equal(a.sha256, b.sha256, SHA256_BYTES);
    assert_int_equal(count_files(s->media), 1);
    b = store(s, &p, 47999, &known);
    assert_memory_not_equal(a.sha256, b.sha256, SHA256_BYTES);
}

static void test_a_damaged_file_is_refused_and_repaired_by_storing_again(void **state)
{
    static struct packets p;
    struct scratch *s = *state;
    struct programme *programme;
    struct err_detail detail = {.text = ""};
    struct media_id id;
    char path[256];
    size_t size;
    bool known;

    encode(&p, 48000, 32000);
    id = store(s, &p, 48000, &known);
    assert_int_equal(oggfile_path(s->media, &id, path, sizeof(path)), ERR_OK);
    size = file_size(path);
    for (size_t at = 0; at < size; at += 97) {
        FILE *f = fopen(path, "r+be");
        int c;

        assert_non_null(f);
        fseek(f, (long)at, SEEK_SET);
        c = fgetc(f);
        fseek(f, (long)at, SEEK_SET);
        fputc(c ^ 0x10, f);
        fclose(f);
        assert_int_equal(programme_open(s->media, &id, &programme, &detail), ERR_FORMAT);
        f = fopen(path, "r+be");
        fseek(f, (long)at, SEEK_SET);
        fputc(c, f);
        fclose(f);
    }
    assert_non_null(strstr(detail.text, "damaged"));
    assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_OK);
    programme_free(programme);
    for (size_t len = 0; len < size; len += 101) {
        assert_int_equal(truncate(path, (off_t)len), 0);
        assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_FORMAT);
        store(s, &p, 48000, &known);
        assert_false(known);
    }
    assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_OK);
    programme_free(programme);
}

/* Files whose digest is right but whose content is not what we play. */
static void test_foreign_ogg_is_refused(void **state)
{
    static const char *const makes[] = {
        "-f lavfi -i sine=d=1 -ac 2 -c:a libopus -f ogg",
        "-f lavfi -i sine=d=1 -ac 1 -c:a libopus -frame_duration 60 -f ogg",
        "-f lavfi -i sine=d=1 -ac 1 -c:a libvorbis -f ogg",
        "-f lavfi -i sine=d=1 -f wav",
    };
    struct scratch *s = *state;

    for (size_t k = 0; k < sizeof(makes) / sizeof(makes[0]); k++) {
        const char *made = scratch_path(s, "made");
        static char data[1 << 20];
        struct programme *programme;
        struct media_id id;
        char path[256];
        char *slash;
        FILE *f;
        size_t n;

        make_sound(made, makes[k]);
        f = fopen(made, "rbe");
        assert_non_null(f);
        n = fread(data, 1, sizeof(data), f);
        fclose(f);
        digest_sha256(bytes_of(data, n), id.sha256);
        assert_int_equal(oggfile_path(s->media, &id, path, sizeof(path)), ERR_OK);
        slash = strrchr(path, '/');
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
        write_file(path, data, n);
        assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_FORMAT);
    }
}

static void test_missing_media_is_not_found(void **state)
{
    struct scratch *s = *state;
    struct media_id id = {{1, 2, 3}};
    struct programme *programme;

    assert_int_equal(programme_open(s->media, &id, &programme, NULL), ERR_NOT_FOUND);
    programme_free(NULL);
}

static void test_an_unfinished_file_is_removed(void **state)
{
    static struct packets p;
    struct scratch *s = *state;
    struct oggfile *f;

    encode(&p, 96000, 32000);
    assert_int_equal(oggfile_new(s->media, p.preskip, &f, NULL), ERR_OK);
    for (size_t i = 0; i < p.count; i++)
        assert_int_equal(oggfile_add(f, bytes_of(p.data[i], p.len[i]), NULL), ERR_OK);
    assert_int_equal(count_files(s->media), 1);
    oggfile_free(f);
    assert_int_equal(count_files(s->media), 0);
    oggfile_free(NULL);
}

/* The file may grow to N bytes: each N up to the whole length fails cleanly. */
static void test_a_full_disk_leaves_nothing_behind(void **state)
{
    static struct packets p;
    struct scratch *s = *state;
    struct rlimit whole;
    unsigned failures = 0;

    encode(&p, 240000, 32000);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    for (rlim_t room = 0; room < 40000; room += 3000) {
        struct rlimit limit = {.rlim_cur = room, .rlim_max = whole.rlim_max};
        struct err_detail detail = {.text = ""};
        struct oggfile *f;
        struct media_id id;
        uint64_t size;
        enum err err;
        bool known;

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        err = oggfile_new(s->media, p.preskip, &f, &detail);
        assert_int_equal(err, ERR_OK);
        for (size_t i = 0; i < p.count && err == ERR_OK; i++)
            err = oggfile_add(f, bytes_of(p.data[i], p.len[i]), &detail);
        if (err == ERR_OK)
            err = oggfile_finish(f, 240000, &id, &size, &known, &detail);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
        oggfile_free(f);
        if (err == ERR_OK)
            break;
        failures++;
        assert_int_equal(err, ERR_IO);
        assert_non_null(strstr(detail.text, "disk is full"));
        assert_int_equal(count_files(s->media), 0);
    }
    assert_true(failures > 3 && failures < 13);
    assert_int_equal(count_files(s->media), 1);
}

static void test_arguments_out_of_range_are_refused(void **state)
{
    struct scratch *s = *state;
    uint8_t data[PACKET_PAYLOAD_MAX + 1] = {0};
    struct encoder *e;
    struct oggfile *f;
    struct media_id id = {{0}};
    char path[40];

    assert_int_equal(encoder_new(15999, &e), ERR_ARG);
    assert_int_equal(encoder_new(64001, &e), ERR_ARG);
    encoder_free(NULL);
    assert_int_equal(oggfile_new(s->media, 312, &f, NULL), ERR_OK);
    assert_int_equal(oggfile_add(f, bytes_of(data, 0), NULL), ERR_ARG);
    assert_int_equal(oggfile_add(f, bytes_of(data, sizeof(data)), NULL), ERR_ARG);
    oggfile_free(f);
    assert_int_equal(oggfile_new("/nonexistent", 312, &f, NULL), ERR_IO);
    assert_int_equal(oggfile_path(s->media, &id, path, sizeof(path)), ERR_LIMIT);
}

static void test_the_counter_counts_programmes(void **state)
{
    uint64_t before = encoder_programmes();

    (void)state;
    encoder_count_programme();
    assert_int_equal(encoder_programmes(), before + 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_written_reads_back_packet_by_packet),
        CASE(test_long_packets_read_back),
        CASE(test_an_independent_reader_finds_the_same_length_and_sound),
        CASE(test_the_same_packets_make_the_same_file_once),
        CASE(test_a_damaged_file_is_refused_and_repaired_by_storing_again),
        CASE(test_foreign_ogg_is_refused),
        CASE(test_missing_media_is_not_found),
        CASE(test_an_unfinished_file_is_removed),
        CASE(test_a_full_disk_leaves_nothing_behind),
        CASE(test_arguments_out_of_range_are_refused),
        CASE(test_the_counter_counts_programmes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
