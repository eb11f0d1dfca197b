/* emergency.h - the emergency set: a few recordings that every node holds at all times.
 *
 * So a warning needs no transfer, only one short order to each node. Thread: any; plain data. */
#ifndef LOA_EMERGENCY_H
#define LOA_EMERGENCY_H

#include "err.h"
#include "priority.h"
#include "units.h"

enum emergency_signal { /* stored: numbers never change */
                        EMERGENCY_NONE = 0,
                        EMERGENCY_SIREN,
                        EMERGENCY_ALL_CLEAR,
                        EMERGENCY_EVACUATE,
                        EMERGENCY_TEST,
};
#define EMERGENCY_SIGNALS 4

struct emergency_entry {
    enum emergency_signal signal;
    struct media_id media;
    usec_t changed_us;
    struct user_id changed_by; /* 0: made by the station itself */
};

/* "siren", "all_clear", "evacuate", "test"; NULL outside the set. */
const char *emergency_signal_name(enum emergency_signal signal);

/* ERR_NOT_FOUND  none is called so */
MUST_USE enum err emergency_signal_parse(const char *name, enum emergency_signal *ret_signal);

/* What a broadcast of it is called, in Vietnamese. */
const char *emergency_signal_title(enum emergency_signal signal);

/* A test keeps to the allowed hours; the others are emergencies. */
enum priority emergency_signal_priority(enum emergency_signal signal);

#endif
