#include "capfeeds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cap_feed.h"
#include "log.h"
#include "relay_fetch.h"
#include "store_journal.h"

#define SEEN_MAX 512 /* of each feed, more than the entries of one reading */
#define TIMEOUT_MS 20000
#define TICK_NS (200 * UINT64_C(1000000))

struct feed {
    const struct config_feed *config;
    uint8_t seen[SEEN_MAX][SHA256_BYTES]; /* a ring */
    size_t seen_next;
    int64_t since_s; /* of the feed's document */
    usec_t due_us;
    _Atomic usec_t heard_us; /* when it was last read; before that, see remember() */
    bool silent; /* the alarm stands; main thread */
};

enum slot {
    SLOT_EMPTY = 0,
    SLOT_OFFERED, /* by the thread */
    SLOT_TAKEN, /* stored, or not worth another try */
    SLOT_FAILED,
};

struct capfeeds {
    struct capfeeds_config config;
    struct feed *feeds;
    uv_thread_t thread;
    uv_async_t async;
    uv_mutex_t lock;
    uv_cond_t cond;
    atomic_bool stop;
    bool closing;
    enum slot slot; /* under the lock, with what follows */
    char *data;
    size_t len;
    const char *source;
};

static usec_t heartbeat_us(const struct feed *feed)
{
    return (usec_t)feed->config->heartbeat_s * USEC_PER_SEC;
}

/* ---- the thread that fetches ---- */

static bool is_seen(const struct feed *feed, const uint8_t key[SHA256_BYTES])
{
    for (size_t i = 0; i < SEEN_MAX; i++) {
        if (memcmp(feed->seen[i], key, SHA256_BYTES) == 0)
            return true;
    }
    return false;
}

/* Hand one message to the main thread and wait what comes of it. */
static bool offer(struct capfeeds *f, const struct feed *feed, char *data, size_t len)
{
    bool taken;

    uv_mutex_lock(&f->lock);
    f->slot = SLOT_OFFERED;
    f->data = data;
    f->len = len;
    f->source = feed->config->name;
    uv_async_send(&f->async);
    while (f->slot == SLOT_OFFERED && !atomic_load(&f->stop))
        uv_cond_wait(&f->cond, &f->lock);
    taken = f->slot == SLOT_TAKEN;
    f->slot = SLOT_EMPTY;
    f->data = NULL;
    uv_mutex_unlock(&f->lock);
    free(data);
    return taken;
}

static bool is_https(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

/* A feed that comes by https names messages by https: its channel may be all that is trusted. */
static enum err fetch(struct capfeeds *f, const struct feed *feed, const char *url,
                      int64_t *since_s, char **ret_data, size_t *ret_len, struct err_detail *detail)
{
    const struct relay_fetch_document document = {
        .url = url,
        .max_bytes = CAP_BYTES_MAX,
        .timeout_ms = TIMEOUT_MS,
        .ca_path = feed->config->ca,
        .cert_path = feed->config->certificate,
        .key_path = feed->config->key,
    };

    if (is_https(feed->config->url) && !is_https(url))
        return err_set(detail, ERR_AUTH, "A feed that comes by https names a message by http.");
    return relay_fetch_whole(f->config.addresses, &document, &f->stop, since_s, ret_data, ret_len,
                             detail);
}

static bool fetch_entry(struct capfeeds *f, struct feed *feed, const struct cap_feed_entry *entry)
{
    struct err_detail detail = {{0}};
    int64_t since_s = 0;
    char *data = NULL;
    size_t len = 0;
    enum err e = fetch(f, feed, entry->link, &since_s, &data, &len, &detail);

    if (e == ERR_OK && !offer(f, feed, data, len))
        return false;
    if (e != ERR_OK)
        log_event(LOG_WARN, "cap.entry_not_fetched", "feed=%s error=%s detail=%s",
                  feed->config->name, err_name(e), LOG_TEXT(detail.text));
    if (e == ERR_OK) {
        memcpy(feed->seen[feed->seen_next], entry->key, SHA256_BYTES);
        feed->seen_next = (feed->seen_next + 1) % SEEN_MAX;
    }
    return e == ERR_OK;
}

static void poll_feed(struct capfeeds *f, struct feed *feed)
{
    struct cap_feed_entry *entries = calloc(CAP_FEED_ENTRIES_MAX, sizeof(*entries));
    struct err_detail detail = {{0}};
    char *data = NULL;
    size_t len = 0, count = 0;
    bool complete = true;
    enum err e = entries != NULL
                     ? fetch(f, feed, feed->config->url, &feed->since_s, &data, &len, &detail)
                     : ERR_NOMEM;

    if (e == ERR_OK)
        e = cap_feed_read(bytes_of(data, len), entries, &count);
    if (e == ERR_OK || e == ERR_EXISTS)
        atomic_store(&feed->heard_us, f->config.now_us(f->config.ctx));
    else if (e != ERR_CANCELLED)
        log_event(LOG_WARN, "cap.feed_not_read", "feed=%s error=%s detail=%s", feed->config->name,
                  err_name(e), LOG_TEXT(detail.text));
    /* Oldest first, as far as feeds put the newest on top. */
    for (size_t i = count; i > 0 && !atomic_load(&f->stop); i--) {
        if (!is_seen(feed, entries[i - 1].key))
            complete = fetch_entry(f, feed, &entries[i - 1]) && complete;
    }
    if (!complete)
        feed->since_s = 0; /* look again, changed or not */
    free(entries);
    free(data);
}

static void run(void *arg)
{
    struct capfeeds *f = arg;

    while (!atomic_load(&f->stop)) {
        for (size_t i = 0; i < f->config.count && !atomic_load(&f->stop); i++) {
            struct feed *feed = &f->feeds[i];

            if (f->config.now_us(f->config.ctx) < feed->due_us)
                continue;
            poll_feed(f, feed);
            feed->due_us =
                f->config.now_us(f->config.ctx) + (usec_t)feed->config->poll_s * USEC_PER_SEC;
        }
        uv_mutex_lock(&f->lock);
        if (!atomic_load(&f->stop))
            uv_cond_timedwait(&f->cond, &f->lock, TICK_NS);
        uv_mutex_unlock(&f->lock);
    }
}

/* ---- the main thread ---- */

static void answer(struct capfeeds *f, bool taken)
{
    uv_mutex_lock(&f->lock);
    if (f->slot == SLOT_OFFERED)
        f->slot = taken ? SLOT_TAKEN : SLOT_FAILED;
    uv_cond_signal(&f->cond);
    uv_mutex_unlock(&f->lock);
}

static void on_taken(void *arg, enum err result, const struct api_cap_outcome *outcome,
                     const struct err_detail *detail)
{
    (void)outcome;
    (void)detail;
    /* What found no room (too many alerts, a full inbox) is brought again with the next reading. */
    answer(arg, result == ERR_OK || result == ERR_STATE);
}

static void on_offer(uv_async_t *async)
{
    struct capfeeds *f = async->data;
    struct err_detail detail = {{0}};
    enum err e = ERR_OK;

    uv_mutex_lock(&f->lock);
    if (f->slot == SLOT_OFFERED && f->data != NULL && !f->closing)
        e = capdesk_take(f->config.desk, bytes_of(f->data, f->len), f->source, NULL, on_taken, f,
                         &detail);
    uv_mutex_unlock(&f->lock);
    if (e != ERR_OK)
        answer(f, e == ERR_LIMIT);
}

/* By http anybody on the way can change a message: nothing is taken for the channel's sake. */
static enum err check_channels(const struct capfeeds_config *config, struct err_detail *detail)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct config_feed *feed = &config->feeds[i];
        const struct cap_source *source =
            cap_policy_source(capdesk_policy(config->desk), feed->name);

        if (source != NULL && source->trust == CAP_TRUST_CHANNEL && !is_https(feed->url))
            return err_set(detail, ERR_AUTH,
                           "[feed %s] comes by http, which is no channel to trust; give it an "
                           "address that begins with https://, or [source %s] of the alert policy "
                           "trust = signed",
                           feed->name, feed->name);
    }
    return ERR_OK;
}

/* A feed that was lost when the station went down, by its journal, is lost until it is read, and has to be told
 * back; any other is watched from now on. */
static void remember(struct capfeeds *f, struct feed *feed)
{
    struct db_page page = {.newest_first = true};
    struct journal_entry last;
    char object[sizeof(last.object)];
    usec_t heard_us = f->config.now_us(f->config.ctx);
    size_t count = 0;

    snprintf(object, sizeof(object), "feed:%s", feed->config->name);
    if (store_journal_list(f->config.db, object, &page, &last, 1, &count) == ERR_OK && count == 1 &&
        strcmp(last.action, "feed.lost") == 0) {
        feed->silent = true;
        heard_us = last.at_us - heartbeat_us(feed) - 1;
    }
    atomic_store(&feed->heard_us, heard_us);
}

enum err capfeeds_new(const struct capfeeds_config *config, struct capfeeds **ret_feeds,
                      struct err_detail *detail)
{
    enum err e = check_channels(config, detail);
    struct capfeeds *f = e == ERR_OK ? calloc(1, sizeof(*f)) : NULL;

    if (f == NULL)
        return e != ERR_OK ? e : ERR_NOMEM;
    f->config = *config;
    f->feeds = calloc(config->count, sizeof(*f->feeds));
    if (f->feeds == NULL || uv_mutex_init(&f->lock) != 0) {
        free(f->feeds);
        free(f);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < config->count; i++) {
        f->feeds[i].config = &config->feeds[i];
        remember(f, &f->feeds[i]);
    }
    uv_cond_init(&f->cond);
    uv_async_init(config->loop, &f->async, on_offer);
    f->async.data = f;
    if (uv_thread_create(&f->thread, run, f) != 0) {
        f->closing = true;
        uv_close((uv_handle_t *)&f->async, NULL);
        uv_run(config->loop, UV_RUN_NOWAIT);
        capfeeds_free(f);
        return ERR_IO;
    }
    *ret_feeds = f;
    return ERR_OK;
}

static enum err journal(struct capfeeds *f, const struct feed *feed, bool silent, usec_t now_us)
{
    struct journal_entry entry = {.at_us = now_us, .actor = "station"};

    snprintf(entry.action, sizeof(entry.action), "feed.%s", silent ? "lost" : "back");
    snprintf(entry.object, sizeof(entry.object), "feed:%s", feed->config->name);
    return store_journal_append(f->config.db, &entry);
}

bool capfeeds_step(struct capfeeds *f, usec_t now_us)
{
    bool lost = false;

    for (size_t i = 0; f != NULL && i < f->config.count; i++) {
        struct feed *feed = &f->feeds[i];
        usec_t silent_us = now_us - atomic_load(&feed->heard_us);
        bool silent = silent_us > heartbeat_us(feed);

        lost = lost || silent;
        if (silent == feed->silent || journal(f, feed, silent, now_us) != ERR_OK)
            continue;
        feed->silent = silent;
        log_event(silent ? LOG_ERROR : LOG_INFO, silent ? "cap.feed_lost" : "cap.feed_back",
                  "feed=%s silent_s=%" PRId64, feed->config->name, silent_us / USEC_PER_SEC);
    }
    return lost;
}

void capfeeds_close(struct capfeeds *f)
{
    if (f == NULL || f->closing)
        return;
    f->closing = true;
    uv_mutex_lock(&f->lock);
    atomic_store(&f->stop, true);
    uv_cond_broadcast(&f->cond);
    uv_mutex_unlock(&f->lock);
    uv_thread_join(&f->thread);
    uv_close((uv_handle_t *)&f->async, NULL);
}

void capfeeds_free(struct capfeeds *f)
{
    if (f == NULL)
        return;
    uv_cond_destroy(&f->cond);
    uv_mutex_destroy(&f->lock);
    free(f->feeds);
    free(f);
}
