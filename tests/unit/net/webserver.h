/* webserver.h - an HTTPS server in a thread whose handler answers by path, and clients for it.
 *
 *   GET /hello /later /never /file /large /inject /remote /query?x=
 *   GET /stream (two pieces, an end) /flood (pieces until the client is too slow)   POST /echo /upload /denied
 */
#ifndef LOA_WEBSERVER_H
#define LOA_WEBSERVER_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "web.h"

#define LARGE_BYTES (3U * 1024 * 1024)

struct webserver {
    char dir[64];
    char cert[96];
    char key[96];
    char file[96];
    struct web_config config;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t later;
    uint64_t later_id;
    unsigned later_ms;
    struct web *web;
    enum err started;
    struct err_detail detail;
    pthread_t thread;
    pthread_barrier_t ready;
    atomic_uint requests;
    atomic_uint gone;
    atomic_uint late; /* answers of /later given, pieces of /flood */
    _Atomic enum err flood; /* how it ended */
    atomic_uint connections;
    atomic_ullong uploaded;
    char last_path[WEB_PATH_MAX + 1];
    char last_csrf[WEB_HEADER_MAX + 1];
};

struct reply {
    long status;
    char *body;
    size_t len;
    char head[4096];
    CURLcode result;
};

/* Start with a config whose zero fields are the defaults (address: 127.0.0.1); cert and key are made when NULL. */
void webserver_start(struct webserver *s, const struct web_config *config);

/* Stop, check that the loop is empty, remove the files. */
void webserver_stop(struct webserver *s);

/* One request on a connection of its own; reply_free() afterwards.
 *
 *   method  "GET", ...; header  one "Name: value" or NULL; body  NULL = none */
void webserver_fetch(struct webserver *s, const char *method, const char *path, const char *header,
                     const void *body, size_t len, struct reply *ret_reply);
void reply_free(struct reply *r);

/* A bare TLS connection to say anything over. */
CURL *webserver_raw(struct webserver *s);
CURL *webserver_raw_from(struct webserver *s, const char *address);
/* False: the server does not take it any more. */
bool raw_say(CURL *raw, const char *text, size_t len);

/* Read until the server closes or the text holds `until`; terminated. True: it closed. */
bool raw_hear(CURL *raw, char *text, size_t size, const char *until);

#endif
