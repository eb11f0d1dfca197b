#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "api_resume.h"
#include "api_updates.h"
#include "body.h"
#include "digest.h"
#include "log.h"
#include "vietnamese.h"

enum err api_new(const struct api_ports *ports, const char *admin_code, struct api **ret_api)
{
    struct api *a = calloc(1, sizeof(*a));

    if (a == NULL)
        return ERR_NOMEM;
    a->ports = *ports;
    if (admin_code != NULL && admin_code[0] != '\0') {
        digest_sha256(bytes_of(admin_code, strlen(admin_code)), a->admin_code);
        a->has_admin_code = true;
    }
    if (updates_new(a, &a->updates) != ERR_OK) {
        free(a);
        return ERR_NOMEM;
    }
    console_policy(a);
    api_resume_load(a);
    *ret_api = a;
    return ERR_OK;
}

void api_free(struct api *a)
{
    if (a == NULL)
        return;
    api_upload_free_all(a);
    api_resume_free_all(a);
    api_cap_free_all(a);
    updates_free(a->updates);
    once_free_all(a);
    free(a);
}

/* The only place where results become status codes. */
static unsigned status_of(enum err e)
{
    switch (e) {
    case ERR_OK:
        return 200;
    case ERR_ARG:
    case ERR_FORMAT:
        return 400;
    case ERR_AUTH:
        return 403;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_STATE:
    case ERR_EXISTS:
        return 409;
    case ERR_LIMIT:
        return 422;
    case ERR_BUSY:
        return 429;
    case ERR_UNSUPPORTED:
        return 501;
    case ERR_NOMEM:
        return 503;
    case ERR_TIMEOUT:
        return 504;
    case ERR_IO:
    case ERR_CANCELLED:
    case ERR_MORE:
    case ERR_COUNT_:
        break;
    }
    return 500;
}

static const char *sentence_of(enum err e)
{
    switch (e) {
    case ERR_NOMEM:
        return "The station is short of memory; try again later.";
    case ERR_AUTH:
        return "This account may not do that; ask an administrator for the role.";
    case ERR_NOT_FOUND:
        return "There is no such thing; check the address.";
    case ERR_BUSY:
        return "The station is busy; try again in a moment.";
    case ERR_IO:
        return "The station's disk failed or is full; nothing was changed. Tell the administrator.";
    case ERR_EXISTS:
        return "That exists already; choose another.";
    case ERR_STATE:
        return "That is not possible now; look at the present state and try again.";
    case ERR_LIMIT:
        return "A limit would be exceeded; send less.";
    case ERR_OK:
    case ERR_ARG:
    case ERR_FORMAT:
    case ERR_TIMEOUT:
    case ERR_CANCELLED:
    case ERR_MORE:
    case ERR_UNSUPPORTED:
    case ERR_COUNT_:
        break;
    }
    return "The request could not be carried out.";
}

void call_say(const struct call *c, const char *sentence, char *ret_text)
{
    if (!c->in_vietnamese)
        snprintf(ret_text, CALL_SAY_SIZE, "%s", sentence);
    else if (!vietnamese(sentence, ret_text, CALL_SAY_SIZE) && sentence[0] != '\0')
        log_event(LOG_WARN, "api.not_translated", "sentence=%s", LOG_TEXT(sentence));
}

static void fill_error(struct call *c, enum err e)
{
    char text[CALL_SAY_SIZE];
    json_t *out;

    call_say(c, c->detail.text[0] != '\0' ? c->detail.text : sentence_of(e), text);
    out = json_pack("{s:s, s:s}", "error", err_name(e), "message", text);

    if (out != NULL && c->confirm != NULL)
        json_object_set_new(out, "confirm", json_string(c->confirm));
    if (out != NULL && c->retry_after_s > 0) {
        json_object_set_new(out, "retry_after_s", json_integer(c->retry_after_s));
        call_header(c, "retry-after:", "%u", c->retry_after_s);
    }
    json_decref(c->out);
    c->out = out;
    if (c->status < 400)
        c->status = status_of(e);
}

void call_finish(struct call *c, enum err e)
{
    struct web_response *res = &c->res;

    if (e != ERR_OK)
        fill_error(c, e);
    if (res->status == 0) {
        res->status = c->status != 0 ? c->status : 200;
        res->body = c->out != NULL ? json_dumps(c->out, JSON_INDENT(2)) : NULL;
        if (res->body != NULL) {
            res->body_len = strlen(res->body);
            res->content_type = "application/json";
        } else if (c->out != NULL) {
            res->status = 503;
        } else if (res->status == 200) {
            res->status = 204;
        }
    }
    call_tag(c);
    once_finish(c);
    c->api->requests++;
    c->api->refused += res->status >= 400 ? 1 : 0;
    c->api->ports.answer(c->api->ports.ctx, c->id, res);
    web_response_deinit(res);
    json_decref(c->out);
    json_decref(c->body);
    c->out = c->body = NULL;
}

struct call *call_keep(struct call *c)
{
    struct call *kept = malloc(sizeof(*kept));

    if (kept == NULL)
        return NULL;
    *kept = *c;
    kept->req = NULL;
    c->out = c->body = NULL;
    memset(&c->res, 0, sizeof(c->res));
    return kept;
}

static bool is_streamed(const struct route *r)
{
    return r->body == ROUTE_UPLOAD || r->body == ROUTE_PHOTO || r->body == ROUTE_PART ||
           r->body == ROUTE_SOUND || r->body == ROUTE_CAP;
}

static enum err begin_stream(struct call *c)
{
    if (c->route->body == ROUTE_SOUND)
        return api_sound_begin(c);
    return c->route->body == ROUTE_CAP ? api_cap_begin(c) : api_upload_begin(c);
}

static enum err read_body(struct call *c)
{
    enum err e;

    if (is_streamed(c->route))
        return ERR_OK;
    if (c->route->body == ROUTE_NO_BODY && c->req->body.len == 0)
        return ERR_OK;
    if (c->route->body == ROUTE_JSON && c->req->content_type[0] != '\0' &&
        strncmp(c->req->content_type, "application/json", 16) != 0) {
        c->status = 415;
        return err_set(&c->detail, ERR_UNSUPPORTED,
                       "The body is not application/json; send JSON with that Content-Type.");
    }
    e = body_parse(c->req->body.len > 0 ? c->req->body : bytes_of("{}", 2), &c->body, &c->detail);
    if (e == ERR_OK && c->route->body == ROUTE_NO_BODY)
        e = body_read(c->body, NULL, 0, &c->detail);
    return e;
}

/* Find the route, who asks, and whether they may. */
static enum err admit(struct call *c)
{
    enum err e = routes_find(c->req->method, c->req->path, &c->route, c->param);

    if (e == ERR_UNSUPPORTED) {
        c->status = 405;
        return err_set(&c->detail, e, "This address does not take %s; see the API's description.",
                       web_method_name(c->req->method));
    }
    if (e != ERR_OK && c->req->method == WEB_GET && strncmp(c->req->path, "/api/", 5) != 0) {
        c->route = routes_all(); /* "/": everything else there is belongs to the console */
        e = ERR_OK;
    }
    if (e != ERR_OK)
        return err_set(&c->detail, e, "There is no such address; see the API's description.");
    if ((c->route->roles & ROUTE_ANYONE) != 0)
        return ERR_OK;
    e = auth_identify(c);
    if (e != ERR_OK)
        return e;
    if (!call_may(c, c->route->roles))
        return err_set(&c->detail, ERR_AUTH,
                       "This account lacks the role for that; ask an administrator.");
    return ERR_OK;
}

static void call_init(struct call *c, struct api *a, const struct web_request *req)
{
    memset(c, 0, sizeof(*c));
    c->api = a;
    c->req = req;
    c->id = req->id;
    c->now_us = a->ports.now_us(a->ports.ctx);
    c->in_vietnamese = vietnamese_is_wanted(req->accept_language);
    strncpy(c->remote, req->remote, sizeof(c->remote) - 1);
}

static enum web_body on_headers(void *ctx, const struct web_request *req)
{
    struct api *a = ctx;
    struct call c;
    enum err e;

    call_init(&c, a, req);
    e = admit(&c);
    if (e == ERR_OK && !is_streamed(c.route))
        return WEB_BODY_MEMORY;
    if (e == ERR_OK)
        e = begin_stream(&c);
    if (e == ERR_OK)
        return WEB_BODY_STREAM;
    call_finish(&c, e);
    return WEB_BODY_ANSWERED;
}

static bool on_piece(void *ctx, uint64_t id, struct bytes piece)
{
    if (api_sound_is_open(ctx, id))
        return api_sound_piece(ctx, id, piece);
    return api_cap_is_open(ctx, id) ? api_cap_piece(ctx, id, piece)
                                    : api_upload_piece(ctx, id, piece);
}

static void on_request(void *ctx, const struct web_request *req)
{
    struct api *a = ctx;
    struct call c;
    bool is_done = false;
    enum err e;

    call_init(&c, a, req);
    e = admit(&c);
    if (e == ERR_OK)
        e = read_body(&c);
    if (e == ERR_OK && !is_streamed(c.route))
        e = once_judge(&c, &is_done);
    /* A change that is asked for again because its answer got lost has made the tag another one itself. */
    if (e == ERR_OK && !is_done)
        e = call_tag_judge(&c);
    if (e == ERR_OK && !is_done)
        e = c.route->handle(&c);
    if (e != ERR_MORE)
        call_finish(&c, e);
    else
        json_decref(c.body);
}

static unsigned on_socket(void *ctx, const struct web_request *req)
{
    struct api *a = ctx;
    struct call c;
    enum err e;

    call_init(&c, a, req);
    e = admit(&c);
    if (e == ERR_OK)
        e = c.route->handle == api_talk ? api_talk_open(&c) : ERR_NOT_FOUND;
    web_response_deinit(&c.res);
    a->requests++;
    a->refused += e != ERR_OK ? 1 : 0;
    if (e == ERR_OK)
        return 0;
    return c.status >= 400 ? c.status : status_of(e);
}

static void on_message(void *ctx, uint64_t id, struct bytes message, bool is_text)
{
    api_talk_message(ctx, id, message, is_text);
}

static void say(void *ctx, const char *accept_language, const char *sentence, char *ret_text,
                size_t size)
{
    (void)ctx;
    if (vietnamese_is_wanted(accept_language) && !vietnamese(sentence, ret_text, size))
        log_event(LOG_WARN, "api.not_translated", "sentence=%s", LOG_TEXT(sentence));
}

static void on_gone(void *ctx, uint64_t id)
{
    struct api *a = ctx;

    api_listen_gone(a, id);
    api_talk_gone(a, id);
    api_sound_gone(a, id);
    api_cap_gone(a, id);
    api_upload_gone(a, id);
    updates_gone(a->updates, id);
}

void api_step(struct api *a)
{
    updates_step(a->updates);
    api_talk_step(a);
    api_listen_step(a);
}

struct web_handler api_handler(struct api *a)
{
    return (struct web_handler){
        .ctx = a,
        .on_headers = on_headers,
        .on_piece = on_piece,
        .on_request = on_request,
        .on_socket = on_socket,
        .on_message = on_message,
        .say = say,
        .on_gone = on_gone,
    };
}
