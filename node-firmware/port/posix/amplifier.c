#include "amplifier.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static bool write_file(const char *path, bool on)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return false;
    ok = write(fd, on ? "1\n" : "0\n", 2) == 2;
    close(fd);
    return ok;
}

static void apply(struct amplifier *a, usec_t mono_us)
{
    bool was_failed = a->failed;

    a->failed = (a->file[0] != '\0' && !write_file(a->file, a->wanted)) ||
                (a->line.fd >= 0 && !gpio_line_set(&a->line, a->wanted));
    a->again_mono_us = mono_us + AMPLIFIER_AGAIN_US;
    if (a->failed && !was_failed)
        log_event(LOG_ERROR, "amplifier.not_switched", "on=%d", a->wanted);
}

enum err amplifier_open(struct amplifier *a, const char *file, const char *gpio,
                        struct err_detail *detail)
{
    enum err e = ERR_OK;

    *a = (struct amplifier){.file = file, .line.fd = -1};
    if (gpio[0] != '\0')
        e = gpio_line_open(gpio, true, &a->line, detail);
    if (e == ERR_OK)
        apply(a, 0);
    return e;
}

void amplifier_close(struct amplifier *a)
{
    if (a->file == NULL)
        return;
    amplifier_switch(a, false, 0);
    gpio_line_close(&a->line);
}

void amplifier_switch(struct amplifier *a, bool on, usec_t mono_us)
{
    a->wanted = on;
    apply(a, mono_us);
}

bool amplifier_step(struct amplifier *a, usec_t mono_us)
{
    if (a->failed && mono_us >= a->again_mono_us)
        apply(a, mono_us);
    return a->failed;
}
