/* The emergency set: what every node holds; sound one of it now. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "store_emergency.h"
#include "store_media.h"

#define SIGNAL_LEAD_US USEC_PER_SEC /* so that orders reach the nodes before the start */

static json_t *entry_json(const struct emergency_entry *entry, const struct media_info *media)
{
    char hex[HEX_SIZE(SHA256_BYTES)];

    bytes_to_hex(bytes_of(entry->media.sha256, sizeof(entry->media.sha256)), hex);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "signal",
                     emergency_signal_name(entry->signal), "title",
                     emergency_signal_title(entry->signal), "priority",
                     priority_name(emergency_signal_priority(entry->signal)), "media", hex,
                     "duration_ms", (json_int_t)media->duration_ms, "changed_us",
                     (json_int_t)entry->changed_us, "changed_by", (json_int_t)entry->changed_by.v);
}

enum err api_emergency_list(struct call *c)
{
    struct emergency_entry entries[EMERGENCY_SIGNALS];
    json_t *items = json_array();
    size_t count = 0;
    enum err e = store_emergency_list(c->api->ports.db, entries, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct media_info media;

        e = store_media_get(c->api->ports.db, &entries[i].media, &media);
        if (e == ERR_OK && json_array_append_new(items, entry_json(&entries[i], &media)) != 0)
            e = ERR_NOMEM;
    }
    if (e == ERR_OK)
        return call_out(c, 200, json_pack("{s:o}", "items", items));
    json_decref(items);
    return e;
}

static enum err read_signal(struct call *c, enum emergency_signal *ret_signal)
{
    if (emergency_signal_parse(c->param[0], ret_signal) == ERR_OK)
        return ERR_OK;
    return err_set(&c->detail, ERR_NOT_FOUND,
                   "There is no such signal; choose siren, all_clear, evacuate or test.");
}

enum err api_emergency_set(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct emergency_entry entry = {.changed_us = c->now_us, .changed_by = c->user.id};
    char hex[HEX_SIZE(SHA256_BYTES)] = "";
    const struct body_field fields[] = {{.name = "media",
                                         .to = hex,
                                         .min = 2 * SHA256_BYTES,
                                         .max = 2 * SHA256_BYTES,
                                         .required = true}};
    struct media_info media;
    enum err e = body_read(c->body, fields, 1, &c->detail);

    if (e == ERR_OK)
        e = read_signal(c, &entry.signal);
    if (e != ERR_OK)
        return e;
    e = bytes_from_hex(hex, entry.media.sha256, sizeof(entry.media.sha256));
    if (e == ERR_OK)
        e = store_media_get(ports->db, &entry.media, &media);
    if (e == ERR_FORMAT || e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_NOT_FOUND,
                       "There is no such recording; list the media and choose one.");
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_emergency_put(ports->db, &entry);
    if (e == ERR_OK)
        e = call_journal(c, "emergency.set", json_incref(c->body), "emergency:%s", c->param[0]);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    ports->emergency_changed(ports->ctx);
    return call_out(c, 200, entry_json(&entry, &media));
}

static enum err read_play_signal(struct call *c, struct api_play *play, struct where *where)
{
    json_t *zones = NULL;
    bool everyone = false;
    int64_t repeats = 1;
    int64_t pause_ms = 0;
    const struct body_field fields[] = {
        {.name = "everyone", .kind = BODY_BOOL, .to = &everyone},
        {.name = "zones", .kind = BODY_LIST, .to = &zones, .max = EVENT_ZONES_MAX},
        {.name = "repeats",
         .kind = BODY_NUMBER,
         .to = &repeats,
         .min = 1,
         .max = EVENT_REPEATS_MAX},
        {.name = "pause_ms", .kind = BODY_NUMBER, .to = &pause_ms, .max = EVENT_PAUSE_MAX_MS},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &play->may_break_quiet},
    };
    enum err e = body_read(c->body, fields, 5, &c->detail);

    play->repeats = (uint32_t)repeats;
    play->pause_ms = (uint32_t)pause_ms;
    play->start_us = c->now_us + SIGNAL_LEAD_US;
    return e == ERR_OK ? api_where_read(c, everyone, zones, where) : e;
}

/* Length and hours as of any broadcast; an emergency passes both. */
static enum err check_airtime(struct call *c, const struct api_play *play)
{
    struct bulletin as_bulletin = {.priority = emergency_signal_priority(play->signal),
                                   .part_count = 1};
    struct emergency_entry entry;
    struct media_info media;
    enum err e = store_emergency_get(c->api->ports.db, play->signal, &entry);

    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE,
                       "The station is still making this signal, or could not; choose a recording "
                       "for it, or try again in a minute.");
    if (e == ERR_OK)
        e = store_media_get(c->api->ports.db, &entry.media, &media);
    if (e != ERR_OK)
        return e;
    as_bulletin.parts[0] =
        (struct part){.kind = PART_MEDIA, .media = media.id, .duration_ms = media.duration_ms};
    return api_check_airtime(c, &as_bulletin, play->start_us, play->repeats, play->pause_ms,
                             play->may_break_quiet);
}

enum err api_emergency_play(struct call *c)
{
    struct api_play play = {0};
    struct where where = {0};
    struct node_id *nodes = NULL;
    enum err e = read_play_signal(c, &play, &where);

    if (e == ERR_OK)
        e = read_signal(c, &play.signal);
    if (e == ERR_OK)
        e = check_airtime(c, &play);
    if (e == ERR_OK)
        e = api_where_nodes(c, &where, &nodes, &play.node_count);
    if (e == ERR_OK) {
        play.nodes = nodes;
        e = api_play_now(c, &play, "emergency.play");
    }
    free(nodes);
    return e;
}
