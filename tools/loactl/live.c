/* live and relay: begin, bring the sound, hang up at the end of the input or at Ctrl-C. listen: what is on air. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "live_input.h"
#include "print.h"
#include "special.h"

#define EARLY_MS 235 /* what is sent so long before the start sounds at the start */
#define AGAIN_MS 500
#define LOST_MS 10000 /* the station's own grace */
#define LOOK_MS 1000

static volatile sig_atomic_t quit;

static void on_signal(int number)
{
    (void)number;
    quit = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* POST /live. Returns the answer's exit status. */
static int begin(struct call *call, const char *source, const char *title,
                 struct http_answer *ret_answer)
{
    json_t *body = call_body(call);
    int status = CALL_REFUSED;

    if (body == NULL)
        return CALL_USAGE;
    if (source != NULL)
        json_object_set_new(body, "source", json_string(source));
    if (json_object_get(body, "title") == NULL)
        json_object_set_new(body, "title", json_string(title));
    if (http_request(call, "POST", "/api/v1/live", body, ret_answer)) {
        status = http_refused(call, ret_answer) ? CALL_REFUSED : CALL_DONE;
        if (status != CALL_DONE)
            http_answer_deinit(ret_answer);
    }
    json_decref(body);
    return status;
}

int special_relay(struct call *call)
{
    struct http_answer answer;
    int status = begin(call, NULL, "Tiếp âm", &answer);

    if (status != CALL_DONE)
        return status;
    print_answer(call, answer.json);
    http_answer_deinit(&answer);
    return CALL_DONE;
}

static void hang_up(const struct call *call, json_int_t id)
{
    struct http_answer answer;
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/broadcasts/%" JSON_INTEGER_FORMAT "/hang-up", id);
    if (http_request(call, "POST", path, NULL, &answer))
        http_answer_deinit(&answer);
}

/* Bring the sound; a lost connection is made again, as long as the station waits for it. */
static int bring(const struct call *call, json_int_t id, struct live_input *in)
{
    int64_t lost_ms = 0;
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/broadcasts/%" JSON_INTEGER_FORMAT "/sound?in_time=yes",
             id);
    for (;;) {
        struct http_answer answer;
        uint64_t given = in->given;
        bool ended = http_stream(call, path, live_input_more, in, &answer);
        bool refused = answer.status >= 400 && http_refused(call, &answer);

        http_answer_deinit(&answer);
        if (ended)
            return refused ? CALL_REFUSED : CALL_DONE;
        if (lost_ms == 0 || in->given > given)
            lost_ms = live_input_now_ms();
        if (live_input_now_ms() - lost_ms > LOST_MS)
            return call_refuse("the connection to the station was lost; begin again");
        poll(NULL, 0, AGAIN_MS);
    }
}

static int speak(const struct call *call, json_int_t id, json_int_t wait_ms)
{
    struct live_input *in = calloc(1, sizeof(*in));
    int status;

    if (in == NULL)
        return call_refuse("out of memory");
    in->quit = &quit;
    in->start_ms = live_input_now_ms() + wait_ms - EARLY_MS;
    status = bring(call, id, in);
    if (in->refused)
        status = CALL_REFUSED;
    if (in->begun_ms > 0 && !quit) {
        /* The last of it is on its way to the station. */
        int64_t said_ms = in->begun_ms + (int64_t)(in->given / LIVE_INPUT_BYTES_PER_MS);

        while (live_input_now_ms() < said_ms)
            poll(NULL, 0, AGAIN_MS / 50);
    }
    free(in);
    return status;
}

/* The station has the sound itself: wait for its end, or for Ctrl-C. */
static void follow(const struct call *call, json_int_t id)
{
    char path[128];
    bool over = false;

    snprintf(path, sizeof(path), "/api/v1/broadcasts/%" JSON_INTEGER_FORMAT, id);
    while (!quit && !over) {
        struct http_answer answer;
        const char *state;

        poll(NULL, 0, LOOK_MS);
        if (!http_request(call, "GET", path, NULL, &answer))
            continue;
        state = json_string_value(json_object_get(answer.json, "state"));
        over = state == NULL || (strcmp(state, "planned") != 0 && strcmp(state, "on_air") != 0);
        http_answer_deinit(&answer);
    }
}

int special_live(struct call *call)
{
    const char *input = call_value(call, "input");
    bool is_pipe = strcmp(input, "-") == 0;
    struct http_answer answer;
    json_int_t id, wait_ms;
    int status;

    if (!is_pipe && strncmp(input, "microphone", 10) != 0) {
        call_refuse("--input takes - or microphone[:DEVICE], not \"%s\"", input);
        return CALL_USAGE;
    }
    catch_signals();
    status = begin(call, is_pipe ? "stream" : input, "Phát trực tiếp", &answer);
    if (status != CALL_DONE)
        return status;
    id = json_integer_value(json_object_get(answer.json, "id"));
    wait_ms = json_integer_value(json_object_get(answer.json, "wait_ms"));
    if (call->settings.json)
        print_answer(call, answer.json);
    else
        printf("On air as broadcast %" JSON_INTEGER_FORMAT "; Ctrl-C ends it.\n", id);
    fflush(stdout);
    http_answer_deinit(&answer);
    if (is_pipe)
        status = speak(call, id, wait_ms);
    else
        follow(call, id);
    hang_up(call, id);
    return status;
}

int special_listen(struct call *call)
{
    const char *output = call_value(call, "output");
    bool is_pipe = strcmp(output, "-") == 0;
    FILE *to = is_pipe ? stdout : fopen(output, "we");
    struct http_answer answer;
    int status = CALL_REFUSED;
    char path[1536];

    if (to == NULL)
        return call_refuse("%s cannot be written (%s); choose another file", output,
                           strerror(errno));
    if (call_path(call, path, sizeof(path)) && http_listen(call, path, to, &answer)) {
        status = http_refused(call, &answer) ? CALL_REFUSED : CALL_DONE;
        http_answer_deinit(&answer);
    }
    if (!is_pipe)
        fclose(to);
    return status;
}

/* A live alert: the tone sounds while the speaker gets ready; what is said then takes its place. */
int special_alert_new(struct call *call)
{
    struct http_answer answer;
    json_t *body = call_body(call);
    json_int_t id, wait_ms;
    int status = CALL_REFUSED;

    if (body == NULL)
        return CALL_USAGE;
    if (http_request(call, "POST", "/api/v1/alerts", body, &answer)) {
        status = http_refused(call, &answer) ? CALL_REFUSED : CALL_DONE;
        if (status == CALL_DONE)
            print_answer(call, answer.json);
        id = json_integer_value(json_object_get(answer.json, "broadcast"));
        wait_ms = json_integer_value(json_object_get(answer.json, "wait_ms"));
        http_answer_deinit(&answer);
        if (status == CALL_DONE && call_value(call, "live") != NULL && id != 0) {
            catch_signals();
            fflush(stdout);
            status = speak(call, id, wait_ms);
            hang_up(call, id);
        }
    }
    json_decref(body);
    return status;
}
