/* Every route answers every body once, with JSON when it refuses, and never with "our fault".
 *
 * Input: route (u8), who asks (u8: 0 nobody, else roles), text for {...} ended by NUL, query ended by NUL, body. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apifix.h"
#include "check.h"
#include "fuzz.h"
#include "utf8.h"

#define INPUTS_OF_A_STATION 500

static struct apifix *fix;
static int inputs;
static char token[128];

static void end(void)
{
    void *state = fix;

    if (fix != NULL)
        CHECK(apifix_teardown(&state) == 0);
    fix = NULL;
}

/* Recording ee.. and bulletin 1 with it, approved. */
static void make_bulletin(void)
{
    char hex[65], body[256];

    apifix_media(fix, 0xEE, 60000, hex);
    snprintf(body, sizeof(body), "{\"title\": \"Thông báo\", \"media\": [\"%s\"]}", hex);
    CHECK(apifix_send(fix, WEB_POST, "/api/v1/bulletins", ROLE_OPERATOR, body) == 201);
    CHECK(apifix_send(fix, WEB_POST, "/api/v1/bulletins/1/submit", ROLE_OPERATOR, NULL) == 200);
    CHECK(apifix_send(fix, WEB_POST, "/api/v1/bulletins/1/approve", ROLE_APPROVER, NULL) == 200);
}

/* A new station now and then: what one input stores, the next ones meet. */
static void setup(void)
{
    void *state;

    if (fix != NULL && ++inputs < INPUTS_OF_A_STATION)
        return;
    if (inputs == 0)
        CHECK(atexit(end) == 0);
    end();
    inputs = 1;
    CHECK(apifix_setup(&state) == 0);
    fix = state;
    snprintf(token, sizeof(token), "%s", apifix_token(fix, ROLE_ALL));
    make_bulletin();
    (void)apifix_node(fix, apifix_zone(fix, "z1", "Thôn Một"), "Loa 1");
}

/* Text up to a NUL or the end. */
static void take_text(struct bytes *in, char *ret_text, size_t size)
{
    size_t len = strnlen((const char *)in->data, in->len);

    snprintf(ret_text, size, "%.*s", (int)len, (const char *)in->data);
    len += len < in->len ? 1 : 0;
    *in = bytes_of(in->data + len, in->len - len);
}

static void write_path(const char *pattern, const char *param, const char *query, char *ret_path,
                       size_t size)
{
    const char *open = strchr(pattern, '{');
    const char *close = open != NULL ? strchr(open, '}') : NULL;

    if (close == NULL)
        snprintf(ret_path, size, "%s?%s", pattern, query);
    else
        snprintf(ret_path, size, "%.*s%s%s?%s", (int)(open - pattern), pattern, param, close + 1,
                 query);
}

static unsigned ask(const struct route *route, bool signed_in, const char *path, const char *body)
{
    snprintf(fix->token, sizeof(fix->token), "%s", signed_in ? token : "");
    return apifix_send(fix, route->method, path, signed_in ? ROLE_ALL : 0,
                       route->body == ROUTE_JSON ? body : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct route *routes = routes_all();
    struct bytes in;
    char param[80], query[200], path[512], body[4096];
    size_t count = 0, at;
    unsigned status;

    if (size < 3)
        return 0;
    while (routes[count].pattern != NULL)
        count++;
    at = data[0] % count;
    if (routes[at].body == ROUTE_UPLOAD)
        return 0;
    setup();
    in = bytes_of(data + 2, size - 2);
    take_text(&in, param, sizeof(param));
    take_text(&in, query, sizeof(query));
    take_text(&in, body, sizeof(body));
    if (!utf8_valid(param, strlen(param), false) || !utf8_valid(query, strlen(query), false))
        return 0; /* the web server lets no such path through */
    write_path(routes[at].pattern, param, query, path, sizeof(path));
    status = ask(&routes[at], data[1] != 0, path, body);
    if (status == 401 && data[1] != 0 && routes[at].roles != ROUTE_ANYONE) {
        end(); /* an earlier input signed out, or took the account's rights */
        setup();
        status = ask(&routes[at], true, path, body);
    }
    CHECK(status >= 200 && status < 500);
    CHECK(status < 400 || apifix_string(fix, "message")[0] != '\0');
    return 0;
}
