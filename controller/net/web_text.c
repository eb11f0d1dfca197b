#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web.h"

const char *web_method_name(enum web_method m)
{
    switch (m) {
    case WEB_GET:
        return "GET";
    case WEB_POST:
        return "POST";
    case WEB_PUT:
        return "PUT";
    case WEB_PATCH:
        return "PATCH";
    case WEB_DELETE:
        return "DELETE";
    case WEB_NONE:
        break;
    }
    return "";
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static enum err decode(const char *from, size_t len, char *ret_value, size_t size)
{
    char *value = malloc(len + 1);
    size_t n = 0;
    enum err e = ERR_OK;

    if (value == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < len; i++) {
        char c = from[i] == '+' ? ' ' : from[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_digit(from[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(from[i + 2]) : -1;

            c = (char)(high * 16 + low);
            if (low < 0 || c == '\0') {
                e = ERR_FORMAT;
                goto out;
            }
            i += 2;
        }
        value[n++] = c;
    }
    if (n >= size) {
        e = ERR_LIMIT;
        goto out;
    }
    memcpy(ret_value, value, n);
    ret_value[n] = '\0';
out:
    free(value);
    return e;
}

enum err web_query(const struct web_request *req, const char *name, char *ret_value, size_t size)
{
    size_t name_len = strlen(name);
    const char *at = req->query;

    while (*at != '\0') {
        size_t len = strcspn(at, "&");

        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=')
            return decode(at + name_len + 1, len - name_len - 1, ret_value, size);
        if (len == name_len && strncmp(at, name, name_len) == 0)
            return decode("", 0, ret_value, size);
        at += len;
        at += *at == '&' ? 1 : 0;
    }
    return ERR_NOT_FOUND;
}

void web_response_deinit(struct web_response *res)
{
    for (size_t i = 0; i < res->header_count; i++)
        free(res->headers[i].value);
    free(res->body);
    free(res->file);
    if (res->has_fd)
        close(res->fd);
    memset(res, 0, sizeof(*res));
}
