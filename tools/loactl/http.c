#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refusal.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

#define STREAM_BYTES ((size_t)3 * 3600 * 48000 * 2 / 2) /* of live sound */

struct transfer {
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    size_t len;
    FILE *file; /* download: where a 200's body goes */
    char problem[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t n = size * count;
    long status = 0;
    char *bigger;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->file != NULL && status == 200)
        return fwrite(data, 1, n, t->file) == n && fflush(t->file) == 0 ? n : 0;
    if (t->len + n > ANSWER_MAX)
        return 0;
    bigger = realloc(t->body, t->len + n + 1);
    if (bigger == NULL)
        return 0;
    t->body = bigger;
    memcpy(t->body + t->len, data, n);
    t->len += n;
    return n;
}

static void add_header(struct transfer *t, const char *line)
{
    struct curl_slist *more = curl_slist_append(t->headers, line);

    if (more != NULL)
        t->headers = more;
}

static bool begin(struct transfer *t, const struct call *call, const char *method, const char *path)
{
    char url[2048];
    const char *if_match = call_value(call, "if-match");
    char bearer[192];
    char match[64];

    *t = (struct transfer){.curl = curl_easy_init()};
    if (t->curl == NULL) {
        call_refuse("out of memory");
        return false;
    }
    snprintf(url, sizeof(url), "%s%s", call->settings.server, path);
    curl_easy_setopt(t->curl, CURLOPT_URL, url);
    curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(t->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME,
                     300L); /* an import is answered when it is done */
    curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->problem);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    if (call->settings.ca[0] != '\0')
        curl_easy_setopt(t->curl, CURLOPT_CAINFO, call->settings.ca);
    if (call->settings.token[0] != '\0') {
        snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", call->settings.token);
        add_header(t, bearer);
    }
    if (if_match != NULL) {
        snprintf(match, sizeof(match), "If-Match: \"%.40s\"", if_match);
        add_header(t, match);
    }
    return true;
}

static void explain(const struct call *call, CURLcode code, const char *problem)
{
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        call_refuse("the station at %s cannot be reached; check that loa-controller runs there, or "
                    "name another with --server",
                    call->settings.server);
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        call_refuse(
            "the station at %s could not prove who it is (%s); give its CA certificate with --ca",
            call->settings.server, problem[0] != '\0' ? problem : curl_easy_strerror(code));
    else
        call_refuse("the request to %s failed (%s); try again", call->settings.server,
                    problem[0] != '\0' ? problem : curl_easy_strerror(code));
}

static bool perform(struct transfer *t, const struct call *call, struct http_answer *ret_answer)
{
    CURLcode code;

    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
    code = curl_easy_perform(t->curl);
    *ret_answer = (struct http_answer){0};
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    /* A station that refuses an upload early answers and closes: its answer counts, not the broken pipe. */
    if (code != CURLE_OK && ret_answer->status < 400)
        explain(call, code, t->problem);
    else if (t->len > 0)
        ret_answer->json = json_loadb(t->body, t->len, JSON_DECODE_ANY, NULL);
    return code == CURLE_OK || ret_answer->status >= 400;
}

static void end(struct transfer *t)
{
    curl_slist_free_all(t->headers);
    curl_easy_cleanup(t->curl);
    free(t->body);
}

bool http_request(const struct call *call, const char *method, const char *path, json_t *body,
                  struct http_answer *ret_answer)
{
    struct transfer t;
    char *text = NULL;
    bool ok;

    if (!begin(&t, call, method, path))
        return false;
    if (body != NULL) {
        text = json_dumps(body, JSON_COMPACT);
        add_header(&t, "Content-Type: application/json");
        curl_easy_setopt(t.curl, CURLOPT_POSTFIELDS, text);
    }
    ok = perform(&t, call, ret_answer);
    free(text);
    end(&t);
    return ok;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    (void)arg;
    (void)down_total;
    (void)down;
    if (up_total > 0)
        fprintf(stderr, "\r%3d %%", (int)(up * 100 / up_total));
    return 0;
}

bool http_upload(const struct call *call, const char *path, const char *file,
                 struct http_answer *ret_answer)
{
    FILE *in = fopen(file, "re");
    struct transfer t;
    struct stat st;
    bool ok;

    if (in == NULL || fstat(fileno(in), &st) != 0 || !S_ISREG(st.st_mode)) {
        call_refuse("%s cannot be read (%s); check the name", file,
                    in == NULL ? strerror(errno) : "not a file");
        if (in != NULL)
            fclose(in);
        return false;
    }
    if (st.st_size == 0) {
        call_refuse("%s is empty; check that the recording was saved", file);
        fclose(in);
        return false;
    }
    if (!begin(&t, call, "POST", path)) {
        fclose(in);
        return false;
    }
    add_header(&t, "Content-Type: application/octet-stream");
    add_header(&t, "Expect:");
    curl_easy_setopt(t.curl, CURLOPT_POST, 1L);
    curl_easy_setopt(t.curl, CURLOPT_READDATA, in);
    curl_easy_setopt(t.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)st.st_size);
    if (isatty(STDERR_FILENO)) {
        curl_easy_setopt(t.curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(t.curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    }
    ok = perform(&t, call, ret_answer);
    if (isatty(STDERR_FILENO))
        fputs("\r     \r", stderr);
    end(&t);
    fclose(in);
    return ok;
}

struct stream {
    size_t (*more)(void *arg, char *ret_data, size_t size);
    void *arg;
    bool ended;
};

static size_t on_more(char *data, size_t size, size_t count, void *arg)
{
    struct stream *s = arg;
    size_t len = s->more(s->arg, data, size * count);

    s->ended = len == 0;
    return s->ended ? CURL_READFUNC_ABORT : len;
}

bool http_stream(const struct call *call, const char *path,
                 size_t (*more)(void *arg, char *ret_data, size_t size), void *arg,
                 struct http_answer *ret_answer)
{
    struct stream s = {.more = more, .arg = arg};
    struct transfer t;

    *ret_answer = (struct http_answer){0};
    if (!begin(&t, call, "POST", path))
        return false;
    add_header(&t, "Content-Type: application/octet-stream");
    add_header(&t, "Expect:");
    curl_easy_setopt(t.curl, CURLOPT_HTTPHEADER, t.headers);
    curl_easy_setopt(t.curl, CURLOPT_POST, 1L);
    curl_easy_setopt(t.curl, CURLOPT_READFUNCTION, on_more);
    curl_easy_setopt(t.curl, CURLOPT_READDATA, &s);
    /* The station takes no chunked bodies: a length that is never reached, below what it allows. */
    curl_easy_setopt(t.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)STREAM_BYTES);
    (void)curl_easy_perform(t.curl);
    curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    if (t.len > 0)
        ret_answer->json = json_loadb(t.body, t.len, JSON_DECODE_ANY, NULL);
    end(&t);
    return s.ended || ret_answer->status >= 400;
}

bool http_listen(const struct call *call, const char *path, FILE *to,
                 struct http_answer *ret_answer)
{
    struct transfer t;
    bool ok;

    if (!begin(&t, call, "GET", path))
        return false;
    t.file = to;
    ok = perform(&t, call, ret_answer);
    end(&t);
    return ok;
}

bool http_download(const struct call *call, const char *method, const char *path, const char *file,
                   struct http_answer *ret_answer)
{
    char temp[1024];
    struct transfer t;
    bool ok;

    snprintf(temp, sizeof(temp), "%.1000s.part", file);
    if (!begin(&t, call, method, path))
        return false;
    t.file = fopen(temp, "we");
    if (t.file == NULL) {
        call_refuse("%s cannot be written (%s); choose another file", temp, strerror(errno));
        end(&t);
        return false;
    }
    ok = perform(&t, call, ret_answer);
    if (fclose(t.file) != 0 || !ok || ret_answer->status != 200) {
        unlink(temp);
    } else if (rename(temp, file) != 0) {
        call_refuse("%s cannot be written (%s); choose another file", file, strerror(errno));
        unlink(temp);
        ok = false;
    }
    end(&t);
    return ok;
}

bool http_refused(const struct call *call, const struct http_answer *answer)
{
    const char *message = json_string_value(json_object_get(answer->json, "message"));
    char words[1024];

    if (answer->status < 400)
        return false;
    if (message != NULL) {
        refusal_words(call->command, message, words, sizeof(words));
        call_refuse("%s", words);
    } else {
        call_refuse("the station answered with status %ld; try again", answer->status);
    }
    return true;
}

void http_answer_deinit(struct http_answer *answer)
{
    json_decref(answer->json);
    *answer = (struct http_answer){0};
}
