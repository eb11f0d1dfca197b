/* Relays and live parts of bulletins: by the plan, and with stored parts before and after. */
#include "live_impl.h"
#include "log.h"
#include "store_bulletin.h"

#define TRY_AGAIN_US USEC_PER_SEC
#define OUT_US (LIVE_RELAY_DELAY_US + USEC_PER_SEC) /* before its end all of it may have gone out */

static enum err stored_parts(struct live *l, const struct part *parts, size_t count,
                             struct partsound **ret_sound, struct err_detail *detail)
{
    struct src_media_item items[BULLETIN_PARTS_MAX];

    for (size_t i = 0; i < count; i++)
        items[i] = (struct src_media_item){parts[i].media, parts[i].duration_ms};
    return count > 0 ? partsound_new(l->config.media_dir, items, count, ret_sound, detail) : ERR_OK;
}

enum err live_stored_parts(struct live *l, const struct broadcast *b, struct src_live_plan *plan,
                           struct err_detail *detail)
{
    size_t at = broadcast_live_part(b);
    enum err e;

    if (at == b->media_count)
        return ERR_OK;
    e = stored_parts(l, b->media, at, &plan->before, detail);
    if (e == ERR_OK)
        e = stored_parts(l, &b->media[at + 1], b->media_count - at - 1, &plan->after, detail);
    plan->end_us = broadcast_end_us(b);
    for (size_t i = at + 1; i < b->media_count; i++)
        plan->end_us -= b->media[i].duration_ms * USEC_PER_MSEC;
    return e;
}

static void say_not_begun(struct broadcast_id id, enum err e, const struct err_detail *detail)
{
    log_event(LOG_ERROR, "live.not_begun", "broadcast=%llu error=%s detail=%s",
              (unsigned long long)id.v, err_name(e), LOG_TEXT(detail->text));
}

static void open_source(struct live *l, struct live_session *s, usec_t now_us)
{
    struct err_detail detail = {{0}};
    enum err e = live_source_open(l, s, &detail);

    s->to_open = e != ERR_OK;
    if (e == ERR_OK)
        return;
    s->try_us = now_us + TRY_AGAIN_US;
    l->lost_us = now_us;
    if (!s->not_opened)
        say_not_begun(s->id, e, &detail);
    s->not_opened = true;
}

void live_parts_step(struct live *l, struct live_session *s)
{
    usec_t now_us = l->config.now_us(l->config.ctx);

    if (s->to_open && now_us >= s->live_us - LIVE_AHEAD_US && now_us >= s->try_us)
        open_source(l, s, now_us);
    if (s->rest_begun || atomic_load(&s->control.part) != SRC_LIVE_AFTER)
        return;
    s->rest_begun = true;
    live_end_input(s);
    /* Its end is known from now on; a station that restarts goes on with what comes after. */
    onair_hung_up(l->config.onair, s->id, atomic_load(&s->control.end_us), now_us);
}

static void begin(struct live *l, const struct broadcast *b)
{
    struct bulletin bulletin;
    struct err_detail detail = {{0}};
    enum err e = store_bulletin_get(l->config.db, b->bulletin, &bulletin);

    if (e == ERR_OK) {
        const struct api_live how = {
            .title = b->title,
            .source = b->live.source,
            .backup = bulletin.source.backup,
            .user = bulletin.author,
        };
        e = live_begin(l, b, &how, &detail);
    }
    if (e == ERR_OK)
        return;
    l->lost_us = l->config.now_us(l->config.ctx);
    if (l->not_begun.v != b->id.v)
        say_not_begun(b->id, e, &detail);
    l->not_begun = b->id;
}

void live_begin_planned(struct live *l)
{
    usec_t now_us = l->config.now_us(l->config.ctx);
    const struct broadcast *b;
    size_t at = 0;

    while ((b = onair_next_live(l->config.onair, &at, now_us, LIVE_AHEAD_US)) != NULL) {
        if (live_session_of(l, b->id) == NULL && now_us < broadcast_over_us(b) - OUT_US)
            begin(l, b);
    }
}
