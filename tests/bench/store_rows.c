/* Fill the database of a station that does not run with years of history, fast: store_rows DATABASE ROWS NOW_US.
 *
 * Half of the rows are entries of the journal, with a chain that verifies, half are receipts with their targets, of
 * broadcasts on NODES nodes; they end at NOW_US and reach DAYS back. Indices are made afterwards, and a crash may leave
 * a database that is of no use: for benches only. */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcast.h"
#include "journal.h"

#define NODES 100
#define DAYS 390
#define TELL_ROWS 500000

static sqlite3 *db;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "store_rows: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(sql);
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t v;

    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
        fail(sql);
    v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return v;
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *q = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        fail(sql);
    return q;
}

/* Bind numbers and run. */
static void put(sqlite3_stmt *q, int count, ...)
{
    va_list numbers;

    va_start(numbers, count);
    for (int i = 1; i <= count; i++)
        sqlite3_bind_int64(q, i, va_arg(numbers, int64_t));
    va_end(numbers);
    if (sqlite3_step(q) != SQLITE_DONE)
        fail("a row");
    sqlite3_reset(q);
}

static void tell(const char *what, int64_t done, int64_t of)
{
    if (done % TELL_ROWS == 0) {
        printf("%s %lld of %lld\n", what, (long long)done, (long long)of);
        fflush(stdout);
    }
}

/* What people and the station do, the rare beside the frequent. */
static void entry_of(struct journal_entry *e, int64_t i)
{
    static const char *const actions[] = {"node.lost",  "node.back",       "alarm.raise",
                                          "user.login", "broadcast.close", "bulletin.approve"};
    static const char *const actors[] = {"station", "station", "station", "lan", "station", "minh"};
    size_t kind = (size_t)(i % 6);

    snprintf(e->actor, sizeof(e->actor), "%s", actors[kind]);
    snprintf(e->action, sizeof(e->action), "%s",
             i % 1000000 == 7 ? "station.change" : actions[kind]);
    snprintf(e->object, sizeof(e->object), "%s:%lld", kind < 3 ? "node" : "broadcast",
             (long long)(kind < 3 ? i % NODES : i / 6));
    snprintf(e->detail, sizeof(e->detail), "{\"silent_ms\":%lld}", (long long)(i % 9000));
}

static void fill_journal(int64_t rows, int64_t now_us)
{
    sqlite3_stmt *q = prepare("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)");
    sqlite3_stmt *head = prepare("UPDATE journal_head SET seq = ?, hash = ?");
    int64_t first = number("SELECT seq FROM journal_head"), span_us = DAYS * USEC_PER_DAY;
    struct journal_entry e = {.seq = (uint64_t)first};
    sqlite3_stmt *last = prepare("SELECT hash FROM journal_head");
    uint8_t prev[SHA256_BYTES];

    if (sqlite3_step(last) != SQLITE_ROW)
        fail("the head");
    memcpy(prev, sqlite3_column_blob(last, 0), SHA256_BYTES);
    sqlite3_finalize(last);
    for (int64_t i = 0; i < rows; i++) {
        e.seq++;
        e.at_us = now_us - span_us + span_us / rows * i;
        entry_of(&e, i);
        journal_hash(&e, prev, e.hash);
        memcpy(prev, e.hash, SHA256_BYTES);
        sqlite3_bind_text(q, 3, e.actor, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 4, e.action, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 5, e.object, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 6, e.detail, -1, SQLITE_STATIC);
        sqlite3_bind_blob(q, 7, e.hash, SHA256_BYTES, SQLITE_STATIC);
        put(q, 2, (int64_t)e.seq, e.at_us);
        tell("entries", i, rows);
    }
    sqlite3_bind_blob(head, 2, e.hash, SHA256_BYTES, SQLITE_STATIC);
    put(head, 1, (int64_t)e.seq);
    sqlite3_finalize(head);
    sqlite3_finalize(q);
}

static int64_t add_nodes(int64_t now_us)
{
    sqlite3_stmt *q = prepare(
        "INSERT INTO node (name, state, volume_mdb, emergency_volume_mdb, delay_us, muted,"
        " settings_revision, enrolled_us, hardware, serial) VALUES ('Cum', 2, 0, 0, 0, 0, 1, ?, '',"
        " '')");
    int64_t first = number("SELECT coalesce(max(id), 0) + 1 FROM node");

    for (int i = 0; i < NODES; i++)
        put(q, 1, now_us);
    sqlite3_finalize(q);
    return first;
}

static void fill_receipts(int64_t rows, int64_t now_us)
{
    sqlite3_stmt *b = prepare(
        "INSERT INTO broadcast (id, title, priority, state, start_us, expires_us, duration_ms,"
        " repeats, pause_ms, stream, cancelled_us, rank, cuts_equal, occurrence_us)"
        " VALUES (?1, 'Ban tin', 1, ?3, ?2, 0, 600000, 1, 0, ?1, 0, 5, 0, ?2)");
    sqlite3_stmt *t =
        prepare("INSERT INTO target (broadcast, node, state, order_id, ordered_us, verdict, note,"
                " stop_order, stop_us, stop_answered, withdrawn) VALUES (?, ?, ?, ?, ?, 1, '', 0, "
                "0, 0, 0)");
    sqlite3_stmt *r = prepare(
        "INSERT INTO receipt (node, receipt_id, broadcast, received_us, order_id, outcome, reason,"
        " carrier, planned_start_us, actual_start_us, actual_end_us, played_ms, gaps, gap_ms,"
        " rms_mdb, peak_mdb, start_error_us, clock_uncertainty_us, plays)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, 1, ?4, ?4, ?4, 600000, 0, 0, -20000, -3000, 12, 300,"
        " 1)");
    int64_t broadcasts = rows / NODES, node = add_nodes(now_us), span_us = DAYS * USEC_PER_DAY;
    int64_t id = number("SELECT coalesce(max(id), 0) FROM broadcast");

    for (int64_t i = 0; i < broadcasts; i++) {
        int64_t start_us = now_us - span_us + span_us / broadcasts * i;

        put(b, 3, ++id, start_us, (int64_t)BROADCAST_CLOSED);
        for (int64_t n = 0; n < NODES; n++) {
            put(t, 5, id, node + n, (int64_t)TARGET_RECEIPT, i * NODES + n + 1, start_us);
            put(r, 5, node + n, i + 1, id, start_us, i * NODES + n + 1);
            tell("receipts", i * NODES + n, rows);
        }
    }
    sqlite3_finalize(b);
    sqlite3_finalize(t);
    sqlite3_finalize(r);
}

/* The indices of tables that are filled, as they were; made afterwards each takes one sort. */
static char *drop_indices(void)
{
    sqlite3_stmt *q =
        prepare("SELECT sql, 'DROP INDEX ' || name FROM sqlite_schema WHERE type = 'index' AND"
                " sql IS NOT NULL AND tbl_name IN ('journal', 'receipt', 'target', 'broadcast')");
    char *again = sqlite3_mprintf(""), *drops = sqlite3_mprintf("");

    while (sqlite3_step(q) == SQLITE_ROW) {
        again = sqlite3_mprintf("%z%s;", again, sqlite3_column_text(q, 0));
        drops = sqlite3_mprintf("%z%s;", drops, sqlite3_column_text(q, 1));
    }
    sqlite3_finalize(q);
    run(drops);
    sqlite3_free(drops);
    return again;
}

int main(int argc, char **argv)
{
    int64_t rows = argc == 4 ? atoll(argv[2]) : 0, now_us = argc == 4 ? atoll(argv[3]) : 0;
    char *indices;

    if (rows < 2 * NODES || now_us <= 0) {
        fputs("usage: store_rows DATABASE ROWS NOW_US\n", stderr);
        return 2;
    }
    if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        fail(argv[1]);
    run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;"
        "PRAGMA temp_store = FILE; BEGIN");
    indices = drop_indices();
    fill_journal(rows / 2, now_us);
    fill_receipts(rows / 2, now_us);
    puts("indices");
    fflush(stdout);
    run(indices);
    sqlite3_free(indices);
    run("COMMIT");
    if (sqlite3_close(db) != SQLITE_OK)
        fail("closing");
    return 0;
}
