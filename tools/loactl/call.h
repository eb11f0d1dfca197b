/* call.h - one command with its arguments read: what every step of loactl works on. */
#ifndef LOA_CALL_H
#define LOA_CALL_H

#include <jansson.h>

#include "command.h"

/* Exit statuses. */
#define CALL_DONE 0
#define CALL_REFUSED 1 /* one line on standard error: what is wrong and what to do */
#define CALL_USAGE 2

struct call_settings {
    char server[256]; /* https://host:port */
    char ca[512]; /* PEM file of the station's CA; "" = the system's */
    char state_dir[512]; /* holds the session token, 0700 */
    char token[128]; /* "" = not signed in */
    bool json;
};

struct call {
    const struct command *command;
    struct call_settings settings;
    const char *values[COMMAND_ARGS_MAX][COMMAND_VALUES_MAX]; /* borrowed from argv */
    size_t counts[COMMAND_ARGS_MAX];
};

/* First value of an argument; NULL when it was not given. */
const char *call_value(const struct call *call, const char *name);
/* All values of an argument as a JSON list of texts; empty when it was not given. Caller releases it. */
json_t *call_list(const struct call *call, const char *name);

bool call_flag(const struct call *call, const char *name);

/* Read the words after the command. Returns CALL_DONE, or CALL_USAGE after saying why. */
int call_read(struct call *call, int argc, char **argv);

/* Make the JSON body of ARG_BODY arguments. Caller releases it.
 *
 * NULL after saying why: a number was expected. */
json_t *call_body(const struct call *call);

/* The value of an option that is no part of the body, as JSON of its type; NULL when it was not given, or after
 * saying why. Caller releases it. */
json_t *call_json(const struct call *call, const char *name);

/* Make the URL after the server's name: path and query, escaped.
 *
 *   ret_path  `size` bytes
 *
 * False after saying why when it does not fit. */
bool call_path(const struct call *call, char *ret_path, size_t size);

/* Say one line on standard error and return CALL_REFUSED. */
int call_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
