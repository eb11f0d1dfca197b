/* table_args.h - the arguments and columns that many rows of the table share, and its parts. For table*.c
 * only. */
#ifndef LOA_TABLE_ARGS_H
#define LOA_TABLE_ARGS_H

#include "command.h"

#define POS(name, value, help)                                          \
    {                                                                   \
        name, NULL, ARG_POSITION, ARG_PATH, ARG_TEXT, true, value, help \
    }
#define BODY_POS(name, value, help)                                     \
    {                                                                   \
        name, NULL, ARG_POSITION, ARG_BODY, ARG_TEXT, true, value, help \
    }
#define BODY_POS_AS(name, key, value, help)                            \
    {                                                                  \
        name, key, ARG_POSITION, ARG_BODY, ARG_TEXT, true, value, help \
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
#define CUE                                                               \
    QUERY("trim", NULL, "yes", "leave silence at both ends out"),         \
        QUERY("from-ms", "from_ms", "MS", "where it begins in the file"), \
        QUERY("to-ms", "to_ms", "MS", "where it ends"),                   \
        QUERY("fade-in-ms", "fade_in_ms", "MS", "at most 10000"),         \
        QUERY("fade-out-ms", "fade_out_ms", "MS", "at most 10000")
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
#define CONFLICT \
    TEXT("conflict", NULL, false, "refuse|append|replace", "with an equal one on its nodes")
#define RANK NUMBER("rank", NULL, false, "1..9", "who goes first of those of one level; 5")
#define IF_MATCH                                                              \
    {                                                                         \
        "if-match", NULL, ARG_OPTION, ARG_LOCAL, ARG_TEXT, false, "REVISION", \
            "only when it is still the one that event show said"              \
    }
#define CONFIRM_QUIET \
    FLAG("confirm-quiet", "quiet_confirmed", "yes, although it touches quiet hours")

#define LIVE                                                                                     \
    {"for", "duration_s", ARG_OPTION, ARG_BODY, ARG_LENGTH, false, "30m", "at most so long"},    \
        TEXT("title", NULL, false, "TITLE", "for people"),                                       \
        TEXT("priority", NULL, false, "LEVEL", "normal, priority or emergency"),                 \
        TEXT("fallback", NULL, false, "SHA256", "recording for when the source is lost"), WHERE, \
        CONFIRM_QUIET

#define REPORT_SPAN                                                      \
    QUERY("from", NULL, "DATE", "first local day; first of this month"), \
        QUERY("to", NULL, "DATE", "last day; today"),                    \
        QUERY("zone", NULL, "ID", "only the nodes that stand in this zone")

#define US_SPAN                                                         \
    QUERY("from-us", "from_us", "US", "at or after this station time"), \
        QUERY("to-us", "to_us", "US", "before this station time")

#define LENGTH(name, key, value, help)                                  \
    {                                                                   \
        name, key, ARG_OPTION, ARG_BODY, ARG_LENGTH, false, value, help \
    }
#define ALERT                                                                                    \
    TEXT("template", NULL, false, "NAME", "see loactl alert template list"),                     \
        LIST("fill", "values", ARG_TEXT, "BLANK=TEXT", "fill a blank of the template: noi=..."), \
        TEXT("title", NULL, false, "TITLE", "for people"),                                       \
        TEXT("text", NULL, false, "TEXT", "to speak"),                                           \
        TEXT("media", NULL, false, "SHA256", "a recording instead of speech"), WHERE,            \
        NUMBER("repeat", "repeats", false, "N", "plays of the message; until it expires else"),  \
        LENGTH("pause", "pause_s", "30s", "between two plays"),                                  \
        LENGTH("expires", "expires_s", "2h", "no play starts later; 1h by default"),             \
        FLAG("drill", NULL, "a drill, which says so; never an emergency"),                       \
        TEXT("why", NULL, false, "TEXT", "for the journal"), TOTP,                               \
        FLAG("preview", NULL, "only show what would sound, and where"), CONFIRM_QUIET
#define TOTP TEXT("totp", NULL, false, "CODE", "of the second factor")
#define ALERT_COLUMNS "id,state,title,message,tone,broadcast,expires_us"

#define BROADCAST_COLUMNS "id,state,title,priority,start_us,duration_ms,targets.all,targets.sounded"
#define BULLETIN_COLUMNS "id,state,title,kind,priority,duration_ms"

#define STATION_POLICY                                                                            \
    TEXT("name", NULL, false, "NAME", "of the station"),                                          \
        TEXT("signature", NULL, false, "SHA256", "recording that chimes sound"),                  \
        YESNO("author-may-approve", "author_may_approve",                                         \
              "may authors approve their own bulletins"),                                         \
        CLOCK("quiet-from", "quiet_from_min", "quiet hours begin"),                               \
        CLOCK("quiet-to", "quiet_to_min", "quiet hours end"),                                     \
        CLOCK("allowed-from", "allowed_from_min", "nodes may sound from"),                        \
        CLOCK("allowed-to", "allowed_to_min", "nodes may sound until"),                           \
        NUMBER("max-broadcast-s", "max_broadcast_s", false, "S", "longest broadcast"),            \
        NUMBER("late-tolerance-s", "late_tolerance_s", false, "S", "how late a start is joined"), \
        NUMBER("keep-days", "keep_days", false, "DAYS",                                           \
               "how long broadcasts and their sound are kept; 0 for ever"),                       \
        NUMBER("idle-min", "idle_min", false, "MINUTES",                                          \
               "a browser that is not used is signed out; 0 never"),                              \
        NUMBER("backup-at-min", "backup_at_min", false, "MIN",                                    \
               "daily backup, minutes after midnight; -1 none"),                                  \
        NUMBER("backup-keep", "backup_keep", false, "N", "backups that are kept"),                \
        TEXT("profile", NULL, false, "urban|rural|none",                                          \
             "quotas of the schedule: sessions a day, minutes a session, weekdays")

/* Of the part of a bulletin whose sound comes while it is on air. */
#define PART_SOURCE                                                                        \
    {"for",      NULL,  ARG_OPTION, ARG_LOCAL,                                             \
     ARG_LENGTH, false, "30m",      "how long a relay or live part sounds, at most 720m"}, \
        {"backup", NULL,  ARG_OPTION, ARG_LOCAL,                                           \
         ARG_TEXT, false, "URL",      "of a relay, when the first is lost or silent"},     \
    {                                                                                      \
        "fallback", NULL, ARG_OPTION, ARG_LOCAL, ARG_TEXT, false, "SHA256",                \
            "recording for when relay or live is lost"                                     \
    }

extern const struct command table_station[], table_programme[], table_people[];
extern const size_t table_station_count, table_programme_count, table_people_count;

#endif
