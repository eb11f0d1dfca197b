/* fakenode.h - a core that notes what the port does with it and renders frame numbers as sound.
 *
 * Stands in for node-firmware/core in tests of the port. Thread: the test's. */
#ifndef LOA_FAKENODE_H
#define LOA_FAKENODE_H

#include "node.h"

struct node {
    uint32_t rate_hz;
    int resets;
    int positions;
    int64_t last_position;
    usec_t last_position_mono_us;
    int64_t next_frame; /* where the last rendering ended */
    int gaps; /* renderings that did not follow the last one */
    int64_t gap_first;
    uint32_t skipped;
    bool clock_locked;
    usec_t offset_us;
    float value; /* of every frame rendered */
};

#endif
