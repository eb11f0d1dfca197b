#include "emergency.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *title;
} signals[] = {
    [EMERGENCY_SIREN] = {"siren", "Còi báo động"},
    [EMERGENCY_ALL_CLEAR] = {"all_clear", "Tín hiệu báo yên"},
    [EMERGENCY_EVACUATE] = {"evacuate", "Tín hiệu sơ tán"},
    [EMERGENCY_TEST] = {"test", "Tín hiệu thử loa"},
};

const char *emergency_signal_name(enum emergency_signal signal)
{
    return (size_t)signal < sizeof(signals) / sizeof(signals[0]) ? signals[signal].name : NULL;
}

enum err emergency_signal_parse(const char *name, enum emergency_signal *ret_signal)
{
    for (int s = EMERGENCY_SIREN; s <= EMERGENCY_SIGNALS; s++) {
        if (strcmp(signals[s].name, name) != 0)
            continue;
        *ret_signal = (enum emergency_signal)s;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

const char *emergency_signal_title(enum emergency_signal signal)
{
    return (size_t)signal < sizeof(signals) / sizeof(signals[0]) ? signals[signal].title : NULL;
}

enum priority emergency_signal_priority(enum emergency_signal signal)
{
    return signal == EMERGENCY_TEST ? PRIORITY_NORMAL : PRIORITY_EMERGENCY;
}
