/* gpio_line.h - one line of a GPIO chip, through the kernel's character device (uAPI v2, Linux 5.10).
 *
 * Three ioctls, the same on every system, where libgpiod would bring two incompatible versions. The
 * kernel lets go of the line when the program ends, however it ends. Thread: main. */
#ifndef LOA_GPIO_LINE_H
#define LOA_GPIO_LINE_H

#include <stdbool.h>

#include "err.h"

struct gpio_line {
    int fd; /* -1: none */
};

/* Ask for a line.
 *
 *   spec    "gpiochip0:17" or "/dev/gpiochip0:17"; ",low" behind it: a low level means on
 *   output  true: driven, off at first; false: read
 *
 * ERR_FORMAT  the text; ERR_IO  no such chip or line, or another program has it; both with detail;
 * *ret_line has no line then */
MUST_USE enum err gpio_line_open(const char *spec, bool output, struct gpio_line *ret_line,
                                 struct err_detail *detail);
void gpio_line_close(struct gpio_line *l);

/* False when the kernel refuses. */
bool gpio_line_set(const struct gpio_line *l, bool on);
bool gpio_line_get(const struct gpio_line *l, bool *ret_on);

#endif
