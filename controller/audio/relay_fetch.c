#include "relay_fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOLD_BYTES ((size_t)CURL_MAX_WRITE_SIZE * 4)
#define REDIRECTS_MAX 5L
#define STEP_MS 100
#define SETTLED_S \
    60 /* RFC 9110 section 8.8.2.2: a date so long ago names one state of a document */

struct relay_fetch {
    const struct relay_config *config;
    CURLM *multi;
    CURL *easy;
    bool added;
    bool paused;
    bool over;
    bool begun; /* bytes have come */
    bool playlist; /* and are no sound: all of it is held */
    bool refused; /* an address that may not be connected to */
    CURLcode result;
    char problem[CURL_ERROR_SIZE];
    uint8_t held[HOLD_BYTES];
    size_t held_len;
};

enum err relay_fetch_check_url(const char *url, struct err_detail *detail)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *user = NULL;
    enum err e = ERR_OK;

    if (parsed == NULL)
        return ERR_NOMEM;
    if (strlen(url) >= RELAY_FETCH_URL_SIZE ||
        curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        e = err_set(detail, ERR_FORMAT,
                    "A relay takes an address that begins with http:// or https://.");
    else if (curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_OK)
        e = err_set(detail, ERR_FORMAT,
                    "The address holds a user name; everybody here could read its password.");
    curl_free(scheme);
    curl_free(user);
    curl_url_cleanup(parsed);
    return e;
}

/* The one place where an address becomes a connection: what was resolved is what is judged, whatever the
 * name says the next time. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct relay_fetch *f = arg;
    uint8_t address[16] = {0};

    if (purpose == CURLSOCKTYPE_IPCXN && to->family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, &to->addr, sizeof(v4));
        address[10] = address[11] = 0xFF;
        memcpy(address + 12, &v4.sin_addr, 4);
    } else if (purpose == CURLSOCKTYPE_IPCXN && to->family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, &to->addr, sizeof(v6));
        memcpy(address, &v6.sin6_addr, 16);
    }
    if (!relay_net_may_connect(f->config, address)) {
        f->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool is_playlist(struct bytes first)
{
    static const char *const marks[] = {"#EXTM3U", "\xEF\xBB\xBF#EXTM3U"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t len = strlen(marks[i]);

        if (first.len >= len && memcmp(first.data, marks[i], len) == 0)
            return true;
    }
    return false;
}

static size_t on_bytes(char *data, size_t size, size_t count, void *arg)
{
    struct relay_fetch *f = arg;
    size_t len = size * count;

    if (!f->begun)
        f->playlist = is_playlist(bytes_of(data, len));
    f->begun = true;
    if (len > HOLD_BYTES - f->held_len) {
        if (f->playlist)
            return 0;
        f->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    memcpy(f->held + f->held_len, data, len);
    f->held_len += len;
    return len;
}

enum err relay_fetch_new(const struct relay_config *config, const char *url,
                         struct relay_fetch **ret_fetch)
{
    struct relay_fetch *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return ERR_NOMEM;
    f->config = config;
    f->multi = curl_multi_init();
    f->easy = curl_easy_init();
    if (f->multi == NULL || f->easy == NULL) {
        relay_fetch_free(f);
        return ERR_NOMEM;
    }
    curl_easy_setopt(f->easy, CURLOPT_URL, url);
    curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(f->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(f->easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(f->easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    curl_easy_setopt(f->easy, CURLOPT_PROXY, ""); /* it would connect for us, unjudged */
    curl_easy_setopt(f->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(f->easy, CURLOPT_OPENSOCKETDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->problem);
    curl_easy_setopt(f->easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(f->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(f->easy, CURLOPT_USERAGENT, "loa-controller");
    f->added = curl_multi_add_handle(f->multi, f->easy) == CURLM_OK;
    *ret_fetch = f;
    return ERR_OK;
}

void relay_fetch_free(struct relay_fetch *f)
{
    if (f == NULL)
        return;
    if (f->added)
        curl_multi_remove_handle(f->multi, f->easy);
    if (f->easy != NULL)
        curl_easy_cleanup(f->easy);
    if (f->multi != NULL)
        curl_multi_cleanup(f->multi);
    free(f);
}

struct bytes relay_fetch_held(const struct relay_fetch *f)
{
    return bytes_of(f->held, f->held_len);
}

void relay_fetch_take(struct relay_fetch *f, size_t count)
{
    memmove(f->held, f->held + count, f->held_len - count);
    f->held_len -= count;
    if (f->paused && f->held_len <= HOLD_BYTES / 2) {
        f->paused = false;
        curl_easy_pause(f->easy, CURLPAUSE_CONT);
    }
}

static enum err explain(const struct relay_fetch *f, struct err_detail *detail)
{
    if (f->refused)
        return err_set(detail, ERR_NOT_FOUND,
                       "The address leads into a private network; list it under [relay] allow if "
                       "that is meant.");
    if (f->playlist && f->result == CURLE_WRITE_ERROR)
        return err_set(detail, ERR_NOT_FOUND, "The playlist is longer than %zu bytes.", HOLD_BYTES);
    if (f->result == CURLE_OK)
        return err_set(detail, ERR_NOT_FOUND, "The other broadcaster ended the transmission.");
    return err_set(detail, ERR_NOT_FOUND, "The address cannot be fetched (%s).",
                   f->problem[0] != '\0' ? f->problem : curl_easy_strerror(f->result));
}

enum err relay_fetch_run(struct relay_fetch *f, int in_fd, int out_fd, int timeout_ms,
                         struct err_detail *detail)
{
    struct curl_waitfd fds[2];
    unsigned count = 0;
    int running = 0, left = 0;
    CURLMsg *msg;

    if (out_fd >= 0)
        fds[count++] = (struct curl_waitfd){.fd = out_fd, .events = CURL_WAIT_POLLIN};
    if (in_fd >= 0 && f->held_len > 0)
        fds[count++] = (struct curl_waitfd){.fd = in_fd, .events = CURL_WAIT_POLLOUT};
    curl_multi_perform(f->multi, &running);
    curl_multi_poll(f->multi, fds, count, timeout_ms, NULL);
    curl_multi_perform(f->multi, &running);
    while ((msg = curl_multi_info_read(f->multi, &left)) != NULL) {
        if (msg->msg == CURLMSG_DONE) {
            f->over = true;
            f->result = msg->data.result;
        }
    }
    if (f->over && f->playlist && f->result == CURLE_OK)
        return ERR_EXISTS;
    return f->over && (f->held_len == 0 || f->playlist) ? explain(f, detail) : ERR_OK;
}

bool relay_fetch_is_complete(const struct relay_fetch *f)
{
    return f->over && f->result == CURLE_OK;
}

bool relay_fetch_is_refused(const struct relay_fetch *f)
{
    return f->refused;
}

bool relay_fetch_is_list(const struct relay_fetch *f)
{
    return f->playlist;
}

enum err relay_fetch_resolve(const struct relay_fetch *f, const char *name,
                             char ret_url[RELAY_FETCH_URL_SIZE], struct err_detail *detail)
{
    CURLU *parsed = curl_url();
    char *base = NULL, *whole = NULL;
    enum err e = ERR_OK;

    if (parsed == NULL)
        return ERR_NOMEM;
    if (curl_easy_getinfo(f->easy, CURLINFO_EFFECTIVE_URL, &base) != CURLE_OK || base == NULL ||
        curl_url_set(parsed, CURLUPART_URL, base, 0) != CURLUE_OK ||
        (name[0] != '\0' &&
         curl_url_set(parsed, CURLUPART_URL, name, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) ||
        curl_url_get(parsed, CURLUPART_URL, &whole, 0) != CURLUE_OK)
        e = err_set(detail, ERR_FORMAT, "The playlist holds names that are no addresses.");
    if (e == ERR_OK)
        e = relay_fetch_check_url(whole, detail);
    if (e == ERR_OK)
        snprintf(ret_url, RELAY_FETCH_URL_SIZE, "%s", whole);
    curl_free(whole);
    curl_url_cleanup(parsed);
    return e;
}

static enum err gather(struct relay_fetch *f, size_t max_bytes, int timeout_ms,
                       const atomic_bool *stop, char **data, size_t *len, struct err_detail *detail)
{
    for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += STEP_MS) {
        enum err e = relay_fetch_run(f, -1, -1, STEP_MS, detail);
        struct bytes held = relay_fetch_held(f);
        char *grown;

        if (e == ERR_NOT_FOUND || e == ERR_EXISTS)
            return f->result == CURLE_OK && !f->refused ? ERR_OK : e;
        if (e != ERR_OK || atomic_load(stop))
            return e != ERR_OK ? e : ERR_CANCELLED;
        if (held.len == 0)
            continue;
        waited_ms -= STEP_MS / 2; /* what moves was not waited for in full */
        if (held.len > max_bytes - *len)
            return err_set(detail, ERR_LIMIT, "The document is longer than %zu bytes.", max_bytes);
        grown = realloc(*data, *len + held.len + 1);
        if (grown == NULL)
            return ERR_NOMEM;
        *data = grown;
        memcpy(grown + *len, held.data, held.len);
        *len += held.len;
        relay_fetch_take(f, held.len);
    }
    return err_set(detail, ERR_TIMEOUT, "The address did not answer in %d s.", timeout_ms / 1000);
}

static void set_path(CURL *easy, CURLoption option, const char *path)
{
    if (path != NULL && path[0] != '\0')
        curl_easy_setopt(easy, option, path);
}

static void restrict_to(CURL *easy, const struct relay_fetch_document *d)
{
    if (d->strict || strncasecmp(d->url, "https://", 8) == 0) {
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
        curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    }
    if (d->strict)
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set_path(easy, CURLOPT_CAINFO, d->ca_path); /* besides the system's directory */
    set_path(easy, CURLOPT_SSLCERT, d->cert_path);
    set_path(easy, CURLOPT_SSLKEY, d->key_path);
    curl_easy_setopt(easy, CURLOPT_FILETIME, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)d->timeout_ms);
}

enum err relay_fetch_whole(const struct relay_config *config,
                           const struct relay_fetch_document *document, const atomic_bool *stop,
                           int64_t *since_s, char **ret_data, size_t *ret_len,
                           struct err_detail *detail)
{
    struct relay_fetch *f = NULL;
    curl_off_t changed_s = -1;
    char *data = NULL;
    size_t len = 0;
    long unchanged = 0;
    enum err e = relay_fetch_check_url(document->url, detail);

    if (e == ERR_OK)
        e = relay_fetch_new(config, document->url, &f);
    if (e != ERR_OK)
        return e;
    restrict_to(f->easy, document);
    if (*since_s > 0) {
        curl_easy_setopt(f->easy, CURLOPT_TIMECONDITION, (long)CURL_TIMECOND_IFMODSINCE);
        curl_easy_setopt(f->easy, CURLOPT_TIMEVALUE_LARGE, (curl_off_t)*since_s);
    }
    e = gather(f, document->max_bytes, document->timeout_ms, stop, &data, &len, detail);
    if (e == ERR_OK) {
        curl_easy_getinfo(f->easy, CURLINFO_CONDITION_UNMET, &unchanged);
        curl_easy_getinfo(f->easy, CURLINFO_FILETIME_T, &changed_s);
        if (unchanged != 0)
            e = ERR_EXISTS;
        else if (len == 0)
            e = err_set(detail, ERR_NOT_FOUND, "The document is empty.");
    }
    relay_fetch_free(f);
    if (e != ERR_OK) {
        free(data);
        return e;
    }
    *since_s = changed_s > 0 && changed_s < time(NULL) - SETTLED_S ? (int64_t)changed_s : 0;
    *ret_data = data;
    *ret_len = len;
    return ERR_OK;
}
