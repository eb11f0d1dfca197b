#include "content.h"

#include <math.h>
#include <string.h>

#define NO_ITEM INT64_MIN
#define RAMP_SAMPLES 240 /* 5 ms */
#define CONCEAL_SAMPLES 2880 /* 60 ms, then one packet of fade */
#define SETTLED_SAMPLES 9600 /* after a longer loss the decoder must settle again */
#define WAIT_SAMPLES 240 /* silence handed out at once while packets are awaited */
#define BAD_PACKETS_MAX 8

/* One stretch of the programme: an item, or silence (no item). */
struct region {
    const struct content_item *item;
    int64_t start, end;
};

enum err content_init(struct content *c, struct cache *cache, struct jitter *jitter)
{
    int error = 0;
    enum err e;

    *c = (struct content){.cache = cache, .jitter = jitter, .item_start = NO_ITEM};
    e = oggread_init(&c->ogg);
    if (e != ERR_OK)
        return e;
    c->decoder = opus_decoder_create(SAMPLE_RATE_HZ, 1, &error);
    return c->decoder != NULL ? ERR_OK : ERR_NOMEM;
}

void content_deinit(struct content *c)
{
    oggread_deinit(&c->ogg);
    if (c->decoder != NULL)
        opus_decoder_destroy(c->decoder);
    *c = (struct content){0};
}

static int64_t play_samples(const struct content_layout *l)
{
    int64_t sum = 0;

    for (size_t i = 0; i < l->count; i++)
        sum += l->items[i].samples;
    return sum;
}

int64_t content_total_samples(const struct content_layout *l)
{
    if (l->count == 0)
        return l->live_samples > 0 ? l->live_samples : INT64_MAX;
    return play_samples(l) * l->repeats + l->pause_samples * (l->repeats - 1);
}

void content_begin(struct content *c, const struct content_layout *layout, usec_t start_us,
                   bool streamed)
{
    c->layout = *layout;
    c->start_us = start_us;
    c->streamed = streamed;
    c->counts = (struct content_counts){0};
    content_enter(c, 0);
}

static void drop_chain(struct content *c)
{
    c->chained = false;
    c->block_len = 0;
    c->lost_samples = 0;
    c->fetched = false;
}

static usec_t pts_of(const struct content *c, int64_t sample)
{
    return c->start_us + sample * 125 / 6;
}

void content_enter(struct content *c, int64_t at)
{
    drop_chain(c);
    c->at = at;
    c->item_start = NO_ITEM;
    c->file_ended = false;
    c->mute_until = at;
    c->gain = 0;
    c->sounded = false;
    c->trouble = CONTENT_SOUND;
    if (c->streamed)
        jitter_seek(c->jitter, pts_of(c, at - CONTENT_WARM_SAMPLES));
}

static struct region locate(const struct content_layout *l, int64_t at)
{
    int64_t play = play_samples(l), start;

    if (at < 0)
        return (struct region){.start = INT64_MIN, .end = 0};
    if (at >= content_total_samples(l))
        return (struct region){.start = at, .end = INT64_MAX};
    if (l->count == 0)
        return (struct region){.item = &l->items[0], .start = 0, .end = content_total_samples(l)};
    start = at / (play + l->pause_samples) * (play + l->pause_samples);
    for (size_t i = 0; i < l->count; i++) {
        if (at < start + l->items[i].samples)
            return (struct region){.item = l->items[i].silent ? NULL : &l->items[i],
                                   .start = start,
                                   .end = start + l->items[i].samples};
        start += l->items[i].samples;
    }
    return (struct region){.start = start, .end = start + l->pause_samples};
}

static enum err open_item(struct content *c, const struct region *g)
{
    char name[PORT_NAME_MAX];
    uint64_t size;
    enum err e = cache_find(c->cache, &g->item->media, name, &size);

    if (e == ERR_OK)
        e = oggread_open(&c->ogg, c->cache->port, name, size);
    if (e == ERR_OK && c->at > g->start)
        e = oggread_seek(&c->ogg, c->at - g->start - CONTENT_WARM_SAMPLES);
    return e;
}

/* Remember the first and the worst that befell the item. */
static void note_trouble(struct content *c, const struct region *g, enum content_trouble trouble)
{
    if (c->streamed || trouble <= c->trouble)
        return;
    if (c->trouble == CONTENT_SOUND) {
        c->trouble_media = g->item->media;
        c->trouble_at = c->at;
        c->trouble_counts = c->counts;
    }
    c->trouble = trouble;
}

static void begin_item(struct content *c, const struct region *g)
{
    drop_chain(c);
    c->item_start = g->start;
    c->trouble = CONTENT_SOUND;
    c->item_gain = powf(10.0F, (float)g->item->gain_mdb / 20000.0F);
    c->file_failed = !c->streamed && open_item(c, g) != ERR_OK;
    c->file_ended = c->file_failed;
    opus_decoder_ctl(c->decoder, OPUS_RESET_STATE);
}

static bool fetch_from_stream(struct content *c)
{
    const struct jitter_slot *s;

    while ((s = jitter_front(c->jitter)) != NULL) {
        c->packet_samples = opus_packet_get_nb_samples(s->payload, s->len, SAMPLE_RATE_HZ);
        if (c->packet_samples > 0 && c->packet_samples <= CONTENT_BLOCK_MAX) {
            c->packet = bytes_of(s->payload, s->len);
            /* Twelve samples are 250 us: exact for every time the protocol allows. */
            c->packet_pos = (int64_t)llround((double)(s->pts_us - c->start_us) * 0.048);
            return true;
        }
        jitter_pop(c->jitter);
    }
    return false;
}

static bool fetch_from_cache(struct content *c)
{
    for (int bad = 0; !c->file_ended; bad++) {
        enum err e = oggread_next(&c->ogg, &c->packet, &c->packet_pos, &c->packet_samples);

        c->packet_pos += c->item_start;
        if (e == ERR_OK && c->packet_samples <= CONTENT_BLOCK_MAX)
            return true;
        if ((e != ERR_OK && e != ERR_FORMAT) || bad > BAD_PACKETS_MAX) {
            c->file_ended = true;
            c->file_failed = e != ERR_NOT_FOUND;
        }
    }
    return false;
}

/* Look at the next packet without taking it. A stream is asked anew each time: what came meanwhile may
 * belong in front. */
static bool fetch(struct content *c)
{
    if (c->streamed)
        return fetch_from_stream(c);
    if (!c->fetched)
        c->fetched = fetch_from_cache(c);
    return c->fetched;
}

static void take(struct content *c)
{
    c->fetched = false;
    if (c->streamed)
        jitter_pop(c->jitter);
}

static void put_silence(struct content *c, int64_t pos, int64_t len)
{
    c->block_pos = pos;
    c->block_len = (int32_t)(len < CONTENT_BLOCK_MAX ? len : CONTENT_BLOCK_MAX);
    c->block_real = false;
    c->block_lost = false;
    c->block_silent = true;
    memset(c->block, 0, (size_t)c->block_len * sizeof(*c->block));
}

static void count_loss(struct content *c)
{
    c->block_lost = true;
    if (c->lost_samples == 0 && c->sounded)
        c->counts.gaps++;
    if (c->lost_samples < INT32_MAX / 2)
        c->lost_samples += c->block_len;
}

/* Opus guesses one packet, or there is silence. */
static void guess(struct content *c, int64_t pos, int32_t samples)
{
    put_silence(c, pos, samples);
    c->block_silent = opus_decode_float(c->decoder, NULL, 0, c->block, samples, 0) != samples;
    if (c->block_silent)
        put_silence(c, pos, samples);
}

static void decode(struct content *c)
{
    int n = opus_decode_float(c->decoder, c->packet.data, (opus_int32)c->packet.len, c->block,
                              CONTENT_BLOCK_MAX, 0);

    c->chained = true;
    if (n != c->packet_samples) {
        guess(c, c->packet_pos, c->packet_samples);
        count_loss(c);
        return;
    }
    c->block_pos = c->packet_pos;
    c->block_len = c->packet_samples;
    c->block_real = true;
    c->block_lost = false;
    c->block_silent = false;
    c->lost_samples = 0;
}

/* Fill up to one packet from `pos` that nothing real covers; `len` is how much is known to lack. */
static void conceal(struct content *c, int64_t pos, int64_t len)
{
    if (!c->chained || c->lost_samples > CONCEAL_SAMPLES || len < PACKET_SAMPLES) {
        put_silence(c, pos, len < WAIT_SAMPLES ? len : WAIT_SAMPLES);
    } else {
        guess(c, pos, PACKET_SAMPLES);
        if (c->lost_samples >= CONCEAL_SAMPLES)
            for (int i = 0; i < PACKET_SAMPLES; i++)
                c->block[i] *= 1.0F - (float)i / PACKET_SAMPLES;
    }
    count_loss(c);
}

/* True when a packet comes too late for the decoder: its place was handed out or concealed. */
static bool is_late(const struct content *c)
{
    if (c->chained)
        return c->packet_pos < c->block_pos + c->block_len;
    return c->packet_pos + c->packet_samples <= c->at - CONTENT_WARM_SAMPLES;
}

/* Make the block hold sample c->at, which lies in g. */
static void next_block(struct content *c, const struct region *g)
{
    if (c->item_start != g->start)
        begin_item(c, g);
    for (;;) {
        int64_t want = c->chained ? c->block_pos + c->block_len : c->at;

        if (!fetch(c)) {
            /* A recording may be shorter than the order says: silence, not a gap. */
            if (c->streamed)
                conceal(c, want, PACKET_SAMPLES);
            else
                put_silence(c, want, g->end - want);
            if (c->file_failed) {
                note_trouble(c, g, CONTENT_FAILED);
                count_loss(c);
            }
        } else if (is_late(c)) {
            c->counts.late += c->streamed;
            take(c);
            continue;
        } else if (c->packet_pos > want) {
            note_trouble(c, g, CONTENT_DAMAGED);
            conceal(c, want, c->packet_pos - want);
        } else {
            if ((!c->chained && c->packet_pos > g->start) || c->lost_samples > SETTLED_SAMPLES)
                c->mute_until = c->packet_pos + CONTENT_WARM_SAMPLES;
            decode(c);
            if (!c->block_real)
                note_trouble(c, g, CONTENT_DAMAGED);
            take(c);
        }
        if (c->block_pos + c->block_len > c->at)
            return;
    }
}

/* Copy samples of the block, with a short ramp after silence. */
static void hand_out(struct content *c, float *ret, int64_t count)
{
    const float *from = c->block + (c->at - c->block_pos);

    if (c->at < c->mute_until) {
        memset(ret, 0, (size_t)count * sizeof(*ret));
        c->gain = 0;
        if (c->sounded)
            c->counts.gap_samples += (uint64_t)count;
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        c->gain = c->gain < 1 ? c->gain + 1.0F / RAMP_SAMPLES : 1;
        ret[i] = from[i] * c->gain * c->item_gain;
    }
    if (c->block_real) {
        c->counts.played_samples += (uint64_t)count;
        if (!c->sounded)
            c->first_sounded = c->at;
        c->sounded = true;
    } else if (c->block_lost && c->sounded) {
        c->counts.gap_samples += (uint64_t)count;
    }
    if (c->block_silent)
        c->gain = 0;
}

enum content_part content_part(const struct content *c)
{
    if (c->item_start == NO_ITEM || locate(&c->layout, c->at - 1).item == NULL)
        return CONTENT_PART_PAUSE;
    return c->block_lost ? CONTENT_PART_LACKS : CONTENT_PART_SOUND;
}

void content_read(struct content *c, float *ret_samples, size_t count)
{
    size_t done = 0;

    while (done < count) {
        struct region g = locate(&c->layout, c->at);
        int64_t n = (int64_t)(count - done);

        if (n > g.end - c->at)
            n = g.end - c->at;
        if (g.item == NULL) {
            memset(ret_samples + done, 0, (size_t)n * sizeof(*ret_samples));
            c->gain = 0;
        } else {
            if (c->item_start != g.start || c->block_len == 0 ||
                c->at >= c->block_pos + c->block_len)
                next_block(c, &g);
            if (n > c->block_pos + c->block_len - c->at)
                n = c->block_pos + c->block_len - c->at;
            if (c->at < c->mute_until && n > c->mute_until - c->at)
                n = c->mute_until - c->at;
            hand_out(c, ret_samples + done, n);
        }
        c->at += n;
        done += (size_t)n;
    }
}
