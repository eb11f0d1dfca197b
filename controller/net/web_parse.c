#include <stdlib.h>
#include <string.h>

#include "web_impl.h"

#include "utf8.h"

static enum err refuse(unsigned status, unsigned *ret_status, struct err_detail *detail,
                       enum err code, const char *sentence)
{
    *ret_status = status;
    return err_set(detail, code, "%s", sentence);
}

/* Take `len` + 1 bytes of the exchange's text for one header. */
static char *text_take(struct exchange *x, size_t len)
{
    struct web_text *text = x->text;
    char *at = text->bytes + text->used;

    if (len + 1 > sizeof(text->bytes) - text->used)
        return NULL;
    text->used += len + 1;
    at[len] = '\0';
    return at;
}

/* NULL: too long. Absent: "". */
static const char *known_header(struct lws *wsi, struct exchange *x, enum lws_token_indexes token)
{
    int len = lws_hdr_total_length(wsi, token);
    char *at;

    if (len <= 0)
        return "";
    if (len > WEB_HEADER_MAX)
        return NULL;
    at = text_take(x, (size_t)len);
    if (at == NULL || lws_hdr_copy(wsi, at, len + 1, token) < 0)
        return NULL;
    return at;
}

static const char *other_header(struct lws *wsi, struct exchange *x, const char *name)
{
    int name_len = (int)strlen(name);
    int len = lws_hdr_custom_length(wsi, name, name_len);
    char *at;

    if (len <= 0)
        return "";
    if (len > WEB_HEADER_MAX)
        return NULL;
    at = text_take(x, (size_t)len);
    if (at == NULL || lws_hdr_custom_copy(wsi, at, len + 1, name, name_len) < 0)
        return NULL;
    return at;
}

static enum err parse_method(struct lws *wsi, struct exchange *x, unsigned *ret_status,
                             struct err_detail *detail)
{
    static const enum web_method methods[] = {
        [LWSHUMETH_GET] = WEB_GET,     [LWSHUMETH_POST] = WEB_POST,     [LWSHUMETH_PUT] = WEB_PUT,
        [LWSHUMETH_PATCH] = WEB_PATCH, [LWSHUMETH_DELETE] = WEB_DELETE, [LWSHUMETH_HEAD] = WEB_GET,
    };
    char *uri = NULL;
    int len = 0;
    int m = lws_http_get_uri_and_method(wsi, &uri, &len);
    char *path;

    if (m < 0 || m >= (int)(sizeof(methods) / sizeof(methods[0])) || methods[m] == WEB_NONE)
        return refuse(405, ret_status, detail, ERR_UNSUPPORTED,
                      "This method is not supported; use GET, POST, PUT, PATCH or DELETE.");
    x->req.method = methods[m];
    x->head = m == LWSHUMETH_HEAD;
    if (len > WEB_PATH_MAX)
        return refuse(414, ret_status, detail, ERR_LIMIT,
                      "The path is longer than 1024 bytes; check the address.");
    path = text_take(x, (size_t)len);
    if (path == NULL)
        return refuse(414, ret_status, detail, ERR_LIMIT, "The address is too long.");
    memcpy(path, uri, (size_t)len);
    if (path[0] != '/' || strlen(path) != (size_t)len || !utf8_valid(path, (size_t)len, false))
        return refuse(400, ret_status, detail, ERR_FORMAT,
                      "The path is not valid text beginning with '/'; check the address.");
    x->req.path = path; /* libwebsockets has taken out "//", "/./" and "/../" */
    return ERR_OK;
}

/* libwebsockets has decoded and split the query: put it back into one unambiguous text. */
static enum err parse_query(struct lws *wsi, struct exchange *x, unsigned *ret_status,
                            struct err_detail *detail)
{
    static const char digits[] = "0123456789ABCDEF";
    int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    char fragment[WEB_QUERY_MAX + 1];
    size_t size = (size_t)(total > 0 ? total : 0) * 4 + 1; /* each byte escaped, each part parted */
    char *query;
    size_t n = 0;

    x->req.query = "";
    if (total <= 0)
        return ERR_OK;
    if (total > WEB_QUERY_MAX)
        return refuse(414, ret_status, detail, ERR_LIMIT,
                      "The query is longer than 2048 bytes; send long values in the body.");
    query = text_take(x, size);
    if (query == NULL)
        return refuse(414, ret_status, detail, ERR_LIMIT, "The address is too long.");
    for (int i = 0;; i++) {
        int len =
            lws_hdr_copy_fragment(wsi, fragment, sizeof(fragment), WSI_TOKEN_HTTP_URI_ARGS, i);
        bool is_value = false;

        if (len < 0)
            break;
        if (n + 3 * (size_t)len + 1 > size)
            return refuse(400, ret_status, detail, ERR_FORMAT, "The query is not readable.");
        if (i > 0)
            query[n++] = '&';
        for (int k = 0; k < len; k++) {
            unsigned char c = (unsigned char)fragment[k];

            if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                c == '-' || c == '_' || c == '.' || (c == '=' && !is_value)) {
                query[n++] = (char)c;
                is_value = is_value || c == '=';
            } else {
                query[n++] = '%';
                query[n++] = digits[c >> 4];
                query[n++] = digits[c & 15];
            }
        }
    }
    query[n] = '\0';
    x->req.query = query;
    return ERR_OK;
}

static enum err parse_length(struct lws *wsi, struct exchange *x, unsigned *ret_status,
                             struct err_detail *detail)
{
    const char *text = known_header(wsi, x, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    char *end = NULL;

    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
        return refuse(411, ret_status, detail, ERR_UNSUPPORTED,
                      "Chunked bodies are not supported; send the body with Content-Length.");
    if (text == NULL)
        text = "x";
    if (text[0] == '\0')
        return ERR_OK;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
        return refuse(400, ret_status, detail, ERR_FORMAT,
                      "Content-Length is not a number of bytes; send the body's size.");
    x->req.content_length = strtoull(text, &end, 10);
    return ERR_OK;
}

/* A socket for both families tells a.b.c.d as ::ffff:a.b.c.d. */
static const char *plain_address(const char *text)
{
    static const char mapped[] = "::ffff:";

    return strncmp(text, mapped, sizeof(mapped) - 1) == 0 && strchr(text, '.') != NULL
               ? text + sizeof(mapped) - 1
               : text;
}

/* False: one of them is too long. */
static bool read_headers(struct lws *wsi, struct exchange *x)
{
    struct web_request *req = &x->req;
    const struct {
        const char **to;
        enum lws_token_indexes token;
        const char *name; /* of a header that libwebsockets has no token for */
    } headers[WEB_TEXTS_MAX] = {
        {&req->authorization, WSI_TOKEN_HTTP_AUTHORIZATION, NULL},
        {&req->cookie, WSI_TOKEN_HTTP_COOKIE, NULL},
        {&req->content_type, WSI_TOKEN_HTTP_CONTENT_TYPE, NULL},
        {&req->if_match, WSI_TOKEN_HTTP_IF_MATCH, NULL},
        {&req->if_none_match, WSI_TOKEN_HTTP_IF_NONE_MATCH, NULL},
        {&req->range, WSI_TOKEN_HTTP_RANGE, NULL},
        {&req->if_range, WSI_TOKEN_HTTP_IF_RANGE, NULL},
        {&req->accept_encoding, WSI_TOKEN_HTTP_ACCEPT_ENCODING, NULL},
        {&req->accept_language, WSI_TOKEN_HTTP_ACCEPT_LANGUAGE, NULL},
        {&req->origin, WSI_TOKEN_ORIGIN, NULL},
        {&req->host, WSI_TOKEN_HOST, NULL},
        {&req->idempotency_key, WSI_TOKEN_COUNT, "idempotency-key:"},
        {&req->csrf, WSI_TOKEN_COUNT, "x-loa-csrf:"},
    };
    bool is_short = true;

    for (size_t i = 0; i < WEB_TEXTS_MAX; i++) {
        const char *text = headers[i].name != NULL ? other_header(wsi, x, headers[i].name)
                                                   : known_header(wsi, x, headers[i].token);

        is_short = is_short && text != NULL;
        *headers[i].to = text != NULL ? text : "";
    }
    return is_short;
}

enum err web_parse(struct lws *wsi, struct exchange *x, unsigned *ret_status,
                   struct err_detail *detail)
{
    struct web_request *req = &x->req;
    char *remote = text_take(x, 63);
    bool is_short;
    enum err e;

    /* Every text is set before anything can be refused: a refused request is answered too. */
    req->path = req->query = req->remote = "";
    is_short = read_headers(wsi, x);
    if (remote != NULL && lws_get_peer_simple(wsi, remote, 64) != NULL)
        req->remote = plain_address(remote);
    e = parse_method(wsi, x, ret_status, detail);
    if (e != ERR_OK)
        return e;
    if (!is_short)
        return refuse(
            431, ret_status, detail, ERR_LIMIT,
            "A header is longer than 4096 bytes; delete this site's cookies and try again.");
    e = parse_query(wsi, x, ret_status, detail);
    return e != ERR_OK ? e : parse_length(wsi, x, ret_status, detail);
}
