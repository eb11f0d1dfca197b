#include "relay_feed.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hls.h"
#include "relay_fetch.h"

#define LISTS_MAX 3 /* that lead to each other */
#define FAILURES_MAX 3 /* in a row */
#define BEHIND 3 /* segments that it begins behind the newest (RFC 8216 section 6.3.3) */
#define RELOAD_LEAST_MS 500

enum stage {
    STAGE_FIRST = 0, /* whatever the address is */
    STAGE_LIST,
    STAGE_HEAD, /* what goes before the segments */
    STAGE_SEGMENT,
    STAGE_WAIT, /* until the list is read again */
};

struct relay_feed {
    const struct relay_config *config;
    enum stage stage;
    struct relay_fetch *fetch; /* NULL in STAGE_WAIT */
    unsigned lists; /* that led here */
    unsigned failures;
    char url[RELAY_FETCH_URL_SIZE]; /* of the list of segments */
    char head[RELAY_FETCH_URL_SIZE]; /* "" none, or sent */
    struct hls list;
    char segments[HLS_SEGMENTS_MAX][RELAY_FETCH_URL_SIZE];
    bool begun; /* `next` is known */
    uint64_t next; /* segment */
    int64_t read_ms; /* when the list was read */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum err go(struct relay_feed *f, enum stage stage, const char *url)
{
    relay_fetch_free(f->fetch);
    f->fetch = NULL;
    f->stage = stage;
    return url != NULL ? relay_fetch_new(f->config, url, &f->fetch) : ERR_OK;
}

enum err relay_feed_new(const struct relay_config *config, const char *url,
                        struct relay_feed **ret_feed)
{
    struct relay_feed *f = calloc(1, sizeof(*f));
    enum err e;

    if (f == NULL)
        return ERR_NOMEM;
    f->config = config;
    e = go(f, STAGE_FIRST, url);
    if (e == ERR_OK)
        *ret_feed = f;
    else
        free(f);
    return e;
}

void relay_feed_free(struct relay_feed *f)
{
    if (f == NULL)
        return;
    relay_fetch_free(f->fetch);
    free(f);
}

/* The next segment, or the list again when there is none yet. */
static enum err go_on(struct relay_feed *f, struct err_detail *detail)
{
    if (f->head[0] != '\0')
        return go(f, STAGE_HEAD, f->head);
    if (f->next >= f->list.first && f->next - f->list.first < f->list.count)
        return go(f, STAGE_SEGMENT, f->segments[f->next - f->list.first]);
    if (f->list.ended && f->next >= f->list.end)
        return err_set(detail, ERR_NOT_FOUND, "The other broadcaster ended the transmission.");
    return go(f, STAGE_WAIT, NULL);
}

/* Where to begin in a list that is new, or that began anew. */
static enum err begin(struct relay_feed *f, struct bytes text, struct err_detail *detail)
{
    enum err e = ERR_OK;

    if (f->list.ended)
        e = hls_read(text, 0, &f->list, detail);
    f->next = f->list.first;
    if (!f->list.ended && f->list.count > BEHIND)
        f->next += f->list.count - BEHIND;
    f->begun = true;
    return e;
}

static enum err take_segments(struct relay_feed *f, struct bytes text, struct err_detail *detail)
{
    enum err e = ERR_OK;

    if (f->begun && (f->next > f->list.end || (f->list.count > 0 && f->next < f->list.first))) {
        /* It began to count anew, or went on without us. */
        f->begun = false;
        e = hls_read(text, HLS_NEWEST, &f->list, detail);
    }
    if (e == ERR_OK && !f->begun) {
        e = begin(f, text, detail);
        if (e == ERR_OK && f->list.head[0] != '\0')
            e = relay_fetch_resolve(f->fetch, f->list.head, f->head, detail);
    }
    for (size_t i = 0; e == ERR_OK && i < f->list.count; i++)
        e = relay_fetch_resolve(f->fetch, f->list.segments[i], f->segments[i], detail);
    f->read_ms = now_ms();
    return e == ERR_OK ? go_on(f, detail) : e;
}

static enum err take_list(struct relay_feed *f, struct err_detail *detail)
{
    struct bytes text = relay_fetch_held(f->fetch);
    enum err e = hls_read(text, f->begun ? f->next : HLS_NEWEST, &f->list, detail);

    if (e == ERR_OK && f->list.kind == HLS_SEGMENTS) {
        e = relay_fetch_resolve(f->fetch, "", f->url, detail);
        return e == ERR_OK ? take_segments(f, text, detail) : e;
    }
    if (e == ERR_OK && ++f->lists >= LISTS_MAX)
        e = err_set(detail, ERR_FORMAT, "The address is a playlist of playlists without an end.");
    if (e == ERR_OK)
        e = relay_fetch_resolve(f->fetch, f->list.next, f->url, detail);
    return e == ERR_OK ? go(f, STAGE_FIRST, f->url) : e;
}

/* A transfer is over. */
static enum err follow(struct relay_feed *f, enum err how, struct err_detail *detail)
{
    bool complete = relay_fetch_is_complete(f->fetch);

    if (f->stage == STAGE_FIRST && how == ERR_NOT_FOUND)
        return how; /* a plain stream that ended, or that cannot be fetched */
    if (f->stage <= STAGE_LIST && how == ERR_EXISTS)
        return take_list(f, detail);
    if (how == ERR_EXISTS)
        return err_set(detail, ERR_NOT_FOUND, "The playlist names playlists where sound belongs.");
    if (!complete && (relay_fetch_is_refused(f->fetch) || ++f->failures >= FAILURES_MAX))
        return how;
    if (complete)
        f->failures = 0;
    if (f->stage == STAGE_SEGMENT)
        f->next++; /* what could not be fetched is left out */
    if (f->stage == STAGE_HEAD && complete)
        f->head[0] = '\0';
    f->read_ms = f->stage == STAGE_LIST ? now_ms() : f->read_ms;
    return f->stage == STAGE_LIST ? go(f, STAGE_WAIT, NULL) : go_on(f, detail);
}

static enum err wait(struct relay_feed *f, int out_fd, int timeout_ms)
{
    int64_t again_ms = f->list.target_s * INT64_C(500);
    struct pollfd fd = {.fd = out_fd, .events = POLLIN};

    again_ms = f->read_ms + (again_ms > RELOAD_LEAST_MS ? again_ms : RELOAD_LEAST_MS);
    if (now_ms() >= again_ms)
        return go(f, STAGE_LIST, f->url);
    (void)poll(&fd, 1, timeout_ms); /* a negative descriptor only waits */
    return ERR_OK;
}

enum err relay_feed_run(struct relay_feed *f, int in_fd, int out_fd, int timeout_ms,
                        struct err_detail *detail)
{
    enum err e;

    if (f->fetch == NULL)
        return wait(f, out_fd, timeout_ms);
    e = relay_fetch_run(f->fetch, relay_feed_held(f).len > 0 ? in_fd : -1, out_fd, timeout_ms,
                        detail);
    if (e == ERR_OK)
        return ERR_OK;
    e = follow(f, e, detail);
    return e == ERR_OK || e == ERR_NOMEM ? e : ERR_NOT_FOUND;
}

struct bytes relay_feed_held(const struct relay_feed *f)
{
    if (f->fetch == NULL || f->stage == STAGE_LIST || relay_fetch_is_list(f->fetch))
        return bytes_of(NULL, 0);
    return relay_fetch_held(f->fetch);
}

void relay_feed_take(struct relay_feed *f, size_t count)
{
    relay_fetch_take(f->fetch, count);
}
