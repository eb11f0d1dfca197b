/* node_ini.h - the board's configuration file.
 *
 * INI: `[section]`, `key = value`, lines that begin with # or ; are comments. An unknown section or
 * key, or a value out of range, is an error that names file, line and key. The keys with meaning,
 * range and default are the fields below. Thread: main. */
#ifndef LOA_NODE_INI_H
#define LOA_NODE_INI_H

#include <stdint.h>

#include "err.h"

#define NODE_INI_BYTES_MAX (64 * 1024)
#define NODE_INI_VALUE_SIZE 256

struct node_ini {
    /* [link]: HOST[:PORT] in order of preference, unless the command line has some */
    char controllers[NODE_INI_VALUE_SIZE];

    /* [audio] */
    uint32_t ahead_ms; /* rendered ahead of the card, 40..1000; 120 */
    uint32_t latency_ms; /* buffer asked of the sound card, 5..500; 40 */
    char microphone[NODE_INI_VALUE_SIZE]; /* for node tests, microphone.h; empty = none */

    /* [flash] */
    uint32_t quota_mib; /* for everything the node stores, 16..65536; 512 */

    /* [sensors]: files of sysfs, empty = the board has none */
    char temperature_file
        [NODE_INI_VALUE_SIZE]; /* thousandths of a degree: hwmon temp*_input, thermal */
    char mains_file[NODE_INI_VALUE_SIZE]; /* 1 = mains is there: power_supply online */
    char supply_mv_file[NODE_INI_VALUE_SIZE]; /* millivolts: hwmon in*_input */
    char supply_uv_file[NODE_INI_VALUE_SIZE]; /* microvolts: power_supply voltage_now */
    char mute_file[NODE_INI_VALUE_SIZE]; /* switch on the cabinet: 1 = muted */
    char mute_gpio[NODE_INI_VALUE_SIZE]; /* the same as a line, gpio_line.h: on = muted */

    /* [limits]: beyond them the node reports a fault */
    uint32_t temperature_max_c; /* 30..120; 80 */
    uint32_t supply_min_mv; /* 0..60000; 0 = not judged */

    /* [watchdog] */
    char device[NODE_INI_VALUE_SIZE]; /* /dev/watchdog: the board restarts when the node hangs */

    /* [amplifier] */
    char enable_gpio[NODE_INI_VALUE_SIZE]; /* gpio_line.h */
    char enable_file[NODE_INI_VALUE_SIZE]; /* 1 or 0 is written: gpio value, led brightness */

    /* [board]: for people; empty = asked of the system */
    char hardware[64];
    char serial[64];
    char reboot_command
        [NODE_INI_VALUE_SIZE]; /* program that restarts the board; empty = the node ends */

    /* [log] */
    int level; /* debug, info, warn or error as enum log_level; info */
};

/* The defaults. */
void node_ini_defaults(struct node_ini *ret_ini);

/* Read text on top of what is in `ini`; on error `ini` is partly changed.
 *
 *   name  of the file, for the sentence in detail
 *
 * ERR_FORMAT  with detail */
MUST_USE enum err node_ini_parse(struct node_ini *ini, const char *name, const char *text,
                                 struct err_detail *detail);

/* Read a file. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT (longer than NODE_INI_BYTES_MAX), ERR_FORMAT; with
 * detail. */
MUST_USE enum err node_ini_load(struct node_ini *ini, const char *path, struct err_detail *detail);

#endif
