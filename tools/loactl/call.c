#include "call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_MAX_S 86400

int call_refuse(const char *fmt, ...)
{
    va_list ap;

    fputs("loactl: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return CALL_REFUSED;
}

static int usage(const struct call *call, const char *what, const char *word)
{
    const char *noun = call->command->noun;

    fprintf(stderr, "loactl: %s%s; see loactl %s%s%s --help\n", what, word,
            noun != NULL ? noun : "", noun != NULL ? " " : "", call->command->verb);
    return CALL_USAGE;
}

static const struct arg *arg_at(const struct call *call, size_t i)
{
    const struct arg *arg = &call->command->args[i];

    return i < COMMAND_ARGS_MAX && arg->form != ARG_NONE ? arg : NULL;
}

static size_t find_arg(const struct call *call, const char *name)
{
    size_t i = 0;

    while (arg_at(call, i) != NULL && strcmp(arg_at(call, i)->name, name) != 0)
        i++;
    return i;
}

const char *call_value(const struct call *call, const char *name)
{
    size_t i = find_arg(call, name);

    return arg_at(call, i) != NULL && call->counts[i] > 0 ? call->values[i][0] : NULL;
}

json_t *call_list(const struct call *call, const char *name)
{
    json_t *list = json_array();
    size_t i = find_arg(call, name);

    for (size_t k = 0; arg_at(call, i) != NULL && k < call->counts[i]; k++)
        json_array_append_new(list, json_string(call->values[i][k]));
    return list;
}

bool call_flag(const struct call *call, const char *name)
{
    return call_value(call, name) != NULL;
}

static bool add_value(struct call *call, size_t i, const char *value)
{
    size_t max = arg_at(call, i)->form == ARG_REPEAT ? COMMAND_VALUES_MAX : 1;

    if (call->counts[i] == max)
        return false;
    call->values[i][call->counts[i]++] = value;
    return true;
}

/* One `--name VALUE`, `--name=VALUE` or `--name`; *at moves past what was used. */
static int read_option(struct call *call, int argc, char **argv, int *at)
{
    const char *word = argv[*at] + 2;
    size_t len = strcspn(word, "=");
    size_t i = 0;
    const char *value;

    for (; arg_at(call, i) != NULL; i++) {
        const struct arg *arg = arg_at(call, i);

        if (arg->form != ARG_POSITION && strlen(arg->name) == len &&
            strncmp(arg->name, word, len) == 0)
            break;
    }
    if (arg_at(call, i) == NULL)
        return usage(call, "there is no option --", word);
    if (arg_at(call, i)->form == ARG_FLAG)
        value = "yes";
    else if (word[len] == '=')
        value = word + len + 1;
    else if (*at + 1 < argc)
        value = argv[++*at];
    else
        return usage(call, "a value is missing after --", word);
    if (!add_value(call, i, value))
        return usage(call, "given too often: --", word);
    return CALL_DONE;
}

static int read_position(struct call *call, const char *word)
{
    for (size_t i = 0; arg_at(call, i) != NULL; i++) {
        if (arg_at(call, i)->form == ARG_POSITION && call->counts[i] == 0) {
            add_value(call, i, word);
            return CALL_DONE;
        }
    }
    return usage(call, "there is one word too many: ", word);
}

int call_read(struct call *call, int argc, char **argv)
{
    bool options = true;

    for (int at = 0; at < argc; at++) {
        int status;

        if (options && strcmp(argv[at], "--") == 0) {
            options = false;
            continue;
        }
        if (options && strcmp(argv[at], "--json") == 0) {
            call->settings.json = true;
            continue;
        }
        if (options && strncmp(argv[at], "--", 2) == 0)
            status = read_option(call, argc, argv, &at);
        else
            status = read_position(call, argv[at]);
        if (status != CALL_DONE)
            return status;
    }
    for (size_t i = 0; arg_at(call, i) != NULL; i++) {
        const struct arg *arg = arg_at(call, i);

        if (arg->required && call->counts[i] == 0)
            return usage(call, arg->form == ARG_POSITION ? "missing: " : "missing: --",
                         arg->form == ARG_POSITION ? arg->value : arg->name);
    }
    return CALL_DONE;
}

static json_t *json_of_clock(const struct arg *arg, const char *value)
{
    int hour;
    int minute;
    int used = 0;

    if (sscanf(value, "%2d:%2d%n", &hour, &minute, &used) == 2 && value[used] == '\0' &&
        hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 1440)
        return json_integer((json_int_t)hour * 60 + minute);
    call_refuse("--%s takes a time of day such as 05:30, not \"%s\"", arg->name, value);
    return NULL;
}

static json_t *json_of_length(const struct arg *arg, const char *value)
{
    char *end;
    long n = strtol(value, &end, 10);
    long unit = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : 0;

    if (end != value && n >= 0 && n <= LENGTH_MAX_S && unit > 0 && end[1] == '\0' &&
        n * unit <= LENGTH_MAX_S)
        return json_integer(n * unit);
    call_refuse("--%s takes a length such as 90s, 30m or 2h, at most 24h, not \"%s\"", arg->name,
                value);
    return NULL;
}

static json_t *json_of(const struct arg *arg, const char *value)
{
    char *end;
    long long n;

    if (arg->type == ARG_TEXT)
        return json_string(value);
    if (arg->type == ARG_YESNO) {
        if (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)
            return json_boolean(strcmp(value, "yes") == 0);
        call_refuse("--%s takes yes or no, not \"%s\"", arg->name, value);
        return NULL;
    }
    if (arg->type == ARG_CLOCK)
        return json_of_clock(arg, value);
    if (arg->type == ARG_LENGTH)
        return json_of_length(arg, value);
    errno = 0;
    n = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0') {
        call_refuse("%s%s takes a whole number, not \"%s\"", arg->form == ARG_POSITION ? "" : "--",
                    arg->form == ARG_POSITION ? arg->value : arg->name, value);
        return NULL;
    }
    return json_integer(n);
}

static json_t *json_list(const struct arg *arg, const char *const *values, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; list != NULL && i < count; i++) {
        json_t *item = json_of(arg, values[i]);

        if (item == NULL || json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *call_json(const struct call *call, const char *name)
{
    size_t i = find_arg(call, name);

    return arg_at(call, i) != NULL && call->counts[i] > 0
               ? json_of(arg_at(call, i), call->values[i][0])
               : NULL;
}

json_t *call_body(const struct call *call)
{
    json_t *body = json_object();

    for (size_t i = 0; body != NULL && arg_at(call, i) != NULL; i++) {
        const struct arg *arg = arg_at(call, i);
        json_t *value;

        if (arg->place != ARG_BODY || call->counts[i] == 0)
            continue;
        if (arg->form == ARG_REPEAT)
            value = json_list(arg, call->values[i], call->counts[i]);
        else if (arg->form == ARG_FLAG)
            value = json_true();
        else
            value = json_of(arg, call->values[i][0]);
        if (value == NULL ||
            json_object_set_new(body, arg->key != NULL ? arg->key : arg->name, value)) {
            json_decref(body);
            return NULL;
        }
    }
    return body;
}

struct text {
    char *at;
    size_t left;
    bool full;
};

static void put(struct text *t, const char *piece, size_t len)
{
    if (len >= t->left) {
        t->full = true;
        return;
    }
    memcpy(t->at, piece, len);
    t->at += len;
    t->left -= len;
    *t->at = '\0';
}

/* RFC 3986 section 2.3: everything but unreserved characters is escaped. */
static void put_escaped(struct text *t, const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        char escape[4];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            strchr("-._~", c) != NULL) {
            put(t, value, 1);
        } else {
            snprintf(escape, sizeof(escape), "%%%02X", c);
            put(t, escape, 3);
        }
    }
}

static void put_query(const struct call *call, struct text *t)
{
    char mark = strchr(call->command->path, '?') != NULL ? '&' : '?';

    for (size_t i = 0; arg_at(call, i) != NULL; i++) {
        const struct arg *arg = arg_at(call, i);

        if (arg->place != ARG_QUERY)
            continue;
        for (size_t k = 0; k < call->counts[i]; k++) {
            put(t, &mark, 1);
            put_escaped(t, arg->key != NULL ? arg->key : arg->name);
            put(t, "=", 1);
            put_escaped(t, arg->form == ARG_FLAG ? "1" : call->values[i][k]);
            mark = '&';
        }
    }
}

bool call_path(const struct call *call, char *ret_path, size_t size)
{
    struct text t = {.at = ret_path, .left = size};
    const char *p = call->command->path;

    put(&t, "/api/v1", 7);
    while (*p != '\0') {
        size_t len = strcspn(p, "{");
        char name[32];

        put(&t, p, len);
        p += len;
        if (*p != '{')
            continue;
        len = strcspn(++p, "}");
        snprintf(name, sizeof(name), "%.*s", (int)len, p);
        put_escaped(&t, call_value(call, name) != NULL ? call_value(call, name) : "");
        p += len + 1;
    }
    put_query(call, &t);
    if (t.full)
        call_refuse("the arguments are too long; shorten them");
    return !t.full;
}
