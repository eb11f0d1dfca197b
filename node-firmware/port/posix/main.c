/* loa-node: one loudspeaker node. Reads the arguments, runs the board, says in one line what failed. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "log.h"
#include "node_ini.h"
#include "node_options.h"

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

int main(int argc, char **argv)
{
    static struct node_options options;
    static struct node_ini ini;
    struct err_detail detail = {0};
    enum err e = node_options_parse(argc, argv, &options, &detail);

    if (e != ERR_OK) {
        fprintf(stderr, "loa-node: %s\n", detail.text);
        return EXIT_USAGE;
    }
    if (options.help || options.version) {
        fputs(options.help ? node_options_help() : "loa-node " LOA_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a full quota is an error of that write */
    mallopt(M_ARENA_MAX, 1);
    setenv("UV_THREADPOOL_SIZE", "1", 0); /* names are resolved there, nothing else */
    node_ini_defaults(&ini);
    if (options.config_file != NULL)
        e = node_ini_load(&ini, options.config_file, &detail);
    log_set_level((enum log_level)ini.level);
    if (e == ERR_OK)
        e = node_options_controllers(&options, ini.controllers, &detail);
    if (e == ERR_OK)
        e = board_run(&options, &ini, &detail);
    if (e == ERR_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "loa-node: %s\n", detail.text[0] != '\0' ? detail.text : err_name(e));
    return EXIT_REFUSED;
}
