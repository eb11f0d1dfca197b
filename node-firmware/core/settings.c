#include "settings.h"

#include "record.h"

static enum err take(struct settings *s, const loa_Settings *from)
{
    struct settings next = {.now = *from, .allowed_count = from->allowed_count};

    if (from->volume_mdb < SETTINGS_VOLUME_MIN_MDB || from->volume_mdb > SETTINGS_VOLUME_MAX_MDB ||
        from->emergency_volume_mdb < SETTINGS_VOLUME_MIN_MDB ||
        from->emergency_volume_mdb > SETTINGS_VOLUME_MAX_MDB ||
        from->delay_us > SETTINGS_DELAY_MAX_US || from->utc_offset_min < -WINDOW_DAY_MIN ||
        from->utc_offset_min > WINDOW_DAY_MIN)
        return ERR_FORMAT;
    for (size_t i = 0; i < next.allowed_count; i++) {
        next.allowed[i] = (struct window){.weekdays = from->allowed[i].weekdays,
                                          .from_min = from->allowed[i].from_min,
                                          .to_min = from->allowed[i].to_min};
        if (!window_valid(&next.allowed[i]))
            return ERR_FORMAT;
    }
    *s = next;
    return ERR_OK;
}

enum err settings_load(struct settings *s, const struct node_port *port, uint8_t *scratch,
                       loa_Msg *msg)
{
    struct bytes payload;
    struct reader r;
    size_t len = 0;
    enum err e;

    *s = (struct settings){0};
    e = port->flash_read(port->ctx, SETTINGS_OBJECT, 0, scratch, SETTINGS_SCRATCH_BYTES, &len);
    if (e != ERR_OK)
        return e;
    reader_init(&r, bytes_of(scratch, len));
    e = record_read(&r, &payload);
    if (e == ERR_NOT_FOUND)
        e = ERR_FORMAT;
    if (e == ERR_OK)
        e = control_decode(payload, msg);
    if (e == ERR_OK && msg->which_body != loa_Msg_settings_tag)
        e = ERR_FORMAT;
    if (e == ERR_OK)
        e = take(s, &msg->body.settings);
    return e;
}

enum err settings_apply(struct settings *s, const struct node_port *port, const loa_Msg *msg,
                        uint8_t *scratch)
{
    uint8_t *payload = scratch + CONTROL_BYTES_MAX;
    struct writer w, record;
    enum err e;

    e = take(s, &msg->body.settings);
    if (e != ERR_OK)
        return e;
    writer_init(&w, payload, CONTROL_BYTES_MAX - RECORD_HEADER_BYTES);
    e = control_encode(&w, msg);
    if (e != ERR_OK)
        return ERR_LIMIT;
    writer_init(&record, scratch, CONTROL_BYTES_MAX);
    record_write(&record, writer_view(&w));
    return port->flash_replace(port->ctx, SETTINGS_OBJECT, writer_view(&record));
}

bool settings_allow(const struct settings *s, usec_t from_us, usec_t to_us)
{
    return window_allows(s->allowed, s->allowed_count, s->now.utc_offset_min, from_us, to_us);
}
