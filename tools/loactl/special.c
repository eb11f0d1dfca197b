#include "special.h"

#include <stdio.h>
#include <string.h>

#include "http.h"
#include "print.h"
#include "signin.h"

#define PASSWORD_SIZE 256

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
    if (!http_refused(&answer))
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
    if (!http_refused(&answer)) {
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
        if (!http_refused(&answer)) {
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
    } else if (!http_refused(&answer)) {
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
    if (!http_refused(&answer)) {
        status = CALL_DONE;
        if (!call->settings.json)
            printf("Written to %s.\n", file);
    }
    http_answer_deinit(&answer);
    return status;
}

int special_media_download(struct call *call)
{
    char path[1536];

    if (!call_path(call, path, sizeof(path)))
        return CALL_REFUSED;
    return to_file(call, "GET", path);
}

int special_backup(struct call *call)
{
    return to_file(call, "POST", "/api/v1/backup");
}

int special_journal_verify(struct call *call)
{
    struct http_answer answer;
    int status = CALL_REFUSED;

    if (!http_request(call, "GET", "/api/v1/journal/verify", NULL, &answer))
        return CALL_REFUSED;
    if (!http_refused(&answer)) {
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
