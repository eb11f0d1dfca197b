#include "cap_resource.h"

#include <string.h>

#include "cap_xmlsec.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool cap_resource_is_audio(const struct cap_resource *resource)
{
    static const char *const types[] = {"audio/ogg",   "audio/opus", "audio/mpeg",    "audio/mp3",
                                        "audio/x-wav", "audio/wav",  "audio/x-mp3",   "audio/mp4",
                                        "audio/aac",   "audio/flac", "audio/vnd.wave"};
    size_t len = resource->mime_type != NULL ? strcspn(resource->mime_type, "; \t") : 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i]) == len && strncasecmp(types[i], resource->mime_type, len) == 0)
            return true;
    }
    return false;
}

static int digit_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* RFC 4648 base64 with white space anywhere and its padding. False when it is none. */
static bool decode(const char *text, uint8_t *out, size_t *ret_len)
{
    uint32_t bits = 0;
    size_t digits = 0, pads = 0, len = 0;

    for (; *text != '\0'; text++) {
        int digit = digit_of(*text);

        if (is_space(*text))
            continue;
        if (*text == '=' && ++pads <= 2)
            continue;
        if (digit < 0 || pads > 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (++digits % 4 != 1)
            out[len++] = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
    }
    *ret_len = len;
    return len > 0 && (digits + pads) % 4 == 0;
}

static bool digest_fits(const char *digest, struct bytes data)
{
    uint8_t wanted[CAP_SHA1_BYTES], found[CAP_SHA1_BYTES];
    char hex[HEX_SIZE(CAP_SHA1_BYTES)];
    size_t len;

    while (is_space(*digest))
        digest++;
    len = strcspn(digest, " \t\r\n");
    if (len != sizeof(hex) - 1)
        return false;
    memcpy(hex, digest, len);
    hex[len] = '\0';
    return bytes_from_hex(hex, wanted, sizeof(wanted)) == ERR_OK &&
           cap_xmlsec_sha1(data.data, data.len, found) && memcmp(wanted, found, sizeof(found)) == 0;
}

enum err cap_resource_inline(const struct cap_resource *resource, const struct cap_policy *policy,
                             struct cap_arena *arena, struct bytes *ret_data)
{
    const char *text = resource->deref_uri;
    uint8_t *out;
    size_t len;

    if (text == NULL)
        return ERR_NOT_FOUND;
    out = cap_arena_take(arena, strlen(text) + 1);
    if (out == NULL)
        return ERR_NOMEM;
    if (!decode(text, out, &len))
        return ERR_FORMAT;
    if (len > policy->resource_max_bytes)
        return ERR_LIMIT;
    if (resource->digest != NULL && !digest_fits(resource->digest, bytes_of(out, len)) &&
        !digest_fits(resource->digest, bytes_of(text, strlen(text))))
        return ERR_AUTH;
    *ret_data = bytes_of(out, len);
    return ERR_OK;
}

enum err cap_resource_fetched(const struct cap_resource *resource, struct bytes data)
{
    return resource->digest != NULL && digest_fits(resource->digest, data) ? ERR_OK : ERR_AUTH;
}

enum err cap_resource_uri(const struct cap_policy *policy, const char *uri)
{
    const char *host;
    size_t len, name_len;

    if (strncasecmp(uri, "https://", 8) != 0)
        return ERR_ARG;
    host = uri + 8;
    len = strcspn(host, "/?#");
    /* A host is letters, digits, hyphens and dots; "@", brackets, blanks and escapes are none of them. */
    name_len = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (name_len == 0 ||
        (name_len != len && (host[name_len] != ':' ||
                             name_len + 1 + strspn(host + name_len + 1, "0123456789") != len)))
        return ERR_ARG;
    for (const char *p = host + len; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F || *p == '\\')
            return ERR_ARG;
    }
    if (len == name_len + 4 && strncmp(host + name_len, ":443", 4) == 0)
        len = name_len;
    for (size_t i = 0; i < policy->host_count; i++) {
        if (strlen(policy->hosts[i]) == len && strncasecmp(policy->hosts[i], host, len) == 0)
            return ERR_OK;
    }
    return ERR_AUTH;
}
