#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

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

    *w = (struct watchdog){.fd = -1, .board_fd = -1};
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

enum err watchdog_ready(struct watchdog *w, const char *device, usec_t mono_us,
                        struct err_detail *detail)
{
    int timeout_s = WATCHDOG_BOARD_S;

    w->card_moved_us = w->rendered_us = w->decided_us = mono_us;
    say(w, "READY=1");
    if (device[0] == '\0')
        return ERR_OK;
    w->board_fd = open(device, O_WRONLY | O_CLOEXEC);
    if (w->board_fd < 0)
        return err_set(detail, ERR_IO, "cannot open the watchdog %s: %s", device, strerror(errno));
    if (ioctl(w->board_fd, WDIOC_SETTIMEOUT, &timeout_s) < 0)
        log_event(LOG_WARN, "watchdog.fixed_timeout", "device=%s", LOG_TEXT(device));
    if (w->interval_us <= 0 || w->interval_us > WATCHDOG_BOARD_S * USEC_PER_SEC / 4)
        w->interval_us = WATCHDOG_BOARD_S * USEC_PER_SEC / 4;
    return ERR_OK;
}

/* Note what moved; true when everything did within WATCHDOG_STUCK_US. */
static bool works(struct watchdog *w, const struct watchdog_proof *p, usec_t mono_us)
{
    if (!p->has_card || p->card_frame != w->last.card_frame)
        w->card_moved_us = mono_us;
    if (!p->has_card || p->rendered_frame != w->last.rendered_frame)
        w->rendered_us = mono_us;
    if (p->rounds != w->last.rounds)
        w->decided_us = mono_us;
    w->last = *p;
    return mono_us - w->card_moved_us < WATCHDOG_STUCK_US &&
           mono_us - w->rendered_us < WATCHDOG_STUCK_US &&
           mono_us - w->decided_us < WATCHDOG_STUCK_US;
}

bool watchdog_feed(struct watchdog *w, const struct watchdog_proof *proof, usec_t mono_us)
{
    bool alive = works(w, proof, mono_us);

    if (alive == w->starving)
        log_event(alive ? LOG_INFO : LOG_ERROR, alive ? "watchdog.fed_again" : "watchdog.starving",
                  "card_frame=%lld rendered_frame=%lld", (long long)proof->card_frame,
                  (long long)proof->rendered_frame);
    w->starving = !alive;
    if (!alive || w->interval_us <= 0 || mono_us < w->next_mono_us)
        return false;
    w->next_mono_us = mono_us + w->interval_us;
    say(w, "WATCHDOG=1");
    if (w->board_fd >= 0 && write(w->board_fd, "1", 1) != 1)
        log_event(LOG_ERROR, "watchdog.not_fed", "error=%s", strerror(errno));
    return true;
}

void watchdog_stop(struct watchdog *w)
{
    say(w, "STOPPING=1");
    if (w->fd >= 0)
        close(w->fd);
    /* The letter that disarms it (Documentation/watchdog/watchdog-api.rst, "magic close"). */
    if (w->board_fd >= 0 && write(w->board_fd, "V", 1) != 1)
        log_event(LOG_ERROR, "watchdog.not_disarmed", "error=%s", strerror(errno));
    if (w->board_fd >= 0)
        close(w->board_fd);
    w->fd = w->board_fd = -1;
}
