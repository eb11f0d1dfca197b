#include "watchdog.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void say(struct watchdog *w, const char *text)
{
    if (w->fd >= 0 && send(w->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* a manager that does not listen must not stop the sound */
}

void watchdog_init(struct watchdog *w)
{
    const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len;

    *w = (struct watchdog){.fd = -1};
    if (path == NULL || (path[0] != '/' && path[0] != '@'))
        return;
    len = strlen(path);
    if (len >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* abstract */
    w->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (w->fd >= 0 && connect(w->fd, (const struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
        close(w->fd);
        w->fd = -1;
    }
    if (usec != NULL)
        w->interval_us = strtoll(usec, NULL, 10) / 2;
}

void watchdog_ready(struct watchdog *w)
{
    say(w, "READY=1");
}

void watchdog_feed(struct watchdog *w, usec_t mono_us)
{
    if (w->interval_us <= 0 || mono_us < w->next_mono_us)
        return;
    w->next_mono_us = mono_us + w->interval_us;
    say(w, "WATCHDOG=1");
}

void watchdog_stop(struct watchdog *w)
{
    say(w, "STOPPING=1");
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}
