#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "config.h"
#include "datadir.h"
#include "db_restore.h"
#include "log.h"
#include "wiring.h"

#define EXIT_DONE 0
#define EXIT_REFUSED 1
#define EXIT_USAGE 2
#define DESCRIPTORS_MAX 65536
#define LARGE_BLOCK_BYTES (1024 * 1024)

static const char usage_text[] =
    "usage: loa-controller [--data DIR] [--config FILE] [--training] [--restore FILE]\n"
    "                      [--version] [--help]\n"
    "\n"
    "  --data DIR     everything the station knows (default " CONFIG_DATA_DEFAULT ")\n"
    "  --config FILE  addresses, ports and limits as an INI file (see README)\n"
    "  --training     to practise: only nodes of this machine may join; needs a --data of its own\n"
    "  --restore FILE put this backup in the place of the database, and end; nothing may run on "
    "DIR.\n"
    "                 What was there stays as DIR/loa.db.before-restore; numbers of orders begin\n"
    "                 beyond any that nodes may know\n"
    "\n"
    "The first start makes keys, CA and database and prints the one-time code of the first\n"
    "administrator. Exit: 0 stopped in good order, 1 could not start, 2 usage.\n";

struct options {
    const char *data;
    const char *config;
    const char *restore; /* NULL: run the station */
    bool training;
};

/* Returns an exit status to end with, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *ret_options)
{
    static const struct option table[] = {
        {"data", required_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'},
        {"restore", required_argument, NULL, 'r'},
        {"training", no_argument, NULL, 't'},
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
        case 'r':
            ret_options->restore = optarg;
            break;
        case 't':
            ret_options->training = true;
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
    if (ret_options->training && ret_options->data == NULL) {
        fputs("loa-controller: --training needs a directory of its own; name it with --data\n",
              stderr);
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

/* A connection needs a descriptor each; libwebsockets makes room for as many as there may be. */
static void raise_descriptors(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max < DESCRIPTORS_MAX ? r.rlim_max : DESCRIPTORS_MAX;
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

static int run(const struct config *config)
{
    static struct wiring w;
    struct err_detail detail = {{0}};
    uv_signal_t signals[2];
    uv_loop_t loop;
    enum err e;

    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
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
 * such blocks, once for each worker; a fixed threshold gives them back. Smaller ones, as an import needs, each worker
 * would keep in an arena of its own; of two arenas others use them again. */
static void keep_memory_small(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
    mallopt(M_ARENA_MAX, 2);
}

static int restore(const struct config *config, const char *backup)
{
    struct err_detail detail = {{0}};
    static struct datadir dir;
    enum err e = datadir_open(config->data_dir, &dir, &detail);

    if (e == ERR_OK) {
        e = db_restore(backup, dir.db, stime_real(), &detail);
        datadir_close(&dir);
    }
    if (e == ERR_OK) {
        printf("%s is the database of %s now; start the station again\n", backup, config->data_dir);
        return EXIT_DONE;
    }
    if (detail.text[0] == '\0')
        err_set(&detail, e, "the backup could not be restored (%s)", err_name(e));
    return refuse(&detail);
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
    if (options.training)
        config_train(&config);
    log_set_level(config.log_level);
    if (options.restore != NULL)
        return restore(&config, options.restore);
    return run(&config);
}
