/* Speaking from a browser: a WebSocket brings the sound of a live broadcast, and is told how it is heard. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "log.h"

#define CHECK_US (15 * USEC_PER_SEC)
#define RATE_PER_S 55 /* messages: 50 a second, and what a clock may be faster */
#define BURST 150 /* what piled up during a loss of the link */
#define PCM_BYTES (2 * 960) /* 20 ms */

static struct talk *find(struct api *a, uint64_t request)
{
    for (size_t i = 0; i < API_SOUNDS_MAX; i++) {
        if (a->talks[i].request == request)
            return &a->talks[i];
    }
    return NULL;
}

/* Cookies come along by themselves, whoever's page opens the socket: it must be ours. */
static bool is_same_origin(const struct web_request *req)
{
    static const char scheme[] = "https://";

    return strncmp(req->origin, scheme, sizeof(scheme) - 1) == 0 && req->host[0] != '\0' &&
           strcasecmp(req->origin + sizeof(scheme) - 1, req->host) == 0;
}

static struct talk *of_broadcast(struct api *a, uint64_t broadcast)
{
    for (size_t i = 0; i < API_SOUNDS_MAX; i++) {
        if (a->talks[i].request != 0 && a->talks[i].broadcast == broadcast)
            return &a->talks[i];
    }
    return NULL;
}

/* Why a connection ends; "over" is as it should be. */
static void end(struct api *a, struct talk *t, const char *why, const char *sentence)
{
    json_t *words = json_pack("{s:s, s:s, s:s}", "type", "end", "why", why, "message", sentence);
    char *text = words != NULL ? json_dumps(words, JSON_COMPACT) : NULL;
    uint64_t request = t->request;

    *t = (struct talk){0};
    a->ports.sound_end(a->ports.ctx, request);
    (void)!a->ports.socket_close(a->ports.ctx, request, text != NULL ? text : "{\"type\":\"end\"}");
    free(text);
    json_decref(words);
}

/* A speaker who lost the link comes again, perhaps before the station has noticed. */
static enum err replace(struct call *c, uint64_t broadcast)
{
    struct talk *before = of_broadcast(c->api, broadcast);

    if (before == NULL)
        return ERR_OK;
    if (before->user.v != c->user.id.v)
        return err_set(&c->detail, ERR_STATE, "Somebody else speaks in this broadcast.");
    end(c->api, before, "replaced", "Another connection of yours speaks now.");
    return ERR_OK;
}

enum err api_talk_open(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct talk *t;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK && c->by_cookie && !is_same_origin(c->req))
        e = err_set(&c->detail, ERR_AUTH, "Another site opened this connection; it is refused.");
    if (e == ERR_OK)
        e = replace(c, id);
    t = find(c->api, 0);
    if (e == ERR_OK && t == NULL)
        e = err_set(&c->detail, ERR_BUSY, "Too many speak at once; try again in a minute.");
    if (e == ERR_OK)
        e = ports->sound_begin(ports->ctx, (struct broadcast_id){id}, c->id, true, &c->detail);
    if (e != ERR_OK)
        return e;
    *t = (struct talk){
        .request = c->id,
        .broadcast = id,
        .user = c->user.id,
        .tokens = BURST,
        .checked_us = c->now_us,
        .filled_us = c->now_us,
    };
    memcpy(t->sha256, c->secret_sha256, SHA256_BYTES);
    return ERR_OK;
}

/* GET /api/v1/broadcasts/{id}/talk without asking for a WebSocket. */
enum err api_talk(struct call *c)
{
    c->status = 426;
    call_header(c, "upgrade:", "websocket");
    return err_set(&c->detail, ERR_UNSUPPORTED, "Connect with a WebSocket of the subprotocol %s.",
                   WEB_SOCKET_PROTOCOL);
}

/* {"format": "opus" | "s16le", "rate_hz": 48000} */
static void take_format(struct api *a, struct talk *t, struct bytes message)
{
    struct err_detail detail = {0};
    char format[8] = "";
    int64_t rate_hz = SAMPLE_RATE_HZ;
    const struct body_field fields[] = {
        {.name = "format", .to = format, .min = 1, .max = sizeof(format) - 1, .required = true},
        {.name = "rate_hz", .kind = BODY_NUMBER, .to = &rate_hz, .min = 1, .max = 384000},
    };
    json_t *body = NULL;
    enum err e = body_parse(message, &body, &detail);

    if (e == ERR_OK)
        e = body_read(body, fields, 2, &detail);
    json_decref(body);
    if (e == ERR_OK && rate_hz != SAMPLE_RATE_HZ)
        e = err_set(&detail, ERR_FORMAT, "\"rate_hz\" must be 48000");
    t->is_opus = strcmp(format, "opus") == 0;
    if (e == ERR_OK && !t->is_opus && strcmp(format, "s16le") != 0)
        e = err_set(&detail, ERR_FORMAT, "\"format\" takes opus or s16le");
    t->has_format = e == ERR_OK;
    if (e != ERR_OK)
        end(a, t, "wrong", detail.text);
}

/* One message of a budget that fills by itself. */
static bool spend(struct talk *t, usec_t now_us)
{
    usec_t more = (now_us - t->filled_us) * RATE_PER_S / USEC_PER_SEC;

    if (more > 0) {
        t->filled_us += more * USEC_PER_SEC / RATE_PER_S;
        t->tokens = t->tokens + more < BURST ? t->tokens + (unsigned)more : BURST;
    }
    if (t->tokens == 0)
        return false;
    t->tokens--;
    return true;
}

void api_talk_message(struct api *a, uint64_t request, struct bytes message, bool is_text)
{
    const struct api_ports *ports = &a->ports;
    struct talk *t = request != 0 ? find(a, request) : NULL;
    enum err e;

    if (t == NULL)
        return;
    if (!spend(t, ports->now_us(ports->ctx))) {
        end(a, t, "fast", "More than 50 messages a second came.");
        return;
    }
    if (is_text) {
        take_format(a, t, message);
        return;
    }
    if (!t->has_format || (!t->is_opus && (message.len > PCM_BYTES || message.len % 2 != 0))) {
        end(a, t, "wrong",
            t->has_format ? "A piece is at most 20 ms of s16le." : "Say the format first.");
        return;
    }
    if (!t->is_opus) {
        if (!ports->sound_piece(ports->ctx, request, message))
            end(a, t, "over", "The broadcast is over.");
        return;
    }
    e = ports->sound_packet(ports->ctx, request, message);
    if (e == ERR_FORMAT)
        end(a, t, "wrong", "A message is one Opus packet of 20 ms.");
    else if (e != ERR_OK)
        end(a, t, "over", "The broadcast is over.");
}

void api_talk_gone(struct api *a, uint64_t request)
{
    struct talk *t = request != 0 ? find(a, request) : NULL;

    if (t == NULL)
        return;
    *t = (struct talk){0};
    a->ports.sound_end(a->ports.ctx, request);
}

static bool may_go_on(struct api *a, struct talk *t, usec_t now_us)
{
    struct credential credential;
    struct user user;
    enum err e;

    if (now_us - t->checked_us < CHECK_US)
        return true;
    t->checked_us = now_us;
    e = store_credential_find(a->ports.db, t->sha256, now_us, &credential, &user);
    if (e == ERR_OK)
        auth_keep(a, &credential, now_us);
    return e != ERR_NOT_FOUND && e != ERR_AUTH;
}

static void tell(struct api *a, struct talk *t)
{
    const struct api_ports *ports = &a->ports;
    struct api_talk_state s;
    char text[WEB_SOCKET_TEXT_BYTES];

    if (ports->talk_state(ports->ctx, t->request, &s) != ERR_OK) {
        end(a, t, "over", "The broadcast is over.");
        return;
    }
    snprintf(
        text, sizeof(text),
        "{\"type\":\"state\",\"now_us\":%lld,\"start_us\":%lld,\"level_mdb\":%d,\"delay_ms\":%u,"
        "\"nodes\":%zu,\"hearing\":%zu,\"late\":%u}",
        (long long)ports->now_us(ports->ctx), (long long)s.start_us, s.level_mdb, s.delay_ms,
        s.nodes, s.hearing, s.late);
    (void)!ports->socket_send(ports->ctx, t->request, text);
}

void api_talk_step(struct api *a)
{
    usec_t now_us = a->ports.now_us(a->ports.ctx);

    for (size_t i = 0; i < API_SOUNDS_MAX; i++) {
        struct talk *t = &a->talks[i];

        if (t->request == 0)
            continue;
        if (may_go_on(a, t, now_us))
            tell(a, t);
        else
            end(a, t, "signed_out", "The session has ended; sign in again.");
    }
}
