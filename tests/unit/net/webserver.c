#include "webserver.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "webcert.h"

#define FLOOD_BYTES 32768

static void answer_text(struct webserver *s, uint64_t id, unsigned status, const char *text,
                        size_t len)
{
    struct web_response res = {.status = status, .content_type = "application/json"};

    res.body = malloc(len + 1);
    assert_non_null(res.body);
    if (len > 0)
        memcpy(res.body, text, len);
    res.body_len = len;
    web_answer(s->web, id, &res);
}

static void on_later(uv_timer_t *timer)
{
    struct webserver *s = timer->data;

    answer_text(s, s->later_id, 200, "late", 4);
    atomic_fetch_add(&s->late, 1);
}

static void on_flood(uv_timer_t *timer)
{
    struct webserver *s = timer->data;
    uint8_t piece[FLOOD_BYTES / 2] = {0};
    enum err e = web_stream_write(s->web, s->later_id, bytes_of(piece, sizeof(piece)));

    atomic_fetch_add(&s->late, 1);
    if (e == ERR_OK)
        return;
    atomic_store(&s->flood, e);
    uv_timer_stop(timer);
}

/* Both go on after the handler has returned. */
static void stream(struct webserver *s, const struct web_request *req)
{
    assert_int_equal(web_stream_begin(s->web, req->id, "audio/ogg", FLOOD_BYTES), ERR_OK);
    s->later_id = req->id;
    if (strcmp(req->path, "/flood") == 0) {
        uv_timer_start(&s->later, on_flood, 1, 1);
        return;
    }
    assert_int_equal(web_stream_write(s->web, req->id, bytes_of("one ", 4)), ERR_OK);
    assert_int_equal(web_stream_write(s->web, req->id, bytes_of("two", 3)), ERR_OK);
    web_stream_end(s->web, req->id);
}

static enum web_body on_headers(void *ctx, const struct web_request *req)
{
    struct webserver *s = ctx;

    if (strcmp(req->path, "/denied") == 0) {
        answer_text(s, req->id, 401, "denied", 6);
        return WEB_BODY_ANSWERED;
    }
    return strcmp(req->path, "/upload") == 0 ? WEB_BODY_STREAM : WEB_BODY_MEMORY;
}

static bool on_piece(void *ctx, uint64_t id, struct bytes piece)
{
    struct webserver *s = ctx;

    atomic_fetch_add(&s->uploaded, piece.len);
    if (piece.data[0] != '!')
        return true;
    answer_text(s, id, 422, "stop", 4);
    return false;
}

static void answer_special(struct webserver *s, const struct web_request *req)
{
    struct web_response res = {.status = 200, .content_type = "application/octet-stream"};
    char value[64] = "none";

    if (strcmp(req->path, "/file") == 0) {
        res.file = strdup(s->file);
    } else if (strcmp(req->path, "/large") == 0) {
        res.body = malloc(LARGE_BYTES);
        assert_non_null(res.body);
        memset(res.body, 'x', LARGE_BYTES);
        res.body_len = LARGE_BYTES;
    } else if (strcmp(req->path, "/inject") == 0) {
        res.headers[res.header_count++] =
            (struct web_header){.name = "location:", .value = strdup("/a\r\nset-cookie: evil=1")};
    } else if (strcmp(req->path, "/remote") == 0) {
        answer_text(s, req->id, 200, req->remote, strlen(req->remote));
        return;
    } else if (strcmp(req->path, "/query") == 0) {
        (void)!web_query(req, "x", value, sizeof(value));
        answer_text(s, req->id, 200, value, strlen(value));
        return;
    } else {
        res.status = 204;
        res.content_type = NULL;
    }
    web_answer(s->web, req->id, &res);
}

static void on_request(void *ctx, const struct web_request *req)
{
    struct webserver *s = ctx;
    char text[64];
    int n;

    atomic_fetch_add(&s->requests, 1);
    atomic_store(&s->connections, (unsigned)web_connections(s->web));
    snprintf(s->last_path, sizeof(s->last_path), "%s", req->path);
    snprintf(s->last_csrf, sizeof(s->last_csrf), "%s", req->csrf);
    if (strcmp(req->path, "/never") == 0)
        return;
    if (strcmp(req->path, "/later") == 0) {
        s->later_id = req->id;
        uv_timer_start(&s->later, on_later, s->later_ms, 0);
    } else if (strcmp(req->path, "/hello") == 0) {
        answer_text(s, req->id, 200, "hello", 5);
    } else if (strcmp(req->path, "/stream") == 0 || strcmp(req->path, "/flood") == 0) {
        stream(s, req);
    } else if (strcmp(req->path, "/echo") == 0) {
        answer_text(s, req->id, 200, (const char *)req->body.data, req->body.len);
    } else if (strcmp(req->path, "/upload") == 0) {
        n = snprintf(text, sizeof(text), "%llu", atomic_load(&s->uploaded));
        answer_text(s, req->id, 200, text, (size_t)n);
    } else {
        answer_special(s, req);
    }
}

static void on_gone(void *ctx, uint64_t id)
{
    struct webserver *s = ctx;

    (void)id;
    atomic_fetch_add(&s->gone, 1);
}

/* In a language that has one letter more in front. */
static void say(void *ctx, const char *accept_language, const char *sentence, char *ret_text,
                size_t size)
{
    (void)ctx;
    if (accept_language[0] != '\0')
        snprintf(ret_text, size, "%c %s", accept_language[0], sentence);
}

static void on_closed(void *arg)
{
    struct webserver *s = arg;

    s->web = NULL;
}

static void on_wake(uv_async_t *wake)
{
    struct webserver *s = wake->data;

    web_close(s->web, on_closed, s);
    uv_close((uv_handle_t *)&s->later, NULL);
    uv_close((uv_handle_t *)wake, NULL);
}

static void *run(void *arg)
{
    struct webserver *s = arg;
    struct web_handler handler = {
        .ctx = s,
        .on_headers = on_headers,
        .on_piece = on_piece,
        .on_request = on_request,
        .say = say,
        .on_gone = on_gone,
    };

    s->started = web_new(&s->loop, &s->config, &handler, &s->web, &s->detail);
    pthread_barrier_wait(&s->ready);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    return NULL;
}

void webserver_start(struct webserver *s, const struct web_config *config)
{
    FILE *f;

    memset(s, 0, sizeof(*s));
    snprintf(s->dir, sizeof(s->dir), "/tmp/loa-web-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->cert, sizeof(s->cert), "%s/cert.pem", s->dir);
    snprintf(s->key, sizeof(s->key), "%s/key.pem", s->dir);
    snprintf(s->file, sizeof(s->file), "%s/file", s->dir);
    assert_true(webcert_make(s->cert, s->key));
    f = fopen(s->file, "w");
    assert_non_null(f);
    for (unsigned i = 0; i < LARGE_BYTES; i++)
        putc('a' + (int)(i % 23), f);
    assert_int_equal(fclose(f), 0);
    s->config = *config;
    if (s->config.address == NULL)
        s->config.address = "127.0.0.1";
    s->config.cert_path = s->cert;
    s->config.key_path = s->key;
    s->later_ms = 300;
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(uv_async_init(&s->loop, &s->wake, on_wake), 0);
    assert_int_equal(uv_timer_init(&s->loop, &s->later), 0);
    s->wake.data = s->later.data = s;
    assert_int_equal(pthread_barrier_init(&s->ready, NULL, 2), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
    pthread_barrier_wait(&s->ready);
}

void webserver_stop(struct webserver *s)
{
    uv_async_send(&s->wake);
    pthread_join(s->thread, NULL);
    pthread_barrier_destroy(&s->ready);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    unlink(s->cert);
    unlink(s->key);
    unlink(s->file);
    assert_int_equal(rmdir(s->dir), 0);
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    struct reply *r = user;
    char *grown = realloc(r->body, r->len + size * count + 1);

    if (grown == NULL)
        return 0;
    r->body = grown;
    memcpy(r->body + r->len, data, size * count);
    r->len += size * count;
    r->body[r->len] = '\0';
    return size * count;
}

static size_t take_head(char *data, size_t size, size_t count, void *user)
{
    struct reply *r = user;
    size_t used = strlen(r->head);

    snprintf(r->head + used, sizeof(r->head) - used, "%.*s", (int)(size * count), data);
    return size * count;
}

static CURL *client(struct webserver *s, const char *path)
{
    CURL *c = curl_easy_init();
    char url[WEB_PATH_MAX * 4 + 64];

    assert_non_null(c);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", web_port(s->web), path);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    return c;
}

void webserver_fetch(struct webserver *s, const char *method, const char *path, const char *header,
                     const void *body, size_t len, struct reply *ret_reply)
{
    CURL *c = client(s, path);
    struct curl_slist *list = curl_slist_append(NULL, header != NULL ? header : "X-Nothing: 1");

    memset(ret_reply, 0, sizeof(*ret_reply));
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, ret_reply);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, ret_reply);
    if (body != NULL) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    ret_reply->result = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret_reply->status);
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
}

void reply_free(struct reply *r)
{
    free(r->body);
    memset(r, 0, sizeof(*r));
}

CURL *webserver_raw_from(struct webserver *s, const char *address)
{
    CURL *c = client(s, "/");

    curl_easy_setopt(c, CURLOPT_INTERFACE, address);
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    assert_int_equal(curl_easy_perform(c), CURLE_OK);
    return c;
}

CURL *webserver_raw(struct webserver *s)
{
    return webserver_raw_from(s, NULL);
}

static void wait_for(CURL *raw, short events)
{
    curl_socket_t fd = -1;
    struct pollfd p = {.events = events};

    curl_easy_getinfo(raw, CURLINFO_ACTIVESOCKET, &fd);
    p.fd = fd;
    (void)poll(&p, 1, 20000);
}

bool raw_say(CURL *raw, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = 0;
        CURLcode r = curl_easy_send(raw, text, len, &n);

        if (r == CURLE_AGAIN) {
            wait_for(raw, POLLOUT);
            continue;
        }
        if (r != CURLE_OK)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

bool raw_hear(CURL *raw, char *text, size_t size, const char *until)
{
    size_t used = 0;

    text[0] = '\0';
    while (used + 1 < size) {
        size_t n = 0;
        CURLcode r = curl_easy_recv(raw, text + used, size - used - 1, &n);

        if (r == CURLE_AGAIN) {
            wait_for(raw, POLLIN);
            continue;
        }
        if (r != CURLE_OK || n == 0)
            return true;
        used += n;
        text[used] = '\0';
        if (until != NULL && strstr(text, until) != NULL)
            return false;
    }
    return false;
}
