#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "print.h"
#include "special.h"

/* KIND[/LANGUAGE][:VALUE], as --part takes it. */
struct written {
    char kind[16];
    char language[16];
    const char *value; /* NULL: none */
};

static bool take(const char *from, size_t len, char *ret, size_t size)
{
    if (len >= size)
        return false;
    memcpy(ret, from, len);
    ret[len] = '\0';
    return true;
}

static bool read_part(const char *text, struct written *ret_part)
{
    size_t head = strcspn(text, ":");
    const char *slash = memchr(text, '/', head);
    size_t kind = slash != NULL ? (size_t)(slash - text) : head;

    ret_part->value = text[head] == ':' ? text + head + 1 : NULL;
    ret_part->language[0] = '\0';
    return take(text, kind, ret_part->kind, sizeof(ret_part->kind)) &&
           (slash == NULL ||
            take(slash + 1, head - kind - 1, ret_part->language, sizeof(ret_part->language)));
}

/* Have a text spoken; returns the sha256 of the recording, NULL after saying why. */
static json_t *speak(struct call *call, const char *text)
{
    const char *voice = call_value(call, "voice"), *speed = call_value(call, "speed");
    json_t *body = json_pack("{s:s, s:s}", "text", text, "title", call_value(call, "title"));
    struct http_answer answer;
    json_t *media = NULL;

    if (voice != NULL)
        json_object_set_new(body, "voice", json_string(voice));
    if (speed != NULL)
        json_object_set_new(body, "speed", json_integer(strtoll(speed, NULL, 10)));
    if (http_request(call, "POST", "/api/v1/speech", body, &answer)) {
        if (!http_refused(call, &answer))
            media = json_incref(json_object_get(answer.json, "sha256"));
        http_answer_deinit(&answer);
    }
    json_decref(body);
    return media;
}

/* What --for, --backup and --fallback say belongs to the one part that is not a recording. */
static bool add_source(struct call *call, const struct written *w, json_t *part)
{
    json_t *length = call_json(call, "for");
    const char *backup = call_value(call, "backup"), *fallback = call_value(call, "fallback");

    if (length == NULL) {
        if (call_value(call, "for") == NULL)
            call_refuse("say how long it sounds: --part %s needs --for, for example --for 30m",
                        w->kind);
        return false;
    }
    json_object_set_new(part, "duration_ms", json_integer(json_integer_value(length) * 1000));
    json_decref(length);
    if (w->value != NULL && strcmp(w->kind, "live") == 0)
        json_object_set_new(part, "source", json_sprintf("microphone:%s", w->value));
    else if (w->value != NULL)
        json_object_set_new(part, "source", json_string(w->value));
    if (backup != NULL)
        json_object_set_new(part, "backup", json_string(backup));
    if (fallback != NULL)
        json_object_set_new(part, "fallback", json_string(fallback));
    return true;
}

static json_t *make_part(struct call *call, const char *text)
{
    struct written w;
    json_t *part, *media = NULL;
    char *end = NULL;
    long long ms;

    if (!read_part(text, &w)) {
        call_refuse("--part takes KIND[/LANGUAGE][:VALUE], for example text/vi:\"Kính mời\"");
        return NULL;
    }
    part = json_pack("{s:s}", "kind", w.kind);
    if (w.language[0] != '\0')
        json_object_set_new(part, "language", json_string(w.language));
    if (strcmp(w.kind, "text") == 0 && w.value != NULL) {
        media = speak(call, w.value);
        if (media == NULL) {
            json_decref(part);
            return NULL;
        }
        json_object_set_new(part, "media", media);
    } else if (strcmp(w.kind, "silence") == 0 && w.value != NULL) {
        errno = 0;
        ms = strtoll(w.value, &end, 10);
        if (errno != 0 || end == w.value || *end != '\0') {
            call_refuse("--part silence takes milliseconds, for example silence:2000, not \"%s\"",
                        w.value);
            json_decref(part);
            return NULL;
        }
        json_object_set_new(part, "duration_ms", json_integer(ms));
    } else if (strcmp(w.kind, "relay") == 0 || strcmp(w.kind, "live") == 0) {
        if (!add_source(call, &w, part)) {
            json_decref(part);
            return NULL;
        }
    } else if (w.value != NULL) {
        json_object_set_new(part, "media", json_string(w.value));
    }
    return part;
}

/* The parts in the order in which they were written; NULL after saying why. */
static json_t *make_parts(struct call *call)
{
    json_t *written = call_list(call, "part"), *parts = json_array();
    json_t *text;
    size_t i;

    json_array_foreach(written, i, text)
    {
        json_t *part = make_part(call, json_string_value(text));

        if (part == NULL) {
            json_decref(parts);
            parts = NULL;
            break;
        }
        json_array_append_new(parts, part);
    }
    json_decref(written);
    return parts;
}

int special_bulletin_add(struct call *call)
{
    json_t *body = call_body(call), *parts = NULL;
    struct http_answer answer;
    int status = CALL_REFUSED;

    if (body == NULL)
        return CALL_USAGE;
    if (call_value(call, "part") != NULL) {
        parts = make_parts(call);
        if (parts == NULL)
            goto out;
        json_object_set_new(body, "parts", parts);
    }
    if (http_request(call, "POST", "/api/v1/bulletins", body, &answer)) {
        if (!http_refused(call, &answer)) {
            print_answer(call, answer.json);
            status = CALL_DONE;
        }
        http_answer_deinit(&answer);
    }
out:
    json_decref(body);
    return status;
}
