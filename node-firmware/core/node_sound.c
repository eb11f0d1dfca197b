#include <math.h>
#include <string.h>

#include "log.h"
#include "node_priv.h"

#define PIECE_FRAMES 480
#define LOOK_AHEAD_US USEC_PER_SEC
#define CARD_SLIP_US 1000 /* of a card: what is less is pulled in */
#define CARD_SETTLE_US (5 * USEC_PER_SEC)
#define KEEP_ENDED_US USEC_PER_SEC /* a cut outlasts the one that made it */

bool node_can_render(const struct node *n)
{
    return n->tsync.locked && cardclock_locked(&n->card);
}

/* Programme time is station time less the delay of this node: an order's start means this time. */
usec_t node_programme_us(const struct node *n, usec_t mono_us)
{
    return tsync_station(&n->tsync, mono_us) - (usec_t)n->settings.now.delay_us;
}

static int64_t frame_programme_ns(const struct node *n, int64_t frame)
{
    return tsync_station_ns(&n->tsync, cardclock_mono_ns(&n->card, frame)) -
           (int64_t)n->settings.now.delay_us * 1000;
}

static loa_Reason reason_of(enum priority_why why)
{
    switch (why) {
    case PRIORITY_WHY_MUTED:
        return loa_Reason_REASON_MUTED;
    case PRIORITY_WHY_QUIET:
        return loa_Reason_REASON_QUIET_HOURS;
    case PRIORITY_WHY_CUT:
    case PRIORITY_WHY_HIGHER_LEVEL:
    case PRIORITY_WHY_RANK:
    case PRIORITY_WHY_EARLIER:
    case PRIORITY_WHY_LATER:
    case PRIORITY_WHY_OTHER_SENDER:
        return loa_Reason_REASON_PREEMPTED;
    case PRIORITY_WHY_NONE:
    case PRIORITY_WHY_SOUNDS:
    case PRIORITY_WHY_NOT_YET:
    case PRIORITY_WHY_OVER:
        break;
    }
    return loa_Reason_REASON_NONE;
}

/* Those that matter around an instant: begun or about to begin, with their sound at hand. */
static size_t gather(struct node *n, usec_t at_us, struct priority_candidate *ret,
                     struct plan_entry **ret_entries)
{
    size_t count = 0;

    for (size_t i = 0; i < PLAN_ENTRIES_MAX && count < NODE_CANDIDATES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (!e->used || e->done || !e->tally.ready || e->start_us > at_us + LOOK_AHEAD_US ||
            e->end_us + KEEP_ENDED_US <= at_us)
            continue;
        ret_entries[count] = e;
        ret[count++] = (struct priority_candidate){.id = e->broadcast_id,
                                                   .level = e->priority,
                                                   .rank = e->rank,
                                                   .start_us = e->start_us,
                                                   .end_us = e->end_us,
                                                   .accepted_us = e->issued_us,
                                                   .cuts_equal = e->cuts_equal};
    }
    return count;
}

struct plan_entry *node_choose(struct node *n, usec_t programme_us, usec_t *ret_change_us,
                               loa_Reason (*ret_reasons)[NODE_CANDIDATES_MAX],
                               struct plan_entry *(*ret_entries)[NODE_CANDIDATES_MAX],
                               size_t *ret_count)
{
    struct priority_candidate candidates[NODE_CANDIDATES_MAX];
    struct priority_verdict verdicts[NODE_CANDIDATES_MAX];
    struct plan_entry *entries[NODE_CANDIDATES_MAX];
    struct priority_conditions conditions = {.muted = n->settings.now.muted ||
                                                      n->telemetry.muted_locally};
    usec_t change = INT64_MAX, allowed_until;
    size_t count = gather(n, programme_us, candidates, entries), winner = PRIORITY_NOBODY;

    if (count > 0) {
        allowed_until = window_allowed_until(n->settings.allowed, n->settings.allowed_count,
                                             n->settings.now.utc_offset_min, programme_us);
        conditions.quiet = allowed_until == programme_us;
        change = priority_next_change(candidates, count, programme_us);
        if (!conditions.quiet && allowed_until < change)
            change = allowed_until;
        winner = priority_choose(candidates, count, &conditions, programme_us, verdicts);
    }
    if (ret_change_us != NULL)
        *ret_change_us = change;
    if (ret_count != NULL) {
        for (size_t i = 0; i < count; i++) {
            (*ret_reasons)[i] = reason_of(verdicts[i].why);
            (*ret_entries)[i] = entries[i];
        }
        *ret_count = count;
    }
    return winner == PRIORITY_NOBODY ? NULL : entries[winner];
}

/* ---- what was chosen, to find out whether news change it ---- */

static uint64_t chosen_id(struct node *n, usec_t programme_us)
{
    const struct plan_entry *e = node_choose(n, programme_us, NULL, NULL, NULL, NULL);

    return e != NULL ? e->order_id : 0;
}

struct node_choice node_choice_now(struct node *n, usec_t mono_us)
{
    struct node_choice c = {0};

    if (node_can_render(n) && n->rendering) {
        c.now = chosen_id(n, node_programme_us(n, mono_us));
        c.head = chosen_id(n, frame_programme_ns(n, n->next_frame) / 1000);
    }
    return c;
}

void node_flush_if_changed(struct node *n, const struct node_choice *before, usec_t mono_us)
{
    struct node_choice after = node_choice_now(n, mono_us);

    if (after.now != before->now || after.head != before->head)
        n->port.audio_flush(n->port.ctx);
}

/* ---- runs: the time between the entry into a programme and leaving it ---- */

static void fold_counts(struct plan_entry *e, const struct content_counts *c)
{
    e->tally.played_samples += c->played_samples;
    e->tally.gap_samples += c->gap_samples;
    e->tally.gaps += c->gaps;
}

void node_end_run(struct node *n, usec_t programme_us)
{
    struct plan_entry *e = n->sounding;

    if (e == NULL)
        return;
    fold_counts(e, &n->playout.content.counts);
    if (e->tally.started)
        e->tally.actual_end_us = programme_us + (usec_t)n->settings.now.delay_us;
    n->sounding = NULL;
}

static void begin_run(struct node *n, struct plan_entry *e, double sample)
{
    playout_begin(&n->playout, &e->layout, e->origin_us, e->tally.streamed);
    level_restart(&n->level);
    n->sounding = e;
    n->entry_sample = (int64_t)ceil(sample);
}

/* Why one run ended before its programme did. */
static void note_interruption(struct node *n, struct plan_entry *e, usec_t programme_us)
{
    loa_Reason reasons[NODE_CANDIDATES_MAX];
    struct plan_entry *entries[NODE_CANDIDATES_MAX];
    size_t count = 0;

    if (programme_us >= e->end_us)
        return;
    e->tally.interrupted = true;
    node_choose(n, programme_us, NULL, &reasons, &entries, &count);
    for (size_t i = 0; i < count; i++)
        if (entries[i] == e && reasons[i] != loa_Reason_REASON_NONE)
            e->tally.interrupted_by = reasons[i];
}

/* The first sample that is heard sets the actual start. */
static void note_start(struct node *n, struct plan_entry *e, double sample)
{
    const struct content *c = &n->playout.content;
    double heard;

    if (!c->sounded)
        return;
    heard = (double)c->first_sounded > sample ? (double)c->first_sounded : sample;
    node_media_found(&e->tally, (int64_t)heard);
    if (e->tally.started)
        return;
    e->tally.started = true;
    e->tally.first_sample = (int64_t)heard;
    e->tally.actual_start_us =
        e->origin_us + (usec_t)n->settings.now.delay_us + llround(heard * 1e6 / SAMPLE_RATE_HZ);
    heard += n->playout.error_us * SAMPLE_RATE_HZ / 1e6;
    heard = heard * 1e6 / SAMPLE_RATE_HZ;
    e->tally.start_error_us = heard < (double)INT32_MAX ? (int32_t)lround(heard) : INT32_MAX;
    e->tally.uncertainty_us = (uint32_t)tsync_uncertainty_us(
        &n->tsync, cardclock_mono_ns(&n->card, n->next_frame) / 1000);
}

/* Frames that were rendered but will never be heard: take them out of the books. */
static void unplay(struct node *n, int64_t from_frame)
{
    usec_t programme_us = frame_programme_ns(n, from_frame) / 1000;
    usec_t from_us = programme_us + (usec_t)n->settings.now.delay_us;
    struct plan_entry *was = n->sounding;

    node_end_run(n, frame_programme_ns(n, n->next_frame) / 1000);
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];
        struct tally *t = &e->tally;
        uint64_t samples;

        if (!e->used || !t->started || t->actual_end_us <= from_us)
            continue;
        samples = (uint64_t)(t->actual_end_us - from_us) * 48 / 1000;
        t->played_samples = t->played_samples > samples ? t->played_samples - samples : 0;
        t->actual_end_us = from_us;
        if (t->lost)
            t->lost_at = (programme_us - e->start_us) * 6 / 125;
        if (t->actual_start_us >= from_us) {
            t->started = false;
            t->played_samples = 0;
            t->interrupted = false;
            t->from_cache = false;
            t->meter = (struct meter){0};
        }
    }
    if (was != NULL && was->tally.started &&
        node_choose(n, programme_us, NULL, NULL, NULL, NULL) != was)
        note_interruption(n, was, programme_us);
}

static void note_card_gap(struct node *n, int64_t frames)
{
    n->card_gaps++;
    if (n->sounding == NULL)
        return;
    n->sounding->tally.gaps++;
    n->sounding->tally.gap_samples += (uint64_t)frames * SAMPLE_RATE_HZ / n->card.rate_hz;
}

void node_card_skipped(struct node *n, uint32_t frames)
{
    note_card_gap(n, frames);
}

static double sample_at(const struct plan_entry *e, int64_t programme_ns)
{
    return (double)(programme_ns - e->origin_us * 1000) * SAMPLE_RATE_HZ * 1e-9;
}

/* A card that lost a period plays all that it has in hand in the wrong place: fade out and enter anew. */
void node_follow_card(struct node *n, usec_t mono_us)
{
    struct plan_entry *e = n->sounding;
    double late_us;

    if (n->card.steps != n->card_steps)
        n->card_slipped = true;
    n->card_steps = n->card.steps;
    if (!n->card_slipped || mono_us < n->card_judge_us || !cardclock_settled(&n->card))
        return;
    n->card_slipped = false;
    if (e == NULL || !n->rendering || !node_can_render(n))
        return;
    late_us = playout_late_us(&n->playout, sample_at(e, frame_programme_ns(n, n->next_frame)));
    if (fabs(late_us) < CARD_SLIP_US)
        return;
    /* The clocks of some sound systems swing for seconds around a step: do not jump after them. */
    n->card_slipped = true;
    n->card_judge_us = mono_us + CARD_SETTLE_US;
    node_log(n, LOG_WARN, "sound.card_slipped", "late_us=%.0f", late_us);
    if (e->tally.started) {
        e->tally.gaps++;
        e->tally.gap_samples += (uint64_t)llround(fabs(late_us) * SAMPLE_RATE_HZ / 1e6);
    }
    playout_realign(&n->playout);
    level_restart(&n->level);
    n->port.audio_flush(n->port.ctx);
}

usec_t node_head_us(const struct node *n)
{
    return frame_programme_ns(n, n->next_frame) / 1000;
}

void node_restart_run(struct node *n)
{
    node_end_run(n, node_head_us(n));
}

void node_leave_card(struct node *n)
{
    if (n->sounding != NULL && n->rendering && node_can_render(n)) {
        n->sounding->tally.gaps++;
        node_end_run(n, frame_programme_ns(n, n->next_frame) / 1000);
    }
    silence_restart(&n->silence);
    n->sounding = NULL;
    n->rendering = false;
}

/* ---- rendering ---- */

static size_t frames_until(int64_t from_ns, usec_t until_us, double frame_ns)
{
    double frames;

    if (until_us > from_ns / 1000 + LOOK_AHEAD_US)
        return PIECE_FRAMES;
    frames = ceil((double)(until_us * 1000 - from_ns) / frame_ns);
    return frames < 1 ? 1 : frames > PIECE_FRAMES ? PIECE_FRAMES : (size_t)frames;
}

static void render_silence(struct node *n, float *frames, size_t count)
{
    memset(frames, 0, count * sizeof(*frames));
    level_restart(&n->level);
    silence_restart(&n->silence);
    n->level_meter.frames += count;
}

static void render_run(struct node *n, float *frames, size_t count, double sample, double frame_ns,
                       bool fading)
{
    struct plan_entry *e = n->sounding;
    double per_frame = frame_ns * SAMPLE_RATE_HZ * 1e-9;
    enum content_part part;

    if (!playout_render(&n->playout, sample, per_frame, frames, count)) {
        n->clock_jumps++;
        node_log(n, LOG_WARN, "sound.realigned", "error_us=%.0f", n->playout.error_us);
        e->tally.interrupted = true;
        e->tally.interrupted_by = loa_Reason_REASON_CLOCK_JUMP;
        level_apply(&n->level, frames, count, false, &n->level_meter, NULL);
        level_restart(&n->level);
        return;
    }
    note_start(n, e, sample);
    part = content_part(&n->playout.content);
    level_apply(&n->level, frames, count, !fading, &n->level_meter,
                e->tally.started ? &e->tally.meter : NULL);
    if (part == CONTENT_PART_PAUSE)
        silence_restart(&n->silence);
    else
        silence_note(&n->silence, n->card.rate_hz, count, n->level.source_peak, n->level.sent_peak,
                     part == CONTENT_PART_LACKS);
}

/* Render at most one piece in which nothing changes; returns its length. */
static size_t render_piece(struct node *n, int64_t frame, float *frames, size_t count)
{
    int64_t t_ns = frame_programme_ns(n, frame);
    double frame_ns = (double)(frame_programme_ns(n, frame + PIECE_FRAMES) - t_ns) / PIECE_FRAMES;
    usec_t t_us = t_ns / 1000, change, fade_us;
    struct plan_entry *e = node_choose(n, t_us, &change, NULL, NULL, NULL);
    size_t until = frames_until(t_ns, change, frame_ns);
    bool fading = false;
    double sample;

    count = count < until ? count : until;
    if (n->sounding != NULL && n->sounding != e) {
        note_interruption(n, n->sounding, t_us);
        node_end_run(n, t_us);
    }
    if (e == NULL) {
        if (!node_test_render(n, frames, count))
            render_silence(n, frames, count);
        return count;
    }
    fade_us = change - (usec_t)((double)level_fade_out_frames(n->card.rate_hz) * frame_ns / 1000);
    if (change < INT64_MAX && t_us + PIECE_FRAMES * 2 * 1000 > fade_us &&
        node_choose(n, change, NULL, NULL, NULL, NULL) != e) {
        fading = t_us >= fade_us;
        until = fading ? count : frames_until(t_ns, fade_us, frame_ns);
        count = count < until ? count : until;
    }
    sample = sample_at(e, t_ns);
    if (n->sounding == NULL)
        begin_run(n, e, sample);
    level_set_volume(&n->level, e->priority == PRIORITY_EMERGENCY
                                    ? n->settings.now.emergency_volume_mdb
                                    : n->settings.now.volume_mdb);
    render_run(n, frames, count, sample, frame_ns, fading);
    if (n->playout.content.trouble != CONTENT_SOUND)
        node_media_lost(n);
    return count;
}

void node_render(struct node *n, int64_t first_frame, float *ret_frames, size_t count,
                 usec_t mono_us)
{
    size_t done = 0;

    (void)mono_us;
    if (!node_can_render(n)) {
        memset(ret_frames, 0, count * sizeof(*ret_frames));
        silence_restart(&n->silence);
        n->sounding = NULL;
        n->rendering = false;
        return;
    }
    if (n->rendering && first_frame > n->next_frame) {
        note_card_gap(n, first_frame - n->next_frame);
        playout_realign(&n->playout);
        level_restart(&n->level);
    } else if (n->rendering && first_frame < n->next_frame) {
        unplay(n, first_frame);
    }
    n->rendering = true;
    n->next_frame = first_frame;
    while (done < count) {
        size_t left = count - done < PIECE_FRAMES ? count - done : PIECE_FRAMES;
        size_t made = render_piece(n, n->next_frame, ret_frames + done, left);

        done += made;
        n->next_frame += (int64_t)made;
    }
    hearing_played(&n->hearing, cardclock_mono_ns(&n->card, first_frame) / 1000, ret_frames, count,
                   n->card.rate_hz);
}
