#include "src_media.h"

#include <stdlib.h>
#include <string.h>

#include "packet.h"

struct item {
    const struct programme *programme;
    usec_t offset_us; /* of its first packet from the start of a play */
    uint32_t packets; /* that lie within its place */
    uint32_t seq; /* of its first packet within a play */
};

struct src_media {
    struct source base;
    usec_t start_us;
    usec_t period_us; /* from one play to the next */
    usec_t end_us; /* of the last play */
    uint32_t repeats;
    uint32_t play_packets;
    size_t item_count;
    struct item items[SRC_MEDIA_ITEMS_MAX];
    size_t programme_count;
    struct programme *programmes[SRC_MEDIA_ITEMS_MAX]; /* each media once */
    struct media_id ids[SRC_MEDIA_ITEMS_MAX];
    /* Where the timeline stands. */
    uint32_t play;
    size_t item;
    uint32_t packet;
};

static bool at_end(const struct src_media *s)
{
    return s->play >= s->repeats;
}

static usec_t item_pts(const struct src_media *s)
{
    return s->start_us + s->play * s->period_us + s->items[s->item].offset_us;
}

static void next_item(struct src_media *s)
{
    s->packet = 0;
    s->item++;
    if (s->item == s->item_count) {
        s->item = 0;
        s->play++;
    }
}

/* Go to the first packet that ends after from_us: at most one turn for each item of each play. */
static void skip_past(struct src_media *s, usec_t from_us)
{
    while (!at_end(s)) {
        /* Packets 0 .. passed - 1 of this item have ended by then. */
        usec_t passed = from_us > item_pts(s) ? (from_us - item_pts(s)) / PACKET_US : 0;

        if (passed < s->items[s->item].packets) {
            if (passed > s->packet)
                s->packet = (uint32_t)passed;
            return;
        }
        next_item(s);
    }
}

static struct source_packet src_media_position(const struct source *source)
{
    const struct src_media *s = (const struct src_media *)source;

    if (at_end(s))
        return (struct source_packet){.seq = s->repeats * s->play_packets, .pts_us = s->end_us};
    return (struct source_packet){
        .seq = s->play * s->play_packets + s->items[s->item].seq + s->packet,
        .pts_us = item_pts(s) + s->packet * PACKET_US,
    };
}

static enum err src_media_next(struct source *source, usec_t from_us, usec_t until_us,
                               struct source_packet *ret_packet)
{
    struct src_media *s = (struct src_media *)source;
    struct source_packet p;

    skip_past(s, from_us);
    if (at_end(s))
        return ERR_NOT_FOUND;
    p = src_media_position(source);
    if (p.pts_us > until_us)
        return ERR_MORE;
    p.payload = programme_packet(s->items[s->item].programme, s->packet);
    if (++s->packet == s->items[s->item].packets)
        next_item(s);
    *ret_packet = p;
    return ERR_OK;
}

static void src_media_free(struct source *source)
{
    struct src_media *s = (struct src_media *)source;

    for (size_t i = 0; i < s->programme_count; i++)
        programme_free(s->programmes[i]);
    free(s);
}

static const struct source_ops ops = {
    .next_packet = src_media_next,
    .position = src_media_position,
    .free = src_media_free,
};

/* The programme of an item, opened once however often it is played. */
static enum err open_programme(struct src_media *s, const char *media_dir,
                               const struct media_id *id, const struct programme **ret_programme,
                               struct err_detail *detail)
{
    enum err err;

    for (size_t i = 0; i < s->programme_count; i++) {
        if (memcmp(s->ids[i].sha256, id->sha256, SHA256_BYTES) == 0) {
            *ret_programme = s->programmes[i];
            return ERR_OK;
        }
    }
    err = programme_open(media_dir, id, &s->programmes[s->programme_count], detail);
    if (err != ERR_OK)
        return err;
    s->ids[s->programme_count] = *id;
    *ret_programme = s->programmes[s->programme_count++];
    return ERR_OK;
}

static bool is_silence(const struct src_media_item *item)
{
    static const struct media_id none;

    return memcmp(&item->media, &none, sizeof(none)) == 0;
}

static void add_item(struct src_media *s, const struct programme *p, uint32_t duration_ms,
                     usec_t at_us)
{
    uint64_t preskip = programme_preskip(p);
    uint64_t samples = (uint64_t)duration_ms * (SAMPLE_RATE_HZ / 1000);
    uint64_t packets = (preskip + samples + PACKET_SAMPLES - 1) / PACKET_SAMPLES;

    if (packets > programme_packets(p))
        packets = programme_packets(p);
    s->items[s->item_count++] = (struct item){
        .programme = p,
        .offset_us = at_us - (usec_t)(preskip * USEC_PER_SEC / SAMPLE_RATE_HZ),
        .packets = (uint32_t)packets,
        .seq = s->play_packets,
    };
    s->play_packets += (uint32_t)packets;
}

static bool plan_is_valid(const struct src_media_plan *plan)
{
    size_t sounding = 0;

    if (plan->item_count < 1 || plan->item_count > SRC_MEDIA_ITEMS_MAX || plan->repeats < 1 ||
        plan->repeats > SRC_MEDIA_REPEATS_MAX)
        return false;
    for (size_t i = 0; i < plan->item_count; i++) {
        if (plan->items[i].duration_ms < 1)
            return false;
        sounding += !is_silence(&plan->items[i]);
    }
    return sounding > 0;
}

enum err src_media_new(const char *media_dir, const struct src_media_plan *plan,
                       struct source **ret_source, struct err_detail *detail)
{
    struct src_media *s;
    usec_t at_us = 0;
    enum err err = ERR_OK;

    if (!plan_is_valid(plan))
        return ERR_ARG;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    s->base.ops = &ops;
    s->start_us = plan->start_us;
    s->repeats = plan->repeats;
    for (size_t i = 0; i < plan->item_count && err == ERR_OK; i++) {
        const struct programme *p = NULL;

        if (!is_silence(&plan->items[i]))
            err = open_programme(s, media_dir, &plan->items[i].media, &p, detail);
        if (err != ERR_OK)
            break;
        if (p != NULL)
            add_item(s, p, plan->items[i].duration_ms, at_us);
        at_us += plan->items[i].duration_ms * USEC_PER_MSEC;
    }
    if (err != ERR_OK) {
        src_media_free(&s->base);
        return err;
    }
    s->period_us = at_us + plan->pause_ms * USEC_PER_MSEC;
    s->end_us = s->start_us + (plan->repeats - 1) * s->period_us + at_us;
    *ret_source = &s->base;
    return ERR_OK;
}
