/* What a browser says: packets of its own encoder, and how they are heard. */
#include "live_impl.h"

enum err live_sound_packet(struct live *l, uint64_t request, struct bytes packet)
{
    struct live_session *s = live_by_request(l, request);
    float pcm[PACKET_SAMPLES];
    enum err e = ERR_OK;

    if (s == NULL || s->hung_up)
        return ERR_STATE;
    if (s->decoder == NULL)
        e = decoder_new(&s->decoder);
    if (e == ERR_OK)
        e = decoder_packet(s->decoder, packet, pcm);
    /* What does not fit came in one go after a loss of the link, and is too old to be said. */
    if (e == ERR_OK)
        (void)pcmring_write(s->ring, pcm, PACKET_SAMPLES);
    return e;
}

enum err live_talk_state(struct live *l, uint64_t request, struct api_talk_state *ret_state)
{
    struct live_session *s = live_by_request(l, request);
    const struct broadcast *b = s != NULL ? onair_broadcast(l->config.onair, s->id) : NULL;

    if (b == NULL || s->hung_up)
        return ERR_NOT_FOUND;
    *ret_state = (struct api_talk_state){
        .start_us = s->start_us,
        .level_mdb = atomic_load(&s->control.level_mdb),
        .delay_ms = (uint32_t)(atomic_load(&s->control.in_force_us) / USEC_PER_MSEC),
        .late = atomic_load(&s->control.late),
        .nodes = b->target_count,
    };
    for (size_t i = 0; i < b->target_count; i++) {
        const struct node_entry *n = registry_find(l->config.registry, b->targets[i].node);

        ret_state->hearing +=
            n != NULL && n->live.ready && n->live.status.playing_broadcast == b->id.v ? 1 : 0;
    }
    return ERR_OK;
}
