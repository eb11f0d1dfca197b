#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "http.h"
#include "print.h"
#include "signin.h"

static int run_request(struct call *call)
{
    char path[1536];
    struct http_answer answer;
    json_t *body = NULL;
    int status = CALL_REFUSED;

    if (!call_path(call, path, sizeof(path)))
        return CALL_REFUSED;
    if (strcmp(call->command->method, "GET") != 0) {
        body = call_body(call);
        if (body == NULL)
            return CALL_USAGE;
    }
    /* DELETE and verbs without arguments have no body at all. */
    if (http_request(call, call->command->method, path, json_object_size(body) > 0 ? body : NULL,
                     &answer)) {
        if (!http_refused(call, &answer)) {
            print_answer(call, answer.json);
            status = CALL_DONE;
        }
        http_answer_deinit(&answer);
    }
    json_decref(body);
    return status;
}

/* How many words the verb takes of these, 0 when it is not this one. */
static int match_verb(const char *verb, int argc, char **argv)
{
    int words = 0;

    while (*verb != '\0') {
        size_t len = strcspn(verb, " ");

        if (words == argc || strlen(argv[words]) != len || strncmp(argv[words], verb, len) != 0)
            return 0;
        verb += len + (verb[len] == ' ');
        words++;
    }
    return words;
}

static const struct command *find_command(int argc, char **argv, int *ret_used)
{
    const struct command *c;

    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        int before = c->noun != NULL ? 1 : 0, words = 0;

        if (before == 0 || (argc > 0 && strcmp(argv[0], c->noun) == 0))
            words = match_verb(c->verb, argc - before, argv + before);
        if (words > 0) {
            *ret_used = before + words;
            return c;
        }
    }
    return NULL;
}

static int no_command(int argc, char **argv)
{
    const struct command *c;
    size_t verbs = 0;

    for (size_t i = 0; argc > 0 && (c = command_at(i)) != NULL; i++) {
        if (c->noun == NULL || strcmp(argv[0], c->noun) != 0)
            continue;
        fprintf(stderr, "%s%s", verbs++ == 0 ? "loactl: say what to do: " : ", ", c->verb);
    }
    if (verbs > 0)
        fputc('\n', stderr);
    else if (argc > 0)
        fprintf(stderr, "loactl: there is no command \"%s\"; see loactl --help\n", argv[0]);
    else
        fputs("loactl: say what to do; see loactl --help\n", stderr);
    return CALL_USAGE;
}

/* Options before the noun. Returns how many words they were, or -1. */
static int read_globals(struct call_settings *settings, int argc, char **argv)
{
    int at = 0;

    while (at < argc && strncmp(argv[at], "--", 2) == 0) {
        if (strcmp(argv[at], "--json") == 0) {
            settings->json = true;
            at++;
            continue;
        }
        if (at + 1 == argc)
            return -1;
        if (strcmp(argv[at], "--server") == 0)
            snprintf(settings->server, sizeof(settings->server), "%s", argv[at + 1]);
        else if (strcmp(argv[at], "--ca") == 0)
            snprintf(settings->ca, sizeof(settings->ca), "%s", argv[at + 1]);
        else
            return -1;
        at += 2;
    }
    return at;
}

static int run(int argc, char **argv)
{
    struct call call = {0};
    int at = 0;
    int used;
    int status;

    signin_defaults(&call.settings);
    used = read_globals(&call.settings, argc, argv);
    if (used < 0) {
        fputs("loactl: before the noun stand only --server URL, --ca FILE and --json\n", stderr);
        return CALL_USAGE;
    }
    at += used;
    call.command = find_command(argc - at, argv + at, &used);
    if (call.command == NULL)
        return no_command(argc - at, argv + at);
    at += used;
    for (int i = at; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(call.command);
            return CALL_DONE;
        }
    }
    status = call_read(&call, argc - at, argv + at);
    if (status != CALL_DONE)
        return status;
    signin_load(&call.settings);
    return call.command->run != NULL ? call.command->run(&call) : run_request(&call);
}

int main(int argc, char **argv)
{
    int status;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(NULL);
        return CALL_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("loactl " LOA_VERSION);
        return CALL_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--man") == 0) {
        print_manual();
        return CALL_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--completion") == 0) {
        print_completion();
        return CALL_DONE;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    status = run(argc - 1, argv + 1);
    curl_global_cleanup();
    if (fflush(stdout) != 0 && status == CALL_DONE)
        status = call_refuse("the output could not be written (%s)", strerror(errno));
    return status;
}
