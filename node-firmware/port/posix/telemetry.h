/* telemetry.h - what the board says about itself: temperature, mains, supply, mute switch, memory.
 *
 * Sensors are files of sysfs named in the configuration; one that cannot be read is reported as absent.
 * Read at most every TELEMETRY_INTERVAL_US. Thread: main. */
#ifndef LOA_TELEMETRY_H
#define LOA_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "node_ini.h"
#include "port.h"
#include "units.h"

#define TELEMETRY_INTERVAL_US INT64_C(200000)

struct telemetry {
    const struct node_ini *ini; /* borrowed */
    usec_t read_mono_us; /* 0 never */
    struct node_telemetry last;
};

void telemetry_init(struct telemetry *t, const struct node_ini *ini);

/* The sensors' values; `underruns` is left at 0 for the caller. */
void telemetry_read(struct telemetry *t, usec_t mono_us, struct node_telemetry *ret_telemetry);

/* Switch the amplifier's enable line; no-op where the board has none. False when it could not be. */
bool telemetry_set_amplifier(const struct telemetry *t, bool on);

/* What people call this board: configuration, else device tree, else machine name. */
void telemetry_hardware(const struct node_ini *ini, char *ret_text, size_t size);
void telemetry_serial(const struct node_ini *ini, char *ret_text, size_t size);

#endif
