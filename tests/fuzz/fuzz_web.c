/* What libwebsockets hands us of a request becomes one that the API may trust, or an answer of 4xx.
 *
 * Input: a method (u8), then lines: path, query (its parts parted by '&', decoded already), six header values,
 * Content-Length, Transfer-Encoding, address, seven header values more. The functions of libwebsockets that web_parse.c uses stand here,
 * with the same promises about lengths. */
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "web_impl.h"

#define LINES 18
#define VALUE_SIZE (WEB_QUERY_MAX + 1)

static struct bytes lines[LINES];
static int method;

static struct bytes line_of(enum lws_token_indexes token)
{
    /* libwebsockets has some hundred tokens; these are what web_parse.c asks for. */
    if (token == WSI_TOKEN_HTTP_URI_ARGS)
        return lines[1];
    if (token == WSI_TOKEN_HTTP_AUTHORIZATION)
        return lines[2];
    if (token == WSI_TOKEN_HTTP_COOKIE)
        return lines[3];
    if (token == WSI_TOKEN_HTTP_CONTENT_TYPE)
        return lines[4];
    if (token == WSI_TOKEN_HTTP_IF_MATCH)
        return lines[5];
    if (token == WSI_TOKEN_HTTP_CONTENT_LENGTH)
        return lines[8];
    if (token == WSI_TOKEN_HTTP_TRANSFER_ENCODING)
        return lines[9];
    if (token == WSI_TOKEN_HTTP_IF_NONE_MATCH)
        return lines[11];
    if (token == WSI_TOKEN_HTTP_RANGE)
        return lines[12];
    if (token == WSI_TOKEN_HTTP_IF_RANGE)
        return lines[13];
    if (token == WSI_TOKEN_HTTP_ACCEPT_ENCODING)
        return lines[14];
    if (token == WSI_TOKEN_ORIGIN)
        return lines[15];
    if (token == WSI_TOKEN_HOST)
        return lines[16];
    CHECK(token == WSI_TOKEN_HTTP_ACCEPT_LANGUAGE);
    return lines[17];
}

static struct bytes custom_of(const char *name, int len)
{
    CHECK(strlen(name) == (size_t)len && name[len - 1] == ':');
    return lines[strcmp(name, "idempotency-key:") == 0 ? 6 : 7];
}

static int copy(struct bytes from, char *dest, int len)
{
    if (from.len + 1 > (size_t)len)
        return -1;
    if (from.len > 0)
        memcpy(dest, from.data, from.len);
    dest[from.len] = '\0';
    return (int)from.len;
}

int lws_hdr_total_length(struct lws *wsi, enum lws_token_indexes token)
{
    (void)wsi;
    return (int)line_of(token).len;
}

int lws_hdr_copy(struct lws *wsi, char *dest, int len, enum lws_token_indexes token)
{
    (void)wsi;
    return copy(line_of(token), dest, len);
}

int lws_hdr_copy_fragment(struct lws *wsi, char *dest, int len, enum lws_token_indexes token,
                          int index)
{
    struct bytes rest = line_of(token);

    (void)wsi;
    for (;; index--) {
        const uint8_t *end = rest.len > 0 ? memchr(rest.data, '&', rest.len) : NULL;
        size_t part = end != NULL ? (size_t)(end - rest.data) : rest.len;

        if (index == 0)
            return copy(bytes_of(rest.data, part), dest, len);
        if (end == NULL)
            return -1;
        rest = bytes_of(end + 1, rest.len - part - 1);
    }
}

int lws_hdr_custom_length(struct lws *wsi, const char *name, int len)
{
    (void)wsi;
    return (int)custom_of(name, len).len;
}

int lws_hdr_custom_copy(struct lws *wsi, char *dest, int len, const char *name, int name_len)
{
    (void)wsi;
    return copy(custom_of(name, name_len), dest, len);
}

int lws_http_get_uri_and_method(struct lws *wsi, char **ret_uri, int *ret_len)
{
    (void)wsi;
    *ret_uri = (char *)(uintptr_t)lines[0].data;
    *ret_len = (int)lines[0].len;
    return lines[0].len > 0 ? method : -1;
}

const char *lws_get_peer_simple(struct lws *wsi, char *name, size_t size)
{
    (void)wsi;
    return copy(lines[10], name, (int)size) >= 0 ? name : NULL;
}

static bool is_plain(const uint8_t *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (name[i] < 'a' || name[i] > 'z')
            return false;
    }
    return len > 0;
}

/* The first part of the query reads back as it was. */
static void judge_query(const struct web_request *req)
{
    const uint8_t *end = lines[1].len > 0 ? memchr(lines[1].data, '&', lines[1].len) : NULL;
    size_t part = end != NULL ? (size_t)(end - lines[1].data) : lines[1].len;
    const uint8_t *is = part > 0 ? memchr(lines[1].data, '=', part) : NULL;
    size_t len = is != NULL ? (size_t)(is - lines[1].data) : 0;
    char name[64], value[VALUE_SIZE];
    enum err e;

    CHECK(strspn(req->query,
                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.%&=") ==
          strlen(req->query));
    (void)!web_query(req, "limit", value, 4);
    if (is == NULL || len >= sizeof(name) || !is_plain(lines[1].data, len))
        return;
    memcpy(name, lines[1].data, len);
    name[len] = '\0';
    e = web_query(req, name, value, sizeof(value));
    if (memchr(is + 1, '\0', part - len - 1) != NULL) {
        CHECK(e == ERR_FORMAT);
        return;
    }
    CHECK(e == ERR_OK && strlen(value) == part - len - 1);
    CHECK(memcmp(value, is + 1, part - len - 1) == 0);
}

static bool is_within(const struct exchange *x, const char *text)
{
    return text != NULL &&
           (text[0] == '\0' || (text >= x->text->bytes && text < x->text->bytes + x->text->used));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct exchange x;
    static struct web_text texts;
    struct err_detail detail = {0};
    struct bytes rest;
    unsigned status = 0;
    enum err e;

    if (size < 1)
        return 0;
    rest = bytes_of(data + 1, size - 1);
    method = data[0] % (LWSHUMETH_COLON_PATH + 2) - 1;
    for (int i = 0; i < LINES; i++) {
        const uint8_t *end = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;
        size_t len = end != NULL ? (size_t)(end - rest.data) : rest.len;

        lines[i] = bytes_of(rest.data, len);
        rest = end != NULL ? bytes_of(end + 1, rest.len - len - 1) : bytes_of(NULL, 0);
    }
    memset(&x, 0, sizeof(x));
    memset(&texts, 0, sizeof(texts));
    x.text = &texts;
    e = web_parse(NULL, &x, &status, &detail);
    CHECK(is_within(&x, x.req.path) && is_within(&x, x.req.query) && is_within(&x, x.req.remote));
    if (e != ERR_OK) {
        CHECK(status >= 400 && status < 500 && detail.text[0] != '\0');
        return 0;
    }
    CHECK(x.req.method != WEB_NONE && x.req.path[0] == '/');
    CHECK(strlen(x.req.path) == lines[0].len && lines[0].len <= WEB_PATH_MAX);
    CHECK(is_within(&x, x.req.authorization) && is_within(&x, x.req.cookie) &&
          is_within(&x, x.req.content_type) && is_within(&x, x.req.if_match) &&
          is_within(&x, x.req.idempotency_key) && is_within(&x, x.req.csrf));
    CHECK(is_within(&x, x.req.if_none_match) && is_within(&x, x.req.range) &&
          is_within(&x, x.req.if_range) && is_within(&x, x.req.accept_encoding) &&
          is_within(&x, x.req.origin) && is_within(&x, x.req.host));
    CHECK(x.req.content_length < UINT64_C(1000000000000000000));
    judge_query(&x.req);
    return 0;
}
