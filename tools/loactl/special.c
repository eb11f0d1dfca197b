#include "special.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http.h"
#include "print.h"
#include "signin.h"

#define PASSWORD_SIZE 256
#define TEST_WAIT_S 30

static void wipe(char *text, size_t size)
{
    explicit_bzero(text, size);
}

/* Ask for a password, add it to the body of the command's arguments, send. */
static bool request_with_password(struct call *call, const char *path, struct http_answer *answer)
{
    char password[PASSWORD_SIZE];
    json_t *body;
    bool ok = false;

    if (!signin_password(call, "Password: ", password, sizeof(password)))
        return false;
    body = call_body(call);
    if (body != NULL && json_object_set_new(body, "password", json_string(password)) == 0 &&
        (call->command->noun != NULL || json_object_set_new(body, "bearer", json_true()) == 0))
        ok = http_request(call, "POST", path, body, answer);
    else
        call_refuse("the password is not valid UTF-8; type another");
    wipe(password, sizeof(password));
    json_decref(body);
    return ok;
}

static int keep_token(struct call *call, const struct http_answer *answer)
{
    const char *token = json_string_value(json_object_get(answer->json, "token"));

    if (token == NULL)
        return call_refuse("the station sent no session; update loactl");
    return signin_save(&call->settings, token) ? CALL_DONE : CALL_REFUSED;
}

static int sign_in(struct call *call, const char *path)
{
    struct http_answer answer;
    int status = CALL_REFUSED;

    call->settings.token[0] = '\0';
    if (!request_with_password(call, path, &answer))
        return CALL_REFUSED;
    if (!http_refused(call, &answer))
        status = keep_token(call, &answer);
    http_answer_deinit(&answer);
    if (status == CALL_DONE && !call->settings.json)
        printf("Signed in at %s.\n", call->settings.server);
    return status;
}

int special_login(struct call *call)
{
    return sign_in(call, "/api/v1/login");
}

int special_setup(struct call *call)
{
    return sign_in(call, "/api/v1/setup");
}

int special_logout(struct call *call)
{
    struct http_answer answer;

    if (http_request(call, "POST", "/api/v1/logout", NULL, &answer))
        http_answer_deinit(&answer);
    signin_forget(&call->settings);
    if (!call->settings.json)
        puts("Signed out.");
    return CALL_DONE;
}

int special_user_add(struct call *call)
{
    struct http_answer answer;
    int status = CALL_REFUSED;

    if (!request_with_password(call, "/api/v1/users", &answer))
        return CALL_REFUSED;
    if (!http_refused(call, &answer)) {
        print_answer(call, answer.json);
        status = CALL_DONE;
    }
    http_answer_deinit(&answer);
    return status;
}

/* The API takes a start, or a weekly rule as an object of its own. */
static bool set_when(struct call *call, json_t *body)
{
    const char *at = call_value(call, "at");
    const char *until = call_value(call, "until");
    json_t *weekly;

    if (call_value(call, "weekday") == NULL)
        return json_object_set_new(body, "start", json_string(at)) == 0;
    if (strlen(at) < 16) {
        call_refuse("--at takes a local date and time such as 2026-11-23T05:30, not \"%s\"", at);
        return false;
    }
    weekly = json_pack("{s:s%, s:s%, s:o}", "from", at, (size_t)10, "time", at + 11, (size_t)5,
                       "weekdays", call_list(call, "weekday"));
    if (until != NULL)
        json_object_set_new(weekly, "until", json_string(until));
    return json_object_set_new(body, "weekly", weekly) == 0;
}

int special_event_add(struct call *call)
{
    struct http_answer answer;
    json_t *body = call_body(call);
    int status = CALL_REFUSED;

    if (body == NULL)
        return CALL_USAGE;
    if (set_when(call, body) && http_request(call, "POST", "/api/v1/events", body, &answer)) {
        if (!http_refused(call, &answer)) {
            print_answer(call, answer.json);
            status = CALL_DONE;
        }
        http_answer_deinit(&answer);
    }
    json_decref(body);
    return status;
}

#define SPEECH_BYTES 20000 /* as many as the station takes */

int special_media_speak(struct call *call)
{
    struct http_answer answer;
    json_t *body = call_body(call);
    char text[SPEECH_BYTES + 2];
    size_t len;
    int status = CALL_REFUSED;

    if (body == NULL)
        return CALL_USAGE;
    if (strcmp(call_value(call, "text"), "-") == 0) {
        len = fread(text, 1, sizeof(text), stdin);
        json_object_set_new(body, "text", json_stringn(text, len));
    }
    if (http_request(call, "POST", "/api/v1/speech", body, &answer)) {
        if (!http_refused(call, &answer)) {
            print_answer(call, answer.json);
            status = CALL_DONE;
        }
        http_answer_deinit(&answer);
    }
    json_decref(body);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

int special_media_import(struct call *call)
{
    const char *file = call_value(call, "file");
    const char *title = call_value(call, "title");
    struct http_answer answer;
    char path[1536];
    int status = CALL_REFUSED;

    /* The API wants both names; the file's own is the default for people. */
    for (size_t i = 0; i < COMMAND_ARGS_MAX; i++) {
        if (call->command->args[i].name == NULL)
            break;
        if (strcmp(call->command->args[i].name, "title") == 0 && title == NULL) {
            call->values[i][0] = base_name(file);
            call->counts[i] = 1;
        }
        if (strcmp(call->command->args[i].name, "name") == 0 && call->counts[i] == 0) {
            call->values[i][0] = base_name(file);
            call->counts[i] = 1;
        }
    }
    if (!call_path(call, path, sizeof(path)))
        return CALL_REFUSED;
    if (!http_upload(call, path, file, &answer))
        return CALL_REFUSED;
    if (answer.status == 413) {
        call_refuse("%s is larger than this station takes; send it as MP3 or M4A", file);
    } else if (!http_refused(call, &answer)) {
        print_answer(call, answer.json);
        status = CALL_DONE;
    }
    http_answer_deinit(&answer);
    return status;
}

int special_alert_send(struct call *call)
{
    struct http_answer answer;
    const char *result;
    int status = CALL_REFUSED;

    if (!http_upload(call, "/api/v1/alerts/cap", call_value(call, "file"), &answer))
        return CALL_REFUSED;
    result = json_string_value(json_object_get(answer.json, "result"));
    if (result != NULL && strcmp(result, "rejected") == 0) {
        if (call->settings.json)
            print_answer(call, answer.json);
        call_refuse("the station rejected the message; `loactl alert check` says why");
    } else if (!http_refused(call, &answer)) {
        print_answer(call, answer.json);
        status = CALL_DONE;
    }
    http_answer_deinit(&answer);
    return status;
}

static int to_file(struct call *call, const char *method, const char *path)
{
    const char *file = call_value(call, "file");
    struct http_answer answer;
    int status = CALL_REFUSED;

    if (!http_download(call, method, path, file, &answer))
        return CALL_REFUSED;
    if (!http_refused(call, &answer)) {
        status = CALL_DONE;
        if (!call->settings.json)
            printf("Written to %s.\n", file);
    }
    http_answer_deinit(&answer);
    return status;
}

int special_download(struct call *call)
{
    char path[1536];

    if (!call_path(call, path, sizeof(path)))
        return CALL_REFUSED;
    return to_file(call, "GET", path);
}

int special_alert_signer(struct call *call)
{
    return to_file(call, "GET", "/cap/signer.pem");
}

int special_backup(struct call *call)
{
    return to_file(call, "POST", "/api/v1/backup");
}

/* What the node says of its test, owned by the caller; NULL after saying why there is nothing. */
static json_t *fetch_test(struct call *call, const char *path)
{
    struct http_answer answer;
    json_t *test = NULL;

    if (!http_request(call, "GET", path, NULL, &answer))
        return NULL;
    if (!http_refused(call, &answer)) {
        test = json_incref(json_object_get(answer.json, "test"));
        if (test == NULL)
            call_refuse("the station knows no node tests; update it");
    }
    http_answer_deinit(&answer);
    return test;
}

static int judge_test(struct call *call, const json_t *test)
{
    const char *state = json_string_value(json_object_get(test, "state"));
    const char *verdict = json_string_value(json_object_get(test, "verdict"));

    if (state == NULL)
        return call_refuse("the link to the node was lost during the test; try again");
    if (strcmp(state, "refused") == 0)
        return call_refuse("the node refused the test (%s); loactl node show says more",
                           verdict != NULL ? verdict : "");
    if (strcmp(state, "waiting") == 0)
        return call_refuse("the node has not answered within %d s; see loactl alarm list",
                           TEST_WAIT_S);
    print_answer(call, test);
    return strcmp(state, "heard") == 0 || strcmp(state, "not_measured") == 0 ? CALL_DONE
                                                                             : CALL_REFUSED;
}

int special_node_test(struct call *call)
{
    const struct timespec pause = {.tv_nsec = 300000000};
    struct http_answer answer;
    json_t *test = NULL;
    char path[256];
    int status;

    snprintf(path, sizeof(path), "/api/v1/nodes/%.32s/test", call_value(call, "id"));
    if (!http_request(call, "POST", path, NULL, &answer))
        return CALL_REFUSED;
    if (http_refused(call, &answer)) {
        http_answer_deinit(&answer);
        return CALL_REFUSED;
    }
    http_answer_deinit(&answer);
    path[strlen(path) - strlen("/test")] = '\0';
    for (int i = 0; i < TEST_WAIT_S * 10 / 3; i++) {
        const char *state;

        json_decref(test);
        test = fetch_test(call, path);
        state = json_string_value(json_object_get(test, "state"));
        if (test == NULL || state == NULL || strcmp(state, "waiting") != 0)
            break;
        nanosleep(&pause, NULL);
    }
    status = test != NULL ? judge_test(call, test) : CALL_REFUSED;
    json_decref(test);
    return status;
}

int special_journal_verify(struct call *call)
{
    struct http_answer answer;
    int status = CALL_REFUSED;

    if (!http_request(call, "GET", "/api/v1/journal/verify", NULL, &answer))
        return CALL_REFUSED;
    if (!http_refused(call, &answer)) {
        const json_t *intact = json_object_get(answer.json, "intact");
        const char *message = json_string_value(json_object_get(answer.json, "message"));

        status = json_is_true(intact) ? CALL_DONE : CALL_REFUSED;
        if (call->settings.json || status == CALL_DONE)
            print_answer(call, answer.json);
        else
            call_refuse("%s", message != NULL ? message : "the journal was changed");
    }
    http_answer_deinit(&answer);
    return status;
}

int special_schedule_export(struct call *call)
{
    return to_file(call, "GET", "/api/v1/schedule/export");
}
