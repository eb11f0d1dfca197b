#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "digest.h"
#include "joincode.h"
#include "pki.h"
#include "pki_tickets.h"
#include "teststation.h"

#define PATH_SIZE 256
#define DAY_US USEC_PER_DAY

static const char *const all_files[] = {"ca.key",  "ca.crt",  "link.key",  "link.crt",
                                        "web.key", "web.crt", "order.key", "order.crt"};

struct place {
    char root[64];
    char dir[96];
};

static void path_of(const struct place *at, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", at->dir, name);
}

static void remove_dir(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry;

    if (d == NULL)
        return;
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(d), entry->d_name, 0);
    }
    closedir(d);
    rmdir(path);
}

static int make_place(void **state)
{
    static struct place at;

    strcpy(at.root, "/tmp/loa-pki-XXXXXX");
    assert_non_null(mkdtemp(at.root));
    snprintf(at.dir, sizeof(at.dir), "%s/pki", at.root);
    *state = &at;
    return 0;
}

static int drop_place(void **state)
{
    struct place *at = *state;
    char fresh[128];

    snprintf(fresh, sizeof(fresh), "%s.new", at->dir);
    remove_dir(fresh);
    remove_dir(at->dir);
    return rmdir(at->root);
}

static usec_t now_us(void)
{
    return (usec_t)time(NULL) * USEC_PER_SEC;
}

static struct pki *open_at(const struct place *at, usec_t when_us)
{
    struct err_detail detail = {0};
    struct pki *p = NULL;

    if (pki_open(at->dir, "27145", NULL, 0, when_us, &p, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    return p;
}

static void assert_refused(const struct place *at, enum err expected, const char *part)
{
    struct err_detail detail = {0};
    struct pki *p = NULL;

    assert_int_equal(pki_open(at->dir, "27145", NULL, 0, now_us(), &p, &detail), expected);
    assert_null(p);
    if (strstr(detail.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", detail.text, part);
}

static size_t read_file(const struct place *at, const char *name, char *text, size_t size)
{
    char path[PATH_SIZE];
    ssize_t n;
    int fd;

    path_of(at, name, path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    n = read(fd, text, size - 1);
    assert_true(n >= 0);
    close(fd);
    text[n] = '\0';
    return (size_t)n;
}

static void write_file(const struct place *at, const char *name, const char *text, size_t len)
{
    char path[PATH_SIZE];
    int fd;

    path_of(at, name, path);
    fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static void test_the_first_start_makes_everything_with_private_keys_private(void **state)
{
    struct place *at = *state;
    struct pki *p = open_at(at, now_us());

    for (size_t i = 0; i < sizeof(all_files) / sizeof(all_files[0]); i++) {
        char path[PATH_SIZE];
        struct stat st;

        path_of(at, all_files[i], path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, strstr(all_files[i], ".key") != NULL ? 0600 : 0644);
    }
    pki_free(p);
    pki_free(NULL);
}

static void test_later_starts_find_the_same_keys(void **state)
{
    struct place *at = *state;
    char before[8][9000], after[9000];
    struct pki *p;

    for (int round = 0; round < 3; round++) {
        p = open_at(at, now_us() + round * DAY_US);
        for (size_t i = 0; i < 8; i++) {
            read_file(at, all_files[i], round == 0 ? before[i] : after, sizeof(after));
            if (round > 0)
                assert_string_equal(before[i], after);
        }
        pki_free(p);
    }
}

static void test_an_empty_directory_counts_as_none(void **state)
{
    struct place *at = *state;

    assert_int_equal(mkdir(at->dir, 0700), 0);
    pki_free(open_at(at, now_us()));
    pki_free(open_at(at, now_us()));
}

/* What kill -9 leaves of a first start: some files beside the directory, none in it. */
static void test_a_creation_cut_short_is_begun_anew(void **state)
{
    struct place *at = *state;
    char path[PATH_SIZE];
    int fd;

    snprintf(path, sizeof(path), "%s.new", at->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s.new/ca.key", at->dir);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "half", 4), 4);
    close(fd);
    pki_free(open_at(at, now_us()));
    assert_int_equal(access(path, F_OK), -1);
}

static void test_killed_at_any_moment_the_next_start_works(void **state)
{
    struct place *at = *state;

    for (int i = 0; i < 12; i++) {
        pid_t child = fork();

        if (child == 0) {
            struct pki *p = NULL;

            (void)!pki_open(at->dir, "27145", NULL, 0, now_us(), &p, NULL);
            _exit(0);
        }
        usleep((useconds_t)(i * 1500));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        pki_free(open_at(at, now_us()));
        remove_dir(at->dir);
    }
}

static void test_a_key_that_others_can_read_is_refused(void **state)
{
    struct place *at = *state;
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0602};
    char path[PATH_SIZE];

    pki_free(open_at(at, now_us()));
    for (size_t i = 0; i < 8; i += 2) {
        path_of(at, all_files[i], path);
        for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
            assert_int_equal(chmod(path, modes[m]), 0);
            assert_refused(at, ERR_AUTH, "chmod 600");
        }
        assert_int_equal(chmod(path, 0600), 0);
    }
    pki_free(open_at(at, now_us()));
}

static void test_a_missing_file_is_named_and_nothing_is_made_anew(void **state)
{
    struct place *at = *state;
    char path[PATH_SIZE], kept[PATH_SIZE];

    pki_free(open_at(at, now_us()));
    for (size_t i = 0; i < 8; i++) {
        path_of(at, all_files[i], path);
        snprintf(kept, sizeof(kept), "%s/kept", at->root);
        assert_int_equal(rename(path, kept), 0);
        assert_refused(at, ERR_FORMAT, all_files[i]);
        assert_refused(at, ERR_FORMAT, "is missing; restore it from a backup");
        assert_int_equal(access(path, F_OK), -1);
        assert_int_equal(rename(kept, path), 0);
    }
    pki_free(open_at(at, now_us()));
}

static void test_a_damaged_or_foreign_file_is_named(void **state)
{
    struct place *at = *state;
    struct teststation other;
    char text[9000], pem[CERT_PEM_MAX];

    pki_free(open_at(at, now_us()));
    teststation_init(&other);
    assert_int_equal(cert_pem(test_identity_der(&other.controller), pem), ERR_OK);
    for (size_t i = 0; i < 8; i++) {
        size_t len = read_file(at, all_files[i], text, sizeof(text));
        const char *foreign = i % 2 == 0 ? other.controller.key_pem : pem;

        write_file(at, all_files[i], text, len / 3);
        assert_refused(at, ERR_FORMAT, all_files[i]);
        write_file(at, all_files[i], "", 0);
        assert_refused(at, ERR_FORMAT, all_files[i]);
        write_file(at, all_files[i], foreign, strlen(foreign));
        assert_refused(at, ERR_FORMAT, "does not belong to the other files");
        write_file(at, all_files[i], text, len);
    }
    teststation_deinit(&other);
    pki_free(open_at(at, now_us()));
}

static void test_a_pair_of_another_station_is_refused(void **state)
{
    struct place *at = *state;
    struct teststation other;
    char key[9000], cert[9000], pem[CERT_PEM_MAX];

    pki_free(open_at(at, now_us()));
    teststation_init(&other);
    assert_int_equal(cert_pem(test_identity_der(&other.controller), pem), ERR_OK);
    for (size_t i = 2; i < 8; i += 2) {
        size_t key_len = read_file(at, all_files[i], key, sizeof(key));
        size_t cert_len = read_file(at, all_files[i + 1], cert, sizeof(cert));

        write_file(at, all_files[i], other.controller.key_pem, strlen(other.controller.key_pem));
        write_file(at, all_files[i + 1], pem, strlen(pem));
        assert_refused(at, ERR_FORMAT, all_files[i + 1]);
        write_file(at, all_files[i], key, key_len);
        write_file(at, all_files[i + 1], cert, cert_len);
    }
    teststation_deinit(&other);
    pki_free(open_at(at, now_us()));
}

static void test_nodes_connect_and_enrol_with_what_is_issued(void **state)
{
    struct place *at = *state;
    struct pki *p = open_at(at, now_us());
    struct link_credentials cred = pki_link_credentials(p);
    struct link_config *server_config = NULL, *config = NULL;
    struct link *server = NULL, *client = NULL;
    struct cert_key *key = NULL;
    char key_pem[CERT_PEM_MAX];
    uint8_t csr[CERT_DER_MAX], cert[LINK_CERT_MAX], ca_sha256[SHA256_BYTES];
    size_t csr_len, cert_len;

    assert_int_equal(link_config_new(LINK_SERVER, &cred, &server_config), ERR_OK);
    digest_sha256(pki_ca_der(p), ca_sha256);
    cred = (struct link_credentials){.ca_pin = bytes_of(ca_sha256, JOINCODE_PIN_BYTES)};
    assert_int_equal(link_config_new(LINK_ENROLLER, &cred, &config), ERR_OK);
    assert_int_equal(link_new(server_config, &server), ERR_OK);
    assert_int_equal(link_new(config, &client), ERR_OK);
    testwire_connect(client, server);
    assert_true(bytes_equal(link_ca_der(client), pki_ca_der(p)));
    link_free(client);
    link_free(server);
    link_config_free(config);

    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_key_pem(key, key_pem), ERR_OK);
    assert_int_equal(cert_request(key, "whatever", csr, &csr_len), ERR_OK);
    assert_int_equal(pki_issue_node(p, bytes_of(csr, csr_len), (struct node_id){42}, now_us(), cert,
                                    &cert_len, NULL),
                     ERR_OK);
    cred = (struct link_credentials){.ca_cert = pki_ca_der(p),
                                     .cert = bytes_of(cert, cert_len),
                                     .key = bytes_of(key_pem, strlen(key_pem) + 1)};
    assert_int_equal(link_config_new(LINK_CLIENT, &cred, &config), ERR_OK);
    assert_int_equal(link_new(server_config, &server), ERR_OK);
    assert_int_equal(link_new(config, &client), ERR_OK);
    testwire_connect(client, server);
    assert_int_equal(link_peer(server)->node.v, 42);
    link_free(client);
    link_free(server);
    link_config_free(config);
    link_config_free(server_config);
    cert_key_free(key);
    pki_free(p);
}

static void test_orders_are_signed_with_what_is_issued(void **state)
{
    struct place *at = *state;
    struct pki *p = open_at(at, now_us());
    struct order_signer *s = NULL;
    struct order_verifier *v = NULL;
    uint8_t signature[ORDER_SIGNATURE_MAX];
    size_t len;

    assert_int_equal(order_signer_new(pki_order_key_pem(p), &s), ERR_OK);
    assert_int_equal(order_verifier_new(pki_ca_der(p), pki_order_cert_der(p), &v), ERR_OK);
    assert_int_equal(order_sign(s, bytes_of("x", 1), signature, &len), ERR_OK);
    assert_int_equal(order_verify(v, bytes_of("x", 1), bytes_of(signature, len)), ERR_OK);
    order_verifier_free(v);
    order_signer_free(s);
    pki_free(p);
}

static void test_a_bad_request_gets_no_certificate(void **state)
{
    struct place *at = *state;
    struct pki *p = open_at(at, now_us());
    struct err_detail detail = {0};
    struct cert_key *key = NULL;
    uint8_t csr[CERT_DER_MAX], cert[LINK_CERT_MAX];
    size_t csr_len, cert_len = 7;
    enum err e;

    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_request(key, "loa-node-1", csr, &csr_len), ERR_OK);
    csr[csr_len - 1] ^= 1;
    e = pki_issue_node(p, bytes_of(csr, csr_len), (struct node_id){1}, now_us(), cert, &cert_len,
                       &detail);
    assert_int_equal(e, ERR_AUTH);
    assert_non_null(strstr(detail.text, "not signed by its key"));
    csr[csr_len - 1] ^= 1;
    for (size_t cut = 0; cut < csr_len; cut += 5) {
        e = pki_issue_node(p, bytes_of(csr, cut), (struct node_id){1}, now_us(), cert, &cert_len,
                           &detail);
        assert_int_equal(e, ERR_FORMAT);
    }
    assert_int_equal(cert_len, 7);
    cert_key_free(key);
    pki_free(p);
}

static void test_no_certificate_outlives_the_ca(void **state)
{
    struct place *at = *state;
    struct pki *p = open_at(at, now_us());
    struct cert_facts ca, node;
    struct cert_key *key = NULL;
    uint8_t csr[CERT_DER_MAX], cert[LINK_CERT_MAX];
    size_t csr_len, cert_len;

    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_request(key, "x", csr, &csr_len), ERR_OK);
    assert_int_equal(cert_read(pki_ca_der(p), &ca), ERR_OK);
    assert_string_equal(ca.common_name, "loa-ca-27145");
    assert_int_equal(pki_issue_node(p, bytes_of(csr, csr_len), (struct node_id){UINT32_MAX},
                                    now_us() + 15 * 365 * DAY_US, cert, &cert_len, NULL),
                     ERR_OK);
    assert_int_equal(cert_read(bytes_of(cert, cert_len), &node), ERR_OK);
    assert_string_equal(node.common_name, "loa-node-4294967295");
    assert_int_equal(node.to_s, ca.to_s);
    assert_false(node.is_ca);
    cert_key_free(key);
    pki_free(p);
}

static void test_the_web_certificate_follows_names_and_dates(void **state)
{
    struct place *at = *state;
    static const char *const names[] = {"loa.xa.vn", "192.168.1.5", "fd00::5"};
    char first[9000], second[9000], third[9000], key_before[9000], key_after[9000];
    struct pki *p = NULL;

    pki_free(open_at(at, now_us()));
    read_file(at, "web.crt", first, sizeof(first));
    read_file(at, "web.key", key_before, sizeof(key_before));
    assert_true(cert_has_name(bytes_of(first, strlen(first) + 1), "localhost"));
    assert_true(cert_has_name(bytes_of(first, strlen(first) + 1), "127.0.0.1"));
    assert_false(cert_has_name(bytes_of(first, strlen(first) + 1), "loa.xa.vn"));
    assert_int_equal(pki_open(at->dir, "27145", names, 3, now_us(), &p, NULL), ERR_OK);
    assert_non_null(strstr(pki_web_cert_path(p), "/web.crt"));
    pki_free(p);
    read_file(at, "web.crt", second, sizeof(second));
    assert_string_not_equal(first, second);
    for (int i = 0; i < 3; i++)
        assert_true(cert_has_name(bytes_of(second, strlen(second) + 1), names[i]));
    pki_free(open_at(at, now_us() + 700 * DAY_US));
    read_file(at, "web.crt", third, sizeof(third));
    assert_string_equal(second, third);
    pki_free(open_at(at, now_us() + 731 * DAY_US));
    read_file(at, "web.crt", third, sizeof(third));
    assert_string_not_equal(second, third);
    read_file(at, "web.key", key_after, sizeof(key_after));
    assert_string_equal(key_before, key_after);
}

static void test_impossible_names_codes_and_clocks_are_refused(void **state)
{
    struct place *at = *state;
    static const char *const bad[] = {"a b", "", "x,CN=y", "tr\xc6\xb0\xe1\xbb\x9dng"};
    static const char *const many[PKI_NAMES_MAX + 1] = {"a", "b", "c", "d", "e",
                                                        "f", "g", "h", "i"};
    struct err_detail detail = {0};
    struct pki *p = NULL;

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pki_open(at->dir, "27145", &bad[i], 1, now_us(), &p, NULL), ERR_ARG);
        assert_int_equal(pki_open(at->dir, bad[i], NULL, 0, now_us(), &p, NULL), ERR_ARG);
    }
    assert_int_equal(pki_open(at->dir, "27145", many, PKI_NAMES_MAX + 1, now_us(), &p, NULL),
                     ERR_ARG);
    assert_int_equal(pki_open(at->dir, "27145", NULL, 0, 0, &p, &detail), ERR_STATE);
    assert_non_null(strstr(detail.text, "clock"));
    assert_null(p);
    assert_int_equal(access(at->dir, F_OK), -1);
}

static void test_a_directory_that_cannot_be_made_is_named(void **state)
{
    const struct place nowhere = {.dir = "/proc/loa-pki"};

    (void)state;
    assert_refused(&nowhere, ERR_IO, "/proc/loa-pki");
}

static struct ticketring tickets_at(const struct place *at, int64_t now_s)
{
    struct err_detail detail = {0};
    struct ticketring ring;

    if (pki_tickets_open(at->dir, now_s, &ring, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    return ring;
}

static void test_the_keys_of_tickets_survive_a_restart_and_turn(void **state)
{
    const struct place *at = *state;
    const int64_t day_s = TICKETRING_TURN_S, now_s = now_us() / USEC_PER_SEC;
    struct ticketring first, ring;
    struct err_detail detail = {0};
    char path[PATH_SIZE];
    struct stat st;
    bool turned;

    pki_free(open_at(at, now_us()));
    first = tickets_at(at, now_s);
    path_of(at, "tickets.key", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    ring = tickets_at(at, now_s);
    assert_memory_equal(&ring, &first, sizeof(ring));
    assert_int_equal(pki_tickets_turn(at->dir, now_s, &ring, &turned, &detail), ERR_OK);
    assert_false(turned);
    assert_int_equal(pki_tickets_turn(at->dir, now_s + day_s, &ring, &turned, &detail), ERR_OK);
    assert_true(turned);
    assert_memory_equal(&ring.keys[1], &first.keys[0], sizeof(first.keys[0]));
    first = tickets_at(at, now_s + day_s);
    assert_memory_equal(&ring, &first, sizeof(ring));
    pki_free(open_at(at, now_us())); /* the file disturbs nothing else */
}

static void test_damaged_keys_of_tickets_are_made_anew_and_public_ones_refused(void **state)
{
    const struct place *at = *state;
    const int64_t now_s = now_us() / USEC_PER_SEC;
    struct err_detail detail = {0};
    struct ticketring first, ring;
    char path[PATH_SIZE];

    pki_free(open_at(at, now_us()));
    first = tickets_at(at, now_s);
    path_of(at, "tickets.key", path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(pki_tickets_open(at->dir, now_s, &ring, &detail), ERR_AUTH);
    assert_non_null(strstr(detail.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    write_file(at, "tickets.key", "20000 abc\n", 10);
    ring = tickets_at(at, now_s);
    assert_memory_not_equal(&ring.keys[0].key, &first.keys[0].key, TICKETRING_KEY_BYTES);
}

/* A station of before has none: it is made, once; and anew when a crash left its key alone. */
static void test_an_older_station_gets_a_signer_of_alerts(void **state)
{
    struct place *at = *state;
    char path[PATH_SIZE], first[9000], text[9000];
    struct pki *p;
    struct stat st;

    pki_free(open_at(at, now_us()));
    for (int round = 0; round < 2; round++) {
        path_of(at, "alert.crt", path);
        assert_int_equal(unlink(path), 0);
        if (round == 0) {
            path_of(at, "alert.key", path);
            assert_int_equal(unlink(path), 0);
        }
        p = open_at(at, now_us());
        assert_true(
            cert_issued_by(bytes_of(pki_alert_cert_pem(p), strlen(pki_alert_cert_pem(p)) + 1),
                           bytes_of(text, read_file(at, "ca.crt", text, sizeof(text)) + 1)));
        snprintf(first, sizeof(first), "%s", pki_alert_cert_pem(p));
        assert_non_null(strstr(pki_alert_key_pem(p), "PRIVATE KEY"));
        pki_free(p);
        p = open_at(at, now_us());
        assert_string_equal(first, pki_alert_cert_pem(p));
        pki_free(p);
    }
    path_of(at, "alert.key", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_refused(at, ERR_AUTH, "chmod 600");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        CASE(test_the_first_start_makes_everything_with_private_keys_private),
        CASE(test_later_starts_find_the_same_keys),
        CASE(test_an_empty_directory_counts_as_none),
        CASE(test_a_creation_cut_short_is_begun_anew),
        CASE(test_killed_at_any_moment_the_next_start_works),
        CASE(test_a_key_that_others_can_read_is_refused),
        CASE(test_a_missing_file_is_named_and_nothing_is_made_anew),
        CASE(test_a_damaged_or_foreign_file_is_named),
        CASE(test_an_older_station_gets_a_signer_of_alerts),
        CASE(test_a_pair_of_another_station_is_refused),
        CASE(test_nodes_connect_and_enrol_with_what_is_issued),
        CASE(test_orders_are_signed_with_what_is_issued),
        CASE(test_a_bad_request_gets_no_certificate),
        CASE(test_no_certificate_outlives_the_ca),
        CASE(test_the_web_certificate_follows_names_and_dates),
        CASE(test_the_keys_of_tickets_survive_a_restart_and_turn),
        CASE(test_damaged_keys_of_tickets_are_made_anew_and_public_ones_refused),
        CASE(test_impossible_names_codes_and_clocks_are_refused),
        CASE(test_a_directory_that_cannot_be_made_is_named),
    };

    return cmocka_run_group_tests_name("pki", tests, NULL, NULL);
}
