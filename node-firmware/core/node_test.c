#include <inttypes.h>
#include <stdio.h>

#include "log.h"
#include "node_priv.h"

#define LISTEN_US \
    (2 * USEC_PER_SEC) /* before a start the microphone is opened, which may take a moment: */
#define LISTEN_LEAST_US (700 * USEC_PER_MSEC) /* not later than this */
#define SOON_US (20 * USEC_PER_SEC) /* nothing may be planned for so long */

static bool is_idle(struct node *n)
{
    return n->sounding == NULL && !node_wanted_between(n, n->last_now_us, n->last_now_us + SOON_US);
}

loa_Verdict node_test_judge(struct node *n, char ret_detail[200])
{
    const char *why = NULL;
    loa_Verdict verdict = loa_Verdict_VERDICT_NOT_READY;

    if (n->settings.now.muted || n->telemetry.muted_locally) {
        verdict = loa_Verdict_VERDICT_MUTED;
        why = "is muted; nothing may sound";
    } else if (!node_can_render(n)) {
        why = "has no sound card or no station time now";
    } else if (selftest_is_active(&n->selftest)) {
        why = "is being tested already";
    } else if (!is_idle(n)) {
        why = "sounds or is about to; test it when it is idle";
    }
    if (why == NULL)
        return loa_Verdict_VERDICT_ACCEPTED;
    snprintf(ret_detail, 200, "%s", why);
    return verdict;
}

loa_Verdict node_reboot_judge(struct node *n, char ret_detail[200])
{
    if (is_idle(n))
        return loa_Verdict_VERDICT_ACCEPTED;
    snprintf(ret_detail, 200, "sounds or is about to; start it anew when it is idle");
    return loa_Verdict_VERDICT_NOT_READY;
}

/* Time for the acknowledgement to go out has passed; what came meanwhile goes first. */
void node_reboot_step(struct node *n, usec_t mono_us, usec_t *next_us)
{
    if (n->reboot_mono_us == 0)
        return;
    if (mono_us < n->reboot_mono_us || !is_idle(n)) {
        if (mono_us + USEC_PER_SEC < *next_us)
            *next_us = mono_us + USEC_PER_SEC;
        return;
    }
    n->reboot_mono_us = 0;
    n->port.reboot(n->port.ctx);
}

void node_test_begin(struct node *n, uint64_t order_id, usec_t mono_us)
{
    bool listens = n->port.microphone(n->port.ctx, true) == ERR_OK;

    selftest_begin(&n->selftest, order_id, listens, mono_us);
    node_log(n, LOG_INFO, "test.begun", "order=%" PRIu64 " listens=%d", order_id, listens);
}

void node_test_step(struct node *n, usec_t mono_us, usec_t *next_us)
{
    loa_TestResult *r = &n->test_result;

    if (selftest_is_active(&n->selftest) &&
        (n->sounding != NULL || n->settings.now.muted || n->telemetry.muted_locally)) {
        selftest_break_off(&n->selftest);
        n->port.audio_flush(n->port.ctx);
    }
    if (selftest_step(&n->selftest, mono_us, r)) {
        n->port.microphone(n->port.ctx, false);
        node_log(n, r->heard == loa_Heard_HEARD_NO ? LOG_WARN : LOG_INFO, "test.ended",
                 "order=%" PRIu64 " heard=%d tries=%" PRIu32, r->order_id, (int)r->heard, r->tries);
    }
    if (r->order_id != 0 && n->link == NODE_LINK_READY) {
        n->out = (loa_Msg){.which_body = loa_Msg_test_result_tag, .body.test_result = *r};
        if (node_send(n, &n->out) == ERR_OK)
            r->order_id = 0;
    }
    if (selftest_is_active(&n->selftest) && mono_us + 20 * USEC_PER_MSEC < *next_us)
        *next_us = mono_us + 20 * USEC_PER_MSEC;
}

bool node_test_render(struct node *n, float *frames, size_t count)
{
    if (!selftest_render(&n->selftest, frames, count, n->card.rate_hz))
        return false;
    level_set_volume(&n->level, n->settings.now.volume_mdb);
    level_apply(&n->level, frames, count, true, &n->level_meter, NULL);
    return true;
}

/* Is something about to sound, in time to open the microphone before? */
static bool is_to_listen(struct node *n)
{
    return !n->no_microphone && !n->hearing.open && !selftest_is_active(&n->selftest) &&
           n->sounding == NULL && node_can_render(n) &&
           node_wanted_between(n, n->last_now_us, n->last_now_us + LISTEN_US) &&
           !node_wanted_between(n, n->last_now_us, n->last_now_us + LISTEN_LEAST_US);
}

void node_hearing_end(struct node *n, usec_t mono_us)
{
    struct hearing *h = &n->hearing;
    loa_Heard heard;

    if (!h->listens)
        return;
    heard = hearing_end(h, mono_us);
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && e->order_id == h->order_id)
            e->tally.heard = heard;
    }
    if (h->order_id != 0)
        node_log(n, heard == loa_Heard_HEARD_NO ? LOG_WARN : LOG_INFO, "sound.heard",
                 "order=%" PRIu64 " heard=%d", h->order_id, (int)heard);
}

void node_hearing_step(struct node *n, usec_t mono_us)
{
    struct hearing *h = &n->hearing;
    uint64_t sounding = n->sounding != NULL ? n->sounding->order_id : 0;

    if (is_to_listen(n)) {
        enum err e = n->port.microphone(n->port.ctx, true);

        n->no_microphone = e == ERR_NOT_FOUND;
        hearing_begin(h, mono_us);
        h->listens = e == ERR_OK;
    }
    if (h->listens && h->order_id == 0)
        h->order_id = sounding;
    if (h->listens && (sounding != h->order_id || mono_us - h->begun_us >= HEARING_US))
        node_hearing_end(n, mono_us);
    /* Closing may wait for the card, too; a start that was withdrawn never comes. */
    if (h->open && sounding == 0 && !selftest_is_active(&n->selftest) &&
        (!h->listens || mono_us - h->begun_us >= HEARING_US) &&
        !node_wanted_between(n, n->last_now_us, n->last_now_us + LISTEN_US)) {
        n->port.microphone(n->port.ctx, false);
        h->open = h->listens = false;
    }
}

void node_hear(struct node *n, const float *samples, size_t count, uint32_t rate_hz, usec_t mono_us)
{
    hearing_listen(&n->hearing, mono_us, samples, count, rate_hz);
    selftest_listen(&n->selftest, samples, count, rate_hz);
}
