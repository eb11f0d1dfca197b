#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "priority.h"
#include "simfleet.h"

#define SOUND 1e-3F
#define TAIL_US 15000 /* fade-out */
#define STEADY_US \
    (8 * USEC_PER_SEC) /* after a restart, a stall or a drop, for the stream to be back */
#define BORN_US (15 * USEC_PER_SEC) /* after a start: link, clock, card, recordings judged */
#define ACT_US (USEC_PER_SEC) /* to act on an order */
#define NEAR_US 300000 /* around a change of what should sound */
#define STOP_US 300000 /* to fall silent after the stop was confirmed */
#define MEASURE_US 500000
#define APART_MOST_US 10000
#define WINDOW_FRAMES 2400
#define EDGE_US 15000
#define NOBODY SIZE_MAX
#define UNSURE (SIZE_MAX - 1)

static int64_t true_us(usec_t station_us)
{
    return station_us - BED_EPOCH_US;
}

/* By how much the node's clock may be off, by its own account. */
static int64_t tolerance_us(const struct sim_node *n)
{
    usec_t now;
    uint32_t sd = 0;

    if (!node_clock(n->bed.node, bed_mono_us(&n->bed), &now, &sd))
        return -1;
    return 3000 + 5 * (int64_t)sd;
}

/* ---- what should sound ---- */

static bool streamed(const struct simfleet *f, const struct sim_node *n, size_t i, int64_t at)
{
    const struct simstation_broadcast *sb = &f->station.broadcasts[i];

    return n->cached_us[i] == 0 || n->cached_us[i] > true_us(sb->b.start_us) - 20 * USEC_PER_SEC ||
           n->cached_us[i] > at - 20 * USEC_PER_SEC;
}

static bool near_its_time(const struct simstation_broadcast *sb, int64_t at, int64_t margin)
{
    return at > true_us(sb->b.start_us) - margin &&
           at < true_us(broadcast_over_us(&sb->b)) + margin;
}

/* True when the stream of broadcast i must be flowing to the node. */
static bool stream_flows(const struct simfleet *f, const struct sim_node *n, size_t i, int64_t at)
{
    if (!n->linked || n->linked_us > at - STEADY_US || n->late_us > at - STEADY_US ||
        n->late_join_us > at - STEADY_US || n->babbled)
        return false;
    for (size_t k = 0; k < f->station.broadcast_count; k++)
        if (k != i && n->parts[k].order_at_us != 0 && streamed(f, n, k, at) &&
            near_its_time(&f->station.broadcasts[k], at, STEADY_US))
            return false;
    return n->parts[i].acked_us < true_us(f->station.broadcasts[i].b.start_us) - 5 * USEC_PER_SEC ||
           n->parts[i].acked_us < at - STEADY_US;
}

/* True when the node may as well act on the order as not. */
static bool is_open_question(const struct simfleet *f, const struct sim_node *n, size_t i,
                             int64_t at)
{
    const struct sim_part *p = &n->parts[i];

    if (p->acked_us == 0 || p->acked_us > at - ACT_US)
        return true;
    if (p->stop_at_us != 0 && p->stop_at_us < at + ACT_US &&
        (p->stop_acked_us == 0 || p->stop_acked_us > at - ACT_US))
        return true;
    return streamed(f, n, i, at) && !stream_flows(f, n, i, at);
}

/* Index of the broadcast that must sound on a node at an instant, NOBODY, or UNSURE when the faults of
 * late leave it open. */
static size_t due_at(const struct simfleet *f, const struct sim_node *n, int64_t at)
{
    struct priority_candidate candidates[SIM_BROADCASTS_MAX];
    struct priority_conditions conditions = {0};
    size_t index[SIM_BROADCASTS_MAX], count = 0, winner;

    if (at < n->born_us + BORN_US)
        return UNSURE;
    for (size_t i = 0; i < f->station.broadcast_count; i++) {
        const struct simstation_broadcast *sb = &f->station.broadcasts[i];
        const struct sim_part *p = &n->parts[i];
        usec_t end_us = broadcast_over_us(&sb->b);

        if (p->order_at_us == 0 || p->order_at_us > at + ACT_US || p->refused)
            continue;
        if (near_its_time(sb, at, 2 * USEC_PER_SEC) && is_open_question(f, n, i, at))
            return UNSURE;
        /* One that never reached the node has cut nothing there. */
        if (sb->b.cuts_equal && sb->b.start_us < BED_EPOCH_US + at && streamed(f, n, i, at))
            return UNSURE;
        if (p->stop_acked_us != 0 && BED_EPOCH_US + p->stop_acked_us < end_us)
            end_us = BED_EPOCH_US + p->stop_acked_us;
        index[count] = i;
        candidates[count++] = (struct priority_candidate){.id = sb->b.id.v,
                                                          .level = sb->b.priority,
                                                          .rank = sb->b.rank,
                                                          .start_us = sb->b.start_us,
                                                          .end_us = end_us,
                                                          .cuts_equal = sb->b.cuts_equal};
    }
    conditions.quiet =
        !station_allows(&f->station.station, BED_EPOCH_US + at, BED_EPOCH_US + at + 1);
    winner = priority_choose(candidates, count, &conditions, BED_EPOCH_US + at, NULL);
    return winner == PRIORITY_NOBODY ? NOBODY : index[winner];
}

static size_t surely_due(const struct simfleet *f, const struct sim_node *n, int64_t at)
{
    static const int64_t around_us[] = {-NEAR_US,    -2 * SIM_STEP_US, -SIM_STEP_US, -TAIL_US / 2,
                                        SIM_STEP_US, 2 * SIM_STEP_US,  NEAR_US};
    size_t now = due_at(f, n, at);

    /* Something short may lie between the far ones. */
    for (size_t i = 0; i < sizeof(around_us) / sizeof(around_us[0]); i++)
        if (now == UNSURE || due_at(f, n, at + around_us[i]) != now)
            return UNSURE;
    return now;
}

/* ---- what did sound ---- */

/* Greatest value the card played in [from, to) of true time; -1 when that is not kept. */
static float loudest(const struct bed *b, int64_t from, int64_t to)
{
    int64_t first = (int64_t)ceil(bed_frame_at(b, (double)(BED_EPOCH_US + from)));
    int64_t last = (int64_t)floor(bed_frame_at(b, (double)(BED_EPOCH_US + to)));
    float most = 0;

    if (!b->card_on)
        return 0;
    if (from < b->card_start_us || first < b->out_from || last > b->card_head)
        return -1;
    for (int64_t k = first; k < last; k++)
        if (fabsf(b->out[k - b->out_from]) > most)
            most = fabsf(b->out[k - b->out_from]);
    return most;
}

/* Cubic interpolation (Catmull-Rom): the recording holds little above 3 kHz. */
static double sample_at(const struct recording *r, double at)
{
    int64_t k = (int64_t)floor(at);
    double x = at - (double)k, a, b, c, d;

    if (k < 1 || k + 2 >= r->samples)
        return 0;
    a = (double)r->pcm[k - 1];
    b = (double)r->pcm[k];
    c = (double)r->pcm[k + 1];
    d = (double)r->pcm[k + 2];
    return b + 0.5 * x * (c - a + x * (2 * a - 5 * b + 4 * c - d + x * (3 * (b - c) + d - a)));
}

static double fit(const float *out, const struct recording *r, double first, double step,
                  double late, int stride)
{
    double xy = 0, xx = 0, yy = 0;

    for (int i = 0; i < WINDOW_FRAMES; i += stride) {
        double x = (double)out[i], y = sample_at(r, first + i * step - late);

        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* How late the sound is at `at`, us, searched within +-span_us; returns the correlation. */
static double lateness(const struct bed *b, const struct recording *r, int64_t play_us, int64_t at,
                       double span_us, double *ret_late_us)
{
    double frame = ceil(bed_frame_at(b, (double)(BED_EPOCH_US + at)));
    double first = (bed_time_of(b, frame) - (double)BED_EPOCH_US - (double)play_us) * 0.048;
    double step = SAMPLE_RATE_HZ / bed_card_rate(b), best = 0, best_fit = -2;
    const float *out = b->out + ((int64_t)frame - b->out_from);
    double width = 3, span = span_us * 0.048;

    for (int round = 0; round < 5; round++, span = width, width /= 4) {
        double middle = best;

        for (double late = middle - span; late <= middle + span; late += width) {
            double now = fit(out, r, first, step, late, round == 0 ? 12 : 4);

            if (now > best_fit || (round == 1 && late == middle - span)) {
                best_fit = now;
                best = late;
            }
        }
    }
    *ret_late_us = best / 0.048;
    return best_fit;
}

/* ---- the invariants ---- */

static bool may_sound(const struct simfleet *f, const struct sim_node *n, size_t i, int64_t at,
                      int64_t tolerance)
{
    const struct simstation_broadcast *sb = &f->station.broadcasts[i];
    const struct sim_part *p = &n->parts[i];
    usec_t t = BED_EPOCH_US + at;

    if (p->order_at_us == 0 || at + SIM_STEP_US < p->order_at_us || p->refused)
        return false;
    if (t + SIM_STEP_US < sb->b.start_us - tolerance ||
        t > broadcast_over_us(&sb->b) + tolerance + TAIL_US)
        return false;
    if (p->stop_acked_us != 0 && at > p->stop_acked_us + STOP_US)
        return false;
    return sb->b.priority == PRIORITY_EMERGENCY ||
           station_allows(&f->station.station, t - tolerance - TAIL_US, t + 1) ||
           station_allows(&f->station.station, t + tolerance, t + tolerance + 1);
}

static void check_silence(struct simfleet *f, size_t node, int64_t at)
{
    struct sim_node *n = &f->nodes[node];
    int64_t tolerance = tolerance_us(n);
    float loud = loudest(&n->bed, at, at + SIM_STEP_US);
    size_t due;

    if (loud > SOUND) {
        bool allowed = false;

        for (size_t i = 0; i < f->station.broadcast_count; i++)
            allowed = allowed || may_sound(f, n, i, at, tolerance);
        if (!allowed)
            simfleet_violation(f, node, "sounds without an order that allows it");
    }
    due = loud >= 0 && tolerance >= 0 ? surely_due(f, n, at) : UNSURE;
    if (due == NOBODY && loud > SOUND)
        simfleet_violation(f, node, "sounds although nothing may");
    if (loud > SOUND)
        return;
    if (due < SIM_BROADCASTS_MAX) {
        const struct broadcast *b = &f->station.broadcasts[due].b;
        int64_t period = ((int64_t)b->duration_ms + b->pause_ms) * USEC_PER_MSEC;
        int64_t in = (at - true_us(b->start_us)) % period;

        if (in < NEAR_US || in > (int64_t)b->duration_ms * USEC_PER_MSEC - NEAR_US)
            return;
        if (n->parts[due].silent_steps++ == 0)
            simfleet_violation(f, node, "is silent while broadcast %d should sound", (int)b->id.v);
    }
}

/* Compare the sound with the one recording that it must be. */
static void measure(struct simfleet *f, size_t node, int64_t at)
{
    struct sim_node *n = &f->nodes[node];
    int64_t tolerance = tolerance_us(n), in, period;
    size_t due = tolerance >= 0 ? surely_due(f, n, at) : UNSURE;
    const struct broadcast *b;
    double correlation;

    for (size_t i = 0; i < SIM_BROADCASTS_MAX; i++)
        n->parts[i].measured_now = false;
    if (due >= SIM_BROADCASTS_MAX || !n->bed.card_on || at < n->bed.card_start_us)
        return;
    b = &f->station.broadcasts[due].b;
    period = ((int64_t)b->duration_ms + b->pause_ms) * USEC_PER_MSEC;
    in = (at - true_us(b->start_us)) % period;
    if (in < tolerance + EDGE_US ||
        in > (int64_t)b->duration_ms * USEC_PER_MSEC - tolerance - 50000 - EDGE_US)
        return;
    correlation = lateness(&n->bed, f->station.broadcasts[due].recording, at - in, at,
                           (double)tolerance, &n->parts[due].late_us);
    if (correlation < 0.9) {
        simfleet_violation(f, node, "does not play broadcast %d in its place (correlation %.2f)",
                           (int)b->id.v, correlation);
        return;
    }
    n->parts[due].measured_now = true;
    f->results->measured++;
}

static void note(struct sim_offsets *o, double us)
{
    if (o->count == o->room) {
        o->room = o->room > 0 ? 2 * o->room : 1024;
        o->us = realloc(o->us, o->room * sizeof(*o->us));
        assert_non_null(o->us);
    }
    o->us[o->count++] = (float)us;
}

static void compare(struct simfleet *f)
{
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = i + 1; k < f->count; k++)
            for (size_t b = 0; b < f->station.broadcast_count; b++) {
                const struct sim_node *x = &f->nodes[i], *y = &f->nodes[k];
                double apart = fabs(x->parts[b].late_us - y->parts[b].late_us);

                if (!x->parts[b].measured_now || !y->parts[b].measured_now)
                    continue;
                note(&f->results->all, apart);
                if (apart > APART_MOST_US)
                    simfleet_violation(f, i, "is %.1f ms from node %zu", apart / 1000, k + 1);
                if (f->now_us - x->born_us > SIM_SETTLED_US &&
                    f->now_us - y->born_us > SIM_SETTLED_US)
                    note(&f->results->settled, apart);
            }
}

void simcheck_step(struct simfleet *f)
{
    int64_t at = f->now_us - 2 * SIM_STEP_US;

    for (size_t i = 0; i < f->count; i++)
        check_silence(f, i, at);
    if (f->now_us % MEASURE_US == 0) {
        for (size_t i = 0; i < f->count; i++)
            measure(f, i, f->now_us - 5 * SIM_STEP_US);
        compare(f);
    }
}

/* ---- the books ---- */

static void check_target(struct simfleet *f, size_t node, size_t i)
{
    const struct simstation_broadcast *sb = &f->station.broadcasts[i];
    const struct broadcast_target *t = broadcast_target((struct broadcast *)(uintptr_t)&sb->b,
                                                        (struct node_id){(uint32_t)node + 1});
    const struct sim_part *p = &f->nodes[node].parts[i];

    if (t == NULL) {
        if (p->order_at_us != 0)
            simfleet_violation(f, node, "was ordered to play without being a target");
        return;
    }
    f->results->refused += t->state == TARGET_REFUSED;
    if (!t->has_receipt && t->note[0] == '\0')
        simfleet_violation(f, node, "broadcast %d has neither receipt nor reason", (int)sb->b.id.v);
    if (p->acked_us != 0 && !t->has_receipt)
        simfleet_violation(f, node, "accepted broadcast %d and sent no receipt", (int)sb->b.id.v);
    if (sb->receipt_count[node] > 1)
        simfleet_violation(f, node, "sent %zu receipts of broadcast %d", sb->receipt_count[node],
                           (int)sb->b.id.v);
    if (!t->has_receipt)
        return;
    f->results->receipts++;
    f->results->sounded_receipts += t->receipt.outcome == loa_Outcome_OUTCOME_SOUNDED;
    if (t->receipt.outcome == loa_Outcome_OUTCOME_SOUNDED && p->silent_steps > 0)
        simfleet_violation(f, node, "says it sounded broadcast %d, but there were gaps",
                           (int)sb->b.id.v);
}

void simcheck_end(struct simfleet *f)
{
    if (!simstation_all_closed(&f->station))
        simfleet_violation(f, 0, "a broadcast did not close");
    for (size_t i = 0; i < f->station.broadcast_count; i++)
        for (size_t k = 0; k < f->count; k++)
            check_target(f, k, i);
}
