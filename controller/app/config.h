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
#include "relay.h"
#include "src_speech.h"
#include "station.h"

#define CONFIG_DATA_DEFAULT "/var/lib/loa"
#define CONFIG_LINK_PORT 7443
#define CONFIG_WEB_PORT 8443
#define CONFIG_CONNECTIONS 1024
#define CONFIG_NAMES_MAX 8
#define CONFIG_FEEDS_MAX 8

/* [feed NAME]: an Atom or RSS feed of CAP messages; NAME is its source in the alert policy. */
struct config_feed {
    char name[32];
    char url[1024];
    char ca[PATH_MAX / 2]; /* PEM, of a CA to trust for it besides the system's; "" none */
    char certificate[PATH_MAX / 2]; /* PEM, that the station shows when asked; "" none */
    char key[PATH_MAX / 2]; /* PEM, of the certificate; "" none */
    uint32_t poll_s;
    uint32_t heartbeat_s; /* alarm when it could not be read for so long */
};

struct config {
    char data_dir[PATH_MAX / 2];
    enum log_level log_level;

    bool training; /* for people who practise: no loudspeaker can be reached (config_train) */

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
    uint64_t max_connections; /* 16..20,000 */
    char console_dir[PATH_MAX / 2]; /* where the web console was built */
    char tiles[512]; /* of the map (api.h); empty: none */

    /* [audio] */
    uint32_t bitrate_bps;
    unsigned lead_ms; /* how long before it sounds a recording is streamed to nodes that lack it */
    char ffmpeg[PATH_MAX]; /* empty: found on PATH */
    bool allow_unsandboxed; /* decode without bwrap when the system has none */

    /* [speech] empty: espeak-ng and its voices (src_speech.h) */
    char speech_command[512];
    char speech_voices[SPEECH_VOICES][64];

    /* [cap] */
    char cap_policy[PATH_MAX / 2]; /* empty: the default policy (controller/cap/FORMAT.md) */
    char cap_directory[PATH_MAX / 2]; /* watched for messages; empty: none */
    size_t feed_count;
    struct config_feed feeds[CONFIG_FEEDS_MAX];

    /* [relay] */
    size_t relay_net_count; /* ranges that may be relayed from although they are not public */
    struct relay_net relay_nets[RELAY_NETS_MAX];
};

/* Every default. */
void config_init(struct config *c);

/* Read an INI file over the present values.
 *
 * ERR_NOT_FOUND  no such file, also of one that it names
 * ERR_AUTH       a key that it names can be read by others
 * ERR_FORMAT     a line, section, key or value is wrong; detail names file, line and what to do */
MUST_USE enum err config_read(struct config *c, const char *path, struct err_detail *detail);

/* Make it a station to practise on, after config_read(): whatever was configured, it listens for nodes on
 * loopback alone, so that no loudspeaker elsewhere can join it. */
void config_train(struct config *c);

#endif
