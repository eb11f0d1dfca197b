/* cap_policy.h - what the station does with alert messages: where it lies, whom it trusts, what becomes what.
 *
 * People write it as an INI file; FORMAT.md describes every key. Thread: the owner's; unchanged after reading,
 * then any. */
#ifndef LOA_CAP_POLICY_H
#define LOA_CAP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cap_alert.h"
#include "cap_geo.h"
#include "cap_map.h"
#include "err.h"
#include "units.h"

#define CAP_ZONES_MAX 256
#define CAP_ZONE_CODE_SIZE 32
#define CAP_PEERS_MAX 16 /* signers, and sources */
#define CAP_SENDERS_MAX 16
#define CAP_PLACES_MAX 64 /* positions, boundary points and codes of one zone */
#define CAP_PATH_SIZE 1024
#define CAP_POLICY_BYTES_MAX (256U << 10)

enum cap_trust {
    CAP_TRUST_SIGNED = 0, /* a pinned signer must have signed */
    CAP_TRUST_CHANNEL, /* the channel itself is authenticated; unsigned will do */
    CAP_TRUST_NOBODY, /* refuse everything */
};

/* A set of the policy's zones by their position in `zones`. */
struct cap_zones {
    uint64_t bits[CAP_ZONES_MAX / 64];
};

struct cap_code_pair {
    char name[128]; /* valueName of a geocode */
    char value[64];
};

/* The station itself is zones[0]; it stands for all of it. */
struct cap_zone {
    char code[CAP_ZONE_CODE_SIZE];
    struct cap_point positions[CAP_PLACES_MAX]; /* of nodes */
    size_t position_count;
    struct cap_point boundary_points[CAP_PLACES_MAX + 3];
    size_t boundary_count;
    struct cap_ring boundary; /* made of them when there are three */
    struct cap_code_pair codes[CAP_PLACES_MAX];
    size_t code_count;
};

/* How far a signer or source is trusted. */
struct cap_bounds {
    enum priority level; /* highest it may cause */
    struct cap_zones zones; /* where; none named: everywhere */
    bool everywhere;
    char senders[CAP_SENDERS_MAX][CAP_NAME_SIZE]; /* whom it may speak for; none named: anyone */
    size_t sender_count;
};

struct cap_signer {
    char name[CAP_ZONE_CODE_SIZE];
    char *certificate; /* PEM, owned */
    bool sha1; /* accept the broken digest of old systems */
    struct cap_bounds bounds;
};

struct cap_source {
    char name[CAP_ZONE_CODE_SIZE];
    enum cap_trust trust;
    struct cap_bounds bounds;
};

struct cap_policy {
    struct cap_zone *zones;
    size_t zone_count;
    int cap11_grade; /* enum cap_grade of a CAP 1.1 message */
    int cap11_offset_min; /* zone of its times that name none */
    uint32_t default_valid_s; /* after `sent` when expires is missing */
    uint32_t longest_valid_s; /* after `sent` at most */
    uint32_t clock_tolerance_s; /* how far `sent` may lie ahead */
    enum cap_action no_area; /* LOG, INBOX, or SOUND: the whole station */
    char superiors[CAP_SENDERS_MAX][CAP_NAME_SIZE]; /* may cancel what others sent */
    size_t superior_count;
    char hosts[CAP_SENDERS_MAX]
              [CAP_NAME_SIZE]; /* recordings may be fetched from; with a port if not 443 */
    size_t host_count;
    uint32_t resource_max_bytes; /* of one recording */
    uint32_t resource_timeout_s; /* of fetching one */
    char
        resource_ca[CAP_PATH_SIZE]; /* PEM, of a CA to trust for it besides the system's; "" none */
    struct cap_rule rules[CAP_RULES_MAX];
    size_t rule_count;
    struct cap_signer signers[CAP_PEERS_MAX];
    size_t signer_count;
    struct cap_source sources[CAP_PEERS_MAX];
    size_t source_count;
};

/* Read a policy; what it does not say has its default.
 *
 *   text      terminated UTF-8; "" is a station without place and signers
 *   folder    where certificate files of relative paths lie
 *   ret_policy  for cap_policy_free()
 *
 * ERR_FORMAT, ERR_LIMIT, ERR_NOT_FOUND, ERR_IO with the sentence in detail */
MUST_USE enum err cap_policy_read(const char *text, const char *folder,
                                  struct cap_policy **ret_policy, struct err_detail *detail);

/* NULL is allowed. */
void cap_policy_free(struct cap_policy *policy);

/* The source of this name; NULL when the policy names none. */
const struct cap_source *cap_policy_source(const struct cap_policy *policy, const char *name);

static inline void cap_zones_add(struct cap_zones *z, size_t i)
{
    z->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline bool cap_zones_has(const struct cap_zones *z, size_t i)
{
    return (z->bits[i / 64] >> (i % 64) & 1) != 0;
}

#endif
