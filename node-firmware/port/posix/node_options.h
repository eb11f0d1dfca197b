/* node_options.h - the command line of loa-node.
 *
 * Thread: main. */
#ifndef LOA_NODE_OPTIONS_H
#define LOA_NODE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "err.h"
#include "joincode.h"

enum node_audio {
    NODE_AUDIO_PORTAUDIO = 0,
    NODE_AUDIO_WAV,
    NODE_AUDIO_NULL,
};

struct node_options {
    bool help;
    bool version;
    const char *state_dir; /* borrowed from argv, like all texts here */
    const char *config_file; /* NULL none */
    struct address controllers[ADDRESS_CONTROLLERS_MAX]; /* in order of preference */
    size_t controller_count;
    bool join;
    struct joincode join_code;
    enum node_audio audio;
    char audio_name[1024]; /* device or path; empty = default device */
    double audio_ppm;
    const char *microphone; /* NULL: as the configuration says */
};

/* Read the arguments. With help or version the rest is not checked.
 *
 * ERR_ARG  with detail: what is wrong and what to write instead */
MUST_USE enum err node_options_parse(int argc, char *const *argv, struct node_options *ret_options,
                                     struct err_detail *detail);

/* Take the controllers of the configuration file when the command line names none.
 *
 *   text  [link] controllers
 *
 * ERR_ARG  with detail: also when there is none at all */
MUST_USE enum err node_options_controllers(struct node_options *o, const char *text,
                                           struct err_detail *detail);

/* The text of --help. */
const char *node_options_help(void);

#endif
