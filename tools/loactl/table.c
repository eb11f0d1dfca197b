#include "command.h"

#include "special.h"

#define POS(name, value, help)                                          \
    {                                                                   \
        name, NULL, ARG_POSITION, ARG_PATH, ARG_TEXT, true, value, help \
    }
#define BODY_POS(name, value, help)                                     \
    {                                                                   \
        name, NULL, ARG_POSITION, ARG_BODY, ARG_TEXT, true, value, help \
    }
#define TEXT(name, key, need, value, help)                           \
    {                                                                \
        name, key, ARG_OPTION, ARG_BODY, ARG_TEXT, need, value, help \
    }
#define NUMBER(name, key, need, value, help)                           \
    {                                                                  \
        name, key, ARG_OPTION, ARG_BODY, ARG_NUMBER, need, value, help \
    }
#define CLOCK(name, key, help)                                           \
    {                                                                    \
        name, key, ARG_OPTION, ARG_BODY, ARG_CLOCK, false, "HH:MM", help \
    }
#define YESNO(name, key, help)                                            \
    {                                                                     \
        name, key, ARG_OPTION, ARG_BODY, ARG_YESNO, false, "yes|no", help \
    }
#define FLAG(name, key, help)                                       \
    {                                                               \
        name, key, ARG_FLAG, ARG_BODY, ARG_YESNO, false, NULL, help \
    }
#define LIST(name, key, type, value, help)                        \
    {                                                             \
        name, key, ARG_REPEAT, ARG_BODY, type, false, value, help \
    }
#define QUERY(name, key, value, help)                                  \
    {                                                                  \
        name, key, ARG_OPTION, ARG_QUERY, ARG_TEXT, false, value, help \
    }
#define PAGE                                                \
    QUERY("after", NULL, "N", "go on after this position"), \
        QUERY("limit", NULL, "N", "rows at most")
#define PASSWORD                                                             \
    {                                                                        \
        "password-stdin", NULL, ARG_FLAG, ARG_LOCAL, ARG_YESNO, false, NULL, \
            "read the password from standard input"                          \
    }
#define WHERE                                           \
    FLAG("everyone", NULL, "all nodes of the station"), \
        LIST("zone", "zones", ARG_NUMBER, "ID", "a zone, with all zones in it")
#define REPEATS                                              \
    NUMBER("repeats", NULL, false, "1..10", "plays in all"), \
        NUMBER("pause-ms", "pause_ms", false, "MS", "between two plays")
#define CONFIRM_QUIET \
    FLAG("confirm-quiet", "quiet_confirmed", "yes, although it touches quiet hours")

#define BROADCAST_COLUMNS "id,state,title,priority,start_us,duration_ms,targets.all,targets.sounded"
#define BULLETIN_COLUMNS "id,state,title,kind,priority,duration_ms"

const struct command command_table[] = {
    {NULL, "setup", "Create the first administrator with the one-time code", .done = NULL,
     .args = {TEXT("code", NULL, true, "CODE", "printed at the controller's first start"),
              TEXT("login", NULL, true, "LOGIN", "short name to sign in with"),
              TEXT("name", NULL, true, "NAME", "full name"), PASSWORD},
     .run = special_setup},
    {NULL, "login", "Sign in", .args = {BODY_POS("login", "LOGIN", "your short name"), PASSWORD},
     .run = special_login},
    {NULL, "logout", "Sign out and forget the session", .run = special_logout},
    {NULL, "whoami", "Say who is signed in", "GET", "/whoami",
     .columns = "user.login,user.name,user.roles"},
    {NULL, "status", "The station at a glance", "GET", "/station", .columns = "code,name,timezone"},
    {NULL, "play", "Play an approved bulletin now", "POST", "/broadcasts", .columns = "id",
     .args = {{"bulletin", "bulletin", ARG_POSITION, ARG_BODY, ARG_NUMBER, true, "BULLETIN",
               "its id"},
              WHERE,
              REPEATS,
              CONFIRM_QUIET}},
    {NULL, "stop", "Stop everything that sounds", "POST", "/broadcasts/stop", .done = "Stopped."},

    {"station", "show", "Show the station and its policy", "GET", "/station",
     .columns = "code,name,timezone,author_may_approve,quiet_from_min,quiet_to_min,"
                "allowed_from_min,allowed_to_min,max_broadcast_s,late_tolerance_s"},
    {"station", "set", "Change the station's name or policy", "PATCH", "/station",
     .done = "Changed.",
     .args = {TEXT("name", NULL, false, "NAME", "of the station"),
              YESNO("author-may-approve", "author_may_approve",
                    "may authors approve their own bulletins"),
              CLOCK("quiet-from", "quiet_from_min", "quiet hours begin"),
              CLOCK("quiet-to", "quiet_to_min", "quiet hours end"),
              CLOCK("allowed-from", "allowed_from_min", "nodes may sound from"),
              CLOCK("allowed-to", "allowed_to_min", "nodes may sound until"),
              NUMBER("max-broadcast-s", "max_broadcast_s", false, "S", "longest broadcast"),
              NUMBER("late-tolerance-s", "late_tolerance_s", false, "S",
                     "how late a start is joined")}},

    {"zone", "list", "List zones", "GET", "/zones", "items", "id,code,name,parent", .args = {PAGE}},
    {"zone", "add", "Add a zone", "POST", "/zones", .columns = "id",
     .args = {BODY_POS("code", "CODE", "local code, unique in the station"),
              TEXT("name", NULL, true, "NAME", "of the hamlet"),
              NUMBER("parent", NULL, false, "ID", "zone it lies in")}},
    {"zone", "set", "Change a zone", "PATCH", "/zones/{id}", .done = "Changed.",
     .args = {POS("id", "ID", "of the zone"), TEXT("code", NULL, false, "CODE", "local code"),
              TEXT("name", NULL, false, "NAME", "of the hamlet"),
              NUMBER("parent", NULL, false, "ID", "zone it lies in")}},
    {"zone", "delete", "Delete a zone that nothing refers to", "DELETE", "/zones/{id}",
     .done = "Deleted.", .args = {POS("id", "ID", "of the zone")}},

    {"node", "list", "List nodes with what they do now", "GET", "/nodes", "items",
     "id,name,zone,state,online,muted,status.rms_mdb,status.clock_uncertainty_us,status.cached_"
     "count",
     .args = {PAGE}},
    {"node", "show", "Show one node", "GET", "/nodes/{id}",
     .columns =
         "id,name,zone,state,online,firmware,hardware,volume_mdb,emergency_volume_mdb,delay_us,"
         "muted,status_us,status",
     .args = {POS("id", "ID", "of the node")}},
    {"node", "set", "Change a node", "PATCH", "/nodes/{id}", .done = "Changed.",
     .args = {POS("id", "ID", "of the node"), TEXT("name", NULL, false, "NAME", "of the place"),
              NUMBER("zone", NULL, false, "ID", "zone it belongs to"),
              NUMBER("volume-mdb", "volume_mdb", false, "MDB", "-60000..0"),
              NUMBER("emergency-volume-mdb", "emergency_volume_mdb", false, "MDB", "-60000..0"),
              NUMBER("delay-us", "delay_us", false, "US", "0..1000000"),
              YESNO("muted", NULL, "nothing sounds, emergencies neither")}},
    {"node", "revoke", "Refuse a node's certificate for ever", "POST", "/nodes/{id}/revoke",
     .done = "Revoked.", .args = {POS("id", "ID", "of the node")}},
    {"node", "join-code", "Make a single-use join code for a new node", "POST", "/join-codes",
     .columns = "code,expires_us",
     .args = {NUMBER("zone", NULL, true, "ID", "zone it will belong to"),
              TEXT("name", NULL, true, "NAME", "of the place"),
              NUMBER("valid-s", "valid_s", false, "S", "how long the code works")}},
    {"node", "join-codes", "List join codes", "GET", "/join-codes", "items",
     "id,name,zone,state,expires_us,node", .args = {PAGE}},
    {"node", "withdraw-code", "Make an unused join code worthless", "DELETE", "/join-codes/{id}",
     .done = "Withdrawn.", .args = {POS("id", "ID", "of the code")}},

    {"media", "list", "List recordings", "GET", "/media", "items",
     "sha256,title,duration_ms,loudness_mlufs,true_peak_mdb", .args = {PAGE}},
    {"media", "show", "Show one recording", "GET", "/media/{id}",
     .columns = "sha256,title,source_name,duration_ms,loudness_mlufs,true_peak_mdb,gain_mdb,size_"
                "bytes,created_us",
     .args = {POS("id", "SHA256", "of the recording")}},
    {"media", "import", "Upload a recording; it is decoded, levelled and encoded", "POST", "/media",
     .columns = "sha256,title,duration_ms,loudness_mlufs,true_peak_mdb,gain_mdb",
     .args = {{"file", NULL, ARG_POSITION, ARG_LOCAL, ARG_TEXT, true, "FILE",
               "WAV, MP3, M4A, OGG, Opus or FLAC"},
              QUERY("title", NULL, "TITLE", "for people; the file's name by default"),
              QUERY("name", NULL, "NAME", "file name to remember")},
     .run = special_media_import},
    {"media", "download", "Save a recording as Ogg Opus", "GET", "/media/{id}/file",
     .args = {POS("id", "SHA256", "of the recording"),
              {"file", NULL, ARG_POSITION, ARG_LOCAL, ARG_TEXT, true, "FILE", "to write"}},
     .run = special_media_download},
    {"media", "delete", "Delete a recording that is not used", "DELETE", "/media/{id}",
     .done = "Deleted.", .args = {POS("id", "SHA256", "of the recording")}},

    {"bulletin", "list", "List bulletins", "GET", "/bulletins", "items", BULLETIN_COLUMNS,
     .args = {PAGE}},
    {"bulletin", "show", "Show one bulletin with its approval", "GET", "/bulletins/{id}",
     .columns = BULLETIN_COLUMNS ",reason,parts,history",
     .args = {POS("id", "ID", "of the bulletin")}},
    {"bulletin", "add", "Write a draft", "POST", "/bulletins", .columns = "id",
     .args = {TEXT("title", NULL, true, "TITLE", "for people"),
              TEXT("kind", NULL, false, "KIND",
                   "notice, news, law, health, weather, culture, emergency"),
              TEXT("priority", NULL, false, "LEVEL", "normal, priority or emergency"),
              LIST("media", NULL, ARG_TEXT, "SHA256", "a part, in order"),
              NUMBER("expires-us", "expires_us", false, "US",
                     "nothing of it sounds from then on")}},
    {"bulletin", "submit", "Hand a draft in for approval", "POST", "/bulletins/{id}/submit",
     .done = "Submitted.", .args = {POS("id", "ID", "of the bulletin")}},
    {"bulletin", "approve", "Approve a bulletin", "POST", "/bulletins/{id}/approve",
     .done = "Approved.", .args = {POS("id", "ID", "of the bulletin")}},
    {"bulletin", "reject", "Reject a bulletin", "POST", "/bulletins/{id}/reject",
     .done = "Rejected.",
     .args = {POS("id", "ID", "of the bulletin"),
              TEXT("reason", NULL, true, "TEXT", "for its author")}},
    {"bulletin", "delete", "Delete a draft or rejected bulletin", "DELETE", "/bulletins/{id}",
     .done = "Deleted.", .args = {POS("id", "ID", "of the bulletin")}},

    {"event", "list", "List events", "GET", "/events", "items",
     "id,bulletin,kind,start,weekdays,zones,cancelled", .args = {PAGE}},
    {"event", "show", "Show one event", "GET", "/events/{id}",
     .columns =
         "id,bulletin,kind,start,weekdays,from,until,zones,everyone,repeats,pause_ms,cancelled",
     .args = {POS("id", "ID", "of the event")}},
    {"event", "add", "Schedule a bulletin once or weekly", "POST", "/events", .columns = "id",
     .args = {NUMBER("bulletin", NULL, true, "ID", "approved or soon to be"),
              {"at", NULL, ARG_OPTION, ARG_LOCAL, ARG_TEXT, true, "DATETIME",
               "local start, 2026-11-23T05:30; of a weekly one its first day and its time"},
              {"weekday", NULL, ARG_REPEAT, ARG_LOCAL, ARG_TEXT, false, "DAY",
               "mon, tue, wed, thu, fri, sat or sun: makes it weekly"},
              {"until", NULL, ARG_OPTION, ARG_LOCAL, ARG_TEXT, false, "DATE",
               "last day of a weekly one"},
              WHERE,
              REPEATS,
              CONFIRM_QUIET},
     .run = special_event_add},
    {"event", "cancel", "Cancel an event and what it had planned", "DELETE", "/events/{id}",
     .done = "Cancelled.", .args = {POS("id", "ID", "of the event")}},

    {"schedule", "show", "List occurrences in a span of time", "GET", "/schedule", "items",
     "start_us,end_us,event,bulletin,title,bulletin_state,quiet,broadcast",
     .args = {QUERY("from-us", "from_us", "US", "station time; now by default"),
              QUERY("before-us", "before_us", "US", "a week later by default")}},

    {"broadcast", "list", "List broadcasts", "GET", "/broadcasts", "items", BROADCAST_COLUMNS,
     .args = {PAGE}},
    {"broadcast", "show", "Show one broadcast with each node's receipt", "GET", "/broadcasts/{id}",
     .columns = "id,state,title,priority,start_us,end_us,duration_ms,repeats", .rows = "targets",
     .row_columns = "name,state,receipt.outcome,receipt.reason,receipt.actual_start_us,"
                    "receipt.start_error_us,receipt.gaps,receipt.rms_mdb,receipt.carrier,note",
     .args = {POS("id", "ID", "of the broadcast")}},
    {"broadcast", "stop", "Stop one broadcast", "POST", "/broadcasts/{id}/stop", .done = "Stopped.",
     .args = {POS("id", "ID", "of the broadcast")}},

    {"user", "list", "List accounts", "GET", "/users", "items", "id,login,name,roles,disabled",
     .args = {PAGE}},
    {"user", "add", "Add an account", "POST", "/users", .columns = "id",
     .args = {BODY_POS("login", "LOGIN", "short name to sign in with"),
              TEXT("name", NULL, true, "NAME", "full name"),
              LIST("role", "roles", ARG_TEXT, "ROLE",
                   "operator, approver, technician, district, admin, auditor"),
              PASSWORD},
     .run = special_user_add},
    {"user", "set", "Change an account", "PATCH", "/users/{id}", .done = "Changed.",
     .args = {POS("id", "ID", "of the account"), TEXT("name", NULL, false, "NAME", "full name"),
              LIST("role", "roles", ARG_TEXT, "ROLE", "all roles it then has"),
              YESNO("disabled", NULL, "no sign-in any more")}},

    {"journal", "list", "Read the journal", "GET", "/journal", "items",
     "seq,at_us,actor,action,object,detail",
     .args = {PAGE, QUERY("object", NULL, "NAME", "only of this object, e.g. bulletin:12")}},
    {"journal", "verify", "Check that no entry was changed, removed or inserted",
     .columns = "intact,checked,last_seq,last_hash", .run = special_journal_verify},
    {"backup", "create", "Save a copy of the station's database",
     .args = {{"file", NULL, ARG_POSITION, ARG_LOCAL, ARG_TEXT, true, "FILE", "to write"}},
     .run = special_backup},
};

const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);
