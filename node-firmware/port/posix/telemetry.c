#include "telemetry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "utf8.h"

#define FLASH_LEAST_BYTES (UINT64_C(1) << 20)

enum err telemetry_open(struct telemetry *t, const struct node_ini *ini, struct err_detail *detail)
{
    *t = (struct telemetry){.ini = ini, .mute.fd = -1, .flash_fd = -1};
    return ini->mute_gpio[0] != '\0' ? gpio_line_open(ini->mute_gpio, false, &t->mute, detail)
                                     : ERR_OK;
}

void telemetry_close(struct telemetry *t)
{
    if (t->ini != NULL)
        gpio_line_close(&t->mute);
}

/* The first line of a small file. False when there is none. */
static bool read_line(const char *path, char *ret_text, size_t size)
{
    ssize_t n;
    int fd;

    if (path[0] == '\0')
        return false;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, ret_text, size - 1);
    close(fd);
    if (n <= 0)
        return false;
    ret_text[n] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
    return true;
}

static bool read_number(const char *path, long *ret_value)
{
    char text[32], *end;
    long v;

    if (!read_line(path, text, sizeof(text)))
        return false;
    v = strtol(text, &end, 10);
    if (end == text || *end != '\0')
        return false;
    *ret_value = v;
    return true;
}

static uint32_t positive(int64_t v)
{
    return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* Resident memory of this program. */
static uint32_t rss_kb(void)
{
    char text[128];
    unsigned long pages;

    if (!read_line("/proc/self/statm", text, sizeof(text)) || sscanf(text, "%*u %lu", &pages) != 1)
        return 0;
    return (uint32_t)(pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}

/* What the kernel could give to new programs. */
static uint32_t memory_free_kb(void)
{
    char line[128];
    unsigned long kb = 0;
    FILE *file = fopen("/proc/meminfo", "re");

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL && sscanf(line, "MemAvailable: %lu", &kb) != 1)
        continue;
    fclose(file);
    return (uint32_t)kb;
}

static void read_disk(const struct telemetry *t, struct node_telemetry *now)
{
    struct statvfs st;

    if (t->flash_fd < 0 || fstatvfs(t->flash_fd, &st) < 0)
        return;
    now->disk_free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    now->flash_full = now->disk_free_bytes < FLASH_LEAST_BYTES;
    now->flash_failed = (st.f_flag & ST_RDONLY) != 0;
}

static bool muted(const struct telemetry *t)
{
    bool on = false;
    long v;

    if (t->mute.fd >= 0 && gpio_line_get(&t->mute, &on) && on)
        return true;
    return read_number(t->ini->mute_file, &v) && v == 1;
}

void telemetry_read(struct telemetry *t, usec_t mono_us, struct node_telemetry *ret_telemetry)
{
    struct node_telemetry now = {0};
    long v;

    if (t->read_mono_us == 0 || mono_us - t->read_mono_us >= TELEMETRY_INTERVAL_US) {
        if (read_number(t->ini->temperature_file, &v) && v > -300000 && v < 1000000) {
            now.has_temperature = true;
            now.temperature_mc = (int32_t)v;
        }
        if (read_number(t->ini->mains_file, &v)) {
            now.has_mains = true;
            now.mains_ok = v == 1;
        }
        if (read_number(t->ini->supply_mv_file, &v))
            now.supply_mv = positive(v);
        else if (read_number(t->ini->supply_uv_file, &v))
            now.supply_mv = positive(v / 1000);
        now.muted_locally = muted(t);
        now.rss_kb = rss_kb();
        now.memory_free_kb = memory_free_kb();
        read_disk(t, &now);
        t->last = now;
        t->read_mono_us = mono_us;
    }
    *ret_telemetry = t->last;
}

/* Text of unknown origin goes into a message: it must be UTF-8. */
static void copy_valid(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
    if (!utf8_valid(to, strlen(to), false))
        to[0] = '\0';
}

void telemetry_hardware(const struct node_ini *ini, char *ret_text, size_t size)
{
    struct utsname name;
    char line[128];

    ret_text[0] = '\0';
    if (ini->hardware[0] != '\0')
        copy_valid(ret_text, size, ini->hardware);
    else if (read_line("/sys/firmware/devicetree/base/model", line, sizeof(line)))
        copy_valid(ret_text, size, line);
    if (ret_text[0] == '\0' && uname(&name) == 0)
        copy_valid(ret_text, size, name.machine);
}

void telemetry_serial(const struct node_ini *ini, char *ret_text, size_t size)
{
    char line[128];

    ret_text[0] = '\0';
    if (ini->serial[0] != '\0')
        copy_valid(ret_text, size, ini->serial);
    else if (read_line("/sys/firmware/devicetree/base/serial-number", line, sizeof(line)))
        copy_valid(ret_text, size, line);
}
