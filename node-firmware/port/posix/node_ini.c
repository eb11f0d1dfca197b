#include "node_ini.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define LINE_MAX_BYTES 512

struct key {
    const char *section;
    const char *name;
    size_t offset;
    size_t size; /* of a text; 0 = a number */
    uint32_t min, max;
};

#define NUMBER(section, name, min, max)                              \
    {                                                                \
        section, #name, offsetof(struct node_ini, name), 0, min, max \
    }
#define TEXT(section, name)                                                                       \
    {                                                                                             \
        section, #name, offsetof(struct node_ini, name), sizeof(((struct node_ini *)0)->name), 0, \
            0                                                                                     \
    }

static const struct key keys[] = {
    TEXT("link", controllers),
    NUMBER("audio", ahead_ms, 40, 1000),
    NUMBER("audio", latency_ms, 5, 500),
    TEXT("audio", microphone),
    NUMBER("flash", quota_mib, 16, 65536),
    TEXT("sensors", temperature_file),
    TEXT("sensors", mains_file),
    TEXT("sensors", supply_mv_file),
    TEXT("sensors", supply_uv_file),
    TEXT("sensors", mute_file),
    TEXT("sensors", mute_gpio),
    NUMBER("limits", temperature_max_c, 30, 120),
    NUMBER("limits", supply_min_mv, 0, 60000),
    TEXT("watchdog", device),
    TEXT("amplifier", enable_file),
    TEXT("amplifier", enable_gpio),
    TEXT("board", hardware),
    TEXT("board", serial),
    TEXT("board", reboot_command),
    {"log", "level", 0, 0, 0, 0},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

void node_ini_defaults(struct node_ini *ret_ini)
{
    memset(ret_ini, 0, sizeof(*ret_ini));
    ret_ini->ahead_ms = 120;
    ret_ini->latency_ms = 40;
    ret_ini->quota_mib = 512;
    ret_ini->temperature_max_c = 80;
    ret_ini->level = LOG_INFO;
}

static const struct key *find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static bool section_known(const char *section)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, section) == 0)
            return true;
    }
    return false;
}

static enum err set_level(struct node_ini *ini, const char *value, struct err_detail *detail)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(value, names[i]) == 0) {
            ini->level = i;
            return ERR_OK;
        }
    }
    return err_set(detail, ERR_FORMAT, "level must be debug, info, warn or error");
}

static enum err set_number(const struct key *key, uint32_t *ret_value, const char *value,
                           struct err_detail *detail)
{
    unsigned long v;
    char *end;

    errno = 0;
    v = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || v < key->min ||
        v > key->max)
        return err_set(detail, ERR_FORMAT, "%s must be a whole number from %u to %u", key->name,
                       key->min, key->max);
    *ret_value = (uint32_t)v;
    return ERR_OK;
}

static enum err set_value(struct node_ini *ini, const char *section, const char *name,
                          const char *value, struct err_detail *detail)
{
    const struct key *key = find_key(section, name);
    char *field;

    if (key == NULL)
        return err_set(detail, ERR_FORMAT, "there is no key \"%.64s\" in [%s]; remove it", name,
                       section);
    if (strcmp(section, "log") == 0)
        return set_level(ini, value, detail);
    field = (char *)ini + key->offset;
    if (key->size == 0) {
        uint32_t v = 0;
        enum err e = set_number(key, &v, value, detail);

        if (e == ERR_OK)
            memcpy(field, &v, sizeof(v));
        return e;
    }
    if (strlen(value) >= key->size)
        return err_set(detail, ERR_FORMAT, "%s is longer than %zu bytes", name, key->size - 1);
    strcpy(field, value);
    return ERR_OK;
}

/* Cut white space off both ends, in place. */
static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static enum err parse_line(struct node_ini *ini, char *line, char section[32],
                           struct err_detail *detail)
{
    char *text = trim(line);
    size_t len = strlen(text);
    char *equals;

    if (len == 0 || text[0] == '#' || text[0] == ';')
        return ERR_OK;
    if (text[0] == '[') {
        if (text[len - 1] != ']' || len - 2 >= 32)
            return err_set(detail, ERR_FORMAT, "a section is written [name]");
        text[len - 1] = '\0';
        if (!section_known(text + 1))
            return err_set(detail, ERR_FORMAT, "there is no section [%s]; remove it", text + 1);
        strcpy(section, text + 1);
        return ERR_OK;
    }
    equals = strchr(text, '=');
    if (equals == NULL)
        return err_set(detail, ERR_FORMAT, "write key = value");
    if (section[0] == '\0')
        return err_set(detail, ERR_FORMAT, "a key must stand below a [section]");
    *equals = '\0';
    return set_value(ini, section, trim(text), trim(equals + 1), detail);
}

enum err node_ini_parse(struct node_ini *ini, const char *name, const char *text,
                        struct err_detail *detail)
{
    char section[32] = "";

    for (int number = 1; *text != '\0'; number++) {
        size_t len = strcspn(text, "\n");
        struct err_detail why = {0};
        char line[LINE_MAX_BYTES];
        enum err e = ERR_OK;

        if (len < sizeof(line)) {
            memcpy(line, text, len);
            line[len] = '\0';
            e = parse_line(ini, line, section, &why);
        } else {
            e = err_set(&why, ERR_FORMAT, "the line is longer than %d bytes", LINE_MAX_BYTES - 1);
        }
        if (e != ERR_OK)
            return err_set(detail, e, "%s line %d: %s", name, number, why.text);
        text += len + (text[len] == '\n');
    }
    return ERR_OK;
}

enum err node_ini_load(struct node_ini *ini, const char *path, struct err_detail *detail)
{
    FILE *file = fopen(path, "re");
    char *text;
    size_t len;
    enum err e;

    if (file == NULL)
        return err_set(detail, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read %s: %s", path,
                       strerror(errno));
    text = malloc(NODE_INI_BYTES_MAX + 1);
    if (text == NULL) {
        fclose(file);
        return ERR_NOMEM;
    }
    len = fread(text, 1, NODE_INI_BYTES_MAX + 1, file);
    if (ferror(file)) {
        e = err_set(detail, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    } else if (len > NODE_INI_BYTES_MAX) {
        e = err_set(detail, ERR_LIMIT, "%s is larger than 64 KiB; it is not a configuration", path);
    } else {
        text[len] = '\0';
        e = strlen(text) == len ? node_ini_parse(ini, path, text, detail)
                                : err_set(detail, ERR_FORMAT, "%s is not a text file", path);
    }
    free(text);
    fclose(file);
    return e;
}
