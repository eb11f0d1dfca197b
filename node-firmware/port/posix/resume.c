#include "resume.h"

#include <string.h>

#include "log.h"

#define SPREAD_BYTES 4

void resume_load(struct resume *r, struct flash *files, struct link_config *config, uint32_t random)
{
    uint8_t data[SPREAD_BYTES + LINK_SESSION_MAX];
    struct reader in;
    uint32_t spread_ms;
    size_t len;

    *r = (struct resume){.files = files};
    r->renew_s = RESUME_RENEW_S + (int64_t)((uint64_t)random * (RESUME_RENEW_S / 3) / UINT32_MAX);
    if (files == NULL || flash_read(files, RESUME_FILE, 0, data, sizeof(data), &len) != ERR_OK)
        return;
    reader_init(&in, bytes_of(data, len));
    spread_ms = reader_u32(&in);
    if (link_config_load(config, reader_bytes(&in, reader_left(&in))) == ERR_OK)
        r->spread_ms = spread_ms;
    else
        log_event(LOG_INFO, "link.session_useless", NULL);
    explicit_bzero(data, sizeof(data));
}

static void keep(struct resume *r, const struct link_config *config, usec_t now_us)
{
    uint8_t data[SPREAD_BYTES + LINK_SESSION_MAX];
    struct writer out;
    size_t len;

    writer_init(&out, data, SPREAD_BYTES);
    writer_u32(&out, r->spread_ms);
    if (link_config_save(config, data + SPREAD_BYTES, &len) == ERR_OK) {
        r->kept_us = now_us;
        if (flash_replace(r->files, RESUME_FILE, bytes_of(data, SPREAD_BYTES + len)) != ERR_OK)
            log_event(LOG_WARN, "link.session_not_kept", NULL);
    }
    explicit_bzero(data, sizeof(data));
}

void resume_on_welcome(struct resume *r, const struct link_config *config, uint32_t spread_ms,
                       bool resumed, usec_t now_us)
{
    r->spread_ms = spread_ms;
    if (r->files == NULL || resumed ||
        (r->kept_us != 0 && now_us - r->kept_us < RESUME_KEEP_EVERY_US))
        return;
    keep(r, config, now_us);
}

usec_t resume_spread_us(const struct resume *r, const struct link_config *config)
{
    usec_t spread_us = (usec_t)r->spread_ms * USEC_PER_MSEC;

    if (link_config_left_s(config) == 0)
        spread_us *= RESUME_COLD_FACTOR;
    return spread_us < RESUME_SPREAD_MAX_US ? spread_us : RESUME_SPREAD_MAX_US;
}

bool resume_renews(struct resume *r, const struct link_config *config, usec_t now_us)
{
    int64_t left_s = link_config_left_s(config);

    if (left_s == 0 || left_s > r->renew_s ||
        (r->renewed_us != 0 && now_us - r->renewed_us < RESUME_RENEW_EVERY_US))
        return false;
    r->renewed_us = now_us;
    return true;
}
