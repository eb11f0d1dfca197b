#include <string.h>

#include "wiring.h"

static enum err cap_take(void *ctx, struct bytes message, const char *source, const struct user *by,
                         api_cap_done done, void *arg, struct err_detail *detail)
{
    struct wiring *w = ctx;

    return capdesk_take(w->capdesk, message, source, by, done, arg, detail);
}

static const char *cap_source(void *ctx, const char *login)
{
    const struct wiring *w = ctx;
    const struct cap_source *source = cap_policy_source(capdesk_policy(w->capdesk), login);

    return source != NULL ? source->name : "api";
}

static enum err cap_release(void *ctx, uint64_t id, const struct user *by, api_cap_done done,
                            void *arg, struct err_detail *detail)
{
    struct wiring *w = ctx;

    return capdesk_release(w->capdesk, id, by, done, arg, detail);
}

static enum err cap_feed(void *ctx, const char *base, char **ret_text)
{
    struct wiring *w = ctx;

    return cappublish_feed(w->cappublish, base, wiring_now(w), ret_text);
}

static const char *cap_signer(void *ctx)
{
    const struct wiring *w = ctx;

    return pki_alert_cert_pem(w->pki);
}

static void alerts_changed(void *ctx)
{
    wiring_wake(ctx);
}

static enum err start_feeds(struct wiring *w, struct err_detail *detail)
{
    const struct capfeeds_config config = {
        .loop = w->loop,
        .db = w->db,
        .desk = w->capdesk,
        .feeds = w->config->feeds,
        .count = w->config->feed_count,
        .addresses = &w->feed_addresses,
        .now_us = wiring_now,
        .ctx = w,
    };

    return capfeeds_new(&config, &w->capfeeds, detail);
}

static enum err start_publishing(struct wiring *w)
{
    const struct cappublish_config config = {
        .db = w->db,
        .station = &w->station,
        .policy = capdesk_policy(w->capdesk),
        .key_pem = pki_alert_key_pem(w->pki),
        .training = w->config->training,
    };

    return cappublish_new(&config, &w->cappublish);
}

enum err wiring_start_cap(struct wiring *w, struct err_detail *detail)
{
    const struct capdesk_config config = {
        .loop = w->loop,
        .addresses = &w->feed_addresses,
        .scratch_dir = w->dir.tmp,
        .db = w->db,
        .jobs = w->jobs,
        .alertdesk = w->alertdesk,
        .policy_path = w->config->cap_policy,
        .now_us = wiring_now,
        .changed = alerts_changed,
        .ctx = w,
    };
    enum err e;

    w->feed_addresses.net_count = w->config->relay_net_count;
    memcpy(w->feed_addresses.nets, w->config->relay_nets, sizeof(w->feed_addresses.nets));
    e = capdesk_new(&config, &w->capdesk, detail);
    if (e == ERR_OK)
        e = start_publishing(w);
    if (e == ERR_OK && w->config->cap_directory[0] != '\0')
        e = capfolder_new(w->loop, w->capdesk, w->config->cap_directory, &w->capfolder, detail);
    return e == ERR_OK && w->config->feed_count > 0 ? start_feeds(w, detail) : e;
}

void wiring_cap_ports(struct api_ports *ports)
{
    ports->cap_take = cap_take;
    ports->cap_source = cap_source;
    ports->cap_release = cap_release;
    ports->cap_feed = cap_feed;
    ports->cap_signer = cap_signer;
}

void wiring_stop_cap(struct wiring *w)
{
    capfeeds_close(w->capfeeds);
    capfolder_close(w->capfolder);
    capdesk_close(w->capdesk);
}

void wiring_finish_cap(struct wiring *w)
{
    capfeeds_free(w->capfeeds);
    capfolder_free(w->capfolder);
    cappublish_free(w->cappublish);
    capdesk_free(w->capdesk);
}
