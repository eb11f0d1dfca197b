/* The parts of a bulletin as JSON. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "relay.h"
#include "store_speech.h"

static void add_source(json_t *json, const struct bulletin *b, const struct part *p)
{
    char hex[HEX_SIZE(SHA256_BYTES)] = "";

    if (b->source.fallback_ms > 0)
        bytes_to_hex(bytes_of(p->media.sha256, SHA256_BYTES), hex);
    json_object_set_new(json, "source", json_string(b->source.from));
    json_object_set_new(json, "backup", json_string(b->source.backup));
    json_object_set_new(json, "fallback", json_string(hex));
}

static json_t *part_json(struct call *c, const struct bulletin *b, const struct part *p,
                         struct spoken *spoken)
{
    json_t *json = json_pack("{s:s, s:I, s:s}", "kind", bulletin_part_name(p->kind), "duration_ms",
                             (json_int_t)p->duration_ms, "language", p->language);
    char hex[HEX_SIZE(SHA256_BYTES)];

    if (bulletin_part_is_live(p)) {
        add_source(json, b, p);
    } else if (p->kind != PART_SILENCE && p->duration_ms > 0) {
        bytes_to_hex(bytes_of(p->media.sha256, SHA256_BYTES), hex);
        json_object_set_new(json, "media", json_string(hex));
    }
    if (p->kind == PART_TEXT && spoken != NULL &&
        store_speech_get(c->api->ports.db, &p->media, spoken) == ERR_OK) {
        json_object_set_new(json, "text", json_string(spoken->text));
        json_object_set_new(json, "voice", json_string(spoken->voice));
        json_object_set_new(json, "speed", json_integer((json_int_t)spoken->speed));
    }
    return json;
}

json_t *api_parts_json(struct call *c, const struct bulletin *b)
{
    struct spoken *spoken = malloc(sizeof(*spoken));
    json_t *parts = json_array();

    for (size_t i = 0; i < b->part_count; i++)
        json_array_append_new(parts, part_json(c, b, &b->parts[i], spoken));
    free(spoken);
    return parts;
}

static enum err read_media(struct call *c, const char *hex, struct part *p)
{
    if (hex == NULL || bytes_from_hex(hex, p->media.sha256, SHA256_BYTES) != ERR_OK)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"media\" takes the sha256 of recordings: 64 hexadecimal digits each.");
    return ERR_OK;
}

/* The approver reads the text: it must be the one that was spoken. */
static enum err check_spoken(struct call *c, const struct part *p, size_t number)
{
    struct spoken *spoken = malloc(sizeof(*spoken));
    enum err e = spoken != NULL ? store_speech_get(c->api->ports.db, &p->media, spoken) : ERR_NOMEM;

    free(spoken);
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE,
                       "Part %zu is no recording that this station spoke; have the text spoken "
                       "first (POST /api/v1/speech), and name that recording.",
                       number);
    return e;
}

/* Of a relay or live part; `source` was read before. */
static enum err read_source(struct call *c, size_t number, const char *fallback, struct part *part,
                            struct bulletin_source *source)
{
    size_t len = strlen(BULLETIN_MICROPHONE);
    bool is_microphone = strncmp(source->from, BULLETIN_MICROPHONE, len) == 0 &&
                         (source->from[len] == '\0' || source->from[len] == ':');

    if (part->kind == PART_LIVE && source->from[0] == '\0')
        memcpy(source->from, BULLETIN_MICROPHONE, sizeof(BULLETIN_MICROPHONE));
    else if (part->kind == PART_LIVE && !is_microphone)
        return err_set(&c->detail, ERR_FORMAT,
                       "Part %zu: the \"source\" of a live part is the station's microphone: "
                       "microphone[:DEVICE].",
                       number);
    if (part->kind == PART_RELAY && relay_check_url(source->from, &c->detail) != ERR_OK)
        return ERR_FORMAT;
    if (source->backup[0] != '\0' &&
        (part->kind == PART_LIVE || relay_check_url(source->backup, &c->detail) != ERR_OK))
        return err_set(&c->detail, ERR_FORMAT,
                       "Part %zu: the \"backup\" of a relay is another address that begins with "
                       "http:// or https://.",
                       number);
    return fallback[0] != '\0' ? read_media(c, fallback, part) : ERR_OK;
}

static enum err read_part(struct call *c, json_t *item, size_t number,
                          struct bulletin_source *ret_source, struct part *ret_part)
{
    char kind[16] = "", media[2 * SHA256_BYTES + 1] = "", fallback[2 * SHA256_BYTES + 1] = "";
    int64_t duration_ms = 0;
    struct part part = {.kind = PART_NONE};
    struct bulletin_source source = {.fallback_ms = 0};
    const struct body_field fields[] = {
        {.name = "kind", .to = kind, .max = sizeof(kind) - 1, .required = true},
        {.name = "media", .to = media, .max = sizeof(media) - 1},
        {.name = "duration_ms", .kind = BODY_NUMBER, .to = &duration_ms, .max = UINT32_MAX},
        {.name = "language", .to = part.language, .max = LANGUAGE_SIZE - 1},
        {.name = "source", .to = source.from, .max = BULLETIN_SOURCE_SIZE - 1},
        {.name = "backup", .to = source.backup, .max = BULLETIN_SOURCE_SIZE - 1},
        {.name = "fallback", .to = fallback, .max = sizeof(fallback) - 1},
    };
    enum err e = body_read(item, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);
    bool is_live;

    if (e != ERR_OK)
        return e;
    if (bulletin_part_from_name(kind) < 0)
        return err_set(&c->detail, ERR_FORMAT,
                       "The \"kind\" of part %zu takes chime, media, text, silence, relay or live.",
                       number);
    part.kind = (enum part_kind)bulletin_part_from_name(kind);
    is_live = bulletin_part_is_live(&part);
    if (part.kind == PART_MEDIA || part.kind == PART_TEXT)
        e = read_media(c, media, &part);
    else if (media[0] != '\0')
        e = err_set(&c->detail, ERR_FORMAT, "Part %zu: %s takes no \"media\".", number, kind);
    if (e == ERR_OK && is_live)
        e = read_source(c, number, fallback, &part, &source);
    else if (e == ERR_OK && (source.from[0] | source.backup[0] | fallback[0]) != '\0')
        e = err_set(&c->detail, ERR_FORMAT,
                    "Part %zu: only relay and live take \"source\", \"backup\" and \"fallback\".",
                    number);
    if (e == ERR_OK && (is_live || part.kind == PART_SILENCE))
        part.duration_ms = (uint32_t)duration_ms;
    else if (e == ERR_OK && duration_ms != 0)
        e = err_set(
            &c->detail, ERR_FORMAT,
            "Part %zu: only silence, relay and live take \"duration_ms\"; a recording has its own.",
            number);
    if (e == ERR_OK && part.kind == PART_TEXT)
        e = check_spoken(c, &part, number);
    if (is_live)
        *ret_source = source;
    *ret_part = part;
    return e;
}

enum err api_parts_read(struct call *c, json_t *list, struct bulletin *b)
{
    size_t i;
    json_t *item;

    b->part_count = 0;
    b->source = (struct bulletin_source){0};
    json_array_foreach(list, i, item)
    {
        struct part *part = &b->parts[b->part_count];
        enum err e;

        *part = (struct part){.kind = PART_MEDIA};
        e = json_is_object(item) ? read_part(c, item, i + 1, &b->source, part)
                                 : read_media(c, json_string_value(item), part);
        if (e != ERR_OK)
            return e;
        b->part_count++;
    }
    return ERR_OK;
}
