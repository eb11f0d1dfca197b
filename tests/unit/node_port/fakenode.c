#include "fakenode.h"

#include <stddef.h>

enum err node_new(const struct node_port *port, const struct node_config *config, usec_t mono_us,
                  struct node **ret_node)
{
    static struct node n;

    (void)port;
    (void)config;
    (void)mono_us;
    *ret_node = &n;
    return ERR_OK;
}

void node_free(struct node *n)
{
    (void)n;
}

void node_link_up(struct node *n, usec_t mono_us)
{
    (void)n;
    (void)mono_us;
}

void node_link_down(struct node *n, usec_t mono_us)
{
    (void)n;
    (void)mono_us;
}

enum err node_receive(struct node *n, const struct frame *frame, usec_t rx_mono_us)
{
    (void)n;
    (void)frame;
    (void)rx_mono_us;
    return ERR_OK;
}

void node_step(struct node *n, usec_t mono_us, usec_t *ret_next_mono_us)
{
    (void)n;
    *ret_next_mono_us = mono_us + USEC_PER_SEC;
}

void node_card_position(struct node *n, int64_t frame, usec_t mono_us)
{
    n->positions++;
    n->last_position = frame;
    n->last_position_mono_us = mono_us;
}

void node_card_skipped(struct node *n, uint32_t frames)
{
    n->skipped += frames;
}

void node_card_reset(struct node *n, uint32_t rate_hz, usec_t mono_us)
{
    (void)mono_us;
    n->rate_hz = rate_hz;
    n->resets++;
    n->next_frame = 0;
}

void node_render(struct node *n, int64_t first_frame, float *ret_frames, size_t count,
                 usec_t mono_us)
{
    (void)mono_us;
    if (first_frame != n->next_frame) {
        n->gaps++;
        n->gap_first = first_frame;
    }
    for (size_t i = 0; i < count; i++)
        ret_frames[i] = n->value;
    n->next_frame = first_frame + (int64_t)count;
}

bool node_clock(const struct node *n, usec_t mono_us, usec_t *ret_station_us,
                uint32_t *ret_uncertainty_us)
{
    if (!n->clock_locked)
        return false;
    *ret_station_us = mono_us + n->offset_us;
    *ret_uncertainty_us = 10;
    return true;
}

bool node_is_busy(const struct node *n)
{
    (void)n;
    return true;
}
