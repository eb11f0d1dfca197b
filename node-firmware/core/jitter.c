#include "jitter.h"

#include <string.h>

static struct jitter_slot *slot_of(struct jitter *j, uint32_t seq)
{
    return &j->slots[seq % JITTER_SLOTS];
}

static int32_t after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static bool holds(const struct jitter *j, uint32_t seq)
{
    const struct jitter_slot *s = &j->slots[seq % JITTER_SLOTS];

    return s->used && s->seq == seq;
}

void jitter_reset(struct jitter *j)
{
    j->started = false;
    for (size_t i = 0; i < JITTER_SLOTS; i++)
        j->slots[i].used = false;
}

/* Step over what nobody read in its time: another broadcast sounds, and this one is to go on after it. */
static void pass(struct jitter *j, usec_t now_us)
{
    const struct jitter_slot *front = jitter_front(j);

    for (; front != NULL && front->pts_us + PACKET_US <= now_us; front = jitter_front(j))
        j->cursor = front->seq + 1;
}

enum err jitter_push(struct jitter *j, const struct packet *p, usec_t now_us)
{
    struct jitter_slot *s = slot_of(j, p->seq);

    if (p->payload.len == 0 || p->payload.len > PACKET_PAYLOAD_MAX)
        return ERR_FORMAT;
    if (p->pts_us + PACKET_US <= now_us ||
        (j->started && after(p->seq, j->newest) <= -JITTER_SLOTS)) {
        j->late++;
        return ERR_STATE;
    }
    if (!j->started) {
        j->started = true;
        j->cursor = p->seq;
        j->newest = p->seq;
    }
    if (holds(j, p->seq)) {
        j->duplicate++;
        return ERR_EXISTS;
    }
    if (after(p->seq, j->cursor) >= JITTER_SLOTS)
        pass(j, now_us);
    if (after(p->seq, j->cursor) >= JITTER_SLOTS) {
        /* After a long stall nothing is left to protect: go on at the packet that came. */
        if (jitter_front(j) != NULL) {
            j->ahead++;
            return ERR_LIMIT;
        }
        j->cursor = p->seq;
    }
    s->used = true;
    s->seq = p->seq;
    s->pts_us = p->pts_us;
    s->len = (uint16_t)p->payload.len;
    memcpy(s->payload, p->payload.data, p->payload.len);
    if (after(p->seq, j->newest) > 0)
        j->newest = p->seq;
    /* Before its time is over a packet is welcome even when it comes behind a later one. */
    if (after(p->seq, j->cursor) < 0)
        j->cursor = p->seq;
    return ERR_OK;
}

const struct jitter_slot *jitter_front(const struct jitter *j)
{
    if (!j->started)
        return NULL;
    for (uint32_t seq = j->cursor; after(seq, j->newest) <= 0; seq++)
        if (holds(j, seq))
            return &j->slots[seq % JITTER_SLOTS];
    return NULL;
}

void jitter_pop(struct jitter *j)
{
    const struct jitter_slot *front = jitter_front(j);

    if (front != NULL)
        j->cursor = front->seq + 1;
}

void jitter_seek(struct jitter *j, usec_t pts_us)
{
    if (!j->started)
        return;
    for (uint32_t back = JITTER_SLOTS; back-- > 0;) {
        uint32_t seq = j->newest - back;

        if (holds(j, seq) && j->slots[seq % JITTER_SLOTS].pts_us + PACKET_US > pts_us) {
            j->cursor = seq;
            return;
        }
    }
    j->cursor = j->newest + 1;
}

usec_t jitter_ahead_us(const struct jitter *j, usec_t now_us)
{
    const struct jitter_slot *s = &j->slots[j->newest % JITTER_SLOTS];

    if (!j->started || !holds(j, j->newest) || s->pts_us + PACKET_US <= now_us)
        return 0;
    return s->pts_us + PACKET_US - now_us;
}
