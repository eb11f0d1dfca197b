#include "timekeep.h"

#include <math.h>
#include <string.h>

#include "record.h"

#define NOTE_BYTES (TIMEKEEP_BOOT_ID_BYTES + 3 * 8 + 4 + 1)
#define TIME_MAX_US (INT64_C(1) << 60)

enum err timekeep_load(const struct node_port *port, struct timekeep *ret_note)
{
    uint8_t bytes[RECORD_HEADER_BYTES + NOTE_BYTES];
    struct timekeep note = {0};
    struct bytes payload;
    struct reader r;
    size_t len = 0;
    enum err e = port->flash_read(port->ctx, TIMEKEEP_OBJECT, 0, bytes, sizeof(bytes), &len);

    if (e != ERR_OK)
        return e;
    reader_init(&r, bytes_of(bytes, len));
    if (record_read(&r, &payload) != ERR_OK || payload.len != NOTE_BYTES)
        return ERR_FORMAT;
    reader_init(&r, payload);
    memcpy(note.boot_id, reader_bytes(&r, TIMEKEEP_BOOT_ID_BYTES).data, TIMEKEEP_BOOT_ID_BYTES);
    note.mono_us = reader_i64(&r);
    note.wall_us = reader_i64(&r);
    note.station_us = reader_i64(&r);
    note.uncertainty_us = reader_u32(&r);
    note.has_wall = reader_u8(&r) != 0;
    if (note.mono_us < 0 || note.mono_us > TIME_MAX_US || note.wall_us < 0 ||
        note.wall_us > TIME_MAX_US || note.station_us < 0 || note.station_us > TIME_MAX_US)
        return ERR_FORMAT;
    *ret_note = note;
    return ERR_OK;
}

enum err timekeep_store(const struct node_port *port, const struct timekeep *note)
{
    uint8_t payload[NOTE_BYTES], bytes[RECORD_HEADER_BYTES + NOTE_BYTES];
    struct writer w, record;

    writer_init(&w, payload, sizeof(payload));
    writer_bytes(&w, bytes_of(note->boot_id, sizeof(note->boot_id)));
    writer_i64(&w, note->mono_us);
    writer_i64(&w, note->has_wall ? note->wall_us : 0);
    writer_i64(&w, note->station_us);
    writer_u32(&w, note->uncertainty_us);
    writer_u8(&w, note->has_wall);
    writer_init(&record, bytes, sizeof(bytes));
    record_write(&record, writer_view(&w));
    return port->flash_replace(port->ctx, TIMEKEEP_OBJECT, writer_view(&record));
}

static bool same_boot(const struct timekeep *a, const struct timekeep *b)
{
    static const uint8_t unknown[TIMEKEEP_BOOT_ID_BYTES];

    return memcmp(a->boot_id, unknown, sizeof(unknown)) != 0 &&
           memcmp(a->boot_id, b->boot_id, sizeof(unknown)) == 0 && b->mono_us >= a->mono_us;
}

static void go_on(const struct timekeep *note, struct timekeep *now, usec_t elapsed_us,
                  double sd_us)
{
    sd_us += note->uncertainty_us;
    now->station_us = note->station_us + elapsed_us;
    now->uncertainty_us = sd_us < INT32_MAX ? (uint32_t)sd_us : INT32_MAX;
}

enum err timekeep_resume(const struct timekeep *note, struct timekeep *now, double skew_ppm,
                         enum timekeep_source *ret_source)
{
    usec_t elapsed_us;

    if (same_boot(note, now)) {
        elapsed_us = now->mono_us - note->mono_us;
        go_on(note, now, elapsed_us + llrint((double)elapsed_us * skew_ppm * 1e-6),
              (double)elapsed_us * TIMEKEEP_MONO_PPM * 1e-6);
        *ret_source = TIMEKEEP_MONO;
        return ERR_OK;
    }
    if (!note->has_wall || !now->has_wall)
        return ERR_NOT_FOUND;
    elapsed_us = now->wall_us - note->wall_us;
    if (elapsed_us < 0 || elapsed_us > TIMEKEEP_AWAY_MAX_US)
        return ERR_STATE;
    go_on(note, now, elapsed_us,
          (double)TIMEKEEP_WALL_SD_US + (double)elapsed_us * TIMEKEEP_WALL_PPM * 1e-6);
    *ret_source = TIMEKEEP_WALL;
    return ERR_OK;
}
