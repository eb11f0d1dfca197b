/* node_faults.h - what the node finds wrong with itself, as the bits of Status.faults.
 *
 * Every bit has its own memory, so that a value at its limit or a single event does not make the
 * report flap: the table of PROTOCOL.md section 6 (Status) is this module. Pure, never allocates.
 * Thread: the one that calls node_step(). Times: local. */
#ifndef LOA_NODE_FAULTS_H
#define LOA_NODE_FAULTS_H

#include "port.h"
#include "units.h"

#define NODE_FAULTS_TEMPERATURE_MC 80000

#define NODE_FAULTS_UNDERRUNS 3 /* within NODE_FAULTS_UNDERRUNS_US are a fault */
#define NODE_FAULTS_UNDERRUNS_US (10 * USEC_PER_SEC)

/* What the port does not know. */
struct node_faults_input {
    const struct node_telemetry *sensors;
    uint32_t underruns; /* events since start, the port's and the core's */
    uint32_t damaged; /* objects found damaged on flash since start */
    bool clock_known;
    uint32_t clock_uncertainty_us; /* valid with clock_known */
    bool output_silent, source_silent; /* silence.h */
    bool linked; /* what stands can be told */
};

struct node_faults {
    int32_t temperature_max_mc;
    uint32_t supply_min_mv; /* 0 not judged */
    uint32_t now; /* loa_Fault bits that stand */
    uint32_t underruns_seen, damaged_seen, strangers_seen;
    usec_t underruns_us[NODE_FAULTS_UNDERRUNS]; /* the last ones, oldest first */
    usec_t underruns_until_us, damaged_until_us, impostor_until_us; /* the bits stand until then */
    usec_t card_well_us, clock_well_us; /* last seen well */
};

/* Limits as in struct node_config; 0 takes the default. */
void node_faults_init(struct node_faults *f, int32_t temperature_max_mc, uint32_t supply_min_mv,
                      usec_t mono_us);

/* Judge anew; call a few times a second. Returns true when f->now changed. */
bool node_faults_step(struct node_faults *f, const struct node_faults_input *in, usec_t mono_us);

#endif
