#include "routes.h"

#include <string.h>

#include "handlers.h"

#define ADMIN ROLE_ADMIN
#define WRITERS (ROLE_OPERATOR | ROLE_DISTRICT)
#define EMERGENCY (ROLE_DISTRICT | ROLE_ADMIN)
#define REPAIR (ROLE_TECHNICIAN | ROLE_ADMIN)
#define WATCH (ROLE_ADMIN | ROLE_AUDITOR)
#define HANDS (ROLE_ALL & ~(unsigned)ROLE_AUDITOR) /* everyone who may do anything at all */
#define V1 "/api/v1"

static const struct route table[] = {
    {WEB_GET, "/", ROUTE_ANYONE, ROUTE_NO_BODY, api_index, "The web console"},
    {WEB_GET, V1 "/health", ROUTE_ANYONE, ROUTE_NO_BODY, api_health, "Is the station alive"},
    {WEB_POST, V1 "/setup", ROUTE_ANYONE, ROUTE_JSON, api_setup,
     "Create the first administrator with the one-time code"},
    {WEB_POST, V1 "/login", ROUTE_ANYONE, ROUTE_JSON, api_login, "Sign in"},
    {WEB_POST, V1 "/logout", ROLE_ALL, ROUTE_NO_BODY, api_logout, "Sign out"},
    {WEB_GET, V1 "/whoami", ROLE_ALL, ROUTE_NO_BODY, api_whoami, "Who is signed in"},
    {WEB_PATCH, V1 "/whoami", ROLE_ALL, ROUTE_JSON, api_whoami_change,
     "Change the own name and language"},
    {WEB_POST, V1 "/whoami/password", ROLE_ALL, ROUTE_JSON, api_own_password,
     "Change the own password"},
    {WEB_GET, V1 "/updates", ROLE_ALL, ROUTE_NO_BODY, api_updates,
     "Watch what changes, as server-sent events"},

    {WEB_GET, V1 "/users", WATCH, ROUTE_NO_BODY, api_user_list, "List accounts"},
    {WEB_POST, V1 "/users", ADMIN, ROUTE_JSON, api_user_add, "Add an account"},
    {WEB_GET, V1 "/users/{id}", WATCH, ROUTE_NO_BODY, api_user_get, "Get one account"},
    {WEB_PATCH, V1 "/users/{id}", ADMIN, ROUTE_JSON, api_user_change,
     "Change name, roles, password or disable"},
    {WEB_GET, V1 "/users/{id}/alert-area", WATCH, ROUTE_NO_BODY, api_alert_area_get,
     "Zones that an account may alert"},
    {WEB_PUT, V1 "/users/{id}/alert-area", ADMIN, ROUTE_JSON, api_alert_area_set,
     "Limit the zones that an account may alert"},
    {WEB_DELETE, V1 "/users/{id}/totp", ADMIN, ROUTE_NO_BODY, api_totp_delete,
     "Remove the second factor of an account"},
    {WEB_POST, V1 "/whoami/totp", ROLE_ALL, ROUTE_NO_BODY, api_totp_begin,
     "Set up the own second factor: get its secret"},
    {WEB_POST, V1 "/whoami/totp/confirm", ROLE_ALL, ROUTE_JSON, api_totp_confirm,
     "Prove the own second factor with a first code"},
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
    {WEB_POST, V1 "/nodes/{id}/test", REPAIR | ROLE_OPERATOR, ROUTE_NO_BODY, api_node_test,
     "Let it play a test tone and listen for it"},
    {WEB_POST, V1 "/nodes/{id}/reboot", REPAIR, ROUTE_NO_BODY, api_node_reboot,
     "Start its board anew"},
    {WEB_POST, V1 "/nodes/{id}/walk-test", REPAIR, ROUTE_JSON, api_node_walk_test,
     "Let it repeat the test tone while somebody walks about"},
    {WEB_GET, V1 "/nodes/{id}/history", ROLE_ALL, ROUTE_NO_BODY, api_node_history,
     "What it measured in a span of time"},
    {WEB_GET, V1 "/nodes/{id}/photo", ROLE_ALL, ROUTE_NO_BODY, api_photo_get, "Its photo"},
    {WEB_PUT, V1 "/nodes/{id}/photo", REPAIR, ROUTE_PHOTO, api_photo_put, "Upload its photo"},
    {WEB_DELETE, V1 "/nodes/{id}/photo", REPAIR, ROUTE_NO_BODY, api_photo_delete,
     "Remove its photo"},
    {WEB_GET, V1 "/nodes/{id}/commissioning", ROLE_ALL, ROUTE_NO_BODY, api_commissioning_get,
     "Its checklist of commissioning"},
    {WEB_PATCH, V1 "/nodes/{id}/commissioning", REPAIR, ROUTE_JSON, api_commissioning_change,
     "Tick an item of the checklist, or take the tick back"},
    {WEB_POST, V1 "/nodes/{id}/commissioning/sign", REPAIR, ROUTE_NO_BODY, api_commissioning_sign,
     "Sign the complete checklist off"},
    {WEB_GET, V1 "/join-codes", REPAIR | ROLE_AUDITOR, ROUTE_NO_BODY, api_join_list,
     "List join codes"},
    {WEB_POST, V1 "/join-codes", REPAIR, ROUTE_JSON, api_join_add, "Make a join code for a node"},
    {WEB_DELETE, V1 "/join-codes/{id}", REPAIR, ROUTE_NO_BODY, api_join_withdraw,
     "Withdraw an unused join code"},

    {WEB_GET, V1 "/alarms", ROLE_ALL, ROUTE_NO_BODY, api_alarm_list,
     "List the alarms that stand, or all with their history"},
    {WEB_POST, V1 "/alarms/{id}/acknowledge", HANDS, ROUTE_NO_BODY, api_alarm_acknowledge,
     "Take note of an alarm"},

    {WEB_GET, V1 "/media", ROLE_ALL, ROUTE_NO_BODY, api_media_list, "List recordings"},
    {WEB_POST, V1 "/media", WRITERS, ROUTE_UPLOAD, api_upload_end, "Upload and import a recording"},
    {WEB_GET, V1 "/media/{sha256}", ROLE_ALL, ROUTE_NO_BODY, api_media_get, "Get one recording"},
    {WEB_GET, V1 "/media/{sha256}/file", ROLE_ALL, ROUTE_NO_BODY, api_media_file,
     "Download it as Ogg Opus"},
    {WEB_GET, V1 "/media/{sha256}/peaks", ROLE_ALL, ROUTE_NO_BODY, api_media_peaks,
     "Get its shape, to be drawn"},
    {WEB_PATCH, V1 "/media/{sha256}", WRITERS, ROUTE_JSON, api_media_change,
     "Rename or archive a recording"},
    {WEB_GET, V1 "/media/{sha256}/uses", ROLE_ALL, ROUTE_NO_BODY, api_media_uses,
     "Where a recording is used"},
    {WEB_POST, V1 "/media/{sha256}/replace", WRITERS, ROUTE_JSON, api_media_replace,
     "Put another recording in its place in all bulletins"},
    {WEB_POST, V1 "/media/{sha256}/cut", WRITERS, ROUTE_JSON, api_media_cut,
     "Make a recording of a piece of it, without loss"},
    {WEB_POST, V1 "/uploads", WRITERS, ROUTE_JSON, api_resume_begin,
     "Begin an upload that can be resumed"},
    {WEB_GET, V1 "/uploads/{id}", WRITERS, ROUTE_NO_BODY, api_resume_get,
     "How much of an upload has come"},
    {WEB_PATCH, V1 "/uploads/{id}", WRITERS, ROUTE_PART, api_resume_part,
     "Bring the next part of an upload"},
    {WEB_POST, V1 "/uploads/{id}/complete", WRITERS, ROUTE_NO_BODY, api_resume_complete,
     "Import a complete upload as a recording"},
    {WEB_DELETE, V1 "/uploads/{id}", WRITERS, ROUTE_NO_BODY, api_resume_delete,
     "Give an upload up"},
    {WEB_DELETE, V1 "/media/{sha256}", WRITERS, ROUTE_NO_BODY, api_media_delete,
     "Delete a recording that is not used"},

    {WEB_POST, V1 "/speech", WRITERS, ROUTE_JSON, api_speech_add, "Speak a text into a recording"},
    {WEB_GET, V1 "/dictionary", ROLE_ALL, ROUTE_NO_BODY, api_dictionary_list,
     "How names are spoken"},
    {WEB_POST, V1 "/dictionary", WRITERS, ROUTE_JSON, api_dictionary_put,
     "Say how a name is spoken"},
    {WEB_DELETE, V1 "/dictionary/{id}", WRITERS, ROUTE_NO_BODY, api_dictionary_delete,
     "Forget how a name is spoken"},

    {WEB_GET, V1 "/bulletins", ROLE_ALL, ROUTE_NO_BODY, api_bulletin_list, "List bulletins"},
    {WEB_POST, V1 "/bulletins", WRITERS, ROUTE_JSON, api_bulletin_add, "Write a draft"},
    {WEB_GET, V1 "/bulletins/{id}", ROLE_ALL, ROUTE_NO_BODY, api_bulletin_get,
     "Get one bulletin with its history"},
    {WEB_PUT, V1 "/bulletins/{id}", WRITERS, ROUTE_JSON, api_bulletin_change,
     "Change a draft or rejected bulletin"},
    {WEB_DELETE, V1 "/bulletins/{id}", WRITERS, ROUTE_NO_BODY, api_bulletin_delete,
     "Delete a draft or rejected bulletin"},
    {WEB_POST, V1 "/bulletins/{id}/copy", WRITERS, ROUTE_JSON, api_bulletin_copy,
     "Write a draft like another bulletin or a template"},
    {WEB_POST, V1 "/bulletins/{id}/submit", WRITERS, ROUTE_NO_BODY, api_bulletin_submit,
     "Hand in for approval"},
    {WEB_POST, V1 "/bulletins/{id}/approve", ROLE_APPROVER, ROUTE_NO_BODY, api_bulletin_approve,
     "Approve"},
    {WEB_POST, V1 "/bulletins/{id}/reject", ROLE_APPROVER, ROUTE_JSON, api_bulletin_reject,
     "Reject with a reason, or take an approval back"},

    {WEB_GET, V1 "/events", ROLE_ALL, ROUTE_NO_BODY, api_event_list, "List events"},
    {WEB_POST, V1 "/events", ROLE_OPERATOR, ROUTE_JSON, api_event_add, "Schedule a bulletin"},
    {WEB_GET, V1 "/events/{id}", ROLE_ALL, ROUTE_NO_BODY, api_event_get, "Get one event"},
    {WEB_DELETE, V1 "/events/{id}", ROLE_OPERATOR, ROUTE_NO_BODY, api_event_cancel,
     "Cancel an event"},
    {WEB_PATCH, V1 "/events/{id}", ROLE_OPERATOR, ROUTE_JSON, api_event_change,
     "Change an event: all of it, this and following occurrences, or one"},
    {WEB_POST, V1 "/events/{id}/skip", ROLE_OPERATOR, ROUTE_JSON, api_event_skip,
     "Leave one occurrence out"},
    {WEB_POST, V1 "/events/{id}/move", ROLE_OPERATOR, ROUTE_JSON, api_event_move,
     "Start one occurrence at another time"},
    {WEB_POST, V1 "/schedule/copy-week", ROLE_OPERATOR, ROUTE_JSON, api_schedule_copy_week,
     "Add the occurrences of one week to another"},
    {WEB_POST, V1 "/schedule/load", ROLE_OPERATOR, ROUTE_JSON, api_schedule_load,
     "Schedule what an iCalendar file names"},
    {WEB_GET, V1 "/schedule/export", ROLE_ALL, ROUTE_NO_BODY, api_schedule_export,
     "All events as an iCalendar file"},
    {WEB_GET, V1 "/schedule/preview", ROLE_ALL, ROUTE_NO_BODY, api_schedule_preview,
     "What will sound, and what is wrong with it"},
    {WEB_GET, V1 "/nodes/{id}/why", ROLE_ALL, ROUTE_NO_BODY, api_node_why,
     "What sounds on a node at an instant, what does not, and why"},
    {WEB_GET, V1 "/schedule", ROLE_ALL, ROUTE_NO_BODY, api_schedule,
     "Occurrences in a span of time"},

    {WEB_GET, V1 "/emergency-set", ROLE_ALL, ROUTE_NO_BODY, api_emergency_list,
     "List what every node holds for emergencies"},
    {WEB_PUT, V1 "/emergency-set/{signal}", EMERGENCY, ROUTE_JSON, api_emergency_set,
     "Make a recording an emergency signal"},
    {WEB_POST, V1 "/emergency-set/{signal}/play", EMERGENCY, ROUTE_JSON, api_emergency_play,
     "Sound an emergency signal now"},

    {WEB_GET, V1 "/alerts", ROLE_ALL, ROUTE_NO_BODY, api_alert_list, "List alerts"},
    {WEB_POST, V1 "/alerts", HANDS, ROUTE_JSON, api_alert_new,
     "Alert people now, as far as the station's policy allows it"},
    {WEB_GET, V1 "/alerts/{id}", ROLE_ALL, ROUTE_NO_BODY, api_alert_get, "Get one alert"},
    {WEB_POST, V1 "/alerts/{id}/update", HANDS, ROUTE_JSON, api_alert_update,
     "Replace a live alert by another"},
    {WEB_POST, V1 "/alerts/{id}/confirm", HANDS, ROUTE_JSON, api_alert_confirm,
     "Confirm another person's alert"},
    {WEB_POST, V1 "/alerts/{id}/cancel", HANDS, ROUTE_JSON, api_alert_cancel,
     "Silence an alert, or withdraw one that waits"},
    {WEB_POST, V1 "/alerts/{id}/all-clear", HANDS, ROUTE_JSON, api_alert_all_clear,
     "End an alert and tell people that it is over"},
    {WEB_GET, V1 "/alert-templates", ROLE_ALL, ROUTE_NO_BODY, api_alert_template_list,
     "List the texts for alerts"},
    {WEB_GET, V1 "/alert-templates/{name}", ROLE_ALL, ROUTE_NO_BODY, api_alert_template_get,
     "Get one text"},
    {WEB_PUT, V1 "/alert-templates/{name}", WRITERS | ROLE_ADMIN, ROUTE_JSON,
     api_alert_template_set, "Change title and text of one"},
    {WEB_GET, V1 "/alert-policy", ROLE_ALL, ROUTE_NO_BODY, api_alert_policy_get,
     "Who may alert, and what else it takes"},
    {WEB_PATCH, V1 "/alert-policy", ADMIN, ROUTE_JSON, api_alert_policy_change,
     "Change who may alert, and what else it takes"},
    {WEB_POST, V1 "/alerts/cap", EMERGENCY, ROUTE_CAP, api_cap_end, "Hand in a CAP message"},
    {WEB_GET, "/cap/feed.atom", ROUTE_ANYONE, ROUTE_NO_BODY, api_published_feed,
     "What this station alerts of, as an Atom feed"},
    {WEB_GET, "/cap/signer.pem", ROUTE_ANYONE, ROUTE_NO_BODY, api_published_signer,
     "Certificate of who signs what this station publishes"},
    {WEB_GET, "/cap/{file}", ROUTE_ANYONE, ROUTE_NO_BODY, api_published_message,
     "One published alert or report, as a signed CAP message"},
    {WEB_GET, V1 "/alert-messages", ROLE_ALL, ROUTE_NO_BODY, api_cap_list,
     "List CAP messages that came in, or only those that wait for a person"},
    {WEB_GET, V1 "/alert-messages/{id}", ROLE_ALL, ROUTE_NO_BODY, api_cap_get,
     "Get one CAP message with its verdict"},
    {WEB_POST, V1 "/alert-messages/{id}/release", EMERGENCY, ROUTE_NO_BODY, api_cap_release,
     "Let a message that waits sound, or end what it refers to"},
    {WEB_POST, V1 "/alert-messages/{id}/dismiss", EMERGENCY, ROUTE_NO_BODY, api_cap_dismiss,
     "Let nothing come of a message that waits"},

    {WEB_GET, V1 "/broadcasts", ROLE_ALL, ROUTE_NO_BODY, api_broadcast_list, "List broadcasts"},
    {WEB_POST, V1 "/broadcasts", WRITERS, ROUTE_JSON, api_broadcast_play, "Play a bulletin now"},
    {WEB_POST, V1 "/broadcasts/stop", HANDS, ROUTE_NO_BODY, api_broadcast_stop_all,
     "Stop everything"},
    {WEB_GET, V1 "/broadcasts/{id}", ROLE_ALL, ROUTE_NO_BODY, api_broadcast_get,
     "Get one broadcast with targets and receipts"},
    {WEB_POST, V1 "/broadcasts/{id}/stop", HANDS, ROUTE_NO_BODY, api_broadcast_stop,
     "Stop one broadcast"},
    {WEB_POST, V1 "/live", WRITERS, ROUTE_JSON, api_live_begin,
     "Speak or relay now: begin a live broadcast"},
    {WEB_GET, V1 "/broadcasts/{id}/listen", ROLE_ALL, ROUTE_NO_BODY, api_listen,
     "Listen to what is on air, as Ogg Opus"},
    {WEB_POST, V1 "/broadcasts/{id}/sound", WRITERS, ROUTE_SOUND, api_sound_end,
     "Bring the sound of a live broadcast as 48 kHz mono s16le"},
    {WEB_GET, V1 "/broadcasts/{id}/talk", WRITERS, ROUTE_NO_BODY, api_talk,
     "Speak in a live broadcast over a WebSocket"},
    {WEB_POST, V1 "/broadcasts/{id}/hang-up", WRITERS, ROUTE_NO_BODY, api_live_hang_up,
     "End a live broadcast when what was said has sounded"},

    {WEB_GET, V1 "/reports/{by}", ROLE_ALL, ROUTE_NO_BODY, api_report,
     "What the receipts of a span of days add up to, by hamlet"},
    {WEB_GET, V1 "/journal", WATCH, ROUTE_NO_BODY, api_journal_list, "Read the journal"},
    {WEB_GET, V1 "/journal/verify", WATCH, ROUTE_NO_BODY, api_journal_verify,
     "Check the journal's chain"},
    {WEB_POST, V1 "/backup", ADMIN, ROUTE_NO_BODY, api_backup, "Download a backup of the database"},
    {WEB_GET, V1 "/backups", ADMIN, ROUTE_NO_BODY, api_backup_list,
     "Backups that the station keeps"},
    {WEB_POST, V1 "/backups", ADMIN, ROUTE_NO_BODY, api_backup_make, "Make a backup and keep it"},
    {WEB_GET, V1 "/backups/{name}", ADMIN, ROUTE_NO_BODY, api_backup_get, "Download a backup"},
    {WEB_DELETE, V1 "/backups/{name}", ADMIN, ROUTE_NO_BODY, api_backup_delete, "Remove a backup"},
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
