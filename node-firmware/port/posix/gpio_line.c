#include "gpio_line.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* "CHIP:NUMBER[,low]" into its parts. */
static enum err parse(const char *spec, char *ret_path, size_t size, uint32_t *ret_number,
                      bool *ret_low, struct err_detail *detail)
{
    const char *colon = strrchr(spec, ':');
    unsigned long number = 0;
    char *end = NULL;

    if (colon != NULL && colon[1] >= '0' && colon[1] <= '9')
        number = strtoul(colon + 1, &end, 10);
    if (end == NULL || number > 1023 || (*end != '\0' && strcmp(end, ",low") != 0) ||
        snprintf(ret_path, size, "%s%.*s", spec[0] == '/' ? "" : "/dev/", (int)(colon - spec),
                 spec) >= (int)size)
        return err_set(detail, ERR_FORMAT,
                       "a line is written gpiochip0:17, or gpiochip0:17,low, not \"%.64s\"", spec);
    *ret_number = (uint32_t)number;
    *ret_low = *end != '\0';
    return ERR_OK;
}

enum err gpio_line_open(const char *spec, bool output, struct gpio_line *ret_line,
                        struct err_detail *detail)
{
    struct gpio_v2_line_request request = {.num_lines = 1, .consumer = "loa-node"};
    char path[128];
    bool low = false;
    enum err e;
    int chip;

    ret_line->fd = -1;
    e = parse(spec, path, sizeof(path), &request.offsets[0], &low, detail);
    if (e != ERR_OK)
        return e;
    request.config.flags = (output ? GPIO_V2_LINE_FLAG_OUTPUT : GPIO_V2_LINE_FLAG_INPUT) |
                           (low ? GPIO_V2_LINE_FLAG_ACTIVE_LOW : 0);
    if (output) {
        request.config.num_attrs = 1;
        request.config.attrs[0].mask = 1;
        request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES; /* all off */
    }
    chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0)
        e = err_set(detail, ERR_IO, "cannot use the line %s: %s", spec, strerror(errno));
    else
        ret_line->fd = request.fd;
    if (chip >= 0)
        close(chip);
    return e;
}

void gpio_line_close(struct gpio_line *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

bool gpio_line_set(const struct gpio_line *l, bool on)
{
    struct gpio_v2_line_values values = {.bits = on, .mask = 1};

    return ioctl(l->fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) == 0;
}

bool gpio_line_get(const struct gpio_line *l, bool *ret_on)
{
    struct gpio_v2_line_values values = {.mask = 1};

    if (ioctl(l->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0)
        return false;
    *ret_on = (values.bits & 1) != 0;
    return true;
}
