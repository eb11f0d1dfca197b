#include "alertmessage.h"

#include <stddef.h>

const char *alertmessage_state_name(enum alertmessage_state s)
{
    static const char *const names[ALERTMESSAGE_STATES] = {
        [ALERTMESSAGE_WAITING] = "waiting",     [ALERTMESSAGE_SOUNDED] = "sounded",
        [ALERTMESSAGE_RELEASED] = "released",   [ALERTMESSAGE_DISMISSED] = "dismissed",
        [ALERTMESSAGE_LOGGED] = "logged",       [ALERTMESSAGE_STOPPED] = "stopped",
        [ALERTMESSAGE_OVERTAKEN] = "overtaken",
    };

    return (size_t)s < ALERTMESSAGE_STATES ? names[s] : NULL;
}
