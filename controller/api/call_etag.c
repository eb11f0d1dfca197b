/* Who changes something says which state of it they saw (ETag, If-Match), so that nobody undoes another's work unseen.
 *
 * The tag of what GET shows is the digest of its text, unless the handler knows better. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "digest.h"

#define TAG_SIZE 32

/* What can be changed under the address at which it is shown. */
static bool is_editable(const struct route *get)
{
    for (const struct route *r = routes_all(); r->pattern != NULL; r++) {
        if (r->method != WEB_GET && r->method != WEB_POST && strcmp(r->pattern, get->pattern) == 0)
            return true;
    }
    return false;
}

static const char *own_tag(const struct web_response *res)
{
    for (size_t i = 0; i < res->header_count; i++) {
        if (strcmp(res->headers[i].name, "etag:") == 0)
            return res->headers[i].value;
    }
    return NULL;
}

static void tag_of(const struct web_response *res, const char *text, char ret_tag[TAG_SIZE])
{
    const char *own = own_tag(res);
    uint8_t sha256[SHA256_BYTES];
    char hex[HEX_SIZE(8)];

    if (own != NULL) {
        snprintf(ret_tag, TAG_SIZE, "%s", own);
        return;
    }
    digest_sha256(bytes_of(text, strlen(text)), sha256);
    bytes_to_hex(bytes_of(sha256, 8), hex);
    snprintf(ret_tag, TAG_SIZE, "\"%s\"", hex);
}

/* "*", or a list that holds the tag. */
static bool matches(const char *list, const char *tag)
{
    const char *at = strstr(list, tag);

    return strcmp(list, "*") == 0 || (at != NULL && strcspn(at + strlen(tag), ", \t") == 0);
}

void call_tag(struct call *c)
{
    struct web_response *res = &c->res;
    char tag[TAG_SIZE];

    if (c->route == NULL || c->route->method != WEB_GET || c->out == NULL || res->body == NULL ||
        res->status != 200 || !is_editable(c->route))
        return;
    tag_of(res, res->body, tag);
    if (own_tag(res) == NULL)
        call_header(c, "etag:", "%s", tag);
    res->cache = "private, no-cache";
    if (c->req == NULL || c->req->if_none_match[0] == '\0' || !matches(c->req->if_none_match, tag))
        return;
    free(res->body);
    res->body = NULL;
    res->body_len = 0;
    res->content_type = NULL;
    res->status = 304;
}

/* What GET would show now. ERR_NOT_FOUND: nothing. */
static enum err present_tag(const struct call *c, char ret_tag[TAG_SIZE])
{
    struct web_request req = *c->req;
    struct call look = *c;
    char *text = NULL;
    enum err e = routes_find(WEB_GET, req.path, &look.route, look.param);

    if (e != ERR_OK)
        return ERR_NOT_FOUND;
    req.method = WEB_GET;
    req.query = "";
    look.req = &req;
    look.body = look.out = NULL;
    look.res = (struct web_response){0};
    e = look.route->handle(&look);
    if (e == ERR_OK && look.out != NULL)
        text = json_dumps(look.out, JSON_INDENT(2));
    if (text != NULL)
        tag_of(&look.res, text, ret_tag);
    e = text != NULL ? ERR_OK : ERR_NOT_FOUND;
    free(text);
    json_decref(look.out);
    web_response_deinit(&look.res);
    return e;
}

enum err call_tag_judge(struct call *c)
{
    char tag[TAG_SIZE];

    if (c->req->method == WEB_GET || c->req->method == WEB_POST || c->req->if_match[0] == '\0' ||
        present_tag(c, tag) != ERR_OK || matches(c->req->if_match, tag))
        return ERR_OK;
    c->status = 412;
    call_header(c, "etag:", "%s", tag);
    return err_set(&c->detail, ERR_STATE,
                   "Somebody else changed this meanwhile; load it again, then make your change.");
}
