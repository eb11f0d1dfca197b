/* Each route, each role: who may call what, and nothing else exists. */
#include "apifix.h"

#include <string.h>

/* A path that matches the pattern. */
static void fill_path(const char *pattern, char *path, size_t size)
{
    size_t n = 0;

    while (*pattern != '\0' && n + 70 < size) {
        if (strncmp(pattern, "{sha256}", 8) == 0) {
            memset(path + n, '0', 64);
            n += 64;
            pattern += 8;
        } else if (*pattern == '{') {
            path[n++] = '9';
            pattern += strcspn(pattern, "}") + 1;
        } else {
            path[n++] = *pattern++;
        }
    }
    path[n] = '\0';
}

static unsigned call(struct apifix *f, const struct route *r, unsigned roles)
{
    char path[256];
    uint64_t id;

    fill_path(r->pattern, path, sizeof(path));
    if (r->body != ROUTE_UPLOAD)
        return apifix_send(f, r->method, path, roles, r->body == ROUTE_JSON ? "{}" : NULL);
    f->status = 0;
    strcat(path, "?title=x");
    if (apifix_upload_begin(f, path, roles, &id)) {
        f->handler.on_gone(f->handler.ctx, id);
        f->status = 200;
    }
    return f->status;
}

static void test_every_route_admits_exactly_its_roles(void **state)
{
    struct apifix *f = *state;
    unsigned checked = 0;

    for (const struct route *r = routes_all(); r->pattern != NULL; r++) {
        for (unsigned role = 0; role <= ROLE_ALL; role = role == 0 ? 1 : role << 1) {
            unsigned status = call(f, r, role);
            bool is_refused = status == 401 || (status == 403 && apifix_says(f, "lacks the role"));
            bool may = (r->roles & (ROUTE_ANYONE | role)) != 0;

            if (r->handle != NULL && strcmp(r->pattern, "/api/v1/setup") != 0 && is_refused == may)
                fail_msg("%s %s as %u: status %u %s", web_method_name(r->method), r->pattern, role,
                         status, f->text);
            if (!may && role == 0)
                assert_int_equal(status, 401);
            checked++;
        }
    }
    assert_true(checked > 300);
}

static void test_an_auditor_changes_nothing(void **state)
{
    (void)state;
    for (const struct route *r = routes_all(); r->pattern != NULL; r++) {
        bool is_own = strstr(r->pattern, "/logout") != NULL ||
                      strstr(r->pattern, "/whoami") != NULL ||
                      strstr(r->pattern, "/tokens") != NULL;

        if (r->method != WEB_GET && !is_own && (r->roles & ROUTE_ANYONE) == 0 &&
            (r->roles & ROLE_AUDITOR) != 0)
            fail_msg("an auditor may %s %s", web_method_name(r->method), r->pattern);
    }
}

static void test_routes_are_unambiguous_and_described(void **state)
{
    (void)state;
    for (const struct route *r = routes_all(); r->pattern != NULL; r++) {
        const struct route *found;
        char path[256];
        char param[2][80];

        fill_path(r->pattern, path, sizeof(path));
        assert_int_equal(routes_find(r->method, path, &found, param), ERR_OK);
        assert_ptr_equal(found, r);
        assert_true(strlen(r->summary) > 5);
        assert_int_not_equal(r->roles, 0);
    }
}

static void test_unknown_paths_and_methods_are_told_apart(void **state)
{
    struct apifix *f = *state;
    static const char *const none[] = {
        "/api/v1/zonesx", "/api/v1/zones/", "/api/v1/zones/1/2", "/api/v1", "/etc/passwd",
        "/api/v1/nodes/", "/api/v2/zones",  "/api/v1/media/a/b", "/x",
    };

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        expect_status(f, 404, apifix_send(f, WEB_GET, none[i], ROLE_ADMIN, NULL));
    expect_status(f, 405, apifix_send(f, WEB_DELETE, "/api/v1/zones", ROLE_ADMIN, NULL));
    expect_status(f, 405, apifix_send(f, WEB_PUT, "/", 0, "{}"));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/zones/abc", ROLE_ADMIN, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/zones/-1", ROLE_ADMIN, NULL));
    expect_status(f, 404,
                  apifix_send(f, WEB_GET, "/api/v1/zones/99999999999999999999", ROLE_ADMIN, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/zones/4294967297", ROLE_ADMIN, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/media/zz", ROLE_ADMIN, NULL));
}

static void test_the_page_and_health_need_no_account(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 200, apifix_send(f, WEB_GET, "/", 0, NULL));
    assert_non_null(strstr(f->text, "đài truyền thanh"));
    assert_non_null(strstr(f->text, "public-address"));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/health", 0, NULL));
    assert_string_equal(apifix_string(f, "status"), "ok");
    assert_false(json_is_true(apifix_json(f, "set_up")));
    assert_true(json_is_false(apifix_json(f, "training")));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_every_route_admits_exactly_its_roles),
        WITH(test_an_auditor_changes_nothing),
        WITH(test_routes_are_unambiguous_and_described),
        WITH(test_unknown_paths_and_methods_are_told_apart),
        WITH(test_the_page_and_health_need_no_account),
    };

    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
