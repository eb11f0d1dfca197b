#include "config.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "encoder.h"
#include "utf8.h"

struct reading {
    struct config *config;
    const char *path;
    struct err_detail *detail;
    enum err result;
};

void config_init(struct config *c)
{
    *c = (struct config){
        .data_dir = CONFIG_DATA_DEFAULT,
        .log_level = LOG_INFO,
        .station_code = "00000",
        .station_name = "Đài truyền thanh",
        .link_address = "::",
        .link_port = CONFIG_LINK_PORT,
        .shards = 1,
        .web_address = "::",
        .web_port = CONFIG_WEB_PORT,
        .upload_max_bytes = UINT64_C(1) << 30,
        .bitrate_bps = ENCODER_BITRATE_BPS,
    };
}

static bool set_text(char *out, size_t size, const char *value)
{
    size_t len = strlen(value);

    if (len == 0 || len >= size || !utf8_valid(value, len, false))
        return false;
    memcpy(out, value, len + 1);
    return true;
}

static bool read_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    char *end;
    unsigned long long n = strtoull(value, &end, 10);

    if (value[0] < '0' || value[0] > '9' || *end != '\0' || n < min || n > max)
        return false;
    *ret_number = n;
    return true;
}

static bool set_flag(bool *out, const char *value)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return false;
    *out = strcmp(value, "yes") == 0;
    return true;
}

static bool set_log_level(enum log_level *out, const char *value)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < 4; i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static bool set_port(uint16_t *out, const char *value)
{
    uint64_t n;

    if (!read_number(value, 0, 65535, &n))
        return false;
    *out = (uint16_t)n;
    return true;
}

static bool add_name(struct config *c, const char *value)
{
    return c->name_count < CONFIG_NAMES_MAX &&
           set_text(c->names[c->name_count], sizeof(c->names[0]), value) && ++c->name_count > 0;
}

/* What a key accepts, in the words of the error; NULL: no such key. */
static const char *set_link(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    uint64_t n;

    if (strcmp(key, "address") == 0) {
        *ret_ok = set_text(c->link_address, sizeof(c->link_address), value);
        return "a numeric IPv4 or IPv6 address";
    }
    if (strcmp(key, "port") == 0) {
        *ret_ok = set_port(&c->link_port, value);
        return "a number from 0 to 65535";
    }
    if (strcmp(key, "shards") == 0) {
        *ret_ok = read_number(value, 1, 16, &n);
        if (*ret_ok)
            c->shards = (unsigned)n;
        return "a number from 1 to 16";
    }
    return NULL;
}

static const char *set_web(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    if (strcmp(key, "address") == 0) {
        *ret_ok = set_text(c->web_address, sizeof(c->web_address), value);
        return "a numeric IPv4 or IPv6 address";
    }
    if (strcmp(key, "port") == 0) {
        *ret_ok = set_port(&c->web_port, value);
        return "a number from 0 to 65535";
    }
    if (strcmp(key, "name") == 0) {
        *ret_ok = add_name(c, value);
        return "a host name or address, at most 8 in all";
    }
    if (strcmp(key, "upload_max_bytes") == 0) {
        *ret_ok = read_number(value, 1, UINT64_C(1) << 40, &c->upload_max_bytes);
        return "a number of bytes";
    }
    return NULL;
}

static const char *set_audio(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    uint64_t n;

    if (strcmp(key, "bitrate_bps") == 0) {
        *ret_ok = read_number(value, ENCODER_BITRATE_MIN_BPS, ENCODER_BITRATE_MAX_BPS, &n);
        if (*ret_ok)
            c->bitrate_bps = (uint32_t)n;
        return "a number from 16000 to 64000";
    }
    if (strcmp(key, "ffmpeg") == 0) {
        *ret_ok = set_text(c->ffmpeg, sizeof(c->ffmpeg), value) && value[0] == '/';
        return "an absolute path";
    }
    if (strcmp(key, "allow_unsandboxed") == 0) {
        *ret_ok = set_flag(&c->allow_unsandboxed, value);
        return "yes or no";
    }
    return NULL;
}

static const char *set_station(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    if (strcmp(key, "code") == 0) {
        *ret_ok = set_text(c->station_code, sizeof(c->station_code), value);
        return "the commune's area code, 5 digits";
    }
    if (strcmp(key, "name") == 0) {
        *ret_ok = set_text(c->station_name, sizeof(c->station_name), value);
        return "a name of at most 127 bytes";
    }
    if (strcmp(key, "log") == 0) {
        *ret_ok = set_log_level(&c->log_level, value);
        return "debug, info, warn or error";
    }
    return NULL;
}

static int on_key(void *arg, const char *section, const char *key, const char *value)
{
    static const struct {
        const char *section;
        const char *(*set)(struct config *, const char *, const char *, bool *);
    } sections[] = {
        {"station", set_station},
        {"link", set_link},
        {"web", set_web},
        {"audio", set_audio},
    };
    struct reading *r = arg;
    const char *accepted = NULL;
    bool ok = false;

    if (r->result != ERR_OK)
        return 1;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (strcmp(section, sections[i].section) == 0)
            accepted = sections[i].set(r->config, key, value, &ok);
    }
    if (accepted == NULL)
        r->result =
            err_set(r->detail, ERR_FORMAT,
                    "%s: unknown key \"%.60s\" in section [%.60s]; remove it or correct its name",
                    r->path, key, section);
    else if (!ok)
        r->result = err_set(r->detail, ERR_FORMAT, "%s: [%s] %s = %.80s is not possible; give %s",
                            r->path, section, key, value, accepted);
    return 1;
}

enum err config_read(struct config *c, const char *path, struct err_detail *detail)
{
    struct config next = *c;
    struct reading r = {.config = &next, .path = path, .detail = detail};
    int line = ini_parse(path, on_key, &r);

    if (line < 0)
        return err_set(detail, ERR_NOT_FOUND,
                       "The configuration %s cannot be read; check its name and permissions", path);
    if (r.result == ERR_OK && line > 0)
        return err_set(detail, ERR_FORMAT,
                       "%s: line %d is neither [section] nor key = value; correct it", path, line);
    if (r.result == ERR_OK)
        *c = next;
    return r.result;
}
