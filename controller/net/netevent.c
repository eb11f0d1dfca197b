#include "netevent.h"

const char *net_reason_name(enum net_reason reason)
{
    static const char *const names[NET_REASON_COUNT_] = {
        [NET_REASON_NONE] = "none",         [NET_REASON_STATION] = "station",
        [NET_REASON_NODE] = "node",         [NET_REASON_LOST] = "lost",
        [NET_REASON_SILENT] = "silent",     [NET_REASON_PROTOCOL] = "protocol",
        [NET_REASON_TOO_SLOW] = "too_slow", [NET_REASON_NO_MEMORY] = "no_memory",
    };

    return (unsigned)reason < NET_REASON_COUNT_ ? names[reason] : "none";
}

const char *net_counter_name(enum net_counter counter)
{
    static const char *const names[NET_COUNT_COUNT_] = {
        [NET_COUNT_CONNECTIONS] = "loa_net_connections",
        [NET_COUNT_HANDSHAKES] = "loa_net_handshakes",
        [NET_COUNT_ACCEPTED] = "loa_net_accepted_total",
        [NET_COUNT_SESSIONS] = "loa_net_sessions_total",
        [NET_COUNT_RESUMED] = "loa_net_resumed_total",
        [NET_COUNT_ENROLMENTS] = "loa_net_enrolments_total",
        [NET_COUNT_REFUSED_FULL] = "loa_net_refused_full_total",
        [NET_COUNT_REFUSED_AUTH] = "loa_net_refused_auth_total",
        [NET_COUNT_REFUSED_FORMAT] = "loa_net_refused_format_total",
        [NET_COUNT_REFUSED_TIMEOUT] = "loa_net_refused_timeout_total",
        [NET_COUNT_CLOSED_PROTOCOL] = "loa_net_closed_protocol_total",
        [NET_COUNT_CLOSED_TOO_SLOW] = "loa_net_closed_too_slow_total",
        [NET_COUNT_CLOSED_SILENT] = "loa_net_closed_silent_total",
        [NET_COUNT_CLOSED_OTHER] = "loa_net_closed_other_total",
        [NET_COUNT_BYTES_IN] = "loa_net_bytes_in_total",
        [NET_COUNT_BYTES_OUT] = "loa_net_bytes_out_total",
        [NET_COUNT_MESSAGES_IN] = "loa_net_messages_in_total",
        [NET_COUNT_TIME_REPLIES] = "loa_net_time_replies_total",
        [NET_COUNT_BUNDLES_SENT] = "loa_net_bundles_sent_total",
        [NET_COUNT_BUNDLES_DROPPED] = "loa_net_bundles_dropped_total",
    };

    return (unsigned)counter < NET_COUNT_COUNT_ ? names[counter] : NULL;
}
