/* store_alert_policy.h - keep who may alert, which zones, with what texts.
 *
 * Thread: main. */
#ifndef LOA_STORE_ALERT_POLICY_H
#define LOA_STORE_ALERT_POLICY_H

#include "alertpolicy.h"
#include "alerttemplate.h"
#include "db.h"

/* The station's policy, or the default one. */
MUST_USE enum err store_alert_policy_get(struct db *db, struct alertpolicy *ret_policy);

/* ERR_NOT_FOUND  the fallback person is no account */
MUST_USE enum err store_alert_policy_put(struct db *db, const struct alertpolicy *policy);

/* Zones that an account may alert; none: no limit.
 *
 *   ret_zones  ALERTPOLICY_AREA_MAX places */
MUST_USE enum err store_alert_policy_area(struct db *db, struct user_id user,
                                          struct zone_id *ret_zones, size_t *ret_count);

/* Replace them. ERR_NOT_FOUND  no such account or zone */
MUST_USE enum err store_alert_policy_set_area(struct db *db, struct user_id user,
                                              const struct zone_id *zones, size_t count);

/* A template as the station has it: changed, or as shipped. ERR_NOT_FOUND  none is called so */
MUST_USE enum err store_alert_policy_template(struct db *db, const char *name,
                                              struct alerttemplate *ret_template);

/* Change title and text of one. */
MUST_USE enum err store_alert_policy_set_template(struct db *db, const struct alerttemplate *t);

#endif
