/* amplifier.h - the enable line of the amplifier: a file of sysfs, a GPIO line, both or none.
 *
 * Off from the moment it is opened. When it is switched is the core's decision (port.h); a switch that
 * failed is tried again. Thread: main. */
#ifndef LOA_AMPLIFIER_H
#define LOA_AMPLIFIER_H

#include "gpio_line.h"
#include "units.h"

#define AMPLIFIER_AGAIN_US USEC_PER_SEC

struct amplifier {
    const char *file; /* borrowed; "" none */
    struct gpio_line line;
    bool wanted;
    bool failed; /* the line does not stand as wanted */
    usec_t again_mono_us;
};

/* Open and switch off.
 *
 *   file  1 or 0 is written to it; "" none; borrowed for life
 *   gpio  gpio_line.h; "" none
 *
 * ERR_FORMAT, ERR_IO  of the GPIO line, with detail; a file that cannot be written yet is tried again */
MUST_USE enum err amplifier_open(struct amplifier *a, const char *file, const char *gpio,
                                 struct err_detail *detail);
/* Off, and let go of the line. Accepts a zeroed one whose line.fd is -1. */
void amplifier_close(struct amplifier *a);

void amplifier_switch(struct amplifier *a, bool on, usec_t mono_us);

/* Try again what failed; call now and then. Returns true while the line does not stand as wanted. */
bool amplifier_step(struct amplifier *a, usec_t mono_us);

#endif
