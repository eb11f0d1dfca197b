/* registry.h - every node of the station: its record, and what it is doing now.
 *
 * The record is what people set and what survives (store_node); the live part is what the node's link
 * last said. At most REGISTRY_NODES_MAX. Thread: main. */
#ifndef LOA_REGISTRY_H
#define LOA_REGISTRY_H

#include <stddef.h>

#include "control.h"
#include "err.h"
#include "station.h"
#include "units.h"

#define REGISTRY_NODES_MAX 20000

enum node_state {
    NODE_STATE_NONE = 0,
    NODE_STATE_ACTIVE,
    NODE_STATE_REVOKED, /* its certificate is refused for ever; the record stays as history */
};

struct node_record {
    struct node_id id;
    struct zone_id zone;
    char name[NAME_SIZE];
    enum node_state state;
    int32_t volume_mdb; /* -60,000..0 */
    int32_t emergency_volume_mdb; /* -60,000..0 */
    uint32_t delay_us; /* 0..1,000,000 */
    bool muted;
    uint32_t settings_revision; /* grows with every change that the node must learn */
    uint8_t cert_sha256[SHA256_BYTES]; /* the one certificate accepted */
    usec_t enrolled_us;
    char hardware[64];
    char serial[64];
};

/* The last node test of this session. */
struct node_test {
    uint64_t order_id; /* 0 none */
    usec_t asked_us;
    loa_Verdict verdict; /* NONE while it is awaited */
    loa_TestResult result; /* order_id 0 while it is awaited */
};

struct node_live {
    uint64_t conn; /* link handle of controller/net, 0 = not connected */
    bool ready; /* Hello and Welcome exchanged */
    usec_t connected_us;
    usec_t last_heard_us;
    char firmware[32];
    uint32_t restarts; /* of its program since enrolment */
    char restart_cause[32]; /* "stopped", "crash", "reboot", "power" or "first" */
    loa_Status status; /* newest; zero before the first */
    usec_t status_us; /* when it came, 0 never */
    uint64_t in_bytes, out_bytes; /* of this connection, as far as it is in the tally */
    int32_t rms_mdb; /* as its Status or Level said last */
    int32_t peak_mdb;
    usec_t level_us; /* when that came, 0 never */
    usec_t meter_us; /* when it was last asked for Level, 0 never */
    struct node_test test;
};

/* What is gathered until it becomes a sample (store_sample). */
struct node_tally {
    uint64_t in_bytes, out_bytes; /* of the link since the last sample; in is from the node */
    uint32_t seconds, online_seconds;
    usec_t status_us; /* of the last status that is in here */
    bool has_status;
    int32_t peak_mdb; /* highest */
    uint32_t clock_uncertainty_us; /* highest */
};

struct node_entry {
    struct node_record record;
    struct node_live live;
    struct node_tally tally;
};

struct registry;

MUST_USE enum err registry_new(struct registry **ret_registry);
void registry_free(struct registry *r);

/* Insert or replace a record; live state is kept.
 *
 * ERR_LIMIT  REGISTRY_NODES_MAX reached */
MUST_USE enum err registry_put(struct registry *r, const struct node_record *record);

/* Entries in order of id; pointers stay valid until the next registry_put() of a new id. */
size_t registry_count(const struct registry *r);
struct node_entry *registry_at(struct registry *r, size_t i);
struct node_entry *registry_find(struct registry *r, struct node_id id); /* NULL when unknown */

/* Judge a certificate at the start of a session.
 *
 * ERR_NOT_FOUND  no such node
 * ERR_AUTH       revoked, or another certificate than the one on record */
MUST_USE enum err registry_admit(struct registry *r, struct node_id id,
                                 const uint8_t cert_sha256[SHA256_BYTES]);

/* Fill the Settings message for one node from its record and the station. */
void registry_settings(const struct node_record *record, const struct station *station,
                       loa_Settings *ret_settings);

#endif
