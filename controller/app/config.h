/* config.h - what the administrator sets before the station starts: files, addresses, ports, limits.
 *
 * Read once from an INI file (loa-controller --config FILE); everything has a default, so that an empty
 * directory is a working station. What operators change while it runs stands in the database instead.
 * Thread: main, before anything else. */
#ifndef LOA_CONFIG_H
#define LOA_CONFIG_H

#include <limits.h>
#include <stdbool.h>

#include "err.h"
#include "log.h"
#include "station.h"

#define CONFIG_DATA_DEFAULT "/var/lib/loa"
#define CONFIG_LINK_PORT 7443
#define CONFIG_WEB_PORT 8443
#define CONFIG_NAMES_MAX 8

struct config {
    char data_dir[PATH_MAX / 2];
    enum log_level log_level;

    /* [station] used at the first start only, then the database rules */
    char station_code[STATION_CODE_SIZE];
    char station_name[NAME_SIZE];

    /* [link] */
    char link_address[64];
    uint16_t link_port; /* 0: any free one, written to DATA/run.json */
    unsigned shards; /* 1..16 */

    /* [web] */
    char web_address[64];
    uint16_t web_port;
    char names[CONFIG_NAMES_MAX][256]; /* further DNS names and addresses for the web certificate */
    size_t name_count;
    uint64_t upload_max_bytes;

    /* [audio] */
    uint32_t bitrate_bps;
    char ffmpeg[PATH_MAX]; /* empty: found on PATH */
    bool allow_unsandboxed; /* decode without bwrap when the system has none */
};

/* Every default. */
void config_init(struct config *c);

/* Read an INI file over the present values.
 *
 * ERR_NOT_FOUND  no such file
 * ERR_FORMAT     a line, section, key or value is wrong; detail names file, line and what to do */
MUST_USE enum err config_read(struct config *c, const char *path, struct err_detail *detail);

#endif
