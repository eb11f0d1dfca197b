#include "routes.h"

#include <string.h>

#include "handlers.h"

#define ADMIN ROLE_ADMIN
#define WRITERS (ROLE_OPERATOR | ROLE_DISTRICT)
#define REPAIR (ROLE_TECHNICIAN | ROLE_ADMIN)
#define WATCH (ROLE_ADMIN | ROLE_AUDITOR)
#define HANDS (ROLE_ALL & ~(unsigned)ROLE_AUDITOR) /* everyone who may do anything at all */
#define V1 "/api/v1"

static const struct route table[] = {
    {WEB_GET, "/", ROUTE_ANYONE, ROUTE_NO_BODY, api_index, "Say what this is"},
    {WEB_GET, V1 "/health", ROUTE_ANYONE, ROUTE_NO_BODY, api_health, "Is the station alive"},
    {WEB_POST, V1 "/setup", ROUTE_ANYONE, ROUTE_JSON, api_setup,
     "Create the first administrator with the one-time code"},
    {WEB_POST, V1 "/login", ROUTE_ANYONE, ROUTE_JSON, api_login, "Sign in"},
    {WEB_POST, V1 "/logout", ROLE_ALL, ROUTE_NO_BODY, api_logout, "Sign out"},
    {WEB_GET, V1 "/whoami", ROLE_ALL, ROUTE_NO_BODY, api_whoami, "Who is signed in"},
    {WEB_POST, V1 "/whoami/password", ROLE_ALL, ROUTE_JSON, api_own_password,
     "Change the own password"},

    {WEB_GET, V1 "/users", WATCH, ROUTE_NO_BODY, api_user_list, "List accounts"},
    {WEB_POST, V1 "/users", ADMIN, ROUTE_JSON, api_user_add, "Add an account"},
    {WEB_GET, V1 "/users/{id}", WATCH, ROUTE_NO_BODY, api_user_get, "Get one account"},
    {WEB_PATCH, V1 "/users/{id}", ADMIN, ROUTE_JSON, api_user_change,
     "Change name, roles, password or disable"},
    {WEB_GET, V1 "/tokens", ROLE_ALL, ROUTE_NO_BODY, api_token_list,
     "List own sessions and tokens; an administrator's view holds all"},
    {WEB_POST, V1 "/tokens", ROLE_ALL, ROUTE_JSON, api_token_add, "Make a token for a program"},
    {WEB_DELETE, V1 "/tokens/{id}", ROLE_ALL, ROUTE_NO_BODY, api_token_revoke,
     "Revoke a session or token"},

    {WEB_GET, V1 "/station", ROLE_ALL, ROUTE_NO_BODY, api_station_get, "Station and policy"},
    {WEB_PATCH, V1 "/station", ADMIN, ROUTE_JSON, api_station_change, "Change name and policy"},
    {WEB_GET, V1 "/zones", ROLE_ALL, ROUTE_NO_BODY, api_zone_list, "List zones"},
    {WEB_POST, V1 "/zones", REPAIR, ROUTE_JSON, api_zone_add, "Add a zone"},
    {WEB_GET, V1 "/zones/{id}", ROLE_ALL, ROUTE_NO_BODY, api_zone_get, "Get one zone"},
    {WEB_PATCH, V1 "/zones/{id}", REPAIR, ROUTE_JSON, api_zone_change, "Change a zone"},
    {WEB_DELETE, V1 "/zones/{id}", REPAIR, ROUTE_NO_BODY, api_zone_delete,
     "Delete a zone that nothing refers to"},

    {WEB_GET, V1 "/nodes", ROLE_ALL, ROUTE_NO_BODY, api_node_list, "List nodes with live status"},
    {WEB_GET, V1 "/nodes/{id}", ROLE_ALL, ROUTE_NO_BODY, api_node_get, "Get one node"},
    {WEB_PATCH, V1 "/nodes/{id}", REPAIR | ROLE_OPERATOR, ROUTE_JSON, api_node_change,
     "Change a node; an operator only volume and mute"},
    {WEB_POST, V1 "/nodes/{id}/revoke", REPAIR, ROUTE_NO_BODY, api_node_revoke,
     "Refuse its certificate for ever"},
    {WEB_GET, V1 "/join-codes", REPAIR | ROLE_AUDITOR, ROUTE_NO_BODY, api_join_list,
     "List join codes"},
    {WEB_POST, V1 "/join-codes", REPAIR, ROUTE_JSON, api_join_add, "Make a join code for a node"},
    {WEB_DELETE, V1 "/join-codes/{id}", REPAIR, ROUTE_NO_BODY, api_join_withdraw,
     "Withdraw an unused join code"},

    {WEB_GET, V1 "/media", ROLE_ALL, ROUTE_NO_BODY, api_media_list, "List recordings"},
    {WEB_POST, V1 "/media", WRITERS, ROUTE_UPLOAD, api_upload_end, "Upload and import a recording"},
    {WEB_GET, V1 "/media/{sha256}", ROLE_ALL, ROUTE_NO_BODY, api_media_get, "Get one recording"},
    {WEB_GET, V1 "/media/{sha256}/file", ROLE_ALL, ROUTE_NO_BODY, api_media_file,
     "Download it as Ogg Opus"},
    {WEB_DELETE, V1 "/media/{sha256}", WRITERS, ROUTE_NO_BODY, api_media_delete,
     "Delete a recording that is not used"},

    {WEB_GET, V1 "/bulletins", ROLE_ALL, ROUTE_NO_BODY, api_bulletin_list, "List bulletins"},
    {WEB_POST, V1 "/bulletins", WRITERS, ROUTE_JSON, api_bulletin_add, "Write a draft"},
    {WEB_GET, V1 "/bulletins/{id}", ROLE_ALL, ROUTE_NO_BODY, api_bulletin_get,
     "Get one bulletin with its history"},
    {WEB_PUT, V1 "/bulletins/{id}", WRITERS, ROUTE_JSON, api_bulletin_change,
     "Change a draft or rejected bulletin"},
    {WEB_DELETE, V1 "/bulletins/{id}", WRITERS, ROUTE_NO_BODY, api_bulletin_delete,
     "Delete a draft or rejected bulletin"},
    {WEB_POST, V1 "/bulletins/{id}/submit", WRITERS, ROUTE_NO_BODY, api_bulletin_submit,
     "Hand in for approval"},
    {WEB_POST, V1 "/bulletins/{id}/approve", ROLE_APPROVER, ROUTE_NO_BODY, api_bulletin_approve,
     "Approve"},
    {WEB_POST, V1 "/bulletins/{id}/reject", ROLE_APPROVER, ROUTE_JSON, api_bulletin_reject,
     "Reject with a reason"},

    {WEB_GET, V1 "/events", ROLE_ALL, ROUTE_NO_BODY, api_event_list, "List events"},
    {WEB_POST, V1 "/events", ROLE_OPERATOR, ROUTE_JSON, api_event_add, "Schedule a bulletin"},
    {WEB_GET, V1 "/events/{id}", ROLE_ALL, ROUTE_NO_BODY, api_event_get, "Get one event"},
    {WEB_DELETE, V1 "/events/{id}", ROLE_OPERATOR, ROUTE_NO_BODY, api_event_cancel,
     "Cancel an event"},
    {WEB_GET, V1 "/schedule", ROLE_ALL, ROUTE_NO_BODY, api_schedule,
     "Occurrences in a span of time"},

    {WEB_GET, V1 "/broadcasts", ROLE_ALL, ROUTE_NO_BODY, api_broadcast_list, "List broadcasts"},
    {WEB_POST, V1 "/broadcasts", WRITERS, ROUTE_JSON, api_broadcast_play, "Play a bulletin now"},
    {WEB_POST, V1 "/broadcasts/stop", HANDS, ROUTE_NO_BODY, api_broadcast_stop_all,
     "Stop everything"},
    {WEB_GET, V1 "/broadcasts/{id}", ROLE_ALL, ROUTE_NO_BODY, api_broadcast_get,
     "Get one broadcast with targets and receipts"},
    {WEB_POST, V1 "/broadcasts/{id}/stop", HANDS, ROUTE_NO_BODY, api_broadcast_stop,
     "Stop one broadcast"},

    {WEB_GET, V1 "/journal", WATCH, ROUTE_NO_BODY, api_journal_list, "Read the journal"},
    {WEB_GET, V1 "/journal/verify", WATCH, ROUTE_NO_BODY, api_journal_verify,
     "Check the journal's chain"},
    {WEB_POST, V1 "/backup", ADMIN, ROUTE_NO_BODY, api_backup, "Download a backup of the database"},
    {WEB_GET, V1 "/metrics", WATCH | ROLE_TECHNICIAN, ROUTE_NO_BODY, api_metrics,
     "Counters for Prometheus"},
    {0},
};

const struct route *routes_all(void)
{
    return table;
}

static bool matches(const char *pattern, const char *path, char ret_param[2][80])
{
    size_t params = 0;

    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t len = strcspn(path, "/");

            if (len == 0 || len >= sizeof(ret_param[0]) || params == 2)
                return false;
            memcpy(ret_param[params], path, len);
            ret_param[params++][len] = '\0';
            path += len;
            pattern += strcspn(pattern, "}") + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

enum err routes_find(enum web_method method, const char *path, const struct route **ret_route,
                     char ret_param[2][80])
{
    enum err e = ERR_NOT_FOUND;

    for (const struct route *r = table; r->pattern != NULL; r++) {
        if (!matches(r->pattern, path, ret_param))
            continue;
        if (r->method == method) {
            *ret_route = r;
            return ERR_OK;
        }
        e = ERR_UNSUPPORTED;
    }
    return e;
}
