/* Text that the station speaks, and its dictionary of names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "speech_text.h"
#include "spoken.h"
#include "src_speech.h"
#include "store_dictionary.h"
#include "store_speech.h"

_Static_assert(SPOKEN_TEXT_SIZE > SPEECH_TEXT_MAX, "what may be spoken can be kept");

/* A text being spoken: kept until the sound is stored. */
struct speaking {
    struct call *call;
    char *spoken;
    struct spoken written;
};

static enum err fetch_entries(struct call *c, struct db_page *page, void *rows, size_t max,
                              size_t *ret_count)
{
    return store_dictionary_list(c->api->ports.db, page, rows, max, ret_count);
}

static json_t *entry_item(struct call *c, const void *row)
{
    const struct dictionary_entry *entry = row;

    (void)c;
    return json_pack("{s:I, s:s, s:s}", "id", (json_int_t)entry->id, "written", entry->written,
                     "spoken", entry->spoken);
}

enum err api_dictionary_list(struct call *c)
{
    return call_list(c, sizeof(struct dictionary_entry), fetch_entries, entry_item);
}

/* One name is read in one way: what others entered is replaced by one who knows of it. */
static enum err check_replace(struct call *c, const struct dictionary_entry *entry, bool replace)
{
    struct dictionary_entry known;
    enum err e = store_dictionary_find(c->api->ports.db, entry->written, &known);

    if (e == ERR_NOT_FOUND ||
        (e == ERR_OK && (replace || strcmp(known.spoken, entry->spoken) == 0)))
        return ERR_OK;
    if (e != ERR_OK)
        return db_explain(c->api->ports.db, e, &c->detail);
    c->confirm = "replace";
    return err_set(&c->detail, ERR_EXISTS,
                   "\"%s\" is read as \"%s\" already; leave it, or replace it with "
                   "\"replace\": true.",
                   known.written, known.spoken);
}

enum err api_dictionary_put(struct call *c)
{
    struct dictionary_entry entry = {0};
    bool replace = false;
    const struct body_field fields[] = {
        {.name = "written",
         .to = entry.written,
         .min = 1,
         .max = DICTIONARY_WRITTEN_SIZE - 1,
         .required = true},
        {.name = "spoken",
         .to = entry.spoken,
         .min = 1,
         .max = DICTIONARY_SPOKEN_SIZE - 1,
         .required = true},
        {.name = "replace", .kind = BODY_BOOL, .to = &replace},
    };
    uint64_t id = 0;
    enum err e = body_read(c->body, fields, 3, &c->detail);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = check_replace(c, &entry, replace);
    if (e == ERR_OK)
        e = store_dictionary_put(c->api->ports.db, &entry, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "dictionary.put",
                         json_pack("{s:s, s:s}", "written", entry.written, "spoken", entry.spoken),
                         "dictionary:%llu", (unsigned long long)id);
    e = call_end(c, e);
    return e == ERR_OK ? call_created(c, id) : e;
}

enum err api_dictionary_delete(struct call *c)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return call_missing(c, e, "entry");
    e = store_dictionary_delete(c->api->ports.db, id);
    if (e == ERR_OK)
        e = call_journal(c, "dictionary.delete", NULL, "dictionary:%llu", (unsigned long long)id);
    return call_missing(c, call_end(c, e), "entry");
}

static enum err read_request(struct call *c, char *text, struct api_speech *ret_speech)
{
    char voice[16] = "north";
    int64_t speed = SPEECH_SPEED;
    const struct body_field fields[] = {
        {.name = "text",
         .kind = BODY_LINES,
         .to = text,
         .min = 1,
         .max = SPEECH_TEXT_MAX,
         .required = true},
        {.name = "title",
         .to = ret_speech->title,
         .min = 1,
         .max = sizeof(ret_speech->title) - 1,
         .required = true},
        {.name = "voice", .to = voice, .max = sizeof(voice) - 1},
        {.name = "speed",
         .kind = BODY_NUMBER,
         .to = &speed,
         .min = SPEECH_SPEED_MIN,
         .max = SPEECH_SPEED_MAX},
    };
    enum err e = body_read(c->body, fields, 4, &c->detail);

    if (e == ERR_OK && speech_voice_from_name(voice) < 0)
        e = err_set(&c->detail, ERR_FORMAT, "\"voice\" takes north, central or south.");
    if (e == ERR_OK) {
        ret_speech->voice = (enum speech_voice)speech_voice_from_name(voice);
        ret_speech->speed = (uint32_t)speed;
        ret_speech->user = c->user.id;
    }
    return e;
}

/* The recording and its text in one transaction. */
static enum err keep(struct speaking *s, const struct media_info *info)
{
    struct db *db = s->call->api->ports.db;
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    e = api_media_imported(s->call, "media.speak", info);
    if (e == ERR_OK)
        e = store_speech_put(db, &info->id, &s->written);
    return db_end(db, e);
}

static void on_spoken(void *arg, enum err result, const struct media_info *info,
                      const struct err_detail *detail)
{
    struct speaking *s = arg;
    struct call *c = s->call;

    c->now_us = c->api->ports.now_us(c->api->ports.ctx);
    if (result == ERR_OK)
        result = keep(s, info);
    else if (detail != NULL)
        c->detail = *detail;
    if (result == ERR_OK)
        json_object_set_new(c->out, "spoken", json_string(s->spoken));
    if (result == ERR_FORMAT || result == ERR_UNSUPPORTED)
        c->status = 422; /* the request was in order, the speech program is not */
    call_finish(c, result);
    free(c);
    free(s->spoken);
    free(s);
}

/* POST /api/v1/speech: answers with the recording and the words that were spoken. */
enum err api_speech_add(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct api_speech speech = {0};
    struct speaking *s = calloc(1, sizeof(*s));
    enum err e = s != NULL ? read_request(c, s->written.text, &speech) : ERR_NOMEM;

    if (e == ERR_OK)
        e = spoken_write_out(ports->db, s->written.text, &s->spoken, &c->detail);
    if (e == ERR_OK) {
        s->call = call_keep(c);
        e = s->call != NULL ? ERR_OK : ERR_NOMEM;
    }
    if (e == ERR_OK) {
        json_decref(s->call->body); /* read already */
        s->call->body = NULL;
        speech.text = s->spoken;
        s->written.speed = speech.speed;
        snprintf(s->written.voice, sizeof(s->written.voice), "%s", speech_voice_name(speech.voice));
        e = ports->speech_start(ports->ctx, &speech, on_spoken, s, &c->detail);
    }
    if (e == ERR_OK)
        return ERR_MORE;
    if (s != NULL) {
        free(s->call);
        free(s->spoken);
    }
    free(s);
    return e;
}
