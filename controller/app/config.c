#include "config.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "encoder.h"
#include "engine.h"
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
        .max_connections = CONFIG_CONNECTIONS,
        .console_dir = LOA_CONSOLE_DIR,
        .bitrate_bps = ENCODER_BITRATE_BPS,
        .lead_ms = ENGINE_LEAD_US / USEC_PER_MSEC,
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

/* The host goes into a header, and what is not a host there would widen what the console may do. */
static bool is_tiles(const char *value)
{
    size_t host;

    if (value[0] == '/')
        return true;
    if (strncmp(value, "https://", 8) != 0)
        return false;
    host = strspn(value + 8, "abcdefghijklmnopqrstuvwxyz0123456789.-:");
    return host > 0 && value[8 + host] == '/' && strpbrk(value, " ;,'\"\\") == NULL;
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
    if (strcmp(key, "connections") == 0) {
        *ret_ok = read_number(value, 16, 20000, &c->max_connections);
        return "a number from 16 to 20000";
    }
    if (strcmp(key, "console") == 0) {
        *ret_ok = set_text(c->console_dir, sizeof(c->console_dir), value) && value[0] == '/';
        return "the absolute path of the built console";
    }
    if (strcmp(key, "tiles") == 0) {
        *ret_ok = set_text(c->tiles, sizeof(c->tiles), value) && is_tiles(value);
        return "https://HOST/{z}/{x}/{y}.png or the absolute path of a PMTiles file";
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
    if (strcmp(key, "lead_ms") == 0) {
        *ret_ok = read_number(value, ENGINE_LEAD_MIN_MS, ENGINE_LEAD_MAX_MS, &n);
        if (*ret_ok)
            c->lead_ms = (unsigned)n;
        return "a number from 200 to 3200";
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

static const char *set_speech(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    int voice;

    if (strcmp(key, "command") == 0) {
        *ret_ok = set_text(c->speech_command, sizeof(c->speech_command), value) &&
                  value[0] == '/' && strstr(value, "{text}") != NULL;
        return "an absolute path and words, {text} among them";
    }
    if (strncmp(key, "voice_", 6) != 0 || (voice = speech_voice_from_name(key + 6)) < 0)
        return NULL;
    *ret_ok = set_text(c->speech_voices[voice], sizeof(c->speech_voices[0]), value) &&
              strchr(value, ' ') == NULL;
    return "the speech program's name of a voice, one word";
}

static const char *set_relay(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    if (strcmp(key, "allow") == 0) {
        *ret_ok = c->relay_net_count < RELAY_NETS_MAX &&
                  relay_net_read(value, &c->relay_nets[c->relay_net_count]) == ERR_OK &&
                  ++c->relay_net_count > 0;
        return "an address or range such as 10.1.2.0/24, at most 16 in all";
    }
    return NULL;
}

static const char *set_cap(struct config *c, const char *key, const char *value, bool *ret_ok)
{
    if (strcmp(key, "policy") == 0) {
        *ret_ok = set_text(c->cap_policy, sizeof(c->cap_policy), value) && value[0] == '/';
        return "the absolute path of an alert policy";
    }
    if (strcmp(key, "directory") == 0) {
        *ret_ok = set_text(c->cap_directory, sizeof(c->cap_directory), value) && value[0] == '/';
        return "the absolute path of a directory";
    }
    return NULL;
}

/* The feed of this name; a new one when there is room. */
static struct config_feed *find_feed(struct config *c, const char *name)
{
    struct config_feed *f;

    for (size_t i = 0; i < c->feed_count; i++) {
        if (strcmp(c->feeds[i].name, name) == 0)
            return &c->feeds[i];
    }
    if (c->feed_count == CONFIG_FEEDS_MAX)
        return NULL;
    f = &c->feeds[c->feed_count];
    *f = (struct config_feed){.poll_s = 60, .heartbeat_s = 360};
    if (!set_text(f->name, sizeof(f->name), name))
        return NULL;
    c->feed_count++;
    return f;
}

static const char *set_feed(struct config *c, const char *name, const char *key, const char *value,
                            bool *ret_ok)
{
    struct config_feed *f = find_feed(c, name);
    uint64_t n = 0;

    if (strcmp(key, "url") == 0) {
        *ret_ok = f != NULL && set_text(f->url, sizeof(f->url), value) &&
                  (strncmp(value, "https://", 8) == 0 || strncmp(value, "http://", 7) == 0);
        return "an address that begins with http:// or https://, for at most 8 feeds";
    }
    if (strcmp(key, "ca") == 0) {
        *ret_ok = f != NULL && set_text(f->ca, sizeof(f->ca), value) && value[0] == '/';
        return "the absolute path of a CA certificate in PEM";
    }
    if (strcmp(key, "certificate") == 0 || strcmp(key, "key") == 0) {
        *ret_ok = f != NULL && value[0] == '/' &&
                  set_text(key[0] == 'k' ? f->key : f->certificate, sizeof(f->key), value);
        return "the absolute path of a file in PEM";
    }
    if (strcmp(key, "poll_s") == 0) {
        *ret_ok = f != NULL && read_number(value, 1, 3600, &n);
        if (*ret_ok)
            f->poll_s = (uint32_t)n;
        return "a number from 1 to 3600";
    }
    if (strcmp(key, "heartbeat_s") == 0) {
        *ret_ok = f != NULL && read_number(value, 1, 86400, &n);
        if (*ret_ok)
            f->heartbeat_s = (uint32_t)n;
        return "a number from 1 to 86400";
    }
    return NULL;
}

/* A certificate goes with its key and over TLS, and the key is the controller's alone. */
static enum err check_feed(const struct config_feed *f, const char *path, struct err_detail *detail)
{
    const char *const files[] = {f->certificate, f->key};
    struct stat st = {0};

    if (f->certificate[0] == '\0' && f->key[0] == '\0')
        return ERR_OK;
    if (f->certificate[0] == '\0' || f->key[0] == '\0')
        return err_set(detail, ERR_FORMAT,
                       "%s: [feed %s] has only one of certificate and key; give both or none", path,
                       f->name);
    if (strncmp(f->url, "https://", 8) != 0)
        return err_set(detail, ERR_FORMAT,
                       "%s: [feed %s] has a certificate, but nobody asks for it by http; give url "
                       "an address that begins with https://",
                       path, f->name);
    for (size_t i = 0; i < 2; i++) {
        if (stat(files[i], &st) != 0 || !S_ISREG(st.st_mode) || access(files[i], R_OK) != 0)
            return err_set(detail, ERR_NOT_FOUND,
                           "%s: [feed %s] names %.200s, which cannot be read; check its name and "
                           "permissions",
                           path, f->name, files[i]);
    }
    if ((st.st_mode & 077) != 0)
        return err_set(
            detail, ERR_AUTH,
            "%s: [feed %s] key = %.200s can be read by others (mode %04o); run chmod 600 "
            "on it, and make a new one if somebody else may have seen it",
            path, f->name, f->key, (unsigned)(st.st_mode & 07777));
    return ERR_OK;
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
        {"station", set_station}, {"link", set_link},   {"web", set_web}, {"audio", set_audio},
        {"speech", set_speech},   {"relay", set_relay}, {"cap", set_cap},
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
    if (strncmp(section, "feed ", 5) == 0)
        accepted = set_feed(r->config, section + 5, key, value, &ok);
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
    for (size_t i = 0; i < next.feed_count && r.result == ERR_OK; i++)
        r.result = check_feed(&next.feeds[i], path, detail);
    if (r.result == ERR_OK)
        *c = next;
    return r.result;
}

void config_train(struct config *c)
{
    c->training = true;
    snprintf(c->link_address, sizeof(c->link_address), "127.0.0.1");
}
