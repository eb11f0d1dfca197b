#include "address.h"

#include <stdlib.h>
#include <string.h>

enum err address_parse(const char *text, struct address *ret_address, struct err_detail *detail)
{
    const char *host = text, *end = strchr(text, ':'), *port = NULL;
    unsigned long v = ADDRESS_PORT;
    char *rest;

    if (text[0] == '[') {
        host = text + 1;
        end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return err_set(detail, ERR_ARG, "write an IPv6 controller as [ADDRESS]:PORT");
        port = end[1] == ':' ? end + 2 : NULL;
    } else if (end == NULL || strchr(end + 1, ':') != NULL) {
        end = text + strlen(text);
    } else {
        port = end + 1;
    }
    if (end == host)
        return err_set(detail, ERR_ARG, "--controller needs a host name or address");
    if (port != NULL) {
        v = strtoul(port, &rest, 10);
        if (port[0] < '0' || port[0] > '9' || *rest != '\0' || v < 1 || v > 65535)
            return err_set(detail, ERR_ARG,
                           "the port of --controller must be a number from 1 to 65535");
    }
    if ((size_t)(end - host) >= sizeof(ret_address->host))
        return err_set(detail, ERR_ARG, "the controller's name is longer than %zu bytes",
                       sizeof(ret_address->host) - 1);
    memset(ret_address, 0, sizeof(*ret_address));
    memcpy(ret_address->host, host, (size_t)(end - host));
    ret_address->port = (uint16_t)v;
    return ERR_OK;
}

enum err address_parse_list(const char *text, struct address *ret_list, size_t *ret_count,
                            struct err_detail *detail)
{
    struct address list[ADDRESS_CONTROLLERS_MAX];
    size_t count = 0;

    for (text += strspn(text, ", "); *text != '\0'; text += strspn(text, ", ")) {
        size_t len = strcspn(text, ", ");
        char one[ADDRESS_HOST_SIZE + 8];
        enum err e;

        if (count == ADDRESS_CONTROLLERS_MAX || len >= sizeof(one))
            return err_set(detail, ERR_ARG, "at most %d controllers, each of at most %zu bytes",
                           ADDRESS_CONTROLLERS_MAX, sizeof(one) - 1);
        memcpy(one, text, len);
        one[len] = '\0';
        e = address_parse(one, &list[count], detail);
        if (e != ERR_OK)
            return e;
        count++;
        text += len;
    }
    memcpy(ret_list, list, count * sizeof(list[0]));
    *ret_count = count;
    return ERR_OK;
}
