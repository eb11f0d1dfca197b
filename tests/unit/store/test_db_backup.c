#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store_zone.h"
#include "storefix.h"

static void test_a_backup_is_one_whole_private_file(void **state)
{
    struct storefix *f = *state;
    struct storefix copy = {0};
    struct err_detail detail = {0};
    uint8_t here[SHA256_BYTES];
    uint8_t there[SHA256_BYTES];
    struct sample s;
    struct zone later = storefix_zone("later", (struct zone_id){0});
    struct zone_id id;
    struct stat st;
    FILE *older;

    storefix_fill(f, &s);
    snprintf(copy.path, sizeof copy.path, "%s.backup", f->path);
    older = fopen(copy.path, "we");
    assert_non_null(older);
    fputs("older", older);
    fclose(older);
    assert_ok(db_backup(f->db, copy.path, &detail));
    assert_int_equal(stat(copy.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(storefix_count(&copy, "SELECT journal_mode = 'delete'"
                                           " FROM pragma_journal_mode"),
                     1);
    storefix_digest(f, here);
    storefix_digest(&copy, there);
    assert_memory_equal(here, there, SHA256_BYTES);
    assert_ok(store_zone_add(f->db, &later, &id, NULL));
    storefix_digest(&copy, there);
    assert_memory_equal(here, there, SHA256_BYTES);
    storefix_reopen(&copy);
    db_close(copy.db);
}

static void test_a_backup_that_cannot_be_written_says_so(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    char path[128];
    char name[5000];

    assert_err(ERR_IO, db_backup(f->db, "/nonexistent/b", &detail));
    assert_non_null(strstr(detail.text, "/nonexistent/b"));
    assert_err(ERR_IO, db_backup(f->db, f->dir, NULL));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_err(ERR_IO, db_backup(f->db, name, NULL));
    snprintf(path, sizeof path, "%s.backup", f->path);
    assert_ok(db_begin(f->db));
    assert_err(ERR_STATE, db_backup(f->db, path, NULL));
    assert_ok(db_commit(f->db));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_backup_is_one_whole_private_file),
        CASE(test_a_backup_that_cannot_be_written_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
