/* telemetry.h - what the board says about itself: temperature, mains, supply, mute switch, memory, disk.
 *
 * Sensors are files of sysfs, or a GPIO line, named in the configuration; one that cannot be read is reported as absent.
 * Read at most every TELEMETRY_INTERVAL_US. Thread: main. */
#ifndef LOA_TELEMETRY_H
#define LOA_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "gpio_line.h"
#include "node_ini.h"
#include "port.h"
#include "units.h"

#define TELEMETRY_INTERVAL_US INT64_C(200000)

struct telemetry {
    const struct node_ini *ini; /* borrowed */
    struct gpio_line mute; /* the switch, where it is a line */
    int flash_fd; /* directory of the flash objects; -1 not judged */
    usec_t read_mono_us; /* 0 never */
    struct node_telemetry last;
};

/* ERR_FORMAT, ERR_IO  the mute switch's line cannot be used, with detail */
MUST_USE enum err telemetry_open(struct telemetry *t, const struct node_ini *ini,
                                 struct err_detail *detail);
void telemetry_close(struct telemetry *t);

/* The sensors' values; what concerns card, amplifier and failed writes is left at 0 for the caller. */
void telemetry_read(struct telemetry *t, usec_t mono_us, struct node_telemetry *ret_telemetry);

/* What people call this board: configuration, else device tree, else machine name. */
void telemetry_hardware(const struct node_ini *ini, char *ret_text, size_t size);
void telemetry_serial(const struct node_ini *ini, char *ret_text, size_t size);

#endif
