#include "node_faults.h"

#include <string.h>

#include "control.h"

#define TEMPERATURE_BACK_MC 5000
#define EVENT_STANDS_US USEC_PER_MIN
#define IMPOSTOR_STANDS_US (10 * USEC_PER_MIN) /* several looks at the first controller */
#define CARD_LOST_US (2 * USEC_PER_SEC)
#define CLOCK_LOST_US (20 * USEC_PER_SEC)
#define CLOCK_UNCERTAIN_US 20000

void node_faults_init(struct node_faults *f, int32_t temperature_max_mc, uint32_t supply_min_mv,
                      usec_t mono_us)
{
    memset(f, 0, sizeof(*f));
    f->temperature_max_mc =
        temperature_max_mc != 0 ? temperature_max_mc : NODE_FAULTS_TEMPERATURE_MC;
    f->supply_min_mv = supply_min_mv;
    for (size_t i = 0; i < NODE_FAULTS_UNDERRUNS; i++)
        f->underruns_us[i] = mono_us - NODE_FAULTS_UNDERRUNS_US - 1;
    f->underruns_until_us = f->damaged_until_us = f->impostor_until_us = mono_us;
    f->card_well_us = f->clock_well_us = mono_us;
}

static bool stands(const struct node_faults *f, loa_Fault fault)
{
    return (f->now & (uint32_t)fault) != 0;
}

static bool too_hot(const struct node_faults *f, const struct node_telemetry *t)
{
    int32_t limit = f->temperature_max_mc;

    if (stands(f, loa_Fault_FAULT_TEMPERATURE_HIGH))
        limit -= TEMPERATURE_BACK_MC;
    return t->has_temperature && t->temperature_mc >= limit;
}

static bool supply_low(const struct node_faults *f, const struct node_telemetry *t)
{
    uint64_t limit = f->supply_min_mv;

    if (stands(f, loa_Fault_FAULT_SUPPLY_LOW))
        limit += limit * 3 / 100;
    return t->supply_mv > 0 && t->supply_mv < limit;
}

static bool underruns(struct node_faults *f, uint32_t count, usec_t mono_us)
{
    const size_t last = NODE_FAULTS_UNDERRUNS - 1;
    bool another = count != f->underruns_seen;

    if (count - f->underruns_seen > NODE_FAULTS_UNDERRUNS)
        f->underruns_seen = count - NODE_FAULTS_UNDERRUNS;
    for (; f->underruns_seen != count; f->underruns_seen++) {
        memmove(&f->underruns_us[0], &f->underruns_us[1], last * sizeof(f->underruns_us[0]));
        f->underruns_us[last] = mono_us;
    }
    if (another && (stands(f, loa_Fault_FAULT_UNDERRUNS) ||
                    mono_us - f->underruns_us[0] <= NODE_FAULTS_UNDERRUNS_US))
        f->underruns_until_us = mono_us + EVENT_STANDS_US;
    return mono_us < f->underruns_until_us;
}

static bool damaged(struct node_faults *f, uint32_t count, usec_t mono_us)
{
    if (count != f->damaged_seen)
        f->damaged_until_us = mono_us + EVENT_STANDS_US;
    f->damaged_seen = count;
    return mono_us < f->damaged_until_us;
}

/* Without a session there is nobody to tell: it stands until there was. */
static bool impostor(struct node_faults *f, const struct node_faults_input *in, usec_t mono_us)
{
    if (in->sensors->strangers != f->strangers_seen ||
        (!in->linked && mono_us < f->impostor_until_us))
        f->impostor_until_us = mono_us + IMPOSTOR_STANDS_US;
    f->strangers_seen = in->sensors->strangers;
    return mono_us < f->impostor_until_us;
}

static bool card_lost(struct node_faults *f, bool lost, usec_t mono_us)
{
    if (!lost)
        f->card_well_us = mono_us;
    return mono_us - f->card_well_us >= CARD_LOST_US;
}

static bool clock_lost(struct node_faults *f, const struct node_faults_input *in, usec_t mono_us)
{
    if (in->clock_known && in->clock_uncertainty_us <= CLOCK_UNCERTAIN_US)
        f->clock_well_us = mono_us;
    return in->clock_known ? in->clock_uncertainty_us > CLOCK_UNCERTAIN_US
                           : mono_us - f->clock_well_us >= CLOCK_LOST_US;
}

bool node_faults_step(struct node_faults *f, const struct node_faults_input *in, usec_t mono_us)
{
    const struct node_telemetry *t = in->sensors;
    const struct {
        loa_Fault fault;
        bool stands;
    } judged[] = {
        {loa_Fault_FAULT_TEMPERATURE_HIGH, too_hot(f, t)},
        {loa_Fault_FAULT_MAINS_LOST, t->has_mains && !t->mains_ok},
        {loa_Fault_FAULT_SUPPLY_LOW, supply_low(f, t)},
        {loa_Fault_FAULT_FLASH_FULL, t->flash_full},
        {loa_Fault_FAULT_FLASH_FAILED, t->flash_failed},
        {loa_Fault_FAULT_CACHE_DAMAGED, damaged(f, in->damaged, mono_us)},
        {loa_Fault_FAULT_UNDERRUNS, underruns(f, in->underruns, mono_us)},
        {loa_Fault_FAULT_CARD_LOST, card_lost(f, t->card_lost, mono_us)},
        {loa_Fault_FAULT_CLOCK_LOST, clock_lost(f, in, mono_us)},
        {loa_Fault_FAULT_SILENT_OUTPUT, in->output_silent},
        {loa_Fault_FAULT_SILENT_SOURCE, in->source_silent},
        {loa_Fault_FAULT_AMPLIFIER, t->amplifier_failed},
        {loa_Fault_FAULT_IMPOSTOR, impostor(f, in, mono_us)},
    };
    uint32_t before = f->now;

    f->now = 0;
    for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++)
        f->now |= judged[i].stands ? (uint32_t)judged[i].fault : 0;
    return f->now != before;
}
