/* Print every route as a line of JSON for check_openapi.py: method, path, roles, body, summary, and the
 * keys that its body takes, as the API itself names them when it meets an unknown one. */
#include "apifix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *roles_of(const struct route *r)
{
    json_t *list = json_array();

    if ((r->roles & ROUTE_ANYONE) != 0)
        json_array_append_new(list, json_string("anyone"));
    for (unsigned bit = 1; bit <= ROLE_ALL; bit <<= 1)
        if ((r->roles & ~ROUTE_ANYONE & bit) != 0)
            json_array_append_new(list, json_string(role_name((enum role)bit)));
    return list;
}

static json_t *keys_of(struct apifix *f, const struct route *r)
{
    json_t *list = json_array();
    char path[128] = "";
    char *at;
    char *save = NULL;

    if (r->body != ROUTE_JSON)
        return list;
    for (const char *p = r->pattern; *p != '\0'; p++) {
        if (*p == '{') {
            strcat(path, "1");
            p = strchr(p, '}');
        } else {
            strncat(path, p, 1);
        }
    }
    (void)apifix_send(f, r->method, path, ROLE_ALL, "{\"no-such-key\": 1}");
    at = strstr(f->text, "this takes: ");
    if (at == NULL)
        fail_msg("%s does not name its keys: %s", r->pattern, f->text);
    at[strcspn(at, "\"")] = '\0';
    at[strlen(at) - 1] = '\0';
    for (at = strtok_r(at + 12, ", ", &save); at != NULL; at = strtok_r(NULL, ", ", &save))
        json_array_append_new(list, json_string(at));
    return list;
}

static void print_route(struct apifix *f, const struct route *r)
{
    static const char *const bodies[] = {
        [ROUTE_NO_BODY] = "none", [ROUTE_JSON] = "json",   [ROUTE_UPLOAD] = "upload",
        [ROUTE_PHOTO] = "upload", [ROUTE_PART] = "upload", [ROUTE_SOUND] = "upload",
        [ROUTE_CAP] = "cap"};
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "method", web_method_name(r->method),
                             "path", r->pattern, "summary", r->summary, "body", bodies[r->body],
                             "roles", roles_of(r), "keys", keys_of(f, r));
    char *text = json_dumps(line, JSON_COMPACT);

    puts(text);
    free(text);
    json_decref(line);
}

int main(void)
{
    void *state = NULL;
    struct apifix *f;

    (void)apifix_setup(&state);
    f = state;
    (void)apifix_node(f, apifix_zone(f, "1", "A"), "N");
    (void)apifix_bulletin(f, "T", false);
    for (const struct route *r = routes_all(); r->pattern != NULL; r++)
        print_route(f, r);
    return apifix_teardown(&state);
}
