#include "storefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_event.h"
#include "store_media.h"
#include "store_node.h"
#include "store_user.h"
#include "store_zone.h"

static void open_db(struct storefix *f)
{
    struct err_detail detail = {0};
    enum err e = db_open(f->path, &f->db, &detail);

    if (e != ERR_OK)
        fail_msg("db_open: %s: %s", err_name(e), detail.text);
}

int storefix_setup(void **state)
{
    struct storefix *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->dir, sizeof f->dir, "/tmp/loa-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/station.db", f->dir);
    open_db(f);
    *state = f;
    return 0;
}

int storefix_teardown(void **state)
{
    static const char *const names[] = {"",        "-wal",        "-shm",       "-journal",
                                        ".backup", ".backup-wal", ".backup-shm"};
    struct storefix *f = *state;
    char path[128];
    int result;

    db_close(f->db);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, names[i]);
        unlink(path);
    }
    /* Fails when a test, or the store, left something behind. */
    result = rmdir(f->dir);
    free(f);
    return result;
}

void storefix_reopen(struct storefix *f)
{
    db_close(f->db);
    f->db = NULL;
    open_db(f);
}

void storefix_hash(uint8_t byte, uint8_t ret_sha256[SHA256_BYTES])
{
    memset(ret_sha256, byte, SHA256_BYTES);
}

struct user storefix_user(const char *login, unsigned roles)
{
    struct user u = {.roles = roles};

    snprintf(u.login, sizeof u.login, "%s", login);
    snprintf(u.name, sizeof u.name, "Người dùng %s", login);
    snprintf(u.password_hash, sizeof u.password_hash, "$argon2id$%s", login);
    return u;
}

struct zone storefix_zone(const char *code, struct zone_id parent)
{
    struct zone z = {.parent = parent};

    snprintf(z.code, sizeof z.code, "%s", code);
    snprintf(z.name, sizeof z.name, "Thôn %s", code);
    return z;
}

struct media_info storefix_media(uint8_t first_byte)
{
    struct media_info m = {.size_bytes = 123456,
                           .samples = 480001,
                           .duration_ms = 10001,
                           .loudness_mlufs = -16000,
                           .true_peak_mdb = -1000,
                           .gain_mdb = 2500,
                           .created_us = NOW_US,
                           .created_by = {1}};

    m.id.sha256[0] = first_byte;
    m.id.sha256[31] = 0xEE;
    snprintf(m.title, sizeof m.title, "Bản ghi %u", first_byte);
    snprintf(m.source_name, sizeof m.source_name, "ghi-am-%u.mp3", first_byte);
    return m;
}

struct bulletin storefix_bulletin(const struct sample *s)
{
    struct bulletin b = {.title = "Lịch tiêm chủng",
                         .kind = BULLETIN_HEALTH,
                         .priority = PRIORITY_NORMAL,
                         .author = s->author,
                         .created_us = NOW_US,
                         .expires_us = NOW_US + USEC_PER_DAY,
                         .part_count = 2};

    for (size_t i = 0; i < 2; i++)
        b.parts[i] = (struct part){.kind = PART_MEDIA, .media = s->media[i]};
    return b;
}

struct event storefix_event(const struct sample *s)
{
    struct event v = {.bulletin = s->bulletin,
                      .zone_count = 2,
                      .zones = {s->zones[1], s->zones[0]},
                      .ics = "BEGIN:VEVENT\r\nDTSTART:20270115T050000\r\nEND:VEVENT\r\n",
                      .repeats = 2,
                      .pause_ms = 30000,
                      .quiet_confirmed = true,
                      .created_by = s->author,
                      .created_us = NOW_US};

    return v;
}

struct node_record storefix_node(const char *name, struct zone_id zone)
{
    struct node_record r = {.zone = zone,
                            .volume_mdb = -3000,
                            .emergency_volume_mdb = -500,
                            .delay_us = 250,
                            .muted = true,
                            .enrolled_us = NOW_US,
                            .hardware = "board 2",
                            .serial = "00c0ffee"};

    snprintf(r.name, sizeof r.name, "%s", name);
    return r;
}

static void fill_people_and_nodes(struct db *db, struct sample *s)
{
    struct user author = storefix_user("lan", ROLE_OPERATOR);
    struct user approver = storefix_user("minh", ROLE_APPROVER | ROLE_ADMIN);
    struct zone outer = storefix_zone("A", (struct zone_id){0});
    struct zone inner;
    static const char *const names[] = {"Cụm loa 1", "Cụm loa 2", "Cụm loa 3"};

    assert_ok(store_user_add(db, &author, NOW_US, &s->author, NULL));
    assert_ok(store_user_add(db, &approver, NOW_US, &s->approver, NULL));
    assert_ok(store_zone_add(db, &outer, &s->zones[0], NULL));
    inner = storefix_zone("B", s->zones[0]);
    assert_ok(store_zone_add(db, &inner, &s->zones[1], NULL));
    for (size_t i = 0; i < 3; i++) {
        struct node_record node = storefix_node(names[i], s->zones[i / 2]);

        storefix_hash((uint8_t)(0x70 + i), node.cert_sha256);
        assert_ok(store_node_add(db, &node, &s->nodes[i]));
    }
}

static void fill_programme(struct db *db, struct sample *s)
{
    static const enum bulletin_state states[] = {BULLETIN_DRAFT, BULLETIN_SUBMITTED,
                                                 BULLETIN_APPROVED};
    struct bulletin bulletin;
    struct event event;

    for (size_t i = 0; i < 2; i++) {
        struct media_info media = storefix_media((uint8_t)(i + 1));

        s->media[i] = media.id;
        assert_ok(store_media_add(db, &media));
    }
    bulletin = storefix_bulletin(s);
    assert_ok(store_bulletin_add(db, &bulletin, &s->bulletin, NULL));
    bulletin.id = s->bulletin;
    for (size_t i = 1; i < 3; i++) {
        bulletin.state = states[i];
        if (states[i] == BULLETIN_APPROVED) {
            bulletin.decided_by = s->approver;
            bulletin.decided_us = NOW_US;
        }
        assert_ok(store_bulletin_step(db, &bulletin, states[i - 1],
                                      i == 1 ? s->author : s->approver, NOW_US, NULL));
    }
    event = storefix_event(s);
    assert_ok(store_event_add(db, &event, &s->event, NULL));
}

void storefix_fill(struct storefix *f, struct sample *ret_sample)
{
    struct sample *s = ret_sample;
    struct broadcast_target targets[3];
    struct broadcast broadcast;

    *s = (struct sample){0};
    assert_ok(db_begin(f->db));
    fill_people_and_nodes(f->db, s);
    fill_programme(f->db, s);
    memset(targets, 0, sizeof targets);
    for (size_t i = 0; i < 3; i++)
        targets[i].node = s->nodes[i];
    broadcast = (struct broadcast){.event = s->event,
                                   .bulletin = s->bulletin,
                                   .title = "Lịch tiêm chủng",
                                   .priority = PRIORITY_NORMAL,
                                   .start_us = NOW_US,
                                   .expires_us = NOW_US + USEC_PER_HOUR,
                                   .duration_ms = 20002,
                                   .repeats = 2,
                                   .pause_ms = 30000,
                                   .stream = {7},
                                   .rank = 3,
                                   .cuts_equal = true,
                                   .media_count = 2,
                                   .target_count = 3,
                                   .targets = targets};
    for (size_t i = 0; i < 2; i++)
        broadcast.media[i] =
            (struct part){.kind = PART_MEDIA, .media = s->media[i], .duration_ms = 10001};
    assert_ok(store_broadcast_add(f->db, &broadcast, &s->broadcast));
    assert_ok(db_commit(f->db));
}

static sqlite3 *open_raw(const struct storefix *f)
{
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open_v2(f->path, &raw, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(raw, 5000);
    return raw;
}

static void digest_rows(sqlite3 *raw, const char *table, struct digest *d)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    sqlite3_stmt *stmt = NULL;

    assert_non_null(sql);
    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            int type = sqlite3_column_type(stmt, i);
            const void *data = sqlite3_column_blob(stmt, i);
            int len = sqlite3_column_bytes(stmt, i);

            digest_update(d, bytes_of(&type, sizeof type));
            digest_update(d, bytes_of(&len, sizeof len));
            digest_update(d, bytes_of(data, (size_t)len));
        }
    }
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
}

void storefix_digest(const struct storefix *f, uint8_t ret_sha256[SHA256_BYTES])
{
    sqlite3 *raw = open_raw(f);
    sqlite3_stmt *tables = NULL;
    struct digest d;

    digest_init(&d);
    assert_int_equal(sqlite3_prepare_v2(raw,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " ORDER BY name",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW)
        digest_rows(raw, (const char *)sqlite3_column_text(tables, 0), &d);
    sqlite3_finalize(tables);
    sqlite3_close(raw);
    digest_finish(&d, ret_sha256);
}

int storefix_try(const struct storefix *f, const char *sql)
{
    sqlite3 *raw = open_raw(f);
    int code = sqlite3_exec(raw, sql, NULL, NULL, NULL);

    sqlite3_close(raw);
    return code;
}

void storefix_tamper(const struct storefix *f, const char *sql)
{
    int code = storefix_try(f, sql);

    if (code != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errstr(code));
}

int64_t storefix_count(const struct storefix *f, const char *sql)
{
    sqlite3 *raw = open_raw(f);
    sqlite3_stmt *stmt = NULL;
    int64_t v;

    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    v = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
    return v;
}
