#include "node_options.h"

#include <stdlib.h>
#include <string.h>

#include "pacer.h"

static const char help[] =
    "loa-node --state DIR --controller HOST[:PORT] [options]\n"
    "\n"
    "Runs one loudspeaker node: keeps time with its controller, plays what its station signed.\n"
    "\n"
    "  --state DIR              keys, plan and media of this node; created when missing\n"
    "  --controller HOST[:PORT] where to dial; port 7443, IPv6 as [ADDRESS]:PORT. Again for\n"
    "                           each standby, in order; all of one station\n"
    "  --join CODE              enrol with a join code first (loactl node join-code)\n"
    "  --audio portaudio[:DEVICE]  a sound card, by number or part of its name (the default)\n"
    "  --audio wav:PATH[,ppm=N]    record into PATH like a card whose crystal is N ppm off\n"
    "  --audio null                play nothing, keep the pace\n"
    "  --microphone DEVICE|wav:PATH  hear the own horn in node tests\n"
    "  --config FILE            sensors, amplifier and limits of this board (INI)\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 stopped in good order, 1 refused or failed, 2 wrong usage.\n";

const char *node_options_help(void)
{
    return help;
}

static enum err copy_part(char *to, size_t size, const char *from, size_t len, const char *what,
                          struct err_detail *detail)
{
    if (len >= size)
        return err_set(detail, ERR_ARG, "%s is longer than %zu bytes", what, size - 1);
    memcpy(to, from, len);
    to[len] = '\0';
    return ERR_OK;
}

static enum err add_controller(const char *text, struct node_options *o, struct err_detail *detail)
{
    enum err e;

    if (o->controller_count == ADDRESS_CONTROLLERS_MAX)
        return err_set(detail, ERR_ARG, "at most %d times --controller", ADDRESS_CONTROLLERS_MAX);
    e = address_parse(text, &o->controllers[o->controller_count], detail);
    if (e == ERR_OK)
        o->controller_count++;
    return e;
}

enum err node_options_controllers(struct node_options *o, const char *text,
                                  struct err_detail *detail)
{
    enum err e = ERR_OK;

    if (o->controller_count == 0)
        e = address_parse_list(text, o->controllers, &o->controller_count, detail);
    if (e == ERR_OK && o->controller_count == 0)
        e = err_set(detail, ERR_ARG, "--controller HOST[:PORT] is missing: where to dial");
    return e;
}

static enum err parse_wav(const char *text, struct node_options *o, struct err_detail *detail)
{
    const char *comma = strrchr(text, ',');
    size_t len = strlen(text);
    char *rest;

    o->audio = NODE_AUDIO_WAV;
    if (comma != NULL && strncmp(comma, ",ppm=", 5) == 0) {
        o->audio_ppm = strtod(comma + 5, &rest);
        if (comma[5] == '\0' || *rest != '\0' ||
            !(o->audio_ppm >= -PACER_PPM_MAX && o->audio_ppm <= PACER_PPM_MAX))
            return err_set(detail, ERR_ARG, "ppm must be a number from -1000 to 1000");
        len = (size_t)(comma - text);
    }
    if (len == 0)
        return err_set(detail, ERR_ARG, "--audio wav needs a file: wav:PATH[,ppm=N]");
    return copy_part(o->audio_name, sizeof(o->audio_name), text, len, "the path", detail);
}

static enum err parse_audio(const char *text, struct node_options *o, struct err_detail *detail)
{
    if (strcmp(text, "null") == 0) {
        o->audio = NODE_AUDIO_NULL;
        return ERR_OK;
    }
    if (strncmp(text, "wav:", 4) == 0)
        return parse_wav(text + 4, o, detail);
    o->audio = NODE_AUDIO_PORTAUDIO;
    if (strcmp(text, "portaudio") == 0)
        return ERR_OK;
    if (strncmp(text, "portaudio:", 10) == 0)
        return copy_part(o->audio_name, sizeof(o->audio_name), text + 10, strlen(text + 10),
                         "the device name", detail);
    return err_set(detail, ERR_ARG, "--audio must be portaudio[:DEVICE], wav:PATH[,ppm=N] or null");
}

static enum err parse_join(const char *text, struct node_options *o, struct err_detail *detail)
{
    struct err_detail why = {0};

    if (joincode_parse(text, &o->join_code, &why) != ERR_OK)
        return err_set(detail, ERR_ARG, "--join: %s", why.text);
    o->join = true;
    return ERR_OK;
}

static enum err set_option(const char *name, const char *value, struct node_options *o,
                           struct err_detail *detail)
{
    if (strcmp(name, "--state") == 0) {
        o->state_dir = value;
        return value[0] != '\0' ? ERR_OK : err_set(detail, ERR_ARG, "--state needs a directory");
    }
    if (strcmp(name, "--config") == 0) {
        o->config_file = value;
        return ERR_OK;
    }
    if (strcmp(name, "--microphone") == 0) {
        o->microphone = value;
        return ERR_OK;
    }
    if (strcmp(name, "--controller") == 0)
        return add_controller(value, o, detail);
    if (strcmp(name, "--audio") == 0)
        return parse_audio(value, o, detail);
    return parse_join(value, o, detail);
}

static bool takes_value(const char *name)
{
    static const char *const names[] = {"--state", "--controller", "--join",
                                        "--audio", "--config",     "--microphone"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

enum err node_options_parse(int argc, char *const *argv, struct node_options *ret_options,
                            struct err_detail *detail)
{
    struct node_options o = {0};

    for (int i = 1; i < argc; i += 2) {
        enum err e;

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
            o.help = argv[i][2] == 'h';
            o.version = !o.help;
            break;
        }
        if (!takes_value(argv[i]))
            return err_set(detail, ERR_ARG, "unknown option \"%.64s\"; see loa-node --help",
                           argv[i]);
        if (i + 1 == argc)
            return err_set(detail, ERR_ARG, "%s needs a value; see loa-node --help", argv[i]);
        e = set_option(argv[i], argv[i + 1], &o, detail);
        if (e != ERR_OK)
            return e;
    }
    if (!o.help && !o.version && o.state_dir == NULL)
        return err_set(detail, ERR_ARG, "--state DIR is missing: where this node keeps its keys");
    if (!o.help && !o.version && o.config_file == NULL) {
        enum err e = node_options_controllers(&o, "", detail);

        if (e != ERR_OK)
            return e;
    }
    *ret_options = o;
    return ERR_OK;
}
