/* Recordings: found, archived, used, replaced, cut; uploads in parts; what waits for whom; kept backups. */
#include "apifix.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_backups.h"
#include "oggfile.h"
#include "packet.h"
#include "programme.h"
#include "store_media.h"

#define OPERATOR ROLE_OPERATOR
#define HEX(digit) \
    digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit

static void media(struct apifix *f, uint8_t first, const char *title, usec_t created_us)
{
    struct media_info m = {.duration_ms = 5000, .created_us = created_us};

    memset(m.id.sha256, first, sizeof(m.id.sha256));
    snprintf(m.title, sizeof(m.title), "%s", title);
    assert_int_equal(store_media_add(f->db, &m), ERR_OK);
}

static size_t found(struct apifix *f, const char *query)
{
    char path[256];

    snprintf(path, sizeof(path), "/api/v1/media?%s", query);
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_AUDITOR, NULL));
    return json_array_size(apifix_json(f, "items"));
}

static void test_recordings_are_found_as_people_type(void **state)
{
    struct apifix *f = *state;

    media(f, 0x11, "Tin bão lũ đêm nay", NOW_US);
    media(f, 0x22, "THÔNG BÁO ĐIỆN", NOW_US + 5);
    media(f, 0x33, "Nhạc hiệu", NOW_US + 9);
    assert_int_equal(found(f, "q=bao%20lu"), 1);
    assert_int_equal(found(f, "q=B%C3%83O"), 2); /* báo, too */
    assert_int_equal(found(f, "q=dien"), 1);
    assert_int_equal(found(f, "q=mua"), 0);
    assert_int_equal(found(f, "kind=upload"), 3);
    assert_int_equal(found(f, "kind=speech"), 0);
    assert_int_equal(found(f, "from_us=1795402800000005&to_us=1795402800000009"), 1);
    expect_status(
        f, 200,
        apifix_send(f, WEB_PATCH, "/api/v1/media/" HEX("2222"), OPERATOR, "{\"archived\": true}"));
    assert_true(json_is_true(apifix_json(f, "archived")));
    assert_int_equal(found(f, "archived=false"), 2);
    assert_int_equal(found(f, "archived=true"), 1);
    assert_int_equal(found(f, ""), 3);
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/media?kind=x", OPERATOR, NULL));
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/media?archived=1", OPERATOR, NULL));
}

static void test_another_recording_takes_the_place_of_one(void **state)
{
    struct apifix *f = *state;
    char path[128], body[128], hex[65], other[65];

    apifix_media(f, 0x55, 5000, hex);
    apifix_media(f, 0x66, 7000, other);
    snprintf(body, sizeof(body), "{\"title\": \"Nháp\", \"media\": [\"%s\"]}", hex);
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR, body));
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR, body));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/2/submit", OPERATOR, NULL));
    snprintf(path, sizeof(path), "/api/v1/media/%s/uses", hex);
    expect_status(f, 200, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 2);
    assert_string_equal(apifix_string(f, "items.1.state"), "submitted");
    snprintf(path, sizeof(path), "/api/v1/media/%s/replace", hex);
    expect_status(f, 404,
                  apifix_send(f, WEB_POST, path, OPERATOR, "{\"by\": \"" HEX("7777") "\"}"));
    snprintf(body, sizeof(body), "{\"by\": \"%s\"}", other);
    expect_status(f, 200, apifix_send(f, WEB_POST, path, OPERATOR, body));
    assert_int_equal(apifix_number(f, "changed.0"), 1);
    assert_int_equal(apifix_number(f, "drafts.0"), 3);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins/3", OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "parts.0.media"), other);
    assert_string_equal(apifix_string(f, "state"), "draft");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins/2", OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "parts.0.media"), hex);
}

static bool part(struct apifix *f, const char *path, const char *data)
{
    uint64_t id;

    f->upload_method = WEB_PATCH;
    if (!apifix_upload_begin(f, path, OPERATOR, &id) ||
        !apifix_upload_piece(f, id, data, strlen(data)))
        return false;
    apifix_upload_end(f, id, path, OPERATOR);
    return f->status == 200;
}

static void test_an_upload_goes_on_where_its_link_was_lost(void **state)
{
    struct apifix *f = *state;
    char path[128], at[160];
    uint64_t hung;
    FILE *file;
    char text[16] = "";

    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR,
                              "{\"title\": \"Tin\", \"size_bytes\": 10}"));
    snprintf(path, sizeof(path), "/api/v1/uploads/%lld", (long long)apifix_number(f, "id"));
    snprintf(at, sizeof(at), "%s?offset=0", path);
    assert_true(part(f, at, "abcd"));
    assert_int_equal(apifix_number(f, "offset_bytes"), 4);
    assert_false(part(f, at, "abcd")); /* not twice */
    assert_int_equal(f->status, 409);
    snprintf(at, sizeof(at), "%s/complete", path);
    expect_status(f, 409, apifix_send(f, WEB_POST, at, OPERATOR, NULL));
    /* A request that hangs: what it brought counts, and another goes on. */
    snprintf(at, sizeof(at), "%s?offset=4", path);
    assert_true(apifix_upload_begin(f, at, OPERATOR, &hung));
    assert_true(apifix_upload_piece(f, hung, "ef", 2));
    snprintf(at, sizeof(at), "%s?offset=6", path);
    assert_false(part(f, at, "ghijk")); /* more than was announced */
    assert_int_equal(f->status, 413);
    assert_true(part(f, at, "ghij"));
    assert_false(apifix_upload_piece(f, hung, "zz", 2));
    expect_status(f, 404, apifix_send(f, WEB_GET, path, ROLE_DISTRICT, NULL)); /* another's */
    expect_status(f, 200, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    assert_int_equal(apifix_number(f, "offset_bytes"), 10);
    snprintf(at, sizeof(at), "%s/complete", path);
    f->import_result = ERR_BUSY;
    expect_status(f, 429, apifix_send(f, WEB_POST, at, OPERATOR, NULL));
    f->import_result = ERR_OK;
    f->upload_method = WEB_POST;
    apifix_upload_end(f, 999, at, OPERATOR); /* answered when the import is done */
    assert_string_equal(f->import_title, "Tin");
    file = fopen(f->import_path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, 15, file), 10);
    fclose(file);
    assert_string_equal(text, "abcdefghij");
    unlink(f->import_path);
    f->import_done(f->import_arg, ERR_FORMAT, NULL, NULL);
    assert_int_equal(f->status, 422);
    expect_status(f, 404, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
}

static void begin_upload(struct apifix *f, char ret_path[128])
{
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR,
                              "{\"title\": \"Tin\", \"name\": \"tin.mp3\", \"size_bytes\": 10}"));
    snprintf(ret_path, 128, "/api/v1/uploads/%lld", (long long)apifix_number(f, "id"));
}

/* Complete it; what reaches the import is the text. */
static void complete(struct apifix *f, const char *path, const char *expected)
{
    char at[160], text[16] = "";
    FILE *file;

    snprintf(at, sizeof(at), "%s/complete", path);
    f->upload_method = WEB_POST;
    f->import_path[0] = '\0';
    apifix_upload_end(f, 999, at, OPERATOR); /* answered when the import is done */
    file = fopen(f->import_path, "r");
    assert_non_null(file);
    (void)fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    assert_string_equal(text, expected);
    assert_string_equal(f->import_title, "Tin");
}

static void test_an_upload_outlives_a_restart_of_the_station(void **state)
{
    struct apifix *f = *state;
    char path[128], at[160], name[256];
    uint64_t hung;

    begin_upload(f, path);
    snprintf(at, sizeof(at), "%s?offset=0", path);
    assert_true(part(f, at, "abcd"));
    snprintf(at, sizeof(at), "%s?offset=4", path);
    assert_true(apifix_upload_begin(f, at, OPERATOR, &hung));
    assert_true(apifix_upload_piece(f, hung, "xy", 2)); /* nobody was told that they are safe */
    apifix_restart(f);
    expect_status(f, 404, apifix_send(f, WEB_GET, path, ROLE_DISTRICT, NULL)); /* another's */
    expect_status(f, 200, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    assert_int_equal(apifix_number(f, "offset_bytes"), 4);
    assert_int_equal(apifix_number(f, "size_bytes"), 10);
    assert_string_equal(apifix_string(f, "title"), "Tin");
    snprintf(name, sizeof(name), "%s/%s", f->resume_dir, strrchr(path, '/') + 1);
    assert_int_equal(truncate(name, 7), 0); /* half a piece, as a full disk leaves it */
    assert_true(part(f, at, "efghij"));
    complete(f, path, "abcdefghij");
    unlink(f->import_path);
    f->import_done(f->import_arg, ERR_CANCELLED, NULL,
                   NULL); /* the station ends in the middle of it */
    apifix_restart(f);
    complete(f, path, "abcdefghij");
    snprintf(at, sizeof(at), "%s/complete", path);
    expect_status(f, 429, apifix_send(f, WEB_POST, at, OPERATOR, NULL)); /* it is under way */
    unlink(f->import_path);
    f->import_done(f->import_arg, ERR_IO, NULL, NULL);
    assert_int_equal(f->status, 500);
    complete(f, path, "abcdefghij"); /* there is room on the disk again */
    unlink(f->import_path);
    f->import_done(f->import_arg, ERR_FORMAT, NULL, NULL);
    assert_int_equal(f->status, 422);
    expect_status(f, 404, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    apifix_restart(f);
    expect_status(f, 404, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
}

static unsigned files_of_uploads(struct apifix *f)
{
    DIR *dir = opendir(f->resume_dir);
    struct dirent *entry;
    unsigned count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.' ? 1 : 0;
    closedir(dir);
    return count;
}

static void test_a_restart_keeps_no_upload_that_is_of_no_use(void **state)
{
    struct apifix *f = *state;
    char gone[128], short_of[128], old[128], name[256];
    FILE *file;

    begin_upload(f, old);
    f->now_us += USEC_PER_DAY - USEC_PER_MIN;
    begin_upload(f, gone);
    snprintf(name, sizeof(name), "%s/%s", f->resume_dir, strrchr(gone, '/') + 1);
    assert_int_equal(unlink(name), 0);
    begin_upload(f, short_of);
    snprintf(name, sizeof(name), "%s?offset=0", short_of);
    assert_true(part(f, name, "abcd"));
    snprintf(name, sizeof(name), "%s/%s", f->resume_dir, strrchr(short_of, '/') + 1);
    assert_int_equal(truncate(name, 3), 0);
    snprintf(name, sizeof(name), "%s/77", f->resume_dir);
    file = fopen(name, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(files_of_uploads(f), 3);
    f->now_us += USEC_PER_MIN;
    apifix_restart(f);
    assert_int_equal(files_of_uploads(f), 0);
    expect_status(f, 404, apifix_send(f, WEB_GET, gone, OPERATOR, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, short_of, OPERATOR, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, old, OPERATOR, NULL));
}

static void test_uploads_are_bounded_and_expire(void **state)
{
    static const char body[] = "{\"title\": \"Tin\", \"size_bytes\": 10}";
    struct apifix *f = *state;
    char path[128];

    for (int i = 0; i < 4; i++)
        expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR, body));
    snprintf(path, sizeof(path), "/api/v1/uploads/%lld", (long long)apifix_number(f, "id"));
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR, body));
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, OPERATOR, NULL));
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR, body));
    apifix_restart(f);
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR, body));
    f->now_us = NOW_US + USEC_PER_DAY;
    for (int i = 0; i < 4; i++)
        expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR, body));
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, "/api/v1/uploads", OPERATOR,
                              "{\"title\": \"Tin\", \"size_bytes\": 1073741825}"));
}

/* A file of 50 packets that differ, with its row. */
static void store_packets(struct apifix *f, struct media_info *ret_media)
{
    struct media_info m = {.title = "Cả", .samples = 50 * 960 - 312, .created_us = NOW_US};
    struct oggfile *file;
    bool known;

    assert_int_equal(oggfile_new(f->dir, 312, &file, NULL), ERR_OK);
    for (uint8_t i = 0; i < 50; i++) {
        const uint8_t packet[3] = {0x78, i, 0};

        assert_int_equal(oggfile_add(file, bytes_of(packet, 3), NULL), ERR_OK);
    }
    assert_int_equal(oggfile_finish(file, m.samples, &m.id, &m.size_bytes, &known, NULL), ERR_OK);
    oggfile_free(file);
    m.duration_ms = (uint32_t)((m.samples + 47) / 48);
    assert_int_equal(store_media_add(f->db, &m), ERR_OK);
    *ret_media = m;
}

static void remove_media(struct apifix *f, const struct media_id *id)
{
    char path[OGGFILE_PATH_MAX];

    assert_int_equal(oggfile_path(f->dir, id, path, sizeof(path)), ERR_OK);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    (void)rmdir(path);
}

static void test_a_piece_is_cut_to_the_sample_without_loss(void **state)
{
    struct apifix *f = *state;
    struct media_info whole;
    struct media_id id;
    struct programme *p;
    char hex[65], path[128], action[64];

    store_packets(f, &whole);
    bytes_to_hex(bytes_of(whole.id.sha256, 32), hex);
    snprintf(path, sizeof(path), "/api/v1/media/%s/cut", hex);
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, path, OPERATOR,
                              "{\"title\": \"Đoạn\", \"from_ms\": 0, \"to_ms\": 99999}"));
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, path, OPERATOR,
                              "{\"title\": \"Đoạn\", \"from_ms\": 400, \"to_ms\": 450}"));
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, path, OPERATOR,
                              "{\"title\": \"Đoạn\", \"from_ms\": 400, \"to_ms\": 605}"));
    assert_int_equal(apifix_number(f, "duration_ms"), 205);
    apifix_journal(f, action);
    assert_string_equal(action, "media.cut");
    assert_int_equal(bytes_from_hex(apifix_string(f, "sha256"), id.sha256, 32), ERR_OK);
    assert_int_equal(programme_open(f->dir, &id, &p, NULL), ERR_OK);
    /* 19,512 samples from the start of the file; 80 ms before lies in packet 16. */
    assert_int_equal(programme_packet(p, 0).data[1], 16);
    assert_int_equal(programme_preskip(p), 19512 - 16 * 960);
    assert_int_equal(programme_samples(p), 205 * 48);
    assert_int_equal(programme_packet(p, programme_packets(p) - 1).data[1], 30);
    programme_free(p);
    remove_media(f, &id);
    remove_media(f, &whole.id);
}

static void test_an_approver_sees_what_waits(void **state)
{
    struct apifix *f = *state;
    unsigned both = ROLE_OPERATOR | ROLE_APPROVER;

    apifix_bulletin(f, "Thông báo tiêm phòng", false);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_APPROVER, NULL));
    assert_int_equal(apifix_number(f, "waiting"), 0);
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/submit", OPERATOR, NULL));
    expect_status(
        f, 201,
        apifix_send(f, WEB_POST, "/api/v1/bulletins/1/copy", both, "{\"title\": \"Của tôi\"}"));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/2/submit", both, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_APPROVER, NULL));
    assert_int_equal(apifix_number(f, "waiting"), 2);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", both, NULL));
    assert_int_equal(apifix_number(f, "waiting"), 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", OPERATOR, NULL));
    assert_int_equal(apifix_number(f, "waiting"), 0);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins?waiting=me", both, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins?q=TIEM%20PHONG", both, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins?author=me", both, NULL));
    assert_string_equal(apifix_string(f, "items.0.title"), "Của tôi");
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/bulletins?author=you", both, NULL));
    f->station.policy.author_may_approve = true;
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", both, NULL));
    assert_int_equal(apifix_number(f, "waiting"), 2);
}

static size_t told(struct apifix *f, const char *query)
{
    char path[256];

    snprintf(path, sizeof(path), "/api/v1/journal?%s", query);
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_AUDITOR, NULL));
    return json_array_size(apifix_json(f, "items"));
}

static void test_the_journal_is_searched(void **state)
{
    struct apifix *f = *state;

    apifix_send(f, WEB_PATCH, "/api/v1/whoami", OPERATOR, "{\"language\": \"vi\"}");
    assert_string_equal(apifix_string(f, "language"), "vi");
    f->now_us += 10;
    apifix_send(f, WEB_PATCH, "/api/v1/whoami", ROLE_ADMIN, "{\"name\": \"Quản trị\"}");
    f->now_us += 10;
    apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"backup_at_min\": -1}");
    assert_int_equal(apifix_number(f, "backup_at_min"), -1);
    assert_int_equal(told(f, ""), 3);
    assert_int_equal(told(f, "actor=user-16"), 2);
    assert_int_equal(told(f, "actor=user-16&action=station."), 1);
    assert_int_equal(told(f, "action=user"), 2);
    assert_int_equal(told(f, "object=station"), 1);
    assert_int_equal(told(f, "from_us=1795402800000010"), 2);
    assert_int_equal(told(f, "to_us=1795402800000010"), 1);
    assert_int_equal(told(f, "to_us=1795402800000010&order=newest"), 1);
    assert_int_equal(told(f, "from_us=1795402800000010&to_us=1795402800000020&order=newest"), 1);
    assert_int_equal(told(f, "from_us=1795402800000099"), 0);
    expect_status(f, 400,
                  apifix_send(f, WEB_PATCH, "/api/v1/whoami", OPERATOR, "{\"language\": \"fr\"}"));
}

static void test_backups_are_kept_listed_and_fetched(void **state)
{
    struct apifix *f = *state;
    char path[128];

    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/backups", ROLE_ADMIN, NULL));
    assert_string_equal(apifix_string(f, "name"), "loa-20261123T030000Z.db");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/backups", ROLE_ADMIN, NULL));
    assert_int_equal(apifix_number(f, "items.0.made_us"), NOW_US);
    assert_true(apifix_number(f, "items.0.size_bytes") > 4096);
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/backups/loa.db", ROLE_ADMIN, NULL));
    snprintf(path, sizeof(path), "/api/v1/backups/loa-20261123T030000Z.db");
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_ADMIN, NULL));
    assert_non_null(strstr(f->file, "loa-20261123T030000Z.db"));
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, ROLE_ADMIN, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, path, ROLE_ADMIN, NULL));
}

/* The copy is a worker's: the station answers meanwhile. */
static void test_a_backup_holds_nobody_up(void **state)
{
    struct apifix *f = *state;

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    f->hold_work = true;
    expect_status(f, 0, apifix_send(f, WEB_POST, "/api/v1/backups", ROLE_ADMIN, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/backups", ROLE_ADMIN, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 0);
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/backups", ROLE_ADMIN, NULL));
    assert_true(apifix_says(f, "read already"));
    apifix_work(f);
    expect_status(f, 201, f->status);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/backups", ROLE_ADMIN, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    db_backups_prune(f->dir, 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_recordings_are_found_as_people_type),
        WITH(test_another_recording_takes_the_place_of_one),
        WITH(test_an_upload_goes_on_where_its_link_was_lost),
        WITH(test_an_upload_outlives_a_restart_of_the_station),
        WITH(test_a_restart_keeps_no_upload_that_is_of_no_use),
        WITH(test_uploads_are_bounded_and_expire),
        WITH(test_a_piece_is_cut_to_the_sample_without_loss),
        WITH(test_an_approver_sees_what_waits),
        WITH(test_the_journal_is_searched),
        WITH(test_backups_are_kept_listed_and_fetched),
        WITH(test_a_backup_holds_nobody_up),
    };

    return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
