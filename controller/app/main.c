#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>

#include "config.h"
#include "log.h"
#include "wiring.h"

#define EXIT_DONE 0
#define EXIT_REFUSED 1
#define EXIT_USAGE 2
#define LARGE_BLOCK_BYTES (1024 * 1024)

static const char usage_text[] =
    "usage: loa-controller [--data DIR] [--config FILE] [--version] [--help]\n"
    "\n"
    "  --data DIR     everything the station knows (default " CONFIG_DATA_DEFAULT ")\n"
    "  --config FILE  addresses, ports and limits as an INI file (see README)\n"
    "\n"
    "The first start makes keys, CA and database and prints the one-time code of the first\n"
    "administrator. Exit: 0 stopped in good order, 1 could not start, 2 usage.\n";

struct options {
    const char *data;
    const char *config;
};

/* Returns an exit status to end with, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *ret_options)
{
    static const struct option table[] = {
        {"data", required_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'd':
            ret_options->data = optarg;
            break;
        case 'c':
            ret_options->config = optarg;
            break;
        case 'v':
            puts("loa-controller " LOA_VERSION);
            return EXIT_DONE;
        case 'h':
            fputs(usage_text, stdout);
            return EXIT_DONE;
        default:
            fputs(usage_text, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "loa-controller: there is one word too many: %s\n", argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

static int refuse(const struct err_detail *detail)
{
    fprintf(stderr, "loa-controller: %s\n", detail->text);
    return EXIT_REFUSED;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct wiring *w = handle->data;

    log_event(LOG_INFO, "controller.stopping", "signal=%d", number);
    uv_signal_stop(handle);
    wiring_stop(w);
}

/* The station keeps the loop alive; the signal handles must not. */
static void watch_signals(uv_loop_t *loop, uv_signal_t handles[2], struct wiring *w)
{
    static const int numbers[2] = {SIGINT, SIGTERM};

    for (int i = 0; i < 2; i++) {
        uv_signal_init(loop, &handles[i]);
        handles[i].data = w;
        uv_signal_start(&handles[i], on_signal, numbers[i]);
        uv_unref((uv_handle_t *)&handles[i]);
    }
}

static int run(const struct config *config)
{
    static struct wiring w;
    struct err_detail detail = {{0}};
    uv_signal_t signals[2];
    uv_loop_t loop;
    enum err e;

    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    e = wiring_start(&w, config, &loop, &detail);
    if (e == ERR_OK) {
        watch_signals(&loop, signals, &w);
        uv_run(&loop, UV_RUN_DEFAULT);
        for (int i = 0; i < 2; i++)
            uv_close((uv_handle_t *)&signals[i], NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        wiring_finish(&w);
        log_event(LOG_INFO, "controller.stopped", NULL);
    }
    uv_loop_close(&loop);
    if (e == ERR_OK)
        return EXIT_DONE;
    if (detail.text[0] == '\0')
        err_set(&detail, e, "The station could not start (%s); look at the log above", err_name(e));
    return refuse(&detail);
}

/* Hashing a password takes 19 MiB on a worker. Left to itself, malloc learns from the first one to keep
 * such blocks, once for each worker; a fixed threshold gives them back. */
static void keep_memory_small(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct err_detail detail = {{0}};
    static struct config config;
    int status = read_options(argc, argv, &options);

    if (status >= 0)
        return status;
    keep_memory_small();
    config_init(&config);
    if (options.config != NULL && config_read(&config, options.config, &detail) != ERR_OK)
        return refuse(&detail);
    if (options.data != NULL)
        snprintf(config.data_dir, sizeof(config.data_dir), "%s", options.data);
    log_set_level(config.log_level);
    return run(&config);
}
